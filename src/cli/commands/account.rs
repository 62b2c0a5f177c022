//! `hissab account …`: the chart of accounts.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand)]
pub enum Action {
    /// List accounts
    List(super::account_list::Args),
    /// Open an account
    Add(super::account_add::Args),
    /// Show an account
    Show(super::account_list::ShowArgs),
    /// Give an account another path; its history follows
    Rename(super::account_set::RenameArgs),
    /// Take no more entries after a date
    Close(super::account_set::CloseArgs),
    /// Take entries again
    Reopen(super::account_set::ReopenArgs),
    /// Set what is known about an account
    Set(super::account_set::SetArgs),
    /// Move every entry of one account into another, and close it
    Merge(super::account_merge::Args),
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.action {
        Action::List(args) => super::account_list::list(ctx, args),
        Action::Add(args) => super::account_add::run(ctx, args),
        Action::Show(args) => super::account_list::show(ctx, args),
        Action::Rename(args) => super::account_set::rename(ctx, args),
        Action::Close(args) => super::account_set::close(ctx, args),
        Action::Reopen(args) => super::account_set::reopen(ctx, args),
        Action::Set(args) => super::account_set::set(ctx, args),
        Action::Merge(args) => super::account_merge::run(ctx, args),
    }
}
