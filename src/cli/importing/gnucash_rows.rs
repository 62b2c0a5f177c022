//! A GnuCash book in a SQLite file, row by row.
//!
//! Formats know no SQL and adapters know no formats, so the two meet here: the adapter's tables on one side, the
//! plain GnuCash book that the XML reader fills too on the other.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::book::BookError;
use crate::book::open::{self, Cell, Outside};
use crate::cli::error::{Failure, Result};
use crate::cli::journals;
use crate::formats::gnucash::model::{
    Account, Commodity, CommodityName, GnucashBook, Price, Ratio, Split, Transaction,
};
use crate::formats::journal::{ReadJournal, ReadOptions};
use crate::formats::whole;

/// The largest file.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// True if a file is SQLite's.
pub fn is_sqlite(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0u8; 15];
    std::fs::File::open(path)
        .and_then(|mut f| f.read_exact(&mut head))
        .is_ok()
        && &head == b"SQLite format 3"
}

/// Reads a book whole.
///
/// Errors: a file of another program, one that GnuCash is writing, one that is damaged.
pub fn read(name: &str, path: &Path, options: &ReadOptions) -> Result<ReadJournal> {
    let meta = std::fs::metadata(path).map_err(|e| Failure::file(path, &e))?;
    if meta.len() > FILE_BYTES_MAX {
        return Err(Failure::refused(
            "too-large",
            format!("{name} not read: the file is larger than 1 GiB"),
        ));
    }
    let outside = open::outside(path).map_err(|e| failure(name, e))?;
    let is_gnucash = ["accounts", "transactions", "splits", "commodities"]
        .iter()
        .map(|table| outside.columns(table))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|e| failure(name, e))?
        .iter()
        .all(|columns| columns.iter().any(|c| c == "guid"));
    if !is_gnucash {
        return Err(Failure::refused(
            "not-text",
            format!("{name} not read: the file is a SQLite database, and not of GnuCash"),
        )
        .hint("a hissab book is opened with --book, not imported"));
    }
    let book = Rows::default()
        .read(&outside)
        .map_err(|e| failure(name, e))?;
    let sha256 = digest(path)?;
    whole::read_gnucash(name, sha256, &book, options).map_err(|errors| journals::refused(&errors))
}

fn failure(name: &str, error: BookError) -> Failure {
    match error {
        BookError::Busy => Failure::refused(
            "open-elsewhere",
            format!("{name} not read: GnuCash is writing it, or ended while it did"),
        )
        .hint("close the file in GnuCash; if it is not open there, open and close it once"),
        BookError::NotABook { .. } | BookError::Damaged { .. } => Failure::refused(
            "damaged-file",
            format!("{name} not read: the SQLite file is damaged: {error}"),
        )
        .hint("open it in GnuCash and save it under another name"),
        other => Failure::from(other).while_doing(&format!("{name} not read")),
    }
}

/// Of the bytes, as every import keeps it.
fn digest(path: &Path) -> Result<[u8; 32]> {
    let io = |e: std::io::Error| Failure::file(path, &e);
    let mut file = std::fs::File::open(path).map_err(io)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 256 << 10];
    loop {
        match std::io::Read::read(&mut file, &mut chunk).map_err(io)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&chunk[..count]),
        }
    }
}

/// The day of a moment of GnuCash before 2.7: it wrote the midnight of the user's own zone in UTC, so that east of
/// Greenwich it stands in the evening before. Later versions write 10:59, which is the same day everywhere.
fn local_day(moment: &str) -> String {
    let digits: String = moment.chars().filter(char::is_ascii_digit).collect();
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i16>().ok();
    let day = || {
        let (month, day) = (part(4..6)?, part(6..8)?);
        let day = jiff::civil::Date::new(part(0..4)?, month as i8, day as i8).ok()?;
        match part(8..10) {
            Some(hour) if hour >= 12 => day.tomorrow().ok(),
            _ => Some(day),
        }
    };
    day().map_or_else(|| moment.to_owned(), |d| d.to_string())
}

/// What the tables say, while they are read.
#[derive(Default)]
struct Rows {
    commodities: HashMap<String, CommodityName>,
    notes: HashMap<String, String>,
    days: HashMap<String, String>,
    book: GnucashBook,
}

type Port<T> = std::result::Result<T, BookError>;

/// Walks a table.
fn each(
    outside: &Outside,
    table: &str,
    columns: &[&str],
    mut take: impl FnMut(&[Cell]),
) -> Port<()> {
    outside.rows(table, columns, &mut |cells| {
        take(cells);
        ControlFlow::Continue(())
    })
}

impl Rows {
    fn read(mut self, outside: &Outside) -> Port<GnucashBook> {
        self.commodities(outside)?;
        each(
            outside,
            "slots",
            &["obj_guid", "name", "string_val", "gdate_val"],
            |row| match row[1].text().as_str() {
                "notes" => drop(self.notes.insert(row[0].text(), row[2].text())),
                "date-posted" => drop(self.days.insert(row[0].text(), row[3].text())),
                _ => {}
            },
        )?;
        self.accounts(outside)?;
        self.transactions(outside)?;
        self.prices(outside)?;
        for (table, what) in [
            ("schedxactions", "scheduled transactions"),
            ("budgets", "budgets"),
            (
                "invoices",
                "business records (customers, invoices; what they posted is read)",
            ),
            (
                "customers",
                "business records (customers, invoices; what they posted is read)",
            ),
        ] {
            each(outside, table, &["guid"], |_| self.book.leave_out(what))?;
        }
        Ok(self.book)
    }

    fn commodities(&mut self, outside: &Outside) -> Port<()> {
        each(
            outside,
            "commodities",
            &["guid", "namespace", "mnemonic", "fullname", "fraction"],
            |row| {
                let name = (row[1].text(), row[2].text());
                self.commodities.insert(row[0].text(), name.clone());
                self.book.commodities.push(Commodity {
                    name,
                    full_name: row[3].text(),
                    fraction: row[4].whole(),
                });
            },
        )
    }

    fn commodity(&self, guid: &Cell) -> Option<CommodityName> {
        self.commodities.get(&guid.text()).cloned()
    }

    fn accounts(&mut self, outside: &Outside) -> Port<()> {
        let columns = [
            "guid",
            "name",
            "account_type",
            "commodity_guid",
            "commodity_scu",
            "parent_guid",
            "code",
            "description",
        ];
        let mut accounts = Vec::new();
        each(outside, "accounts", &columns, |row| {
            let guid = row[0].text();
            accounts.push(Account {
                notes: self.notes.get(&guid).cloned().unwrap_or_default(),
                guid,
                name: row[1].text(),
                kind: row[2].text(),
                commodity: self.commodity(&row[3]),
                unit: row[4].whole(),
                parent: Some(row[5].text()).filter(|p| !p.is_empty()),
                code: row[6].text(),
                description: row[7].text(),
            });
        })?;
        self.book.accounts = accounts;
        Ok(())
    }

    /// Transactions in the order they are stored; those of templates are left out with their splits.
    fn transactions(&mut self, outside: &Outside) -> Port<()> {
        let is_template = |a: &&Account| a.commodity.as_ref().is_some_and(|c| c.0 == "template");
        let templates: HashSet<String> = self
            .book
            .accounts
            .iter()
            .filter(is_template)
            .map(|a| a.guid.clone())
            .collect();
        let mut splits: HashMap<String, Vec<Split>> = HashMap::new();
        let mut of_templates = HashSet::new();
        let columns = [
            "tx_guid",
            "account_guid",
            "memo",
            "action",
            "reconcile_state",
            "value_num",
            "value_denom",
            "quantity_num",
            "quantity_denom",
        ];
        each(outside, "splits", &columns, |row| {
            let (transaction, account) = (row[0].text(), row[1].text());
            if templates.contains(&account) {
                of_templates.insert(transaction);
                return;
            }
            splits.entry(transaction).or_default().push(Split {
                account,
                memo: row[2].text(),
                action: row[3].text(),
                reconciled: row[4].text(),
                value: Ratio {
                    over: row[5].whole(),
                    under: row[6].whole(),
                },
                quantity: Ratio {
                    over: row[7].whole(),
                    under: row[8].whole(),
                },
            });
        })?;
        let mut transactions = Vec::new();
        each(
            outside,
            "transactions",
            &["guid", "currency_guid", "num", "post_date", "description"],
            |row| {
                let guid = row[0].text();
                if of_templates.contains(&guid) {
                    return;
                }
                transactions.push(Transaction {
                    splits: splits.remove(&guid).unwrap_or_default(),
                    currency: self.commodity(&row[1]).unwrap_or_default(),
                    number: row[2].text(),
                    posted: self
                        .days
                        .get(&guid)
                        .filter(|d| !d.is_empty())
                        .cloned()
                        .unwrap_or_else(|| local_day(&row[3].text())),
                    description: row[4].text(),
                    notes: self.notes.get(&guid).cloned().unwrap_or_default(),
                    line: 0,
                    guid,
                });
            },
        )?;
        if !splits.is_empty() {
            return Err(BookError::Damaged {
                what: format!(
                    "{} transactions have splits and are not there",
                    splits.len()
                ),
            });
        }
        self.book.transactions = transactions;
        Ok(())
    }

    fn prices(&mut self, outside: &Outside) -> Port<()> {
        let columns = [
            "commodity_guid",
            "currency_guid",
            "date",
            "value_num",
            "value_denom",
        ];
        let mut prices = Vec::new();
        each(outside, "prices", &columns, |row| {
            prices.push(Price {
                commodity: self.commodity(&row[0]).unwrap_or_default(),
                currency: self.commodity(&row[1]).unwrap_or_default(),
                on: row[2].text(),
                value: Ratio {
                    over: row[3].whole(),
                    under: row[4].whole(),
                },
            });
        })?;
        self.book.prices = prices;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::local_day;

    #[test]
    fn a_midnight_east_of_greenwich_is_the_day_it_was_there() {
        for (moment, day) in [
            ("20141130230000", "2014-12-01"),
            ("2014-12-31 18:30:00", "2015-01-01"),
            ("2014-12-01 05:00:00", "2014-12-01"),
            ("2014-12-01 10:59:00", "2014-12-01"),
            ("20141201000000", "2014-12-01"),
            ("soon", "soon"),
        ] {
            assert_eq!(local_day(moment), day, "{moment}");
        }
    }
}
