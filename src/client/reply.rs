//! What came with an answer, and how an answer that is not a 2xx becomes an error.

use reqwest::Response;
use serde::de::DeserializeOwned;

use super::error::{ClientError, Result};
use super::place::Server;
use crate::wire::problem::{MEDIA_TYPE, Problem};

/// What came with an answer, beside its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub etag: Option<String>,
    /// The state of the book the answer was read from: `Book-Sequence`.
    pub sequence: Option<u64>,
    /// Where what was begun can be asked for: a job.
    pub location: Option<String>,
    /// A stored answer to the same request: `Idempotency-Replayed`.
    pub replayed: bool,
    pub request_id: Option<String>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u64>,
    /// The server's clock, to the second.
    pub date: Option<String>,
    pub media_type: String,
}

impl Reply {
    pub(super) fn of(answer: &Response) -> Reply {
        let text = |name: &str| {
            let value = answer.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let number = |name: &str| text(name)?.trim().parse().ok();
        let media_type = text("content-type").unwrap_or_default();
        Reply {
            status: answer.status().as_u16(),
            etag: text("etag"),
            sequence: number("book-sequence"),
            location: text("location"),
            replayed: text("idempotency-replayed").is_some_and(|v| v == "true"),
            request_id: text("x-request-id"),
            retry_after: number("retry-after"),
            date: text("date"),
            media_type: media_type.split(';').next().unwrap_or("").trim().to_owned(),
        }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The problem an answer holds; `None` if it is not this API that speaks (a proxy, another server).
pub(super) fn problem(reply: &Reply, body: &[u8]) -> Option<Problem> {
    (reply.media_type == MEDIA_TYPE)
        .then(|| serde_json::from_slice(body).ok())
        .flatten()
}

/// What to say about an answer that is neither a success nor a problem of this API.
pub(super) fn not_ours(server: &Server, reply: &Reply) -> ClientError {
    let what = match (reply.status, &reply.location) {
        (300..=399, Some(to)) => format!("{server} sends on to {to}: use that address"),
        (status, _) => format!(
            "{server} answered {status} and is not a HissabBook server, or something stands before it"
        ),
    };
    ClientError::Protocol {
        server: server.to_string(),
        what,
    }
}

/// The value of a body. An empty one stands for nothing: `()` and `Option` read it.
pub(super) fn value<T: DeserializeOwned>(server: &Server, path: &str, body: &[u8]) -> Result<T> {
    let body = if body.is_empty() { b"null" } else { body };
    // The library's words are about Rust's shapes, not about anything a person could mend.
    serde_json::from_slice(body).map_err(|_| ClientError::Protocol {
        server: server.to_string(),
        what: format!("{server} answered something that this hissab cannot read, to {path}"),
    })
}
