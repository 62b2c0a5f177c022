//! `hissab audit list`: the records, oldest first, in pages of the log.

use std::borrow::Cow;
use std::ops::ControlFlow;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::audit_verify::require_log;
use crate::book::{AuditEntry, AuditQuery, Book, Scan, Voided};
use crate::cli::context::Context;
use crate::cli::environment::machine_time;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::shown::{self, ShownArgs};
use crate::ledger::audit::hex;
use crate::ledger::date_text::DateContext;
use crate::ledger::day::Day;
use crate::ledger::period::{self, Period};
use crate::render::{Cell, Column, Options, RowWriter, SheetColumn, SheetRow, TableWriter};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab audit list --action amended --dated 2026-04")]
pub struct Args {
    /// Records after this one
    #[arg(long, value_name = "SEQ")]
    pub since: Option<u64>,

    /// Only records of transactions dated in this period
    #[arg(long, value_name = "PERIOD")]
    pub dated: Option<String>,

    /// Only records of this action: posted, amended, voided, …
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,

    /// Only what this user did
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// Only records of transactions dated at least this many days before they were recorded
    #[arg(long, value_name = "DAYS")]
    pub backdated: Option<u32>,

    /// The newest this many
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,

    #[command(flatten)]
    pub shown: ShownArgs,
}

/// Records asked for at once.
const PAGE: u64 = 2_000;

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    let mut book = ctx.open_read()?;
    require_log(book.as_mut())?;
    let info = book.info()?;
    let today = ctx.today(&info.settings.timezone)?;
    let dated = match &args.dated {
        Some(text) => {
            let dates = DateContext::of(&info.settings, today);
            let read = period::period_expression(text, &dates);
            Some(
                read.map_err(|e| Failure::usage("bad-period", e.to_string()))?
                    .period,
            )
        }
        None => None,
    };
    let zone = crate::cli::environment::zone(&info.settings.timezone).unwrap_or(TimeZone::UTC);
    let dates = if dated.is_some() || args.backdated.is_some() {
        Some(dates_by_number(book.as_mut(), info.transactions)?)
    } else {
        None
    };
    let picked = |entry: &AuditEntry| match &dates {
        None => true,
        Some(dates) => picks(entry, dates, dated, args.backdated, &zone),
    };
    ctx.page()?;
    ctx.out.end_with_reader();
    let mut printer = Printer::begin(ctx, &options, &zone)?;
    let walk = Walk {
        since: args.since.unwrap_or(0),
        until: info.sequence,
        query: AuditQuery {
            action: args.action.clone(),
            who: args.user.clone(),
            ..AuditQuery::default()
        },
        newest: args.limit,
    };
    walk.run(book.as_mut(), picked, &mut |entry| printer.entry(entry))?;
    printer.end()?;
    Ok(Exit::Ok)
}

/// A walk over the log, a page at a time.
struct Walk {
    since: u64,
    until: u64,
    query: AuditQuery,
    newest: Option<u64>,
}

impl Walk {
    fn run(
        self,
        book: &mut dyn Book,
        picked: impl Fn(&AuditEntry) -> bool,
        take: &mut dyn FnMut(&AuditEntry) -> Result<()>,
    ) -> Result<()> {
        let mut held = std::collections::VecDeque::new();
        let mut since = self.since;
        while since < self.until {
            let page = AuditQuery {
                since: Some(since),
                before: Some(since + PAGE + 1),
                ..self.query.clone()
            };
            for entry in book.audit(&page)?.into_iter().filter(|e| picked(e)) {
                let Some(newest) = self.newest else {
                    take(&entry)?;
                    continue;
                };
                held.push_back(entry);
                if held.len() as u64 > newest {
                    held.pop_front();
                }
            }
            since += PAGE;
        }
        held.iter().try_for_each(take)
    }
}

/// The date of every transaction by number; void ones too.
fn dates_by_number(book: &mut dyn Book, transactions: u64) -> Result<Vec<Day>> {
    let mut dates = vec![Day(i32::MIN); transactions as usize + 1];
    let scan = Scan {
        voided: Voided::Show,
        ..Scan::default()
    };
    book.scan(&scan, &mut |transaction| {
        if let Some(date) = dates.get_mut(transaction.number.0 as usize) {
            *date = Day::of(transaction.date);
        }
        ControlFlow::Continue(())
    })?;
    Ok(dates)
}

fn picks(
    entry: &AuditEntry,
    dates: &[Day],
    dated: Option<Period>,
    backdated: Option<u32>,
    zone: &TimeZone,
) -> bool {
    let recorded: Date = entry.record.at.to_zoned(zone.clone()).date();
    let limit = backdated.map(|days| Day::of(recorded).0.saturating_sub_unsigned(days));
    let fits = |day: &Day| {
        day.0 != i32::MIN
            && dated.is_none_or(|period| period.contains(day.date()))
            && limit.is_none_or(|limit| day.0 <= limit)
    };
    entry.record.numbers.iter().any(|(first, last)| {
        let range = *first as usize..=(*last as usize).min(dates.len().saturating_sub(1));
        dates.get(range).is_some_and(|days| days.iter().any(fits))
    })
}

/// `1042`, or `1-1000, 1005`.
pub fn numbers(ranges: &[(u64, u64)], join: &str) -> String {
    let words = ranges.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    words.collect::<Vec<_>>().join(join)
}

/// The rows in whatever format was asked for.
struct Printer<'a> {
    sink: Sink<'a>,
    zone: &'a TimeZone,
}

enum Sink<'a> {
    People(TableWriter<'a>),
    Machines(RowWriter<'a>),
}

impl<'a> Printer<'a> {
    fn begin(ctx: &'a mut Context, options: &Options, zone: &'a TimeZone) -> Result<Printer<'a>> {
        let names = [
            "seq",
            "recorded_at",
            "who",
            "action",
            "numbers",
            "reason",
            "hash",
        ];
        let sink = if options.is_for_people() {
            let headings = [
                "Seq.",
                "Recorded at",
                "Who",
                "Action",
                "Numbers",
                "Reason",
                "Hash",
            ];
            let mut columns = headings.map(SheetColumn::left).to_vec();
            columns[0] = SheetColumn::right(headings[0]);
            let table = TableWriter::stream(&mut ctx.out, options, "Audit log", columns);
            Sink::People(table.map_err(shown::failure)?)
        } else {
            let mut columns = names.map(Column::text).to_vec();
            columns[0] = Column::number(names[0]);
            let rows = RowWriter::begin(&mut ctx.out, options, "audit-list/1", &[], columns);
            Sink::Machines(rows.map_err(shown::failure)?)
        };
        Ok(Printer { sink, zone })
    }

    fn entry(&mut self, entry: &AuditEntry) -> Result<()> {
        let record = &entry.record;
        match &mut self.sink {
            Sink::People(table) => {
                let at = record.at.to_zoned(self.zone.clone());
                let undone = if entry.undone { ", undone" } else { "" };
                table.row(SheetRow::Cells(vec![
                    record.sequence.to_string(),
                    at.strftime("%d-%b-%Y %H:%M:%S").to_string(),
                    record.who.clone(),
                    format!("{}{undone}", record.action),
                    numbers(&record.numbers, ", "),
                    record.reason.clone().unwrap_or_default(),
                    hex(&record.hash)[..12].to_owned(),
                ]))?;
            }
            Sink::Machines(rows) => {
                let text = |text: String| Cell::Text(Cow::Owned(text));
                rows.row(&[
                    Cell::Number(record.sequence),
                    text(machine_time(record.at)),
                    Cell::text(&record.who),
                    Cell::text(&record.action),
                    text(numbers(&record.numbers, " ")),
                    Cell::maybe(record.reason.as_deref()),
                    text(hex(&record.hash)),
                ])?;
            }
        }
        Ok(())
    }

    fn end(self) -> Result<()> {
        match self.sink {
            Sink::People(table) => Ok(table.end(&[])?),
            Sink::Machines(rows) => Ok(rows.end(&[])?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_ranges() {
        assert_eq!(numbers(&[(1, 1000), (1005, 1005)], ", "), "1-1000, 1005");
        assert_eq!(numbers(&[], " "), "");
    }
}
