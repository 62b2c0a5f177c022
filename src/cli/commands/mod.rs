//! One file a command: its `Args` and its `run(ctx, args)`.

pub mod ageing;
pub mod audit;
pub mod audit_list;
pub mod audit_show;
pub mod audit_verify;
pub mod backup;
pub mod balance;
pub mod balance_sheet;
pub mod bankbook;
pub mod cash_flow;
pub mod cashbook;
pub mod check;
pub mod daybook;
pub mod dues;
pub mod help;
pub mod income_statement;
pub mod journal;
pub mod ledger;
pub mod parties;
pub mod register;
pub mod restore;
pub mod sections;
pub mod trial_balance;
