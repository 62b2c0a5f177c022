//! `GET /meta`: what a server is, so that a client can tell whether they understand each other.

use serde::{Deserialize, Serialize};

/// What a server is and what it takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Meta {
    /// `hissab`.
    pub server: String,
    pub version: String,
    /// The version of the API: 1.
    pub api: u32,
    /// The oldest client it works with.
    pub oldest_client: String,
    pub features: Vec<String>,
    pub limits: Limits,
}

/// What a server refuses beyond.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Limits {
    pub body_bytes: u64,
    pub page: u32,
    pub batch: u32,
}
