//! Writing: a few changes are one request; a long list, as an import is, is streamed a line a change.

use std::io::{BufWriter, Seek, Write};
use std::ops::ControlFlow;

use super::{RemoteBook, failed};
use crate::book::{BookError, Result};
use crate::client::outbox::{self, Letter};
use crate::client::{Asked, ClientError, Method, Payload};
use crate::ledger::change::{Done, Unit, WriteMode};
use crate::ledger::chart::Chart;
use crate::wire::change::ChangeBody;
use crate::wire::unit::{ChangesAnswer, ChangesRequest, ImportLine, Outcome, UnitBody, UnitHead};

/// Changes beyond which a unit is streamed without looking at its length.
const CHANGES_MAX: usize = 10_000;
/// The longest request in bytes: a server takes a mebibyte. A longer unit is streamed.
const BYTES_MAX: usize = 900 << 10;
/// How often a stream is sent when nobody says what became of it. The operation is the same each time, so
/// that it happens once.
const STREAMS: usize = 3;

pub fn write(
    book: &mut RemoteBook,
    units: &[Unit<'_>],
    mode: WriteMode,
) -> Result<Vec<Result<Done>>> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let chart = book.known_chart()?.clone();
    let query: Vec<(&str, String)> = match mode {
        WriteMode::DryRun => vec![("dry_run", "true".to_owned())],
        WriteMode::Commit | WriteMode::CommitAll => Vec::new(),
    };
    let answer = match short(units, &chart, mode) {
        Some(request) => deliver(book, units, mode, &request, &query)?,
        None => stream(book, &units[0], &chart, query)?,
    };
    if mode != WriteMode::DryRun {
        book.chart = None;
    }
    let outcomes = answer
        .outcomes
        .into_iter()
        .map(|outcome| read(book, outcome));
    Ok(outcomes.collect())
}

/// The request of units; `None` of one unit that is too long for a request and has to be streamed.
fn short(units: &[Unit<'_>], chart: &Chart, mode: WriteMode) -> Option<ChangesRequest> {
    let long = matches!(units, [unit] if unit.changes.count_hint() > CHANGES_MAX);
    if long {
        return None;
    }
    let request = ChangesRequest {
        mode: (mode == WriteMode::CommitAll).then(|| "atomic".to_owned()),
        units: units.iter().map(|unit| UnitBody::of(unit, chart)).collect(),
    };
    let fits =
        units.len() > 1 || serde_json::to_vec(&request).is_ok_and(|body| body.len() <= BYTES_MAX);
    fits.then_some(request)
}

/// Sends a request, through the outbox if it changes the book.
fn deliver(
    book: &RemoteBook,
    units: &[Unit<'_>],
    mode: WriteMode,
    request: &ChangesRequest,
    query: &[(&str, String)],
) -> Result<ChangesAnswer> {
    let path = book.path("/changes");
    let sent = match &book.desk {
        Some(desk) if mode != WriteMode::DryRun => letter(units, path, request)
            .and_then(|letter| desk.outbox.deliver(&book.session, letter)),
        _ => {
            let key = units[0].operation.0.to_string();
            book.session.post(&path, query, request, Some(&key))
        }
    };
    Ok(sent.map_err(failed)?.0)
}

/// What stands in the outbox until the server has answered.
fn letter(
    units: &[Unit<'_>],
    path: String,
    request: &ChangesRequest,
) -> crate::client::Result<Letter> {
    let mut changes = Vec::new();
    for unit in units {
        unit.changes.visit(&mut |change| {
            changes.push(change);
            ControlFlow::Continue(())
        });
    }
    let (id, at) = (units[0].operation.0, units[0].at);
    let may_wait = outbox::may_wait(&changes);
    Letter::new(id, path, at, outbox::about(&changes), may_wait, request)
}

const NDJSON: &str = "application/x-ndjson";

/// Sends a unit a line a change; the answer's last line is its outcome.
///
/// Errors: `Unconfirmed` if it was cut each time; a stream is too long for the outbox, so whoever asked asks again.
fn stream(
    book: &RemoteBook,
    unit: &Unit<'_>,
    chart: &Chart,
    mut query: Vec<(&str, String)>,
) -> Result<ChangesAnswer> {
    query.push(("results", "summary".to_owned()));
    let lines = spool(unit, chart)?;
    let mut sent = send(book, &lines, &query);
    for _ in 1..STREAMS {
        if !matches!(sent, Err(ClientError::Unconfirmed { .. })) {
            break;
        }
        sent = send(book, &lines, &query).map(|answer| first_told(answer, unit));
    }
    sent.map_err(failed)
}

/// The answer to a stream that was sent before: that the operation was there already is no news, since
/// nobody was told of it. What a key of the caller's own says stays.
fn first_told(mut answer: ChangesAnswer, unit: &Unit<'_>) -> ChangesAnswer {
    for outcome in &mut answer.outcomes {
        if let Outcome::Done(done) = outcome
            && unit.once.is_none()
            && done.repeat == "already"
        {
            done.repeat = "new".to_owned();
        }
    }
    answer
}

/// Sends the lines once.
fn send(
    book: &RemoteBook,
    lines: &std::fs::File,
    query: &[(&str, String)],
) -> crate::client::Result<ChangesAnswer> {
    let unkept = |e: std::io::Error| ClientError::Io {
        what: format!("what is to be sent cannot be read: {e}"),
    };
    let mut lines = lines.try_clone().map_err(unkept)?;
    lines.rewind().map_err(unkept)?;
    let path = book.path("/imports");
    let asked = Asked {
        method: Method::Post,
        path: &path,
        query,
        payload: Payload::Pieces {
            media_type: NDJSON,
            pieces: Box::new(pieces(lines)),
        },
        expected_sequence: None,
        changes: true,
    };
    let mut summary = None;
    book.session.lines(asked, &mut |line| {
        if let Ok(ImportLine::Summary(answer)) = serde_json::from_str(line) {
            summary = Some(answer);
        }
        ControlFlow::Continue(())
    })?;
    summary.ok_or_else(|| ClientError::Unconfirmed {
        server: book.session.server().to_string(),
        why: "the answer ended before its last line".to_owned(),
    })
}

fn pieces(mut file: std::fs::File) -> impl Iterator<Item = std::io::Result<Vec<u8>>> {
    use std::io::Read;
    std::iter::from_fn(move || {
        let mut piece = vec![0; 1 << 16];
        match file.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some(Ok(piece))
            }
            Err(error) => Some(Err(error)),
        }
    })
}

fn read(book: &RemoteBook, outcome: Outcome) -> Result<Done> {
    match outcome {
        Outcome::Done(body) => body.done().map_err(|fault| book.misread(fault)),
        // Which change it was about stands in the pointer of the problem's first fault.
        Outcome::Refused { problem, .. } => Err(failed(ClientError::Problem {
            server: book.session.server().to_string(),
            problem,
        })),
    }
}

/// The unit as lines in a file that is gone when it is closed: its head, then a change a line.
fn spool(unit: &Unit<'_>, chart: &Chart) -> Result<std::fs::File> {
    let wrong = |e: std::io::Error| BookError::Io {
        what: format!("what is to be sent cannot be kept: {e}"),
    };
    let mut lines = BufWriter::with_capacity(1 << 16, tempfile::tempfile().map_err(wrong)?);
    put(&mut lines, &UnitHead::of(unit)).map_err(wrong)?;
    let mut fault = None;
    unit.changes.visit(
        &mut |change| match put(&mut lines, &ChangeBody::of(change, chart)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                fault = Some(error);
                ControlFlow::Break(())
            }
        },
    );
    if let Some(error) = fault {
        return Err(wrong(error));
    }
    lines.into_inner().map_err(|e| wrong(e.into_error()))
}

fn put<T: serde::Serialize>(lines: &mut BufWriter<std::fs::File>, line: &T) -> std::io::Result<()> {
    serde_json::to_writer(&mut *lines, line)?;
    lines.write_all(b"\n")
}
