//! Whether one book goes on from another: the same book, further along the same chain. Histories are never merged.

use super::{AuditQuery, Book, BookError, Result};
use crate::ledger::settings::BookInfo;

/// Fails unless `pushed` went through the state `there` is in. An empty book is continued by any.
///
/// Errors: `Conflict`: `other-book`, or `not-a-continuation`.
pub fn continues(there: &BookInfo, pushed: &mut dyn Book) -> Result<()> {
    let theirs = pushed.info()?;
    if there.id != theirs.id {
        return match there.transactions {
            0 => Ok(()),
            _ => Err(refused("other-book", "the organisation holds another book")),
        };
    }
    let head = AuditQuery {
        since: there.sequence.checked_sub(1),
        before: there.sequence.checked_add(1),
        ..AuditQuery::default()
    };
    let mut records = pushed.audit(&head)?.into_iter().map(|entry| entry.record);
    match records.find(|record| record.sequence == there.sequence) {
        Some(record) if Some(record.hash) == there.head => Ok(()),
        _ if there.sequence == 0 => Ok(()),
        _ => Err(refused(
            "not-a-continuation",
            "the server's book holds what the pushed one does not: nothing is ever merged",
        )),
    }
}

fn refused(code: &'static str, message: &str) -> BookError {
    BookError::Conflict {
        code,
        message: message.to_owned(),
        hint: None,
        operation: None,
    }
}
