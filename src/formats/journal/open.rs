//! The transaction that is being read: its header, and its postings as written.

use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Day;
use crate::ledger::transaction::{PriceBasis, Status, Tag};

use super::amount::{Amount, Number};

/// What parentheses around an account say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Real,
    /// `(account)`: need not balance.
    Virtual,
    /// `[account]`: balances among its own.
    BalancedVirtual,
}

/// `@`, `@@` or `{…}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenPrice {
    pub number: Number,
    pub currency: CurrencyKey,
    pub basis: PriceBasis,
}

/// `= amount` behind a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenAssertion {
    pub amount: Amount,
    /// `==`: no other commodity may be there.
    pub total: bool,
    /// `=*`: with subaccounts.
    pub subaccounts: bool,
}

/// What few postings have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Extra {
    pub price: Option<WrittenPrice>,
    pub lot: Option<WrittenPrice>,
    pub assertion: Option<WrittenAssertion>,
    pub memo: String,
    pub tags: Vec<Tag>,
    /// A date of its own, for assertions.
    pub on: Option<Day>,
}

/// A posting as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Posting {
    pub account: AccountKey,
    pub amount: Option<(Number, CurrencyKey)>,
    /// A zero without commodity: it takes that of its neighbours.
    pub bare_zero: bool,
    pub status: Status,
    pub sort: Sort,
    pub line: u32,
    pub extra: Option<Box<Extra>>,
}

impl Posting {
    pub fn assertion(&self) -> Option<&WrittenAssertion> {
        self.extra.as_ref().and_then(|e| e.assertion.as_ref())
    }

    pub fn price(&self) -> Option<&WrittenPrice> {
        self.extra.as_ref().and_then(|e| e.price.as_ref())
    }

    pub fn lot(&self) -> Option<&WrittenPrice> {
        self.extra.as_ref().and_then(|e| e.lot.as_ref())
    }

    /// A balance assignment: an assertion where the amount should be.
    pub fn is_assigned(&self) -> bool {
        self.amount.is_none() && self.assertion().is_some()
    }
}

/// The transaction that is being read. Its buffers are used again for the next.
#[derive(Debug, Default)]
pub(super) struct OpenTransaction {
    pub day: Day,
    pub status: Status,
    /// The header line; the two ranges below are of it.
    pub header: String,
    pub description: std::ops::Range<usize>,
    pub reference: std::ops::Range<usize>,
    pub line: u32,
    pub comment: String,
    pub tags: Vec<Tag>,
    pub postings: Vec<Posting>,
    /// Something of it could not be read: it is left out.
    pub broken: bool,
}

/// A transaction that can only be balanced once every scale is known.
#[derive(Debug)]
pub(super) struct Deferred {
    /// Its place in the store.
    pub row: usize,
    pub header: String,
    pub bucket: Option<AccountKey>,
    /// Read as Ledger's.
    pub ledger: bool,
    pub postings: Vec<Posting>,
}
