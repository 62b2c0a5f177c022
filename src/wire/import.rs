//! Imported files and their rows.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Result, read_hash};
use crate::book::{ImportRow, KnownRow};
use crate::ledger::audit::hex;
use crate::ledger::change::{ImportBatch, SourceRow};
use crate::ledger::transaction::Number;

/// One file brought in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BatchBody {
    pub id: Uuid,
    /// Its name, without a folder.
    pub file: String,
    pub sha256: String,
    pub format: String,
    /// The account a statement belongs to.
    #[serde(default)]
    pub account: Option<String>,
    /// Rows that were there already.
    pub skipped: u64,
}

impl BatchBody {
    pub fn of(batch: &ImportBatch) -> BatchBody {
        BatchBody {
            id: batch.id,
            file: batch.file.clone(),
            sha256: hex(&batch.sha256),
            format: batch.format.clone(),
            account: batch.account.as_deref().map(str::to_owned),
            skipped: batch.skipped,
        }
    }

    pub fn batch(self) -> Result<ImportBatch> {
        Ok(ImportBatch {
            id: self.id,
            sha256: read_hash(&self.sha256).map_err(|e| e.within("sha256"))?,
            file: self.file,
            format: self.format,
            account: self.account.map(Arc::from),
            skipped: self.skipped,
        })
    }
}

/// A row of an imported file, and the transaction it became or matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SourceRowBody {
    /// The first eight bytes of the hash of the row.
    pub identity: i64,
    pub line: u64,
    /// Left out: the transaction posted just before it in the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl SourceRowBody {
    pub fn of(row: &SourceRow) -> SourceRowBody {
        SourceRowBody {
            identity: row.identity,
            line: row.line,
            number: row.number.map(|n| n.0),
            raw: row.raw.clone(),
        }
    }

    pub fn row(self) -> SourceRow {
        SourceRow {
            identity: self.identity,
            line: self.line,
            number: self.number.map(Number),
            raw: self.raw,
        }
    }
}

/// A line of `GET /orgs/{org}/imports`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ImportBody {
    /// From 1, in order of recording.
    pub number: u64,
    pub recorded_at: Timestamp,
    pub sequence: u64,
    pub batch: BatchBody,
    pub added: u64,
    pub undone: bool,
}

impl ImportBody {
    pub fn of(row: &ImportRow) -> ImportBody {
        ImportBody {
            number: row.batch,
            recorded_at: row.recorded_at,
            sequence: row.sequence,
            batch: BatchBody::of(&row.head),
            added: row.added,
            undone: row.undone,
        }
    }

    pub fn row(self) -> Result<ImportRow> {
        Ok(ImportRow {
            batch: self.number,
            recorded_at: self.recorded_at,
            sequence: self.sequence,
            head: self.batch.batch()?,
            added: self.added,
            undone: self.undone,
        })
    }
}

/// `POST /orgs/{org}/known-rows`: which of these rows the book holds already.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct KnownRowsRequest {
    /// Ascending, without repeats.
    pub identities: Vec<i64>,
}

/// `POST /orgs/{org}/sources`: the rows that these transactions came from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SourcesRequest {
    /// Ascending, without repeats.
    pub numbers: Vec<u64>,
}

/// A source row that the book holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct KnownRowBody {
    pub identity: i64,
    pub batch: u64,
    pub line: u64,
    pub number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl KnownRowBody {
    pub fn of(row: &KnownRow) -> KnownRowBody {
        KnownRowBody {
            identity: row.identity,
            batch: row.batch,
            line: row.line,
            number: row.number,
            raw: row.raw.clone(),
        }
    }

    pub fn row(self) -> KnownRow {
        KnownRow {
            identity: self.identity,
            batch: self.batch,
            line: self.line,
            number: self.number,
            raw: self.raw,
        }
    }
}
