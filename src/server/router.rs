//! The whole API on one screen: every route, and the layers around them.

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use std::time::Duration;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::BODY_MAX;
use super::routes as r;
use super::state::Shared;
use super::{gate, openapi, request};

/// How long a body may stand still on its way in.
const BODY_STALLED: Duration = Duration::from_secs(30);

/// Every route of version 1, below `/api/v1`.
fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(r::meta::meta))
}

/// Every route, documented.
fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(r::health::healthz))
        .routes(routes!(r::health::readyz))
        .nest(crate::wire::API, api())
}

/// The service: layers run from the last to the first on the way in.
pub fn router(app: Shared) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), gate::gate))
        .layer(RequestBodyTimeoutLayer::new(BODY_STALLED))
        .layer(middleware::from_fn_with_state(app.clone(), request::around))
        .with_state(app)
}

/// The description of the API, from the same routes.
pub fn description() -> OpenApi {
    openapi::complete(routes().into_openapi())
}

async fn nothing_here() -> super::problem::Problem {
    super::problem::Problem::of_status(axum::http::StatusCode::NOT_FOUND)
}
