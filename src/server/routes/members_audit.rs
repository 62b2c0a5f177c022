//! The log of members, sign-ins and refusals of one organisation.

use axum::extract::State;
use axum::{Extension, Json as Out};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::ledger::audit::hex;
use crate::server::access::InOrg;
use crate::server::body::{Query, whole};
use crate::server::problem::{Answer, Problem};
use crate::server::registry::audit::{self, Logged};
use crate::server::state::Shared;
use crate::wire::org::{MemberEvent, MemberEvents};

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Events after this sequence.
    #[serde(default, deserialize_with = "whole")]
    since: Option<u64>,
    /// At most so many: 1 to 500.
    #[serde(default = "usual")]
    #[param(minimum = 1, maximum = 500)]
    limit: u32,
}

fn usual() -> u32 {
    100
}

/// Events of members, sign-ins and refusals, oldest first; each holds the hash of the one before.
#[utoipa::path(get, path = "/orgs/{org}/members/audit", tag = "members",
    params(("org" = String, Path, description = "Id or slug"), Which),
    responses((status = 200, description = "Events", body = MemberEvents)))]
pub async fn members_audit(
    State(app): State<Shared>,
    Extension(org): Extension<InOrg>,
    Query(which): Query<Which>,
) -> Answer<Out<MemberEvents>> {
    if !(1..=500).contains(&which.limit) {
        return Err(Problem::field("/limit", "bad-limit", "limit is 1 to 500"));
    }
    let since = which.since.unwrap_or(0);
    let mut events = app
        .registry
        .read(|db| audit::page(db, org.id, since, which.limit + 1))?;
    let limit = which.limit as usize;
    let has_more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().map_or(since, |e| e.seq);
    let data = events.into_iter().map(told).collect();
    Ok(Out(MemberEvents {
        data,
        has_more,
        next,
    }))
}

fn told(event: Logged) -> MemberEvent {
    MemberEvent {
        seq: event.seq,
        at: event.at,
        who: event.who,
        action: event.action,
        subject: event.subject,
        detail: event.detail,
        address: event.address,
        previous: hex(&event.previous),
        hash: hex(&event.hash),
    }
}
