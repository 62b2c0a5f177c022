//! `hissab restore FILE`: a backup becomes the book, after it has proved and the book has been backed up.

use std::io::Write;
use std::path::PathBuf;

use super::backup::{head_words, sound};
use crate::book::{self, Book, CheckDepth};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::progress::Progress;
use crate::cli::targets;
use crate::ledger::plural::counted;
use crate::ledger::settings::BookInfo;
use crate::render::sanitize;

/// Fill the book from a backup, after the backup has proved
///
/// A book that exists is backed up first; the command says where to.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab -B shop.hissab restore shop-2026-04-07-120000.hissab")]
pub struct Args {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Check the backup and say what would happen, but write nothing
    #[arg(long)]
    pub dry_run: bool,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    targets::no_dash(&args.file)?;
    let located = ctx.located_for_writing()?;
    let path = located.file("restore", "hissab push FILE URL/ORG brings a book there")?;
    if !args.file.exists() {
        let words = format!("no file {}", args.file.display());
        return Err(Failure::not_found("file-not-found", words));
    }
    if targets::is_same(&args.file, path) {
        let words = format!("{} is the book itself", args.file.display());
        return Err(
            Failure::usage("same-file", words).hint("name the book with -B and the backup as FILE")
        );
    }
    let progress = Progress::begin(ctx, "proving the backup", None);
    let backup = proved(&args)?;
    drop(progress);
    let there = if path.exists() {
        Some(of_book(ctx)?)
    } else {
        None
    };
    ask(ctx, &backup, there.as_ref())?;
    let kept = if args.dry_run {
        None
    } else {
        let _progress = Progress::begin(ctx, "restoring", None);
        book::open::restore(&args.file, path, ctx.wait()?)?
    };
    let verb = if args.dry_run {
        "would be restored"
    } else {
        "restored"
    };
    let name = &backup.settings.name;
    let line = format!(
        "{name} · {verb} from {}: {}, {}",
        args.file.display(),
        counted(backup.transactions, "transaction"),
        head_words(&backup)
    );
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/restore/1",
            "book": name,
            "file": path.display().to_string(),
            "from": args.file.display().to_string(),
            "dry_run": args.dry_run,
            "transactions": backup.transactions,
            "sequence": backup.sequence,
            "backup": kept.map(|path| path.display().to_string()),
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(Exit::Ok);
    }
    writeln!(ctx.out, "{}", sanitize::line(&line))?;
    if let Some(kept) = kept {
        let line = format!("what the book held before is in {}", kept.display());
        writeln!(ctx.out, "{}", sanitize::line(&line))?;
    }
    Ok(Exit::Ok)
}

/// Opens the backup and runs every check and the audit chain on it.
fn proved(args: &Args) -> Result<BookInfo> {
    let refused = |failure: Failure| {
        let mut failure = failure.while_doing("the backup is not accepted");
        if failure.code == "damaged" {
            // Hints of a damaged book speak of the book in use; this one is another.
            failure.hints = vec!["take an older backup: hissab restore BACKUP".to_owned()];
        }
        failure
    };
    let mut backup = book::open::read(&args.file).map_err(|e| refused(e.into()))?;
    sound(backup.as_mut(), CheckDepth::Deep, &args.file).map_err(refused)?;
    Ok(backup.info()?)
}

fn of_book(ctx: &Context) -> Result<BookInfo> {
    let mut book: Box<dyn Book> = ctx.open_write()?;
    Ok(book.info()?)
}

/// Going back, or to another book, is asked about.
fn ask(ctx: &Context, backup: &BookInfo, there: Option<&BookInfo>) -> Result<()> {
    let Some(there) = there else { return Ok(()) };
    let question = if there.id != backup.id {
        format!(
            "{} is another book than {}: replace it?",
            backup.settings.name, there.settings.name
        )
    } else if there.sequence > backup.sequence {
        format!(
            "The book has {} since this backup: go back?",
            counted(there.sequence - backup.sequence, "change")
        )
    } else {
        return Ok(());
    };
    if ctx.confirm(&question)? {
        return Ok(());
    }
    Err(Failure::refused("not-confirmed", "nothing was restored"))
}
