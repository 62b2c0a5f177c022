//! `hissab opening`: balances brought forward, against Equity:Opening Balances.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::book::Scan;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::resolve::Money;
use crate::cli::record::{DetailArgs, Recorder, words};
use crate::ledger::account::AccountKey;
use crate::ledger::amount_text::Side;
use crate::ledger::change::Change;
use crate::ledger::draft::{Draft, DraftEntry};
use crate::ledger::transaction::{Number, Voucher};

/// Where opening balances come from.
pub const OPENING: &str = "Equity:Opening Balances";

#[derive(clap::Args)]
#[command(after_help = "Examples:
  hissab opening cash=12500 hdfc=84200 'Gupta Traders=18600 Cr' -d 2026-04-01
  hissab opening 'Retained Earnings=-10340' -d 2026-04-01        (a loss: 10,340.00 Dr)
  hissab opening cash=12500 Capital=-12500        (all credits with a minus and nothing left over: as tb -O csv has them)
  hissab opening balances.csv        (columns account,debit,credit)")]
pub struct Args {
    /// ACCOUNT=AMOUNT on the account's own side (assets debit, liabilities credit; a minus: the other), or a CSV file
    #[arg(required = true, value_name = "ACCOUNT=AMOUNT | FILE.csv")]
    pub balances: Vec<String>,

    #[command(flatten)]
    pub details: DetailArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    recorder.create_accounts = args.details.create_accounts;
    let entries = match args.balances.as_slice() {
        [file] if !file.contains('=') && file.to_lowercase().ends_with(".csv") => {
            recorder.ctx.spare(Path::new(file))?;
            read_csv(&mut recorder, Path::new(file))?
        }
        texts => typed(&mut recorder, texts)?,
    };
    let against = recorder.ensure_account(OPENING);
    let mut draft = args.details.draft(&mut recorder, "Opening balances")?;
    draft.voucher = Some(draft.voucher.unwrap_or(Voucher::Opening));
    draft.entries = entries;
    // What the balances leave open; nothing, if the file is a whole trial balance.
    draft.entries.push(DraftEntry {
        account: against.clone(),
        ..DraftEntry::default()
    });
    if sums_to_zero(&draft.entries) {
        draft.entries.pop();
        recorder.prelude.retain(
            |c| !matches!(c, crate::ledger::change::Change::OpenAccount(a) if a.path == against),
        );
    }
    args.details.finish(&mut draft);
    let before = match args.details.write.once {
        Some(_) => None,
        None => opened_before(&mut recorder, &draft, &against)?,
    };
    recorder.post(
        vec![draft],
        &args.details.write,
        args.details.date.is_some(),
    )?;
    if let Some((number, account)) = before {
        let back = match args.details.write.dry_run {
            true => "",
            false => "; if this is the same again: hissab undo",
        };
        let words = format!("{number} brought {account} forward already{back}");
        recorder.ctx.warn(&words);
    }
    Ok(Exit::Ok)
}

/// The entries that words mean: each on its account's own side, unless they are a whole trial balance as machines
/// print it: every credit with a minus and nothing left over.
fn typed(recorder: &mut Recorder<'_>, texts: &[String]) -> Result<Vec<DraftEntry>> {
    let words: Vec<words::OpeningWord> = texts
        .iter()
        .map(|text| words::opening(recorder, text))
        .collect::<Result<_>>()?;
    let signed: Vec<DraftEntry> = words.iter().map(|w| w.as_signed.clone()).collect();
    let all_minus = words.iter().all(|word| word.minus != Some(false));
    if all_minus && sums_to_zero(&signed) {
        return Ok(signed);
    }
    Ok(words.into_iter().map(|word| word.on_own_side).collect())
}

/// An earlier opening that brought one of these accounts forward, and which account.
fn opened_before(
    recorder: &mut Recorder<'_>,
    draft: &Draft,
    against: &str,
) -> Result<Option<(Number, Arc<str>)>> {
    // One that this very command opens had nothing brought forward.
    let is_new = |path: &str| {
        let mut opened = recorder.prelude.iter();
        opened.any(|c| matches!(c, Change::OpenAccount(new) if *new.path == *path))
    };
    let named = draft.entries.iter();
    let named = named.filter(|e| *e.account != *against && !is_new(&e.account));
    let accounts = named.filter_map(|e| recorder.chart.find(&e.account).map(|a| a.key));
    let accounts: Vec<AccountKey> = accounts.collect();
    if accounts.is_empty() {
        return Ok(None);
    }
    let scan = Scan {
        until: draft.date.tomorrow().ok(),
        accounts: Some(accounts.clone()),
        ..Scan::default()
    };
    let mut found = None;
    recorder.book.scan(&scan, &mut |transaction| {
        if transaction.voucher != Voucher::Opening || transaction.is_void() {
            return ControlFlow::Continue(());
        }
        let mut entries = transaction.entries.iter();
        let again = entries.find(|entry| accounts.contains(&entry.account));
        found = again.map(|entry| (transaction.number, entry.account));
        ControlFlow::Break(())
    })?;
    let chart = &recorder.chart;
    Ok(found.map(|(number, key)| (number, chart.account(key).path.clone())))
}

fn sums_to_zero(entries: &[DraftEntry]) -> bool {
    let given: Vec<&DraftEntry> = entries.iter().filter(|e| e.amount.is_some()).collect();
    let one_currency = given.windows(2).all(|w| w[0].currency == w[1].currency);
    let sum = given
        .iter()
        .try_fold(Decimal::ZERO, |sum, e| sum.checked_add(e.amount?));
    one_currency && given.len() > 1 && sum.is_some_and(|s| s.is_zero())
}

/// Rows of account, debit, credit; further columns and zero balances are left aside.
fn read_csv(recorder: &mut Recorder<'_>, path: &Path) -> Result<Vec<DraftEntry>> {
    let bytes = std::fs::read(path).map_err(|e| Failure::file(path, &e))?;
    let shown = path.display();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(|e| unreadable(path, &e))?.clone();
    let place = |name: &str| {
        headers
            .iter()
            .position(|h| h.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name))
    };
    let (Some(account), Some(debit), Some(credit)) =
        (place("account"), place("debit"), place("credit"))
    else {
        return Err(Failure::refused(
            "bad-csv",
            format!("{shown} has no columns account, debit and credit"),
        )
        .at(format!(
            "{shown} line 1: {}",
            headers.iter().collect::<Vec<_>>().join(",")
        )));
    };
    let currency = place("currency");
    let mut entries = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| unreadable(path, &e))?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |index: usize| row.get(index).unwrap_or("");
        let here = |f: Failure| {
            f.at(format!("{shown} line {line}"))
                .hint(format!("nothing of {shown} was posted"))
        };
        if cell(account).is_empty() {
            continue;
        }
        let currency = currency.map(cell).filter(|c| !c.is_empty());
        entries.extend(
            read_row(recorder, cell(account), cell(debit), cell(credit), currency).map_err(here)?,
        );
    }
    if entries.is_empty() {
        return Err(Failure::refused(
            "empty-file",
            format!("{shown} has no balances"),
        ));
    }
    Ok(entries)
}

fn read_row(
    recorder: &mut Recorder<'_>,
    account: &str,
    debit: &str,
    credit: &str,
    currency: Option<&str>,
) -> Result<Option<DraftEntry>> {
    let amount = |recorder: &mut Recorder<'_>, text: &str| -> Result<Option<Money>> {
        let money = if text.is_empty() {
            None
        } else {
            Some(recorder.money_or_zero(text)?)
        };
        Ok(money.filter(|m| !m.amount.is_zero()))
    };
    let path = recorder.account(account)?;
    let money = match (amount(recorder, debit)?, amount(recorder, credit)?) {
        (None, None) => return Ok(None),
        (Some(debit), None) if debit.side != Some(Side::Credit) => debit,
        (None, Some(credit)) if credit.side == Some(Side::Credit) => credit,
        (None, Some(credit)) if credit.side.is_none() => credit.negated(),
        (Some(_), None) | (None, Some(_)) => {
            return Err(Failure::refused(
                "sign-and-side",
                format!("{path} has one side in the amount and the other in the column"),
            ));
        }
        (Some(_), Some(_)) => {
            return Err(Failure::refused(
                "sign-and-side",
                format!("{path} has both a debit and a credit"),
            ));
        }
    };
    let mut entry = money.entry(&path);
    if let Some(code) = currency {
        let places = entry.amount.map_or(0, |a| a.scale());
        entry.currency = Some(recorder.currency(code, places)?);
    }
    Ok(Some(entry))
}

fn unreadable(path: &Path, error: &csv::Error) -> Failure {
    let line = error.position().map_or(1, csv::Position::line);
    Failure::refused(
        "bad-csv",
        format!("{} cannot be read as CSV", path.display()),
    )
    .at(format!("{} line {line}", path.display()))
}
