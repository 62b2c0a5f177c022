//! Reports: pure functions from totals or transactions to report values. One file a report.
