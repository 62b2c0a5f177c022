//! `POST /orgs/{org}/changes`: the port's one write. The other writing routes are spellings of it.

use std::sync::Arc;

use axum::Json;
use axum::response::Response;
use uuid::Uuid;

use crate::ledger::change::{Done, WriteMode};
use crate::ledger::chart::Chart;
use crate::server::body::Query;
use crate::server::problem::{Answer, Problem};
use crate::server::writing::{Trying, Writing, answer_all};
use crate::wire::unit::{ChangesAnswer, ChangesRequest, DoneBody, Outcome, OwnedUnit, UnitBody};

/// The most units in one request.
const UNITS_MAX: usize = 1000;

/// Change a book
///
/// Units succeed or fail apart (`independent`) or together (`atomic`). The answer holds an outcome
/// for each, in order; it is 200 whatever became of them.
#[utoipa::path(
    post, path = "/orgs/{org}/changes", operation_id = "change", tag = "book",
    params(("org" = String, Path, description = "Id or slug"), Trying),
    request_body = ChangesRequest,
    responses((status = 200, body = ChangesAnswer), (status = "default", description = "Problem", body = crate::wire::problem::Problem, content_type = "application/problem+json")),
)]
pub async fn post(Query(trying): Query<Trying>, writing: Writing) -> Answer<Response> {
    let request: ChangesRequest = writing.json()?;
    let atomic = match request.mode.as_deref() {
        None | Some("independent") => false,
        Some("atomic") => true,
        Some(other) => {
            let text = format!("mode is independent or atomic, not {other:?}");
            return Err(Problem::field("/mode", "unknown-word", text));
        }
    };
    if request.units.is_empty() || request.units.len() > UNITS_MAX {
        let text = format!("a request has 1 to {UNITS_MAX} units");
        return Err(Problem::field("/units", "bad-count", text));
    }
    let chart = writing.state.lanes.chart(writing.org.place()).await?;
    let mut units = Vec::with_capacity(request.units.len());
    for (at, unit) in request.units.into_iter().enumerate() {
        units.push(read_unit(unit, &chart, at)?);
    }
    let mode = match (trying.dry_run, atomic) {
        (true, _) => WriteMode::DryRun,
        (false, true) => WriteMode::CommitAll,
        (false, false) => WriteMode::Commit,
    };
    let written = if mode == WriteMode::Commit {
        let each = units.into_iter().enumerate();
        let each = each.map(|(at, unit)| writing.write_at(at, unit, trying));
        futures_util::future::join_all(each).await
    } else {
        writing.write_all(units, mode).await?
    };
    let outcomes = written.iter().map(|written| match written {
        Ok(done) => outcome(Ok(done)),
        Err(problem) => outcome(Err(problem)),
    });
    let outcomes = outcomes.collect();
    Ok(answer_all(&written, Json(ChangesAnswer { outcomes })))
}

fn read_unit(unit: UnitBody, chart: &Arc<Chart>, at: usize) -> Answer<OwnedUnit> {
    let read = unit.read(chart, &mut Uuid::now_v7);
    read.map_err(|fault| fault.within(at).within("units").into())
}

/// What became of a unit, as the answer says it. Which change was at fault stands in the pointer of the problem.
pub fn outcome(result: Result<&Done, &Problem>) -> Outcome {
    match result {
        Ok(done) => Outcome::Done(DoneBody::of(done)),
        Err(problem) => {
            let first = problem.errors.first();
            let change = first.and_then(|f| f.pointer.strip_prefix("/changes/")?.parse().ok());
            Outcome::Refused {
                change,
                problem: Box::new(problem.to_wire("")),
            }
        }
    }
}
