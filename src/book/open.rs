//! Opening books: the only place that names the adapters.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::mark::Mark;
#[cfg(feature = "postgres")]
use super::postgres::{PgBook, Replaced, Store, discard};
use super::remote::RemoteBook;
pub use super::sqlite::outside::{Cell, Outside};
#[cfg(feature = "postgres")]
use super::sqlite::whole;
use super::sqlite::{NewBook, SqliteBook};
use super::{Book, BookError, Result};
use crate::client::{Desk, Session};
#[cfg(feature = "postgres")]
use crate::ledger::audit::GENESIS;
use crate::ledger::change::{Done, Unit};
use crate::ledger::settings::BookInfo;

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

/// Runs work on books; gives when it waited for a database on this thread, if its books are in one.
pub fn flights<T>(work: impl FnOnce() -> T) -> (T, Vec<(Instant, Instant)>) {
    #[cfg(feature = "postgres")]
    return super::postgres::flights::during(work);
    #[cfg(not(feature = "postgres"))]
    (work(), Vec::new())
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

impl Spot<'_> {
    /// What a book's rows are kept under in a database: the id that its file would be named by.
    #[cfg(feature = "postgres")]
    pub fn key(&self) -> Uuid {
        let named = self.file.file_stem().and_then(|stem| stem.to_str());
        named
            .and_then(|stem| Uuid::try_parse(stem).ok())
            .unwrap_or(self.org)
    }
}

/// A book whose file was removed or replaced while it is open: what is written to it now is lost when it is closed.
pub fn gone() -> BookError {
    BookError::Damaged {
        what: "its file was removed or replaced while the server has it open; put it back, or stop the server and restore a backup".to_owned(),
    }
}

/// Why a book cannot be opened that is known to be kept here: where it is missing, nothing that a caller named is.
pub fn lost(error: BookError) -> BookError {
    match error {
        BookError::NotFound { what } => BookError::Damaged {
            what: format!("it is gone: {what}"),
        },
        other => other,
    }
}

/// Which file of which disk.
pub type FileId = (u64, u64);

impl Shelf {
    /// What file is there, where books are files and there is one.
    pub fn file(&self, spot: Spot<'_>) -> Option<FileId> {
        match self {
            Shelf::Files => {
                let meta = std::fs::metadata(spot.file).ok()?;
                Some((meta.dev(), meta.ino()))
            }
            #[cfg(feature = "postgres")]
            Shelf::Postgres(_) => None,
        }
    }

    /// A book, for reading.
    pub fn read(&self, spot: Spot<'_>) -> Result<Box<dyn Book>> {
        match self {
            Shelf::Files => read(spot.file),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => {
                let book = PgBook::open_read(store, spot.key())?;
                Ok(Box::new(book.copying_with(whole::make)))
            }
        }
    }

    /// The same for writing, waiting at most `wait` for another writer of a file.
    pub fn write(&self, spot: Spot<'_>, wait: Duration) -> Result<Box<dyn Book>> {
        match self {
            Shelf::Files => write(spot.file, wait),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => {
                let book = PgBook::open_write(store, spot.key())?;
                Ok(Box::new(book.copying_with(whole::make)))
            }
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
                PgBook::create(store, spot.key(), id, created_at, &first).map(|(_, done)| done)
            }
        }
    }

    /// Fills a book from a file that proves and goes on from where the book stands, `was`.
    ///
    /// Errors: `book-moved` if somebody wrote to it meanwhile, where others may.
    pub fn replace(
        &self,
        spot: Spot<'_>,
        from: &Path,
        wait: Duration,
        was: &BookInfo,
    ) -> Result<()> {
        match self {
            // Under the caller's lock: through SQLite's own backup, after a backup of what was there.
            Shelf::Files => {
                let _ = was;
                restore(from, spot.file, wait).map(drop)
            }
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => {
                let was = Replaced {
                    key: spot.key(),
                    sequence: was.sequence,
                    head: was.head.unwrap_or(GENESIS),
                };
                let mut from = SqliteBook::open_read(from, wait)?;
                PgBook::replace(store, spot.org, was, &mut from).map(drop)
            }
        }
    }

    /// Books that others replaced where this one is now, by name, and since when, the oldest first.
    pub fn replaced(&self, spot: Spot<'_>) -> Result<Vec<(String, Timestamp)>> {
        match self {
            Shelf::Files => super::replaced::beside(spot.file).map_err(|error| BookError::Io {
                what: format!("{}: {error}", spot.file.display()),
            }),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => {
                let found = discard::replaced(store, spot.org)?;
                let named = found
                    .into_iter()
                    .map(|(key, since)| (key.to_string(), since));
                Ok(named.collect())
            }
        }
    }

    /// Takes out a book that this one replaced, if this one holds all of it.
    ///
    /// Errors: `Conflict` if it does not, and nothing is changed.
    pub fn discard(&self, spot: Spot<'_>, name: &str) -> Result<()> {
        match self {
            Shelf::Files => super::replaced::discard(spot.file, name),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => {
                let key = Uuid::try_parse(name).map_err(|_| BookError::NotFound {
                    what: format!("replaced book {name}"),
                })?;
                discard::discard(store, spot.org, key, spot.key())
            }
        }
    }

    /// Copies a whole book to a place of a shelf where none is.
    pub fn copy(&self, from: Spot<'_>, shelf: &Shelf, to: Spot<'_>) -> Result<()> {
        match (self, shelf) {
            (_, Shelf::Files) => self.read(from)?.snapshot(to.file),
            #[cfg(feature = "postgres")]
            (Shelf::Files, Shelf::Postgres(store)) => {
                let mut book = SqliteBook::open_read(from.file, READ_WAIT)?;
                PgBook::take_in(store, to.key(), &mut book)
            }
            #[cfg(feature = "postgres")]
            (Shelf::Postgres(here), Shelf::Postgres(store)) => {
                let mut book = PgBook::open_read(here, from.key())?;
                PgBook::take_in(store, to.key(), &mut book)
            }
        }
    }

    /// Says where the home of a book is from now on, so that its writers are refused; `None`: here.
    ///
    /// Errors: its home is at a third place already.
    pub fn set_home(&self, spot: Spot<'_>, home: Option<&Mark>) -> Result<()> {
        match self {
            Shelf::Files => set_home_of_file(spot.file, home),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => {
                PgBook::set_moved(store, spot.key(), home.map(|mark| mark.place.as_str()))
            }
        }
    }

    /// Somebody names a state of a book: from now on nothing older is read, if it was ever written.
    pub fn saw(&self, spot: Spot<'_>, sequence: u64) {
        match self {
            Shelf::Files => {}
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => store.saw(spot.key(), sequence),
        }
        let _ = (spot, sequence);
    }

    /// Calls `told` with the key of each book that another server wrote: a hint, the log is the truth.
    pub fn hear(&self, told: impl Fn(Uuid) + Send + Sync + 'static) {
        match self {
            // Files have one server.
            Shelf::Files => drop(told),
            #[cfg(feature = "postgres")]
            Shelf::Postgres(store) => {
                let heard = Arc::downgrade(store);
                store.listen(move |key, sequence| {
                    if let Some(store) = heard.upgrade() {
                        store.saw(key, sequence);
                    }
                    told(key);
                });
            }
        }
    }

    /// Whether other servers may write the same books.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Shelf::Files)
    }
}

/// How often a file is marked anew that somebody wrote to between two looks.
const MARK_TRIES: usize = 100;

fn set_home_of_file(file: &Path, home: Option<&Mark>) -> Result<()> {
    let there = mark(file)?;
    let Some(home) = home else {
        return match there {
            None => Ok(()),
            Some(_) => detach(file, READ_WAIT),
        };
    };
    match there {
        Some(mark) if mark == *home => return Ok(()),
        Some(mark) => {
            return Err(super::BookError::Elsewhere {
                path: file.to_owned(),
                mark,
            });
        }
        None => {}
    }
    for _ in 0..MARK_TRIES {
        let head = read(file)?.info()?.head.unwrap_or_default();
        if set_mark(file, READ_WAIT, home, head)? {
            return Ok(());
        }
    }
    Err(super::BookError::Busy)
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
