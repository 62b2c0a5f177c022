//! Texts in cells of our own CSV, both ways: what a spreadsheet would compute has a quote in front, what would hide or
//! turn text stands as its code point (`<U+202E>`), and tags stand in one cell. What is read is what was there.

use std::borrow::Cow;

use super::transaction::Tag;

/// Begins a code point. Where a text says it itself, its first character is written so.
const BEGINS: &str = "<U+";
const BEGINS_ITSELF: &str = "<U+003C>U+";

/// A text that says `<U+` itself, so that [`unguarded`] gives it back.
pub fn literal(text: &str) -> Cow<'_, str> {
    match text.contains(BEGINS) {
        true => Cow::Owned(text.replace(BEGINS, BEGINS_ITSELF)),
        false => Cow::Borrowed(text),
    }
}

/// With a quote in front where a spreadsheet would compute it, or where it begins as if it had one.
pub fn guarded(text: Cow<'_, str>) -> Cow<'_, str> {
    match is_formula(text.trim_start_matches('\'')) {
        true => Cow::Owned(format!("'{text}")),
        false => text,
    }
}

/// The text that was written by way of [`literal`] and [`guarded`].
pub fn unguarded(text: &str) -> Cow<'_, str> {
    let text = match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => text,
    };
    if !text.contains(BEGINS) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(BEGINS) {
        out.push_str(&rest[..at]);
        let digits = &rest[at + BEGINS.len()..];
        let point = digits.split_once('>').and_then(|(digits, after)| {
            let sized = (4..=6).contains(&digits.len());
            let point = u32::from_str_radix(digits, 16).ok().filter(|_| sized)?;
            let c = char::from_u32(point).filter(|c| !c.is_alphanumeric())?;
            Some((c, after))
        });
        match point {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push_str(BEGINS);
                rest = digits;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// True if a spreadsheet would compute a cell of this text.
pub fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// `name:value`; a colon in the name stands behind a backslash.
pub fn tag_text(tag: &Tag) -> String {
    let mut text = escaped(&tag.name, &[':']);
    if !tag.value.is_empty() {
        text.push(':');
        text.push_str(&tag.value);
    }
    text
}

/// What [`tag_text`] wrote.
pub fn read_tag_text(text: &str) -> Tag {
    let mut at = text.char_indices();
    let mut colon = None;
    while let Some((place, c)) = at.next() {
        match c {
            '\\' if text[place + 1..].starts_with(['\\', ':']) => {
                at.next();
            }
            ':' => {
                colon = Some(place);
                break;
            }
            _ => {}
        }
    }
    let (name, value) = match colon {
        Some(place) => (&text[..place], &text[place + 1..]),
        None => (text, ""),
    };
    Tag {
        name: unescaped(name, &[':']),
        value: value.to_owned(),
    }
}

/// Tags in one cell: `name:value, name`; a comma of theirs stands behind a backslash.
pub fn tags_text<'t>(tags: impl Iterator<Item = &'t Tag>) -> String {
    let texts: Vec<String> = tags.map(|tag| escaped(&tag_text(tag), &[','])).collect();
    texts.join(", ")
}

/// What [`tags_text`] wrote.
pub fn read_tags_text(text: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let (mut from, mut chars) = (0, text.char_indices());
    let mut take = |piece: &str| {
        let piece = piece
            .strip_prefix(' ')
            .filter(|_| !tags.is_empty())
            .unwrap_or(piece);
        if !piece.is_empty() {
            tags.push(read_tag_text(&unescaped(piece, &[','])));
        }
    };
    while let Some((place, c)) = chars.next() {
        match c {
            '\\' if text[place + 1..].starts_with(['\\', ',']) => {
                chars.next();
            }
            ',' => {
                take(&text[from..place]);
                from = place + 1;
            }
            _ => {}
        }
    }
    take(&text[from..]);
    tags
}

/// A backslash before each of these, and before a backslash that would be taken for one.
fn escaped(text: &str, marks: &[char]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_read = |next: &char| *next == '\\' || marks.contains(next);
        let before_mark = c == '\\' && chars.peek().is_none_or(is_read);
        if before_mark || marks.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn unescaped(text: &str, marks: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match next.filter(|n| c == '\\' && (*n == '\\' || marks.contains(n))) {
            Some(next) => {
                out.push(next);
                chars.next();
            }
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(name: &str, value: &str) -> Tag {
        Tag {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn plain_tags_are_written_as_ever() {
        let tags = [tag("trip", "goa"), tag("paid", ""), tag("path", r"C:\x")];
        assert_eq!(tags_text(tags.iter()), r"trip:goa, paid, path:C:\x");
        assert_eq!(tags_text([tag("a:b", "1,000")].iter()), r"a\:b:1\,000");
    }

    #[test]
    fn formulas_and_hidden_characters_come_back() {
        assert_eq!(guarded(literal("=1")), "'=1");
        assert_eq!(guarded(literal("it's")), "it's");
        assert_eq!(unguarded("a<U+202E>b"), "a\u{202e}b");
        assert_eq!(unguarded("<U+0041> <U+zz> <U+"), "<U+0041> <U+zz> <U+");
    }

    proptest! {
        #[test]
        fn texts_come_back(text in "['=+@a<U+203EC> \\\\,:-]{0,12}") {
            let written = guarded(literal(&text)).into_owned();
            prop_assert_eq!(unguarded(&written), text);
        }

        #[test]
        fn tags_come_back(pairs in prop::collection::vec(("[a\\\\:, ]{1,4}", "[b\\\\:, ]{0,4}"), 1..4)) {
            let tags: Vec<Tag> = pairs.iter().map(|(n, v)| tag(n, v)).collect();
            prop_assert_eq!(read_tags_text(&tags_text(tags.iter())), tags);
        }
    }
}
