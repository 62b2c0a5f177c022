//! `hissab audit show SEQ`: one record with everything it changed, before and after.

use std::io::Write;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::audit_list::numbers;
use super::audit_verify::require_log;
use crate::book::{AuditEntry, AuditQuery, LoggedChange};
use crate::cli::context::Context;
use crate::cli::environment::machine_time;
use crate::cli::error::{Exit, Failure, Result};
use crate::ledger::account::Account;
use crate::ledger::amount_format::{self, Grouping};
use crate::ledger::audit::hex;
use crate::ledger::chart::Chart;
use crate::ledger::period::people_date;
use crate::ledger::transaction::Transaction;
use crate::render::{Format, sanitize};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab audit show 1061")]
pub struct Args {
    /// The record's sequence
    #[arg(value_name = "SEQ")]
    pub sequence: u64,
}

/// Changes shown of a record; an import has many, and its transactions can be listed.
const CHANGES_MAX: usize = 200;

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    let mut book = ctx.open_read()?;
    require_log(book.as_mut())?;
    let query = AuditQuery {
        since: Some(args.sequence.saturating_sub(1)),
        before: Some(args.sequence.saturating_add(1)),
        ..AuditQuery::default()
    };
    let mut found = book.audit(&query)?.into_iter();
    let entry = found.rfind(|e| e.record.sequence == args.sequence);
    let info = book.info()?;
    let Some(entry) = entry else {
        let words = format!(
            "there is no audit record {}; the log goes from 1 to {}",
            args.sequence, info.sequence
        );
        return Err(Failure::not_found("record-not-found", words).hint("hissab audit list"));
    };
    let chart = book.chart()?;
    if ctx.wants_json() {
        let document = document(&entry, &chart);
        match ctx.format()? {
            Format::Ndjson => writeln!(ctx.out, "{document}")?,
            _ => writeln!(ctx.out, "{document:#}")?,
        }
        return Ok(Exit::Ok);
    }
    let zone = crate::cli::environment::zone(&info.settings.timezone).unwrap_or(TimeZone::UTC);
    ctx.page()?;
    for line in lines(&entry, &chart, &zone) {
        writeln!(ctx.out, "{}", sanitize::line(&line))?;
    }
    Ok(Exit::Ok)
}

fn lines(entry: &AuditEntry, chart: &Chart, zone: &TimeZone) -> Vec<String> {
    let record = &entry.record;
    let at = record.at.to_zoned(zone.clone());
    let mut lines = vec![
        format!(
            "Record {} · {} · {} · by {}",
            record.sequence,
            record.action,
            at.strftime("%d-%b-%Y %H:%M:%S %Z"),
            record.who
        ),
        format!("operation     {}", record.operation.0),
    ];
    if let Some(undoes) = record.undoes {
        lines.push(format!("takes back    {}", undoes.0));
    }
    if entry.undone {
        lines.push("taken back    by a later operation".to_owned());
    }
    if let Some(reason) = &record.reason {
        lines.push(format!("reason        {reason}"));
    }
    if !record.numbers.is_empty() {
        lines.push(format!("transactions  {}", numbers(&record.numbers, ", ")));
    }
    lines.push(format!("hash          {}", hex(&record.hash)));
    lines.push(format!("previous      {}", hex(&record.previous)));
    for change in entry.changes.iter().take(CHANGES_MAX) {
        lines.extend(change_lines(change, chart));
    }
    if entry.changes.len() > CHANGES_MAX {
        let more = entry.changes.len() - CHANGES_MAX;
        lines.push(format!(
            "… and {more} changes more: hissab audit show {} --json",
            record.sequence
        ));
    }
    lines
}

fn change_lines(change: &LoggedChange, chart: &Chart) -> Vec<String> {
    let arrow = |name: &str, before: Option<&str>, after: Option<&str>| {
        let shown = |v: Option<&str>| v.map_or_else(|| "nothing".to_owned(), |v| format!("{v:?}"));
        vec![format!("{name}: {} → {}", shown(before), shown(after))]
    };
    match change {
        LoggedChange::Posted { first, last } => {
            vec![format!("posted {}", numbers(&[(*first, *last)], ""))]
        }
        LoggedChange::Voided { first, last } => {
            vec![format!("voided {}", numbers(&[(*first, *last)], ""))]
        }
        LoggedChange::Reinstated { number, .. } => vec![format!("reinstated {number}")],
        LoggedChange::Amended { number, before } => {
            let mut lines = vec![format!("amended {number}; before it was")];
            lines.extend(transaction_lines(before, chart));
            lines
        }
        LoggedChange::Account {
            before: None,
            after,
        } => vec![format!("opened {}", account_words(after))],
        LoggedChange::Account {
            before: Some(before),
            after,
        } => {
            vec![format!(
                "account {} → {}",
                account_words(before),
                account_words(after)
            )]
        }
        LoggedChange::Currency { before, after } => {
            let scale = |c: &crate::ledger::currency::Currency| format!("{} places", c.scale);
            let before = before.as_ref().map(scale);
            arrow(
                &format!("currency {}", after.code),
                before.as_deref(),
                Some(&scale(after)),
            )
        }
        LoggedChange::Price { before, after } => {
            let rate = |p: &crate::ledger::change::PriceChange| {
                p.rate.map(|r| format!("{r} {}", p.currency))
            };
            let (before, now) = (before.as_ref().and_then(rate), rate(after));
            arrow(
                &format!("price of {} on {}", after.commodity, people_date(after.on)),
                before.as_deref(),
                now.as_deref(),
            )
        }
        LoggedChange::Setting {
            name,
            before,
            after,
        } => arrow(
            &format!("setting {name}"),
            before.as_deref(),
            after.as_deref(),
        ),
        LoggedChange::Assertion(a) => {
            let verb = if a.withdrawn { "withdrew" } else { "asserted" };
            vec![format!(
                "{verb} {} {} {} on {}",
                a.account,
                a.amount,
                a.currency,
                people_date(a.on)
            )]
        }
        LoggedChange::Imported { batch, .. } => {
            vec![format!("imported {} ({})", batch.file, batch.format)]
        }
        LoggedChange::ImportUndone { batch } => vec![format!("undid import {batch}")],
        LoggedChange::ImportRestored { batch } => vec![format!("restored import {batch}")],
        LoggedChange::Accepted {
            code,
            reference,
            reason,
        } => {
            vec![format!("accepted {code} {reference}: {reason}")]
        }
    }
}

fn account_words(account: &Account) -> String {
    let mut words = format!(
        "{} ({}, {})",
        account.path, account.kind, account.account_type
    );
    if let Some(closed) = account.closed_on {
        words.push_str(&format!(", closed on {}", people_date(closed)));
    }
    words
}

fn transaction_lines(transaction: &Transaction, chart: &Chart) -> Vec<String> {
    let mut lines = vec![format!(
        "  {} · {} · {} · {}",
        transaction.number,
        transaction.voucher,
        people_date(transaction.date),
        transaction.description
    )];
    for entry in &transaction.entries {
        let currency = chart.currency(entry.currency);
        let grouping = Grouping::of_currency(&currency.code);
        let amount = amount_format::sided(entry.minor.into(), currency.scale, grouping);
        let path = &chart.account(entry.account).path;
        lines.push(format!("    {path}  {amount} {}", currency.code));
    }
    lines
}

fn document(entry: &AuditEntry, chart: &Chart) -> Value {
    let record = &entry.record;
    json!({
        "schema": "hissab/audit-record/1",
        "seq": record.sequence,
        "recorded_at": machine_time(record.at),
        "who": record.who,
        "action": record.action,
        "operation": record.operation.0.to_string(),
        "undoes": record.undoes.map(|o| o.0.to_string()),
        "undone": entry.undone,
        "reason": record.reason,
        "numbers": record.numbers.iter().map(|(first, last)| [first, last]).collect::<Vec<_>>(),
        "digest": hex(&record.digest),
        "previous": hex(&record.previous),
        "hash": hex(&record.hash),
        "changes": entry.changes.iter().map(|c| change_json(c, chart)).collect::<Vec<_>>(),
    })
}

fn change_json(change: &LoggedChange, chart: &Chart) -> Value {
    match change {
        LoggedChange::Posted { first, last } => {
            json!({ "change": "posted", "numbers": [first, last] })
        }
        LoggedChange::Voided { first, last } => {
            json!({ "change": "voided", "numbers": [first, last] })
        }
        LoggedChange::Reinstated { number, .. } => {
            json!({ "change": "reinstated", "number": number })
        }
        LoggedChange::Amended { number, before } => {
            json!({ "change": "amended", "number": number, "before": transaction_json(before, chart) })
        }
        LoggedChange::Account { before, after } => json!({
            "change": "account",
            "before": before.as_ref().map(|a| account_json(a)),
            "after": account_json(after),
        }),
        LoggedChange::Currency { before, after } => json!({
            "change": "currency", "currency": &*after.code,
            "before": before.as_ref().map(|c| c.scale), "after": after.scale,
        }),
        LoggedChange::Price { before, after } => json!({
            "change": "price", "commodity": &*after.commodity, "currency": &*after.currency,
            "date": after.on.to_string(),
            "before": before.as_ref().and_then(|p| p.rate).map(|r| r.to_string()),
            "after": after.rate.map(|r| r.to_string()),
        }),
        LoggedChange::Setting {
            name,
            before,
            after,
        } => {
            json!({ "change": "setting", "name": name, "before": before, "after": after })
        }
        LoggedChange::Assertion(a) => json!({
            "change": "assertion", "account": &*a.account, "currency": &*a.currency,
            "amount": a.amount.to_string(), "date": a.on.to_string(), "withdrawn": a.withdrawn,
        }),
        LoggedChange::Imported { batch, rows } => json!({
            "change": "imported", "file": batch.file, "format": batch.format,
            "sha256": hex(&batch.sha256), "rows": hex(rows),
        }),
        LoggedChange::ImportUndone { batch } => {
            json!({ "change": "import-undone", "batch": batch.to_string() })
        }
        LoggedChange::ImportRestored { batch } => {
            json!({ "change": "import-restored", "batch": batch.to_string() })
        }
        LoggedChange::Accepted {
            code,
            reference,
            reason,
        } => {
            json!({ "change": "accepted", "code": code, "where": reference, "reason": reason })
        }
    }
}

fn account_json(account: &Account) -> Value {
    json!({
        "account": &*account.path,
        "kind": account.kind.word(),
        "type": account.account_type.word(),
        "closed": account.closed_on.map(|d| d.to_string()),
        "version": account.version,
    })
}

fn transaction_json(transaction: &Transaction, chart: &Chart) -> Value {
    let entries = transaction.entries.iter().map(|entry| {
        let currency = chart.currency(entry.currency);
        json!({
            "account": &*chart.account(entry.account).path,
            "amount": amount_format::machine(entry.minor.into(), currency.scale),
            "currency": &*currency.code,
            "memo": entry.memo(),
        })
    });
    json!({
        "number": transaction.number.0,
        "version": transaction.version,
        "date": transaction.date.to_string(),
        "voucher": transaction.voucher.word(),
        "description": &*transaction.description,
        "payee": transaction.payee,
        "reference": transaction.reference,
        "entries": entries.collect::<Vec<_>>(),
    })
}
