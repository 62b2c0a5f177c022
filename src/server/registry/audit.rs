//! The log of members, sign-ins and refusals: hash-chained, one chain an organisation and one for the server.

use super::db::{OptionalExtension, Row};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Db, bytes, time_at};
use crate::server::problem::Answer;

/// The chain of what belongs to no organisation.
pub const SERVER: Uuid = Uuid::nil();

/// Something that happened.
#[derive(Debug, Clone, Default)]
pub struct Event<'a> {
    /// Email of who did it, or tried to.
    pub who: &'a str,
    /// `signed-in`, `sign-in-failed`, `role-changed`, …
    pub action: &'a str,
    /// Whom or what it was done to.
    pub subject: &'a str,
    pub detail: &'a str,
    /// Where it was asked from.
    pub address: &'a str,
}

/// An event as it stands in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub seq: u64,
    pub at: Timestamp,
    pub who: String,
    pub action: String,
    pub subject: String,
    pub detail: String,
    pub address: String,
    pub previous: [u8; 32],
    pub hash: [u8; 32],
}

/// Appends an event to a chain.
pub fn append(db: &Db, chain: Uuid, at: Timestamp, event: &Event<'_>) -> Answer<()> {
    const INSERT: &str = "INSERT INTO audit
        (chain, seq, at, who, action, subject, detail, address, previous, hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let (last, previous) = head(db, chain)?;
    let (seq, at) = (last + 1, at.as_microsecond());
    let hash = hash(chain, seq, at, event, &previous);
    db.prepare_cached(INSERT)?.execute((
        bytes(&chain),
        seq,
        at,
        event.who,
        event.action,
        event.subject,
        event.detail,
        event.address,
        previous,
        hash,
    ))?;
    Ok(())
}

fn head(db: &Db, chain: Uuid) -> super::db::Result<(i64, [u8; 32])> {
    const HEAD: &str = "SELECT seq, hash FROM audit WHERE chain = ?1 ORDER BY seq DESC LIMIT 1";
    let found = db
        .prepare_cached(HEAD)?
        .query_row([bytes(&chain)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or((0, [0; 32])))
}

/// Appends an event about a user to the server's chain and to that of each of the user's organisations.
pub fn append_of_user(db: &Db, user: Uuid, at: Timestamp, event: &Event<'_>) -> Answer<()> {
    append(db, SERVER, at, event)?;
    for org in super::members::orgs_of(db, user)? {
        append(db, org.id, at, event)?;
    }
    Ok(())
}

/// At most `limit` events of a chain after a sequence, oldest first.
pub fn page(db: &Db, chain: Uuid, since: u64, limit: u32) -> super::db::Result<Vec<Logged>> {
    const PAGE: &str = "SELECT seq, at, who, action, subject, detail, address, previous, hash
        FROM audit WHERE chain = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    db.prepare_cached(PAGE)?
        .query_map((bytes(&chain), since, limit), logged)?
        .collect()
}

/// The first sequence of a chain that does not follow from the ones before; `None`: it proves.
pub fn broken_at(db: &Db, chain: Uuid) -> super::db::Result<Option<u64>> {
    let (mut since, mut previous) = (0, [0; 32]);
    loop {
        let events = page(db, chain, since, 1_000)?;
        if events.is_empty() {
            return Ok(None);
        }
        for event in &events {
            if event.seq != since + 1 || !follows(chain, event, &previous) {
                return Ok(Some(event.seq));
            }
            (since, previous) = (event.seq, event.hash);
        }
    }
}

fn follows(chain: Uuid, logged: &Logged, previous: &[u8; 32]) -> bool {
    let event = Event {
        who: &logged.who,
        action: &logged.action,
        subject: &logged.subject,
        detail: &logged.detail,
        address: &logged.address,
    };
    let seq = i64::try_from(logged.seq).unwrap_or_default();
    logged.previous == *previous
        && logged.hash == hash(chain, seq, logged.at.as_microsecond(), &event, previous)
}

fn logged(row: &Row<'_>) -> super::db::Result<Logged> {
    Ok(Logged {
        seq: row.get(0)?,
        at: time_at(row, 1)?,
        who: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get(5)?,
        address: row.get(6)?,
        previous: row.get(7)?,
        hash: row.get(8)?,
    })
}

/// SHA-256 over chain, sequence, microseconds, each text with its length before it, and the hash before.
fn hash(chain: Uuid, seq: i64, at: i64, event: &Event<'_>, previous: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"hissab/members/1");
    hasher.update(chain.as_bytes());
    hasher.update(seq.to_be_bytes());
    hasher.update(at.to_be_bytes());
    for text in [
        event.who,
        event.action,
        event.subject,
        event.detail,
        event.address,
    ] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(previous);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::registry::Registry;

    #[test]
    fn a_chain_proves_and_cannot_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let registry = Registry::open(folder.path(), now).unwrap();
        let event = Event {
            who: "a@b.example",
            action: "signed-in",
            ..Event::default()
        };
        for _ in 0..3 {
            registry
                .write_now(|db| append(db, SERVER, now, &event))
                .unwrap();
        }
        assert_eq!(registry.read(|db| broken_at(db, SERVER)).unwrap(), None);
        assert_eq!(
            registry.read(|db| page(db, SERVER, 1, 10)).unwrap().len(),
            2
        );
        for sql in ["UPDATE audit SET who = 'x'", "DELETE FROM audit"] {
            let refused = registry.write_now(|db| Ok(db.execute(sql, ())?));
            assert!(refused.is_err(), "{sql}");
        }
        // Behind the log's back: the fence taken away, one word changed.
        let attack = "DROP TRIGGER audit_stays; UPDATE audit SET who = 'x' WHERE seq = 2";
        registry
            .write_now(|db| Ok(db.execute_batch(attack)?))
            .unwrap();
        assert_eq!(registry.read(|db| broken_at(db, SERVER)).unwrap(), Some(2));
    }
}
