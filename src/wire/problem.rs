//! What every answer but a 2xx holds: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not done. `code` is stable and decides the command line's exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `about:blank`, or the page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    pub status: u16,
    /// What happened, for people.
    pub detail: String,
    /// Stable: `unbalanced`, `locked`, `not-allowed`, `signed-out`, …
    pub code: String,
    pub request_id: String,
    /// Everything that is wrong with the request, by place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// The operation that stands in the way, of a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<uuid::Uuid>,
    /// The state that was found instead, of a stale `If-Match`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<serde_json::Value>,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Fault {
    /// A JSON pointer into the request: `/entries/0/debit`; empty: the whole of it.
    pub pointer: String,
    pub code: String,
    pub message: String,
}
