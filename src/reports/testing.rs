//! Hand-made charts and transactions for the tests of reports.

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::ledger::account::{Account, AccountKey};
use crate::ledger::change::NewAccount;
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::draft::{Draft, DraftEntry};
use crate::ledger::transaction::{Number, Transaction, TransactionId};

/// A chart of these paths, with INR (base) and USD.
pub fn chart_of(paths: &[&str]) -> Chart {
    let accounts = paths
        .iter()
        .enumerate()
        .map(|(index, path)| account(index as u32 + 1, path))
        .collect();
    let currencies = ["INR", "USD"]
        .iter()
        .enumerate()
        .map(|(index, code)| Currency {
            key: CurrencyKey(index as u16 + 1),
            code: (*code).into(),
            scale: 2,
            symbol: None,
            name: None,
        })
        .collect();
    Chart::new(accounts, currencies)
}

fn account(key: u32, path: &str) -> Account {
    let new = NewAccount::at(Uuid::from_u128(key.into()), path);
    new.into_account(AccountKey(key))
}

/// A balanced transaction in INR: paths with amounts, debit positive.
pub fn transaction(
    chart: &Chart,
    number: u64,
    date: Date,
    description: &str,
    entries: &[(&str, &str)],
) -> Transaction {
    let mut draft = Draft::new(
        TransactionId(Uuid::from_u128(number.into())),
        date,
        description,
    );
    draft.entries = entries
        .iter()
        .map(|(path, amount)| DraftEntry {
            account: (*path).into(),
            amount: Some(Decimal::from_str_exact(amount).expect("a decimal")),
            ..DraftEntry::default()
        })
        .collect();
    draft
        .into_transaction(chart, Number(number))
        .expect("a balanced draft")
}
