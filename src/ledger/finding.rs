//! Findings: what a check of a book has to say, and what became of each check.

use jiff::civil::Date;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl Severity {
    pub const ALL: [Severity; 3] = [Severity::Note, Severity::Warning, Severity::Error];

    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    pub fn from_word(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// One thing `check` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable: `balanced`, `totals`, `chain`, …
    pub code: &'static str,
    pub severity: Severity,
    pub date: Option<Date>,
    pub number: Option<u64>,
    pub account: Option<String>,
    pub message: String,
    pub hint: Option<String>,
}

impl Finding {
    /// What the finding is about, the same from run to run: how `check accept` and a baseline name it.
    ///
    /// Shape: `1052`, `Assets:Cash@2026-04-02`, `Liabilities:Suspense`, `2026-03-31`, or empty.
    pub fn place(&self) -> String {
        match (&self.account, self.date, self.number) {
            (Some(account), Some(date), _) => format!("{account}@{date}"),
            (_, _, Some(number)) => number.to_string(),
            (Some(account), None, None) => account.clone(),
            (None, Some(date), None) => date.to_string(),
            (None, None, None) => String::new(),
        }
    }
}

/// What became of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutcome {
    pub code: &'static str,
    pub findings: Vec<Finding>,
    /// Why it was not run, if it was not.
    pub skipped: Option<String>,
    /// What was looked at, for the line of passed checks: `1061 records`.
    pub detail: Option<String>,
}

impl CheckOutcome {
    /// A check that ran.
    pub fn of(code: &'static str, findings: Vec<Finding>) -> CheckOutcome {
        CheckOutcome {
            code,
            findings,
            skipped: None,
            detail: None,
        }
    }

    /// A check that could not run, and why.
    pub fn skipped(code: &'static str, why: impl Into<String>) -> CheckOutcome {
        CheckOutcome {
            code,
            findings: Vec::new(),
            skipped: Some(why.into()),
            detail: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_place_names_the_narrowest_thing_known() {
        let mut finding = Finding {
            code: "cash-negative",
            severity: Severity::Warning,
            date: Some(date(2026, 4, 2)),
            number: Some(1045),
            account: Some("Assets:Cash".to_owned()),
            message: String::new(),
            hint: None,
        };
        assert_eq!(finding.place(), "Assets:Cash@2026-04-02");
        finding.date = None;
        assert_eq!(finding.place(), "1045");
        finding.number = None;
        assert_eq!(finding.place(), "Assets:Cash");
        finding.account = None;
        assert_eq!(finding.place(), "");
    }
}
