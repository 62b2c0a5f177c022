//! `year-not-closed`: the income and expenses of a past fiscal year still stand in their accounts.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::Facts;
use super::words::day;
use crate::ledger::finding::{Finding, Severity};
use crate::ledger::totals::Totals;

pub const CODE: &str = "year-not-closed";

/// The most fiscal years looked at: older ones count as one.
const YEARS_MAX: i16 = 100;

/// Cut points for [`check`]: the beginning, and the first day after each fiscal year that has ended.
///
/// `None` if no fiscal year since the first transaction has ended.
pub fn cuts(facts: Facts<'_>, first: Date) -> Option<Vec<Date>> {
    let month = facts.settings.fiscal_year_start.clamp(1, 12) as i8;
    let this = start_year(facts.today, month);
    let first = start_year(first, month).max(this.saturating_sub(YEARS_MAX));
    let ends = (first + 1..=this).map(|year| date(year.clamp(1, 9999), month, 1));
    let cuts: Vec<Date> = [Date::MIN].into_iter().chain(ends).collect();
    (cuts.len() > 1).then_some(cuts)
}

/// A finding for each ended year whose result nobody has carried to equity, then or since.
pub fn check(facts: Facts<'_>, cuts: &[Date], totals: &Totals) -> Vec<Finding> {
    let spans = cuts.len().saturating_sub(1);
    let result = |row: &&crate::ledger::totals::AccountTotal| {
        !facts.chart.account(row.account).kind.is_permanent()
    };
    let rows: Vec<_> = totals.rows.iter().filter(result).collect();
    // Closed up to the last year end at which every income and expense account was empty.
    let empty_after = |span: usize| {
        rows.iter()
            .all(|row| row.opening + row.spans[..=span].iter().map(|s| s.net()).sum::<i128>() == 0)
    };
    let closed = (0..spans).rev().find(|span| empty_after(*span));
    let first = closed.map_or(0, |span| span + 1);
    (first..spans)
        .filter(|span| rows.iter().any(|row| !row.spans[*span].is_zero()))
        .map(|span| {
            let end = cuts[span + 1];
            let last = end.checked_sub(1.day()).unwrap_or(end);
            let label = fiscal_year(end);
            Finding {
                code: CODE,
                severity: Severity::Warning,
                date: Some(last),
                number: None,
                account: None,
                message: format!(
                    "the fiscal year {label} ended on {} and is not closed",
                    day(last)
                ),
                hint: Some(format!("hissab close --fy {label}")),
            }
        })
        .collect()
}

/// The year in which the fiscal year of a date starts.
fn start_year(on: Date, month: i8) -> i16 {
    if on.month() >= month {
        on.year()
    } else {
        on.year() - 1
    }
}

/// The name of the fiscal year that ends before `end`: `2025-26`, or `2025` for calendar years.
fn fiscal_year(end: Date) -> String {
    let year = end.year() - 1;
    if end.month() == 1 {
        year.to_string()
    } else {
        format!("{year}-{:02}", end.year() % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::settings::Settings;
    use crate::ledger::totals::TotalsBuilder;
    use crate::ledger::transaction::Voucher;
    use crate::reports::check::Accepted;
    use crate::reports::sample::{shop, tx};

    /// Sales in March of these years, closings at the end of those fiscal years.
    fn found(sales: &[i16], closings: &[(i16, i64)]) -> Vec<String> {
        let (chart, settings) = (shop(), Settings::new("Shop", "INR"));
        let accepted = Accepted::default();
        let facts = Facts {
            chart: &chart,
            settings: &settings,
            today: date(2026, 4, 1),
            accepted: &accepted,
        };
        let Some(cuts) = cuts(facts, date(sales[0], 3, 1)) else {
            return Vec::new();
        };
        let mut totals = TotalsBuilder::new(&cuts);
        for year in sales {
            let entries = [("Assets:Cash", 100), ("Income:Sales", -100)];
            totals.add(&tx(&chart, 1, date(*year, 3, 1), &entries), |_| true);
        }
        for (year, minor) in closings {
            let entries = [("Income:Sales", *minor), ("Equity:Capital", -*minor)];
            let mut closing = tx(&chart, 2, date(*year, 3, 31), &entries);
            closing.voucher = Voucher::Closing;
            totals.add(&closing, |_| true);
        }
        let findings = check(facts, &cuts, &totals.finish()).into_iter();
        findings.filter_map(|f| f.hint).collect()
    }

    #[test]
    fn each_year_that_ended_open_is_found_once() {
        assert_eq!(
            found(&[2024, 2026], &[]),
            ["hissab close --fy 2023-24", "hissab close --fy 2025-26"]
        );
        assert_eq!(
            found(&[2024, 2026], &[(2024, 100)]),
            ["hissab close --fy 2025-26"]
        );
    }

    #[test]
    fn a_later_closing_closes_the_years_before() {
        assert!(found(&[2024, 2026], &[(2026, 200)]).is_empty());
    }

    #[test]
    fn a_book_of_this_year_has_nothing_to_close() {
        let (chart, settings) = (shop(), Settings::new("Shop", "INR"));
        let accepted = Accepted::default();
        let facts = Facts {
            chart: &chart,
            settings: &settings,
            today: date(2026, 4, 1),
            accepted: &accepted,
        };
        assert_eq!(cuts(facts, date(2026, 4, 1)), None);
        assert!(cuts(facts, Date::MIN).is_some_and(|c| c.len() < 120));
    }
}
