//! Members of an organisation and their roles. Never without an owner.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::{Extension, Json as Out};
use uuid::Uuid;

use crate::server::access::{Caller, InOrg};
use crate::server::body::{Json, Path};
use crate::server::entry;
use crate::server::problem::{Answer, Problem};
use crate::server::registry::{Db, members, users};
use crate::server::state::Shared;
use crate::wire::List;
use crate::wire::org::{Member, NewMember, PatchMember, Role};

/// Admins see to everybody but owners; owners to all.
pub fn may_give(giver: Role, role: Role) -> Answer<()> {
    if giver == Role::Owner || role != Role::Owner {
        return Ok(());
    }
    Err(Problem::not_allowed("only an owner sees to owners"))
}

/// Every member, by email.
#[utoipa::path(get, path = "/orgs/{org}/members", tag = "members",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, description = "Members", body = List<Member>)))]
pub async fn list_members(
    State(app): State<Shared>,
    Extension(org): Extension<InOrg>,
) -> Answer<Out<List<Member>>> {
    let data = app.registry.read(|db| members::list(db, org.id))?;
    Ok(Out(List { data }))
}

/// Adds someone who has an account on the server.
#[utoipa::path(post, path = "/orgs/{org}/members", tag = "members", request_body = NewMember,
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 201, description = "The member", body = Member)))]
pub async fn add_member(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Json(new): Json<NewMember>,
) -> Answer<(StatusCode, Out<Member>)> {
    let now = app.now();
    may_give(org.role, new.role)?;
    let email = entry::email(&new.email, "/email")?;
    let add = move |db: &Db| {
        let known = users::by_email(db, &email)?.ok_or_else(|| {
            Problem::not_found(format!("account {email}"))
                .hint("invite them instead: POST …/invites")
        })?;
        if !members::add(db, org.id, known.user.id, new.role, now)? {
            return Err(Problem::conflict(
                "member-already",
                format!("{email} is a member already"),
            ));
        }
        entry::log(
            db,
            org.id,
            now,
            &caller,
            ("member-added", &email, new.role.word()),
        )?;
        find(db, org.id, known.user.id)
    };
    let member = app.registry.write(add).await?;
    Ok((StatusCode::CREATED, Out(member)))
}

/// Gives a member another role. Needs `If-Match: "vN"`, N the member's version.
#[utoipa::path(patch, path = "/orgs/{org}/members/{user}", tag = "members", request_body = PatchMember,
    params(("org" = String, Path, description = "Id or slug"), ("user" = Uuid, Path, description = "The member"),
        ("If-Match" = String, Header, description = "The version it is changed from")),
    responses((status = 200, description = "The member", body = Member)))]
pub async fn patch_member(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Path(ids): Path<(String, Uuid)>,
    headers: HeaderMap,
    Json(patch): Json<PatchMember>,
) -> Answer<(HeaderMap, Out<Member>)> {
    let (now, user) = (app.now(), ids.1);
    let words = "changing a member needs If-Match with the version it is changed from";
    let expected = needed(if_match(&headers)?, words)?;
    may_give(org.role, patch.role)?;
    let change = move |db: &Db| {
        let before = find(db, org.id, user)?;
        unchanged_since(&before, Some(expected))?;
        may_give(org.role, before.role)?;
        if before.role == patch.role {
            return Ok(before);
        }
        never_without_owner(db, org.id, &before)?;
        members::set_role(db, org.id, user, patch.role)?;
        let detail = format!("{} to {}", before.role.word(), patch.role.word());
        entry::log(
            db,
            org.id,
            now,
            &caller,
            ("role-changed", &before.email, &detail),
        )?;
        find(db, org.id, user)
    };
    let member = app.registry.write(change).await?;
    let mut headers = HeaderMap::new();
    if let Ok(tag) = HeaderValue::from_str(&tag(member.version)) {
        headers.insert(header::ETAG, tag);
    }
    Ok((headers, Out(member)))
}

/// Takes a member out, with the member's tokens for this organisation.
#[utoipa::path(delete, path = "/orgs/{org}/members/{user}", tag = "members",
    params(("org" = String, Path, description = "Id or slug"), ("user" = Uuid, Path, description = "The member"),
        ("If-Match" = Option<String>, Header, description = "The version that is taken out, if no other may be")),
    responses((status = 204, description = "No longer a member")))]
pub async fn remove_member(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Path(ids): Path<(String, Uuid)>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let (now, user) = (app.now(), ids.1);
    let expected = if_match(&headers)?;
    let remove = move |db: &Db| {
        let before = find(db, org.id, user)?;
        unchanged_since(&before, expected)?;
        may_give(org.role, before.role)?;
        never_without_owner(db, org.id, &before)?;
        members::remove(db, org.id, user, now)?;
        entry::log(
            db,
            org.id,
            now,
            &caller,
            ("member-removed", &before.email, before.role.word()),
        )
    };
    app.registry.write(remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves: one's own membership ends, and one's tokens for the organisation with it. The last owner stays. Needs
/// `If-Match: "vN"`, N one's own version in the list of members, so that nobody leaves by accident.
#[utoipa::path(delete, path = "/orgs/{org}/membership", tag = "members",
    params(("org" = String, Path, description = "Id or slug"),
        ("If-Match" = String, Header, description = "The version of one's own membership")),
    responses((status = 204, description = "No longer a member")))]
pub async fn leave_org(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let (now, user) = (app.now(), caller.user.id);
    let expected = needed(
        if_match(&headers)?,
        "leaving needs If-Match with the version of your membership",
    )?;
    let leave = move |db: &Db| {
        let before = find(db, org.id, user)?;
        unchanged_since(&before, Some(expected))?;
        never_without_owner(db, org.id, &before)?;
        members::remove(db, org.id, user, now)?;
        let event = ("member-left", &*before.email, before.role.word());
        entry::log(db, org.id, now, &caller, event)
    };
    app.registry.write(leave).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn needed(version: Option<u64>, words: &str) -> Answer<u64> {
    version.ok_or_else(|| {
        let status = StatusCode::PRECONDITION_REQUIRED;
        Problem::new(status, "if-match-required", words)
    })
}

fn find(db: &Db, org: Uuid, user: Uuid) -> Answer<Member> {
    members::one(db, org, user)?.ok_or_else(|| Problem::not_found(format!("member {user}")))
}

fn never_without_owner(db: &Db, org: Uuid, leaving: &Member) -> Answer<()> {
    if leaving.role != Role::Owner || members::owners(db, org)? > 1 {
        return Ok(());
    }
    Err(
        Problem::conflict("last-owner", format!("{} is the last owner", leaving.email))
            .hint("make somebody else an owner first"),
    )
}

fn tag(version: u64) -> String {
    format!("\"v{version}\"")
}

fn unchanged_since(member: &Member, expected: Option<u64>) -> Answer<()> {
    if expected.is_none_or(|version| version == member.version) {
        return Ok(());
    }
    let stale = Problem::stale(
        "the member was changed by somebody else",
        tag(member.version),
    );
    Err(Problem {
        current: serde_json::to_value(member).ok(),
        ..stale
    })
}

/// The version that `If-Match` names.
fn if_match(headers: &HeaderMap) -> Answer<Option<u64>> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let version = text
        .strip_prefix("\"v")
        .and_then(|t| t.strip_suffix('"'))
        .and_then(|t| t.parse().ok());
    let wrong = || {
        Problem::bad(
            "bad-header",
            "If-Match takes the version of the member, like \"v7\"",
        )
    };
    version.map(Some).ok_or_else(wrong)
}
