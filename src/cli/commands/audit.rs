//! `hissab audit list | show | verify | head`: the log nobody can switch off.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};

/// Read and prove the audit log
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// List the records, oldest first
    List(super::audit_list::Args),
    /// Show one record with everything it changed
    Show(super::audit_show::Args),
    /// Prove the chain, and that the books are what it speaks of
    Verify(super::audit_verify::Args),
    /// Print sequence and hash of the newest record: keep it somewhere else
    Head,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.command {
        Command::List(args) => super::audit_list::run(ctx, args),
        Command::Show(args) => super::audit_show::run(ctx, args),
        Command::Verify(args) => super::audit_verify::run(ctx, args),
        Command::Head => super::audit_verify::head(ctx),
    }
}
