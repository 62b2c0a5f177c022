//! The lines below a workbook's table: sums that say what they are of, and computed results.

use crate::ledger::currency::Currency;

/// A line below the rows of a workbook.
#[derive(Debug, Clone)]
pub struct FootLine<'a> {
    /// What people read in the first column: `Net profit`.
    pub label: String,
    pub currency: &'a Currency,
    /// One an amount column; empty where a sum means nothing.
    pub amounts: Vec<Option<i128>>,
    /// What it is computed of, for a formula.
    pub of: FootOf,
}

/// What a line below the table is computed of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FootOf {
    /// The rows of its currency, and of this section.
    Rows { section: &'static str },
    /// The rows of its currency on one side of this column, debit or credit.
    Side { column: &'static str, debit: bool },
    /// Lines above it: their places from 0; true where one is taken away.
    Lines(Vec<(bool, usize)>),
    /// Nothing on the sheet: a balance brought from elsewhere.
    Value,
}
