//! The gate: looks the matched route up in the table, finds out who asks, and lets through who may.
//!
//! Roles are looked up on each request, never carried in a token. Foreign and missing organisations look the same.

use std::net::SocketAddr;

use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{RequestExt, http};

use super::access::{Address, Caller, InOrg, Lookup, Operation, Pace, Scope, Via, Who, lookup};
use super::config::without_port;
use super::limits::Left;
use super::problem::{Answer, Problem};
use super::registry::audit::Event;
use super::registry::{Db, audit, digest, tokens};
use super::state::Shared;
use crate::wire::auth::User;
use crate::wire::host::is_this_machine;

/// How stale the time of a token's last use may be, in seconds: not every request is a write.
const TOUCH_AFTER: i64 = 300;

/// The middleware around every route.
pub async fn gate(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let (operation, left) = match admit(&app, &mut request).await {
        Ok(Some(admitted)) => admitted,
        // No such route, or not by that method: the router's own answer.
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let work = next.run(request);
    let mut response = match operation.pace {
        Pace::Stream => work.await,
        Pace::Short => match tokio::time::timeout(app.config.request_timeout, work).await {
            Ok(response) => response,
            Err(_) => Problem::unavailable("timeout", "the request took too long").into_response(),
        },
    };
    if let Some(left) = left {
        left.write(response.headers_mut());
    }
    response
}

/// Puts [`Caller`] and [`InOrg`] into the request's extensions, or says why not.
async fn admit(
    app: &Shared,
    request: &mut Request,
) -> Answer<Option<(&'static Operation, Option<Left>)>> {
    let address = address(app, request);
    request.extensions_mut().insert(address);
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        check_host(app, request)?;
        return Ok(None);
    };
    let operation = match lookup(request.method(), path.as_str()) {
        Lookup::Operation(operation) => operation,
        Lookup::OtherMethod => return Ok(None),
        Lookup::Unknown => {
            return Err(Problem::internal(format!(
                "{} is not in the table of operations",
                path.as_str()
            )));
        }
    };
    // A probe asks by address.
    match operation.path {
        "/healthz" | "/readyz" => {}
        "/metrics" if is_this_machine(without_port(host_of(request))) => {}
        _ => check_host(app, request)?,
    }
    if operation.who == Who::Anyone {
        return Ok(Some((operation, None)));
    }
    let caller = authenticate(app, request.headers(), address)?;
    let left = app.gates.request(match caller.via {
        Via::Session(_) => caller.user.id,
        Via::Token { id, .. } => id,
    })?;
    allow(app, operation, &caller, request).await?;
    request.extensions_mut().insert(caller);
    Ok(Some((operation, left)))
}

/// The peer, or whom the proxy in front names: the last in the list, which the proxy itself wrote.
fn address(app: &Shared, request: &Request) -> Address {
    let forwarded = || {
        let list = request
            .headers()
            .get_all("x-forwarded-for")
            .iter()
            .next_back()?;
        list.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = request
        .extensions()
        .get::<SocketAddr>()
        .map(|peer| peer.ip());
    let named = if app.config.behind_proxy {
        forwarded()
    } else {
        None
    };
    Address(
        named
            .or(peer)
            .unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into())
            .to_canonical(),
    )
}

/// A page on the web cannot make a browser speak to a server that does not go by that name.
fn check_host(app: &Shared, request: &Request) -> Answer<()> {
    let host = host_of(request);
    if app.config.answers_to(host) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "wrong-host",
        format!("this server does not go by the name {host:?}"),
    )
    .hint("hissab serve --host NAME lets it"))
}

fn host_of(request: &Request) -> &str {
    request
        .uri()
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| {
            let mut hosts = request.headers().get_all(header::HOST).iter();
            // Of two names a proxy in front may have believed the other.
            let only = hosts.next().filter(|_| hosts.next().is_none());
            only?.to_str().ok()
        })
        .unwrap_or_default()
}

/// Who holds the credential of a request.
fn authenticate(app: &Shared, headers: &HeaderMap, address: Address) -> Answer<Caller> {
    let given = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| Problem::signed_out("nobody is signed in"))?;
    let credential = given
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, credential)| credential.trim())
        .ok_or_else(|| Problem::signed_out("the Authorization header is not: Bearer TOKEN"))?;
    if credential.starts_with(super::secrets::TOKEN_PREFIX) {
        by_token(app, credential, address)
    } else {
        by_session(app, credential, address)
    }
}

fn by_session(app: &Shared, credential: &str, address: Address) -> Answer<Caller> {
    let now = app.now();
    let claims = app.keys.verify(credential, now)?;
    let live = app
        .registry
        .session(claims.sid, now)?
        .filter(|live| live.user.id == claims.sub)
        .ok_or_else(|| Problem::signed_out("the session has ended"))?;
    Ok(Caller {
        user: live.user,
        via: Via::Session(claims.sid),
        scopes: Vec::new(),
        expires_at: live.expires_at,
        address,
    })
}

fn by_token(app: &Shared, credential: &str, address: Address) -> Answer<Caller> {
    let now = app.now();
    let live = app
        .registry
        .token(digest(credential), now)?
        .ok_or_else(|| Problem::signed_out("the token is not good: unknown, run out or revoked"))?;
    let stale = live
        .last_used_at
        .is_none_or(|at| now.as_second() - at.as_second() > TOUCH_AFTER);
    if stale && app.gates.may_touch(live.id) {
        let (registry, id) = (app.registry.clone(), live.id);
        // Nobody waits for it, and a lost one is made up by the next request.
        tokio::spawn(async move { registry.write(move |db| tokens::touch(db, id, now)).await });
    }
    Ok(Caller {
        user: live.user,
        via: Via::Token {
            id: live.id,
            org: live.org,
        },
        scopes: live.scopes,
        expires_at: live.expires_at,
        address,
    })
}

/// Refuses a caller who may not, and puts the organisation of the path into the extensions.
async fn allow(
    app: &Shared,
    operation: &Operation,
    caller: &Caller,
    request: &mut Request,
) -> Answer<()> {
    if operation.who == Who::InPerson && matches!(caller.via, Via::Token { .. }) {
        return Err(
            Problem::not_allowed("a personal token cannot do this: sign in")
                .hint("hissab login URL"),
        );
    }
    let in_org = match operation.roles() {
        Some(_) => Some(find_org(app, caller, request).await?),
        None => None,
    };
    if operation.scope == Scope::Write
        && matches!(caller.via, Via::Token { .. })
        && !caller.scopes.iter().any(|s| s == "write")
    {
        refused(app, operation, caller, in_org.as_ref());
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "read-only-token",
            "the token may only read",
        ));
    }
    let Some(in_org) = in_org else {
        return Ok(());
    };
    if !operation.roles().unwrap_or_default().contains(&in_org.role) {
        refused(app, operation, caller, Some(&in_org));
        let roles = operation.roles().unwrap_or_default();
        let roles: Vec<&str> = roles.iter().map(|role| role.word()).collect();
        return Err(Problem::not_allowed(format!(
            "{} takes the role {}, and yours is {}",
            operation.id,
            roles.join(" or "),
            in_org.role.word()
        )));
    }
    request.extensions_mut().insert(in_org);
    Ok(())
}

/// The organisation of the path, if the caller belongs to it.
async fn find_org(app: &Shared, caller: &Caller, request: &mut Request) -> Answer<InOrg> {
    let params: RawPathParams = request
        .extract_parts()
        .await
        .map_err(|_| Problem::not_found("such organisation"))?;
    let name = params
        .iter()
        .find(|(key, _)| *key == "org")
        .map(|(_, value)| value.to_owned());
    let name = name.unwrap_or_default();
    let missing = || Problem::no_org(&name);
    let (org, role) = app
        .registry
        .place(&name, caller.user.id)?
        .ok_or_else(missing)?;
    // A token is good for one organisation: any other looks as foreign to it as to a stranger.
    if matches!(caller.via, Via::Token { org: only, .. } if only != org.id) {
        return Err(missing());
    }
    Ok(InOrg {
        id: org.id,
        slug: org.slug,
        name: org.name,
        plan: org.plan,
        file: app.books().join(&org.file),
        role,
    })
}

/// Writes a refusal into the organisation's log, at most one a minute for each person and operation.
fn refused(app: &Shared, operation: &Operation, caller: &Caller, org: Option<&InOrg>) {
    let chain = org.map_or(audit::SERVER, |org| org.id);
    if !app.gates.may_log((chain, caller.user.id), operation.id) {
        return;
    }
    let (registry, now, what) = (app.registry.clone(), app.now(), operation.id);
    let (User { email, .. }, address) = (caller.user.clone(), caller.address.to_string());
    let log = move |db: &Db| {
        let event = Event {
            who: &email,
            action: "refused",
            subject: what,
            detail: "",
            address: &address,
        };
        audit::append(db, chain, now, &event)
    };
    tokio::spawn(async move { registry.write(log).await });
}
