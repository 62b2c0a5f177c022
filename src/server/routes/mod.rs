//! One file a resource: parse, call, answer.

pub mod audit;
pub mod book;
pub mod changes;
pub mod file;
pub mod health;
pub mod imports;
pub mod ledgers;
pub mod listing;
pub mod meta;
pub mod transactions;
