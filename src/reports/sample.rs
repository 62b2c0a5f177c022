//! Small charts and transactions for the tests of the reports.

use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use crate::ledger::account::{AccountKey, Kind};
use crate::ledger::change::NewAccount;
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::transaction::{
    Entry, EntryDetail, Number, State, Status, Tag, Transaction, TransactionId, Voucher,
};

pub const INR: CurrencyKey = CurrencyKey(1);
pub const USD: CurrencyKey = CurrencyKey(2);

/// A chart of these paths, kinds and types read from them, in rupees and dollars.
pub fn chart(paths: &[&str]) -> Chart {
    let accounts = paths.iter().enumerate().map(|(index, path)| {
        NewAccount::at(Uuid::from_u128(index as u128 + 1), *path)
            .into_account(AccountKey(index as u32 + 1))
    });
    let currency = |key, code: &str| Currency {
        key,
        code: code.into(),
        scale: 2,
        symbol: None,
        name: None,
    };
    Chart::new(
        accounts.collect(),
        vec![currency(INR, "INR"), currency(USD, "USD")],
    )
}

/// The shop most tests keep.
pub fn shop() -> Chart {
    let chart = chart(&[
        "Assets:Cash",
        "Assets:Bank:HDFC",
        "Assets:Receivable:Ramesh",
        "Liabilities:Payable:Gupta",
        "Liabilities:Suspense",
        "Equity:Capital",
        "Income:Sales",
        "Expenses:Rent",
        "Expenses:Purchases",
        "Assets:Bank:Dollars",
        "Mystery",
        "Assets:Machine",
    ]);
    assert_eq!(
        chart.find("Mystery").map(|a| a.kind),
        Some(Kind::Unclassified)
    );
    chart
}

/// The key of an account that must be there.
pub fn key(chart: &Chart, path: &str) -> AccountKey {
    chart.find(path).unwrap_or_else(|| panic!("{path}")).key
}

/// A transaction of entries in rupees.
pub fn tx(chart: &Chart, number: u64, on: Date, entries: &[(&str, i64)]) -> Transaction {
    let entries: Vec<Entry> = entries
        .iter()
        .map(|(path, minor)| Entry {
            account: key(chart, path),
            currency: INR,
            minor: *minor,
            detail: None,
        })
        .collect();
    Transaction {
        id: TransactionId(Uuid::from_u128(u128::from(number) << 64)),
        number: Number(number),
        version: 1,
        state: State::Live,
        date: on,
        voucher: Voucher::Journal,
        status: Status::Unmarked,
        description: Arc::from(format!("transaction {number}")),
        payee: None,
        reference: None,
        due: None,
        tags: Vec::new(),
        metadata: Vec::new(),
        reverses: None,
        reversed_by: None,
        entries,
    }
}

/// A dollar entry of a rupee weight.
pub fn dollars(chart: &Chart, path: &str, minor: i64, weight: i64) -> Entry {
    Entry {
        account: key(chart, path),
        currency: USD,
        minor,
        detail: Some(Box::new(EntryDetail {
            weight: Some((weight, INR)),
            ..EntryDetail::default()
        })),
    }
}

pub fn tag(name: &str, value: &str) -> Tag {
    Tag {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}
