//! What the audit log keeps of changes, as JSON: the same in every database.

pub use crate::book::stored::log::{changes_from_json, changes_to_json};
