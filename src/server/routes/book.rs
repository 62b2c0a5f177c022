//! What a book holds beside its transactions: the organisation itself, chart, totals, prices, imports, checks.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use jiff::civil::Date;
use serde::Deserialize;

use crate::book::{Book, CheckDepth};
use crate::ledger::account::AccountKey;
use crate::ledger::change::Change;
use crate::ledger::settings::{BookInfo, name as setting};
use crate::ledger::totals::TotalsQuery;
use crate::server::access::{Caller, InOrg};
use crate::server::body::{Path, Query};
use crate::server::problem::{Answer, Problem};
use crate::server::reading::{Question, Seen, look};
use crate::server::state::Shared;
use crate::server::writing::{self, Body, Trying, keyed, read_json, unit};
use crate::wire::List;
use crate::wire::book::{OrgBody, PatchOrg};
use crate::wire::chart::{AssertionBody, ChartBody, CurrencyBody, PriceBody};
use crate::wire::finding::{CheckBody, ChecksRequest, VerificationBody};
use crate::wire::import::{ImportBody, KnownRowBody, KnownRowsRequest, SourcesRequest};
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::totals::TotalsBody;

/// Show an organisation and the state of its book
#[utoipa::path(
    get, path = "/orgs/{org}", operation_id = "get_org", tag = "orgs",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = OrgBody), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_org(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let role = org.role;
    let (id, slug, plan) = (org.id, org.slug.clone(), org.plan.clone());
    let seen = look(&state, &org, &headers, move |_, info| {
        Ok(OrgBody::of(id, &slug, &plan, role, info))
    });
    Ok(seen.await?.answer(&headers))
}

/// Change what an organisation's book says of itself
#[utoipa::path(
    patch, path = "/orgs/{org}", operation_id = "patch_org", tag = "orgs",
    params(("org" = String, Path, description = "Id or slug"), Trying),
    request_body = PatchOrg,
    responses((status = 200, body = OrgBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn patch_org(
    State(state): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Query(trying): Query<Trying>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let patch: PatchOrg = read_json(&body)?;
    let changes = settings_of(&patch)?;
    let action = match &patch.locked_to {
        Some(Some(_)) => "locked",
        Some(None) => "unlocked",
        None => "settings-changed",
    };
    let says_nothing = |reason: &String| reason.trim().is_empty();
    if matches!(patch.locked_to, Some(None)) && patch.reason.as_ref().is_none_or(says_nothing) {
        return Err(Problem::field(
            "/reason",
            "needs-reason",
            "opening locked days needs a reason",
        ));
    }
    if !changes.is_empty() {
        let unit = unit(action, patch.reason, changes);
        let unit = keyed(unit, &caller, "patch_org", &headers, &body, 0)?;
        writing::write(&state, &caller, &org, unit, trying)
            .await
            .map_err(writing::of_keyed)?;
    }
    get_org(State(state), Extension(org), HeaderMap::new()).await
}

fn settings_of(patch: &PatchOrg) -> Answer<Vec<Change>> {
    let month = patch.fiscal_year_start;
    if month.is_some_and(|m| !(1..=12).contains(&m)) {
        let text = "a fiscal year starts in a month from 1 to 12";
        return Err(Problem::field("/fiscal_year_start", "bad-month", text));
    }
    if let Some(zone) = &patch.timezone
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        let text = format!("no time zone {zone:?}: write an IANA name like Asia/Kolkata");
        return Err(Problem::field("/timezone", "unknown-zone", text));
    }
    if let Some(order) = &patch.date_order
        && crate::ledger::settings::DateOrder::from_word(order).is_none()
    {
        let text = "date_order is dmy, mdy or ymd";
        return Err(Problem::field("/date_order", "unknown-word", text));
    }
    if patch.name.as_deref().is_some_and(|n| n.trim().is_empty()) {
        return Err(Problem::field("/name", "bad-name", "a name is not empty"));
    }
    let texts = [
        (setting::NAME, patch.name.clone()),
        (setting::TIMEZONE, patch.timezone.clone()),
        (setting::FISCAL_YEAR_START, month.map(|m| m.to_string())),
        (setting::DATE_ORDER, patch.date_order.clone()),
    ];
    let set = |(name, value): (&str, Option<String>)| {
        value.map(|value| Change::Setting {
            name: name.to_owned(),
            value: Some(value),
        })
    };
    let mut changes: Vec<Change> = texts.into_iter().filter_map(set).collect();
    if let Some(lock) = patch.locked_to {
        changes.push(Change::Setting {
            name: setting::LOCKED_TO.to_owned(),
            value: lock.map(|date| date.to_string()),
        });
    }
    Ok(changes)
}

/// Show the whole chart: every ledger in order of opening, every currency, the base currency first
#[utoipa::path(
    get, path = "/orgs/{org}/chart", operation_id = "chart", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = ChartBody), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_chart(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    question: Question,
) -> Answer<Response> {
    let work =
        |book: &mut dyn Book, info: &BookInfo| Ok(Ok(ChartBody::of(&book.chart()?, info.sequence)));
    question.answer(&state, &org, work).await
}

/// List the currencies of a book, the base currency first
#[utoipa::path(
    get, path = "/orgs/{org}/currencies", operation_id = "list_currencies", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = List<CurrencyBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_currencies(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |book, _| {
        let chart = book.chart()?;
        let data = chart.currencies().iter().map(CurrencyBody::of).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}

/// List market prices, by date
#[utoipa::path(
    get, path = "/orgs/{org}/prices", operation_id = "list_prices", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = List<PriceBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_prices(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |book, _| {
        let data = book.prices()?.iter().map(PriceBody::of).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}

/// List balances that are vouched for, by date
#[utoipa::path(
    get, path = "/orgs/{org}/assertions", operation_id = "list_assertions", tag = "checks",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = List<AssertionBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_assertions(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |book, _| {
        let data = book.assertions()?.iter().map(AssertionBody::of).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}

/// What `GET …/totals` takes.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TotalsParams {
    /// First day, inclusive; left out: from the beginning.
    pub from: Option<Date>,
    /// Last day, inclusive; left out: to the end.
    pub to: Option<Date>,
    /// Ascending cut points, separated by commas, instead of from and to: span i is cut i (inclusive) to cut i+1 (exclusive).
    pub cuts: Option<String>,
    /// `month`, `quarter` or `year` (of the calendar): a span each, between from and to.
    pub interval: Option<String>,
    /// Only these ledgers: ids, separated by commas.
    pub ledger: Option<String>,
}

/// The most spans in one answer.
const SPANS_MAX: usize = 5000;

impl TotalsParams {
    fn cut_points(&self) -> Answer<Vec<Date>> {
        let bad = |text: String| Problem::field("/cuts", "bad-cuts", text);
        let cuts = match (&self.cuts, &self.interval) {
            (Some(cuts), _) => {
                let read = |c: &str| {
                    c.parse()
                        .map_err(|_| bad(format!("{c:?} is not a date like 2026-04-01")))
                };
                cuts.split(',').map(read).collect::<Answer<Vec<Date>>>()?
            }
            (None, Some(interval)) => self.steps(interval)?,
            (None, None) => {
                let until = self.to.map(|to| to.tomorrow().unwrap_or(Date::MAX));
                TotalsQuery::span(self.from, until).cuts
            }
        };
        if cuts.len() < 2 || cuts.len() > SPANS_MAX || !cuts.is_sorted_by(|a, b| a < b) {
            return Err(bad(format!("cuts are 2 to {SPANS_MAX} ascending dates")));
        }
        Ok(cuts)
    }

    fn steps(&self, interval: &str) -> Answer<Vec<Date>> {
        let months = match interval {
            "month" => 1,
            "quarter" => 3,
            "year" => 12,
            _ => {
                let text = "interval is month, quarter or year";
                return Err(Problem::field("/interval", "unknown-word", text));
            }
        };
        let (Some(from), Some(to)) = (self.from, self.to) else {
            return Err(Problem::field(
                "/interval",
                "needs-period",
                "interval needs from and to",
            ));
        };
        let until = to.tomorrow().unwrap_or(Date::MAX);
        let mut cuts = vec![from];
        let mut next = from.first_of_month();
        while cuts.len() <= SPANS_MAX {
            let step = jiff::Span::new().months(months);
            next = next.checked_add(step).unwrap_or(Date::MAX);
            if next >= until {
                break;
            }
            cuts.push(next);
        }
        cuts.push(until);
        Ok(cuts)
    }
}

/// Accounts by their ids, separated by commas; an unknown one is named.
pub fn accounts_of(
    ids: &str,
    chart: &crate::ledger::chart::Chart,
) -> crate::book::Result<Vec<AccountKey>> {
    let find = |id: &str| {
        let id = id.trim();
        let found = chart.accounts().iter().find(|a| a.id.to_string() == id);
        found
            .map(|a| a.key)
            .ok_or_else(|| crate::book::BookError::NotFound {
                what: format!("ledger {id}"),
            })
    };
    ids.split(',').map(find).collect()
}

/// Show totals per ledger, currency and span of time
#[utoipa::path(
    get, path = "/orgs/{org}/totals", operation_id = "totals", tag = "reports",
    params(("org" = String, Path, description = "Id or slug"), TotalsParams),
    responses((status = 200, body = TotalsBody), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_totals(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Query(params): Query<TotalsParams>,
    question: Question,
) -> Answer<Response> {
    let cuts = params.cut_points()?;
    let work = move |book: &mut dyn Book, info: &BookInfo| {
        let chart = book.chart()?;
        let accounts = params
            .ledger
            .map(|ids| accounts_of(&ids, &chart))
            .transpose()?;
        let query = TotalsQuery { cuts, accounts };
        let totals = book.totals(&query)?;
        let body = TotalsBody::of(&totals, &query.cuts, &chart, info.sequence);
        Ok(Ok(body))
    };
    question.answer(&state, &org, work).await
}

/// List imported files, oldest first
#[utoipa::path(
    get, path = "/orgs/{org}/imports", operation_id = "list_imports", tag = "imports",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = List<ImportBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_imports(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |book, _| {
        let data = book.imports()?.iter().map(ImportBody::of).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}

/// Take back one imported file: every transaction it brought is voided
#[utoipa::path(
    delete, path = "/orgs/{org}/imports/{batch}", operation_id = "undo_import", tag = "imports",
    params(("org" = String, Path, description = "Id or slug"), ("batch" = u64, Path, description = "Its number in the list"), Trying),
    responses((status = 200, body = crate::wire::unit::DoneBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn delete_import(
    State(state): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Path((_org, batch)): Path<(String, u64)>,
    Query(trying): Query<Trying>,
    headers: HeaderMap,
) -> Answer<Response> {
    let found = state.lanes.read(org.place(), move |book| {
        Ok(book.imports()?.into_iter().find(|row| row.batch == batch))
    });
    let row = found
        .await?
        .ok_or_else(|| Problem::not_found(format!("import {batch}")))?;
    let unit = unit(
        "import-undone",
        None,
        vec![Change::UndoImport { batch: row.head.id }],
    );
    let unit = keyed(
        unit,
        &caller,
        "undo_import",
        &headers,
        &batch.to_be_bytes(),
        0,
    )?;
    let done = writing::write(&state, &caller, &org, unit, trying)
        .await
        .map_err(writing::of_keyed)?;
    let body = Json(crate::wire::unit::DoneBody::of(&done));
    Ok(writing::replayed(
        axum::response::IntoResponse::into_response(body),
        &done,
    ))
}

/// Find which rows of a file the book holds already
#[utoipa::path(
    post, path = "/orgs/{org}/known-rows", operation_id = "known_rows", tag = "imports",
    params(("org" = String, Path, description = "Id or slug")),
    request_body = KnownRowsRequest,
    responses((status = 200, body = List<KnownRowBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn known_rows(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let mut request: KnownRowsRequest = read_json(&body)?;
    request.identities.sort_unstable();
    request.identities.dedup();
    let seen = look(&state, &org, &headers, move |book, _| {
        let data = book.known_rows(&request.identities)?;
        Ok(List {
            data: data.iter().map(KnownRowBody::of).collect(),
        })
    });
    Ok(seen.await?.answer(&headers))
}

/// Find the rows that transactions came from
#[utoipa::path(
    post, path = "/orgs/{org}/sources", operation_id = "sources", tag = "imports",
    params(("org" = String, Path, description = "Id or slug")),
    request_body = SourcesRequest,
    responses((status = 200, body = List<KnownRowBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn sources(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let mut request: SourcesRequest = read_json(&body)?;
    if request.numbers.iter().any(|n| i64::try_from(*n).is_err()) {
        let text = "a transaction's number has at most 18 digits";
        return Err(Problem::field("/numbers", "bad-number", text));
    }
    request.numbers.sort_unstable();
    request.numbers.dedup();
    let seen = look(&state, &org, &headers, move |book, _| {
        let data = book.sources_of(&request.numbers)?;
        Ok(List {
            data: data.iter().map(KnownRowBody::of).collect(),
        })
    });
    Ok(seen.await?.answer(&headers))
}

/// Check the storage of a book
#[utoipa::path(
    post, path = "/orgs/{org}/checks", operation_id = "check", tag = "checks",
    params(("org" = String, Path, description = "Id or slug")),
    request_body(content = Option<ChecksRequest>),
    responses((status = 200, body = List<CheckBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn checks(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let request: ChecksRequest = if body.is_empty() {
        ChecksRequest::default()
    } else {
        read_json(&body)?
    };
    let depth = if request.deep {
        CheckDepth::Deep
    } else {
        CheckDepth::Quick
    };
    let seen = look(&state, &org, &headers, move |book, _| {
        let data = book.check(depth)?;
        Ok(List {
            data: data.iter().map(CheckBody::of).collect(),
        })
    });
    Ok(seen.await?.answer(&headers))
}

/// Walk the audit chain and prove that the stored transactions are the ones it speaks of
#[utoipa::path(
    post, path = "/orgs/{org}/audit/verify", operation_id = "verify_audit", tag = "audit",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = VerificationBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn verify(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen: Seen<VerificationBody> = look(&state, &org, &headers, |book, _| {
        Ok(VerificationBody::of(&book.verify()?))
    })
    .await?;
    Ok(seen.answer(&headers))
}
