//! Books made in code, for tests that go below the command line.

use std::path::PathBuf;
use std::time::Duration;

use hissab::book::sqlite::{NewBook, SqliteBook};
use hissab::book::{Book, BookError};
use hissab::ledger::change::{
    Change, CurrencyChange, Done, NewAccount, OnceKey, OperationId, Unit, WriteMode,
};
use hissab::ledger::draft::{Draft, DraftEntry, DraftPrice};
use hissab::ledger::settings::Settings;
use hissab::ledger::transaction::{PriceBasis, TransactionId};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use uuid::Uuid;

pub const WAIT: Duration = Duration::from_secs(30);

/// A book in a folder of its own, with ids and a clock that count up.
pub struct Shop {
    pub folder: tempfile::TempDir,
    pub path: PathBuf,
    pub book: SqliteBook,
    ids: u128,
}

pub const ACCOUNTS: &[&str] = &[
    "Assets:Cash",
    "Assets:Bank:HDFC",
    "Assets:Receivable:Ramesh",
    "Liabilities:Payable:Gupta",
    "Liabilities:Suspense",
    "Equity:Capital",
    "Income:Sales",
    "Expenses:Rent",
    "Expenses:Tea",
];

pub fn day(month: i8, day: i8) -> Date {
    date(2026, month, day)
}

pub fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

/// Entries as `(account, amount)`, in the base currency.
pub fn draft(id: u128, on: Date, what: &str, entries: &[(&str, &str)]) -> Draft {
    let mut draft = Draft::new(TransactionId(Uuid::from_u128(id)), on, what);
    draft.entries = entries
        .iter()
        .map(|(account, amount)| DraftEntry {
            account: (*account).into(),
            amount: Some(dec(amount)),
            ..DraftEntry::default()
        })
        .collect();
    draft
}

/// An entry in a currency, at a price.
pub fn priced(
    account: &str,
    amount: &str,
    currency: &str,
    price: Option<(&str, &str)>,
) -> DraftEntry {
    DraftEntry {
        account: account.into(),
        amount: Some(dec(amount)),
        currency: Some(currency.into()),
        price: price.map(|(amount, currency)| DraftPrice {
            amount: dec(amount),
            currency: Some(currency.into()),
            basis: PriceBasis::Unit,
        }),
        ..DraftEntry::default()
    }
}

/// The settings, currencies and accounts every test book begins with.
pub fn first_changes() -> Vec<Change> {
    let mut settings = Settings::new("Test Stores", "INR");
    settings.timezone = "Asia/Kolkata".to_owned();
    let mut changes = vec![
        Change::Currency(CurrencyChange {
            code: "INR".into(),
            scale: 2,
            symbol: Some("₹".into()),
            name: None,
        }),
        Change::Currency(CurrencyChange {
            code: "USD".into(),
            scale: 2,
            symbol: Some("$".into()),
            name: None,
        }),
    ];
    changes.extend(
        settings
            .pairs()
            .into_iter()
            .map(|(name, value)| Change::Setting {
                name,
                value: Some(value),
            }),
    );
    changes.extend(ACCOUNTS.iter().enumerate().map(|(i, path)| {
        Change::OpenAccount(NewAccount::at(Uuid::from_u128(9_000 + i as u128), *path))
    }));
    changes
}

impl Shop {
    pub fn new() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.hissab");
        let changes = first_changes();
        let unit = unit_of(1, "created", "asha", &changes);
        let new = NewBook {
            id: Uuid::from_u128(77),
            created_at: Timestamp::UNIX_EPOCH,
            unit,
        };
        let (book, _) = SqliteBook::create(&path, WAIT, &new).unwrap();
        Shop {
            folder,
            path,
            book,
            ids: 100,
        }
    }

    pub fn id(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    pub fn write(&mut self, action: &str, changes: Vec<Change>) -> Result<Done, BookError> {
        self.write_as("asha", action, changes)
    }

    pub fn write_as(
        &mut self,
        who: &str,
        action: &str,
        changes: Vec<Change>,
    ) -> Result<Done, BookError> {
        let operation = self.id();
        let unit = unit_of(operation, action, who, &changes);
        self.book
            .write(&[unit], WriteMode::Commit)
            .and_then(|mut outcomes| outcomes.pop().unwrap())
    }

    pub fn once(
        &mut self,
        key: &str,
        content: u8,
        changes: Vec<Change>,
    ) -> Result<Done, BookError> {
        let operation = self.id();
        let mut unit = unit_of(operation, "posted", "asha", &changes);
        unit.once = Some(OnceKey {
            key: key.to_owned(),
            content: [content; 32],
        });
        self.book
            .write(&[unit], WriteMode::Commit)
            .and_then(|mut outcomes| outcomes.pop().unwrap())
    }

    /// Posts and gives the number.
    pub fn post(&mut self, on: Date, what: &str, entries: &[(&str, &str)]) -> u64 {
        let id = self.id();
        let done = self
            .write("posted", vec![Change::Post(draft(id, on, what, entries))])
            .unwrap();
        done.number().unwrap().0
    }

    pub fn proves(&mut self) {
        let outcomes = self.book.check(hissab::book::CheckDepth::Deep).unwrap();
        let findings: Vec<_> = outcomes.into_iter().flat_map(|o| o.findings).collect();
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

pub fn unit_of<'a>(operation: u128, action: &str, who: &str, changes: &'a Vec<Change>) -> Unit<'a> {
    Unit {
        operation: OperationId(Uuid::from_u128(operation)),
        action: action.to_owned(),
        reason: None,
        who: who.to_owned(),
        at: Timestamp::from_second(1_775_000_000 + operation as i64).unwrap(),
        once: None,
        changes,
    }
}
