//! Tally's amounts and dates, in every form it writes them.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::model::Amount;
use crate::ledger::currency::iso_of_symbol;

/// `-5000.00`, `5,000.00 Dr`, `-$100.00 @ ₹ 83/$ = -₹ 8300.00`; negative is a debit, so the sign is turned.
pub(super) fn raw(text: &str) -> Option<Amount> {
    let text = text.trim();
    let Some((left, right)) = text.rsplit_once('=') else {
        let base = -signed(text)?.0;
        return Some(Amount {
            base,
            foreign: None,
        });
    };
    let (mut base, _) = signed(right)?;
    let written = left.split('@').next().unwrap_or(left);
    let (foreign, symbol) = signed(written)?;
    // Some versions sign only one of the two.
    if foreign.is_sign_negative() && !base.is_sign_negative() {
        base = -base;
    }
    let foreign = if base.is_sign_negative() {
        -foreign.abs()
    } else {
        foreign.abs()
    };
    Some(Amount {
        base: -base,
        foreign: Some((-foreign, symbol)),
    })
}

/// A number with its sign, and the symbol around it. `Dr` means a debit, which is negative here.
pub(super) fn signed(text: &str) -> Option<(Decimal, String)> {
    let mut rest = text.trim();
    let mut negative = false;
    if let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
        (negative, rest) = (true, inner.trim());
    }
    let lower = rest.to_lowercase();
    for (word, sign) in [("dr.", true), ("cr.", false), ("dr", true), ("cr", false)] {
        // `500 IDR` is no debit.
        let before = lower.strip_suffix(word);
        let is_word = before.is_some_and(|b| !b.ends_with(char::is_alphabetic));
        if is_word && rest.is_char_boundary(rest.len() - word.len()) {
            (negative, rest) = (sign, rest[..rest.len() - word.len()].trim());
            break;
        }
    }
    let (mut digits, mut symbol) = (String::new(), String::new());
    if !is_plain(rest) {
        return None;
    }
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            // "Rs." ends in a point of its own.
            '.' if !digits.is_empty() || symbol.is_empty() => digits.push(c),
            '-' | '−' if digits.is_empty() => negative = !negative,
            '+' if digits.is_empty() => {}
            ',' | ' ' | '\u{a0}' | '\'' => {}
            // A rupee sign that an old code page lost.
            '?' => {}
            _ => symbol.push(c),
        }
    }
    let number = Decimal::from_str_exact(digits.trim_end_matches('.')).ok()?;
    Some((if negative { -number } else { number }, symbol))
}

/// Whether the digits are one number with a decimal point and perhaps groups: the last group has three digits, in
/// lakhs too, so `1234,56` and `5e3` are none, nor is what has its sign behind it.
fn is_plain(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    let (Some(from), Some(last)) = (text.find(is_digit), text.rfind(is_digit)) else {
        return true;
    };
    let (run, behind) = text[from..].split_at(last + 1 - from);
    let (whole, places) = run.split_once('.').unwrap_or((run, ""));
    let group = whole.rsplit_once(',').map_or("000", |(_, group)| group);
    let may_part = |c: char| is_digit(c) || matches!(c, ',' | ' ' | '\u{a0}' | '\'');
    whole.chars().all(may_part)
        && places.chars().all(is_digit)
        && group.chars().filter(|c| is_digit(*c)).count() == 3
        && !behind.contains(['-', '\u{2212}'])
}

/// A symbol as the code it stands for.
pub(super) fn code_of(symbol: &str) -> String {
    let plain = symbol.trim().trim_end_matches('.');
    let known = match plain {
        "₹" | "Rs" | "INR" | "`" | "र" => Some("INR"),
        "$" | "US$" => Some("USD"),
        "€" => Some("EUR"),
        "£" => Some("GBP"),
        other => iso_of_symbol(other),
    };
    known.map_or_else(|| plain.to_owned(), str::to_owned)
}

/// What of a currency's code can be its symbol in Tally: letters and signs of money.
pub(in crate::formats) fn symbol_of(code: &str) -> String {
    let may_stay = |c: &char| c.is_alphabetic() || matches!(c, '$' | '€' | '£' | '₹' | '¥');
    code.chars().filter(may_stay).collect()
}

/// True if the symbol is what hissab writes for the code: [`symbol_of`] it, and X for what that cannot tell apart.
pub(super) fn is_symbol_of(symbol: &str, code: &str) -> bool {
    let rest = symbol.strip_prefix(symbol_of(code).as_str());
    !code.is_empty() && !symbol.is_empty() && rest.is_some_and(|r| r.bytes().all(|b| b == b'X'))
}

/// `20250401`, `2025-04-01`, `1-Apr-25`, `01/04/2025` (day first, as Tally writes it).
pub(super) fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Date::new(
            text[..4].parse().ok()?,
            text[4..6].parse().ok()?,
            text[6..].parse().ok()?,
        )
        .ok();
    }
    if let Ok(date) = text.get(..10).unwrap_or(text).parse::<Date>() {
        return Some(date);
    }
    let parts: Vec<&str> = text
        .split(['-', '/', ' ', '.'])
        .filter(|p| !p.is_empty())
        .collect();
    let [day, month, year] = parts.as_slice() else {
        return None;
    };
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let named = month
        .get(..3)
        .map(str::to_lowercase)
        .and_then(|m| MONTHS.iter().position(|n| *n == m));
    let month = match named {
        Some(place) => i8::try_from(place + 1).ok()?,
        None => month.parse().ok()?,
    };
    let year: i16 = match (year.len(), year.parse::<i16>().ok()?) {
        (2, short) => 2000 + short,
        (4, year) => year,
        _ => return None,
    };
    Date::new(year, month, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_every_form_are_debit_positive() {
        for (text, base, foreign) in [
            ("-5000.00", "5000.00", None),
            ("5,00,000.00", "-500000.00", None),
            ("5,000.00 Dr", "5000.00", None),
            ("₹ 5,000.00 Cr", "-5000.00", None),
            (
                "-$100.00 @ ₹ 83/$ = -₹ 8300.00",
                "8300.00",
                Some(("100.00", "$")),
            ),
            (
                "$100.00 @ ? 83/$ = ? 8300.00",
                "-8300.00",
                Some(("-100.00", "$")),
            ),
            ("-$ 100.00 = 8300.00", "8300.00", Some(("100.00", "$"))),
            ("(Rs.12.50)", "12.50", None),
            ("500 IDR", "-500", None),
            ("5 000.00 Dr.", "5000.00", None),
            ("1,00,000", "-100000", None),
        ] {
            let amount = raw(text).unwrap();
            assert_eq!(amount.base.to_string(), base, "{text}");
            let found = amount.foreign.map(|(n, s)| (n.to_string(), s));
            assert_eq!(
                found,
                foreign.map(|(n, s)| (n.to_owned(), s.to_owned())),
                "{text}"
            );
        }
        for text in [
            "", "x", "1.2.3", "-", "= 5", "@", "1234,56", "1.234,56", "1,50", "5e3", "500.00-",
            "12-34",
        ] {
            assert_eq!(raw(text), None, "{text}");
        }
    }

    #[test]
    fn dates_of_every_form_are_read() {
        for text in [
            "20250401",
            "2025-04-01",
            "1-Apr-25",
            "01/04/2025",
            "1-Apr-2025",
            "1 April 2025",
        ] {
            assert_eq!(date(text), Some(jiff::civil::date(2025, 4, 1)), "{text}");
        }
        for text in ["", "20250231", "31-Feb-25", "April", "1-4-2", "ab-cd-ef"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
