//! What the gate asks of every request, kept for as long as nobody has changed the registry: whose credential it
//! is, and what role they have.
//!
//! Each look asks SQLite first whether any other connection, of this process or of another, has committed since.
//! So a revoked token, an ended session or another role counts from the next request on, as without this.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::MutexGuard;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::orgs::Org;
use super::{Db, Home, Registry, db, held, members, sessions, tokens};
use crate::server::problem::Answer;
use crate::wire::org::Role;

/// The most that is kept of one kind.
const KEPT_MAX: usize = 4096;

/// The reader's connection, and what it found since the last change.
pub(super) struct Reader {
    pub(super) conn: Connection,
    /// SQLite's count of what others committed.
    version: i64,
    tokens: HashMap<[u8; 32], tokens::Live>,
    sessions: HashMap<Uuid, sessions::Live>,
    places: HashMap<(String, Uuid), (Org, Role)>,
}

impl Reader {
    pub(super) fn new(conn: Connection) -> Reader {
        Reader {
            conn,
            version: 0,
            tokens: HashMap::new(),
            sessions: HashMap::new(),
            places: HashMap::new(),
        }
    }

    /// Forgets everything if somebody has changed something.
    fn look_again(&mut self) -> db::Result<()> {
        let version = self
            .conn
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if version != self.version {
            self.tokens.clear();
            self.sessions.clear();
            self.places.clear();
            self.version = version;
        }
        Ok(())
    }
}

/// What is kept under a key, or what `find` finds, which is kept then. What is not there is looked for each time.
fn known<K: Hash + Eq, V: Clone>(
    kept: &mut HashMap<K, V>,
    key: K,
    find: impl FnOnce(&K) -> db::Result<Option<V>>,
) -> db::Result<Option<V>> {
    if let Some(value) = kept.get(&key) {
        return Ok(Some(value.clone()));
    }
    let found = find(&key)?;
    if let Some(value) = &found {
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, value.clone());
    }
    Ok(found)
}

impl Registry {
    /// What is kept, where the registry is a file; a database that other servers write to is asked each time.
    fn reader(&self) -> Option<MutexGuard<'_, Reader>> {
        match &self.home {
            Home::File { reader, .. } => Some(held(reader)),
            #[cfg(feature = "postgres")]
            Home::Postgres(_) => None,
        }
    }

    /// The token of a digest, if it is good now.
    pub fn token(&self, digest: [u8; 32], now: Timestamp) -> Answer<Option<tokens::Live>> {
        let Some(mut reader) = self.reader() else {
            return self.read(|db| tokens::live(db, digest, now));
        };
        reader.look_again()?;
        let Reader { conn, tokens, .. } = &mut *reader;
        let find = |digest: &[u8; 32]| tokens::live(&Db::Sqlite(conn), *digest, now);
        let found = known(tokens, digest, find)?;
        Ok(found.filter(|live| live.expires_at > now))
    }

    /// A session, if it goes on now.
    pub fn session(&self, id: Uuid, now: Timestamp) -> Answer<Option<sessions::Live>> {
        let Some(mut reader) = self.reader() else {
            return self.read(|db| sessions::live(db, id, now));
        };
        reader.look_again()?;
        let Reader { conn, sessions, .. } = &mut *reader;
        let find = |id: &Uuid| sessions::live(&Db::Sqlite(conn), *id, now);
        let found = known(sessions, id, find)?;
        Ok(found.filter(|live| live.expires_at > now))
    }

    /// The organisation a path names and the role of a user in it; `None` for foreign and for missing ones alike.
    ///
    /// As the registry stood when it was last asked for a credential: of each request, that comes first.
    pub fn place(&self, id_or_slug: &str, user: Uuid) -> Answer<Option<(Org, Role)>> {
        let Some(mut reader) = self.reader() else {
            return self.read(|db| members::place(db, id_or_slug, user));
        };
        let Reader { conn, places, .. } = &mut *reader;
        let key = (id_or_slug.to_owned(), user);
        Ok(known(places, key, |(name, user)| {
            members::place(&Db::Sqlite(conn), name, *user)
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_absence_is_not_kept() {
        let mut kept = HashMap::new();
        for n in 0..3 * KEPT_MAX {
            assert_eq!(known(&mut kept, n, |n| Ok(Some(*n))).unwrap(), Some(n));
            assert!(kept.len() <= KEPT_MAX);
        }
        let missing = usize::MAX;
        assert_eq!(known(&mut kept, missing, |_| Ok(None)).unwrap(), None);
        assert_eq!(known(&mut kept, missing, |_| Ok(Some(1))).unwrap(), Some(1));
        assert_eq!(known(&mut kept, missing, |_| Ok(None)).unwrap(), Some(1));
    }

    #[test]
    fn a_change_by_anyone_is_seen_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let registry = Registry::open(folder.path(), now).unwrap();
        let id = Uuid::from_u128(7);
        registry.reader().unwrap().look_again().unwrap();
        registry.reader().unwrap().places.insert(
            ("a".to_owned(), id),
            (
                Org {
                    id,
                    slug: String::new(),
                    name: String::new(),
                    plan: String::new(),
                    file: String::new(),
                },
                Role::Owner,
            ),
        );
        let place = |registry: &Registry| {
            assert!(
                registry
                    .session(id, Timestamp::UNIX_EPOCH)
                    .unwrap()
                    .is_none()
            );
            registry.place("a", id).unwrap_or_default()
        };
        assert!(place(&registry).is_some());
        let other = Connection::open(folder.path().join("server.db")).unwrap();
        other.execute_batch("CREATE TABLE another (one)").unwrap();
        assert!(place(&registry).is_none(), "another connection committed");
    }
}
