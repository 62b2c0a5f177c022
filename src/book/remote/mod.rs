//! The book of an organisation on a server: the port over HTTPS.
//!
//! A book opened to read answers from one state: the first answer names it, every later question insists on
//! it, and a book that has moved meanwhile fails with the conflict `book-moved` (whoever asked starts over).
//! A book opened to write asks for the newest state each time.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{
    AuditEntry, AuditQuery, Book, BookError, CheckDepth, CheckOutcome, ImportRow, KnownRow, Result,
    Scan, Verification, Version,
};
use crate::client::{ClientError, Desk, Session, segment};
use crate::ledger::account::AccountKey;
use crate::ledger::change::{Assertion, Done, PriceChange, Target, Unit, WriteMode};
use crate::ledger::chart::Chart;
use crate::ledger::settings::BookInfo;
use crate::ledger::totals::{Totals, TotalsQuery};
use crate::ledger::transaction::Transaction;
use crate::wire::audit::{AuditBody, VersionBody};
use crate::wire::book::OrgBody;
use crate::wire::chart::{AssertionBody, ChartBody, PriceBody};
use crate::wire::finding::{CheckBody, ChecksRequest, VerificationBody};
use crate::wire::import::{ImportBody, KnownRowBody, KnownRowsRequest, SourcesRequest};
use crate::wire::totals::TotalsBody;
use crate::wire::transaction::{NO_TRANSACTION, TransactionBody};
use crate::wire::{List, Unreadable};

mod scan;
mod write;

/// The book of an organisation on a server.
pub struct RemoteBook {
    session: Arc<Session>,
    /// `/orgs/acme`.
    base: String,
    /// Of a book to change: where changes wait, and what was last seen.
    desk: Option<Desk>,
    /// The settings as they were last told.
    org: Option<OrgBody>,
    /// Every answer must be from one state of the book.
    pinned: bool,
    sequence: Option<u64>,
    chart: Option<Chart>,
}

/// The most identities or numbers in one question: a body has a limit.
const ASKED_AT_ONCE: usize = 20_000;
/// The most accounts that the address of a question names: at 37 bytes each they must fit into 64 KiB.
const LEDGERS_MAX: usize = 1_000;

impl RemoteBook {
    /// A book to look at: one state for the whole life of the value.
    pub fn open_read(session: Arc<Session>, org: &str) -> RemoteBook {
        RemoteBook {
            session,
            base: format!("/orgs/{}", segment(org)),
            desk: None,
            org: None,
            pinned: true,
            sequence: None,
            chart: None,
        }
    }

    /// A book to change.
    pub fn open_write(desk: Desk) -> RemoteBook {
        RemoteBook {
            pinned: false,
            desk: Some(desk.clone()),
            ..RemoteBook::open_read(desk.session, &desk.place.org)
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.base)
    }

    /// The state that an answer must be from, if there is one.
    fn expected(&self) -> Option<u64> {
        self.sequence.filter(|_| self.pinned)
    }

    fn saw(&mut self, sequence: Option<u64>) {
        if self.pinned && self.sequence.is_none() {
            self.sequence = sequence;
        }
    }

    fn get<T: DeserializeOwned>(&mut self, rest: &str, query: &[(&str, String)]) -> Result<T> {
        let (value, reply) = self
            .session
            .get(&self.path(rest), query, self.expected())
            .map_err(failed)?;
        self.saw(reply.sequence);
        Ok(value)
    }

    fn ask<B: serde::Serialize, T: DeserializeOwned>(&mut self, rest: &str, body: &B) -> Result<T> {
        let asked = self
            .session
            .ask(&self.path(rest), &[], body, self.expected());
        let (value, reply) = asked.map_err(failed)?;
        self.saw(reply.sequence);
        Ok(value)
    }

    /// The chart of the state that is looked at.
    fn fetch_chart(&mut self) -> Result<Chart> {
        let body: ChartBody = match self.get("/chart", &[]) {
            Err(error) => self.last_seen(error)?.1,
            Ok(body) => {
                self.remember(&body);
                body
            }
        };
        let chart = body.chart().map_err(|fault| self.misread(fault))?;
        self.chart = Some(chart.clone());
        Ok(chart)
    }

    /// Keeps settings and chart, so that a posting made while the server cannot be reached finds its accounts.
    fn remember(&self, chart: &ChartBody) {
        if let (Some(desk), Some(org)) = (&self.desk, &self.org)
            && desk.cache.sequence() != Some(chart.sequence)
        {
            // A copy that cannot be kept costs only a posting that could have waited.
            let _ = desk.cache.save(chart.sequence, org, chart);
        }
    }

    /// What was kept, for a book to change whose server cannot be reached.
    fn last_seen(&self, error: BookError) -> Result<(OrgBody, ChartBody)> {
        let unreachable = matches!(&error, BookError::Remote(e) if e.is_unreachable());
        let seen = self.desk.as_ref().filter(|_| unreachable);
        let (_, org, chart) = seen.and_then(|desk| desk.cache.load()).ok_or(error)?;
        Ok((org, chart))
    }

    fn known_chart(&mut self) -> Result<&Chart> {
        if self.chart.is_none() {
            self.fetch_chart()?;
        }
        self.chart.as_ref().ok_or_else(|| BookError::Io {
            what: "the server gave no chart".to_owned(),
        })
    }

    /// Reads an answer with the chart; a book that moved on may name accounts that an older chart lacks.
    fn with_chart<T, U>(
        &mut self,
        answer: T,
        read: impl Fn(T, &Chart) -> crate::wire::Result<U>,
    ) -> Result<U>
    where
        T: Clone,
    {
        let had = self.chart.is_some();
        let first = read(answer.clone(), self.known_chart()?);
        match first {
            Ok(value) => Ok(value),
            Err(_) if had && !self.pinned => {
                self.fetch_chart()?;
                read(answer, self.known_chart()?).map_err(|fault| self.misread(fault))
            }
            Err(fault) => Err(self.misread(fault)),
        }
    }

    /// An answer that no server of this version gives.
    fn misread(&self, fault: Unreadable) -> BookError {
        let server = self.session.server().to_string();
        failed(ClientError::Protocol {
            what: format!(
                "{server} answered what this hissab cannot read: {}{}",
                fault.message,
                place(&fault)
            ),
            server,
        })
    }

    /// `None` where the server says that there is no such thing.
    /// The parameter that asks for these accounts only; nothing of more than an address can name: then
    /// everything is asked for, and whoever asks picks.
    fn ledgers(&mut self, keys: &[AccountKey]) -> Result<Option<(&'static str, String)>> {
        if keys.len() > LEDGERS_MAX {
            return Ok(None);
        }
        let chart = self.known_chart()?;
        let ids: Vec<String> = keys
            .iter()
            .map(|k| chart.account(*k).id.to_string())
            .collect();
        Ok(Some(("ledger", ids.join(","))))
    }

    fn found<T>(&self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(BookError::Remote(error)) if error.is_problem(NO_TRANSACTION) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn place(fault: &Unreadable) -> String {
    match fault.pointer.as_str() {
        "" => String::new(),
        pointer => format!(" (at {pointer})"),
    }
}

/// What a failed call is to the one who uses a book. A book that moved is the conflict it would be anywhere.
fn failed(error: ClientError) -> BookError {
    if error.is_problem("book-moved") {
        return moved();
    }
    BookError::Remote(error)
}

fn moved() -> BookError {
    BookError::Conflict {
        code: "book-moved",
        message: "the book was changed while it was read".to_owned(),
        hint: None,
        operation: None,
    }
}

fn reference(target: Target) -> String {
    match target {
        Target::Number(number) => number.to_string(),
        Target::Id(id) => id.to_string(),
    }
}

impl Book for RemoteBook {
    fn info(&mut self) -> Result<BookInfo> {
        let body: OrgBody = match self.get("", &[]) {
            Err(error) => self.last_seen(error)?.0,
            Ok(body) => body,
        };
        self.org = self.desk.is_some().then(|| body.clone());
        body.info().map_err(|fault| self.misread(fault))
    }

    fn chart(&mut self) -> Result<Chart> {
        if self.pinned
            && let Some(chart) = &self.chart
        {
            return Ok(chart.clone());
        }
        self.fetch_chart()
    }

    fn prices(&mut self) -> Result<Vec<PriceChange>> {
        let list: List<PriceBody> = self.get("/prices", &[])?;
        let read = list.data.into_iter().map(PriceBody::price);
        read.collect::<crate::wire::Result<_>>()
            .map_err(|fault| self.misread(fault))
    }

    fn assertions(&mut self) -> Result<Vec<Assertion>> {
        let list: List<AssertionBody> = self.get("/assertions", &[])?;
        let read = list.data.into_iter().map(AssertionBody::assertion);
        read.collect::<crate::wire::Result<_>>()
            .map_err(|fault| self.misread(fault))
    }

    fn totals(&mut self, query: &TotalsQuery) -> Result<Totals> {
        let cuts: Vec<String> = query.cuts.iter().map(ToString::to_string).collect();
        let mut asked = vec![("cuts", cuts.join(","))];
        if let Some(keys) = &query.accounts {
            if keys.is_empty() {
                return Ok(Totals::default());
            }
            asked.extend(self.ledgers(keys)?);
        }
        let body: TotalsBody = self.get("/totals", &asked)?;
        let mut totals = self.with_chart(body, TotalsBody::totals)?;
        if let Some(keys) = &query.accounts {
            let wanted: HashSet<AccountKey> = keys.iter().copied().collect();
            totals.rows.retain(|row| wanted.contains(&row.account));
        }
        Ok(totals)
    }

    fn scan(
        &mut self,
        scan: &Scan,
        row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
    ) -> Result<()> {
        scan::scan(self, scan, row)
    }

    fn find(&mut self, target: Target) -> Result<Option<Transaction>> {
        let rest = format!("/transactions/{}", reference(target));
        let asked: Result<TransactionBody> = self.get(&rest, &[]);
        match self.found(asked)? {
            None => Ok(None),
            Some(body) => self
                .with_chart(body, TransactionBody::transaction)
                .map(Some),
        }
    }

    fn history(&mut self, target: Target) -> Result<Vec<Version>> {
        let rest = format!("/transactions/{}/history", reference(target));
        let asked: Result<List<VersionBody>> = self.get(&rest, &[]);
        let Some(list) = self.found(asked)? else {
            return Ok(Vec::new());
        };
        self.with_chart(list, |list, chart| {
            list.data.into_iter().map(|v| v.version(chart)).collect()
        })
    }

    fn write(&mut self, units: &[Unit<'_>], mode: WriteMode) -> Result<Vec<Result<Done>>> {
        write::write(self, units, mode)
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        let mut asked = Vec::new();
        let mut put = |name, value: Option<String>| asked.extend(value.map(|v| (name, v)));
        put("since", query.since.map(|n| n.to_string()));
        put("before", query.before.map(|n| n.to_string()));
        put("who", query.who.clone());
        put("action", query.action.clone());
        put("number", query.number.map(|n| n.to_string()));
        put("operation", query.operation.map(|o| o.0.to_string()));
        put("last", query.last.map(|n| n.to_string()));
        let list: List<AuditBody> = self.get("/audit", &asked)?;
        self.with_chart(list, |list, chart| {
            list.data.into_iter().map(|e| e.entry(chart)).collect()
        })
    }

    fn imports(&mut self) -> Result<Vec<ImportRow>> {
        let list: List<ImportBody> = self.get("/imports", &[])?;
        let read = list.data.into_iter().map(ImportBody::row);
        read.collect::<crate::wire::Result<_>>()
            .map_err(|fault| self.misread(fault))
    }

    fn known_rows(&mut self, identities: &[i64]) -> Result<Vec<KnownRow>> {
        let mut rows = Vec::new();
        for identities in identities.chunks(ASKED_AT_ONCE) {
            let request = KnownRowsRequest {
                identities: identities.to_vec(),
            };
            let list: List<KnownRowBody> = self.ask("/known-rows", &request)?;
            rows.extend(list.data.into_iter().map(KnownRowBody::row));
        }
        Ok(rows)
    }

    fn sources_of(&mut self, numbers: &[u64]) -> Result<Vec<KnownRow>> {
        let mut rows = Vec::new();
        for numbers in numbers.chunks(ASKED_AT_ONCE) {
            let request = SourcesRequest {
                numbers: numbers.to_vec(),
            };
            let list: List<KnownRowBody> = self.ask("/sources", &request)?;
            rows.extend(list.data.into_iter().map(KnownRowBody::row));
        }
        Ok(rows)
    }

    fn check(&mut self, depth: CheckDepth) -> Result<Vec<CheckOutcome>> {
        let request = ChecksRequest {
            deep: depth == CheckDepth::Deep,
        };
        let list: List<CheckBody> = self.ask("/checks", &request)?;
        let read = list.data.into_iter().map(CheckBody::outcome);
        read.collect::<crate::wire::Result<_>>()
            .map_err(|fault| self.misread(fault))
    }

    fn verify(&mut self) -> Result<Verification> {
        let body: VerificationBody = self.ask("/audit/verify", &serde_json::json!({}))?;
        body.verification().map_err(|fault| self.misread(fault))
    }

    fn refresh(&mut self) -> Result<()> {
        self.sequence = None;
        self.chart = None;
        Ok(())
    }

    fn snapshot(&mut self, to: &Path) -> Result<()> {
        use std::io::Write;
        let wrong = |e: std::io::Error| BookError::Io {
            what: format!("{}: {e}", to.display()),
        };
        let folder = to
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // A temporary file is 0600; it gets its name when it is whole.
        let mut file = tempfile::Builder::new()
            .prefix(".hissab-copy-")
            .suffix(".tmp")
            .tempfile_in(folder)
            .map_err(wrong)?;
        let copied = self
            .session
            .download(&self.path("/book"), &[], file.as_file_mut());
        copied.map_err(failed)?;
        file.as_file_mut().flush().map_err(wrong)?;
        file.as_file().sync_all().map_err(wrong)?;
        file.persist_noclobber(to).map_err(|e| wrong(e.error))?;
        Ok(())
    }
}
