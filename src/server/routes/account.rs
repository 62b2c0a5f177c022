//! A person's own account: made, looked at, given another password.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Out};
use uuid::Uuid;

use crate::server::access::{Address, Caller, Via};
use crate::server::body::Json;
use crate::server::config::SignUp;
use crate::server::entry;
use crate::server::passwords::{check_new, same};
use crate::server::problem::{Answer, Problem};
use crate::server::registry::audit::Event;
use crate::server::registry::{Db, audit, digest, invites, members, sessions, users};
use crate::server::secrets::plain;
use crate::server::state::Shared;
use crate::wire::auth::{ChangePassword, Me, Register, User};

/// Makes an account: the first owner by the setup code, who is invited, or anyone on an open server.
#[utoipa::path(post, path = "/auth/register", tag = "auth", request_body = Register,
    responses((status = 201, description = "The account", body = User)))]
pub async fn register(
    State(app): State<Shared>,
    Extension(address): Extension<Address>,
    Json(register): Json<Register>,
) -> Answer<(StatusCode, Out<User>)> {
    app.gates.from_address(address.0)?;
    let user = User {
        id: Uuid::now_v7(),
        email: entry::email(&register.email, "/email")?,
        name: entry::name(&register.name, "/name")?,
    };
    check_new(&register.password, "/password")?;
    let (now, open) = (app.now(), app.config.sign_up == SignUp::Open);
    let ticket = Ticket {
        setup: register.setup_code.map(|code| digest(&plain(&code))),
        invite: register.invite.map(|code| digest(code.trim())),
        open,
    };
    // Looked at before the hash is computed, so that strangers cannot make the server work.
    app.registry
        .read(|db| Ok(ticket.grant(db, &user, now).map(drop)))??;
    let password = app.passwords.hash(register.password).await?;
    let made = user.clone();
    let make = move |db: &Db| {
        let grant = ticket.grant(db, &made, now)?;
        if !users::add(db, &made, &password, now)? {
            return Err(taken(&made.email));
        }
        let event = Event {
            who: &made.email,
            action: "registered",
            address: &address.to_string(),
            ..Event::default()
        };
        match grant {
            Grant::Setup => users::set_setup(db, None)?,
            Grant::Invited(invite) => {
                members::add(db, invite.org, made.id, invite.role, now)?;
                invites::remove(db, invite.org, invite.id)?;
            }
            Grant::Open => {}
        }
        audit::append_of_user(db, made.id, now, &event)
    };
    app.registry.write(make).await?;
    Ok((StatusCode::CREATED, Out(user)))
}

/// What someone who registers shows.
#[derive(Clone)]
struct Ticket {
    setup: Option<[u8; 32]>,
    invite: Option<[u8; 32]>,
    open: bool,
}

enum Grant {
    Setup,
    Invited(invites::Open),
    Open,
}

impl Ticket {
    fn grant(&self, db: &Db, user: &User, now: jiff::Timestamp) -> Answer<Grant> {
        if let Some(code) = self.setup {
            let kept = users::setup(db)?;
            let good = kept.is_some_and(|kept| same(&kept, &code)) && !users::any(db)?;
            let wrong = || {
                Problem::new(
                    StatusCode::FORBIDDEN,
                    "wrong-code",
                    "the setup code is not good",
                )
            };
            return good.then_some(Grant::Setup).ok_or_else(wrong);
        }
        if let Some(code) = self.invite {
            // A code is for one email; with another it is as good as none.
            let invite =
                invites::by_code(db, code, now)?.filter(|invite| invite.email == user.email);
            let wrong = || {
                Problem::new(
                    StatusCode::FORBIDDEN,
                    "wrong-code",
                    "the invitation is not good",
                )
            };
            return invite.map(Grant::Invited).ok_or_else(wrong);
        }
        let closed = || {
            Problem::new(
                StatusCode::FORBIDDEN,
                "sign-up-closed",
                "this server takes members by invitation",
            )
            .hint("ask an owner or admin of an organisation to invite you")
        };
        self.open.then_some(Grant::Open).ok_or_else(closed)
    }
}

fn taken(email: &str) -> Problem {
    Problem::conflict("email-taken", format!("{email} has an account already")).hint("sign in")
}

/// Who is asking, and how.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, description = "The caller", body = Me)))]
pub async fn me(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Answer<Out<Me>> {
    let mut orgs = app
        .registry
        .read(|db| members::orgs_of(db, caller.user.id))?;
    let via = match caller.via {
        Via::Session(_) => "session",
        Via::Token { org, .. } => {
            orgs.retain(|o| o.id == org);
            "token"
        }
    };
    Ok(Out(Me {
        user: caller.user,
        via: via.to_owned(),
        scopes: caller.scopes,
        expires_at: Some(caller.expires_at),
        orgs,
    }))
}

/// Sets another password. Every other session ends.
#[utoipa::path(put, path = "/auth/password", tag = "auth", request_body = ChangePassword,
    responses((status = 204, description = "It is set")))]
pub async fn change_password(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Json(change): Json<ChangePassword>,
) -> Answer<StatusCode> {
    app.gates.to_account(&caller.user.email, caller.address.0)?;
    check_new(&change.new_password, "/new_password")?;
    let kept = app.registry.read(|db| users::by_id(db, caller.user.id))?;
    let kept = kept.map(|known| known.password);
    if !app.passwords.verify(change.current_password, kept).await? {
        return Err(Problem::field(
            "/current_password",
            "wrong-password",
            "the current password is wrong",
        ));
    }
    let password = app.passwords.hash(change.new_password).await?;
    let (now, user) = (app.now(), caller.user.id);
    let Via::Session(session) = caller.via else {
        return Err(Problem::not_allowed("a personal token cannot do this"));
    };
    let set = move |db: &Db| {
        users::set_password(db, user, &password)?;
        sessions::end_others(db, user, session, "password changed", now)?;
        let event = Event {
            who: &caller.user.email,
            action: "password-changed",
            address: &caller.address.to_string(),
            ..Event::default()
        };
        audit::append_of_user(db, user, now, &event)
    };
    app.registry.write(set).await?;
    Ok(StatusCode::NO_CONTENT)
}
