//! Which fiscal years before a day left income or expenses standing in their accounts: they are closed oldest first.

use jiff::civil::Date;

use crate::ledger::account::Kind;
use crate::ledger::chart::Chart;
use crate::ledger::fiscal::FiscalYear;
use crate::ledger::totals::{Totals, TotalsQuery};

/// How many years are looked at.
const YEARS_MAX: usize = 200;

/// The fiscal years from the first transaction up to one of them, which is left out.
pub struct YearsBefore {
    /// Oldest first; never empty.
    years: Vec<FiscalYear>,
}

impl YearsBefore {
    /// `None` if nothing happened before `year`; `first` is the day of the first transaction.
    pub fn of(year: FiscalYear, first: Date) -> Option<YearsBefore> {
        let mut years: Vec<FiscalYear> =
            std::iter::successors(Some(year.previous()), |year| Some(year.previous()))
                .take(YEARS_MAX)
                .take_while(|year| year.period().until.is_some_and(|until| until > first))
                .collect();
        years.reverse();
        let happened = year.period().from.is_some_and(|from| first < from);
        (happened && !years.is_empty()).then_some(YearsBefore { years })
    }

    /// What [`YearsBefore::oldest_open`] needs the totals of.
    pub fn query(&self) -> TotalsQuery {
        let ends = self.years.iter().filter_map(|year| year.period().until);
        let mut cuts: Vec<Date> = std::iter::once(Date::MIN).chain(ends).collect();
        cuts.dedup();
        TotalsQuery {
            cuts,
            accounts: None,
        }
    }

    /// The oldest year at whose end an income or expense account was not empty.
    pub fn oldest_open(&self, chart: &Chart, totals: &Totals) -> Option<FiscalYear> {
        let rows = totals.rows.iter().filter(|row| {
            let kind = chart.account(row.account).kind;
            matches!(kind, Kind::Income | Kind::Expense)
        });
        let open = rows.filter_map(|row| {
            let mut balance = row.opening;
            row.spans.iter().position(|span| {
                balance += span.net();
                balance != 0
            })
        });
        open.min().and_then(|at| self.years.get(at)).copied()
    }
}
