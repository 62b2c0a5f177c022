//! Ledgers: the accounts of a book, and what stands in one of them.

use std::ops::ControlFlow;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

use crate::book::{Book, Scan};
use crate::ledger::account::Account;
use crate::ledger::change::Change;
use crate::ledger::chart::Chart;
use crate::ledger::settings::BookInfo;
use crate::ledger::totals::TotalsQuery;
use crate::server::access::InOrg;
use crate::server::body::{Path, Query};
use crate::server::problem::{Answer, Problem};
use crate::server::reading::{Question, SEQUENCE, look};
use crate::server::state::Shared;
use crate::server::writing::{STALE, Trying, Writing, stale, stale_version, unit, version_seen};
use crate::wire::account::{
    Ledger, LedgerEntries, LedgerEntry, LedgerPage, NewLedger, PatchLedger,
};
use crate::wire::amount::Amount;
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::unit::DoneBody;

/// The most entries in one answer.
const ENTRIES_MAX: usize = 10_000;
const ENTRIES: usize = 500;
/// The most ledgers of one request and of one page.
const LEDGERS_MAX: usize = 1000;

/// What `GET …/ledgers` takes.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgersParams {
    /// Only these, by a part of their path, in any case.
    pub q: Option<String>,
    pub kind: Option<String>,
    #[serde(rename = "type")]
    pub account_type: Option<String>,
    /// At most 1000.
    pub limit: Option<usize>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// List ledgers, in the order of the chart
#[utoipa::path(
    get, path = "/orgs/{org}/ledgers", operation_id = "list_ledgers", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug"), LedgersParams),
    responses((status = 200, body = LedgerPage), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn list(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Query(params): Query<LedgersParams>,
    question: Question,
) -> Answer<Response> {
    let limit = params.limit.unwrap_or(LEDGERS_MAX);
    if limit == 0 || limit > LEDGERS_MAX {
        let text = format!("limit is 1 to {LEDGERS_MAX}");
        return Err(Problem::field("/limit", "bad-limit", text));
    }
    let start = match &params.cursor {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| {
            Problem::field("/cursor", "bad-cursor", "this cursor is not one of ours")
        })?,
    };
    let work = move |book: &mut dyn Book, info: &BookInfo| {
        let chart = book.chart()?;
        let keeps = |a: &&Account| {
            let path = params
                .q
                .as_ref()
                .is_none_or(|q| a.path.to_lowercase().contains(&q.to_lowercase()));
            let kind = params.kind.as_deref().is_none_or(|k| k == a.kind.word());
            let account_type = params.account_type.as_deref();
            path && kind && account_type.is_none_or(|t| t == a.account_type.word())
        };
        let order = chart.in_order();
        let fitting: Vec<&Account> = order
            .iter()
            .map(|key| chart.account(*key))
            .filter(keeps)
            .collect();
        let data: Vec<Ledger> = fitting
            .iter()
            .skip(start)
            .take(limit)
            .map(|a| Ledger::of(a))
            .collect();
        let end = start + data.len();
        let has_more = end < fitting.len();
        Ok(Ok(LedgerPage {
            data,
            sequence: info.sequence,
            next_cursor: has_more.then(|| end.to_string()),
            has_more,
        }))
    };
    question.answer(&state, &org, work).await
}

fn find(chart: &Chart, id: &str) -> Option<Account> {
    let id = Uuid::try_parse(id).ok()?;
    chart.accounts().iter().find(|a| a.id == id).cloned()
}

fn missing(id: &str) -> Problem {
    Problem::not_found(format!("ledger {id}"))
}

fn shown(account: &Account, sequence: u64, status: StatusCode) -> Response {
    let mut response = (status, axum::Json(Ledger::of(account))).into_response();
    let headers = response.headers_mut();
    headers.insert(SEQUENCE, HeaderValue::from(sequence));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"v{}\"", account.version)) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Show a ledger
#[utoipa::path(
    get, path = "/orgs/{org}/ledgers/{id}", operation_id = "get_ledger", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug"), ("id" = String, Path)),
    responses((status = 200, body = Ledger), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Path((_org, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let wanted = id.clone();
    let seen = look(&state, &org, &headers, move |book, _| {
        Ok(find(&book.chart()?, &wanted))
    })
    .await?;
    let account = seen.value.ok_or_else(|| missing(&id))?;
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok());
    if known == Some(format!("\"v{}\"", account.version).as_str()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(shown(&account, seen.sequence, StatusCode::OK))
}

/// Open one ledger or many, all of them or none
#[utoipa::path(
    post, path = "/orgs/{org}/ledgers", operation_id = "make_ledgers", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug"), Trying),
    request_body = crate::wire::account::NewLedgers,
    responses((status = 201, description = "The ledger; of a list: the list", body = Ledger), (status = 200, description = "A dry run", body = DoneBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn post(Query(trying): Query<Trying>, writing: Writing) -> Answer<Response> {
    let is_list = writing.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    let wished: Vec<NewLedger> = match is_list {
        true => writing.json()?,
        false => vec![writing.json()?],
    };
    if wished.is_empty() || wished.len() > LEDGERS_MAX {
        let text = format!("a request opens 1 to {LEDGERS_MAX} ledgers");
        return Err(Problem::field("", "bad-count", text));
    }
    let mut ids = Vec::with_capacity(wished.len());
    let mut changes = Vec::with_capacity(wished.len());
    for (at, new) in wished.into_iter().enumerate() {
        let new = new.account(Uuid::now_v7);
        let new = new.map_err(|fault| if is_list { fault.within(at) } else { fault })?;
        ids.push(new.path.clone());
        changes.push(Change::OpenAccount(new));
    }
    let unit = unit("account-opened", None, changes);
    let done = writing.write(unit, trying).await?;
    if trying.dry_run {
        return Ok(done.answer(axum::Json(DoneBody::of(&done))));
    }
    let chart = writing
        .state
        .lanes
        .chart_since(writing.org.place(), done.sequence)
        .await?;
    let opened: Vec<&Account> = ids.iter().filter_map(|path| chart.find(path)).collect();
    let response = match (is_list, opened.as_slice()) {
        (false, [one]) => shown(one, done.sequence, StatusCode::CREATED),
        _ => {
            let list: Vec<Ledger> = opened.iter().map(|a| Ledger::of(a)).collect();
            (StatusCode::CREATED, axum::Json(list)).into_response()
        }
    };
    Ok(done.answer(response))
}

/// Change a ledger: a field left out stays, `null` removes it
#[utoipa::path(
    patch, path = "/orgs/{org}/ledgers/{id}", operation_id = "patch_ledger", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug"), ("id" = String, Path), ("If-Match" = String, Header, description = "The ETag of the version that is changed"), Trying),
    request_body = PatchLedger,
    responses((status = 200, body = Ledger), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn patch(
    Path((_org, id)): Path<(String, String)>,
    Query(trying): Query<Trying>,
    writing: Writing,
) -> Answer<Response> {
    let needed = "changing a ledger needs If-Match with the ETag of the version that is changed";
    let version = version_seen(&writing.headers, needed)?;
    let patch: PatchLedger = writing.json()?;
    let key = now(&writing, &id).await?.key;
    let change = Change::SetAccount {
        account: key,
        patch: patch.patch()?,
    };
    let unit = unit("account-changed", None, vec![change]);
    let unchanged = move |book: &mut dyn Book| match book.chart()?.account(key).version {
        found if found == version => Ok(()),
        found => Err(stale_version(format!("the ledger is at version {found}"))),
    };
    let written = writing.write_if(0, unit, trying, unchanged).await;
    let account = now(&writing, &id).await?;
    match written {
        Ok(done) => Ok(done.answer(shown(&account, done.sequence, StatusCode::OK))),
        Err(problem) if problem.code == STALE => {
            let tag = format!("\"v{}\"", account.version);
            Err(stale(problem, tag, &Ledger::of(&account)))
        }
        Err(problem) => Err(problem),
    }
}

/// The ledger of a request as it stands.
async fn now(writing: &Writing, id: &str) -> Answer<Account> {
    let place = writing.org.place();
    let chart = writing.state.lanes.read(place, |book| book.chart());
    find(&chart.await?, id).ok_or_else(|| missing(id))
}

/// What `GET …/ledgers/{id}/entries` takes.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntriesParams {
    /// First day, inclusive.
    pub from: Option<Date>,
    /// Last day, inclusive.
    pub to: Option<Date>,
    /// Entries, at most 10,000; the oldest of the period come first.
    pub limit: Option<usize>,
}

/// Show what stands in a ledger: opening, entries with running balance, closing, per currency
#[utoipa::path(
    get, path = "/orgs/{org}/ledgers/{id}/entries", operation_id = "ledger_entries", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug"), ("id" = String, Path), EntriesParams),
    responses((status = 200, body = LedgerEntries), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn entries(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Path((_org, id)): Path<(String, String)>,
    Query(params): Query<EntriesParams>,
    question: Question,
) -> Answer<Response> {
    let limit = params.limit.unwrap_or(ENTRIES);
    if limit == 0 || limit > ENTRIES_MAX {
        let text = format!("limit is 1 to {ENTRIES_MAX}");
        return Err(Problem::field("/limit", "bad-limit", text));
    }
    let work = move |book: &mut dyn Book, info: &BookInfo| {
        let chart = book.chart()?;
        let Some(account) = find(&chart, &id) else {
            return Ok(Err(missing(&id)));
        };
        let until = params.to.map(|to| to.tomorrow().unwrap_or(Date::MAX));
        let query = TotalsQuery {
            accounts: Some(vec![account.key]),
            ..TotalsQuery::span(params.from, until)
        };
        let rows: Vec<_> = book.totals(&query)?.rows;
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|r| r.account == account.key)
            .collect();
        let balance = |minor: i128, key| {
            let currency = chart.currency(key);
            (
                currency.code.to_string(),
                Amount::of_minor(minor, currency.scale),
            )
        };
        let opening = rows
            .iter()
            .map(|r| balance(r.opening, r.currency))
            .collect();
        let closing = rows
            .iter()
            .map(|r| balance(r.closing(), r.currency))
            .collect();
        let mut running: std::collections::BTreeMap<_, i128> =
            rows.iter().map(|r| (r.currency, r.opening)).collect();
        let mut entries = Vec::new();
        let mut has_more = false;
        let scan = Scan {
            from: params.from,
            until,
            accounts: Some(vec![account.key]),
            ..Scan::default()
        };
        book.scan(&scan, &mut |transaction| {
            for entry in transaction
                .entries
                .iter()
                .filter(|e| e.account == account.key)
            {
                if entries.len() >= limit {
                    has_more = true;
                    return ControlFlow::Break(());
                }
                let sum = running.entry(entry.currency).or_default();
                *sum += i128::from(entry.minor);
                entries.push(LedgerEntry::of(&transaction, entry, *sum, &chart));
            }
            ControlFlow::Continue(())
        })?;
        Ok(Ok(LedgerEntries {
            ledger: Ledger::of(&account),
            sequence: info.sequence,
            opening,
            entries,
            closing,
            has_more,
        }))
    };
    question.answer(&state, &org, work).await
}
