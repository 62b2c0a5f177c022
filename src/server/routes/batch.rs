//! Many transactions in one request: all of them or none, or each for itself.

use axum::Json;
use axum::response::{IntoResponse, Response};

use super::transactions::{read_draft, write_under};
use crate::ledger::change::{Change, Repeat};
use crate::ledger::draft::Draft;
use crate::server::body::Query;
use crate::server::problem::{Answer, Problem};
use crate::server::writing::{Trying, Writing, unit};
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
pub async fn batch(Query(trying): Query<Trying>, writing: Writing) -> Answer<Response> {
    let request: BatchRequest = writing.json()?;
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
        let read = read_draft(&writing.state, &writing.org, item).await;
        drafts.push(read.map_err(|problem| within_item(problem, at)));
    }
    if atomic {
        return all_or_none(&writing, drafts, trying).await;
    }
    let each = drafts.into_iter().enumerate().map(|(at, read)| {
        let writing = &writing;
        async move {
            let (draft, conditions) = read?;
            let id = draft.id.0;
            let unit = unit("posted", None, vec![Change::Post(draft)]);
            let written = write_under(writing, at, unit, conditions, trying);
            written.await.map(|done| (done, id))
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
    writing: &Writing,
    drafts: Vec<Answer<(Draft, Vec<Precondition>)>>,
    trying: Trying,
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
    let unit = unit("posted", None, changes);
    let done = write_under(writing, 0, unit, conditions, trying).await;
    let done = done.map_err(items_for_changes)?;
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
    Ok(done.answer(Json(answer)))
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
