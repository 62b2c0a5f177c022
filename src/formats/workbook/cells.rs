//! The cells of a sheet, in whatever order they come, as CSV text: row `n` of the sheet is line `n` of the text.

use std::fmt::Write;

use crate::formats::csv::table::{COLUMNS_MAX, ROW_BYTES_MAX};
use crate::formats::fault::Fault;

/// The most rows of a sheet, as in Excel.
pub const ROWS_MAX: u32 = 1 << 20;
/// The most cells that hold something.
const CELLS_MAX: usize = 4_000_000;
/// The most text of a sheet, in bytes.
const TEXT_BYTES_MAX: usize = 48 << 20;

/// Refuses a sheet at a row, counted from 0.
pub fn too_large(row: u32, why: String) -> Result<(), Fault> {
    let fault = Fault::at("too-large", u64::from(row) + 1, 1, why);
    Err(fault.hint("this is no bank statement; split it, or save the part that counts as CSV"))
}

/// The cells of one sheet.
#[derive(Default)]
pub struct Cells {
    text: String,
    /// Row and column from 0, and where the text ends.
    places: Vec<(u32, u32, u32, u32)>,
}

impl Cells {
    /// Puts a text into a cell, row and column from 0. What is blank takes no place.
    ///
    /// Errors: more rows, columns, cells or text than any statement has.
    pub fn put(&mut self, row: u32, column: u32, text: &str) -> Result<(), Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let refuse = |why: String| too_large(row, why);
        if column as usize >= COLUMNS_MAX {
            return refuse(format!("the sheet has more than {COLUMNS_MAX} columns"));
        }
        if row >= ROWS_MAX || self.places.len() >= CELLS_MAX {
            return refuse(format!(
                "the sheet has more than {ROWS_MAX} rows or {CELLS_MAX} cells"
            ));
        }
        if text.len() > ROW_BYTES_MAX || self.text.len() + text.len() > TEXT_BYTES_MAX {
            return refuse(format!(
                "the sheet holds more than {} MiB of text",
                TEXT_BYTES_MAX >> 20
            ));
        }
        let from = self.text.len() as u32;
        self.text.push_str(text);
        self.places
            .push((row, column, from, self.text.len() as u32));
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The sheet as CSV. Of two texts in one cell the last counts.
    pub fn into_csv(mut self) -> String {
        self.places.sort_by_key(|(row, column, ..)| (*row, *column));
        let mut out = String::with_capacity(self.text.len() + self.places.len() * 2);
        let (mut row, mut column) = (0, 0);
        for (index, place) in self.places.iter().enumerate() {
            if self
                .places
                .get(index + 1)
                .is_some_and(|next| (next.0, next.1) == (place.0, place.1))
            {
                continue;
            }
            while row < place.0 {
                out.push('\n');
                (row, column) = (row + 1, 0);
            }
            while column < place.1 {
                out.push(',');
                column += 1;
            }
            quoted(&self.text[place.2 as usize..place.3 as usize], &mut out);
        }
        out.push('\n');
        out
    }
}

/// A cell in quotes where it needs them, on one line.
fn quoted(text: &str, out: &mut String) {
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/' | ':' | '+' | '_' | '(' | ')')
    };
    if text.chars().all(plain) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\"\""),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The shortest decimal text of a double, without the noise that sums of doubles leave behind its fifteenth digit.
///
/// `1234.5600000000001` is stored for 1234.56 and reads `1234.56`; 0.1 + 0.2 reads `0.3`, as the spreadsheet shows it.
pub fn number(value: f64) -> String {
    const FRACTION_MAX: usize = 6;
    let fraction = |text: &str| text.split_once('.').map_or(0, |(_, f)| f.len());
    let mut text = format!("{value}");
    if !value.is_finite() {
        return text;
    }
    if fraction(&text) > FRACTION_MAX {
        let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
        let shorter = format!("{rounded}");
        if fraction(&shorter) <= FRACTION_MAX {
            text = shorter;
        }
    }
    if text == "-0" {
        text = "0".to_owned();
    }
    // Three decimals could be taken for thousands.
    if fraction(&text) == 3 {
        text.push('0');
    }
    text
}

/// What a number's format makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Number,
    /// A day, perhaps with a time.
    Day,
    /// A time of day.
    Time,
}

/// What a format of Excel shows: by its number, else by its code.
pub fn shown(id: u32, code: Option<&str>) -> Shown {
    match (id, code) {
        (14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58, None) => Shown::Day,
        (18..=21 | 32..=35 | 45..=47 | 55 | 56, None) => Shown::Time,
        (_, Some(code)) => by_code(code),
        _ => Shown::Number,
    }
}

fn by_code(code: &str) -> Shown {
    let (mut letters, mut chars) = (String::new(), code.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => drop(chars.by_ref().find(|c| *c == '"')),
            '\\' | '_' | '*' => drop(chars.next()),
            '[' => {
                let inner: String = chars.by_ref().take_while(|c| *c != ']').collect();
                // `[h]:mm` counts hours; `[Red]` and `[$₹-4009]` are colours and currencies.
                if inner
                    .chars()
                    .all(|c| matches!(c, 'h' | 'H' | 'm' | 'M' | 's' | 'S'))
                {
                    letters.push('h');
                }
            }
            ';' => break,
            c => letters.extend(c.to_lowercase()),
        }
    }
    if letters.contains("general") {
        return Shown::Number;
    }
    let has = |c: char| letters.contains(c);
    match () {
        _ if has('y') || has('d') || has('m') && !has('h') && !has('s') => Shown::Day,
        _ if has('h') || has('s') => Shown::Time,
        _ => Shown::Number,
    }
}

/// A number as its format shows it: dates in ISO form, with the time where there is one.
pub fn formatted(value: f64, shown: Shown, since_1904: bool) -> String {
    let dated = match shown {
        Shown::Number => None,
        Shown::Day => day(value, since_1904),
        Shown::Time if (0.0..1.0).contains(&value) => {
            Some(time((value * 86_400.0).round() as u32 % 86_400))
        }
        Shown::Time => day(value, since_1904),
    };
    dated.unwrap_or_else(|| number(value))
}

/// Days since the end of 1899 (or the start of 1904) as a date; `None` outside of the calendar.
fn day(value: f64, since_1904: bool) -> Option<String> {
    // The last day of the year 9999.
    if !(1.0..2_958_466.0).contains(&value) {
        return None;
    }
    let seconds = (value * 86_400.0).round() as i64;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let start = match days {
        _ if since_1904 => jiff::civil::date(1904, 1, 1),
        // Excel believes that 1900 had a 29 February.
        ..60 => jiff::civil::date(1899, 12, 31),
        _ => jiff::civil::date(1899, 12, 30),
    };
    let date = start
        .checked_add(jiff::Span::new().try_days(days).ok()?)
        .ok()?;
    let mut text = date.to_string();
    if rest > 0 {
        let _ = write!(text, " {}", time(rest as u32));
    }
    Some(text)
}

fn time(seconds: u32) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_lines_of_their_rows() {
        let mut cells = Cells::default();
        for (row, column, text) in [
            (3, 1, "b, \"c\"\nd"),
            (0, 0, "a"),
            (3, 0, "1.50"),
            (3, 2, " "),
        ] {
            cells.put(row, column, text).unwrap();
        }
        assert_eq!(cells.into_csv(), "a\n\n\n1.50,\"b, \"\"c\"\" d\"\n");
        let mut cells = Cells::default();
        assert_eq!(cells.put(0, 9_999_999, "x").unwrap_err().code, "too-large");
        assert_eq!(cells.put(ROWS_MAX, 0, "x").unwrap_err().code, "too-large");
    }

    #[test]
    fn doubles_read_as_they_were_typed() {
        for (text, want) in [
            ("1234.5600000000001", "1234.56"),
            ("0.30000000000000004", "0.3"),
            ("-450", "-450"),
            ("609412345678", "609412345678"),
            ("1.5E3", "1500"),
            ("99999999999999.98", "99999999999999.98"),
            ("0.125", "0.1250"),
            ("-0", "0"),
            ("0.3333333333333333", "0.3333333333333333"),
        ] {
            assert_eq!(number(text.parse().unwrap()), want, "{text}");
        }
    }

    #[test]
    fn formats_tell_dates_from_amounts() {
        for (code, want) in [
            ("dd/mm/yyyy", Shown::Day),
            ("[$-409]d-mmm-yy;@", Shown::Day),
            ("dd\\-mm\\-yyyy hh:mm", Shown::Day),
            ("h:mm AM/PM", Shown::Time),
            ("[h]:mm", Shown::Time),
            ("#,##0.00 \"Dr\"", Shown::Number),
            ("[$₹-4009] #,##0.00;[Red]-#,##0.00", Shown::Number),
            ("General", Shown::Number),
            ("_(* #,##0.00_);_(* (#,##0.00)", Shown::Number),
        ] {
            assert_eq!(shown(164, Some(code)), want, "{code}");
        }
        assert_eq!(formatted(46_114.0, Shown::Day, false), "2026-04-02");
        assert_eq!(
            formatted(46_114.5, Shown::Day, false),
            "2026-04-02 12:00:00"
        );
        assert_eq!(formatted(0.75, Shown::Time, false), "18:00:00");
        assert_eq!(formatted(44_652.0, Shown::Day, true), "2026-04-02");
        assert_eq!(formatted(1.0, Shown::Day, false), "1900-01-01");
        assert_eq!(formatted(-5.0, Shown::Day, false), "-5");
        assert_eq!(formatted(1e300, Shown::Day, false).len(), 301);
    }
}
