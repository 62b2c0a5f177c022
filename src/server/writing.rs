//! Writes of a book: who may change what, exactly once, tried without being kept, under conditions.
//!
//! A route writes by a [`Writing`] and by nothing else: it sees to the caller's role, makes every unit repeatable by
//! the request's `Idempotency-Key`, says what it means that a key stood for something else, and marks a repeat.

use std::ops::Deref;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, MatchedPath, OriginalUri, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::access::{Caller, InOrg, Lookup, Operation, lookup};
use super::body::parse;
use super::permit::permit;
use super::problem::{Answer, Problem};
use super::state::Shared;
use crate::book::{self, Book, BookError};
use crate::ledger::change::{
    Change, Done, Meanwhile, OnceKey, OperationId, Repeat, Unit, WriteMode,
};
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

/// Now, to the microsecond: what books store.
pub fn now(state: &Shared) -> Timestamp {
    let now = state.now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// The one outcome of one unit.
pub fn one(outcomes: Vec<book::Result<Done>>) -> book::Result<Done> {
    outcomes.into_iter().next().unwrap_or_else(|| {
        Err(BookError::Io {
            what: "the book gave no answer".to_owned(),
        })
    })
}

/// A request that writes to a book: who asks, which book, and what was sent. The last argument of its route.
pub struct Writing {
    pub state: Shared,
    pub caller: Caller,
    pub org: InOrg,
    pub headers: HeaderMap,
    pub body: Bytes,
    operation: &'static Operation,
    /// What the key stands for beside the body: the path below the organisation, and the query but for `dry_run`.
    asked: String,
}

/// A unit, and whether its key is the request's: then its conflict is the request's too.
struct Keyed {
    unit: OwnedUnit,
    by_request: bool,
}

impl FromRequest<Shared> for Writing {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Shared) -> Answer<Writing> {
        let (parts, body) = request.into_parts();
        let lost = |what: &str| Problem::internal(format!("a write without {what}"));
        let seen = &parts.extensions;
        let route = seen.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let operation = match lookup(&parts.method, route) {
            Lookup::Operation(operation) if operation.keyed => operation,
            _ => return Err(lost("an operation that takes a key")),
        };
        let caller = seen.get::<Caller>().cloned();
        let org = seen.get::<InOrg>().cloned();
        let uri = seen.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
        Ok(Writing {
            caller: caller.ok_or_else(|| lost("a caller"))?,
            org: org.ok_or_else(|| lost("an organisation"))?,
            asked: asked(uri.path(), uri.query().unwrap_or_default()),
            headers: parts.headers.clone(),
            body: Bytes::from_request(Request::from_parts(parts, body), state)
                .await
                .map_err(|cut: BytesRejection| Problem::of_status(cut.status()))?,
            operation,
            state: state.clone(),
        })
    }
}

/// A path without the organisation, which may go by its id or its slug, and a query without `dry_run`.
fn asked(path: &str, query: &str) -> String {
    let path = path.strip_prefix(crate::wire::API).unwrap_or(path);
    let mut said: String = path.splitn(4, '/').skip(3).collect();
    for pair in query.split('&').filter(|p| !p.starts_with("dry_run=")) {
        said.push('\n');
        said.push_str(pair);
    }
    said
}

impl Writing {
    /// What was sent.
    pub fn json<T: DeserializeOwned>(&self) -> Answer<T> {
        parse(&self.body)
    }

    /// What was sent, if anything was.
    pub fn json_or_default<T: DeserializeOwned + Default>(&self) -> Answer<T> {
        match self.body.is_empty() {
            true => Ok(T::default()),
            false => self.json(),
        }
    }

    /// Writes the one unit of a request, or tries it.
    pub async fn write(&self, unit: OwnedUnit, trying: Trying) -> Answer<Written> {
        self.write_at(0, unit, trying).await
    }

    /// Writes one of several units of a request, which `at` tells apart.
    pub async fn write_at(&self, at: usize, unit: OwnedUnit, trying: Trying) -> Answer<Written> {
        if trying.dry_run {
            return self.write_if(at, unit, trying, |_| Ok(())).await;
        }
        let Keyed { unit, by_request } = self.admitted(at, unit).await?;
        let (now, who) = (now(&self.state), self.caller.user.email.clone());
        let written = self.state.lanes.write(self.org.place(), unit, who, now);
        let done = written.await?.map_err(Problem::from);
        told(done, by_request)
    }

    /// Writes a unit if the book is as its sender believes, in one go with looking at it.
    pub async fn write_if(
        &self,
        at: usize,
        unit: OwnedUnit,
        trying: Trying,
        holds: impl Fn(&mut dyn Book) -> book::Result<()> + Send + 'static,
    ) -> Answer<Written> {
        let Keyed { unit, by_request } = self.admitted(at, unit).await?;
        let (now, who) = (now(&self.state), self.caller.user.email.clone());
        let written = self.state.lanes.alone(self.org.place(), move |book| {
            conditional(book, unit, (&who, now), trying, holds)
        });
        told(written.await.map_err(Problem::from), by_request)
    }

    /// Writes units that need the book for themselves: all of them or none, or only tried.
    pub async fn write_all(
        &self,
        units: Vec<OwnedUnit>,
        mode: WriteMode,
    ) -> Answer<Vec<Answer<Written>>> {
        let mut keyed = Vec::with_capacity(units.len());
        for (at, unit) in units.into_iter().enumerate() {
            keyed.push(self.admitted(at, unit).await?);
        }
        let by_request: Vec<bool> = keyed.iter().map(|k| k.by_request).collect();
        let (now, who) = (now(&self.state), self.caller.user.email.clone());
        let written = self.state.lanes.alone(self.org.place(), move |book| {
            let units: Vec<Unit<'_>> = keyed.iter().map(|k| k.unit.unit(&who, now)).collect();
            book.write(&units, mode)
        });
        let outcomes = written.await?.into_iter().zip(by_request);
        let told = |(done, by): (book::Result<Done>, bool)| told(done.map_err(Problem::from), by);
        Ok(outcomes.map(told).collect())
    }

    /// A unit that its sender may write, under its own key or the request's.
    async fn admitted(&self, at: usize, mut unit: OwnedUnit) -> Answer<Keyed> {
        let key = match &unit.once {
            None => self.key()?,
            Some(_) => None,
        };
        let by_request = key.is_some();
        if let Some(key) = key {
            let mut content = Sha256::new_with_prefix(&self.body);
            content.update(&self.asked);
            unit.once = Some(OnceKey {
                key: format!("{key}:{at}"),
                content: content.finalize().into(),
            });
        }
        permit(&self.state, &self.caller, &self.org, &unit).await?;
        Ok(Keyed { unit, by_request })
    }

    /// The key of a request that may be repeated: of the same person, operation and key there is one request.
    fn key(&self) -> Answer<Option<String>> {
        let Some(key) = request_key(&self.headers)? else {
            return Ok(None);
        };
        let person = self.caller.user.id.to_string();
        let mut hasher = Sha256::new();
        for part in [&person, self.operation.id, key] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let hash: [u8; 32] = hasher.finalize().into();
        let hash = crate::ledger::audit::hex(&hash);
        Ok(Some(format!("request:{hash}")))
    }
}

/// How often a condition is looked at anew because the book moved on meanwhile.
const LOOKS_MAX: usize = 20;

/// Writes a unit while a condition holds. Another server may write to the same book: then both are tried again.
fn conditional(
    book: &mut dyn Book,
    mut unit: OwnedUnit,
    (who, now): (&str, Timestamp),
    trying: Trying,
    holds: impl Fn(&mut dyn Book) -> book::Result<()>,
) -> book::Result<Done> {
    let unless = |since| Change::Unless {
        since,
        written: Meanwhile::Anything,
    };
    unit.changes.insert(0, unless(0));
    for _ in 0..LOOKS_MAX {
        unit.changes[0] = unless(book.info()?.sequence);
        let write = |book: &mut dyn Book, mode| {
            let done = one(book.write(&[unit.unit(who, now)], mode)?);
            done.map_err(without_condition)
        };
        let done = write(book, WriteMode::DryRun).and_then(|tried| {
            // What was done before is answered, however the book is now: it may have made it so itself.
            if tried.repeat == Repeat::Already {
                return Ok(tried);
            }
            holds(book)?;
            match trying.dry_run {
                true => Ok(tried),
                false => write(book, WriteMode::Commit),
            }
        });
        match done {
            Err(BookError::Conflict {
                code: "written-meanwhile",
                ..
            }) => {}
            done => return done,
        }
    }
    Err(BookError::Busy)
}

/// A fault at its place in the unit as it was sent, without the condition in front.
fn without_condition(error: BookError) -> BookError {
    match error {
        BookError::Refused { change, violations } => BookError::Refused {
            change: change.saturating_sub(1),
            violations,
        },
        other => other,
    }
}

/// Refuses a write that was made for another version of a thing.
pub fn stale_version(message: String) -> BookError {
    BookError::Conflict {
        code: STALE,
        message,
        hint: None,
        operation: None,
    }
}

/// The code of a book that refuses for the sake of a version.
pub const STALE: &str = "stale-version";

/// The same as an answer: 412 with the thing as it stands, and its tag.
pub fn stale(problem: Problem, tag: String, current: &impl Serialize) -> Problem {
    Problem {
        current: serde_json::to_value(current).ok(),
        ..Problem::stale(problem.detail, tag)
    }
}

/// The header that makes a request repeatable.
pub const KEY: &str = "idempotency-key";

/// What became of a unit. Where the request's own key stood for something else before, that is a 422.
fn told(done: Answer<Done>, by_request: bool) -> Answer<Written> {
    done.map(Written).map_err(|problem| match &*problem.code {
        "once-conflict" if by_request => Problem::refused(
            "idempotency-mismatch",
            "this Idempotency-Key was used before with another body",
        ),
        _ => problem,
    })
}

/// The key of a request, if it has one.
pub fn request_key(headers: &HeaderMap) -> Answer<Option<&str>> {
    let Some(key) = headers.get(KEY) else {
        return Ok(None);
    };
    match key.to_str().unwrap_or_default() {
        key if (1..=200).contains(&key.len()) => Ok(Some(key)),
        _ => Err(Problem::bad(
            "bad-idempotency-key",
            "Idempotency-Key has 1 to 200 visible characters",
        )),
    }
}

/// Marks an answer as the one of the first time.
pub fn replayed(mut response: Response) -> Response {
    let value = HeaderValue::from_static("true");
    response.headers_mut().insert("idempotency-replayed", value);
    response
}

/// An answer about several units: that of the first time if all of them were done before.
pub fn answer_all(written: &[Answer<Written>], answer: impl IntoResponse) -> Response {
    let again = |written: &Answer<Written>| matches!(written, Ok(written) if written.repeat == Repeat::Already);
    match written.iter().all(again) {
        true => replayed(answer.into_response()),
        false => answer.into_response(),
    }
}

/// What a unit did, now or the first time it came.
#[derive(Debug)]
#[must_use = "its answer says whether it is the one of the first time"]
pub struct Written(Done);

impl Deref for Written {
    type Target = Done;

    fn deref(&self) -> &Done {
        &self.0
    }
}

impl Written {
    /// An answer, which says whether it is the one of the first time.
    pub fn answer(&self, answer: impl IntoResponse) -> Response {
        match self.0.repeat {
            Repeat::Already => replayed(answer.into_response()),
            _ => answer.into_response(),
        }
    }

    /// 201 with a place, or 200 for a repeat that changed nothing and for a dry run.
    pub fn created(&self, body: impl IntoResponse, location: &str, trying: Trying) -> Response {
        let status = if self.0.repeat == Repeat::New && !trying.dry_run {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let mut response = (status, body).into_response();
        if let Ok(location) = HeaderValue::from_str(location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        self.answer(response)
    }
}

/// The version that `If-Match` names, of a request that must name the one it changes; `needed` says so where it does not.
pub fn version_seen(headers: &HeaderMap, needed: &str) -> Answer<u32> {
    let missing = || Problem::new(StatusCode::PRECONDITION_REQUIRED, "needs-if-match", needed);
    if_match(headers)?.ok_or_else(missing)
}

/// The state of the book that `If-Match` names, of a request that must name one: `"s7"`.
pub fn state_seen(headers: &HeaderMap, needed: &str) -> Answer<u64> {
    let missing = || Problem::new(StatusCode::PRECONDITION_REQUIRED, "needs-if-match", needed);
    let text = headers.get(header::IF_MATCH).ok_or_else(missing)?;
    let text = text.to_str().unwrap_or_default().trim();
    let sequence = text.strip_prefix("\"s").and_then(|t| t.strip_suffix('"'));
    let sequence = sequence.and_then(|t| t.parse().ok());
    sequence.ok_or_else(|| {
        Problem::bad(
            "bad-header",
            "If-Match takes the ETag of the organisation, like \"s7\"",
        )
    })
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
