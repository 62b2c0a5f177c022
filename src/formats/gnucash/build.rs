//! A GnuCash book as transactions of ours: the tree as paths, ratios as exact decimals, values as prices.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::model::{Account, CommodityName, GnucashBook, Ratio, Split, Transaction};
use crate::formats::journal::Fault;
use crate::formats::journal::builder::{Builder, Whole, WholeEntry, one_line, printable, tag};
use crate::ledger::account::{AccountKey, AccountType, Kind};
use crate::ledger::currency::CurrencyKey;
use crate::ledger::money::SCALE_MAX;
use crate::ledger::transaction::{PriceBasis, Status};

/// How deep accounts nest, and against loops among parents.
const DEPTH_MAX: usize = 64;
/// Where a stock split comes from: shares that cost nothing.
const SPLITS: &str = "Equity:Stock Splits";

struct Build<'b, 'o, 'g> {
    builder: &'b mut Builder<'o>,
    source: u16,
    book: &'g GnucashBook,
    accounts: HashMap<&'g str, (AccountKey, CurrencyKey)>,
    currencies: HashMap<&'g CommodityName, CurrencyKey>,
    taken: HashSet<String>,
    voided: u64,
    renamed: u64,
    gains: u64,
    stock_splits: u64,
    rates_rounded: u64,
}

/// Puts a book into what is being built; what is wrong becomes errors there.
pub(in crate::formats) fn build(book: &GnucashBook, builder: &mut Builder<'_>, source: u16) {
    let mut build = Build {
        builder,
        source,
        book,
        accounts: HashMap::new(),
        currencies: HashMap::new(),
        taken: HashSet::new(),
        voided: 0,
        renamed: 0,
        gains: 0,
        stock_splits: 0,
        rates_rounded: 0,
    };
    build.commodities();
    build.tree();
    build.prices();
    for transaction in &book.transactions {
        if let Err(fault) = build.transaction(transaction) {
            let shown = format!(
                "{} {}",
                transaction.posted.get(..10).unwrap_or(""),
                transaction.description
            );
            build
                .builder
                .fail_at(source, transaction.line, &shown, fault);
        }
        if build.builder.is_full() {
            break;
        }
    }
    build.say();
}

impl<'g> Build<'_, '_, 'g> {
    fn commodities(&mut self) {
        for commodity in &self.book.commodities {
            if commodity.name.0 == "template" {
                continue;
            }
            if let Some(key) = self.currency(&commodity.name) {
                if !commodity.full_name.is_empty() && !is_currency(&commodity.name) {
                    self.builder.name_currency(key, &commodity.full_name);
                }
                if let Some(places) = places(commodity.fraction) {
                    self.builder.at_least(key, places);
                }
            }
        }
    }

    /// A commodity's key: its id, or with its space where another has that id.
    fn currency(&mut self, name: &'g CommodityName) -> Option<CurrencyKey> {
        if let Some(key) = self.currencies.get(name) {
            return Some(*key);
        }
        let same =
            |other: &&CommodityName| is_currency(other) && is_currency(name) && other.1 == name.1;
        let known = self.currencies.keys().copied().find(same);
        let key = match known {
            Some(known) => self.currencies[known],
            None => {
                let clash = self.currencies.keys().any(|other| other.1 == name.1);
                let code = if clash {
                    format!("{}:{}", name.0, name.1)
                } else {
                    name.1.clone()
                };
                self.builder.currency(&one_line(&code))?
            }
        };
        self.currencies.insert(name, key);
        Some(key)
    }

    /// The accounts below the root, by path; those of templates are not reached.
    fn tree(&mut self) {
        let by_guid: HashMap<&str, &'g Account> = self
            .book
            .accounts
            .iter()
            .map(|a| (a.guid.as_str(), a))
            .collect();
        for account in self.book.accounts.iter().filter(|a| a.kind != "ROOT") {
            let is_template = account
                .commodity
                .as_ref()
                .is_some_and(|c| c.0 == "template");
            if is_template {
                continue;
            }
            let Some(path) = path_of(account, &by_guid) else {
                let fault = Fault::new(
                    "bad-record",
                    format!("the account {} hangs below itself", one_line(&account.name)),
                );
                self.builder.fail_at(self.source, 0, "", fault);
                continue;
            };
            let path = self.unique(path);
            let key = self.builder.account(&path);
            let (kind, of_type) = kind_of(&account.kind);
            self.builder.declare(key, kind, of_type);
            let note = [&account.description, &account.notes]
                .map(|t| printable(t))
                .into_iter()
                .filter(|t| !t.is_empty() && *t != account.name)
                .collect::<Vec<_>>()
                .join("\n");
            let held = self.builder.account_mut(key);
            held.code = Some(one_line(&account.code)).filter(|c| !c.is_empty());
            held.note = Some(note).filter(|n| !n.is_empty());
            let currency = account
                .commodity
                .as_ref()
                .and_then(|name| self.currency(name));
            if let Some(currency) = currency {
                if let Some(places) = places(account.unit) {
                    self.builder.at_least(currency, places);
                }
                self.accounts.insert(&account.guid, (key, currency));
            }
        }
    }

    /// Two accounts of one path: the second gets a number.
    fn unique(&mut self, path: String) -> String {
        let mut name = path.clone();
        let mut nth = 1;
        while !self.taken.insert(name.clone()) {
            nth += 1;
            name = format!("{path} ({nth})");
        }
        self.renamed += u64::from(nth > 1);
        name
    }

    fn prices(&mut self) {
        for price in &self.book.prices {
            let (Some(commodity), Some(currency), Ok(on)) = (
                self.currency(&price.commodity),
                self.currency(&price.currency),
                day(&price.on),
            ) else {
                self.builder.ignored("price without a day or commodity");
                continue;
            };
            let ratio =
                Decimal::from(price.value.over).checked_div(Decimal::from(price.value.under));
            let Some(rate) = ratio.filter(|r| r.is_sign_positive() && !r.is_zero()) else {
                self.builder.ignored("price of nothing");
                continue;
            };
            let rate = rate.normalize();
            let kept = rate.round_dp_with_strategy(
                u32::from(SCALE_MAX),
                RoundingStrategy::MidpointNearestEven,
            );
            self.rates_rounded += u64::from(kept != rate);
            self.builder.price(on, commodity, currency, kept);
        }
    }

    fn transaction(&mut self, transaction: &'g Transaction) -> Result<(), Fault> {
        if transaction
            .splits
            .iter()
            .all(|s| s.value.over == 0 && s.quantity.over == 0)
        {
            self.voided += 1;
            return Ok(());
        }
        let date = day(&transaction.posted)?;
        let currency = self.currency(&transaction.currency).ok_or_else(too_many)?;
        let mut entries = Vec::with_capacity(transaction.splits.len());
        for split in &transaction.splits {
            self.split(split, currency, &mut entries)?;
        }
        let states: Vec<Status> = entries.iter().map(|e: &WholeEntry| e.status).collect();
        let cleared = states.iter().all(|s| *s == Status::Cleared);
        let mut tags = Vec::new();
        if !transaction.guid.is_empty() {
            tags.push(tag("id", &transaction.guid));
        }
        self.builder.transaction(Whole {
            source: self.source,
            line: transaction.line,
            date,
            status: if cleared {
                Status::Cleared
            } else {
                Status::Unmarked
            },
            description: transaction.description.clone(),
            reference: transaction.number.clone(),
            tags,
            comment: transaction.notes.clone(),
            entries,
        });
        Ok(())
    }

    fn split(
        &mut self,
        split: &Split,
        currency: CurrencyKey,
        entries: &mut Vec<WholeEntry>,
    ) -> Result<(), Fault> {
        let Some((account, held)) = self.accounts.get(split.account.as_str()).copied() else {
            return Err(Fault::new(
                "unknown-account",
                format!(
                    "a split belongs to an account that the file does not have: {}",
                    one_line(&split.account)
                ),
            ));
        };
        let (value, quantity) = (exact(split.value)?, exact(split.quantity)?);
        let mut entry = WholeEntry::new(account, quantity, held);
        entry.memo = split.memo.clone();
        entry.status = if matches!(split.reconciled.as_str(), "c" | "y" | "f") {
            Status::Cleared
        } else {
            Status::Unmarked
        };
        if matches!(split.reconciled.as_str(), "y" | "f") {
            entry.tags.push(tag("reconciled", &split.reconciled));
        }
        if !split.action.is_empty() {
            entry.tags.push(tag("action", &split.action));
        }
        if held == currency {
            if value != quantity {
                return Err(Fault::new(
                    "bad-record",
                    format!(
                        "a split of {} moves {quantity} and is worth {value} of the same currency",
                        self.builder.path(account)
                    ),
                )
                .hint("correct it in GnuCash: Actions, Check & Repair"));
            }
        } else if quantity.is_zero() && !value.is_zero() {
            // A gain or loss, or a cost that shares are charged with: the account holds it as money.
            (entry.amount, entry.currency) = (value, currency);
            self.gains += 1;
        } else if value.is_zero() && !quantity.is_zero() {
            self.stock_splits += 1;
            let other = self.builder.account(SPLITS);
            entries.push(WholeEntry::new(other, -quantity, held));
        } else if !quantity.is_zero() {
            // A value on the other side than its quantity turns the weight around.
            let price = if quantity.is_sign_negative() {
                -value
            } else {
                value
            };
            entry.price = Some((price, currency, PriceBasis::Total));
        }
        entries.push(entry);
        Ok(())
    }

    fn say(&mut self) {
        let mut lines = Vec::new();
        for (count, text) in [
            (
                self.voided,
                "transactions that move nothing (voided ones) were left out",
            ),
            (
                self.renamed,
                "accounts had the name of another one and got a number behind it",
            ),
            (
                self.gains,
                "splits without shares (gains, costs) are held as money on their account",
            ),
            (
                self.stock_splits,
                "splits of shares that cost nothing stand against Equity:Stock Splits",
            ),
            (
                self.rates_rounded,
                "prices come out uneven and were rounded to 12 places",
            ),
        ] {
            if count > 0 {
                lines.push(format!("{count} {text}"));
            }
        }
        lines.extend(
            self.book
                .left_out
                .iter()
                .map(|(what, count)| format!("{count} {what} were passed over")),
        );
        self.builder.notes().said.append(&mut lines);
    }
}

fn too_many() -> Fault {
    Fault::new("too-many-commodities", "more than 65,535 commodities")
}

fn is_currency(name: &CommodityName) -> bool {
    matches!(name.0.as_str(), "CURRENCY" | "ISO4217")
}

/// Places of a smallest unit: 100 → 2; `None` where it is no power of ten.
fn places(fraction: i64) -> Option<u8> {
    (0..=SCALE_MAX).find(|places| 10i64.checked_pow(u32::from(*places)) == Some(fraction))
}

/// The day a timestamp begins with.
fn day(text: &str) -> Result<Date, Fault> {
    let head = text.trim().get(..10).unwrap_or(text.trim());
    let compact = head
        .get(..8)
        .filter(|h| h.bytes().all(|b| b.is_ascii_digit()));
    let read = match compact {
        Some(digits) => format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]).parse(),
        None => head.parse(),
    };
    read.map_err(|_| Fault::new("bad-date", format!("there is no day {:?}", one_line(head))))
}

/// A ratio as the decimal it is.
fn exact(ratio: Ratio) -> Result<Decimal, Fault> {
    let wrong = || {
        Fault::new(
            "bad-amount",
            format!(
                "{}/{} is not a number of at most {SCALE_MAX} decimal places",
                ratio.over, ratio.under
            ),
        )
    };
    if ratio.under <= 0 {
        return Err(wrong());
    }
    let (mut over, mut under) = (i128::from(ratio.over), i128::from(ratio.under));
    let divisor = gcd(over.unsigned_abs(), under.unsigned_abs()) as i128;
    (over, under) = (over / divisor.max(1), under / divisor.max(1));
    for scale in 0..=u32::from(SCALE_MAX) {
        let power = 10i128.pow(scale);
        if power % under == 0 {
            let mantissa = over.checked_mul(power / under).ok_or_else(wrong)?;
            return Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| wrong());
        }
    }
    Err(wrong())
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Names from the root down; `None` for a loop.
fn path_of(account: &Account, by_guid: &HashMap<&str, &Account>) -> Option<String> {
    let mut names = vec![segment(&account.name)];
    let mut at = account;
    while let Some(parent) = at.parent.as_deref().and_then(|guid| by_guid.get(guid)) {
        if parent.kind == "ROOT" {
            break;
        }
        names.push(segment(&parent.name));
        if names.len() > DEPTH_MAX {
            return None;
        }
        at = parent;
    }
    names.reverse();
    Some(names.join(":"))
}

/// A name as one part of a path.
pub(in crate::formats) fn segment(name: &str) -> String {
    let plain = one_line(name).replace(':', "-");
    let words: Vec<&str> = plain.split_whitespace().collect();
    match words.join(" ") {
        empty if empty.is_empty() => "(no name)".to_owned(),
        name => name,
    }
}

fn kind_of(kind: &str) -> (Kind, Option<AccountType>) {
    match kind {
        "BANK" | "CHECKING" | "SAVINGS" | "MONEYMRKT" => (Kind::Asset, Some(AccountType::Bank)),
        "CASH" => (Kind::Asset, Some(AccountType::Cash)),
        "RECEIVABLE" => (Kind::Asset, Some(AccountType::Receivable)),
        "PAYABLE" => (Kind::Liability, Some(AccountType::Payable)),
        "ASSET" | "STOCK" | "MUTUAL" | "CURRENCY" => (Kind::Asset, Some(AccountType::General)),
        "LIABILITY" | "CREDIT" | "CREDITLINE" => (Kind::Liability, Some(AccountType::General)),
        "EQUITY" | "TRADING" => (Kind::Equity, Some(AccountType::General)),
        "INCOME" => (Kind::Income, Some(AccountType::General)),
        "EXPENSE" => (Kind::Expense, Some(AccountType::General)),
        _ => (Kind::Unclassified, None),
    }
}
