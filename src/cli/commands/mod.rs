//! One file a command: its `Args` and its `run(ctx, args)`.

pub mod audit;
pub mod audit_list;
pub mod audit_show;
pub mod audit_verify;
pub mod backup;
pub mod check;
pub mod help;
pub mod restore;
pub mod trial_balance;
