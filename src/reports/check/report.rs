//! What a run of `check` says: every finding, what passed, what was skipped, the sum of it.

use crate::ledger::finding::{CheckOutcome, Finding, Severity};
use crate::ledger::plural::counted;

/// A run of checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// In the order of the checks.
    pub outcomes: Vec<CheckOutcome>,
    pub transactions: u64,
    /// Findings left out because somebody answers for them.
    pub accepted: usize,
    /// Findings left out because a baseline has them.
    pub known: usize,
}

impl CheckReport {
    /// Every finding, worst first, then in the order of the checks.
    pub fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.outcomes.iter().flat_map(|o| &o.findings).collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        all
    }

    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.outcomes.iter().flat_map(|o| &o.findings);
        findings.filter(|f| f.severity == severity).count()
    }

    /// Whether anything is as bad as `severity` or worse.
    pub fn fails(&self, severity: Severity) -> bool {
        let mut findings = self.outcomes.iter().flat_map(|o| &o.findings);
        findings.any(|f| f.severity >= severity)
    }

    /// `integrity`, or `chain (1061 records)`: the checks that ran and found nothing.
    pub fn passed(&self) -> Vec<String> {
        let clean = |o: &&CheckOutcome| o.skipped.is_none() && o.findings.is_empty();
        let words = |o: &CheckOutcome| match &o.detail {
            Some(detail) => format!("{} ({detail})", o.code),
            None => o.code.to_owned(),
        };
        self.outcomes.iter().filter(clean).map(words).collect()
    }

    /// `statement-unreconciled (no statement imported)`
    pub fn skipped(&self) -> Vec<String> {
        self.outcomes
            .iter()
            .filter_map(|o| Some(format!("{} ({})", o.code, o.skipped.as_ref()?)))
            .collect()
    }

    /// `13 checks, 1053 transactions: 1 error, 2 warnings`
    pub fn summary(&self) -> String {
        let mut found = Vec::new();
        for severity in [Severity::Error, Severity::Warning, Severity::Note] {
            let count = self.count(severity);
            if count > 0 {
                found.push(counted(count as u64, severity.word()));
            }
        }
        if found.is_empty() {
            found.push("nothing found".to_owned());
        }
        if self.accepted > 0 {
            found.push(format!("{} accepted", self.accepted));
        }
        if self.known > 0 {
            found.push(format!("{} in the baseline", self.known));
        }
        format!(
            "{}, {}: {}",
            counted(self.outcomes.len() as u64, "check"),
            counted(self.transactions, "transaction"),
            found.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_was_found_and_left_out() {
        let finding = |severity| Finding {
            code: "x",
            severity,
            date: None,
            number: None,
            account: None,
            message: String::new(),
            hint: None,
        };
        let mut report = CheckReport {
            outcomes: vec![
                CheckOutcome::of(
                    "a",
                    vec![finding(Severity::Warning), finding(Severity::Error)],
                ),
                CheckOutcome::of("b", Vec::new()),
                CheckOutcome::skipped("c", "no reason"),
            ],
            transactions: 1,
            accepted: 2,
            known: 0,
        };
        assert_eq!(
            report.summary(),
            "3 checks, 1 transaction: 1 error, 1 warning, 2 accepted"
        );
        assert_eq!(report.findings()[0].severity, Severity::Error);
        assert_eq!(report.passed(), ["b"]);
        assert_eq!(report.skipped(), ["c (no reason)"]);
        assert!(report.fails(Severity::Error));
        report.outcomes.remove(0);
        assert_eq!(
            report.summary(),
            "2 checks, 1 transaction: nothing found, 2 accepted"
        );
        assert!(!report.fails(Severity::Note));
    }
}
