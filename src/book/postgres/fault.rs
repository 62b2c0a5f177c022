//! From the driver's errors to what the caller can do about them.

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::book::BookError;
pub use crate::book::stored::damaged;

/// What an error of the driver means.
///
/// `Busy` is what may pass by itself: a lost connection, a server that starts, a conflict of two transactions.
pub fn failed(error: Error) -> BookError {
    let Some(database) = error.as_db_error() else {
        return match error.is_closed() || is_of_the_line(&error) {
            true => BookError::Busy,
            false => damaged(format!(
                "the database answered what cannot be read: {}",
                whole(&error)
            )),
        };
    };
    let message = database.message();
    match database.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => BookError::Busy,
        &SqlState::DISK_FULL => BookError::Io {
            what: "no space is left on the database's disk; nothing was recorded".to_owned(),
        },
        &SqlState::INSUFFICIENT_PRIVILEGE | &SqlState::READ_ONLY_SQL_TRANSACTION => {
            BookError::ReadOnly {
                why: message.to_owned(),
            }
        }
        code if code.code().starts_with("23") || code == &SqlState::RAISE_EXCEPTION => {
            BookError::Conflict {
                code: "refused-by-database",
                message: format!("the database refused the change: {message}"),
                hint: None,
                operation: None,
            }
        }
        code if ["08", "53", "57"]
            .iter()
            .any(|class| code.code().starts_with(class)) =>
        {
            BookError::Busy
        }
        code => BookError::Io {
            what: format!("the database failed ({}): {message}", code.code()),
        },
    }
}

/// The pool has no connection, or can make none.
pub fn busy(error: &PoolError) -> BookError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error))
            if error.as_db_error().is_some_and(|db| {
                let code = db.code().code();
                code.starts_with("28") || code.starts_with("3D") || code.starts_with("42")
            }) =>
        {
            BookError::Io {
                what: format!("the database takes no connection: {}", whole(error)),
            }
        }
        _ => BookError::Busy,
    }
}

/// Nobody answers, or the line was cut.
fn is_of_the_line(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<std::io::Error>() {
            return true;
        }
        source = inner.source();
    }
    false
}

/// An error with what it came from.
fn whole(error: &Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(database), _) => database.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
