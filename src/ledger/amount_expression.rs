//! The arithmetic inside a typed amount: `120+30*2`, `1,200/4`, `1.5 lakh - 500`.
//!
//! Exact or refused: no floats, no rounding, no division with a remainder.

use super::amount_text::AmountProblem;
use super::money::{Exact, pow10};
use rust_decimal::Decimal;

/// How deep brackets may nest.
const DEPTH_MAX: usize = 16;
/// The most significant digits of one number.
const DIGITS_MAX: usize = 28;
/// The most decimal places a result may have.
const SCALE_MAX: u32 = 28;

/// An exact value, and whether anything was worked out to get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub exact: Exact,
    pub computed: bool,
}

impl Value {
    pub fn negated(self) -> Value {
        Value {
            exact: Exact {
                mantissa: -self.exact.mantissa,
                ..self.exact
            },
            ..self
        }
    }

    /// With the places as typed; the fewest possible if computed. `None` beyond 96 bits.
    pub fn to_decimal(self) -> Option<Decimal> {
        let exact = if self.computed {
            self.exact.normalized()
        } else {
            self.exact
        };
        Decimal::try_from_i128_with_scale(exact.mantissa, exact.scale).ok()
    }
}

/// The power of ten a word after a number stands for: `lakh` is 5.
pub(super) fn unit(word: &str) -> Option<u32> {
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&["k", "thousand"]) {
        Some(3)
    } else if is(&["lakh", "lakhs", "lac", "lacs"]) {
        Some(5)
    } else if is(&["crore", "crores"]) {
        Some(7)
    } else {
        None
    }
}

/// Whether there is an operator other than a leading sign.
pub(super) fn has_operator(text: &str) -> bool {
    text.trim_start()
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .contains(['+', '-', '*', '/'])
}

/// Works out a sum.
///
/// Grammar: `sum = product (("+" | "-") product)*`, `product = factor (("*" | "/") factor)*`,
/// `factor = ("+" | "-")? (number unit? | "(" sum ")")`.
pub(super) fn evaluate(text: &str) -> Result<Value, AmountProblem> {
    let mut reader = Reader { rest: text.trim() };
    let value = reader.sum(0)?;
    match reader.rest.chars().next() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected()),
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn sum(&mut self, depth: usize) -> Result<Value, AmountProblem> {
        let mut total = self.product(depth)?;
        loop {
            let minus = match self.peek() {
                Some('+') => false,
                Some('-') => true,
                _ => return Ok(total),
            };
            self.skip();
            if matches!(self.peek(), Some('+' | '-')) {
                return Err(AmountProblem::DoubleSign);
            }
            let next = self.product(depth)?;
            let next = if minus { next.negated() } else { next };
            let exact = total
                .exact
                .checked_add(next.exact)
                .ok_or(AmountProblem::TooManyDigits)?;
            total = Value {
                exact,
                computed: true,
            };
        }
    }

    fn product(&mut self, depth: usize) -> Result<Value, AmountProblem> {
        let mut product = self.factor(depth)?;
        loop {
            let operator = match self.peek() {
                Some(c @ ('*' | '/')) => c,
                _ => return Ok(product),
            };
            self.skip();
            let next = self.factor(depth)?;
            let exact = if operator == '*' {
                product
                    .exact
                    .checked_mul(next.exact)
                    .filter(|e| e.scale <= SCALE_MAX)
                    .ok_or(AmountProblem::TooManyDigits)?
            } else {
                divide(product.exact, next.exact)?
            };
            product = Value {
                exact,
                computed: true,
            };
        }
    }

    fn factor(&mut self, depth: usize) -> Result<Value, AmountProblem> {
        match self.peek() {
            Some(sign @ ('+' | '-')) => {
                self.skip();
                if matches!(self.peek(), Some('+' | '-')) {
                    return Err(AmountProblem::DoubleSign);
                }
                let value = self.unsigned(depth)?;
                Ok(if sign == '-' { value.negated() } else { value })
            }
            _ => self.unsigned(depth),
        }
    }

    fn unsigned(&mut self, depth: usize) -> Result<Value, AmountProblem> {
        match self.peek() {
            Some('(') if depth >= DEPTH_MAX => Err(AmountProblem::TooLong),
            Some('(') => {
                self.skip();
                let value = self.sum(depth + 1)?;
                if self.peek() != Some(')') {
                    return Err(AmountProblem::Unexpected("(".into()));
                }
                self.skip();
                Ok(value)
            }
            Some(c) if c.is_ascii_digit() || matches!(c, '.' | ',') => self.number(),
            Some('+' | '*' | '/' | ')') | None => Err(AmountProblem::NumberMissing),
            Some(_) => Err(self.unexpected()),
        }
    }

    fn number(&mut self) -> Result<Value, AmountProblem> {
        let in_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '_' | '\'');
        let end = self.rest.find(|c| !in_number(c)).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        let exact = number(digits)?;
        self.unit(digits, exact)
    }

    /// Applies a unit that follows the number.
    fn unit(&mut self, digits: &str, exact: Exact) -> Result<Value, AmountProblem> {
        let after = self.rest.trim_start();
        let end = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let (word, rest) = after.split_at(end);
        if word.is_empty() {
            return Ok(Value {
                exact,
                computed: false,
            });
        }
        if let Some(power) = unit(word) {
            self.rest = rest;
            let factor = Exact {
                mantissa: pow10(power).ok_or(AmountProblem::TooManyDigits)?,
                scale: 0,
            };
            let exact = exact
                .checked_mul(factor)
                .ok_or(AmountProblem::TooManyDigits)?;
            return Ok(Value {
                exact,
                computed: true,
            });
        }
        if word.eq_ignore_ascii_case("e") {
            return Err(AmountProblem::Exponent);
        }
        if word.eq_ignore_ascii_case("cr") {
            return Err(AmountProblem::CroreOrCredit(digits.to_string()));
        }
        Err(AmountProblem::Unexpected(word.to_string()))
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn skip(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    /// The word or character at which reading stopped.
    fn unexpected(&self) -> AmountProblem {
        let end = self
            .rest
            .find(char::is_whitespace)
            .unwrap_or(self.rest.len());
        AmountProblem::Unexpected(self.rest[..end].to_string())
    }
}

/// Reads one number with its groups, without sign or unit.
fn number(text: &str) -> Result<Exact, AmountProblem> {
    let wrong = || AmountProblem::Groups(text.to_string());
    let (whole, places) = match text.split_once('.') {
        Some((whole, places)) => (whole, Some(places)),
        None => (text, None),
    };
    if !is_grouped(whole)
        || places.is_some_and(|p| p.is_empty() || !p.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(wrong());
    }
    let places = places.unwrap_or("");
    if whole.is_empty() && places.is_empty() {
        return Err(wrong());
    }
    let mut mantissa = 0i128;
    let digits = whole
        .bytes()
        .chain(places.bytes())
        .filter(u8::is_ascii_digit);
    if digits.clone().skip_while(|b| *b == b'0').count() > DIGITS_MAX || places.len() > DIGITS_MAX {
        return Err(AmountProblem::TooManyDigits);
    }
    for digit in digits {
        mantissa = mantissa
            .checked_mul(10)
            .and_then(|m| m.checked_add(i128::from(digit - b'0')))
            .ok_or(AmountProblem::TooManyDigits)?;
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(if mantissa == 0 {
            AmountProblem::Zero
        } else {
            AmountProblem::LeadingZero
        });
    }
    let scale = u32::try_from(places.len()).map_err(|_| AmountProblem::TooManyDigits)?;
    Ok(Exact { mantissa, scale })
}

/// Digits alone, or in groups of three, or the Indian way: three last, twos before.
fn is_grouped(whole: &str) -> bool {
    let groups: Vec<&str> = whole.split(',').collect();
    if !groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    let [first, middle @ .., last] = &groups[..] else {
        return true;
    };
    let all = |length: usize| {
        !first.is_empty() && first.len() <= length && middle.iter().all(|g| g.len() == length)
    };
    last.len() == 3 && (all(3) || all(2))
}

/// Exact quotient, by at most [`SCALE_MAX`] further digits.
fn divide(dividend: Exact, divisor: Exact) -> Result<Exact, AmountProblem> {
    let (a, b) = (dividend.normalized(), divisor.normalized());
    if b.mantissa == 0 {
        return Err(AmountProblem::DivideByZero);
    }
    // a / b = (a.mantissa × 10^b.scale) / (b.mantissa × 10^a.scale)
    let mut top = pow10(b.scale)
        .and_then(|p| a.mantissa.checked_mul(p))
        .ok_or(AmountProblem::TooManyDigits)?;
    let bottom = pow10(a.scale)
        .and_then(|p| b.mantissa.checked_mul(p))
        .ok_or(AmountProblem::TooManyDigits)?;
    for scale in 0..=SCALE_MAX {
        if top % bottom == 0 {
            return Ok(Exact {
                mantissa: top / bottom,
                scale,
            });
        }
        match top.checked_mul(10) {
            Some(next) => top = next,
            None => break,
        }
    }
    Err(AmountProblem::Inexact)
}
