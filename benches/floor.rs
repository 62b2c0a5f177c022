//! What the machine can do with no product around it: the floors that `benches/run.py` holds hissab against.
//!
//! `floor hello` prints a word. `floor insert BOOK NEW` reads the rows of a hissab book into memory, then times
//! the raw insert of the same transactions and sorted entries into a new file in the same layout: no chain, no
//! words, no source rows, no fences. `floor walk BOOK` times the bare join of transactions and entries. Times
//! go to stdout in seconds.

use std::time::Instant;

use rusqlite::{Connection, params_from_iter};

type Entry = (i64, i64, i64, i64, i64, i64);
type Row = (i64, Vec<u8>, i64, String, Option<String>);

fn main() -> rusqlite::Result<()> {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|w| w != "--bench")
        .collect();
    match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["insert", book, new] => insert(book, new),
        ["walk", book] => walk(book),
        _ => {
            println!("hello");
            Ok(())
        }
    }
}

fn insert(book: &str, new: &str) -> rusqlite::Result<()> {
    let from = Connection::open(book)?;
    let rows: Vec<Row> = from
        .prepare("SELECT number, id, day, description, reference FROM txn ORDER BY number")?
        .query_map([], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut entries: Vec<Entry> = from
        .prepare("SELECT account, day, txn, line, amount, currency FROM entry INDEXED BY entry_txn ORDER BY txn, line")?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)))?
        .collect::<Result<_, _>>()?;
    drop(from);
    let start = Instant::now();
    let conn = Connection::open(new)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
         CREATE TABLE txn (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, day INTEGER NOT NULL, description TEXT, reference TEXT) STRICT;
         CREATE TABLE entry (account INTEGER, day INTEGER, txn INTEGER, line INTEGER, amount INTEGER, currency INTEGER,
                             PRIMARY KEY (account, day, txn, line)) STRICT, WITHOUT ROWID;
         BEGIN",
    )?;
    let mut header = conn.prepare("INSERT INTO txn VALUES (?, ?, ?, ?, ?)")?;
    for (number, id, day, description, reference) in &rows {
        header.execute((number, id, day, description, reference))?;
    }
    entries.sort_unstable();
    let eight = format!(
        "INSERT INTO entry VALUES {}",
        ["(?, ?, ?, ?, ?, ?)"; 8].join(", ")
    );
    let mut many = conn.prepare(&eight)?;
    let chunks = entries.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        many.execute(params_from_iter(
            chunk.iter().flat_map(|e| [e.0, e.1, e.2, e.3, e.4, e.5]),
        ))?;
    }
    let mut one = conn.prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)")?;
    for entry in rest {
        one.execute(*entry)?;
    }
    conn.execute_batch("CREATE INDEX entry_txn ON entry (txn, line, amount, currency); COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
    println!("{:.3}", start.elapsed().as_secs_f64());
    Ok(())
}

fn walk(book: &str) -> rusqlite::Result<()> {
    let conn = Connection::open(book)?;
    let start = Instant::now();
    let mut statement = conn.prepare(
        "SELECT t.number, t.day, t.description, e.account, e.amount FROM txn t CROSS JOIN entry e INDEXED BY entry_txn ON e.txn = t.number
          ORDER BY t.number, e.line",
    )?;
    let mut rows = statement.query([])?;
    let mut sum = 0i64;
    while let Some(row) = rows.next()? {
        sum = sum
            .wrapping_add(row.get::<_, i64>(4)?)
            .wrapping_add(row.get_ref(2)?.as_str().map_or(0, str::len) as i64);
    }
    std::hint::black_box(sum);
    println!("{:.3}", start.elapsed().as_secs_f64());
    Ok(())
}
