//! `duplicate-suspect`: two transactions of one day that are the same in accounts, amounts,
//! description, payee and reference. Constant memory: one day is held at a time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;

use super::Facts;
use super::words::sided;
use crate::ledger::finding::{Finding, Severity};
use crate::ledger::transaction::Transaction;

pub const CODE: &str = "duplicate-suspect";

/// Folds transactions, in order of date, into suspects.
pub struct DuplicateCheck<'a> {
    facts: Facts<'a>,
    today: Option<Date>,
    /// The first transaction of each content, today.
    seen: HashMap<u64, u64>,
    findings: Vec<Finding>,
}

impl<'a> DuplicateCheck<'a> {
    pub fn new(facts: Facts<'a>) -> DuplicateCheck<'a> {
        DuplicateCheck {
            facts,
            today: None,
            seen: HashMap::new(),
            findings: Vec::new(),
        }
    }

    pub fn add(&mut self, transaction: &Transaction) {
        if transaction.is_void() {
            return;
        }
        if self.today != Some(transaction.date) {
            self.today = Some(transaction.date);
            self.seen.clear();
        }
        let number = transaction.number.0;
        let first = *self.seen.entry(content(transaction)).or_insert(number);
        if first == number || self.facts.accepted.has_number(CODE, number) {
            return;
        }
        let amount = transaction
            .entries
            .iter()
            .find(|e| e.minor > 0)
            .map_or_else(String::new, |e| {
                sided(self.facts.chart, e.currency, e.minor.into())
            });
        self.findings.push(Finding {
            code: CODE,
            severity: Severity::Warning,
            date: Some(transaction.date),
            number: Some(number),
            account: None,
            message: format!(
                "the same as {first}: \"{}\", {amount}",
                transaction.description
            ),
            hint: Some(format!("hissab void {number} --reason 'entered twice'")),
        });
    }

    pub fn finish(self) -> Vec<Finding> {
        self.findings
    }
}

/// A hash of what makes two transactions of a day the same.
fn content(transaction: &Transaction) -> u64 {
    let mut hasher = DefaultHasher::new();
    transaction.description.hash(&mut hasher);
    transaction.payee.hash(&mut hasher);
    transaction.reference.hash(&mut hasher);
    transaction.voucher.hash(&mut hasher);
    // The order of entries does not matter: their hashes are added up.
    let entries = transaction.entries.iter().map(|entry| {
        let mut hasher = DefaultHasher::new();
        (entry.account, entry.currency, entry.minor).hash(&mut hasher);
        hasher.finish()
    });
    entries.fold(0u64, u64::wrapping_add).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::settings::Settings;
    use crate::reports::check::Accepted;
    use crate::reports::sample::{shop, tx};
    use jiff::civil::date;

    #[test]
    fn the_same_twice_in_a_day_is_suspect_and_on_another_day_is_not() {
        let (chart, settings) = (shop(), Settings::new("Shop", "INR"));
        let mut accepted = Accepted::default();
        let made = |number, day, minor: i64, reference: Option<&str>| {
            let entries = [("Expenses:Rent", minor), ("Assets:Cash", -minor)];
            let mut tx = tx(&chart, number, date(2026, 4, day), &entries);
            tx.description = "Tea".into();
            tx.reference = reference.map(str::to_owned);
            tx
        };
        let mut swapped = made(5, 1, 12_000, None);
        swapped.entries.reverse();
        let all = [
            made(1, 1, 12_000, None),
            made(2, 1, 12_000, None),
            made(3, 1, 12_100, None),
            made(4, 1, 12_000, Some("B-1")),
            swapped,
            made(6, 2, 12_000, None),
        ];
        let run = |accepted: &Accepted| {
            let mut check = DuplicateCheck::new(Facts {
                chart: &chart,
                settings: &settings,
                today: date(2026, 4, 30),
                accepted,
            });
            all.iter().for_each(|t| check.add(t));
            check.finish()
        };
        let found = run(&accepted);
        assert_eq!(
            found.iter().map(|f| f.number).collect::<Vec<_>>(),
            [Some(2), Some(5)]
        );
        assert_eq!(found[0].message, "the same as 1: \"Tea\", 120.00 Dr");
        accepted.insert(CODE, "2");
        assert_eq!(run(&accepted).len(), 1);
    }
}
