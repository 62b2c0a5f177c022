//! The words of one logical line: dates, accounts, currencies, strings, numbers with arithmetic.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::formats::journal::{Fault, JournalError};

/// How deep parentheses in a number may nest.
const DEPTH_MAX: u32 = 32;

/// A fault and the byte of the logical line it is about.
pub(super) type Read<T> = Result<T, (Fault, usize)>;

/// Reads a logical line from left to right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    pub text: &'t str,
    pub at: usize,
}

/// A value of metadata, a custom directive or a number where several kinds may stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// As it is kept.
    Text(String),
    Nothing,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Cursor<'t> {
        Cursor { text, at: 0 }
    }

    pub fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    /// True at the end of the line or at a comment.
    pub fn is_done(&mut self) -> bool {
        self.blanks();
        matches!(self.peek(), None | Some(';'))
    }

    pub fn wrong<T>(&self, code: &'static str, why: impl Into<String>) -> Read<T> {
        Err((Fault::new(code, why), self.at))
    }

    /// Nothing but a comment may follow.
    pub fn end(&mut self) -> Read<()> {
        if self.is_done() {
            return Ok(());
        }
        let word: String = self
            .rest()
            .split_whitespace()
            .next()
            .unwrap_or("")
            .chars()
            .take(40)
            .collect();
        self.wrong("bad-directive", format!("{word:?} does not belong here"))
    }

    /// Takes one character if it is next, blanks before it passed over.
    pub fn takes(&mut self, c: char) -> bool {
        self.blanks();
        let is = self.peek() == Some(c);
        self.at += if is { c.len_utf8() } else { 0 };
        is
    }

    fn run(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// A word up to the next blank, without moving.
    pub fn next_word(&self) -> &'t str {
        self.rest().split_whitespace().next().unwrap_or("")
    }

    /// A lower-case word such as a directive's name.
    pub fn keyword(&mut self) -> &'t str {
        self.blanks();
        self.run(|c| c.is_ascii_lowercase() || c == '_')
    }

    /// `2020-01-31`, `2020/1/31`; `None` without moving if no date is here.
    pub fn date(&mut self) -> Read<Option<Date>> {
        self.blanks();
        let from = self.at;
        let bytes = self.rest().as_bytes();
        let looks = bytes.len() >= 6
            && bytes[..4].iter().all(u8::is_ascii_digit)
            && matches!(bytes[4], b'-' | b'/')
            && bytes[5].is_ascii_digit();
        if !looks {
            return Ok(None);
        }
        let word = self.run(|c| c.is_ascii_digit() || c == '-' || c == '/');
        let mut parts = word.split(['-', '/']);
        let mut part = || parts.next().and_then(|p| p.parse::<i16>().ok());
        let date = match (part(), part(), part()) {
            (Some(year), Some(month), Some(day)) if parts.next().is_none() => {
                let small = |n: i16| i8::try_from(n).unwrap_or(0);
                Date::new(year, small(month), small(day)).ok()
            }
            _ => None,
        };
        match date {
            Some(date) => Ok(Some(date)),
            None => {
                let fault = Fault::new("bad-date", format!("there is no day {word}"))
                    .hint("dates are YYYY-MM-DD");
                Err((fault, from))
            }
        }
    }

    /// True if an account's name may begin here: a capital or a letter of another script, and a colon within the word.
    pub fn is_account(&self) -> bool {
        let word = self.account_word();
        let starts = |part: &str, digit: bool| {
            part.starts_with(|c: char| {
                c.is_ascii_uppercase() || !c.is_ascii() || digit && c.is_ascii_digit()
            })
        };
        let mut parts = word.split(':');
        starts(parts.next().unwrap_or(""), false)
            && word.contains(':')
            && parts.all(|p| starts(p, true))
    }

    fn account_word(&self) -> &'t str {
        let rest = self.rest();
        let other_script = |c: char| !c.is_ascii() && !c.is_whitespace();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-') || other_script(c);
        let length = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        &rest[..length]
    }

    pub fn account(&mut self) -> Read<&'t str> {
        self.blanks();
        if !self.is_account() {
            let word: String = self.next_word().chars().take(60).collect();
            let fault = Fault::new("bad-account", format!("an account should stand here, not {word:?}"))
                .hint("accounts are like Assets:Bank:Checking; each part begins with a capital or a digit");
            return Err((fault, self.at));
        }
        let word = self.account_word();
        self.at += word.len();
        Ok(word)
    }

    /// True if a currency is next: capitals, digits and `'._-`, with a capital in it, `/` may come first.
    pub fn is_currency(&self) -> bool {
        let word = self.currency_word();
        let body = word.strip_prefix('/').unwrap_or(word);
        body.starts_with(|c: char| c.is_ascii_uppercase())
            || word.starts_with('/') && body.contains(|c: char| c.is_ascii_uppercase())
    }

    fn currency_word(&self) -> &'t str {
        let rest = self.rest();
        let body = rest.strip_prefix('/').unwrap_or(rest);
        let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "'._-".contains(c);
        let length = body.find(|c| !fits(c)).unwrap_or(body.len());
        let word = &rest[..length + (rest.len() - body.len())];
        word.trim_end_matches(['\'', '.', '_', '-'])
    }

    pub fn currency(&mut self) -> Read<&'t str> {
        self.blanks();
        if !self.is_currency() {
            let word: String = self.next_word().chars().take(40).collect();
            let fault = Fault::new(
                "bad-commodity",
                format!("a currency should stand here, not {word:?}"),
            )
            .hint("currencies are in capitals: USD, HOOL, VANGUARD_500");
            return Err((fault, self.at));
        }
        let word = self.currency_word();
        self.at += word.len();
        Ok(word)
    }

    /// A string in quotes, over several lines if need be.
    pub fn string(&mut self) -> Read<String> {
        self.blanks();
        let from = self.at;
        if !self.takes('"') {
            return self.wrong("bad-directive", "a text in \"quotes\" should stand here");
        }
        let mut out = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += offset + 1;
                    return Ok(out);
                }
                '\\' => out.push(match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, 't')) => '\t',
                    Some((_, 'r' | 'f' | 'b')) => ' ',
                    Some((_, other)) => other,
                    None => break,
                }),
                c => out.push(c),
            }
        }
        Err((
            Fault::new("unclosed-quote", "the closing quote is missing"),
            from,
        ))
    }

    pub fn is_string(&mut self) -> bool {
        self.blanks();
        self.peek() == Some('"')
    }

    /// What stands behind `#` or `^`.
    pub fn name(&mut self) -> &'t str {
        self.run(|c| {
            c.is_ascii_alphanumeric() || "-_/.".contains(c) || !c.is_ascii() && !c.is_whitespace()
        })
    }

    /// True if a number or an expression begins here.
    pub fn is_number(&mut self) -> bool {
        self.blanks();
        self.peek()
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '('))
    }

    /// A number: digits with groups of three, and `+ - * / ( )`.
    pub fn number(&mut self) -> Read<Decimal> {
        self.sum(0)
    }

    fn sum(&mut self, depth: u32) -> Read<Decimal> {
        let mut left = self.product(depth)?;
        loop {
            let from = self.at;
            let result = if self.takes('+') {
                left.checked_add(self.product(depth)?)
            } else if self.takes('-') {
                left.checked_sub(self.product(depth)?)
            } else {
                self.at = from;
                return Ok(left);
            };
            left = self.in_range(result)?;
        }
    }

    fn product(&mut self, depth: u32) -> Read<Decimal> {
        let mut left = self.factor(depth)?;
        loop {
            let from = self.at;
            let result = if self.takes('*') {
                left.checked_mul(self.factor(depth)?)
            } else if self.takes('/') && !self.is_currency_behind(from) {
                let by = self.factor(depth)?;
                left.checked_div(by).map(|quotient| {
                    // As beancount has it: 10.00 / 4 keeps the two places.
                    let ideal = left.scale().saturating_sub(by.scale());
                    let mut quotient = quotient;
                    if quotient.scale() < ideal {
                        quotient.rescale(ideal);
                    }
                    quotient
                })
            } else {
                self.at = from;
                return Ok(left);
            };
            left = self.in_range(result)?;
        }
    }

    /// `100 /ESZ24`: the slash begins a currency.
    fn is_currency_behind(&mut self, from: usize) -> bool {
        let behind = self.rest().starts_with(|c: char| c.is_ascii_uppercase());
        if behind {
            self.at = from;
        }
        behind
    }

    fn in_range(&self, result: Option<Decimal>) -> Read<Decimal> {
        result.map_or_else(
            || self.wrong("bad-amount", "this cannot be computed within 28 digits"),
            Ok,
        )
    }

    fn factor(&mut self, depth: u32) -> Read<Decimal> {
        if depth > DEPTH_MAX {
            return self.wrong("bad-amount", "the number nests too deep");
        }
        if self.takes('-') {
            return Ok(-self.factor(depth + 1)?);
        }
        if self.takes('+') {
            return self.factor(depth + 1);
        }
        if self.takes('(') {
            let inner = self.sum(depth + 1)?;
            if !self.takes(')') {
                return self.wrong("bad-amount", "a closing parenthesis is missing");
            }
            return Ok(inner);
        }
        self.literal()
    }

    fn literal(&mut self) -> Read<Decimal> {
        self.blanks();
        let from = self.at;
        let written = self.run(|c| c.is_ascii_digit() || c == ',' || c == '.');
        let bad = |why: &str, hint: &str| Err((Fault::new("bad-amount", why).hint(hint), from));
        if !written.starts_with(|c: char| c.is_ascii_digit()) {
            return bad(
                "a number should stand here",
                "numbers are like 1250.00 or 1,250.00; write 0.50, not .50",
            );
        }
        let (whole, places) = written.split_once('.').unwrap_or((written, ""));
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or("");
        let grouped = whole.contains(',');
        if places.contains([',', '.'])
            || grouped && (first.len() > 3 || groups.any(|g| g.len() != 3))
        {
            return bad(
                "the digits are not grouped by threes",
                "the decimal mark is a point: 1,250.00 or 1250.00",
            );
        }
        let digits = format!("{}.{places}", whole.replace(',', ""));
        match Decimal::from_str_exact(digits.trim_end_matches('.')) {
            Ok(number) => Ok(number),
            Err(_) => bad(
                "the number has too many digits",
                "at most 28 digits are read",
            ),
        }
    }

    /// A value of metadata: text, date, account, tag, link, currency, number, amount, boolean, nothing.
    pub fn value(&mut self) -> Read<Value> {
        if self.is_done() {
            return Ok(Value::Nothing);
        }
        if self.is_string() {
            return Ok(Value::Text(self.string()?));
        }
        if let Some(date) = self.date()? {
            return Ok(Value::Text(date.to_string()));
        }
        if self.is_number() {
            let number = self.number()?;
            self.blanks();
            let code = if self.is_currency() {
                self.currency()?
            } else {
                ""
            };
            return Ok(Value::Text(
                format!("{number} {code}").trim_end().to_owned(),
            ));
        }
        if matches!(self.peek(), Some('#' | '^')) {
            let from = self.at;
            self.at += 1;
            self.name();
            return Ok(Value::Text(self.text[from..self.at].to_owned()));
        }
        if self.is_account() {
            return Ok(Value::Text(self.account()?.to_owned()));
        }
        if self.is_currency() {
            let word = self.currency()?;
            return Ok(match word {
                "NULL" => Value::Nothing,
                word => Value::Text(word.to_owned()),
            });
        }
        let word: String = self.next_word().chars().take(40).collect();
        self.wrong("bad-metadata", format!("cannot read the value {word:?}"))
    }
}

/// A fault of a logical line as an error: the first physical line is shown, with a column if it is there.
pub(super) fn error(
    file: &std::sync::Arc<str>,
    line: u32,
    text: &str,
    (fault, at): (Fault, usize),
) -> JournalError {
    // A byte behind a line end is on a later line of a text over several.
    let before = text.get(..at).unwrap_or(text);
    let down = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    let shown = text[start..].lines().next().unwrap_or("");
    let number = u64::from(line) + down as u64;
    JournalError::on_line(file.clone(), number, shown, fault.at(before.len() - start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<String> {
        let mut cursor = Cursor::new(text);
        let number = cursor.number().ok()?;
        cursor.is_done().then(|| number.to_string())
    }

    #[test]
    fn numbers_are_computed_exactly() {
        for (text, want) in [
            ("1,250.00", Some("1250.00")),
            ("-(3+4)*2", Some("-14")),
            ("10.00 / 4", Some("2.50")),
            ("5.", Some("5")),
            ("1,00", None),
            ("1,0,0.00", None),
            (".50", None),
            ("1 / 0", None),
            ("(1", None),
            ("1.2.3", None),
        ] {
            assert_eq!(number(text).as_deref(), want, "{text}");
        }
        assert_eq!(number(&"(".repeat(10_000)), None);
        assert_eq!(number(&"-".repeat(10_000)), None);
    }

    #[test]
    fn words_are_told_apart() {
        for (text, account, currency) in [
            ("Assets:Bank", true, true),
            ("USD", false, true),
            ("/ESZ24", false, true),
            ("Assets:bank", false, true),
            ("Активы:Банк", true, false),
            ("Assets", false, true),
            ("usd", false, false),
            ("Assets:401K:Cash", true, true),
        ] {
            let cursor = Cursor::new(text);
            assert_eq!(
                (cursor.is_account(), cursor.is_currency()),
                (account, currency),
                "{text}"
            );
        }
        let mut cursor = Cursor::new("BRK.B-, x");
        assert_eq!(cursor.currency().ok(), Some("BRK.B"));
        let mut cursor = Cursor::new("\"a \\\"b\\\\ c\nd\" x");
        assert_eq!(cursor.string().ok().as_deref(), Some("a \"b\\ c\nd"));
        assert!(Cursor::new("2020-02-30").date().is_err());
        assert_eq!(Cursor::new("2020-2").date().map(|d| d.is_some()).ok(), None);
        assert_eq!(Cursor::new("2020").date().ok(), Some(None));
    }
}
