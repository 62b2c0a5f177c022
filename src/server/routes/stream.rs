//! `GET /orgs/{org}/stream`: what happens to a book, as it happens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::watch;
use uuid::Uuid;

use crate::server::access::{Caller, InOrg, Via};
use crate::server::body::{Query, whole};
use crate::server::metrics::Listening;
use crate::server::problem::{Answer, Problem};
use crate::server::reading::{SEQUENCE, moved};
use crate::server::registry::{Db, members, sessions, tokens};
use crate::server::seats::Seat;
use crate::server::state::Shared;
use crate::server::tail::{Event, Reach, Tail, page, stand};
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::stream::{EVENT_STREAM, StreamedEvent};

/// The most listeners of a server.
const LISTENERS_MAX: usize = 2_000;
/// How long a client that was cut off waits before it comes again, in milliseconds.
const RETRY_MS: u32 = 2_000;
/// How old the last look at the listener's rights may be when events are sent.
const RIGHTS_FRESH: Duration = Duration::from_secs(1);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where to begin.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamParams {
    /// Events after this sequence; left out: from now on. `Last-Event-ID` goes before it.
    #[serde(default, deserialize_with = "whole")]
    pub since: Option<u64>,
}

/// Listen to what happens: an event an audit record, none left out, none twice
///
/// `Last-Event-ID` (or `since`) replays what happened after it. A comment comes where nothing else does. The
/// stream ends with the right to read.
#[utoipa::path(
    get, path = "/orgs/{org}/stream", operation_id = "stream", tag = "audit",
    params(("org" = String, Path, description = "Id or slug"), ("last-event-id" = Option<u64>, Header, description = "Events after this one"), StreamParams),
    responses((status = 200, description = "Events", body = StreamedEvent, content_type = "text/event-stream"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get(
    State(state): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Query(params): Query<StreamParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let since = last_event(&headers)?.or(params.since);
    let seat = state.metrics.listen(LISTENERS_MAX);
    let seat = seat.ok_or_else(|| Problem::unavailable("busy", "too many listeners"))?;
    let most = state.config.limits.listeners_a_person;
    let own = state.listeners.take(caller.user.id, most);
    let own = own.ok_or_else(|| {
        Problem::too_many(format!("you listen {most} times already: close some"), 10)
    })?;
    let here = state.lanes.read(org.place(), stand).await?;
    let since = since.unwrap_or(here.sequence);
    if since > here.sequence {
        // Whoever was further has seen a book that this one does not continue.
        return Err(moved(since, here.sequence).into());
    }
    let tail = state.tails.follow(&state.lanes, &org.place(), here);
    let listener = Listener {
        reach: tail.reach(),
        stopping: state.stopping.clone(),
        behind: since < here.sequence,
        checked: Instant::now(),
        tail,
        state,
        caller,
        org,
        last: since,
        greeting: true,
        _seats: (seat, own),
    };
    let pieces = futures_util::stream::unfold(listener, Listener::next);
    let mut response = Body::from_stream(pieces).into_response();
    let fixed = [
        (header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM)),
        (SEQUENCE, HeaderValue::from(here.sequence)),
        // Proxies pass events on as they come.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    response.headers_mut().extend(fixed);
    Ok(response)
}

fn last_event(headers: &HeaderMap) -> Answer<Option<u64>> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let read = value.to_str().ok().and_then(|v| v.trim().parse().ok());
    read.map(Some).ok_or_else(|| {
        Problem::bad(
            "bad-header",
            "Last-Event-ID is the id of an event: a whole number",
        )
    })
}

/// One who listens. Asked for the next piece only when the last one is on its way: a slow client costs no memory.
struct Listener {
    state: Shared,
    caller: Caller,
    org: InOrg,
    tail: Arc<Tail>,
    reach: watch::Receiver<Reach>,
    stopping: watch::Receiver<bool>,
    /// The last event that was sent.
    last: u64,
    /// The log is ahead of what the tail has seen.
    behind: bool,
    greeting: bool,
    /// When the right to read was last looked up.
    checked: Instant,
    /// The server's and the person's.
    _seats: (Listening, Seat<Uuid>),
}

impl Listener {
    /// The next piece of the stream; `None` ends it.
    async fn next(mut self) -> Option<(std::io::Result<Bytes>, Listener)> {
        if std::mem::take(&mut self.greeting) {
            let text = format!("retry: {RETRY_MS}\n: at {}\n\n", self.last);
            return Some((Ok(Bytes::from(text)), self));
        }
        loop {
            let reach = *self.reach.borrow_and_update();
            if reach.ended || *self.stopping.borrow() {
                return None;
            }
            if self.behind || reach.sequence > self.last {
                if self.checked.elapsed() > RIGHTS_FRESH && !self.may_read() {
                    return None;
                }
                let events = self.events().await?;
                match events.last().map(|e| e.sequence) {
                    Some(last) => self.last = last,
                    // The tail saw what the log no longer holds: the book was replaced.
                    None if reach.sequence > self.last => return None,
                    None => {
                        self.behind = false;
                        continue;
                    }
                }
                let pieces: Vec<Bytes> = events.into_iter().map(|e| e.text).collect();
                return Some((Ok(Bytes::from(pieces.concat())), self));
            }
            let heartbeat = self.state.config.heartbeat;
            let silent = tokio::select! {
                changed = self.reach.changed() => {
                    changed.ok()?;
                    false
                }
                () = told_to_stop(&mut self.stopping) => return None,
                () = tokio::time::sleep(heartbeat) => true,
            };
            if silent {
                let heartbeat = Bytes::from_static(b": still here\n\n");
                let may = self.may_read();
                return may.then_some((Ok(heartbeat), self));
            }
        }
    }

    /// What comes after the last event: from the tail, else from the log itself. `None` if it cannot be read: the
    /// client comes again and goes on where it was.
    async fn events(&mut self) -> Option<Vec<Event>> {
        if let Some(events) = self.tail.after(self.last) {
            return Some(events);
        }
        let last = self.last;
        let read = self
            .state
            .lanes
            .read(self.org.place(), move |b| page(b, last));
        let (stand, events) = read.await.ok()?;
        let seen = events.last().map_or(last, |e| e.sequence);
        self.behind = seen < stand.sequence;
        (stand.sequence >= last).then_some(events)
    }

    /// Whether session or token and role still allow it.
    fn may_read(&mut self) -> bool {
        let (via, user, org) = (self.caller.via, self.caller.user.id, self.org.id);
        let now = self.state.now();
        let look = |db: &Db| {
            let live = match via {
                Via::Session(id) => sessions::live(db, id, now)?.is_some(),
                Via::Token { id, .. } => tokens::is_good(db, id, now)?,
            };
            Ok(live && members::role(db, org, user)?.is_some())
        };
        self.checked = Instant::now();
        self.state.registry.read(look).unwrap_or(false)
    }
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // Without a sender there is no server any more.
    let _ = stopping.wait_for(|stop| *stop).await;
}
