//! Text from books, files and servers, made harmless for a terminal.
//!
//! Control characters become their pictures (`␛`), and characters that turn the direction of text
//! or hide become visible code points (`<U+202E>`): what is read is what is there.

use std::borrow::Cow;
use std::fmt::Write;

/// One line of text: line breaks and tabs become pictures too.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, |_| false)
}

/// Several lines: line breaks and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    clean(text, |c| c == '\n' || c == '\t')
}

fn clean(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Bytes below 0x20, DEL, and the lead bytes 0xC2 (C1 controls) and 0xD8.. (marks) are the only suspects.
    if !text
        .bytes()
        .any(|b| b < 0x20 || b == 0x7f || b == 0xc2 || b == 0xd8 || b >= 0xe1)
    {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(|c| is_harmful(c) && !keep(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !is_harmful(c) || keep(c) {
            out.push(c);
        } else {
            push_picture(&mut out, c);
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal would act on the character, or reorder or hide text because of it.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The visible stand-in of a harmful character.
pub fn push_picture(out: &mut String, c: char) {
    match c {
        '\u{00}'..='\u{1f}' => {
            out.extend(char::from_u32(0x2400 + c as u32));
        }
        '\u{7f}' => out.push('\u{2421}'),
        other => {
            // Writing to a String cannot fail.
            let _ = write!(out, "<U+{:04X}>", other as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_in_any_script_is_left_alone() {
        for text in ["tea", "चाय", "Ł€₹", "क्\u{200d}ष", "日本"] {
            assert!(matches!(line(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn controls_and_overrides_become_visible() {
        assert_eq!(line("a\u{1b}[2Jb"), "a␛[2Jb");
        assert_eq!(line("a\nb\u{7f}"), "a␊b␡");
        assert_eq!(block("a\nb\tc\r"), "a\nb\tc␍");
        assert_eq!(line("x\u{9b}1m"), "x<U+009B>1m");
        assert_eq!(line("pay\u{202e}001"), "pay<U+202E>001");
        assert_eq!(line("\u{061c}"), "<U+061C>");
    }
}
