//! Saved profiles: TOML files in `profiles/` of the user's configuration folder.

use std::path::{Path, PathBuf};

use crate::cli::config;
use crate::cli::error::{Failure, Result};
use crate::formats::rules::Rules;
use crate::formats::rules::profile::{self, Profile};

/// A profile with the file it is in.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: String,
    pub path: PathBuf,
    pub profile: Profile,
}

fn folder() -> Option<PathBuf> {
    Some(config::user_file()?.parent()?.join("profiles"))
}

fn path_of(name: &str) -> Result<PathBuf> {
    let plain = !name.is_empty()
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "-_ .".contains(c));
    if !plain {
        return Err(Failure::usage(
            "bad-profile-name",
            format!("a profile cannot be called {name:?}"),
        )
        .hint("use letters, digits and hyphens"));
    }
    let folder = folder().ok_or_else(|| {
        Failure::refused(
            "no-config-folder",
            "there is no folder for configuration: HOME is not set",
        )
    })?;
    Ok(folder.join(format!("{name}.toml")))
}

fn load(path: &Path, name: &str) -> Result<Named> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
    let profile = profile::parse(&text).map_err(|fault| {
        let mut failure = Failure::usage(
            fault.code,
            format!("the profile {name} cannot be read: {}", fault.why),
        );
        failure = failure.at(format!("{}:{}", path.display(), fault.place()));
        failure
    })?;
    Ok(Named {
        name: name.to_owned(),
        path: path.to_owned(),
        profile,
    })
}

/// A profile by name.
pub fn named(name: &str) -> Result<Named> {
    let path = path_of(name)?;
    if !path.is_file() {
        let names: Vec<String> = all()?.into_iter().map(|p| p.name).collect();
        let mut failure =
            Failure::not_found("unknown-profile", format!("there is no profile {name:?}"));
        if !names.is_empty() {
            failure = failure.hint(format!("profiles: {}", names.join(", ")));
        }
        return Err(failure.hint(format!(
            "to make it: hissab import FILE --account ACCOUNT --save-profile {name}"
        )));
    }
    load(&path, name)
}

/// Every profile, by name.
fn all() -> Result<Vec<Named>> {
    let Some(entries) = folder().and_then(|f| std::fs::read_dir(f).ok()) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            load(
                path,
                &path.file_stem().unwrap_or_default().to_string_lossy(),
            )
        })
        .collect()
}

/// The profile saved from a file with these columns; of several, the one of `account`.
///
/// Errors: several fit, exit 2.
pub fn by_fingerprint(fingerprint: &str, account: Option<&str>) -> Result<Option<Named>> {
    let mut fitting: Vec<Named> = all()?
        .into_iter()
        .filter(|p| p.profile.fingerprint.as_deref() == Some(fingerprint))
        .collect();
    if let Some(account) = account {
        fitting.retain(|p| p.profile.account.as_deref().is_none_or(|a| a == account));
    }
    only_one(fitting)
}

/// The profile that knows these account numbers of a bank.
///
/// Errors: several do, exit 2.
pub fn by_numbers(numbers: &[&str]) -> Result<Option<Named>> {
    let knows = |profile: &Profile| {
        let mut known = profile.accounts.keys().map(|k| profile::plain_number(k));
        known.any(|k| numbers.iter().any(|n| profile::plain_number(n) == k))
    };
    only_one(all()?.into_iter().filter(|p| knows(&p.profile)).collect())
}

fn only_one(mut fitting: Vec<Named>) -> Result<Option<Named>> {
    match fitting.len() {
        0 | 1 => Ok(fitting.pop()),
        _ => {
            let names: Vec<&str> = fitting.iter().map(|p| p.name.as_str()).collect();
            Err(Failure::usage(
                "several-profiles",
                format!(
                    "{} profiles fit the file: {}",
                    names.len(),
                    names.join(", ")
                ),
            )
            .hint(format!("name one: --profile {}", names[0])))
        }
    }
}

/// Saves a profile, whole or not at all, for its user only. Rules that an older one of the name holds stay.
pub fn save(name: &str, mut saved: Profile) -> Result<PathBuf> {
    let path = path_of(name)?;
    if path.is_file() {
        let older = load(&path, name)?.profile;
        saved.inline = older.inline;
        for (number, account) in older.accounts {
            saved.accounts.entry(number).or_insert(account);
        }
    }
    let text = profile::write(&saved).map_err(|fault| Failure::refused(fault.code, fault.why))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    let mut file =
        tempfile::NamedTempFile::new_in(folder).map_err(|e| Failure::file(folder, &e))?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(|e| Failure::file(&path, &e))?;
    file.as_file()
        .sync_all()
        .map_err(|e| Failure::file(&path, &e))?;
    file.persist(&path)
        .map_err(|e| Failure::file(&path, &e.error))?;
    Ok(path)
}

/// Rules from a file, ours or hledger's; what it includes is looked for beside it.
pub fn rules_file(path: &Path) -> Result<Rules> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| Failure::file(path, &e))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::refused("not-text", format!("{shown} is not UTF-8 text")))?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut include =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|e| e.to_string());
    profile::rules_file(&text, &mut include).map_err(|fault| {
        let mut failure = Failure::refused(
            fault.code,
            format!("the rules cannot be read: {}", fault.why),
        );
        let place = fault.place();
        if !place.is_empty() {
            failure = failure.at(format!(
                "{shown}:{place}: {}",
                fault.text.unwrap_or_default()
            ));
        }
        failure.hints.extend(fault.hint);
        failure
    })
}

/// The rules of a profile: its own, or those of the file it names (relative to the profile).
pub fn rules_of(named: &Named) -> Result<Option<Rules>> {
    if let Some(file) = &named.profile.rules {
        let folder = named.path.parent().unwrap_or(Path::new("."));
        return rules_file(&folder.join(file)).map(Some);
    }
    if named.profile.inline.is_empty() {
        return Ok(None);
    }
    let rules = profile::inline_rules(&named.profile.inline);
    rules.map(Some).map_err(|fault| {
        let failure = Failure::usage(fault.code, fault.why).at(named.path.display().to_string());
        Failure {
            hints: fault.hint.into_iter().collect(),
            ..failure
        }
    })
}
