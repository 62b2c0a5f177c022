//! What a report is of: the book, the days, the currency. Headings and JSON both say it.

use jiff::civil::Date;

use crate::ledger::chart::Chart;
use crate::ledger::fiscal::FiscalStart;
use crate::ledger::period::Period;
use crate::ledger::settings::BookInfo;

/// What stands in a report's heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The book's name; empty for journals read with `-f`.
    pub book: String,
    /// First day, inclusive. `None`: from the beginning.
    pub from: Option<Date>,
    /// Last day, inclusive. `None`: the book holds nothing that would end it.
    pub to: Option<Date>,
    /// The fiscal year all the days lie in: `2026-27`.
    pub fiscal_year: Option<String>,
    /// Code of the book's base currency.
    pub base_currency: String,
    /// Only a part of the book was asked for: by account, payee, status…
    pub filtered: bool,
}

impl Scope {
    /// The heading of a report of what moved: a period that is open at its beginning begins with the first
    /// day of the book.
    pub fn of_flows(info: &BookInfo, chart: &Chart, period: Period, filtered: bool) -> Scope {
        let (first, last) = info.span.unzip();
        let begins = first.filter(|first| period.until.is_none_or(|until| *first < until));
        let period = Period {
            from: period.from.or(begins),
            until: period.until.or(last.and_then(|last| last.tomorrow().ok())),
        };
        // Days before any entry have no range: the heading says their end.
        let sound = period
            .from
            .zip(period.until)
            .is_none_or(|(from, until)| from < until);
        let until = period.until.filter(|_| sound);
        Scope::of(info, chart, Period { until, ..period }, filtered)
    }

    /// The heading of a report over a period. An open end is the last day of the book.
    pub fn of(info: &BookInfo, chart: &Chart, period: Period, filtered: bool) -> Scope {
        let last = info.span.map(|(_, last)| last);
        let to = match period.until {
            Some(_) => period.last_day(),
            None => last.filter(|last| period.from.is_none_or(|from| from <= *last)),
        };
        let start = FiscalStart::new(info.settings.fiscal_year_start);
        let fiscal = start.unwrap_or(FiscalStart::JANUARY);
        let fiscal_year = match (period.from, period.last_day()) {
            (Some(from), Some(to)) => {
                let year = fiscal.year_of(from);
                (year == fiscal.year_of(to)).then(|| year.label())
            }
            _ => None,
        };
        Scope {
            book: info.settings.name.clone(),
            from: period.from,
            to,
            fiscal_year,
            base_currency: chart.currencies().first().map_or_else(
                || info.settings.base_currency.clone(),
                |c| c.code.to_string(),
            ),
            filtered,
        }
    }
}
