//! What can be wrong with a draft. All of it is reported at once; each has a stable code.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use thiserror::Error;

use super::account::PathFault;
use super::period::people_date;

/// One reason a draft cannot become a transaction, or a change cannot be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Violation {
    #[error("fewer than two entries")]
    TooFewEntries,
    #[error("more than one amount is left out")]
    SeveralAmountsMissing,
    #[error("{}", unbalanced(.currency, .off))]
    Unbalanced { currency: Arc<str>, off: Decimal },
    #[error("{} {currency} has more than the {scale} decimal places of {currency}", .amount.abs())]
    TooPrecise {
        amount: Decimal,
        currency: Arc<str>,
        scale: u8,
    },
    #[error("{} {currency} is larger than an entry can be: 17 digits, decimals included", .amount.abs())]
    TooLarge { amount: Decimal, currency: Arc<str> },
    #[error("the price of {account} has too many digits")]
    PriceTooLong { account: Arc<str> },
    #[error("the price of {account} is negative")]
    NegativePrice { account: Arc<str> },
    #[error("{account} is in {currency}, and so is its price")]
    PriceInOwnCurrency {
        account: Arc<str>,
        currency: Arc<str>,
    },
    #[error("no account {path}")]
    UnknownAccount { path: Arc<str>, near: Vec<Arc<str>> },
    #[error("no currency {code}")]
    UnknownCurrency { code: Arc<str> },
    #[error("account {account} takes {expected} only, not {found}")]
    WrongCurrency {
        account: Arc<str>,
        expected: Arc<str>,
        found: Arc<str>,
    },
    #[error("account {account} was closed on {}", people_date(*.closed_on))]
    AccountClosed { account: Arc<str>, closed_on: Date },
    #[error("{} is locked: the book is locked up to {}", people_date(*.date), people_date(*.locked_to))]
    Locked { date: Date, locked_to: Date },
    #[error("{date} is outside the years 1900 to 2199")]
    DateOutOfRange { date: Date },
    #[error("{field} is longer than {max} bytes")]
    TooLong { field: &'static str, max: usize },
    #[error("{field} holds a control character")]
    Control { field: &'static str },
    #[error("account path {path:?}: {fault}")]
    BadPath { path: Arc<str>, fault: PathFault },
    #[error("there is already an account {path}")]
    AccountExists { path: Arc<str> },
    #[error("{0}")]
    Rule(RuleBroken),
}

/// Rules that speak of the state of the book rather than of one draft.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RuleBroken {
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

impl Violation {
    /// The stable code that scripts and the API see.
    pub fn code(&self) -> &'static str {
        match self {
            Violation::TooFewEntries => "too-few-entries",
            Violation::SeveralAmountsMissing => "several-amounts-missing",
            Violation::Unbalanced { .. } => "unbalanced",
            Violation::TooPrecise { .. } => "too-precise",
            Violation::TooLarge { .. } => "too-large",
            Violation::PriceTooLong { .. } => "price-too-long",
            Violation::NegativePrice { .. } => "negative-price",
            Violation::PriceInOwnCurrency { .. } => "price-in-own-currency",
            Violation::UnknownAccount { .. } => "unknown-account",
            Violation::UnknownCurrency { .. } => "unknown-currency",
            Violation::WrongCurrency { .. } => "wrong-currency",
            Violation::AccountClosed { .. } => "account-closed",
            Violation::Locked { .. } => "locked",
            Violation::DateOutOfRange { .. } => "date-out-of-range",
            Violation::TooLong { .. } => "too-long",
            Violation::Control { .. } => "control-character",
            Violation::BadPath { .. } => "bad-path",
            Violation::AccountExists { .. } => "account-exists",
            Violation::Rule(rule) => rule.code,
        }
    }
}

/// All of them in one line. What is wrong with both entries of a transaction is said once.
pub fn words(violations: &[Violation]) -> String {
    let mut words: Vec<String> = Vec::with_capacity(violations.len());
    for violation in violations {
        let text = violation.to_string();
        if !words.contains(&text) {
            words.push(text);
        }
    }
    words.join("; ")
}

fn unbalanced(currency: &str, off: &Decimal) -> String {
    let side = if off.is_sign_negative() {
        "credits exceed debits"
    } else {
        "debits exceed credits"
    };
    format!("{side} by {} {currency}", off.abs())
}
