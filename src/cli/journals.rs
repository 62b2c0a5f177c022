//! `-f FILE`: plain-text journals, and whole books of other tools, as a nameless read-only book.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::environment;
use super::error::{Exit, Failure, Result};
use super::importing::gnucash_rows;
use crate::book::Book;
use crate::book::memory::MemoryBook;
use crate::formats::journal::{self, Dialect, Input, JournalError, ReadJournal, ReadOptions};
use crate::formats::whole::{self, Tool};

/// Errors listed before the rest is only counted.
const SHOWN_MAX: usize = 20;

/// Reads the journals of `-f` into a book in memory.
///
/// Errors: everything that is wrong with them, listed, exit 1; a missing file is exit 6.
pub fn open(ctx: &Context) -> Result<Box<dyn Book>> {
    let inputs = ctx
        .globals
        .files
        .iter()
        .map(|name| input(name))
        .collect::<Result<Vec<_>>>()?;
    let options = ReadOptions {
        home: environment::var("HOME").map(PathBuf::from),
        ignore_assertions: ctx.globals.ignore_assertions,
        ignore_plugins: ctx.globals.ignore_plugins,
        zone: jiff::tz::TimeZone::system(),
        ..ReadOptions::new(ctx.today(&environment::zone_name())?)
    };
    let read = match database(&inputs) {
        Some(path) if inputs.len() > 1 => {
            let what = format!("{} is a database: -f reads it alone", path.display());
            return Err(Failure::usage("unsupported", what));
        }
        Some(path) => gnucash_rows::read(&path.display().to_string(), &path, &options)?,
        None => whole::read(inputs, &options).map_err(|errors| refused(&errors))?,
    };
    spare(ctx, &read)?;
    for line in read.notes.to_string().lines() {
        ctx.note(&format!("note: {line}"));
    }
    Ok(Box::new(MemoryBook::new(read.book)))
}

/// Refuses an output that would replace a journal that was read, or what one includes.
pub fn spare(ctx: &Context, read: &ReadJournal) -> Result<()> {
    let mut sources = read.sources.iter();
    sources.try_for_each(|source| ctx.spare(Path::new(&*source.name)))
}

/// The first input that is a SQLite file.
fn database(inputs: &[(Option<Tool>, Input)]) -> Option<PathBuf> {
    inputs
        .iter()
        .find_map(|(tool, input)| match (tool, &input.from) {
            (None | Some(Tool::Gnucash), journal::From::Path(path)) => {
                gnucash_rows::is_sqlite(path).then(|| path.clone())
            }
            _ => None,
        })
}

/// A file by name, with the prefix that says whose journal it is; `-` is stdin.
fn input(name: &str) -> Result<(Option<Tool>, Input)> {
    let (tool, path) = match name.split_once(':') {
        Some(("hledger", path)) => (Some(Tool::Journal(Dialect::Hledger)), path),
        Some(("ledger", path)) => (Some(Tool::Journal(Dialect::Ledger)), path),
        Some(("beancount", path)) => (Some(Tool::Beancount), path),
        Some(("gnucash", path)) => (Some(Tool::Gnucash), path),
        Some(("tally", path)) => (Some(Tool::TallyXml), path),
        Some(("csv" | "ssv" | "tsv", path)) => (Some(Tool::Ruled), path),
        Some((format @ ("timedot" | "timeclock"), _)) => {
            return Err(Failure::usage(
                "unsupported",
                format!("-f does not read {format} files: {name}"),
            )
            .hint("turn it into a journal: hledger -f FILE print > FILE.journal"));
        }
        _ => (None, name),
    };
    if path == "-" {
        let input = Input {
            name: "-".to_owned(),
            dialect: Dialect::Auto,
            from: journal::From::Reader(Box::new(std::io::stdin())),
        };
        return Ok((tool, input));
    }
    let path = PathBuf::from(path);
    match std::fs::metadata(&path) {
        Ok(meta) if meta.is_dir() => Err(Failure::refused(
            "is-a-directory",
            format!("{} is a folder, not a journal", path.display()),
        )),
        Ok(_) => Ok((tool, Input::path(path, Dialect::Auto))),
        Err(error) => Err(Failure::file(&path, &error)),
    }
}

/// Everything that is wrong with journals, as one failure.
pub fn refused(errors: &[JournalError]) -> Failure {
    let [first, ..] = errors else {
        return Failure::refused("journal", "the journals cannot be read");
    };
    if let [only] = errors {
        let mut failure =
            Failure::new(Exit::Failed, only.fault.code, only.fault.message.clone()).at(place(only));
        failure.hints.extend(only.fault.hint.clone());
        return failure;
    }
    let mut failure = Failure::new(
        Exit::Failed,
        first.fault.code,
        format!("{} things are wrong with the journals", errors.len()),
    );
    for error in errors.iter().take(SHOWN_MAX) {
        failure = failure.at(format!("{}: {}", place(error), error.fault.message));
    }
    if errors.len() > SHOWN_MAX {
        failure = failure.at(format!("and {} more", errors.len() - SHOWN_MAX));
    }
    failure.hints.extend(first.fault.hint.clone());
    if errors.iter().all(|e| e.fault.code == "assertion-failed") {
        failure = failure.hint("-I reports although assertions fail");
    }
    failure
}

/// `shop.journal:14:7  the line`
fn place(error: &JournalError) -> String {
    let mut place = error.file.to_string();
    for number in [error.line, u64::from(error.column)] {
        if number > 0 {
            place.push_str(&format!(":{number}"));
        }
    }
    if !error.text.is_empty() {
        place.push_str(&format!("  {}", error.text.trim()));
    }
    place
}
