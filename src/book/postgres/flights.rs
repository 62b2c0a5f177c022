//! When this thread waited for the database: for whoever wants to know where the time of its work went.

use std::cell::RefCell;
use std::time::Instant;

/// From when to when.
pub type Flight = (Instant, Instant);

/// Flights that are noted of one piece of work: an import may have thousands.
const NOTED_MAX: usize = 64;

thread_local! {
    static NOTED: RefCell<Option<Vec<Flight>>> = const { RefCell::new(None) };
}

/// Runs `work`; gives what it waited for the database on this thread, the first of it where there is much.
pub fn during<T>(work: impl FnOnce() -> T) -> (T, Vec<Flight>) {
    // Put back also where the work panics: the thread goes on to other work.
    struct Outer(Option<Vec<Flight>>);
    impl Drop for Outer {
        fn drop(&mut self) {
            NOTED.set(self.0.take());
        }
    }
    let outer = Outer(NOTED.replace(Some(Vec::new())));
    let done = work();
    let noted = NOTED.take().unwrap_or_default();
    drop(outer);
    (done, noted)
}

/// Waits, and notes that if somebody wants to know.
pub fn noted<T>(wait: impl FnOnce() -> T) -> T {
    if NOTED.with_borrow(Option::is_none) {
        return wait();
    }
    let from = Instant::now();
    let done = wait();
    let flight = (from, Instant::now());
    NOTED.with_borrow_mut(|noted| {
        if let Some(noted) = noted.as_mut().filter(|noted| noted.len() < NOTED_MAX) {
            noted.push(flight);
        }
    });
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_noted_and_not_without_end() {
        noted(|| ());
        let (done, flights) = during(|| (0..100).map(|n| noted(|| n)).sum::<i32>());
        assert_eq!((done, flights.len()), (4950, NOTED_MAX));
        assert!(flights.is_sorted_by_key(|(from, _)| *from));
        assert_eq!(during(|| ()).1, []);
        noted(|| ());
        assert!(NOTED.take().is_none());
    }
}
