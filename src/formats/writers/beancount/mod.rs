//! A book as a beancount file, which bean-check accepts and balances alike.
//!
//! Accounts stand under beancount's five roots by their kind, each part of a name legal there;
//! `path` on the `open` directive has the name as the book has it, so that the way back is exact.
//! The same holds for commodities and their `code`. Weights are written as they are stored: `@`
//! where amount × price is exactly the weight, else `@@`. Our assertions are of the end of a day,
//! beancount's of its beginning: they are written for the next day.

mod names;

use std::collections::HashSet;
use std::io::{self, Write};

use jiff::civil::Date;
use regex::Regex;
use rust_decimal::Decimal;

use self::names::{account_names, currency_names};
use super::{BookWriter, Facts};
use crate::ledger::account::{AccountType, Kind};
use crate::ledger::amount_format::machine;
use crate::ledger::change::Assertion;
use crate::ledger::draft::infer_voucher;
use crate::ledger::money::Exact;
use crate::ledger::transaction::{Entry, PriceBasis, Status, Tag, Transaction};
use crate::ledger::weighing::price_weight;

/// Metadata it writes itself.
const OWN_KEYS: &[&str] = &["filename", "lineno"];

pub(super) struct Beancount<'w> {
    out: &'w mut dyn Write,
    facts: Facts,
    /// By account key − 1.
    accounts: Vec<String>,
    /// By currency key − 1.
    currencies: Vec<String>,
    text: String,
    key: Regex,
    tag: Regex,
}

impl<'w> Beancount<'w> {
    pub fn new(out: &'w mut dyn Write, facts: Facts) -> Beancount<'w> {
        let regex = |text: &str| Regex::new(text).expect("our own pattern compiles");
        Beancount {
            accounts: account_names(facts.chart.accounts()),
            currencies: currency_names(facts.chart.currencies()),
            out,
            facts,
            text: String::with_capacity(1024),
            key: regex("^[a-z][a-zA-Z0-9_-]+$"),
            tag: regex("^[A-Za-z0-9_/.-]+$"),
        }
    }

    fn commodities(&mut self, on: Date) -> io::Result<()> {
        for (currency, name) in self.facts.chart.currencies().iter().zip(&self.currencies) {
            writeln!(self.out, "{on} commodity {name}")?;
            let texts = [
                ("code", Some(&currency.code)),
                ("symbol", currency.symbol.as_ref()),
                ("name", currency.name.as_ref()),
            ];
            for (key, text) in texts {
                if let Some(text) = text {
                    writeln!(self.out, "  {key}: {}", quoted(text))?;
                }
            }
            writeln!(self.out, "  precision: {}", currency.scale)?;
        }
        writeln!(self.out)
    }

    fn opens(&mut self, first: Date) -> io::Result<()> {
        let chart = self.facts.chart.clone();
        for key in chart.in_order() {
            let account = chart.account(key);
            let on = account.opened_on.map_or(first, |opened| opened.min(first));
            let name = &self.accounts[key.0 as usize - 1];
            let only = account.currency.as_deref();
            let only = only
                .and_then(|code| chart.find_currency(code))
                .map(|c| c.key);
            let only = only.map(|key| &*self.currencies[usize::from(key.0) - 1]);
            let line = format!("{on} open {name} {}", only.unwrap_or(""));
            writeln!(self.out, "{}", line.trim_end())?;
            let mut facts = vec![("id", account.id.to_string())];
            let mut put = |key, text: Option<String>| facts.extend(text.map(|text| (key, text)));
            put(
                "path",
                (*account.path != **name).then(|| account.path.to_string()),
            );
            let root = account.path.split(':').next().and_then(Kind::of_root);
            put(
                "kind",
                (root != Some(account.kind)).then(|| account.kind.word().to_owned()),
            );
            let usual = AccountType::of_path(&account.path, account.kind);
            put(
                "use",
                (account.account_type != usual).then(|| account.account_type.word().to_owned()),
            );
            put("code", account.code.clone());
            put("opened", account.opened_on.map(|d| d.to_string()));
            put("closed", account.closed_on.map(|d| d.to_string()));
            put(
                "aliases",
                (!account.aliases.is_empty()).then(|| account.aliases.join(", ")),
            );
            put("phone", account.contact.phone.clone());
            put("email", account.contact.email.clone());
            put("tax-id", account.contact.tax_id.clone());
            put("address", account.contact.address.clone());
            put(
                "credit-limit",
                account.contact.credit_limit.map(|l| l.to_string()),
            );
            put("note", account.note.clone());
            for (key, text) in facts {
                writeln!(self.out, "  {key}: {}", quoted(&text))?;
            }
        }
        writeln!(self.out)
    }

    fn prices(&mut self) -> io::Result<()> {
        for price in &self.facts.prices {
            let named = |code: &str| {
                let currency = self.facts.chart.find_currency(code)?;
                Some(&self.currencies[usize::from(currency.key.0) - 1])
            };
            let (Some(rate), Some(commodity), Some(currency)) =
                (price.rate, named(&price.commodity), named(&price.currency))
            else {
                continue;
            };
            let rate = rate.normalize();
            writeln!(self.out, "{} price {commodity} {rate} {currency}", price.on)?;
        }
        Ok(())
    }

    /// Beancount's assertions count what lies below: of an account alone it can only say something where nothing does.
    fn assertion(&self, assertion: &Assertion) -> Option<String> {
        let account = self.facts.chart.find(&assertion.account)?;
        let name = &self.accounts[account.key.0 as usize - 1];
        let below = format!("{name}:");
        let has_more = self.accounts.iter().any(|other| other.starts_with(&below));
        let same = !has_more || (assertion.subaccounts && self.covers(&assertion.account, &below));
        let currency = self.facts.chart.find_currency(&assertion.currency)?;
        let code = &self.currencies[usize::from(currency.key.0) - 1];
        let on = assertion.on.tomorrow().ok()?;
        let amount = assertion.amount;
        // What a bank says is compared with the books, not held against them: so is it with us.
        if assertion.is_of_statement() {
            let on = assertion.on;
            return Some(format!(
                "{on} custom \"statement-balance\" {name}  {amount} {code}"
            ));
        }
        same.then(|| format!("{on} balance {name}  {amount} {code}"))
    }

    /// Whether below a name there stands exactly what stands below the path.
    fn covers(&self, path: &str, below: &str) -> bool {
        self.facts
            .chart
            .accounts()
            .iter()
            .zip(&self.accounts)
            .all(|(account, name)| {
                name.starts_with(below)
                    == (crate::ledger::account::is_within(&account.path, path)
                        && *account.path != *path)
            })
    }

    fn closes(&mut self) -> io::Result<()> {
        let last = self.facts.span.map(|(_, last)| last);
        let chart = self.facts.chart.clone();
        for key in chart.in_order() {
            let Some(closed) = chart.account(key).closed_on else {
                continue;
            };
            // Beancount refuses what comes later; the book may hold older decisions.
            let on = last.map_or(closed, |last| closed.max(last));
            writeln!(self.out, "{on} close {}", self.accounts[key.0 as usize - 1])?;
        }
        Ok(())
    }

    fn header(&mut self, transaction: &Transaction) {
        let flag = match transaction.status {
            Status::Pending => '!',
            Status::Unmarked | Status::Cleared => '*',
        };
        self.text.push_str(&format!("{} {flag}", transaction.date));
        if let Some(payee) = &transaction.payee {
            self.text.push(' ');
            self.text.push_str(&quoted(payee));
        }
        self.text.push(' ');
        self.text.push_str(&quoted(&transaction.description));
        let mut seen = HashSet::new();
        for tag in &transaction.tags {
            if self.is_bare(tag) && seen.insert(&tag.name) {
                self.text.push_str(" #");
                self.text.push_str(&tag.name);
            }
        }
        // Both halves of a reversal hang on one link.
        if let Some(first) = transaction.reverses {
            self.text.push_str(&format!(" ^reversal-{first}"));
        }
        if transaction.reversed_by.is_some() {
            self.text
                .push_str(&format!(" ^reversal-{}", transaction.number));
        }
        self.text.push('\n');
    }

    fn header_facts(&mut self, transaction: &Transaction) {
        let mut keys = Keys::default();
        self.fact(&mut keys, "  ", "id", &transaction.id.to_string());
        keys.used.insert("number".to_owned());
        self.text
            .push_str(&format!("  number: {}\n", transaction.number));
        if infer_voucher(&self.facts.chart, &transaction.entries) != transaction.voucher {
            self.fact(&mut keys, "  ", "voucher", transaction.voucher.word());
        }
        if transaction.status == Status::Cleared {
            self.fact(&mut keys, "  ", "status", "cleared");
        }
        if let Some(reference) = &transaction.reference {
            self.fact(&mut keys, "  ", "reference", reference);
        }
        if let Some(due) = transaction.due {
            keys.used.insert("due".to_owned());
            self.text.push_str(&format!("  due: {due}\n"));
        }
        for tag in &transaction.tags {
            if !self.is_bare(tag) {
                self.fact(&mut keys, "  ", &tag.name, &tag.value);
            }
        }
        for (name, value) in &transaction.metadata {
            self.fact(&mut keys, "  ", name, value);
        }
    }

    fn is_bare(&self, tag: &Tag) -> bool {
        tag.value.is_empty() && self.tag.is_match(&tag.name)
    }

    /// `key: "text"`; a name that cannot be a key, or is one already, stands before its text.
    fn fact(&mut self, keys: &mut Keys, indent: &str, name: &str, text: &str) {
        // `tag-1` is read as a name that stands before its text.
        let counted = name.starts_with("tag-");
        let is_key = self.key.is_match(name) && !counted && !OWN_KEYS.contains(&name);
        let line = if is_key && keys.used.insert(name.to_owned()) {
            format!("{indent}{name}: {}\n", quoted(text))
        } else {
            format!(
                "{indent}{}: {}\n",
                keys.next(),
                quoted(&format!("{name}:{text}"))
            )
        };
        self.text.push_str(&line);
    }

    fn entry(&mut self, entry: &Entry) {
        let mark = match entry.status() {
            Status::Unmarked => "",
            Status::Pending => "! ",
            Status::Cleared => "* ",
        };
        let account = &self.accounts[entry.account.0 as usize - 1];
        let amount = self.amount(entry.minor, entry.currency);
        self.text.push_str(&format!("  {mark}{account}  {amount}"));
        self.price(entry);
        self.text.push('\n');
        let mut keys = Keys::default();
        if let Some(memo) = entry.memo() {
            self.fact(&mut keys, "    ", "memo", memo);
        }
        for tag in entry.tags() {
            self.fact(&mut keys, "    ", &tag.name, &tag.value);
        }
    }

    fn amount(&self, minor: i64, key: crate::ledger::currency::CurrencyKey) -> String {
        let scale = self.facts.chart.currency(key).scale;
        let code = &self.currencies[usize::from(key.0) - 1];
        format!("{} {code}", machine(i128::from(minor), scale))
    }

    fn price(&mut self, entry: &Entry) {
        let Some(detail) = entry.detail.as_deref() else {
            return;
        };
        let (Some(price), Some((weight, key))) = (detail.price, detail.weight) else {
            return;
        };
        if entry.minor == 0 && weight == 0 {
            // Beancount divides a total by the amount.
            return;
        }
        let scale = |key| u32::from(self.facts.chart.currency(key).scale);
        let amount =
            Decimal::try_from_i128_with_scale(i128::from(entry.minor), scale(entry.currency)).ok();
        let stored = Exact {
            mantissa: i128::from(weight),
            scale: scale(key),
        };
        let exact = amount
            .and_then(|amount| price_weight(amount, price.amount, price.basis))
            .is_some_and(|w| w.normalized() == stored.normalized());
        let text = if exact && price.basis == PriceBasis::Unit {
            let code = &self.currencies[usize::from(key.0) - 1];
            format!(" @ {} {code}", price.amount.normalize())
        } else {
            format!(" @@ {}", self.amount(weight.abs(), key))
        };
        self.text.push_str(&text);
    }
}

impl BookWriter for Beancount<'_> {
    fn head(&mut self) -> io::Result<()> {
        let settings = &self.facts.settings;
        writeln!(
            self.out,
            ";; -*- mode: beancount; coding: utf-8; -*-\noption \"title\" {}",
            quoted(&settings.name)
        )?;
        let chart = self.facts.chart.clone();
        let named = |code: &str| chart.find_currency(code).map(|c| c.key);
        if let Some(base) = named(&settings.base_currency) {
            let code = &self.currencies[usize::from(base.0) - 1];
            writeln!(self.out, "option \"operating_currency\" \"{code}\"")?;
        }
        // Beancount makes a unit price of a total one, by a division that may come out uneven:
        // where a transaction has no decimals, it would insist on not a trace of it.
        for (currency, code) in chart.currencies().iter().zip(&self.currencies) {
            let half = machine(5, currency.scale + 1);
            writeln!(
                self.out,
                "option \"inferred_tolerance_default\" \"{code}:{half}\""
            )?;
        }
        writeln!(self.out)?;
        let first = self.facts.span.map_or(FIRST, |(first, _)| first);
        let first = self
            .facts
            .assertions
            .iter()
            .map(|a| a.on)
            .fold(first, Date::min);
        self.commodities(first)?;
        self.opens(first)?;
        self.prices()?;
        writeln!(self.out)
    }

    fn transaction(&mut self, transaction: &Transaction) -> io::Result<()> {
        self.text.clear();
        self.header(transaction);
        self.header_facts(transaction);
        for entry in &transaction.entries {
            self.entry(entry);
        }
        self.text.push('\n');
        self.out.write_all(self.text.as_bytes())
    }

    fn end(&mut self) -> io::Result<()> {
        let assertions = std::mem::take(&mut self.facts.assertions);
        for assertion in &assertions {
            if let Some(line) = self.assertion(assertion) {
                writeln!(self.out, "{line}")?;
            }
        }
        // Beancount refuses the whole file for one of them.
        let failing = std::mem::take(&mut self.facts.failing);
        for assertion in &failing {
            if let Some(line) = self.assertion(assertion) {
                writeln!(self.out, "; left out, the books say otherwise: {line}")?;
            }
        }
        self.closes()?;
        self.out.flush()
    }
}

/// Where a book without transactions begins.
const FIRST: Date = Date::constant(1970, 1, 1);

/// Keys of one directive: beancount refuses a second of the same name.
#[derive(Default)]
struct Keys {
    used: HashSet<String>,
    count: usize,
}

impl Keys {
    fn next(&mut self) -> String {
        loop {
            self.count += 1;
            let key = format!("tag-{}", self.count);
            if self.used.insert(key.clone()) {
                return key;
            }
        }
    }
}

/// A string as beancount's lexer reads it back; lines that would end it too early are escaped.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_were() {
        assert_eq!(quoted("a \"b\" \\n\nc"), r#""a \"b\" \\n\nc""#);
    }
}
