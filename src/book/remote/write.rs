//! Writing: a few changes are one request; a long list, as an import is, is streamed a line a change.

use std::io::{BufWriter, Seek, Write};
use std::ops::ControlFlow;

use super::{RemoteBook, failed};
use crate::book::{BookError, Result};
use crate::client::outbox::{self, Letter};
use crate::client::{Asked, ClientError, Method, Payload};
use crate::ledger::change::{Done, Unit, WriteMode};
use crate::ledger::chart::Chart;
use crate::wire::change::{
    ChangeBody, ChangesAnswer, ChangesRequest, ImportLine, Outcome, UnitBody, UnitHead,
};

/// Changes beyond which a unit is streamed: a request's body has a limit.
const CHANGES_MAX: usize = 500;

pub fn write(
    book: &mut RemoteBook,
    units: &[Unit<'_>],
    mode: WriteMode,
) -> Result<Vec<Result<Done>>> {
    let Some(first) = units.first() else {
        return Ok(Vec::new());
    };
    let key = first.operation.0.to_string();
    let chart = book.known_chart()?.clone();
    let query: Vec<(&str, String)> = match mode {
        WriteMode::DryRun => vec![("dry_run", "true".to_owned())],
        WriteMode::Commit | WriteMode::CommitAll => Vec::new(),
    };
    let answer: ChangesAnswer = if let [unit] = units
        && unit.changes.count_hint() > CHANGES_MAX
    {
        stream(book, unit, &chart, query)?
    } else {
        let request = ChangesRequest {
            mode: (mode == WriteMode::CommitAll).then(|| "atomic".to_owned()),
            units: units
                .iter()
                .map(|unit| UnitBody::of(unit, &chart))
                .collect(),
        };
        let path = book.path("/changes");
        let sent = match &book.desk {
            Some(desk) if mode != WriteMode::DryRun => letter(units, path, &request)
                .and_then(|letter| desk.outbox.deliver(&book.session, letter)),
            _ => book.session.post(&path, &query, &request, Some(&key)),
        };
        sent.map_err(failed)?.0
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
fn stream(
    book: &RemoteBook,
    unit: &Unit<'_>,
    chart: &Chart,
    mut query: Vec<(&str, String)>,
) -> Result<ChangesAnswer> {
    query.push(("results", "summary".to_owned()));
    let payload = Payload::Pieces {
        media_type: NDJSON,
        pieces: Box::new(pieces(spool(unit, chart)?)),
    };
    let mut summary = None;
    let path = book.path("/imports");
    let asked = Asked {
        method: Method::Post,
        path: &path,
        query: &query,
        payload,
        expected_sequence: None,
        changes: true,
    };
    let sent = book.session.lines(asked, &mut |line| {
        if let Ok(ImportLine::Summary(answer)) = serde_json::from_str(line) {
            summary = Some(answer);
        }
        ControlFlow::Continue(())
    });
    sent.map_err(failed)?;
    summary.ok_or_else(|| {
        failed(ClientError::Unconfirmed {
            server: book.session.server().to_string(),
            why: "the answer ended before its last line".to_owned(),
        })
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
    let mut file = lines.into_inner().map_err(|e| wrong(e.into_error()))?;
    file.rewind().map_err(wrong)?;
    Ok(file)
}

fn put<T: serde::Serialize>(lines: &mut BufWriter<std::fs::File>, line: &T) -> std::io::Result<()> {
    serde_json::to_writer(&mut *lines, line)?;
    lines.write_all(b"\n")
}
