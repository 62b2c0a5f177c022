//! What the machine can do with no product around it: the floors that `benches/run.py` holds hissab against.
//!
//! `floor hello` prints a word. `floor insert BOOK NEW` reads the rows of a hissab book into memory, then times
//! the raw insert of the same transactions and sorted entries into a new file in the same layout: no chain, no
//! words, no source rows, no fences. `floor walk BOOK` times the bare join of transactions and entries. Times
//! go to stdout in seconds. `floor groups NEW` says how many postings a second SQLite commits durably in groups of
//! 32, with every row that hissab writes for one over HTTP and no fence. `floor serve BYTES` answers every request
//! with so many bytes of JSON, on the port it prints.

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
        ["groups", new] => groups(new),
        #[cfg(feature = "server")]
        ["serve", bytes] => {
            serve(bytes.parse().expect("how many bytes"));
            Ok(())
        }
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

/// Groups that are committed, and the transactions of each.
const GROUPS: i64 = 4_000;
const GROUP: i64 = 32;

/// The tables of a book.
const TABLES: [&str; 2] = [
    include_str!("../migrations/sqlite/V0001__book.sql"),
    include_str!("../migrations/sqlite/V0002__search.sql"),
];

fn groups(new: &str) -> rusqlite::Result<()> {
    let conn = Connection::open(new)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF",
    )?;
    for tables in TABLES {
        conn.execute_batch(tables)?;
    }
    let fences: Vec<String> = conn
        .prepare("SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for fence in fences {
        conn.execute_batch(&fence)?;
    }
    let start = Instant::now();
    for group in 0..GROUPS {
        conn.execute_batch("BEGIN IMMEDIATE")?;
        for number in group * GROUP..(group + 1) * GROUP {
            post(&conn, number + 1)?;
        }
        conn.execute_batch("COMMIT")?;
    }
    println!(
        "{:.0}",
        (GROUPS * GROUP) as f64 / start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Every row of a posting that comes with a key: itself, two entries, their totals, the audit record, the key and
/// the words. Nothing is checked and nothing hashed.
fn post(conn: &Connection, number: i64) -> rusqlite::Result<()> {
    let id = u128::from(number.unsigned_abs()).to_be_bytes();
    let numbers = format!("[[{number},{number}]]");
    conn.prepare_cached(
        "INSERT INTO txn (number, id, day, voucher, status, version, void, seq, description)
         VALUES (?1, ?2, 9500, 3, 0, 1, 0, ?1, 'tea for the shop')",
    )?
    .execute((number, id))?;
    for (line, amount) in [(0, 1250), (1, -1250)] {
        conn.prepare_cached("INSERT INTO entry VALUES (?, 9500, ?, ?, ?, 1)")?
            .execute((line + 1, number, line, amount))?;
        conn.prepare_cached(
            "INSERT INTO total VALUES (?1, 1, 24316, 0, max(?2, 0), max(-?2, 0), 1)
             ON CONFLICT DO UPDATE SET debit = debit + max(?2, 0), credit = credit + max(-?2, 0), entries = entries + 1",
        )?
        .execute((line + 1, amount))?;
    }
    conn.prepare_cached(
        "INSERT INTO audit (seq, at, who, operation, action, numbers, changes, marks, digest, previous, hash)
         VALUES (?1, 1775520000000000 + ?1, 'asha@example.com', ?2, 'posted', ?3,
                 '[{\"change\":\"posted\",\"first\":' || ?1 || ',\"last\":' || ?1 || '}]',
                 randomblob(5), randomblob(32), randomblob(32), randomblob(32))",
    )?
    .execute((number, id, &numbers))?;
    conn.prepare_cached(
        "INSERT INTO request (key, content, seq, numbers, at, sum)
         VALUES ('load-0-' || ?1 || '-32', randomblob(32), ?1, ?2, 1775520000000000 + ?1, ?1)",
    )?
    .execute((number, &numbers))?;
    conn.prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, 'tea for the shop')")?
        .execute([number])?;
    Ok(())
}

#[cfg(feature = "server")]
fn serve(bytes: usize) {
    let text = format!("[\"{}\"]", "x".repeat(bytes.saturating_sub(4)));
    let text = bytes::Bytes::from(text);
    let answer = move || {
        let text = text.clone();
        async move { ([("content-type", "application/json")], text) }
    };
    let app = axum::Router::new().fallback(answer);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        println!("{}", listener.local_addr().expect("its address"));
        axum::serve(listener, app).await.expect("served");
    });
}
