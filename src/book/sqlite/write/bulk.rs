//! The bulk path: thousands of postings in one unit.
//!
//! Fences on every row cost 2.6 times the rows themselves (measured), so the insert triggers come off inside the
//! one IMMEDIATE transaction and are made again before the sealing record, whose trigger checks every row.
//! Entries are held, sorted as the table is clustered, and appended; foreign keys stay on.

use rusqlite::{Connection, params_from_iter};

use super::super::fault::damaged;
use super::chart::{put_up, take_down};
use super::entries::insert_detail;
use super::headers::Headers;
use super::lanes::Lanes;
use super::state::Writer;
use crate::book::Result;
use crate::ledger::day::Day;
use crate::ledger::transaction::Transaction;

/// The fences a bulk unit takes down.
const FENCES: &[&str] = &[
    "txn_insert",
    "txn_inserted",
    "entry_insert",
    "entry_detail_insert",
    "source_row_insert",
];

/// Entries held before they are sorted and written: bounds the memory of any import to about 96 MiB here.
const HELD_MAX: usize = 4_000_000;

/// Rows in one INSERT statement.
const ROWS_A_STATEMENT: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    account: u32,
    day: i32,
    number: u32,
    line: u16,
    currency: u16,
    minor: i64,
}

/// A bulk unit under way.
pub struct Bulk<'c> {
    fences: Vec<String>,
    first: u64,
    held: Vec<Held>,
    headers: Headers<'c>,
    /// True where the book already had transactions, whose ids may come again.
    had_transactions: bool,
}

impl Bulk<'_> {
    /// Whether an id of this unit may already be in the book.
    pub fn may_repeat(&self) -> bool {
        self.had_transactions
    }

    /// Writes the header of a transaction and keeps its entries for later; details go in at once, they come in order.
    pub fn hold(
        &mut self,
        conn: &Connection,
        t: &Transaction,
        sequence: u64,
        scales: &[u8],
    ) -> Result<()> {
        self.headers.put(conn, t, sequence, scales)?;
        let day = Day::of(t.date).0;
        let number = u32::try_from(t.number.0)
            .map_err(|_| damaged("more transactions than a book can number"))?;
        for (line, entry) in t.entries.iter().enumerate() {
            self.held.push(Held {
                account: entry.account.0,
                day,
                number,
                line: line as u16,
                currency: entry.currency.0,
                minor: entry.minor,
            });
            insert_detail(conn, t.number.0, line, entry)?;
        }
        if self.held.len() >= HELD_MAX {
            self.put(conn)?;
        }
        Ok(())
    }

    /// Makes what was posted findable, for a change that looks at transactions.
    pub fn write(&mut self, conn: &Connection) -> Result<()> {
        self.put(conn)?;
        // Whoever reads a transaction names the index; from here on it grows with the rows.
        let is_index = |sql: &String| sql.starts_with("CREATE INDEX");
        let (indexes, fences) = self.fences.drain(..).partition(is_index);
        self.fences = fences;
        put_up(conn, &indexes)
    }

    /// Writes everything held.
    fn put(&mut self, conn: &Connection) -> Result<()> {
        self.headers.flush()?;
        self.held.sort_unstable();
        let many = format!(
            "INSERT INTO entry (account, day, txn, line, amount, currency) VALUES {}",
            vec!["(?, ?, ?, ?, ?, ?)"; ROWS_A_STATEMENT].join(", ")
        );
        let mut statement = conn.prepare_cached(&many)?;
        let chunks = self.held.chunks_exact(ROWS_A_STATEMENT);
        let rest = chunks.remainder();
        for chunk in chunks {
            statement.execute(params_from_iter(
                chunk.iter().flat_map(|held| held.values()),
            ))?;
        }
        let mut one = conn.prepare_cached("INSERT INTO entry (account, day, txn, line, amount, currency) VALUES (?, ?, ?, ?, ?, ?)")?;
        for held in rest {
            one.execute(held.values())?;
        }
        self.held.clear();
        Ok(())
    }
}

impl Held {
    fn values(&self) -> [i64; 6] {
        [
            i64::from(self.account),
            i64::from(self.day),
            i64::from(self.number),
            i64::from(self.line),
            self.minor,
            i64::from(self.currency),
        ]
    }
}

/// Takes the fences down.
pub fn begin(writer: &mut Writer<'_>, changes: usize) -> Result<()> {
    let mut fences = take_down(writer.conn, FENCES)?;
    writer.conn.execute_batch("PRAGMA cache_size = -65536")?;
    if writer.next_number == 1 {
        // A fresh book: the second index is faster built than grown, and the words beside the rows.
        fences.extend(take_down(writer.conn, &["entry_txn"])?);
        writer.unit.lanes = Some(Lanes::start(writer.conn)?);
    } else {
        writer
            .conn
            .execute_batch("INSERT INTO search (search, rank) VALUES ('hashsize', 33554432)")?;
        writer.unit.lanes = Some(Lanes::hashing());
    }
    writer.bulk = Some(Bulk {
        fences,
        first: writer.next_number,
        // Most changes are postings with their source rows, and most postings have two entries.
        held: Vec::with_capacity(changes.saturating_add(changes / 8).min(HELD_MAX)),
        headers: Headers::new(writer.conn)?,
        had_transactions: writer.next_number > 1,
    });
    Ok(())
}

/// Writes what is held, puts the fences up, and names the range that the record will seal.
pub fn finish(writer: &mut Writer<'_>) -> Result<()> {
    let Some(mut bulk) = writer.bulk.take() else {
        return Ok(());
    };
    if let Some(lanes) = &mut writer.unit.lanes {
        lanes.end(&writer.chart);
    }
    bulk.put(writer.conn)?;
    // Building the index needs the room.
    bulk.held = Vec::new();
    super::import::finish(writer)?;
    // Indexes first: triggers name them.
    let (indexes, triggers): (Vec<String>, Vec<String>) = bulk
        .fences
        .into_iter()
        .partition(|sql| sql.starts_with("CREATE INDEX"));
    put_up(writer.conn, &indexes)?;
    put_up(writer.conn, &triggers)?;
    if writer.next_number > bulk.first {
        writer.conn.execute(
            "INSERT INTO unsealed (first, last, seq) VALUES (?1, ?2, ?3)",
            (bulk.first, writer.next_number - 1, writer.next_sequence),
        )?;
    }
    Ok(())
}

/// Brings in what was done beside the writing: after the seal, which does not ask for it.
pub fn gather(writer: &mut Writer<'_>) -> Result<()> {
    match writer.unit.lanes.take() {
        Some(lanes) => lanes.finish(writer.conn),
        None => Ok(()),
    }
}
