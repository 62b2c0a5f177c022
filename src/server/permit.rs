//! Whether a member may write what they sent: roles as far as the table of operations cannot tell.

use super::access::{Caller, InOrg};
use super::problem::{Answer, Problem};
use super::state::Shared;
use crate::book::{self, Book};
use crate::ledger::change::{Change, Target};
use crate::ledger::settings::name as setting;
use crate::wire::org::Role;
use crate::wire::unit::OwnedUnit;

/// Whether a member's role allows a unit; the route itself has been allowed already.
///
/// Clerks post, and amend, void and undo what they recorded themselves. Settings of the book and
/// everything else on it take an accountant.
pub async fn permit(state: &Shared, caller: &Caller, org: &InOrg, unit: &OwnedUnit) -> Answer<()> {
    if org.role != Role::Clerk {
        return protect_settings(org, unit);
    }
    let mut own = Vec::new();
    for change in &unit.changes {
        match change {
            Change::Post(_)
            | Change::Unless { .. }
            | Change::Undo {
                operation: None, ..
            } => {}
            Change::Amend { target, .. } | Change::Void { target, .. } => own.push(*target),
            _ => {
                return Err(Problem::not_allowed(
                    "a clerk posts, and corrects what they recorded themselves; this takes an accountant",
                ));
            }
        }
    }
    if own.is_empty() {
        return Ok(());
    }
    let who = caller.user.email.clone();
    let mine = state.lanes.read(org.place(), move |book| {
        own.into_iter()
            .try_fold(true, |all, target| Ok(all && is_own(book, target, &who)?))
    });
    if mine.await? {
        return Ok(());
    }
    Err(Problem::not_allowed(
        "a clerk corrects only what they recorded themselves",
    ))
}

fn is_own(book: &mut dyn Book, target: Target, who: &str) -> book::Result<bool> {
    let versions = book.history(target)?;
    // What does not exist is refused by the book, with its own words.
    Ok(versions.first().is_none_or(|v| v.record.who == who))
}

/// What a book says of itself is the administrators' to change; the lock is an accountant's.
fn protect_settings(org: &InOrg, unit: &OwnedUnit) -> Answer<()> {
    let guarded = [
        setting::NAME,
        setting::BASE_CURRENCY,
        setting::TIMEZONE,
        setting::FISCAL_YEAR_START,
    ];
    let touched = unit
        .changes
        .iter()
        .any(|c| matches!(c, Change::Setting { name, .. } if guarded.contains(&name.as_str())));
    match org.role {
        Role::Admin | Role::Owner => Ok(()),
        Role::Accountant if !touched => Ok(()),
        _ => Err(Problem::not_allowed("this takes an administrator")),
    }
}
