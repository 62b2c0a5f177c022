//! Whole copies of a book: backups while others write, restores under the write lock, migrations after a backup.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::connection::{connect, folder_of, io};
use super::schema::{self, Found, SCHEMA_VERSION};
use super::{SqliteBook, drafts, fault::damaged};
use crate::book::{Book, BookError, CheckDepth, Result};

/// Writes a consistent copy to a path that does not exist yet, mode 0600; `--once` keys and the mark stay behind.
pub fn snapshot(conn: &Connection, to: &Path) -> Result<()> {
    refuse_existing(to)?;
    let draft = drafts::begin(drafts::COPY, to)?;
    let mut copy = connect(
        draft.path(),
        OpenFlags::SQLITE_OPEN_READ_WRITE,
        Duration::from_secs(30),
    )?;
    pages(conn, &mut copy)?;
    // The copy is a plain file of its own: no log beside it, and has neither request keys nor mark.
    copy.execute_batch(
        "PRAGMA journal_mode = DELETE; DELETE FROM request; DELETE FROM mark; PRAGMA journal_mode = WAL",
    )?;
    copy.close().map_err(|(_, error)| BookError::from(error))?;
    drafts::publish(draft, to)
}

/// A copy is never written over something.
pub(super) fn refuse_existing(to: &Path) -> Result<()> {
    if fs::symlink_metadata(to).is_err() {
        return Ok(());
    }
    Err(BookError::Conflict {
        code: "file-exists",
        message: format!("{} exists already", to.display()),
        hint: Some("choose another name, or remove it first".to_owned()),
        operation: None,
    })
}

/// Copies every page; a writer in between makes SQLite start over by itself.
fn pages(from: &Connection, to: &mut Connection) -> Result<()> {
    let backup = Backup::new(from, to)?;
    loop {
        match backup.step(1024)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => return Err(BookError::Busy),
        }
    }
}

impl SqliteBook {
    /// Fills this book with the content of another, under the write lock, after a backup beside it.
    ///
    /// Errors: `Damaged` if the other does not prove; this book is then as it was. Gives the backup's path.
    pub fn restore_from(&mut self, from: &Path) -> Result<PathBuf> {
        let mut source = SqliteBook::open_read(from, self.wait)?;
        prove(&mut source)?;
        let backup = beside(&self.path, "before-restore");
        snapshot(&self.conn, &backup)?;
        pages(&source.conn, &mut self.conn)?;
        // A file copied by hand may be marked: what is filled from it is not.
        self.conn
            .execute_batch("PRAGMA journal_mode = WAL; DELETE FROM mark")?;
        let path = self.path.clone();
        let wait = self.wait;
        *self = SqliteBook::open_write(&path, wait)?;
        Ok(backup)
    }

    /// Makes a book at a path where nothing is from a backup that proves.
    pub fn restore_new(from: &Path, to: &Path, wait: Duration) -> Result<()> {
        let mut source = SqliteBook::open_read(from, wait)?;
        prove(&mut source)?;
        snapshot(&source.conn, to)
    }
}

/// A backup is trusted after every check of it passed.
fn prove(source: &mut SqliteBook) -> Result<()> {
    match source
        .check(CheckDepth::Deep)?
        .into_iter()
        .find_map(|outcome| outcome.findings.into_iter().next())
    {
        None => Ok(()),
        Some(finding) => Err(damaged(format!(
            "{}: {}",
            source.path.display(),
            finding.message
        ))),
    }
}

/// A free name beside a book: `shop.before-restore-2.hissab`.
pub fn beside(path: &Path, what: &str) -> PathBuf {
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut count = 1;
    loop {
        let number = if count == 1 {
            String::new()
        } else {
            format!("-{count}")
        };
        let candidate = path.with_file_name(format!("{stem}.{what}{number}.hissab"));
        if fs::symlink_metadata(&candidate).is_err() {
            return candidate;
        }
        count += 1;
    }
}

/// Brings a book up to date: the write lock first, a copy from a second connection, then the migration.
pub fn migrate_after_backup(conn: &mut Connection, path: &Path) -> Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version >= SCHEMA_VERSION {
        return Ok(()); // another process was faster
    }
    let second = connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE,
        Duration::from_secs(30),
    )?;
    let backup = beside(path, &format!("schema-{version}"));
    let draft = backup.with_extension("tmp");
    let _ = fs::remove_file(&draft);
    second.execute("VACUUM INTO ?1", [draft.to_string_lossy()])?;
    restrict(&draft)?;
    fs::File::open(&draft)
        .and_then(|f| f.sync_all())
        .map_err(|e| io(&draft, &e))?;
    fs::rename(&draft, &backup).map_err(|e| io(&backup, &e))?;
    drafts::sync_folder(folder_of(&backup))?;
    schema::migrate(&tx, None)?;
    tx.commit()?;
    Ok(())
}

#[cfg(unix)]
fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|e| io(path, &e))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> Result<()> {
    Ok(())
}

/// A reader of an older schema looks at a migrated copy; the book stays as it is.
pub fn read_older(conn: Connection, path: PathBuf, wait: Duration) -> Result<SqliteBook> {
    let folder = tempfile::Builder::new()
        .prefix("hissab-")
        .tempdir()
        .map_err(|e| io(Path::new("the temporary folder"), &e))?;
    let at = folder.path().join("copy.hissab");
    let mut copy = Connection::open(&at)?;
    pages(&conn, &mut copy)?;
    drop(conn);
    copy.execute_batch("PRAGMA journal_mode = MEMORY")?;
    match schema::recognise(&copy, &path)? {
        Found::Book(version) => schema::check_fingerprint(&copy, version)?,
        Found::Empty => return Err(damaged("it is empty")),
    }
    let tx = copy.transaction()?;
    schema::migrate(&tx, None)?;
    tx.commit()?;
    copy.pragma_update(None, "query_only", true)?;
    SqliteBook::of(
        copy,
        path,
        wait,
        Some("it was opened to read".to_owned()),
        Some(folder),
    )
}
