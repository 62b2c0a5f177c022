//! `hissab mirror DIR`: a copy of the book as text, for git. `--check` says whether book and text agree.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::mirroring::folder::Folder;
use crate::cli::mirroring::{self, Difference, Kind};
use crate::cli::progress::Progress;
use crate::cli::shown::ShownArgs;
use crate::cli::targets;
use crate::ledger::plural::counted;
use crate::render::views::ListView;
use crate::render::{Cell, Column, Json, sanitize};

/// Write the book as text for git, one journal a month, or see whether such a copy still agrees
///
/// DIR gets main.journal and a file a month; hledger -f DIR/main.journal reads them. The same book gives
/// the same bytes; only files that changed are written. hissab import DIR makes the same book again in an
/// empty one: everything but the audit log, imported rows and the ids of accounts.
#[derive(clap::Args)]
#[command(after_help = "Example: hissab mirror books && git -C books add -A")]
pub struct Args {
    /// The folder: a mirror, empty, or not there yet
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,

    /// Write nothing; list what differs (exit 3 if anything does)
    #[arg(long)]
    pub check: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if !ctx.globals.files.is_empty() {
        return Err(Failure::usage(
            "journals-are-read-only",
            "-f reads journals, which are text already; a mirror is made of a book",
        ));
    }
    if args.check {
        return check(ctx, &args);
    }
    args.shown.refuse("--check")?;
    ctx.words_or_json()?;
    targets::no_dash(&args.folder)?;
    let mut book = ctx.open_read()?;
    let info = book.info()?;
    let folder = Folder::to_write(&args.folder)?;
    let progress = Progress::begin(ctx, "mirroring", Some(info.transactions));
    let (mut written, mut same) = (0, 0);
    let mut kept = BTreeSet::new();
    let count = mirroring::files(book.as_mut(), &mut || progress.step(), &mut |path, text| {
        match folder.write(path, text)? {
            true => written += 1,
            false => same += 1,
        }
        kept.insert(path.to_owned());
        Ok(())
    })?;
    let gone: Vec<&String> = folder.ours().difference(&kept).collect();
    for path in &gone {
        folder.remove(path)?;
    }
    drop(progress);
    let removed = gone.len() as u64;
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/mirror/1",
            "book": info.settings.name,
            "folder": args.folder.display().to_string(),
            "transactions": count,
            "written": written,
            "unchanged": same,
            "removed": removed,
        });
        writeln!(ctx.out, "{object}")?;
    } else if !ctx.globals.quiet {
        let line = format!(
            "{} · {} mirrored to {}: {written} written, {same} unchanged, {removed} removed",
            info.settings.name,
            counted(count, "transaction"),
            args.folder.display()
        );
        writeln!(ctx.out, "{}", sanitize::line(&line))?;
    }
    Ok(Exit::Ok)
}

fn check(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut book = ctx.open_read()?;
    let info = book.info()?;
    let folder = Folder::to_read(&args.folder)?;
    let progress = Progress::begin(ctx, "comparing", Some(info.transactions));
    let found = mirroring::compare(book.as_mut(), &folder, &mut || progress.step())?;
    drop(progress);
    args.shown.show(ctx, &view(&info.settings.name, &found))?;
    if found.is_empty() {
        return Ok(Exit::Ok);
    }
    let word = shell_word(&args.folder.display().to_string());
    ctx.note(&format!(
        "book and mirror differ in {}; to write the book's: hissab mirror {word}",
        counted(found.len() as u64, "file")
    ));
    Ok(Exit::Unproved)
}

fn view<'a>(name: &str, found: &'a [Difference]) -> ListView<'a> {
    let row = |difference: &'a Difference| {
        let (line, text) = match &difference.kind {
            Kind::Changed { line, text } => (Cell::Number(*line), Cell::maybe(Some(text))),
            Kind::Missing | Kind::Extra => (Cell::Empty, Cell::Empty),
        };
        vec![
            Cell::Text(Cow::Borrowed(&difference.file)),
            Cell::Word(difference.kind.word()),
            line,
            text,
        ]
    };
    ListView {
        schema: "mirror-check/1",
        title: vec!["Mirror".to_owned(), name.to_owned()],
        columns: vec![
            Column::text("file"),
            Column::text("state"),
            Column::number("line"),
            Column::text("text"),
        ],
        headings: vec!["File", "State", "Line", "Text there"],
        rows: found.iter().map(row).collect(),
        head: vec![("equal", Json::Bool(found.is_empty()))],
        notes: if found.is_empty() {
            vec!["Book and mirror agree".to_owned()]
        } else {
            Vec::new()
        },
    }
}
