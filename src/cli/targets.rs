//! Files that output may not replace: books, what SQLite keeps beside them, and what the same command reads.
//!
//! Files are told by what they are, not by their names: a link, or another way to write the path, leads to the
//! same file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::{Failure, Result, shell_word};
use crate::book::sqlite::APPLICATION_ID;

/// What SQLite puts beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
const DATABASE: &[u8] = b"SQLite format 3\0";
/// A write-ahead log, of either byte order, and a rollback journal.
const LOGS: [&[u8]; 3] = [
    &[0x37, 0x7f, 0x06, 0x82],
    &[0x37, 0x7f, 0x06, 0x83],
    &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7],
];
/// As much of a file as says what it is: SQLite's header.
const HEAD_BYTES: usize = 100;
/// Where the header has the program's number.
const APPLICATION_AT: usize = 68;

/// Whether two paths lead to one file that is there.
pub fn is_same(a: &Path, b: &Path) -> bool {
    match (identity(a), identity(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// Whether a path leads to the file that standard input comes from.
#[cfg(unix)]
pub fn is_stdin(path: &Path) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let stdin = std::io::stdin().as_fd().try_clone_to_owned();
    let Ok(stdin) = stdin.and_then(|stdin| File::from(stdin).metadata()) else {
        return false;
    };
    // Devices and pipes are written to, never replaced.
    stdin.is_file() && identity(path) == Some((stdin.dev(), stdin.ino()))
}

#[cfg(not(unix))]
pub fn is_stdin(_path: &Path) -> bool {
    false
}

/// Refuses to write over a book, another database, or what SQLite keeps beside one.
///
/// Errors: exit 7, nothing was written.
pub fn spare_books(path: &Path) -> Result<()> {
    let head = head(path);
    if let Some(what) = kept(&head) {
        return Err(refused_book(path, what));
    }
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = resolved.to_string_lossy();
    let base = BESIDE.iter().find_map(|ending| name.strip_suffix(ending));
    match base.filter(|base| head_is_database(Path::new(base))) {
        Some(base) => Err(refused_book(path, &format!("part of the book {base}"))),
        None => Ok(()),
    }
}

/// What a file is, if it is one that output never replaces.
fn kept(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(DATABASE) {
        let number = head.get(APPLICATION_AT..APPLICATION_AT + 4);
        let is_ours = number == Some(APPLICATION_ID.to_be_bytes().as_slice());
        return Some(if is_ours {
            "a hissab book"
        } else {
            "a database"
        });
    }
    let is_log = LOGS.iter().any(|log| head.starts_with(log));
    is_log.then_some("part of a book")
}

fn head_is_database(path: &Path) -> bool {
    head(path).starts_with(DATABASE)
}

/// The first bytes of a regular file; none of what is not one.
fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    // To open a pipe would wait for whoever writes into it.
    if !std::fs::metadata(path).is_ok_and(|meta| meta.is_file()) {
        return head;
    }
    if let Ok(file) = File::open(path) {
        // What cannot be read is no book of ours.
        let _ = file.take(HEAD_BYTES as u64).read_to_end(&mut head);
    }
    head
}

/// Refuses `-` where a book needs a file of its own.
///
/// Errors: exit 2, nothing was written.
pub fn no_dash(path: &Path) -> Result<()> {
    if path.as_os_str() != "-" {
        return Ok(());
    }
    Err(Failure::usage(
        "no-stdin",
        "- is standard input or output, and a book needs a file",
    )
    .hint("name a file; one that is called - is ./-"))
}

/// Why a file is not replaced, and what to do instead.
pub fn refused(path: &Path, what: &str) -> Failure {
    let shown = path.display().to_string();
    let other = PathBuf::from(format!("{shown}.out"));
    Failure::conflict(
        "would-overwrite",
        format!("{shown} is {what}: output never replaces it"),
    )
    .hint(format!(
        "name another file, like {}",
        shell_word(&other.display().to_string())
    ))
}

/// The same of a book: whoever meant to copy it is told how.
fn refused_book(path: &Path, what: &str) -> Failure {
    refused(path, what).hint("to copy a book: hissab backup FILE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_and_their_logs_are_spared_and_reports_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let mut ours = DATABASE.to_vec();
        ours.resize(APPLICATION_AT, 0);
        ours.extend(APPLICATION_ID.to_be_bytes());
        let message = |path: &Path| spare_books(path).unwrap_err().message;
        assert!(message(&file("a.csv", &ours)).contains("a hissab book"));
        assert!(message(&file("b.csv", DATABASE)).contains("a database"));
        assert!(message(&file("c.csv", LOGS[0])).contains("part of a book"));
        for ending in BESIDE {
            let beside = folder.path().join(format!("a.csv{ending}"));
            assert!(message(&beside).contains("part of the book"));
        }
        assert!(spare_books(&file("d.csv", b"account,debit\n")).is_ok());
        assert!(spare_books(&file("d.csv-wal", b"")).is_ok());
        assert!(spare_books(&folder.path().join("nothing")).is_ok());
    }

    #[test]
    fn one_file_is_the_same_by_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&a, "x").unwrap();
        std::fs::write(&b, "x").unwrap();
        assert!(!is_same(&a, &b));
        assert!(is_same(&a, &folder.path().join(".").join("a")));
        std::fs::remove_file(&b).unwrap();
        assert!(!is_same(&a, &b));
        std::fs::hard_link(&a, &b).unwrap();
        assert_eq!(is_same(&a, &b), cfg!(unix));
    }
}
