//! A streaming replica that reads may go to, and what keeps them from reading the past.
//!
//! The store notes the newest sequence it has heard of for each book: what it wrote itself, what other servers hinted
//! at, what a request named. A read goes to the replica if that has come so far, within a moment; else to the
//! primary.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::link::Link;
use super::rows::count_at;
use super::store::Store;

/// How long a replica that is behind is waited for.
const WAIT: Duration = Duration::from_millis(200);
/// Between two looks at one that is behind.
const PAUSE: Duration = Duration::from_millis(5);
/// How long one that does not answer is left alone.
const AWAY: Duration = Duration::from_secs(2);
/// Books whose newest sequence is remembered; beyond, all are forgotten but the one at hand.
const SEEN_MAX: usize = 100_000;

/// What a store knows of its replica.
pub struct Replica {
    pub store: Arc<Store>,
    seen: Mutex<HashMap<Uuid, u64>>,
    away: Mutex<Option<Instant>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Replica {
    pub fn new(store: Arc<Store>) -> Replica {
        Replica {
            store,
            seen: Mutex::default(),
            away: Mutex::default(),
        }
    }

    /// A book has come so far: from now on nothing older is read.
    pub fn saw(&self, org: Uuid, sequence: u64) {
        let mut seen = held(&self.seen);
        if seen.len() >= SEEN_MAX {
            seen.clear();
        }
        let newest = seen.entry(org).or_default();
        *newest = (*newest).max(sequence);
    }

    fn seen(&self, org: Uuid) -> u64 {
        held(&self.seen).get(&org).copied().unwrap_or(0)
    }

    /// A snapshot of the replica, if it has everything of the book that is known to be there.
    pub fn link(&self, org: Uuid) -> Option<Link> {
        if held(&self.away).is_some_and(|until| until > Instant::now()) {
            return None;
        }
        let (wanted, began) = (self.seen(org), Instant::now());
        loop {
            let Ok((link, found)) = self.look(org) else {
                *held(&self.away) = Some(Instant::now() + AWAY);
                return None;
            };
            if found.is_some_and(|found| found >= wanted) {
                return Some(link);
            }
            drop(link);
            // A book that is not there at all yet is read where it was made.
            if found.is_none() || began.elapsed() >= WAIT {
                return None;
            }
            self.store.wait(async { tokio::time::sleep(PAUSE).await });
        }
    }

    /// A snapshot, and where the book stands in it.
    fn look(&self, org: Uuid) -> crate::book::Result<(Link, Option<u64>)> {
        let link = Link::reading_here(&self.store, org)?;
        let sql = "SELECT sequence FROM hissab.org_counters WHERE org_id = $1";
        let row = link.opt(sql, &[&org])?;
        let found = row.map(|row| count_at(&row, 0)).transpose()?;
        Ok((link, found))
    }

    /// The primary stands there: what was named beyond it was never written.
    pub fn stands(&self, org: Uuid, sequence: u64) {
        if let Some(seen) = held(&self.seen).get_mut(&org) {
            *seen = (*seen).min(sequence);
        }
    }
}
