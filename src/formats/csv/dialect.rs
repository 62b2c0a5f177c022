//! Delimiter and quote of a file, by what makes the best table of its first rows.

use super::columns;
use super::table::{Dialect, Table};
use crate::formats::fault::Fault;

/// How many rows are looked at.
const SAMPLE_ROWS: usize = 300;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The dialect of a text; `delimiter` is what somebody says it is.
///
/// A delimiter under which a header is recognised wins; then the one under which most rows have
/// the same number of cells, at least two.
pub fn detect(text: &str, delimiter: Option<u8>) -> Result<Dialect, Fault> {
    let tried: Vec<u8> = match delimiter {
        Some(delimiter) => vec![delimiter],
        None => DELIMITERS.to_vec(),
    };
    let mut best: Option<((usize, usize), Dialect)> = None;
    let mut refused = None;
    for delimiter in tried {
        let dialect = Dialect {
            delimiter,
            quote: quote_of(text, delimiter),
        };
        // A quote that never closes is reported by the reader of the whole file: here it must not
        // speak against the delimiter.
        let unquoted = Dialect {
            quote: None,
            ..dialect
        };
        let sample = Table::read_some(text, dialect, SAMPLE_ROWS)
            .or_else(|_| Table::read_some(text, unquoted, SAMPLE_ROWS));
        let sample = match sample {
            Ok(sample) => sample,
            Err(fault) => {
                refused.get_or_insert(fault);
                continue;
            }
        };
        let score = score(&sample);
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, dialect));
        }
    }
    // Too long or too wide under one delimiter, and no header under another: that is what is wrong.
    if let Some(fault) = refused
        && best.as_ref().is_none_or(|((named, _), _)| *named == 0)
    {
        return Err(fault);
    }
    Ok(best.map_or(
        Dialect {
            delimiter: delimiter.unwrap_or(b','),
            quote: Some(b'"'),
        },
        |(_, dialect)| dialect,
    ))
}

/// Columns a header names, then rows that agree times their width (a wide table is no accident).
fn score(sample: &Table<'_>) -> (usize, usize) {
    let named = columns::find_header(sample).map_or(0, |h| h.columns.pairs().len());
    let mut widths = std::collections::BTreeMap::new();
    for row in 0..sample.len() {
        *widths.entry(sample.width(row)).or_insert(0usize) += 1;
    }
    let agreed = widths
        .into_iter()
        .filter(|(width, _)| *width > 1)
        .map(|(width, rows)| rows * width.min(8))
        .max()
        .unwrap_or(0);
    (named, agreed)
}

/// The quote that cells open with: `"`, or `'` where cells also close with it; none if none does.
fn quote_of(text: &str, delimiter: u8) -> Option<u8> {
    let sample = &text.as_bytes()[..text.len().min(256 * 1024)];
    let opens = |quote: u8| {
        let starts = |at: usize| {
            // `="007"` keeps a spreadsheet from reading a number.
            let at = at - usize::from(at > 0 && sample[at - 1] == b'=');
            let blanks = sample[..at].iter().rev().take_while(|b| **b == b' ');
            let at = at - blanks.count();
            at == 0 || sample[at - 1] == delimiter || matches!(sample[at - 1], b'\n' | b'\r')
        };
        (0..sample.len())
            .filter(|at| sample[*at] == quote && starts(*at))
            .count()
    };
    let closes = |quote: u8| {
        let ends = |at: usize| {
            sample
                .get(at + 1)
                .is_none_or(|b| *b == delimiter || matches!(b, b'\n' | b'\r'))
        };
        (1..sample.len())
            .filter(|at| sample[*at] == quote && ends(*at))
            .count()
    };
    if opens(b'"') > 0 {
        Some(b'"')
    } else if opens(b'\'') > 0 && closes(b'\'') >= opens(b'\'') {
        Some(b'\'')
    } else if text.len() > sample.len() {
        // A quote may come later in the file; `'` beyond the sample is taken for text.
        Some(b'"')
    } else {
        None
    }
}

/// What people call a delimiter.
pub fn name_of(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "comma",
        b';' => "semicolon",
        b'\t' => "tab",
        b'|' => "pipe",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (u8, Option<u8>) {
        let dialect = detect(text, None).unwrap();
        (dialect.delimiter, dialect.quote)
    }

    #[test]
    fn decimal_commas_do_not_pass_for_delimiters() {
        let text = "Buchungstag;Verwendungszweck;Betrag;CCY\n2026-04-02;Miete;-1.234,56;EUR\n2026-04-05;Gehalt;3.500,00;EUR\n";
        assert_eq!(of(text), (b';', None));
    }

    #[test]
    fn tabs_pipes_and_quotes_are_seen() {
        assert_eq!(
            of("Txn Date\tDescription\tDebit\tCredit\n1 Apr 2024\ta, b, c\t5\t\n").0,
            b'\t'
        );
        assert_eq!(of("Date|Narration|Amount\n01/04/2024|a, b|5\n").0, b'|');
        assert_eq!(
            of("'Date','Narration','Amount'\n'13/04/2024','O''Brien, x','5'\n"),
            (b',', Some(b'\''))
        );
        assert_eq!(
            of("Date,Narration,Amount\n13/04/2024,5\" pipe,5\n"),
            (b',', None)
        );
    }

    #[test]
    fn a_preamble_with_commas_does_not_hide_semicolons() {
        let text = "Konto, Inhaber, Zeitraum, usw.\nA, B, C, D\nE, F, G, H\nDatum;Text;Betrag\n01.04.2024;x;5,00\n";
        assert_eq!(of(text).0, b';');
    }
}
