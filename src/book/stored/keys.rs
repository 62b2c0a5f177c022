//! Keys that rows may name, and prices as rows keep them.

use rust_decimal::Decimal;

use super::damaged;
use crate::book::Result;
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::{Price, PriceBasis};

/// The keys that rows may name. A damaged row names others; nothing may look those up.
pub struct Keys {
    /// Decimal places by currency key, from 1.
    pub scales: Vec<u8>,
    accounts: u32,
    /// The last transaction.
    pub numbers: u64,
}

impl Keys {
    /// Decimal places by currency key, how many accounts, and the last transaction.
    pub fn new(scales: Vec<u8>, accounts: u32, numbers: u64) -> Keys {
        Keys {
            scales,
            accounts,
            numbers,
        }
    }

    /// The account of a key that a row names.
    pub fn account(&self, key: u32) -> Result<AccountKey> {
        if (1..=self.accounts).contains(&key) {
            Ok(AccountKey(key))
        } else {
            Err(damaged(format!(
                "a row names account {key}, which is not there"
            )))
        }
    }

    /// The currency of a key that a row names.
    pub fn currency(&self, key: u16) -> Result<CurrencyKey> {
        if (1..=self.scales.len()).contains(&usize::from(key)) {
            Ok(CurrencyKey(key))
        } else {
            Err(damaged(format!(
                "a row names currency {key}, which is not there"
            )))
        }
    }
}

/// A price as stored: `@82.50` for one unit, `@@165` for all.
pub fn price_text(price: &Price) -> String {
    let mark = if price.basis == PriceBasis::Unit {
        "@"
    } else {
        "@@"
    };
    format!("{mark}{}", price.amount)
}

/// The reverse of [`price_text`].
pub fn parse_price(text: &str, currency: CurrencyKey) -> Result<Price> {
    let (basis, digits) = match text.strip_prefix("@@") {
        Some(rest) => (PriceBasis::Total, rest),
        None => (PriceBasis::Unit, text.strip_prefix('@').unwrap_or(text)),
    };
    let amount = Decimal::from_str_exact(digits)
        .map_err(|_| damaged(format!("a price {text:?} is not a number")))?;
    Ok(Price {
        amount,
        currency,
        basis,
    })
}
