//! `hissab log [REF]`: who did what, newest last; of one transaction, or of the whole book.

use std::borrow::Cow;
use std::io::Write;

use super::audit_list::numbers;
use crate::book::{AuditEntry, AuditQuery, LoggedChange};
use crate::cli::context::Context;
use crate::cli::environment::{local_time, machine_time};
use crate::cli::error::{Exit, Result};
use crate::cli::record::recorder::find;
use crate::cli::shown::ShownArgs;
use crate::render::sanitize::line;
use crate::render::views::ListView;
use crate::render::{Cell, Column};

#[derive(clap::Args)]
#[command(after_help = "Example: hissab log 1042")]
pub struct Args {
    /// The transaction: its number or id [default: the whole book]
    #[arg(value_name = "REF")]
    pub reference: Option<String>,

    /// The newest so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u64,

    #[command(flatten)]
    pub shown: ShownArgs,
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
    if args.shown.is_plain(ctx)? {
        for entry in &entries {
            writeln!(ctx.out, "{}", line(&row_text(entry, &zone)))?;
        }
        return Ok(Exit::Ok);
    }
    args.shown.show(ctx, &operations("log/1", &entries))?;
    Ok(Exit::Ok)
}

/// Operations as rows, for machines and for tables.
pub fn operations<'a>(schema: &'static str, entries: &'a [AuditEntry]) -> ListView<'a> {
    let row = |entry: &'a AuditEntry| {
        let record = &entry.record;
        let text = |text: String| Cell::Text(Cow::Owned(text));
        vec![
            Cell::Number(record.sequence),
            text(machine_time(record.at)),
            Cell::text(&record.who),
            Cell::text(&record.action),
            text(numbers(&record.numbers, " ")),
            Cell::maybe(record.reason.as_deref()),
            Cell::Word(if entry.undone { "undone" } else { "done" }),
            text(record.operation.0.to_string()),
        ]
    };
    let names = [
        "recorded_at",
        "who",
        "action",
        "numbers",
        "reason",
        "state",
        "operation",
    ];
    let mut columns = vec![Column::number("seq")];
    columns.extend(names.map(Column::text));
    ListView {
        schema,
        title: Vec::new(),
        columns,
        headings: vec![
            "Seq.",
            "Recorded at",
            "Who",
            "Action",
            "Numbers",
            "Reason",
            "State",
            "Operation",
        ],
        rows: entries.iter().map(row).collect(),
        head: Vec::new(),
        notes: Vec::new(),
    }
}

fn row_text(entry: &AuditEntry, zone: &str) -> String {
    let record = &entry.record;
    let mut text = format!(
        "{:>6}  {}  {}  {}",
        record.sequence,
        local_time(record.at, zone),
        record.who,
        record.action
    );
    if !record.numbers.is_empty() {
        text.push_str(&format!(" {}", numbers(&record.numbers, ", ")));
    } else if let Some(about) = about(entry) {
        text.push_str(&format!(" {about}"));
    }
    if let Some(reason) = &record.reason {
        text.push_str(&format!(": {reason}"));
    }
    if entry.undone {
        text.push_str("  (undone)");
    }
    text
}

/// How many things an operation's line names.
const NAMED_MAX: usize = 3;

/// What an operation without transactions was about: accounts, currencies, settings by name.
pub fn about(entry: &AuditEntry) -> Option<String> {
    let named: Vec<Cow<'_, str>> = entry.changes.iter().filter_map(name_of).collect();
    let mut text = named
        .iter()
        .take(NAMED_MAX)
        .map(|name| &**name)
        .collect::<Vec<_>>()
        .join(", ");
    if named.len() > NAMED_MAX {
        text.push_str(&format!(" and {} more", named.len() - NAMED_MAX));
    }
    // The first record makes everything a book begins with.
    (!named.is_empty() && entry.record.action != "created").then_some(text)
}

fn name_of(change: &LoggedChange) -> Option<Cow<'_, str>> {
    Some(match change {
        LoggedChange::Account {
            before: Some(before),
            after,
        } if before.path != after.path => format!("{} to {}", before.path, after.path).into(),
        LoggedChange::Account { after, .. } => Cow::Borrowed(&*after.path),
        LoggedChange::Currency { after, .. } => Cow::Borrowed(&*after.code),
        LoggedChange::Price { after, .. } => Cow::Borrowed(&*after.commodity),
        LoggedChange::Setting { name, .. } => Cow::Borrowed(&**name),
        LoggedChange::Assertion(assertion) => Cow::Borrowed(&*assertion.account),
        LoggedChange::Imported { batch, .. } => Cow::Borrowed(&*batch.file),
        LoggedChange::Accepted {
            code, reference, ..
        } => format!("{code} {reference}").into(),
        _ => return None,
    })
}
