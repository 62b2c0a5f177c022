//! `hissab backup [FILE]`: a consistent copy, while others may write, checked before it is called one.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::book::{self, Book, CheckDepth};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::locate::{At, Located};
use crate::cli::progress::Progress;
use crate::ledger::audit::hex;
use crate::ledger::finding::Severity;
use crate::ledger::plural::counted;
use crate::ledger::settings::BookInfo;
use crate::render::sanitize;

/// Copy the book to a file that does not exist yet, and check the copy
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab backup /media/stick/shop-2026-04-07.hissab")]
pub struct Args {
    /// Where to [default: beside the book, with date and time in its name]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if !ctx.globals.files.is_empty() {
        return Err(Failure::usage(
            "journals-are-read-only",
            "-f reads journals; there is no book to back up",
        )
        .hint("copy the journal files themselves"));
    }
    let located = ctx.located()?;
    let mut book = ctx.open_read()?;
    let to = args
        .file
        .unwrap_or_else(|| beside(&local_name(&located), "", ctx.now()));
    let progress = Progress::begin(ctx, "backing up", None);
    let info = make(book.as_mut(), &to)?;
    drop(progress);
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/backup/1",
            "book": info.settings.name,
            "file": to.display().to_string(),
            "transactions": info.transactions,
            "sequence": info.sequence,
            "head": info.head.map(|h| hex(&h)),
        });
        writeln!(ctx.out, "{object}")?;
    } else {
        let line = format!(
            "{} · backed up to {}: {}, {}, checked",
            info.settings.name,
            to.display(),
            counted(info.transactions, "transaction"),
            head_words(&info)
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

/// Makes a backup and checks it; a copy that does not check is taken away again.
pub fn make(book: &mut dyn Book, to: &Path) -> Result<BookInfo> {
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
    match checked(to) {
        Ok(info) => Ok(info),
        Err(failure) => {
            // A bad copy must not be taken for a backup; if it cannot go, the error still says so.
            let _ = std::fs::remove_file(to);
            Err(failure.context("the backup does not check").into())
        }
    }
}

/// Opens a file as a book and runs the storage checks on it.
fn checked(path: &Path) -> anyhow::Result<BookInfo> {
    let mut copy = book::open::read(path).context("opening the copy")?;
    sound(copy.as_mut(), CheckDepth::Quick, path)?;
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

/// `change 1061, audit head 3f9ac2d17b04`
pub fn head_words(info: &BookInfo) -> String {
    match info.head {
        Some(head) => format!("change {}, audit head {}", info.sequence, &hex(&head)[..12]),
        None => format!("change {}", info.sequence),
    }
}
