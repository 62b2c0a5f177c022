//! Who someone is on each server: one private file in the user's configuration folder.
//!
//! Refresh tokens rotate, so many processes must not use one twice: whoever refreshes holds the
//! file's lock, reads the file again, and only then asks the server.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::{ClientError, Result};
use super::files;
use super::place::Server;
use crate::wire::auth::Tokens;

/// Far more than a person has servers.
const BYTES_MAX: u64 = 1 << 20;
/// An access token this close to its end is renewed before it is used.
const EARLY: SignedDuration = SignedDuration::from_secs(20);

/// A sign-in on one server.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignIn {
    pub email: String,
    pub access_token: String,
    pub refresh_token: String,
    /// By this machine's clock.
    pub access_until: Timestamp,
    pub signed_in_at: Timestamp,
}

impl SignIn {
    /// A sign-in of this moment.
    pub fn new(email: &str, tokens: Tokens, now: Timestamp) -> SignIn {
        SignIn {
            email: email.to_owned(),
            access_until: until(&tokens, now),
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            signed_in_at: now,
        }
    }

    /// The same sign-in with the tokens that follow.
    pub fn renewed(&self, tokens: Tokens, now: Timestamp) -> SignIn {
        SignIn {
            access_until: until(&tokens, now),
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            ..self.clone()
        }
    }

    /// Whether the access token may still be used.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.access_until.duration_since(now) > EARLY
    }
}

/// Secrets stay out of every debug print.
impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("email", &self.email)
            .field("access_until", &self.access_until)
            .finish_non_exhaustive()
    }
}

fn until(tokens: &Tokens, now: Timestamp) -> Timestamp {
    let seconds = i64::try_from(tokens.expires_in.min(86_400)).unwrap_or(0);
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(now)
}

/// What the file holds.
#[derive(Default, Serialize, Deserialize)]
struct Held {
    schema: String,
    servers: BTreeMap<String, SignIn>,
}

const SCHEMA: &str = "hissab/credentials/1";

/// The file of sign-ins.
#[derive(Debug, Clone)]
pub struct Credentials {
    path: PathBuf,
}

impl Credentials {
    pub fn at(path: impl Into<PathBuf>) -> Credentials {
        Credentials { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sign-in on a server, as the file holds it now.
    ///
    /// Errors: `Io` if the file cannot be read, is not ours, or can be read by others.
    pub fn get(&self, server: &Server) -> Result<Option<SignIn>> {
        Ok(self.held()?.servers.remove(server.address()))
    }

    /// Every server with a sign-in, in order.
    pub fn servers(&self) -> Result<Vec<(Server, SignIn)>> {
        let held = self.held()?;
        Ok(held
            .servers
            .into_iter()
            .filter_map(|(address, sign_in)| Some((Server::read(&address).ok()?, sign_in)))
            .collect())
    }

    /// Keeps a sign-in; the one before it is gone.
    pub fn put(&self, server: &Server, sign_in: SignIn) -> Result<()> {
        let _lock = files::lock(&self.path)?;
        self.change(|servers| {
            servers.insert(server.address().to_owned(), sign_in);
        })
    }

    /// Forgets a sign-in and gives it back.
    pub fn remove(&self, server: &Server) -> Result<Option<SignIn>> {
        let _lock = files::lock(&self.path)?;
        let mut removed = None;
        self.change(|servers| removed = servers.remove(server.address()))?;
        Ok(removed)
    }

    /// Replaces a sign-in whose access token is `stale`, once over all processes: `renew` asks the server.
    ///
    /// Gives what another process got meanwhile, if one did. `None`: nobody is signed in there.
    /// Errors: those of `renew`; the file then stays as it was.
    pub fn renew(
        &self,
        server: &Server,
        stale: &str,
        renew: impl FnOnce(&SignIn) -> Result<SignIn>,
    ) -> Result<Option<SignIn>> {
        let _lock = files::lock(&self.path)?;
        let Some(held) = self.get(server)? else {
            return Ok(None);
        };
        if held.access_token != stale {
            return Ok(Some(held));
        }
        let renewed = renew(&held)?;
        self.change(|servers| {
            servers.insert(server.address().to_owned(), renewed.clone());
        })?;
        Ok(Some(renewed))
    }

    fn held(&self) -> Result<Held> {
        let Some(bytes) = files::read(&self.path, BYTES_MAX)? else {
            return Ok(Held::default());
        };
        let held: Held = serde_json::from_slice(&bytes).map_err(|_| self.not_ours())?;
        if held.schema != SCHEMA {
            return Err(self.not_ours());
        }
        Ok(held)
    }

    fn not_ours(&self) -> ClientError {
        ClientError::Io {
            what: format!(
                "{} does not hold hissab's credentials: move it away and sign in again",
                self.path.display()
            ),
        }
    }

    /// The caller holds the lock.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, SignIn>)) -> Result<()> {
        let mut held = self.held()?;
        held.schema = SCHEMA.to_owned();
        change(&mut held.servers);
        // Texts and times always serialise.
        let bytes = serde_json::to_vec_pretty(&held).unwrap_or_default();
        files::replace(&self.path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(name: &str) -> Tokens {
        Tokens {
            token_type: "Bearer".into(),
            access_token: format!("access-{name}"),
            refresh_token: format!("refresh-{name}"),
            expires_in: 600,
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn store(home: &tempfile::TempDir) -> (Credentials, Server) {
        let server = Server::read("https://books.example.com").unwrap();
        (
            Credentials::at(home.path().join("credentials.json")),
            server,
        )
    }

    #[test]
    fn a_sign_in_is_kept_renewed_once_and_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let (store, server) = store(&home);
        assert!(store.get(&server).unwrap().is_none());
        store
            .put(&server, SignIn::new("a@b.c", tokens("1"), now()))
            .unwrap();
        let mut asked = 0;
        for _ in 0..2 {
            let renewed = store
                .renew(&server, "access-1", |held| {
                    asked += 1;
                    Ok(held.renewed(tokens("2"), now()))
                })
                .unwrap();
            assert_eq!(renewed.unwrap().access_token, "access-2");
        }
        assert_eq!(asked, 1, "the second finds what the first got");
        assert!(store.remove(&server).unwrap().is_some());
        assert!(
            store
                .renew(&server, "x", |_| unreachable!())
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_refusal_leaves_the_file_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        let (store, server) = store(&home);
        store
            .put(&server, SignIn::new("a@b.c", tokens("1"), now()))
            .unwrap();
        let refused = store.renew(&server, "access-1", |_| {
            Err(ClientError::Io { what: "no".into() })
        });
        assert!(refused.is_err());
        let held = store.get(&server).unwrap().unwrap();
        assert_eq!(held.refresh_token, "refresh-1");
    }

    #[test]
    fn secrets_are_not_in_debug_prints_and_a_token_ends_early() {
        let sign_in = SignIn::new("a@b.c", tokens("canary"), now());
        assert!(!format!("{sign_in:?}").contains("canary"));
        let later = |s| now().checked_add(SignedDuration::from_secs(s)).unwrap();
        assert!(sign_in.is_fresh(later(570)) && !sign_in.is_fresh(later(585)));
    }

    #[test]
    fn another_file_is_not_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let (store, server) = store(&home);
        files::replace(store.path(), b"{\"other\": 1}").unwrap();
        assert!(
            store
                .put(&server, SignIn::new("a", tokens("1"), now()))
                .is_err()
        );
        assert_eq!(std::fs::read(store.path()).unwrap(), b"{\"other\": 1}");
    }
}
