//! `GET /orgs/{org}/stream`: what happens to a book, an event an audit record.
//!
//! On the line it is `text/event-stream`: `id:` the sequence, `event:` the action, `data:` an [`EventBody`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ledger::audit::{AuditRecord, hex};

/// The media type of a stream.
pub const EVENT_STREAM: &str = "text/event-stream";

/// One change of a book, without its content: who wants that asks for the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EventBody {
    /// The book's sequence: from 1, without gaps.
    pub seq: u64,
    pub at: Timestamp,
    pub who: String,
    pub action: String,
    pub operation: Uuid,
    /// Transactions touched, as closed ranges.
    pub numbers: Vec<[u64; 2]>,
    /// How many transactions that are.
    pub count: u64,
    /// Of the record: what `audit verify` proves.
    pub hash: String,
}

/// An event as it stands in the stream.
#[cfg(feature = "server")]
#[derive(utoipa::ToSchema)]
pub struct StreamedEvent {
    /// The book's sequence: what `Last-Event-ID` takes.
    pub id: String,
    /// The action.
    pub event: String,
    /// An `EventBody`, as JSON.
    pub data: String,
}

impl EventBody {
    pub fn of(record: &AuditRecord) -> EventBody {
        let sizes = record.numbers.iter().map(|(first, last)| last - first + 1);
        EventBody {
            seq: record.sequence,
            at: record.at,
            who: record.who.clone(),
            action: record.action.clone(),
            operation: record.operation.0,
            numbers: record.numbers.iter().map(|(a, b)| [*a, *b]).collect(),
            count: sizes.sum(),
            hash: hex(&record.hash),
        }
    }
}
