//! Dues: every party with a balance, and how long its oldest open item has waited.

use jiff::civil::Date;

use super::open_items::PartyItems;
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;

/// One party in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub party: AccountKey,
    pub currency: CurrencyKey,
    /// Debit positive: they owe us; negative: we owe them.
    pub balance: i128,
    /// Since when the oldest open item waits.
    pub oldest: Date,
    /// Days from `oldest` to the day of the report; negative when it is not due yet.
    pub days: i32,
}

/// The dues of open items as of a day.
pub fn dues(open: &[PartyItems], as_of: Date) -> Vec<Due> {
    open.iter()
        .filter_map(|party| {
            let oldest = party.items.iter().map(|item| item.since).min()?;
            Some(Due {
                party: party.party,
                currency: party.currency,
                balance: party.balance(),
                oldest,
                days: days_between(oldest, as_of),
            })
        })
        .collect()
}

/// Days from one date to another; negative if the other comes first.
pub fn days_between(from: Date, to: Date) -> i32 {
    use crate::ledger::day::Day;
    Day::of(to).0 - Day::of(from).0
}
