//! Work beside a bulk unit, each on a thread of its own: hashing the postings, and indexing their words.
//!
//! Neither needs the book: hashes come back in order for the digest, and the words go into an index of the same
//! shape in memory, whose few thousand rows are copied into the book's empty one when all else is written.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::super::fault::damaged;
use super::search;
use crate::book::Result;
use crate::ledger::audit::{Canon, Hash, put_transaction};
use crate::ledger::chart::Chart;
use crate::ledger::transaction::Transaction;

/// Runs of postings that may wait for the hashing lane.
const RUNS_WAITING: usize = 64;

/// Words that go to the indexing lane at once, in bytes, and how many such parcels may wait there.
const WORDS_BYTES: usize = 256 << 10;
const WORDS_WAITING: usize = 96;

/// Both lanes of one unit.
pub struct Lanes {
    run: Vec<Transaction>,
    /// `None` once there is no more to hash.
    runs: Option<SyncSender<Run>>,
    hashes: Receiver<Hash>,
    /// Runs sent whose hash has not come back.
    open: usize,
    /// The chart the next run is hashed with; `None` after anything may have changed it.
    chart: Option<Arc<Chart>>,
    /// `None` where the book has an index already: its words are put there with the rows.
    index: Option<JoinHandle<rusqlite::Result<Connection>>>,
}

/// Where words are sent to be indexed, and what comes of it.
type IndexLane = (SyncSender<Words>, JoinHandle<rusqlite::Result<Connection>>);

struct Run {
    chart: Arc<Chart>,
    transactions: Vec<Transaction>,
}

/// Words of transactions in one buffer: the first's number, and where those of each end. Numbers have no gaps.
#[derive(Default)]
struct Words {
    first: u64,
    text: String,
    ends: Vec<usize>,
}

impl Lanes {
    /// Starts both lanes; the book's word index must be empty.
    pub fn start(conn: &Connection) -> Result<Lanes> {
        let table: String = conn.query_row(
            "SELECT sql FROM sqlite_schema WHERE name = 'search'",
            [],
            |row| row.get(0),
        )?;
        let (words, to_index) = sync_channel(WORDS_WAITING);
        let index = thread::spawn(move || index(&table, to_index));
        Ok(Lanes::with(Some((words, index))))
    }

    /// Starts the hashing lane alone.
    pub fn hashing() -> Lanes {
        Lanes::with(None)
    }

    fn with(index: Option<IndexLane>) -> Lanes {
        let (runs, to_hash) = sync_channel(RUNS_WAITING);
        let (hashed, hashes) = channel();
        let (words, index) = index.unzip();
        thread::spawn(move || hash(to_hash, &hashed, words.as_ref()));
        Lanes {
            run: Vec::new(),
            runs: Some(runs),
            hashes,
            open: 0,
            chart: None,
            index,
        }
    }

    /// Whether the words of what is posted are taken care of.
    pub fn index_words(&self) -> bool {
        self.index.is_some()
    }

    /// Takes a posting; runs are of `size`.
    pub fn post(&mut self, transaction: Transaction, chart: &Chart, size: usize) {
        self.run.push(transaction);
        if self.run.len() >= size {
            self.send(chart);
        }
    }

    fn send(&mut self, chart: &Chart) {
        let size = self.run.len();
        let run = Run {
            chart: self
                .chart
                .get_or_insert_with(|| Arc::new(chart.clone()))
                .clone(),
            transactions: std::mem::replace(&mut self.run, Vec::with_capacity(size)),
        };
        self.open += 1;
        // A lane that is gone is noticed where its hashes are missed.
        if let Some(runs) = &self.runs {
            let _ = runs.send(run);
        }
    }

    /// Nothing more is posted: the lanes come to their end while the rows are written.
    pub fn end(&mut self, chart: &Chart) {
        if !self.run.is_empty() {
            self.send(chart);
        }
        self.runs = None;
    }

    /// Gives the hashes of all runs so far, in order; what follows begins a new run.
    pub fn close(&mut self, chart: &Chart, mut take: impl FnMut(&Hash)) {
        if !self.run.is_empty() {
            self.send(chart);
        }
        for _ in 0..std::mem::take(&mut self.open) {
            take(
                &self
                    .hashes
                    .recv()
                    .expect("the hashing lane answers every run"),
            );
        }
        self.chart = None;
    }

    /// Waits for the words and puts them into the book's index.
    pub fn finish(self, conn: &Connection) -> Result<()> {
        drop(self.runs);
        let Some(index) = self.index else {
            return Ok(());
        };
        let indexed = index
            .join()
            .map_err(|_| damaged("the words could not be indexed"))??;
        // Also makes the connection forget what it may remember of the empty index.
        conn.execute_batch("INSERT INTO search (search) VALUES ('delete-all')")?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
        let copied = copy(&indexed, conn);
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        Ok(copied?)
    }
}

fn hash(runs: Receiver<Run>, hashes: &Sender<Hash>, words: Option<&SyncSender<Words>>) {
    let mut waiting = Words::default();
    for run in runs {
        let mut canon = Canon::new("hissab/run/1");
        for transaction in &run.transactions {
            put_transaction(&mut canon, transaction, &run.chart);
            if words.is_none() {
                continue;
            }
            if waiting.ends.is_empty() {
                waiting.first = transaction.number.0;
            }
            search::put_words(&mut waiting.text, transaction);
            waiting.ends.push(waiting.text.len());
        }
        // Nobody waits for hashes or words of a unit that was given up.
        let _ = hashes.send(canon.finish());
        if let Some(words) = words
            && waiting.text.len() >= WORDS_BYTES
        {
            let _ = words.send(std::mem::take(&mut waiting));
        }
    }
    if let Some(words) = words {
        let _ = words.send(waiting);
    }
}

fn index(table: &str, words: Receiver<Words>) -> rusqlite::Result<Connection> {
    let conn = Connection::open_in_memory()?;
    conn.execute_batch(table)?;
    conn.execute_batch(
        "PRAGMA journal_mode = OFF; INSERT INTO search (search, rank) VALUES ('hashsize', 16777216); BEGIN",
    )?;
    let mut insert = conn.prepare("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?;
    for words in words {
        let mut from = 0;
        for (number, end) in (words.first..).zip(words.ends) {
            insert.execute(params![number, &words.text[from..end]])?;
            from = end;
        }
    }
    drop(insert);
    conn.execute_batch("COMMIT")?;
    Ok(conn)
}

/// The rows of a contentless index without column sizes: its pages and what they begin with.
fn copy(from: &Connection, to: &Connection) -> rusqlite::Result<()> {
    let mut read = from.prepare("SELECT id, block FROM search_data ORDER BY id")?;
    let mut write = to.prepare("INSERT OR REPLACE INTO search_data (id, block) VALUES (?1, ?2)")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        write.execute((row.get::<_, i64>(0)?, row.get::<_, Value>(1)?))?;
    }
    let mut read = from.prepare("SELECT segid, term, pgno FROM search_idx ORDER BY segid, term")?;
    let mut write = to.prepare("INSERT INTO search_idx (segid, term, pgno) VALUES (?1, ?2, ?3)")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        write.execute((
            row.get::<_, i64>(0)?,
            row.get::<_, Value>(1)?,
            row.get::<_, i64>(2)?,
        ))?;
    }
    Ok(())
}
