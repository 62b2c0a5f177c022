//! One book's lane: the queue of its writer, its readers, its chart, its last answers. `lanes` runs them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::kept::{Answered, Kept};
use super::lanes::{LaneStats, Place};
use super::pool::Pool;
use super::traces::Noted;
use crate::book::open::{self, FileId, Shelf, Spot, gone, lost};
use crate::book::{self, Book, BookError};
use crate::ledger::change::{Change, Done, WriteMode};
use crate::ledger::chart::Chart;
use crate::wire::unit::OwnedUnit;

/// The most units in one commit.
const GROUP_MAX: usize = 64;
/// Readers kept open for one book.
const READERS_MAX: usize = 4;
/// How long another process may hold a book.
const BOOK_WAIT: Duration = Duration::from_secs(10);

/// A lock is only poisoned by a panic in code that holds it; what it guards is whole between statements.
pub fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One book: its writer, its readers, its chart.
pub struct Lane {
    pub org: Uuid,
    pub file: PathBuf,
    shelf: Shelf,
    pub writer: Mutex<Writer>,
    /// Only one thread at a time has the writer's book.
    pub book: Mutex<Option<Box<dyn Book>>>,
    pub readers: Mutex<Vec<Box<dyn Book>>>,
    pub chart: Mutex<KnownChart>,
    pub kept: Mutex<Kept>,
    /// Says where the book stands, and nothing else.
    watcher: Mutex<Option<Box<dyn Book>>>,
    /// Which file was opened, where the book is one.
    opened: OnceLock<FileId>,
    pub used: Mutex<Instant>,
}

/// The chart as of the last write that touched it.
#[derive(Clone, Default)]
pub struct KnownChart {
    /// How many writes have touched it.
    pub generation: u64,
    pub chart: Option<Arc<Chart>>,
    /// The chart as this server's last write found it, and which record that was: where other servers write too.
    pub written: Option<(u64, Arc<Chart>)>,
}

#[derive(Default)]
pub struct Writer {
    pub waiting: VecDeque<Request>,
    pub draining: bool,
}

/// Work that has the writer to itself, or is told why the book cannot be opened.
pub type Alone = Box<dyn FnOnce(std::result::Result<&mut dyn Book, BookError>) + Send>;

/// One thing that waits for a book's writer.
pub enum Request {
    Unit(Box<UnitRequest>),
    /// Something that needs the writer for itself.
    Alone(Alone),
    /// The same, and for long: not on a thread that others share.
    Long(Alone),
}

pub struct UnitRequest {
    pub unit: OwnedUnit,
    pub who: String,
    pub at: Timestamp,
    pub since: Instant,
    pub noted: Noted,
    pub answer: oneshot::Sender<book::Result<Done>>,
}

impl Lane {
    pub fn new(place: &Place, shelf: &Shelf) -> Lane {
        Lane {
            org: place.org,
            file: place.file.clone(),
            shelf: shelf.clone(),
            writer: Mutex::default(),
            book: Mutex::new(None),
            readers: Mutex::default(),
            chart: Mutex::default(),
            kept: Mutex::default(),
            watcher: Mutex::new(None),
            opened: OnceLock::new(),
            used: Mutex::new(Instant::now()),
        }
    }

    fn spot(&self) -> Spot<'_> {
        Spot {
            org: self.org,
            file: &self.file,
        }
    }

    /// Errors: the file that was opened was removed or replaced since. What is written to it then is lost when it is
    /// closed, and the next to open it would take its log for the other's.
    fn still_there(&self) -> book::Result<()> {
        match self.opened.get() {
            Some(file) if self.shelf.file(self.spot()).as_ref() != Some(file) => Err(gone()),
            _ => Ok(()),
        }
    }

    fn opens<T>(&self, opened: book::Result<T>) -> book::Result<T> {
        let opened = opened.map_err(lost)?;
        if let Some(file) = self.shelf.file(self.spot()) {
            // Whoever was first stays.
            let _ = self.opened.set(file);
        }
        Ok(opened)
    }

    pub fn forget_chart(&self) {
        let mut known = held(&self.chart);
        known.generation += 1;
        known.chart = None;
    }

    /// The answer that was given to a question, if the book has not moved since, whoever may write to it.
    pub fn kept(&self, question: &str) -> Option<Answered> {
        let kept = held(&self.kept).find(question)?;
        let stands = self.stands()?;
        (stands == kept.sequence).then_some(kept)
    }

    /// The same, by a reader that is at work already.
    pub fn kept_for(&self, question: &str, reader: &mut dyn Book) -> Option<Answered> {
        let kept = held(&self.kept).find(question)?;
        let stands = reader.sequence().ok()?;
        (stands == kept.sequence).then_some(kept)
    }

    /// Where the book stands. It is asked of a reader that does nothing else, so that nobody waits for a
    /// report to hear it.
    fn stands(&self) -> Option<u64> {
        self.still_there().ok()?;
        let mut slot = held(&self.watcher);
        let watcher = match &mut *slot {
            Some(watcher) => watcher,
            // Opened where others read anyway; until then everything is read.
            none => none.insert(held(&self.readers).pop()?),
        };
        let stands = watcher.sequence();
        if stands.is_err() {
            // One that cannot tell is let go; who reads then says why.
            *slot = None;
        }
        stands.ok()
    }

    /// A reader goes back to where the next one looks for it.
    fn rest(&self, reader: Box<dyn Book>) {
        let mut readers = held(&self.readers);
        if readers.len() < READERS_MAX {
            readers.push(reader);
        }
    }

    /// Runs `work` on a reader: one state of the book from its first read to its end.
    pub fn with_reader<T>(
        &self,
        work: impl FnOnce(&mut dyn Book) -> book::Result<T>,
    ) -> book::Result<T> {
        self.still_there()?;
        let kept = held(&self.readers).pop();
        let mut reader = match kept {
            Some(reader) => reader,
            None => self.opens(self.shelf.read(self.spot()))?,
        };
        let result = work(reader.as_mut());
        // No snapshot is held while the reader rests: the write-ahead log can be emptied.
        if reader.refresh().is_ok() {
            self.rest(reader);
        }
        result
    }

    /// Works through what waits for the writer, a group a commit, until nothing does or what comes takes long: that
    /// goes on elsewhere, and then here again.
    pub fn drain(self: &Arc<Lane>, pool: &Arc<Pool>) {
        let stats = &pool.stats;
        loop {
            let taken = {
                let mut writer = held(&self.writer);
                let taken = writer.take();
                if taken.is_empty() {
                    writer.draining = false;
                    return;
                }
                taken
            };
            stats.waiting.fetch_sub(taken.len(), Ordering::Relaxed);
            match taken {
                Taken::Long(work) => {
                    let (lane, pool_of_it) = (Arc::clone(self), Arc::clone(pool));
                    pool.apart(Box::new(move || {
                        lane.serve_whole(Taken::Alone(work), &pool_of_it);
                        if !pool_of_it.drain_again(&lane) {
                            lane.drain(&pool_of_it);
                        }
                    }));
                    return;
                }
                taken => self.serve_whole(taken, pool),
            }
            // A writer that never rests leaves its thread to whoever else waits, a group each.
            if pool.others_wait(self.org) && pool.drain_again(self) {
                return;
            }
        }
    }

    /// Serves what was taken; a panic of it is the end of it only.
    fn serve_whole(&self, taken: Taken, pool: &Pool) {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.serve(taken, &pool.stats);
        }));
        pool.wake_of(self.org);
        if done.is_err() {
            // Whoever waited sees a closed channel; the next group opens the book anew.
            *held(&self.book) = None;
            self.forget_chart();
        }
    }

    fn serve(&self, taken: Taken, stats: &LaneStats) {
        if let Err(error) = self.still_there() {
            return taken.refuse(&error);
        }
        let mut slot = held(&self.book);
        if slot.is_none() {
            match self.opens(self.shelf.write(self.spot(), BOOK_WAIT)) {
                Ok(book) => *slot = Some(book),
                Err(error) => return taken.refuse(&error),
            }
        }
        let Some(book) = slot.as_mut() else { return };
        match taken {
            Taken::Alone(work) | Taken::Long(work) => {
                work(Ok(book.as_mut()));
                self.forget_chart();
            }
            Taken::Group(requests) => self.commit(book.as_mut(), requests, stats),
        }
    }

    /// One commit for a group of units; each is answered after it.
    fn commit(&self, book: &mut dyn Book, requests: Vec<UnitRequest>, stats: &LaneStats) {
        let began = Instant::now();
        for request in &requests {
            let waited = began.duration_since(request.since).as_micros();
            let waited = u64::try_from(waited).unwrap_or(u64::MAX);
            stats.waited_us.fetch_add(waited, Ordering::Relaxed);
        }
        let units: Vec<_> = requests.iter().map(|r| r.unit.unit(&r.who, r.at)).collect();
        let traced = requests.iter().any(|request| request.noted.is_on());
        let (outcomes, flights) = match traced {
            true => open::flights(|| book.write(&units, WriteMode::Commit)),
            false => (book.write(&units, WriteMode::Commit), Vec::new()),
        };
        drop(units);
        let ended = Instant::now();
        for request in &requests {
            request.noted.step("lane wait", request.since, began);
            request.noted.step("commit", began, ended);
            request.noted.flights(&flights);
        }
        stats.commits.fetch_add(1, Ordering::Relaxed);
        stats
            .units
            .fetch_add(requests.len() as u64, Ordering::Relaxed);
        if requests
            .iter()
            .any(|r| r.unit.changes.iter().any(touches_chart))
        {
            self.forget_chart();
        }
        held(&self.chart).written = book.written_chart();
        match outcomes {
            Ok(outcomes) => {
                for (request, outcome) in requests.into_iter().zip(outcomes) {
                    let _ = request.answer.send(outcome);
                }
            }
            Err(error) => {
                for request in requests {
                    let _ = request.answer.send(Err(again(&error)));
                }
            }
        }
    }
}

/// Whether a change can alter accounts or currencies.
fn touches_chart(change: &Change) -> bool {
    !matches!(
        change,
        Change::Post(_)
            | Change::Unless { .. }
            | Change::Amend { .. }
            | Change::Void { .. }
            | Change::Reinstate { .. }
            | Change::Price(_)
            | Change::Assertion(_)
            | Change::SourceRow(_)
            | Change::Accept { .. }
    )
}

/// What the writer takes at once.
enum Taken {
    Group(Vec<UnitRequest>),
    Alone(Alone),
    Long(Alone),
}

impl Taken {
    fn is_empty(&self) -> bool {
        matches!(self, Taken::Group(group) if group.is_empty())
    }

    fn len(&self) -> usize {
        match self {
            Taken::Group(group) => group.len(),
            Taken::Alone(_) | Taken::Long(_) => 1,
        }
    }

    /// The book cannot be opened: everyone is told why.
    fn refuse(self, error: &BookError) {
        match self {
            Taken::Alone(work) | Taken::Long(work) => work(Err(again(error))),
            Taken::Group(group) => {
                for request in group {
                    let _ = request.answer.send(Err(again(error)));
                }
            }
        }
    }
}

impl Writer {
    /// The next group: units up to the first that wants the book for itself, or that one alone.
    fn take(&mut self) -> Taken {
        let mut group = Vec::new();
        while group.len() < GROUP_MAX {
            match self.waiting.pop_front() {
                Some(Request::Unit(unit)) => group.push(*unit),
                Some(Request::Alone(work)) if group.is_empty() => return Taken::Alone(work),
                Some(Request::Long(work)) if group.is_empty() => return Taken::Long(work),
                Some(alone) => {
                    self.waiting.push_front(alone);
                    break;
                }
                None => break,
            }
        }
        Taken::Group(group)
    }
}

/// An error of the whole commit, for one of those it concerns.
fn again(error: &BookError) -> BookError {
    match error {
        BookError::Busy => BookError::Busy,
        BookError::ReadOnly { why } => BookError::ReadOnly { why: why.clone() },
        BookError::Newer { found, known } => BookError::Newer {
            found: *found,
            known: *known,
        },
        BookError::NotFound { what } => BookError::NotFound { what: what.clone() },
        BookError::Damaged { what } => BookError::Damaged { what: what.clone() },
        other => BookError::Io {
            what: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wants_the_book_alone_does_not_join_a_group() {
        let unit = || {
            let (answer, _) = oneshot::channel();
            let unit = OwnedUnit {
                operation: crate::ledger::change::OperationId(Uuid::nil()),
                action: "posted".to_owned(),
                reason: None,
                once: None,
                changes: Vec::new(),
            };
            Request::Unit(Box::new(UnitRequest {
                unit,
                who: "a".to_owned(),
                at: Timestamp::UNIX_EPOCH,
                since: Instant::now(),
                noted: Noted::default(),
                answer,
            }))
        };
        let mut writer = Writer::default();
        writer
            .waiting
            .extend([unit(), unit(), Request::Alone(Box::new(|_| ())), unit()]);
        let lengths: Vec<(bool, usize)> = std::iter::from_fn(|| {
            let taken = writer.take();
            (!taken.is_empty()).then(|| (matches!(taken, Taken::Alone(_)), taken.len()))
        })
        .collect();
        assert_eq!(lengths, [(false, 2), (true, 1), (false, 1)]);
    }
}
