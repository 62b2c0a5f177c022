//! `hissab status`: which book, where, how far, how it stands.

use std::io::Write;

use super::status_remote::RemoteFacts;
use crate::book;
use crate::cli::context::Context;
use crate::cli::environment::{local_time, machine_time};
use crate::cli::error::{Exit, Result};
use crate::cli::locate::At;
use crate::cli::record::echo::hex;
use crate::ledger::period::people_date;
use crate::ledger::settings::BookInfo;
use crate::render::sanitize::line;

#[derive(clap::Args)]
pub struct Args {}

#[derive(serde::Serialize)]
struct StatusJson<'a> {
    schema: &'static str,
    book: &'a str,
    id: String,
    place: &'a str,
    chosen_by: &'a str,
    base_currency: &'a str,
    fiscal_year_start: u8,
    timezone: &'a str,
    locked_to: Option<String>,
    transactions: u64,
    voided: u64,
    accounts: usize,
    first_date: Option<String>,
    last_date: Option<String>,
    sequence: u64,
    audit_head: Option<String>,
    changed_at: Option<String>,
    schema_version: u32,
    read_only: Option<&'a str>,
    who: &'a str,
    /// Of a book on a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<&'a RemoteFacts>,
}

pub fn run(ctx: &mut Context, _args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    let mut book = ctx.open_read()?;
    let info = book.info()?;
    let accounts = book.chart()?.accounts().len();
    drop(book);
    let (at, chosen_by) = if ctx.globals.files.is_empty() {
        let located = ctx.located()?;
        (Some(located.at), located.source.word())
    } else {
        (None, "-f")
    };
    let mut info = info;
    let (place, remote) = match at {
        None => {
            info.read_only = Some("journals are read, never written".to_owned());
            (ctx.globals.files.join(", "), None)
        }
        Some(At::File(path)) => {
            let path = std::fs::canonicalize(&path).unwrap_or(path);
            // We opened it to read; what counts is whether it could be written.
            let locked = std::fs::metadata(&path).is_ok_and(|m| m.permissions().readonly());
            info.read_only = match book::open::mark(&path)? {
                Some(mark) => Some(format!("{mark} (to write here: hissab book detach)")),
                None => locked.then(|| "the file may not be written".to_owned()),
            };
            (path.display().to_string(), None)
        }
        Some(At::Remote(place)) => (place.to_string(), Some(RemoteFacts::ask(ctx, &place)?)),
    };
    let who = match &remote {
        Some(remote) => remote.user.clone(),
        None => ctx.who()?,
    };
    if ctx.wants_json() {
        let mut object = json_of(&info, accounts, &place, chosen_by, &who);
        object.remote = remote.as_ref();
        writeln!(
            ctx.out,
            "{}",
            serde_json::to_string(&object).unwrap_or_default()
        )?;
        return Ok(Exit::Ok);
    }
    let mut all = facts(&info, accounts, &place, chosen_by, &who);
    all.extend(remote.iter().flat_map(|r| r.facts(&info.settings.timezone)));
    for (label, value) in all {
        writeln!(ctx.out, "{label:<13} {}", line(&value))?;
    }
    Ok(Exit::Ok)
}

fn json_of<'a>(
    info: &'a BookInfo,
    accounts: usize,
    place: &'a str,
    chosen_by: &'a str,
    who: &'a str,
) -> StatusJson<'a> {
    let settings = &info.settings;
    StatusJson {
        schema: "hissab/status/1",
        book: &settings.name,
        id: info.id.to_string(),
        place,
        chosen_by,
        base_currency: &settings.base_currency,
        fiscal_year_start: settings.fiscal_year_start,
        timezone: &settings.timezone,
        locked_to: settings.locked_to.map(|d| d.to_string()),
        transactions: info.transactions,
        voided: info.voided,
        accounts,
        first_date: info.span.map(|(first, _)| first.to_string()),
        last_date: info.span.map(|(_, last)| last.to_string()),
        sequence: info.sequence,
        audit_head: info.head.map(|h| hex(&h)),
        changed_at: info.changed_at.map(machine_time),
        schema_version: info.schema_version,
        read_only: info.read_only.as_deref(),
        who,
        remote: None,
    }
}

fn facts(
    info: &BookInfo,
    accounts: usize,
    place: &str,
    chosen_by: &str,
    who: &str,
) -> Vec<(&'static str, String)> {
    let settings = &info.settings;
    let voided = if info.voided > 0 {
        format!(", {} void", info.voided)
    } else {
        String::new()
    };
    let span = info
        .span
        .map(|(a, b)| format!(", {} to {}", people_date(a), people_date(b)))
        .unwrap_or_default();
    let mut facts = vec![
        ("book", settings.name.clone()),
        ("place", format!("{place} (by {chosen_by})")),
        ("currency", settings.base_currency.clone()),
        (
            "transactions",
            format!("{}{voided}{span}", info.transactions),
        ),
        ("accounts", accounts.to_string()),
        (
            "fiscal year",
            format!(
                "begins in {}",
                crate::cli::environment::month_name(settings.fiscal_year_start)
            ),
        ),
        ("time zone", settings.timezone.clone()),
        (
            "lock",
            settings.locked_to.map_or("not locked".to_owned(), |d| {
                format!("locked up to {}", people_date(d))
            }),
        ),
        ("you are", who.to_owned()),
    ];
    if let Some(head) = info.head {
        facts.push((
            "audit",
            format!("change {}, head {}", info.sequence, &hex(&head)[..12]),
        ));
    }
    if let Some(at) = info.changed_at {
        facts.push(("last change", local_time(at, &settings.timezone)));
    }
    if info.schema_version > 0 {
        facts.push(("schema", info.schema_version.to_string()));
    }
    if let Some(why) = &info.read_only {
        facts.push(("read-only", why.clone()));
    }
    facts
}
