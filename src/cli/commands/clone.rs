//! `hissab clone URL/ORG FILE`: a server's book as a file here, whole with its history, checked before it gets its name.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::backup::{head_words, make};
use crate::book;
use crate::book::mark::{Mark, MarkKind};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::locate;
use crate::client::Place;
use crate::ledger::plural::counted;
use crate::ledger::settings::BookInfo;
use crate::render::sanitize::line;

/// Copy a server's book to a file here, with its whole history
///
/// The copy is only read, and does not follow the server: clone again for a newer one. What is written goes to
/// the server; `hissab book detach` makes the copy a book of its own.
#[derive(clap::Args)]
#[command(after_help = "Example: hissab clone https://books.example.com/ganesh ganesh.hissab")]
pub struct Args {
    /// The server's address of the book
    #[arg(value_name = "URL/ORG")]
    pub from: String,

    /// The file to make
    #[arg(value_name = "FILE")]
    pub to: PathBuf,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    let place = locate::place(&args.from)?;
    let session = ctx.session(&place.server)?;
    let mut book = book::open::remote_read(session, &place.org);
    let info = make(book.as_mut(), &args.to).map_err(not_cloned)?;
    mark(ctx, &args.to, &place, &info).map_err(not_cloned)?;
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/clone/1",
            "book": info.settings.name,
            "from": place.to_string(),
            "file": args.to.display().to_string(),
            "transactions": info.transactions,
            "sequence": info.sequence,
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(Exit::Ok);
    }
    let text = format!(
        "{} · cloned from {place} to {}: {}, {}, checked",
        info.settings.name,
        args.to.display(),
        counted(info.transactions, "transaction"),
        head_words(&info)
    );
    writeln!(ctx.out, "{}", line(&text))?;
    ctx.note(&format!(
        "it is only read; to write: hissab -B {place} …, or make it a book of its own: hissab book detach {}",
        args.to.display()
    ));
    Ok(Exit::Ok)
}

/// Marks the new file as a copy; one that cannot be marked is taken away again.
fn mark(ctx: &Context, file: &Path, place: &Place, info: &BookInfo) -> Result<()> {
    let mark = Mark {
        kind: MarkKind::Copy,
        place: place.to_string(),
    };
    let marked = book::open::set_mark(file, ctx.wait()?, &mark, info.head.unwrap_or_default());
    let failure = match marked {
        Ok(true) => return Ok(()),
        Ok(false) => Failure::conflict("changed-meanwhile", "somebody wrote to the new file"),
        Err(error) => error.into(),
    };
    // If it cannot go, the error still says that it is no clone.
    let _ = std::fs::remove_file(file);
    Err(failure)
}

fn not_cloned(failure: Failure) -> Failure {
    failure.while_doing("not cloned")
}
