//! `hissab bankbook`: the cash book's sister.

use super::cashbook;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::ledger::account::AccountType;

/// Show what came in and went out at the bank
///
/// Example: hissab bankbook hdfc --from 2026-04-01
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    args: cashbook::Args,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    cashbook::run_of(ctx, args.args, AccountType::Bank, "Bank book", "bankbook/1")
}
