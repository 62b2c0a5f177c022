//! The end of each audit log that somebody listens to: one reader a book, however many listeners.
//!
//! A tail is woken by the lanes after each commit and looks by itself now and then for what other processes
//! wrote. It reads the log from where it stood, keeps the newest events ready to send, and tells the
//! listeners how far it is. The log stays the truth: who is further behind reads it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::lanes::{LaneError, Lanes, Place};
use crate::book::{self, AuditQuery, Book};
use crate::wire::stream::EventBody;

/// Events a tail keeps ready.
const KEPT_MAX: usize = 256;
/// Records read from the log at once.
const PAGE: u64 = 256;
/// How often a tail looks for what was not written by this process.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// An event as it goes over the line.
#[derive(Debug, Clone)]
pub struct Event {
    pub sequence: u64,
    pub text: Bytes,
}

/// How far a tail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    pub sequence: u64,
    /// The book was replaced by another, or can no longer be read: listeners begin anew.
    pub ended: bool,
}

/// Where a book stands, and which book it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    pub book: Uuid,
    pub sequence: u64,
}

/// The tails of a server.
#[derive(Default)]
pub struct Tails {
    tails: Mutex<HashMap<Uuid, Weak<Tail>>>,
}

/// The end of one book's log.
pub struct Tail {
    book: Uuid,
    /// The newest events, without a gap.
    kept: Mutex<VecDeque<Event>>,
    reach: watch::Sender<Reach>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tails {
    /// The tail of a book that stands there; followed from now on if nobody listened before.
    pub fn follow(&self, lanes: &Lanes, place: &Place, stand: Stand) -> Arc<Tail> {
        let mut tails = held(&self.tails);
        if let Some(tail) = tails.get(&place.org).and_then(Weak::upgrade)
            && tail.book == stand.book
            && !tail.reach.borrow().ended
        {
            return tail;
        }
        tails.retain(|_, tail| tail.strong_count() > 0);
        let (reach, _) = watch::channel(Reach {
            sequence: stand.sequence,
            ended: false,
        });
        let tail = Arc::new(Tail {
            book: stand.book,
            kept: Mutex::default(),
            reach,
        });
        tails.insert(place.org, Arc::downgrade(&tail));
        let woken = lanes.commits_of(place.org);
        let task = follow(Arc::downgrade(&tail), woken, lanes.clone(), place.clone());
        tokio::spawn(task);
        tail
    }
}

impl Tail {
    /// How far the tail is, and when it goes on.
    pub fn reach(&self) -> watch::Receiver<Reach> {
        self.reach.subscribe()
    }

    /// The events after a sequence, if the tail still holds all of them.
    pub fn after(&self, sequence: u64) -> Option<Vec<Event>> {
        let kept = held(&self.kept);
        let first = kept.front()?.sequence;
        let skip = usize::try_from((sequence + 1).checked_sub(first)?).ok()?;
        (skip < kept.len()).then(|| kept.iter().skip(skip).cloned().collect())
    }

    fn push(&self, events: Vec<Event>) {
        let Some(sequence) = events.last().map(|e| e.sequence) else {
            return;
        };
        let mut kept = held(&self.kept);
        kept.extend(events);
        let spare = kept.len().saturating_sub(KEPT_MAX);
        kept.drain(..spare);
        drop(kept);
        self.reach.send_modify(|reach| reach.sequence = sequence);
    }

    fn end(&self) {
        self.reach.send_modify(|reach| reach.ended = true);
    }
}

/// Follows a log for as long as somebody listens.
async fn follow(tail: Weak<Tail>, woken: Arc<Notify>, lanes: Lanes, place: Place) {
    let mut slow = false;
    loop {
        if !slow {
            let _ = tokio::time::timeout(LOOK_EVERY, woken.notified()).await;
        }
        let Some(tail) = tail.upgrade() else { return };
        let (since, book) = (tail.reach.borrow().sequence, tail.book);
        match lanes.read(place.clone(), move |b| page(b, since)).await {
            Ok((stand, events)) if stand.book == book && stand.sequence >= since => {
                slow = events.last().is_some_and(|e| e.sequence < stand.sequence);
                tail.push(events);
            }
            // Another book, an older state of it, or none that can be read.
            Ok(_) | Err(LaneError::Closing) => return tail.end(),
            // The next look may do better; listeners lose nothing by waiting.
            Err(LaneError::Full | LaneError::Book(book::BookError::Busy)) => slow = false,
            Err(LaneError::Book(_)) => return tail.end(),
        }
    }
}

/// Where a book stands.
pub fn stand(book: &mut dyn Book) -> book::Result<Stand> {
    let info = book.info()?;
    Ok(Stand {
        book: info.id,
        sequence: info.sequence,
    })
}

/// The next events after a sequence, a page of them at most, and where the book stands.
pub fn page(book: &mut dyn Book, since: u64) -> book::Result<(Stand, Vec<Event>)> {
    let stand = stand(book)?;
    if stand.sequence <= since {
        return Ok((stand, Vec::new()));
    }
    let query = AuditQuery {
        since: Some(since),
        before: Some(since + PAGE + 1),
        ..AuditQuery::default()
    };
    let entries = book.audit(&query)?;
    let events = entries.iter().map(|entry| Event {
        sequence: entry.record.sequence,
        text: text(&EventBody::of(&entry.record)),
    });
    Ok((stand, events.collect()))
}

/// `id`, `event` and `data` lines, then an empty one. The action is a word of ours; should it ever hold a
/// line break, it may not make a line of its own.
fn text(event: &EventBody) -> Bytes {
    let action: String = event.action.chars().filter(|c| !c.is_control()).collect();
    // Texts and numbers only: it always serialises, on one line.
    let data = serde_json::to_string(event).unwrap_or_default();
    Bytes::from(format!(
        "id: {}\nevent: {action}\ndata: {data}\n\n",
        event.seq
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(events: std::ops::RangeInclusive<u64>) -> Tail {
        let (reach, _) = watch::channel(Reach {
            sequence: 0,
            ended: false,
        });
        let tail = Tail {
            book: Uuid::nil(),
            kept: Mutex::default(),
            reach,
        };
        let event = |sequence| Event {
            sequence,
            text: Bytes::new(),
        };
        tail.push(events.map(event).collect());
        tail
    }

    #[test]
    fn a_tail_gives_what_it_holds_whole_or_nothing() {
        let last = 10 + KEPT_MAX as u64 + 5;
        let tail = tail(10..=last);
        assert_eq!(tail.reach().borrow().sequence, last);
        let first = last + 1 - KEPT_MAX as u64;
        assert!(tail.after(first - 2).is_none(), "there would be a gap");
        let all = tail.after(first - 1).unwrap();
        assert_eq!((all[0].sequence, all.len()), (first, KEPT_MAX));
        assert_eq!(tail.after(last - 1).unwrap().len(), 1);
        assert!(tail.after(last).is_none(), "nothing is new");
    }
}
