//! Opening books: the only place that names the adapters.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::mark::Mark;
#[cfg(feature = "postgres")]
use super::postgres::{PgBook, Store};
use super::remote::RemoteBook;
pub use super::sqlite::outside::{Cell, Outside};
use super::sqlite::{NewBook, SqliteBook};
use super::{Book, Result};
use crate::client::{Desk, Session};
use crate::ledger::change::{Done, Unit};

/// How long a reader waits for a writer that is recovering or checkpointing.
const READ_WAIT: Duration = Duration::from_secs(30);

/// Opens a book for reading: nothing in its file or folder changes.
pub fn read(path: &Path) -> Result<Box<dyn Book>> {
    Ok(Box::new(SqliteBook::open_read(path, READ_WAIT)?))
}

/// Opens a book for writing, waiting at most `wait` for another writer at each call.
pub fn write(path: &Path, wait: Duration) -> Result<Box<dyn Book>> {
    Ok(Box::new(SqliteBook::open_write(path, wait)?))
}

/// The mark of a file that is not the home of its book.
pub fn mark(path: &Path) -> Result<Option<Mark>> {
    SqliteBook::mark(path, READ_WAIT)
}

/// Marks a file, if its newest record still has this hash; false if somebody wrote meanwhile.
pub fn set_mark(path: &Path, wait: Duration, mark: &Mark, head: [u8; 32]) -> Result<bool> {
    SqliteBook::set_mark(path, wait, mark, head)
}

/// Takes the mark of a file away: it is written again.
pub fn detach(path: &Path, wait: Duration) -> Result<()> {
    SqliteBook::detach(path, wait)
}

/// Another program's SQLite file, to look at its tables.
pub fn outside(path: &Path) -> Result<Outside> {
    Outside::open(path)
}

/// The book of an organisation on a server, for reading: one state of it. Nothing is sent before the first question.
pub fn remote_read(session: Arc<Session>, org: &str) -> Box<dyn Book> {
    Box::new(RemoteBook::open_read(session, org))
}

/// The book of an organisation on a server, for writing: what is written goes through the desk's outbox, and
/// postings wait there where the server cannot be reached.
pub fn remote_write(desk: Desk) -> Box<dyn Book> {
    Box::new(RemoteBook::open_write(desk))
}

/// Where a server's books are: each in a file, or all in one database.
#[derive(Clone)]
pub enum Shelf {
    Files,
    #[cfg(feature = "postgres")]
    Postgres(Arc<Store>),
}

/// Which book of a shelf: of which organisation, and where it is if it is a file.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    pub org: Uuid,
    pub file: &'a Path,
}

impl Shelf {
    /// A book, for reading.
    pub fn read(&self, spot: Spot<'_>) -> Result<Box<dyn Book>> {
        match self {
            Shelf::Files => read(spot.file),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => Ok(Box::new(PgBook::open_read(store, spot.org)?)),
        }
    }

    /// The same for writing, waiting at most `wait` for another writer of a file.
    pub fn write(&self, spot: Spot<'_>, wait: Duration) -> Result<Box<dyn Book>> {
        match self {
            Shelf::Files => write(spot.file, wait),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => Ok(Box::new(PgBook::open_write(store, spot.org)?)),
        }
    }

    /// Makes the book of an organisation that has none.
    pub fn create(
        &self,
        spot: Spot<'_>,
        wait: Duration,
        (id, created_at): (Uuid, Timestamp),
        first: Unit<'_>,
    ) -> Result<Done> {
        match self {
            Shelf::Files => create(spot.file, wait, id, created_at, first).map(|(_, done)| done),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => {
                PgBook::create(store, spot.org, id, created_at, &first).map(|(_, done)| done)
            }
        }
    }

    /// Calls `told` with each organisation whose book another server wrote: a hint, the log is the truth.
    pub fn hear(&self, told: impl Fn(Uuid) + Send + Sync + 'static) {
        match self {
            // Files have one server.
            Shelf::Files => drop(told),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => store.listen(told),
        }
    }

    /// Whether other servers may write the same books.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Shelf::Files)
    }
}

/// Makes a book where nothing is; `first` holds its settings, currencies and accounts.
pub fn create(
    path: &Path,
    wait: Duration,
    id: Uuid,
    created_at: Timestamp,
    first: Unit<'_>,
) -> Result<(Box<dyn Book>, Done)> {
    let new = NewBook {
        id,
        created_at,
        unit: first,
    };
    let (book, done) = SqliteBook::create(path, wait, &new)?;
    Ok((Box::new(book), done))
}

/// Fills a path from a backup that proves: a new file, or an existing book after a backup of it, whose path is given.
pub fn restore(from: &Path, to: &Path, wait: Duration) -> Result<Option<PathBuf>> {
    if std::fs::symlink_metadata(to).is_err() {
        SqliteBook::restore_new(from, to, wait)?;
        return Ok(None);
    }
    SqliteBook::open_write(to, wait)?
        .restore_from(from)
        .map(Some)
}

/// The control of the crash tests commits here, after everything was said.
#[cfg(feature = "control-early-ack")]
pub fn commit_late() {
    super::sqlite::commit_late();
}
