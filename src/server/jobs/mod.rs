//! Jobs: a few workers, each with one export at a time, whose result goes into the object store.
//!
//! The table in `server.db` is the queue; a job that ran when the server ended is done anew. An export reads one
//! state of its book on a thread of its own and never holds more of it than a few pieces.

mod exporting;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::entry::later;
use super::registry::jobs::{self, Task};
use super::state::Shared;
use super::traces::{Traces, What};
use crate::wire::job::{JobError, JobProgress, JobResult};

use exporting::export;
pub use exporting::read;

/// Jobs at work at a time.
const WORKERS: usize = 2;
/// How long a job and its result are kept after its end.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How often what is over is swept, and the queue looked at without being told.
const SWEEP_EVERY: Duration = Duration::from_secs(300);
/// How often a database that other servers share is asked whether a job waits.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often jobs are looked for whose server is gone, where there are others.
const RECOVER_EVERY: Duration = Duration::from_secs(20);
/// How often a worker says that it is at work, and hears whether its job was called off.
const BEAT_EVERY: Duration = Duration::from_secs(5);

/// The jobs of a server.
pub struct Jobs {
    pub store: Arc<dyn ObjectStore>,
    /// Told when there is a new one.
    wake: Notify,
    /// Grows with each change of any job's state.
    changed: watch::Sender<u64>,
    running: Mutex<HashMap<Uuid, Arc<Running>>>,
}

/// A job at work.
#[derive(Default)]
struct Running {
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
}

impl Running {
    fn progress(&self) -> JobProgress {
        JobProgress {
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }
}

/// What a job came to.
type Outcome = Result<Result<JobResult, JobError>, Unfinished>;

/// Why a job has no outcome.
enum Unfinished {
    /// Called off; its row says so already.
    Cancelled,
    /// The server stops: the next one does it.
    Stopping,
}

impl Jobs {
    /// Results go into this store.
    pub fn new(store: Arc<dyn ObjectStore>) -> Jobs {
        Jobs {
            store,
            wake: Notify::new(),
            changed: watch::channel(0).0,
            running: Mutex::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a new job.
    pub fn added(&self) {
        self.wake.notify_one();
    }

    /// A job's row says that it is called off: whoever works on it stops.
    pub fn cancelled(&self, id: Uuid) {
        if let Some(running) = self.running().get(&id) {
            running.cancelled.store(true, Ordering::Relaxed);
        }
        self.tell();
    }

    /// How far a job at work is.
    pub fn progress(&self, id: Uuid) -> Option<JobProgress> {
        self.running().get(&id).map(|running| running.progress())
    }

    /// Told at each change of any job's state.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Takes away what each of a job's attempts may have left; what is gone already is fine.
    ///
    /// Errors: the store's; what it keeps is asked for again at the next sweep.
    pub async fn forget(&self, id: Uuid, attempts: u32) -> object_store::Result<()> {
        for attempt in 1..=attempts.max(1) {
            self.forget_one(id, attempt).await?;
        }
        Ok(())
    }

    async fn forget_one(&self, id: Uuid, attempt: u32) -> object_store::Result<()> {
        match self.store.delete(&key(id, attempt)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Where the result of an attempt lies in the store: a worker that was taken for dead and comes back writes over
/// nobody's.
pub fn key(id: Uuid, attempt: u32) -> object_store::path::Path {
    object_store::path::Path::from(match attempt {
        0 | 1 => id.to_string(),
        attempt => format!("{id}-{attempt}"),
    })
}

/// Starts workers and sweeper on the runtime.
pub fn start(app: &Shared) {
    let workers = if app.config.jobs { WORKERS } else { 0 };
    for _ in 0..workers {
        tokio::spawn(work(Arc::clone(app)));
    }
    tokio::spawn(sweep(Arc::clone(app)));
}

async fn told_to_stop(app: &Shared) {
    let _ = app.stopping.clone().wait_for(|stop| *stop).await;
}

async fn work(app: Shared) {
    let pause = match app.registry.is_shared() {
        true => LOOK_EVERY,
        false => SWEEP_EVERY,
    };
    while app.is_ready() {
        let now = app.now();
        // Asked without the writers' lock first: most of the time nothing waits.
        let next = match app.registry.read(jobs::waits) {
            Ok(true) => app.registry.write(move |db| jobs::take(db, now)).await,
            Ok(false) => Ok(None),
            Err(problem) => Err(problem),
        };
        match next {
            Ok(Some(task)) => run(&app, task).await,
            Ok(None) | Err(_) => {
                tokio::select! {
                    () = app.jobs.wake.notified() => {}
                    () = told_to_stop(&app) => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
}

/// Says that a job is worked on for as long as it is; one that was called off or taken over elsewhere is told so.
async fn beat(app: Shared, id: (Uuid, u32), running: Arc<Running>) {
    loop {
        tokio::time::sleep(BEAT_EVERY).await;
        let (progress, now) = (running.progress(), app.now());
        let told = app
            .registry
            .write(move |db| jobs::beat(db, id, progress, now));
        if let Ok(false) = told.await {
            running.cancelled.store(true, Ordering::Relaxed);
        }
    }
}

async fn sweep(app: Shared) {
    let pause = match app.registry.is_shared() {
        true => RECOVER_EVERY,
        false => SWEEP_EVERY,
    };
    loop {
        let now = app.now();
        if app.registry.is_shared() {
            // What a server that is gone left behind; what fails is done at the next sweep.
            let _ = app.registry.write(move |db| jobs::recover(db, now)).await;
            let _ = app.registry.sweep_buckets();
        }
        for (id, attempts) in app
            .registry
            .read(|db| jobs::expired(db, now))
            .unwrap_or_default()
        {
            // What fails is tried again at the next sweep: the row stays as long as the result.
            if let Err(error) = app.jobs.forget(id, attempts).await {
                say(&app, "an old result stays", id, &error);
                continue;
            }
            let _ = app.registry.write(move |db| jobs::remove(db, id)).await;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = told_to_stop(&app) => return,
        }
    }
}

/// One job from its beginning to its end.
async fn run(app: &Shared, task: Task) {
    let running = Arc::new(Running::default());
    app.jobs.running().insert(task.id, Arc::clone(&running));
    app.metrics.jobs.running.fetch_add(1, Ordering::Relaxed);
    app.jobs.tell();
    let begun = (task.id, task.attempt);
    let heart = tokio::spawn(beat(Arc::clone(app), begun, Arc::clone(&running)));
    let outcome = traced(app, &task, export(app, &task, &running)).await;
    heart.abort();
    let counts = &app.metrics.jobs;
    match outcome {
        Ok(outcome) => {
            let now = app.now();
            let progress = running.progress();
            let counter = if outcome.is_ok() {
                &counts.succeeded
            } else {
                &counts.failed
            };
            let times = (now, later(now, KEPT));
            let ended = app
                .registry
                .write(move |db| jobs::end(db, begun, progress, &outcome, times));
            match ended.await {
                Ok(true) => drop(counter.fetch_add(1, Ordering::Relaxed)),
                // Called off or taken over at the last moment, or the row cannot be written: no result without
                // its row.
                Ok(false) | Err(_) => {
                    if let Err(error) = app.jobs.forget_one(task.id, task.attempt).await {
                        say(app, "a result nobody asks for stays", task.id, &error);
                    }
                }
            }
        }
        Err(Unfinished::Cancelled) => drop(counts.cancelled.fetch_add(1, Ordering::Relaxed)),
        Err(Unfinished::Stopping) => {}
    }
    app.jobs.running().remove(&task.id);
    counts.running.fetch_sub(1, Ordering::Relaxed);
    app.jobs.tell();
}

/// Runs a job's work under a span of its own.
async fn traced(app: &Shared, task: &Task, work: impl Future<Output = Outcome>) -> Outcome {
    let Some(tracing) = app.traces.as_ref().and_then(Traces::begin_job) else {
        return work.await;
    };
    let outcome = tracing.over(work).await;
    let code = match &outcome {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.code.as_str()),
        Err(Unfinished::Cancelled) => Some("cancelled"),
        Err(Unfinished::Stopping) => Some("stopping"),
    };
    let what = What::Job {
        format: task.request.format.clone(),
        failed: matches!(outcome, Ok(Err(_))),
    };
    tracing.end(what, code);
    outcome
}

fn say(app: &Shared, message: &str, job: Uuid, error: &object_store::Error) {
    let line = serde_json::json!({
        "at": app.now().to_string(), "level": "error", "message": message, "job": job,
        "reason": super::results::brief(error),
    });
    app.config.log.line(line.to_string());
}
