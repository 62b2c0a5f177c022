//! The chart as a whole, and what is said beside its ledgers: currencies, prices and assertions.

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::Ledger;
use super::amount::Amount;
use super::{Result, Unreadable};
use crate::ledger::account::AccountKey;
use crate::ledger::change::{Assertion, CurrencyChange, PriceChange};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};

/// A currency of a book, or its properties to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CurrencyBody {
    pub code: String,
    /// Decimal places of a minor unit, at most 12.
    pub scale: u8,
    #[serde(default)]
    pub symbol: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
}

impl CurrencyBody {
    pub fn of(currency: &Currency) -> CurrencyBody {
        CurrencyBody {
            code: currency.code.to_string(),
            scale: currency.scale,
            symbol: currency.symbol.as_deref().map(str::to_owned),
            name: currency.name.as_deref().map(str::to_owned),
        }
    }

    pub fn of_change(change: &CurrencyChange) -> CurrencyBody {
        CurrencyBody {
            code: change.code.to_string(),
            scale: change.scale,
            symbol: change.symbol.as_deref().map(str::to_owned),
            name: change.name.as_deref().map(str::to_owned),
        }
    }

    pub fn currency(self, key: CurrencyKey) -> Currency {
        Currency {
            key,
            code: Arc::from(self.code),
            scale: self.scale,
            symbol: self.symbol.map(Arc::from),
            name: self.name.map(Arc::from),
        }
    }

    pub fn change(self) -> CurrencyChange {
        CurrencyChange {
            code: Arc::from(self.code),
            scale: self.scale,
            symbol: self.symbol.map(Arc::from),
            name: self.name.map(Arc::from),
        }
    }
}

/// A market price: one unit of `commodity` is worth `rate` of `currency` from `date` on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PriceBody {
    pub date: Date,
    pub commodity: String,
    pub currency: String,
    /// `null` withdraws the price.
    pub rate: Option<Amount>,
}

impl PriceBody {
    pub fn of(price: &PriceChange) -> PriceBody {
        PriceBody {
            date: price.on,
            commodity: price.commodity.to_string(),
            currency: price.currency.to_string(),
            rate: price.rate.map(Amount::of_decimal),
        }
    }

    pub fn price(self) -> Result<PriceChange> {
        let rate = self.rate.as_ref().map(Amount::decimal).transpose();
        Ok(PriceChange {
            on: self.date,
            commodity: Arc::from(self.commodity),
            currency: Arc::from(self.currency),
            rate: rate.map_err(|e| e.within("rate"))?,
        })
    }
}

/// A balance that somebody or something vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AssertionBody {
    pub id: Uuid,
    /// The balance stands at the end of this day.
    pub date: Date,
    pub account: String,
    pub currency: String,
    /// Debit positive.
    pub amount: Amount,
    #[serde(default)]
    pub subaccounts: bool,
    /// `count`, `statement`, `journal`, `typed`.
    pub source: String,
    #[serde(default)]
    pub withdrawn: bool,
}

impl AssertionBody {
    pub fn of(assertion: &Assertion) -> AssertionBody {
        AssertionBody {
            id: assertion.id,
            date: assertion.on,
            account: assertion.account.to_string(),
            currency: assertion.currency.to_string(),
            amount: Amount::of_decimal(assertion.amount),
            subaccounts: assertion.subaccounts,
            source: assertion.source.clone(),
            withdrawn: assertion.withdrawn,
        }
    }

    pub fn assertion(self) -> Result<Assertion> {
        Ok(Assertion {
            id: self.id,
            on: self.date,
            account: Arc::from(self.account),
            currency: Arc::from(self.currency),
            amount: self.amount.decimal().map_err(|e| e.within("amount"))?,
            subaccounts: self.subaccounts,
            source: self.source,
            withdrawn: self.withdrawn,
        })
    }
}

/// The chart a client needs to read everything else: in the order of the book's own keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ChartBody {
    pub sequence: u64,
    /// In order of opening.
    pub ledgers: Vec<Ledger>,
    /// The base currency first.
    pub currencies: Vec<CurrencyBody>,
}

impl ChartBody {
    pub fn of(chart: &Chart, sequence: u64) -> ChartBody {
        ChartBody {
            sequence,
            ledgers: chart.accounts().iter().map(Ledger::of).collect(),
            currencies: chart.currencies().iter().map(CurrencyBody::of).collect(),
        }
    }

    pub fn chart(self) -> Result<Chart> {
        let accounts = self
            .ledgers
            .into_iter()
            .zip(1..)
            .map(|(l, key)| l.account(AccountKey(key)));
        let accounts = accounts.collect::<Result<_>>()?;
        let count = u16::try_from(self.currencies.len())
            .map_err(|_| Unreadable::new("too-many", "more than 65,535 currencies"))?;
        let currencies = self.currencies.into_iter().zip(1..=count);
        let currencies = currencies
            .map(|(c, key)| c.currency(CurrencyKey(key)))
            .collect();
        Ok(Chart::new(accounts, currencies))
    }
}
