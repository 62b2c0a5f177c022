//! `hissab worker`: export jobs of servers that share a database, and nothing else.

use std::io::Write;

use super::serve::{failure, log_bug};
use super::serve_store::StoreArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::signals;
use crate::server;

// Results must go where the servers find them: the same folder, or the same bucket.
#[derive(clap::Args)]
#[command(
    mut_arg("database", |arg| arg.required(true).help("The database that the servers share: postgres://USER@HOST/NAME")),
    after_help = "Example: hissab worker --data /srv/hissab --database postgres://hissab@db.example.com/hissab"
)]
pub struct Args {
    #[command(flatten)]
    pub store: StoreArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    // It listens nowhere.
    let config = args.store.config(([127, 0, 0, 1], 0).into())?;
    signals::leave_to_the_command();
    std::panic::set_hook(Box::new(log_bug));
    let (out, quiet) = (&mut ctx.out, ctx.globals.quiet);
    let mut said = Ok(());
    server::work(config, || {
        if !quiet {
            said = writeln!(out, "working on jobs").and_then(|()| out.flush());
        }
    })
    .map_err(failure)?;
    said?;
    Ok(Exit::Ok)
}
