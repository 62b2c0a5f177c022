//! Opening and creating book files: flags, pragmas, permissions, the read-only mount.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use uuid::Uuid;

use super::fault::{damaged, of_file};
use super::schema::{self, Found, SCHEMA_VERSION};
use super::{SqliteBook, drafts, mark, snapshot};
use crate::book::{BookError, Result};
use crate::ledger::change::{Done, Unit, WriteMode};

/// What a new book is made of.
pub struct NewBook<'a> {
    pub id: Uuid,
    pub created_at: Timestamp,
    /// The first unit: settings, base currency, accounts.
    pub unit: Unit<'a>,
}

impl SqliteBook {
    /// Opens a book to look at it: one snapshot for the whole life of the value, nothing ever written.
    ///
    /// A book of an older schema is migrated in a temporary copy. Works on a read-only mount.
    pub fn open_read(path: &Path, wait: Duration) -> Result<SqliteBook> {
        SqliteBook::reading(path, wait).map_err(|e| of_file(e, path))
    }

    fn reading(path: &Path, wait: Duration) -> Result<SqliteBook> {
        let file = existing(path)?;
        let mut conn = connect_reading(&file, wait)?;
        let found = match schema::recognise(&conn, path) {
            // A full disk takes no shared memory beside the book: it is read without, and alone.
            Err(BookError::Io { .. }) => {
                conn = connect_alone(&file, wait)?;
                schema::recognise(&conn, path)?
            }
            other => other?,
        };
        match found {
            Found::Empty => Err(not_a_book(path, "it is empty")),
            Found::Book(SCHEMA_VERSION) => {
                // One snapshot: every report of a command speaks of the same moment.
                conn.execute_batch("BEGIN")?;
                schema::check_fingerprint(&conn, SCHEMA_VERSION)?;
                SqliteBook::of(
                    conn,
                    file,
                    wait,
                    Some("it was opened to read".to_owned()),
                    None,
                )
            }
            Found::Book(_) => snapshot::read_older(conn, file, wait),
        }
    }

    /// Opens a book to change it; one that is marked is refused. A book of an older schema is first copied beside itself, then migrated.
    pub fn open_write(path: &Path, wait: Duration) -> Result<SqliteBook> {
        let book = SqliteBook::writing(path, wait).map_err(|e| of_file(e, path))?;
        mark::refuse(&book.conn).map_err(|e| of_file(e, path))?;
        Ok(book)
    }

    /// As [`SqliteBook::open_write`], of a marked file too.
    pub(super) fn writing(path: &Path, wait: Duration) -> Result<SqliteBook> {
        let file = existing(path)?;
        if let Some(why) = unwritable(&file) {
            return Err(BookError::ReadOnly { why });
        }
        let mut conn = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE, wait)?;
        match schema::recognise(&conn, path)? {
            Found::Empty => return Err(not_a_book(path, "it is empty")),
            Found::Book(SCHEMA_VERSION) => {}
            Found::Book(older) => {
                let sound = schema::check_fingerprint(&conn, older);
                // Another process may have migrated it between the two looks.
                if schema::recognise(&conn, path)? != Found::Book(SCHEMA_VERSION) {
                    sound?;
                    snapshot::migrate_after_backup(&mut conn, &file)?;
                }
            }
        }
        durable(&conn)?;
        schema::check_fingerprint(&conn, SCHEMA_VERSION)?;
        SqliteBook::of(conn, file, wait, None, None)
    }

    /// Makes a book at a path where nothing is, whole or not at all, mode 0600.
    pub fn create(path: &Path, wait: Duration, new: &NewBook<'_>) -> Result<(SqliteBook, Done)> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(BookError::Conflict {
                code: "book-exists",
                message: format!("{} exists already", path.display()),
                hint: None,
                operation: None,
            });
        }
        let draft = drafts::begin(drafts::NEW, path)?;
        let done = fill(draft.path(), wait, new).map_err(|e| of_file(e, path))?;
        drafts::publish(draft, path)?;
        Ok((SqliteBook::open_write(path, wait)?, done))
    }

    pub(super) fn of(
        conn: Connection,
        path: PathBuf,
        wait: Duration,
        read_only: Option<String>,
        copy: Option<tempfile::TempDir>,
    ) -> Result<SqliteBook> {
        let id: Vec<u8> = conn
            .query_row("SELECT id FROM book", [], |row| row.get(0))
            .map_err(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => damaged("it has no identity"),
                other => other.into(),
            })?;
        let id = Uuid::from_slice(&id).map_err(|_| damaged("its identity is not an id"))?;
        Ok(SqliteBook {
            conn,
            path,
            id,
            read_only,
            wait,
            known: None,
            _copy: copy,
        })
    }

    /// How long a busy book is waited for.
    pub fn wait(&self) -> Duration {
        self.wait
    }
}

/// Schema, identity and first record, then everything in the one file.
fn fill(path: &Path, wait: Duration, new: &NewBook<'_>) -> Result<Done> {
    let mut conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, wait)?;
    durable(&conn)?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::migrate(&tx, None)?;
    tx.execute(
        "INSERT INTO book (one, id, created_at) VALUES (1, ?1, ?2)",
        (
            new.id.as_bytes().as_slice(),
            new.created_at.as_microsecond(),
        ),
    )?;
    tx.commit()?;
    let mut done = super::write::write(
        &conn,
        new.id,
        std::slice::from_ref(&new.unit),
        WriteMode::Commit,
        &mut None,
    )?;
    conn.close().map_err(|(_, error)| BookError::from(error))?;
    done.pop()
        .unwrap_or_else(|| Err(damaged("a new book took no record")))
}

/// Makes the tables of a book in a draft, which is written as a whole or not at all: no log, no flush at each step.
#[cfg(feature = "postgres")]
pub(super) fn prepare_draft(conn: &mut Connection) -> Result<()> {
    conn.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA temp_store = MEMORY")?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::migrate(&tx, None)?;
    Ok(tx.commit()?)
}

/// The file as SQLite should see it: canonical, so that links and relative names share one lock.
fn existing(path: &Path) -> Result<PathBuf> {
    let meta = fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => BookError::NotFound {
            what: format!("book {}", path.display()),
        },
        _ => io(path, &e),
    })?;
    if meta.is_dir() {
        return Err(not_a_book(path, "it is a folder"));
    }
    if !meta.is_file() {
        return Err(not_a_book(path, "it is not a regular file"));
    }
    if !readable(path) {
        return Err(io(path, &std::io::ErrorKind::PermissionDenied.into()));
    }
    fs::canonicalize(path).map_err(|e| io(path, &e))
}

fn not_a_book(path: &Path, why: &str) -> BookError {
    BookError::NotABook {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

pub(super) fn io(path: &Path, error: &std::io::Error) -> BookError {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return BookError::Conflict {
            code: "book-exists",
            message: format!("{} exists already", path.display()),
            hint: None,
            operation: None,
        };
    }
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return BookError::Denied {
            path: path.to_owned(),
            folder: path.is_dir(),
        };
    }
    let shown = path.display();
    let what = match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no folder {shown}"),
        _ => {
            // The system's words without its number.
            let text = error.to_string();
            format!(
                "{shown}: {}",
                text.split(" (os error").next().unwrap_or(&text)
            )
        }
    };
    BookError::Io { what }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A connection with everything that has to hold on every one of them.
///
/// Never the URI flag: a book named `file:x?nolock=1` is a file of that name.
pub(super) fn connect(path: &Path, flags: OpenFlags, wait: Duration) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    configure(&conn, wait)?;
    Ok(conn)
}

fn configure(conn: &Connection, wait: Duration) -> Result<()> {
    conn.busy_timeout(wait)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    // One plan a statement: else each new value may have it parsed and planned again.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// WAL and a flush at every commit: acknowledged means durable.
fn durable(conn: &Connection) -> Result<()> {
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(BookError::Io {
            what: format!(
                "this file system cannot hold a write-ahead log (journal mode stays {mode})"
            ),
        });
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// A reader's connection. Where the file can be written SQLite needs to write its shared memory beside it; on a
/// read-only mount without a write-ahead log the file cannot change, and is read as immutable.
fn connect_reading(path: &Path, wait: Duration) -> Result<Connection> {
    let conn = if unwritable(path).is_none() {
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, wait)?
    } else if has_log(path) {
        connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, wait)?
    } else {
        let uri = immutable_uri(path);
        let conn = Connection::open_with_flags(
            uri,
            OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_URI
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        configure(&conn, wait)?;
        conn
    };
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(conn)
}

/// A reader that keeps the index of the write-ahead log in its own memory, under an exclusive lock. It leaves the
/// log where it is.
fn connect_alone(path: &Path, wait: Duration) -> Result<Connection> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, wait)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(conn)
}

fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    fs::metadata(name).is_ok_and(|m| m.len() > 0)
}

/// A URI of our own making, every byte that could mean something escaped.
pub(super) fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// Why the file or its folder cannot be written, if so.
///
/// Asked of the system, never by opening: closing any descriptor of a book drops the locks that
/// SQLite holds on it in this process.
pub(super) fn unwritable(path: &Path) -> Option<String> {
    if !writable(path) {
        return Some(format!("{} may only be read", path.display()));
    }
    let folder = folder_of(path);
    (!writable(folder)).then(|| {
        format!(
            "the folder {} cannot be written, and a book needs its write-ahead log there",
            folder.display()
        )
    })
}

#[cfg(unix)]
fn writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(unix)]
fn readable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok()
}

#[cfg(not(unix))]
fn readable(_path: &Path) -> bool {
    true
}

#[cfg(not(unix))]
fn writable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| !meta.permissions().readonly())
}
