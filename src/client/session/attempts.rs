//! One call: sent, perhaps sent again, until there is an answer or a silence that means something.

use std::time::{Duration, Instant};

use reqwest::Response;
use serde::de::DeserializeOwned;

use super::{Credential, Effect, Session, plain, unpoisoned};
use crate::client::error::{ClientError, Result};
use crate::client::handshake::API_VERSION;
use crate::client::reply::{self, Reply};
use crate::client::transport::{Cut, Method, Request};
use crate::wire::problem::Problem;

/// The largest answer that is held whole.
const BODY_BYTES_MAX: usize = 64 << 20;
/// Waits before the second, third and fourth attempt.
pub(super) const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
];
/// A longer `Retry-After` is told, not waited for.
const RETRY_AFTER_MAX: u64 = 5;
/// A server that was not there is not asked again for this long.
const DOWN_FOR: Duration = Duration::from_secs(10);

/// The body of an answer: read already, or still coming.
pub(super) enum Body {
    Whole(Vec<u8>),
    Coming(Response),
}

impl Session {
    pub(super) fn valued<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
        effect: Effect,
    ) -> Result<(T, Reply)> {
        let path = request.path;
        let (body, reply) = self.answered(request, effect)?;
        let body = match body {
            Body::Whole(body) => body,
            Body::Coming(mut answer) => self
                .collected(&mut answer)?
                .map_err(|cut| self.silence(&cut, effect != Effect::None))?,
        };
        match reply::value(self.server(), path, &body) {
            Ok(value) => Ok((value, reply)),
            // It answered with success: what it did stands, whether we can read the answer or not.
            Err(ClientError::Protocol { what, .. }) if effect != Effect::None => {
                Err(self.unconfirmed(what))
            }
            Err(error) => Err(error),
        }
    }

    /// Sends what `streams` until its answer begins, which is a success.
    pub(super) fn begun(&self, request: Request<'_>, effect: Effect) -> Result<(Response, Reply)> {
        match self.answered(request, effect)? {
            (Body::Coming(answer), reply) => Ok((answer, reply)),
            (Body::Whole(_), _) => Err(self.protocol("the answer is no stream".to_owned())),
        }
    }

    /// Sends until an answer comes that is a success.
    pub(super) fn answered(&self, request: Request<'_>, effect: Effect) -> Result<(Body, Reply)> {
        self.fail_if_down()?;
        if !matches!(self.credential, Credential::Nobody) {
            // Without a sign-in there is nothing to ask.
            self.has_credentials()?;
            self.handshake.check(self)?;
        }
        let outcome = self.attempts(request, effect);
        if let Err(ClientError::Unreachable { why, .. }) = &outcome {
            *unpoisoned(&self.down) = Some((Instant::now(), why.clone()));
        }
        outcome
    }

    pub(super) fn attempts(&self, first: Request<'_>, effect: Effect) -> Result<(Body, Reply)> {
        // An attempt before this one may have been carried out.
        let mut doubtful = false;
        let mut renewed = false;
        let mut pauses = PAUSES.iter();
        let mut next = first;
        loop {
            let again = next.again();
            let bearer = self.bearer().map_err(|e| self.doubted(e, doubtful))?;
            let (error, pause) = match self.attempt(next, bearer.as_deref())? {
                Ok((body, reply)) if reply.is_success() => return Ok((body, reply)),
                Ok((body, reply)) => {
                    let problem = body.problem(&reply);
                    // A request that was refused for its sign-in was not carried out: it may be sent again in any case.
                    if reply.status == 401 && !renewed && self.can_renew() {
                        renewed = true;
                        self.renew(bearer.as_deref().unwrap_or_default())
                            .map_err(|e| self.doubted(e, doubtful))?;
                        next = again.ok_or_else(|| self.refusal(&reply, problem, effect))?;
                        continue;
                    }
                    let error = self.refusal(&reply, problem, effect);
                    if !may_pass(&reply, &error) {
                        return Err(self.doubted(error, doubtful && !settles(&reply)));
                    }
                    doubtful |= matches!(error, ClientError::Unconfirmed { .. });
                    (error, reply.retry_after.map(Duration::from_secs))
                }
                Err(cut) => {
                    doubtful |= cut.sent && effect != Effect::None;
                    let error = self.silence(&cut, doubtful);
                    if cut.slow {
                        return Err(error);
                    }
                    (error, None)
                }
            };
            match (again, pauses.next()) {
                (Some(again), Some(usual)) if effect != Effect::Each => {
                    let limit = Duration::from_secs(RETRY_AFTER_MAX);
                    std::thread::sleep(pause.unwrap_or(*usual).min(limit));
                    next = again;
                }
                _ => return Err(self.doubted(error, doubtful)),
            }
        }
    }

    /// One attempt: the request with our headers. A success that `streams` is still coming.
    pub(super) fn attempt(
        &self,
        mut request: Request<'_>,
        bearer: Option<&str>,
    ) -> Result<std::result::Result<(Body, Reply), Cut>> {
        let streams = request.streams;
        request
            .headers
            .push(("x-hissab-api", API_VERSION.to_string()));
        if let Some(bearer) = bearer {
            request
                .headers
                .push(("authorization", format!("Bearer {bearer}")));
        }
        let mut answer = match self.transport.send(request)? {
            Ok(answer) => answer,
            Err(cut) => return Ok(Err(cut)),
        };
        let reply = Reply::of(&answer);
        if streams && reply.is_success() {
            return Ok(Ok((Body::Coming(answer), reply)));
        }
        let body = self.collected(&mut answer)?;
        Ok(body.map(|body| (Body::Whole(body), reply)))
    }

    /// Asks what anyone may ask, once and without a sign-in: what the handshake needs.
    pub(in crate::client) fn ask_as_nobody<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<(T, Reply)> {
        match self.attempt(plain(Method::Get, path, &[]), None)? {
            Err(cut) => Err(self.silence(&cut, false)),
            Ok((body, reply)) if reply.is_success() => {
                Ok((reply::value(self.server(), path, body.bytes())?, reply))
            }
            Ok((body, reply)) => Err(self.refusal(&reply, body.problem(&reply), Effect::None)),
        }
    }

    /// A body held whole.
    pub(super) fn collected(
        &self,
        answer: &mut Response,
    ) -> Result<std::result::Result<Vec<u8>, Cut>> {
        let mut body = Vec::new();
        loop {
            match self.transport.piece(answer)? {
                Ok(None) => return Ok(Ok(body)),
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Err(cut) => return Ok(Err(cut)),
            }
            if body.len() > BODY_BYTES_MAX {
                return Err(self.protocol(format!("{} sent an answer without end", self.server())));
            }
        }
    }

    pub(super) fn piece(
        &self,
        answer: &mut Response,
        effect: Effect,
    ) -> Result<Option<bytes::Bytes>> {
        self.transport
            .piece(answer)?
            .map_err(|cut| self.silence(&cut, effect != Effect::None))
    }

    /// Forgets that the server was not there.
    pub(in crate::client) fn try_again(&self) {
        *unpoisoned(&self.down) = None;
    }

    pub(super) fn fail_if_down(&self) -> Result<()> {
        let down = unpoisoned(&self.down);
        match &*down {
            Some((since, why)) if since.elapsed() < DOWN_FOR => Err(ClientError::Unreachable {
                server: self.server().to_string(),
                why: why.clone(),
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn refusal(
        &self,
        reply: &Reply,
        problem: Option<Problem>,
        effect: Effect,
    ) -> ClientError {
        match problem {
            Some(problem) if reply.status == 401 => self.signed_out(problem.detail),
            Some(problem) => ClientError::Problem {
                server: self.server().to_string(),
                problem: Box::new(problem),
            },
            // A gateway that gave up does not know what the server behind it did.
            None if reply.status >= 500 && effect != Effect::None => {
                self.unconfirmed(format!("something before it answered {}", reply.status))
            }
            None if matches!(reply.status, 502..=504) => ClientError::Unreachable {
                server: self.server().to_string(),
                why: format!("something before it answered {}", reply.status),
            },
            None => reply::not_ours(self.server(), reply),
        }
    }

    pub(super) fn silence(&self, cut: &Cut, may_be_done: bool) -> ClientError {
        if may_be_done {
            return self.unconfirmed(cut.why.clone());
        }
        ClientError::Unreachable {
            server: self.server().to_string(),
            why: cut.why.clone(),
        }
    }

    /// After an attempt that may have been carried out, an error that says nothing about it settles nothing.
    pub(super) fn doubted(&self, error: ClientError, doubtful: bool) -> ClientError {
        if doubtful {
            self.unconfirmed(error.to_string())
        } else {
            error
        }
    }

    pub(super) fn unconfirmed(&self, why: String) -> ClientError {
        ClientError::Unconfirmed {
            server: self.server().to_string(),
            why,
        }
    }

    pub(super) fn signed_out(&self, why: String) -> ClientError {
        ClientError::SignedOut {
            server: self.server().to_string(),
            why,
            source_of_credentials: self.source_of_credentials(),
        }
    }

    pub(in crate::client) fn protocol(&self, what: String) -> ClientError {
        ClientError::Protocol {
            server: self.server().to_string(),
            what,
        }
    }

    pub(super) fn text<'a>(&self, path: &str, bytes: &'a [u8]) -> Result<&'a str> {
        let line = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        std::str::from_utf8(line).map_err(|_| {
            self.protocol(format!(
                "{} answered something that is not text, to {path}",
                self.server()
            ))
        })
    }
}

impl Body {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Body::Whole(bytes) => bytes,
            Body::Coming(_) => b"",
        }
    }

    pub(super) fn problem(&self, reply: &Reply) -> Option<Problem> {
        reply::problem(reply, self.bytes())
    }
}

/// Whether the same request may be answered otherwise in a moment: the server is busy, or still at it.
fn may_pass(reply: &Reply, error: &ClientError) -> bool {
    let soon = reply.retry_after.is_none_or(|s| s <= RETRY_AFTER_MAX);
    match reply.status {
        429 => soon && reply.retry_after.is_some(),
        502..=504 => soon,
        409 => error.is_problem("in-flight"),
        _ => false,
    }
}

/// Whether an answer to a repeated request says what became of the first: the server keeps the answers of
/// keys, but a refusal at its door comes before it looks at them.
fn settles(reply: &Reply) -> bool {
    matches!(reply.status, 400 | 409 | 412 | 422 | 428)
}
