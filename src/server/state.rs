//! What every handler shares.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use super::config::Config;
use super::jobs::Jobs;
use super::keys::Keys;
use super::lanes::Lanes;
use super::limits::Gates;
use super::metrics::Metrics;
use super::passwords::Passwords;
use super::registry::Registry;
use super::seats::Seats;
use super::tail::Tails;
use super::traces::Traces;

/// The state of one server.
pub struct State {
    pub config: Config,
    pub registry: Registry,
    pub lanes: Lanes,
    pub keys: Keys,
    pub gates: Gates,
    pub passwords: Passwords,
    pub metrics: Metrics,
    /// A collector of traces, if there is one.
    pub traces: Option<Traces>,
    pub tails: Tails,
    /// Event streams by person.
    pub listeners: Seats<Uuid>,
    pub jobs: Jobs,
    /// False from the moment the server was told to stop.
    ready: AtomicBool,
    /// Becomes true when the server was told to stop: streams end then.
    pub stopping: watch::Receiver<bool>,
}

/// As handlers hold it: `axum::extract::State<Shared>`.
pub type Shared = Arc<State>;

impl State {
    pub fn new(
        config: Config,
        registry: Registry,
        lanes: Lanes,
        keys: Keys,
        jobs: Jobs,
        stopping: watch::Receiver<bool>,
    ) -> State {
        State {
            gates: Gates::over(config.limits, &registry, None),
            passwords: Passwords::new(config.limits.hashes_at_once),
            metrics: Metrics::default(),
            traces: None,
            tails: Tails::default(),
            listeners: Seats::default(),
            ready: AtomicBool::new(true),
            config,
            registry,
            lanes,
            keys,
            jobs,
            stopping,
        }
    }

    /// The instant it is by the server's clock, to the microsecond: what books and registry store.
    pub fn now(&self) -> Timestamp {
        let now = (self.config.clock)();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// The folder of the books.
    pub fn books(&self) -> PathBuf {
        self.config.data.join("books")
    }

    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub fn not_ready(&self) {
        self.ready.store(false, Ordering::Release);
    }
}
