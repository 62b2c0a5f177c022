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
pub mod compact;
pub mod currency;
mod date_absolute;
mod date_fiscal;
mod date_numbers;
mod date_parts;
mod date_problem;
mod date_relative;
pub mod date_text;
pub mod day;
pub mod draft;
pub mod finding;
pub mod fiscal;
pub mod interval;
pub mod lock;
pub mod money;
pub mod period;
mod period_text;
pub mod redraft;
pub mod rules;
pub mod settings;
pub mod texts;
pub mod totals;
pub mod transaction;
pub mod violation;
