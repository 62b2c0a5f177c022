//! `hissab print`: the journal as an hledger journal.

use super::journal;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::render::Format;

/// Print transactions as an hledger journal
///
/// Example: hissab print -p 2026-04 > april.journal
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    journal: journal::Args,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut options = args.journal.shown.options(ctx)?;
    if options.format == Format::Table {
        // Nobody asks print for a table: that is what `journal` is for.
        options.format = Format::Hledger;
    }
    journal::run_as(ctx, args.journal, &options)
}
