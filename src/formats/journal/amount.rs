//! Amounts: numbers in every style people write them, with a commodity on either side.
//!
//! How a single mark before three digits is read (`1,000`): hledger takes it for a decimal mark,
//! Ledger a comma for a group mark. A `commodity`, `D` or `decimal-mark` directive decides; without
//! one, Ledger's reading holds (a thousand, as any bookkeeper means it), unless the file is read as
//! `hledger:`. With Ledger, earlier amounts of the commodity decide too.

use crate::ledger::currency::CurrencyKey;

use super::Dialect;
use super::error::{Fault, FaultAt};
use super::names::Names;

/// The most decimal places an amount may need.
const PLACES_MAX: u8 = crate::ledger::money::SCALE_MAX;

/// A number as written: `mantissa` × 10^−`places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub mantissa: i128,
    pub places: u8,
}

/// An amount as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    pub number: Number,
    pub currency: CurrencyKey,
    /// Written without a commodity.
    pub bare: bool,
}

/// How bare amounts and ambiguous numbers are read here.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    pub dialect: Dialect,
    /// From a `decimal-mark` directive.
    pub mark: Option<u8>,
    /// From a `D` directive.
    pub default: Option<CurrencyKey>,
}

type Parsed<T> = Result<(T, usize), FaultAt>;

fn bad(message: &str, at: usize) -> FaultAt {
    Fault::new("bad-amount", message).at(at)
}

pub(super) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && (bytes[at] == b' ' || bytes[at] == b'\t') {
        at += 1;
    }
    at
}

/// Bytes that a commodity without quotes cannot hold.
fn ends_symbol(byte: u8) -> bool {
    byte.is_ascii_digit() || byte <= b' ' || b"-+.,@*;\"{}=()[]".contains(&byte)
}

/// A commodity at `at`, in quotes or not; `None` if there is none.
pub(super) fn symbol(line: &str, at: usize) -> Result<Option<(&str, usize)>, FaultAt> {
    let bytes = line.as_bytes();
    match bytes.get(at) {
        Some(b'"') => match memchr::memchr(b'"', &bytes[at + 1..]) {
            Some(length) => Ok(Some((&line[at + 1..at + 1 + length], at + length + 2))),
            None => Err(bad("the commodity's closing quote is missing", at)),
        },
        Some(byte) if !ends_symbol(*byte) && *byte != b'/' => {
            let mut end = at;
            while end < bytes.len() && !ends_symbol(bytes[end]) {
                end += 1;
            }
            // A no-break space is white space too: it belongs to no symbol.
            let text = &line[at..end];
            let length = text.find(char::is_whitespace).unwrap_or(text.len());
            Ok((length > 0).then_some((&text[..length], at + length)))
        }
        _ => Ok(None),
    }
}

/// An amount at `at`; returns where it ends.
pub(super) fn amount(line: &str, at: usize, names: &mut Names, reading: Reading) -> Parsed<Amount> {
    let bytes = line.as_bytes();
    if bytes.get(at) == Some(&b'(') {
        return super::expr::expression(line, at, names, reading);
    }
    let (mut negative, mut next) = sign(bytes, at);
    let mut leading = None;
    if !matches!(bytes.get(next), Some(b) if b.is_ascii_digit() || *b == b'.' || *b == b',') {
        leading = symbol(line, next)?;
        if let Some((_, end)) = leading {
            let (second, after) = sign(bytes, skip_spaces(line, end));
            negative ^= second;
            next = after;
        }
    }
    let (raw, end) = raw_number(line, next)?;
    next = end;
    let code = match leading {
        Some((code, _)) => Some(code),
        None => match symbol(line, skip_spaces(line, next))? {
            Some((code, end)) => {
                next = end;
                Some(code)
            }
            None => None,
        },
    };
    let currency = match (code, reading.default) {
        (None, Some(default)) => default,
        (code, _) => names.commodity(code.unwrap_or("")).ok_or_else(|| {
            Fault::new("too-many-commodities", "more than 65,535 commodities").at(at)
        })?,
    };
    let mut number = match raw {
        Raw::Plain(number) => number,
        Raw::Marked { from, to } => {
            let known = known_mark(names, currency, reading);
            let (number, mark) = interpret(&line[from..to], known, reading.dialect)
                .map_err(|message| bad(message, from))?;
            if let Some(mark) = mark {
                names.learn_mark(currency, mark, false);
            }
            number
        }
    };
    if number.places > PLACES_MAX {
        number = trimmed(number);
    }
    if negative {
        number.mantissa = -number.mantissa;
    }
    let bare = code.is_none();
    Ok((
        Amount {
            number,
            currency,
            bare,
        },
        next,
    ))
}

/// Spaces, no-break spaces too.
fn skip_spaces(line: &str, at: usize) -> usize {
    let next = skip_blanks(line.as_bytes(), at);
    match line.as_bytes().get(next) {
        Some(byte) if *byte >= 0x80 => {
            let rest = &line[next..];
            next + (rest.len() - rest.trim_start().len())
        }
        _ => next,
    }
}

fn sign(bytes: &[u8], at: usize) -> (bool, usize) {
    match bytes.get(at) {
        Some(b'-') => (true, skip_blanks(bytes, at + 1)),
        Some(b'+') => (false, skip_blanks(bytes, at + 1)),
        _ => (false, at),
    }
}

/// What decides an ambiguous number of this commodity.
#[derive(Clone, Copy)]
enum Known {
    /// `decimal-mark`: the other mark always groups.
    Strict(u8),
    /// The commodity's style.
    Style(u8),
    Nothing,
}

fn known_mark(names: &Names, currency: CurrencyKey, reading: Reading) -> Known {
    let commodity = names.get(currency);
    match (reading.mark, commodity.mark) {
        (Some(mark), _) => Known::Strict(mark),
        (None, Some(mark)) if commodity.mark_declared || reading.dialect != Dialect::Hledger => {
            Known::Style(mark)
        }
        _ => Known::Nothing,
    }
}

/// A number found, perhaps not yet understood.
enum Raw {
    /// Digits with at most one point that nothing can make a group mark.
    Plain(Number),
    Marked {
        from: usize,
        to: usize,
    },
}

/// Finds the number at `at`. Without commas, group marks or exponents it is also understood.
fn raw_number(line: &str, at: usize) -> Result<(Raw, usize), FaultAt> {
    let bytes = line.as_bytes();
    let (mut next, mut value, mut digits) = (at, 0u64, 0u32);
    let mut point = None;
    while let Some(byte) = bytes.get(next) {
        match byte {
            b'0'..=b'9' if digits < 18 => {
                value = value * 10 + u64::from(byte - b'0');
                digits += 1;
            }
            b'.' if point.is_none() => point = Some(next),
            _ => break,
        }
        next += 1;
    }
    let places = point.map_or(0, |p| next - p - 1);
    let ambiguous = places == 3 && next - at <= 7;
    let follows = bytes.get(next).copied().unwrap_or(b'\n');
    let grouped = follows == b' ' && bytes.get(next + 1).is_some_and(u8::is_ascii_digit);
    let plain = !grouped && !ambiguous && digits > 0 && follows < 0x80;
    if plain && !matches!(follows, b'0'..=b'9' | b'.' | b',' | b'e' | b'E' | b'\'') {
        let number = Number {
            mantissa: i128::from(value),
            places: places as u8,
        };
        return Ok((Raw::Plain(number), next));
    }
    let to = end_of_number(line, at);
    if !bytes[at..to].iter().any(u8::is_ascii_digit) {
        return Err(bad("here an amount should begin", at)
            .or_hint("write it like 1250.00 INR, $-5 or \"AB 12\" 3"));
    }
    Ok((Raw::Marked { from: at, to }, to))
}

impl FaultAt {
    fn or_hint(mut self, hint: &str) -> FaultAt {
        self.fault.hint.get_or_insert_with(|| hint.to_owned());
        self
    }
}

/// Where digits, marks, groups parted by spaces and an exponent end.
fn end_of_number(line: &str, at: usize) -> usize {
    let bytes = line.as_bytes();
    let digits_at = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut next = at;
    while next < bytes.len() {
        match bytes[next] {
            b'0'..=b'9' | b'.' | b',' => next += 1,
            b'\'' if digits_at(next + 1) == 3 => next += 1,
            b'e' | b'E' if next > at => {
                let signed = usize::from(matches!(bytes.get(next + 1), Some(b'+' | b'-')));
                let exponent = digits_at((next + 1 + signed).min(bytes.len()));
                if exponent == 0 {
                    break;
                }
                return next + 1 + signed + exponent;
            }
            _ => {
                let Some(space) = line[next..].chars().next().filter(|c| is_group_space(*c)) else {
                    break;
                };
                let after = next + space.len_utf8();
                // A group has two (lakh) or three digits; anything else is another number.
                if next == at || !matches!(digits_at(after), 2 | 3) {
                    break;
                }
                next = after;
            }
        }
    }
    next
}

fn is_group_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}'
    )
}

/// Understands a number with marks; says which decimal mark it surely shows.
fn interpret(
    text: &str,
    known: Known,
    dialect: Dialect,
) -> Result<(Number, Option<u8>), &'static str> {
    let (digits, exponent) = match text.find(['e', 'E']) {
        Some(at) => (
            &text[..at],
            text[at + 1..]
                .parse::<i32>()
                .map_err(|_| "the exponent is too large")?,
        ),
        None => (text, 0),
    };
    let marks: Vec<(usize, u8)> = digits
        .bytes()
        .enumerate()
        .filter(|(_, b)| *b == b'.' || *b == b',')
        .collect();
    let spaced = digits.contains(|c: char| is_group_space(c) || c == '\'');
    let decimal = decimal_place(digits, &marks, known, dialect, spaced)?;
    let behind = marks.last().map_or(0, |(at, _)| digits.len() - at - 1);
    let sure = (marks.len() > 1 || spaced || behind != 3).then(|| match decimal {
        Some(at) => digits.as_bytes()[at],
        // Only group marks: the other one would part the decimals.
        None if marks.first().is_some_and(|(_, m)| *m == b'.') => b',',
        None => b'.',
    });
    let (mut mantissa, mut places) = (0i128, 0i32);
    for (at, byte) in digits
        .bytes()
        .enumerate()
        .filter(|(_, b)| b.is_ascii_digit())
    {
        mantissa = mantissa
            .checked_mul(10)
            .and_then(|m| m.checked_add(i128::from(byte - b'0')))
            .ok_or("the number is too long")?;
        places += i32::from(decimal.is_some_and(|d| at > d));
    }
    places -= exponent;
    if places < 0 {
        let factor =
            crate::ledger::money::pow10(places.unsigned_abs()).ok_or("the number is too large")?;
        mantissa = mantissa
            .checked_mul(factor)
            .ok_or("the number is too large")?;
        places = 0;
    }
    let places = u8::try_from(places).map_err(|_| "the number has too many decimal places")?;
    Ok((
        Number { mantissa, places },
        sure.filter(|_| !marks.is_empty()),
    ))
}

/// Which of the marks parts the decimals.
fn decimal_place(
    digits: &str,
    marks: &[(usize, u8)],
    known: Known,
    dialect: Dialect,
    spaced: bool,
) -> Result<Option<usize>, &'static str> {
    let Some((last_at, last)) = marks.last().copied() else {
        return Ok(None);
    };
    let same = marks.iter().filter(|(_, m)| *m == last).count();
    if let Known::Strict(mark) = known {
        return match (last == mark, same) {
            (true, 1) => Ok(Some(last_at)),
            (true, _) => Err("the decimal mark stands twice"),
            (false, _) if marks.iter().any(|(_, m)| *m == mark) => {
                Err("a group mark stands behind the decimal mark")
            }
            (false, _) => Ok(None),
        };
    }
    if marks.len() > same {
        // Both marks: the last one is decimal, and stands once.
        return if same == 1 {
            Ok(Some(last_at))
        } else {
            Err("points and commas are mixed")
        };
    }
    if same > 1 {
        return Ok(None);
    }
    let behind = digits.len() - last_at - 1;
    // Nobody groups behind a lone zero; Ledger does.
    let lone_zero = dialect != Dialect::Ledger && digits.starts_with('0');
    let ambiguous = behind == 3 && (1..=3).contains(&last_at) && !spaced && !lone_zero;
    if !ambiguous {
        return Ok(Some(last_at));
    }
    let groups = match known {
        Known::Style(mark) => mark != last,
        _ => dialect != Dialect::Hledger && last == b',',
    };
    Ok((!groups).then_some(last_at))
}

/// Refuses an amount that cannot be stored exactly. Prices may have more places.
pub(super) fn storable(amount: &Amount, at: usize) -> Result<(), FaultAt> {
    if amount.number.places <= PLACES_MAX {
        return Ok(());
    }
    Err(Fault::new(
        "too-precise",
        format!("more than {PLACES_MAX} decimal places"),
    )
    .hint("hissab keeps at most 12 decimal places of an amount")
    .at(at))
}

/// Without the trailing zeros beyond the places that can be stored.
fn trimmed(mut number: Number) -> Number {
    while number.places > PLACES_MAX && number.mantissa % 10 == 0 {
        number.mantissa /= 10;
        number.places -= 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(dialect: Dialect, text: &str) -> Result<String, &'static str> {
        let mut names = Names::default();
        let reading = Reading {
            dialect,
            ..Reading::default()
        };
        match amount(text, 0, &mut names, reading) {
            Ok((a, end)) => Ok(format!(
                "{}e-{} {:?} {}",
                a.number.mantissa,
                a.number.places,
                names.get(a.currency).code,
                &text[end..]
            )),
            Err(found) => Err(found.fault.code),
        }
    }

    fn read(text: &str) -> Result<String, &'static str> {
        read_as(Dialect::Auto, text)
    }

    #[test]
    fn the_commodity_may_stand_on_either_side() {
        for (text, want) in [
            ("$10", "10e-0 \"$\" "),
            ("$-10.50", "-1050e-2 \"$\" "),
            ("-$10.50", "-1050e-2 \"$\" "),
            ("- $ 10.50", "-1050e-2 \"$\" "),
            ("10 USD  ; x", "10e-0 \"USD\"   ; x"),
            ("10USD", "10e-0 \"USD\" "),
            ("\"AB 12\" 3", "3e-0 \"AB 12\" "),
            ("3 \"AB 12\" @ 4", "3e-0 \"AB 12\"  @ 4"),
            ("EUR 1", "1e-0 \"EUR\" "),
            ("10EUR", "10e-0 \"EUR\" "),
            ("₹1,00,000.50", "10000050e-2 \"₹\" "),
            ("5", "5e-0 \"\" "),
            (".5", "5e-1 \"\" "),
            ("5.", "5e-0 \"\" "),
            ("5\u{a0}€", "5e-0 \"€\" "),
        ] {
            assert_eq!(read(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn digit_groups_and_marks_of_many_countries_are_read() {
        for (text, want) in [
            ("1,000.00", "100000e-2"),
            ("1.000,00", "100000e-2"),
            ("1 000 000,5", "10000005e-1"),
            ("1\u{202f}000,50", "100050e-2"),
            ("1,000,000", "1000000e-0"),
            ("1.000.000", "1000000e-0"),
            ("12,5", "125e-1"),
            ("1,000", "1000e-0"),
            ("1.000", "1000e-3"),
            ("1000,000", "1000000e-3"),
            ("1E3", "1000e-0"),
            ("1.5e-2", "15e-3"),
            ("12'000.50", "1200050e-2"),
        ] {
            assert!(
                read(text).unwrap().starts_with(&format!("{want} ")),
                "{text}: {:?}",
                read(text)
            );
        }
        assert!(
            read_as(Dialect::Hledger, "1,000")
                .unwrap()
                .starts_with("1000e-3")
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "INR", "1.2.3,4,5", "1,2.3,4", "\"open 5", "-", "$"] {
            assert_eq!(read(text), Err("bad-amount"), "{text}");
        }
        assert_eq!(read("0,025").unwrap(), "25e-3 \"\" ");
        assert_eq!(
            read("0.500000000000000000 ETH").unwrap(),
            "500000000000e-12 \"ETH\" "
        );
    }
}
