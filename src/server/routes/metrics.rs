//! `/metrics`: what the server counts, for this machine only unless it was told otherwise.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::server::metrics::put_missing;
use crate::server::new_org;
use crate::server::problem::{Answer, Problem};
use crate::server::registry::orgs;
use crate::server::state::Shared;

/// Prometheus' text form.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a proxy adds: whoever is behind it is not this machine.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// What the server counts, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "server", responses((status = 200, description = "Every series", body = String, content_type = "text/plain")))]
pub async fn metrics(
    State(app): State<Shared>,
    Extension(peer): Extension<SocketAddr>,
    headers: HeaderMap,
) -> Answer<Response> {
    let from_here = peer.ip().to_canonical().is_loopback();
    let forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
    if !app.config.open_metrics && (!from_here || forwarded) {
        // To the outside it is not there.
        return Err(Problem::of_status(StatusCode::NOT_FOUND));
    }
    let (lanes, dropped) = (app.lanes.stats(), app.config.log.dropped());
    let mut text = app.metrics.text(lanes, dropped, app.gates.redis());
    if !app.lanes.shelf().is_shared() {
        let known = app.registry.read(orgs::files)?;
        let missing = new_org::missing(&app.config.data, &known).len();
        put_missing(&mut text, missing as u64);
    }
    Ok(([(header::CONTENT_TYPE, TEXT)], text).into_response())
}
