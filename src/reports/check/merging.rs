//! What a merge of two accounts does to the balances that were vouched for: those of the account that is given up
//! go along to the one that takes its entries, and none fails that held.

use super::assertion::{query, standing};
use crate::ledger::account::Account;
use crate::ledger::change::Assertion;
use crate::ledger::chart::Chart;
use crate::ledger::money::from_minor;
use crate::ledger::totals::{Totals, TotalsQuery};

/// An assertion of a book in which `from` is about to be merged into `into`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moving {
    pub before: Assertion,
    /// The same of the account that it will be about, with the amount it has now.
    pub after: Assertion,
    /// What `from` alone holds on that day.
    given_up: Assertion,
}

/// The assertions that a merge is about, and the query that [`settled`] needs the totals of.
pub fn moving(
    chart: &Chart,
    (from, into): (&Account, &Account),
    assertions: &[Assertion],
) -> (Vec<Moving>, TotalsQuery) {
    let mut found = Vec::new();
    for before in assertions {
        let covers = |account: &Account| {
            before.account == account.path || before.subaccounts && below(account, &before.account)
        };
        if !covers(from) && !covers(into) {
            continue;
        }
        let has_more = before.subaccounts && chart.accounts().iter().any(|a| below(a, &from.path));
        let mut after = before.clone();
        if before.account == from.path && !has_more {
            after.account = into.path.clone();
        }
        let mut given_up = before.clone();
        (given_up.account, given_up.subaccounts) = (from.path.clone(), false);
        found.push(Moving {
            before: before.clone(),
            after,
            given_up,
        });
    }
    let asked = found
        .iter()
        .flat_map(|m| [&m.before, &m.after, &m.given_up]);
    let asked: Vec<Assertion> = asked.cloned().collect();
    let query = query(chart, &asked);
    (found, query)
}

/// The assertions that must change, each as it is and as it is to be: an amount that is right of the merged account
/// stays, any other moves by as much as the account's books do.
pub fn settled(
    chart: &Chart,
    (from, into): (&Account, &Account),
    (query, totals): (&TotalsQuery, &Totals),
    moving: Vec<Moving>,
) -> Vec<(Assertion, Assertion)> {
    let stands = |assertion: &Assertion| standing(chart, assertion, &query.cuts, totals);
    let mut changed = Vec::new();
    for Moving {
        before,
        mut after,
        given_up,
    } in moving
    {
        let (Some(was), Some(at), Some(part)) =
            (stands(&before), stands(&after), stands(&given_up))
        else {
            continue;
        };
        let covers = |account: &Account| {
            after.account == account.path || after.subaccounts && below(account, &after.account)
        };
        let comes = if covers(into) { part.books } else { 0 };
        let goes = if covers(from) { part.books } else { 0 };
        let books = at.books + comes - goes;
        let asserted = was.books - was.difference;
        let moved = match asserted == books {
            true => 0,
            false => books - was.books,
        };
        let scale = chart.currency(was.currency).scale;
        let amount = from_minor(moved, scale).and_then(|moved| after.amount.checked_add(moved));
        after.amount = amount.unwrap_or(after.amount);
        if after != before {
            changed.push((before, after));
        }
    }
    changed
}

/// Whether an account lies below a path.
fn below(account: &Account, path: &str) -> bool {
    let rest = account.path.strip_prefix(path);
    rest.is_some_and(|rest| rest.starts_with(':'))
}
