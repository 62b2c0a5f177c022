//! `hissab serve`: the HissabBook server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::serve_redis::RedisArgs;
use super::serve_store::StoreArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::signals;
use crate::render::sanitize::line;
use crate::server::config::{Backups, REQUESTS, SignUp, Tls};
use crate::server::limits;
use crate::server::{self, Config, ServeError, Server};

#[derive(clap::Args)]
#[command(after_help = "Example: hissab serve --data /srv/hissab --listen 127.0.0.1:8080")]
pub struct Args {
    #[command(flatten)]
    pub store: StoreArgs,

    #[command(flatten)]
    pub redis: RedisArgs,

    /// Leave export jobs to others that share the database: hissab worker
    #[arg(long, requires = "database")]
    pub no_jobs: bool,

    /// Where to listen
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "HISSAB_SERVE_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,

    /// The certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Serve plain HTTP beyond this machine: only where something else encrypts
    #[arg(long)]
    pub allow_plain_http: bool,

    /// Who may make an account: closed (the first owner, and who is invited) or open (anyone)
    #[arg(long, value_name = "WHO", default_value = "closed")]
    pub sign_up: String,

    /// A name the server answers to; may be given again [default: its local names, or any]
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,

    /// A proxy in front says in X-Forwarded-For who asks
    #[arg(long)]
    pub behind_proxy: bool,

    /// Requests a minute of one person or one token before 429; 0: any number
    #[arg(long, value_name = "N", default_value_t = REQUESTS)]
    pub requests_a_minute: u32,

    /// Let everyone read /metrics, not only this machine
    #[arg(long)]
    pub open_metrics: bool,

    /// Copy every book and the registry there by the clock
    #[arg(long, value_name = "DIR")]
    pub backup_dir: Option<PathBuf>,

    /// Keep so many backups
    #[arg(long, value_name = "N", default_value_t = 14, requires = "backup_dir")]
    pub backup_keep: usize,

    /// Back up every so often: 24h, 90m, 7d
    #[arg(
        long,
        value_name = "TIME",
        default_value = "24h",
        requires = "backup_dir"
    )]
    pub backup_every: String,

    /// Check the configuration, that folders can be written, results kept and Redis asked, and stop
    #[arg(long)]
    pub check_config: bool,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let config = config(&args)?;
    config.check().map_err(failure)?;
    if args.check_config {
        if let Some(bucket) = &config.results {
            bucket.probe().map_err(failure)?;
        }
        if let Some(url) = &config.redis {
            limits::probe(url).map_err(failure)?;
        }
        for folder in [
            Some(&config.data),
            config.backups.as_ref().map(|b| &b.folder),
        ] {
            folder.map_or(Ok(()), |folder| can_write(folder))?;
        }
        if !ctx.globals.quiet {
            writeln!(ctx.out, "the configuration is sound")?;
        }
        return Ok(Exit::Ok);
    }
    signals::leave_to_the_command();
    std::panic::set_hook(Box::new(log_bug));
    let quiet = ctx.globals.quiet;
    let mut said = Ok(());
    server::run(config, |server| said = say(ctx, server, quiet)).map_err(failure)?;
    said.map(|()| Exit::Ok)
}

/// Whether a folder that is there, or the one it would be made in, can be written. Leaves nothing behind.
fn can_write(folder: &Path) -> Result<()> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let there = absolute.ancestors().find(|path| path.exists());
    let there = there.unwrap_or(Path::new("/"));
    let made = tempfile::tempfile_in(there).map(drop);
    made.map_err(|error| {
        Failure::refused(
            "folder-not-writable",
            format!("{} cannot be written: {error}", folder.display()),
        )
        .hint("make it, and give it to the user the server runs as")
    })
}

fn config(args: &Args) -> Result<Config> {
    let mut config = args.store.config(args.listen)?;
    config.sign_up = match args.sign_up.as_str() {
        "closed" => SignUp::Closed,
        "open" => SignUp::Open,
        other => {
            return Err(Failure::usage(
                "bad-sign-up",
                format!("--sign-up is closed or open, not {other:?}"),
            ));
        }
    };
    config.tls = args
        .tls_cert
        .clone()
        .zip(args.tls_key.clone())
        .map(|(cert, key)| Tls { cert, key });
    config.allow_plain_http = args.allow_plain_http;
    config.hosts.clone_from(&args.host);
    config.behind_proxy = args.behind_proxy;
    config.open_metrics = args.open_metrics;
    config.limits.requests = args.requests_a_minute;
    config.jobs = !args.no_jobs;
    config.redis = args.redis.address()?;
    config.backups = backups(args)?;
    Ok(config)
}

fn backups(args: &Args) -> Result<Option<Backups>> {
    let Some(folder) = args.backup_dir.clone() else {
        return Ok(None);
    };
    if args.backup_keep == 0 {
        return Err(Failure::usage(
            "bad-number",
            "--backup-keep keeps at least one",
        ));
    }
    Ok(Some(Backups {
        folder,
        keep: args.backup_keep,
        every: time(&args.backup_every)?,
    }))
}

/// `24h`, `90m`, `7d`.
fn time(text: &str) -> Result<Duration> {
    let units = [("m", 60), ("h", 3600), ("d", 86_400)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(u64::from(count) * seconds))
    });
    read.filter(|time| !time.is_zero()).ok_or_else(|| {
        let words = format!("--backup-every takes a time like 24h, 90m or 7d, not {text:?}");
        Failure::usage("bad-time", words)
    })
}

/// Where it listens and, as long as there is nobody, how the first owner is made. The code is on stdout, where
/// the log is not.
fn say(ctx: &mut Context, server: &Server, quiet: bool) -> Result<()> {
    let url = server.url();
    if !quiet {
        writeln!(ctx.out, "listening on {}", line(&url))?;
    }
    if let Some(code) = server.setup_code() {
        writeln!(
            ctx.out,
            "nobody has an account yet: hissab login {} --setup",
            line(&typed_here(&url))
        )?;
        writeln!(ctx.out, "setup code: {code}")?;
    }
    ctx.out.flush()?;
    Ok(())
}

/// The address as one types it on this machine: of a server on all its interfaces, its own name for itself.
fn typed_here(url: &str) -> String {
    let all = ["://0.0.0.0", "://[::]"];
    let found = all.iter().find(|host| url.contains(*host));
    found.map_or_else(
        || url.to_owned(),
        |host| url.replacen(host, "://localhost", 1),
    )
}

pub fn failure(error: ServeError) -> Failure {
    let (exit, code) = match &error {
        ServeError::PlainHttp { .. } => (Exit::Usage, "plain-http"),
        ServeError::Host { .. } => (Exit::Usage, "bad-host"),
        ServeError::Listen { .. } => (Exit::Failed, "cannot-listen"),
        ServeError::Data { .. } => (Exit::Failed, "bad-data-folder"),
        ServeError::Database { .. } => (Exit::Failed, "bad-database"),
        ServeError::Results { .. } => (Exit::Failed, "bad-results"),
        ServeError::Redis { .. } => (Exit::Failed, "bad-redis"),
        ServeError::Traces { .. } => (Exit::Usage, "bad-collector"),
        ServeError::Tls { .. } => (Exit::Failed, "bad-certificate"),
        ServeError::NotBuiltIn { .. } => (Exit::Failed, "not-built-in"),
        ServeError::Failed { .. } => (Exit::Failed, "serve"),
    };
    let hints = error.hints();
    Failure {
        hints,
        ..Failure::new(exit, code, error.to_string())
    }
}

/// A bug, as a line of the log: where, never what it held.
pub fn log_bug(info: &std::panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let object =
        serde_json::json!({ "level": "error", "message": "a bug in hissab", "place": place });
    let _ = writeln!(std::io::stderr(), "{object}");
}

#[cfg(test)]
mod tests {
    use super::typed_here;

    #[test]
    fn all_interfaces_are_no_address_to_type() {
        for (url, typed) in [
            ("http://0.0.0.0:8080", "http://localhost:8080"),
            ("https://[::]:443", "https://localhost:443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://books.example.com", "https://books.example.com"),
        ] {
            assert_eq!(typed_here(url), typed);
        }
    }
}
