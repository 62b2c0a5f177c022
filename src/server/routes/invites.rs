//! Invitations into an organisation.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Out};
use jiff::SignedDuration;
use uuid::Uuid;

use super::members::may_give;
use crate::server::access::{Caller, InOrg};
use crate::server::body::{Json, Path};
use crate::server::entry::{self, later};
use crate::server::problem::{Answer, Problem};
use crate::server::registry::{Db, digest, invites, members, orgs};
use crate::server::secrets::{INVITE_PREFIX, opaque};
use crate::server::state::Shared;
use crate::wire::List;
use crate::wire::org::{AcceptInvite, Invite, Member, Membership, NewMember};

/// How long an invitation can be taken.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Who is invited and has not come yet.
#[utoipa::path(get, path = "/orgs/{org}/invites", tag = "members",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, description = "Open invitations", body = List<Member>)))]
pub async fn list_invites(
    State(app): State<Shared>,
    Extension(org): Extension<InOrg>,
) -> Answer<Out<List<Member>>> {
    let now = app.now();
    let data = app.registry.read(|db| invites::list(db, org.id, now))?;
    Ok(Out(List { data }))
}

/// Invites someone by email, who may not have an account yet. An earlier invitation of the same email is replaced.
#[utoipa::path(post, path = "/orgs/{org}/invites", tag = "members", request_body = NewMember,
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 201, description = "The invitation with its code, shown once", body = Invite)))]
pub async fn invite(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Json(new): Json<NewMember>,
) -> Answer<(StatusCode, Out<Invite>)> {
    let now = app.now();
    may_give(org.role, new.role)?;
    let email = entry::email(&new.email, "/email")?;
    let code = opaque(INVITE_PREFIX).map_err(Problem::internal)?;
    let invite = Invite {
        id: Uuid::now_v7(),
        email: email.clone(),
        role: new.role,
        code,
        expires_at: later(now, OPEN_FOR),
    };
    let open = invites::Open {
        id: invite.id,
        org: org.id,
        email,
        role: new.role,
    };
    let (hash, until) = (digest(&invite.code), invite.expires_at);
    let put = move |db: &Db| {
        if members::list(db, org.id)?
            .iter()
            .any(|m| m.email == open.email)
        {
            return Err(Problem::conflict(
                "member-already",
                format!("{} is a member already", open.email),
            ));
        }
        invites::put(db, &open, hash, caller.user.id, now, until)?;
        entry::log(
            db,
            org.id,
            now,
            &caller,
            ("invited", &open.email, open.role.word()),
        )
    };
    app.registry.write(put).await?;
    Ok((StatusCode::CREATED, Out(invite)))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/orgs/{org}/invites/{id}", tag = "members",
    params(("org" = String, Path, description = "Id or slug"), ("id" = Uuid, Path, description = "The invitation")),
    responses((status = 204, description = "It can no longer be taken")))]
pub async fn withdraw_invite(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Path(ids): Path<(String, Uuid)>,
) -> Answer<StatusCode> {
    let (now, id) = (app.now(), ids.1);
    let withdraw = move |db: &Db| {
        let (email, role) = invites::remove(db, org.id, id)?
            .ok_or_else(|| Problem::not_found(format!("invitation {id}")))?;
        may_give(org.role, role)?;
        entry::log(
            db,
            org.id,
            now,
            &caller,
            ("invite-withdrawn", &email, role.word()),
        )
    };
    app.registry.write(withdraw).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an invitation, with an account that has the invited email.
#[utoipa::path(post, path = "/auth/invites/accept", tag = "members", request_body = AcceptInvite,
    responses((status = 200, description = "The organisation and the role in it", body = Membership)))]
pub async fn accept_invite(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Json(accept): Json<AcceptInvite>,
) -> Answer<Out<Membership>> {
    let now = app.now();
    let take = move |db: &Db| {
        let wrong = || {
            Problem::new(
                StatusCode::FORBIDDEN,
                "wrong-code",
                "the invitation is not good",
            )
        };
        let invite = invites::by_code(db, digest(accept.code.trim()), now)?
            .filter(|invite| invite.email == caller.user.email)
            .ok_or_else(wrong)?;
        let org = orgs::find(db, &invite.org.to_string())?.ok_or_else(wrong)?;
        invites::remove(db, org.id, invite.id)?;
        if !members::add(db, org.id, caller.user.id, invite.role, now)? {
            return Err(Problem::conflict(
                "member-already",
                "you are a member already",
            ));
        }
        entry::log(
            db,
            org.id,
            now,
            &caller,
            ("joined", &caller.user.email, invite.role.word()),
        )?;
        Ok(Membership {
            id: org.id,
            slug: org.slug,
            name: org.name,
            role: invite.role,
        })
    };
    app.registry.write(take).await.map(Out)
}
