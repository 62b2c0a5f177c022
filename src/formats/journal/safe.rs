//! Text that a journal's grammar can hold: what it cannot becomes a full-width likeness or a space.

use std::borrow::Cow;

/// Words that Ledger reads as part of an expression.
const LEDGER_WORDS: &[&str] = &[
    "and", "or", "not", "true", "false", "div", "if", "else", "null",
];

/// A character's full-width likeness; others stay.
fn wide(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// One line: control characters become spaces.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Cow::Owned(clean)
}

/// A comment: a date that is none, in brackets or after `date:`, would stop hledger.
pub fn comment(text: &str) -> Cow<'_, str> {
    let text = line(text);
    if !text.contains("date") && !text.contains('[') {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 8);
    let mut rest = &*text;
    while let Some(at) = rest.find([':', '[']) {
        safe.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let is_colon = rest.as_bytes()[at] == b':';
        let harmful = if is_colon {
            is_date_name(safe.rsplit([' ', ',']).next().unwrap_or(""))
                && !is_date(after.split(',').next().unwrap_or(""))
        } else {
            after
                .split_once(']')
                .is_some_and(|(inside, _)| looks_dated(inside) && !is_dates(inside))
        };
        match (is_colon, harmful) {
            (true, true) => safe.push('：'),
            (true, false) => safe.push(':'),
            (false, true) => safe.push('［'),
            (false, false) => safe.push('['),
        }
        rest = after;
    }
    safe.push_str(rest);
    Cow::Owned(safe)
}

/// Tags that move a posting to another day.
fn is_date_name(name: &str) -> bool {
    matches!(name, "date" | "date2")
}

/// What hledger takes for a date in brackets.
fn looks_dated(inside: &str) -> bool {
    !inside.is_empty()
        && inside
            .bytes()
            .all(|b| b.is_ascii_digit() || b"/-.=".contains(&b))
}

fn is_dates(inside: &str) -> bool {
    let (first, second) = inside.split_once('=').unwrap_or((inside, ""));
    (first.is_empty() || is_date(first)) && (second.is_empty() || is_date(second))
}

/// `2026-04-01`, `2026/4/1`, or a day of the transaction's year: `4/1`.
fn is_date(text: &str) -> bool {
    let parts: Vec<Option<i16>> = text
        .trim()
        .split(['-', '/', '.'])
        .map(|part| part.parse().ok())
        .collect();
    let (year, month, day) = match parts.as_slice() {
        [Some(year), Some(month), Some(day)] => (*year, *month, *day),
        // A year in which every day of a month there can be is there.
        [Some(month), Some(day)] => (2000, *month, *day),
        _ => return false,
    };
    let small = |n: i16| i8::try_from(n).unwrap_or(0);
    jiff::civil::Date::new(year, small(month), small(day)).is_ok()
}

/// A description: a `;` would begin a comment.
pub fn description(text: &str) -> Cow<'_, str> {
    let text = match line(text) {
        Cow::Borrowed(text) => text.trim(),
        Cow::Owned(text) => return Cow::Owned(text.trim().replace(';', "；")),
    };
    if text.contains(';') {
        Cow::Owned(text.replace(';', "；"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What stands in parentheses before a description.
pub fn code(text: &str) -> String {
    line(text).replace(')', "）")
}

/// An account's name: what would be read as a mark, a bracket or a comment stands full-width.
pub fn account(path: &str) -> String {
    let mut name: String = line(path).into_owned();
    while name.contains("  ") {
        name = name.replace("  ", " ");
    }
    let mut chars = name.chars();
    match chars.next() {
        Some(first) if "()[]*!;@=~#%|<>{}\"".contains(first) => {
            format!("{}{}", wide(first), chars.as_str())
        }
        _ => name,
    }
}

/// A commodity, in quotes unless it is letters or one sign.
pub fn commodity(code: &str) -> String {
    let plain = |c: char| {
        c.is_alphabetic()
            || c == '$'
            || (!c.is_ascii() && !c.is_whitespace() && !c.is_control() && !c.is_numeric())
    };
    if code.chars().all(plain) && !LEDGER_WORDS.contains(&code) {
        return code.to_owned();
    }
    let inside: String = code
        .chars()
        .map(|c| match c {
            '"' => '＂',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    format!("\"{inside}\"")
}

/// A tag's name: no blanks, colons or commas.
pub fn tag_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| match c {
            ':' | ',' => wide(c),
            c if c.is_whitespace() || c.is_control() => '_',
            c => c,
        })
        .collect();
    if name.is_empty() {
        "_".to_owned()
    } else {
        name
    }
}

/// A tag's value: a comma would end it.
pub fn tag_value(value: &str) -> String {
    comment(value).trim().replace(',', "，")
}

/// A tag's name where it has this value: `date:` with something that is no date stands full-width.
pub fn tag_name_of(name: &str, value: &str) -> String {
    if is_date_name(name) && !is_date(value) {
        return name.replacen('d', "ｄ", 1);
    }
    tag_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_grammar_cannot_hold_is_replaced() {
        assert_eq!(description(" a; b\nc "), "a； b c");
        assert_eq!(code("a) b"), "a） b");
        assert_eq!(account("(x)"), "（x)");
        assert_eq!(account("Assets:A;B"), "Assets:A;B");
        assert_eq!(commodity("INR"), "INR");
        assert_eq!(commodity("$"), "$");
        assert_eq!(commodity("FUND 2030"), "\"FUND 2030\"");
        assert_eq!(commodity("a\"b"), "\"a＂b\"");
        assert_eq!(commodity("and"), "\"and\"");
        assert_eq!(tag_name("due date:"), "due_date：");
        assert_eq!(tag_value("a, b"), "a， b");
    }

    #[test]
    fn dates_that_are_none_do_not_stop_hledger() {
        assert_eq!(
            comment("due date: soon, date2:x"),
            "due date： soon, date2：x"
        );
        assert_eq!(
            comment("[2026-13-45] [x] [=2/30]"),
            "［2026-13-45] [x] ［=2/30]"
        );
        for kept in [
            "date:2026/4/1, date2: 4-1",
            "[2026-04-01=2026-04-02]",
            "update: x",
            "a [b]: c",
        ] {
            assert_eq!(comment(kept), kept);
        }
        assert_eq!(tag_name_of("date2", "2026-02-30"), "ｄate2");
        assert_eq!(tag_name_of("date", "2026-02-28"), "date");
    }
}
