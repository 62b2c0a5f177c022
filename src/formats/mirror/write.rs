//! A book → the text of its mirror, a month at a time.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::text::{self, plain_tag, quoted, value};
use super::{Names, SIGN};
use crate::formats::journal::safe;
use crate::ledger::account::{Account, AccountType, Kind};
use crate::ledger::amount_format::machine;
use crate::ledger::change::{Assertion, NewAccount, PriceChange};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::draft::{Draft, infer_voucher};
use crate::ledger::money::Exact;
use crate::ledger::settings::{Settings, name};
use crate::ledger::transaction::{Entry, EntryDetail, PriceBasis, State, Status, Tag, Transaction};
use crate::ledger::weighing::price_weight;

const ACCOUNT_WIDTH: usize = 40;
const AMOUNT_WIDTH: usize = 16;

/// Writes the text of a book.
pub struct Mirror {
    chart: Arc<Chart>,
    /// The same chart without closed accounts and bound currencies: what was posted could be posted.
    open: Chart,
    names: Names,
}

/// One month's file, growing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// Within the mirror: `2026/04.journal`.
    pub path: String,
    pub text: String,
}

impl Month {
    /// The file of a day's month, with nothing in it yet.
    pub fn of(date: Date) -> Month {
        Month {
            path: Month::path_of(date),
            text: format!("{SIGN}\n\n"),
        }
    }

    pub fn path_of(date: Date) -> String {
        format!("{:04}/{:02}.journal", date.year(), date.month())
    }
}

impl Mirror {
    pub fn new(chart: Arc<Chart>) -> Mirror {
        Mirror {
            open: without_bounds(&chart),
            names: Names::of(&chart),
            chart,
        }
    }

    /// The main file: settings, commodities, accounts, prices, assertions, and the months it includes.
    pub fn main(
        &self,
        settings: &Settings,
        prices: &[PriceChange],
        assertions: &[Assertion],
        months: &[String],
    ) -> String {
        let mut out = format!(
            "{SIGN}\n; {}\n\n",
            "Made by `hissab mirror`; hledger reads it, `hissab import` makes the book again of it."
        );
        for (name, text) in settings.pairs() {
            if name != name::LOCKED_DIGEST {
                line(
                    &mut out,
                    &format!("; setting: {} {}", quoted(&name), quoted(&text)),
                );
            }
        }
        out.push('\n');
        self.currencies(&mut out);
        for key in self.chart.in_order() {
            let account = self.chart.account(key);
            self.account(&mut out, account, &self.names.accounts[key.0 as usize - 1]);
        }
        out.push('\n');
        self.prices(&mut out, prices);
        assertions_of(&mut out, assertions);
        for month in months {
            line(&mut out, &format!("include {month}"));
        }
        out
    }

    /// One transaction and an empty line; a void one as a comment.
    pub fn transaction(&self, transaction: &Transaction, out: &mut String) {
        let State::Void { reason } = &transaction.state else {
            self.block(transaction, out);
            out.push('\n');
            return;
        };
        let mut block = String::new();
        self.block(transaction, &mut block);
        match reason {
            Some(reason) => line(out, &format!("; void: {}", quoted(reason))),
            None => line(out, "; void"),
        }
        for each in block.lines() {
            line(out, &format!("; {each}"));
        }
        out.push('\n');
    }

    fn currencies(&self, out: &mut String) {
        for (currency, written) in self.chart.currencies().iter().zip(&self.names.currencies) {
            line(out, &format!("commodity {written}"));
            let mut fact = |key: &str, text: &str| fact(out, key, text);
            if *written != *currency.code {
                fact("code", &currency.code);
            }
            fact("scale", &currency.scale.to_string());
            if let Some(symbol) = &currency.symbol {
                fact("symbol", symbol);
            }
            if let Some(name) = &currency.name {
                fact("name", name);
            }
            if currency.scale > 0 {
                let zeros = "0".repeat(usize::from(currency.scale));
                line(out, &format!("    format 1000.{zeros} {written}"));
            }
        }
        out.push('\n');
    }

    fn account(&self, out: &mut String, account: &Account, written: &str) {
        line(out, &format!("account {written}"));
        let letter = match (account.kind, account.account_type) {
            (Kind::Asset, AccountType::Cash | AccountType::Bank) => Some("C"),
            (Kind::Asset, _) => Some("A"),
            (Kind::Liability, _) => Some("L"),
            (Kind::Equity, _) => Some("E"),
            (Kind::Income, _) => Some("R"),
            (Kind::Expense, _) => Some("X"),
            (Kind::Unclassified, _) => None,
        };
        if let Some(letter) = letter {
            line(out, &format!("    ; type: {letter}"));
        }
        let usual = NewAccount::at(account.id, account.path.clone());
        let changed = |is: bool, word: &str| (!is).then(|| word.to_owned());
        let contact = &account.contact;
        let facts = [
            ("path", changed(*account.path == *written, &account.path)),
            (
                "kind",
                changed(account.kind == usual.kind, account.kind.word()),
            ),
            (
                "use",
                changed(
                    account.account_type == usual.account_type,
                    account.account_type.word(),
                ),
            ),
            ("code", account.code.clone()),
            ("currency", account.currency.as_ref().map(|c| c.to_string())),
            ("opened", account.opened_on.map(|d| d.to_string())),
            ("closed", account.closed_on.map(|d| d.to_string())),
            ("phone", contact.phone.clone()),
            ("email", contact.email.clone()),
            ("tax-id", contact.tax_id.clone()),
            ("address", contact.address.clone()),
            ("credit-limit", contact.credit_limit.map(|l| l.to_string())),
            ("note", account.note.clone()),
        ];
        for (key, text) in facts {
            if let Some(text) = text {
                fact(out, key, &text);
            }
        }
        for alias in &account.aliases {
            fact(out, "alias", alias);
        }
    }

    fn prices(&self, out: &mut String, prices: &[PriceChange]) {
        let named = |code: &str| {
            let currency = self.chart.find_currency(code)?;
            Some(&self.names.currencies[usize::from(currency.key.0) - 1])
        };
        let mut lines: Vec<String> = Vec::with_capacity(prices.len());
        for price in prices {
            if let (Some(rate), Some(of), Some(to)) =
                (price.rate, named(&price.commodity), named(&price.currency))
            {
                lines.push(format!("P {} {of} {} {to}", price.on, rate));
            }
        }
        lines.sort();
        for each in &lines {
            line(out, each);
        }
        if !lines.is_empty() {
            out.push('\n');
        }
    }

    fn block(&self, transaction: &Transaction, out: &mut String) {
        self.header(transaction, out);
        fact(out, "number", &transaction.number.to_string());
        fact(out, "id", &transaction.id.to_string());
        if infer_voucher(&self.chart, &transaction.entries) != transaction.voucher {
            fact(out, "voucher", transaction.voucher.word());
        }
        if !text::is_plain_description(&transaction.description) {
            quoted_fact(out, "description", &transaction.description);
        }
        if let Some(reference) = &transaction.reference
            && !text::is_plain_reference(reference)
        {
            quoted_fact(out, "reference", reference);
        }
        if let Some(payee) = &transaction.payee {
            fact(out, "payee", payee);
        }
        if let Some(due) = transaction.due {
            fact(out, "due", &due.to_string());
        }
        if let Some(reverses) = transaction.reverses {
            fact(out, "reverses", &reverses.to_string());
        }
        for (name, text) in &transaction.metadata {
            pair(out, "meta", name, text);
        }
        tags(out, &transaction.tags);
        let prices = self.prices_hold(transaction);
        for entry in &transaction.entries {
            self.entry(entry, prices, out);
        }
    }

    fn header(&self, transaction: &Transaction, out: &mut String) {
        out.push_str(&transaction.date.to_string());
        out.push_str(match transaction.status {
            Status::Unmarked => "",
            Status::Pending => " !",
            Status::Cleared => " *",
        });
        let description = safe::description(&transaction.description);
        let reference = transaction.reference.as_deref();
        let reference = reference.filter(|r| text::is_plain_reference(r));
        if reference.is_some() || description.starts_with(['*', '!', '(']) {
            let _ = write!(out, " ({})", reference.unwrap_or(""));
        }
        if !description.is_empty() {
            let _ = write!(out, " {description}");
        }
        out.push('\n');
    }

    fn entry(&self, entry: &Entry, prices: bool, out: &mut String) {
        let mark = match entry.status() {
            Status::Unmarked => "",
            Status::Pending => "! ",
            Status::Cleared => "* ",
        };
        let account = format!(
            "{mark}{}",
            self.names.accounts[entry.account.0 as usize - 1]
        );
        let amount = self.amount(entry.minor, entry.currency);
        let mut row = format!("    {account:ACCOUNT_WIDTH$}  {amount:>AMOUNT_WIDTH$}");
        let beside = entry
            .detail
            .as_deref()
            .and_then(|detail| self.price(entry, detail, prices, &mut row));
        line(out, &row);
        if let Some(price) = beside {
            fact(out, "price", &price);
        }
        if let Some(memo) = entry.memo() {
            fact(out, "memo", memo);
        }
        tags(out, entry.tags());
    }

    /// Appends the price to the line; what the line cannot say of it stands beside it.
    fn price(
        &self,
        entry: &Entry,
        detail: &EntryDetail,
        holds: bool,
        row: &mut String,
    ) -> Option<String> {
        let (price, (weight, key)) = (detail.price?, detail.weight?);
        let code = &self.names.currencies[usize::from(key.0) - 1];
        let at = |sign: &str| format!("{sign} {} {code}", price.amount);
        let exact =
            price.basis == PriceBasis::Unit && self.is_exact(entry, price.amount, weight, key);
        if exact {
            let _ = write!(row, " {}", at("@"));
            return None;
        }
        let _ = write!(row, " @@ {}", self.amount(weight.abs(), key));
        let scale = self.chart.currency(key).scale;
        let total = Decimal::try_from_i128_with_scale(i128::from(weight.abs()), scale.into());
        match price.basis {
            PriceBasis::Total if total.is_ok_and(|total| total == price.amount) => None,
            _ if !holds => None,
            PriceBasis::Total => Some(at("@@")),
            PriceBasis::Unit => Some(at("@")),
        }
    }

    fn is_exact(&self, entry: &Entry, unit: Decimal, weight: i64, key: CurrencyKey) -> bool {
        let scale = u32::from(self.chart.currency(entry.currency).scale);
        let stored = Exact {
            mantissa: i128::from(weight),
            scale: u32::from(self.chart.currency(key).scale),
        };
        Decimal::try_from_i128_with_scale(i128::from(entry.minor), scale)
            .ok()
            .and_then(|amount| price_weight(amount, unit, PriceBasis::Unit))
            .is_some_and(|w| w.normalized() == stored.normalized())
    }

    /// Whether the prices as they were typed give the stored weights again. They may not once a
    /// currency has more places than it had: then the weights themselves are the prices.
    fn prices_hold(&self, transaction: &Transaction) -> bool {
        if transaction.entries.iter().all(|e| e.price().is_none()) {
            return true;
        }
        let draft = Draft::of(transaction, &self.open);
        draft
            .into_transaction(&self.open, transaction.number)
            .is_ok_and(|again| {
                let weights =
                    |t: &Transaction| t.entries.iter().map(Entry::weight).collect::<Vec<_>>();
                weights(&again) == weights(transaction)
            })
    }

    fn amount(&self, minor: i64, key: CurrencyKey) -> String {
        let scale = self.chart.currency(key).scale;
        let code = &self.names.currencies[usize::from(key.0) - 1];
        let number = machine(i128::from(minor), scale);
        format!("{number} {code}").trim_end().to_owned()
    }
}

/// What was posted before an account was closed or bound to a currency is still rightly there.
pub(super) fn without_bounds(chart: &Chart) -> Chart {
    let accounts = chart.accounts().iter().map(|account| Account {
        closed_on: None,
        currency: None,
        ..account.clone()
    });
    Chart::new(accounts.collect(), chart.currencies().to_vec())
}

fn assertions_of(out: &mut String, assertions: &[Assertion]) {
    let mut lines: Vec<String> = assertions
        .iter()
        .filter(|a| !a.withdrawn)
        .map(|a| {
            let below = if a.subaccounts { "inclusive" } else { "alone" };
            format!(
                "; assertion: {} {} {} {below} {} {} {}",
                a.on,
                a.id,
                a.amount.normalize(),
                quoted(&a.account),
                quoted(&a.currency),
                quoted(&a.source)
            )
        })
        .collect();
    lines.sort();
    for each in &lines {
        line(out, each);
    }
    if !lines.is_empty() {
        out.push('\n');
    }
}

fn tags(out: &mut String, tags: &[Tag]) {
    for tag in tags {
        match plain_tag(&tag.name, &tag.value) {
            Some(plain) => line(out, &format!("    ; {plain}")),
            None => pair(out, "tag", &tag.name, &tag.value),
        }
    }
}

fn pair(out: &mut String, key: &str, name: &str, text: &str) {
    line(
        out,
        &format!("    ; {key}: {} {}", quoted(name), quoted(text)),
    );
}

fn fact(out: &mut String, key: &str, text: &str) {
    line(out, &format!("    ; {key}: {}", value(text)));
}

fn quoted_fact(out: &mut String, key: &str, text: &str) {
    line(out, &format!("    ; {key}: {}", quoted(text)));
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}
