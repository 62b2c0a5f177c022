//! Reports: totals or transactions and a chart → a value that says everything a page shows.
//!
//! Pure, one file a report. The doors gather what a report needs (`cli::looking`), the report
//! decides, `render` shows. Balances are sums of minor units, debit positive.

pub mod activity;
pub mod ageing;
pub mod balance;
pub mod balance_sheet;
mod cash_activity;
pub mod cash_flow;
pub mod check;
pub mod day_cash;
pub mod dues;
pub mod held;
pub mod income_statement;
pub mod ledger;
pub mod names;
pub mod open_items;
pub mod open_years;
pub mod reconciliation;
#[cfg(test)]
mod sample;
pub mod scope;
pub mod sections;
pub mod stats;
#[cfg(test)]
pub mod testing;
pub mod tree;
pub mod trial_balance;
pub mod valuation;
