//! Many transactions in one request: all of them or none, or each for itself.

use std::collections::BTreeSet;

use axum::Json;
use axum::response::Response;
use uuid::Uuid;

use super::transactions::{read_draft, write_under};
use crate::ledger::change::{Change, Repeat, Target};
use crate::ledger::draft::Draft;
use crate::ledger::transaction::{Number, TransactionId};
use crate::server::body::Query;
use crate::server::problem::{Answer, Problem};
use crate::server::writing::{Trying, Writing, answer_all, unit};
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
    match atomic {
        true => all_or_none(&writing, drafts, trying).await,
        false => each_for_itself(&writing, drafts, trying).await,
    }
}

type Read = Answer<(Draft, Vec<Precondition>)>;

async fn each_for_itself(writing: &Writing, drafts: Vec<Read>, trying: Trying) -> Answer<Response> {
    let each = drafts.into_iter().enumerate().map(|(at, read)| async move {
        let (draft, conditions) = match read {
            Ok(read) => read,
            Err(problem) => return (None, Err(problem)),
        };
        let id = draft.id;
        let unit = unit("posted", None, vec![Change::Post(draft)]);
        let written = write_under(writing, at, unit, conditions, trying);
        (Some(id), written.await)
    });
    let results = futures_util::future::join_all(each).await;
    let (ids, written): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    let posted = ids.into_iter().zip(&written);
    let posted = posted.filter_map(|(id, written)| {
        let written = written.as_ref().ok()?;
        Some((id?, written.number()?.0, written.repeat))
    });
    let mut ids = ids_of(writing, posted.collect()).await?.into_iter();
    let items = written.iter().zip(0..).map(|(written, index)| {
        let mut item = BatchItem {
            index,
            ..BatchItem::default()
        };
        match written {
            Ok(done) => {
                item.number = done.number().map(|n| n.0);
                item.id = item.number.and_then(|_| ids.next());
                item.repeat = (done.repeat != Repeat::New).then_some(true);
            }
            Err(problem) => item.problem = Some(Box::new(problem.to_wire(""))),
        }
        item
    });
    let items = items.collect();
    Ok(answer_all(&written, Json(BatchAnswer { items })))
}

/// The ids under which transactions are in the book: of a repeat those of the first time, which the server may have made.
async fn ids_of(writing: &Writing, posted: Vec<(TransactionId, u64, Repeat)>) -> Answer<Vec<Uuid>> {
    if posted.iter().all(|(.., repeat)| *repeat == Repeat::New) {
        return Ok(posted.into_iter().map(|(id, ..)| id.0).collect());
    }
    let found = writing.state.lanes.read(writing.org.place(), move |book| {
        let mut ids = Vec::with_capacity(posted.len());
        for (id, number, _) in posted {
            let found = book.find(Target::Number(Number(number)))?;
            ids.push(found.map_or(id, |found| found.id).0);
        }
        Ok(ids)
    });
    Ok(found.await?)
}

fn within_item(mut problem: Problem, at: usize) -> Problem {
    for fault in &mut problem.errors {
        fault.pointer = format!("/items/{at}{}", fault.pointer);
    }
    problem
}

async fn all_or_none(writing: &Writing, drafts: Vec<Read>, trying: Trying) -> Answer<Response> {
    let mut conditions = Vec::new();
    let mut changes = Vec::with_capacity(drafts.len());
    let mut ids = Vec::with_capacity(drafts.len());
    for read in drafts {
        let (draft, under) = read?;
        conditions.extend(under);
        ids.push(draft.id);
        changes.push(Change::Post(draft));
    }
    let unit = unit("posted", None, changes);
    let done = write_under(writing, 0, unit, conditions, trying).await;
    let done = done.map_err(items_for_changes)?;
    let touched = done.numbers.iter().flat_map(|(first, last)| *first..=*last);
    let touched: BTreeSet<u64> = touched.collect();
    let again = done.repeat != Repeat::New;
    let posted = match !again && touched.len() == ids.len() {
        true => ids
            .into_iter()
            .zip(touched.iter().map(|n| Some(*n)))
            .collect(),
        false => places_of(writing, ids, touched.clone()).await?,
    };
    let items = posted.into_iter().zip(0..).map(|((id, number), index)| {
        let was_there = again || number.is_some_and(|number| !touched.contains(&number));
        BatchItem {
            index,
            id: Some(id.0),
            number,
            repeat: was_there.then_some(true),
            problem: None,
        }
    });
    let answer = BatchAnswer {
        items: items.collect(),
    };
    Ok(done.answer(Json(answer)))
}

/// Where the items of a batch stand of which some were there before: by their ids; what the server made an id for has
/// the next number that is nobody else's, and the id of the first time.
async fn places_of(
    writing: &Writing,
    ids: Vec<TransactionId>,
    touched: BTreeSet<u64>,
) -> Answer<Vec<(TransactionId, Option<u64>)>> {
    let found = writing.state.lanes.read(writing.org.place(), move |book| {
        let mut places = Vec::with_capacity(ids.len());
        let mut free = touched;
        for id in ids {
            let found = book.find(Target::Id(id))?;
            let number = found.map(|found| found.number.0);
            if let Some(number) = number {
                free.remove(&number);
            }
            places.push((id, number));
        }
        for place in places.iter_mut().filter(|(_, number)| number.is_none()) {
            let Some(number) = free.pop_first() else {
                break;
            };
            let found = book.find(Target::Number(Number(number)))?;
            *place = (found.map_or(place.0, |found| found.id), Some(number));
        }
        Ok(places)
    });
    Ok(found.await?)
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
