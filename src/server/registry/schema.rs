//! The registry's schema: made, or migrated after a backup beside it.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::{bytes, connect};

/// The embedded migrations of `migrations/server`.
mod embedded {
    refinery::embed_migrations!("migrations/server");
}

/// The newest schema this hissab knows: the number of files in `migrations/server`.
pub const SCHEMA_VERSION: u32 = 3;

/// `hisr`.
const APPLICATION_ID: i32 = 0x6869_7372;

/// Opens the writer's connection with the schema of this hissab.
///
/// Errors: words for the operator.
pub fn open(path: &Path, now: Timestamp) -> Result<Connection, String> {
    let mut conn = connect(path).map_err(|e| e.to_string())?;
    let version = recognise(&conn)?;
    durable(&conn).map_err(|e| e.to_string())?;
    if version < SCHEMA_VERSION {
        if version > 0 {
            back_up(&conn, path, version)?;
        }
        migrate(&mut conn)?;
    }
    identify(&conn, now).map_err(|e| e.to_string())?;
    Ok(conn)
}

/// The schema of a registry, 0 of an empty file.
fn recognise(conn: &Connection) -> Result<u32, String> {
    let application: i32 = value(conn, "application_id")?;
    let version: u32 = value(conn, "user_version")?;
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| e.to_string())?;
    if tables > 0 && application != APPLICATION_ID {
        return Err("it is an SQLite file of another program".to_owned());
    }
    if version > SCHEMA_VERSION {
        return Err(format!(
            "it was written by a newer hissab (schema {version}; this one knows up to {SCHEMA_VERSION})"
        ));
    }
    Ok(version)
}

fn value<T: rusqlite::types::FromSql>(conn: &Connection, pragma: &str) -> Result<T, String> {
    conn.pragma_query_value(None, pragma, |row| row.get(0))
        .map_err(|e| e.to_string())
}

/// WAL and a flush at every commit: acknowledged means durable.
fn durable(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")
}

fn back_up(conn: &Connection, path: &Path, version: u32) -> Result<(), String> {
    let to = path.with_extension(format!("v{version}.db"));
    if to.exists() {
        return Ok(());
    }
    conn.execute("VACUUM INTO ?1", [to.to_string_lossy()])
        .map(drop)
        .map_err(|e| format!("its backup {}: {e}", to.display()))
}

/// A crash between the steps leaves a file that the next start recognises: the application's id is set first.
fn migrate(conn: &mut Connection) -> Result<(), String> {
    conn.pragma_update(None, "application_id", APPLICATION_ID)
        .map_err(|e| e.to_string())?;
    embedded::migrations::runner()
        .run(conn)
        .map_err(|e| e.to_string())?;
    conn.pragma_update(None, "user_version", SCHEMA_VERSION)
        .map_err(|e| e.to_string())
}

/// A server has an id: its access tokens name it, so that another server's are strangers here.
fn identify(conn: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    conn.execute(
        "INSERT INTO server (one, id, created_at) SELECT 1, ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM server)",
        (bytes(&Uuid::now_v7()), now.as_microsecond()),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_known() {
        let runner = embedded::migrations::runner();
        assert_eq!(runner.get_migrations().len(), SCHEMA_VERSION as usize);
    }

    #[test]
    fn a_strange_or_newer_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        super::super::private_file(&path).unwrap();
        let conn = open(&path, Timestamp::UNIX_EPOCH).unwrap();
        conn.pragma_update(None, "user_version", SCHEMA_VERSION + 1)
            .unwrap();
        drop(conn);
        let refused = open(&path, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(refused.contains("newer"), "{refused}");

        let other = folder.path().join("other.db");
        let conn = Connection::open(&other).unwrap();
        conn.execute_batch("CREATE TABLE x (y)").unwrap();
        drop(conn);
        let refused = open(&other, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(refused.contains("another program"), "{refused}");
    }
}
