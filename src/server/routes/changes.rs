//! `POST /orgs/{org}/changes`: the port's one write. The other writing routes are spellings of it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use uuid::Uuid;

use crate::book::{self, BookError};
use crate::ledger::change::{Done, Unit, WriteMode};
use crate::ledger::chart::Chart;
use crate::server::access::{Caller, InOrg};
use crate::server::body::Query;
use crate::server::permit::permit;
use crate::server::problem::{Answer, Problem};
use crate::server::state::Shared;
use crate::server::writing::{self, Body, Trying, keyed, read_json};
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
pub async fn post(
    State(state): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Query(trying): Query<Trying>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let request: ChangesRequest = read_json(&body)?;
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
    let chart = state.lanes.chart(org.place()).await?;
    let mut units = Vec::with_capacity(request.units.len());
    for (at, unit) in request.units.into_iter().enumerate() {
        let unit = read_unit(unit, &chart, at)?;
        units.push(keyed(unit, &caller, "changes", &headers, &body, at)?);
    }
    let outcomes = if atomic || trying.dry_run {
        together(&state, &caller, &org, units, atomic, trying).await?
    } else {
        let each = units
            .into_iter()
            .map(|unit| writing::write(&state, &caller, &org, unit, trying));
        futures_util::future::join_all(each)
            .await
            .into_iter()
            .map(outcome)
            .collect()
    };
    Ok(Json(ChangesAnswer { outcomes }).into_response())
}

fn read_unit(unit: UnitBody, chart: &Arc<Chart>, at: usize) -> Answer<OwnedUnit> {
    let read = unit.read(chart, &mut Uuid::now_v7);
    read.map_err(|fault| fault.within(at).within("units").into())
}

/// What became of a unit, as the answer says it. Which change was at fault stands in the pointer of the problem.
pub fn outcome(result: Answer<Done>) -> Outcome {
    match result {
        Ok(done) => Outcome::Done(DoneBody::of(&done)),
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

/// Units that need the writer for themselves: all or none, or only tried.
async fn together(
    state: &Shared,
    caller: &Caller,
    org: &InOrg,
    units: Vec<OwnedUnit>,
    atomic: bool,
    trying: Trying,
) -> Answer<Vec<Outcome>> {
    for unit in &units {
        permit(state, caller, org, unit).await?;
    }
    let mode = match (trying.dry_run, atomic) {
        (true, _) => WriteMode::DryRun,
        (false, true) => WriteMode::CommitAll,
        (false, false) => WriteMode::Commit,
    };
    let at = writing::now(state);
    let who = caller.user.email.clone();
    let written = state.lanes.alone(org.place(), move |book| {
        let units: Vec<Unit<'_>> = units.iter().map(|u| u.unit(&who, at)).collect();
        book.write(&units, mode)
    });
    let outcomes: Vec<book::Result<Done>> = written.await?;
    Ok(outcomes
        .into_iter()
        .map(|o| outcome(o.map_err(of_book)))
        .collect())
}

fn of_book(error: BookError) -> Problem {
    error.into()
}
