//! Other people's text in cells: control characters made visible, line ends made spaces,
//! formulas made text.

use std::borrow::Cow;

use super::sanitize;
use crate::ledger::cell_text::{guarded, is_formula, literal};

/// Text for a cell of a table: one line, nothing a terminal would obey.
pub(super) fn for_table(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\t']) {
        let flat = text.replace(['\n', '\t'], " ");
        return Cow::Owned(sanitize::line(&flat).into_owned());
    }
    sanitize::line(text)
}

/// Text for a cell of csv: line ends stay, what a spreadsheet would compute gets a quote in front.
pub(super) fn for_csv(text: &str) -> Cow<'_, str> {
    let text = literal(text);
    guarded(match sanitize::block(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(safe) => Cow::Owned(safe),
    })
}

/// Text in front of which a quote keeps a spreadsheet from computing it; blanks before it do not count.
pub(super) fn without_formula(text: &str) -> Cow<'_, str> {
    if is_formula(text.trim_start_matches(' ')) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Text for a cell of a workbook, which is text whatever it begins with; no longer than a cell holds.
pub(super) fn for_cell(text: &str, raw: bool, chars_max: usize) -> Cow<'_, str> {
    let safe = if raw {
        Cow::Borrowed(text)
    } else {
        sanitize::block(text)
    };
    if safe.len() <= chars_max || safe.chars().count() <= chars_max {
        return safe;
    }
    let cut: String = safe.chars().take(chars_max).collect();
    Cow::Owned(format!("{cut}… (longer than a cell)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_cell_is_one_harmless_line() {
        assert_eq!(for_table("\u{1b}[2J red"), "␛[2J red");
        assert_eq!(for_table("a\nb\tc\u{7}"), "a b c␇");
        assert!(matches!(for_table("₹ चाय"), Cow::Borrowed("₹ चाय")));
    }

    #[test]
    fn formulas_are_text() {
        assert_eq!(for_csv("=1+1"), "'=1+1");
        assert_eq!(for_csv("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(for_csv("\t=1"), "'\t=1");
        assert_eq!(for_csv("a=1"), "a=1");
        assert_eq!(for_csv("two\nlines"), "two\nlines");
        assert_eq!(for_csv("bell\u{7}"), "bell␇");
    }
}
