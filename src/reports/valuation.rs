//! Valuation: amounts in another currency at market prices.
//!
//! The newest price on or before a day counts: direct, else inverse, else through the base
//! currency, else through the currency the commodity was last priced in: shares are priced
//! abroad as often as not. Without one an amount stays as it is, and the report says so.
//! Source: rulings, "Valuation".

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::ledger::account::AccountKey;
use crate::ledger::change::PriceChange;
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::money::pow10;

/// Prices by pair of currencies, each by date.
#[derive(Debug, Clone, Default)]
pub struct Prices {
    pairs: HashMap<(Arc<str>, Arc<str>), BTreeMap<Date, Decimal>>,
}

/// A fraction that an amount is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ratio {
    over: i128,
    under: i128,
}

impl Ratio {
    fn of(rate: Decimal) -> Option<Ratio> {
        let ratio = Ratio {
            over: rate.mantissa(),
            under: pow10(rate.scale())?,
        };
        (ratio.over > 0).then(|| ratio.reduced())
    }

    fn inverse(self) -> Ratio {
        Ratio {
            over: self.under,
            under: self.over,
        }
    }

    fn times(self, other: Ratio) -> Option<Ratio> {
        // Reduced across first, so that products stay small.
        let a = Ratio {
            over: self.over,
            under: other.under,
        }
        .reduced();
        let b = Ratio {
            over: other.over,
            under: self.under,
        }
        .reduced();
        Some(Ratio {
            over: a.over.checked_mul(b.over)?,
            under: a.under.checked_mul(b.under)?,
        })
    }

    fn reduced(self) -> Ratio {
        let (mut a, mut b) = (self.over.unsigned_abs(), self.under.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = i128::try_from(a.max(1)).unwrap_or(1);
        Ratio {
            over: self.over / divisor,
            under: self.under / divisor,
        }
    }

    /// Rounded half-even.
    fn apply(self, minor: i128) -> Option<i128> {
        let exact = Ratio {
            over: minor,
            under: 1,
        }
        .times(self)?;
        let floor = exact.over.div_euclid(exact.under);
        let twice = exact.over.rem_euclid(exact.under).checked_mul(2)?;
        let up = twice > exact.under || (twice == exact.under && floor % 2 != 0);
        Some(floor + i128::from(up))
    }
}

impl Prices {
    /// Of price changes by date; a withdrawal takes back the price of its day.
    pub fn new(changes: &[PriceChange]) -> Prices {
        let mut prices = Prices::default();
        for change in changes {
            let pair = (change.commodity.clone(), change.currency.clone());
            let days = prices.pairs.entry(pair).or_default();
            match change.rate {
                Some(rate) => days.insert(change.on, rate),
                None => days.remove(&change.on),
            };
        }
        prices
    }

    fn newest(&self, from: &str, to: &str, on: Date) -> Option<(Date, Ratio)> {
        let days = self.pairs.get(&(Arc::from(from), Arc::from(to)))?;
        let (day, rate) = days.range(..=on).next_back()?;
        Some((*day, Ratio::of(*rate)?))
    }

    /// The currency of a commodity's newest price.
    fn priced_in(&self, commodity: &str, on: Date) -> Option<&str> {
        let pairs = self
            .pairs
            .iter()
            .filter(|((from, _), _)| **from == *commodity);
        pairs
            .filter_map(|((_, to), days)| Some((*days.range(..=on).next_back()?.0, &**to)))
            .max()
            .map(|(_, to)| to)
    }

    /// Direct, else inverse.
    fn pair(&self, from: &str, to: &str, on: Date) -> Option<Ratio> {
        if from == to {
            return Some(Ratio { over: 1, under: 1 });
        }
        self.newest(from, to, on)
            .map(|(_, ratio)| ratio)
            .or_else(|| self.newest(to, from, on).map(|(_, ratio)| ratio.inverse()))
    }

    /// The value of `minor` units of `from` in `to` on a day; `None` without a price, or beyond what
    /// can be computed exactly.
    pub fn value(
        &self,
        minor: i128,
        from: &Currency,
        to: &Currency,
        base: &Currency,
        on: Date,
    ) -> Option<i128> {
        let through = |middle: &str| {
            self.pair(&from.code, middle, on)?
                .times(self.pair(middle, &to.code, on)?)
        };
        let ratio = self
            .pair(&from.code, &to.code, on)
            .or_else(|| through(&base.code))
            .or_else(|| through(self.priced_in(&from.code, on)?))?;
        let scales = Ratio {
            over: pow10(to.scale.into())?,
            under: pow10(from.scale.into())?,
        };
        ratio.times(scales.reduced())?.apply(minor)
    }
}

/// A wish to see everything in one currency.
pub struct Valuation<'a> {
    pub prices: &'a Prices,
    pub to: CurrencyKey,
    /// One a column: the last day of each.
    pub days: Vec<Date>,
    /// Currencies that had no price somewhere: the report warns.
    pub unconverted: BTreeSet<CurrencyKey>,
}

/// Amounts per account and currency, one a column.
pub type Columns = BTreeMap<(AccountKey, CurrencyKey), Vec<i128>>;

impl Valuation<'_> {
    /// One amount in the wanted currency, or as it was.
    pub fn one(
        &mut self,
        chart: &Chart,
        minor: i128,
        currency: CurrencyKey,
        on: Date,
    ) -> (CurrencyKey, i128) {
        if currency == self.to || minor == 0 {
            return (self.to, minor);
        }
        let (from, to) = (chart.currency(currency), chart.currency(self.to));
        let base = chart.currencies().first().unwrap_or(to);
        match self.prices.value(minor, from, to, base, on) {
            Some(value) => (self.to, value),
            None => {
                self.unconverted.insert(currency);
                (currency, minor)
            }
        }
    }

    /// The same at the first of these days that has a price.
    pub fn at_one_of(
        &mut self,
        chart: &Chart,
        minor: i128,
        currency: CurrencyKey,
        days: &[Date],
    ) -> (CurrencyKey, i128) {
        let (from, to) = (chart.currency(currency), chart.currency(self.to));
        let base = chart.currencies().first().unwrap_or(to);
        let has_price = |on: &&Date| self.prices.value(1, from, to, base, **on).is_some();
        let on = days.iter().find(has_price).or(days.last());
        self.one(chart, minor, currency, on.copied().unwrap_or(Date::MAX))
    }

    /// Every column at the price of its last day.
    pub fn columns(&mut self, chart: &Chart, amounts: Columns) -> Columns {
        let mut valued = Columns::new();
        for ((account, currency), columns) in amounts {
            let width = columns.len();
            for (index, minor) in columns.into_iter().enumerate() {
                let on = self.days.get(index).copied().unwrap_or(Date::MAX);
                let (to, value) = self.one(chart, minor, currency, on);
                let row = valued
                    .entry((account, to))
                    .or_insert_with(|| vec![0; width]);
                row[index] += value;
            }
        }
        valued
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::testing::chart_of;
    use jiff::civil::date;

    fn price(day: i8, commodity: &str, currency: &str, rate: &str) -> PriceChange {
        PriceChange {
            on: date(2026, 4, day),
            commodity: commodity.into(),
            currency: currency.into(),
            rate: Some(Decimal::from_str_exact(rate).unwrap()),
        }
    }

    fn currency(code: &str, scale: u8) -> Currency {
        Currency {
            key: CurrencyKey(9),
            code: code.into(),
            scale,
            symbol: None,
            name: None,
        }
    }

    #[test]
    fn the_newest_price_counts_directly_inversely_or_through_the_base() {
        let mut changes = vec![
            price(1, "USD", "INR", "80"),
            price(5, "USD", "INR", "83.335"),
            price(2, "EUR", "INR", "90"),
        ];
        let prices = Prices::new(&changes);
        let (inr, usd, eur) = (currency("INR", 2), currency("USD", 2), currency("EUR", 2));
        let on = |day| date(2026, 4, day);
        assert_eq!(prices.value(10_000, &usd, &inr, &inr, on(4)), Some(800_000));
        assert_eq!(prices.value(100, &usd, &inr, &inr, on(9)), Some(8_334));
        assert_eq!(prices.value(-100, &usd, &inr, &inr, on(9)), Some(-8_334));
        assert_eq!(prices.value(800_000, &inr, &usd, &inr, on(1)), Some(10_000));
        assert_eq!(prices.value(8_000, &eur, &usd, &inr, on(4)), Some(9_000));
        let shares = currency("AAPL", 0);
        assert_eq!(prices.value(1, &shares, &inr, &inr, on(9)), None);
        changes.push(price(3, "AAPL", "USD", "200"));
        let prices = Prices::new(&changes);
        assert_eq!(prices.value(2, &shares, &inr, &inr, on(4)), Some(3_200_000));
        assert_eq!(prices.value(100, &usd, &inr, &inr, date(2026, 3, 31)), None);
        // A withdrawn price gives way to the one before it.
        changes.push(PriceChange {
            rate: None,
            ..price(5, "USD", "INR", "0")
        });
        let prices = Prices::new(&changes);
        assert_eq!(prices.value(100, &usd, &inr, &inr, on(9)), Some(8_000));
    }

    #[test]
    fn scales_differ_and_large_sums_are_exact() {
        let prices = Prices::new(&[price(1, "JPY", "INR", "0.5512")]);
        let (inr, jpy) = (currency("INR", 2), currency("JPY", 0));
        let on = date(2026, 4, 1);
        assert_eq!(prices.value(1_000, &jpy, &inr, &inr, on), Some(55_120));
        let large = 10i128.pow(24);
        assert_eq!(
            prices.value(large, &jpy, &inr, &inr, on),
            Some(large / 100 * 5_512)
        );
        // What cannot be computed is left alone, not wrong.
        assert_eq!(prices.value(i128::MAX, &jpy, &inr, &inr, on), None);
    }

    #[test]
    fn columns_are_valued_at_their_own_days() {
        let chart = chart_of(&["Assets:Cash"]);
        let (inr, usd) = (CurrencyKey(1), CurrencyKey(2));
        let key = chart.accounts()[0].key;
        let prices = Prices::new(&[price(1, "USD", "INR", "80"), price(5, "USD", "INR", "90")]);
        let mut valuation = Valuation {
            prices: &prices,
            to: inr,
            days: vec![date(2026, 3, 31), date(2026, 4, 2), date(2026, 4, 9)],
            unconverted: BTreeSet::new(),
        };
        let amounts = Columns::from([
            ((key, inr), vec![1, 1, 1]),
            ((key, usd), vec![100, 100, 100]),
        ]);
        let valued = valuation.columns(&chart, amounts);
        assert_eq!(valued[&(key, inr)], [1, 8_001, 9_001]);
        assert_eq!(valued[&(key, usd)], [100, 0, 0]);
        assert_eq!(valuation.unconverted, BTreeSet::from([usd]));
    }
}
