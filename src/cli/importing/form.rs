//! Whether a stored row came in a file of the same form as the one at hand: in such files equal rows are spelt alike,
//! so that what is not found by its identity is another row.

use crate::formats::identity::{Identity, Said};
use crate::formats::statement::Statement;

/// What a CSV file of no known layout is called.
const ANY_CSV: &str = "csv";

/// The form of a statement's file, and a row of it.
pub struct Form<'a> {
    form: u32,
    layout: &'a str,
    raw: &'a str,
}

impl Form<'_> {
    pub fn of(statement: &Statement) -> Form<'_> {
        Form {
            form: statement.form(),
            layout: &statement.layout,
            raw: statement.rows.first().map_or("", |row| &row.raw),
        }
    }

    /// Whether a stored row is of a file of this form. Rows of older books say only what their file was taken for;
    /// of CSV files that is not enough.
    pub fn is_that_of(&self, format: &str, raw: Option<&str>, said: Option<&Said>) -> bool {
        let alike = |raw: &str| cells(Identity::text_of_stored(raw)) == cells(self.raw);
        match said {
            Some(said) => said.form == self.form,
            None => format == self.layout && (format != ANY_CSV || raw.is_none_or(alike)),
        }
    }
}

/// How many cells a line of a CSV file has, by the delimiter that is in it most often.
fn cells(line: &str) -> usize {
    let mut counts = [0; 4];
    let mut quoted = false;
    for c in line.chars() {
        quoted ^= c == '"';
        if let (Some(at), false) = ([';', '\t', '|', ','].iter().position(|d| *d == c), quoted) {
            counts[at] += 1;
        }
    }
    counts.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_in_quotes_are_one() {
        assert_eq!(cells("2025-04-20,FEE,-50"), 2);
        assert_eq!(cells("2025-04-20;\"a;b\";3,000.00;7,000.00"), 3);
        assert_eq!(cells(""), 0);
    }
}
