//! `hissab watch`: every change of a server's book as it happens.

use std::io::Write;
use std::ops::ControlFlow;

use crate::cli::context::Context;
use crate::cli::environment::{local_time, zone_name};
use crate::cli::error::{Exit, Failure, Result};
use crate::client::events::{Event, Heard};
use crate::render::Format;
use crate::render::sanitize::line;
use crate::wire::stream::EventBody;

/// Show every change of a server's book as it happens, until Ctrl-C
///
/// A cut line is taken up again where it was: no change is missed, none is shown twice. -O ndjson gives an
/// object a line: seq, at, who, action, operation, numbers, count, hash.
#[derive(clap::Args)]
#[command(after_help = "Example: hissab -B https://books.example.com/ganesh watch -O ndjson")]
pub struct Args {
    /// Begin after this change, not now
    #[arg(long, value_name = "SEQ")]
    pub since: Option<u64>,

    /// End after this many changes
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.only_looks();
    ctx.out.end_with_reader();
    let located = ctx.located()?;
    let Some(place) = located.remote().cloned() else {
        return Err(Failure::usage(
            "needs-a-server",
            format!(
                "only a server tells of changes; {} is a file",
                located.shown()
            ),
        )
        .hint("hissab audit list shows what was changed"));
    };
    let machine = match ctx.format()? {
        Format::Table => false,
        Format::Ndjson | Format::Json => true,
        other => {
            return Err(Failure::usage(
                "format-not-available",
                format!(
                    "changes cannot be printed as {} while they happen",
                    other.word()
                ),
            )
            .hint("use -O ndjson"));
        }
    };
    let session = ctx.session(&place.server)?;
    ctx.note_now(&format!("watching {place}; Ctrl-C ends it"));
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut failed = None;
    let path = format!("/orgs/{}/stream", place.org);
    session.events(&path, args.since, &mut |heard| match heard {
        Heard::Cut(why) => {
            ctx.note_now(&format!("{why}; coming back"));
            ControlFlow::Continue(())
        }
        Heard::Event(event) => {
            if let Err(failure) = show(ctx, event, machine) {
                failed = Some(failure);
                return ControlFlow::Break(());
            }
            left -= 1;
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    })?;
    failed.map_or(Ok(Exit::Ok), Err)
}

fn show(ctx: &mut Context, event: &Event, machine: bool) -> Result<()> {
    let body: EventBody = serde_json::from_str(&event.data).map_err(|_| {
        Failure::new(
            Exit::Unavailable,
            "not-understood",
            format!("event {} cannot be read by this hissab", event.sequence),
        )
    })?;
    if machine {
        let text = serde_json::to_string(&body).unwrap_or_default();
        writeln!(ctx.out, "{text}")?;
    } else {
        let numbers: Vec<String> = body
            .numbers
            .iter()
            .map(|[a, b]| {
                if a == b {
                    a.to_string()
                } else {
                    format!("{a} to {b}")
                }
            })
            .collect();
        let at = local_time(body.at, &zone_name());
        let text = format!(
            "{at}  {:>6}  {}  {}  {}",
            body.seq,
            body.who,
            body.action,
            numbers.join(", ")
        );
        writeln!(ctx.out, "{}", line(text.trim_end()))?;
    }
    // Whoever reads waits for this line, not for a full buffer.
    Ok(ctx.out.flush()?)
}
