//! The private files of this room: 0600 in a 0700 folder, replaced whole, written by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{ClientError, Result};

/// How long another process may hold a lock: longer than a request may take.
const LOCK_WAIT: Duration = Duration::from_secs(90);
const LOCK_LOOK: Duration = Duration::from_millis(10);

/// Held until dropped; the system lets go of it when a process dies.
pub struct Lock(#[allow(dead_code)] File);

/// Waits for the lock of a path: a file beside it that is never replaced.
///
/// Errors: `Io` if another process holds it for longer than any request takes.
pub fn lock(path: &Path) -> Result<Lock> {
    make_folder(path)?;
    let beside = path.with_extension("lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    owner_only(&mut options);
    let file = options
        .open(&beside)
        .map_err(|e| ClientError::file(&beside, &e))?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::WouldBlock) if since.elapsed() < LOCK_WAIT => {
                std::thread::sleep(LOCK_LOOK);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(ClientError::Io {
                    what: format!("{} is held by another hissab", beside.display()),
                });
            }
            Err(TryLockError::Error(error)) => return Err(ClientError::file(&beside, &error)),
        }
    }
}

/// A file's bytes; `None` if it is not there.
///
/// Errors: `Io`, also where others could read or change it: what it holds is secret.
pub fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(ClientError::file(path, &e)),
    };
    refuse_shared(path, &file)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| ClientError::file(path, &e))?;
    if bytes.len() as u64 > bytes_max {
        return Err(ClientError::Io {
            what: format!("{} is larger than it can be", path.display()),
        });
    }
    Ok(Some(bytes))
}

/// Replaces a file, whole or not at all, and makes that durable.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    make_folder(path)?;
    let failed = |e: io::Error| ClientError::file(path, &e);
    let folder = path.parent().unwrap_or(Path::new("."));
    // A temporary file is made 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    sync_folder(folder);
    Ok(())
}

/// Makes a removal or a new name durable, where the system can.
pub fn sync_folder(folder: &Path) {
    // Windows has no such call, and some file systems refuse it: the file itself is synced.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Makes the folder a file stands in, its owner's alone.
pub fn make_folder(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .map_err(|e| ClientError::file(folder, &e))
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_options: &mut OpenOptions) {}

#[cfg(unix)]
fn refuse_shared(path: &Path, file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file
        .metadata()
        .map_err(|e| ClientError::file(path, &e))?
        .permissions()
        .mode()
        & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(ClientError::Io {
        what: format!(
            "{} holds secrets and others can read it (mode {mode:04o}): chmod 600 it, then change what it held",
            path.display()
        ),
    })
}

#[cfg(not(unix))]
fn refuse_shared(_path: &Path, _file: &File) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_written_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/secret.json");
        replace(&path, b"{}").unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(read(&path, 10).unwrap().unwrap(), b"{}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = read(&path, 10).unwrap_err().to_string();
        assert!(refused.contains("chmod 600"), "{refused}");
    }

    #[test]
    fn a_file_that_is_not_there_is_none_and_a_large_one_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x");
        assert!(read(&path, 10).unwrap().is_none());
        replace(&path, b"12345678901").unwrap();
        assert!(read(&path, 10).is_err());
    }
}
