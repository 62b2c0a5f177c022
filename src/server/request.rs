//! The outermost layer: the id of a request, its log line, and every refusal as a problem.
//!
//! A log line holds the route's template, never the path or a header: nobody's secret, no account's name.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use uuid::Uuid;

use super::problem::Problem;
use super::state::Shared;
use super::traces::What;
use crate::wire::problem::MEDIA_TYPE;

pub const REQUEST_ID: &str = "x-request-id";

/// The id of a request: an `Extension<RequestId>` of every one.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// One line of the log.
#[derive(serde::Serialize)]
struct Line<'a> {
    at: String,
    level: &'static str,
    message: &'static str,
    request_id: &'a str,
    method: &'a str,
    route: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    duration_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// The middleware around everything.
pub async fn around(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = id_of(request.headers());
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let tracing = app
        .traces
        .as_ref()
        .and_then(|traces| traces.begin(request.headers()));
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answered = match &tracing {
        Some(tracing) => tracing.over(work).await,
        None => work.await,
    };
    let response =
        answered.unwrap_or_else(|_| Problem::internal("a handler panicked").into_response());
    let (response, problem) = finish(response, &id);
    app.metrics.request(
        &method,
        matched.as_ref().map_or("", MatchedPath::as_str),
        response.status().as_u16(),
        started.elapsed(),
    );
    if let Some(tracing) = tracing {
        let route = matched.as_ref().map_or("", MatchedPath::as_str);
        let code = problem.as_ref().map(|p| &*p.code);
        let what = What::Request {
            method: method.to_string(),
            route: route.to_owned(),
            status: response.status().as_u16(),
        };
        tracing.end(what, code);
    }
    let line = Line {
        at: app.now().to_string(),
        level: if response.status().is_server_error() {
            "error"
        } else {
            "info"
        },
        message: "request",
        request_id: &id,
        method: method.as_str(),
        route: matched.as_ref().map_or("-", MatchedPath::as_str),
        status: response.status().as_u16(),
        code: problem.as_ref().map(|p| &*p.code),
        duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        error: problem.as_ref().and_then(|p| p.internal.as_deref()),
    };
    // Plain texts and numbers always serialise.
    app.config
        .log
        .line(serde_json::to_string(&line).unwrap_or_default());
    response
}

/// The client's own id if it is a plain word, else a new one.
fn id_of(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    headers
        .get(REQUEST_ID)
        .and_then(|v| v.to_str().ok())
        .filter(plain)
        .map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned)
}

/// Gives every refusal its body, whoever made it, and every answer its headers.
fn finish(mut response: Response, id: &str) -> (Response, Option<Problem>) {
    let status = response.status();
    let mut problem = response.extensions_mut().remove::<Problem>();
    if problem.is_none() && (status.is_client_error() || status.is_server_error()) {
        problem = Some(Problem::of_status(status));
    }
    if let Some(problem) = &problem {
        // Problems hold texts and JSON only: they always serialise.
        let body = serde_json::to_vec(&problem.to_wire(id)).unwrap_or_default();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        *response.body_mut() = Body::from(body);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What one member reads is nobody else's, and tomorrow's is another.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    (response, problem)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn only_plain_ids_are_taken_over() {
        let mut headers = HeaderMap::new();
        for (given, taken) in [
            ("abcdef-12345", true),
            ("short", false),
            ("with space in it", false),
        ] {
            headers.insert(REQUEST_ID, HeaderValue::from_static(given));
            assert_eq!(id_of(&headers) == given, taken, "{given}");
        }
    }

    #[test]
    fn a_refusal_without_words_gets_them() {
        let (response, problem) = finish(StatusCode::NOT_FOUND.into_response(), "r-1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(problem.unwrap().code, "no-such-route");
        let (response, problem) = finish(StatusCode::NOT_MODIFIED.into_response(), "r-1");
        assert!(problem.is_none() && !response.headers().contains_key(header::CONTENT_TYPE));
    }
}
