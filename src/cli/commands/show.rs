//! `hissab show REF [--history]`: everything about one transaction.

use std::io::Write;

use serde::Serialize;

use crate::book::Version;
use crate::cli::context::Context;
use crate::cli::environment::{local_time, machine_time};
use crate::cli::error::{Exit, Result};
use crate::cli::record::echo::{self, Balances, Lead};
use crate::cli::record::recorder::{find, read_reference};
use crate::cli::record::transaction_json::TransactionJson;
use crate::ledger::chart::Chart;
use crate::ledger::transaction::Transaction;
use crate::render::sanitize::line;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab show 1042 --history")]
pub struct Args {
    /// The transaction: its number or id
    #[arg(value_name = "REF", required = true)]
    pub references: Vec<String>,

    /// Every version, oldest first, with who and why
    #[arg(long)]
    pub history: bool,
}

#[derive(Serialize)]
struct ShownJson<'a> {
    schema: &'static str,
    #[serde(flatten)]
    transaction: TransactionJson<'a>,
}

#[derive(Serialize)]
struct HistoryJson<'a> {
    schema: &'static str,
    rows: Vec<VersionJson<'a>>,
}

#[derive(Serialize)]
struct VersionJson<'a> {
    sequence: u64,
    at: String,
    who: &'a str,
    action: &'a str,
    reason: Option<&'a str>,
    transaction: TransactionJson<'a>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    let mut book = ctx.open_read()?;
    let chart = book.chart()?;
    let zone = book.info()?.settings.timezone;
    for reference in &args.references {
        let transaction = find(book.as_mut(), reference)?;
        if args.history {
            let versions = book.history(read_reference(reference)?)?;
            history(ctx, &chart, &versions, &zone)?;
        } else {
            show(ctx, &chart, &transaction)?;
        }
    }
    Ok(Exit::Ok)
}

fn show(ctx: &mut Context, chart: &Chart, transaction: &Transaction) -> Result<()> {
    if ctx.wants_json() {
        let shown = ShownJson {
            schema: "hissab/transaction/1",
            transaction: TransactionJson::of(transaction, chart),
        };
        writeln!(
            ctx.out,
            "{}",
            serde_json::to_string(&shown).unwrap_or_default()
        )?;
        return Ok(());
    }
    let mut text = echo::header("", transaction, &Lead::Plain);
    text.push_str(&echo::entry_lines(transaction, chart, &Balances::none()));
    for (label, number) in [
        ("reverses", transaction.reverses),
        ("reversed by", transaction.reversed_by),
    ] {
        if let Some(number) = number {
            text.push_str(&format!("  {label} {number}\n"));
        }
    }
    for (name, value) in &transaction.metadata {
        text.push_str(&format!("  {}: {}\n", line(name), line(value)));
    }
    let version = if transaction.version > 1 {
        format!("  version {}", transaction.version)
    } else {
        String::new()
    };
    text.push_str(&format!("  id {}{version}\n", transaction.id));
    ctx.out.write_all(text.as_bytes())?;
    Ok(())
}

fn history(ctx: &mut Context, chart: &Chart, versions: &[Version], zone: &str) -> Result<()> {
    if ctx.wants_json() {
        let rows = versions
            .iter()
            .map(|v| VersionJson {
                sequence: v.record.sequence,
                at: machine_time(v.record.at),
                who: &v.record.who,
                action: &v.record.action,
                reason: v.record.reason.as_deref(),
                transaction: TransactionJson::of(&v.transaction, chart),
            })
            .collect();
        let object = HistoryJson {
            schema: "hissab/history/1",
            rows,
        };
        writeln!(
            ctx.out,
            "{}",
            serde_json::to_string(&object).unwrap_or_default()
        )?;
        return Ok(());
    }
    for version in versions {
        let record = &version.record;
        let reason = record
            .reason
            .as_ref()
            .map(|r| format!(": {r}"))
            .unwrap_or_default();
        let head = format!(
            "version {} · {} by {}, {}{reason}",
            version.transaction.version,
            record.action,
            record.who,
            local_time(record.at, zone)
        );
        writeln!(ctx.out, "{}", line(&head))?;
        let text = echo::header("", &version.transaction, &Lead::Plain)
            + &echo::entry_lines(&version.transaction, chart, &Balances::none());
        for part in text.lines() {
            writeln!(ctx.out, "  {part}")?;
        }
    }
    Ok(())
}
