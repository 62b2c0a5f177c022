//! Changes on their way to a server: written here before the first byte is sent, taken out when an
//! answer says what became of them. What stays is settled by `hissab sync`, with the same ids and key,
//! so that it happens once, whatever was cut, killed or restarted.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::{ClientError, Result};
use super::files;
use super::place::{Place, Server};
use super::reply::Reply;
use super::session::Session;
use crate::ledger::change::Change;
use crate::wire::problem::Problem;
use crate::wire::unit::{ChangesAnswer, DoneBody, Outcome};

const SCHEMA: &str = "hissab/outbox/1";
/// A server takes a mebibyte; imports are streamed past the outbox.
const BYTES_MAX: u64 = 8 << 20;

/// How far a letter has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Never sent: the server could not be reached.
    Queued,
    /// Sent, or about to be; nobody knows what became of it.
    Unconfirmed,
    /// The server said no at `sync`. Stays until it is dropped.
    Refused,
}

impl Stage {
    pub fn word(self) -> &'static str {
        match self {
            Stage::Queued => "queued",
            Stage::Unconfirmed => "unconfirmed",
            Stage::Refused => "refused",
        }
    }
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    Done(Vec<DoneBody>),
    Refused(Box<Problem>),
}

/// One request that changes a book, as it is sent each time: a `ChangesRequest`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Letter {
    schema: String,
    /// The operation, and the request's `Idempotency-Key`.
    pub id: Uuid,
    /// The whole address of the book.
    pub place: String,
    /// Below the API's root: `/orgs/acme/changes`.
    pub path: String,
    pub written_at: Timestamp,
    /// For people: `2026-04-07 tea 120.00`.
    pub about: String,
    /// It may wait until the server can be reached.
    pub may_wait: bool,
    pub stage: Stage,
    /// What the server said, if it refused.
    pub why: Option<String>,
    /// Who recorded it, as [`Session::principal`] has it: nobody else sends it in their own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    body: Box<RawValue>,
}

impl Letter {
    /// A letter about to be sent.
    ///
    /// Errors: a body that is too large to be kept; nothing was sent.
    pub fn new<B: Serialize>(
        id: Uuid,
        path: String,
        written_at: Timestamp,
        about: String,
        may_wait: bool,
        body: &B,
    ) -> Result<Letter> {
        let body = serde_json::value::to_raw_value(body).map_err(|e| ClientError::Io {
            what: e.to_string(),
        })?;
        if body.get().len() as u64 > BYTES_MAX / 2 {
            return Err(ClientError::Io {
                what: "this is too much for one change: hissab import takes any amount".to_owned(),
            });
        }
        Ok(Letter {
            schema: SCHEMA.to_owned(),
            id,
            place: String::new(),
            path,
            written_at,
            about,
            may_wait,
            stage: Stage::Unconfirmed,
            why: None,
            by: None,
            body,
        })
    }

    /// The JSON that is sent.
    pub fn body(&self) -> &str {
        self.body.get()
    }
}

/// Whether changes may wait for the server: postings, with the accounts and currencies made for them.
pub fn may_wait(changes: &[Change]) -> bool {
    let posts = changes.iter().any(|c| matches!(c, Change::Post(_)));
    let only = changes.iter().all(|c| {
        matches!(
            c,
            Change::Post(_) | Change::OpenAccount(_) | Change::Currency(_)
        )
    });
    posts && only
}

/// What letters of changes are about, for people.
pub fn about(changes: &[Change]) -> String {
    let posts: Vec<_> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Post(draft) => Some(draft),
            _ => None,
        })
        .collect();
    match posts.as_slice() {
        [] => crate::ledger::plural::counted(changes.len() as u64, "change"),
        [one] => {
            let amount = one.entries.iter().find_map(|e| e.amount);
            let amount = amount.map(|a| format!(" {}", a.abs())).unwrap_or_default();
            format!("{} {}{amount}", one.date, one.description)
        }
        many => format!("{} transactions from {}", many.len(), many[0].date),
    }
}

/// The letters to one remote book.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
    place: Place,
}

impl Outbox {
    /// `folder` is hissab's state folder.
    pub fn of(folder: &Path, place: &Place) -> Outbox {
        Outbox {
            folder: folder
                .join("outbox")
                .join(folder_name(&place.server))
                .join(&place.org),
            place: place.clone(),
        }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Sends a letter that changes the book, exactly once.
    ///
    /// Errors: `Queued` if it waits now; `Unconfirmed` if nobody knows (both: `sync` settles it); else nothing
    /// was recorded and nothing waits.
    pub fn deliver(&self, session: &Session, mut letter: Letter) -> Result<(ChangesAnswer, Reply)> {
        letter.place = self.place.to_string();
        letter.by = session.principal();
        self.put(&letter)?;
        let outcome = self.send(session, &letter);
        match &outcome {
            Err(ClientError::Unconfirmed { .. }) => {}
            Err(ClientError::Unreachable { server, why }) if letter.may_wait => {
                letter.stage = Stage::Queued;
                self.put(&letter)?;
                return Err(ClientError::Queued {
                    server: server.clone(),
                    why: why.clone(),
                    waiting: self.waiting(),
                });
            }
            // Answered: what stays of the letter would only be asked again, to the same answer.
            Ok(_) | Err(_) => self.remove(letter.id).unwrap_or_default(),
        }
        outcome
    }

    /// Sends a letter again and takes it out if the answer settles it; a refusal is kept with its letter.
    ///
    /// Errors: nothing was settled: the server cannot be reached, is busy, or wants a sign-in.
    pub fn settle(&self, session: &Session, mut letter: Letter) -> Result<Settled> {
        let refusal = match self.send::<ChangesAnswer>(session, &letter) {
            Ok((answer, _)) => match refused(answer.outcomes) {
                Ok(done) => {
                    self.remove(letter.id)?;
                    return Ok(Settled::Done(done));
                }
                Err(problem) => problem,
            },
            Err(ClientError::Problem { problem, .. }) => problem,
            Err(error) => {
                if matches!(error, ClientError::Unconfirmed { .. }) {
                    letter.stage = Stage::Unconfirmed;
                    self.put(&letter)?;
                }
                return Err(error);
            }
        };
        if !is_final(refusal.status) {
            return Err(ClientError::Problem {
                server: self.place.server.to_string(),
                problem: refusal,
            });
        }
        letter.stage = Stage::Refused;
        letter.why = Some(refusal.detail.clone());
        self.put(&letter)?;
        Ok(Settled::Refused(refusal))
    }

    fn send<T: DeserializeOwned>(&self, session: &Session, letter: &Letter) -> Result<(T, Reply)> {
        let body = letter.body().as_bytes().to_vec();
        session.post_ready(&letter.path, body, &letter.id.to_string())
    }

    /// Every letter, oldest first.
    ///
    /// Errors: `Io` if one cannot be read: it is named, and nothing is done with it.
    pub fn letters(&self) -> Result<Vec<Letter>> {
        let mut names = self.names();
        names.sort();
        names.iter().map(|path| self.read(path)).collect()
    }

    /// How many letters wait, refused ones too.
    pub fn waiting(&self) -> usize {
        self.names().len()
    }

    /// Forgets a letter; true if it was there.
    pub fn discard(&self, id: Uuid) -> Result<bool> {
        let there = self.path(id).exists();
        self.remove(id)?;
        Ok(there)
    }

    /// Every book that letters wait for.
    ///
    /// Errors: `Io` if a letter cannot be read.
    pub fn places(folder: &Path) -> Result<Vec<Place>> {
        let inside = |folder: &Path| {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
            paths.sort();
            paths
        };
        let mut places = Vec::new();
        for org in inside(&folder.join("outbox"))
            .iter()
            .flat_map(|server| inside(server))
        {
            let letters = inside(&org);
            let letter = letters
                .iter()
                .find(|p| p.extension().is_some_and(|e| e == "json"));
            if let Some(path) = letter {
                let place = Place::read(&open(path)?.place).map_err(|_| not_a_letter(path))?;
                places.push(place);
            }
        }
        Ok(places)
    }

    /// Held while letters are settled, so that two `sync` do not both tell of one.
    pub fn lock(&self) -> Result<files::Lock> {
        files::lock(&self.folder.join("sync"))
    }

    fn names(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .collect()
    }

    fn read(&self, path: &Path) -> Result<Letter> {
        let letter = open(path)?;
        if letter.place != self.place.to_string() {
            return Err(not_a_letter(path));
        }
        Ok(letter)
    }

    fn put(&self, letter: &Letter) -> Result<()> {
        // Texts, times and JSON always serialise.
        let bytes = serde_json::to_vec(letter).unwrap_or_default();
        files::replace(&self.path(letter.id), &bytes)
    }

    fn remove(&self, id: Uuid) -> Result<()> {
        let path = self.path(id);
        match std::fs::remove_file(&path) {
            Ok(()) => {
                files::sync_folder(&self.folder);
                Ok(())
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(ClientError::file(&path, &e)),
        }
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

fn open(path: &Path) -> Result<Letter> {
    let bytes = files::read(path, BYTES_MAX)?.ok_or_else(|| not_a_letter(path))?;
    let letter: Letter = serde_json::from_slice(&bytes).map_err(|_| not_a_letter(path))?;
    if letter.schema != SCHEMA {
        return Err(not_a_letter(path));
    }
    Ok(letter)
}

fn not_a_letter(path: &Path) -> ClientError {
    ClientError::Io {
        what: format!("{} is not a letter of this hissab", path.display()),
    }
}

/// What every unit did, or the first refusal of one.
fn refused(outcomes: Vec<Outcome>) -> std::result::Result<Vec<DoneBody>, Box<Problem>> {
    outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Done(done) => Ok(done),
            Outcome::Refused { problem, .. } => Err(problem),
        })
        .collect()
}

/// A refusal that asking again will not change; a missing sign-in, a limit or a busy book will pass.
fn is_final(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 401 | 408 | 429)
}

/// A folder's name for a server: readable, and never the same for two.
pub(super) fn folder_name(server: &Server) -> String {
    let digest = Sha256::digest(server.address().as_bytes());
    let tail: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
    let host: String = server
        .host()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .take(100)
        .collect();
    format!("{host}-{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::session::{Credential, Settings};
    use crate::ledger::draft::Draft;
    use crate::ledger::transaction::TransactionId;
    use jiff::civil::date;

    fn place() -> Place {
        // Nothing listens on port 1.
        Place::read("http://127.0.0.1:1/acme").unwrap()
    }

    fn session() -> Session {
        Session::new(Settings {
            server: place().server,
            credential: Credential::Nobody,
            known_servers: None,
        })
    }

    fn letter(may_wait: bool) -> Letter {
        let id = Uuid::now_v7();
        Letter::new(
            id,
            "/orgs/acme/changes".into(),
            Timestamp::now(),
            "tea".into(),
            may_wait,
            &1,
        )
        .unwrap()
    }

    #[test]
    fn a_posting_waits_for_a_server_that_is_not_there_and_nothing_else_does() {
        let home = tempfile::tempdir().unwrap();
        let outbox = Outbox::of(home.path(), &place());
        for waiting in 1..=2 {
            let told = outbox.deliver(&session(), letter(true)).unwrap_err();
            assert!(matches!(told, ClientError::Queued { waiting: n, .. } if n == waiting));
        }
        let told = outbox.deliver(&session(), letter(false)).unwrap_err();
        assert!(told.is_unreachable());
        let letters = outbox.letters().unwrap();
        assert_eq!(letters.len(), 2);
        assert!(
            letters
                .iter()
                .all(|l| l.stage == Stage::Queued && l.body() == "1")
        );
        assert!(
            outbox
                .settle(&session(), letters[0].clone())
                .unwrap_err()
                .is_unreachable()
        );
        assert_eq!(outbox.waiting(), 2);
        assert!(outbox.discard(letters[0].id).unwrap());
        assert!(!outbox.discard(letters[0].id).unwrap());
        assert_eq!(outbox.waiting(), 1);
    }

    #[test]
    fn only_postings_and_what_they_need_may_wait() {
        let post = Change::Post(Draft::new(
            TransactionId(Uuid::nil()),
            date(2026, 4, 7),
            "tea",
        ));
        let undo = Change::Undo {
            operation: None,
            on: None,
        };
        assert!(may_wait(std::slice::from_ref(&post)));
        assert!(!may_wait(&[post.clone(), undo]));
        assert!(!may_wait(&[]));
        assert_eq!(about(&[post]), "2026-04-07 tea");
    }

    #[test]
    fn servers_do_not_share_a_folder() {
        let name = |words| folder_name(&Server::read(words).unwrap());
        assert_ne!(name("https://h:1"), name("http://h:1"));
        assert!(
            name("http://[::1]:80/x")
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
        );
    }
}
