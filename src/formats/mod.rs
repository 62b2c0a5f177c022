//! Bytes ↔ drafts and transactions: journals, bank statements. Knows nothing of books.

pub mod journal;
