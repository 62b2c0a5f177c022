//! The schema: created, recognised, migrated. Compared first by `user_version`, then by a
//! fingerprint of every statement in it, so that a trigger dropped by hand is found at open.

use refinery_core::traits::sync::{Query, Transaction as Apply};
use refinery_core::{Migrate, Migration, Target};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::fault::damaged;
use crate::book::{BookError, Result};
use crate::ledger::audit::hex;

/// The embedded migrations of `migrations/sqlite`.
mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// `hisb`, so that `file` and we know a book from any other SQLite file.
pub const APPLICATION_ID: i32 = 0x6869_7362;

/// The newest schema this hissab knows.
pub const SCHEMA_VERSION: u32 = 2;

/// SHA-256 of every schema's statements, oldest first. A test recomputes them from the migrations.
const FINGERPRINTS: [&str; SCHEMA_VERSION as usize] = [
    "4612b30307954b507bda09b3b40f41df8822c8b91def1594ef20a63f9432514b",
    "2a38171834eaf40a3ffc6d092cea87a8a1bd7e0c75812eea9b3bc73e473fc1ac",
];

/// What a file says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No tables at all.
    Empty,
    /// A book of this schema.
    Book(u32),
}

/// Recognises an open file.
///
/// Errors: `NotABook` for other SQLite files, `Newer` for books of a later hissab.
pub fn recognise(conn: &Connection, path: &std::path::Path) -> Result<Found> {
    let application: i32 = match conn.pragma_query_value(None, "application_id", |row| row.get(0)) {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(BookError::NotABook {
                path: path.to_owned(),
                why: "it is not an SQLite file".to_owned(),
            });
        }
        other => other?,
    };
    let version: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application == APPLICATION_ID && version > SCHEMA_VERSION {
        return Err(BookError::Newer {
            found: version,
            known: SCHEMA_VERSION,
        });
    }
    if application == APPLICATION_ID && version > 0 {
        return Ok(Found::Book(version));
    }
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && application == 0 && version == 0 {
        return Ok(Found::Empty);
    }
    Err(BookError::NotABook {
        path: path.to_owned(),
        why: "it is an SQLite file of another program".to_owned(),
    })
}

/// Refuses a schema that is not the one its version had when it was shipped.
pub fn check_fingerprint(conn: &Connection, version: u32) -> Result<()> {
    let want = FINGERPRINTS
        .get(version as usize - 1)
        .copied()
        .unwrap_or("");
    if fingerprint(conn)? == want {
        return Ok(());
    }
    Err(damaged(
        "its schema was changed by hand (a table, index or trigger is not the one hissab made)",
    ))
}

/// SHA-256 over every statement of the schema, in order of name; hex.
pub fn fingerprint(conn: &Connection) -> Result<String> {
    let mut statement = conn.prepare(
        "SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema ORDER BY name, type",
    )?;
    let mut rows = statement.query([])?;
    let mut hasher = Sha256::new();
    while let Some(row) = rows.next()? {
        for column in 0..4 {
            let text = row
                .get_ref(column)?
                .as_str()
                .map_err(|_| damaged("its schema is not text"))?;
            hasher.update((text.len() as u32).to_be_bytes());
            hasher.update(text.as_bytes());
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Applies what is missing, inside the caller's transaction, up to `target` (the newest if `None`).
///
/// Gives the version before.
pub fn migrate(conn: &Connection, target: Option<u32>) -> Result<u32> {
    let before: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let migrations = embedded::migrations::runner().get_migrations().clone();
    let target = target.unwrap_or(SCHEMA_VERSION);
    let wanted = i32::try_from(target).unwrap_or(i32::MAX);
    Inside(conn)
        .migrate(
            &migrations,
            true,
            true,
            true,
            Target::Version(wanted),
            "migration",
        )
        .map_err(|error| damaged(format!("its schema cannot be brought up to date: {error}")))?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.pragma_update(None, "user_version", target)?;
    if before > 0 && before < 2 && target >= 2 {
        super::write::search::rebuild(conn)?;
    }
    Ok(before)
}

/// A connection whose transaction is already open: the runner must not begin its own.
struct Inside<'a>(&'a Connection);

impl Apply for Inside<'_> {
    type Error = rusqlite::Error;

    fn execute<'a, T: Iterator<Item = &'a str>>(
        &mut self,
        queries: T,
    ) -> std::result::Result<usize, Self::Error> {
        let mut count = 0;
        for query in queries {
            self.0.execute_batch(query)?;
            count += 1;
        }
        Ok(count)
    }
}

impl Query<Vec<Migration>> for Inside<'_> {
    fn query(&mut self, query: &str) -> std::result::Result<Vec<Migration>, Self::Error> {
        let mut statement = self.0.prepare(query)?;
        let mut rows = statement.query([])?;
        let mut applied = Vec::new();
        while let Some(row) = rows.next()? {
            let applied_on: String = row.get(2)?;
            let checksum: String = row.get(3)?;
            let format = &time::format_description::well_known::Rfc3339;
            let applied_on = time::OffsetDateTime::parse(&applied_on, format)
                .unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
            applied.push(Migration::applied(
                row.get(0)?,
                row.get(1)?,
                applied_on,
                checksum.parse().unwrap_or(0),
            ));
        }
        Ok(applied)
    }
}

impl Migrate for Inside<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_has_the_fingerprint_it_was_shipped_with() {
        for version in 1..=SCHEMA_VERSION {
            let conn = Connection::open_in_memory().unwrap();
            migrate(&conn, Some(version)).unwrap();
            assert_eq!(
                fingerprint(&conn).unwrap(),
                FINGERPRINTS[version as usize - 1],
                "schema {version}"
            );
        }
    }

    #[test]
    fn the_bundled_sqlite_is_past_the_wal_bug() {
        assert!(
            rusqlite::version_number() >= 3_051_003,
            "{}",
            rusqlite::version()
        );
    }
}
