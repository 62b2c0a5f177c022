//! A book as QIF, account by account, for Quicken and those who read its files.
//!
//! Assets and liabilities are accounts, all others categories. QIF knows no currencies: an account
//! with several becomes one account a currency, and of a transaction in several currencies each
//! account keeps its own amount and the name of the other side, without splits. Dates are in the
//! book's order of day and month, as Quicken takes them from its country. An account's list stands
//! together in the file, so all of it is held until the end. A transaction between categories alone,
//! such as the one that closes a year, is in no account's list: Quicken knows no such thing, so it is
//! left out, which changes the balance of no account.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::civil::Date;

use super::{BookWriter, Facts};
use crate::ledger::account::{Account, AccountKey, AccountType, Kind};
use crate::ledger::amount_format::machine;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::settings::DateOrder;
use crate::ledger::transaction::{Entry, Status, Transaction};

type Place = (AccountKey, CurrencyKey);

pub(super) struct Qif<'w> {
    out: &'w mut dyn Write,
    facts: Facts,
    lists: BTreeMap<Place, String>,
}

impl<'w> Qif<'w> {
    pub fn new(out: &'w mut dyn Write, facts: Facts) -> Qif<'w> {
        Qif {
            out,
            facts,
            lists: BTreeMap::new(),
        }
    }

    fn account(&self, key: AccountKey) -> &Account {
        self.facts.chart.account(key)
    }

    fn is_account(&self, key: AccountKey) -> bool {
        matches!(self.account(key).kind, Kind::Asset | Kind::Liability)
    }

    /// The name of an account's list: with the currency unless it is the book's own.
    fn name(&self, (account, currency): Place) -> String {
        let name = one_line(&self.account(account).path);
        let code = &self.facts.chart.currency(currency).code;
        if **code == *self.facts.settings.base_currency {
            name
        } else {
            format!("{name} ({})", one_line(code))
        }
    }

    /// `[Assets:Bank]` for a transfer, else a category.
    fn category(&self, entry: &Entry) -> String {
        if self.is_account(entry.account) {
            format!("[{}]", self.name((entry.account, entry.currency)))
        } else {
            // A slash would begin a class.
            one_line(&self.account(entry.account).path).replace('/', "-")
        }
    }

    fn date(&self, date: Date) -> String {
        let (year, month, day) = (date.year(), date.month(), date.day());
        match self.facts.settings.date_order {
            DateOrder::Dmy => format!("{day:02}/{month:02}/{year:04}"),
            DateOrder::Mdy => format!("{month:02}/{day:02}/{year:04}"),
            DateOrder::Ymd => date.to_string(),
        }
    }

    fn amount(&self, minor: i128, currency: CurrencyKey) -> String {
        machine(minor, self.facts.chart.currency(currency).scale)
    }

    fn record(&self, transaction: &Transaction, place: Place) -> String {
        let is_here = |e: &&Entry| (e.account, e.currency) == place;
        let entries = &transaction.entries;
        let total: i128 = entries
            .iter()
            .filter(is_here)
            .map(|e| i128::from(e.minor))
            .sum();
        let others: Vec<&Entry> = entries.iter().filter(|e| !is_here(e)).collect();
        let mut text = format!("D{}\n", self.date(transaction.date));
        let amount = self.amount(total, place.1);
        text.push_str(&format!("T{amount}\n"));
        if transaction.status == Status::Cleared {
            text.push_str("C*\n");
        }
        if let Some(reference) = &transaction.reference {
            text.push_str(&format!("N{}\n", one_line(reference)));
        }
        let payee = transaction.payee.as_deref();
        text.push_str(&format!(
            "P{}\n",
            one_line(payee.unwrap_or(&transaction.description))
        ));
        let memo = entries.iter().find(is_here).and_then(|e| e.memo());
        let memo = memo.or(payee.map(|_| &*transaction.description));
        if let Some(memo) = memo.filter(|m| !m.is_empty()) {
            text.push_str(&format!("M{}\n", one_line(memo)));
        }
        if let Some(first) = others.first() {
            text.push_str(&format!("L{}\n", self.category(first)));
        }
        let one_currency = entries
            .iter()
            .all(|e| e.currency == place.1 && e.price().is_none());
        if others.len() > 1 && one_currency {
            for other in others {
                text.push_str(&format!("S{}\n", self.category(other)));
                if let Some(memo) = other.memo() {
                    text.push_str(&format!("E{}\n", one_line(memo)));
                }
                let share = self.amount(-i128::from(other.minor), place.1);
                text.push_str(&format!("${share}\n"));
            }
        }
        text.push_str("^\n");
        text
    }
}

impl BookWriter for Qif<'_> {
    fn head(&mut self) -> io::Result<()> {
        let chart = std::rc::Rc::clone(&self.facts.chart);
        writeln!(self.out, "!Type:Cat")?;
        for key in chart.in_order() {
            if self.is_account(key) {
                continue;
            }
            let account = chart.account(key);
            let letter = if account.kind == Kind::Expense {
                'E'
            } else {
                'I'
            };
            let name = one_line(&account.path).replace('/', "-");
            write!(self.out, "N{name}\n{letter}\n^\n")?;
        }
        Ok(())
    }

    fn transaction(&mut self, transaction: &Transaction) -> io::Result<()> {
        let mut places: Vec<Place> = transaction
            .entries
            .iter()
            .filter(|e| self.is_account(e.account))
            .map(|e| (e.account, e.currency))
            .collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            let record = self.record(transaction, place);
            self.lists.entry(place).or_default().push_str(&record);
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let chart = std::rc::Rc::clone(&self.facts.chart);
        let lists = std::mem::take(&mut self.lists);
        for key in chart.in_order() {
            for (place, list) in lists.iter().filter(|(place, _)| place.0 == key) {
                let account = chart.account(key);
                let kind = match (account.account_type, account.kind) {
                    (AccountType::Cash, _) => "Cash",
                    (AccountType::Bank, Kind::Asset) => "Bank",
                    (_, Kind::Asset) => "Oth A",
                    _ => "Oth L",
                };
                let name = self.name(*place);
                write!(
                    self.out,
                    "!Account\nN{name}\nT{kind}\n^\n!Type:{kind}\n{list}"
                )?;
            }
        }
        self.out.flush()
    }
}

/// A field is a line.
fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    clean.trim().to_owned()
}
