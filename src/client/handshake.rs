//! Whether a server and this hissab understand each other: asked once a day and version, through `GET /meta`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::{ClientError, Result};
use super::files;
use super::session::Session;
use crate::wire::meta::Meta;

/// The version of the API this hissab speaks.
pub const API_VERSION: u32 = 1;
/// How long an answer is good for.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);
const BYTES_MAX: u64 = 1 << 20;

/// Which servers were found to understand this version, and when.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    version: String,
    servers: BTreeMap<String, Timestamp>,
}

pub struct Handshake {
    file: Option<PathBuf>,
    done: AtomicBool,
}

impl Handshake {
    pub fn new(file: Option<PathBuf>) -> Handshake {
        Handshake {
            file,
            done: AtomicBool::new(false),
        }
    }

    /// Asks the server, if it was not asked lately.
    ///
    /// Errors: `Protocol` if it needs a newer hissab, speaks another version, or is no HissabBook server.
    pub fn check(&self, session: &Session) -> Result<()> {
        if self.done.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let now = Timestamp::now();
        let address = session.server().address();
        let mut known = self.known();
        let lately = |at: &Timestamp| now.duration_since(*at).abs() < GOOD_FOR;
        if known.servers.get(address).is_some_and(lately) {
            return Ok(());
        }
        let asked = session.greet();
        if asked.is_err() {
            self.done.store(false, Ordering::Relaxed);
        }
        asked?;
        known.servers.insert(address.to_owned(), now);
        self.keep(&known);
        Ok(())
    }

    fn known(&self) -> Known {
        let fresh = || Known {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Known::default()
        };
        let Some(file) = &self.file else {
            return fresh();
        };
        let bytes = files::read(file, BYTES_MAX).ok().flatten();
        bytes
            .and_then(|b| serde_json::from_slice::<Known>(&b).ok())
            .filter(|known| known.version == env!("CARGO_PKG_VERSION"))
            .unwrap_or_else(fresh)
    }

    /// Only spares a question: where it cannot be kept, the question is asked again.
    fn keep(&self, known: &Known) {
        if let Some(file) = &self.file
            && let Ok(bytes) = serde_json::to_vec(known)
        {
            let _ = files::replace(file, &bytes);
        }
    }
}

impl Session {
    /// Asks the server what it is.
    ///
    /// Errors: `Protocol` if it is no HissabBook server, or one that this hissab does not understand.
    pub fn greet(&self) -> Result<Meta> {
        let (meta, _) = self.ask_as_nobody::<Meta>("/meta")?;
        judge(self, &meta)?;
        Ok(meta)
    }
}

fn judge(session: &Session, meta: &Meta) -> Result<()> {
    let server = session.server();
    let ours = env!("CARGO_PKG_VERSION");
    let protocol = |what| {
        Err(ClientError::Protocol {
            server: server.to_string(),
            what,
        })
    };
    if meta.api != API_VERSION {
        return protocol(format!(
            "{server} speaks version {} of the API, this hissab {ours} version {API_VERSION}: install the hissab that goes with it",
            meta.api
        ));
    }
    if version(&meta.oldest_client) > version(ours) {
        return protocol(format!(
            "{server} needs hissab {} or newer; this is {ours}",
            meta.oldest_client
        ));
    }
    Ok(())
}

/// `0.12.3` as numbers; what is not a number counts as 0.
fn version(text: &str) -> [u32; 3] {
    let mut parts = text
        .split(['.', '-', '+'])
        .map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("0.10.0") > version("0.9.9"));
        assert!(version("1.0") > version("0.99.99"));
        assert_eq!(version("1.2.3-rc"), [1, 2, 3]);
        assert_eq!(version("x"), [0, 0, 0]);
    }
}
