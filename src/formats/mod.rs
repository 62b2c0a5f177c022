//! Bytes ↔ drafts and transactions: journals, bank statements. Knows nothing of books.

pub mod csv;
pub mod fault;
pub mod identity;
pub mod journal;
pub mod rules;
pub mod sniff;
pub mod statement;
