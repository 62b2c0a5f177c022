//! What every adapter that keeps books in a database shares: texts in columns, the log as JSON, histories, and the
//! walk that proves a book. Nothing here knows a database.

use super::BookError;

pub mod history;
pub mod keys;
pub mod log;
pub mod more;
pub mod moved;
pub mod texts;
pub mod trail;
pub mod verify;
mod verify_stored;
#[cfg_attr(not(feature = "postgres"), allow(dead_code))]
pub mod whole;
pub mod words;
pub mod write;

/// A stored value that no hissab wrote.
pub fn damaged(what: impl Into<String>) -> BookError {
    BookError::Damaged { what: what.into() }
}
