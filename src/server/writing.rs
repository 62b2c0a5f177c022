//! Writes of a book: who may change what, exactly once, tried without being kept, under conditions.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::access::{Caller, InOrg};
use super::permit::permit;
use super::problem::{Answer, Problem};
use super::state::Shared;
use crate::book::{self, BookError};
use crate::ledger::change::{Change, Done, OnceKey, OperationId, Repeat, WriteMode};
use crate::wire::Unreadable;
use crate::wire::unit::OwnedUnit;

/// `?dry_run=true`: every rule applied, nothing kept.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Trying {
    #[serde(default)]
    pub dry_run: bool,
}

pub use super::body::parse as read_json;

impl From<Unreadable> for Problem {
    fn from(error: Unreadable) -> Problem {
        Problem::field(&error.pointer, error.code, error.message)
    }
}

/// A unit with one kind of change, named for the log.
pub fn unit(action: &str, reason: Option<String>, changes: Vec<Change>) -> OwnedUnit {
    OwnedUnit {
        operation: OperationId(Uuid::now_v7()),
        action: action.to_owned(),
        reason,
        once: None,
        changes,
    }
}

/// The key of a request that may be repeated: the same principal, method, route and key mean the same request.
fn request_key(caller: &Caller, route: &str, headers: &HeaderMap) -> Answer<Option<String>> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > 200 {
        return Err(Problem::bad(
            "bad-idempotency-key",
            "Idempotency-Key has 1 to 200 visible characters",
        ));
    }
    let mut hasher = Sha256::new();
    for part in [caller.user.id.to_string().as_str(), route, key] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let hash: [u8; 32] = hasher.finalize().into();
    Ok(Some(format!(
        "request:{}",
        crate::ledger::audit::hex(&hash)
    )))
}

/// Makes a unit repeatable by the request's `Idempotency-Key`, unless it carries a key of its own.
///
/// `content` is what the key stands for; `at` tells units of one request apart.
pub fn keyed(
    mut unit: OwnedUnit,
    caller: &Caller,
    route: &str,
    headers: &HeaderMap,
    content: &[u8],
    at: usize,
) -> Answer<OwnedUnit> {
    if unit.once.is_none()
        && let Some(key) = request_key(caller, route, headers)?
    {
        unit.once = Some(OnceKey {
            key: format!("{key}:{at}"),
            content: Sha256::digest(content).into(),
        });
    }
    Ok(unit)
}

/// Now, to the microsecond: what books store.
pub fn now(state: &Shared) -> Timestamp {
    let now = state.now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// What became of a unit that was written or tried.
pub async fn write(
    state: &Shared,
    caller: &Caller,
    org: &InOrg,
    unit: OwnedUnit,
    trying: Trying,
) -> Answer<Done> {
    permit(state, caller, org, &unit).await?;
    let at = now(state);
    let who = caller.user.email.clone();
    if !trying.dry_run {
        return Ok(state.lanes.write(org.place(), unit, who, at).await??);
    }
    let tried = state.lanes.alone(org.place(), move |book| {
        one(book.write(&[unit.unit(&who, at)], WriteMode::DryRun)?)
    });
    Ok(tried.await?)
}

/// The one outcome of one unit.
pub fn one(outcomes: Vec<book::Result<Done>>) -> book::Result<Done> {
    outcomes.into_iter().next().unwrap_or_else(|| {
        Err(BookError::Io {
            what: "the book gave no answer".to_owned(),
        })
    })
}

/// The problem of a refused write of a request with an `Idempotency-Key`: its conflict is a 422.
pub fn of_keyed(problem: Problem) -> Problem {
    match problem.code.as_str() {
        "once-conflict" => Problem::refused(
            "idempotency-mismatch",
            "this Idempotency-Key was used before with another body",
        ),
        _ => problem,
    }
}

/// Says that an answer is the one of the first time.
pub fn replayed(mut response: Response, done: &Done) -> Response {
    if done.repeat == Repeat::Already {
        let value = HeaderValue::from_static("true");
        response.headers_mut().insert("idempotency-replayed", value);
    }
    response
}

/// 201 with a place, or 200 for a repeat that changed nothing and for a dry run.
pub fn created(body: impl IntoResponse, location: &str, done: &Done, trying: Trying) -> Response {
    let status = if done.repeat == Repeat::New && !trying.dry_run {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut response = (status, body).into_response();
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    replayed(response, done)
}

/// The version that `If-Match` names, of a request that must name the one it changes; `needed` says so where it does not.
pub fn version_seen(headers: &HeaderMap, needed: &str) -> Answer<u32> {
    let missing = || Problem::new(StatusCode::PRECONDITION_REQUIRED, "needs-if-match", needed);
    if_match(headers)?.ok_or_else(missing)
}

/// The version that `If-Match` names: `"v7"`.
pub fn if_match(headers: &HeaderMap) -> Answer<Option<u32>> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let version = text
        .strip_prefix("\"v")
        .and_then(|t| t.strip_suffix('"'))
        .and_then(|t| t.parse().ok());
    version.map(Some).ok_or_else(|| {
        Problem::bad(
            "bad-header",
            "If-Match takes the ETag of the resource, like \"v7\"",
        )
    })
}

/// The body as bytes is what an idempotency key stands for.
pub type Body = Bytes;
