//! One transaction at a time: posted, shown, amended, voided, with its history.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::book::{self, Book};
use crate::ledger::change::{Change, Repeat, Target};
use crate::ledger::draft::Draft;
use crate::ledger::transaction::{Number, Transaction, TransactionId};
use crate::server::access::InOrg;
use crate::server::body::{Path, Query};
use crate::server::preconditions::hold;
use crate::server::problem::{Answer, Problem};
use crate::server::reading::{SEQUENCE, look};
use crate::server::state::Shared;
use crate::server::writing::{
    STALE, Trying, Writing, Written, if_match, stale, unit, version_seen,
};
use crate::wire::List;
use crate::wire::audit::VersionBody;
use crate::wire::draft::{DraftBody, PatchTransaction, Precondition};
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::transaction::{NO_TRANSACTION, TransactionBody};
use crate::wire::unit::OwnedUnit;

/// A transaction's number or id, as a path says it.
pub fn read_target(text: &str) -> Answer<Target> {
    if let Ok(number) = text.parse() {
        return Ok(Target::Number(Number(number)));
    }
    match Uuid::try_parse(text) {
        Ok(id) => Ok(Target::Id(TransactionId(id))),
        Err(_) => Err(missing(text)),
    }
}

fn missing(reference: &str) -> Problem {
    Problem {
        code: NO_TRANSACTION.to_owned(),
        ..Problem::not_found(format!("transaction {reference}"))
    }
}

/// A transaction as an answer, with its version as the entity tag.
fn shown(body: &TransactionBody, sequence: Option<u64>) -> Response {
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&version_tag(body.version)) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(sequence) = sequence {
        headers.insert(SEQUENCE, HeaderValue::from(sequence));
    }
    response
}

fn version_tag(version: u32) -> String {
    format!("\"v{version}\"")
}

/// Show a transaction, live or void
#[utoipa::path(
    get, path = "/orgs/{org}/transactions/{id}", operation_id = "get_transaction", tag = "transactions",
    params(("org" = String, Path, description = "Id or slug"), ("id" = String, Path, description = "Number or id")),
    responses((status = 200, body = TransactionBody), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Path((_org, reference)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let target = read_target(&reference)?;
    let seen = look(&state, &org, &headers, move |book, _| body_of(book, target)).await?;
    let body = seen.value.ok_or_else(|| missing(&reference))?;
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok());
    if known == Some(version_tag(body.version).as_str()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(shown(&body, Some(seen.sequence)))
}

fn body_of(book: &mut dyn Book, target: Target) -> book::Result<Option<TransactionBody>> {
    let Some(found) = book.find(target)? else {
        return Ok(None);
    };
    Ok(Some(TransactionBody::of(&found, &book.chart()?)))
}

/// Show every version of a transaction, oldest first, each with the audit record that made it
#[utoipa::path(
    get, path = "/orgs/{org}/transactions/{id}/history", operation_id = "transaction_history", tag = "transactions",
    params(("org" = String, Path, description = "Id or slug"), ("id" = String, Path, description = "Number or id")),
    responses((status = 200, body = List<VersionBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn history(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Path((_org, reference)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let target = read_target(&reference)?;
    let seen = look(&state, &org, &headers, move |book, _| {
        let versions = book.history(target)?;
        let chart = book.chart()?;
        let data = versions
            .iter()
            .map(|v| VersionBody::of(v, &chart))
            .collect();
        Ok(List { data })
    })
    .await?;
    if seen.value.data.is_empty() {
        return Err(missing(&reference));
    }
    Ok(seen.answer(&headers))
}

/// Post a transaction
///
/// With a client-made `id` the same request may be repeated for ever: the same content is answered with
/// 200 and the transaction as it stands now, other content with 409.
#[utoipa::path(
    post, path = "/orgs/{org}/transactions", operation_id = "post_transaction", tag = "transactions",
    params(("org" = String, Path, description = "Id or slug"), Trying),
    request_body = DraftBody,
    responses((status = 201, body = TransactionBody), (status = 200, description = "Posted before, or a dry run", body = TransactionBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn post(Query(trying): Query<Trying>, writing: Writing) -> Answer<Response> {
    let request: DraftBody = writing.json()?;
    let (state, org) = (&writing.state, &writing.org);
    let (draft, conditions) = read_draft(state, org, request).await?;
    let unit = unit("posted", None, vec![Change::Post(draft.clone())]);
    let id = draft.id;
    let done = write_under(&writing, 0, unit, conditions, trying).await?;
    let number = done.number().unwrap_or(Number(0));
    let body = match done.repeat {
        Repeat::New => posted(state, org, draft, (number, done.sequence)).await?,
        // The answer of the first time may have named another id, where the server made it.
        _ => {
            let target = done.number().map_or(Target::Id(id), Target::Number);
            let found = state
                .lanes
                .read(org.place(), move |book| body_of(book, target));
            found
                .await?
                .ok_or_else(|| Problem::internal("a posted transaction is not there"))?
        }
    };
    let location = format!(
        "{}/orgs/{}/transactions/{}",
        crate::wire::API,
        org.slug,
        body.id
    );
    let mut response = done.created(shown(&body, None), &location, trying);
    response
        .headers_mut()
        .insert(SEQUENCE, HeaderValue::from(done.sequence));
    Ok(response)
}

/// The transaction a draft became, without reading it back.
async fn posted(
    state: &Shared,
    org: &InOrg,
    draft: Draft,
    (number, sequence): (Number, u64),
) -> Answer<TransactionBody> {
    let chart = state.lanes.chart_since(org.place(), sequence).await?;
    let id = draft.id;
    match draft.into_transaction(&chart, number) {
        Ok(transaction) => Ok(TransactionBody::of(&transaction, &chart)),
        // The chart moved on between the commit and here.
        Err(_) => {
            let found = state
                .lanes
                .read(org.place(), move |book| body_of(book, Target::Id(id)));
            found
                .await?
                .ok_or_else(|| Problem::internal("a posted transaction is not there"))
        }
    }
}

/// The draft of a request, accounts by id resolved, with the conditions it came under.
pub async fn read_draft(
    state: &Shared,
    org: &InOrg,
    mut request: DraftBody,
) -> Answer<(Draft, Vec<Precondition>)> {
    let conditions = std::mem::take(&mut request.preconditions);
    let chart = match request.needs_chart() {
        true => Some(state.lanes.chart(org.place()).await?),
        false => None,
    };
    let path_of = |id: Uuid| {
        let found = chart.as_ref()?.accounts().iter().find(|a| a.id == id)?;
        Some(found.path.clone())
    };
    Ok((request.draft(&path_of, Uuid::now_v7)?, conditions))
}

/// Writes a unit if balances are what its sender believes.
pub async fn write_under(
    writing: &Writing,
    at: usize,
    unit: OwnedUnit,
    conditions: Vec<Precondition>,
    trying: Trying,
) -> Answer<Written> {
    if conditions.is_empty() {
        return writing.write_at(at, unit, trying).await;
    }
    let holds = move |book: &mut dyn Book| {
        let mut conditions = conditions.iter();
        conditions.try_for_each(|condition| hold(book, condition))
    };
    writing.write_if(at, unit, trying, holds).await
}

/// Amend a transaction: fields left out stay, `entries` replaces all entries
#[utoipa::path(
    patch, path = "/orgs/{org}/transactions/{id}", operation_id = "amend_transaction", tag = "transactions",
    params(("org" = String, Path, description = "Id or slug"), ("id" = String, Path, description = "Number or id"), ("If-Match" = String, Header, description = "The ETag of the version that is amended"), Trying),
    request_body = PatchTransaction,
    responses((status = 200, body = TransactionBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn patch(
    Path((_org, reference)): Path<(String, String)>,
    Query(trying): Query<Trying>,
    writing: Writing,
) -> Answer<Response> {
    let target = read_target(&reference)?;
    let needed = "amending needs If-Match with the ETag of the version that is amended";
    let version = version_seen(&writing.headers, needed)?;
    let request: PatchTransaction = writing.json()?;
    let place = writing.org.place();
    let found = writing.state.lanes.read(place, move |book| {
        let chart = book.chart()?;
        Ok(book.find(target)?.map(|found| (found, chart)))
    });
    let (found, chart) = found.await?.ok_or_else(|| missing(&reference))?;
    let reason = request.reason.clone();
    let content = request.over(Draft::of(&found, &chart), &|id| {
        let found = chart.accounts().iter().find(|a| a.id == id)?;
        Some(found.path.clone())
    })?;
    let change = Change::Amend {
        target: Target::Id(found.id),
        if_version: Some(version),
        draft: content,
    };
    let unit = unit("amended", reason, vec![change]);
    changed(&writing, unit, found, trying).await
}

/// Void a transaction: it keeps its number and leaves every balance
#[utoipa::path(
    delete, path = "/orgs/{org}/transactions/{id}", operation_id = "void_transaction", tag = "transactions",
    params(("org" = String, Path, description = "Id or slug"), ("id" = String, Path, description = "Number or id"), ("If-Match" = Option<String>, Header, description = "The ETag of the version that is voided, if no other may be"), Voiding),
    request_body(content = Option<VoidBody>),
    responses((status = 200, body = TransactionBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn delete(
    Path((_org, reference)): Path<(String, String)>,
    Query(asked): Query<Voiding>,
    writing: Writing,
) -> Answer<Response> {
    let target = read_target(&reference)?;
    let in_body: VoidBody = writing.json_or_default()?;
    let reason = in_body
        .reason
        .or(asked.reason)
        .filter(|r| !r.trim().is_empty());
    let Some(reason) = reason else {
        return Err(Problem::field(
            "/reason",
            "needs-reason",
            "voiding needs a reason",
        ));
    };
    let place = writing.org.place();
    let found = writing
        .state
        .lanes
        .read(place, move |book| book.find(target));
    let found = found.await?.ok_or_else(|| missing(&reference))?;
    let change = Change::Void {
        target: Target::Id(found.id),
        if_version: if_match(&writing.headers)?,
        reason: Some(reason.clone()),
    };
    let trying = Trying {
        dry_run: asked.dry_run,
    };
    let unit = unit("voided", Some(reason), vec![change]);
    changed(&writing, unit, found, trying).await
}

/// What `DELETE …/transactions/{id}` takes.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Voiding {
    pub reason: Option<String>,
    #[serde(default)]
    pub dry_run: bool,
}

/// Why a transaction is voided.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidBody {
    pub reason: Option<String>,
}

/// Writes a change of one transaction and shows it as it then stands; a stale version is 412 with the current state.
async fn changed(
    writing: &Writing,
    unit: OwnedUnit,
    before: Transaction,
    trying: Trying,
) -> Answer<Response> {
    let target = Target::Id(before.id);
    let written = writing.write(unit, trying).await;
    let current = || async {
        let place = writing.org.place();
        let found = writing
            .state
            .lanes
            .read(place, move |book| body_of(book, target));
        let found = found.await?;
        found.ok_or_else(|| Problem::internal("a transaction is gone"))
    };
    match written {
        Ok(done) => Ok(done.answer(shown(&current().await?, Some(done.sequence)))),
        Err(problem) if problem.code == STALE => {
            let body = current().await?;
            Err(stale(problem, version_tag(body.version), &body))
        }
        Err(problem) => Err(problem),
    }
}
