//! Whole books as other programs take them in, apart from journals: one file a format.
//!
//! A writer gets the facts of the book first, then every transaction in order of date. Names that
//! the other program would refuse are mapped (see `names`); what it cannot say is kept as
//! metadata where it has any. Balances per account and currency are always the book's own.

use std::io::{self, Write};
use std::rc::Rc;

use jiff::civil::Date;

use crate::ledger::change::{Assertion, PriceChange};
use crate::ledger::chart::Chart;
use crate::ledger::settings::Settings;
use crate::ledger::transaction::Transaction;

mod beancount;
pub(super) mod names;
mod qif;
mod sql;
mod tally;

/// What a writer knows before the first transaction.
#[derive(Debug, Clone)]
pub struct Facts {
    pub chart: Rc<Chart>,
    pub settings: Settings,
    /// By date.
    pub prices: Vec<PriceChange>,
    /// Empty where only a part of the book is written: they would not hold there.
    pub assertions: Vec<Assertion>,
    /// Those that the books contradict, apart from them for programs that would not read the file.
    pub failing: Vec<Assertion>,
    /// Dates of the first and the last transaction.
    pub span: Option<(Date, Date)>,
}

/// The formats written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookFormat {
    Beancount,
    Sql,
    Qif,
    Tally,
}

impl BookFormat {
    pub const ALL: [BookFormat; 4] = [
        BookFormat::Beancount,
        BookFormat::Sql,
        BookFormat::Qif,
        BookFormat::Tally,
    ];

    pub fn word(self) -> &'static str {
        match self {
            BookFormat::Beancount => "beancount",
            BookFormat::Sql => "sql",
            BookFormat::Qif => "qif",
            BookFormat::Tally => "tally",
        }
    }

    /// By its word, or the extension of a file's name.
    pub fn from_word(word: &str) -> Option<BookFormat> {
        match word {
            "bean" => Some(BookFormat::Beancount),
            "xml" => Some(BookFormat::Tally),
            other => BookFormat::ALL.into_iter().find(|f| f.word() == other),
        }
    }

    /// How a file of it is called, and what it is to a browser.
    pub fn file_type(self) -> (&'static str, &'static str) {
        match self {
            BookFormat::Beancount => ("beancount", "text/plain; charset=utf-8"),
            BookFormat::Sql => ("sql", "application/sql"),
            BookFormat::Qif => ("qif", "application/qif"),
            BookFormat::Tally => ("xml", "application/xml"),
        }
    }

    /// A writer that has written nothing yet.
    pub fn writer<'w>(self, out: &'w mut dyn Write, facts: Facts) -> Box<dyn BookWriter + 'w> {
        match self {
            BookFormat::Beancount => Box::new(beancount::Beancount::new(out, facts)),
            BookFormat::Sql => Box::new(sql::Sql::new(out, facts)),
            BookFormat::Qif => Box::new(qif::Qif::new(out, facts)),
            BookFormat::Tally => Box::new(tally::Tally::new(out, facts)),
        }
    }
}

/// Writes a book, a transaction at a time.
pub trait BookWriter {
    /// What stands before the transactions.
    fn head(&mut self) -> io::Result<()>;

    /// One transaction that counts; they come by date, then number.
    ///
    /// Errors: `Unsupported`, with the reason, of one that the format cannot say.
    fn transaction(&mut self, transaction: &Transaction) -> io::Result<()>;

    /// What stands after them.
    fn end(&mut self) -> io::Result<()>;
}
