//! `hissab log [REF]`: who did what, newest last; of one transaction, or of the whole book.

use std::io::Write;

use crate::book::{AuditEntry, AuditQuery};
use crate::cli::context::Context;
use crate::cli::environment::local_time;
use crate::cli::error::{Exit, Result};
use crate::cli::record::recorder::find;
use crate::render::sanitize::line;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab log 1042")]
pub struct Args {
    /// The transaction: its number or id [default: the whole book]
    #[arg(value_name = "REF")]
    pub reference: Option<String>,

    /// The newest so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u64,
}

#[derive(serde::Serialize)]
struct LogJson {
    schema: &'static str,
    rows: Vec<RowJson>,
}

#[derive(serde::Serialize)]
struct RowJson {
    sequence: u64,
    at: String,
    who: String,
    action: String,
    numbers: Vec<(u64, u64)>,
    reason: Option<String>,
    operation: String,
    undone: bool,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut book = ctx.open_read()?;
    let number = match &args.reference {
        Some(reference) => Some(find(book.as_mut(), reference)?.number.0),
        None => None,
    };
    let query = AuditQuery {
        number,
        last: Some(args.limit),
        ..AuditQuery::default()
    };
    let entries = book.audit(&query)?;
    let zone = book.info()?.settings.timezone;
    if ctx.wants_json() {
        let rows = entries.into_iter().map(row_json).collect();
        let text = serde_json::to_string(&LogJson {
            schema: "hissab/log/1",
            rows,
        })
        .unwrap_or_default();
        writeln!(ctx.out, "{text}")?;
        return Ok(Exit::Ok);
    }
    for entry in &entries {
        writeln!(ctx.out, "{}", line(&row_text(entry, &zone)))?;
    }
    Ok(Exit::Ok)
}

fn row_json(entry: AuditEntry) -> RowJson {
    RowJson {
        sequence: entry.record.sequence,
        at: entry.record.at.to_string(),
        who: entry.record.who,
        action: entry.record.action,
        numbers: entry.record.numbers,
        reason: entry.record.reason,
        operation: entry.record.operation.0.to_string(),
        undone: entry.undone,
    }
}

fn row_text(entry: &AuditEntry, zone: &str) -> String {
    let record = &entry.record;
    let numbers: Vec<String> = record
        .numbers
        .iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    let mut text = format!(
        "{:>6}  {}  {}  {}",
        record.sequence,
        local_time(record.at, zone),
        record.who,
        record.action
    );
    if !numbers.is_empty() {
        text.push_str(&format!(" {}", numbers.join(", ")));
    }
    if let Some(reason) = &record.reason {
        text.push_str(&format!(": {reason}"));
    }
    if entry.undone {
        text.push_str("  (undone)");
    }
    text
}
