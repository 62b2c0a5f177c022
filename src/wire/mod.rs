//! The shapes of the HTTP API (version 1), used by the server and by the client.
//!
//! Rules of every shape: snake_case; amounts are decimal strings with a currency; dates `YYYY-MM-DD`;
//! instants RFC 3339 UTC; ids UUID. Requests refuse fields they do not know, answers may grow.
//! Each file holds one resource: its shapes and their way to and from the ledger's and the port's types.

pub mod account;
pub mod amount;
pub mod audit;
pub mod auth;
pub mod book;
pub mod change;
pub mod chart;
pub mod draft;
pub mod finding;
pub mod host;
pub mod import;
pub mod job;
pub mod meta;
pub mod org;
pub mod problem;
pub mod report;
pub mod stream;
pub mod totals;
pub mod transaction;
pub mod unit;

/// Where version 1 of the API begins.
pub const API: &str = "/api/v1";

/// A list that is not cut into pages.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct List<T> {
    pub data: Vec<T>,
}

/// Why a shape does not stand for anything of the ledger's: where, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// A JSON pointer: `/entries/0/debit`.
    pub pointer: String,
    pub code: &'static str,
    pub message: String,
}

impl Unreadable {
    pub fn new(code: &'static str, message: impl Into<String>) -> Unreadable {
        Unreadable {
            pointer: String::new(),
            code,
            message: message.into(),
        }
    }

    /// The same, one level further out.
    pub fn within(mut self, place: impl std::fmt::Display) -> Unreadable {
        self.pointer = format!("/{place}{}", self.pointer);
        self
    }
}

/// The result of reading a shape.
pub type Result<T> = std::result::Result<T, Unreadable>;

/// An absent field leaves things as they are, `null` removes them: `None`, `Some(None)`.
pub mod patch {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(to)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(from).map(Some)
    }
}

/// SHA-256 as 64 hexadecimal digits.
pub fn read_hash(text: &str) -> Result<[u8; 32]> {
    let bad = || {
        Unreadable::new(
            "bad-hash",
            format!("{text:?} is not a hash of 64 hexadecimal digits"),
        )
    };
    if text.len() != 64 || !text.is_ascii() {
        return Err(bad());
    }
    let mut hash = [0; 32];
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| bad())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
    }
    Ok(hash)
}

/// A word of a fixed list; the error names the list.
pub fn read_word<T>(
    what: &str,
    word: &str,
    of: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<T> {
    of(word).ok_or_else(|| {
        Unreadable::new(
            "unknown-word",
            format!("there is no {what} {word:?}: {}", known.join(", ")),
        )
    })
}
