//! Signing in: sessions, personal tokens, the user behind a request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `POST /auth/register`. One of `setup_code` (the first owner), `invite`, or a server that is open to sign-up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Register {
    pub email: String,
    pub password: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

/// `POST /auth/login`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Login {
    pub email: String,
    pub password: String,
    /// What signs in, as the list of sessions shows it: `hissab 0.1.0 on shop-pc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// `POST /auth/refresh` and `POST /auth/logout`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Refresh {
    pub refresh_token: String,
}

/// The answer to a sign-in and to a refresh.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// `Bearer`.
    pub token_type: String,
    /// A JWT of ten minutes.
    pub access_token: String,
    /// Opaque; each is good once (and for 30 s more, answering the same successor).
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub name: String,
}

/// `GET /auth/me`: who is asking, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Me {
    pub user: User,
    /// `session` or `token`.
    pub via: String,
    /// Of a token: its scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// When the session or token ends.
    pub expires_at: Option<Timestamp>,
    pub orgs: Vec<super::org::Membership>,
}

/// `PUT /auth/password`. Every other session ends.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    pub current_password: String,
    pub new_password: String,
}

/// One signed-in place.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Session {
    pub id: Uuid,
    pub agent: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    /// The session that asks.
    pub current: bool,
}

/// `POST /auth/tokens`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewToken {
    pub name: String,
    /// The one organisation it is good for: an id or a slug.
    pub org: String,
    /// `read`, or `read` and `write`. A token never does more than its owner's role.
    pub scopes: Vec<String>,
    /// Days until it ends: 1 to 366.
    pub expires_in_days: u16,
}

/// A personal access token.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Token {
    pub id: Uuid,
    pub name: String,
    pub org: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// The secret: only in the answer that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}
