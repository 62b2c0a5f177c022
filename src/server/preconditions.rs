//! What a posting may ask for first: that a balance is what its sender believes.

use crate::book::{self, Book, BookError};
use crate::ledger::totals::TotalsQuery;
use crate::wire::amount::Amount;
use crate::wire::draft::Precondition;

/// Refuses where a balance is not within the bounds of a condition.
pub fn hold(book: &mut dyn Book, condition: &Precondition) -> book::Result<()> {
    let conflict = |code: &'static str, message: String| BookError::Conflict {
        code,
        message,
        hint: None,
        operation: None,
    };
    let chart = book.chart()?;
    let Some(account) = chart.find(&condition.account) else {
        return Err(BookError::NotFound {
            what: format!("account {}", condition.account),
        });
    };
    let Some(currency) = chart.find_currency(&condition.currency) else {
        return Err(BookError::NotFound {
            what: format!("currency {}", condition.currency),
        });
    };
    let query = TotalsQuery {
        accounts: Some(vec![account.key]),
        ..TotalsQuery::until(None)
    };
    let rows = book.totals(&query)?.rows;
    let balance = rows
        .iter()
        .find(|r| r.account == account.key && r.currency == currency.key);
    let balance = balance.map_or(0, |r| r.closing());
    let bound = |amount: &Option<Amount>| {
        let read = amount.as_ref().map(|a| a.minor(currency.scale)).transpose();
        read.map_err(|fault| conflict("bad-precondition", fault.message))
    };
    let within = bound(&condition.equals)?.is_none_or(|b| balance == b)
        && bound(&condition.at_least)?.is_none_or(|b| balance >= b)
        && bound(&condition.at_most)?.is_none_or(|b| balance <= b);
    if within {
        return Ok(());
    }
    let amount = Amount::of_minor(balance, currency.scale);
    Err(conflict(
        "precondition-failed",
        format!(
            "{} holds {} {}",
            condition.account, amount.0, condition.currency
        ),
    ))
}
