//! Jobs: a few workers, each with one export at a time, whose result goes into the object store.
//!
//! The table in `server.db` is the queue; a job that ran when the server ended is done anew. An export reads one
//! state of its book on a thread of its own and never holds more of it than a few pieces.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use super::entry::later;
use super::lanes::{LaneError, Place};
use super::problem::{Answer, Problem};
use super::registry::jobs::{self, Task};
use super::state::Shared;
use super::traces::{Noted, Traces, What};
use crate::book::Book;
use crate::export::{Export, ExportError, Form};
use crate::ledger::audit::hex;
use crate::ledger::date_text::DateContext;
use crate::ledger::period::Period;
use crate::ledger::query::Query;
use crate::ledger::settings::BookInfo;
use crate::render::Options;
use crate::wire::job::{ExportRequest, JobError, JobProgress, JobResult};

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
/// How long to wait where the server has too many streams at work.
const PAUSE: Duration = Duration::from_millis(500);
/// Bytes handed on at once.
const PIECE: usize = 256 * 1024;
/// Parts of a result on their way to the store at once.
const PARTS_MAX: usize = 4;

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

/// What comes from the thread that writes an export.
enum Piece {
    Bytes(Bytes),
    /// The last one.
    End(Box<Result<BookInfo, JobError>>),
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

/// Makes the result and puts it into the store.
async fn export(app: &Shared, task: &Task, running: &Arc<Running>) -> Outcome {
    let mut pieces = begin(app, task, running).await?;
    let upload = match app
        .jobs
        .store
        .put_multipart(&key(task.id, task.attempt))
        .await
    {
        Ok(upload) => upload,
        Err(error) => return Ok(Err(lost(app, task.id, &error))),
    };
    let mut upload = WriteMultipart::new(upload);
    let (mut hasher, mut bytes) = (Sha256::new(), 0_u64);
    let outcome = loop {
        match pieces.recv().await {
            Some(Piece::Bytes(piece)) => {
                hasher.update(&piece);
                bytes += piece.len() as u64;
                upload.put(piece);
                if let Err(error) = upload.wait_for_capacity(PARTS_MAX).await {
                    return Ok(Err(lost(app, task.id, &error)));
                }
            }
            Some(Piece::End(outcome)) => break *outcome,
            None => break Err(failed("internal", "the export ended before its end")),
        }
    };
    // The reader has let go of the book.
    while pieces.recv().await.is_some() {}
    let info = match outcome {
        Ok(info) => info,
        Err(error) => {
            // What is half written is of no use; a part that stays is swept at the next start.
            let _ = upload.abort().await;
            return match error {
                _ if running.cancelled.load(Ordering::Relaxed) => Err(Unfinished::Cancelled),
                _ if !app.is_ready() => Err(Unfinished::Stopping),
                error => Ok(Err(error)),
            };
        }
    };
    let written = Instant::now();
    if let Err(error) = upload.finish().await {
        return Ok(Err(lost(app, task.id, &error)));
    }
    Noted::here().step("store", written, Instant::now());
    let digest: [u8; 32] = hasher.finalize().into();
    Ok(describe(app, task, &info, bytes, &digest))
}

/// Starts the thread that writes.
async fn begin(
    app: &Shared,
    task: &Task,
    running: &Arc<Running>,
) -> Result<mpsc::Receiver<Piece>, Unfinished> {
    let place = Place {
        org: task.org,
        file: app.books().join(&task.file),
    };
    loop {
        if running.cancelled.load(Ordering::Relaxed) {
            return Err(Unfinished::Cancelled);
        }
        let (request, now, count) = (task.request.clone(), app.now(), Arc::clone(running));
        let begun = app.lanes.stream(&place, move |book, push| {
            let outcome = write(book, &request, now, &count, push);
            let _ = push(Piece::End(Box::new(outcome)));
        });
        match begun {
            Ok(pieces) => return Ok(pieces),
            Err(LaneError::Closing) => return Err(Unfinished::Stopping),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Writes the export piece by piece; gives the state of the book it was made from.
fn write(
    book: &mut dyn Book,
    request: &ExportRequest,
    now: jiff::Timestamp,
    running: &Running,
    push: &mut dyn FnMut(Piece) -> ControlFlow<()>,
) -> Result<BookInfo, JobError> {
    let info = book.info().map_err(|e| of_export(e.into()))?;
    let live = info.transactions - info.voided.min(info.transactions);
    running.total.store(live, Ordering::Relaxed);
    let export = read(request, &info, now).map_err(|p| failed(&p.code, &p.detail))?;
    let mut step = || {
        running.done.fetch_add(1, Ordering::Relaxed);
        match running.cancelled.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let mut out = BufWriter::with_capacity(PIECE, Pieces { push });
    let written = export.write(book, &mut out, &mut step);
    let written = written.and_then(|()| Ok(out.flush()?));
    // A pipe nobody reads: what is still in the buffer has no use.
    let _ = out.into_parts();
    written.map_err(of_export).map(|()| info)
}

/// What a request asks of a book.
///
/// Errors: 422 with the field.
pub fn read(request: &ExportRequest, info: &BookInfo, now: jiff::Timestamp) -> Answer<Export> {
    if request.what != "transactions" {
        let words = format!("there is no export of {:?}: transactions", request.what);
        return Err(Problem::field("/what", "unknown-word", words));
    }
    let form = Form::from_word(&request.format).ok_or_else(|| {
        let words = format!(
            "no export of the format {:?}: {}",
            request.format,
            Form::WORDS
        );
        Problem::field("/format", "unknown-format", words)
    })?;
    let zone = TimeZone::get(&info.settings.timezone).unwrap_or(TimeZone::UTC);
    let dates = DateContext::of(&info.settings, now.to_zoned(zone).date());
    let query = Query::parse(&request.filters.query, &dates)
        .map_err(|e| Problem::field("/filters/query", "bad-query", e.to_string()))?;
    let asked = Period {
        from: request.filters.from,
        until: request.filters.to.and_then(|to| to.tomorrow().ok()),
    };
    let options = Options {
        fields: request.fields.clone(),
        no_header: request.no_header,
        raw: request.raw,
        ..Options::default()
    };
    let columns = crate::render::views::journal::journal_columns();
    if let Some(unknown) = request
        .fields
        .iter()
        .find(|f| columns.iter().all(|c| c.name != **f))
    {
        let words = format!("there is no column {unknown:?}");
        return Err(Problem::field("/fields", "unknown-field", words));
    }
    // A column is wanted once or a few times; a thousand times it would be a way to fill the disk.
    if request.fields.len() > 2 * columns.len() {
        let words = format!("at most {} fields", 2 * columns.len());
        return Err(Problem::field("/fields", "too-many-fields", words));
    }
    Ok(Export {
        period: asked.intersect(query.period),
        query,
        ..Export::all(form, info.clone(), options)
    })
}

/// Hands what is written on, as long as somebody takes it.
struct Pieces<'p> {
    push: &'p mut dyn FnMut(Piece) -> ControlFlow<()>,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match (self.push)(Piece::Bytes(Bytes::copy_from_slice(bytes))) {
            ControlFlow::Continue(()) => Ok(bytes.len()),
            ControlFlow::Break(()) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn describe(
    app: &Shared,
    task: &Task,
    info: &BookInfo,
    bytes: u64,
    digest: &[u8; 32],
) -> Result<JobResult, JobError> {
    let form = Form::from_word(&task.request.format);
    let (extension, media_type) = form
        .ok_or_else(|| failed("unknown-format", "the format is not known any more"))?
        .file_type();
    let day = app.now().strftime("%Y-%m-%d");
    Ok(JobResult {
        name: format!("{}-{day}.{extension}", task.slug),
        media_type: media_type.to_owned(),
        bytes,
        sha256: hex(digest),
        sequence: info.sequence,
    })
}

fn failed(code: &str, message: &str) -> JobError {
    JobError {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

fn of_export(error: ExportError) -> JobError {
    match error {
        ExportError::Book(error) => {
            let problem = Problem::from(error);
            failed(&problem.code, &problem.detail)
        }
        // Paths and the like are the operator's to know.
        ExportError::Io(_) => failed("internal", "the export could not be written"),
        other => failed("not-exported", &other.to_string()),
    }
}

/// What the store said is the operator's to know, not the asker's.
fn lost(app: &Shared, id: Uuid, error: &object_store::Error) -> JobError {
    say(app, "a result could not be kept", id, error);
    failed("no-store", "the result could not be kept")
}

fn say(app: &Shared, message: &str, job: Uuid, error: &object_store::Error) {
    let line = serde_json::json!({
        "at": app.now().to_string(), "level": "error", "message": message, "job": job,
        "reason": super::results::brief(error),
    });
    app.config.log.line(line.to_string());
}
