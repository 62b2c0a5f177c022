//! Bytes ↔ drafts and transactions: one file a format.
