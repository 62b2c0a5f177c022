//! Organisations: listed, made with an empty book, shown, and what their books say of themselves.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::{Extension, Json as Out};

use crate::book::{self, AuditQuery, Book, LoggedChange};
use crate::ledger::change::Change;
use crate::ledger::settings::name as setting;
use crate::server::access::{Caller, InOrg, Via};
use crate::server::body::{Json, Query};
use crate::server::new_org;
use crate::server::problem::{Answer, Problem};
use crate::server::reading::{Seen, look, tag};
use crate::server::registry::answered::Given;
use crate::server::registry::members;
use crate::server::state::Shared;
use crate::server::writing::{
    STALE, Trying, Writing, replayed, request_key, stale, stale_version, state_seen, unit,
};
use crate::wire::List;
use crate::wire::book::{OrgBody, PatchOrg};
use crate::wire::org::{Membership, NewOrg};
use crate::wire::problem::Problem as ProblemBody;

/// The caller's organisations; of a token the one it is good for.
#[utoipa::path(get, path = "/orgs", tag = "orgs",
    responses((status = 200, description = "Organisations and the role in each", body = List<Membership>)))]
pub async fn list_orgs(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Answer<Out<List<Membership>>> {
    let mut data = app
        .registry
        .read(|db| members::orgs_of(db, caller.user.id))?;
    if let Via::Token { org, .. } = caller.via {
        data.retain(|o| o.id == org);
    }
    Ok(Out(List { data }))
}

/// Makes an organisation with an empty book; the caller is its owner.
#[utoipa::path(post, path = "/orgs", tag = "orgs", request_body = NewOrg,
    responses((status = 201, description = "The organisation", body = Membership)))]
pub async fn make_org(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Json(new): Json<NewOrg>,
) -> Answer<Response> {
    let key = request_key(&headers)?.map(str::to_owned);
    let (given, again) = new_org::make(&app, caller, new, key).await?;
    let answer = answer(&given).map_err(Problem::internal)?;
    Ok(match again {
        true => replayed(answer),
        false => answer,
    })
}

fn answer(given: &Given) -> Result<Response, axum::http::Error> {
    let response = Response::builder()
        .status(StatusCode::from_u16(given.status).unwrap_or(StatusCode::CREATED))
        .header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from(given.answer.clone()))
}

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
    Ok(shown(&state, &org, &headers).await?.answer(&headers))
}

async fn shown(state: &Shared, org: &InOrg, headers: &HeaderMap) -> Answer<Seen<OrgBody>> {
    let role = org.role;
    let (id, slug, plan) = (org.id, org.slug.clone(), org.plan.clone());
    look(state, org, headers, move |_, info| {
        Ok(OrgBody::of(id, &slug, &plan, role, info))
    })
    .await
}

/// Change what an organisation's book says of itself
///
/// `If-Match` takes the ETag of the organisation. Postings since then are no hindrance, other settings are: 412, with
/// the organisation as it stands.
#[utoipa::path(
    patch, path = "/orgs/{org}", operation_id = "patch_org", tag = "orgs",
    params(("org" = String, Path, description = "Id or slug"), ("If-Match" = String, Header, description = "The ETag of the organisation as it was looked at"), Trying),
    request_body = PatchOrg,
    responses((status = 200, body = OrgBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn patch_org(Query(trying): Query<Trying>, writing: Writing) -> Answer<Response> {
    let needed = "changing an organisation needs If-Match with its ETag";
    let seen = state_seen(&writing.headers, needed)?;
    let patch: PatchOrg = writing.json()?;
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
    let written = match changes.is_empty() {
        true => None,
        false => {
            let unit = unit(action, patch.reason, changes);
            let unchanged = move |book: &mut dyn Book| settings_since(book, seen);
            Some(writing.write_if(0, unit, trying, unchanged).await)
        }
    };
    let Writing { state, org, .. } = writing;
    let now = shown(&state, &org, &HeaderMap::new()).await?;
    match written {
        Some(Err(problem)) if problem.code == STALE => {
            Err(stale(problem, tag(now.sequence), &now.value))
        }
        Some(written) => Ok(written?.answer(now.answer(&HeaderMap::new()))),
        None => Ok(now.answer(&HeaderMap::new())),
    }
}

/// Records that are looked through for settings; more since a state was looked at are too many.
const SINCE_MAX: u64 = 1000;

/// Refuses if a setting was changed after a state of the book.
fn settings_since(book: &mut dyn Book, seen: u64) -> book::Result<()> {
    let sequence = book.info()?.sequence;
    if sequence == seen {
        return Ok(());
    }
    let gone_on = sequence.checked_sub(seen);
    let query = AuditQuery {
        since: Some(seen),
        ..AuditQuery::default()
    };
    let is_setting = |change: &LoggedChange| matches!(change, LoggedChange::Setting { .. });
    let settings = match gone_on.is_some_and(|records| records <= SINCE_MAX) {
        true => book
            .audit(&query)?
            .iter()
            .any(|entry| entry.changes.iter().any(is_setting)),
        false => true,
    };
    match settings {
        true => Err(stale_version(
            "the organisation was changed since it was looked at, or much was written".to_owned(),
        )),
        false => Ok(()),
    }
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
