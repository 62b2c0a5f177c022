//! From the driver's errors to what the caller can do about them.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::book::BookError;
pub use crate::book::stored::damaged;

const DISK_FAILED: &str = "the disk failed";
const NO_SPACE: &str = "no space is left on the disk; nothing was recorded";

impl From<Error> for BookError {
    fn from(error: Error) -> BookError {
        match &error {
            Error::SqliteFailure(failure, message) => {
                let text = message.clone().unwrap_or_else(|| failure.to_string());
                match failure.code {
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => BookError::Busy,
                    ErrorCode::ReadOnly => BookError::ReadOnly {
                        why: "the file or its folder cannot be written".to_owned(),
                    },
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                        BookError::Damaged { what: text }
                    }
                    ErrorCode::DiskFull => BookError::Io {
                        what: NO_SPACE.to_owned(),
                    },
                    ErrorCode::SystemIoFailure => BookError::Io {
                        what: format!("{DISK_FAILED}: {text}; nothing was acknowledged"),
                    },
                    ErrorCode::CannotOpen | ErrorCode::PermissionDenied => BookError::Io {
                        what: format!("the book cannot be opened: {text}"),
                    },
                    ErrorCode::ConstraintViolation => BookError::Conflict {
                        code: "refused-by-database",
                        message: format!("the database refused the change: {text}"),
                        hint: None,
                        operation: None,
                    },
                    _ => BookError::Damaged { what: text },
                }
            }
            _ => BookError::Damaged {
                what: error.to_string(),
            },
        }
    }
}

/// Names the file in errors of the driver, which do not.
pub fn of_file(error: BookError, path: &Path) -> BookError {
    let file = path.display().to_string();
    match error {
        // Where the log cannot grow, SQLite names no reason.
        BookError::Io { what } if what.starts_with(DISK_FAILED) && is_full(path) => BookError::Io {
            what: format!("{file}: {NO_SPACE}"),
        },
        BookError::Io { what } if !what.contains(&file) => BookError::Io {
            what: format!("{file}: {what}"),
        },
        BookError::Damaged { what } if !what.contains(&file) => BookError::Damaged {
            what: format!("{file}: {what}"),
        },
        other => other,
    }
}

/// Whether the disk of a file has no room for one more page.
#[cfg(unix)]
fn is_full(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|disk| disk.f_bavail * disk.f_frsize < 64 * 1024)
}

#[cfg(not(unix))]
fn is_full(_path: &Path) -> bool {
    false
}
