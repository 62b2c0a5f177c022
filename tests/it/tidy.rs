//! The house keeps its shape: who may import whom (design, "The house"), and no stray stubs.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may import from.
const ROOMS: &[(&str, &[&str])] = &[
    ("ledger", &[]),
    ("reports", &["ledger"]),
    // `book/remote` reaches a server through the client; the port itself knows neither.
    ("book", &["ledger", "wire", "client"]),
    ("formats", &["ledger"]),
    ("render", &["ledger", "reports"]),
    (
        "export",
        &["ledger", "reports", "book", "formats", "render"],
    ),
    ("wire", &["ledger", "reports", "book"]),
    ("client", &["ledger", "wire"]),
    (
        "server",
        &[
            "ledger", "reports", "book", "wire", "formats", "render", "export",
        ],
    ),
    (
        "cli",
        &[
            "ledger", "reports", "book", "wire", "client", "formats", "render", "export", "server",
        ],
    ),
];

/// Crates and standard modules, and the only rooms (or files) that may name them.
const OWNED: &[(&str, &[&str])] = &[
    ("rusqlite", &["book/sqlite", "server/registry"]),
    (
        "refinery",
        &["book/sqlite", "book/postgres", "server/registry"],
    ),
    ("reqwest", &["client", "server/traces/otlp.rs"]),
    ("::redis", &["server/limits"]),
    ("axum", &["server"]),
    ("tower", &["server"]),
    ("tower_http", &["server"]),
    ("tokio", &["client", "server", "book/postgres"]),
    ("tokio_postgres", &["book/postgres", "server/registry"]),
    ("deadpool_postgres", &["book/postgres", "server/registry"]),
    ("clap", &["cli"]),
    ("dialoguer", &["cli"]),
    ("comfy_table", &["render"]),
    ("rust_xlsxwriter", &["render"]),
    (
        "std::fs",
        &[
            "book",
            "client",
            "server",
            "formats",
            "cli",
            "main.rs",
            "render/output.rs",
        ],
    ),
    ("std::env", &["cli", "main.rs", "book/open.rs"]),
    (
        "std::net",
        &[
            "client",
            "server",
            "wire/host.rs",
            "book/postgres/secure.rs",
            "cli/commands/serve.rs",
            "cli/commands/serve_store.rs",
        ],
    ),
    (
        "std::thread",
        &["book/sqlite", "cli", "formats", "client", "server"],
    ),
    (
        "serde",
        &[
            "book/sqlite",
            "book/stored",
            "book/postgres",
            "book/remote",
            "cli",
            "render",
            "formats",
            "wire",
            "client",
            "server",
        ],
    ),
];

/// Unit tests that would double the size of their module live beside it, in `NAME_tests.rs`.
fn is_product_code(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".rs") && !name.ends_with("_tests.rs")
}

pub fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if is_product_code(&path) {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|p| {
            (
                p.strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
                fs::read_to_string(&p).unwrap(),
            )
        })
        .collect()
}

/// The code of a file without its comments and unit tests, one statement a line as written.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

#[test]
fn rooms_import_only_inward() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some((room, allowed)) = ROOMS
            .iter()
            .find(|(room, _)| file.starts_with(&format!("{room}/")))
        else {
            continue;
        };
        for (line, code) in code(&text) {
            for (other, _) in ROOMS
                .iter()
                .filter(|(other, _)| other != room && !allowed.contains(other))
            {
                if code.contains(&format!("crate::{other}::"))
                    || code.contains(&format!("crate::{other};"))
                {
                    wrong.push(format!(
                        "src/{file}:{line}: {room} imports {other}: {}",
                        code.trim()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_stay_in_the_rooms_that_own_them() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (line, code) in code(&text) {
            for (name, owners) in OWNED {
                let named =
                    code.contains(&format!("{name}::")) || code.contains(&format!("use {name};"));
                if named && !owners.iter().any(|o| file.starts_with(o)) {
                    wrong.push(format!(
                        "src/{file}:{line}: {name} does not belong here: {}",
                        code.trim()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_has_no_floats_clock_or_panicking_shortcuts() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if !(file.starts_with("ledger/") || file.starts_with("reports/")) {
            continue;
        }
        for (line, code) in code(&text) {
            for bad in [
                "f64",
                "f32",
                "Timestamp::now",
                "Zoned::now",
                ".unwrap()",
                "todo!",
                "println!",
            ] {
                if code.contains(bad) {
                    wrong.push(format!("src/{file}:{line}: {bad}: {}", code.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_migration_has_a_name_the_runner_knows() {
    // A migration by any other name is skipped in silence.
    for folder in ["migrations/sqlite", "migrations/server"] {
        known_to_the_runner(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    }
}

fn known_to_the_runner(folder: &Path) {
    let mut versions = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let stem = name
            .strip_suffix(".sql")
            .unwrap_or_else(|| panic!("{name} is not .sql"));
        let (version, what) = stem
            .split_once("__")
            .unwrap_or_else(|| panic!("{name} lacks __"));
        assert!(!what.is_empty(), "{name} lacks a name");
        versions.push(
            version
                .strip_prefix('V')
                .and_then(|v| v.parse::<u32>().ok())
                .unwrap_or_else(|| panic!("{name}: V0001")),
        );
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=versions.len() as u32).collect::<Vec<_>>());
    assert!(!versions.is_empty());
}
