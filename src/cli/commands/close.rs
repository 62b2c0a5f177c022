//! `hissab close --fy 2025-26`: the closing entry into equity, then the lock, as one unit.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::resolve::account;
use crate::cli::record::{Recorder, WriteArgs, echo, look_again};
use crate::ledger::account::Kind;
use crate::ledger::change::Change;
use crate::ledger::draft::{Draft, DraftEntry};
use crate::ledger::fiscal::FiscalYear;
use crate::ledger::money::from_minor;
use crate::ledger::period::{fiscal_year, people_date};
use crate::ledger::settings::name::LOCKED_TO;
use crate::ledger::totals::TotalsQuery;
use crate::ledger::transaction::{TransactionId, Voucher};
use crate::reports::open_years::YearsBefore;

/// Where profits are kept.
const RETAINED: &str = "Equity:Retained Earnings";

#[derive(clap::Args)]
#[command(after_help = "Example: hissab close --fy 2025-26")]
pub struct Args {
    /// The fiscal year to close
    #[arg(long, value_name = "YEAR")]
    pub fy: String,
    /// The equity account that takes the profit [default: Equity:Retained Earnings]
    #[arg(long, value_name = "ACCOUNT")]
    pub into: Option<String>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    look_again(ctx, |ctx| close(ctx, &args))
}

fn close(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let year = fiscal_year(&args.fy, &recorder.date_context())?;
    let last = year.period().last_day().ok_or_else(|| {
        Failure::usage(
            "bad-date",
            format!("the fiscal year {} has no last day", args.fy),
        )
    })?;
    let name = format!(
        "FY {}",
        args.fy
            .trim_start_matches("fy")
            .trim_start_matches("FY")
            .trim()
    );
    if last > recorder.today {
        return Err(Failure::usage(
            "year-not-over",
            format!("{name} ends on {}: it is not over", people_date(last)),
        ));
    }
    if args.write.once.is_none()
        && recorder
            .info
            .settings
            .locked_to
            .is_some_and(|lock| lock >= last)
    {
        let lock = recorder
            .info
            .settings
            .locked_to
            .map(people_date)
            .unwrap_or_default();
        // A year that is closed already has nothing left to close.
        let open = !closing_entries(&mut recorder, last, &RETAINED.into())?.is_empty();
        return Err(match open {
            true => Failure::conflict(
                "locked",
                format!("{name} not closed: the book is locked up to {lock}"),
            )
            .hint(format!(
                "hissab lock {} --reason 'to close {name}', then close it",
                last.yesterday().unwrap_or(last)
            )),
            false => Failure::conflict(
                "locked",
                format!(
                    "{name} is closed already: nothing is left in its income and expenses, and the book is locked up to {lock}"
                ),
            ),
        });
    }
    if let Some(open) = open_before(&mut recorder, year)? {
        return Err(Failure::conflict(
            "year-before-open",
            format!("{name} not closed: the income and expenses of FY {open} are not closed yet"),
        )
        .hint(format!("hissab close --fy {open}")));
    }
    let into = match &args.into {
        Some(text) => account(&recorder.chart, text)?.path.clone(),
        None => recorder.ensure_account(RETAINED),
    };
    let entries = closing_entries(&mut recorder, last, &into)?;
    // The entry closes these very accounts, and nobody may post behind the lock meanwhile.
    let mut changes = vec![recorder.unless_written()];
    let mut drafts = Vec::new();
    if !entries.is_empty() {
        let id = TransactionId(recorder.ctx.make_id());
        let mut draft = Draft::new(id, last, format!("Closing of {name}"));
        draft.voucher = Some(Voucher::Closing);
        draft.entries = entries;
        drafts.push(draft.clone());
        changes.push(Change::Post(draft));
    }
    changes.push(Change::Setting {
        name: LOCKED_TO.to_owned(),
        value: Some(last.to_string()),
    });
    let content = format!("{last} {into}");
    let written = recorder
        .write(
            "closed",
            args.reason.clone(),
            changes,
            &args.write,
            &content,
        )
        .map_err(|f| f.while_doing(&format!("{name} not closed")))?;
    if !drafts.is_empty() || recorder.ctx.wants_json() {
        echo::posted(&mut recorder, &written, drafts)?;
    }
    if !recorder.ctx.wants_json() {
        echo::said(
            &mut recorder,
            &written,
            &format!("closed {name}, locked up to {}", people_date(last)),
        )?;
    }
    Ok(Exit::Ok)
}

/// The first fiscal year before this one that left income or expenses standing in their accounts.
fn open_before(recorder: &mut Recorder<'_>, year: FiscalYear) -> Result<Option<String>> {
    let span = recorder.info.span;
    let Some(years) = span.and_then(|(first, _)| YearsBefore::of(year, first)) else {
        return Ok(None);
    };
    let totals = recorder.book.totals(&years.query())?;
    let open = years.oldest_open(&recorder.chart, &totals);
    Ok(open.map(|year| year.label()))
}

/// What brings every income and expense account to zero at the end of a day, and equity the difference.
fn closing_entries(
    recorder: &mut Recorder<'_>,
    last: Date,
    into: &std::sync::Arc<str>,
) -> Result<Vec<DraftEntry>> {
    let chart = &recorder.chart;
    let keys = chart
        .in_order()
        .into_iter()
        .filter(|k| matches!(chart.account(*k).kind, Kind::Income | Kind::Expense));
    // Accounts planned on the way have no entries, and the book does not know their keys.
    let known: Vec<_> = keys
        .filter(|k| recorder.prelude.is_empty() || *chart.account(*k).path != **into)
        .collect();
    let query = TotalsQuery {
        accounts: Some(known.clone()),
        ..TotalsQuery::until(last.checked_add(1.day()).ok())
    };
    let totals = recorder.book.totals(&query)?;
    let mut entries = Vec::new();
    for currency in recorder.chart.currencies() {
        let mut profit = 0i128;
        for key in &known {
            let closing: i128 = totals
                .rows
                .iter()
                .filter(|r| (r.account, r.currency) == (*key, currency.key))
                .map(|r| r.closing())
                .sum();
            if closing != 0 {
                entries.push(entry(
                    &recorder.chart.account(*key).path,
                    -closing,
                    currency,
                )?);
                profit += closing;
            }
        }
        if profit != 0 {
            entries.push(entry(into, profit, currency)?);
        }
    }
    Ok(entries)
}

fn entry(
    path: &std::sync::Arc<str>,
    minor: i128,
    currency: &crate::ledger::currency::Currency,
) -> Result<DraftEntry> {
    let amount = from_minor(minor, currency.scale).ok_or_else(|| {
        Failure::refused(
            "too-large",
            format!("the total of {path} is larger than one entry can be"),
        )
    })?;
    Ok(DraftEntry {
        account: path.clone(),
        amount: Some(amount),
        currency: Some(currency.code.clone()),
        ..DraftEntry::default()
    })
}
