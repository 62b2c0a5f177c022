//! A book file as a whole: given to another database, and made from one.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Row, ToSql};
use uuid::Uuid;

use super::connection::{connect, prepare_draft};
use super::fault::{damaged, of_file};
use super::write::{entries, search};
use super::{SqliteBook, drafts, rows, scan};
use crate::book::stored::whole::{Cell, FACTS, Giver, REST, Table, Taker};
use crate::book::{BookError, Result};
use crate::ledger::transaction::Transaction;

impl Giver for SqliteBook {
    fn identity(&mut self) -> Result<(Uuid, Timestamp)> {
        let created: i64 = self
            .conn
            .query_row("SELECT created_at FROM book", [], |row| row.get(0))?;
        let created =
            Timestamp::from_microsecond(created).map_err(|_| damaged("when it was made"))?;
        Ok((self.id, created))
    }

    fn give(&mut self, to: &mut dyn Taker) -> Result<()> {
        let conn = &self.conn;
        FACTS.iter().try_for_each(|table| give(conn, table, to))?;
        let mut sequences = conn.prepare("SELECT number, seq FROM txn ORDER BY number")?;
        let mut sequences = sequences.query([])?;
        scan::by_numbers(conn, 1, i64::MAX as u64, &mut |transaction| {
            let missing = || damaged("its transactions are not in order");
            let row = sequences.next()?.ok_or_else(missing)?;
            if row.get::<_, u64>(0)? != transaction.number.0 {
                return Err(missing());
            }
            to.transaction(transaction, row.get(1)?)
        })?;
        REST.iter().try_for_each(|table| give(conn, table, to))
    }
}

fn give(conn: &Connection, table: &'static Table, to: &mut dyn Taker) -> Result<()> {
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        table.names(),
        table.name,
        table.order()
    );
    let mut statement = conn.prepare(&sql)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let cells: Result<Vec<Cell>> = (0..table.columns.len()).map(|at| cell(row, at)).collect();
        to.row(table, cells?)?;
    }
    Ok(())
}

fn cell(row: &Row<'_>, at: usize) -> Result<Cell> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Text(text) => Cell::Text(
            String::from_utf8(text.to_vec()).map_err(|_| damaged("a text that is not UTF-8"))?,
        ),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(damaged("a number with a fraction")),
    })
}

/// Makes a book at a path where nothing is from what another database gives, mode 0600, whole or not at all.
///
/// Errors: `file-exists`. What is made is not proved here.
pub fn make(to: &Path, from: &mut dyn Giver) -> Result<()> {
    super::snapshot::refuse_existing(to)?;
    let draft = drafts::begin(drafts::COPY, to)?;
    fill(draft.path(), from).map_err(|e| of_file(e, to))?;
    drafts::publish(draft, to)
}

fn fill(draft: &Path, from: &mut dyn Giver) -> Result<()> {
    let wait = std::time::Duration::from_secs(30);
    let mut conn = connect(draft, OpenFlags::SQLITE_OPEN_READ_WRITE, wait)?;
    prepare_draft(&mut conn)?;
    let (id, created) = from.identity()?;
    let tx = conn.transaction()?;
    // The fences are for books that somebody works on: what is made here has no name before it is whole.
    let fences = take_down(&tx)?;
    tx.execute(
        "INSERT INTO book (one, id, created_at) VALUES (1, ?1, ?2)",
        (id.as_bytes().as_slice(), created.as_microsecond()),
    )?;
    from.give(&mut Filling {
        conn: &tx,
        scales: None,
    })?;
    search::rebuild(&tx)?;
    for sql in fences {
        tx.execute_batch(&sql)?;
    }
    tx.commit()?;
    conn.execute_batch("PRAGMA journal_mode = WAL")?;
    conn.close().map_err(|(_, error)| BookError::from(error))
}

/// Drops every trigger and gives the statements that make them again.
fn take_down(conn: &Connection) -> Result<Vec<String>> {
    let mut statement =
        conn.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")?;
    let found: rusqlite::Result<Vec<(String, String)>> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect();
    let mut fences = Vec::new();
    for (name, sql) in found? {
        conn.execute_batch(&format!("DROP TRIGGER {name}"))?;
        fences.push(sql);
    }
    Ok(fences)
}

/// A book that is being filled.
struct Filling<'c> {
    conn: &'c Connection,
    /// Decimal places by currency key: known once all facts are there.
    scales: Option<Vec<u8>>,
}

impl Taker for Filling<'_> {
    fn row(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<()> {
        let marks = vec!["?"; row.len()].join(", ");
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({marks})",
            table.name,
            table.names()
        );
        self.conn
            .prepare_cached(&sql)?
            .execute(rusqlite::params_from_iter(row.iter()))?;
        Ok(())
    }

    fn transaction(&mut self, t: Transaction, sequence: u64) -> Result<()> {
        if self.scales.is_none() {
            self.scales = Some(rows::Keys::load(self.conn)?.scales.clone());
        }
        let scales = self.scales.as_deref().unwrap_or_default();
        entries::insert_header(self.conn, &t, sequence, scales)?;
        if t.is_void() {
            self.conn
                .prepare_cached("UPDATE txn SET void = 1 WHERE number = ?1")?
                .execute([t.number.0])?;
            return Ok(());
        }
        entries::insert(self.conn, &t)
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Int(number) => ValueRef::Integer(*number),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
