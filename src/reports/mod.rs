//! Reports: pure functions from totals or transactions to report values. One file a report.

pub mod activity;
pub mod ageing;
pub mod balance_sheet;
pub mod cash_flow;
pub mod check;
pub mod dues;
pub mod income_statement;
pub mod names;
pub mod open_items;
#[cfg(test)]
mod sample;
pub mod sections;
pub mod stats;
