//! Files that are not books yet: drafts beside where the book will stand, under names of their own. Whoever
//! makes one holds a lock on it, so that what a killed process left behind can be told from work in progress.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::connection::{folder_of, io};
use crate::book::Result;
use crate::book::litter::{self, Mark};

/// A book that is being made.
pub const NEW: &str = ".hissab-new-";
/// A copy that is being made.
pub const COPY: &str = ".hissab-copy-";
const ENDING: &str = ".tmp";
/// What SQLite puts beside a file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Younger ones may have an owner who does not hold the lock yet.
const STALE_AFTER: Duration = Duration::from_secs(60 * 60);

/// A draft and the mark that sweeps it away if the process is told to stop.
pub struct Draft {
    file: NamedTempFile,
    _mark: Mark,
}

impl Draft {
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

/// A locked draft beside `target`, mode 0600; what others left there long ago is swept away first.
pub fn begin(kind: &str, target: &Path) -> Result<Draft> {
    let folder = folder_of(target);
    sweep(folder);
    let draft = tempfile::Builder::new()
        .prefix(kind)
        .suffix(ENDING)
        .tempfile_in(folder)
        .map_err(|e| io(folder, &e))?;
    // A file system without locks: its drafts are never swept while they are young.
    let _ = draft.as_file().try_lock();
    Ok(Draft {
        _mark: litter::mark(draft.path()),
        file: draft,
    })
}

/// Gives a finished draft its name, durably: the book is there, or it is an error and nothing is there.
pub fn publish(draft: Draft, target: &Path) -> Result<()> {
    let file = draft.file;
    file.as_file().sync_all().map_err(|e| io(target, &e))?;
    file.persist_noclobber(target)
        .map_err(|e| io(target, &e.error))?;
    sync_folder(folder_of(target)).inspect_err(|_| {
        // Without its folder the name may be gone after a power cut: better gone now, with an error.
        let _ = fs::remove_file(target);
    })
}

/// Makes names in a folder durable.
///
/// Errors: the folder cannot be flushed. File systems that flush no folders are as safe as they can be.
pub fn sync_folder(folder: &Path) -> Result<()> {
    match File::open(folder).and_then(|f| f.sync_all()) {
        Err(error) if !flushes_no_folders(&error) => Err(io(folder, &error)),
        _ => Ok(()),
    }
}

fn flushes_no_folders(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidInput, Unsupported};
    // On Windows a folder cannot be opened as a file.
    matches!(error.kind(), InvalidInput | Unsupported) || cfg!(windows)
}

/// Removes drafts whose makers were killed: old enough, and nobody holds the lock. Never an error: what
/// cannot be removed is in nobody's way.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_draft = (name.starts_with(NEW) || name.starts_with(COPY)) && name.ends_with(ENDING);
        if is_draft && is_abandoned(&entry.path()) {
            let _ = fs::remove_file(entry.path());
            for ending in BESIDE {
                let _ = fs::remove_file(folder.join(format!("{name}{ending}")));
            }
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return false;
    };
    let age = meta
        .modified()
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok());
    meta.is_file()
        && age.is_some_and(|age| age >= STALE_AFTER)
        && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    fn aged(path: &Path, age: Duration) {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    #[test]
    fn only_old_drafts_that_nobody_holds_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let old = [
            ".hissab-new-a.tmp",
            ".hissab-new-a.tmp-wal",
            ".hissab-copy-b.tmp",
        ];
        let kept = [
            ".hissab-new-young.tmp",
            "shop.hissab",
            ".hissab-new-x",
            "notes.tmp",
        ];
        for name in old.iter().chain(&kept) {
            fs::write(at(name), "x").unwrap();
            aged(&at(name), STALE_AFTER + Duration::from_secs(60));
        }
        aged(&at(".hissab-new-young.tmp"), Duration::from_secs(60));
        let held = begin(COPY, &at("copy.hissab")).unwrap();
        aged(held.path(), 2 * STALE_AFTER);
        sweep(folder.path());
        for name in old {
            assert!(!at(name).exists(), "{name}");
        }
        for name in kept {
            assert!(at(name).exists(), "{name}");
        }
        assert!(held.path().exists());
        let path = held.path().to_owned();
        publish(held, &at("copy.hissab")).unwrap();
        assert!(at("copy.hissab").exists() && !path.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_flushed_is_an_error_one_that_never_is_is_not() {
        assert!(sync_folder(Path::new("/nonexistent-folder-of-a-test")).is_err());
        for (kind, tolerated) in [
            (ErrorKind::InvalidInput, true),
            (ErrorKind::Unsupported, true),
            (ErrorKind::StorageFull, false),
            (ErrorKind::Other, false),
        ] {
            let tolerated = tolerated || cfg!(windows);
            assert_eq!(flushes_no_folders(&Error::from(kind)), tolerated, "{kind}");
        }
    }
}
