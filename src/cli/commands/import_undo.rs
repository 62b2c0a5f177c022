//! `hissab import undo BATCH`: every transaction of one import is voided, the balance it vouched for withdrawn;
//! its rows count as never seen.

use std::io::Write;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::ledger::change::{Change, OperationId, Unit, WriteMode};
use crate::ledger::plural::counted;
use crate::render::sanitize;

/// Take back one import: void what it posted, withdraw the balance its statement vouched for
///
/// hissab undo right after it restores the import.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab import undo 3 --reason 'wrong account'")]
pub struct Args {
    /// The import's number in `hissab import list`
    #[arg(value_name = "BATCH")]
    pub batch: u64,

    /// Why, for the log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Check and show, but write nothing
    #[arg(long)]
    pub dry_run: bool,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    let mut book = ctx.open_write()?;
    let name = book.info()?.settings.name;
    let imports = book.imports()?;
    let Some(import) = imports.iter().find(|i| i.batch == args.batch) else {
        return Err(Failure::not_found(
            "unknown-import",
            format!("there is no import {}", args.batch),
        )
        .hint("hissab import list"));
    };
    let file = &import.head.file;
    if import.undone && ctx.wants_json() {
        return tell(ctx, &args, file, 0);
    }
    if import.undone {
        let line = format!(
            "{name} · import {} of {file} was undone before; nothing changed",
            args.batch
        );
        writeln!(ctx.out, "{}", sanitize::line(&line))?;
        return Ok(Exit::Ok);
    }
    let changes = vec![Change::UndoImport {
        batch: import.head.id,
    }];
    let unit = Unit {
        operation: OperationId(ctx.make_id()),
        action: "import-undone".to_owned(),
        reason: args.reason.clone(),
        who: ctx.who()?,
        at: ctx.now(),
        once: None,
        changes: &changes,
    };
    let mode = match args.dry_run {
        true => WriteMode::DryRun,
        false => WriteMode::Commit,
    };
    // What was void before is not voided by this.
    let mut voided = 0;
    for outcome in book.write(&[unit], mode)? {
        let done = outcome.map_err(|error| {
            Failure::from(error).while_doing(&format!("import {} not undone", args.batch))
        })?;
        voided += done.numbers.iter().map(|(a, b)| b - a + 1).sum::<u64>();
        if !args.dry_run {
            ctx.recorded.note(&done);
        }
    }
    if ctx.wants_json() {
        return tell(ctx, &args, file, voided);
    }
    let (before, undone) = match args.dry_run {
        true => ("dry run, nothing written; ", "would be undone"),
        false => ("", "undone"),
    };
    let line = format!(
        "{name} · {before}import {} of {file} {undone}: {} voided",
        args.batch,
        counted(voided, "transaction")
    );
    writeln!(ctx.out, "{}", sanitize::line(&line))?;
    Ok(Exit::Ok)
}

/// The answer as an object; of an import that was undone before nothing is voided.
fn tell(ctx: &mut Context, args: &Args, file: &str, voided: u64) -> Result<Exit> {
    let object = serde_json::json!({
        "schema": "hissab/import-undo/1",
        "batch": args.batch,
        "file": file,
        "voided": voided,
        "dry_run": args.dry_run,
    });
    writeln!(ctx.out, "{object}")?;
    Ok(Exit::Ok)
}
