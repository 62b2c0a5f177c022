//! A book as a journal: for hledger, which reads it to the same balances, and for Ledger.
//!
//! Transactions are written one at a time, so a book of any size needs no memory. Amounts that a
//! price does not multiply to their exact weight get their weight in total (`@@`). Void
//! transactions become comments. What a journal's grammar cannot hold is replaced by its
//! full-width likeness (`;` in a description, a bracket before an account's name).

use std::io::{self, Write};

use rust_decimal::Decimal;

use crate::ledger::account::{Account, AccountType, Kind};
use crate::ledger::change::PriceChange;
use crate::ledger::chart::Chart;
use crate::ledger::currency::Currency;
use crate::ledger::draft::infer_voucher;
use crate::ledger::money::Exact;
use crate::ledger::transaction::{Entry, PriceBasis, State, Status, Tag, Transaction, VIRTUAL_TAG};
use crate::ledger::weighing::price_weight;

use super::Dialect;
use super::finish::{COMMENT, DUE_TAG, ID_TAG, PAYEE_TAG, VIRTUAL_ACCOUNT, VOUCHER_TAG};
use super::safe;

/// The column where amounts end, at least.
const ACCOUNT_WIDTH: usize = 44;
const AMOUNT_WIDTH: usize = 14;

/// How to write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// `Auto` writes what both programs read.
    pub dialect: Dialect,
    /// Keep each transaction's id as a tag, so that bringing the journal back changes nothing.
    pub ids: bool,
}

/// Writes a journal.
pub struct JournalWriter<W: Write> {
    out: W,
    chart: Chart,
    options: WriteOptions,
    /// By account key − 1.
    accounts: Vec<String>,
    /// By currency key − 1.
    currencies: Vec<Sign>,
    line: String,
    amount: String,
}

/// How a currency stands beside its amounts.
struct Sign {
    text: String,
    left: bool,
    scale: u8,
}

impl<W: Write> JournalWriter<W> {
    pub fn new(out: W, chart: Chart, options: WriteOptions) -> JournalWriter<W> {
        JournalWriter {
            accounts: chart
                .accounts()
                .iter()
                .map(|a| safe::account(&a.path))
                .collect(),
            currencies: chart.currencies().iter().map(sign).collect(),
            out,
            chart,
            options,
            line: String::with_capacity(256),
            amount: String::with_capacity(64),
        }
    }

    /// The directives before the transactions: commodities, accounts, prices.
    pub fn head(&mut self, prices: &[PriceChange]) -> io::Result<()> {
        for currency in self.currencies.iter().filter(|c| !c.text.is_empty()) {
            writeln!(self.out, "commodity {}", currency.text)?;
            if currency.scale > 0 {
                let zeros = "0".repeat(usize::from(currency.scale));
                match currency.left {
                    true => writeln!(self.out, "    format {}1000.{zeros}", currency.text)?,
                    false => writeln!(self.out, "    format 1000.{zeros} {}", currency.text)?,
                }
            }
        }
        writeln!(self.out)?;
        for key in self.chart.in_order() {
            let account = self.chart.account(key);
            let name = &self.accounts[key.0 as usize - 1];
            writeln!(self.out, "account {name}")?;
            if let Some(tags) = account_tags(account) {
                writeln!(self.out, "    ; {tags}")?;
            }
        }
        if !self.accounts.is_empty() {
            writeln!(self.out)?;
        }
        for price in prices {
            let Some(rate) = price.rate else {
                continue;
            };
            let commodity = safe::commodity(&price.commodity);
            let amount = match self.chart.find_currency(&price.currency) {
                Some(currency) => {
                    let sign = &self.currencies[usize::from(currency.key.0) - 1];
                    with_sign(&rate.normalize().to_string(), sign)
                }
                None => format!("{} {}", rate.normalize(), safe::commodity(&price.currency)),
            };
            writeln!(self.out, "P {} {commodity} {amount}", price.on)?;
        }
        if !prices.is_empty() {
            writeln!(self.out)?;
        }
        Ok(())
    }

    /// One transaction and an empty line.
    pub fn transaction(&mut self, transaction: &Transaction) -> io::Result<()> {
        self.line.clear();
        self.header(transaction);
        self.header_tags(transaction);
        for entry in &transaction.entries {
            self.entry(entry);
        }
        self.line.push('\n');
        if let State::Void { reason } = &transaction.state {
            let reason = safe::line(reason.as_deref().unwrap_or("no reason given"));
            writeln!(self.out, "; void {}: {reason}", transaction.number)?;
            for line in self.line.trim_end().lines() {
                writeln!(self.out, "; {line}")?;
            }
            return writeln!(self.out);
        }
        self.out.write_all(self.line.as_bytes())
    }

    /// Writes out what is buffered and gives the stream back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn header(&mut self, transaction: &Transaction) {
        push_date(&mut self.line, transaction.date);
        if let Some(second) = second_date(transaction) {
            self.line.push('=');
            push_date(&mut self.line, second);
        }
        push_status(&mut self.line, transaction.status, " ");
        let description = safe::description(&transaction.description);
        let reference = transaction.reference.as_deref().map(safe::code);
        // Without a code, these would be read as a mark or a code themselves.
        let shielded = description.starts_with(['*', '!', '(']);
        if reference.is_some() || shielded {
            self.line.push_str(" (");
            self.line.push_str(reference.as_deref().unwrap_or(""));
            self.line.push(')');
        }
        if !description.is_empty() {
            self.line.push(' ');
            self.line.push_str(&description);
        }
        self.line.push('\n');
    }

    fn header_tags(&mut self, transaction: &Transaction) {
        if self.options.ids {
            let id = transaction.id.to_string();
            self.tag(ID_TAG, &id);
        }
        if infer_voucher(&self.chart, &transaction.entries) != transaction.voucher {
            self.tag(VOUCHER_TAG, transaction.voucher.word());
        }
        if let Some(payee) = &transaction.payee {
            self.tag(PAYEE_TAG, payee);
        }
        if let Some(due) = transaction.due {
            self.tag(DUE_TAG, &due.to_string());
        }
        let second = second_date(transaction).is_some();
        for tag in transaction
            .tags
            .iter()
            .filter(|t| !(second && t.name == "date2"))
        {
            self.tag(&tag.name, &tag.value);
        }
        for (name, value) in &transaction.metadata {
            if name == COMMENT {
                for line in value.lines() {
                    self.comment(line);
                }
            } else {
                self.tag(name, value);
            }
        }
    }

    fn tag(&mut self, name: &str, value: &str) {
        self.line.push_str("    ; ");
        self.line.push_str(&safe::tag_name_of(name, value));
        self.line.push(':');
        self.line.push_str(&safe::tag_value(value));
        self.line.push('\n');
    }

    fn comment(&mut self, text: &str) {
        self.line.push_str("    ; ");
        self.line.push_str(&safe::comment(text));
        self.line.push('\n');
    }

    fn entry(&mut self, entry: &Entry) {
        let virtual_tag = entry.tags().iter().find(|t| t.name == VIRTUAL_TAG);
        let bracket = virtual_tag.map(|t| {
            if t.value == "balanced" {
                ('[', ']')
            } else {
                ('(', ')')
            }
        });
        let one_sided = matches!(bracket, Some(('(', _)));
        if one_sided && &*self.chart.account(entry.account).path == VIRTUAL_ACCOUNT {
            // The reader adds it again.
            return;
        }
        self.line.push_str("    ");
        let start = self.line.len();
        push_status(&mut self.line, entry.status(), "");
        if entry.status() != Status::Unmarked {
            self.line.push(' ');
        }
        self.line.extend(bracket.map(|b| b.0));
        self.line
            .push_str(&self.accounts[entry.account.0 as usize - 1]);
        self.line.extend(bracket.map(|b| b.1));
        let written = self.line[start..].chars().count();
        self.amount.clear();
        push_amount(
            &mut self.amount,
            entry.minor,
            &self.currencies[usize::from(entry.currency.0) - 1],
        );
        let width = ACCOUNT_WIDTH.saturating_sub(written)
            + AMOUNT_WIDTH.saturating_sub(self.amount.chars().count());
        for _ in 0..width.max(2) {
            self.line.push(' ');
        }
        self.line.push_str(&self.amount);
        self.price(entry);
        self.entry_comments(entry);
    }

    /// `@` where amount × price is exactly the weight, else `@@` with the weight.
    fn price(&mut self, entry: &Entry) {
        let Some(detail) = entry.detail.as_deref() else {
            return;
        };
        let (Some(price), Some((weight, key))) = (detail.price, detail.weight) else {
            return;
        };
        let sign = &self.currencies[usize::from(key.0) - 1];
        let scale = self.currencies[usize::from(entry.currency.0) - 1].scale;
        let amount = Decimal::try_from_i128_with_scale(i128::from(entry.minor), u32::from(scale));
        let exact = amount
            .ok()
            .and_then(|a| price_weight(a, price.amount, price.basis))
            .and_then(|w| {
                w.checked_add(Exact {
                    mantissa: -i128::from(weight),
                    scale: u32::from(sign.scale),
                })
            })
            .is_some_and(|difference| difference.mantissa == 0);
        if exact && price.basis == PriceBasis::Unit {
            self.line.push_str(" @ ");
            self.line
                .push_str(&with_sign(&price.amount.normalize().to_string(), sign));
            return;
        }
        self.line.push_str(" @@ ");
        // A weight on the other side than its amount comes of a negative cost.
        let turned = (weight < 0) != (entry.minor < 0) && weight != 0 && entry.minor != 0;
        let total = if turned { -weight.abs() } else { weight.abs() };
        self.amount.clear();
        push_amount(&mut self.amount, total, sign);
        self.line.push_str(&self.amount);
    }

    fn entry_comments(&mut self, entry: &Entry) {
        let memo = entry.memo().unwrap_or("");
        let mut said: Vec<Tag> = Vec::new();
        super::comment::tags_of(memo, &mut said);
        let mut lines = memo.lines();
        if let Some(first) = lines.next() {
            self.line.push_str("  ; ");
            self.line.push_str(&safe::comment(first));
        }
        self.line.push('\n');
        for line in lines {
            self.comment(line);
        }
        for tag in entry.tags() {
            if tag.name != VIRTUAL_TAG && !said.contains(tag) {
                self.tag(&tag.name, &tag.value);
            }
        }
    }
}

/// The second date, where a tag holds a whole one.
fn second_date(transaction: &Transaction) -> Option<jiff::civil::Date> {
    transaction
        .tags
        .iter()
        .find(|t| t.name == "date2")
        .and_then(|t| t.value.parse().ok())
}

fn sign(currency: &Currency) -> Sign {
    let mut chars = currency.code.chars();
    let left = matches!((chars.next(), chars.next()), (Some(c), None) if !c.is_alphanumeric());
    Sign {
        text: safe::commodity(&currency.code),
        left,
        scale: currency.scale,
    }
}

/// hledger's type of an account, and what it does not know as a tag of ours.
fn account_tags(account: &Account) -> Option<String> {
    let letter = match (account.kind, account.account_type) {
        (Kind::Asset, AccountType::Cash | AccountType::Bank) => "C",
        (Kind::Asset, _) => "A",
        (Kind::Liability, _) => "L",
        (Kind::Equity, _) => "E",
        (Kind::Income, _) => "R",
        (Kind::Expense, _) => "X",
        (Kind::Unclassified, _) => return None,
    };
    let read_back = if letter == "C" {
        AccountType::Cash
    } else {
        AccountType::of_path(&account.path, account.kind)
    };
    Some(if account.account_type == read_back {
        format!("type:{letter}")
    } else {
        format!("type:{letter}, use:{}", account.account_type.word())
    })
}

fn with_sign(number: &str, sign: &Sign) -> String {
    match (sign.text.is_empty(), sign.left) {
        (true, _) => number.to_owned(),
        (false, true) => format!("{}{number}", sign.text),
        (false, false) => format!("{number} {}", sign.text),
    }
}

fn push_status(line: &mut String, status: Status, before: &str) {
    let mark = match status {
        Status::Unmarked => return,
        Status::Pending => '!',
        Status::Cleared => '*',
    };
    line.push_str(before);
    line.push(mark);
}

fn push_date(line: &mut String, date: jiff::civil::Date) {
    push_digits(line, u64::from(date.year().unsigned_abs()), 4);
    line.push('-');
    push_digits(line, u64::from(date.month().unsigned_abs()), 2);
    line.push('-');
    push_digits(line, u64::from(date.day().unsigned_abs()), 2);
}

fn push_amount(line: &mut String, minor: i64, sign: &Sign) {
    if sign.left {
        line.push_str(&sign.text);
    }
    if minor < 0 {
        line.push('-');
    }
    let unit = 10u64.pow(u32::from(sign.scale));
    push_digits(line, minor.unsigned_abs() / unit, 1);
    if sign.scale > 0 {
        line.push('.');
        push_digits(line, minor.unsigned_abs() % unit, usize::from(sign.scale));
    }
    if !sign.left && !sign.text.is_empty() {
        line.push(' ');
        line.push_str(&sign.text);
    }
}

/// A number with at least so many digits.
fn push_digits(line: &mut String, mut number: u64, least: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 || digits.len() - at < least {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    line.extend(digits[at..].iter().map(|d| char::from(*d)));
}
