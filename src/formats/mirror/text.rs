//! The spelling of a mirror: texts plain where they can stand so, else in quotes with JSON's escapes.

use std::borrow::Cow;

use crate::formats::journal::safe;
use crate::formats::writers::names::unique;

/// Keys that mean something; a tag of such a name is written as `tag: "name" "value"`.
pub const KEYS: &[&str] = &[
    "number",
    "id",
    "voucher",
    "description",
    "reference",
    "payee",
    "due",
    "reverses",
    "meta",
    "tag",
    "memo",
    "price",
    "void",
];

/// A value: as it is, or quoted.
pub fn value(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(quoted(text))
    }
}

/// True if the rest of a comment line says the text, to us and without harm to hledger.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with('"')
        && !text.contains(|c: char| c.is_control() || c == '[')
        && !["date:", "date2:"].iter().any(|d| text.contains(d))
}

/// A string of JSON without anything hledger would take for a tag or a date.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ':' | ',' | '[' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What [`value`] wrote.
pub fn unvalue(text: &str) -> Option<String> {
    if text.starts_with('"') {
        let [one] = <[String; 1]>::try_from(strings(text)?).ok()?;
        return Some(one);
    }
    Some(text.to_owned())
}

/// Quoted strings, one after the other with a space between.
pub fn strings(text: &str) -> Option<Vec<String>> {
    let read = serde_json::Deserializer::from_str(text).into_iter::<String>();
    read.collect::<Result<_, _>>().ok()
}

/// `name:value` as hledger has it, where both can stand so.
pub fn plain_tag(name: &str, value: &str) -> Option<String> {
    let is_word = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let reserved = KEYS.contains(&name) || matches!(name, "date" | "date2" | "type");
    let is_value = value.is_empty() || (is_plain(value) && !value.contains([',', ':']));
    (is_word && !reserved && is_value).then(|| match value {
        "" => format!("{name}:"),
        value => format!("{name}: {value}"),
    })
}

/// Whether a description stands in the header line for itself.
pub fn is_plain_description(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['*', '!', '('])
        && !text.contains(|c: char| c.is_control() || c == ';')
}

/// Whether a reference stands in parentheses before the description.
pub fn is_plain_reference(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains(|c: char| c.is_control() || matches!(c, ')' | '(' | ';'))
}

pub fn account_names(paths: &[&str]) -> Vec<String> {
    unique(
        paths,
        |place| safe::account(paths[place]),
        |name, count| format!("{name} {count}"),
        str::to_owned,
    )
}

pub fn currency_names(codes: &[&str]) -> Vec<String> {
    unique(
        codes,
        |place| safe::commodity(codes[place]),
        |name, count| format!("\"{} {count}\"", name.trim_matches('"')),
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_come_back(text in "\\PC{0,12}|[\\x00-\\x7f\u{85}]{0,12}") {
            prop_assert_eq!(unvalue(&value(&text)), Some(text.clone()));
            let two = format!("{} {}", quoted(&text), quoted("x"));
            prop_assert_eq!(strings(&two), Some(vec![text.clone(), "x".to_owned()]));
            prop_assert!(!value(&text).contains('\n'));
        }
    }

    #[test]
    fn what_hledger_would_read_is_quoted() {
        assert_eq!(value("Rent, April: paid"), "Rent, April: paid");
        assert_eq!(value("x, date: soon"), r#""x\u002c date\u003a soon""#);
        assert_eq!(value("[2026]"), r#""\u005b2026]""#);
        assert_eq!(plain_tag("trip", "goa"), Some("trip: goa".to_owned()));
        assert_eq!(plain_tag("id", "7"), None);
        assert_eq!(plain_tag("date", "2026-04-01"), None);
        assert_eq!(plain_tag("a b", ""), None);
    }
}
