//! So many at a time of one kind: connections of an address, streams of a person. Nobody takes everybody's.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who holds how many; only who holds some is remembered.
pub struct Seats<K>(Arc<Mutex<HashMap<K, usize>>>);

/// One of them, given back when dropped.
pub struct Seat<K: Hash + Eq> {
    held: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K> Default for Seats<K> {
    fn default() -> Seats<K> {
        Seats(Arc::default())
    }
}

impl<K: Hash + Eq + Copy> Seats<K> {
    /// One more for `key`, while it holds fewer than `max`.
    pub fn take(&self, key: K, max: usize) -> Option<Seat<K>> {
        let mut held = lock(&self.0);
        let count = held.entry(key).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Seat {
            held: Arc::clone(&self.0),
            key,
        })
    }
}

impl<K: Hash + Eq> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        if let Some(count) = held.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.key);
            }
        }
    }
}

fn lock<K>(held: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_that_is_given_back_can_be_taken_again() {
        let seats = Seats::default();
        let (one, two) = (seats.take('a', 2), seats.take('a', 2));
        assert!(one.is_some() && two.is_some() && seats.take('a', 2).is_none());
        assert!(seats.take('b', 2).is_some());
        drop(one);
        let again = seats.take('a', 2);
        assert!(again.is_some() && seats.take('a', 2).is_none());
        drop((two, again));
        assert!(lock(&seats.0).is_empty());
    }
}
