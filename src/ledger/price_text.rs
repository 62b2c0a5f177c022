//! What a priced entry was exchanged at, as text: for people `@ 84.5 INR` of one, `@@ 8450.00 INR` of all of it;
//! for machines `each 84.5 INR`, `total 8450.00 INR`: a cell that begins with `@` is a formula to spreadsheets.
//!
//! It says the entry's weight exactly: where amount × price is not exactly the weight, the weight stands in
//! total. So what is read back weighs what was written.

use rust_decimal::Decimal;

use super::amount_format;
use super::chart::Chart;
use super::money::Exact;
use super::transaction::{Entry, PriceBasis};
use super::weighing::price_weight;

/// The price of an entry for people; `None` of one that has none.
pub fn price_text(entry: &Entry, chart: &Chart) -> Option<String> {
    said(entry, chart).map(|(basis, text)| match basis {
        PriceBasis::Unit => format!("@ {text}"),
        PriceBasis::Total => format!("@@ {text}"),
    })
}

/// The same for machines.
pub fn price_words(entry: &Entry, chart: &Chart) -> Option<String> {
    said(entry, chart).map(|(basis, text)| match basis {
        PriceBasis::Unit => format!("each {text}"),
        PriceBasis::Total => format!("total {text}"),
    })
}

fn said(entry: &Entry, chart: &Chart) -> Option<(PriceBasis, String)> {
    let detail = entry.detail.as_deref()?;
    let (price, (weight, key)) = (detail.price?, detail.weight?);
    let currency = chart.currency(key);
    let scale = chart.currency(entry.currency).scale;
    let amount = Decimal::try_from_i128_with_scale(entry.minor.into(), scale.into()).ok();
    let exact = amount
        .and_then(|amount| price_weight(amount, price.amount, price.basis))
        .and_then(|exact| {
            exact.checked_add(Exact {
                mantissa: -i128::from(weight),
                scale: currency.scale.into(),
            })
        })
        .is_some_and(|difference| difference.mantissa == 0);
    if exact && price.basis == PriceBasis::Unit {
        let text = format!("{} {}", price.amount.normalize(), currency.code);
        return Some((PriceBasis::Unit, text));
    }
    // A weight on the other side than its amount comes of a negative cost.
    let turned = (weight < 0) != (entry.minor < 0) && weight != 0 && entry.minor != 0;
    let total = i128::from(weight.abs()) * if turned { -1 } else { 1 };
    let total = amount_format::machine(total, currency.scale);
    Some((PriceBasis::Total, format!("{total} {}", currency.code)))
}

/// A price as [`price_words`] writes it, or [`price_text`]: basis, amount, the currency's code. `None` of any other text.
pub fn read_price(text: &str) -> Option<(PriceBasis, Decimal, &str)> {
    let begins = |words: [&str; 2]| words.iter().find_map(|word| text.strip_prefix(word));
    let (basis, rest) = match begins(["total ", "@@"]) {
        Some(rest) => (PriceBasis::Total, rest),
        None => (PriceBasis::Unit, begins(["each ", "@"])?),
    };
    let (amount, code) = rest.trim().split_once(' ')?;
    let code = code.trim();
    let amount = Decimal::from_str_exact(amount).ok()?;
    (!code.is_empty()).then_some((basis, amount, code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::account::AccountKey;
    use crate::ledger::currency::{Currency, CurrencyKey};
    use crate::ledger::transaction::{EntryDetail, Price};

    fn chart() -> Chart {
        let currency = |key, code: &str| Currency {
            key: CurrencyKey(key),
            code: code.into(),
            scale: 2,
            symbol: None,
            name: None,
        };
        Chart::new(Vec::new(), vec![currency(1, "INR"), currency(2, "USD")])
    }

    fn priced(minor: i64, amount: &str, basis: PriceBasis, weight: i64) -> Option<String> {
        let price = Price {
            amount: Decimal::from_str_exact(amount).unwrap(),
            currency: CurrencyKey(1),
            basis,
        };
        let entry = Entry {
            account: AccountKey(1),
            currency: CurrencyKey(2),
            minor,
            detail: Some(Box::new(EntryDetail {
                price: Some(price),
                weight: Some((weight, CurrencyKey(1))),
                ..EntryDetail::default()
            })),
        };
        price_text(&entry, &chart())
    }

    #[test]
    fn the_weight_is_said_exactly_and_read_back() {
        use PriceBasis::{Total, Unit};
        for (given, said) in [
            (priced(10_000, "84.50", Unit, 845_000), "@ 84.5 INR"),
            (priced(-10_000, "84.50", Unit, -845_000), "@ 84.5 INR"),
            (priced(1_000, "8", Total, 800), "@@ 8.00 INR"),
            // A third of a rupee more than it weighs.
            (priced(100, "0.333", Unit, 33), "@@ 0.33 INR"),
            (priced(100, "5", Total, -500), "@@ -5.00 INR"),
        ] {
            assert_eq!(given.as_deref(), Some(said));
            let words = said.replace("@@", "total").replace('@', "each");
            assert_eq!(read_price(said), read_price(&words), "{said}");
            assert!(read_price(said).is_some(), "{said}");
        }
        let dec = |text| Decimal::from_str_exact(text).unwrap();
        assert_eq!(read_price("@ 84.5 INR"), Some((Unit, dec("84.5"), "INR")));
        assert_eq!(read_price("@@ 8 a b"), Some((Total, dec("8"), "a b")));
        for other in ["84.5 INR", "@ INR", "@ 84.5", "", "@ x INR"] {
            assert_eq!(read_price(other), None, "{other}");
        }
    }
}
