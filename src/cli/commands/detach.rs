//! `hissab book detach [FILE]`: a file that was cloned or pushed is written again, apart from the server's book.

use std::io::Write;
use std::path::PathBuf;

use crate::book;
use crate::book::mark::MarkKind;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::locate::At;
use crate::render::sanitize::line;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab book detach ganesh.hissab")]
pub struct Args {
    /// The file [default: the book in use]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

pub fn run(ctx: &mut Context, args: &Args) -> Result<Exit> {
    ctx.words_or_json()?;
    let path = file(ctx, args)?;
    let shown = path.display();
    let Some(mark) = book::open::mark(&path)? else {
        return Err(Failure::conflict(
            "not-marked",
            format!(
                "{shown} is no copy of a server's book and was not moved to one: it is written already"
            ),
        ));
    };
    let place = &mark.place;
    let question = match mark.kind {
        MarkKind::Copy => format!(
            "{shown} is {mark}. Write to it apart from the server? Neither gets what the other records."
        ),
        MarkKind::Moved => format!(
            "{shown} was {mark}, where others may have gone on. Write to it apart from the server? Neither gets \
             what the other records."
        ),
    };
    if !ctx.confirm(&question)? {
        return Err(Failure::refused("not-confirmed", "nothing was changed"));
    }
    book::open::detach(&path, ctx.wait()?)?;
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/detached/1",
            "file": shown.to_string(),
            "from": place,
        });
        writeln!(ctx.out, "{object}")?;
    } else if !ctx.globals.quiet {
        let text = format!("{shown} is a book of its own from now on, apart from {place}");
        writeln!(ctx.out, "{}", line(&text))?;
    }
    Ok(Exit::Ok)
}

fn file(ctx: &Context, args: &Args) -> Result<PathBuf> {
    let path = match &args.file {
        Some(path) => path.clone(),
        None => match ctx.located_for_writing()?.at {
            At::File(path) => path,
            At::Remote(place) => {
                return Err(Failure::usage(
                    "needs-a-file",
                    format!("files are detached; {place} is a server's book"),
                )
                .hint("hissab book detach FILE"));
            }
        },
    };
    if path.exists() {
        return Ok(path);
    }
    Err(Failure::not_found(
        "file-not-found",
        format!("no file {}", path.display()),
    ))
}
