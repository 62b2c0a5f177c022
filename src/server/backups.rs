//! Backups by the clock: every book and the registry, each a consistent copy, in a folder of its own.
//!
//! A backup appears under its name when it is whole; the oldest beyond those to keep go after that.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::config::Backups;
use super::lanes::Place;
use super::problem::{Answer, Problem};
use super::registry::orgs;
use super::state::Shared;
use crate::book::{self, BookError, CheckDepth};
use crate::ledger::finding::Severity;

/// How the names of backups that are not whole yet begin.
const DRAFT: &str = ".part-";
/// How they are named: the instant in UTC, so that they sort by age.
const NAME: &str = "%Y%m%dT%H%M%SZ";
/// How soon a backup that failed is tried again.
const AGAIN: Duration = Duration::from_secs(600);

/// Backs up for as long as the server runs: at once if the newest backup is older than asked for.
pub async fn run(app: Shared, told: Backups) {
    loop {
        let wait = match due(&told, app.now()) {
            Some(wait) => wait,
            None => match make(&app, &told).await {
                Ok(path) => {
                    log(&app, "info", "backed up", &path.display().to_string());
                    for problem in prove(path).await {
                        log(&app, "error", "a backup does not prove", &problem);
                    }
                    continue;
                }
                Err(problem) => {
                    let why = problem.internal.unwrap_or(problem.detail);
                    log(&app, "error", "the backup failed", &why);
                    AGAIN
                }
            },
        };
        let mut stopping = app.stopping.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

fn log(app: &Shared, level: &str, message: &str, what: &str) {
    let line = serde_json::json!({ "at": app.now().to_string(), "level": level, "message": message, "backup": what });
    app.config.log.line(line.to_string());
}

/// How long until the next one; `None`: now.
fn due(told: &Backups, now: Timestamp) -> Option<Duration> {
    let newest = kept(&told.folder).ok()?.pop()?;
    let name = newest.file_name()?.to_str()?.to_owned();
    let made = jiff::civil::DateTime::strptime(NAME, name).ok()?;
    let made = made.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    let age = Duration::try_from(now.duration_since(made)).unwrap_or_default();
    told.every.checked_sub(age).filter(|wait| !wait.is_zero())
}

/// Whole backups, the oldest first.
fn kept(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder)? {
        let path = item?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if jiff::civil::DateTime::strptime(NAME, &*name).is_ok() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Makes one backup and gives its folder.
pub async fn make(app: &Shared, told: &Backups) -> Answer<PathBuf> {
    let name = app.now().strftime(NAME).to_string();
    let (draft, whole) = (
        told.folder.join(format!("{DRAFT}{name}")),
        told.folder.join(name),
    );
    super::make_folder(&told.folder).map_err(Problem::internal)?;
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(Problem::internal)?;
    }
    super::make_folder(&draft.join("books")).map_err(Problem::internal)?;
    for org in app.registry.read(orgs::all)? {
        let place = Place {
            org: org.id,
            file: app.books().join(&org.file),
        };
        let to = draft.join("books").join(&org.file);
        copy(app, &place, to).await?;
    }
    // The registry last: it names no book that is not there.
    let registry = draft.join("server.db");
    super::registry::private_file(&registry).map_err(Problem::internal)?;
    let copied = app.registry.clone();
    tokio::task::spawn_blocking(move || copied.copy_to(&registry))
        .await
        .map_err(Problem::internal)??;
    fs::rename(&draft, &whole).map_err(Problem::internal)?;
    fs::File::open(&told.folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Problem::internal)?;
    thin(told).map_err(Problem::internal)?;
    Ok(whole)
}

/// Proves the books of a backup as `restore` would before it takes one, on a thread of its own: a line for each
/// that does not. They are kept all the same: the other books are whole, and a damaged one may be all there is.
pub async fn prove(backup: PathBuf) -> Vec<String> {
    let proved = tokio::task::spawn_blocking(move || {
        let books = fs::read_dir(backup.join("books")).map_err(|e| e.to_string())?;
        let paths = books.filter_map(|item| Some(item.ok()?.path()));
        Ok(paths.filter_map(|path| fault(&path)).collect())
    });
    let failed = |why: String| vec![why];
    match proved.await {
        Ok(found) => found.unwrap_or_else(failed),
        Err(error) => failed(error.to_string()),
    }
}

/// The first thing that is wrong with a book.
fn fault(path: &Path) -> Option<String> {
    let checked = book::open::read(path).and_then(|mut book| book.check(CheckDepth::Deep));
    let why = match checked {
        Ok(outcomes) => {
            let mut findings = outcomes.into_iter().flat_map(|outcome| outcome.findings);
            let error = findings.find(|finding| finding.severity == Severity::Error)?;
            format!("{}: {}", error.code, error.message)
        }
        Err(error) => error.to_string(),
    };
    Some(format!("{}: {why}", path.display()))
}

/// Copies one book on a thread of its own: a large one does not hold up the others' readers.
async fn copy(app: &Shared, place: &Place, to: PathBuf) -> Answer<()> {
    let copied = app.lanes.stream(place, move |book, push| {
        let _ = push(book.snapshot(&to));
    });
    let lost = || BookError::Io {
        what: format!("{} cannot be read", place.file.display()),
    };
    Ok(copied?.recv().await.ok_or_else(lost)??)
}

/// Removes the oldest beyond those to keep, and what was never finished.
fn thin(told: &Backups) -> std::io::Result<()> {
    let whole = kept(&told.folder)?;
    let spare = whole.len().saturating_sub(told.keep.max(1));
    for old in &whole[..spare] {
        fs::remove_dir_all(old)?;
    }
    for item in fs::read_dir(&told.folder)? {
        let path = item?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(DRAFT) {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}
