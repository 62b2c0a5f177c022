//! Where a server keeps things: arguments that `hissab serve` and `hissab worker` share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::serve_results::{ResultsArgs, bucket};
use crate::cli::database;
use crate::cli::environment::Clock;
use crate::cli::error::Result;
use crate::server::Config;

#[derive(clap::Args)]
pub struct StoreArgs {
    /// The folder of books, registry and results; made if it is not there
    #[arg(
        long,
        value_name = "DIR",
        env = "HISSAB_SERVE_DATA",
        default_value = "hissab-data"
    )]
    pub data: PathBuf,

    /// Keep books and registry in Postgres, for any number of servers: postgres://USER@HOST/NAME
    #[arg(
        long,
        value_name = "URL",
        env = "HISSAB_SERVE_DATABASE",
        hide_env_values = true
    )]
    pub database: Option<String>,

    /// Read from this streaming replica of --database what it has come as far as
    #[arg(
        long,
        value_name = "URL",
        env = "HISSAB_SERVE_READ_DATABASE",
        hide_env_values = true,
        requires = "database"
    )]
    pub read_database: Option<String>,

    #[command(flatten)]
    pub results: ResultsArgs,

    /// Send a trace of each request and job to this collector: http://HOST:4318
    #[arg(long, value_name = "URL", env = "HISSAB_SERVE_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

impl StoreArgs {
    /// A configuration on these places; everything else of it is as it is unless told.
    pub fn config(&self, listen: SocketAddr) -> Result<Config> {
        let mut config = Config::new(self.data.clone(), listen);
        config.database = self.database.as_deref().map(address).transpose()?;
        config.read_database = self.read_database.as_deref().map(address).transpose()?;
        config.results = bucket(&self.results)?;
        config.traces = self.otlp_endpoint.clone().or_else(collector_of_all);
        let clock = Clock::here();
        config.clock = Arc::new(move || clock.now());
        Ok(config)
    }
}

/// What every program of OpenTelemetry listens to; a build without it is no such program.
fn collector_of_all() -> Option<String> {
    let named = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok();
    named.filter(|url| cfg!(feature = "otel") && !url.is_empty())
}

/// The address of a database, with the password that belongs to it.
fn address(given: &str) -> Result<String> {
    // The same words may come from the environment, which nobody else reads.
    let typed = std::env::args_os().any(|word| word.to_str().is_some_and(|w| w.ends_with(given)));
    database::with_password(given, typed)
}
