//! What the server is, so that a client can tell whether they understand each other.

use axum::Json;

use crate::server::body::BODY_MAX;
use crate::wire::meta::{Limits, Meta};

/// The oldest client this server works with.
const OLDEST_CLIENT: &str = "0.1.0";

/// Version, features and limits.
#[utoipa::path(get, path = "/meta", tag = "server", responses((status = 200, description = "What the server is", body = Meta)))]
pub async fn meta() -> Json<Meta> {
    Json(Meta {
        server: "hissab".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: 1,
        oldest_client: OLDEST_CLIENT.to_owned(),
        features: ["batch", "imports"].map(str::to_owned).to_vec(),
        limits: Limits {
            body_bytes: BODY_MAX as u64,
            page: 500,
            batch: 1000,
        },
    })
}
