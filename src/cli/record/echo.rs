//! What a writer says it did: name of the book, number, debit and credit lines, balances now.

use std::io::Write;

use serde::Serialize;

use super::Recorder;
pub use super::lines::{Balances, Lead, amount_of, entry_lines, header};
use super::recorder::Written;
use super::transaction_json::TransactionJson;
use crate::cli::context::Context;
use crate::cli::error::{Failure, Result};
use crate::cli::output::Out;
use crate::cli::recorded::{Answer, recorded_as};
use crate::ledger::change::{Repeat, Target};
use crate::ledger::draft::Draft;
use crate::ledger::plural::counted;
use crate::ledger::transaction::{Number, Transaction};
use crate::render::sanitize::line;

/// More transactions than this are told as a range.
const ECHOED_MAX: usize = 20;

/// What a writer's JSON says.
#[derive(Serialize)]
struct WrittenJson<'a> {
    schema: &'static str,
    book: &'a str,
    /// `new`, `already`, `nothing` or `dry-run`.
    outcome: &'static str,
    operation: String,
    sequence: u64,
    hash: String,
    /// Closed ranges.
    numbers: &'a [(u64, u64)],
    transactions: Vec<TransactionJson<'a>>,
}

/// Says what was posted. `drafts` are shown where nothing was written.
pub fn posted(recorder: &mut Recorder<'_>, written: &Written, drafts: Vec<Draft>) -> Result<()> {
    let transactions = if written.dry_run {
        previews(recorder, written, drafts)
    } else if recorder.ctx.globals.quiet {
        // Only the numbers are said.
        Vec::new()
    } else {
        stored(recorder, written)?
    };
    let lead = match (written.dry_run, written.done.repeat) {
        (_, Repeat::Already) => Lead::Already,
        (true, _) => Lead::DryRun,
        (false, _) => Lead::Plain,
    };
    tell(recorder, written, &transactions, lead)
}

/// Says what was done where the book cannot be looked at any more: the numbers, without the transactions.
pub fn unseen(ctx: &mut Context, answer: &Answer, failure: &Failure) -> Result<()> {
    let why = failure.cause();
    let Answer { book, written } = answer;
    let said = recorded_as(&written.done);
    ctx.warn(&format!(
        "{said}, but what is there now cannot be shown: {why}"
    ));
    if ctx.globals.quiet {
        return numbers(&mut ctx.out, written);
    }
    if ctx.wants_json() {
        return object(&mut ctx.out, book, written, Vec::new());
    }
    Ok(writeln!(ctx.out, "{} · {said}", line(book))?)
}

/// Says what happened to stored transactions.
pub fn changed(recorder: &mut Recorder<'_>, written: &Written, verb: &str) -> Result<()> {
    let transactions = stored(recorder, written)?;
    said_of(recorder, written, &transactions, verb)
}

/// Says what a transaction would become: of a dry run nothing is stored that could be shown.
pub fn would_amend(
    recorder: &mut Recorder<'_>,
    written: &Written,
    before: &Transaction,
    draft: Draft,
) -> Result<()> {
    let after = draft.into_transaction(&recorder.chart, before.number);
    let after = after.unwrap_or_else(|_| before.clone());
    let after = Transaction {
        version: before.version + 1,
        reverses: before.reverses,
        reversed_by: before.reversed_by,
        ..after
    };
    said_of(recorder, written, &[after], "amended")
}

fn said_of(
    recorder: &mut Recorder<'_>,
    written: &Written,
    transactions: &[Transaction],
    verb: &str,
) -> Result<()> {
    let lead = match written.done.repeat {
        Repeat::Already => Lead::Verb(format!("already {verb}")),
        _ if written.dry_run => Lead::Verb(format!("dry run, nothing written; would be {verb}")),
        _ => Lead::Verb(verb.to_owned()),
    };
    tell(recorder, written, transactions, lead)
}

/// Says that there was nothing to do: exit 0, no record.
pub fn nothing(recorder: &mut Recorder<'_>, written: &Written, why: &str) -> Result<()> {
    if recorder.ctx.wants_json() {
        return tell(recorder, written, &[], Lead::Plain);
    }
    if !recorder.ctx.globals.quiet {
        let name = recorder.info.settings.name.clone();
        writeln!(
            recorder.ctx.out,
            "{} · nothing changed: {}",
            line(&name),
            line(why)
        )?;
    }
    Ok(())
}

/// A change that posts nothing: one line, or an object with `--json`.
pub fn said(recorder: &mut Recorder<'_>, written: &Written, what: &str) -> Result<()> {
    if recorder.ctx.wants_json() {
        return tell(recorder, written, &[], Lead::Plain);
    }
    if recorder.ctx.globals.quiet {
        return Ok(());
    }
    let name = recorder.info.settings.name.clone();
    let lead = match (written.dry_run, written.done.repeat) {
        (_, Repeat::Already) => "already done: ",
        (_, Repeat::Nothing) => "nothing changed: ",
        (true, _) => "dry run, nothing written: ",
        _ => "",
    };
    writeln!(recorder.ctx.out, "{} · {lead}{}", line(&name), line(what))?;
    Ok(recorder.ctx.out.flush()?)
}

fn stored(recorder: &mut Recorder<'_>, written: &Written) -> Result<Vec<Transaction>> {
    let numbers = written
        .done
        .numbers
        .iter()
        .flat_map(|(first, last)| *first..=*last);
    let mut found = Vec::new();
    for number in numbers.take(ECHOED_MAX + 1) {
        found.extend(recorder.book.find(Target::Number(Number(number)))?);
    }
    // Amounts may be in currencies, and accounts of paths, that only exist since the write.
    recorder.chart = recorder.book.chart()?;
    Ok(found)
}

fn previews(
    recorder: &mut Recorder<'_>,
    written: &Written,
    drafts: Vec<Draft>,
) -> Vec<Transaction> {
    let next = written
        .done
        .number()
        .map_or(recorder.info.transactions + 1, |n| n.0);
    let chart = &recorder.chart;
    drafts
        .into_iter()
        .take(ECHOED_MAX + 1)
        .zip(next..)
        .filter_map(|(draft, number)| draft.into_transaction(chart, Number(number)).ok())
        .collect()
}

fn tell(
    recorder: &mut Recorder<'_>,
    written: &Written,
    transactions: &[Transaction],
    lead: Lead,
) -> Result<()> {
    if recorder.ctx.globals.quiet {
        return tell_numbers(recorder, written, transactions);
    }
    if recorder.ctx.wants_json() {
        return tell_json(recorder, written, transactions);
    }
    if transactions.len() > ECHOED_MAX {
        let count: u64 = written
            .done
            .numbers
            .iter()
            .map(|(first, last)| last - first + 1)
            .sum();
        let ranges: Vec<String> = written.done.numbers.iter().map(range).collect();
        let name = recorder.info.settings.name.clone();
        writeln!(
            recorder.ctx.out,
            "{} · {}: {}",
            line(&name),
            counted(count, "transaction"),
            ranges.join(", ")
        )?;
        return Ok(());
    }
    let latest = transactions
        .iter()
        .map(|t| t.date)
        .max()
        .unwrap_or(recorder.today)
        .max(recorder.today);
    let balances = if written.dry_run {
        Balances::none()
    } else {
        Balances::now(recorder, transactions, latest)?
    };
    let mut text = String::new();
    for transaction in transactions {
        text.push_str(&header(&recorder.info.settings.name, transaction, &lead));
        text.push_str(&entry_lines(transaction, &recorder.chart, &balances));
    }
    recorder.ctx.out.write_all(text.as_bytes())?;
    // What is posted is told before anything else is said about it.
    Ok(recorder.ctx.out.flush()?)
}

fn range((first, last): &(u64, u64)) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first} to {last}")
    }
}

fn tell_numbers(
    recorder: &mut Recorder<'_>,
    written: &Written,
    transactions: &[Transaction],
) -> Result<()> {
    if written.dry_run {
        for transaction in transactions {
            writeln!(recorder.ctx.out, "{}", transaction.number)?;
        }
        return Ok(());
    }
    numbers(&mut recorder.ctx.out, written)
}

fn numbers(out: &mut Out, written: &Written) -> Result<()> {
    let ranges = written.done.numbers.iter();
    for number in ranges.flat_map(|(first, last)| *first..=*last) {
        writeln!(out, "{number}")?;
    }
    Ok(())
}

fn tell_json(
    recorder: &mut Recorder<'_>,
    written: &Written,
    transactions: &[Transaction],
) -> Result<()> {
    let chart = &recorder.chart;
    let transactions = transactions
        .iter()
        .map(|t| TransactionJson::of(t, chart))
        .collect();
    let book = &recorder.info.settings.name;
    object(&mut recorder.ctx.out, book, written, transactions)
}

fn object(
    out: &mut Out,
    book: &str,
    written: &Written,
    transactions: Vec<TransactionJson<'_>>,
) -> Result<()> {
    let outcome = match (written.done.repeat, written.dry_run) {
        (Repeat::Already, _) => "already",
        (Repeat::Nothing, _) => "nothing",
        (_, true) => "dry-run",
        (_, false) => "new",
    };
    let object = WrittenJson {
        schema: "hissab/written/1",
        book,
        outcome,
        operation: written.operation.0.to_string(),
        sequence: written.done.sequence,
        hash: hex(&written.done.hash),
        numbers: &written.done.numbers,
        transactions,
    };
    let text = serde_json::to_string(&object).unwrap_or_default();
    writeln!(out, "{text}")?;
    Ok(())
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
