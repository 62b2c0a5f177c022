//! What every looking command is asked and how it gets its figures: periods, filters, shapes.
//!
//! A command flattens the groups of flags that apply to it ([`Periods`], [`Filters`], [`Lines`],
//! [`Values`], [`ShownArgs`](super::shown::ShownArgs)), so that clap refuses the others; then it opens a [`Looking`].

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::civil::Date;

use super::context::Context;
use super::error::Result;
use crate::book::{Book, Order, Scan, Voided};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::date_text::DateContext;
use crate::ledger::fiscal::FiscalStart;
use crate::ledger::interval::Interval;
use crate::ledger::period::Period;
use crate::ledger::query::{DepthLimits, Query, Vocabulary};
use crate::ledger::query_match::Matcher;
use crate::ledger::settings::BookInfo;
use crate::ledger::totals::{Totals, TotalsBuilder, TotalsQuery};
use crate::ledger::transaction::Transaction;
use crate::reports::scope::Scope;
use crate::reports::valuation::{Prices, Valuation};

mod filters;
pub mod ledgers;
mod periods;
mod spans;

pub use filters::{Filters, Lines, Values};
pub use periods::{Chosen, Periods};
pub use spans::Spans;

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

    /// After a report came out empty: says which words of the query the book does not have at all, and where none
    /// is at fault, to people, which days it does have something on.
    ///
    /// Payees, descriptions and tags are no part of the chart, so this looks through the book.
    pub fn explain_nothing(&mut self, ctx: &Context) -> Result<()> {
        if self.query.is_totals_only() {
            // What the chart does not have was said before the report.
            let unmatched = self.query.unmatched(&self.chart, &Vocabulary::default());
            return match unmatched.is_empty() {
                true => self.note_nothing(ctx),
                false => Ok(()),
            };
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
        match self.query.unmatched(&self.chart, &vocabulary).is_empty() {
            true => self.note_nothing(ctx),
            false => {
                self.warn_of(ctx, &vocabulary);
                Ok(())
            }
        }
    }

    fn note_nothing(&self, ctx: &Context) -> Result<()> {
        if !ctx.format()?.is_for_people() {
            return Ok(());
        }
        let why = match self.info.span {
            None if ctx.globals.files.is_empty() => {
                "the book has no transactions yet; hissab add asks for one".to_owned()
            }
            None => "no transactions were read".to_owned(),
            Some((first, last)) if self.misses(first, last) => {
                let days = Period {
                    from: Some(first),
                    until: last.tomorrow().ok(),
                };
                format!("the transactions are of {days}")
            }
            Some(_) if self.is_filtered() => "no transaction of these days matches".to_owned(),
            Some(_) => "no account of this report moved in these days".to_owned(),
        };
        ctx.note(&format!("nothing to show: {why}"));
        Ok(())
    }

    /// The period asked for has none of these days.
    fn misses(&self, first: Date, last: Date) -> bool {
        self.period.from.is_some_and(|from| from > last)
            || self.period.until.is_some_and(|until| until <= first)
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

    /// The heading of a report of what moved in the period asked for.
    pub fn scope_of_flows(&self) -> Scope {
        Scope::of_flows(&self.info, &self.chart, self.period, self.is_filtered())
    }

    /// The heading of a report over a period. An open end is the last day of the book.
    pub fn scope_of(&self, period: Period) -> Scope {
        Scope::of(&self.info, &self.chart, period, self.is_filtered())
    }

    /// Totals between cuts of what the query asks for: kept ones where accounts and currencies
    /// alone decide, else summed up from the transactions.
    pub fn totals(&mut self, cuts: &[Date]) -> Result<Totals> {
        self.totals_among(cuts, None)
    }

    /// The same, of these accounts at most: what is kept of others is not even read.
    pub fn totals_among(&mut self, cuts: &[Date], among: Option<&[AccountKey]>) -> Result<Totals> {
        if !self.query.is_totals_only() {
            return self.summed(cuts, |builder, transaction, matcher| {
                builder.add(transaction, |entry| matcher.entry(transaction, entry));
            });
        }
        let matcher = self.query.matcher(&self.chart);
        let mut accounts = matcher.accounts();
        if let Some(among) = among {
            let meant: Option<HashSet<AccountKey>> = accounts.map(|a| a.into_iter().collect());
            let fits = |key: &AccountKey| meant.as_ref().is_none_or(|meant| meant.contains(key));
            let both: BTreeSet<AccountKey> = among.iter().copied().filter(fits).collect();
            accounts = Some(both.into_iter().collect());
        }
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

    /// The accounts the query could mean, in chart order: what `-E` shows.
    pub fn accounts(&self) -> Vec<AccountKey> {
        let matcher = self.matcher();
        let keys = self.chart.accounts().iter().map(|a| a.key);
        keys.filter(|key| matcher.account(*key)).collect()
    }

    /// How many levels to show of each account: the query's limits; the flag stands for accounts that no
    /// pattern of `depth:REGEX=N` matches, before a plain `depth:N` does.
    pub fn depths(&self, flag: Option<usize>) -> DepthLimits {
        let mut limits = self.query.depth.clone();
        let flag = flag.and_then(|depth| u32::try_from(depth).ok());
        limits.general = flag.or(limits.general);
        limits
    }

    /// The one number of levels to show. `None` too where accounts have limits of their own: then
    /// [`Looking::folded_chart`] has them all.
    pub fn depth(&self, flag: Option<usize>) -> Option<usize> {
        let limits = self.depths(flag);
        let general = limits.general.filter(|_| limits.by_account.is_empty())?;
        usize::try_from(general).ok()
    }

    /// The chart that a report with lines an account is made of: as it is, or where `depth:REGEX=N` was asked
    /// for with every path cut to its limit, so that accounts below it share a line.
    pub fn folded_chart(&self, flag: Option<usize>) -> Cow<'_, Chart> {
        let limits = self.depths(flag);
        if limits.by_account.is_empty() {
            return Cow::Borrowed(&self.chart);
        }
        let fold = |account: &Account| Account {
            path: cut(&account.path, limits.for_path(&account.path)),
            ..account.clone()
        };
        let accounts = self.chart.accounts().iter().map(fold).collect();
        Cow::Owned(Chart::new(accounts, self.chart.currencies().to_vec()))
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

    /// Of amounts at market prices, a period without an end ends today, or with the book's last day
    /// where that is later: its heading then names the day whose prices count. Columns an interval
    /// keep their own ends.
    pub fn end_by_prices(&mut self, values: &Values) {
        let valued = values.value || values.exchange.is_some();
        if !valued || self.interval.is_some() || self.period.until.is_some() {
            return;
        }
        let last = self.info.span.map_or(Date::MIN, |(_, last)| last);
        self.period.until = self.dates.today.max(last).tomorrow().ok();
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

/// The first `limit` segments of a path; of none of them `...`, as a report's line of everything is called.
fn cut(path: &Arc<str>, limit: Option<u32>) -> Arc<str> {
    let Some(limit) = limit else {
        return path.clone();
    };
    match limit.checked_sub(1) {
        None => Arc::from("..."),
        Some(last) => match path.match_indices(':').nth(last as usize) {
            Some((end, _)) => Arc::from(&path[..end]),
            None => path.clone(),
        },
    }
}
