//! How often someone may ask: a bucket an address and a bucket an account, in bounded memory. Where servers share a
//! database, so do they the limits: there, or in a Redis for as long as it answers.

mod bucket;
#[cfg(feature = "redis")]
mod redis;
#[cfg(not(feature = "redis"))]
#[path = "no_redis.rs"]
mod redis;
mod shared;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use super::config;
use super::problem::{Answer, Problem};
use super::registry::{Registry, digest};

pub use bucket::Left;
use bucket::Limit;
pub use redis::{Redis, check, probe};
use shared::{SETTLE_EVERY, Shared};

/// Every limit of a server.
pub struct Gates {
    addresses: Limit<IpAddr>,
    accounts: Limit<[u8; 32]>,
    /// Half of an account's, from one address: who guesses from there keeps nobody else out.
    pairs: Limit<[u8; 32]>,
    logged: Limit<[u8; 32]>,
    /// By session's user or by token; `None`: no limit.
    requests: Option<Limit<Uuid>>,
    /// What other servers have to know, where there are others.
    shared: Option<Shared>,
}

/// Settles requests for as long as the server runs, where there are other servers.
pub async fn settle(app: super::state::Shared) {
    if app.gates.shared.is_none() || app.gates.requests.is_none() {
        return;
    }
    let mut stopping = app.stopping.clone();
    loop {
        tokio::select! {
            () = tokio::time::sleep(SETTLE_EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        let state = Arc::clone(&app);
        // A second that could not be settled is forgotten: each server's own limit still holds.
        let _ = tokio::task::spawn_blocking(move || state.gates.settle()).await;
    }
}

/// Whom an address stands for: an IPv6 subscriber has a whole /64.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 1])
        }
        other => other,
    }
}

impl Gates {
    /// Limits that other servers of the registry's database share, if it is one: in it, or in `redis` while it answers.
    pub fn over(limits: config::Limits, registry: &Registry, redis: Option<Redis>) -> Gates {
        Gates {
            shared: registry.is_shared().then(|| Shared {
                registry: registry.clone(),
                requests: Mutex::default(),
                redis,
            }),
            ..Gates::new(limits)
        }
    }

    /// The Redis that was named, if one was.
    pub fn redis(&self) -> Option<&Redis> {
        self.shared.as_ref()?.redis.as_ref()
    }

    fn settle(&self) -> Answer<()> {
        match (&self.shared, &self.requests) {
            (Some(shared), Some(limit)) => shared.settle(limit.quota),
            _ => Ok(()),
        }
    }

    /// Takes one from a bucket that all servers take from.
    fn take_shared(&self, key: [u8; 32], a_minute: u32, words: &str) -> Answer<()> {
        let Some(shared) = &self.shared else {
            return Ok(());
        };
        let taken = shared.take(key, a_minute)?;
        taken.map_err(|wait| Problem::too_many(words, wait))
    }

    pub fn new(limits: config::Limits) -> Gates {
        Gates {
            shared: None,
            addresses: Limit::new("address", limits.sign_ins_an_address, IpAddr::from([0; 16])),
            accounts: Limit::new("account", limits.sign_ins_an_account, [0; 32]),
            pairs: Limit::new("account", limits.sign_ins_an_account.div_ceil(2), [0; 32]),
            logged: Limit::new("log", 1, [0; 32]),
            requests: (limits.requests > 0)
                .then(|| Limit::new("requests", limits.requests, Uuid::nil())),
        }
    }

    /// One more sign-in, registration or refresh from an address.
    pub fn from_address(&self, address: IpAddr) -> Answer<Left> {
        let (key, words) = (subscriber(address), "too many attempts from this address");
        let left = self.addresses.take(key);
        let left = left.map_err(|wait| Problem::too_many(words, wait))?;
        let shared = digest(&format!("address {key}"));
        self.take_shared(shared, self.addresses.quota, words)?;
        Ok(left)
    }

    /// One more sign-in to an account, whether it exists or not.
    pub fn to_account(&self, email: &str, from: IpAddr) -> Answer<Left> {
        let words = "too many attempts on this account";
        let both = format!("{} {email}", subscriber(from));
        let left = self
            .pairs
            .take(digest(&both))
            .and_then(|_| self.accounts.take(digest(email)));
        let left = left.map_err(|wait| Problem::too_many(words, wait))?;
        let pair = digest(&format!("pair {both}"));
        self.take_shared(pair, self.pairs.quota, words)?;
        let account = digest(&format!("account {email}"));
        self.take_shared(account, self.accounts.quota, words)?;
        Ok(left)
    }

    /// One more request of somebody who is signed in: a person, or one of their tokens.
    pub fn request(&self, who: Uuid) -> Answer<Option<Left>> {
        let Some(limit) = &self.requests else {
            return Ok(None);
        };
        let words = "too many requests: wait, or send fewer at once";
        let left = limit.take(who);
        let left = left.map_err(|wait| Problem::too_many(words, wait))?;
        if let Some(shared) = &self.shared {
            let counted = shared.count(who);
            counted.map_err(|wait| Problem::too_many(words, wait))?;
        }
        Ok(Some(left))
    }

    /// Whether the last use of a token may be written: once a minute, however many requests it comes with at once.
    pub fn may_touch(&self, token: Uuid) -> bool {
        self.logged.take(digest(&format!("used {token}"))).is_ok()
    }

    /// Whether an event may be logged: the same of the same person once a minute.
    pub fn may_log(&self, (chain, user): (Uuid, Uuid), what: &str) -> bool {
        self.logged
            .take(digest(&format!("{chain} {user} {what}")))
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::bucket::KEYS_MAX;
    use super::*;

    #[test]
    fn one_address_does_not_use_up_anothers() {
        let gates = Gates::new(config::Limits {
            sign_ins_an_address: 3,
            ..config::Limits::default()
        });
        let (one, two): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        for left in [2, 1, 0] {
            assert_eq!(gates.from_address(one).unwrap().left, left);
        }
        let refused = gates.from_address(one).unwrap_err();
        assert_eq!(refused.status.as_u16(), 429);
        assert!(refused.retry_after.is_some_and(|s| (1..=21).contains(&s)));
        assert!(gates.from_address(two).is_ok());
    }

    #[test]
    fn guessing_from_one_address_keeps_nobody_else_out() {
        let gates = Gates::new(config::Limits {
            sign_ins_an_account: 8,
            ..config::Limits::default()
        });
        let (one, two): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let guesses = (0..100).filter(|_| gates.to_account("asha@example.com", one).is_ok());
        assert!((4..6).contains(&guesses.count()));
        assert!(gates.to_account("asha@example.com", two).is_ok());
        assert!(gates.to_account("ravi@example.com", one).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let gates = Gates::new(config::Limits {
            sign_ins_an_address: 1,
            ..config::Limits::default()
        });
        assert!(gates.from_address("2001:db8::1".parse().unwrap()).is_ok());
        assert!(gates.from_address("2001:db8::2".parse().unwrap()).is_err());
        assert!(
            gates
                .from_address("2001:db8:0:1::2".parse().unwrap())
                .is_ok()
        );
    }

    #[test]
    fn requests_are_counted_by_person_and_token() {
        let gates = Gates::new(config::Limits {
            requests: 2,
            ..config::Limits::default()
        });
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(gates.request(one).unwrap().unwrap().left, 1);
        assert!(gates.request(one).is_ok());
        let refused = gates.request(one).unwrap_err();
        assert_eq!((refused.status.as_u16(), &*refused.code), (429, "too-many"));
        assert!(refused.retry_after.is_some_and(|s| (1..=31).contains(&s)));
        assert!(gates.request(two).is_ok());
        let free = Gates::new(config::Limits {
            requests: 0,
            ..config::Limits::default()
        });
        assert_eq!(free.request(one).unwrap(), None);
    }

    #[test]
    fn memory_is_bounded() {
        let gates = Gates::new(config::Limits::default());
        for n in 0..2 * KEYS_MAX {
            let _ = gates.to_account(&n.to_string(), [192, 0, 2, 1].into());
        }
        assert!(gates.accounts.buckets.len() <= KEYS_MAX + 1);
    }
}
