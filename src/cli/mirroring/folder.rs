//! The folder of a mirror: which files in it are ours, and writing one whole or not at all.
//!
//! A file is ours if it has the name of one of a mirror and begins with its sign. Others are never
//! touched; a foreign file under such a name stops everything before anything is written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::cli::error::{Failure, Result, shell_word};
use crate::formats::mirror::{MAIN, SIGN, is_ours, month_of};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 30;

pub struct Folder {
    path: PathBuf,
    ours: BTreeSet<String>,
}

impl Folder {
    /// A folder to write into: a mirror, or empty but for files that begin with a dot, or not there yet.
    pub fn to_write(path: &Path) -> Result<Folder> {
        let there = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                std::fs::create_dir_all(path).map_err(|e| Failure::file(path, &e))?;
                return Ok(Folder {
                    path: path.to_owned(),
                    ours: BTreeSet::new(),
                });
            }
            Err(error) => return Err(Failure::file(path, &error)),
        };
        let names = there
            .map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(|e| Failure::file(path, &e))?;
        let is_empty = names.iter().all(|name| name.starts_with('.'));
        if !is_empty && !is_mirror(path) {
            let shown = path.display();
            return Err(Failure::conflict(
                "not-a-mirror",
                format!("{shown} is not empty, and no mirror: nothing was written"),
            )
            .hint(format!(
                "name a new folder: hissab mirror {}",
                shell_word(&path.join("books").display().to_string())
            )));
        }
        Folder::known(path)
    }

    /// A mirror to compare or read.
    pub fn to_read(path: &Path) -> Result<Folder> {
        std::fs::read_dir(path).map_err(|e| Failure::file(path, &e))?;
        if !is_mirror(path) {
            // A mirror is only written where nothing else lies.
            let is_empty = names_in(path)?.iter().all(|name| name.starts_with('.'));
            let place = if is_empty {
                path.to_owned()
            } else {
                path.join("books")
            };
            return Err(Failure::refused(
                "not-a-mirror",
                format!(
                    "{} is no mirror: it has no {MAIN} that begins with {SIGN:?}",
                    path.display()
                ),
            )
            .hint(format!(
                "to make one: hissab mirror {}",
                shell_word(&place.display().to_string())
            )));
        }
        Folder::known(path)
    }

    fn known(path: &Path) -> Result<Folder> {
        let mut folder = Folder {
            path: path.to_owned(),
            ours: BTreeSet::new(),
        };
        let mut names = vec![MAIN.to_owned()];
        for year in names_in(path)? {
            if year.len() == 4 && month_of(&format!("{year}/01.journal")).is_some() {
                let months = names_in(&path.join(&year))?;
                names.extend(months.iter().map(|month| format!("{year}/{month}")));
            }
        }
        for name in names {
            if name != MAIN && month_of(&name).is_none() {
                continue;
            }
            let full = path.join(&name);
            match std::fs::symlink_metadata(&full) {
                Err(_) => continue,
                Ok(meta) if meta.is_file() && is_sealed(&full) => folder.ours.insert(name),
                Ok(_) => {
                    return Err(Failure::conflict(
                        "foreign-file",
                        format!(
                            "{} has the name of a mirror's file and is none: nothing was touched",
                            full.display()
                        ),
                    )
                    .hint("move it away, or mirror into another folder"));
                }
            };
        }
        Ok(folder)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Files of a mirror that are there, by path within it.
    pub fn ours(&self) -> &BTreeSet<String> {
        &self.ours
    }

    /// The content of a file of ours; `None` if it is not there.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        if !self.ours.contains(name) {
            return Ok(None);
        }
        let path = self.path.join(name);
        let failed = |e: std::io::Error| Failure::file(&path, &e);
        let file = File::open(&path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(Failure::refused(
                "too-large",
                format!("{} is larger than 1 GiB", path.display()),
            ));
        }
        Ok(Some(bytes))
    }

    /// Writes a file, whole or not at all, unless it says just this already: true if it did not.
    pub fn write(&self, name: &str, text: &str) -> Result<bool> {
        if self
            .read(name)?
            .is_some_and(|there| there == text.as_bytes())
        {
            return Ok(false);
        }
        let path = self.path.join(name);
        let failed = |e: &std::io::Error| Failure::file(&path, e);
        let within = path.parent().unwrap_or(&self.path);
        std::fs::create_dir_all(within).map_err(|e| failed(&e))?;
        let mut file = crate::cli::output::draft(&path, within).map_err(|e| failed(&e))?;
        file.write_all(text.as_bytes()).map_err(|e| failed(&e))?;
        file.as_file().sync_all().map_err(|e| failed(&e))?;
        file.persist(&path).map_err(|e| failed(&e.error))?;
        Ok(true)
    }

    /// Takes a file of ours away, and its year if nothing else is in it.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        std::fs::remove_file(&path).map_err(|e| Failure::file(&path, &e))?;
        if let Some(year) = path.parent().filter(|year| *year != self.path) {
            // Anything else in it is not ours, and keeps it.
            let _ = std::fs::remove_dir(year);
        }
        Ok(())
    }
}

/// Whether a folder, or the folder of a file, holds a mirror; then the folder.
pub fn mirror_at(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return is_mirror(path).then(|| path.to_owned());
    }
    let is_main = path.file_name().is_some_and(|name| name == MAIN);
    let folder = path.parent()?;
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    (is_main && is_mirror(folder)).then(|| folder.to_owned())
}

fn is_mirror(path: &Path) -> bool {
    is_sealed(&path.join(MAIN))
}

/// Whether a file begins with the sign.
fn is_sealed(path: &Path) -> bool {
    let mut head = vec![0; SIGN.len() + 1];
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let mut length = 0;
    while length < head.len() {
        match file.read(&mut head[length..]) {
            Ok(0) | Err(_) => break,
            Ok(count) => length += count,
        }
    }
    is_ours(&head[..length])
}

fn names_in(path: &Path) -> Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(path) else {
        // A file with the name of a year is not ours, and in nobody's way until that year comes.
        return Ok(Vec::new());
    };
    let names = entries.map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()));
    names
        .collect::<std::io::Result<_>>()
        .map_err(|e| Failure::file(path, &e))
}
