//! The seam between the asynchronous server and the synchronous books: lanes over a fixed pool of threads (`pool`).
//!
//! Each book has one writer lane and a few readers. The writer lane commits in groups: it takes the units that
//! queued while the last commit was in flight, writes them as units of one commit, and answers each after it.
//! Lanes are queues, not threads: the pool takes from them organisation by organisation (`turns`). Whole-book streams
//! get threads of their own, so that a slow client cannot hold up the pool, and so do imports (`long`). At most so many books stay open; the one used longest ago is closed.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

use super::kept::Answered;
use super::lane::{Alone, Lane, Request, UnitRequest, held};
use super::pool::Pool;
use super::traces::Noted;
use crate::book::open::Shelf;
use crate::book::{self, Book, BookError};
use crate::ledger::change::Done;
use crate::ledger::chart::Chart;
use crate::wire::unit::OwnedUnit;

/// The most units that wait for one book's writer.
const WAITING_MAX: usize = 1024;
/// Whole-book streams at once, over all books.
const STREAMS_MAX: usize = 16;
/// Of those, over one book: slow readers of one organisation leave room for the others'.
const STREAMS_OF_ONE: usize = STREAMS_MAX / 2;
/// How long a stream waits for its reader before it gives up.
const STALLED_AFTER: Duration = Duration::from_secs(30);

/// Why a lane did not do its work.
#[derive(Debug, Error)]
pub enum LaneError {
    /// Too much is waiting already.
    #[error("too many requests are waiting")]
    Full,
    /// The server is stopping.
    #[error("the server is stopping")]
    Closing,
    #[error(transparent)]
    Book(#[from] BookError),
}

/// What the lanes have done, for the metrics.
#[derive(Debug, Default)]
pub struct LaneStats {
    pub commits: AtomicU64,
    pub units: AtomicU64,
    /// Microseconds that units waited before their commit began, in sum.
    pub waited_us: AtomicU64,
    pub waiting: AtomicUsize,
    pub streams: AtomicUsize,
    /// Imports and the like at work.
    pub long: AtomicUsize,
    pub open_books: AtomicUsize,
}

/// Which book: the organisation and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub org: Uuid,
    pub file: PathBuf,
}

/// All lanes of a server.
#[derive(Clone)]
pub struct Lanes {
    pool: Arc<Pool>,
}

impl Lanes {
    /// Lanes over `threads` threads; at most `open_max` books stay open.
    pub fn new(shelf: Shelf, threads: usize, open_max: usize) -> Lanes {
        Lanes {
            pool: Pool::begin(shelf, threads, open_max),
        }
    }

    /// Where the books are.
    pub fn shelf(&self) -> &Shelf {
        &self.pool.shelf
    }

    /// Another server wrote a book, by the key it is kept under: who waits for that looks.
    pub fn woken(&self, key: Uuid) {
        let named = |lane: &&Arc<Lane>| lane.file.file_stem() == Some(key.to_string().as_ref());
        let org = held(&self.pool.lanes).values().find(named).map(|l| l.org);
        self.pool.wake_of(org.unwrap_or(key));
    }

    pub fn stats(&self) -> &LaneStats {
        &self.pool.stats
    }

    /// Told after each write of a book; for one waiter, the book's tail.
    pub fn commits_of(&self, org: Uuid) -> Arc<Notify> {
        let mut woken = held(&self.pool.woken);
        woken.retain(|_, waiter| waiter.strong_count() > 0);
        let waiter = woken.get(&org).and_then(Weak::upgrade).unwrap_or_default();
        woken.insert(org, Arc::downgrade(&waiter));
        waiter
    }

    /// Reads a book: `work` sees one state of it.
    pub async fn read<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce(&mut dyn Book) -> book::Result<T> + Send + 'static,
    ) -> Result<T, LaneError> {
        let lane = self.pool.lane(&place)?;
        let (answer, answered) = oneshot::channel();
        let (noted, since) = (Noted::of(place.org), Instant::now());
        self.pool.submit(
            place.org,
            Box::new(move || {
                let result = noted.timed("read", since, || lane.with_reader(work));
                // Whoever asked may have gone away.
                let _ = answer.send(result);
            }),
        )?;
        Ok(answered.await.map_err(|_| LaneError::Closing)??)
    }

    /// As [`Lanes::read`], of a question that is answered from what was kept if the book has not moved since.
    ///
    /// What `work` gives is kept; where it refuses (`E`), nothing is.
    pub async fn answer<E: Send + 'static>(
        &self,
        place: Place,
        question: String,
        work: impl FnOnce(&mut dyn Book) -> book::Result<Result<Answered, E>> + Send + 'static,
    ) -> Result<Result<Answered, E>, LaneError> {
        let lane = self.pool.lane(&place)?;
        if let Some(answered) = lane.kept(&question) {
            return Ok(Ok(answered));
        }
        let (answer, answered) = oneshot::channel();
        let (noted, since) = (Noted::of(place.org), Instant::now());
        self.pool.submit(
            place.org,
            Box::new(move || {
                // Somebody may have asked the same while this waited.
                let look = |book: &mut dyn Book| match lane.kept_for(&question, book) {
                    Some(answered) => Ok(Ok(answered)),
                    None => work(book),
                };
                let result = noted.timed("read", since, || lane.with_reader(look));
                if let Ok(Ok(answered)) = &result {
                    held(&lane.kept).keep(question, answered);
                }
                let _ = answer.send(result);
            }),
        )?;
        Ok(answered.await.map_err(|_| LaneError::Closing)??)
    }

    /// The chart of a book, kept until one of its writes touches it; asked for each time where other servers write too.
    pub async fn chart(&self, place: Place) -> Result<Arc<Chart>, LaneError> {
        let lane = self.pool.lane(&place)?;
        let known = held(&lane.chart).clone();
        if let Some(chart) = known.chart.filter(|_| !self.pool.shelf.is_shared()) {
            return Ok(chart);
        }
        let chart = Arc::new(self.read(place, |book| book.chart()).await?);
        let mut kept = held(&lane.chart);
        // A write meanwhile may have touched what was read.
        if kept.generation == known.generation {
            kept.chart = Some(Arc::clone(&chart));
        }
        Ok(chart)
    }

    /// The chart of a book at a record that this server just wrote, or a later one.
    pub async fn chart_since(&self, place: Place, sequence: u64) -> Result<Arc<Chart>, LaneError> {
        let lane = self.pool.lane(&place)?;
        let written = held(&lane.chart).written.clone();
        match written.filter(|(at, _)| *at >= sequence) {
            Some((_, chart)) => Ok(chart),
            None => self.chart(place).await,
        }
    }

    /// Writes a unit in the next group: answered after its commit.
    pub async fn write(
        &self,
        place: Place,
        unit: OwnedUnit,
        who: String,
        at: Timestamp,
    ) -> Result<book::Result<Done>, LaneError> {
        let (answer, answered) = oneshot::channel();
        let request = UnitRequest {
            unit,
            who,
            at,
            since: Instant::now(),
            noted: Noted::of(place.org),
            answer,
        };
        self.enqueue(&place, Request::Unit(Box::new(request)))?;
        answered.await.map_err(|_| LaneError::Closing)
    }

    /// Has the writer's book for itself: dry runs, all-or-nothing lists of units.
    pub async fn alone<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce(&mut dyn Book) -> book::Result<T> + Send + 'static,
    ) -> Result<T, LaneError> {
        self.alone_as(place, Request::Alone, work).await
    }

    /// The same for long: imports, whole books. Other organisations' work goes on beside it.
    pub async fn long<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce(&mut dyn Book) -> book::Result<T> + Send + 'static,
    ) -> Result<T, LaneError> {
        self.alone_as(place, Request::Long, work).await
    }

    async fn alone_as<T: Send + 'static>(
        &self,
        place: Place,
        request: fn(Alone) -> Request,
        work: impl FnOnce(&mut dyn Book) -> book::Result<T> + Send + 'static,
    ) -> Result<T, LaneError> {
        let (answer, answered) = oneshot::channel();
        let (noted, since) = (Noted::of(place.org), Instant::now());
        let request = request(Box::new(move |book| {
            let result = noted.timed("write", since, || book.and_then(work));
            let _ = answer.send(result);
        }));
        self.enqueue(&place, request)?;
        Ok(answered.await.map_err(|_| LaneError::Closing)??)
    }

    /// Streams from one state of a book on a thread of its own. What `work` hands out arrives in the channel; when
    /// the other side goes away or stalls, it is told to stop.
    pub fn stream<T: Send + 'static>(
        &self,
        place: &Place,
        work: impl FnOnce(&mut dyn Book, &mut dyn FnMut(T) -> ControlFlow<()>) + Send + 'static,
    ) -> Result<mpsc::Receiver<T>, LaneError> {
        let lane = self.pool.lane(place)?;
        let stats = &self.pool.stats;
        let seat = self.pool.streaming.take(place.org, STREAMS_OF_ONE);
        let seat = seat.ok_or(LaneError::Full)?;
        if stats.streams.fetch_add(1, Ordering::Relaxed) >= STREAMS_MAX {
            stats.streams.fetch_sub(1, Ordering::Relaxed);
            return Err(LaneError::Full);
        }
        let (sender, receiver) = mpsc::channel(8);
        let pool = Arc::clone(&self.pool);
        let (noted, since) = (Noted::of(place.org), Instant::now());
        std::thread::spawn(move || {
            // The other side sees the end when all is noted.
            let last = sender.clone();
            let read = || {
                lane.with_reader(|book| {
                    work(book, &mut |item| send_within(&sender, item, &pool.closing));
                    Ok(())
                })
            };
            let ended = noted.timed("stream", since, read);
            // A book that cannot be opened ends the stream before its last line: the client sees that.
            drop((ended, seat, last));
            pool.stats.streams.fetch_sub(1, Ordering::Relaxed);
        });
        Ok(receiver)
    }

    /// Forgets what is known of a book that was replaced.
    pub fn forget(&self, place: &Place) {
        held(&self.pool.lanes).remove(&place.org);
    }

    /// Ends everything that waits, closes the books. No job is accepted afterwards.
    pub fn close(&self) {
        self.pool.close();
    }

    fn enqueue(&self, place: &Place, request: Request) -> Result<(), LaneError> {
        let lane = self.pool.lane(place)?;
        let stats = &self.pool.stats;
        let start = {
            let mut writer = held(&lane.writer);
            if writer.waiting.len() >= WAITING_MAX {
                return Err(LaneError::Full);
            }
            writer.waiting.push_back(request);
            stats.waiting.fetch_add(1, Ordering::Relaxed);
            !std::mem::replace(&mut writer.draining, true)
        };
        if start {
            let pool = Arc::clone(&self.pool);
            let drained = Arc::clone(&lane);
            let drain = Box::new(move || drained.drain(&pool));
            let submitted = self.pool.submit(place.org, drain);
            if submitted.is_err() {
                let mut writer = held(&lane.writer);
                writer.draining = false;
                stats
                    .waiting
                    .fetch_sub(writer.waiting.len(), Ordering::Relaxed);
                writer.waiting.clear();
            }
            return submitted;
        }
        Ok(())
    }
}

/// Hands an item to a stream's other side; stops where it is gone, stalled, or the server is stopping.
fn send_within<T>(sender: &mpsc::Sender<T>, item: T, closing: &AtomicBool) -> ControlFlow<()> {
    let since = Instant::now();
    let mut item = item;
    loop {
        match sender.try_send(item) {
            Ok(()) => return ControlFlow::Continue(()),
            Err(mpsc::error::TrySendError::Closed(_)) => return ControlFlow::Break(()),
            Err(mpsc::error::TrySendError::Full(back)) => item = back,
        }
        if since.elapsed() > STALLED_AFTER || closing.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
