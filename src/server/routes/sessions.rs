//! Where a person is signed in, and ending that.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Out};
use uuid::Uuid;

use crate::server::access::{Caller, Via};
use crate::server::body::Path;
use crate::server::problem::{Answer, Problem};
use crate::server::registry::audit::Event;
use crate::server::registry::{Db, audit, sessions};
use crate::server::state::Shared;
use crate::wire::List;
use crate::wire::auth::Session;

/// Where the caller is signed in, the newest first.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth",
    responses((status = 200, description = "Sessions that go on", body = List<Session>)))]
pub async fn list_sessions(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Answer<Out<List<Session>>> {
    let now = app.now();
    let mut data = app
        .registry
        .read(|db| sessions::list(db, caller.user.id, now))?;
    for session in &mut data {
        session.current = caller.via == Via::Session(session.id);
    }
    Ok(Out(List { data }))
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "It has ended")))]
pub async fn end_session(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    let now = app.now();
    let end = move |db: &Db| {
        if !sessions::end(db, caller.user.id, id, "ended by its owner", now)? {
            return Err(Problem::not_found(format!("session {id}")));
        }
        let event = Event {
            who: &caller.user.email,
            action: "session-ended",
            subject: &id.to_string(),
            address: &caller.address.to_string(),
            ..Event::default()
        };
        audit::append_of_user(db, caller.user.id, now, &event)
    };
    app.registry.write(end).await?;
    Ok(StatusCode::NO_CONTENT)
}
