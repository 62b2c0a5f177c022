//! Ledger's value expressions in amounts, as far as they are arithmetic: `($10 * 2 + $5)`.

use crate::ledger::currency::CurrencyKey;
use crate::ledger::money::Exact;

use super::amount::{Amount, Number, Reading, amount, skip_blanks};
use super::error::{Fault, FaultAt};
use super::names::Names;

/// How deep parentheses may nest.
const DEPTH_MAX: u32 = 32;

#[derive(Clone, Copy)]
struct Value {
    exact: Exact,
    currency: Option<CurrencyKey>,
}

struct Walk<'a, 'n> {
    line: &'a str,
    at: usize,
    names: &'n mut Names,
    reading: Reading,
}

fn refused(message: &str, at: usize) -> FaultAt {
    Fault::new("bad-expression", message)
        .hint("write the amount itself; of expressions only + - * / of amounts are read")
        .at(at)
}

/// An expression that begins with `(` at `at`; returns its amount and where it ends.
pub(super) fn expression(
    line: &str,
    at: usize,
    names: &mut Names,
    reading: Reading,
) -> Result<(Amount, usize), FaultAt> {
    let mut walk = Walk {
        line,
        at,
        names,
        reading,
    };
    let value = walk.atom(0)?;
    let end = walk.at;
    let exact = value.exact.normalized();
    let places = u8::try_from(exact.scale)
        .ok()
        .filter(|p| *p <= crate::ledger::money::SCALE_MAX)
        .ok_or_else(|| refused("the result has more than 12 decimal places", at))?;
    let currency = match value.currency.or(reading.default) {
        Some(currency) => currency,
        None => names
            .commodity("")
            .ok_or_else(|| refused("too many commodities", at))?,
    };
    let number = Number {
        mantissa: exact.mantissa,
        places,
    };
    let bare = value.currency.is_none();
    Ok((
        Amount {
            number,
            currency,
            bare,
        },
        end,
    ))
}

impl Walk<'_, '_> {
    fn peek(&mut self) -> Option<u8> {
        self.at = skip_blanks(self.line.as_bytes(), self.at);
        self.line.as_bytes().get(self.at).copied()
    }

    fn sum(&mut self, depth: u32) -> Result<Value, FaultAt> {
        let mut left = self.product(depth)?;
        while let Some(sign @ (b'+' | b'-')) = self.peek() {
            let at = self.at;
            self.at += 1;
            let mut right = self.product(depth)?;
            if sign == b'-' {
                right.exact.mantissa = -right.exact.mantissa;
            }
            let zero = |v: &Value| v.exact.mantissa == 0 && v.currency.is_none();
            let same = left.currency == right.currency || zero(&left) || zero(&right);
            if !same {
                return Err(refused("different commodities are added", at));
            }
            left = Value {
                exact: left
                    .exact
                    .checked_add(right.exact)
                    .ok_or_else(|| refused("the result is too large", at))?,
                currency: left.currency.or(right.currency),
            };
        }
        Ok(left)
    }

    fn product(&mut self, depth: u32) -> Result<Value, FaultAt> {
        let mut left = self.atom(depth)?;
        while let Some(sign @ (b'*' | b'/')) = self.peek() {
            let at = self.at;
            self.at += 1;
            let right = self.atom(depth)?;
            if left.currency.is_some() && right.currency.is_some() {
                return Err(refused("two commodities are multiplied or divided", at));
            }
            let exact = match sign {
                b'*' => left
                    .exact
                    .checked_mul(right.exact)
                    .ok_or_else(|| refused("the result is too large", at))?,
                _ => divided(left.exact, right.exact)
                    .ok_or_else(|| refused("the division does not come out even", at))?,
            };
            left = Value {
                exact,
                currency: left.currency.or(right.currency),
            };
        }
        Ok(left)
    }

    fn atom(&mut self, depth: u32) -> Result<Value, FaultAt> {
        if depth > DEPTH_MAX {
            return Err(refused("the parentheses nest too deep", self.at));
        }
        match self.peek() {
            Some(b'(') => {
                self.at += 1;
                let value = self.sum(depth + 1)?;
                if self.peek() != Some(b')') {
                    return Err(refused("here ) or an operator should stand", self.at));
                }
                self.at += 1;
                Ok(value)
            }
            Some(b'-') => {
                self.at += 1;
                let mut value = self.atom(depth + 1)?;
                value.exact.mantissa = -value.exact.mantissa;
                Ok(value)
            }
            _ => {
                let at = self.at;
                let (found, end) = amount(self.line, at, self.names, self.reading)
                    .map_err(|_| refused("this expression cannot be read", at))?;
                self.at = end;
                let exact = Exact {
                    mantissa: found.number.mantissa,
                    scale: u32::from(found.number.places),
                };
                Ok(Value {
                    exact,
                    currency: (!found.bare).then_some(found.currency),
                })
            }
        }
    }
}

/// The quotient, if it ends within 12 places.
fn divided(left: Exact, right: Exact) -> Option<Exact> {
    let right = right.normalized();
    if right.mantissa == 0 {
        return None;
    }
    let mut top = left.normalized();
    for _ in 0..=24 {
        if top.mantissa % right.mantissa == 0 && top.scale >= right.scale {
            return Some(Exact {
                mantissa: top.mantissa / right.mantissa,
                scale: top.scale - right.scale,
            });
        }
        top = Exact {
            mantissa: top.mantissa.checked_mul(10)?,
            scale: top.scale + 1,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let mut names = Names::default();
        let (a, end) = expression(text, 0, &mut names, Reading::default()).ok()?;
        let (number, code) = (a.number, names.get(a.currency).code.clone());
        Some(format!(
            "{}e-{} {code}{}",
            number.mantissa,
            number.places,
            &text[end..]
        ))
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(read("($10 * 2) @ 3").unwrap(), "20e-0 $ @ 3");
        assert_eq!(read("(-$10.25 + $0.25)").unwrap(), "-10e-0 $");
        assert_eq!(read("(5 USD / 4)").unwrap(), "125e-2 USD");
        assert_eq!(read("(2 * (3 + 4))").unwrap(), "14e-0 ");
        assert_eq!(read("(2.83/2 EUR)").unwrap(), "1415e-3 EUR");
        assert_eq!(read("($10 / 3)"), None);
        assert_eq!(read("($1 + 1 EUR)"), None);
        assert_eq!(read("(amount * 2)"), None);
        assert_eq!(read(&"(".repeat(10_000)), None);
    }
}
