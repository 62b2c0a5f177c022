//! Why a request was not done, as the API says it: one type for every answer that is not a success.
//!
//! A handler returns [`Answer`]; the outermost layer (`server::request`) writes the body, because only it
//! knows the id of the request. Nothing internal is ever in a body: it goes to the log.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::lanes::LaneError;
use crate::book::BookError;
use crate::ledger::violation::{self, Violation};
use crate::wire;
use crate::wire::problem::Fault;

/// What every handler answers.
pub type Answer<T> = std::result::Result<T, Problem>;

/// One refusal: a status, a stable code, words, and what to do next.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    pub code: String,
    pub detail: String,
    pub errors: Vec<Fault>,
    pub hints: Vec<String>,
    pub operation: Option<Uuid>,
    pub current: Option<serde_json::Value>,
    /// Seconds after which it is worth trying again.
    pub retry_after: Option<u64>,
    /// The strong tag of what was found instead, of a stale `If-Match`.
    pub etag: Option<String>,
    /// For the log only.
    pub internal: Option<String>,
}

impl Problem {
    pub fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            hints: Vec::new(),
            operation: None,
            current: None,
            retry_after: None,
            etag: None,
            internal: None,
        }
    }

    /// 400: the request cannot be read.
    pub fn bad(code: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: nobody is signed in, or no longer.
    pub fn signed_out(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "signed-out", detail)
    }

    /// 403: signed in, but not allowed.
    pub fn not_allowed(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "not-allowed", detail)
    }

    /// 404: `no {what}`. Foreign and missing things look the same.
    pub fn not_found(what: impl std::fmt::Display) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", format!("no {what}"))
    }

    /// 404: no organisation of this name, or none of the caller's.
    pub fn no_org(name: &str) -> Problem {
        Problem::not_found(format!("organisation {name:?}"))
            .hint("those you belong to: hissab org list")
    }

    /// 409: the state is not what the caller thought.
    pub fn conflict(code: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, code, detail)
    }

    /// 412: `If-Match` names another version.
    pub fn stale(detail: impl Into<String>, etag: String) -> Problem {
        Problem {
            etag: Some(etag),
            ..Problem::new(StatusCode::PRECONDITION_FAILED, "stale", detail)
        }
    }

    /// 422: the data breaks a rule.
    pub fn refused(code: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 422 at one field; `pointer` is a JSON pointer into the request.
    pub fn field(pointer: &str, code: &str, detail: impl Into<String>) -> Problem {
        Problem::refused(code, detail).fault(pointer)
    }

    /// 429: asked too often.
    pub fn too_many(detail: impl Into<String>, retry_after: u64) -> Problem {
        Problem {
            retry_after: Some(retry_after.max(1)),
            ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", detail)
        }
    }

    /// 503: not now.
    pub fn unavailable(code: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem {
            retry_after: Some(1),
            ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
        }
    }

    /// 500: our fault. `what` is logged, never answered.
    pub fn internal(what: impl std::fmt::Display) -> Problem {
        Problem {
            internal: Some(what.to_string()),
            ..Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the server failed; what was acknowledged before is safe",
            )
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hints.push(hint.into());
        self
    }

    /// Points at one place of the request, with the problem's own code and words.
    pub fn fault(mut self, pointer: &str) -> Problem {
        self.errors.push(Fault {
            pointer: pointer.to_owned(),
            code: self.code.clone(),
            message: self.detail.clone(),
        });
        self
    }

    /// The problem of a status that some layer answered without words.
    pub fn of_status(status: StatusCode) -> Problem {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("no-such-route", "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method-not-allowed",
                "this address does not take that method",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => {
                ("too-large", "the body is larger than the server takes")
            }
            StatusCode::URI_TOO_LONG => (
                "address-too-long",
                "the address of the request is longer than the server takes",
            ),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
                "head-too-large",
                "the headers of the request are more than the server takes",
            ),
            StatusCode::REQUEST_TIMEOUT => ("timeout", "the request took too long"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("media-type", "the server does not take this media type")
            }
            _ if status.is_server_error() => (
                "internal",
                "the server failed; what was acknowledged before is safe",
            ),
            _ => ("bad-request", "the request cannot be read"),
        };
        Problem::new(status, code, detail)
    }

    /// The body, once the request's id is known.
    pub fn to_wire(&self, request_id: &str) -> wire::problem::Problem {
        wire::problem::Problem {
            kind: "about:blank".to_owned(),
            title: self
                .status
                .canonical_reason()
                .unwrap_or("Refused")
                .to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.clone(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
            hints: self.hints.clone(),
            operation: self.operation,
            current: self.current.clone(),
        }
    }
}

impl IntoResponse for Problem {
    /// Status and headers; the body is written by the outermost layer, which finds `self` in the extensions.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(tag) = self
            .etag
            .as_deref()
            .and_then(|t| HeaderValue::from_str(t).ok())
        {
            headers.insert(header::ETAG, tag);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<BookError> for Problem {
    fn from(error: BookError) -> Problem {
        match error {
            BookError::Refused { change, violations } => of_violations(change, &violations),
            BookError::NotFound { what } => Problem::not_found(what),
            BookError::Conflict {
                code,
                message,
                hint,
                operation,
            } => Problem {
                hints: hint.into_iter().collect(),
                operation: operation.map(|o| o.0),
                ..Problem::conflict(code, message)
            },
            BookError::Busy => Problem::unavailable("busy", "the book is busy"),
            BookError::ReadOnly { why } => Problem {
                internal: Some(why),
                ..Problem::unavailable("read-only", "the book cannot be written")
            },
            BookError::Elsewhere { mark, .. } => Problem {
                internal: Some(format!("the organisation's file is {mark}")),
                ..Problem::unavailable("read-only", "the book cannot be written")
            },
            BookError::Newer { found, known } => Problem::unavailable(
                "newer",
                format!(
                    "the book was written by a newer hissab (schema {found}; this server knows up to {known})"
                ),
            ),
            BookError::NotABook { why, .. } => Problem {
                internal: Some(why),
                ..Problem::unavailable("not-a-book", "the organisation's file is not a hissab book")
            },
            BookError::Damaged { what } => Problem {
                internal: Some(what),
                ..Problem::unavailable("damaged", "the book is damaged")
            },
            // A server's books are files; one that is not is a fault of its own.
            BookError::Remote(error) => Problem::internal(error),
            BookError::Denied { .. } => Problem::internal(error),
            BookError::Io { what } => Problem::internal(what),
            BookError::Unsupported { what } => Problem::bad("unsupported", what),
        }
    }
}

impl From<LaneError> for Problem {
    fn from(error: LaneError) -> Problem {
        match error {
            LaneError::Full => Problem::unavailable("busy", "too many requests are waiting"),
            LaneError::Closing => Problem::unavailable("stopping", "the server is stopping"),
            LaneError::Book(error) => error.into(),
        }
    }
}

/// Every violation, led by the gravest: a lock before all others, as on the command line.
fn of_violations(change: usize, violations: &[Violation]) -> Problem {
    let locked = violations
        .iter()
        .find(|v| matches!(v, Violation::Locked { .. }));
    let lead = locked.or(violations.first());
    let status = match lead {
        Some(Violation::Locked { .. } | Violation::AccountExists { .. }) => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem {
        errors: violations
            .iter()
            .map(|v| Fault {
                pointer: format!("/changes/{change}"),
                code: v.code().to_owned(),
                message: v.to_string(),
            })
            .collect(),
        ..Problem::new(
            status,
            lead.map_or("refused", Violation::code),
            violation::words(violations),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_leads_whatever_else_is_wrong() {
        let day = jiff::civil::date(2026, 4, 1);
        let problem = Problem::from(BookError::Refused {
            change: 2,
            violations: vec![
                Violation::TooFewEntries,
                Violation::Locked {
                    date: day,
                    locked_to: day,
                },
            ],
        });
        assert_eq!((problem.status.as_u16(), &*problem.code), (409, "locked"));
        let codes: Vec<&str> = problem.errors.iter().map(|e| &*e.code).collect();
        assert_eq!(codes, ["too-few-entries", "locked"]);
        assert_eq!(problem.errors[0].pointer, "/changes/2");
    }

    #[test]
    fn nothing_internal_is_answered() {
        let problem = Problem::from(BookError::Io {
            what: "/srv/books/x: No space".into(),
        });
        let body = serde_json::to_string(&problem.to_wire("r1")).unwrap();
        assert!(!body.contains("/srv"), "{body}");
        assert_eq!(problem.internal.as_deref(), Some("/srv/books/x: No space"));
    }
}
