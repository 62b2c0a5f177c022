//! A whole book on its way from one database to another, row by row.
//!
//! Most tables are the same in every database: their columns are listed here once, and go over as they stand. A
//! transaction goes over as a value, because its entries are kept in other shapes. Audit records come last: where
//! they are inserted, everything else is there to be sealed.

use jiff::Timestamp;
use uuid::Uuid;

use crate::book::Result;
use crate::ledger::transaction::Transaction;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A small code.
    Small,
    /// A key, a day, a month.
    Int,
    /// A number, a sequence, an amount, an instant.
    Big,
    Flag,
    Id,
    Bytes,
    Text,
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Null,
    /// Numbers and flags.
    Int(i64),
    Text(String),
    /// Bytes and ids.
    Bytes(Vec<u8>),
}

/// A table that is the same everywhere, organisation aside.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    /// In order of the key first, so that rows go over in its order.
    pub columns: &'static [(&'static str, Kind)],
    /// How many of the columns are the key.
    pub key: usize,
}

impl Table {
    /// The names of the columns, with commas between.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|c| c.0).collect();
        names.join(", ")
    }

    /// The names of the key's columns.
    pub fn order(&self) -> String {
        let names: Vec<&str> = self.columns[..self.key].iter().map(|c| c.0).collect();
        names.join(", ")
    }
}

use Kind::{Big, Bytes, Flag, Id, Int, Small, Text};

const SETTING: Table = Table {
    name: "setting",
    columns: &[("name", Text), ("value", Text), ("seq", Big)],
    key: 1,
};

const CURRENCY: Table = Table {
    name: "currency",
    columns: &[
        ("key", Int),
        ("code", Text),
        ("scale", Small),
        ("symbol", Text),
        ("name", Text),
        ("seq", Big),
    ],
    key: 1,
};

const ACCOUNT: Table = Table {
    name: "account",
    columns: &[
        ("key", Int),
        ("id", Id),
        ("path", Text),
        ("kind", Text),
        ("type", Text),
        ("opened_on", Int),
        ("closed_on", Int),
        ("more", Text),
        ("version", Int),
        ("seq", Big),
    ],
    key: 1,
};

const PRICE: Table = Table {
    name: "price",
    columns: &[
        ("commodity", Text),
        ("currency", Text),
        ("day", Int),
        ("rate", Text),
        ("seq", Big),
    ],
    key: 3,
};

const ASSERTION: Table = Table {
    name: "assertion",
    columns: &[
        ("key", Big),
        ("id", Id),
        ("day", Int),
        ("account", Int),
        ("currency", Text),
        ("amount", Text),
        ("subaccounts", Flag),
        ("source", Text),
        ("withdrawn", Flag),
        ("seq", Big),
    ],
    key: 1,
};

const ACCEPTED: Table = Table {
    name: "accepted",
    columns: &[
        ("key", Big),
        ("code", Text),
        ("reference", Text),
        ("reason", Text),
        ("seq", Big),
    ],
    key: 1,
};

const BATCH: Table = Table {
    name: "batch",
    columns: &[
        ("key", Big),
        ("id", Id),
        ("file", Text),
        ("sha256", Bytes),
        ("format", Text),
        ("account", Int),
        ("skipped", Big),
        ("added", Big),
        ("undone", Flag),
        ("first_seq", Big),
        ("seq", Big),
    ],
    key: 1,
};

const SOURCE_ROW: Table = Table {
    name: "source_row",
    columns: &[
        ("identity", Big),
        ("batch", Big),
        ("line", Big),
        ("number", Big),
        ("place", Big),
    ],
    key: 3,
};

const SOURCE_TEXT: Table = Table {
    name: "source_text",
    columns: &[("batch", Big), ("chunk", Big), ("data", Bytes)],
    key: 2,
};

const TOTAL: Table = Table {
    name: "total",
    columns: &[
        ("account", Int),
        ("currency", Int),
        ("month", Int),
        ("closing", Flag),
        ("debit", Big),
        ("credit", Big),
        ("entries", Big),
    ],
    key: 4,
};

const CONVERSION: Table = Table {
    name: "conversion",
    columns: &[("currency", Int), ("month", Int), ("amount", Big)],
    key: 2,
};

const AUDIT: Table = Table {
    name: "audit",
    columns: &[
        ("seq", Big),
        ("at", Big),
        ("who", Text),
        ("operation", Id),
        ("undoes", Id),
        ("action", Text),
        ("reason", Text),
        ("numbers", Text),
        ("changes", Text),
        ("marks", Bytes),
        ("digest", Bytes),
        ("previous", Bytes),
        ("hash", Bytes),
    ],
    key: 1,
};

/// What transactions and imports name: these go first.
pub const FACTS: &[Table] = &[SETTING, CURRENCY, ACCOUNT, PRICE, ASSERTION, ACCEPTED];

/// What goes after the transactions.
pub const REST: &[Table] = &[BATCH, SOURCE_TEXT, SOURCE_ROW, TOTAL, CONVERSION, AUDIT];

/// A book as it is given: facts, transactions by number, the rest.
pub trait Giver {
    /// The book's own id, and when it was made.
    fn identity(&mut self) -> Result<(Uuid, Timestamp)>;

    /// Hands over everything, from one state of the book.
    fn give(&mut self, to: &mut dyn Taker) -> Result<()>;
}

/// Where a book goes.
pub trait Taker {
    /// A row of a table that is the same everywhere.
    fn row(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<()>;

    /// A transaction, live or void, under the record that last changed it.
    fn transaction(&mut self, transaction: Transaction, sequence: u64) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_first() {
        for table in FACTS.iter().chain(REST) {
            assert!(table.key > 0 && table.key < table.columns.len());
            assert!(table.names().starts_with(&table.order()), "{}", table.name);
        }
    }
}
