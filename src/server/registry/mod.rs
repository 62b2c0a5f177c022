//! `server.db`: users, organisations, memberships, sessions, tokens, and the log of all of that.
//!
//! One reader, used in place for look-ups by key (microseconds); one writer, whose commits (a flush each)
//! run on threads that may wait. No book data is here.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OpenFlags, Row, TransactionBehavior};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::{Answer, Problem};

pub mod answered;
pub mod audit;
pub mod invites;
pub mod jobs;
mod known;
pub mod members;
pub mod orgs;
mod schema;
pub mod sessions;
pub mod tokens;
pub mod users;

/// A connection, or the transaction a write runs in.
pub type Db = Connection;

/// How long another process that holds the registry is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// The registry of one server.
#[derive(Clone)]
pub struct Registry {
    reader: Arc<Mutex<known::Reader>>,
    writer: Arc<Mutex<Connection>>,
}

impl Registry {
    /// Opens `server.db` in a folder, or makes it, mode 0600.
    ///
    /// Errors: words for the operator, with the path.
    pub fn open(folder: &Path, now: Timestamp) -> Result<Registry, String> {
        let path = folder.join("server.db");
        let named = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        private_file(&path).map_err(|e| named(&e))?;
        let writer = schema::open(&path, now).map_err(|e| named(&e))?;
        let reader = connect(&path).map_err(|e| named(&e))?;
        reader
            .pragma_update(None, "query_only", true)
            .map_err(|e| named(&e))?;
        Ok(Registry {
            reader: Arc::new(Mutex::new(known::Reader::new(reader))),
            writer: Arc::new(Mutex::new(writer)),
        })
    }

    /// Looks something up by its key, on the calling thread.
    pub fn read<T>(&self, look: impl FnOnce(&Db) -> rusqlite::Result<T>) -> Answer<T> {
        Ok(look(&self.reader().conn)?)
    }

    fn reader(&self) -> MutexGuard<'_, known::Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something in one transaction, durable when this returns; `Err` leaves nothing behind.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Db) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let registry = self.clone();
        tokio::task::spawn_blocking(move || registry.write_now(change))
            .await
            .unwrap_or_else(|lost| Err(Problem::internal(lost)))
    }

    /// Copies one state of it into an empty file, while others go on writing. Waits for the disk.
    pub fn copy_to(&self, to: &Path) -> Answer<()> {
        let from = self.reader().conn.path().unwrap_or_default().to_owned();
        // A connection of its own: look-ups go on meanwhile.
        let from = connect(Path::new(&from))?;
        from.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
        fs::File::open(to)
            .and_then(|file| file.sync_all())
            .map_err(Problem::internal)
    }

    /// The same on the calling thread, which may wait.
    pub fn write_now<T>(&self, change: impl FnOnce(&Db) -> Answer<T>) -> Answer<T> {
        let mut conn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = change(&tx)?;
        tx.commit()?;
        Ok(done)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Problem::unavailable("busy", "the registry is busy")
            }
            _ => Problem::internal(format!("server.db: {error}")),
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(WAIT)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    // One plan a statement: else each new value may have it parsed and planned again.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Makes an empty file that only its owner reads, if there is none.
pub fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// What is kept of a secret.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn bytes(id: &Uuid) -> &[u8] {
    id.as_bytes().as_slice()
}

fn id_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let raw: Vec<u8> = row.get(column)?;
    Uuid::from_slice(&raw)
        .map_err(|e| Error::FromSqlConversionFailure(column, Type::Blob, Box::new(e)))
}

fn time_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    stamp(column, row.get(column)?)
}

fn time_or_none_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let raw: Option<i64> = row.get(column)?;
    raw.map(|t| stamp(column, t)).transpose()
}

fn stamp(column: usize, micros: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|e| Error::FromSqlConversionFailure(column, Type::Integer, Box::new(e)))
}
