//! Reads of a book: one state, named in the answer, so that a client can tell whether two answers agree.
//!
//! Every answer carries the book's sequence (`Book-Sequence`) and an entity tag of it. A request that
//! names a sequence is answered from that state or not at all: 409 `book-moved`.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::access::InOrg;
use super::problem::{Answer, Problem};
use super::state::Shared;
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
    let wanted = wanted_sequence(headers)?;
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

/// The entity tag of a state of a book.
fn tag(sequence: u64) -> String {
    format!("\"s{sequence}\"")
}

impl<T: Serialize> Seen<T> {
    /// 200 with the value, or 304 where the client has it already.
    pub fn answer(self, headers: &HeaderMap) -> Response {
        let tag = tag(self.sequence);
        let known = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|v| v.to_str().ok());
        let mut response = if known.is_some_and(|known| known.split(',').any(|k| k.trim() == tag)) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Json(self.value).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(SEQUENCE, HeaderValue::from(self.sequence));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}
