//! Layered configuration: flag > `HISSAB_*` > nearest `hissab.toml` upward > user > default.
//!
//! A project file may name a book and how things look; it never says who someone is, where a server
//! is, or which program to run, because it may come with a folder somebody else made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::environment::var;
use super::error::{Failure, Result};

/// One thing that can be configured.
pub struct Key {
    pub name: &'static str,
    pub variable: Option<&'static str>,
    pub default: Option<&'static str>,
    /// A project file may set it.
    pub in_project: bool,
    pub about: &'static str,
}

/// Everything that can be configured; besides these, `books.NAME` in the user's file.
pub const KEYS: &[Key] = &[
    Key {
        name: "book",
        variable: Some("HISSAB_BOOK"),
        default: None,
        in_project: true,
        about: "the book to use: a file or a configured name",
    },
    Key {
        name: "user.name",
        variable: Some("HISSAB_USER_NAME"),
        default: None,
        in_project: false,
        about: "who is named in the audit log; default the system user",
    },
    Key {
        name: "color",
        variable: Some("HISSAB_COLOR"),
        default: Some("auto"),
        in_project: true,
        about: "auto, always or never",
    },
    Key {
        name: "pager",
        variable: Some("HISSAB_PAGER"),
        default: Some("less -FRX"),
        in_project: false,
        about: "program for long output on a terminal; empty: none",
    },
    Key {
        name: "editor",
        variable: Some("HISSAB_EDITOR"),
        default: Some("vi"),
        in_project: false,
        about: "program for amend --edit",
    },
    Key {
        name: "wait",
        variable: Some("HISSAB_WAIT"),
        default: Some("30"),
        in_project: true,
        about: "seconds to wait for a busy book",
    },
];

/// The name of a project's file.
pub const PROJECT_FILE: &str = "hissab.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Environment(String),
    Project(PathBuf),
    User(PathBuf),
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Project(path) => write!(f, "project {}", path.display()),
            Origin::User(path) => write!(f, "user {}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub value: String,
    pub origin: Origin,
}

/// A file of settings, flattened: `user.name` → text.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    pub path: PathBuf,
    pub values: BTreeMap<String, String>,
}

/// The files of this process, read once when first needed.
#[derive(Debug, Clone, Default)]
pub struct Config {
    project: Option<Layer>,
    user: Option<Layer>,
}

impl Config {
    /// Reads the project's and the user's file.
    ///
    /// Errors: a file that is not TOML; a project file with a key it may not have (exit 2).
    pub fn load() -> Result<Config> {
        let project = match std::env::current_dir()
            .ok()
            .and_then(|d| nearest_project(&d))
        {
            Some(path) => Some(read_project(&path)?),
            None => None,
        };
        let user = match user_file() {
            Some(path) if path.is_file() => Some(read_layer(&path)?),
            _ => None,
        };
        Ok(Config { project, user })
    }

    /// The value of a key and where it came from.
    pub fn get(&self, name: &str) -> Option<Setting> {
        let key = KEYS.iter().find(|k| k.name == name);
        if let Some(variable) = key.and_then(|k| k.variable)
            && let Ok(value) = std::env::var(variable)
        {
            return Some(Setting {
                value,
                origin: Origin::Environment(variable.to_owned()),
            });
        }
        if let Some((layer, value)) = layer_value(self.project.as_ref(), name) {
            return Some(Setting {
                value,
                origin: Origin::Project(layer.path.clone()),
            });
        }
        if let Some((layer, value)) = layer_value(self.user.as_ref(), name) {
            return Some(Setting {
                value,
                origin: Origin::User(layer.path.clone()),
            });
        }
        let value = fallback(name).or_else(|| key?.default.map(str::to_owned))?;
        Some(Setting {
            value,
            origin: Origin::Default,
        })
    }

    /// The text of a key, if it is set and not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|s| s.value).filter(|v| !v.is_empty())
    }

    /// Books the user has given names, in order of name.
    pub fn books(&self) -> BTreeMap<String, String> {
        let Some(user) = &self.user else {
            return BTreeMap::new();
        };
        user.values
            .iter()
            .filter_map(|(k, v)| Some((k.strip_prefix("books.")?.to_owned(), v.clone())))
            .collect()
    }

    /// Which files were read: `project /shop/hissab.toml, user /home/asha/.config/hissab/config.toml`.
    pub fn layers(&self) -> String {
        let project = self
            .project
            .as_ref()
            .map(|l| Origin::Project(l.path.clone()));
        let user = self.user.as_ref().map(|l| Origin::User(l.path.clone()));
        let read: Vec<String> = project.iter().chain(&user).map(Origin::to_string).collect();
        if read.is_empty() {
            return "no file, only defaults and the environment".to_owned();
        }
        read.join(", ")
    }

    pub fn project(&self) -> Option<&Layer> {
        self.project.as_ref()
    }
}

fn layer_value<'a>(layer: Option<&'a Layer>, name: &str) -> Option<(&'a Layer, String)> {
    let layer = layer?;
    Some((layer, layer.values.get(name)?.clone()))
}

/// Programs people have already chosen for everything.
fn fallback(name: &str) -> Option<String> {
    match name {
        "pager" => std::env::var("PAGER").ok(),
        "editor" => var("VISUAL").or_else(|| var("EDITOR")),
        _ => None,
    }
}

/// The user's configuration file, whether it exists or not.
pub fn user_file() -> Option<PathBuf> {
    ProjectDirs::from("", "", "hissab").map(|d| d.config_dir().join("config.toml"))
}

/// The book used when nothing says which.
pub fn default_book() -> Option<PathBuf> {
    ProjectDirs::from("", "", "hissab").map(|d| d.data_dir().join("book.hissab"))
}

/// Who someone is on each server: private, and so not in the configuration itself.
pub fn credentials_file() -> Result<PathBuf> {
    let dirs = ProjectDirs::from("", "", "hissab").ok_or_else(no_home)?;
    Ok(dirs.config_dir().join("credentials.json"))
}

/// What has to outlive a command and is nobody's document: what waits for a server.
pub fn state_folder() -> Result<PathBuf> {
    let dirs = ProjectDirs::from("", "", "hissab").ok_or_else(no_home)?;
    Ok(dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_owned())
}

fn no_home() -> Failure {
    Failure::usage(
        "no-home",
        "there is no home folder to keep a configuration in",
    )
}

fn nearest_project(from: &Path) -> Option<PathBuf> {
    from.ancestors()
        .map(|d| d.join(PROJECT_FILE))
        .find(|p| p.is_file())
}

/// Reads one file into flat keys.
pub fn read_layer(path: &Path) -> Result<Layer> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
    let table: toml::Table = toml::from_str(&text).map_err(|e| {
        let line = e.span().map_or(1, |s| {
            text[..s.start.min(text.len())].lines().count().max(1)
        });
        Failure::usage(
            "bad-config",
            format!("the configuration cannot be read: {}", e.message()),
        )
        .at(format!("{} line {line}", path.display()))
    })?;
    let mut values = BTreeMap::new();
    flatten("", &table, &mut values).map_err(|name| {
        Failure::usage(
            "bad-config",
            format!("{name} is one value, not a list of them"),
        )
        .at(path.display().to_string())
    })?;
    Ok(Layer {
        path: path.to_owned(),
        values,
    })
}

/// Errors: the name of a setting that is a list.
fn flatten(
    prefix: &str,
    table: &toml::Table,
    into: &mut BTreeMap<String, String>,
) -> std::result::Result<(), String> {
    for (name, value) in table {
        let name = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, into)?,
            toml::Value::Array(_) => return Err(name),
            toml::Value::String(text) => {
                into.insert(name, text.clone());
            }
            other => {
                into.insert(name, other.to_string());
            }
        }
    }
    Ok(())
}

fn read_project(path: &Path) -> Result<Layer> {
    let layer = read_layer(path)?;
    for (name, value) in &layer.values {
        let allowed = KEYS.iter().any(|k| k.name == name && k.in_project);
        if !allowed {
            let failure = Failure::usage(
                "project-config",
                format!("a project's {PROJECT_FILE} may not set {name}"),
            )
            .at(path.display().to_string());
            let known = KEYS.iter().map(|k| k.name);
            let near = known.min_by_key(|k| strsim::damerau_levenshtein(k, name));
            let near = near.filter(|k| strsim::damerau_levenshtein(k, name) <= 2);
            return Err(match near {
                Some(near) if near != name => failure.hint(format!("did you mean {near}?")),
                Some(_) => failure.hint(format!(
                    "remove it there; for yourself: hissab config set {name} {}",
                    super::error::shell_word(value)
                )),
                None => {
                    let may = KEYS.iter().filter(|k| k.in_project).map(|k| k.name);
                    failure.hint(format!("it may set {}", may.collect::<Vec<_>>().join(", ")))
                }
            });
        }
        if name == "book" && crate::client::place::is_url(value) {
            return Err(Failure::usage(
                "project-config",
                format!("a project's {PROJECT_FILE} may not name a server"),
            )
            .at(path.display().to_string()));
        }
    }
    Ok(layer)
}

/// Sets one value in the user's file, keeping its comments and order; gives the file.
pub fn set_user(name: &str, value: &str) -> Result<PathBuf> {
    edit_user(|document| {
        let (table, key) = parts(name);
        match table {
            Some(table) => document[table][key] = toml_edit::value(value),
            None => document[key] = toml_edit::value(value),
        }
        true
    })
    .map(|(path, _)| path)
}

/// Removes one value from the user's file; true if it was there.
pub fn unset_user(name: &str) -> Result<bool> {
    edit_user(|document| {
        let (table, key) = parts(name);
        match table {
            Some(table) => document
                .get_mut(table)
                .and_then(toml_edit::Item::as_table_like_mut)
                .is_some_and(|t| t.remove(key).is_some()),
            None => document.remove(key).is_some(),
        }
    })
    .map(|(_, removed)| removed)
}

fn parts(name: &str) -> (Option<&str>, &str) {
    match name.split_once('.') {
        Some((table, key)) => (Some(table), key),
        None => (None, name),
    }
}

/// Reads, changes and replaces the user's file, 0600, whole or not at all.
fn edit_user(change: impl FnOnce(&mut toml_edit::DocumentMut) -> bool) -> Result<(PathBuf, bool)> {
    use std::io::Write;
    let path = user_file().ok_or_else(no_home)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    // From the reading to the replacing: of two at the same time neither loses what the other wrote.
    let _lock = crate::client::files::lock(&path)?;
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Failure::file(&path, &e)),
    };
    let mut document: toml_edit::DocumentMut = old.parse().map_err(|e: toml_edit::TomlError| {
        Failure::usage(
            "bad-config",
            format!("the configuration cannot be read: {}", e.message()),
        )
        .at(path.display().to_string())
    })?;
    let changed = change(&mut document);
    if changed {
        let mut file =
            tempfile::NamedTempFile::new_in(folder).map_err(|e| Failure::file(folder, &e))?;
        file.write_all(document.to_string().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path)
            .map_err(|e| Failure::file(&path, &e.error))?;
    }
    Ok((path, changed))
}
