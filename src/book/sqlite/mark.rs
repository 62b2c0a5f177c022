//! The mark of a file that is not the home of its book: set by push and clone, taken away by detach.
//!
//! It is no part of the book: no audit record seals it, and every copy leaves it behind. Writers look at it at
//! open, and again under the write lock of each commit, so that one that was open before the push is refused too.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::fault::{damaged, of_file};
use super::{SqliteBook, records};
use crate::book::mark::{Mark, MarkKind};
use crate::book::{BookError, Result};

/// The mark of an open file.
pub fn of(conn: &Connection) -> Result<Option<Mark>> {
    let row: Option<(String, String)> = conn
        .prepare_cached("SELECT kind, place FROM mark")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((word, place)) = row else {
        return Ok(None);
    };
    let kind = MarkKind::from_word(&word).ok_or_else(|| damaged("its mark is of no known kind"))?;
    Ok(Some(Mark { kind, place }))
}

/// Refuses a writer of a marked file.
pub fn refuse(conn: &Connection) -> Result<()> {
    match of(conn)? {
        None => Ok(()),
        Some(mark) => Err(BookError::Elsewhere {
            path: PathBuf::from(conn.path().unwrap_or_default()),
            mark,
        }),
    }
}

impl SqliteBook {
    /// The mark of a file.
    pub fn mark(path: &Path, wait: Duration) -> Result<Option<Mark>> {
        let book = SqliteBook::open_read(path, wait)?;
        of(&book.conn).map_err(|e| of_file(e, path))
    }

    /// Marks a file, if its newest record still has this hash: false if somebody wrote meanwhile.
    pub fn set_mark(path: &Path, wait: Duration, mark: &Mark, head: [u8; 32]) -> Result<bool> {
        let set = || -> Result<bool> {
            let book = SqliteBook::writing(path, wait)?;
            let tx = Transaction::new_unchecked(&book.conn, TransactionBehavior::Immediate)?;
            if records::head(&tx)?.hash != head {
                return Ok(false);
            }
            tx.execute(
                "INSERT INTO mark (one, kind, place) VALUES (1, ?1, ?2)
                 ON CONFLICT (one) DO UPDATE SET kind = excluded.kind, place = excluded.place",
                (mark.kind.word(), &mark.place),
            )?;
            tx.commit()?;
            Ok(true)
        };
        set().map_err(|e| of_file(e, path))
    }

    /// Takes the mark away: the file is the home of a book from then on.
    pub fn detach(path: &Path, wait: Duration) -> Result<()> {
        let clear = || -> Result<()> {
            let book = SqliteBook::writing(path, wait)?;
            book.conn.execute("DELETE FROM mark", [])?;
            Ok(())
        };
        clear().map_err(|e| of_file(e, path))
    }
}
