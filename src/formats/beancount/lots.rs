//! What accounts hold, lot by lot, and which lots a sale takes.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::formats::journal::Fault;
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;

use super::model::{CostSpec, Method, Num};

/// What a lot was bought for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cost {
    /// Of one unit.
    pub per: Decimal,
    pub currency: CurrencyKey,
    pub date: Date,
    pub label: Option<Arc<str>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lot {
    pub units: Decimal,
    pub currency: CurrencyKey,
    pub cost: Option<Cost>,
}

/// Lots by account, in the order they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Holdings {
    accounts: HashMap<AccountKey, Vec<Lot>>,
}

pub(super) fn too_large() -> Fault {
    Fault::new("too-large", "a sum is larger than 28 digits")
}

impl Holdings {
    pub fn of(&self, account: AccountKey) -> &[Lot] {
        self.accounts.get(&account).map_or(&[], Vec::as_slice)
    }

    pub fn add(&mut self, account: AccountKey, lot: Lot) -> Result<(), Fault> {
        add(self.accounts.entry(account).or_default(), lot)
    }

    /// The one currency of all lots; `None` if there are several or none.
    pub fn only_currency(&self, account: AccountKey) -> Option<CurrencyKey> {
        only(self.of(account).iter().map(|lot| lot.currency))
    }

    /// The one currency of all costs.
    pub fn only_cost_currency(&self, account: AccountKey) -> Option<CurrencyKey> {
        only(
            self.of(account)
                .iter()
                .filter_map(|lot| Some(lot.cost.as_ref()?.currency)),
        )
    }
}

fn only(mut all: impl Iterator<Item = CurrencyKey>) -> Option<CurrencyKey> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// Adds to the lot of the same cost, if there is one; empty lots go.
pub(super) fn add(lots: &mut Vec<Lot>, lot: Lot) -> Result<(), Fault> {
    let same = |held: &Lot| held.currency == lot.currency && held.cost == lot.cost;
    let Some(place) = lots.iter().position(same) else {
        if !lot.units.is_zero() {
            lots.push(lot);
        }
        return Ok(());
    };
    lots[place].units = lots[place]
        .units
        .checked_add(lot.units)
        .ok_or_else(too_large)?;
    if lots[place].units.is_zero() {
        lots.remove(place);
    }
    Ok(())
}

/// True if a posting of so many units takes from what is held.
pub(super) fn reduces(lots: &[Lot], units: Decimal, currency: CurrencyKey) -> bool {
    let opposite = |lot: &Lot| {
        lot.currency == currency && lot.units.is_sign_negative() != units.is_sign_negative()
    };
    !units.is_zero() && lots.iter().any(opposite)
}

/// The lots that a sale takes, each with the units taken (signed as the sale is).
pub(super) fn reduce(
    lots: &[Lot],
    units: Decimal,
    currency: CurrencyKey,
    spec: &CostSpec,
    method: Method,
) -> Result<Vec<Lot>, Fault> {
    let per = per_unit(spec, units)?;
    let fits = |lot: &&Lot| {
        let Some(cost) = lot.cost.as_ref().filter(|_| lot.currency == currency) else {
            return false;
        };
        per.is_none_or(|per| per == cost.per)
            && spec.currency.is_none_or(|c| c == cost.currency)
            && spec.date.is_none_or(|d| d == cost.date)
            && spec
                .label
                .as_deref()
                .is_none_or(|l| cost.label.as_deref() == Some(l))
    };
    let found: Vec<&Lot> = lots.iter().filter(fits).collect();
    if found.is_empty() {
        return Err(Fault::new("no-lot", "no lot that is held has this cost")
            .hint("the cost, date and label in {…} name a lot that was bought before; {} alone takes any"));
    }
    let taken = match method {
        Method::Fifo => in_order(by(found, |c| c.date), units),
        Method::Lifo => in_order(reversed(found, |c| c.date), units),
        Method::Hifo => in_order(reversed(found, |c| c.per), units),
        Method::Average => {
            return Err(Fault::new("unsupported", "the booking method AVERAGE is not computed, by beancount neither")
                .hint("write the cost of what is sold in {…}, and open the account with \"NONE\" or \"STRICT\""));
        }
        Method::Strict | Method::StrictWithSize | Method::None => strictly(found, units, method)?,
    };
    let sum = total(taken.iter())?;
    if sum != units {
        return Err(Fault::new(
            "no-lot",
            format!("not enough is held: {} of {} units", sum.abs(), units.abs()),
        )
        .hint("beancount refuses to sell more than a lot holds"));
    }
    Ok(taken)
}

fn by<K: Ord>(mut lots: Vec<&Lot>, key: impl Fn(&Cost) -> K) -> Vec<&Lot> {
    lots.sort_by_key(|lot| lot.cost.as_ref().map(&key));
    lots
}

/// The greatest first; equal ones stay in the order they came, as Python's sort has it.
fn reversed<K: Ord>(mut lots: Vec<&Lot>, key: impl Fn(&Cost) -> K) -> Vec<&Lot> {
    lots.sort_by_key(|lot| std::cmp::Reverse(lot.cost.as_ref().map(&key)));
    lots
}

fn in_order(lots: Vec<&Lot>, units: Decimal) -> Vec<Lot> {
    let mut left = units.abs();
    let mut taken = Vec::new();
    for lot in lots {
        if left.is_zero() {
            break;
        }
        if lot.units.is_sign_negative() == units.is_sign_negative() {
            continue;
        }
        let size = lot.units.abs().min(left);
        left -= size;
        taken.push(Lot {
            units: if units.is_sign_negative() {
                -size
            } else {
                size
            },
            ..lot.clone()
        });
    }
    taken
}

/// One lot, or all of them where they come to exactly what is sold.
fn strictly(lots: Vec<&Lot>, units: Decimal, method: Method) -> Result<Vec<Lot>, Fault> {
    if let [only] = lots.as_slice() {
        let size = only.units.abs().min(units.abs());
        let units = if units.is_sign_negative() {
            -size
        } else {
            size
        };
        return Ok(vec![Lot {
            units,
            ..(*only).clone()
        }]);
    }
    let turned = |lot: &Lot| Lot {
        units: -lot.units,
        ..lot.clone()
    };
    let sum = total(lots.iter().copied())?;
    if sum == -units {
        return Ok(lots.into_iter().map(turned).collect());
    }
    if method == Method::StrictWithSize {
        let mut same: Vec<&Lot> = lots
            .iter()
            .copied()
            .filter(|lot| lot.units == -units)
            .collect();
        same.sort_by_key(|lot| lot.cost.as_ref().map(|c| c.date));
        if let Some(lot) = same.first() {
            return Ok(vec![turned(lot)]);
        }
    }
    let shown: Vec<String> = lots
        .iter()
        .take(5)
        .filter_map(|l| {
            Some(format!(
                "{} at {} of {}",
                l.units,
                l.cost.as_ref()?.per.normalize(),
                l.cost.as_ref()?.date
            ))
        })
        .collect();
    Err(Fault::new(
        "ambiguous-lot",
        format!("{} lots fit what is sold: {}", lots.len(), shown.join(", ")),
    )
    .hint("name the lot by its cost or date in {…}, or open the account with \"FIFO\""))
}

fn total<'l>(mut lots: impl Iterator<Item = &'l Lot>) -> Result<Decimal, Fault> {
    lots.try_fold(Decimal::ZERO, |sum, lot| sum.checked_add(lot.units))
        .ok_or_else(too_large)
}

/// The cost of one unit, if the specification says it. Total costs are parted over the units.
pub(super) fn per_unit(spec: &CostSpec, units: Decimal) -> Result<Option<Decimal>, Fault> {
    let per = match (spec.per, spec.total) {
        (_, Num::Missing) | (Num::Missing, _) => return Ok(None),
        (Num::Is(per), Num::Absent) => return Ok(Some(per)),
        (Num::Absent, Num::Absent) => return Ok(None),
        (Num::Is(per), Num::Is(total)) => per
            .checked_mul(units.abs())
            .and_then(|all| all.checked_add(total)),
        (Num::Absent, Num::Is(total)) => Some(total),
    };
    let all = per.ok_or_else(too_large)?;
    if units.is_zero() {
        return Err(Fault::new("bad-cost", "nothing cannot have a total cost"));
    }
    all.checked_div(units.abs()).map(Some).ok_or_else(too_large)
}
