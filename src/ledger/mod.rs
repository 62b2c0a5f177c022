//! The core: money, accounts, transactions and the rules that always hold. Pure: values in,
//! values out; no files, network, clock, environment, SQL or floats.

pub mod account;
mod amount_expression;
pub mod amount_format;
mod amount_problem;
pub mod amount_text;
pub mod amount_words;
pub mod audit;
pub mod change;
pub mod chart;
pub mod currency;
pub mod day;
pub mod draft;
pub mod finding;
pub mod lock;
pub mod money;
pub mod rules;
pub mod settings;
pub mod totals;
pub mod transaction;
pub mod violation;
