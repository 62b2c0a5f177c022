//! `hissab undo [OPERATION]`: the state before your newest operation, or a named one.

use std::io::Write;

use super::log::{about, operations};
use super::status_remote::RemoteFacts;
use crate::book::{AuditEntry, AuditQuery};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::locate::At;
use crate::cli::record::recorder::Written;
use crate::cli::record::{Recorder, WriteArgs, echo};
use crate::cli::shown::ShownArgs;
use crate::ledger::change::{Change, OperationId};
use crate::render::sanitize::line;

#[derive(clap::Args)]
#[command(after_help = "Examples:
  hissab undo
  hissab undo --list")]
pub struct Args {
    /// The operation: its sequence in the audit log (as --list shows it), or its id
    #[arg(value_name = "OPERATION")]
    pub operation: Option<String>,

    /// Show what can be undone, newest first
    #[arg(long)]
    pub list: bool,

    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    #[command(flatten)]
    pub write: WriteArgs,

    #[command(flatten)]
    pub shown: ShownArgs,
}

/// How many operations --list shows.
const LISTED: u64 = 20;

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if args.list {
        return list(ctx, &args.shown);
    }
    args.shown.refuse("--list")?;
    let mut recorder = Recorder::open(ctx)?;
    let named = args
        .operation
        .as_deref()
        .map(|text| find(&mut recorder, text))
        .transpose()?;
    let undone = match &named {
        Some(entry) => Some(entry.clone()),
        None => newest(&mut recorder)?,
    };
    let change = Change::Undo {
        operation: named.as_ref().map(|e| e.record.operation),
        on: Some(recorder.today),
    };
    let content = args.operation.clone().unwrap_or_default();
    let written = recorder
        .write(
            "undone",
            args.reason.clone(),
            vec![change],
            &args.write,
            &content,
        )
        .map_err(|f| f.while_doing("nothing undone"))?;
    if recorder.ctx.wants_json() || recorder.ctx.globals.quiet {
        echo::changed(&mut recorder, &written, "undone")?;
        return Ok(Exit::Ok);
    }
    let what = taken_back(&mut recorder, &written)?.or(undone);
    let what = what.map_or_else(|| "the last operation".to_owned(), |e| describe(&e));
    echo::said(&mut recorder, &written, &format!("undone: {what}"))?;
    if !written.done.numbers.is_empty() && !written.dry_run {
        echo::changed(&mut recorder, &written, "after undo")?;
    }
    Ok(Exit::Ok)
}

/// What was undone, as the log has it: whoever asked, on whatever book.
fn taken_back(recorder: &mut Recorder<'_>, written: &Written) -> Result<Option<AuditEntry>> {
    if written.dry_run {
        return Ok(None);
    }
    let query = AuditQuery {
        since: written.done.sequence.checked_sub(1),
        before: written.done.sequence.checked_add(1),
        ..AuditQuery::default()
    };
    let record = recorder.book.audit(&query)?.into_iter().next();
    let Some(operation) = record.and_then(|entry| entry.record.undoes) else {
        return Ok(None);
    };
    let query = AuditQuery {
        operation: Some(operation),
        ..AuditQuery::default()
    };
    Ok(recorder.book.audit(&query)?.into_iter().next())
}

/// Who the log names here: on a server the member, by email.
fn myself(ctx: &Context) -> Result<String> {
    if ctx.globals.files.is_empty()
        && let At::Remote(place) = ctx.located()?.at
    {
        return Ok(RemoteFacts::ask(ctx, &place)?.user);
    }
    ctx.who()
}

/// The operation a sequence or id names.
fn find(recorder: &mut Recorder<'_>, text: &str) -> Result<AuditEntry> {
    let query = if let Ok(sequence) = text.parse::<u64>() {
        AuditQuery {
            since: sequence.checked_sub(1),
            before: sequence.checked_add(1),
            ..AuditQuery::default()
        }
    } else if let Ok(id) = uuid::Uuid::try_parse(text) {
        AuditQuery {
            operation: Some(OperationId(id)),
            ..AuditQuery::default()
        }
    } else {
        return Err(Failure::usage(
            "bad-operation",
            format!("{text:?} is neither a sequence of the audit log nor an operation's id"),
        )
        .hint("hissab undo --list"));
    };
    recorder
        .book
        .audit(&query)?
        .into_iter()
        .next()
        .ok_or_else(|| {
            Failure::not_found(
                "operation-not-found",
                format!("there is no operation {text}"),
            )
            .hint("hissab undo --list")
        })
}

/// The caller's newest operation that is not undone: what a bare `undo` takes back.
fn newest(recorder: &mut Recorder<'_>) -> Result<Option<AuditEntry>> {
    let query = AuditQuery {
        who: Some(myself(recorder.ctx)?),
        last: Some(LISTED),
        ..AuditQuery::default()
    };
    let entries = recorder.book.audit(&query)?;
    Ok(entries
        .into_iter()
        .rev()
        .find(|e| !e.undone && e.record.undoes.is_none()))
}

fn describe(entry: &AuditEntry) -> String {
    let record = &entry.record;
    let numbers: Vec<String> = record
        .numbers
        .iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first} to {last}")
            }
        })
        .collect();
    let reason = record
        .reason
        .as_ref()
        .map(|r| format!(" ({r})"))
        .unwrap_or_default();
    let about = match numbers.is_empty() {
        true => about(entry).unwrap_or_default(),
        false => numbers.join(", "),
    };
    let joint = if about.is_empty() { "" } else { " " };
    format!("{}{joint}{about}{reason}", record.action)
}

fn list(ctx: &mut Context, shown: &ShownArgs) -> Result<Exit> {
    let mut book = ctx.open_read()?;
    let zone = book.info()?.settings.timezone;
    let mut entries = book.audit(&AuditQuery {
        who: Some(myself(ctx)?),
        last: Some(LISTED),
        ..AuditQuery::default()
    })?;
    entries.reverse();
    if !shown.is_plain(ctx)? {
        shown.show(ctx, &operations("operations/1", &entries))?;
        return Ok(Exit::Ok);
    }
    for entry in &entries {
        let mark = if entry.undone { "  (undone)" } else { "" };
        let at = crate::cli::environment::local_time(entry.record.at, &zone);
        let text = format!(
            "{:>6}  {at}  {}{mark}",
            entry.record.sequence,
            describe(entry)
        );
        writeln!(ctx.out, "{}", line(&text))?;
    }
    Ok(Exit::Ok)
}
