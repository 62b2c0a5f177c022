//! `server.db`, or a database: users, organisations, memberships, sessions, tokens, and the log of all of that.
//!
//! One reader, used in place for look-ups by key (microseconds); one writer, whose commits (a flush each)
//! run on threads that may wait. No book data is here.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
#[cfg(feature = "postgres")]
use std::time::Instant;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, OpenFlags, TransactionBehavior};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::{Answer, Problem};
#[cfg(feature = "postgres")]
use super::secrets::KEY_BYTES;
#[cfg(feature = "postgres")]
use super::traces::Noted;
#[cfg(feature = "postgres")]
use crate::book::postgres::Store;
use db::{Row, unreadable};

pub mod answered;
pub mod audit;
#[cfg_attr(not(feature = "postgres"), allow(dead_code))]
mod buckets;
pub mod db;
pub mod invites;
pub mod jobs;
mod known;
pub mod leaving;
pub mod members;
pub mod orgs;
mod schema;
pub mod sessions;
pub mod tokens;
pub mod users;
pub mod whole;

pub use db::Db;

/// How long another process that holds the registry is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// The registry of one server, or of all that share a database.
#[derive(Clone)]
pub struct Registry {
    home: Home,
}

#[derive(Clone)]
enum Home {
    File {
        reader: Arc<Mutex<known::Reader>>,
        writer: Arc<Mutex<Connection>>,
    },
    #[cfg(feature = "postgres")]
    Postgres {
        store: Arc<Store>,
        kept: Arc<Mutex<known::Kept>>,
    },
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
            home: Home::File {
                reader: Arc::new(Mutex::new(known::Reader::new(reader))),
                writer: Arc::new(Mutex::new(writer)),
            },
        })
    }

    /// The registry in a database that other servers may share. `secret` is kept if there is none yet.
    #[cfg(feature = "postgres")]
    pub fn in_database(
        store: &Arc<Store>,
        now: Timestamp,
        secret: &[u8; KEY_BYTES],
    ) -> Result<Registry, String> {
        const IDENTIFY: &str = "INSERT INTO server (one, id, created_at, secret) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let registry = Registry::there(store);
        let id = Uuid::now_v7();
        let identity = (bytes(&id), now.as_microsecond(), *secret);
        let identified = db::open(store, true).and_then(|inside| {
            Db::Postgres(&inside).execute(IDENTIFY, identity)?;
            inside.commit()
        });
        identified.map_err(|e| format!("the registry in the database: {e}"))?;
        Ok(registry)
    }

    /// The registry in a database, as it is.
    #[cfg(feature = "postgres")]
    pub fn there(store: &Arc<Store>) -> Registry {
        Registry {
            home: Home::Postgres {
                store: Arc::clone(store),
                kept: Arc::default(),
            },
        }
    }

    /// The key that signs access tokens, where the database keeps it for all servers.
    #[cfg(feature = "postgres")]
    pub fn secret(&self) -> Answer<[u8; KEY_BYTES]> {
        self.read(|db| db.query_row("SELECT secret FROM server", (), |row| row.get(0)))
    }

    /// Whether other servers change it too.
    pub fn is_shared(&self) -> bool {
        !matches!(self.home, Home::File { .. })
    }

    /// Looks something up by its key, on the calling thread.
    pub fn read<T>(&self, look: impl FnOnce(&Db) -> db::Result<T>) -> Answer<T> {
        match &self.home {
            Home::File { reader, .. } => Ok(look(&Db::Sqlite(&held(reader).conn))?),
            #[cfg(feature = "postgres")]
            Home::Postgres { store, .. } => {
                let from = Instant::now();
                let found = db::open(store, false).and_then(|inside| look(&Db::Postgres(&inside)));
                Noted::here().step("registry", from, Instant::now());
                Ok(found?)
            }
        }
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
        match &self.home {
            Home::File { reader, .. } => {
                let from = held(reader).conn.path().unwrap_or_default().to_owned();
                // A connection of its own: look-ups go on meanwhile.
                let from = connect(Path::new(&from))?;
                from.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
            }
            #[cfg(feature = "postgres")]
            Home::Postgres { .. } => self.copy_rows_to(to)?,
        }
        fs::File::open(to)
            .and_then(|file| file.sync_all())
            .map_err(Problem::internal)
    }

    /// Makes a `server.db` of what a database holds.
    #[cfg(feature = "postgres")]
    fn copy_rows_to(&self, to: &Path) -> Answer<()> {
        let (all, identity) = self.write_now(|db| Ok((whole::read(db)?, whole::identity(db)?)))?;
        let folder = to.parent().unwrap_or(Path::new("."));
        let copy = Registry::open(folder, Timestamp::UNIX_EPOCH).map_err(Problem::internal)?;
        copy.write_now(|db| {
            whole::claim(db, &identity, false)?;
            whole::fill(db, &all)
        })
    }

    /// The same on the calling thread, which may wait.
    pub fn write_now<T>(&self, change: impl FnOnce(&Db) -> Answer<T>) -> Answer<T> {
        match &self.home {
            Home::File { writer, .. } => {
                let mut conn = held(writer);
                let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let done = change(&Db::Sqlite(&tx))?;
                tx.commit()?;
                Ok(done)
            }
            #[cfg(feature = "postgres")]
            Home::Postgres { store, kept } => {
                let inside = db::open(store, true)?;
                let done = change(&Db::Postgres(&inside))?;
                // In the same transaction: whoever sees the change sees that there is one.
                Db::Postgres(&inside).execute("UPDATE server SET version = version + 1", ())?;
                inside.commit()?;
                held(kept).look_at_once();
                Ok(done)
            }
        }
    }
}

/// A lock is only poisoned by a panic in code that holds it; what it guards is whole between statements.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<db::Error> for Problem {
    fn from(error: db::Error) -> Problem {
        match error {
            db::Error::Sqlite(error) => error.into(),
            db::Error::Busy => Problem::unavailable("busy", "the database is busy or away"),
            other => Problem::internal(format!("the registry: {other}")),
        }
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

fn id_at(row: &Row<'_>, column: usize) -> db::Result<Uuid> {
    row.get(column)
}

fn time_at(row: &Row<'_>, column: usize) -> db::Result<Timestamp> {
    stamp(column, row.get(column)?)
}

fn time_or_none_at(row: &Row<'_>, column: usize) -> db::Result<Option<Timestamp>> {
    let raw: Option<i64> = row.get(column)?;
    raw.map(|t| stamp(column, t)).transpose()
}

fn stamp(column: usize, micros: i64) -> db::Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|e| unreadable(column, e))
}
