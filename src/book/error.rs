//! Why a book call failed, named by what the caller can do about it. The doors make it words.

use std::path::PathBuf;

use thiserror::Error;

use super::mark::Mark;
use crate::client::ClientError;
use crate::ledger::change::OperationId;
use crate::ledger::violation::Violation;

/// Why a call of the port failed.
#[derive(Debug, Error)]
pub enum BookError {
    /// The data breaks rules; every one of them, and which change of the unit it was (from 0).
    #[error("refused: {}", list(.violations))]
    Refused {
        change: usize,
        violations: Vec<Violation>,
    },
    /// No such book, transaction, account, batch, operation.
    #[error("not found: {what}")]
    NotFound { what: String },
    /// The state is not what the caller thought: stale version, void transaction, other content under the same id or key.
    #[error("{message}")]
    Conflict {
        code: &'static str,
        message: String,
        hint: Option<String>,
        operation: Option<OperationId>,
    },
    /// Another process holds the book longer than the caller would wait.
    #[error("the book is busy")]
    Busy,
    /// The book or its folder cannot be written.
    #[error("the book is read-only: {why}")]
    ReadOnly { why: String },
    /// The file could be written, but the home of its book is elsewhere.
    #[error("{path} is {mark}")]
    Elsewhere { path: PathBuf, mark: Mark },
    /// Written by a newer hissab.
    #[error("schema {found}, this hissab knows {known}")]
    Newer { found: u32, known: u32 },
    /// Not a hissab book at all.
    #[error("{path} is not a hissab book: {why}")]
    NotABook { path: PathBuf, why: String },
    /// The file does not hold what it must.
    #[error("the book is damaged: {what}")]
    Damaged { what: String },
    /// The file may not be opened, or nothing be written in the folder.
    #[error("{}: permission denied", match .folder {
        true => format!("nothing may be written in the folder {}", .path.display()),
        false => format!("{} may not be opened", .path.display()),
    })]
    Denied { path: PathBuf, folder: bool },
    /// No space, a failed flush.
    #[error("{what}")]
    Io { what: String },
    /// The server of a remote book did not do it, or nobody knows whether it did.
    #[error(transparent)]
    Remote(#[from] ClientError),
    /// This kind of book cannot do that (`-f`).
    #[error("{what}")]
    Unsupported { what: String },
}

impl BookError {
    /// An operation of this id was done before, and posted something else.
    pub fn operation_reused(operation: OperationId) -> BookError {
        BookError::Conflict {
            code: "operation-reused",
            message: format!(
                "operation {} was recorded before, with other postings",
                operation.0
            ),
            hint: None,
            operation: Some(operation),
        }
    }
}

fn list(violations: &[Violation]) -> String {
    violations
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
