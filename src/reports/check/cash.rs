//! `cash-negative`: no till can hold less than nothing. Judged at the end of each day: within a day,
//! the order of recording is not the order of events.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Facts;
use super::words::{day, sided};
use crate::ledger::account::{AccountKey, AccountType};
use crate::ledger::currency::CurrencyKey;
use crate::ledger::finding::{Finding, Severity};
use crate::ledger::transaction::Transaction;

pub const CODE: &str = "cash-negative";

/// Days in a row below zero.
#[derive(Debug, Clone)]
struct Below {
    from: Date,
    /// The transaction that took it there.
    number: u64,
    minor: i128,
    until: Option<(Date, u64)>,
}

#[derive(Debug, Default)]
struct Till {
    balance: i128,
    today: Option<Date>,
    /// The last transactions that crossed zero today.
    went_below: u64,
    came_back: u64,
    open: Option<Below>,
    closed: Vec<Below>,
}

impl Till {
    fn take(&mut self, date: Date, number: u64, minor: i64) {
        if self.today.is_some_and(|today| date > today) {
            self.end_day();
        }
        self.today = Some(date);
        let before = self.balance;
        self.balance += i128::from(minor);
        if before >= 0 && self.balance < 0 {
            self.went_below = number;
        }
        if before < 0 && self.balance >= 0 {
            self.came_back = number;
        }
    }

    fn end_day(&mut self) {
        let Some(today) = self.today else { return };
        if self.balance < 0 {
            self.open.get_or_insert(Below {
                from: today,
                number: self.went_below,
                minor: self.balance,
                until: None,
            });
        } else if let Some(mut below) = self.open.take() {
            below.until = Some((today, self.came_back));
            self.closed.push(below);
        }
    }

    fn finish(mut self) -> Vec<Below> {
        self.end_day();
        self.closed.extend(self.open);
        self.closed
    }
}

/// Folds transactions, in order of date, into the days cash was below zero.
pub struct CashCheck<'a> {
    facts: Facts<'a>,
    tills: BTreeMap<(AccountKey, CurrencyKey), Till>,
}

impl<'a> CashCheck<'a> {
    pub fn new(facts: Facts<'a>) -> CashCheck<'a> {
        CashCheck {
            facts,
            tills: BTreeMap::new(),
        }
    }

    /// The accounts whose transactions must be added.
    pub fn accounts(&self) -> Vec<AccountKey> {
        let accounts = self.facts.chart.accounts().iter();
        accounts
            .filter(|a| a.account_type == AccountType::Cash)
            .map(|a| a.key)
            .collect()
    }

    pub fn add(&mut self, transaction: &Transaction) {
        if transaction.is_void() {
            return;
        }
        for entry in &transaction.entries {
            if self.facts.chart.account(entry.account).account_type == AccountType::Cash {
                self.tills
                    .entry((entry.account, entry.currency))
                    .or_default()
                    .take(transaction.date, transaction.number.0, entry.minor);
            }
        }
    }

    pub fn finish(self) -> Vec<Finding> {
        let chart = self.facts.chart;
        let mut findings: Vec<Finding> = self
            .tills
            .into_iter()
            .flat_map(|((account, currency), till)| {
                till.finish()
                    .into_iter()
                    .map(move |below| (account, currency, below))
            })
            .map(|(account, currency, below)| {
                let until = match below.until {
                    Some((date, number)) => format!("until {number} on {}", day(date)),
                    None => "and still is".to_owned(),
                };
                Finding {
                    code: CODE,
                    severity: Severity::Warning,
                    date: Some(below.from),
                    number: Some(below.number),
                    account: Some(chart.account(account).path.to_string()),
                    message: format!(
                        "{} after {}, {until}",
                        sided(chart, currency, below.minor),
                        below.number
                    ),
                    hint: Some(format!("hissab daybook {}", below.from)),
                }
            })
            .collect();
        findings.sort_by_key(|f| f.date);
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::settings::Settings;
    use crate::reports::check::Accepted;
    use crate::reports::sample::{shop, tx};
    use jiff::civil::date;

    /// (number, day, minor) into cash.
    fn found(moves: &[(u64, i8, i64)]) -> Vec<(i8, String)> {
        let (chart, settings) = (shop(), Settings::new("Shop", "INR"));
        let accepted = Accepted::default();
        let mut check = CashCheck::new(Facts {
            chart: &chart,
            settings: &settings,
            today: date(2026, 4, 30),
            accepted: &accepted,
        });
        for (number, day, minor) in moves {
            let entries = [("Assets:Cash", *minor), ("Income:Sales", -*minor)];
            check.add(&tx(&chart, *number, date(2026, 4, *day), &entries));
        }
        let findings = check.finish().into_iter();
        findings
            .map(|f| (f.date.map_or(0, |d| d.day()), f.message))
            .collect()
    }

    #[test]
    fn a_stretch_below_zero_is_one_finding_from_and_until() {
        let moves = [
            (1, 1, 1_863_000),
            (2, 2, -2_000_000),
            (3, 3, -100),
            (4, 4, 500_000),
        ];
        assert_eq!(
            found(&moves),
            [(2, "1,370.00 Cr after 2, until 4 on 04-Apr-2026".to_owned())]
        );
    }

    #[test]
    fn within_a_day_the_order_does_not_matter() {
        assert!(found(&[(1, 1, -500), (2, 1, 500), (3, 2, -10), (4, 2, 20)]).is_empty());
    }

    #[test]
    fn what_never_comes_back_says_so() {
        let moves = [(1, 1, -500), (2, 2, 500), (3, 5, -100)];
        assert_eq!(
            found(&moves),
            [
                (1, "5.00 Cr after 1, until 2 on 02-Apr-2026".to_owned()),
                (5, "1.00 Cr after 3, and still is".to_owned())
            ]
        );
    }
}
