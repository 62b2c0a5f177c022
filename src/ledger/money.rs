//! Exact money: minor units inside, decimals at the edges.
//!
//! Nothing here rounds in silence. The one function that rounds, [`settle`], names its
//! mode and gives back parts that sum to exactly zero.

use rust_decimal::Decimal;
use thiserror::Error;

/// The largest absolute amount of one entry, in minor units (rulings: 10^17).
pub const MINOR_MAX: i64 = 100_000_000_000_000_000;

/// The most decimal places a currency may have.
pub const SCALE_MAX: u8 = 12;

/// Why a decimal is not an amount of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// More decimal places than the currency has.
    #[error("more than {scale} decimal places")]
    TooPrecise { scale: u8 },
    /// Beyond [`MINOR_MAX`].
    #[error("larger than hissab can hold")]
    TooLarge,
}

/// Powers of ten that fit an `i128`.
pub fn pow10(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

/// The amount in minor units of a currency with `scale` decimal places, exactly.
///
/// Errors: `TooPrecise` if digits would be lost, `TooLarge` beyond [`MINOR_MAX`].
pub fn to_minor(amount: Decimal, scale: u8) -> Result<i64, MoneyError> {
    let mantissa = amount.mantissa();
    let from = amount.scale();
    let to = u32::from(scale);
    let minor = if from <= to {
        let factor = pow10(to - from).ok_or(MoneyError::TooLarge)?;
        mantissa.checked_mul(factor).ok_or(MoneyError::TooLarge)?
    } else {
        let divisor = pow10(from - to).ok_or(MoneyError::TooPrecise { scale })?;
        if mantissa % divisor != 0 {
            return Err(MoneyError::TooPrecise { scale });
        }
        mantissa / divisor
    };
    if minor.unsigned_abs() > MINOR_MAX.unsigned_abs().into() {
        return Err(MoneyError::TooLarge);
    }
    i64::try_from(minor).map_err(|_| MoneyError::TooLarge)
}

/// Minor units as a decimal with exactly `scale` places.
///
/// Sums of minor units that leave 96 bits (10^28) cannot be a `Decimal`: `None`.
pub fn from_minor(minor: i128, scale: u8) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(minor, u32::from(scale)).ok()
}

/// The fewest decimal places that hold `amount` exactly.
pub fn places_needed(amount: Decimal) -> u8 {
    u8::try_from(amount.normalize().scale()).unwrap_or(u8::MAX)
}

/// An exact decimal of up to 38 digits: what a price times an amount needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    pub mantissa: i128,
    pub scale: u32,
}

impl Exact {
    /// The decimal, unchanged.
    pub fn of(amount: Decimal) -> Exact {
        Exact {
            mantissa: amount.mantissa(),
            scale: amount.scale(),
        }
    }

    /// Without trailing zeros, so that later products stay small.
    pub fn normalized(mut self) -> Exact {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }

    /// Exact product; `None` when it needs more than 38 digits.
    pub fn checked_mul(self, other: Exact) -> Option<Exact> {
        let (a, b) = (self.normalized(), other.normalized());
        Some(
            Exact {
                mantissa: a.mantissa.checked_mul(b.mantissa)?,
                scale: a.scale + b.scale,
            }
            .normalized(),
        )
    }

    /// Exact sum; `None` when it needs more than 38 digits.
    pub fn checked_add(self, other: Exact) -> Option<Exact> {
        let scale = self.scale.max(other.scale);
        Some(Exact {
            mantissa: self.at(scale)?.checked_add(other.at(scale)?)?,
            scale,
        })
    }

    /// The mantissa at a larger scale.
    pub fn at(self, scale: u32) -> Option<i128> {
        self.mantissa
            .checked_mul(pow10(scale.checked_sub(self.scale)?)?)
    }

    /// Rounded half-even to `scale` places, in minor units.
    pub fn round_half_even(self, scale: u8) -> Option<i128> {
        let to = u32::from(scale);
        if self.scale <= to {
            return self.at(to);
        }
        let divisor = pow10(self.scale - to)?;
        let floor = self.mantissa.div_euclid(divisor);
        let rest = self.mantissa.rem_euclid(divisor);
        let half = divisor / 2;
        let up = rest > half || (rest == half && floor % 2 != 0);
        Some(if up { floor + 1 } else { floor })
    }

    /// The value as a decimal, if it fits 28 digits.
    pub fn to_decimal(self) -> Option<Decimal> {
        let n = self.normalized();
        Decimal::try_from_i128_with_scale(n.mantissa, n.scale).ok()
    }
}

/// Weights rounded to minor units by largest remainder, so that they sum to exactly zero.
///
/// The caller has shown that the exact sum, rounded half-even, is zero (design §3.1); then the
/// missing units never outnumber the weights that have a fraction, and no weight moves by a
/// whole unit. `None` only on overflow.
/// Source: rulings, "Weights".
pub fn settle(weights: &[Exact], scale: u8) -> Option<Vec<i64>> {
    let deepest = weights
        .iter()
        .map(|w| w.scale)
        .max()
        .unwrap_or(0)
        .max(u32::from(scale));
    let divisor = pow10(deepest - u32::from(scale))?;
    let mut floors = Vec::with_capacity(weights.len());
    let mut rests: Vec<(i128, usize)> = Vec::new();
    for (index, weight) in weights.iter().enumerate() {
        let mantissa = weight.at(deepest)?;
        floors.push(mantissa.div_euclid(divisor));
        let rest = mantissa.rem_euclid(divisor);
        if rest != 0 {
            rests.push((rest, index));
        }
    }
    let missing = usize::try_from(
        -floors
            .iter()
            .try_fold(0i128, |sum, f| sum.checked_add(*f))?,
    )
    .ok()?;
    rests.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    if missing > rests.len() {
        return None;
    }
    for (_, index) in &rests[..missing] {
        floors[*index] += 1;
    }
    floors.into_iter().map(|f| i64::try_from(f).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    #[test]
    fn minor_units_are_exact_or_refused() {
        assert_eq!(to_minor(dec("12.5"), 2), Ok(1250));
        assert_eq!(to_minor(dec("12.500"), 2), Ok(1250));
        assert_eq!(
            to_minor(dec("12.505"), 2),
            Err(MoneyError::TooPrecise { scale: 2 })
        );
        assert_eq!(to_minor(dec("1000000000000000.00"), 2), Ok(MINOR_MAX));
        assert_eq!(
            to_minor(dec("1000000000000000.01"), 2),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(to_minor(Decimal::MAX, 12), Err(MoneyError::TooLarge));
    }

    #[test]
    fn three_thirds_of_a_price_settle_as_hledger_accepts_them() {
        // 3 × `1 X @ $0.335` against −1.00 and −1.01: accepted; −1.02: not.
        let price = Exact::of(dec("0.335"));
        for (against, sum_rounds_to) in [("-1.00", 0), ("-1.01", 0), ("-1.02", -2)] {
            let weights = [price, price, price, Exact::of(dec(against))];
            let sum = weights
                .iter()
                .copied()
                .try_fold(
                    Exact {
                        mantissa: 0,
                        scale: 0,
                    },
                    Exact::checked_add,
                )
                .unwrap();
            assert_eq!(sum.round_half_even(2), Some(sum_rounds_to), "{against}");
            if sum_rounds_to == 0 {
                let settled = settle(&weights, 2).unwrap();
                assert_eq!(settled.iter().sum::<i64>(), 0);
                assert!(settled[..3].iter().all(|w| *w == 33 || *w == 34));
            }
        }
    }

    #[test]
    fn half_even_rounds_to_the_even_neighbour_on_both_sides() {
        for (text, want) in [
            ("0.005", 0),
            ("0.015", 2),
            ("-0.005", 0),
            ("-0.015", -2),
            ("0.0051", 1),
            ("-0.0051", -1),
        ] {
            assert_eq!(
                Exact::of(dec(text)).round_half_even(2),
                Some(want),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn settled_weights_sum_to_zero_and_move_less_than_one_unit(mut parts in proptest::collection::vec(-1_000_000i64..1_000_000, 1..20)) {
            // Thousandths against one balancing whole entry.
            let sum: i64 = parts.iter().sum();
            let minor = Exact { mantissa: i128::from(sum), scale: 5 }.round_half_even(2).unwrap();
            parts.retain(|p| *p != 0);
            let mut weights: Vec<Exact> = parts.iter().map(|p| Exact { mantissa: i128::from(*p), scale: 5 }).collect();
            weights.push(Exact { mantissa: -minor, scale: 2 });
            let settled = settle(&weights, 2).unwrap();
            prop_assert_eq!(settled.iter().map(|w| i128::from(*w)).sum::<i128>(), 0);
            for (settled, exact) in settled.iter().zip(&weights) {
                let moved = (i128::from(*settled) * 1000 - exact.at(5).unwrap()).abs();
                prop_assert!(moved < 1000);
            }
        }
    }
}
