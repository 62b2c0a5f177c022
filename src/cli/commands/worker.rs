//! `hissab worker`: export jobs of servers that share a database, and nothing else.

use std::io::Write;
use std::path::PathBuf;

use super::serve::{address, failure, log_bug};
use super::serve_results::{ResultsArgs, bucket};
use crate::cli::context::Context;
use crate::cli::environment;
use crate::cli::error::{Exit, Result};
use crate::cli::signals;
use crate::server::{self, Config};

/// Results must go where the servers find them: the same folder, or the same bucket.
#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab worker --data /srv/hissab --database postgres://hissab@db.example.com/hissab"
)]
pub struct Args {
    /// The folder of results and of what is on its way; made if it is not there
    #[arg(
        long,
        value_name = "DIR",
        env = "HISSAB_SERVE_DATA",
        default_value = "hissab-data"
    )]
    pub data: PathBuf,

    /// The database that the servers share: postgres://USER@HOST/NAME
    #[arg(
        long,
        value_name = "URL",
        env = "HISSAB_SERVE_DATABASE",
        hide_env_values = true
    )]
    pub database: String,

    /// Read from this streaming replica of --database what it has come as far as
    #[arg(
        long,
        value_name = "URL",
        env = "HISSAB_SERVE_READ_DATABASE",
        hide_env_values = true
    )]
    pub read_database: Option<String>,

    #[command(flatten)]
    pub results: ResultsArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut config = Config::new(args.data.clone(), ([127, 0, 0, 1], 0).into());
    config.database = Some(address(&args.database)?);
    config.read_database = args.read_database.as_deref().map(address).transpose()?;
    config.results = bucket(&args.results)?;
    let clock = environment::Clock::here();
    config.clock = std::sync::Arc::new(move || clock.now());
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
