//! Why a call to a server failed, named by what can have happened there. The doors make it words.

use thiserror::Error;

use crate::wire::problem::Problem;

/// The result of everything in this room.
pub type Result<T> = std::result::Result<T, ClientError>;

/// Why a call to a server failed.
#[derive(Debug, Clone, Error)]
pub enum ClientError {
    /// The server answered that it did not do it, and why.
    #[error("{}", .problem.detail)]
    Problem {
        server: String,
        problem: Box<Problem>,
    },
    /// Nothing was sent, or only a question: nothing can have happened.
    #[error("{server} cannot be reached: {why}")]
    Unreachable { server: String, why: String },
    /// A change was sent and no answer came: it may have happened.
    #[error("{server} did not confirm: {why}")]
    Unconfirmed { server: String, why: String },
    /// A posting that waits in the outbox until the server can be reached.
    #[error("{server} cannot be reached: {why}; queued")]
    Queued {
        server: String,
        why: String,
        waiting: usize,
    },
    /// Nobody is signed in there, or no longer.
    #[error("not signed in to {server}: {why}")]
    SignedOut {
        server: String,
        why: String,
        /// Where the credentials came from: `HISSAB_TOKEN`, a file, or nowhere.
        source_of_credentials: String,
    },
    /// Not the server of this API, or another version of it.
    #[error("{what}")]
    Protocol { server: String, what: String },
    /// A file of ours: credentials, outbox, what is to be sent or kept.
    #[error("{what}")]
    Io { what: String },
}

impl ClientError {
    /// The problem the server answered with, if it did.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            ClientError::Problem { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Whether the server answered with this code.
    pub fn is_problem(&self, code: &str) -> bool {
        self.problem().is_some_and(|p| p.code == code)
    }

    /// Whether nothing can have happened because the server was not there.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, ClientError::Unreachable { .. })
    }

    pub(super) fn file(path: &std::path::Path, error: &std::io::Error) -> ClientError {
        let text = error.to_string();
        let words = text.split(" (os error").next().unwrap_or(&text);
        ClientError::Io {
            what: format!("{}: {}", path.display(), words.to_lowercase()),
        }
    }
}
