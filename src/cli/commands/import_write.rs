//! Planned files into the book, each as one unit; or tried, to hear what the book would say.

use super::import::Args;
use crate::book::BookError;
use crate::cli::context::Context;
use crate::cli::error::{Failure, Result};
use crate::cli::importing::{Planned, Session};
use crate::cli::progress::{Counted, Progress};
use crate::cli::record::recorder::once_key;
use crate::ledger::change::{Change, Meanwhile, OnceKey, OperationId, Repeat, Unit, WriteMode};

/// Writes what changes something; the rest costs no record.
pub fn write(
    ctx: &mut Context,
    session: &mut Session,
    args: &Args,
    plans: &mut [Planned],
    mode: WriteMode,
) -> Result<()> {
    let (who, at) = (ctx.who()?, ctx.now());
    let keys = keys(args, plans)?;
    let (nothing, written): (Vec<_>, Vec<_>) = plans
        .iter_mut()
        .zip(keys)
        .partition(|(plan, _)| plan.changes_nothing());
    let unit = |ctx: &mut Context, changes, once: &Option<OnceKey>| Unit {
        operation: OperationId(ctx.make_id()),
        action: "imported".to_owned(),
        reason: None,
        who: who.clone(),
        at,
        once: once.clone(),
        changes,
    };
    // What changes nothing is not written, but its key must not stand for another file.
    let no_changes = Vec::new();
    for (plan, once) in nothing.iter().filter(|(_, once)| once.is_some()) {
        let asked = [unit(ctx, &no_changes, once)];
        for outcome in session.book.write(&asked, WriteMode::DryRun)? {
            outcome.map_err(|error| refused(plan, error))?;
        }
    }
    if written.is_empty() {
        return Ok(());
    }
    let sources: Vec<_> = written.iter().map(|(plan, _)| plan.changes()).collect();
    let total = sources.iter().map(|s| s.count_hint() as u64).sum();
    let progress = Progress::begin(ctx, "importing", Some(total));
    // Rows are compared with what was there: a file that somebody else brings in meanwhile may hold them too. Files
    // of one commit were planned knowing each other, so the first speaks for all.
    let mut unless = Some(Change::Unless {
        since: session.info.sequence,
        written: Meanwhile::Imports,
    });
    let counted: Vec<Counted<'_>> = sources
        .iter()
        .map(|source| Counted {
            unless: unless.take(),
            changes: source.as_ref(),
            progress: &progress,
        })
        .collect();
    let units: Vec<Unit<'_>> = counted
        .iter()
        .zip(&written)
        .map(|(changes, (plan, once))| Unit {
            reason: plan.reason(),
            ..unit(ctx, changes, once)
        })
        .collect();
    let outcomes = session.book.write(&units, mode)?;
    drop(units);
    drop(counted);
    drop(progress);
    drop(sources);
    ctx.step("written");
    let mut posted = Vec::new();
    for ((plan, _), outcome) in written.into_iter().zip(outcomes) {
        let done = outcome.map_err(|error| refused(plan, error))?;
        if done.repeat == Repeat::Already {
            plan.repeated(&done.numbers);
            let key = args.once.as_deref().unwrap_or_default();
            ctx.note(&format!(
                "{} was imported before with the key {key:?}, as change {}; nothing changed",
                plan.file(),
                done.sequence
            ));
        } else {
            if mode != WriteMode::DryRun {
                ctx.recorded.note(&done);
            }
            plan.written(&done.numbers);
            if let (true, Planned::Statement(file)) = (args.review, &*plan) {
                file.forget_review();
            }
            posted.push(plan);
        }
    }
    match number_batches(session, &mut posted) {
        // What is written is written: the next file asks again.
        Err(failure) if mode != WriteMode::DryRun && failure.is_silence() => {
            let why = failure.cause();
            ctx.warn(&format!(
                "recorded, but what is there now cannot be looked at: {why}"
            ));
            Ok(())
        }
        done => done,
    }
}

/// Asks the book for the numbers of new batches, and for its chart as it is since.
fn number_batches(session: &mut Session, posted: &mut [&mut Planned]) -> Result<()> {
    let ids: Vec<(u64, u64)> = session
        .book
        .imports()?
        .iter()
        .map(|i| (i.sequence, i.batch))
        .collect();
    let newest = ids.len().saturating_sub(posted.len());
    for (plan, (_, batch)) in posted.iter_mut().zip(&ids[newest..]) {
        plan.set_batch(*batch);
    }
    session.refresh()
}

/// The key of each file: what `--once` says, with the file's place behind it where there are several.
fn keys(args: &Args, plans: &[Planned]) -> Result<Vec<Option<OnceKey>>> {
    let key_of = |plan: &Planned| -> Result<Option<OnceKey>> {
        let Some(key) = &args.once else {
            return Ok(None);
        };
        let place = args.statements.iter().position(|f| f == plan.file());
        let key = match place {
            Some(place) if args.statements.len() > 1 => format!("{key} {}", place + 1),
            _ => key.clone(),
        };
        once_key(&key, "imported", &plan.content()).map(Some)
    };
    plans.iter().map(key_of).collect()
}

/// A rule of the book that a row breaks, with the row.
fn refused(planned: &Planned, error: BookError) -> Failure {
    let place = match &error {
        BookError::Refused { change, .. } => planned.place_of(*change),
        _ => None,
    };
    let failure = Failure::from(error).while_doing(&format!("{} not imported", planned.file()));
    match place {
        Some(place) => failure.at(place),
        None => failure,
    }
}

/// What the book says to each plan, as if it were written, the others before it.
pub fn tried(
    ctx: &mut Context,
    session: &mut Session,
    args: &Args,
    mut plans: Vec<Planned>,
) -> Result<Vec<(Planned, Result<()>)>> {
    let (who, at) = (ctx.who()?, ctx.now());
    let keys = keys(args, &plans)?;
    let sources: Vec<_> = plans.iter().map(Planned::changes).collect();
    let mut units = Vec::with_capacity(sources.len());
    for ((plan, source), once) in plans.iter().zip(&sources).zip(keys) {
        units.push(Unit {
            operation: OperationId(ctx.make_id()),
            action: "imported".to_owned(),
            reason: plan.reason(),
            who: who.clone(),
            at,
            once,
            changes: source.as_ref(),
        });
    }
    let outcomes = session.book.write(&units, WriteMode::DryRun)?;
    drop(units);
    drop(sources);
    let mut said = Vec::with_capacity(plans.len());
    for (plan, outcome) in plans.iter_mut().zip(outcomes) {
        said.push(match outcome {
            Err(error) => Err(refused(plan, error)),
            Ok(done) => {
                if done.repeat == Repeat::Already {
                    plan.repeated(&done.numbers);
                }
                Ok(())
            }
        });
    }
    Ok(plans.into_iter().zip(said).collect())
}
