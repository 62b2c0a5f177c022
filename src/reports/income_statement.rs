//! The income statement: what was earned and what it cost, span by span. Closing vouchers are left
//! out: they carry the result to equity and are no event of the business.

use super::sections::{Amounts, ByAccount, Layout, Section, Side, sum};
use crate::ledger::account::Kind;
use crate::ledger::chart::Chart;
use crate::ledger::totals::Totals;

/// Income and expenses, one column a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomeStatement {
    /// Income, expenses, and unclassified where anything moved there.
    pub sections: Vec<Section>,
    /// Income and expenses together, debit positive: a profit is negative. Unclassified is not in it.
    pub net: Amounts,
}

/// What moved in each span, closing vouchers left out.
pub fn movements(totals: &Totals) -> ByAccount {
    totals
        .rows
        .iter()
        .map(|row| {
            let columns = row.spans.iter().map(|span| span.net_before_closing());
            ((row.account, row.currency), columns.collect())
        })
        .collect()
}

/// Of [`movements`] those that an income statement shows: of income, expenses and what nobody classified.
pub fn of_result(chart: &Chart, mut amounts: ByAccount) -> ByAccount {
    let shown = |kind: Kind| !kind.is_permanent() || kind == Kind::Unclassified;
    amounts.retain(|(account, _), _| shown(chart.account(*account).kind));
    amounts
}

/// The income statement of [`movements`], a column for each span.
pub fn income_statement(chart: &Chart, amounts: &ByAccount, layout: Layout) -> IncomeStatement {
    let section = |name, kind: Kind| {
        Section::of(name, Side::of(kind), chart, amounts, layout, |key| {
            chart.account(key).kind == kind
        })
    };
    let income = section("income", Kind::Income);
    let expenses = section("expenses", Kind::Expense);
    let unclassified = Section {
        side: Side::Debit,
        ..section("unclassified", Kind::Unclassified)
    };
    let net = sum([&income.totals, &expenses.totals]);
    let mut sections = vec![income, expenses];
    if !unclassified.lines.is_empty() {
        sections.push(unclassified);
    }
    IncomeStatement { sections, net }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::ledger::transaction::Voucher;
    use crate::reports::balance_sheet::{UNCLOSED_PROFIT, balance_sheet, closing_balances};
    use crate::reports::sample::{INR, shop, tx};
    use jiff::civil::{Date, date};
    use proptest::prelude::*;

    #[test]
    fn closing_the_year_changes_no_income_statement() {
        let chart = shop();
        let mut totals = TotalsBuilder::new(&[date(2026, 4, 1), date(2026, 5, 1)]);
        let on = date(2026, 4, 30);
        totals.add(
            &tx(
                &chart,
                1,
                on,
                &[("Assets:Cash", 10_000), ("Income:Sales", -10_000)],
            ),
            |_| true,
        );
        totals.add(
            &tx(
                &chart,
                2,
                on,
                &[("Expenses:Rent", 4_000), ("Assets:Cash", -4_000)],
            ),
            |_| true,
        );
        let mut closing = tx(
            &chart,
            3,
            on,
            &[
                ("Income:Sales", 10_000),
                ("Expenses:Rent", -4_000),
                ("Equity:Capital", -6_000),
            ],
        );
        closing.voucher = Voucher::Closing;
        totals.add(&closing, |_| true);
        let report = income_statement(&chart, &movements(&totals.finish()), Layout::default());
        assert_eq!(report.sections[0].totals[&INR], [-10_000]);
        assert_eq!(report.sections[1].totals[&INR], [4_000]);
        assert_eq!(report.net[&INR], [-6_000]);
        assert_eq!(report.sections.len(), 2);
    }

    proptest! {
        /// Without closing entries the unclosed profit is the sum of all income statements.
        #[test]
        fn unclosed_profit_is_the_sum_of_the_periods(moves in proptest::collection::vec((0usize..10, 0usize..10, -1_000_000i64..1_000_000, 1i8..=12), 1..40)) {
            let chart = shop();
            let months: Vec<Date> = (1..=12).map(|m| date(2026, m, 1)).chain([date(2027, 1, 1)]).collect();
            let mut periods = TotalsBuilder::new(&months);
            let mut all = TotalsBuilder::new(&[Date::MIN, date(2027, 1, 1)]);
            for (number, (from, to, minor, month)) in moves.iter().enumerate() {
                let path = |i: usize| chart.accounts()[i].path.to_string();
                let made = tx(&chart, number as u64 + 1, date(2026, *month, 15), &[(&path(*from), -minor), (&path(*to), *minor)]);
                periods.add(&made, |_| true);
                all.add(&made, |_| true);
            }
            let net = income_statement(&chart, &movements(&periods.finish()), Layout::default()).net;
            let earned: i128 = net.get(&INR).map_or(0, |columns| columns.iter().sum());
            let balances = closing_balances(&all.finish());
            let sheet = balance_sheet(&chart, &balances, &Amounts::new(), Layout::default(), true);
            let unclosed: i128 = sheet.sections[2].lines.iter().filter(|l| &*l.path == UNCLOSED_PROFIT).map(|l| l.amounts[0]).sum();
            prop_assert_eq!(earned, unclosed);
        }
    }
}
