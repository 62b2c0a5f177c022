//! The one number a group of postings may lack, and every posting complete.

use super::*;

/// Beyond so many places a cost of a unit is given as a total instead.
const UNIT_PLACES_MAX: u32 = 12;

/// What one group lacks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lack {
    Units,
    CostPer,
    CostTotal,
    Price,
}

fn lacks(work: &Work<'_>) -> impl Iterator<Item = Lack> + use<> {
    let spec = work.spec.as_ref();
    [
        (work.number.is_none(), Lack::Units),
        (spec.is_some_and(|s| s.per == Num::Missing), Lack::CostPer),
        (
            spec.is_some_and(|s| s.total == Num::Missing),
            Lack::CostTotal,
        ),
        (work.price.is_some_and(|p| p.number.is_none()), Lack::Price),
    ]
    .into_iter()
    .filter_map(|(is, lack)| is.then_some(lack))
}

/// Finds the one number a group lacks, and completes every posting.
pub(super) fn interpolate(
    mut works: Vec<Work<'_>>,
    transaction: &Transaction,
    on: Date,
    currency: CurrencyKey,
    tolerances: &Tolerances,
) -> Found<Vec<Booked>> {
    let lacking: Vec<(usize, Lack)> = works
        .iter()
        .enumerate()
        .flat_map(|(place, work)| lacks(work).map(move |lack| (place, lack)))
        .collect();
    if let [_, (second, _), ..] = lacking.as_slice() {
        let fault = Fault::new(
            "several-amounts-missing",
            "more than one number is left out of one currency",
        )
        .hint("write all numbers but one of each currency");
        return works[*second].fail(fault);
    }
    let mut out = Vec::with_capacity(works.len());
    let mut sum = Decimal::ZERO;
    for (place, work) in works.iter().enumerate() {
        if lacking.first().is_none_or(|(lacks, _)| *lacks != place) {
            let booked = complete(work, transaction, on)?;
            sum = sum
                .checked_add(booked.weight)
                .ok_or((too_large(), work.posting.line))?;
            out.push(booked);
        }
    }
    if let Some((place, lack)) = lacking.first() {
        let work = &mut works[*place];
        work.found = true;
        if fill(work, *lack, -sum, currency, tolerances)? {
            let booked = complete(work, transaction, on)?;
            out.insert((*place).min(out.len()), booked);
        }
    }
    Ok(out)
}

/// Puts the number found in its place; false if nothing is left for the posting.
fn fill(
    work: &mut Work<'_>,
    lack: Lack,
    weight: Decimal,
    currency: CurrencyKey,
    tolerances: &Tolerances,
) -> Found<bool> {
    let line = work.posting.line;
    let large = || (too_large(), line);
    let number = |n: Num| match n {
        Num::Is(n) => n,
        _ => Decimal::ZERO,
    };
    match lack {
        Lack::Units => {
            let units = match (&work.spec, work.price) {
                (Some(spec), _) => {
                    let per = number(spec.per);
                    let rest = weight.checked_sub(number(spec.total)).ok_or_else(large)?;
                    rest.checked_div(per).ok_or_else(|| {
                        (
                            Fault::new("bad-cost", "the amount cannot be found from a total cost"),
                            line,
                        )
                    })?
                }
                (None, Some(price)) => {
                    let per = price.number.unwrap_or_default();
                    weight.checked_div(per).ok_or_else(|| {
                        (
                            Fault::new(
                                "bad-price",
                                "the amount cannot be found from a price of nothing",
                            ),
                            line,
                        )
                    })?
                }
                (None, None) => {
                    work.currency = currency;
                    weight
                }
            };
            work.number = Some(tolerances.round(work.currency, units));
            Ok(!weight.is_zero())
        }
        Lack::CostPer => {
            let units = work.number.unwrap_or_default();
            if units.is_zero() {
                return Ok(false);
            }
            if let Some(spec) = &mut work.spec {
                // The whole cost, which may not divide evenly; what was `#` is part of it.
                spec.total = Num::Is(if units.is_sign_negative() {
                    -weight
                } else {
                    weight
                });
                spec.per = Num::Absent;
            }
            Ok(true)
        }
        Lack::CostTotal => {
            if let Some(spec) = &mut work.spec {
                let units = work.number.unwrap_or_default();
                let of_units = number(spec.per).checked_mul(units).ok_or_else(large)?;
                spec.total = Num::Is(weight.checked_sub(of_units).ok_or_else(large)?);
            }
            Ok(true)
        }
        Lack::Price => {
            if work.cost.is_some() || work.spec.is_some() {
                return work.fail(
                    Fault::new(
                        "bad-price",
                        "the price of a lot held at cost cannot be found",
                    )
                    .hint("write it behind the @, or leave the @ out"),
                );
            }
            if let Some(price) = &mut work.price {
                price.number = Some(weight.abs());
                price.total = true;
            }
            Ok(true)
        }
    }
}

/// A posting whose numbers are all there.
fn complete(work: &Work<'_>, transaction: &Transaction, on: Date) -> Found<Booked> {
    let line = work.posting.line;
    let large = || (too_large(), line);
    let units = work.number.unwrap_or_default();
    let signed = |total: Decimal| {
        if units.is_sign_negative() {
            -total
        } else {
            total
        }
    };
    let mut booked = Booked {
        posting: work.refer.index,
        account: transaction.postings[work.refer.index].account,
        units,
        currency: work.currency,
        cost: work.cost.clone(),
        price: None,
        weight: units,
        weight_currency: work.currency,
        market: None,
        found: work.found,
        reduced: work.cost.is_some(),
    };
    if let Some(PriceSpec {
        number: Some(number),
        currency: Some(key),
        total,
    }) = work.price
    {
        let unit = match total {
            true if units.is_zero() => Some(Decimal::ZERO),
            true => number.checked_div(units.abs()),
            false => Some(number),
        };
        booked.market = unit.map(|unit| (unit, key));
        let basis = if total {
            PriceBasis::Total
        } else {
            PriceBasis::Unit
        };
        booked.weight = if total {
            signed(number)
        } else {
            units.checked_mul(number).ok_or_else(large)?
        };
        if total && units.is_zero() {
            booked.weight = Decimal::ZERO;
        }
        booked.weight_currency = key;
        booked.price = Some((number, key, basis));
    }
    let Some(spec) = &work.spec else {
        if let Some(cost) = &work.cost {
            weigh_by_cost(&mut booked, cost.per, cost.currency).ok_or_else(large)?;
        }
        return Ok(booked);
    };
    let Some(currency) = spec.currency else {
        return work.fail(no_currency("the currency of the cost"));
    };
    if units.is_zero() {
        return work.fail(Fault::new(
            "bad-cost",
            "a lot of nothing cannot have a cost",
        ));
    }
    let Some(per) = per_unit(spec, units).map_err(|fault| (fault, line))? else {
        return work.fail(
            Fault::new("bad-cost", "the cost is left out and cannot be found")
                .hint("write it: 10 HOOL {500.00 USD}"),
        );
    };
    if per.is_sign_negative() && !per.is_zero() {
        return work.fail(Fault::new(
            "bad-cost",
            format!("the cost that balances this is negative: {per}"),
        ));
    }
    booked.cost = Some(Cost {
        per,
        currency,
        date: spec.date.unwrap_or(on),
        label: spec.label.as_deref().map(Into::into),
    });
    match (spec.per, spec.total) {
        (Num::Is(per), Num::Absent) => {
            weigh_by_cost(&mut booked, per, currency).ok_or_else(large)?
        }
        (per, Num::Is(total)) => {
            let all = match per {
                Num::Is(per) => per
                    .checked_mul(units.abs())
                    .and_then(|all| all.checked_add(total))
                    .ok_or_else(large)?,
                _ => total,
            };
            (booked.weight, booked.weight_currency) = (signed(all), currency);
            booked.price = Some((all, currency, PriceBasis::Total));
        }
        _ => weigh_by_cost(&mut booked, per, currency).ok_or_else(large)?,
    }
    Ok(booked)
}

/// By the unit where that can be written, else by the total to as many places.
fn weigh_by_cost(booked: &mut Booked, per: Decimal, currency: CurrencyKey) -> Option<()> {
    booked.weight = booked.units.checked_mul(per)?;
    booked.weight_currency = currency;
    booked.price = Some(if per.normalize().scale() <= UNIT_PLACES_MAX {
        (per, currency, PriceBasis::Unit)
    } else {
        booked.weight = booked
            .weight
            .round_dp_with_strategy(UNIT_PLACES_MAX, RoundingStrategy::MidpointNearestEven);
        (booked.weight.abs(), currency, PriceBasis::Total)
    });
    Some(())
}
