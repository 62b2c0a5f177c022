//! Bytes ↔ drafts and transactions: journals, bank statements. Knows nothing of books.

pub mod beancount;
pub mod camt;
pub mod changes;
pub mod csv;
pub mod fault;
pub mod gather;
pub mod gnucash;
pub mod identity;
pub mod journal;
pub mod json_rows;
pub mod mirror;
pub mod mt940;
pub mod ofx;
pub mod package;
pub mod plan;
pub mod qif;
pub mod rules;
pub mod sniff;
pub mod statement;
pub mod statements;
pub mod suggest;
pub mod tally;
pub mod whole;
pub mod workbook;
pub mod writers;
pub mod xml;
