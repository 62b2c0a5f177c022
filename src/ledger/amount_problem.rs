//! What can be wrong with a typed amount, in words and with what to type instead.

use super::amount_text::AMOUNT_CHARS_MAX;
use std::fmt;

/// What is wrong with a typed amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmountProblem {
    Empty,
    TooLong,
    /// Zero where an amount must move money. Often `$500` that the shell read as its `$5` and `00`.
    Zero,
    /// `007`: nobody writes it, but `$1007` unquoted leaves it behind.
    LeadingZero,
    /// Commas or points in places no convention puts them; the number as it stands.
    Groups(String),
    Exponent,
    /// `5cr`: crore or credit?
    CroreOrCredit(String),
    /// `5L`, `5m`: a unit hissab does not guess at.
    Unit(String),
    TooManyDigits,
    TooPrecise {
        scale: u8,
    },
    DateLike,
    TwoCommodities(String, String),
    SignAndSide,
    DoubleSign,
    /// `(120+30)`: a group, or minus 150?
    Brackets,
    /// `100/3`.
    Inexact,
    DivideByZero,
    /// A word or character that has no place in an amount.
    Unexpected(String),
    /// No number at all, or an operator without one.
    NumberMissing,
}

/// A text that is not an amount, with why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an amount: {problem}")]
pub struct AmountTextError {
    /// The text as typed.
    pub text: String,
    pub problem: AmountProblem,
}

impl fmt::Display for AmountProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use AmountProblem::*;
        match self {
            Empty => write!(f, "it is empty"),
            TooLong => write!(f, "it is longer than {AMOUNT_CHARS_MAX} characters"),
            Zero => write!(f, "it is zero"),
            LeadingZero => write!(f, "it begins with a zero"),
            Groups(number) => write!(f, "the digits of {number:?} are not grouped in a known way"),
            Exponent => write!(f, "exponents are not read"),
            CroreOrCredit(_) => write!(f, "\"cr\" may mean crore or credit"),
            Unit(unit) => write!(f, "{unit:?} after a number may mean several things"),
            TooManyDigits => write!(f, "it has more digits than hissab can hold exactly"),
            TooPrecise { scale: 0 } => write!(f, "its currency has no decimal places"),
            TooPrecise { scale: 1 } => write!(f, "its currency has 1 decimal place"),
            TooPrecise { scale } => write!(f, "its currency has {scale} decimal places"),
            DateLike => write!(f, "it looks like a date"),
            TwoCommodities(a, b) => write!(f, "it names two currencies, {a:?} and {b:?}"),
            SignAndSide => write!(f, "it has both a sign and a side"),
            DoubleSign => write!(f, "it is negative twice"),
            Brackets => write!(
                f,
                "brackets around a whole sum may group it or make it negative"
            ),
            Inexact => write!(f, "the division has a remainder"),
            DivideByZero => write!(f, "it divides by zero"),
            Unexpected(what) => write!(f, "{what:?} does not belong there"),
            NumberMissing => write!(f, "a number is missing"),
        }
    }
}

impl AmountTextError {
    pub(super) fn new(text: &str, problem: AmountProblem) -> AmountTextError {
        AmountTextError {
            text: text.to_string(),
            problem,
        }
    }

    /// What to type instead, one sentence.
    pub fn hint(&self) -> String {
        use AmountProblem::*;
        match &self.problem {
            Zero | LeadingZero => {
                "quote amounts that hold a dollar sign: '$500' (the shell replaces $5)".into()
            }
            Groups(number) => regroup_hint(number),
            Exponent => "write the number out, or use lakh, crore or k: 1.5 lakh".into(),
            CroreOrCredit(number) => {
                format!("write \"{number} crore\", or \"{number} Cr\" for credit")
            }
            Unit(_) => "write it out, or use lakh, crore or k: 5 lakh".into(),
            TooLong | TooManyDigits => "an amount has at most 28 digits".into(),
            TooPrecise { .. } => {
                "round it yourself, or raise the currency's places: hissab currency set".into()
            }
            DateLike => {
                "put the date after -d; put spaces around the signs of a sum: '2026 - 4'".into()
            }
            TwoCommodities(..) => "name one currency, before or after the number".into(),
            SignAndSide => "write '500 Cr' or -500".into(),
            DoubleSign => "write -500 or '(500)'".into(),
            Brackets => "write 120+30, or '-(120+30)'".into(),
            Inexact => "work out the parts yourself, so that they add up to the whole".into(),
            DivideByZero | Unexpected(_) | NumberMissing | Empty => {
                "amounts look like 1250, 1,250.50, ₹500, '500 USD', -500, '1.5 lakh' or 120+30*2"
                    .into()
            }
        }
    }
}

/// What the digits of a badly grouped number could have meant.
fn regroup_hint(number: &str) -> String {
    let plain: String = number
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    match number.rsplit_once(',') {
        Some((whole, places)) if !places.contains('.') && places.len() != 3 => {
            let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
            format!("decimals follow a point: write {whole}.{places}")
        }
        _ if plain.matches('.').count() <= 1 && plain.chars().any(|c| c.is_ascii_digit()) => {
            format!("write {}", plain.trim_end_matches('.'))
        }
        _ => "decimals follow one point, and groups are 1,234,567 or 12,34,567".into(),
    }
}
