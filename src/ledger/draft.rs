//! Drafts: what someone wants to post, by names, before any rule has been applied.
//!
//! [`Draft::into_transaction`] is the one way from a wish to a [`Transaction`]. It reports
//! every violation at once.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::account::AccountType;
use super::account::Kind;
use super::chart::Chart;
use super::transaction::{
    Entry, Number, PriceBasis, State, Status, Tag, Transaction, TransactionId, Voucher,
};
use super::violation::Violation;
use super::weighing::Weighing;

/// The years a book holds.
pub const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// A price as typed.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftPrice {
    pub amount: Decimal,
    /// `None`: the book's base currency.
    pub currency: Option<Arc<str>>,
    pub basis: PriceBasis,
}

/// An entry as typed: by path, perhaps without an amount.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftEntry {
    /// An exact account path.
    pub account: Arc<str>,
    /// Debit positive. `None`: what balances the others; at most one may be left out.
    pub amount: Option<Decimal>,
    /// A code; `None`: the account's own currency, else the book's base currency.
    pub currency: Option<Arc<str>>,
    pub price: Option<DraftPrice>,
    pub status: Status,
    pub memo: Option<String>,
    pub tags: Vec<Tag>,
}

/// A transaction as typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: TransactionId,
    pub date: Date,
    /// `None`: inferred from the accounts.
    pub voucher: Option<Voucher>,
    pub status: Status,
    pub description: Arc<str>,
    pub payee: Option<String>,
    pub reference: Option<String>,
    pub due: Option<Date>,
    pub tags: Vec<Tag>,
    pub metadata: Vec<(String, String)>,
    /// The transaction this one reverses.
    pub reverses: Option<Number>,
    pub entries: Vec<DraftEntry>,
}

/// The longest description, payee, reference, memo, tag or metadata value, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The most entries one transaction may have.
pub const ENTRIES_MAX: usize = 10_000;

impl Draft {
    /// An empty draft of a date and description.
    pub fn new(id: TransactionId, date: Date, description: impl Into<Arc<str>>) -> Draft {
        Draft {
            id,
            date,
            voucher: None,
            status: Status::Unmarked,
            description: description.into(),
            payee: None,
            reference: None,
            due: None,
            tags: Vec::new(),
            metadata: Vec::new(),
            reverses: None,
            entries: Vec::new(),
        }
    }

    /// Checks every rule that needs only the chart, and gives the balanced transaction.
    ///
    /// `number` is what the book will give it. A left-out amount is filled; where the others
    /// leave several currencies open, it becomes one entry each (rulings, "Journals").
    /// Errors: every violation, in the order of the draft.
    pub fn into_transaction(
        self,
        chart: &Chart,
        number: Number,
    ) -> Result<Transaction, Vec<Violation>> {
        let mut faults = self.text_faults();
        if !YEARS.contains(&self.date.year()) {
            faults.push(Violation::DateOutOfRange { date: self.date });
        }
        let mut weighing = Weighing::of(chart, self.entries.len(), faults);
        for entry in self.entries {
            weighing.take(entry, self.date);
        }
        let entries = weighing.settle()?;
        let voucher = self
            .voucher
            .unwrap_or_else(|| infer_voucher(chart, &entries));
        let mut metadata = self.metadata;
        metadata.sort();
        Ok(Transaction {
            id: self.id,
            number,
            version: 1,
            state: State::Live,
            date: self.date,
            voucher,
            status: self.status,
            description: self.description,
            payee: self.payee,
            reference: self.reference,
            due: self.due,
            tags: self.tags,
            metadata,
            reverses: self.reverses,
            reversed_by: None,
            entries,
        })
    }

    fn text_faults(&self) -> Vec<Violation> {
        let mut faults = Vec::new();
        let mut look = |field: &'static str, text: &str| {
            if text.len() > TEXT_BYTES_MAX {
                faults.push(Violation::TooLong {
                    field,
                    max: TEXT_BYTES_MAX,
                });
            }
            if text
                .bytes()
                .any(|b| b < 0x20 && b != b'\n' && b != b'\t' || b == 0x7f)
            {
                faults.push(Violation::Control { field });
            }
        };
        look("the description", &self.description);
        look("the payee", self.payee.as_deref().unwrap_or(""));
        look("the reference", self.reference.as_deref().unwrap_or(""));
        for tag in self
            .tags
            .iter()
            .chain(self.entries.iter().flat_map(|e| &e.tags))
        {
            look("a tag", &tag.name);
            look("a tag", &tag.value);
        }
        for (name, value) in &self.metadata {
            look("metadata", name);
            look("metadata", value);
        }
        for entry in &self.entries {
            look("a memo", entry.memo.as_deref().unwrap_or(""));
        }
        if self.entries.len() > ENTRIES_MAX {
            faults.push(Violation::TooLong {
                field: "the list of entries",
                max: ENTRIES_MAX,
            });
        }
        faults
    }
}

/// The voucher type the entries show (cli.md, "Voucher types").
pub fn infer_voucher(chart: &Chart, entries: &[Entry]) -> Voucher {
    let any = |side: fn(i64) -> bool, fits: &dyn Fn(Kind, AccountType) -> bool| {
        entries.iter().any(|e| {
            let account = chart.account(e.account);
            side(e.minor) && fits(account.kind, account.account_type)
        })
    };
    let debit: fn(i64) -> bool = |minor| minor > 0;
    let credit: fn(i64) -> bool = |minor| minor < 0;
    let liquid = |_: Kind, t: AccountType| t.is_liquid();
    let of_type = |wanted: AccountType| move |_: Kind, t: AccountType| t == wanted;
    match (any(debit, &liquid), any(credit, &liquid)) {
        (true, true) => Voucher::Contra,
        (true, false) => Voucher::Receipt,
        (false, true) => Voucher::Payment,
        (false, false)
            if any(debit, &of_type(AccountType::Receivable))
                && any(credit, &|k, _| k == Kind::Income) =>
        {
            Voucher::Sales
        }
        (false, false) if any(credit, &of_type(AccountType::Payable)) => Voucher::Purchase,
        (false, false) => Voucher::Journal,
    }
}
