//! `GET /orgs/{org}/reports/{report}`: a report as the command line prints it, and which state of the books it shows.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReportName {
    TrialBalance,
    BalanceSheet,
    IncomeStatement,
    CashFlow,
    Balances,
    Ledger,
    DayBook,
    CashBook,
    Ageing,
}

impl ReportName {
    pub const ALL: [(&'static str, ReportName); 9] = [
        ("trial-balance", ReportName::TrialBalance),
        ("balance-sheet", ReportName::BalanceSheet),
        ("income-statement", ReportName::IncomeStatement),
        ("cash-flow", ReportName::CashFlow),
        ("balances", ReportName::Balances),
        ("ledger", ReportName::Ledger),
        ("day-book", ReportName::DayBook),
        ("cash-book", ReportName::CashBook),
        ("ageing", ReportName::Ageing),
    ];

    pub fn from_word(word: &str) -> Option<ReportName> {
        let found = ReportName::ALL.iter().find(|(known, _)| *known == word);
        found.map(|(_, name)| *name)
    }
}

/// A report. Two people with the same `sequence` and `head` have seen the same books.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ReportBody {
    pub report: ReportName,
    /// First day, inclusive; null: from the beginning.
    pub from: Option<Date>,
    /// Last day, inclusive; null: the book holds nothing.
    pub to: Option<Date>,
    /// The newest audit record the report has seen, and its hash.
    pub sequence: u64,
    pub head: Option<String>,
    /// Whether the books prove; null where the report proves nothing.
    pub balanced: Option<bool>,
    /// What `hissab --json` prints for the same question.
    #[cfg_attr(feature = "server", schema(value_type = Object))]
    pub document: Box<RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_called_the_same_in_a_path_and_in_an_answer() {
        for (word, name) in ReportName::ALL {
            assert_eq!(serde_json::to_value(name).unwrap(), word);
            assert_eq!(ReportName::from_word(word), Some(name));
        }
    }
}
