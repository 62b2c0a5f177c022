//! Limits that other servers share: what is told to them, and what is heard.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::Redis;
use crate::server::problem::Answer;
use crate::server::registry::{Registry, digest};

/// Limits that hold over all servers of a database.
pub struct Shared {
    pub registry: Registry,
    pub requests: Mutex<Requests>,
    /// Where they are kept as long as it answers, if there is one.
    pub redis: Option<Redis>,
}

/// Requests since they were last settled, and who is over the limit until when.
#[derive(Default)]
pub struct Requests {
    counted: HashMap<Uuid, u64>,
    over: HashMap<Uuid, Instant>,
}

/// How often requests are settled: what one sends to several servers may be so much over the limit.
pub const SETTLE_EVERY: Duration = Duration::from_secs(1);

impl Shared {
    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one from a bucket that all servers take from; `Err` holds the seconds until there is one.
    pub fn take(&self, key: [u8; 32], a_minute: u32) -> Answer<Result<(), u64>> {
        let redis = self.redis.as_ref();
        match redis.and_then(|redis| redis.take(key, a_minute)) {
            Some(taken) => Ok(taken),
            None => self.registry.take(key, a_minute),
        }
    }

    /// Counts a request; `Err` holds the seconds until there may be one again.
    pub fn count(&self, who: Uuid) -> Result<(), u64> {
        let mut requests = self.requests();
        if let Some(until) = requests.over.get(&who) {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return Err(left.as_secs() + 1);
            }
            requests.over.remove(&who);
        }
        *requests.counted.entry(who).or_default() += 1;
        Ok(())
    }

    /// Tells the others what was counted here, and hears who is over the limit.
    pub fn settle(&self, a_minute: u32) -> Answer<()> {
        let counted = std::mem::take(&mut self.requests().counted);
        if counted.is_empty() {
            return Ok(());
        }
        let keys: HashMap<[u8; 32], Uuid> =
            counted.keys().map(|who| (key_of(*who), *who)).collect();
        let pairs: Vec<([u8; 32], u64)> = counted
            .iter()
            .map(|(who, count)| (key_of(*who), *count))
            .collect();
        let redis = self.redis.as_ref();
        let over = match redis.and_then(|redis| redis.settle(&pairs, a_minute)) {
            Some(over) => over,
            None => self.registry.settle(&pairs, a_minute)?,
        };
        let now = Instant::now();
        let mut requests = self.requests();
        for (key, micros) in over {
            if let Some(who) = keys.get(&key) {
                requests
                    .over
                    .insert(*who, now + Duration::from_micros(micros));
            }
        }
        requests.over.retain(|_, until| *until > now);
        Ok(())
    }
}

fn key_of(who: Uuid) -> [u8; 32] {
    digest(&format!("requests {who}"))
}
