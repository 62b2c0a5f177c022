//! Names and values of hledger's rules: `name value`, a field's name, what `%name`, `%3` and `\1` stand for.

use super::{Field, Part, Template};

pub(super) fn value_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (head, value) = split(text);
    (head == name).then_some(value)
}

/// `name value` or `name: value`.
pub(super) fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find([' ', '\t', ':']).unwrap_or(text.len());
    let rest = text[end..].trim_start();
    (&text[..end], rest.strip_prefix(':').unwrap_or(rest).trim())
}

pub(super) fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner
        .or_else(|| text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')))
        .unwrap_or(text)
}

pub(super) fn separator(value: &str) -> Option<u8> {
    match unquoted(value) {
        v if v.eq_ignore_ascii_case("tab") || v == "\\t" => Some(b'\t'),
        v if v.eq_ignore_ascii_case("space") => Some(b' '),
        v if v.len() == 1 => v.bytes().next(),
        _ => None,
    }
}

/// A field by hledger's name for it.
pub(super) fn field(name: &str) -> Option<Field> {
    let digits = name.find(|c: char| c.is_ascii_digit());
    let (stem, number, tail) = match digits {
        None => (name, 0, ""),
        Some(at) => {
            let rest = name[at..].trim_start_matches(|c: char| c.is_ascii_digit());
            (
                &name[..at],
                name[at..name.len() - rest.len()].parse().ok()?,
                rest,
            )
        }
    };
    match (stem, number, tail) {
        ("date", 0, "") => Some(Field::Date),
        ("date", 2, "") => Some(Field::Date2),
        ("status", 0, "") => Some(Field::Status),
        ("code", 0, "") => Some(Field::Code),
        ("description", 0, "") => Some(Field::Description),
        ("payee", 0, "") => Some(Field::Payee),
        ("tags", 0, "") => Some(Field::Tags),
        ("comment", n, "") => Some(Field::Comment(n)),
        ("account", n, "") if n > 0 => Some(Field::Account(n)),
        ("amount", n, "") => Some(Field::Amount(n)),
        ("amount-in", 0, "") => Some(Field::AmountIn(0)),
        ("amount-out", 0, "") => Some(Field::AmountOut(0)),
        ("amount", n, "-in") => Some(Field::AmountIn(n)),
        ("amount", n, "-out") => Some(Field::AmountOut(n)),
        ("currency", n, "") => Some(Field::Currency(n)),
        ("balance", n, "") => Some(Field::Balance(n)),
        _ => None,
    }
}

/// A value with `%name`, `%3` and `\1` in it.
pub(super) fn template(value: &str, fields: &[String]) -> Template {
    let (mut parts, mut text) = (Vec::new(), String::new());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let name: usize = after
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            .map(char::len_utf8)
            .sum();
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let quoted = after.strip_prefix('"').and_then(|rest| rest.find('"'));
        let (part, taken) = match c {
            '%' if quoted.is_some_and(|n| n > 0) => {
                let length = quoted.unwrap_or(0);
                (part_of(&after[1..=length], fields), length + 2)
            }
            '%' if name > 0 => (part_of(&after[..name], fields), name),
            '\\' if digits > 0 => (Part::Group(after[..digits].parse().unwrap_or(0)), digits),
            _ => {
                text.push(c);
                rest = after;
                continue;
            }
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(part);
        rest = &after[taken..];
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Template::new(parts)
}

pub(super) fn part_of(name: &str, fields: &[String]) -> Part {
    if let Ok(number) = name.parse::<usize>() {
        return number
            .checked_sub(1)
            .map_or(Part::Text(format!("%{name}")), Part::Cell);
    }
    let name = name.to_lowercase();
    match fields.iter().position(|f| *f == name) {
        Some(column) => Part::Cell(column),
        None => Part::Name(name),
    }
}
