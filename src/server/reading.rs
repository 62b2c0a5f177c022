//! Reads of a book: one state, named in the answer, so that a client can tell whether two answers agree.
//!
//! Every answer carries the book's sequence (`Book-Sequence`) and an entity tag of it. A request that
//! names a sequence is answered from that state or not at all: 409 `book-moved`. One that has heard of a state
//! (`Book-Sequence-At-Least`, what a write answered) is never answered from an older one.

use std::convert::Infallible;

use axum::Json;
use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::access::InOrg;
use super::kept::Answered;
use super::problem::{Answer, Problem};
use super::state::Shared;
use crate::book::open::Spot;
use crate::book::{self, Book, BookError};
use crate::ledger::settings::BookInfo;

/// The header that names a state of a book, in requests and answers.
pub const SEQUENCE: HeaderName = HeaderName::from_static("book-sequence");

/// What was read, and from which state of the book.
pub struct Seen<T> {
    pub value: T,
    pub sequence: u64,
}

/// The state that a request insists on.
pub fn wanted_sequence(headers: &HeaderMap) -> Answer<Option<u64>> {
    let Some(value) = headers.get(SEQUENCE) else {
        return Ok(None);
    };
    let read = value.to_str().ok().and_then(|v| v.parse().ok());
    read.map(Some)
        .ok_or_else(|| Problem::bad("bad-header", "Book-Sequence is a whole number"))
}

/// A state that a request has heard of: what it reads is not older.
pub const AT_LEAST: HeaderName = HeaderName::from_static("book-sequence-at-least");

/// Notes which state a request names, so that no replica answers it from an older one; the state it insists on.
fn named_sequence(state: &Shared, org: &InOrg, headers: &HeaderMap) -> Answer<Option<u64>> {
    let wanted = wanted_sequence(headers)?;
    let heard = headers.get(&AT_LEAST).map(|value| {
        let read = value.to_str().ok().and_then(|v| v.parse().ok());
        read.ok_or_else(|| Problem::bad("bad-header", "Book-Sequence-At-Least is a whole number"))
    });
    if let Some(sequence) = heard.transpose()?.max(wanted) {
        let spot = Spot {
            org: org.id,
            file: &org.file,
        };
        state.lanes.shelf().saw(spot, sequence);
    }
    Ok(wanted)
}

/// The book is not in the state that was asked for.
pub fn moved(wanted: u64, found: u64) -> BookError {
    BookError::Conflict {
        code: "book-moved",
        message: format!("the book is at sequence {found}, not {wanted}"),
        hint: None,
        operation: None,
    }
}

/// Reads from one state of a book, the one the request names if it names one.
pub async fn look<T: Send + 'static>(
    state: &Shared,
    org: &InOrg,
    headers: &HeaderMap,
    work: impl FnOnce(&mut dyn Book, &BookInfo) -> book::Result<T> + Send + 'static,
) -> Answer<Seen<T>> {
    let wanted = named_sequence(state, org, headers)?;
    let seen = state.lanes.read(org.place(), move |book| {
        let info = book.info()?;
        match wanted {
            Some(wanted) if wanted != info.sequence => Err(moved(wanted, info.sequence)),
            _ => Ok(Seen {
                sequence: info.sequence,
                value: work(book, &info)?,
            }),
        }
    });
    Ok(seen.await?)
}

/// A question as it was asked, so that its answer can be kept.
pub struct Question {
    /// Path and query.
    text: String,
    headers: HeaderMap,
}

impl<S: Sync> FromRequestParts<S> for Question {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Question, Infallible> {
        let whole = parts.extensions.get::<OriginalUri>();
        let uri = whole.map_or(&parts.uri, |whole| &whole.0);
        Ok(Question {
            text: uri.to_string(),
            headers: parts.headers.clone(),
        })
    }
}

impl Question {
    /// The same question is another one as soon as a new day may have begun somewhere: zones are quarters of
    /// an hour apart.
    pub fn of_today(mut self, state: &Shared) -> Question {
        self.text += &format!(" {}", state.now().as_second() / 900);
        self
    }

    /// Reads from one state of a book as [`look`] does, or answers as it did before if the book is still in
    /// that state. `work` gives nothing but what the question and the book make of it.
    pub async fn answer<T: Serialize>(
        self,
        state: &Shared,
        org: &InOrg,
        work: impl FnOnce(&mut dyn Book, &BookInfo) -> book::Result<Answer<T>> + Send + 'static,
    ) -> Answer<Response> {
        let wanted = named_sequence(state, org, &self.headers)?;
        let read = move |book: &mut dyn Book| {
            let info = book.info()?;
            if let Some(wanted) = wanted.filter(|wanted| *wanted != info.sequence) {
                return Err(moved(wanted, info.sequence));
            }
            let value = work(book, &info)?;
            Ok(value.and_then(|value| {
                Ok(Answered {
                    sequence: info.sequence,
                    body: serde_json::to_vec(&value)
                        .map_err(Problem::internal)?
                        .into(),
                })
            }))
        };
        let answered = state.lanes.answer(org.place(), self.text, read).await??;
        match wanted {
            Some(wanted) if wanted != answered.sequence => {
                Err(moved(wanted, answered.sequence).into())
            }
            _ => Ok(tagged(answered.sequence, &self.headers, || {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], answered.body).into_response()
            })),
        }
    }
}

/// 200 with the body, or 304 where the client has it already; the state in the headers.
fn tagged(sequence: u64, headers: &HeaderMap, body: impl FnOnce() -> Response) -> Response {
    let tag = tag(sequence);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok());
    let mut response = if known.is_some_and(|known| known.split(',').any(|k| k.trim() == tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body()
    };
    let headers = response.headers_mut();
    headers.insert(SEQUENCE, HeaderValue::from(sequence));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The entity tag of a state of a book.
pub fn tag(sequence: u64) -> String {
    format!("\"s{sequence}\"")
}

impl<T: Serialize> Seen<T> {
    /// 200 with the value, or 304 where the client has it already.
    pub fn answer(self, headers: &HeaderMap) -> Response {
        tagged(self.sequence, headers, || Json(self.value).into_response())
    }
}
