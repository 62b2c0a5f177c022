//! A scan is one answer, streamed a line a transaction from one state of the book; its last line says that it is whole.

use std::collections::HashSet;
use std::ops::ControlFlow;

use jiff::civil::Date;

use super::{RemoteBook, failed, moved};
use crate::book::{BookError, Order, Result, Scan, Voided};
use crate::client::{Asked, ClientError, Method, Payload};
use crate::ledger::account::AccountKey;
use crate::ledger::transaction::Transaction;
use crate::wire::Unreadable;
use crate::wire::transaction::{StreamEnd, TransactionBody};

/// The code of a name that the chart lacks.
const UNKNOWN: &str = "unknown";

/// How often a scan begins anew because the book gained accounts between its chart and its stream.
const ATTEMPTS: usize = 3;

pub fn scan(
    book: &mut RemoteBook,
    scan: &Scan,
    row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<()> {
    if scan.accounts.as_ref().is_some_and(Vec::is_empty) || scan.limit == Some(0) {
        return Ok(());
    }
    let mut handed = 0;
    let wanted: Option<HashSet<AccountKey>> =
        scan.accounts.as_ref().map(|k| k.iter().copied().collect());
    for attempt in 1.. {
        let mut counted = |transaction: Transaction| {
            let moves = |wanted: &HashSet<AccountKey>| {
                let mut entries = transaction.entries.iter();
                entries.any(|e| wanted.contains(&e.account))
            };
            if !wanted.as_ref().is_none_or(moves) {
                return ControlFlow::Continue(());
            }
            handed += 1;
            let flow = row(transaction);
            match scan.limit == Some(handed) {
                true => ControlFlow::Break(()),
                false => flow,
            }
        };
        match once(book, scan, &mut counted)? {
            Ended::Whole => return Ok(()),
            // Nothing was handed over yet: a newer chart reads it all.
            Ended::Unread if handed == 0 && !book.pinned && attempt < ATTEMPTS => book.chart = None,
            Ended::Unread => return Err(moved()),
        }
    }
    Ok(())
}

/// How a stream ended.
enum Ended {
    Whole,
    /// A line speaks of an account that the chart lacks.
    Unread,
}

fn once(
    book: &mut RemoteBook,
    scan: &Scan,
    row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<Ended> {
    let query = question(book, scan)?;
    let chart = book.known_chart()?.clone();
    let mut reading = Reading {
        end: None,
        unread: None,
        stopped: false,
    };
    let path = book.path("/transactions");
    let asked = Asked {
        method: Method::Get,
        path: &path,
        query: &query,
        payload: Payload::Nothing,
        expected_sequence: book.expected(),
        changes: false,
    };
    let reply = book
        .session
        .lines(asked, &mut |line| reading.take(line, &chart, row));
    let reply = reply.map_err(failed)?;
    book.saw(reply.sequence);
    match reading {
        Reading {
            unread: Some(fault),
            ..
        } if fault.code == UNKNOWN => Ok(Ended::Unread),
        Reading {
            unread: Some(fault),
            ..
        } => Err(book.misread(fault)),
        Reading { stopped: true, .. } => Ok(Ended::Whole),
        Reading {
            end: Some(StreamEnd::End { .. }),
            ..
        } => Ok(Ended::Whole),
        Reading {
            end: Some(StreamEnd::Error(problem)),
            ..
        } => {
            let server = book.session.server().to_string();
            Err(failed(ClientError::Problem { server, problem }))
        }
        Reading { end: None, .. } => Err(cut(book)),
    }
}

/// What a stream has brought.
struct Reading {
    end: Option<StreamEnd>,
    /// Why a line could not be read.
    unread: Option<Unreadable>,
    /// Whoever scans had enough.
    stopped: bool,
}

impl Reading {
    fn take(
        &mut self,
        line: &str,
        chart: &crate::ledger::chart::Chart,
        row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if line.starts_with("{\"end\"") || line.starts_with("{\"error\"") {
            self.end = serde_json::from_str(line).ok();
            return ControlFlow::Break(());
        }
        let body = serde_json::from_str::<TransactionBody>(line)
            .map_err(|error| Unreadable::new("bad-json", error.to_string()));
        match body.and_then(|body| body.transaction(chart)) {
            Err(fault) => {
                self.unread = Some(fault);
                ControlFlow::Break(())
            }
            Ok(transaction) => {
                let flow = row(transaction);
                self.stopped = flow.is_break();
                flow
            }
        }
    }
}

fn question(book: &mut RemoteBook, scan: &Scan) -> Result<Vec<(&'static str, String)>> {
    let mut query = Vec::new();
    let mut put = |name, value: Option<String>| query.extend(value.map(|v| (name, v)));
    put("from", scan.from.map(|d| d.to_string()));
    let last = scan
        .until
        .filter(|d| *d != Date::MAX)
        .map(|d| d.yesterday().unwrap_or(Date::MIN));
    put("to", last.map(|d| d.to_string()));
    put("q", (!scan.words.is_empty()).then(|| scan.words.join(" ")));
    put(
        "order",
        (scan.order == Order::NewestFirst).then(|| "desc".to_owned()),
    );
    put(
        "voided",
        (scan.voided == Voided::Show).then(|| "true".to_owned()),
    );
    let ledgers = match &scan.accounts {
        None => None,
        Some(keys) => book.ledgers(keys)?,
    };
    // Where the server is not told the accounts, it cannot count what is wanted of them.
    if scan.accounts.is_none() || ledgers.is_some() {
        put("limit", scan.limit.map(|n| n.to_string()));
    }
    query.extend(ledgers);
    Ok(query)
}

fn cut(book: &RemoteBook) -> BookError {
    let server = book.session.server().to_string();
    failed(ClientError::Unreachable {
        why: "the answer ended before its last line".to_owned(),
        server,
    })
}
