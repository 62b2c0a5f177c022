//! Balance assertions and assignments, in order of date, then of the journal, as hledger has them;
//! in the order of the file where the journal is read as Ledger's.

use std::collections::{HashMap, HashSet};

use crate::ledger::account::{AccountKey, is_within};
use crate::ledger::change::Assertion;
use crate::ledger::compact::CompactEntry;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Day;
use crate::ledger::money;
use crate::ledger::transaction::VIRTUAL_TAG;

use super::amount::Number;
use super::directives::decimal;
use super::error::{Fault, JournalError};
use super::open::{Deferred, Posting, Sort, WrittenAssertion};
use super::reader::Reader;
use super::settle::{Check, Scales, exact, id_of, shown, wanted_accounts};

/// Some entries of a transaction that count on one day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    day: Day,
    row: u32,
    from: u16,
    until: u16,
}

/// Balances by account and final currency key, as far as somebody asks for them.
#[derive(Default)]
struct Balances {
    held: HashMap<AccountKey, Vec<(CurrencyKey, i128)>>,
}

impl Balances {
    fn add(&mut self, account: AccountKey, currency: CurrencyKey, minor: i128) {
        let held = self.held.entry(account).or_default();
        match held.iter_mut().find(|(key, _)| *key == currency) {
            Some((_, sum)) => *sum += minor,
            None => held.push((currency, minor)),
        }
    }

    fn of(&self, accounts: &[AccountKey]) -> Vec<(CurrencyKey, i128)> {
        let mut all = Balances::default();
        for (currency, minor) in accounts.iter().filter_map(|a| self.held.get(a)).flatten() {
            all.add(AccountKey(0), *currency, *minor);
        }
        all.held.remove(&AccountKey(0)).unwrap_or_default()
    }
}

/// Evaluates assignments, tests assertions, and gives those that hold at the end of their day.
pub(super) fn walk(
    reader: &mut Reader<'_>,
    scales: &Scales,
    assigned: Vec<Deferred>,
    virtual_account: Option<AccountKey>,
) -> Vec<Assertion> {
    if reader.checks.is_empty() {
        return Vec::new();
    }
    let wanted = wanted_accounts(&reader.names, &reader.checks);
    let mut waiting: HashMap<u32, Deferred> =
        assigned.into_iter().map(|d| (d.row as u32, d)).collect();
    let mut walk = Walk {
        scales,
        balances: Balances::default(),
        real: Balances::default(),
        today: Vec::new(),
        kept: Vec::new(),
        dated: true,
    };
    let steps = steps(reader, &wanted, &waiting);
    walk.dated = steps.is_sorted_by_key(|s| s.day);
    let mut day = None;
    for step in steps {
        if day.replace(step.day) != Some(step.day) {
            walk.end_of_day(reader);
        }
        let (mut from, mut until) = (step.from, step.until);
        if let Some(mut deferred) = waiting.remove(&step.row) {
            walk.assign(reader, &mut deferred);
            if !reader.settle_one(&mut deferred, scales, virtual_account) {
                continue;
            }
            (from, until) = (0, u16::MAX);
        }
        walk.apply(reader, &wanted, step.row, from, until);
    }
    walk.end_of_day(reader);
    walk.kept
}

/// Everything that touches a wanted account, in order.
fn steps(
    reader: &Reader<'_>,
    wanted: &HashSet<AccountKey>,
    waiting: &HashMap<u32, Deferred>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let dated: HashSet<u32> = reader.dated.keys().map(|(row, _)| *row).collect();
    for index in 0..reader.store.len() {
        let row = index as u32;
        let day = reader.store.row(index).day;
        let whole = Step {
            day,
            row,
            from: 0,
            until: u16::MAX,
        };
        if waiting.contains_key(&row) {
            steps.push(whole);
            continue;
        }
        let entries = reader.store.entries(index);
        if !entries.iter().any(|e| wanted.contains(&e.account)) {
            continue;
        }
        if !dated.contains(&row) {
            steps.push(whole);
            continue;
        }
        for place in 0..entries.len() as u16 {
            steps.push(Step {
                day: reader.dated.get(&(row, place)).copied().unwrap_or(day),
                row,
                from: place,
                until: place + 1,
            });
        }
    }
    if !reader.file_order {
        steps.sort_unstable();
    }
    steps
}

struct Walk<'a> {
    scales: &'a Scales,
    balances: Balances,
    /// Without virtual postings: only kept for Ledger's assertions.
    real: Balances,
    /// Assertions of the day that hold where they stand.
    today: Vec<Check>,
    kept: Vec<Assertion>,
    /// The steps run in order of date: so a day's end means something.
    dated: bool,
}

impl Walk<'_> {
    /// Adds entries of a transaction and tests the assertions behind each.
    fn apply(
        &mut self,
        reader: &mut Reader<'_>,
        wanted: &HashSet<AccountKey>,
        row: u32,
        from: u16,
        until: u16,
    ) {
        let count = reader.store.entries(row as usize).len() as u16;
        let mut next = reader.checks.partition_point(|c| c.row < row);
        for place in from..until.min(count) {
            let entry = reader.store.entries(row as usize)[usize::from(place)];
            if wanted.contains(&entry.account) {
                let minor = i128::from(entry.minor);
                self.balances.add(entry.account, entry.currency, minor);
                if reader.file_order && !is_virtual(reader, &entry) {
                    self.real.add(entry.account, entry.currency, minor);
                }
            }
            while let Some(check) = reader.checks.get(next).copied().filter(|c| c.row == row) {
                if check.entry > place {
                    break;
                }
                next += 1;
                if check.entry < from {
                    continue;
                }
                match self.test(reader, &check) {
                    Ok(()) => self.today.push(check),
                    Err(fault) => fail(reader, &check, fault),
                }
            }
        }
    }

    fn held(&self, reader: &Reader<'_>, check: &Check) -> Vec<(CurrencyKey, i128)> {
        let balances = if check.real_only {
            &self.real
        } else {
            &self.balances
        };
        if !check.asserted.subaccounts {
            return balances.of(&[check.account]);
        }
        let path = &reader.names.accounts[check.account.0 as usize - 1].path;
        let all: Vec<AccountKey> = reader
            .names
            .accounts
            .iter()
            .enumerate()
            .filter(|(_, a)| is_within(&a.path, path))
            .map(|(i, _)| AccountKey(i as u32 + 1))
            .collect();
        balances.of(&all)
    }

    fn test(&self, reader: &Reader<'_>, check: &Check) -> Result<(), Fault> {
        let held = self.held(reader, check);
        let amount = check.asserted.amount;
        let (currency, scale) = self.scales.keys[usize::from(amount.currency.0) - 1];
        let code = &self.scales.codes[usize::from(currency.0) - 1];
        let found = held
            .iter()
            .find(|(key, _)| *key == currency)
            .map_or(0, |(_, minor)| *minor);
        let target = exact(amount.number.mantissa, amount.number.places);
        let same = exact(found, scale)
            .checked_add(exact(-target.mantissa, amount.number.places))
            .is_some_and(|difference| difference.mantissa == 0);
        let asserted = decimal(amount.number).map_or_else(String::new, |d| d.to_string());
        let path = &reader.names.accounts[check.account.0 as usize - 1].path;
        let with = if check.asserted.subaccounts {
            " with its subaccounts"
        } else {
            ""
        };
        if !same {
            return Err(Fault::new(
                "assertion-failed",
                format!(
                    "the balance of {path}{with} should be {asserted} {code} here, but it is {}",
                    shown(found, scale, code)
                ),
            )
            .hint("correct what is before it, or read the journal all the same with -I"));
        }
        let other = held
            .iter()
            .find(|(key, minor)| *key != currency && *minor != 0);
        if let (true, Some((key, minor))) = (check.asserted.total, other) {
            let place = usize::from(key.0) - 1;
            let other = shown(*minor, self.scales.scales[place], &self.scales.codes[place]);
            return Err(Fault::new(
                "assertion-failed",
                format!("{path}{with} should hold nothing but {asserted} {code} here (==), but it holds {other}"),
            )
            .hint("use = to speak of one commodity only"));
        }
        Ok(())
    }

    /// Puts the amounts that assignments mean in their place.
    fn assign(&mut self, reader: &mut Reader<'_>, deferred: &mut Deferred) {
        // What the postings before it add, within the same transaction.
        let mut within = Balances::default();
        let mut postings: Vec<Posting> = Vec::with_capacity(deferred.postings.len());
        let mut places: Vec<u16> = Vec::new();
        for mut posting in std::mem::take(&mut deferred.postings) {
            let first = postings.len();
            if posting.is_assigned()
                && let Some(asserted) = posting.assertion().copied()
            {
                self.assign_one(reader, &mut posting, asserted, &within, &mut postings);
            }
            places.push(postings.len() as u16);
            postings.push(posting);
            for posting in &postings[first..] {
                let Some((number, old)) = posting.amount else {
                    continue;
                };
                if deferred.ledger && posting.sort != Sort::Real {
                    continue;
                }
                let (key, scale) = self.scales.keys[usize::from(old.0) - 1];
                if let Some(minor) = exact(number.mantissa, number.places).round_half_even(scale) {
                    within.add(posting.account, key, minor);
                }
            }
        }
        deferred.postings = postings;
        let row = deferred.row as u32;
        let from = reader.checks.partition_point(|c| c.row < row);
        for check in reader.checks[from..]
            .iter_mut()
            .take_while(|c| c.row == row)
        {
            check.entry = places
                .get(usize::from(check.entry))
                .copied()
                .unwrap_or(check.entry);
        }
    }

    fn assign_one(
        &self,
        reader: &Reader<'_>,
        posting: &mut Posting,
        asserted: WrittenAssertion,
        within: &Balances,
        extra: &mut Vec<Posting>,
    ) {
        let check = Check {
            row: 0,
            entry: 0,
            line: 0,
            account: posting.account,
            asserted,
            real_only: reader.file_order && posting.sort == Sort::Real,
        };
        let mut held = Balances::default();
        for (key, minor) in self.held(reader, &check) {
            held.add(AccountKey(0), key, minor);
        }
        for (key, minor) in within.of(&[posting.account]) {
            held.add(AccountKey(0), key, minor);
        }
        let held = held.of(&[AccountKey(0)]);
        let old = asserted.amount.currency;
        let (currency, scale) = self.scales.keys[usize::from(old.0) - 1];
        let found = held
            .iter()
            .find(|(k, _)| *k == currency)
            .map_or(0, |(_, m)| *m);
        let number = asserted.amount.number;
        let up = money::pow10(u32::from(scale - number.places.min(scale))).unwrap_or(1);
        let amount = number.mantissa.saturating_mul(up) - found;
        posting.bare_zero = asserted.amount.bare && amount == 0;
        posting.amount = Some((
            Number {
                mantissa: amount,
                places: scale,
            },
            old,
        ));
        if asserted.total {
            for (key, minor) in held.iter().filter(|(k, m)| *k != currency && *m != 0) {
                let Some(place) = self.scales.keys.iter().position(|(k, _)| k == key) else {
                    continue;
                };
                let mut other = posting.clone();
                other.extra = None;
                other.bare_zero = false;
                let places = self.scales.keys[place].1;
                other.amount = Some((
                    Number {
                        mantissa: -*minor,
                        places,
                    },
                    CurrencyKey(place as u16 + 1),
                ));
                extra.push(other);
            }
        }
    }

    /// Keeps the day's assertions that still hold now that the day is over.
    fn end_of_day(&mut self, reader: &mut Reader<'_>) {
        for check in std::mem::take(&mut self.today) {
            let head = reader.store.row(check.row as usize);
            let amount = check.asserted.amount;
            let holds = self.dated && self.test(reader, &check).is_ok();
            let (true, Some(sum)) = (holds, decimal(amount.number)) else {
                reader.notes.assertions_within_a_day += 1;
                continue;
            };
            let path = reader.names.accounts[check.account.0 as usize - 1]
                .path
                .clone();
            let currency = self.scales.keys[usize::from(amount.currency.0) - 1].0;
            let on = reader
                .dated
                .get(&(check.row, check.entry))
                .copied()
                .unwrap_or(head.day)
                .date();
            let code = self.scales.codes[usize::from(currency.0) - 1].clone();
            let what = format!("{on} {path} {code} {} {}", check.row, check.entry);
            self.kept.push(Assertion {
                id: id_of("assertion", &what),
                on,
                account: path,
                currency: code,
                amount: sum,
                subaccounts: check.asserted.subaccounts,
                source: "journal".to_owned(),
                withdrawn: false,
            });
        }
    }
}

fn is_virtual(reader: &Reader<'_>, entry: &CompactEntry) -> bool {
    let detail = reader.store.entry_detail(entry);
    detail.is_some_and(|d| d.tags.iter().any(|t| t.name == VIRTUAL_TAG))
}

fn fail(reader: &mut Reader<'_>, check: &Check, fault: Fault) {
    let head = reader.store.row(check.row as usize);
    let error = JournalError {
        file: reader.sources[usize::from(head.source)].name.clone(),
        line: u64::from(check.line),
        column: 0,
        text: super::error::shown(reader.store.description(check.row as usize)),
        fault,
    };
    if reader.options.ignore_assertions {
        reader.notes.failed_assertions.push(error);
    } else if reader.errors.len() < super::ERRORS_MAX {
        reader.errors.push(error);
    }
}
