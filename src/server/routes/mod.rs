//! One file a resource: parse, call, answer.

pub mod health;
pub mod meta;
