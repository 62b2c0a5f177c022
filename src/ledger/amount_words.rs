//! Finding amounts among the words of a command line: `in 1.5 lakh fees`, `add Tea Food 20 Cash`.

use super::amount_expression::unit;
use super::amount_text::{AmountTextError, TypedAmount, is_currency_sign, parse_amount_or_zero};

/// What may belong to an amount besides its first word.
pub struct AmountWords<'a> {
    /// Whether a word names a currency of the book (symbol or code), in the case it was typed.
    pub is_currency: &'a dyn Fn(&str) -> bool,
    /// Whether a following `Dr` or `Cr` is a side: not where a name may follow (`in 500 Dr Sharma`).
    pub sides: bool,
}

impl AmountWords<'_> {
    /// The amount at the beginning of `words`, and how many words it takes.
    ///
    /// `None` if the first word is no attempt at an amount: it begins neither with a number nor with a
    /// currency and a number. Zero is read; the command says whether it may be.
    /// Errors: an attempt that fails.
    pub fn take(&self, words: &[String]) -> Result<Option<(TypedAmount, usize)>, AmountTextError> {
        let Some(first) = words.first() else {
            return Ok(None);
        };
        let mut count = match words.get(1) {
            Some(second) if self.names_currency(first) && begins_with_number(second) => 2,
            _ if self.looks_like_amount(first) => 1,
            _ => return Ok(None),
        };
        let next_is =
            |count: usize, test: &dyn Fn(&str) -> bool| words.get(count).is_some_and(|w| test(w));
        if next_is(count, &|w| w.chars().count() > 1 && unit(w).is_some()) {
            count += 1;
        }
        let has_currency = parse_amount_or_zero(&words[..count].join(" "))
            .is_ok_and(|typed| typed.commodity.is_some());
        if !has_currency && next_is(count, &|w| self.names_currency(w)) {
            count += 1;
        }
        if self.sides && next_is(count, &is_side) {
            count += 1;
        }
        parse_amount_or_zero(&words[..count].join(" ")).map(|typed| Some((typed, count)))
    }

    /// Whether one word is an attempt at an amount: `500`, `-.5`, `(500)`, `₹500`, `USD500`.
    pub fn looks_like_amount(&self, word: &str) -> bool {
        if begins_with_number(word) {
            return true;
        }
        let unsigned = word.trim_start_matches(['-', '+', '(']);
        let end = unsigned
            .find(|c: char| !c.is_alphabetic() && !is_currency_sign(c))
            .unwrap_or(unsigned.len());
        let (name, rest) = unsigned.split_at(end);
        !name.is_empty()
            && (name.chars().any(is_currency_sign) || self.names_currency(name))
            // `"Rs. 500/-"` and `"Rs 500"` come as one word where they were quoted.
            && begins_with_number(rest.strip_prefix('.').unwrap_or(rest).trim_start())
    }

    fn names_currency(&self, word: &str) -> bool {
        let name = word.strip_suffix('.').unwrap_or(word);
        !name.is_empty() && unit(name).is_none() && !is_side(name) && (self.is_currency)(name)
    }
}

/// `-` and a digit or symbol: a value, never a flag (cli.md).
pub fn is_negative_value(word: &str) -> bool {
    let mut rest = word.chars();
    rest.next() == Some('-')
        && rest
            .next()
            .is_some_and(|c| c.is_ascii_digit() || c == '.' || c == '(' || is_currency_sign(c))
}

fn begins_with_number(word: &str) -> bool {
    let unsigned = word.trim_start_matches(['-', '+', '(', '\u{2212}']);
    let digits = unsigned.strip_prefix(['.', ',']).unwrap_or(unsigned);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

fn is_side(word: &str) -> bool {
    matches!(word.trim_end_matches('.'), "Dr" | "DR" | "dr" | "Cr" | "CR")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(sides: bool, line: &str) -> Option<(String, usize)> {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        let is_currency = |word: &str| matches!(word, "INR" | "USD" | "₹" | "Rs" | "$");
        let found = AmountWords {
            is_currency: &is_currency,
            sides,
        }
        .take(&words)
        .unwrap();
        found.map(|(typed, count)| {
            (
                format!("{} {}", typed.amount, typed.commodity.unwrap_or_default())
                    .trim()
                    .to_string(),
                count,
            )
        })
    }

    #[test]
    fn an_amount_takes_its_unit_and_currency_along() {
        for (line, amount, count) in [
            ("500 tea", "500", 1),
            ("1.5 lakh fees", "150000", 2),
            ("2 crore", "20000000", 2),
            ("1.5 lakh USD invoice", "150000 USD", 3),
            ("500 USD tea", "500 USD", 2),
            ("₹500 tea", "500 ₹", 1),
            ("₹ 500 tea", "500 ₹", 2),
            ("Rs. 500/- tea", "500 Rs", 2),
            ("USD500", "500 USD", 1),
            ("(500) x", "-500", 1),
            ("-500 x", "-500", 1),
            ("500 TEA", "500", 1),
            ("5 k", "5", 1),
            ("0 x", "0", 1),
        ] {
            assert_eq!(
                take(false, line),
                Some((amount.to_string(), count)),
                "{line}"
            );
        }
    }

    #[test]
    fn a_quoted_amount_keeps_its_spaces() {
        let is_currency = |word: &str| word == "Rs";
        let words = AmountWords {
            is_currency: &is_currency,
            sides: false,
        };
        for text in ["Rs. 500/-", "Rs 500", "Rs.500", "₹ 500"] {
            let line = [text.to_owned(), "tea".to_owned()];
            let (typed, count) = words.take(&line).unwrap().unwrap();
            assert_eq!((typed.amount, count), (500.into(), 1), "{text}");
        }
    }

    #[test]
    fn sides_are_taken_only_where_no_name_can_follow() {
        assert_eq!(take(false, "500 Dr Sharma"), Some(("500".to_string(), 1)));
        assert_eq!(take(true, "500 Dr Cash"), Some(("500".to_string(), 2)));
        assert_eq!(
            take(true, "500 USD Cr Cash"),
            Some(("-500 USD".to_string(), 3))
        );
    }

    #[test]
    fn other_words_are_no_amounts() {
        for line in [
            "tea 500", "Cash", "B2B sale", "lakh 5", "(cash)", "", "-", "USD",
        ] {
            assert_eq!(take(true, line), None, "{line}");
        }
    }

    #[test]
    fn an_attempt_that_fails_is_an_error() {
        let is_currency = |_: &str| false;
        let words = AmountWords {
            is_currency: &is_currency,
            sides: false,
        };
        assert!(words.take(&["1,00".to_string()]).is_err());
        assert!(
            words
                .take(&["2026-04-05".to_string(), "500".to_string()])
                .is_err()
        );
    }

    #[test]
    fn a_minus_with_a_digit_or_symbol_is_a_value() {
        for word in ["-5", "-$5", "-.5", "-₹500", "-3d", "-(5+3)"] {
            assert!(is_negative_value(word), "{word}");
        }
        for word in ["-d", "--dr", "-", "5", "-USD5"] {
            assert!(!is_negative_value(word), "{word}");
        }
    }
}
