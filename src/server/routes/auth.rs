//! Signing in, staying signed in, signing out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json as Out};

use jiff::Timestamp;

use crate::server::access::Address;
use crate::server::body::Json;
use crate::server::entry;
use crate::server::problem::{Answer, Problem};
use crate::server::registry::audit::Event;
use crate::server::registry::{Db, audit, digest, sessions, users};
use crate::server::state::Shared;
use crate::wire::auth::{Login, Refresh, Tokens};

/// Seconds in which a used refresh token still answers its successor: the first answer may have been lost.
const GRACE: i64 = 30;

/// Signs in.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = Login,
    responses((status = 200, description = "Signed in", body = Tokens)))]
pub async fn login(
    State(app): State<Shared>,
    Extension(address): Extension<Address>,
    Json(login): Json<Login>,
) -> Answer<(HeaderMap, Out<Tokens>)> {
    let email = login.email.trim().to_lowercase();
    let left = app.gates.from_address(address.0)?;
    app.gates.to_account(&email, address.0)?;
    let known = app.registry.read(|db| users::by_email(db, &email))?;
    let (user, kept) = known.map(|k| (k.user, k.password)).unzip();
    let right = app.passwords.verify(login.password, kept).await?;
    let Some(user) = user.clone().filter(|_| right) else {
        entry::log_failure(&app, email, user.map(|u| u.id), address.to_string()).await?;
        return Err(entry::wrong());
    };
    let tokens = entry::begin(&app, user, login.agent, address.to_string()).await?;
    let mut headers = HeaderMap::new();
    left.write(&mut headers);
    Ok((headers, Out(tokens)))
}

/// Exchanges a refresh token for its successor and a new access token.
///
/// Within 30 seconds a used one answers the same successor; used again later, its whole session ends.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = Refresh,
    responses((status = 200, description = "Still signed in", body = Tokens)))]
pub async fn refresh(
    State(app): State<Shared>,
    Extension(address): Extension<Address>,
    Json(refresh): Json<Refresh>,
) -> Answer<Out<Tokens>> {
    let now = app.now();
    let used = digest(&refresh.refresh_token);
    // Strangers do not get as far as the writer.
    if app
        .registry
        .read(|db| sessions::refreshing(db, used))?
        .is_none()
    {
        return Err(Problem::signed_out("the refresh token is not good"));
    }
    let next = app.keys.successor(&refresh.refresh_token)?;
    let next_hash = digest(&next);
    let turn = move |db: &Db| turn(db, (used, next_hash), now, &address.to_string());
    // A revocation is kept although it is answered with a refusal.
    let session = app.registry.write(turn).await??;
    let access = app.keys.access(session.0, session.1, now)?;
    Ok(Out(entry::tokens(access, next)))
}

type OfSession = (uuid::Uuid, uuid::Uuid);

/// The user and session of a refresh token that is good; what else it does is kept either way.
fn turn(
    db: &Db,
    (used, next): ([u8; 32], [u8; 32]),
    now: Timestamp,
    address: &str,
) -> Answer<Answer<OfSession>> {
    let Some(found) = sessions::refreshing(db, used)? else {
        return Ok(Err(Problem::signed_out("the refresh token is not good")));
    };
    if found.ended || found.expires_at <= now {
        return Ok(Err(Problem::signed_out("the session has ended")));
    }
    match found.used_at {
        None => sessions::rotate(db, found.session, used, next, now)?,
        Some(at) if now.as_second() - at.as_second() <= GRACE => {}
        Some(_) => {
            sessions::end(
                db,
                found.user.id,
                found.session,
                "refresh token used again",
                now,
            )?;
            let event = Event {
                who: &found.user.email,
                action: "session-revoked",
                subject: "refresh token used again",
                address,
                ..Event::default()
            };
            audit::append_of_user(db, found.user.id, now, &event)?;
            let over = "the refresh token was used before: somebody else may have it, so the session has ended";
            return Ok(Err(Problem::signed_out(over)));
        }
    }
    Ok(Ok((found.user.id, found.session)))
}

/// Ends the session of a refresh token. Nobody's is no error: there is nothing left to end.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", request_body = Refresh,
    responses((status = 204, description = "Signed out")))]
pub async fn logout(
    State(app): State<Shared>,
    Extension(address): Extension<Address>,
    Json(refresh): Json<Refresh>,
) -> Answer<StatusCode> {
    let now = app.now();
    let used = digest(&refresh.refresh_token);
    // Strangers do not get as far as the writer.
    if app
        .registry
        .read(|db| sessions::refreshing(db, used))?
        .is_none()
    {
        return Ok(StatusCode::NO_CONTENT);
    }
    let leave = move |db: &Db| {
        let Some(found) = sessions::refreshing(db, used)? else {
            return Ok(());
        };
        if sessions::end(db, found.user.id, found.session, "signed out", now)? {
            let address = address.to_string();
            let event = Event {
                who: &found.user.email,
                action: "signed-out",
                address: &address,
                ..Event::default()
            };
            audit::append_of_user(db, found.user.id, now, &event)?;
        }
        Ok(())
    };
    app.registry.write(leave).await?;
    Ok(StatusCode::NO_CONTENT)
}
