//! What a server is told when it starts, and the check that refuses what would be unsafe.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use super::log::Queue;
use super::results::Bucket;
use crate::wire::host::is_this_machine;

/// Which instant it is; tests hold it still.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who may make an account on the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignUp {
    /// The first owner (by the setup code) and those who were invited.
    #[default]
    Closed,
    Open,
}

/// Certificate chain and key, PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// Backups by the clock.
#[derive(Debug, Clone)]
pub struct Backups {
    /// Made if it is not there.
    pub folder: PathBuf,
    /// How many to keep, at least one.
    pub keep: usize,
    pub every: Duration,
}

/// Where log lines go.
#[derive(Clone, Default)]
pub enum LogTo {
    #[default]
    Stderr,
    /// To stderr as well, without ever waiting for whoever reads it: what a server that runs makes of `Stderr`.
    Queue(Arc<Queue>),
    /// Kept, for tests.
    Memory(Arc<Mutex<Vec<String>>>),
}

impl LogTo {
    /// For a server that runs: stderr is written to by a thread of its own.
    pub fn started(self) -> LogTo {
        match self {
            LogTo::Stderr => LogTo::Queue(Queue::to(std::io::stderr())),
            other => other,
        }
    }

    /// Lines that found no room.
    pub fn dropped(&self) -> u64 {
        match self {
            LogTo::Queue(queue) => queue.dropped(),
            LogTo::Stderr | LogTo::Memory(_) => 0,
        }
    }

    /// Waits a moment for the last lines.
    pub fn finish(&self) {
        if let LogTo::Queue(queue) = self {
            queue.finish();
        }
    }

    /// Writes one line; nobody can be told that stderr is gone.
    pub fn line(&self, line: String) {
        match self {
            LogTo::Stderr => {
                use std::io::Write;
                let _ = std::io::stderr().write_all((line + "\n").as_bytes());
            }
            LogTo::Queue(queue) => queue.line(line),
            LogTo::Memory(lines) => lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line),
        }
    }
}

/// How often may be asked; each a burst that fills again within a minute.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Sign-ins and registrations from one address.
    pub sign_ins_an_address: u32,
    /// Sign-ins to one account.
    pub sign_ins_an_account: u32,
    /// Password hashes computed at a time.
    pub hashes_at_once: usize,
    /// Connections of one address at a time; a proxy's are not counted.
    pub connections_an_address: usize,
    /// Event streams of one person at a time.
    pub listeners_a_person: usize,
    /// Requests of one who is signed in, or of one personal token; 0: any number.
    pub requests: u32,
}

/// Enough for any script that waits for its answers; a loop gone wild is held to a thousand a second.
pub const REQUESTS: u32 = 60_000;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            sign_ins_an_address: 60,
            sign_ins_an_account: 20,
            hashes_at_once: 2,
            connections_an_address: 512,
            listeners_a_person: 250,
            requests: REQUESTS,
        }
    }
}

/// Everything a server is told.
#[derive(Clone)]
pub struct Config {
    /// Holds `server.db`, `books/` and `secret.key`; made if it is not there.
    pub data: PathBuf,
    /// Books and registry are there, not in the folder: `postgres://…`.
    pub database: Option<String>,
    /// Where servers that share it keep their limits while it answers: `redis://…`.
    pub redis: Option<String>,
    /// A streaming replica of it that reads may go to.
    pub read_database: Option<String>,
    /// Whether this server works on jobs; others that share its database may.
    pub jobs: bool,
    pub listen: SocketAddr,
    pub tls: Option<Tls>,
    pub allow_plain_http: bool,
    pub sign_up: SignUp,
    /// Names the server answers to; empty: on a loopback address its local names, else any.
    pub hosts: Vec<String>,
    /// A proxy in front says in `X-Forwarded-For` who asks.
    pub behind_proxy: bool,
    pub limits: Limits,
    /// How long a handler may take, streams aside.
    pub request_timeout: Duration,
    /// How long an event stream may be silent; its listener's rights are looked up as often.
    pub heartbeat: Duration,
    /// `/metrics` answers anyone, not only this machine.
    pub open_metrics: bool,
    pub backups: Option<Backups>,
    /// Where results of jobs go; none: a folder in `data`.
    pub results: Option<Bucket>,
    /// A collector of OpenTelemetry: `http://HOST:4318`.
    pub traces: Option<String>,
    /// How long requests may go on after the server was told to stop.
    pub drain: Duration,
    pub log: LogTo,
    pub clock: Clock,
}

impl Config {
    /// The defaults for a folder and an address.
    pub fn new(data: PathBuf, listen: SocketAddr) -> Config {
        Config {
            data,
            database: None,
            redis: None,
            read_database: None,
            jobs: true,
            listen,
            tls: None,
            allow_plain_http: false,
            sign_up: SignUp::Closed,
            hosts: Vec::new(),
            behind_proxy: false,
            limits: Limits::default(),
            request_timeout: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            open_metrics: false,
            backups: None,
            results: None,
            traces: None,
            drain: Duration::from_secs(10),
            log: LogTo::Stderr,
            clock: Arc::new(Timestamp::now),
        }
    }

    /// Refuses what would be unsafe or cannot work, before anything is made.
    pub fn check(&self) -> Result<(), ServeError> {
        if self.tls.is_none() && !self.listen.ip().is_loopback() && !self.allow_plain_http {
            return Err(ServeError::PlainHttp {
                listen: self.listen,
            });
        }
        if self.data.exists() && !self.data.is_dir() {
            return Err(ServeError::Data {
                path: self.data.clone(),
                why: "it is not a folder".to_owned(),
            });
        }
        if let Some(host) = self.hosts.iter().find(|h| !is_host(h)) {
            return Err(ServeError::Host { host: host.clone() });
        }
        if let Some(bucket) = &self.results {
            bucket.check()?;
        }
        if let Some(url) = &self.redis {
            super::limits::check(url)?;
        }
        if let Some(endpoint) = &self.traces {
            super::traces::check(endpoint)?;
        }
        if let Some(tls) = &self.tls {
            super::listen::tls_config(tls)?;
        }
        Ok(())
    }

    /// Whether the server answers to a `Host` header (its port aside).
    pub fn answers_to(&self, host: &str) -> bool {
        let name = without_port(host);
        if self.hosts.is_empty() {
            return !self.listen.ip().is_loopback() || is_this_machine(name);
        }
        self.hosts.iter().any(|h| h.eq_ignore_ascii_case(name))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// `a.example:8080` and `[::1]:8080` without their port.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

fn is_host(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-[]:".contains(&b))
}

/// Why a server cannot start or go on.
#[derive(Debug, Error)]
pub enum ServeError {
    #[error("plain HTTP on {listen} would send passwords and books in the clear")]
    PlainHttp { listen: SocketAddr },
    #[error("{listen} cannot be listened on: {why}")]
    Listen { listen: SocketAddr, why: String },
    #[error("the data folder {}: {why}", path.display())]
    Data { path: PathBuf, why: String },
    #[error("the database: {why}")]
    Database { why: String },
    #[error("the certificate or key: {why}")]
    Tls { why: String },
    #[error("the store of results: {why}")]
    Results { why: String },
    #[error("Redis: {why}")]
    Redis { why: String },
    #[error("the collector of traces: {why}")]
    Traces { why: String },
    #[error("this hissab was built without {what}")]
    NotBuiltIn {
        what: &'static str,
        /// The cargo feature that brings it.
        feature: &'static str,
    },
    #[error("{host:?} is not the name of a host")]
    Host { host: String },
    #[error("{why}")]
    Failed { why: String },
}

impl ServeError {
    pub fn no_postgres() -> ServeError {
        ServeError::NotBuiltIn {
            what: "Postgres",
            feature: "postgres",
        }
    }

    #[cfg(not(feature = "redis"))]
    pub fn no_redis() -> ServeError {
        ServeError::NotBuiltIn {
            what: "Redis",
            feature: "redis",
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            ServeError::PlainHttp { .. } => {
                "give --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy, or say --allow-plain-http"
            }
            ServeError::Listen { .. } => {
                "another program may have the port: choose one with --listen 127.0.0.1:PORT"
            }
            ServeError::Tls { .. } => {
                "both are PEM files; the key must be the certificate's and not encrypted"
            }
            ServeError::Host { .. } => "write --host books.example.com, without https:// and path",
            ServeError::Database { .. } => "--database postgres://USER@HOST:5432/NAME",
            ServeError::Results { .. } => {
                "--results s3://BUCKET/FOLDER --s3-endpoint https://HOST --s3-region REGION --s3-credentials FILE"
            }
            ServeError::Redis { .. } => {
                "--redis redis://HOST:6379, or rediss:// where it speaks TLS; the password from REDISCLI_AUTH or --redis-password FILE"
            }
            ServeError::Traces { .. } => "--otlp-endpoint http://HOST:4318",
            ServeError::NotBuiltIn { feature, .. } => {
                return vec![format!(
                    "where its source is: cargo install --path . --features {feature}"
                )];
            }
            ServeError::Data { .. } | ServeError::Failed { .. } => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str) -> Config {
        Config::new(
            PathBuf::from("/nonexistent/hissab"),
            listen.parse().unwrap(),
        )
    }

    #[test]
    fn plain_http_leaves_the_machine_only_when_told_to() {
        assert!(config("127.0.0.1:0").check().is_ok());
        assert!(config("[::1]:0").check().is_ok());
        assert!(matches!(
            config("0.0.0.0:80").check(),
            Err(ServeError::PlainHttp { .. })
        ));
        let mut told = config("0.0.0.0:80");
        told.allow_plain_http = true;
        assert!(told.check().is_ok());
    }

    #[test]
    fn a_local_server_answers_to_local_names_only() {
        let local = config("127.0.0.1:8080");
        for host in [
            "localhost",
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
        ] {
            assert!(local.answers_to(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "",
        ] {
            assert!(!local.answers_to(host), "{host}");
        }
        let mut named = config("127.0.0.1:8080");
        named.hosts = vec!["books.example".into()];
        assert!(named.answers_to("BOOKS.example:443"));
        assert!(!named.answers_to("localhost"));
    }
}
