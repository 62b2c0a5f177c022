//! What a report is of: the book, the days, the currency. Headings and JSON both say it.

use jiff::civil::Date;

/// What stands in a report's heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The book's name; empty for journals read with `-f`.
    pub book: String,
    /// First day, inclusive. `None`: from the beginning.
    pub from: Option<Date>,
    /// Last day, inclusive. `None`: the book holds nothing that would end it.
    pub to: Option<Date>,
    /// The fiscal year all the days lie in: `2026-27`.
    pub fiscal_year: Option<String>,
    /// Code of the book's base currency.
    pub base_currency: String,
    /// Only a part of the book was asked for: by account, payee, status…
    pub filtered: bool,
}
