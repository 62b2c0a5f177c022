//! What a book is held against: balances that are vouched for, and its storage.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::book::CheckDepth;
use crate::server::access::InOrg;
use crate::server::body::parse;
use crate::server::problem::Answer;
use crate::server::reading::look;
use crate::server::state::Shared;
use crate::wire::List;
use crate::wire::chart::AssertionBody;
use crate::wire::finding::{CheckBody, ChecksRequest};
use crate::wire::problem::Problem as ProblemBody;

/// List balances that are vouched for, by date
#[utoipa::path(
    get, path = "/orgs/{org}/assertions", operation_id = "list_assertions", tag = "checks",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = List<AssertionBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_assertions(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |book, _| {
        let data = book.assertions()?.iter().map(AssertionBody::of).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}

/// Check the storage of a book
#[utoipa::path(
    post, path = "/orgs/{org}/checks", operation_id = "check", tag = "checks",
    params(("org" = String, Path, description = "Id or slug")),
    request_body(content = Option<ChecksRequest>),
    responses((status = 200, body = List<CheckBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn checks(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    let request: ChecksRequest = if body.is_empty() {
        ChecksRequest::default()
    } else {
        parse(&body)?
    };
    let depth = if request.deep {
        CheckDepth::Deep
    } else {
        CheckDepth::Quick
    };
    let seen = look(&state, &org, &headers, move |book, _| {
        let data = book.check(depth)?;
        Ok(List {
            data: data.iter().map(CheckBody::of).collect(),
        })
    });
    Ok(seen.await?.answer(&headers))
}
