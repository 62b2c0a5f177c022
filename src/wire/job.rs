//! Jobs: work that takes longer than a request. Asked for, looked at, fetched, called off.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum JobState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl JobState {
    pub const ALL: [JobState; 5] = [
        JobState::Queued,
        JobState::Running,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Cancelled,
    ];

    pub fn word(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Succeeded => "succeeded",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        }
    }

    pub fn from_word(word: &str) -> Option<JobState> {
        JobState::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Nothing more becomes of it.
    pub fn is_final(self) -> bool {
        !matches!(self, JobState::Queued | JobState::Running)
    }
}

/// `POST /orgs/{org}/exports`: write transactions to a file, as `hissab export -O FORMAT` does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ExportRequest {
    /// `transactions`.
    #[serde(default = "transactions")]
    pub what: String,
    /// `csv`, `tsv`, `json`, `ndjson`, `md`, `html`, `xlsx`, `hledger`, `ledger`, `beancount`, `sql`, `qif` or `tally`.
    pub format: String,
    #[serde(default)]
    pub filters: ExportFilters,
    /// Columns of csv, tsv, json and ndjson, in this order; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Csv and tsv without their first line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_header: bool,
    /// Leave cells that a spreadsheet would compute as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw: bool,
}

fn transactions() -> String {
    "transactions".to_owned()
}

impl ExportRequest {
    /// The whole book in a format.
    pub fn of(format: &str) -> ExportRequest {
        ExportRequest {
            what: transactions(),
            format: format.to_owned(),
            filters: ExportFilters::default(),
            fields: Vec::new(),
            no_header: false,
            raw: false,
        }
    }
}

/// Which transactions; nothing given: all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ExportFilters {
    /// Inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Query terms, as `hissab journal` takes them: `desc:rent`, `cur:INR`, account patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<String>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct JobBody {
    pub id: Uuid,
    /// Slug of the organisation.
    pub org: String,
    /// `export`.
    pub kind: String,
    /// What was asked for.
    pub request: ExportRequest,
    #[serde(flatten)]
    pub status: JobStatus,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// When job and result are forgotten.
    pub expires_at: Timestamp,
    /// Of one that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<JobResult>,
}

/// `GET /jobs/{id}/status`: how far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct JobStatus {
    pub state: JobState,
    pub progress: JobProgress,
    /// Of one that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// Transactions written, of how many (an estimate where a query picks them).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct JobProgress {
    pub done: u64,
    pub total: u64,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct JobError {
    pub code: String,
    pub message: String,
}

/// What a job made: fetched from `GET /jobs/{id}/result`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct JobResult {
    /// A name for the file: `acme-2026-04-07.csv`.
    pub name: String,
    pub media_type: String,
    pub bytes: u64,
    /// Of those bytes, hexadecimal.
    pub sha256: String,
    /// The state of the book it was made from.
    pub sequence: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_of_everything_needs_only_its_format() {
        let read: ExportRequest = serde_json::from_str(r#"{"format":"csv"}"#).unwrap();
        assert_eq!(read, ExportRequest::of("csv"));
        let refused = serde_json::from_str::<ExportRequest>(r#"{"format":"csv","filter":{}}"#);
        assert!(refused.unwrap_err().to_string().contains("unknown field"));
    }

    #[test]
    fn states_have_words() {
        for state in JobState::ALL {
            assert_eq!(JobState::from_word(state.word()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
    }
}
