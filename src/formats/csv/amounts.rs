//! Amounts as banks print them: signs, brackets, currency signs, Dr and Cr, groups, and the decimal mark of a file.

use rust_decimal::Decimal;

/// What a cell says of money, before its separators are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned<'a> {
    /// A minus, or brackets.
    pub negative: bool,
    /// A plus.
    pub plus: bool,
    /// `Dr` or `Cr` behind or before the number.
    pub side: Option<Side>,
    /// A sign or code beside the number: `₹`, `EUR`.
    pub currency: Option<&'a str>,
    /// Digits and separators only.
    pub number: &'a str,
}

impl Scanned<'_> {
    /// True if no digit is other than zero.
    pub fn is_zero(&self) -> bool {
        !self.number.bytes().any(|b| matches!(b, b'1'..=b'9'))
    }
}

/// Whose money moved which way, in a bank's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A bank's debit: money out.
    Out,
    In,
}

/// True of the ways banks print nothing.
pub fn is_blank(cell: &str) -> bool {
    matches!(cell, "" | "-" | "--" | "---" | "–" | "—" | "." | "*")
        || cell.eq_ignore_ascii_case("nil")
        || cell.eq_ignore_ascii_case("n/a")
        || cell.eq_ignore_ascii_case("na")
        || cell.eq_ignore_ascii_case("null")
}

/// The longest amounts that are read.
const WHOLE_DIGITS_MAX: usize = 18;
const FRACTION_DIGITS_MAX: usize = 10;

/// What a word says of the side, if that is all it says.
pub fn side(word: &str) -> Option<Side> {
    let word = word.trim().trim_end_matches('.').to_lowercase();
    match word.as_str() {
        "dr" | "db" | "d" | "debit" | "debits" | "debited" | "withdrawal" | "withdraw" | "out"
        | "paid" | "sent" | "expense" | "money out" | "cash out" | "paid out" | "af" | "s"
        | "soll" | "debet" | "payment" | "-" | "dbit" | "sortie" | "cargo" | "debito" | "débit"
        | "débito" | "расход" | "outgoing" | "debit transfer" | "outflow" | "kiadás"
        | "belastung" | "lastschrift" | "obciążenie" | "uit" | "borç" | "支出" | "addebito"
        | "deebet" | "debets" | "debetas" | "дебет" | "списання" | "saída" | "egreso"
        | "retiro" | "חובה" | "má dať" | "χ" | "χρέωση" | "breme" => Some(Side::Out),
        "cr"
        | "c"
        | "credit"
        | "credits"
        | "credited"
        | "deposit"
        | "in"
        | "received"
        | "income"
        | "money in"
        | "cash in"
        | "paid in"
        | "bij"
        | "h"
        | "haben"
        | "kredit"
        | "+"
        | "crdt"
        | "entree"
        | "entrée"
        | "abono"
        | "credito"
        | "crédit"
        | "crédito"
        | "приход"
        | "incoming"
        | "credit transfer"
        | "inflow"
        | "bevétel"
        | "gutschrift"
        | "uznanie"
        | "alacak"
        | "收入"
        | "accredito"
        | "k"
        | "kreedit"
        | "kredīts"
        | "kreditas"
        | "кредит"
        | "зарахування"
        | "entrada"
        | "ingreso"
        | "זכות"
        | "dal"
        | "π"
        | "πίστωση"
        | "dobro" => Some(Side::In),
        _ => None,
    }
}

fn is_group(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’')
}

fn is_number(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '.' | ',') || is_group(c)
}

/// Takes a cell apart; `None` if it is not an amount.
pub fn scan(cell: &str) -> Option<Scanned<'_>> {
    let mut rest = cell.trim();
    let mut scanned = Scanned {
        negative: false,
        plus: false,
        side: None,
        currency: None,
        number: "",
    };
    if let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
        scanned.negative = true;
        rest = inner.trim();
    }
    let (mut signed, mut steps) = (scanned.negative, 0);
    // From both ends inwards: at most a sign, a currency and a side, in any order.
    while !rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        steps += 1;
        let taken = take_front(rest, &mut scanned, &mut signed)?;
        rest = rest[taken..].trim_start();
        if steps > 4 || rest.is_empty() {
            return None;
        }
    }
    rest = rest.strip_suffix("/-").unwrap_or(rest).trim_end();
    // `Dr.`: the point belongs to the word.
    if rest
        .strip_suffix('.')
        .is_some_and(|r| r.ends_with(char::is_alphabetic))
    {
        rest = rest.trim_end_matches('.');
    }
    while !rest.ends_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        steps += 1;
        let left = take_back(rest, &mut scanned, &mut signed)?;
        rest = rest[..left].trim_end();
        if steps > 6 || rest.is_empty() {
            return None;
        }
    }
    scanned.number = rest;
    let digits = rest.bytes().any(|b| b.is_ascii_digit());
    (digits && rest.chars().all(is_number)).then_some(scanned)
}

/// Takes a sign, a currency or a side off the front; gives how many bytes that was.
fn take_front<'a>(rest: &'a str, scanned: &mut Scanned<'a>, signed: &mut bool) -> Option<usize> {
    let first = rest.chars().next()?;
    if matches!(first, '-' | '+' | '−' | '–') {
        return sign(first, scanned, signed);
    }
    let end = rest
        .find(|c: char| {
            c.is_ascii_digit() || c.is_whitespace() || matches!(c, '-' | '+' | '−' | ',')
        })
        .unwrap_or(rest.len());
    let word = &rest[..end];
    // `Rs.500`: the point belongs to the word; `$.50`: to the number.
    let word = match word.strip_suffix('.') {
        Some(head) if !head.ends_with(char::is_alphabetic) => head,
        _ => word,
    };
    affix(word, scanned)?;
    Some(word.len())
}

/// Takes the same off the back; gives how many bytes are left.
fn take_back<'a>(rest: &'a str, scanned: &mut Scanned<'a>, signed: &mut bool) -> Option<usize> {
    let last = rest.chars().next_back()?;
    // `45.00 (Dr)`.
    if last == ')' {
        let open = rest.rfind('(')?;
        let word = rest[open + 1..rest.len() - 1].trim();
        side(word)?;
        affix(word, scanned)?;
        return Some(open);
    }
    if matches!(last, '-' | '+' | '−') {
        sign(last, scanned, signed)?;
        return Some(rest.len() - last.len_utf8());
    }
    let start = rest
        .rfind(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '-')
        .map_or(0, |at| {
            at + rest[at..].chars().next().map_or(1, char::len_utf8)
        });
    affix(&rest[start..], scanned)?;
    Some(start)
}

fn sign(c: char, scanned: &mut Scanned<'_>, signed: &mut bool) -> Option<usize> {
    if *signed {
        return None;
    }
    *signed = true;
    scanned.negative = c != '+';
    scanned.plus = c == '+';
    Some(c.len_utf8())
}

fn affix<'a>(word: &'a str, scanned: &mut Scanned<'a>) -> Option<()> {
    if word.is_empty() || word.chars().count() > 5 {
        return None;
    }
    let bare = word.trim_end_matches('.');
    if matches!(bare.to_ascii_lowercase().as_str(), "dr" | "cr" | "db") {
        if scanned.side.is_some() {
            return None;
        }
        scanned.side = side(bare);
        return Some(());
    }
    let is_currency = word
        .chars()
        .all(|c| c.is_alphabetic() || c == '.' || !c.is_ascii());
    let is_currency = is_currency || word.ends_with('$') || word == "$";
    if !is_currency || scanned.currency.is_some() {
        return None;
    }
    scanned.currency = Some(bare);
    Some(())
}

/// What a number says of the decimal mark of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkEvidence {
    /// No separator, or none that could be a mark.
    None,
    /// The mark must be this.
    Mark(char),
    /// This separator, once, before exactly three digits: a mark or a group.
    Either(char),
}

/// What one number says. `1,234.56` and `12,50` are sure, `1,234` could be either.
pub fn evidence(number: &str) -> MarkEvidence {
    let points = number.matches('.').count();
    let commas = number.matches(',').count();
    let last = number.rfind(['.', ',']);
    let after = |at: usize| number.len() - at - 1;
    let other = |c: char| if c == '.' { ',' } else { '.' };
    match (points, commas, last) {
        (0, 0, _) | (_, _, None) => MarkEvidence::None,
        (p, c, Some(at)) if p > 0 && c > 0 => {
            MarkEvidence::Mark(if number.as_bytes()[at] == b'.' {
                '.'
            } else {
                ','
            })
        }
        (p, c, Some(at)) => {
            let mark = if p > 0 { '.' } else { ',' };
            if p + c > 1 {
                return MarkEvidence::Mark(other(mark));
            }
            let whole = &number[..at];
            let grouped = whole.chars().any(is_group);
            let could_group = after(at) == 3
                && !grouped
                && (1..=3).contains(&whole.len())
                && !whole.starts_with('0');
            if could_group {
                MarkEvidence::Either(mark)
            } else {
                MarkEvidence::Mark(mark)
            }
        }
    }
}

/// The exact value of a number with this decimal mark; `None` if its groups are malformed or it is too long.
///
/// Groups are of three digits, or Indian (`1,23,45,678`), all by one separator.
pub fn value(number: &str, mark: char) -> Option<Decimal> {
    let (whole, fraction) = match number.split_once(mark) {
        Some((whole, fraction)) => (whole, fraction),
        None => (number, ""),
    };
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if !whole.bytes().all(|b| b.is_ascii_digit()) && !groups_hold(whole, mark) {
        return None;
    }
    // Far beyond what a book holds; within it, sums cannot overflow.
    let digits = whole.bytes().filter(u8::is_ascii_digit).count();
    if digits > WHOLE_DIGITS_MAX || fraction.len() > FRACTION_DIGITS_MAX {
        return None;
    }
    let mut mantissa: i128 = 0;
    for digit in whole
        .bytes()
        .chain(fraction.bytes())
        .filter(u8::is_ascii_digit)
    {
        mantissa = mantissa
            .checked_mul(10)?
            .checked_add(i128::from(digit - b'0'))?;
    }
    let scale = u32::try_from(fraction.len()).ok().filter(|s| *s <= 28)?;
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
}

fn groups_hold(whole: &str, mark: char) -> bool {
    let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return true;
    };
    if separator == mark {
        return false;
    }
    let groups: Vec<&str> = whole.split(separator).collect();
    let digits = groups
        .iter()
        .all(|g| !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit()));
    let [first, middle @ .., last] = groups.as_slice() else {
        return false;
    };
    let western = middle.iter().all(|g| g.len() == 3);
    let indian = middle.iter().all(|g| g.len() == 2) && first.len() <= 2;
    digits && last.len() == 3 && first.len() <= 3 && (western || indian)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(cell: &str, mark: char) -> Option<String> {
        let scanned = scan(cell)?;
        let value = value(scanned.number, mark)?;
        Some(if scanned.negative {
            (-value).to_string()
        } else {
            value.to_string()
        })
    }

    #[test]
    fn amounts_as_banks_print_them() {
        for (cell, want) in [
            ("-$76.00", "-76.00"),
            ("$-76.00", "-76.00"),
            ("+$327.49", "327.49"),
            ("₹1,200", "1200"),
            ("Rs. 5,000.50", "5000.50"),
            ("Rs.500/-", "500"),
            ("(1,234.50)", "-1234.50"),
            ("100.00-", "-100.00"),
            ("−5.00", "-5.00"),
            ("12,34,567.89", "1234567.89"),
            ("1'234.56", "1234.56"),
            ("1 234 567.00", "1234567.00"),
            ("50.00 EUR", "50.00"),
            ("EUR -50.00", "-50.00"),
            (".50", "0.50"),
            ("$.50", "0.50"),
            ("7", "7"),
        ] {
            assert_eq!(amount(cell, '.').as_deref(), Some(want), "{cell}");
        }
        assert_eq!(amount("-1.234,56", ',').as_deref(), Some("-1234.56"));
        assert_eq!(amount("1\u{a0}234,56 €", ',').as_deref(), Some("1234.56"));
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for cell in [
            "",
            "-",
            "abc",
            "1-2",
            "--5",
            "(-5)",
            "1/4/2024",
            "5 apples today",
            "12 Dr Cr",
            "$",
            "1.2.3.4e5",
        ] {
            assert_eq!(scan(cell), None, "{cell}");
        }
        for number in [
            "1,23.00",
            "1,2345.00",
            ",123.00",
            "1,,234.00",
            "1.234.00",
            "12,34,56.00",
            "123,45,678.00",
        ] {
            assert_eq!(value(number, '.'), None, "{number}");
        }
    }

    #[test]
    fn sides_stand_before_or_behind() {
        assert_eq!(scan("1,000.00 CR").unwrap().side, Some(Side::In));
        assert_eq!(scan("1,000.00Dr.").unwrap().side, Some(Side::Out));
        assert_eq!(scan("Cr 5.00").unwrap().side, Some(Side::In));
        assert_eq!(scan("USD 5.00").unwrap().currency, Some("USD"));
    }

    #[test]
    fn a_number_says_what_it_can_of_the_mark() {
        for (number, want) in [
            ("1234", MarkEvidence::None),
            ("1,234.56", MarkEvidence::Mark('.')),
            ("1.234,56", MarkEvidence::Mark(',')),
            ("12,34,567", MarkEvidence::Mark('.')),
            ("1.234.567", MarkEvidence::Mark(',')),
            ("12,5", MarkEvidence::Mark(',')),
            ("1234.567", MarkEvidence::Mark('.')),
            ("0.123", MarkEvidence::Mark('.')),
            ("1,234", MarkEvidence::Either(',')),
            ("1.234", MarkEvidence::Either('.')),
        ] {
            assert_eq!(evidence(number), want, "{number}");
        }
    }
}
