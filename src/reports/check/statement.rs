//! `statement-unreconciled`: the newest bank statement of each account and the books say the same.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::assertion::standing;
use super::words::{name, sided};
use crate::ledger::change::Assertion;
use crate::ledger::chart::Chart;
use crate::ledger::finding::{Finding, Severity};
use crate::ledger::totals::Totals;

pub const CODE: &str = "statement-unreconciled";

/// The newest statement balance of each account and currency: the only one that still matters.
pub fn newest(assertions: &[Assertion]) -> Vec<Assertion> {
    let mut newest: BTreeMap<(&str, &str), &Assertion> = BTreeMap::new();
    for assertion in assertions.iter().filter(|a| a.is_of_statement()) {
        let place = (&*assertion.account, &*assertion.currency);
        let kept = newest.entry(place).or_insert(assertion);
        if assertion.on >= kept.on {
            *kept = assertion;
        }
    }
    newest.into_values().cloned().collect()
}

/// A finding for each statement that differs from the books on its day.
pub fn check(chart: &Chart, newest: &[Assertion], cuts: &[Date], totals: &Totals) -> Vec<Finding> {
    newest
        .iter()
        .filter_map(|assertion| {
            let found = standing(chart, assertion, cuts, totals)?;
            let amount = |minor| sided(chart, found.currency, minor);
            (found.difference != 0).then(|| Finding {
                code: CODE,
                severity: Severity::Warning,
                date: Some(assertion.on),
                number: None,
                account: Some(assertion.account.to_string()),
                message: format!(
                    "statement {}, books {}, difference {}",
                    amount(found.books - found.difference),
                    amount(found.books),
                    amount(found.difference)
                ),
                hint: Some(format!(
                    "hissab reconcile {} --statement FILE --accept-exact",
                    name(chart, found.account)
                )),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::assertion::STATEMENT;
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::reports::check::assertion::query;
    use crate::reports::sample::{shop, tx};
    use jiff::civil::date;
    use uuid::Uuid;

    #[test]
    fn only_the_newest_statement_of_an_account_counts() {
        let chart = shop();
        let statement = |day, amount: &str| Assertion {
            id: Uuid::nil(),
            on: date(2026, 4, day),
            account: "Assets:Bank:HDFC".into(),
            currency: "INR".into(),
            amount: amount.parse().unwrap(),
            subaccounts: false,
            source: STATEMENT.to_owned(),
            withdrawn: false,
        };
        let newest = newest(&[statement(1, "1"), statement(9, "30"), statement(5, "2")]);
        assert_eq!(newest, [statement(9, "30")]);
        let query = query(&chart, &newest);
        let mut totals = TotalsBuilder::new(&query.cuts);
        let entries = [("Assets:Bank:HDFC", 2_000), ("Income:Sales", -2_000)];
        totals.add(&tx(&chart, 1, date(2026, 4, 9), &entries), |_| true);
        let found = check(&chart, &newest, &query.cuts, &totals.finish());
        assert_eq!(
            found[0].message,
            "statement 30.00 Dr, books 20.00 Dr, difference 10.00 Cr"
        );
        assert_eq!(found[0].severity, Severity::Warning);
    }
}
