//! The pool: a fixed number of threads that take work organisation by organisation, and the books that are open.
//!
//! Work that takes long gets a thread of its own (`long`), so that short work of others never stands behind it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::Notify;
use uuid::Uuid;

use super::lane::{Lane, held};
use super::lanes::{LaneError, LaneStats, Place};
use super::long::{Long, Work};
use super::seats::Seats;
use super::turns::{Limits, Turns};
use crate::book::open::Shelf;

/// The most jobs that wait for the pool, and the most of one organisation.
const JOBS_MAX: usize = 4096;
const JOBS_OF_ONE: usize = JOBS_MAX / 4;

/// Threads, what waits for them, and the books that are open.
pub(super) struct Pool {
    pub shelf: Shelf,
    jobs: Mutex<Jobs>,
    wake: Condvar,
    threads: Mutex<Vec<JoinHandle<()>>>,
    long: Mutex<Long>,
    pub lanes: Mutex<HashMap<Uuid, Arc<Lane>>>,
    /// Whole-book streams at work, by organisation.
    pub streaming: Seats<Uuid>,
    /// Who wants to know when a book was written.
    pub woken: Mutex<HashMap<Uuid, Weak<Notify>>>,
    open_max: usize,
    pub closing: AtomicBool,
    pub stats: LaneStats,
}

struct Jobs {
    waiting: Turns<Job>,
    closed: bool,
}

type Job = Box<dyn FnOnce() + Send>;

impl Pool {
    /// A pool of `threads` threads; at most `open_max` books stay open.
    pub fn begin(shelf: Shelf, threads: usize, open_max: usize) -> Arc<Pool> {
        let threads = threads.max(2);
        let limits = Limits {
            // One thread is always for others.
            at_work: threads - 1,
            waiting: JOBS_OF_ONE,
            all_waiting: JOBS_MAX,
        };
        let pool = Arc::new(Pool {
            shelf,
            jobs: Mutex::new(Jobs {
                waiting: Turns::new(limits),
                closed: false,
            }),
            wake: Condvar::new(),
            threads: Mutex::default(),
            long: Mutex::default(),
            lanes: Mutex::default(),
            streaming: Seats::default(),
            woken: Mutex::default(),
            open_max: open_max.max(1),
            closing: AtomicBool::new(false),
            stats: LaneStats::default(),
        });
        let spawn = |_| {
            let pool = Arc::clone(&pool);
            std::thread::spawn(move || pool.work())
        };
        *held(&pool.threads) = (0..threads).map(spawn).collect();
        pool
    }

    /// Ends everything that waits, closes the books. No job is accepted afterwards.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        held(&self.jobs).closed = true;
        self.wake.notify_all();
        for thread in std::mem::take(&mut *held(&self.threads)) {
            // A thread that panicked has nothing left to close.
            let _ = thread.join();
        }
        // One that ends may begin another, for what waits behind it.
        loop {
            let long = held(&self.long).threads();
            if long.is_empty() {
                break;
            }
            for thread in long {
                let _ = thread.join();
            }
        }
        held(&self.lanes).clear();
    }

    /// One thread of the pool.
    fn work(&self) {
        loop {
            let (org, job) = {
                let mut jobs = held(&self.jobs);
                loop {
                    if let Some(job) = jobs.waiting.take() {
                        break job;
                    }
                    if jobs.closed {
                        return;
                    }
                    jobs = self.wake.wait(jobs).unwrap_or_else(PoisonError::into_inner);
                }
            };
            // A panic ends one request, whose answer is dropped, never the pool.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
            // What was passed over may be taken by a thread that rests.
            if held(&self.jobs).waiting.done(org) {
                self.wake.notify_one();
            }
        }
    }

    /// Does long work on a thread of its own, as soon as there is one to have.
    pub fn apart(self: &Arc<Pool>, work: Work) {
        let Some(work) = held(&self.long).begin(work) else {
            return;
        };
        self.stats.long.fetch_add(1, Ordering::Relaxed);
        let pool = Arc::clone(self);
        let all = move || {
            let mut next = Some(work);
            while let Some(work) = next {
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
                next = held(&pool.long).next();
            }
            pool.stats.long.fetch_sub(1, Ordering::Relaxed);
        };
        let thread = std::thread::spawn(all);
        held(&self.long).keep(thread);
    }

    /// What waits for a writer is the pool's again, when others have had their turn; false if the pool takes nothing more.
    pub fn drain_again(self: &Arc<Pool>, lane: &Arc<Lane>) -> bool {
        let (pool, drained) = (Arc::clone(self), Arc::clone(lane));
        let mut jobs = held(&self.jobs);
        if jobs.closed {
            return false;
        }
        let drain: Job = Box::new(move || drained.drain(&pool));
        let added = jobs.waiting.add_first(lane.org, drain).is_ok();
        drop(jobs);
        if added {
            self.wake.notify_one();
        }
        added
    }

    /// Whether others than this organisation wait for a thread.
    pub fn others_wait(&self, org: Uuid) -> bool {
        held(&self.jobs).waiting.others_wait(org)
    }

    /// Wakes who waits for writes of a book.
    pub fn wake_of(&self, org: Uuid) {
        if let Some(waiter) = held(&self.woken).get(&org).and_then(Weak::upgrade) {
            waiter.notify_one();
        }
    }

    pub fn submit(&self, org: Uuid, job: Job) -> Result<(), LaneError> {
        let mut jobs = held(&self.jobs);
        if jobs.closed {
            return Err(LaneError::Closing);
        }
        jobs.waiting.add(org, job).map_err(|_| LaneError::Full)?;
        drop(jobs);
        self.wake.notify_one();
        Ok(())
    }

    /// The lane of a book; where too many are open, the idle one used longest ago is closed.
    pub fn lane(&self, place: &Place) -> Result<Arc<Lane>, LaneError> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(LaneError::Closing);
        }
        let mut lanes = held(&self.lanes);
        // Another server may have replaced the book: its rows, or its file, are elsewhere then.
        if let Some(lane) = lanes.get(&place.org).filter(|l| l.file == place.file) {
            *held(&lane.used) = Instant::now();
            return Ok(Arc::clone(lane));
        }
        while lanes.len() >= self.open_max {
            // A lane that somebody works with has more than the map's own reference.
            let idle = lanes.iter().filter(|(_, l)| Arc::strong_count(l) == 1);
            let oldest = idle
                .min_by_key(|(_, l)| *held(&l.used))
                .map(|(org, _)| *org);
            match oldest {
                Some(org) => drop(lanes.remove(&org)),
                None => break,
            }
        }
        let lane = Arc::new(Lane::new(place, &self.shelf));
        lanes.insert(place.org, Arc::clone(&lane));
        self.stats.open_books.store(lanes.len(), Ordering::Relaxed);
        Ok(lane)
    }
}
