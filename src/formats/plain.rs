//! Plain pieces of files that programs write: lines, numbers without signs or groups, years, words.

use rust_decimal::Decimal;

/// A line of a text, from 1.
pub fn line_text(text: &str, line: u64) -> &str {
    let nth = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    text.lines().nth(nth).unwrap_or("")
}

/// Two digits of a year: 1970 to 2069.
pub fn full_year(short: i16) -> i16 {
    if short < 70 {
        2000 + short
    } else {
        1900 + short
    }
}

/// A number of plain digits with at most one decimal mark, `,` or `.`: exact.
pub fn plain_decimal(text: &str) -> Option<Decimal> {
    const DIGITS_MAX: usize = 27;
    let (mut mantissa, mut digits, mut scale) = (0i128, 0usize, None::<u32>);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < DIGITS_MAX => {
                mantissa = mantissa * 10 + i128::from(byte - b'0');
                digits += usize::from(mantissa != 0);
                scale = scale.map(|s| s + 1);
            }
            b',' | b'.' if scale.is_none() => scale = Some(0),
            _ => return None,
        }
    }
    if text.len() == usize::from(scale.is_some()) || scale.is_some_and(|s| s > 20) {
        return None;
    }
    Decimal::try_from_i128_with_scale(mantissa, scale.unwrap_or(0)).ok()
}

/// Runs of white space as one space, control characters gone; appended to what is there.
pub fn push_words(into: &mut String, text: &str) {
    if text.is_ascii() {
        let words = text
            .split(|c: char| c.is_ascii_whitespace() || c.is_ascii_control())
            .filter(|w| !w.is_empty());
        return words.for_each(|word| push_word(into, word));
    }
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
    {
        push_word(into, word);
    }
}

fn push_word(into: &mut String, word: &str) {
    if !into.is_empty() {
        into.push(' ');
    }
    into.push_str(word);
}

/// The words of a text; `None` if there are none.
pub fn some_words(text: &str) -> Option<String> {
    let mut words = String::with_capacity(text.len());
    push_words(&mut words, text);
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_exact_and_nothing_else_is_a_number() {
        for (text, value) in [
            ("1", "1"),
            ("20000,00", "20000.00"),
            ("620,", "620"),
            (".5", "0.5"),
            ("000000000000000000000000000000001.5", "1.5"),
            ("100.00001", "100.00001"),
        ] {
            assert_eq!(plain_decimal(text), Some(value.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            ",",
            "1,2,3",
            "12..34",
            "-1",
            "1e5",
            "99999999999999999999999999999",
        ] {
            assert_eq!(plain_decimal(text), None, "{text}");
        }
    }
}
