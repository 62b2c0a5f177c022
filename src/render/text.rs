//! Other people's text, made harmless: for terminals (control characters) and for
//! spreadsheets (formulas).

use std::borrow::Cow;

/// Text without anything a terminal would obey: control characters become visible signs,
/// direction overrides vanish, line ends and tabs become spaces.
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    if is_harmless(text, |_| false) {
        return Cow::Borrowed(text);
    }
    let replaced = |c: char| match c {
        '\n' | '\t' | '\r' => ' ',
        c => visible(c),
    };
    Cow::Owned(text.chars().map(replaced).collect())
}

/// The same for a csv or tsv cell, where `keep` (line ends) may stay.
pub(super) fn for_cell(text: &str, keep: fn(char) -> bool) -> Cow<'_, str> {
    let text = if is_harmless(text, keep) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(
            text.chars()
                .map(|c| if keep(c) { c } else { visible(c) })
                .collect(),
        )
    };
    if is_formula(&text) {
        Cow::Owned(format!("'{text}"))
    } else {
        text
    }
}

/// True if a spreadsheet would compute a cell of this text.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

fn is_harmless(text: &str, keep: fn(char) -> bool) -> bool {
    // Most text is plain ASCII: settle that without decoding it.
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return true;
    }
    text.chars().all(|c| keep(c) || !is_harmful(c))
}

/// Control characters, and the invisible ones that turn a line round.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if is_harmful(c) => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_obeyed() {
        assert_eq!(for_terminal("\u{1b}[2J red"), "␛[2J red");
        assert_eq!(for_terminal("a\nb\tc"), "a b c");
        assert_eq!(for_terminal("x\u{9b}31m\u{202e}y"), "x\u{fffd}31m\u{fffd}y");
        assert!(matches!(for_terminal("₹ चाय"), Cow::Borrowed("₹ चाय")));
    }

    #[test]
    fn formulas_are_text() {
        let keep = |c| c == '\n';
        assert_eq!(for_cell("=1+1", keep), "'=1+1");
        assert_eq!(for_cell("@SUM(A1)", keep), "'@SUM(A1)");
        assert_eq!(for_cell("a=1", keep), "a=1");
        assert_eq!(for_cell("two\nlines", keep), "two\nlines");
        assert_eq!(for_cell("bell\u{7}", keep), "bell␇");
    }
}
