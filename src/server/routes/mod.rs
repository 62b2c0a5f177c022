//! One file a resource: parse, call, answer.

pub mod account;
pub mod audit;
pub mod auth;
pub mod batch;
pub mod changes;
pub mod chart;
pub mod checks;
pub mod docs;
pub mod file;
pub mod health;
pub mod imports;
pub mod invites;
pub mod jobs;
pub mod ledgers;
pub mod listing;
pub mod members;
pub mod members_audit;
pub mod meta;
pub mod metrics;
pub mod orgs;
pub mod reports;
pub mod sessions;
pub mod stream;
pub mod tokens;
pub mod totals;
pub mod transactions;
