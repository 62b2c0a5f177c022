//! Checks and proofs: what was looked at, and what was found.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Result, read_hash, read_word};
use crate::book::Verification;
use crate::ledger::audit::hex;
use crate::ledger::finding::{CheckOutcome, Finding, Severity};

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct FindingBody {
    pub code: String,
    /// `error`, `warning`, `note`.
    pub severity: String,
    pub date: Option<Date>,
    pub number: Option<u64>,
    pub account: Option<String>,
    pub message: String,
    pub hint: Option<String>,
}

/// A code that checks of a book's storage use, as the text that lives as long as the program.
fn known_code(code: &str) -> &'static str {
    const CODES: [&str; 5] = ["integrity", "balanced", "totals", "chain", "number-gap"];
    CODES
        .into_iter()
        .find(|c| *c == code)
        .unwrap_or("integrity")
}

impl FindingBody {
    pub fn of(finding: &Finding) -> FindingBody {
        FindingBody {
            code: finding.code.to_owned(),
            severity: finding.severity.word().to_owned(),
            date: finding.date,
            number: finding.number,
            account: finding.account.clone(),
            message: finding.message.clone(),
            hint: finding.hint.clone(),
        }
    }

    pub fn finding(self) -> Result<Finding> {
        let known = Severity::ALL.map(Severity::word);
        Ok(Finding {
            code: known_code(&self.code),
            severity: read_word("severity", &self.severity, Severity::from_word, &known)?,
            date: self.date,
            number: self.number,
            account: self.account,
            message: self.message,
            hint: self.hint,
        })
    }
}

/// What became of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CheckBody {
    pub code: String,
    pub findings: Vec<FindingBody>,
    /// Why it was not run, if it was not.
    pub skipped: Option<String>,
    /// What was looked at.
    pub detail: Option<String>,
}

impl CheckBody {
    pub fn of(outcome: &CheckOutcome) -> CheckBody {
        CheckBody {
            code: outcome.code.to_owned(),
            findings: outcome.findings.iter().map(FindingBody::of).collect(),
            skipped: outcome.skipped.clone(),
            detail: outcome.detail.clone(),
        }
    }

    pub fn outcome(self) -> Result<CheckOutcome> {
        Ok(CheckOutcome {
            code: known_code(&self.code),
            findings: read_all(self.findings)?,
            skipped: self.skipped,
            detail: self.detail,
        })
    }
}

fn read_all(findings: Vec<FindingBody>) -> Result<Vec<Finding>> {
    findings.into_iter().map(FindingBody::finding).collect()
}

/// `POST /orgs/{org}/checks`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ChecksRequest {
    #[serde(default)]
    pub deep: bool,
}

/// The answer of `POST /orgs/{org}/audit/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct VerificationBody {
    pub records: u64,
    pub transactions: u64,
    pub head: String,
    pub faults: Vec<FindingBody>,
}

impl VerificationBody {
    pub fn of(verification: &Verification) -> VerificationBody {
        VerificationBody {
            records: verification.records,
            transactions: verification.transactions,
            head: hex(&verification.head),
            faults: verification.faults.iter().map(FindingBody::of).collect(),
        }
    }

    pub fn verification(self) -> Result<Verification> {
        Ok(Verification {
            records: self.records,
            transactions: self.transactions,
            head: read_hash(&self.head)?,
            faults: read_all(self.faults)?,
        })
    }
}
