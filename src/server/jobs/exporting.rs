//! The work of a job: an export of one state of a book, piece by piece into the store of results.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::tz::TimeZone;
use object_store::{ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Outcome, Running, Unfinished, key, say};
use crate::book::Book;
use crate::export::{Export, ExportError, Form};
use crate::ledger::audit::hex;
use crate::ledger::date_text::DateContext;
use crate::ledger::period::Period;
use crate::ledger::query::Query;
use crate::ledger::settings::BookInfo;
use crate::render::Options;
use crate::server::lanes::{LaneError, Place};
use crate::server::problem::{Answer, Problem};
use crate::server::registry::jobs::Task;
use crate::server::state::Shared;
use crate::server::traces::Noted;
use crate::wire::job::{ExportRequest, JobError, JobResult};

/// How long to wait where the server has too many streams at work.
const PAUSE: Duration = Duration::from_millis(500);
/// Bytes handed on at once.
const PIECE: usize = 256 * 1024;
/// Parts of a result on their way to the store at once.
const PARTS_MAX: usize = 4;

/// What comes from the thread that writes an export.
enum Piece {
    Bytes(Bytes),
    /// The last one.
    End(Box<Result<BookInfo, JobError>>),
}

/// Makes the result and puts it into the store.
pub async fn export(app: &Shared, task: &Task, running: &Arc<Running>) -> Outcome {
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
