//! A transaction as lines for people: the header, and an aligned line an entry.

use jiff::ToSpan;
use rust_decimal::Decimal;
use unicode_width::UnicodeWidthStr;

use super::Recorder;
use super::transaction_json::tag_text;
use crate::cli::error::Result;
use crate::ledger::account::{Account, AccountKey, AccountType};
use crate::ledger::amount_format::{Grouping, magnitude};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::period::people_date;
use crate::ledger::totals::TotalsQuery;
use crate::ledger::transaction::{Entry, PriceBasis, State, Transaction, Voucher};
use crate::render::sanitize::line;

/// What stands behind the book's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lead {
    Plain,
    DryRun,
    Already,
    /// `amended`, `voided`, …
    Verb(String),
}

/// `receipt` → `Receipt`, `credit-note` → `Credit note`.
pub fn voucher_name(voucher: Voucher) -> String {
    let word = voucher.word().replace('-', " ");
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// `Shree Ganesh Stores · 1054 · Payment · 07-Apr-2026 · tea`
pub fn header(book: &str, transaction: &Transaction, lead: &Lead) -> String {
    let mut parts = Vec::new();
    if !book.is_empty() {
        parts.push(line(book).into_owned());
    }
    match lead {
        Lead::DryRun => parts.push(format!(
            "dry run, nothing written; would be {}",
            transaction.number
        )),
        Lead::Already => parts.push(format!("already posted as {}", transaction.number)),
        Lead::Plain => parts.push(transaction.number.to_string()),
        Lead::Verb(verb) => parts.push(format!("{} {verb}", transaction.number)),
    }
    parts.push(voucher_name(transaction.voucher));
    parts.push(people_date(transaction.date));
    if !transaction.description.is_empty() {
        parts.push(line(&transaction.description).into_owned());
    }
    let labelled = [
        ("payee", transaction.payee.clone()),
        ("ref.", transaction.reference.clone()),
        ("due", transaction.due.map(people_date)),
    ];
    for (label, value) in labelled {
        if let Some(value) = value {
            parts.push(format!("{label} {}", line(&value)));
        }
    }
    if !transaction.tags.is_empty() {
        let tags: Vec<String> = transaction.tags.iter().map(tag_text).collect();
        parts.push(line(&tags.join(", ")).into_owned());
    }
    if let State::Void { reason } = &transaction.state {
        parts.push(
            reason
                .as_ref()
                .map_or("VOID".to_owned(), |r| format!("VOID: {}", line(r))),
        );
    }
    parts.join(" · ") + "\n"
}

/// The balances that an echo tells beside its entries.
pub struct Balances(Vec<(AccountKey, CurrencyKey, i128)>);

impl Balances {
    pub fn none() -> Balances {
        Balances(Vec::new())
    }

    /// Balances of the cash, bank and party accounts touched, at the end of a day.
    pub fn now(
        recorder: &mut Recorder<'_>,
        transactions: &[Transaction],
        day: jiff::civil::Date,
    ) -> Result<Balances> {
        let mut keys: Vec<AccountKey> = transactions
            .iter()
            .flat_map(|t| &t.entries)
            .map(|e| e.account)
            .filter(|k| {
                let kind = recorder.chart.account(*k).account_type;
                kind.is_liquid() || kind.is_party()
            })
            .collect();
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return Ok(Balances::none());
        }
        let query = TotalsQuery {
            accounts: Some(keys),
            ..TotalsQuery::until(day.checked_add(1.day()).ok())
        };
        let totals = recorder.book.totals(&query)?;
        Ok(Balances(
            totals
                .rows
                .iter()
                .map(|r| (r.account, r.currency, r.closing()))
                .collect(),
        ))
    }

    fn of(&self, entry: &Entry) -> Option<i128> {
        self.0
            .iter()
            .find(|(a, c, _)| (*a, *c) == (entry.account, entry.currency))
            .map(|(_, _, balance)| *balance)
    }
}

/// The entries of a transaction, a line each, amounts aligned.
pub fn entry_lines(transaction: &Transaction, chart: &Chart, balances: &Balances) -> String {
    let rows: Vec<(String, String, String)> = transaction
        .entries
        .iter()
        .map(|entry| {
            let path = line(&chart.account(entry.account).path).into_owned();
            (
                path,
                amount_of(entry.minor.into(), chart.currency(entry.currency)),
                tail_text(entry, chart, balances),
            )
        })
        .collect();
    let widest = |pick: fn(&(String, String, String)) -> &String| {
        rows.iter().map(|r| pick(r).width()).max().unwrap_or(0)
    };
    let (paths, amounts) = (widest(|r| &r.0), widest(|r| &r.1));
    let mut text = String::new();
    for (path, amount, tail) in &rows {
        let gap = " ".repeat(paths - path.width() + amounts - amount.width());
        text.push_str(&format!("  {path}{gap}      {amount}"));
        if !tail.is_empty() {
            text.push_str(&format!("        {tail}"));
        }
        text.push('\n');
    }
    text
}

fn grouping(currency: &Currency) -> Grouping {
    Grouping::of_currency(&currency.code)
}

/// `120.00 Dr`, with the currency where it is not the book's: `100.00 USD Dr`. Zero has no side.
pub fn amount_of(minor: i128, currency: &Currency) -> String {
    let amount = magnitude(minor, currency.scale, grouping(currency));
    let side = match minor {
        0 => "",
        1.. => " Dr",
        _ => " Cr",
    };
    match code_beside(currency) {
        "" => format!("{amount}{side}"),
        code => format!("{amount} {code}{side}"),
    }
}

/// The code of a currency that is not the book's own.
fn code_beside(currency: &Currency) -> &str {
    if currency.key.0 == 1 {
        ""
    } else {
        &currency.code
    }
}

fn tail_text(entry: &Entry, chart: &Chart, balances: &Balances) -> String {
    let mut parts = Vec::new();
    if let Some(price) = entry.price() {
        let sign = match price.basis {
            PriceBasis::Unit => "@",
            PriceBasis::Total => "@@",
        };
        parts.push(format!(
            "{sign} {}",
            price_of(price.amount, chart.currency(price.currency))
        ));
    }
    if let Some(memo) = entry.memo() {
        parts.push(format!("({})", line(memo)));
    }
    if !entry.tags().is_empty() {
        parts.push(
            entry
                .tags()
                .iter()
                .map(tag_text)
                .collect::<Vec<_>>()
                .join(", "),
        );
    }
    if let Some(balance) = balances.of(entry) {
        let currency = chart.currency(entry.currency);
        let amount = amount_of(balance, currency);
        parts.push(format!(
            "{} now {amount}",
            short_name(chart.account(entry.account))
        ));
    }
    line(&parts.join("   ")).into_owned()
}

/// `8,320.00 INR`: with all the decimals a price has, and at least its currency's.
fn price_of(amount: Decimal, currency: &Currency) -> String {
    let amount = amount.normalize();
    let places = u8::try_from(amount.scale())
        .unwrap_or(u8::MAX)
        .max(currency.scale);
    let mut padded = amount;
    padded.rescale(places.into());
    let text = magnitude(padded.mantissa(), places, grouping(currency));
    format!("{text} {}", currency.code)
}

/// `cash` for Assets:Cash, `HDFC` for Assets:Bank:HDFC.
fn short_name(account: &Account) -> String {
    let name = account.name();
    let is_capitals = name.chars().all(|c| !c.is_lowercase());
    match account.account_type {
        AccountType::Cash if !is_capitals => name.to_lowercase(),
        _ => name.to_owned(),
    }
}
