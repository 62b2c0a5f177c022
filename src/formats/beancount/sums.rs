//! Running sums of accounts with everything below them, of those accounts that somebody asks for.

use std::collections::HashMap;

use rust_decimal::Decimal;

use crate::formats::journal::Fault;
use crate::formats::journal::builder::Builder;
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;

use super::lots::too_large;

/// Sums by watched account and currency.
pub(super) struct Sums {
    watched: HashMap<AccountKey, usize>,
    /// By account: the watched ones it counts in.
    within: Vec<Vec<usize>>,
    held: Vec<Vec<(CurrencyKey, Decimal)>>,
}

impl Sums {
    pub fn new(builder: &Builder<'_>, accounts: impl Iterator<Item = AccountKey>) -> Sums {
        let mut watched = HashMap::new();
        for account in accounts {
            let next = watched.len();
            watched.entry(account).or_insert(next);
        }
        let by_path: HashMap<&str, usize> = watched
            .iter()
            .map(|(key, place)| (builder.path(*key), *place))
            .collect();
        let within = builder
            .accounts()
            .iter()
            .map(|account| {
                let path: &str = &account.path;
                let ends = path
                    .match_indices(':')
                    .map(|(at, _)| at)
                    .chain([path.len()]);
                ends.filter_map(|end| by_path.get(&path[..end]).copied())
                    .collect()
            })
            .collect();
        Sums {
            held: vec![Vec::new(); watched.len()],
            watched,
            within,
        }
    }

    /// The watched accounts that an account counts in, itself among them.
    pub fn within(&self, account: AccountKey) -> &[usize] {
        self.within
            .get(account.0 as usize - 1)
            .map_or(&[], Vec::as_slice)
    }

    pub fn place(&self, account: AccountKey) -> Option<usize> {
        self.watched.get(&account).copied()
    }

    pub fn add(
        &mut self,
        account: AccountKey,
        currency: CurrencyKey,
        amount: Decimal,
    ) -> Result<(), Fault> {
        for place in self
            .within
            .get(account.0 as usize - 1)
            .into_iter()
            .flatten()
        {
            add(&mut self.held[*place], currency, amount)?;
        }
        Ok(())
    }

    pub fn add_to(
        &mut self,
        place: usize,
        currency: CurrencyKey,
        amount: Decimal,
    ) -> Result<(), Fault> {
        add(&mut self.held[place], currency, amount)
    }

    pub fn of(&self, place: usize, currency: CurrencyKey) -> Decimal {
        self.held[place]
            .iter()
            .find(|(key, _)| *key == currency)
            .map_or(Decimal::ZERO, |(_, sum)| *sum)
    }
}

pub(super) fn add(
    held: &mut Vec<(CurrencyKey, Decimal)>,
    currency: CurrencyKey,
    amount: Decimal,
) -> Result<(), Fault> {
    match held.iter_mut().find(|(key, _)| *key == currency) {
        Some((_, sum)) => *sum = sum.checked_add(amount).ok_or_else(too_large)?,
        None => held.push((currency, amount)),
    }
    Ok(())
}
