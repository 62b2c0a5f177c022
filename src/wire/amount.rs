//! Amounts as the API writes them: decimal strings, never JSON numbers.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Result, Unreadable};
use crate::ledger::amount_format::machine;

/// A decimal string. A JSON number is refused with a message that shows the string to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "server", schema(value_type = String, pattern = r"^-?[0-9]{1,28}(\.[0-9]{1,28})?$", example = "1250.00"))]
pub struct Amount(pub String);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Amount, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Amount;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an amount as a decimal string like \"1250.00\"")
            }

            fn visit_str<E>(self, text: &str) -> std::result::Result<Amount, E> {
                Ok(Amount(text.to_owned()))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> std::result::Result<Amount, E> {
                Err(E::custom(quoted(number)))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> std::result::Result<Amount, E> {
                Err(E::custom(quoted(number)))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> std::result::Result<Amount, E> {
                Err(E::custom(quoted(number)))
            }
        }
        from.deserialize_any(Visitor)
    }
}

fn quoted(number: impl std::fmt::Display) -> String {
    format!("amounts are strings, so that no digit is lost: write \"{number}\"")
}

impl Amount {
    /// Minor units of a currency of this scale.
    pub fn of_minor(minor: i128, scale: u8) -> Amount {
        Amount(machine(minor, scale))
    }

    pub fn of_decimal(decimal: Decimal) -> Amount {
        Amount(decimal.to_string())
    }

    /// Exactly; no exponent, no grouping.
    pub fn decimal(&self) -> Result<Decimal> {
        let plain = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
        let read = Decimal::from_str_exact(&self.0).ok();
        read.filter(|_| self.0.chars().all(plain)).ok_or_else(|| {
            Unreadable::new(
                "bad-amount",
                format!(
                    "{:?} is not an amount: write a decimal like \"1250.50\"",
                    self.0
                ),
            )
        })
    }

    /// Minor units of a currency of this scale; any size a sum can have.
    pub fn minor(&self, scale: u8) -> Result<i128> {
        let bad = || {
            Unreadable::new(
                "bad-amount",
                format!("{:?} is not an amount of {scale} decimal places", self.0),
            )
        };
        let (negative, digits) = match self.0.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, self.0.as_str()),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || part.len() > usize::from(scale) {
            return Err(bad());
        }
        let mut minor: i128 = 0;
        let padding = std::iter::repeat_n(b'0', usize::from(scale) - part.len());
        for digit in whole.bytes().chain(part.bytes()).chain(padding) {
            if !digit.is_ascii_digit() {
                return Err(bad());
            }
            minor = minor
                .checked_mul(10)
                .and_then(|m| m.checked_add(i128::from(digit - b'0')))
                .ok_or_else(bad)?;
        }
        Ok(if negative { -minor } else { minor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_survive_the_way_there_and_back() {
        for (minor, scale) in [
            (0, 2),
            (-5, 2),
            (125_000, 2),
            (7, 0),
            (-1, 12),
            (i128::MAX / 7, 3),
        ] {
            assert_eq!(Amount::of_minor(minor, scale).minor(scale), Ok(minor));
        }
        assert!(Amount("1.005".into()).minor(2).is_err());
        assert!(Amount("1e5".into()).minor(2).is_err());
        assert!(Amount("".into()).minor(2).is_err());
    }

    #[test]
    fn a_number_is_refused_with_the_string_to_write() {
        let error = serde_json::from_str::<Amount>("12.5")
            .unwrap_err()
            .to_string();
        assert!(error.contains("write \"12.5\""), "{error}");
        assert!(serde_json::from_str::<Amount>("\"12.5\"").is_ok());
        assert!(Amount("1e5".into()).decimal().is_err());
    }
}
