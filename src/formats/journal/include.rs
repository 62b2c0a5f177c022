//! Which files an `include` directive means: a path or a glob, relative to the including file.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::error::Fault;

/// How many files one `include` may match.
const MATCHES_MAX: usize = 10_000;

/// How many folders `**` goes down.
const DEPTH_MAX: usize = 32;

/// The files meant, in order of path, the including file itself left out.
///
/// `written` without its format prefix. `*` and `?` and `[a-z]` match within one name, `**` any
/// folders; names beginning with a dot only match patterns that begin with one.
pub(in crate::formats) fn files(
    written: &str,
    from: &Path,
    home: Option<&Path>,
) -> Result<Vec<PathBuf>, Fault> {
    let base = from.parent().unwrap_or(Path::new(""));
    let path = match (written.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => base.join(written),
    };
    if !written.contains(['*', '?', '[']) {
        return Ok(vec![path]);
    }
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let Component::Normal(name) = part else {
            found.iter_mut().for_each(|f| f.push(part));
            continue;
        };
        let pattern = name.to_string_lossy();
        let mut next = Vec::new();
        for folder in &found {
            match &*pattern {
                "**" => below(folder, DEPTH_MAX, &mut next)?,
                plain if !plain.contains(['*', '?', '[']) => next.push(folder.join(plain)),
                pattern => next.extend(
                    children(folder)
                        .into_iter()
                        .filter(|(name, _)| matches(pattern, name))
                        .map(|(_, path)| path),
                ),
            }
            if next.len() > MATCHES_MAX {
                return Err(too_many());
            }
        }
        found = next;
    }
    let own = fs::canonicalize(from).ok();
    found.retain(|f| f.is_file() && (own.is_none() || fs::canonicalize(f).ok() != own));
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(Fault::new(
            "include-not-found",
            format!("no file matches {written}"),
        ));
    }
    Ok(found)
}

fn too_many() -> Fault {
    Fault::new(
        "include-too-many",
        format!("more than {MATCHES_MAX} files match"),
    )
}

/// A folder and all folders below it.
fn below(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> Result<(), Fault> {
    into.push(folder.to_path_buf());
    if into.len() > MATCHES_MAX || depth == 0 {
        return Err(too_many());
    }
    for (name, path) in children(folder) {
        let real_folder = fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir());
        if real_folder && !name.starts_with('.') {
            below(&path, depth - 1, into)?;
        }
    }
    Ok(())
}

fn children(folder: &Path) -> Vec<(String, PathBuf)> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|e| (e.file_name().to_string_lossy().into_owned(), e.path()))
        .collect()
}

/// Whether one name fits one pattern without slashes.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some('?') => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            Some('[') => {
                if let Some((fits, end)) = class(&pattern, p, name[n])
                    && fits
                {
                    (p, n) = (end, n + 1);
                    continue;
                }
            }
            Some(c) if *c == name[n] => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            _ => {}
        }
        // The newest star takes one more character.
        let Some((after, taken)) = star else {
            return false;
        };
        (p, n) = (after, taken + 1);
        star = Some((after, taken + 1));
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether a character is in the class that begins at `[`, and where the class ends.
fn class(pattern: &[char], open: usize, c: char) -> Option<(bool, usize)> {
    let close = open + 1 + pattern[open + 1..].iter().position(|p| *p == ']')?;
    let mut inside = &pattern[open + 1..close];
    let negated = matches!(inside.first(), Some('!' | '^'));
    if negated {
        inside = &inside[1..];
    }
    let mut fits = false;
    let mut at = 0;
    while at < inside.len() {
        if at + 2 < inside.len() && inside[at + 1] == '-' {
            fits |= (inside[at]..=inside[at + 2]).contains(&c);
            at += 3;
        } else {
            fits |= inside[at] == c;
            at += 1;
        }
    }
    Some((fits != negated, close + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_names() {
        for (pattern, name, fits) in [
            ("*.journal", "a.journal", true),
            ("*.journal", ".a.journal", false),
            ("202?.j", "2024.j", true),
            ("202[0-4].j", "2025.j", false),
            ("202[!0-4].j", "2025.j", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("[", "[", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
