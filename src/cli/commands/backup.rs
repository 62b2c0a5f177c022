//! `hissab backup [FILE]`: a consistent copy, while others may write, checked before it is called one.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::book::{self, Book, CheckDepth};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::locate::{At, Located};
use crate::cli::progress::Progress;
use crate::cli::targets;
use crate::ledger::audit::hex;
use crate::ledger::finding::Severity;
use crate::ledger::plural::counted;
use crate::ledger::settings::BookInfo;
use crate::render::sanitize;

/// Copy the book to a file that does not exist yet, and check the copy as restore does
///
/// A copy that does not prove is no backup, and is not kept: exit 10. To keep one for whoever repairs the book,
/// --unchecked.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab backup /media/stick/shop-2026-04-07.hissab")]
pub struct Args {
    /// Where to [default: beside the book, with date and time in its name]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Copy the book as it is, damaged or not; the copy is not checked
    #[arg(long)]
    pub unchecked: bool,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if !ctx.globals.files.is_empty() {
        return Err(Failure::usage(
            "journals-are-read-only",
            "-f reads journals; there is no book to back up",
        )
        .hint("copy the journal files themselves"));
    }
    ctx.words_or_json()?;
    let located = ctx.located()?;
    let mut book = ctx.open_read()?;
    let to = match args.file {
        Some(file) => file,
        None => free(&beside(&local_name(&located), "", ctx.now())),
    };
    let progress = Progress::begin(ctx, "backing up", None);
    let info = match args.unchecked {
        false => make(book.as_mut(), &to)?,
        true => {
            copy(book.as_mut(), &to)?;
            book.info()?
        }
    };
    drop(progress);
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/backup/1",
            "book": info.settings.name,
            "file": to.display().to_string(),
            "transactions": info.transactions,
            "sequence": info.sequence,
            "head": info.head.map(|h| hex(&h)),
            "checked": !args.unchecked,
        });
        writeln!(ctx.out, "{object}")?;
    } else {
        let line = format!(
            "{} · backed up to {}: {}, {}, {}",
            info.settings.name,
            to.display(),
            counted(info.transactions, "transaction"),
            head_words(&info),
            if args.unchecked {
                "not checked"
            } else {
                "checked"
            }
        );
        writeln!(ctx.out, "{}", sanitize::line(&line))?;
    }
    Ok(Exit::Ok)
}

/// The book's file; of a remote book its name here.
fn local_name(located: &Located) -> PathBuf {
    match &located.at {
        At::File(path) => path.clone(),
        At::Remote(place) => PathBuf::from(format!("{}.hissab", place.org)),
    }
}

/// Makes a backup and proves it as `restore` does before it takes it; a copy that does not is taken away again.
pub fn make(book: &mut dyn Book, to: &Path) -> Result<BookInfo> {
    copy(book, to)?;
    match checked(to) {
        Ok(info) => Ok(info),
        Err(failure) => {
            // A bad copy must not be taken for a backup; if it cannot go, the error still says so.
            let _ = std::fs::remove_file(to);
            Err(failure.context("the backup does not check").into())
        }
    }
}

/// Copies the book to a file that is not there yet.
fn copy(book: &mut dyn Book, to: &Path) -> Result<()> {
    targets::no_dash(to)?;
    if to.symlink_metadata().is_ok() {
        return Err(Failure::conflict(
            "file-exists",
            format!("{} exists already, and no file is replaced", to.display()),
        )
        .hint("give another name, or move the old file away"));
    }
    let folder = to.parent().filter(|f| !f.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|f| !f.is_dir()) {
        return Err(Failure::no_folder(folder));
    }
    book.snapshot(to)
        .with_context(|| format!("copying the book to {}", to.display()))?;
    Ok(())
}

/// Opens a file as a book and runs the storage checks on it.
fn checked(path: &Path) -> anyhow::Result<BookInfo> {
    let mut copy = book::open::read(path).context("opening the copy")?;
    sound(copy.as_mut(), CheckDepth::Deep, path)?;
    copy.info().context("reading the copy")
}

/// Fails if the storage checks of a book find an error.
pub fn sound(book: &mut dyn Book, depth: CheckDepth, path: &Path) -> Result<()> {
    let outcomes = book.check(depth)?;
    let mut errors = outcomes
        .iter()
        .flat_map(|outcome| &outcome.findings)
        .filter(|finding| finding.severity == Severity::Error);
    let Some(first) = errors.next() else {
        return Ok(());
    };
    let shown = path.display();
    let mut failure = Failure::new(
        Exit::Unavailable,
        "damaged",
        format!(
            "{shown} does not hold what it must: {}: {}",
            first.code, first.message
        ),
    )
    .hint(format!(
        "hissab -B {} check --deep",
        shell_word(&shown.to_string())
    ));
    for finding in errors.take(4) {
        failure = failure.at(format!("{}: {}", finding.code, finding.message));
    }
    Err(failure)
}

/// `shop-2026-04-07-120000.hissab`, beside `shop.hissab`.
pub fn beside(book: &Path, label: &str, now: jiff::Timestamp) -> PathBuf {
    let stem = book.file_stem().unwrap_or_default().to_string_lossy();
    let at = now.strftime("%Y-%m-%d-%H%M%S");
    book.with_file_name(format!("{stem}{label}-{at}.hissab"))
}

/// The first name that is free: of two backups in one second the other is `…-2.hissab`.
fn free(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let again = (2..).map(|n| path.with_file_name(format!("{stem}-{n}.hissab")));
    std::iter::once(path.to_owned())
        .chain(again)
        .find(|path| path.symlink_metadata().is_err())
        .unwrap_or_else(|| path.to_owned())
}

/// `change 1061, audit head 3f9ac2d17b04`
pub fn head_words(info: &BookInfo) -> String {
    match info.head {
        Some(head) => format!("change {}, audit head {}", info.sequence, &hex(&head)[..12]),
        None => format!("change {}", info.sequence),
    }
}
