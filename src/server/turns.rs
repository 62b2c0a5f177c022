//! Whose turn it is: work of many organisations for a few threads.
//!
//! Each organisation has a queue of its own, and the threads take from them in turn. None has every thread at once,
//! so whoever else comes finds one that is free or will be after a short piece of work, however much waits elsewhere.

use std::collections::{HashMap, VecDeque};

use uuid::Uuid;

/// Work that waits, by organisation.
pub struct Turns<J> {
    queues: HashMap<Uuid, Queue<J>>,
    /// Organisations with work that waits, each once, the next first.
    turn: VecDeque<Uuid>,
    waiting: usize,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of one organisation at work at a time.
    pub at_work: usize,
    /// Of one organisation that wait.
    pub waiting: usize,
    /// Of all that wait.
    pub all_waiting: usize,
}

struct Queue<J> {
    waiting: VecDeque<J>,
    at_work: usize,
}

impl<J> Turns<J> {
    pub fn new(limits: Limits) -> Turns<J> {
        Turns {
            queues: HashMap::new(),
            turn: VecDeque::new(),
            waiting: 0,
            limits,
        }
    }

    /// Puts work at the end of its organisation's queue; gives it back where too much waits.
    pub fn add(&mut self, org: Uuid, job: J) -> Result<(), J> {
        let queue = self.queues.entry(org).or_insert(Queue {
            waiting: VecDeque::new(),
            at_work: 0,
        });
        if self.waiting >= self.limits.all_waiting || queue.waiting.len() >= self.limits.waiting {
            self.forget(org);
            return Err(job);
        }
        if queue.waiting.is_empty() {
            self.turn.push_back(org);
        }
        queue.waiting.push_back(job);
        self.waiting += 1;
        Ok(())
    }

    /// Puts work that goes on before what else its organisation waits for; others have their turns first.
    pub fn add_first(&mut self, org: Uuid, job: J) -> Result<(), J> {
        self.add(org, job)?;
        if let Some(queue) = self.queues.get_mut(&org) {
            queue.waiting.rotate_right(1);
        }
        Ok(())
    }

    /// The next work, of the organisation whose turn it is; [`Turns::done`] is to be told of its end.
    pub fn take(&mut self) -> Option<(Uuid, J)> {
        let free = |org: &Uuid| {
            let queue = self.queues.get(org);
            queue.is_some_and(|queue| queue.at_work < self.limits.at_work)
        };
        let at = self.turn.iter().position(free)?;
        let org = self.turn.remove(at)?;
        let queue = self.queues.get_mut(&org)?;
        let job = queue.waiting.pop_front()?;
        queue.at_work += 1;
        self.waiting -= 1;
        if !queue.waiting.is_empty() {
            self.turn.push_back(org);
        }
        Some((org, job))
    }

    /// Work of an organisation has ended; true if more of it may be taken now.
    pub fn done(&mut self, org: Uuid) -> bool {
        let Some(queue) = self.queues.get_mut(&org) else {
            return false;
        };
        queue.at_work -= 1;
        let more = !queue.waiting.is_empty();
        self.forget(org);
        more
    }

    /// Whether others than this organisation wait.
    pub fn others_wait(&self, org: Uuid) -> bool {
        let own = self.queues.get(&org).map_or(0, |q| q.waiting.len());
        self.waiting > own
    }

    /// Only who has work is remembered.
    fn forget(&mut self, org: Uuid) {
        let idle = |queue: &Queue<J>| queue.waiting.is_empty() && queue.at_work == 0;
        if self.queues.get(&org).is_some_and(idle) {
            self.queues.remove(&org);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        at_work: 2,
        waiting: 10,
        all_waiting: 25,
    };

    fn org(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn each_organisation_has_its_turn_whoever_came_first() {
        let mut turns = Turns::new(LIMITS);
        for n in 0..6 {
            turns.add(org(1), n).unwrap();
        }
        turns.add(org(2), 20).unwrap();
        turns.add(org(3), 30).unwrap();
        turns.add(org(3), 31).unwrap();
        let mut order = Vec::new();
        while let Some((org, job)) = turns.take() {
            order.push(job);
            turns.done(org);
        }
        assert_eq!(order, [0, 20, 30, 1, 31, 2, 3, 4, 5]);
        assert!(turns.queues.is_empty() && turns.turn.is_empty() && turns.waiting == 0);
    }

    #[test]
    fn what_goes_on_lets_others_pass_and_not_its_own() {
        let mut turns = Turns::new(LIMITS);
        turns.add(org(1), 1).unwrap();
        assert!(!turns.others_wait(org(1)));
        turns.add(org(2), 20).unwrap();
        assert!(turns.others_wait(org(1)));
        turns.add_first(org(1), 0).unwrap();
        let order: Vec<i32> = std::iter::from_fn(|| {
            let (org, job) = turns.take()?;
            turns.done(org);
            Some(job)
        })
        .collect();
        assert_eq!(order, [0, 20, 1]);
    }

    #[test]
    fn none_has_more_at_work_than_its_share() {
        let mut turns = Turns::new(LIMITS);
        for n in 0..4 {
            turns.add(org(1), n).unwrap();
        }
        assert_eq!(turns.take(), Some((org(1), 0)));
        assert_eq!(turns.take(), Some((org(1), 1)));
        // What waits is passed over, and keeps its place before later ones of its own.
        assert_eq!(turns.take(), None);
        turns.add(org(2), 20).unwrap();
        assert_eq!(turns.take(), Some((org(2), 20)));
        assert!(turns.done(org(1)));
        assert_eq!(turns.take(), Some((org(1), 2)));
        assert!(!turns.done(org(2)));
    }

    #[test]
    fn one_that_fills_its_queue_leaves_room_for_others() {
        let mut turns = Turns::new(LIMITS);
        let full: Vec<u32> = (0..12).filter(|n| turns.add(org(1), *n).is_err()).collect();
        assert_eq!(full, [10, 11]);
        assert!(turns.add(org(2), 0).is_ok());
        for n in 0..LIMITS.all_waiting as u128 {
            let _ = turns.add(org(100 + n), 0);
        }
        assert_eq!(turns.add(org(3), 7), Err(7));
        assert!(!turns.queues.contains_key(&org(3)));
    }
}
