//! The whole API on one screen: every route, and the layers around them.

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use std::time::Duration;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::BODY_MAX;
use super::problem::Problem;
use super::routes as r;
use super::state::Shared;
use super::{gate, openapi, request};

/// How long a body may stand still on its way in.
const BODY_STALLED: Duration = Duration::from_secs(30);

/// Every route of version 1, below `/api/v1`.
fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(r::meta::meta))
        .routes(routes!(r::docs::openapi))
        .merge(people())
        .merge(book())
}

/// The book of an organisation.
fn book() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(r::orgs::get_org, r::orgs::patch_org))
        .routes(routes!(r::chart::get_chart))
        .routes(routes!(r::ledgers::list, r::ledgers::post))
        .routes(routes!(r::ledgers::get, r::ledgers::patch))
        .routes(routes!(r::ledgers::entries))
        .routes(routes!(r::listing::list, r::transactions::post))
        .routes(routes!(r::batch::batch))
        .routes(routes!(
            r::transactions::get,
            r::transactions::patch,
            r::transactions::delete
        ))
        .routes(routes!(r::transactions::history))
        .routes(routes!(r::changes::post))
        .routes(routes!(r::audit::undo))
        .routes(routes!(r::audit::operations))
        .routes(routes!(r::totals::get_totals))
        .routes(routes!(r::chart::get_currencies))
        .routes(routes!(r::chart::get_prices))
        .routes(routes!(r::checks::get_assertions))
        .routes(routes!(r::imports::get_imports, r::imports::post))
        .routes(routes!(r::imports::delete_import))
        .routes(routes!(r::imports::known_rows))
        .routes(routes!(r::imports::sources))
        .routes(routes!(r::checks::checks))
        .routes(routes!(r::audit::list))
        .routes(routes!(r::audit::head))
        .routes(routes!(r::audit::verify))
        .routes(routes!(r::reports::get))
        .routes(routes!(r::stream::get))
        .merge(files())
}

/// Results and whole books.
fn files() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(r::jobs::export, r::jobs::list_exports))
        .routes(routes!(r::jobs::get_job, r::jobs::cancel_job))
        .routes(routes!(r::jobs::job_status))
        .routes(routes!(r::jobs::job_result))
        .routes(routes!(r::file::get, r::file::put))
        .layer(middleware::from_fn(no_dry_run))
}

/// Signing in, organisations and their members.
fn people() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(r::account::register))
        .routes(routes!(r::auth::login))
        .routes(routes!(r::auth::refresh))
        .routes(routes!(r::auth::logout))
        .routes(routes!(r::account::me))
        .routes(routes!(r::account::change_password))
        .routes(routes!(r::sessions::list_sessions))
        .routes(routes!(r::sessions::end_session))
        .routes(routes!(r::tokens::list_tokens, r::tokens::make_token))
        .routes(routes!(r::tokens::revoke_token))
        .routes(routes!(r::invites::accept_invite))
        .routes(routes!(r::orgs::list_orgs, r::orgs::make_org))
        .routes(routes!(r::members::list_members, r::members::add_member))
        .routes(routes!(r::members::patch_member, r::members::remove_member))
        .routes(routes!(r::members::leave_org))
        .routes(routes!(r::members_audit::members_audit))
        .routes(routes!(r::invites::list_invites, r::invites::invite))
        .routes(routes!(r::invites::withdraw_invite))
        .layer(middleware::from_fn(no_dry_run))
}

/// Every route, documented.
fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(r::health::healthz))
        .routes(routes!(r::health::readyz))
        .routes(routes!(r::metrics::metrics))
        .routes(routes!(r::docs::docs))
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

/// Trying out is for books. A trial that would be carried out is refused rather than misunderstood.
async fn no_dry_run(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    if query.split('&').any(|pair| pair == "dry_run=true") {
        return Problem::bad("no-dry-run", "only changes of a book can be tried out")
            .into_response();
    }
    next.run(request).await
}

async fn nothing_here() -> Problem {
    Problem::of_status(axum::http::StatusCode::NOT_FOUND)
}
