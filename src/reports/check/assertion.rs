//! `assertion-failed`: what was counted or asserted is what the books say. Balances of bank statements
//! are `statement-unreconciled`'s: cheques not presented yet are no error.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;

use super::words::{day, name, pasted, sided};
use crate::ledger::account::AccountKey;
use crate::ledger::change::Assertion;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::finding::{Finding, Severity};
use crate::ledger::money::Exact;
use crate::ledger::totals::{Totals, TotalsQuery};

pub const CODE: &str = "assertion-failed";

/// The source of assertions that a bank statement made.
pub const STATEMENT: &str = "statement";

/// Where the books stand against one assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What the books say, minor units.
    pub books: i128,
    /// Books less asserted; zero if they agree.
    pub difference: i128,
    pub account: AccountKey,
    pub currency: CurrencyKey,
}

/// The assertions that are judged, by date: not those of statements, and of several that people made of one
/// account, currency and day only the newest. Somebody who counts again corrects the count before.
pub fn standing_ones(assertions: &[Assertion]) -> Vec<Assertion> {
    let mut judged: Vec<&Assertion> = assertions.iter().filter(|a| !a.is_of_statement()).collect();
    judged.sort_by_key(|a| (a.on, a.id));
    let same = |a: &Assertion, b: &Assertion| {
        (&a.account, &a.currency, a.on, a.subaccounts)
            == (&b.account, &b.currency, b.on, b.subaccounts)
    };
    let by_people = |a: &Assertion| a.source != "journal";
    let mut kept: Vec<Assertion> = Vec::with_capacity(judged.len());
    for assertion in judged {
        if by_people(assertion) {
            let of_day = kept.iter().rev().take_while(|k| k.on == assertion.on);
            let before = of_day
                .clone()
                .position(|k| by_people(k) && same(k, assertion));
            if let Some(back) = before {
                let index = kept.len() - 1 - back;
                kept[index] = assertion.clone();
                continue;
            }
        }
        kept.push(assertion.clone());
    }
    kept
}

/// What must be asked of the book to judge these assertions: a span up to the end of each date.
pub fn query(chart: &Chart, assertions: &[Assertion]) -> TotalsQuery {
    let days: BTreeSet<Date> = assertions.iter().map(|a| after(a.on)).collect();
    let mut accounts: Vec<AccountKey> = assertions
        .iter()
        .flat_map(|a| accounts_of(chart, a))
        .collect();
    accounts.sort();
    accounts.dedup();
    TotalsQuery {
        cuts: [Date::MIN].into_iter().chain(days).collect(),
        accounts: Some(accounts),
    }
}

/// Where the books stand on an assertion's day; `None` if its account or currency is gone.
///
/// `cuts` and `totals` are those of [`query`].
pub fn standing(
    chart: &Chart,
    assertion: &Assertion,
    cuts: &[Date],
    totals: &Totals,
) -> Option<Standing> {
    let account = chart.find(&assertion.account)?.key;
    let currency = chart.find_currency(&assertion.currency)?;
    let within = accounts_of(chart, assertion);
    let spans = cuts.partition_point(|cut| *cut < after(assertion.on));
    let books: i128 = totals
        .rows
        .iter()
        .filter(|row| row.currency == currency.key && within.contains(&row.account))
        .map(|row| row.opening + row.spans.iter().take(spans).map(|s| s.net()).sum::<i128>())
        .sum();
    // A count may be typed finer than the currency; it is judged to the currency's own scale.
    let asserted = Exact::of(assertion.amount).round_half_even(currency.scale)?;
    Some(Standing {
        books,
        difference: books - asserted,
        account,
        currency: currency.key,
    })
}

/// The finding of an assertion that fails.
pub fn judge(
    chart: &Chart,
    assertion: &Assertion,
    cuts: &[Date],
    totals: &Totals,
) -> Option<Finding> {
    let finding = |message: String, hint: Option<String>| Finding {
        code: CODE,
        severity: Severity::Error,
        date: Some(assertion.on),
        number: None,
        account: Some(assertion.account.to_string()),
        message,
        hint,
    };
    let Some(found) = standing(chart, assertion, cuts, totals) else {
        let path = &assertion.account;
        return Some(finding(
            format!(
                "asserted {} {}, and there is no such account or currency",
                assertion.amount, assertion.currency
            ),
            Some(format!("hissab account list {}", pasted(path))),
        ));
    };
    if found.difference == 0 {
        return None;
    }
    let amount = |minor| sided(chart, found.currency, minor);
    let verb = if assertion.source == "count" {
        "counted"
    } else {
        "asserted"
    };
    Some(finding(
        format!(
            "{verb} {}, books {}, difference {}",
            amount(found.books - found.difference),
            amount(found.books),
            amount(found.difference)
        ),
        Some(format!(
            "hissab ledger {} --to {} --void",
            name(chart, found.account),
            assertion.on
        )),
    ))
}

/// The words of one assertion that holds or not, for `assert`.
pub fn describe(chart: &Chart, on: Date, found: &Standing) -> String {
    let amount = |minor| sided(chart, found.currency, minor);
    let path = &chart.account(found.account).path;
    if found.difference == 0 {
        format!("{path} is {} on {}", amount(found.books), day(on))
    } else {
        format!(
            "{path} on {}: asserted {}, books {}, difference {}",
            day(on),
            amount(found.books - found.difference),
            amount(found.books),
            amount(found.difference)
        )
    }
}

fn accounts_of(chart: &Chart, assertion: &Assertion) -> Vec<AccountKey> {
    if assertion.subaccounts {
        chart.subtree(&assertion.account)
    } else {
        chart
            .find(&assertion.account)
            .map(|a| a.key)
            .into_iter()
            .collect()
    }
}

fn after(on: Date) -> Date {
    on.checked_add(1.day()).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::reports::sample::{shop, tx};
    use jiff::civil::date;
    use uuid::Uuid;

    fn asserted(account: &str, day: i8, amount: &str, subaccounts: bool) -> Assertion {
        Assertion {
            id: Uuid::nil(),
            on: date(2026, 4, day),
            account: account.into(),
            currency: "INR".into(),
            amount: amount.parse().unwrap(),
            subaccounts,
            source: "count".to_owned(),
            withdrawn: false,
        }
    }

    fn found(assertions: &[Assertion]) -> Vec<String> {
        let chart = shop();
        let query = query(&chart, assertions);
        let mut totals = TotalsBuilder::new(&query.cuts);
        for (number, day, bank) in [(1, 1, false), (2, 5, true)] {
            let to = if bank {
                "Assets:Bank:HDFC"
            } else {
                "Assets:Cash"
            };
            let on = date(2026, 4, day);
            let made = tx(
                &chart,
                number,
                on,
                &[(to, 10_000), ("Income:Sales", -10_000)],
            );
            totals.add(&made, |_| true);
        }
        let totals = totals.finish();
        assertions
            .iter()
            .filter_map(|a| judge(&chart, a, &query.cuts, &totals))
            .map(|f| f.message)
            .collect()
    }

    #[test]
    fn balances_are_judged_at_the_end_of_their_day() {
        assert!(
            found(&[
                asserted("Assets:Cash", 1, "100", false),
                asserted("Assets:Bank:HDFC", 4, "0", false),
                asserted("Assets:Bank:HDFC", 5, "100.00", false),
            ])
            .is_empty()
        );
        assert_eq!(
            found(&[
                asserted("Assets:Bank:HDFC", 4, "100", false),
                asserted("Assets:Cash", 9, "20", false)
            ]),
            [
                "counted 100.00 Dr, books 0.00, difference 100.00 Cr",
                "counted 20.00 Dr, books 100.00 Dr, difference 80.00 Dr"
            ]
        );
    }

    #[test]
    fn a_second_count_of_a_day_corrects_the_first() {
        let at = |id: u128, amount: &str| Assertion {
            id: Uuid::from_u128(id),
            ..asserted("Assets:Cash", 9, amount, false)
        };
        let standing = standing_ones(&[at(2, "100"), at(1, "20"), at(3, "100")]);
        assert_eq!(standing, [at(3, "100")]);
        let journal = |id, amount: &str| Assertion {
            source: "journal".to_owned(),
            ..at(id, amount)
        };
        assert_eq!(standing_ones(&[journal(1, "5"), journal(2, "6")]).len(), 2);
        let statement = Assertion {
            source: STATEMENT.to_owned(),
            ..at(1, "5")
        };
        assert!(standing_ones(&[statement]).is_empty());
    }

    #[test]
    fn an_assertion_may_speak_of_everything_below() {
        assert!(found(&[asserted("Assets:Bank:HDFC", 9, "100", true)]).is_empty());
        assert_eq!(found(&[asserted("Assets:Gone", 9, "1", false)]).len(), 1);
    }
}
