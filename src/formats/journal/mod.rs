//! Plain-text journals, hledger's and Ledger's, both ways.
//!
//! [`read`] makes a [`CompactBook`] of one or more journals; [`mod@write`] makes an hledger or Ledger
//! journal of a book; [`changes`] makes a read journal something a book can take in.
//!
//! # How it is read
//!
//! One grammar reads both programs' journals; `hledger:` or `ledger:` before a file's name settles
//! the few places where they differ. What hissab does where they disagree:
//!
//! | journal says | hledger | Ledger | hissab |
//! | --- | --- | --- | --- |
//! | `1,000` and nothing shows the decimal mark | 1.000 | 1000 | 1000; 1.000 with `hledger:` |
//! | `D $1,000.00`, then a bare `5` | $5 | 5 | $5; 5 with `ledger:` |
//! | `= Expenses` rules | not applied | applied | not applied, counted |
//! | `-10 X {$10} @ $12` | weighs $120 | weighs $100 | $120, else $100 if only that balances; the other way with `ledger:` |
//! | real postings off by $1, `[virtual]` ones by $-1 | refused | accepted | accepted |
//! | an assertion of a real posting | counts virtual ones | leaves them out | counts them; leaves them out with `ledger:` |
//! | assertions and assignments | in order of date | in order of the file | in order of date; of the file with `ledger:` |
//! | `= 0` | no bare amounts are there | nothing is there | as hledger; as Ledger with `ledger:` |
//! | `commodity $1.00`, then $0.001 against $0 | accepted | refused | refused |
//! | an amount inferred from costs, $1.005 | kept, shown rounded | kept, shown rounded | rounded half-even to the commodity's places: $1.00 |
//! | `(account) 5` | one-sided | one-sided | the other side is `Equity:Virtual` |
//! | `alias`, `Y`, `D`, `apply` in an included file | end with it | go on | end with it |
//! | `1E3` | 1000 | refused | 1000 |
//! | year left out without `Y` | this year | this year | this year |

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use crate::ledger::chart::Chart;
use crate::ledger::compact::CompactBook;

mod amount;
mod assertions;
mod balance;
pub(in crate::formats) mod builder;
pub mod changes;
mod comment;
pub mod content;
mod date;
pub(in crate::formats) mod digest;
mod directives;
mod error;
mod expr;
mod finish;
pub(in crate::formats) mod include;
mod names;
mod open;
mod posting;
mod reader;
pub mod remarks;
pub(super) mod safe;
pub mod sameness;
pub(in crate::formats) mod scope;
mod settle;
pub(in crate::formats) mod source;
pub mod write;

use self::remarks::Holds;
pub use write::{JournalWriter, WriteOptions};

pub use changes::{JournalChanges, Known, identities};
pub use error::{ERRORS_MAX, Fault, JournalError};

/// Whose journal it is, where that matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    #[default]
    Auto,
    Hledger,
    Ledger,
}

/// Where a journal comes from.
pub enum From {
    Path(PathBuf),
    /// Standard input, or bytes in hand. Includes are relative to the current folder.
    Reader(Box<dyn Read>),
}

/// One journal to read.
pub struct Input {
    /// As errors name it.
    pub name: String,
    pub dialect: Dialect,
    pub from: From,
}

impl Input {
    /// A file.
    pub fn path(path: impl Into<PathBuf>, dialect: Dialect) -> Input {
        let path = path.into();
        Input {
            name: path.display().to_string(),
            dialect,
            from: From::Path(path),
        }
    }

    /// Bytes in hand.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Input {
        Input {
            name: name.into(),
            dialect: Dialect::Auto,
            from: From::Reader(Box::new(std::io::Cursor::new(bytes.into()))),
        }
    }
}

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Gives the year where a journal leaves it out.
    pub today: Date,
    /// What `~/` in an include means.
    pub home: Option<PathBuf>,
    /// `-I`: failed assertions are notes, not errors.
    pub ignore_assertions: bool,
    /// The commodity of bare amounts where no `D` directive says one.
    pub default_commodity: Option<String>,
    /// Bare amounts without any default are refused (imports).
    pub commodity_required: bool,
    /// The fewest decimal places of commodities: imports give those of the book's currencies.
    pub scales: BTreeMap<String, u8>,
    /// Currencies of ISO 4217 have at least its places (imports: a book's new currencies have them).
    pub iso_scales: bool,
    /// Hash every input (imports keep it).
    pub hash_inputs: bool,
    /// The book's accounts: a tool that names accounts without their place may mean one of these.
    pub accounts: Vec<String>,
    /// Of beancount: pass over plugins that hissab does not know.
    pub ignore_plugins: bool,
    /// The zone that moments are days of, where a CSV's rules read them.
    pub zone: jiff::tz::TimeZone,
}

impl ReadOptions {
    /// As `-f` reads.
    pub fn new(today: Date) -> ReadOptions {
        ReadOptions {
            today,
            home: None,
            ignore_assertions: false,
            default_commodity: None,
            commodity_required: false,
            scales: BTreeMap::new(),
            iso_scales: false,
            hash_inputs: false,
            accounts: Vec::new(),
            ignore_plugins: false,
            zone: jiff::tz::TimeZone::UTC,
        }
    }

    /// As an import into a book of this chart reads: amounts get the scales they will have there.
    pub fn import(today: Date, book: &Chart, default_commodity: Option<String>) -> ReadOptions {
        let mut scales = BTreeMap::new();
        for currency in book.currencies() {
            let symbol = currency
                .symbol
                .iter()
                .map(|s| (s.to_string(), currency.scale));
            scales.extend(symbol);
        }
        for currency in book.currencies() {
            scales.insert(currency.code.to_string(), currency.scale);
        }
        ReadOptions {
            default_commodity,
            commodity_required: true,
            scales,
            iso_scales: true,
            hash_inputs: true,
            accounts: book.accounts().iter().map(|a| a.path.to_string()).collect(),
            ..ReadOptions::new(today)
        }
    }
}

/// One file that was read, includes too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: Arc<str>,
    pub bytes: u64,
    /// If [`ReadOptions::hash_inputs`].
    pub sha256: Option<[u8; 32]>,
}

/// What a reader should know beside the book itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// `=` rules, not applied.
    pub automatic_rules: u64,
    /// `~` rules, not applied.
    pub periodic_rules: u64,
    /// Postings in parentheses: their other side is `Equity:Virtual`.
    pub unbalanced_virtual: u64,
    /// Transactions (places from 0) in which a cost came out uneven and a weight was rounded.
    pub weights_moved: Vec<u32>,
    /// Directives that were read and mean nothing here, with how often they stood there.
    pub ignored: Vec<(String, u64)>,
    /// With [`ReadOptions::ignore_assertions`].
    pub failed_assertions: Vec<JournalError>,
    /// Assertions that hold where they stand, but not at the end of their day: not taken into the book.
    pub assertions_within_a_day: u64,
    /// What readers of other tools' books say of their files, a line each.
    pub said: Vec<String>,
}

impl fmt::Display for Notes {
    /// A line for each thing worth saying.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = [
            (
                self.automatic_rules,
                "automatic (=) rules were read and not applied",
            ),
            (
                self.periodic_rules,
                "periodic (~) rules were read and not applied",
            ),
            (
                self.unbalanced_virtual,
                "postings in parentheses are balanced against Equity:Virtual (--real leaves them out)",
            ),
            (
                self.weights_moved.len() as u64,
                "transactions have costs that come out uneven: their weights were rounded to the currency",
            ),
            (
                self.failed_assertions.len() as u64,
                "balance assertions do not hold (-I)",
            ),
        ];
        for (count, text) in rules.iter().filter(|(count, _)| *count > 0) {
            writeln!(f, "{count} {text}")?;
        }
        for line in &self.said {
            writeln!(f, "{line}")?;
        }
        for (word, count) in &self.ignored {
            writeln!(
                f,
                "{count} {word} directives mean nothing here and were passed over"
            )?;
        }
        Ok(())
    }
}

/// A journal, read.
#[derive(Debug, Clone, Default)]
pub struct ReadJournal {
    pub book: CompactBook,
    /// In the order they were opened; a transaction's `source` is a place here.
    pub sources: Vec<Source>,
    pub notes: Notes,
    /// Which remarks it holds in full.
    pub holds: Holds,
}

/// Reads journals, one after the other, into one book.
///
/// Each input starts with its own directives, as separate `-f` files do in hledger.
/// Errors: everything that is wrong, up to [`ERRORS_MAX`], in order of file and line; failed
/// assertions after the rest, and only if the rest could be read.
pub fn read(inputs: Vec<Input>, options: &ReadOptions) -> Result<ReadJournal, Vec<JournalError>> {
    let mut reader = reader::Reader::new(options);
    for input in inputs {
        reader.input(input);
    }
    reader.finish()
}

#[cfg(test)]
mod tests;
