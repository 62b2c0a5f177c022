//! Long work of writers, such as imports: on threads of its own, so many at a time, one of a book.
//!
//! The threads that everybody's short work shares never carry any of it. What finds no thread waits in the order in
//! which it came; since a book's writer does one thing at a time, no organisation has two turns in a row while
//! another waits.

use std::collections::VecDeque;
use std::thread::JoinHandle;

/// Long work at a time.
pub const AT_WORK_MAX: usize = 4;

pub type Work = Box<dyn FnOnce() + Send>;

/// What is at work and what waits.
#[derive(Default)]
pub struct Long {
    at_work: usize,
    waiting: VecDeque<Work>,
    threads: Vec<JoinHandle<()>>,
}

impl Long {
    /// The work if there is a thread to have for it, else it waits.
    pub fn begin(&mut self, work: Work) -> Option<Work> {
        if self.at_work >= AT_WORK_MAX {
            self.waiting.push_back(work);
            return None;
        }
        self.at_work += 1;
        Some(work)
    }

    /// What a thread whose work has ended does next; `None`: it ends too.
    pub fn next(&mut self) -> Option<Work> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.at_work -= 1;
        }
        next
    }

    /// A thread that works.
    pub fn keep(&mut self, thread: JoinHandle<()>) {
        self.threads.retain(|thread| !thread.is_finished());
        self.threads.push(thread);
    }

    /// Every thread that was kept.
    pub fn threads(&mut self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.threads)
    }
}
