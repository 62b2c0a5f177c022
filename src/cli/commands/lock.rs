//! `hissab lock [DATE | --off --reason T]`: nothing on or before the date may change.

use std::io::Write;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::args::check_reason;
use crate::cli::record::{Recorder, WriteArgs, echo};
use crate::ledger::change::Change;
use crate::ledger::date_text::{DateContext, DateProblem};
use crate::ledger::period::{as_of, people_date};
use crate::ledger::settings::name::LOCKED_TO;
use crate::render::sanitize::line;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab lock 2026-03-31")]
pub struct Args {
    /// The last locked day; a month or year means its last day [default: show the lock]
    #[arg(value_name = "DATE")]
    pub date: Option<String>,
    /// Take the lock off
    #[arg(long, conflicts_with = "date", requires = "reason")]
    pub off: bool,
    /// Why: needed to take the lock off or move it back
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if args.date.is_none() && !args.off {
        return show(ctx);
    }
    args.reason.as_deref().map_or(Ok(()), check_reason)?;
    let mut recorder = Recorder::open(ctx)?;
    let before = recorder.info.settings.locked_to;
    let date = args
        .date
        .as_deref()
        .map(|d| lock_date(d, &recorder.date_context()))
        .transpose()?;
    if args.reason.is_none() && before.is_some_and(|b| date.is_some_and(|d| d < b)) {
        let (from, to) = (
            before.map(people_date).unwrap_or_default(),
            date.map(people_date).unwrap_or_default(),
        );
        return Err(Failure::usage(
            "reason-missing",
            format!("the lock stands at {from}; moving it back to {to} needs a reason"),
        )
        .hint("add --reason WHY"));
    }
    if let Some(day) = date.filter(|d| *d >= recorder.today) {
        recorder.ctx.warn(&format!(
            "nothing dated up to {} can be recorded from now on, today included",
            people_date(day)
        ));
    }
    let change = Change::Setting {
        name: LOCKED_TO.to_owned(),
        value: date.map(|d| d.to_string()),
    };
    let action = if date.is_some() { "locked" } else { "unlocked" };
    let content = format!("{date:?}");
    let written = recorder
        .write(
            action,
            args.reason.clone(),
            vec![change],
            &args.write,
            &content,
        )
        .map_err(|f| f.while_doing("lock not changed"))?;
    let text = match date {
        Some(date) => format!("locked up to {}", people_date(date)),
        None => "unlocked".to_owned(),
    };
    echo::said(&mut recorder, &written, &text)?;
    Ok(Exit::Ok)
}

/// One day, or the last day of what is named.
fn lock_date(text: &str, ctx: &DateContext) -> Result<jiff::civil::Date> {
    as_of(text, ctx).map_err(|error| match &error.problem {
        DateProblem::Empty => {
            Failure::usage("bad-date", "the lock's date is empty").hint("hissab lock 2026-03-31")
        }
        _ => error.into(),
    })
}

fn show(ctx: &mut Context) -> Result<Exit> {
    ctx.words_or_json()?;
    let info = ctx.open_read()?.info()?;
    let locked = info.settings.locked_to;
    if ctx.wants_json() {
        let date = locked.map_or("null".to_owned(), |d| format!("\"{d}\""));
        writeln!(
            ctx.out,
            "{{\"schema\":\"hissab/lock/1\",\"locked_to\":{date}}}"
        )?;
        return Ok(Exit::Ok);
    }
    let text = locked.map_or("not locked".to_owned(), |d| {
        format!("locked up to {}", people_date(d))
    });
    writeln!(ctx.out, "{} · {text}", line(&info.settings.name))?;
    Ok(Exit::Ok)
}
