//! What the gate asks of every request, kept for as long as nobody has changed the registry: whose credential it
//! is, and what role they have.
//!
//! Each look at a file asks SQLite first whether any other connection, of this process or of another, has committed
//! since. So a revoked token, an ended session or another role counts from the next request on, as without this. In
//! a database that servers share, the number of changes is looked at `LOOK_EVERY` so often, and after each change
//! of this server's own: what another server changed counts here that much later at most.

use std::collections::HashMap;
use std::hash::Hash;
#[cfg(feature = "postgres")]
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::orgs::Org;
use super::{Db, Home, Registry, db, held, members, sessions, tokens};
use crate::server::problem::Answer;
use crate::wire::org::Role;

/// The most that is kept of one kind.
const KEPT_MAX: usize = 4096;

/// How long what another server changed may go unseen.
#[cfg(feature = "postgres")]
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The reader's connection, and what it found since the last change.
pub(super) struct Reader {
    pub(super) conn: Connection,
    kept: Kept,
}

/// What was found since the last change.
#[derive(Default)]
pub(super) struct Kept {
    /// How many changes there had been.
    version: i64,
    /// When that was looked at; `None`: it must be now.
    #[cfg(feature = "postgres")]
    looked: Option<Instant>,
    /// How often this server changed something.
    #[cfg(feature = "postgres")]
    own_changes: u64,
    tokens: HashMap<[u8; 32], tokens::Live>,
    sessions: HashMap<Uuid, sessions::Live>,
    places: HashMap<(String, Uuid), (Org, Role)>,
}

impl Kept {
    /// Forgets everything if there have been changes.
    fn is_now(&mut self, version: i64) {
        if version != self.version {
            self.tokens.clear();
            self.sessions.clear();
            self.places.clear();
            self.version = version;
        }
    }

    /// This server changed something.
    #[cfg(feature = "postgres")]
    pub(super) fn look_at_once(&mut self) {
        self.looked = None;
        self.own_changes += 1;
    }

    /// Whether what is kept may be used without a look.
    #[cfg(feature = "postgres")]
    fn is_fresh(&self) -> bool {
        self.looked.is_some_and(|at| at.elapsed() < LOOK_EVERY)
    }

    /// A look at `at`, begun after so many changes of this server's own, found so many changes in all. False if
    /// somebody else has found more.
    #[cfg(feature = "postgres")]
    fn looked(&mut self, at: Instant, own_changes: u64, version: i64) -> bool {
        if version < self.version {
            return false;
        }
        self.is_now(version);
        if own_changes == self.own_changes {
            self.looked = Some(at);
        }
        true
    }
}

impl Reader {
    pub(super) fn new(conn: Connection) -> Reader {
        Reader {
            conn,
            kept: Kept::default(),
        }
    }

    /// Forgets everything if somebody has changed something.
    fn look_again(&mut self) -> db::Result<()> {
        // SQLite's count of what others committed.
        let version = self
            .conn
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        self.kept.is_now(version);
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
    /// What is kept under a key, or what `find` finds; `looks`: a file is asked for changes first.
    fn kept<K: Hash + Eq, V: Clone>(
        &self,
        looks: bool,
        of: fn(&mut Kept) -> &mut HashMap<K, V>,
        key: K,
        find: impl FnOnce(&Db, &K) -> db::Result<Option<V>>,
    ) -> Answer<Option<V>> {
        match &self.home {
            Home::File { reader, .. } => {
                let mut reader = held(reader);
                if looks {
                    reader.look_again()?;
                }
                let Reader { conn, kept } = &mut *reader;
                Ok(known(of(kept), key, |key| find(&Db::Sqlite(conn), key))?)
            }
            #[cfg(feature = "postgres")]
            Home::Postgres { store, kept } => {
                // The lock is never held while the database is asked: one slow answer holds up nobody else.
                let own_changes = {
                    let mut kept = held(kept);
                    if kept.is_fresh()
                        && let Some(value) = of(&mut kept).get(&key)
                    {
                        return Ok(Some(value.clone()));
                    }
                    kept.own_changes
                };
                let (inside, at) = (db::open(store, false)?, Instant::now());
                let db = Db::Postgres(&inside);
                // The number before the rows: they are as new as it says, or newer.
                let version: i64 =
                    db.query_row("SELECT version FROM server", (), |row| row.get(0))?;
                {
                    let mut kept = held(kept);
                    if kept.looked(at, own_changes, version)
                        && let Some(value) = of(&mut kept).get(&key)
                    {
                        return Ok(Some(value.clone()));
                    }
                }
                let found = find(&db, &key)?;
                let mut kept = held(kept);
                match kept.version == version {
                    true => Ok(known(of(&mut kept), key, |_| Ok(found))?),
                    false => Ok(found),
                }
            }
        }
    }

    /// Something was changed beside the registry's own writes: what is kept is looked at before its next use.
    pub fn changed(&self) {
        #[cfg(feature = "postgres")]
        if let Home::Postgres { kept, .. } = &self.home {
            held(kept).look_at_once();
        }
    }

    /// The token of a digest, if it is good now.
    pub fn token(&self, digest: [u8; 32], now: Timestamp) -> Answer<Option<tokens::Live>> {
        let find = |db: &Db, digest: &[u8; 32]| tokens::live(db, *digest, now);
        let found = self.kept(true, |kept| &mut kept.tokens, digest, find)?;
        Ok(found.filter(|live| live.expires_at > now))
    }

    /// A session, if it goes on now.
    pub fn session(&self, id: Uuid, now: Timestamp) -> Answer<Option<sessions::Live>> {
        let find = |db: &Db, id: &Uuid| sessions::live(db, *id, now);
        let found = self.kept(true, |kept| &mut kept.sessions, id, find)?;
        Ok(found.filter(|live| live.expires_at > now))
    }

    /// The organisation a path names and the role of a user in it; `None` for foreign and for missing ones alike.
    ///
    /// As the registry stood when it was last asked for a credential: of each request, that comes first.
    pub fn place(&self, id_or_slug: &str, user: Uuid) -> Answer<Option<(Org, Role)>> {
        let key = (id_or_slug.to_owned(), user);
        let find = |db: &Db, (name, user): &(String, Uuid)| members::place(db, name, *user);
        self.kept(false, |kept| &mut kept.places, key, find)
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
        #[allow(irrefutable_let_patterns)]
        let Home::File { reader, .. } = &registry.home else {
            panic!("a registry of a folder is a file");
        };
        held(reader).look_again().unwrap();
        held(reader).kept.places.insert(
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
