//! Whether the server lives, and whether it takes requests.

use axum::extract::State;

use crate::server::problem::{Answer, Problem};
use crate::server::registry::users;
use crate::server::state::Shared;

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "server", responses((status = 200, description = "It lives", body = String, content_type = "text/plain")))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the server takes requests: not any more once it was told to stop.
///
/// A book that is missing or damaged does not count: the other organisations are served, and a balancer that takes
/// the server out would take it from all of them. `hissab_books_missing` tells of it.
#[utoipa::path(get, path = "/readyz", tag = "server", responses((status = 200, description = "It takes requests", body = String, content_type = "text/plain")))]
pub async fn readyz(State(app): State<Shared>) -> Answer<&'static str> {
    if !app.is_ready() {
        return Err(Problem::unavailable("stopping", "the server is stopping"));
    }
    app.registry.read(users::any)?;
    Ok("ready\n")
}
