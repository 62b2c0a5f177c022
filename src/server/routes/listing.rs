//! `GET /orgs/{org}/transactions`: pages of JSON, or the whole of it streamed as NDJSON from one state of the book.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::book::{self, Book, Order};
use crate::ledger::chart::Chart;
use crate::ledger::settings::BookInfo;
use crate::ledger::transaction::Transaction;
use crate::server::access::InOrg;
use crate::server::body::Query;
use crate::server::filter::{Filter, ListParams};
use crate::server::problem::{Answer, Problem};
use crate::server::reading::{Question, SEQUENCE, moved, wanted_sequence};
use crate::server::state::Shared;
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::transaction::{StreamEnd, TransactionBody, TransactionPage};

/// Transactions of a page, unless asked otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;
/// What is sent at once of a stream.
const CHUNK_BYTES: usize = 64 * 1024;
/// The media type of a line a value.
pub const NDJSON: &str = "application/x-ndjson";

/// Where a page ended.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    date: Date,
    number: u64,
    params: ListParams,
}

/// List transactions
#[utoipa::path(
    get, path = "/orgs/{org}/transactions", operation_id = "list_transactions", tag = "transactions",
    params(("org" = String, Path, description = "Id or slug"), ListParams),
    responses(
        (status = 200, content((TransactionPage = "application/json"), (TransactionBody = "application/x-ndjson"))),
        (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn list(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Query(params): Query<ListParams>,
    headers: HeaderMap,
    question: Question,
) -> Answer<Response> {
    let streamed = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    if streamed.is_some_and(|accept| accept.contains(NDJSON)) {
        return stream(&state, &org, params, &headers);
    }
    let limit = params.limit;
    let (params, after) = match &params.cursor {
        None => (params, None),
        Some(text) => {
            let cursor = read_cursor(text)?;
            (cursor.params, Some((cursor.date, cursor.number)))
        }
    };
    let limit = limit.unwrap_or(PAGE.into());
    if limit == 0 || limit > PAGE_MAX.into() {
        let text = format!("limit is 1 to {PAGE_MAX}");
        return Err(Problem::field("/limit", "bad-limit", text));
    }
    let limit = usize::try_from(limit).unwrap_or(1);
    if params
        .page
        .is_some_and(|page| !(1..=1_000_000).contains(&page))
    {
        let text = "page is 1 to 1000000: beyond, a cursor goes on from the page before";
        return Err(Problem::field("/page", "bad-page", text));
    }
    let skip = match (after, params.page) {
        (None, Some(page)) => (page as usize - 1).saturating_mul(limit),
        _ => 0,
    };
    let filter = Filter::read(&params)?;
    let work = move |book: &mut dyn Book, info: &BookInfo| {
        let chart = book.chart()?;
        let found = find(book, &chart, &filter, after, skip, limit + 1)?;
        Ok(Ok(page(found, limit, &chart, params, info.sequence)?))
    };
    question.answer(&state, &org, work).await
}

fn read_cursor(text: &str) -> Answer<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let read = bytes.and_then(|b| serde_json::from_slice(&b).ok());
    read.ok_or_else(|| Problem::field("/cursor", "bad-cursor", "this cursor is not one of ours"))
}

fn page(
    mut found: VecDeque<Transaction>,
    limit: usize,
    chart: &Chart,
    params: ListParams,
    sequence: u64,
) -> book::Result<TransactionPage> {
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.back().filter(|_| has_more).map(|last| Cursor {
        date: last.date,
        number: last.number.0,
        params: ListParams {
            page: None,
            cursor: None,
            limit: None,
            ..params
        },
    });
    let next_cursor = next.and_then(|cursor| serde_json::to_vec(&cursor).ok());
    Ok(TransactionPage {
        data: found
            .iter()
            .map(|t| TransactionBody::of(t, chart))
            .collect(),
        sequence,
        next_cursor: next_cursor.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
        has_more,
    })
}

/// At most `count` transactions that a filter keeps, after a place or a number of them.
fn find(
    book: &mut dyn Book,
    chart: &Chart,
    filter: &Filter,
    after: Option<(Date, u64)>,
    skip: usize,
    count: usize,
) -> book::Result<VecDeque<Transaction>> {
    let mut scan = filter.scan(chart)?;
    let newest_first = scan.order == Order::NewestFirst;
    if let Some((date, _)) = after {
        match newest_first {
            false => scan.from = scan.from.max(Some(date)),
            true => {
                let until = date.tomorrow().unwrap_or(Date::MAX);
                scan.until = Some(scan.until.map_or(until, |u| u.min(until)));
            }
        }
    }
    let mut found = VecDeque::new();
    let mut skipped = 0;
    book.scan(&scan, &mut |transaction| {
        let at = (transaction.date, transaction.number.0);
        let behind = after.is_some_and(|a| if newest_first { at >= a } else { at <= a });
        if behind || !filter.keeps(&transaction, chart) {
            return ControlFlow::Continue(());
        }
        if skipped < skip {
            skipped += 1;
            return ControlFlow::Continue(());
        }
        found.push_back(transaction);
        match found.len() < count {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(found)
}

/// Everything, a line each, then a last line `{"end": …}` that says it was everything.
fn stream(
    state: &Shared,
    org: &InOrg,
    params: ListParams,
    headers: &HeaderMap,
) -> Answer<Response> {
    let wanted = wanted_sequence(headers)?;
    let filter = Filter::read(&params)?;
    let lines = state.lanes.stream(
        &org.place(),
        move |book, send: &mut dyn FnMut(Sent) -> ControlFlow<()>| {
            let mut lines = Lines::new(send);
            if let Err(error) = pour(book, &filter, wanted, params.limit, &mut lines) {
                lines.fail(error);
            }
        },
    )?;
    let stream = futures_util::stream::unfold(lines, |mut lines| async move {
        lines.recv().await.map(|sent| (sent, lines))
    });
    let mut response = Body::from_stream(stream).into_response();
    let answered = response.headers_mut();
    answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    if let Some(sequence) = wanted {
        answered.insert(SEQUENCE, HeaderValue::from(sequence));
    }
    Ok(response)
}

type Sent = std::result::Result<Bytes, std::io::Error>;

/// Lines on their way, gathered into chunks.
struct Lines<'a> {
    send: &'a mut dyn FnMut(Sent) -> ControlFlow<()>,
    chunk: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn new(send: &'a mut dyn FnMut(Sent) -> ControlFlow<()>) -> Lines<'a> {
        Lines {
            send,
            chunk: Vec::with_capacity(CHUNK_BYTES + 4096),
        }
    }

    fn put<T: Serialize>(&mut self, line: &T) -> ControlFlow<()> {
        // Into memory and of plain shapes: this cannot fail.
        let _ = serde_json::to_writer(&mut self.chunk, line);
        self.chunk.push(b'\n');
        match self.chunk.len() < CHUNK_BYTES {
            true => ControlFlow::Continue(()),
            false => self.flush(),
        }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES + 4096));
        (self.send)(Ok(Bytes::from(full)))
    }

    /// The stream ends with the problem as its last line.
    fn fail(&mut self, error: book::BookError) {
        let problem = Problem::from(error).to_wire("");
        let _ = self.put(&StreamEnd::Error(Box::new(problem)));
        let _ = self.flush();
    }
}

fn pour(
    book: &mut dyn Book,
    filter: &Filter,
    wanted: Option<u64>,
    limit: Option<u64>,
    lines: &mut Lines<'_>,
) -> book::Result<()> {
    let info = book.info()?;
    if let Some(wanted) = wanted.filter(|w| *w != info.sequence) {
        return Err(moved(wanted, info.sequence));
    }
    let chart = book.chart()?;
    let mut scan = filter.scan(&chart)?;
    if filter.is_scan() {
        scan.limit = limit;
    }
    let mut count = 0;
    let mut gone = false;
    book.scan(&scan, &mut |transaction| {
        if !filter.keeps(&transaction, &chart) {
            return ControlFlow::Continue(());
        }
        count += 1;
        gone = lines
            .put(&TransactionBody::of(&transaction, &chart))
            .is_break();
        match gone || limit.is_some_and(|limit| count >= limit) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    if !gone {
        let end = StreamEnd::End {
            sequence: info.sequence,
            count,
        };
        let _ = lines.put(&end);
        let _ = lines.flush();
    }
    Ok(())
}
