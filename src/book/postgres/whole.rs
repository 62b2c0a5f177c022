//! A book as a whole: given to another database, and taken in from one, in one transaction.
//!
//! What is taken in comes under the same fences as anything else: rows first, each under the record that last changed
//! it, the audit records last, which seal them.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::PgBook;
use super::link::Link;
use super::records::instant;
use super::rows::{self, COLUMNS, at, big};
use super::store::Store;
use super::write::{Transactions, claim};
use crate::book::stored::whole::{Cell, FACTS, Giver, Kind, REST, Table, Taker};
use crate::book::{BookError, Result};
use crate::ledger::audit::{GENESIS, Hash};
use crate::ledger::transaction::Transaction;

/// Rows read or sent at once.
const PAGE: usize = 2_000;
/// Bytes of texts that wait to be sent.
const BYTES_MAX: usize = 8 << 20;

impl Giver for PgBook {
    fn identity(&mut self) -> Result<(Uuid, Timestamp)> {
        let id = self.id;
        self.look(|link| {
            let row = link.one(
                "SELECT created_at FROM hissab.book WHERE org_id = $1",
                &[&link.org],
            )?;
            Ok((id, instant(at(&row, 0)?)?))
        })
    }

    fn give(&mut self, to: &mut dyn Taker) -> Result<()> {
        self.look(|link| {
            FACTS.iter().try_for_each(|table| give(link, table, to))?;
            let keys = rows::keys(link)?;
            let columns = format!("{COLUMNS}, seq");
            cursor(link, "txn", &columns, "number", &mut |row| {
                to.transaction(rows::transaction(row, &keys)?, rows::count_at(row, 19)?)
            })?;
            REST.iter().try_for_each(|table| give(link, table, to))
        })
    }
}

fn give(link: &Link, table: &'static Table, to: &mut dyn Taker) -> Result<()> {
    let (names, order) = (table.names(), table.order());
    cursor(link, table.name, &names, &order, &mut |row| {
        let cells: Result<Vec<Cell>> = (0..table.columns.len())
            .map(|column| cell(row, column, table.columns[column].1))
            .collect();
        to.row(table, cells?)
    })
}

/// Every row of the organisation in a table, page by page.
fn cursor(
    link: &Link,
    table: &str,
    columns: &str,
    order: &str,
    take: &mut dyn FnMut(&Row) -> Result<()>,
) -> Result<()> {
    link.batch(&format!(
        "DECLARE whole_{table} NO SCROLL CURSOR FOR SELECT {columns} FROM hissab.{table} WHERE org_id = '{}' ORDER BY {order}",
        link.org
    ))?;
    let fetch = format!("FETCH {PAGE} FROM whole_{table}");
    loop {
        let page = link.all(&fetch, &[])?;
        page.iter().try_for_each(&mut *take)?;
        if page.len() < PAGE {
            return link.batch(&format!("CLOSE whole_{table}"));
        }
    }
}

fn cell(row: &Row, column: usize, kind: Kind) -> Result<Cell> {
    let int = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
    let bytes = |bytes: Option<&[u8]>| bytes.map_or(Cell::Null, |b| Cell::Bytes(b.to_vec()));
    Ok(match kind {
        Kind::Small => int(at::<Option<i16>>(row, column)?.map(i64::from)),
        Kind::Int => int(at::<Option<i32>>(row, column)?.map(i64::from)),
        Kind::Big => int(at(row, column)?),
        Kind::Flag => int(at::<Option<bool>>(row, column)?.map(i64::from)),
        Kind::Id => bytes(
            at::<Option<Uuid>>(row, column)?
                .as_ref()
                .map(|id| id.as_bytes().as_slice()),
        ),
        Kind::Bytes => bytes(at(row, column)?),
        Kind::Text => at::<Option<String>>(row, column)?.map_or(Cell::Null, Cell::Text),
    })
}

/// The state of a book that another is to replace: nothing is replaced if it moved on.
#[derive(Debug, Clone, Copy)]
pub struct Replaced {
    /// The key its rows are under.
    pub key: Uuid,
    pub sequence: u64,
    pub head: Hash,
}

/// What stands where a book was that another replaced.
const REPLACED: &str = "replaced";

impl PgBook {
    /// Takes a whole book in under a key that is free.
    ///
    /// Errors: `book-exists`; whatever the fences refuse. Nothing is there then.
    pub fn take_in(store: &Arc<Store>, key: Uuid, from: &mut dyn Giver) -> Result<()> {
        let link = Link::writing(store, key)?;
        fill(&link, from)?;
        link.end()
    }

    /// Takes a whole book in under a new key, and lets the organisation's row of the registry name it instead of the
    /// one that was there, whose rows stay for a while. Gives the file's name that stands for it.
    ///
    /// Errors: `book-moved` if the replaced one is not where it was.
    pub fn replace(
        store: &Arc<Store>,
        org: Uuid,
        was: Replaced,
        from: &mut dyn Giver,
    ) -> Result<String> {
        let key = Uuid::now_v7();
        let file = format!("{key}.hissab");
        let link = Link::writing(store, key)?;
        fill(&link, from)?;
        link.enter(was.key)?;
        let kept = link.run(
            "UPDATE hissab.org_counters SET moved = $4 WHERE org_id = $1 AND sequence = $2 AND head = $3 AND moved IS NULL",
            &[&was.key, &big(was.sequence), &was.head.as_slice(), &REPLACED],
        )?;
        let named = link.run(
            "UPDATE hissab_server.org SET file = $2 WHERE id = $1",
            &[&org.as_bytes().as_slice(), &file],
        )?;
        super::discard::note(&link, org, was.key)?;
        // What servers keep of the registry is old from here on.
        link.batch("UPDATE hissab_server.server SET version = version + 1")?;
        if (kept, named) != (1, 1) {
            return Err(BookError::Conflict {
                code: "book-moved",
                message: "somebody wrote to the book meanwhile: nothing was replaced".to_owned(),
                hint: None,
                operation: None,
            });
        }
        link.end()?;
        Ok(file)
    }

    /// Says where the home of the book is from now on: its writers are refused. `None`: here.
    ///
    /// Errors: its home is at a third place already.
    pub fn set_moved(store: &Arc<Store>, key: Uuid, place: Option<&str>) -> Result<()> {
        let link = Link::writing(store, key)?;
        let sql = "SELECT moved FROM hissab.org_counters WHERE org_id = $1 FOR UPDATE";
        let row = link.one(sql, &[&key])?;
        let there: Option<String> = at(&row, 0)?;
        if place.is_some() && there.as_deref() != place {
            refuse_moved(there, key)?;
        }
        link.run(
            "UPDATE hissab.org_counters SET moved = $2 WHERE org_id = $1",
            &[&key, &place],
        )?;
        link.end()
    }
}

/// Why a book takes no writers, if it does not.
pub fn refuse_moved(moved: Option<String>, org: Uuid) -> Result<()> {
    match moved {
        None => Ok(()),
        Some(place) if place == REPLACED => Err(BookError::Conflict {
            code: "book-moved",
            message: "the book was replaced by another meanwhile: ask again".to_owned(),
            hint: None,
            operation: None,
        }),
        Some(place) => Err(BookError::Elsewhere {
            path: format!("the book of organisation {org}").into(),
            mark: crate::book::mark::Mark {
                kind: crate::book::mark::MarkKind::Moved,
                place,
            },
        }),
    }
}

fn fill(link: &Link, from: &mut dyn Giver) -> Result<()> {
    let (id, created) = from.identity()?;
    claim(link, id, created)?;
    let mut filling = Filling {
        link,
        scales: None,
        table: None,
        columns: Vec::new(),
        rows: 0,
        bytes: 0,
        transactions: Transactions::default(),
        number: 0,
        sequence: 0,
        head: GENESIS,
    };
    from.give(&mut filling)?;
    filling.send()?;
    let (number, sequence) = (filling.number, filling.sequence);
    link.run(
        "INSERT INTO hissab.org_counters (org_id, number, sequence, head) VALUES ($1, $2, $3, $4)",
        &[&link.org, &number, &sequence, &filling.head.as_slice()],
    )?;
    Ok(())
}

/// A column of rows that wait.
enum Column {
    Small(Vec<Option<i16>>),
    Int(Vec<Option<i32>>),
    Big(Vec<Option<i64>>),
    Flag(Vec<Option<bool>>),
    Id(Vec<Option<Uuid>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Text(Vec<Option<String>>),
}

impl Column {
    fn of(kind: Kind) -> Column {
        match kind {
            Kind::Small => Column::Small(Vec::new()),
            Kind::Int => Column::Int(Vec::new()),
            Kind::Big => Column::Big(Vec::new()),
            Kind::Flag => Column::Flag(Vec::new()),
            Kind::Id => Column::Id(Vec::new()),
            Kind::Bytes => Column::Bytes(Vec::new()),
            Kind::Text => Column::Text(Vec::new()),
        }
    }

    fn type_name(kind: Kind) -> &'static str {
        match kind {
            Kind::Small => "smallint[]",
            Kind::Int => "integer[]",
            Kind::Big => "bigint[]",
            Kind::Flag => "boolean[]",
            Kind::Id => "uuid[]",
            Kind::Bytes => "bytea[]",
            Kind::Text => "text[]",
        }
    }

    fn push(&mut self, cell: Cell) -> Result<()> {
        let strange = || super::fault::damaged("a column is not what hissab wrote");
        let number = match &cell {
            Cell::Int(number) => Some(*number),
            _ => None,
        };
        let null = cell == Cell::Null;
        match (self, cell) {
            (Column::Text(to), Cell::Text(text)) => to.push(Some(text)),
            (Column::Text(to), Cell::Null) => to.push(None),
            (Column::Bytes(to), Cell::Bytes(bytes)) => to.push(Some(bytes)),
            (Column::Bytes(to), Cell::Null) => to.push(None),
            (Column::Id(to), Cell::Bytes(bytes)) => {
                to.push(Some(Uuid::from_slice(&bytes).map_err(|_| strange())?));
            }
            (Column::Id(to), Cell::Null) => to.push(None),
            (to, _) if null || number.is_some() => to.push_number(number).ok_or_else(strange)?,
            _ => return Err(strange()),
        }
        Ok(())
    }

    /// `None`: the column takes no numbers, or none so large.
    fn push_number(&mut self, number: Option<i64>) -> Option<()> {
        match self {
            Column::Small(to) => to.push(number.map(i16::try_from).transpose().ok()?),
            Column::Int(to) => to.push(number.map(i32::try_from).transpose().ok()?),
            Column::Big(to) => to.push(number),
            Column::Flag(to) => to.push(number.map(|n| n != 0)),
            Column::Id(_) | Column::Bytes(_) | Column::Text(_) => return None,
        }
        Some(())
    }

    fn param(&self) -> &(dyn ToSql + Sync) {
        match self {
            Column::Small(values) => values,
            Column::Int(values) => values,
            Column::Big(values) => values,
            Column::Flag(values) => values,
            Column::Id(values) => values,
            Column::Bytes(values) => values,
            Column::Text(values) => values,
        }
    }
}

/// A book that is being filled.
struct Filling<'l> {
    link: &'l Link,
    /// Decimal places by currency key: known once all facts are there.
    scales: Option<Vec<u8>>,
    /// Rows of one table that wait.
    table: Option<&'static Table>,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    transactions: Transactions,
    /// Where the history stands, for the counters.
    number: i64,
    sequence: i64,
    head: Hash,
}

impl Taker for Filling<'_> {
    fn row(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<()> {
        if self.table != Some(table) || self.rows >= PAGE || self.bytes >= BYTES_MAX {
            self.send()?;
            self.table = Some(table);
            self.columns = table.columns.iter().map(|c| Column::of(c.1)).collect();
        }
        if table.name == "audit" {
            self.seen(&row);
        }
        for (column, cell) in self.columns.iter_mut().zip(row) {
            self.bytes += match &cell {
                Cell::Text(text) => text.len(),
                Cell::Bytes(bytes) => bytes.len(),
                Cell::Null | Cell::Int(_) => 8,
            };
            column.push(cell)?;
        }
        self.rows += 1;
        Ok(())
    }

    fn transaction(&mut self, t: Transaction, sequence: u64) -> Result<()> {
        if self.table.is_some() {
            self.send()?;
        }
        if self.scales.is_none() {
            self.scales = Some(rows::keys(self.link)?.scales);
        }
        let (org, scales) = (self.link.org, self.scales.as_deref().unwrap_or_default());
        self.number = big(t.number.0);
        self.transactions.push(org, &t, sequence, scales);
        match self.transactions.len() >= PAGE {
            true => self.send(),
            false => Ok(()),
        }
    }
}

impl Filling<'_> {
    /// Notes where the history stands after a record.
    fn seen(&mut self, record: &[Cell]) {
        if let Some(Cell::Int(sequence)) = record.first() {
            self.sequence = *sequence;
        }
        if let Some(Cell::Bytes(hash)) = record.last()
            && let Ok(hash) = hash.as_slice().try_into()
        {
            self.head = hash;
        }
    }

    /// Sends what waits.
    fn send(&mut self) -> Result<()> {
        let transactions = std::mem::take(&mut self.transactions);
        if !transactions.is_empty() {
            self.link.launch(transactions)?;
        }
        let Some(table) = self.table.take() else {
            return Ok(());
        };
        let columns = std::mem::take(&mut self.columns);
        (self.rows, self.bytes) = (0, 0);
        let types: Vec<String> = table
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| format!("${}::{}", at + 2, Column::type_name(column.1)))
            .collect();
        let sql = format!(
            "INSERT INTO hissab.{} (org_id, {}) SELECT $1, * FROM unnest({})",
            table.name,
            table.names(),
            types.join(", ")
        );
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&self.link.org];
        params.extend(columns.iter().map(Column::param));
        self.link.run(&sql, &params)?;
        Ok(())
    }
}
