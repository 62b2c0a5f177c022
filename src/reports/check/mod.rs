//! The business findings of `check`: pure rules over totals and transactions, one file each.
//! (The storage checks, integrity to number-gap, are the book's own.)

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::ledger::chart::Chart;
use crate::ledger::finding::{CheckOutcome, Severity};
use crate::ledger::settings::Settings;

pub mod assertion;
pub mod cash;
pub mod duplicate;
pub mod locked;
pub mod merging;
pub mod report;
pub mod statement;
pub mod suspense;
pub mod untyped;
mod words;
pub mod year;

/// One check, as `check --list` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckInfo {
    pub code: &'static str,
    /// How bad what it finds is, at worst.
    pub severity: Severity,
    /// The book's own: it looks at the storage rather than at the business.
    pub storage: bool,
    pub what: &'static str,
}

const fn storage(code: &'static str, what: &'static str) -> CheckInfo {
    CheckInfo {
        code,
        severity: Severity::Error,
        storage: true,
        what,
    }
}

const fn business(code: &'static str, severity: Severity, what: &'static str) -> CheckInfo {
    CheckInfo {
        code,
        severity,
        storage: false,
        what,
    }
}

/// Every check, in the order of its lines.
pub const CHECKS: [CheckInfo; 13] = [
    storage(
        "integrity",
        "the file is whole and holds what its schema says",
    ),
    storage(
        "balanced",
        "the weights of every transaction sum to zero in each currency",
    ),
    storage("totals", "the month totals are what the entries sum to"),
    storage("chain", "every audit record follows the one before it"),
    storage("number-gap", "transaction numbers run from 1 without gaps"),
    business(
        "locked-period",
        Severity::Error,
        "balances up to the lock are what they were when it was set",
    ),
    business(
        "assertion-failed",
        Severity::Error,
        "every balance that was counted or asserted is what the books say",
    ),
    business(
        "suspense-open",
        Severity::Warning,
        "nothing waits in a suspense account",
    ),
    business(
        "cash-negative",
        Severity::Warning,
        "no cash account is below zero at the end of a day",
    ),
    business(
        "duplicate-suspect",
        Severity::Warning,
        "no two transactions of a day are the same in everything",
    ),
    business(
        "account-untyped",
        Severity::Warning,
        "every account is an asset, liability, equity, income or expense",
    ),
    business(
        "year-not-closed",
        Severity::Warning,
        "income and expenses of past fiscal years were carried to equity",
    ),
    business(
        "statement-unreconciled",
        Severity::Warning,
        "the last statement of each bank account agrees with the books",
    ),
];

/// The check of a code.
pub fn info(code: &str) -> Option<&'static CheckInfo> {
    CHECKS.iter().find(|check| check.code == code)
}

/// Findings that somebody answers for, by code and place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted(BTreeSet<(String, String)>);

impl Accepted {
    pub fn insert(&mut self, code: &str, place: &str) {
        self.0.insert((code.to_owned(), place.to_owned()));
    }

    pub fn has(&self, code: &str, place: &str) -> bool {
        self.0.contains(&(code.to_owned(), place.to_owned()))
    }

    /// True for a transaction somebody answers for.
    pub fn has_number(&self, code: &str, number: u64) -> bool {
        !self.0.is_empty() && self.has(code, &number.to_string())
    }

    /// Takes accepted findings out of an outcome; how many there were.
    pub fn apply(&self, outcome: &mut CheckOutcome) -> usize {
        let before = outcome.findings.len();
        outcome
            .findings
            .retain(|finding| !self.has(finding.code, &finding.place()));
        before - outcome.findings.len()
    }
}

/// What every check may look at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub chart: &'a Chart,
    pub settings: &'a Settings,
    pub today: Date,
    pub accepted: &'a Accepted,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::finding::Finding;

    #[test]
    fn codes_are_unique_and_found() {
        for check in CHECKS {
            assert_eq!(info(check.code), Some(&check));
        }
        let codes: BTreeSet<_> = CHECKS.iter().map(|c| c.code).collect();
        assert_eq!(codes.len(), CHECKS.len());
    }

    #[test]
    fn accepted_findings_are_taken_out_by_code_and_place() {
        let finding = |number| Finding {
            code: "duplicate-suspect",
            severity: Severity::Warning,
            date: None,
            number: Some(number),
            account: None,
            message: String::new(),
            hint: None,
        };
        let mut accepted = Accepted::default();
        accepted.insert("duplicate-suspect", "7");
        accepted.insert("suspense-open", "8");
        let mut outcome = CheckOutcome::of("duplicate-suspect", vec![finding(7), finding(8)]);
        assert_eq!(accepted.apply(&mut outcome), 1);
        assert_eq!(outcome.findings, [finding(8)]);
    }
}
