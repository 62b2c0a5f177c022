//! A request whose head is no HTTP never reaches the router: the HTTP library answers it by itself, with no body.
//! Here that answer is put into the form that every other refusal has.
//!
//! It is known by what it lacks: every answer of the router has a request id.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use uuid::Uuid;

use super::problem::Problem;
use super::request::REQUEST_ID;
use crate::wire::problem::MEDIA_TYPE;

/// The longest answer that the library makes by itself.
const BARE_MAX: usize = 512;

/// A connection whose bare refusals get words.
pub struct Worded<S> {
    stream: S,
    /// What goes instead of a bare refusal, and how much of it has gone.
    instead: Vec<u8>,
    gone: usize,
}

impl<S: AsyncWrite + Unpin> Worded<S> {
    pub fn new(stream: S) -> Worded<S> {
        Worded {
            stream,
            instead: Vec::new(),
            gone: 0,
        }
    }

    /// Writes what is kept, before anything else.
    fn write_kept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.gone < self.instead.len() {
            let written = Pin::new(&mut self.stream).poll_write(cx, &self.instead[self.gone..]);
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                some => self.gone += some,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Whether this was a bare refusal; then its words are kept to be written.
    fn keep(&mut self, bytes: &[u8]) -> bool {
        let Some(words) = worded(bytes) else {
            return false;
        };
        (self.instead, self.gone) = (words, 0);
        true
    }
}

/// The same refusal as a problem, if it is a bare one.
fn worded(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > BARE_MAX || !bytes.starts_with(b"HTTP/1.") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let status: u16 = head.get(9..12)?.parse().ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    let lines = || head.lines().skip(1).map(str::to_ascii_lowercase);
    let ours = lines().any(|line| line.starts_with(REQUEST_ID));
    let empty = lines().any(|line| line == "content-length: 0");
    if ours || !empty || !status.is_client_error() {
        return None;
    }
    let id = Uuid::now_v7().to_string();
    let body = serde_json::to_vec(&Problem::of_status(status).to_wire(&id)).ok()?;
    let mut words = String::new();
    for line in head.lines() {
        if !line.to_ascii_lowercase().starts_with("content-length:") {
            words = words + line + "\r\n";
        }
    }
    words += &format!(
        "content-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\n{REQUEST_ID}: {id}\r\n\r\n",
        body.len()
    );
    Some([words.into_bytes(), body].concat())
}

impl<S: AsyncRead + Unpin> AsyncRead for Worded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Worded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_kept(cx))?;
        if self.keep(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_kept(cx))?;
        // A bare refusal has no body: it is one piece.
        if let [only] = pieces
            && self.keep(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_kept(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_kept(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_refusal_gets_words() {
        let bare = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let words = String::from_utf8(worded(bare.as_bytes()).unwrap()).unwrap();
        let (head, body) = words.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"));
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        assert!(body.contains(r#""code":"bad-request""#), "{body}");
        for other in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nx-request-id: a\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nmore",
            "HTTP/1.1 4",
            "",
        ] {
            assert!(worded(other.as_bytes()).is_none(), "{other}");
        }
    }
}
