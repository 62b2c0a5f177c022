//! Reports: totals or transactions and a chart → a value that says everything a page shows.
//!
//! Pure, one file a report. The doors gather what a report needs (`cli::looking`), the report
//! decides, `render` shows. Balances are sums of minor units, debit positive.

pub mod scope;
pub mod tree;
pub mod trial_balance;

#[cfg(test)]
pub mod testing;
