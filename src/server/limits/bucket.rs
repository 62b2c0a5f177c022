//! One limit of one server: a bucket a key, in bounded memory.

use std::hash::Hash;
use std::num::NonZeroU32;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// Keys remembered at most by one limit. Beyond, those whose bucket is full again are forgotten; if none is,
/// strangers share one bucket.
pub const KEYS_MAX: usize = 20_000;

/// Seconds in which an empty bucket fills.
const WINDOW: u64 = 60;

type Buckets<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// One limit over many keys.
pub struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    pub quota: u32,
    pub buckets: Buckets<K>,
    /// What is counted under when there are too many keys.
    crowd: K,
}

/// How much is left, for the `RateLimit` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    name: &'static str,
    quota: u32,
    pub left: u32,
}

impl Left {
    /// `RateLimit` and `RateLimit-Policy`.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Left { name, quota, left } = self;
        let pairs = [
            (
                "ratelimit-policy",
                format!("\"{name}\";q={quota};w={WINDOW}"),
            ),
            ("ratelimit", format!("\"{name}\";r={left}")),
        ];
        for (header, value) in pairs {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    pub fn new(name: &'static str, a_minute: u32, crowd: K) -> Limit<K> {
        let burst = NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN);
        Limit {
            name,
            quota: burst.get(),
            buckets: RateLimiter::dashmap(Quota::per_minute(burst)).with_middleware(),
            crowd,
        }
    }

    /// Takes one from a key's bucket; `Err` holds the seconds until there is one again.
    pub fn take(&self, key: K) -> Result<Left, u64> {
        if self.buckets.len() >= KEYS_MAX {
            self.buckets.retain_recent();
        }
        let key = if self.buckets.len() >= KEYS_MAX {
            self.crowd.clone()
        } else {
            key
        };
        match self.buckets.check_key(&key) {
            Ok(state) => Ok(Left {
                name: self.name,
                quota: self.quota,
                left: state.remaining_burst_capacity(),
            }),
            Err(not_yet) => {
                let wait = not_yet.wait_time_from(DefaultClock::default().now());
                Err(wait.as_secs() + 1)
            }
        }
    }
}
