//! A session with one server: who is asking, the retries that are safe, and what a silence means.
//!
//! Only questions, and changes that carry a key, are sent again. A change that was sent and not
//! answered is never called failed: it is unconfirmed.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::credentials::{Credentials, SignIn};
use super::error::{ClientError, Result};
use super::handshake::Handshake;
use super::place::Server;
use super::reply::Reply;
use super::transport::{Method, Payload, Request, Transport};

mod attempts;
mod sign_in;
mod streams;

pub use streams::Asked;

/// Where the right to ask comes from.
#[derive(Clone)]
pub enum Credential {
    /// A personal access token, and where it was found: `HISSAB_TOKEN`, `--token-file cron.token`.
    Token { secret: String, origin: String },
    /// The file of sign-ins.
    Stored(Credentials),
    /// Only what anyone may ask.
    Nobody,
}

/// What a session is made of.
pub struct Settings {
    pub server: Server,
    pub credential: Credential,
    /// Where it is kept which servers were found to understand this version.
    pub known_servers: Option<PathBuf>,
}

/// What a request changes, and so whether it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Nothing: sent again freely.
    None,
    /// Once, whatever happens: it carries a key.
    Once,
    /// Perhaps twice: never sent again.
    Each,
}

/// A session with one server. Shared freely between threads; nothing is opened before the first call.
pub struct Session {
    transport: Transport,
    credential: Credential,
    sign_in: Mutex<Option<SignIn>>,
    down: Mutex<Option<(Instant, String)>>,
    handshake: Handshake,
}

impl Session {
    pub fn new(settings: Settings) -> Session {
        let agent = concat!("hissab/", env!("CARGO_PKG_VERSION")).to_owned();
        Session {
            handshake: Handshake::new(settings.known_servers),
            transport: Transport::new(settings.server, agent),
            credential: settings.credential,
            sign_in: Mutex::new(None),
            down: Mutex::new(None),
        }
    }

    pub fn server(&self) -> &Server {
        self.transport.server()
    }

    /// Where the credentials come from, for people.
    pub fn source_of_credentials(&self) -> String {
        match &self.credential {
            Credential::Token { origin, .. } => origin.clone(),
            Credential::Stored(store) => store.path().display().to_string(),
            Credential::Nobody => "nothing".to_owned(),
        }
    }

    // ---- questions ----

    /// Asks. With `expected_sequence` the answer is from exactly that state of the book, else the
    /// problem `book-moved`.
    pub fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        expected_sequence: Option<u64>,
    ) -> Result<(T, Reply)> {
        let request = Request {
            headers: at_sequence(expected_sequence),
            ..plain(Method::Get, path, query)
        };
        self.valued(request, Effect::None)
    }

    /// Asks with a body: a `POST` that changes nothing.
    pub fn ask<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: &B,
        expected_sequence: Option<u64>,
    ) -> Result<(T, Reply)> {
        let request = Request {
            headers: at_sequence(expected_sequence),
            payload: json(body)?,
            ..plain(Method::Post, path, query)
        };
        self.valued(request, Effect::None)
    }

    // ---- changes ----

    /// Changes something. With a key it is sent again until an answer comes, and done once.
    pub fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: &B,
        key: Option<&str>,
    ) -> Result<(T, Reply)> {
        self.change(Method::Post, path, query, json(body)?, key, None)
    }

    pub fn put<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        key: Option<&str>,
    ) -> Result<(T, Reply)> {
        self.change(Method::Put, path, &[], json(body)?, key, None)
    }

    /// `if_match` is the `ETag` of what is changed.
    pub fn patch<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        key: Option<&str>,
        if_match: Option<&str>,
    ) -> Result<(T, Reply)> {
        self.change(Method::Patch, path, &[], json(body)?, key, if_match)
    }

    pub fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        key: Option<&str>,
    ) -> Result<(T, Reply)> {
        self.change(Method::Delete, path, query, Payload::Nothing, key, None)
    }

    /// Takes away what still has this `ETag`.
    pub fn delete_if<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        tag: &str,
    ) -> Result<(T, Reply)> {
        let nothing = Payload::Nothing;
        self.change(Method::Delete, path, &[], nothing, Some(key), Some(tag))
    }

    /// Sends JSON that stands ready, as the outbox keeps it.
    pub fn post_ready<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
        key: &str,
    ) -> Result<(T, Reply)> {
        self.change(
            Method::Post,
            path,
            &[],
            Payload::Json(body.into()),
            Some(key),
            None,
        )
    }

    fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        payload: Payload,
        key: Option<&str>,
        if_match: Option<&str>,
    ) -> Result<(T, Reply)> {
        let keyed = key.map(|k| ("idempotency-key", k.to_owned()));
        let matched = if_match.map(|tag| ("if-match", tag.to_owned()));
        let request = Request {
            headers: keyed.into_iter().chain(matched).collect(),
            payload,
            ..plain(method, path, query)
        };
        let effect = key.map_or(Effect::Each, |_| Effect::Once);
        self.valued(request, effect)
    }
}

/// What a mutex guards; a panic elsewhere does not make it wrong.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn plain<'a>(method: Method, path: &'a str, query: &'a [(&'a str, String)]) -> Request<'a> {
    Request {
        method,
        path,
        query,
        headers: Vec::new(),
        payload: Payload::Nothing,
        streams: false,
    }
}

fn at_sequence(sequence: Option<u64>) -> Vec<(&'static str, String)> {
    sequence
        .map(|s| ("book-sequence", s.to_string()))
        .into_iter()
        .collect()
}

fn json<B: Serialize>(body: &B) -> Result<Payload> {
    let bytes = serde_json::to_vec(body).map_err(|e| ClientError::Io {
        what: format!("this cannot be written as JSON: {e}"),
    })?;
    Ok(Payload::Json(bytes.into()))
}

/// A part of a path, so that no name in it can mean another path.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => out.push(byte as char),
            b'.' if text != "." && text != ".." => out.push('.'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
