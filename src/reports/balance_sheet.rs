//! The balance sheet: what is owned, what is owed and what is the owner's, at the end of each column.

use super::sections::{Amounts, ByAccount, Layout, Section, Side, add, sum};
use crate::ledger::account::Kind;
use crate::ledger::chart::Chart;
use crate::ledger::totals::Totals;

/// The label of what income and expenses have brought and no closing entry has carried to equity.
pub const UNCLOSED_PROFIT: &str = "Unclosed profit";
/// The label of what priced entries moved between currencies (rulings: a trial balance proves by weight).
pub const CONVERSION: &str = "(conversion)";

/// The label of the same line where accounts are valued: what prices have added or taken since.
pub const UNREALISED: &str = "Unrealised gain or loss";

/// Balances by section, one column for each cut of the totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceSheet {
    /// Assets, liabilities, equity, and unclassified where there is any.
    pub sections: Vec<Section>,
    /// Whether all sections sum to zero; `None` for a part of the books.
    pub proved: Option<bool>,
}

/// The balance sheet of balances, a column each; `conversions` are those at the same days.
///
/// `whole` is false for a part of the books: then nothing is computed, nothing proved.
pub fn balance_sheet(
    chart: &Chart,
    amounts: &ByAccount,
    conversions: &Amounts,
    layout: Layout,
    whole: bool,
) -> BalanceSheet {
    made(chart, amounts, (CONVERSION, conversions), layout, whole)
}

/// The balance sheet of balances at market prices, or at cost: what they sum to is nobody's account's, but
/// gained or lost by holding, and not realised.
pub fn valued_balance_sheet(
    chart: &Chart,
    amounts: &ByAccount,
    layout: Layout,
    whole: bool,
) -> BalanceSheet {
    let mut gains = Amounts::new();
    for ((_, currency), columns) in amounts {
        let negative: Vec<i128> = columns.iter().map(|minor| -minor).collect();
        add(&mut gains, *currency, &negative);
    }
    // Where a price was missing the currencies are what exchanges left of each, gains and all.
    let several = gains.values().filter(|g| g.iter().any(|g| *g != 0)).count() > 1;
    let label = if several { CONVERSION } else { UNREALISED };
    made(chart, amounts, (label, &gains), layout, whole)
}

fn made(
    chart: &Chart,
    amounts: &ByAccount,
    (label, conversions): (&str, &Amounts),
    layout: Layout,
    whole: bool,
) -> BalanceSheet {
    let kind_of = |key| chart.account(key).kind;
    let section = |name, kind: Kind| {
        Section::of(name, Side::of(kind), chart, amounts, layout, |key| {
            kind_of(key) == kind
        })
    };
    let assets = section("assets", Kind::Asset);
    let liabilities = section("liabilities", Kind::Liability);
    let mut equity = section("equity", Kind::Equity);
    let unclassified = section("unclassified", Kind::Unclassified);
    if whole {
        let mut unclosed = Amounts::new();
        for ((account, currency), columns) in amounts {
            if !kind_of(*account).is_permanent() {
                add(&mut unclosed, *currency, columns);
            }
        }
        equity.compute(UNCLOSED_PROFIT, &unclosed);
        equity.compute(label, conversions);
    }
    let mut sections = vec![assets, liabilities, equity];
    if !unclassified.lines.is_empty() {
        sections.push(unclassified);
    }
    let proved = whole.then(|| {
        sum(sections.iter().map(|s| &s.totals))
            .values()
            .flatten()
            .all(|minor| *minor == 0)
    });
    BalanceSheet { sections, proved }
}

/// Each account's balance at the end of each span.
pub fn closing_balances(totals: &Totals) -> ByAccount {
    totals
        .rows
        .iter()
        .map(|row| {
            let mut balance = row.opening;
            let columns = row.spans.iter().map(|span| {
                balance += span.net();
                balance
            });
            ((row.account, row.currency), columns.collect())
        })
        .collect()
}

/// What priced entries had moved between currencies by the end of each span.
pub fn conversions(totals: &Totals) -> Amounts {
    totals
        .conversions
        .iter()
        .map(|row| {
            let mut balance = row.opening;
            let columns = row.spans.iter().map(|span| {
                balance += span;
                balance
            });
            (row.currency, columns.collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::reports::sample::{INR, USD, dollars, shop, tx};
    use jiff::civil::{Date, date};
    use proptest::prelude::*;

    const CUTS: [Date; 3] = [Date::MIN, date(2026, 5, 1), date(2026, 6, 1)];

    fn sheet(chart: &Chart, totals: &Totals, whole: bool) -> BalanceSheet {
        let (amounts, moved) = (closing_balances(totals), conversions(totals));
        balance_sheet(chart, &amounts, &moved, Layout::default(), whole)
    }

    #[test]
    fn profit_that_nobody_closed_stands_under_equity() {
        let chart = shop();
        let mut totals = TotalsBuilder::new(&CUTS);
        let april = date(2026, 4, 10);
        let may = date(2026, 5, 10);
        totals.add(
            &tx(
                &chart,
                1,
                april,
                &[("Assets:Cash", 10_000), ("Income:Sales", -10_000)],
            ),
            |_| true,
        );
        totals.add(
            &tx(
                &chart,
                2,
                may,
                &[("Expenses:Rent", 4_000), ("Assets:Cash", -4_000)],
            ),
            |_| true,
        );
        totals.add(
            &tx(&chart, 3, may, &[("Mystery", 100), ("Assets:Cash", -100)]),
            |_| true,
        );
        let report = sheet(&chart, &totals.finish(), true);
        assert_eq!(report.proved, Some(true));
        let names: Vec<_> = report.sections.iter().map(|s| s.name).collect();
        assert_eq!(names, ["assets", "liabilities", "equity", "unclassified"]);
        assert_eq!(report.sections[0].totals[&INR], [10_000, 5_900]);
        let equity = &report.sections[2].lines;
        assert_eq!(equity.len(), 1);
        assert_eq!(&*equity[0].path, UNCLOSED_PROFIT);
        assert_eq!(equity[0].amounts, [-10_000, -6_000]);
        assert!(equity[0].computed);
    }

    #[test]
    fn a_price_leaves_a_conversion_that_makes_each_currency_prove() {
        let chart = shop();
        let mut bought = tx(&chart, 1, date(2026, 4, 2), &[("Assets:Cash", -8_000)]);
        bought
            .entries
            .push(dollars(&chart, "Assets:Bank:Dollars", 100, 8_000));
        let mut totals = TotalsBuilder::new(&CUTS[..2]);
        totals.add(&bought, |_| true);
        let totals = totals.finish();
        let report = sheet(&chart, &totals, true);
        assert_eq!(report.proved, Some(true));
        let lines: Vec<_> = report.sections[2]
            .lines
            .iter()
            .map(|l| (&*l.path, l.currency, l.amounts[0]))
            .collect();
        assert_eq!(lines, [(CONVERSION, INR, 8_000), (CONVERSION, USD, -100)]);
        let part = sheet(&chart, &totals, false);
        assert_eq!(part.proved, None);
        assert!(part.sections[2].lines.is_empty());
    }

    proptest! {
        #[test]
        fn every_set_of_balanced_transactions_proves(moves in proptest::collection::vec((0usize..12, 0usize..12, -1_000_000i64..1_000_000, 0i8..28, proptest::bool::ANY), 0..40)) {
            let chart = shop();
            let mut totals = TotalsBuilder::new(&CUTS);
            for (number, (from, to, minor, day, second)) in moves.iter().enumerate() {
                let path = |i: usize| chart.accounts()[i].path.to_string();
                let on = date(2026, if *second { 5 } else { 4 }, 1 + day);
                let (from, to) = (path(*from), path(*to));
                totals.add(&tx(&chart, number as u64 + 1, on, &[(&from, -minor), (&to, *minor)]), |_| true);
            }
            let report = sheet(&chart, &totals.finish(), true);
            prop_assert_eq!(report.proved, Some(true));
        }
    }
}
