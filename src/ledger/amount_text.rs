//! Amounts as people type them: `1,250.50`, `₹500`, `"Rs. 500/-"`, `(500)`, `1.5 lakh`,
//! `120+30*2`, `"500 Dr"`.
//!
//! Refuses whatever could be read two ways (dates, `5cr`, `1,00`, a sign beside a side) and never
//! rounds. The arithmetic is in `amount_expression`, the words of a command line in `amount_words`.

use super::amount_expression::{self, Value};
pub use super::amount_problem::{AmountProblem, AmountTextError};
use rust_decimal::Decimal;

/// The longest text read as one amount, in characters.
pub const AMOUNT_CHARS_MAX: usize = 200;

/// The side of the books an amount was written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Debit,
    Credit,
}

impl Side {
    /// `Dr` or `Cr`, as printed.
    pub fn abbreviation(self) -> &'static str {
        match self {
            Side::Debit => "Dr",
            Side::Credit => "Cr",
        }
    }
}

/// One typed amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedAmount {
    /// Debits positive, credits negative. A plain number keeps the places it was typed with
    /// (`5.00` has scale 2); a sum or a number in lakhs has the fewest that hold it.
    pub amount: Decimal,
    /// The symbol or code as written, without quotes and without the full stop of `Rs.`.
    pub commodity: Option<String>,
    /// Which side was written, if one was; the sign of `amount` already follows it.
    pub side: Option<Side>,
}

impl TypedAmount {
    /// Whether a currency with `scale` decimal places can take the amount as it was typed.
    ///
    /// Errors: more places than that, even if they are zeros: `5.000` rupees may well be somebody's
    /// five thousand.
    pub fn check_scale(&self, scale: u8) -> Result<(), AmountTextError> {
        if self.amount.scale() <= u32::from(scale) {
            return Ok(());
        }
        Err(AmountTextError {
            text: self.amount.to_string(),
            problem: AmountProblem::TooPrecise { scale },
        })
    }
}

/// Reads an amount that must not be zero.
///
/// Errors: see [`AmountProblem`]; decimals beyond the currency's are found by
/// [`TypedAmount::check_scale`], because only the book knows the currency.
pub fn parse_amount(text: &str) -> Result<TypedAmount, AmountTextError> {
    let typed = parse_amount_or_zero(text)?;
    if typed.amount.is_zero() {
        return Err(AmountTextError::new(text, AmountProblem::Zero));
    }
    Ok(typed)
}

/// Reads an amount where zero is an answer: a counted till, an asserted balance, `--min`.
pub fn parse_amount_or_zero(text: &str) -> Result<TypedAmount, AmountTextError> {
    read(text).map_err(|problem| AmountTextError::new(text, problem))
}

fn read(text: &str) -> Result<TypedAmount, AmountProblem> {
    if text.chars().count() > AMOUNT_CHARS_MAX {
        return Err(AmountProblem::TooLong);
    }
    let plain = plain_spaces_and_minus(text);
    let (body, side) = split_side(plain.trim())?;
    if body.is_empty() {
        return Err(if side.is_some() {
            AmountProblem::NumberMissing
        } else {
            AmountProblem::Empty
        });
    }
    if looks_like_a_date(body) {
        return Err(AmountProblem::DateLike);
    }
    let (value, commodity, signed) = read_signed(body)?;
    let value = match side {
        Some(_) if signed || value.exact.mantissa < 0 => return Err(AmountProblem::SignAndSide),
        Some(Side::Credit) => value.negated(),
        _ => value,
    };
    let amount = value.to_decimal().ok_or(AmountProblem::TooManyDigits)?;
    Ok(TypedAmount {
        amount,
        commodity,
        side,
    })
}

/// Pasted text brings other spaces and a typographic minus.
fn plain_spaces_and_minus(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' => ' ',
            '\u{2212}' => '-',
            other => other,
        })
        .collect()
}

/// Takes `Dr` or `Cr` off the end.
fn split_side(text: &str) -> Result<(&str, Option<Side>), AmountProblem> {
    let word = text.trim_end_matches('.');
    let Some(start) = word
        .len()
        .checked_sub(2)
        .filter(|at| word.is_char_boundary(*at))
    else {
        return Ok((text, None));
    };
    let (before, last) = word.split_at(start);
    if !last.eq_ignore_ascii_case("dr") && !last.eq_ignore_ascii_case("cr") {
        return Ok((text, None));
    }
    let number = before.trim_end();
    match before.chars().next_back() {
        Some(c) if c.is_alphabetic() || is_currency_sign(c) => Ok((text, None)),
        Some(' ') if last.eq_ignore_ascii_case("dr") => Ok((number, Some(Side::Debit))),
        Some(' ') if last != "cr" => Ok((number, Some(Side::Credit))),
        None => Err(AmountProblem::NumberMissing),
        Some(_) if last.eq_ignore_ascii_case("cr") => {
            Err(AmountProblem::CroreOrCredit(number.to_string()))
        }
        Some(_) => Ok((number, Some(Side::Debit))),
    }
}

/// `2026-04-05`, `5/4`, `05-04-2026`, `2026-04`: sums nobody means.
fn looks_like_a_date(text: &str) -> bool {
    let is_year =
        |part: &str| part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    let digits =
        |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    ['-', '/', '.'].into_iter().any(|separator| {
        let parts: Vec<&str> = text.split(separator).collect();
        if !parts.iter().all(|p| digits(p)) {
            return false;
        }
        match parts[..] {
            [a, b, c] => {
                b.len() <= 2 && ((a.len() == 4 && c.len() <= 2) || (a.len() <= 2 && c.len() != 3))
            }
            [a, b] if separator == '/' => a.len() <= 2 && b.len() <= 2,
            [a, b] if separator == '-' => {
                b.len() == 2
                    && (b.starts_with('0') || (is_year(a) && matches!(b, "10" | "11" | "12")))
            }
            _ => false,
        }
    })
}

/// The value with its commodity, and whether a sign or brackets were written.
fn read_signed(body: &str) -> Result<(Value, Option<String>, bool), AmountProblem> {
    let (mut minus, mut commodity) = (None, None);
    let rest = take_sign_before_commodity(without_rupee_stroke(body), &mut minus);
    let rest = without_rupee_stroke(take_commodity(rest, &mut commodity)?);
    if let Some(inner) = whole_brackets(rest) {
        let inner = take_commodity(inner.trim(), &mut commodity)?;
        let value = read_single(inner, minus)?;
        return Ok((value.negated(), commodity, true));
    }
    if minus.is_some() {
        let value = read_single(rest, None)?;
        return Ok((
            if minus == Some(true) {
                value.negated()
            } else {
                value
            },
            commodity,
            true,
        ));
    }
    let unsigned = rest.strip_prefix(['-', '+']);
    if unsigned
        .and_then(|r| whole_brackets(r.trim_start()))
        .is_some_and(|inner| !amount_expression::has_operator(inner))
    {
        return Err(AmountProblem::DoubleSign);
    }
    Ok((
        amount_expression::evaluate(rest)?,
        commodity,
        unsigned.is_some(),
    ))
}

/// A number that something outside of it already made negative: no second sign, no sum.
fn read_single(text: &str, minus: Option<bool>) -> Result<Value, AmountProblem> {
    if minus.is_some() || text.starts_with(['-', '+']) {
        return Err(AmountProblem::DoubleSign);
    }
    if amount_expression::has_operator(text) {
        return Err(AmountProblem::Brackets);
    }
    amount_expression::evaluate(text)
}

/// `500/-` is five hundred rupees and nothing after the point.
fn without_rupee_stroke(text: &str) -> &str {
    text.strip_suffix("/-").unwrap_or(text).trim_end()
}

/// Takes the sign of `-$500`, where a currency stands between sign and number. `Some(true)`: minus.
fn take_sign_before_commodity<'t>(text: &'t str, minus: &mut Option<bool>) -> &'t str {
    let Some(rest) = text.strip_prefix(['-', '+']) else {
        return text;
    };
    let rest = rest.trim_start();
    if !rest.starts_with(|c: char| c.is_alphabetic() || is_currency_sign(c) || c == '"') {
        return text;
    }
    *minus = Some(text.starts_with('-'));
    rest
}

/// The inside of brackets that span the whole text.
fn whole_brackets(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0i32;
    for c in inner.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            return None;
        }
    }
    (depth == 0).then_some(inner)
}

/// Takes a currency off the front or the back of the text.
fn take_commodity<'t>(
    text: &'t str,
    commodity: &mut Option<String>,
) -> Result<&'t str, AmountProblem> {
    let (front, rest) = split_front(text)?;
    let (rest, back) = split_back(rest)?;
    for found in [front, back].into_iter().flatten() {
        let found = found.to_string();
        if let Some(first) = commodity.take() {
            return Err(AmountProblem::TwoCommodities(first, found));
        }
        *commodity = Some(found);
    }
    Ok(rest)
}

fn split_front(text: &str) -> Result<(Option<&str>, &str), AmountProblem> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, rest) = quoted
            .split_once('"')
            .ok_or_else(|| AmountProblem::Unexpected("\"".into()))?;
        return Ok((Some(name), rest.trim_start()));
    }
    let end = text
        .find(|c: char| !is_commodity_char(c))
        .unwrap_or(text.len());
    if end == 0 {
        return Ok((None, text));
    }
    let (word, rest) = text.split_at(end);
    refuse_reserved(word)?;
    // `Rs.500` is five hundred rupees; `$.50` is fifty cents.
    let abbreviated = rest.starts_with(". ")
        || ["rs", "re"]
            .iter()
            .any(|short| word.eq_ignore_ascii_case(short));
    let rest = if abbreviated {
        rest.strip_prefix('.').unwrap_or(rest)
    } else {
        rest
    };
    Ok((Some(word), rest.trim_start()))
}

fn split_back(text: &str) -> Result<(&str, Option<&str>), AmountProblem> {
    if let Some(quoted) = text.strip_suffix('"') {
        let (rest, name) = quoted
            .rsplit_once('"')
            .ok_or_else(|| AmountProblem::Unexpected("\"".into()))?;
        return Ok((rest.trim_end(), Some(name)));
    }
    let trimmed = if text.ends_with('.') {
        text.trim_end_matches('.')
    } else {
        text
    };
    let start = trimmed
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_commodity_char(*c))
        .last()
        .map(|(at, _)| at);
    let Some(start) = start else {
        return Ok((text, None));
    };
    let (rest, word) = trimmed.split_at(start);
    if amount_expression::unit(word).is_some() {
        return Ok((text, None));
    }
    if word.chars().count() == 1 && matches!(word, "l" | "L" | "m" | "M" | "b" | "B") {
        return Err(AmountProblem::Unit(word.to_string()));
    }
    refuse_reserved(word)?;
    Ok((rest.trim_end(), Some(word)))
}

/// Words that mean something else in an amount are no currencies.
fn refuse_reserved(word: &str) -> Result<(), AmountProblem> {
    let reserved = ["dr", "cr"]
        .iter()
        .any(|side| word.eq_ignore_ascii_case(side));
    if reserved || amount_expression::unit(word).is_some() {
        return Err(AmountProblem::Unexpected(word.to_string()));
    }
    Ok(())
}

fn is_commodity_char(c: char) -> bool {
    c.is_alphabetic() || is_currency_sign(c)
}

/// Whether a character is one of Unicode's currency signs.
pub fn is_currency_sign(c: char) -> bool {
    matches!(
        c,
        '$' | '¢' | '£' | '¤' | '¥' | '֏' | '؋' | '৲' | '৳' | '૱' | '௹' | '฿' | '៛' | '\u{20a0}'
            ..='\u{20c0}' | '﷼' | '﹩' | '＄' | '￠' | '￡' | '￥' | '￦'
    )
}

#[cfg(test)]
#[path = "amount_text_tests.rs"]
mod tests;
