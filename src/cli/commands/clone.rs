//! `hissab clone URL/ORG FILE`: a server's book as a file here, whole with its history, checked before it gets its name.

use std::io::Write;
use std::path::PathBuf;

use super::backup::{head_words, make};
use crate::book;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::locate;
use crate::render::sanitize::line;

/// Copy a server's book to a file here, with its whole history
///
/// The copy does not follow the server: clone again for a newer one, or push changes made to it.
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
    let place = locate::place(&args.from)?;
    let session = ctx.session(&place.server)?;
    let mut book = book::open::remote_read(session, &place.org);
    let info = make(book.as_mut(), &args.to).map_err(not_cloned)?;
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
        "{} · cloned from {place} to {}: {} transactions, {}, checked",
        info.settings.name,
        args.to.display(),
        info.transactions,
        head_words(&info)
    );
    writeln!(ctx.out, "{}", line(&text))?;
    Ok(Exit::Ok)
}

fn not_cloned(failure: Failure) -> Failure {
    failure.while_doing("not cloned")
}
