//! Organisations: listed, and made with an empty book.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::{Extension, Json as Out};

use crate::server::access::{Caller, Via};
use crate::server::body::Json;
use crate::server::new_org;
use crate::server::problem::{Answer, Problem};
use crate::server::registry::answered::Given;
use crate::server::registry::members;
use crate::server::state::Shared;
use crate::wire::List;
use crate::wire::org::{Membership, NewOrg};

/// The caller's organisations; of a token the one it is good for.
#[utoipa::path(get, path = "/orgs", tag = "orgs",
    responses((status = 200, description = "Organisations and the role in each", body = List<Membership>)))]
pub async fn list_orgs(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Answer<Out<List<Membership>>> {
    let mut data = app
        .registry
        .read(|db| members::orgs_of(db, caller.user.id))?;
    if let Via::Token { org, .. } = caller.via {
        data.retain(|o| o.id == org);
    }
    Ok(Out(List { data }))
}

/// Makes an organisation with an empty book; the caller is its owner.
#[utoipa::path(post, path = "/orgs", tag = "orgs", request_body = NewOrg,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again get the same answer")),
    responses((status = 201, description = "The organisation", body = Membership)))]
pub async fn make_org(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Json(new): Json<NewOrg>,
) -> Answer<Response> {
    let key = headers.get("idempotency-key").map(key).transpose()?;
    let (given, replayed) = new_org::make(&app, caller, new, key).await?;
    answer(&given, replayed).map_err(Problem::internal)
}

fn key(value: &HeaderValue) -> Answer<String> {
    let text = value.to_str().unwrap_or_default();
    if (1..=200).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(Problem::bad(
        "bad-header",
        "Idempotency-Key has 1 to 200 characters",
    ))
}

fn answer(given: &Given, replayed: bool) -> Result<Response, axum::http::Error> {
    let mut response = Response::builder()
        .status(StatusCode::from_u16(given.status).unwrap_or(StatusCode::CREATED))
        .header(header::CONTENT_TYPE, "application/json");
    if replayed {
        response = response.header("idempotency-replayed", "true");
    }
    response.body(Body::from(given.answer.clone()))
}
