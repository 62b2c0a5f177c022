//! `hissab check accept CODE REF --reason T`: somebody answers for a finding, and the log says who.

use std::io::Write;

use crate::book::CheckDepth;
use crate::cli::checking::{self, ACCEPTED, Wanted};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::record::args::check_reason;
use crate::cli::record::{Recorder, WriteArgs, recorder};
use crate::ledger::change::{Change, Repeat};
use crate::ledger::chart::Resolved;
use crate::render::sanitize;
use crate::reports::check::{Accepted, CheckInfo, duplicate, info, suspense};

#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: hissab check accept duplicate-suspect 1045 --reason 'two customers, same bill'"
)]
pub struct Args {
    /// The check's code
    pub code: String,

    /// What was found: a transaction's number, or the text under `where` in -O csv
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Why it is right as it is
    #[arg(long, value_name = "TEXT")]
    pub reason: String,

    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let check = info(&args.code).ok_or_else(|| super::check::unknown(&args.code))?;
    if check.storage || check.code == "locked-period" {
        let words = format!(
            "{} is about what the book holds; nobody can answer for that",
            check.code
        );
        return Err(Failure::usage("not-acceptable", words).hint("hissab check --deep"));
    }
    check_reason(&args.reason)?;
    let mut recorder = Recorder::open(ctx)?;
    let accepted = checking::accepted(recorder.book.as_mut())?;
    let place = place(&mut recorder, check, &args.reference, &accepted)?;
    if accepted.has(check.code, &place) {
        let name = recorder.info.settings.name.clone();
        let line = format!("{name} · already accepted {} {place}", check.code);
        writeln!(ctx.out, "{}", sanitize::line(&line))?;
        return Ok(Exit::Ok);
    }
    let change = Change::Accept {
        code: check.code.to_owned(),
        reference: place.clone(),
        reason: args.reason.clone(),
    };
    let content = format!("{} {place}", check.code);
    let written = recorder.write(
        ACCEPTED,
        Some(args.reason.clone()),
        vec![change],
        &args.write,
        &content,
    )?;
    let verb = match (written.dry_run, written.done.repeat) {
        (true, _) => "would accept",
        (_, Repeat::New) => "accepted",
        (_, Repeat::Already | Repeat::Nothing) => "already accepted",
    };
    let name = recorder.info.settings.name.clone();
    let line = format!("{name} · {verb} {} {place}: {}", check.code, args.reason);
    writeln!(ctx.out, "{}", sanitize::line(&line))?;
    Ok(Exit::Ok)
}

/// The place the log will name. It must be found now: accepting a slip of the pen would hide nothing, silently.
fn place(
    recorder: &mut Recorder<'_>,
    check: &CheckInfo,
    reference: &str,
    accepted: &Accepted,
) -> Result<String> {
    let by_number = [suspense::CODE, duplicate::CODE].contains(&check.code);
    if by_number {
        let found = recorder::find(recorder.book.as_mut(), reference).map_err(|failure| {
            failure.hint(format!("{} is accepted by transaction number", check.code))
        })?;
        return Ok(found.number.to_string());
    }
    let report = checking::run(
        recorder.book.as_mut(),
        recorder.today,
        &Wanted {
            codes: vec![check.code],
            depth: CheckDepth::Quick,
        },
    )?;
    let findings = report.findings();
    let places: Vec<String> = findings.iter().map(|f| f.place()).collect();
    // `cash` will do for `Assets:Cash` where only one finding is there.
    let path = match recorder.chart.resolve(reference) {
        Resolved::One(key) => recorder.chart.account(key).path.to_string(),
        _ => reference.to_owned(),
    };
    let fits =
        |place: &&String| **place == reference || place.split('@').next() == Some(path.as_str());
    let matching: Vec<&String> = places.iter().filter(fits).collect();
    match matching.as_slice() {
        [one] => Ok((*one).clone()),
        [] if accepted.has(check.code, reference) => Ok(reference.to_owned()),
        [] => Err(not_found(check, reference, &places)),
        many => {
            let words = format!(
                "{reference:?} fits {} findings of {}",
                many.len(),
                check.code
            );
            Err(with_places(
                Failure::usage("ambiguous-finding", words),
                check,
                &places,
            ))
        }
    }
}

fn not_found(check: &CheckInfo, reference: &str, places: &[String]) -> Failure {
    let words = format!("{} finds nothing at {reference:?}", check.code);
    with_places(
        Failure::not_found("finding-not-found", words),
        check,
        places,
    )
}

/// The commands that would accept what is there, at most five.
fn with_places(mut failure: Failure, check: &CheckInfo, places: &[String]) -> Failure {
    for place in places.iter().take(5) {
        failure = failure.hint(format!(
            "hissab check accept {} {} --reason WHY",
            check.code,
            shell_word(place)
        ));
    }
    failure
}
