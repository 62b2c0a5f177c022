//! Files that were kept when a book was filled from another: which there are beside it, and how they go.
//!
//! One goes only if the book holds all of it: the same book, further along the same chain. What a restore went back
//! behind is nowhere else, and stays.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::continuing::continues;
use super::{Result, open};

/// What is between a book's name and its ending in the name of such a file.
const MARK: &str = ".before-restore";

/// The files kept beside a book, and since when, the oldest first.
pub fn beside(book: &Path) -> std::io::Result<Vec<(String, Timestamp)>> {
    let (Some(folder), Some(stem)) = (book.parent(), book.file_stem()) else {
        return Ok(Vec::new());
    };
    let stem = stem.to_string_lossy();
    let mut found = Vec::new();
    for item in fs::read_dir(folder)? {
        let item = item?;
        let name = item.file_name().to_string_lossy().into_owned();
        if is_kept(&name, &stem) {
            let since = Timestamp::try_from(item.metadata()?.modified()?);
            found.push((name, since.unwrap_or(Timestamp::MAX)));
        }
    }
    found.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    Ok(found)
}

/// `shop.before-restore.hissab`, `shop.before-restore-2.hissab`.
fn is_kept(name: &str, stem: &str) -> bool {
    let number = name
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix(MARK))
        .and_then(|rest| rest.strip_suffix(".hissab"));
    number.is_some_and(|number| {
        let digits = number.strip_prefix('-').unwrap_or("1");
        (number.is_empty() || number.starts_with('-'))
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Removes a file that was kept beside a book, if the book holds all of it.
///
/// Errors: `not-a-continuation` and `other-book` if it does not, and nothing is changed.
pub fn discard(book: &Path, name: &str) -> Result<()> {
    let file: PathBuf = book.with_file_name(name);
    let kept = open::read(&file)?.info()?;
    continues(&kept, open::read(book)?.as_mut())?;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(super::BookError::Io {
                    what: format!("{} cannot be removed: {error}", file.display()),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_were_kept_are_taken_for_kept_ones() {
        for kept in [
            "shop.before-restore.hissab",
            "shop.before-restore-12.hissab",
        ] {
            assert!(is_kept(kept, "shop"), "{kept}");
        }
        for other in [
            "shop.hissab",
            "shop.before-restore",
            "shop.before-restore-.hissab",
            "shop.before-restore-x.hissab",
            "shop.before-restorex.hissab",
            "shop2.before-restore.hissab",
            "shop.before-restore.hissab-wal",
        ] {
            assert!(!is_kept(other, "shop"), "{other}");
        }
    }
}
