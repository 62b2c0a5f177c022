//! The shapes of the HTTP API (version 1), used by the server and by the client.
//!
//! Rules of every shape: snake_case; amounts are decimal strings with a currency; dates `YYYY-MM-DD`;
//! instants RFC 3339 UTC; ids UUID. Requests refuse fields they do not know, answers may grow.
//! Each file holds one resource: its shapes and their way to and from the ledger's and the port's types.

pub mod auth;
pub mod meta;
pub mod org;
pub mod problem;

/// Where version 1 of the API begins.
pub const API: &str = "/api/v1";

/// A list that is not cut into pages.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct List<T> {
    pub data: Vec<T>,
}
