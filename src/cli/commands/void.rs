//! `hissab void REF --reason T`: out of every balance; number and old content stay.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::record::args::check_reason;
use crate::cli::record::{Recorder, WriteArgs, echo};
use crate::ledger::change::{Change, Repeat, Target};

#[derive(clap::Args)]
#[command(after_help = "Example: hissab void 1047 --reason 'entered twice'")]
pub struct Args {
    /// The transaction: its number or id (several are voided together)
    #[arg(value_name = "REF", required = true)]
    pub references: Vec<String>,

    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", required = true)]
    pub reason: String,

    /// Only if it is at this version still
    #[arg(long, value_name = "N")]
    pub if_version: Option<u32>,

    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    check_reason(&args.reason)?;
    let mut recorder = Recorder::open(ctx)?;
    let mut numbers = Vec::new();
    for reference in &args.references {
        numbers.push(recorder.find(reference)?.number);
    }
    numbers.sort();
    numbers.dedup();
    let changes = numbers
        .iter()
        .map(|number| Change::Void {
            target: Target::Number(*number),
            if_version: args.if_version,
            reason: Some(args.reason.clone()),
        })
        .collect();
    let content = format!("{numbers:?} {}", args.reason);
    let shown = numbers
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let written = recorder
        .write(
            "voided",
            Some(args.reason.clone()),
            changes,
            &args.write,
            &content,
        )
        .map_err(|f| f.while_doing(&format!("{shown} not voided")))?;
    if written.done.repeat == Repeat::Nothing {
        echo::nothing(&mut recorder, &written, &format!("{shown} is void already"))?;
    } else {
        echo::changed(&mut recorder, &written, "voided")?;
    }
    Ok(Exit::Ok)
}
