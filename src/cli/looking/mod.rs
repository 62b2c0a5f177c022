//! What every looking command is asked and how it gets its figures: periods, filters, shapes.
//!
//! A command flattens the groups of flags that apply to it ([`Periods`], [`Filters`], [`Lines`],
//! [`Values`], [`ShownArgs`](super::shown::ShownArgs)), so that clap refuses the others; then it opens a [`Looking`].

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;

use jiff::civil::Date;

use super::context::Context;
use super::error::{Failure, Result};
use crate::book::{Book, Order, Scan, Voided};
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::date_text::DateContext;
use crate::ledger::fiscal::FiscalStart;
use crate::ledger::interval::{FirstSpan, Interval, PeriodSpan};
use crate::ledger::period::Period;
use crate::ledger::query::{Query, Vocabulary};
use crate::ledger::query_match::Matcher;
use crate::ledger::settings::BookInfo;
use crate::ledger::totals::{Totals, TotalsBuilder, TotalsQuery};
use crate::ledger::transaction::Transaction;
use crate::render::views::PeriodColumn;
use crate::reports::scope::Scope;
use crate::reports::valuation::{Prices, Valuation};

mod filters;
pub mod ledgers;
mod periods;

pub use filters::{Filters, Lines, Values};
pub use periods::{Chosen, Periods};

/// A book with what was asked of it.
pub struct Looking {
    pub book: Box<dyn Book>,
    pub info: BookInfo,
    pub chart: Chart,
    pub dates: DateContext,
    /// Of the flags and the query together.
    pub period: Period,
    pub interval: Option<Interval>,
    /// Where quarters and years of columns begin.
    pub year: FiscalStart,
    pub query: Query,
}

/// The columns of a report of several periods, and the cuts that give them.
pub struct Spans {
    pub cuts: Vec<Date>,
    pub columns: Vec<PeriodColumn>,
}

impl Looking {
    /// Opens the book and reads the flags against it.
    ///
    /// Errors: dates, periods and queries that cannot be read (2), names that name nothing (6).
    pub fn open(ctx: &Context, periods: &Chosen, filters: &Filters) -> Result<Looking> {
        let mut book = ctx.open_read()?;
        let mut info = book.info()?;
        if !ctx.globals.files.is_empty() {
            // Journals are a nameless book: what is printed never depends on where they lie.
            info.settings.name.clear();
        }
        let chart = book.chart()?;
        let dates = DateContext::of(&info.settings, ctx.today(&info.settings.timezone)?);
        let asked = periods.resolve(&dates)?;
        let query = filters.query(book.as_mut(), &chart, &dates)?;
        let mut period = asked.period.intersect(query.period);
        if period.is_empty() {
            // Flags and a date: term that exclude each other: no day at all.
            period.until = period.from;
        }
        let year = if periods.calendar() {
            FiscalStart::JANUARY
        } else {
            dates.fiscal
        };
        let looking = Looking {
            interval: asked.interval.or(query.interval),
            book,
            info,
            chart,
            dates,
            period,
            year,
            query,
        };
        looking.warn_unmatched(ctx);
        Ok(looking)
    }

    fn warn_unmatched(&self, ctx: &Context) {
        self.warn_of(ctx, &Vocabulary::default());
    }

    /// After a report came out empty: says which words of the query the book does not have at all.
    ///
    /// Payees, descriptions and tags are no part of the chart, so this looks through the book.
    pub fn explain_nothing(&mut self, ctx: &Context) -> Result<()> {
        if self.query.is_totals_only() {
            return Ok(());
        }
        let mut names = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
        self.book.scan(&Scan::default(), &mut |transaction| {
            let [payees, descriptions, tags] = &mut names;
            note(payees, transaction.payee());
            note(descriptions, &transaction.description);
            let of_entries = transaction.entries.iter().flat_map(|e| e.tags());
            for tag in transaction.tags.iter().chain(of_entries) {
                note(tags, &tag.name);
            }
            ControlFlow::Continue(())
        })?;
        let [payees, descriptions, tags] = names.map(|set| set.into_iter().collect::<Vec<_>>());
        let vocabulary = Vocabulary {
            payees: Some(&payees),
            descriptions: Some(&descriptions),
            tags: Some(&tags),
        };
        self.warn_of(ctx, &vocabulary);
        Ok(())
    }

    fn warn_of(&self, ctx: &Context, vocabulary: &Vocabulary<'_>) {
        for unmatched in self.query.unmatched(&self.chart, vocabulary) {
            let near = if unmatched.near.is_empty() {
                String::new()
            } else {
                format!("; near it: {}", unmatched.near.join(", "))
            };
            let (among, term) = (unmatched.among, unmatched.term);
            ctx.warn(&format!("no {among} matches {term}{near}"));
        }
    }

    pub fn matcher(&self) -> Matcher<'_> {
        self.query.matcher(&self.chart)
    }

    /// Only a part of the book is asked for.
    pub fn is_filtered(&self) -> bool {
        self.query.filter != crate::ledger::query::Filter::All
    }

    /// The heading of a report over the period asked for.
    pub fn scope(&self) -> Scope {
        self.scope_of(self.period)
    }

    /// The heading of a report over a period. An open end is the last day of the book.
    pub fn scope_of(&self, period: Period) -> Scope {
        let last = self.info.span.map(|(_, last)| last);
        let to = match period.until {
            Some(_) => period.last_day(),
            None => last.filter(|last| period.from.is_none_or(|from| from <= *last)),
        };
        let fiscal_year = match (period.from, period.last_day()) {
            (Some(from), Some(to)) => {
                let year = self.dates.fiscal.year_of(from);
                (year == self.dates.fiscal.year_of(to)).then(|| year.label())
            }
            _ => None,
        };
        Scope {
            book: self.info.settings.name.clone(),
            from: period.from,
            to,
            fiscal_year,
            base_currency: self.chart.currencies().first().map_or_else(
                || self.info.settings.base_currency.clone(),
                |c| c.code.to_string(),
            ),
            filtered: self.is_filtered(),
        }
    }

    /// Totals between cuts of what the query asks for: kept ones where accounts and currencies
    /// alone decide, else summed up from the transactions.
    pub fn totals(&mut self, cuts: &[Date]) -> Result<Totals> {
        if !self.query.is_totals_only() {
            return self.summed(cuts, |builder, transaction, matcher| {
                builder.add(transaction, |entry| matcher.entry(transaction, entry));
            });
        }
        let matcher = self.query.matcher(&self.chart);
        let accounts = matcher.accounts();
        let query = TotalsQuery {
            cuts: cuts.to_vec(),
            accounts,
        };
        let mut totals = self.book.totals(&query)?;
        totals
            .rows
            .retain(|row| matcher.total(row.account, row.currency));
        Ok(totals)
    }

    /// The same at cost: every entry counts for what was paid for it.
    pub fn totals_at_cost(&mut self, cuts: &[Date]) -> Result<Totals> {
        self.summed(cuts, |builder, transaction, matcher| {
            let closing = transaction.voucher == crate::ledger::transaction::Voucher::Closing;
            for entry in &transaction.entries {
                if !transaction.is_void() && matcher.entry(transaction, entry) {
                    let (minor, currency) = entry.weight();
                    let date = transaction.date;
                    builder.amount(date, closing, entry.account, currency, minor.into());
                }
            }
        })
    }

    fn summed(
        &mut self,
        cuts: &[Date],
        mut add: impl FnMut(&mut TotalsBuilder, &Transaction, &Matcher<'_>),
    ) -> Result<Totals> {
        let matcher = self.query.matcher(&self.chart);
        let mut builder = TotalsBuilder::new(cuts);
        let scan = Scan {
            until: cuts.last().copied().filter(|cut| *cut != Date::MAX),
            accounts: matcher.accounts(),
            ..Scan::default()
        };
        self.book.scan(&scan, &mut |transaction| {
            add(&mut builder, &transaction, &matcher);
            ControlFlow::Continue(())
        })?;
        Ok(builder.finish())
    }

    /// The cuts of one span over the period.
    pub fn cuts(&self) -> Vec<Date> {
        vec![
            self.period.from.unwrap_or(Date::MIN),
            self.period.until.unwrap_or(Date::MAX),
        ]
    }

    /// The columns of the period: one of its own, one an interval, or with `compare` also the
    /// period before. Widens the period to whole intervals.
    ///
    /// `name` is what a single column is called. Errors: `--compare` of an open period (2).
    pub fn spans(&mut self, compare: bool, name: &str) -> Result<Spans> {
        if let Some(interval) = self.interval {
            if compare {
                return Err(Failure::usage(
                    "compare-with-interval",
                    "--compare adds the period before; with an interval give a longer period instead",
                ));
            }
            return self.interval_spans(interval);
        }
        if compare {
            return self.compared_spans();
        }
        let mut heading = name.to_owned();
        if let Some(first) = heading.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let column = PeriodColumn {
            name: name.to_owned(),
            heading,
            from: self.period.from,
            to: self.scope().to,
        };
        Ok(Spans {
            cuts: self.cuts(),
            columns: vec![column],
        })
    }

    fn interval_spans(&mut self, interval: Interval) -> Result<Spans> {
        let first_and_last = self.info.span;
        let from = self.period.from.or(first_and_last.map(|(first, _)| first));
        let after_last = first_and_last.and_then(|(_, last)| last.tomorrow().ok());
        let until = self.period.until.or(after_last);
        let (Some(from), Some(until)) = (from, until) else {
            // An empty book has no periods: one column of nothing.
            self.interval = None;
            return self.spans(false, "balance");
        };
        let until = until.max(from.tomorrow().unwrap_or(from));
        let spans = interval
            .spans(from, until, self.year, FirstSpan::Whole)
            .map_err(|e| {
                Failure::usage("too-many-periods", e.to_string())
                    .hint("give a shorter period with -p, or a longer interval")
            })?;
        let mut cuts: Vec<Date> = spans.iter().map(|span| span.from).collect();
        cuts.extend(spans.last().map(|span| span.until));
        if let (Some(first), Some(last)) = (cuts.first(), cuts.last()) {
            self.period = Period::between(*first, *last);
        }
        let column = |span: &PeriodSpan| {
            let name = interval.label(*span, self.year);
            PeriodColumn {
                heading: name.clone(),
                name,
                from: Some(span.from),
                to: span.period().last_day(),
            }
        };
        Ok(Spans {
            columns: spans.iter().map(column).collect(),
            cuts,
        })
    }

    fn compared_spans(&mut self) -> Result<Spans> {
        let open = || {
            Failure::usage(
                "compare-needs-period",
                "--compare needs a period with a beginning and an end",
            )
            .hint("give one, like -p 2026-04 or --fy 2025-26")
        };
        let previous = self.period.previous().ok_or_else(open)?;
        let (Some(first), Some(from), Some(until)) =
            (previous.from, self.period.from, self.period.until)
        else {
            return Err(open());
        };
        let column = |period: Period| {
            let name = self.period_name(period);
            PeriodColumn {
                heading: name.clone(),
                name,
                from: period.from,
                to: period.last_day(),
            }
        };
        let columns = vec![column(previous), column(self.period)];
        Ok(Spans {
            cuts: vec![first, from, until],
            columns,
        })
    }

    /// `2026-04`, `2026-Q1`, `FY2025-26`, else the first and the last day.
    fn period_name(&self, period: Period) -> String {
        let (Some(from), Some(until)) = (period.from, period.until) else {
            return "balance".to_owned();
        };
        let span = PeriodSpan { from, until };
        let names = [
            Interval::Years(1),
            Interval::Quarters(1),
            Interval::Months(1),
            Interval::Days(1),
        ]
        .map(|interval| (interval, interval.label(span, self.year)));
        let (days, range) = (&names[3].0, &names[3].1);
        if span.from.tomorrow().ok() == Some(until) {
            return days.label(span, self.year);
        }
        names[..3]
            .iter()
            .map(|(_, name)| name)
            .find(|name| !name.contains(".."))
            .cloned()
            .unwrap_or_else(|| {
                let last = period.last_day().unwrap_or(until);
                format!("{range}..{last}")
            })
    }

    /// The accounts the query could mean, in chart order: what `-E` shows.
    pub fn accounts(&self) -> Vec<AccountKey> {
        let matcher = self.matcher();
        let keys = self.chart.accounts().iter().map(|a| a.key);
        keys.filter(|key| matcher.account(*key)).collect()
    }

    /// The number of levels to show: the flag's, else the query's.
    pub fn depth(&self, flag: Option<usize>) -> Option<usize> {
        let asked = self.query.depth.general;
        flag.or_else(|| asked.and_then(|depth| usize::try_from(depth).ok()))
    }

    /// The currency amounts are valued in: of `-X`, or the base currency for `-V`.
    ///
    /// Errors: a currency the book does not have (6).
    pub fn valued_in(&self, values: &Values) -> Result<Option<CurrencyKey>> {
        if let Some(code) = &values.exchange {
            return match self.chart.resolve_currency(code) {
                Some(currency) => Ok(Some(currency.key)),
                None => Err(filters::unknown_currency(&self.chart, code)),
            };
        }
        let base = self.chart.currencies().first().map(|c| c.key);
        Ok(base.filter(|_| values.value))
    }

    /// Market prices.
    pub fn prices(&mut self) -> Result<Prices> {
        Ok(Prices::new(&self.book.prices()?))
    }

    /// Says which currencies had no price.
    pub fn warn_unconverted(&self, ctx: &Context, valuation: &Valuation<'_>) {
        self.warn_currencies(ctx, &valuation.unconverted, valuation.to);
    }

    fn warn_currencies(&self, ctx: &Context, keys: &BTreeSet<CurrencyKey>, to: CurrencyKey) {
        for key in keys {
            let (from, to) = (self.chart.currency(*key), self.chart.currency(to));
            ctx.warn(&format!(
                "no price of {from} in {to}: amounts in {from} are left as they are",
                from = from.code,
                to = to.code
            ));
        }
    }

    /// Which transactions a listing goes through.
    pub fn scan(&self, order: Order, voided: bool) -> Scan {
        Scan {
            from: self.period.from,
            until: self.period.until,
            accounts: self.matcher().accounts(),
            order,
            voided: if voided { Voided::Show } else { Voided::Hide },
            ..Scan::default()
        }
    }
}

/// Names kept to explain an empty report: enough to find what is near.
const NAMES_MAX: usize = 100_000;

fn note(names: &mut BTreeSet<String>, name: &str) {
    if names.len() < NAMES_MAX && !name.is_empty() && !names.contains(name) {
        names.insert(name.to_owned());
    }
}

/// Scans with a step that may fail or stop.
pub fn scan_with(
    book: &mut dyn Book,
    scan: &Scan,
    mut step: impl FnMut(Transaction) -> io::Result<ControlFlow<()>>,
) -> Result<()> {
    let mut failed = None;
    book.scan(scan, &mut |transaction| match step(transaction) {
        Ok(flow) => flow,
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}
