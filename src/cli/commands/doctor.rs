//! `hissab doctor`: this machine, looked at for what could go wrong with books on it.

use std::path::Path;

use anyhow::Context as _;

use crate::cli::config::Config;
use crate::cli::context::Context;
use crate::cli::environment;
use crate::cli::error::{Exit, Result};
use crate::cli::locate::At;
use crate::cli::shown::ShownArgs;
use crate::ledger::finding::Severity;
use crate::ledger::plural::counted;
use crate::ledger::settings::BookInfo;
use crate::render::views::ListView;
use crate::render::{Cell, Column};

/// Look at this machine: configuration, book file, permissions, file system, clock, terminal
///
/// Exit 3 if something would keep hissab from working.
///
/// Example: hissab doctor
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub shown: ShownArgs,
}

/// One thing looked at.
pub struct Look {
    what: &'static str,
    /// `None`: as it should be.
    severity: Option<Severity>,
    found: String,
}

impl Look {
    pub fn fine(what: &'static str, found: impl Into<String>) -> Look {
        Look {
            what,
            severity: None,
            found: found.into(),
        }
    }

    pub fn bad(what: &'static str, severity: Severity, found: impl Into<String>) -> Look {
        Look {
            what,
            severity: Some(severity),
            found: found.into(),
        }
    }
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let looks = looks(ctx);
    let rows = looks.iter().map(|look| {
        let state = look.severity.map_or("ok", Severity::word);
        vec![
            Cell::Word(state),
            Cell::Word(look.what),
            Cell::text(&look.found),
        ]
    });
    let view = ListView {
        schema: "doctor/1",
        title: Vec::new(),
        columns: ["state", "what", "found"].map(Column::text).to_vec(),
        headings: vec!["State", "What", "Found"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    let failed = looks.iter().any(|l| l.severity == Some(Severity::Error));
    Ok(if failed { Exit::Unproved } else { Exit::Ok })
}

fn looks(ctx: &Context) -> Vec<Look> {
    let mut looks = vec![
        Look::fine(
            "hissab",
            format!(
                "{} on {} {}",
                env!("CARGO_PKG_VERSION"),
                std::env::consts::OS,
                std::env::consts::ARCH
            ),
        ),
        configuration(ctx),
    ];
    looks.push(who(ctx));
    looks.extend(book(ctx));
    looks.push(clock(ctx));
    looks.push(zone());
    looks.push(terminal(ctx));
    looks.push(temporary());
    looks
}

fn zone() -> Look {
    match environment::unknown_zone() {
        None => Look::fine("time zone", environment::zone_name()),
        Some(named) => Look::bad(
            "time zone",
            Severity::Warning,
            format!("TZ is {named:?}, which names no zone: UTC is taken"),
        ),
    }
}

fn configuration(ctx: &Context) -> Look {
    // What every writer would refuse is no sound configuration.
    match Config::load().and_then(|_| ctx.wait()) {
        Ok(_) => Look::fine("configuration", "read"),
        Err(failure) => Look::bad("configuration", Severity::Error, failure.message),
    }
}

fn who(ctx: &Context) -> Look {
    match ctx.who() {
        Ok(name) if name == "unknown" => Look::bad(
            "your name",
            Severity::Warning,
            "not known: the audit log will say \"unknown\"; hissab config set user.name NAME",
        ),
        Ok(name) => Look::fine("your name", name),
        Err(failure) => Look::bad("your name", Severity::Error, failure.message),
    }
}

fn book(ctx: &Context) -> Vec<Look> {
    let located = match ctx.located() {
        Ok(located) => located,
        Err(failure) => return vec![Look::bad("book", Severity::Warning, failure.message)],
    };
    let named = format!("{} ({})", located.shown(), located.source.word());
    let path = match located.at {
        At::File(path) => path,
        At::Remote(place) => return super::doctor_server::looks(ctx, &place, named),
    };
    if !path.exists() {
        let words = format!("{named} is not there yet: hissab init");
        return vec![Look::bad("book", Severity::Warning, words)];
    }
    let mut looks = vec![match opened(&path) {
        Ok(info) => Look::fine(
            "book",
            format!(
                "{named}: {}, schema {}, {}",
                info.settings.name,
                info.schema_version,
                counted(info.transactions, "transaction")
            ),
        ),
        Err(error) => Look::bad("book", Severity::Error, format!("{named}: {error:#}")),
    }];
    looks.extend(permissions(&path));
    looks.push(folder(&path));
    looks.extend(file_system(&path));
    looks
}

/// What the book says of itself: every step a command needs before it can do anything.
fn opened(path: &Path) -> anyhow::Result<BookInfo> {
    let mut book = crate::book::open::read(path).context("it cannot be opened")?;
    let info = book.info().context("it cannot say what it is")?;
    book.chart().context("its accounts cannot be read")?;
    Ok(info)
}

/// Books are their owner's alone.
#[cfg(unix)]
fn permissions(path: &Path) -> Option<Look> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    Some(if mode & 0o077 == 0 {
        Look::fine("book's permissions", format!("{mode:04o}"))
    } else {
        let words = format!("{mode:04o}: others can read it; chmod 600");
        Look::bad("book's permissions", Severity::Warning, words)
    })
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Option<Look> {
    None
}

/// Writers need the folder too: the log of a write stands beside the book.
fn folder(path: &Path) -> Look {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match tempfile::tempfile_in(folder) {
        Ok(_) => Look::fine("book's folder", "can be written"),
        Err(error) => Look::bad(
            "book's folder",
            Severity::Warning,
            format!("cannot be written ({error}): reading works, recording does not"),
        ),
    }
}

/// SQLite's locks and shared memory do not hold over a network.
#[cfg(target_os = "linux")]
fn file_system(path: &Path) -> Option<Look> {
    let full = path.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let (_, kind) = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (_, at, kind) = (words.next()?, words.next()?, words.next()?);
            full.starts_with(at).then_some((at.len(), kind))
        })
        .max_by_key(|(length, _)| *length)?;
    let remote = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs"];
    Some(if remote.contains(&kind) {
        let words = format!("{kind}: on a network; keep the book on a disk of this machine");
        Look::bad("file system", Severity::Warning, words)
    } else {
        Look::fine("file system", kind)
    })
}

#[cfg(not(target_os = "linux"))]
fn file_system(_: &Path) -> Option<Look> {
    None
}

fn clock(ctx: &Context) -> Look {
    let now = ctx.now();
    let words = now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    // Nothing is recorded before this was written.
    if now.as_second() < 1_735_689_600 {
        return Look::bad("clock", Severity::Error, format!("{words}: wrong"));
    }
    Look::fine("clock", words)
}

fn terminal(ctx: &Context) -> Look {
    let what = if ctx.terminal.stdout {
        format!("{} columns", ctx.width())
    } else {
        "output goes to a file or a pipe".to_owned()
    };
    let colour = if ctx.out.colour() { "with" } else { "without" };
    Look::fine("terminal", format!("{what}, {colour} colours"))
}

fn temporary() -> Look {
    match tempfile::tempfile() {
        Ok(_) => Look::fine(
            "temporary folder",
            std::env::temp_dir().display().to_string(),
        ),
        Err(error) => Look::bad("temporary folder", Severity::Error, error.to_string()),
    }
}
