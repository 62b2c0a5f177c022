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
pub(super) fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Cow::Owned(clean)
}

/// A description: a `;` would begin a comment.
pub(super) fn description(text: &str) -> Cow<'_, str> {
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
pub(super) fn code(text: &str) -> String {
    line(text).replace(')', "）")
}

/// An account's name: what would be read as a mark, a bracket or a comment stands full-width.
pub(super) fn account(path: &str) -> String {
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
pub(super) fn commodity(code: &str) -> String {
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
pub(super) fn tag_name(name: &str) -> String {
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
pub(super) fn tag_value(value: &str) -> String {
    line(value).trim().replace(',', "，")
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
}
