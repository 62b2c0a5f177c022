//! Answers read as they come, and bodies sent as they are made: constant memory, whatever their size.

use std::io::{Read, Write};
use std::ops::ControlFlow;

use reqwest::Response;
use serde::de::DeserializeOwned;

use super::{Effect, Session, at_sequence, plain};
use crate::client::error::{ClientError, Result};
use crate::client::reply::Reply;
use crate::client::transport::{Method, Payload, Request};

/// The longest line of a stream.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// What is asked of a server whose answer comes in lines.
pub struct Asked<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: &'a [(&'a str, String)],
    pub payload: Payload,
    pub expected_sequence: Option<u64>,
    /// What is sent changes the book: a cut is then `Unconfirmed`, else `Unreachable`.
    pub changes: bool,
}

impl Session {
    /// Sends something and hands over the answer line by line, without its line ends, until `each` breaks.
    ///
    /// Errors: also a line longer than `LINE_BYTES_MAX`.
    pub fn lines(
        &self,
        asked: Asked<'_>,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply> {
        let path = asked.path;
        let mut headers = at_sequence(asked.expected_sequence);
        headers.push(("accept", "application/x-ndjson".to_owned()));
        let request = Request {
            headers,
            payload: asked.payload,
            streams: true,
            ..plain(asked.method, path, asked.query)
        };
        let effect = if asked.changes {
            Effect::Each
        } else {
            Effect::None
        };
        let (mut answer, reply) = self.begun(request, effect)?;
        let mut held: Vec<u8> = Vec::new();
        while let Some(piece) = self.piece(&mut answer, effect)? {
            held.extend_from_slice(&piece);
            let mut from = 0;
            while let Some(length) = held[from..].iter().position(|b| *b == b'\n') {
                let line = self.text(path, &held[from..from + length])?;
                from += length + 1;
                if each(line).is_break() {
                    return Ok(reply);
                }
            }
            held.drain(..from);
            if held.len() > LINE_BYTES_MAX {
                return Err(self.protocol(format!(
                    "{} sent a line without end, to {path}",
                    self.server()
                )));
            }
        }
        if !held.is_empty() {
            let _ = each(self.text(path, &held)?);
        }
        Ok(reply)
    }

    /// Copies an answer into `to`; gives how many bytes it had.
    pub fn download(
        &self,
        path: &str,
        query: &[(&str, String)],
        to: &mut dyn Write,
    ) -> Result<(u64, Reply)> {
        let request = Request {
            streams: true,
            ..plain(Method::Get, path, query)
        };
        let (mut answer, reply) = self.begun(request, Effect::None)?;
        let mut bytes = 0;
        while let Some(piece) = self.piece(&mut answer, Effect::None)? {
            to.write_all(&piece).map_err(|e| ClientError::Io {
                what: e.to_string(),
            })?;
            bytes += piece.len() as u64;
        }
        Ok((bytes, reply))
    }

    /// Sends a file as the body of a `PUT`.
    pub fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        file: std::fs::File,
        media_type: &'static str,
    ) -> Result<(T, Reply)> {
        let request = Request {
            payload: Payload::Pieces {
                media_type,
                pieces: Box::new(Pieces(file)),
            },
            streams: true,
            ..plain(Method::Put, path, query)
        };
        self.valued(request, Effect::Each)
    }

    /// Begins an answer that is read piece by piece.
    pub(in crate::client) fn begin(
        &self,
        path: &str,
        headers: Vec<(&'static str, String)>,
    ) -> Result<(Response, Reply)> {
        let request = Request {
            headers,
            streams: true,
            ..plain(Method::Get, path, &[])
        };
        self.begun(request, Effect::None)
    }

    pub(in crate::client) fn next_piece(
        &self,
        answer: &mut Response,
    ) -> Result<Option<bytes::Bytes>> {
        self.piece(answer, Effect::None)
    }
}

/// A file in pieces.
struct Pieces(std::fs::File);

impl Iterator for Pieces {
    type Item = std::io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = vec![0; 64 * 1024];
        match self.0.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some(Ok(piece))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
