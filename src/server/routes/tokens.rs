//! Personal access tokens: for cron and CI.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Out};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::server::access::Caller;
use crate::server::body::{Json, Path};
use crate::server::entry::{self, later};
use crate::server::problem::{Answer, Problem};
use crate::server::registry::{Db, digest, members, tokens};
use crate::server::secrets::{TOKEN_PREFIX, opaque};
use crate::server::state::Shared;
use crate::wire::List;
use crate::wire::auth::{NewToken, Token};

/// Tokens one person may have at a time.
const TOKENS_MAX: usize = 100;

/// The caller's tokens, by name.
#[utoipa::path(get, path = "/auth/tokens", tag = "auth",
    responses((status = 200, description = "Tokens that are good", body = List<Token>)))]
pub async fn list_tokens(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Answer<Out<List<Token>>> {
    let now = app.now();
    let data = app
        .registry
        .read(|db| tokens::list(db, caller.user.id, now))?;
    Ok(Out(List { data }))
}

/// Makes a token. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/auth/tokens", tag = "auth", request_body = NewToken,
    responses((status = 201, description = "The token with its secret", body = Token)))]
pub async fn make_token(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<NewToken>,
) -> Answer<(StatusCode, Out<Token>)> {
    let now = app.now();
    let name = entry::name(&new.name, "/name")?;
    let scopes = scopes(&new.scopes)?;
    if !(1..=366).contains(&new.expires_in_days) {
        let words = "a token is good for 1 to 366 days";
        return Err(Problem::field("/expires_in_days", "bad-expiry", words));
    }
    let user = caller.user.id;
    let (org, _) = app
        .registry
        .read(|db| members::place(db, &new.org, user))?
        .ok_or_else(|| Problem::no_org(&new.org))?;
    let secret = opaque(TOKEN_PREFIX).map_err(Problem::internal)?;
    let days = SignedDuration::from_hours(24 * i64::from(new.expires_in_days));
    let token = Token {
        id: Uuid::now_v7(),
        name,
        org: org.slug,
        scopes,
        created_at: now,
        expires_at: later(now, days),
        last_used_at: None,
        token: None,
    };
    let (kept, hash) = (token.clone(), digest(&secret));
    let make = move |db: &Db| {
        if tokens::list(db, user, now)?.len() >= TOKENS_MAX {
            let words = format!("you have {TOKENS_MAX} tokens already");
            return Err(
                Problem::conflict("too-many-tokens", words).hint("revoke those that are not used")
            );
        }
        tokens::add(db, user, org.id, &kept, hash)?;
        entry::log(
            db,
            org.id,
            now,
            &caller,
            ("token-made", &kept.name, &kept.scopes.join(" ")),
        )
    };
    app.registry.write(make).await?;
    let token = Token {
        token: Some(secret),
        ..token
    };
    Ok((StatusCode::CREATED, Out(token)))
}

/// `read`, or `read` and `write`; in that order, once each.
fn scopes(given: &[String]) -> Answer<Vec<String>> {
    if let Some(other) = given
        .iter()
        .find(|s| !["read", "write"].contains(&s.as_str()))
    {
        let words = format!("a scope is read or write, not {other:?}");
        return Err(Problem::field("/scopes", "bad-scope", words));
    }
    let has = |word: &str| given.iter().any(|s| s == word);
    match (has("read"), has("write")) {
        (true, false) => Ok(vec!["read".to_owned()]),
        (true, true) => Ok(vec!["read".to_owned(), "write".to_owned()]),
        _ => Err(Problem::field(
            "/scopes",
            "bad-scope",
            "scopes are read, or read and write",
        )),
    }
}

/// Revokes one of the caller's tokens.
#[utoipa::path(delete, path = "/auth/tokens/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The token's id, not its secret")),
    responses((status = 204, description = "It is good no longer")))]
pub async fn revoke_token(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    let now = app.now();
    let revoke = move |db: &Db| {
        let (name, org) = tokens::revoke(db, caller.user.id, id, now)?
            .ok_or_else(|| Problem::not_found(format!("token {id}")))?;
        entry::log(db, org, now, &caller, ("token-revoked", &name, ""))
    };
    app.registry.write(revoke).await?;
    Ok(StatusCode::NO_CONTENT)
}
