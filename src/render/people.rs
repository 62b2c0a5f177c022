//! Dates and amounts as people read them.

use jiff::civil::Date;

use crate::ledger::amount_format::{self, Grouping};
use crate::ledger::currency::Currency;

/// Makes the text of sheets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct People {
    /// `None`: as usual for each currency.
    pub grouping: Option<Grouping>,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl People {
    /// `-1,23,456.50`
    pub fn signed(&self, minor: i128, currency: &Currency) -> String {
        amount_format::grouped(minor, currency.scale, self.grouping_of(currency))
    }

    /// `1,23,456.50`, without sign or side: for a debit or a credit column.
    pub fn magnitude(&self, minor: i128, currency: &Currency) -> String {
        amount_format::magnitude(minor, currency.scale, self.grouping_of(currency))
    }

    /// The same, but empty for zero.
    pub fn magnitude_or_empty(&self, minor: i128, currency: &Currency) -> String {
        if minor == 0 {
            String::new()
        } else {
            self.magnitude(minor, currency)
        }
    }

    /// `500.00 Dr`. A zero, which has no side, keeps its digits under the others'.
    pub fn sided(&self, minor: i128, currency: &Currency) -> String {
        let text = amount_format::sided(minor, currency.scale, self.grouping_of(currency));
        if minor == 0 { text + "   " } else { text }
    }

    /// `05-Apr-2026`
    pub fn date(&self, date: Date) -> String {
        let month = usize::from(date.month().unsigned_abs()).clamp(1, 12);
        format!("{:02}-{}-{:04}", date.day(), MONTHS[month - 1], date.year())
    }

    fn grouping_of(&self, currency: &Currency) -> Grouping {
        self.grouping
            .unwrap_or_else(|| Grouping::of_currency(&currency.code))
    }
}
