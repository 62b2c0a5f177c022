//! Many transactions in one request: all of them or none, or each for itself.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::transactions::{read_draft, under};
use crate::ledger::change::{Change, Repeat};
use crate::ledger::draft::Draft;
use crate::server::access::{Caller, InOrg};
use crate::server::body::Query;
use crate::server::problem::{Answer, Problem};
use crate::server::state::Shared;
use crate::server::writing::{self, Body, Trying, keyed, of_keyed, read_json, unit};
use crate::wire::draft::{BatchAnswer, BatchItem, BatchRequest, Precondition};
use crate::wire::problem::Problem as ProblemBody;

/// The most transactions in one batch.
const BATCH_MAX: usize = 1000;

/// Post many transactions
///
/// `atomic`: all of them or none, in one audit record. `independent`: each for itself, a result each.
#[utoipa::path(
    post, path = "/orgs/{org}/transactions:batch", operation_id = "post_batch", tag = "transactions",
    params(("org" = String, Path, description = "Id or slug"), Trying),
    request_body = BatchRequest,
    responses((status = 200, body = BatchAnswer), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn batch(
    State(state): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Query(trying): Query<Trying>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let request: BatchRequest = read_json(&body)?;
    if request.items.is_empty() || request.items.len() > BATCH_MAX {
        let text = format!("a batch has 1 to {BATCH_MAX} items");
        return Err(Problem::field("/items", "bad-count", text));
    }
    let atomic = match request.mode.as_str() {
        "atomic" => true,
        "independent" => false,
        other => {
            let text = format!("mode is atomic or independent, not {other:?}");
            return Err(Problem::field("/mode", "unknown-word", text));
        }
    };
    let mut drafts = Vec::with_capacity(request.items.len());
    for (at, item) in request.items.into_iter().enumerate() {
        let read = read_draft(&state, &org, item).await;
        drafts.push(read.map_err(|problem| within_item(problem, at)));
    }
    if atomic {
        return all_or_none(&state, &caller, &org, drafts, trying, &headers, &body).await;
    }
    let each = drafts.into_iter().enumerate().map(|(at, read)| {
        let (state, caller, org, headers, body) = (&state, &caller, &org, &headers, &body);
        async move {
            let (draft, conditions) = read?;
            let id = draft.id.0;
            let unit = unit("posted", None, vec![Change::Post(draft)]);
            let unit = keyed(unit, caller, "post_batch", headers, body, at)?;
            let done = match conditions.is_empty() {
                true => writing::write(state, caller, org, unit, trying).await,
                false => under(state, caller, org, unit, conditions, trying).await,
            };
            done.map(|done| (done, id)).map_err(of_keyed)
        }
    });
    let results = futures_util::future::join_all(each).await;
    let items = results
        .into_iter()
        .zip(0..)
        .map(|(result, index)| match result {
            Ok((done, id)) => BatchItem {
                index,
                id: Some(id),
                number: done.number().map(|n| n.0),
                repeat: (done.repeat != Repeat::New).then_some(true),
                problem: None,
            },
            Err(problem) => BatchItem {
                problem: Some(Box::new(problem.to_wire(""))),
                index,
                ..BatchItem::default()
            },
        });
    Ok(Json(BatchAnswer {
        items: items.collect(),
    })
    .into_response())
}

fn within_item(mut problem: Problem, at: usize) -> Problem {
    for fault in &mut problem.errors {
        fault.pointer = format!("/items/{at}{}", fault.pointer);
    }
    problem
}

async fn all_or_none(
    state: &Shared,
    caller: &Caller,
    org: &InOrg,
    drafts: Vec<Answer<(Draft, Vec<Precondition>)>>,
    trying: Trying,
    headers: &HeaderMap,
    body: &Body,
) -> Answer<Response> {
    let mut conditions = Vec::new();
    let mut changes = Vec::with_capacity(drafts.len());
    let mut ids = Vec::with_capacity(drafts.len());
    for read in drafts {
        let (draft, under) = read?;
        conditions.extend(under);
        ids.push(draft.id.0);
        changes.push(Change::Post(draft));
    }
    let unit = keyed(
        unit("posted", None, changes),
        caller,
        "post_batch",
        headers,
        body,
        0,
    )?;
    let done = under(state, caller, org, unit, conditions, trying).await;
    let done = done.map_err(|problem| items_for_changes(of_keyed(problem)))?;
    let mut numbers = done.numbers.iter().flat_map(|(first, last)| *first..=*last);
    let items = ids.into_iter().zip(0..).map(|(id, index)| BatchItem {
        index,
        id: Some(id),
        number: numbers.next(),
        repeat: (done.repeat != Repeat::New).then_some(true),
        problem: None,
    });
    let answer = BatchAnswer {
        items: items.collect(),
    };
    Ok(writing::replayed(Json(answer).into_response(), &done))
}

/// A fault of a change of the unit is one of an item of the batch.
fn items_for_changes(mut problem: Problem) -> Problem {
    for fault in &mut problem.errors {
        if let Some(rest) = fault.pointer.strip_prefix("/changes/") {
            fault.pointer = format!("/items/{rest}");
        }
    }
    problem
}
