//! Reports as documents: what `hissab --json` prints for the same question, made from one state of a book.

use std::io::{self, Write};
use std::ops::ControlFlow;

use jiff::civil::Date;

use super::problem::{Answer, Problem};
use crate::book::{self, Book, BookError, Scan, Voided};
use crate::ledger::account::{AccountKey, AccountType};
use crate::ledger::chart::Chart;
use crate::ledger::date_text::DateContext;
use crate::ledger::fiscal::FiscalStart;
use crate::ledger::period::Period;
use crate::ledger::settings::BookInfo;
use crate::ledger::totals::{Totals, TotalsQuery};
use crate::ledger::transaction::Transaction;
use crate::render::views::statements::owing;
use crate::render::views::{
    self, AgeingView, BalanceView, JournalKind, JournalWriter, LedgerRows, PeriodColumn,
    SectionsView, TrialBalanceView,
};
use crate::render::{self, Format, Json, Layout, Options, RenderError};
use crate::reports::ageing::ageing;
use crate::reports::balance::{self, Shows, balance, columns};
use crate::reports::balance_sheet::{balance_sheet, closing_balances, conversions};
use crate::reports::cash_flow::{CashFlowBuilder, cash_flow};
use crate::reports::day_cash::DayCashBuilder;
use crate::reports::held::Held;
use crate::reports::income_statement::{income_statement, movements};
use crate::reports::ledger::{AccountSet, Detail, Direction, LedgerFold};
use crate::reports::open_items::OpenItemsBuilder;
use crate::reports::open_years::YearsBefore;
use crate::reports::scope::Scope;
use crate::reports::sections;
use crate::reports::trial_balance::{self, Proof, trial_balance};
use crate::wire::report::ReportName;

/// The longest document: more belongs into an export or a page of the ledger.
const DOCUMENT_BYTES_MAX: usize = 32 << 20;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub report: ReportName,
    pub from: Option<Date>,
    /// Last day, inclusive.
    pub to: Option<Date>,
    /// Of a ledger: an id, or the path of an account or of a parent of some.
    pub ledger: Option<String>,
    /// In the book's zone.
    pub today: Date,
}

/// A report, ready to be sent.
pub struct Paper {
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub balanced: Option<bool>,
    pub document: Vec<u8>,
}

/// Makes a report. Inner errors are the caller's: no such ledger, a document too long.
pub fn paper(book: &mut dyn Book, info: &BookInfo, asked: &Asked) -> book::Result<Answer<Paper>> {
    let chart = book.chart()?;
    let dates = DateContext::of(&info.settings, asked.today);
    let mut desk = Desk {
        period: period(asked),
        fiscal: dates.fiscal,
        chart: &chart,
        info,
        book,
        out: Bounded::default(),
    };
    let made = match asked.report {
        ReportName::TrialBalance => desk.trial_balance(),
        ReportName::BalanceSheet => desk.balance_sheet(),
        ReportName::IncomeStatement => desk.income_statement(),
        ReportName::CashFlow => desk.cash_flow(),
        ReportName::Balances => desk.balances(),
        ReportName::DayBook => desk.day_book(),
        ReportName::Ageing => desk.ageing(asked.to.unwrap_or(asked.today)),
        ReportName::CashBook => desk.cash_book(),
        ReportName::Ledger => desk.ledger(asked.ledger.as_deref().unwrap_or_default()),
    };
    match made {
        Ok((scope, balanced)) => Ok(Ok(Paper {
            from: scope.from,
            to: scope.to,
            balanced,
            document: desk.out.bytes,
        })),
        Err(Unmade::Book(error)) => Err(error),
        Err(Unmade::Refused(problem)) => Ok(Err(*problem)),
        Err(Unmade::Unwritten) => Ok(Err(Problem::refused(
            "too-large",
            "the report is longer than 32 MiB",
        )
        .hint("ask for fewer days, or make an export"))),
    }
}

/// The days asked for; a day book without any is today's.
fn period(asked: &Asked) -> Period {
    if asked.report == ReportName::DayBook && asked.from.is_none() && asked.to.is_none() {
        return Period::day(asked.today);
    }
    Period {
        from: asked.from,
        until: asked.to.and_then(|to| Period::day(to).until),
    }
}

/// Why there is no report.
enum Unmade {
    Book(BookError),
    Refused(Box<Problem>),
    /// The document would be too long: nothing else stops writing to memory.
    Unwritten,
}

impl From<BookError> for Unmade {
    fn from(error: BookError) -> Unmade {
        Unmade::Book(error)
    }
}

impl From<RenderError> for Unmade {
    fn from(_: RenderError) -> Unmade {
        Unmade::Unwritten
    }
}

impl From<io::Error> for Unmade {
    fn from(_: io::Error) -> Unmade {
        Unmade::Unwritten
    }
}

/// The days of a report, and whether it proves.
type Made = std::result::Result<(Scope, Option<bool>), Unmade>;

/// A document on its way.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A book with what was asked of it.
struct Desk<'a> {
    book: &'a mut dyn Book,
    info: &'a BookInfo,
    chart: &'a Chart,
    fiscal: FiscalStart,
    period: Period,
    out: Bounded,
}

impl Desk<'_> {
    fn options() -> Options {
        Options::of(Format::Json)
    }

    fn scope(&self) -> Scope {
        Scope::of(self.info, self.chart, self.period, false)
    }

    fn scope_of_flows(&self) -> Scope {
        Scope::of_flows(self.info, self.chart, self.period, false)
    }

    fn cuts(&self) -> Vec<Date> {
        vec![
            self.period.from.unwrap_or(Date::MIN),
            self.period.until.unwrap_or(Date::MAX),
        ]
    }

    /// Totals over the period, of some accounts or all.
    fn totals(&mut self, accounts: Option<Vec<AccountKey>>) -> book::Result<Totals> {
        let cuts = self.cuts();
        self.book.totals(&TotalsQuery { cuts, accounts })
    }

    /// The one column of a report over the period.
    fn column(&self, name: &str) -> [PeriodColumn; 1] {
        [PeriodColumn {
            name: name.to_owned(),
            heading: String::new(),
            from: self.period.from,
            to: self.scope().to,
        }]
    }

    fn trial_balance(&mut self) -> Made {
        let cuts = trial_balance::cuts(self.period, self.fiscal);
        let totals = self.book.totals(&TotalsQuery {
            cuts,
            accounts: None,
        })?;
        let (totals, unclosed) =
            trial_balance::of_period(totals, self.chart, self.period, self.fiscal);
        let wanted = trial_balance::Wanted {
            movements: self.period.from.is_some(),
            ..trial_balance::Wanted::default()
        };
        let mut report = trial_balance(self.chart, &totals, self.scope(), wanted);
        if unclosed.is_some() {
            report.unclosed_first = self.oldest_open_year()?;
        }
        report.unclosed = unclosed;
        report.head = self.info.head.map(|hash| (self.info.sequence, hash));
        let view = TrialBalanceView {
            chart: self.chart,
            report: &report,
        };
        render::write(&mut self.out, &Self::options(), &view)?;
        let proved = report.proof == Proof::Proved;
        Ok((report.scope, Some(proved)))
    }

    /// The oldest fiscal year before the period that is not closed.
    fn oldest_open_year(&mut self) -> crate::book::Result<Option<String>> {
        let year = self.fiscal.year_of(self.period.from.unwrap_or(Date::MIN));
        let span = self.info.span;
        let Some(years) = span.and_then(|(first, _)| YearsBefore::of(year, first)) else {
            return Ok(None);
        };
        let totals = self.book.totals(&years.query())?;
        let open = years.oldest_open(self.chart, &totals);
        Ok(open.map(|year| year.label()))
    }

    fn balance_sheet(&mut self) -> Made {
        let totals = self.totals(None)?;
        let amounts = closing_balances(&totals);
        let moved = conversions(&totals);
        let layout = sections::Layout::default();
        let report = balance_sheet(self.chart, &amounts, &moved, layout, true);
        let owing = owing(&report);
        let scope = Scope {
            from: None,
            ..self.scope()
        };
        let columns = self.column("amount");
        let mut view = SectionsView::empty(self.chart, &scope, &columns);
        view.balance_sheet(&report, &owing);
        render::write(&mut self.out, &Self::options(), &view)?;
        Ok((scope, report.proved))
    }

    fn income_statement(&mut self) -> Made {
        let totals = self.totals(None)?;
        let layout = sections::Layout::default();
        let report = income_statement(self.chart, &movements(&totals), layout);
        let scope = self.scope_of_flows();
        let columns = self.column("amount");
        let mut view = SectionsView::empty(self.chart, &scope, &columns);
        view.income_statement(&report);
        render::write(&mut self.out, &Self::options(), &view)?;
        Ok((scope, None))
    }

    fn cash_flow(&mut self) -> Made {
        let liquid = CashFlowBuilder::liquid(self.chart);
        let cash = self.totals(Some(liquid.clone()))?;
        let cuts = self.cuts();
        let mut builder = CashFlowBuilder::new(self.chart, &cuts);
        let scan = Scan {
            accounts: Some(liquid),
            ..self.scan()
        };
        self.book.scan(&scan, &mut |transaction| {
            builder.add(&transaction, |_| true);
            ControlFlow::Continue(())
        })?;
        let flows = builder.finish();
        let layout = sections::Layout::default();
        let report = cash_flow(self.chart, &flows, &cash, layout, true);
        let scope = self.scope_of_flows();
        let columns = self.column("amount");
        let mut view = SectionsView::empty(self.chart, &scope, &columns);
        view.cash_flow(&report, true);
        render::write(&mut self.out, &Self::options(), &view)?;
        Ok((scope, None))
    }

    fn balances(&mut self) -> Made {
        let totals = self.totals(None)?;
        let shows = Shows::Changes;
        let wanted = balance::Wanted::default();
        let report = balance(self.chart, columns(&totals, shows), &[], wanted);
        let scope = self.scope();
        let view = BalanceView {
            chart: self.chart,
            scope: &scope,
            report: &report,
            shows,
            columns: &self.column("balance"),
            layout: Layout::Wide,
            row_total: false,
            row_average: false,
            no_total: false,
            notes: Vec::new(),
        };
        render::write(&mut self.out, &Self::options(), &view)?;
        Ok((scope, None))
    }

    fn ageing(&mut self, as_of: Date) -> Made {
        self.period.until = Period::day(as_of).until;
        let mut builder = OpenItemsBuilder::new(self.chart, as_of);
        let scan = Scan {
            accounts: Some(OpenItemsBuilder::parties(self.chart)),
            ..self.scan()
        };
        let chart = self.chart;
        self.book.scan(&scan, &mut |transaction| {
            builder.add(&transaction, |key| {
                let of = chart.account(key).account_type;
                matches!(of, AccountType::Receivable | AccountType::Payable)
            });
            ControlFlow::Continue(())
        })?;
        let aged = ageing(&builder.finish(), as_of);
        let scope = self.scope();
        let view = AgeingView {
            chart,
            scope: &scope,
            aged: &aged,
            totals: true,
        };
        render::write(&mut self.out, &Self::options(), &view)?;
        Ok((scope, None))
    }

    fn day_book(&mut self) -> Made {
        let (scan, scope) = (self.scan(), self.scope());
        let options = Self::options();
        let kind = JournalKind::DayBook;
        let accounts = DayCashBuilder::accounts(self.chart);
        let cash = match accounts.is_empty() {
            true => None,
            false => Some(DayCashBuilder::new(
                self.chart,
                &self.totals(Some(accounts))?,
            )),
        };
        let mut writer = JournalWriter::begin(&mut self.out, &options, self.chart, &scope, kind)?;
        writer.with_cash(cash);
        scan_with(self.book, &scan, |transaction| {
            writer.transaction(transaction, |_| true, None)
        })?;
        writer.end()?;
        Ok((scope, None))
    }

    fn cash_book(&mut self) -> Made {
        let chart = self.chart;
        let of_cash = |key: &AccountKey| chart.account(*key).account_type == AccountType::Cash;
        let keys = chart.in_order().into_iter().filter(of_cash);
        let subjects = keys.map(|key| (chart.account(key).path.to_string(), vec![key]));
        self.ledgers("cashbook/1", &subjects.collect::<Vec<_>>())
    }

    fn ledger(&mut self, name: &str) -> Made {
        let chart = self.chart;
        let id = uuid::Uuid::try_parse(name).ok();
        let by_id = id.and_then(|id| chart.accounts().iter().find(|a| a.id == id));
        let path = by_id.map_or(name, |account| &account.path);
        let keys = chart.subtree(path);
        if keys.is_empty() {
            let missing = Problem::not_found(format!("ledger {name}"));
            return Err(Unmade::Refused(Box::new(missing)));
        }
        self.ledgers("ledger/1", &[(path.to_owned(), keys)])
    }

    /// Ledgers one after the other; of several, those in which nothing is held and nothing moved are left out.
    fn ledgers(&mut self, schema: &str, subjects: &[(String, Vec<AccountKey>)]) -> Made {
        let totals = self.totals(None)?;
        let scope = self.scope();
        let mut head = views::head(&scope);
        let names = subjects.iter().map(|(path, _)| Json::text(&**path));
        head.push(("accounts", Json::List(names.collect())));
        let scan = self.scan();
        let options = Self::options();
        let mut rows = LedgerRows::begin(&mut self.out, &options, self.chart, schema, &head)?;
        for (path, keys) in subjects {
            let held = Held::of(&totals, keys, self.chart);
            if subjects.len() > 1 && held.is_empty() {
                continue;
            }
            let accounts = AccountSet::of(keys.iter().copied());
            let (forward, entries) = (Direction::Forward, Detail::Entries);
            let mut fold = LedgerFold::new(accounts, &held.openings(), forward, entries);
            let sink =
                &mut |event: crate::reports::ledger::LedgerEvent<'_>| rows.event(path, &event);
            fold.openings(self.period.from, sink)?;
            let scan = Scan {
                accounts: Some(keys.clone()),
                ..scan.clone()
            };
            scan_with(self.book, &scan, |transaction| {
                fold.transaction(transaction, |_| true, sink)
            })?;
            fold.closings(scope.to, None, sink)?;
        }
        rows.end()?;
        Ok((scope, None))
    }

    fn scan(&self) -> Scan {
        Scan {
            from: self.period.from,
            until: self.period.until,
            voided: Voided::Hide,
            ..Scan::default()
        }
    }
}

/// Scans with a step that may fail.
fn scan_with(
    book: &mut dyn Book,
    scan: &Scan,
    mut step: impl FnMut(&Transaction) -> io::Result<()>,
) -> std::result::Result<(), Unmade> {
    let mut failed = None;
    book.scan(scan, &mut |transaction| match step(&transaction) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}
