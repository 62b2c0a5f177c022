//! The HissabBook server: organisations, each a book file, over HTTP.
//!
//! [`run`] is `hissab serve`; [`Server::start`] is the same inside a process, for tests. `access` says who may
//! do what, `gate` sees to it, `lanes` is the seam to the synchronous books, `registry` holds all that is not in a book.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub mod access;
pub mod backups;
pub mod body;
pub mod config;
pub mod entry;
pub mod filter;
pub mod gate;
mod heads;
pub mod home;
pub mod import_lines;
pub mod jobs;
pub mod kept;
mod keys;
mod lane;
pub mod lanes;
pub mod limits;
pub mod listen;
pub mod log;
mod long;
pub mod metrics;
pub mod moving;
pub mod new_org;
pub mod openapi;
pub mod papers;
pub mod passwords;
pub mod permit;
mod pool;
pub mod preconditions;
pub mod problem;
pub mod reading;
pub mod registry;
pub mod replaced;
pub mod request;
pub mod results;
pub mod router;
pub mod routes;
pub mod seats;
pub mod secrets;
pub mod state;
mod strict;
pub mod tail;
pub mod traces;
mod turns;
pub mod writing;

pub use config::{Config, ServeError};
use keys::Keys;
use lanes::Lanes;
use registry::{Registry, answered, orgs, sessions, users};
use state::{Shared, State};
use traces::Traces;

/// Threads that work on books, and books kept open.
const LANE_THREADS: usize = 4;
const OPEN_BOOKS: usize = 64;

/// How long sessions that ended, and answers given, are remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long work that may wait gets to finish after the drain.
const LAST_MOMENT: Duration = Duration::from_secs(2);

/// A server that runs.
pub struct Server {
    /// Taken only by stopping.
    runtime: Option<Runtime>,
    served: Option<JoinHandle<()>>,
    stop: watch::Sender<bool>,
    address: SocketAddr,
    setup_code: Option<String>,
    state: Shared,
}

impl Server {
    /// Checks the configuration, makes what is missing, and listens.
    pub fn start(config: Config) -> Result<Server, ServeError> {
        config.check()?;
        let tls = config.tls.as_ref().map(listen::tls_config).transpose()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .thread_name("hissab-serve")
            .build()
            .map_err(|e| ServeError::Failed { why: e.to_string() })?;
        let listener = runtime
            .block_on(TcpListener::bind(config.listen))
            .and_then(|l| Ok((l.local_addr()?, l)));
        let (address, listener) = listener.map_err(|e| ServeError::Listen {
            listen: config.listen,
            why: e.to_string(),
        })?;
        let mut config = config;
        config.log = config.log.started();
        let (stop, stopping) = watch::channel(false);
        let drain = config.drain;
        let traces = {
            let _inside = runtime.enter();
            Traces::start(config.traces.as_deref())?
        };
        let state = prepare(config, traces, stopping.clone())?;
        let setup_code = set_up(&state.registry).map_err(|problem| ServeError::Failed {
            why: problem.internal.unwrap_or(problem.detail),
        })?;
        {
            let _inside = runtime.enter();
            jobs::start(&state);
            tokio::spawn(limits::settle(Arc::clone(&state)));
            tokio::spawn(replaced::run(Arc::clone(&state)));
            if let Some(told) = state.config.backups.clone() {
                tokio::spawn(backups::run(Arc::clone(&state), told));
            }
        }
        let router = router::router(Arc::clone(&state));
        // A proxy in front is one address, and counts by itself.
        let each = match state.config.behind_proxy {
            true => usize::MAX,
            false => state.config.limits.connections_an_address,
        };
        let ways = listen::Ways { router, tls, each };
        let served = runtime.spawn(listen::serve(listener, ways, stopping, drain));
        Ok(Server {
            runtime: Some(runtime),
            served: Some(served),
            stop,
            address,
            setup_code,
            state,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a client on this machine finds it.
    pub fn url(&self) -> String {
        format!("{}://{}", self.state.config.scheme(), self.address)
    }

    /// The one-time code that makes the first owner, while there is nobody yet.
    pub fn setup_code(&self) -> Option<&str> {
        self.setup_code.as_deref()
    }

    pub fn state(&self) -> &Shared {
        &self.state
    }

    /// Readiness goes red, requests at work are waited for, books are closed.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        let (Some(runtime), Some(served)) = (self.runtime.take(), self.served.take()) else {
            return;
        };
        self.state.not_ready();
        // The receiver is in the state: there is always one.
        let _ = self.stop.send(true);
        let _ = runtime.block_on(served);
        self.state.lanes.close();
        if let Some(traces) = &self.state.traces {
            runtime.block_on(traces.finish());
        }
        runtime.shutdown_timeout(LAST_MOMENT);
        self.state.config.log.finish();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.halt();
    }
}

/// `hissab serve`: runs until it is told to stop. `started` is called when it listens.
pub fn run(config: Config, started: impl FnOnce(&Server)) -> Result<(), ServeError> {
    let server = Server::start(config)?;
    let Some(runtime) = &server.runtime else {
        return Ok(());
    };
    let failed = |e: std::io::Error| ServeError::Failed { why: e.to_string() };
    // Listened for before anyone is told that the server is there: whoever stops it at once stops it in order.
    let stopped = {
        let _inside = runtime.enter();
        told_to_stop().map_err(failed)?
    };
    started(&server);
    runtime.block_on(stopped).map_err(failed)?;
    server.stop();
    Ok(())
}

/// `hissab worker`: works on jobs of a database that servers share, until it is told to stop. Listens to nobody.
pub fn work(config: Config, started: impl FnOnce()) -> Result<(), ServeError> {
    config.check()?;
    if config.database.is_none() {
        return Err(ServeError::Database {
            why: "a worker takes its jobs from one: name it".to_owned(),
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_name("hissab-worker")
        .build()
        .map_err(|e| ServeError::Failed { why: e.to_string() })?;
    let mut config = config;
    config.log = config.log.started();
    let (stop, stopping) = watch::channel(false);
    let traces = {
        let _inside = runtime.enter();
        Traces::start(config.traces.as_deref())?
    };
    let state = prepare(config, traces, stopping)?;
    let stopped = {
        let _inside = runtime.enter();
        jobs::start(&state);
        told_to_stop().map_err(|e| ServeError::Failed { why: e.to_string() })?
    };
    started();
    let ended = runtime.block_on(stopped);
    state.not_ready();
    // The receiver is in the state: there is always one.
    let _ = stop.send(true);
    state.lanes.close();
    if let Some(traces) = &state.traces {
        runtime.block_on(traces.finish());
    }
    runtime.shutdown_timeout(LAST_MOMENT);
    state.config.log.finish();
    ended.map_err(|e| ServeError::Failed { why: e.to_string() })
}

/// SIGTERM, SIGINT, or SIGHUP unless it is to be ignored, caught from now on.
#[cfg(unix)]
fn told_to_stop() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let mut hangup = match crate::book::litter::outlives_terminal() {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    Ok(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = hung_up => {}
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        Ok(())
    })
}

#[cfg(not(unix))]
fn told_to_stop() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}

/// Folders, key, registry; what an interrupted start or stop left behind is swept.
fn prepare(
    config: Config,
    traces: Option<Traces>,
    stopping: watch::Receiver<bool>,
) -> Result<Shared, ServeError> {
    let failed = |why: String| ServeError::Data {
        path: config.data.clone(),
        why,
    };
    make_folder(&config.data).map_err(&failed)?;
    make_folder(&config.data.join("books")).map_err(&failed)?;
    let now = (config.clock)();
    let home = home::open(&config, now)?;
    let (registry, shelf) = (home.registry, home.shelf);
    let words = |problem: problem::Problem| failed(problem.internal.unwrap_or(problem.detail));
    let server = registry.read(users::server_id).map_err(words)?;
    let before = now.saturating_sub(REMEMBERED).unwrap_or(now);
    registry
        .write_now(|db| sessions::sweep(db, before).and_then(|()| answered::sweep(db, before)))
        .map_err(words)?;
    if !shelf.is_shared() {
        let known = registry.read(orgs::files).map_err(words)?;
        for name in new_org::sweep(&config.data, &known).map_err(|e| failed(e.to_string()))? {
            let line = serde_json::json!({ "at": now.to_string(), "level": "warn", "message": "set aside: no organisation has this book", "file": name });
            config.log.line(line.to_string());
        }
        for name in new_org::missing(&config.data, &known) {
            let line = serde_json::json!({ "at": now.to_string(), "level": "error", "message": "an organisation's book is missing: its requests fail until the file is back", "file": name });
            config.log.line(line.to_string());
        }
    }
    let lanes = Lanes::new(shelf.clone(), LANE_THREADS, OPEN_BOOKS);
    // So that listeners of a book see at once what another server wrote.
    let wakes = lanes.clone();
    shelf.hear(move |key| wakes.woken(key));
    let keys = Keys::new(&home.secret, server);
    registry
        .write_now(|db| registry::jobs::recover(db, now))
        .map_err(words)?;
    let results = config.data.join("results");
    make_folder(&results).map_err(&failed)?;
    let jobs = jobs::Jobs::new(results::open(
        config.results.as_ref(),
        &results,
        config.database.is_some(),
    )?);
    let mut state = State::new(config.clone(), registry, lanes, keys, jobs, stopping);
    state.traces = traces;
    if let Some(url) = &config.redis {
        let told = (config.log.clone(), Arc::clone(&config.clock));
        let redis = limits::Redis::start(url, server, told)?;
        state.gates = limits::Gates::over(config.limits, &state.registry, Some(redis));
    }
    Ok(Arc::new(state))
}

/// A new one-time code at each start, until there is somebody.
fn set_up(registry: &Registry) -> problem::Answer<Option<String>> {
    if registry.read(users::any)? {
        return Ok(None);
    }
    let code = secrets::typed().map_err(problem::Problem::internal)?;
    let digest = registry::digest(&secrets::plain(&code));
    registry.write_now(|db| users::set_setup(db, Some(digest)))?;
    Ok(Some(code))
}

/// A folder for its owner only.
fn make_folder(path: &std::path::Path) -> Result<(), String> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| e.to_string())
}
