//! `suspense-open`: nothing waits in a suspense account for somebody to say what it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::Facts;
use super::words::{name, sided};
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::finding::{Finding, Severity};
use crate::ledger::transaction::Transaction;

pub const CODE: &str = "suspense-open";

/// How many transactions a finding names.
const NAMED_MAX: usize = 3;

struct Waiting {
    number: u64,
    date: Date,
    minor: i128,
    description: Arc<str>,
}

/// Folds transactions into what is open in the suspense accounts.
pub struct SuspenseCheck<'a> {
    facts: Facts<'a>,
    accounts: Vec<AccountKey>,
    waiting: BTreeMap<(AccountKey, CurrencyKey), Vec<Waiting>>,
}

impl<'a> SuspenseCheck<'a> {
    pub fn new(facts: Facts<'a>) -> SuspenseCheck<'a> {
        SuspenseCheck {
            facts,
            accounts: accounts(facts),
            waiting: BTreeMap::new(),
        }
    }

    /// The accounts whose transactions must be added.
    pub fn accounts(&self) -> &[AccountKey] {
        &self.accounts
    }

    pub fn add(&mut self, transaction: &Transaction) {
        let number = transaction.number.0;
        if transaction.is_void() || self.accounts.is_empty() {
            return;
        }
        for entry in &transaction.entries {
            if !self.accounts.contains(&entry.account)
                || self.facts.accepted.has_number(CODE, number)
            {
                continue;
            }
            self.waiting
                .entry((entry.account, entry.currency))
                .or_default()
                .push(Waiting {
                    number,
                    date: transaction.date,
                    minor: entry.minor.into(),
                    description: transaction.description.clone(),
                });
        }
    }

    pub fn finish(self) -> Vec<Finding> {
        let facts = self.facts;
        self.waiting
            .into_iter()
            .filter_map(|((account, currency), waiting)| {
                finding(facts, account, currency, pair_off(waiting))
            })
            .collect()
    }
}

fn accounts(facts: Facts<'_>) -> Vec<AccountKey> {
    let set = facts.settings.other.get("suspense");
    facts
        .chart
        .accounts()
        .iter()
        .filter(|a| {
            let name = a.name().to_lowercase();
            let named = ["suspense", "suspense account", "suspense a/c"].contains(&name.as_str());
            named || set.is_some_and(|path| **path == *a.path)
        })
        .map(|a| a.key)
        .collect()
}

/// Takes out what cancels: an entry and a later one of the same amount on the other side.
fn pair_off(waiting: Vec<Waiting>) -> Vec<Waiting> {
    let mut open: Vec<Option<Waiting>> = Vec::with_capacity(waiting.len());
    let mut by_amount: BTreeMap<i128, Vec<usize>> = BTreeMap::new();
    for entry in waiting {
        match by_amount.get_mut(&-entry.minor).and_then(Vec::pop) {
            Some(index) => open[index] = None,
            None => {
                by_amount.entry(entry.minor).or_default().push(open.len());
                open.push(Some(entry));
            }
        }
    }
    open.into_iter().flatten().collect()
}

fn finding(
    facts: Facts<'_>,
    account: AccountKey,
    currency: CurrencyKey,
    open: Vec<Waiting>,
) -> Option<Finding> {
    let balance: i128 = open.iter().map(|w| w.minor).sum();
    let first = open.first().filter(|_| balance != 0)?;
    let named: Vec<String> = open
        .iter()
        .take(NAMED_MAX)
        .map(|w| format!("{} \"{}\"", w.number, w.description))
        .collect();
    let more = if open.len() > NAMED_MAX { ", …" } else { "" };
    let plural = if open.len() == 1 { "" } else { "s" };
    let hint = if open.len() == 1 {
        format!("hissab amend {} --category ACCOUNT", first.number)
    } else {
        format!("hissab ledger {}", name(facts.chart, account))
    };
    Some(Finding {
        code: CODE,
        severity: Severity::Warning,
        date: Some(first.date),
        number: (open.len() == 1).then_some(first.number),
        account: Some(facts.chart.account(account).path.to_string()),
        message: format!(
            "{}, {} transaction{plural}: {}{more}",
            sided(facts.chart, currency, balance),
            open.len(),
            named.join(", ")
        ),
        hint: Some(hint),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::settings::Settings;
    use crate::reports::check::Accepted;
    use crate::reports::sample::{shop, tx};
    use jiff::civil::date;

    fn found(entries: &[(u64, i64)], accepted: &Accepted) -> Vec<Finding> {
        let (chart, settings) = (shop(), Settings::new("Shop", "INR"));
        let mut check = SuspenseCheck::new(Facts {
            chart: &chart,
            settings: &settings,
            today: date(2026, 4, 30),
            accepted,
        });
        for (number, minor) in entries {
            let entries = [("Liabilities:Suspense", *minor), ("Assets:Cash", -*minor)];
            check.add(&tx(&chart, *number, date(2026, 4, *number as i8), &entries));
        }
        check.finish()
    }

    #[test]
    fn what_waits_is_named_with_the_amend_to_paste() {
        let found = found(&[(6, 200_000)], &Accepted::default());
        assert_eq!(
            found[0].message,
            "2,000.00 Dr, 1 transaction: 6 \"transaction 6\""
        );
        assert_eq!(
            found[0].hint.as_deref(),
            Some("hissab amend 6 --category ACCOUNT")
        );
        assert_eq!(
            (found[0].date, found[0].number),
            (Some(date(2026, 4, 6)), Some(6))
        );
    }

    #[test]
    fn what_was_moved_out_again_waits_no_longer() {
        let none = Accepted::default();
        assert!(found(&[(1, 500), (2, -500)], &none).is_empty());
        let open = found(&[(1, 500), (2, 300), (3, -500)], &none);
        assert_eq!(open[0].number, Some(2));
        let many = found(&[(1, 500), (2, 300), (3, 10), (4, 20)], &none);
        assert!(many[0].message.ends_with("3 \"transaction 3\", …"));
        assert_eq!(many[0].hint.as_deref(), Some("hissab ledger suspense"));
    }

    #[test]
    fn an_accepted_transaction_hides_no_later_one() {
        let mut accepted = Accepted::default();
        accepted.insert(CODE, "1");
        assert!(found(&[(1, 500)], &accepted).is_empty());
        assert_eq!(found(&[(1, 500), (2, 300)], &accepted)[0].number, Some(2));
    }
}
