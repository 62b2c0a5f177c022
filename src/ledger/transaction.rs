//! Transactions and entries as a book holds them. Holding a [`Transaction`] is the proof
//! that it balances: the constructors are [`super::draft::Draft::into_transaction`] and
//! the adapters that read back what went through it.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::account::AccountKey;
use super::currency::CurrencyKey;

/// A transaction's own id, made by the client before the first attempt (UUIDv7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub Uuid);

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A transaction's number in its book: from 1, without gaps, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number(pub u64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of business event a transaction records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Voucher {
    Receipt,
    Payment,
    Contra,
    Journal,
    Sales,
    Purchase,
    CreditNote,
    DebitNote,
    Opening,
    Closing,
}

impl Voucher {
    /// In the order of their stored codes.
    pub const ALL: [Voucher; 10] = [
        Voucher::Receipt,
        Voucher::Payment,
        Voucher::Contra,
        Voucher::Journal,
        Voucher::Sales,
        Voucher::Purchase,
        Voucher::CreditNote,
        Voucher::DebitNote,
        Voucher::Opening,
        Voucher::Closing,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Voucher::Receipt => "receipt",
            Voucher::Payment => "payment",
            Voucher::Contra => "contra",
            Voucher::Journal => "journal",
            Voucher::Sales => "sales",
            Voucher::Purchase => "purchase",
            Voucher::CreditNote => "credit-note",
            Voucher::DebitNote => "debit-note",
            Voucher::Opening => "opening",
            Voucher::Closing => "closing",
        }
    }

    pub fn from_word(word: &str) -> Option<Voucher> {
        Voucher::ALL.into_iter().find(|v| v.word() == word)
    }

    /// The stored code; never changes.
    pub fn code(self) -> u8 {
        Voucher::ALL
            .iter()
            .position(|v| *v == self)
            .map_or(3, |i| i as u8)
    }

    pub fn from_code(code: u8) -> Option<Voucher> {
        Voucher::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for Voucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A status mark: none, `!` pending, `*` cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    #[default]
    Unmarked,
    Pending,
    Cleared,
}

impl Status {
    pub const ALL: [Status; 3] = [Status::Unmarked, Status::Pending, Status::Cleared];

    pub fn word(self) -> &'static str {
        match self {
            Status::Unmarked => "unmarked",
            Status::Pending => "pending",
            Status::Cleared => "cleared",
        }
    }

    pub fn from_word(word: &str) -> Option<Status> {
        match word {
            "unmarked" | "" => Some(Status::Unmarked),
            "pending" | "!" => Some(Status::Pending),
            "cleared" | "*" => Some(Status::Cleared),
            _ => None,
        }
    }

    pub fn code(self) -> u8 {
        self as u8
    }

    pub fn from_code(code: u8) -> Option<Status> {
        Status::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// `name` or `name:value`; the value may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    pub name: String,
    pub value: String,
}

/// Marks entries of a journal's virtual postings: `balanced` (in brackets) or `unbalanced` (in
/// parentheses). `--real` leaves them out.
pub const VIRTUAL_TAG: &str = "_virtual";

/// Marks an entry that was found on a statement: the value is the statement's last day. It holds the entry, and
/// its transaction's date, as they are: see [`super::rules::check_reconciled`].
pub const RECONCILED_TAG: &str = "reconciled";

/// Whether a price is for one unit (`@`) or for the whole amount (`@@`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PriceBasis {
    Unit,
    Total,
}

/// What an entry's amount was exchanged at.
///
/// Always positive; the weight takes the amount's sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub amount: Decimal,
    pub currency: CurrencyKey,
    pub basis: PriceBasis,
}

/// What few entries have; boxed so that the many stay small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryDetail {
    pub price: Option<Price>,
    /// The weight, only where it is not the amount itself: minor units and currency.
    pub weight: Option<(i64, CurrencyKey)>,
    pub status: Status,
    pub memo: Option<String>,
    pub tags: Vec<Tag>,
}

/// One debit (positive) or credit (negative) to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub account: AccountKey,
    pub currency: CurrencyKey,
    /// Minor units; debit positive.
    pub minor: i64,
    pub detail: Option<Box<EntryDetail>>,
}

impl Entry {
    /// What the entry weighs in the balance of its transaction.
    pub fn weight(&self) -> (i64, CurrencyKey) {
        self.detail
            .as_ref()
            .and_then(|d| d.weight)
            .unwrap_or((self.minor, self.currency))
    }

    pub fn price(&self) -> Option<&Price> {
        self.detail.as_ref().and_then(|d| d.price.as_ref())
    }

    pub fn memo(&self) -> Option<&str> {
        self.detail.as_ref().and_then(|d| d.memo.as_deref())
    }

    pub fn status(&self) -> Status {
        self.detail.as_ref().map_or(Status::Unmarked, |d| d.status)
    }

    /// Whether it comes from a journal's virtual posting: see [`VIRTUAL_TAG`].
    pub fn is_virtual(&self) -> bool {
        self.tags().iter().any(|t| t.name == VIRTUAL_TAG)
    }

    /// The statement the entry was found on, as its mark says it.
    pub fn reconciled(&self) -> Option<&str> {
        let mark = self.tags().iter().find(|t| t.name == RECONCILED_TAG);
        mark.map(|t| t.value.as_str())
    }

    pub fn tags(&self) -> &[Tag] {
        self.detail.as_ref().map_or(&[], |d| &d.tags)
    }
}

/// Whether a transaction counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Live,
    /// Out of every balance. The entries it had are kept, readable.
    Void {
        reason: Option<String>,
    },
}

/// A dated, balanced set of entries, as its book holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub id: TransactionId,
    pub number: Number,
    /// 1 when posted, one more with each amend, void or reinstatement.
    pub version: u32,
    pub state: State,
    pub date: Date,
    pub voucher: Voucher,
    pub status: Status,
    pub description: Arc<str>,
    pub payee: Option<String>,
    pub reference: Option<String>,
    pub due: Option<Date>,
    pub tags: Vec<Tag>,
    /// Free name–value pairs of programs, in order of name.
    pub metadata: Vec<(String, String)>,
    /// The transaction this one reverses, or that reversed it: not part of the content.
    pub reverses: Option<Number>,
    pub reversed_by: Option<Number>,
    pub entries: Vec<Entry>,
}

impl Transaction {
    pub fn is_void(&self) -> bool {
        matches!(self.state, State::Void { .. })
    }

    /// The payee: the field, else the description before ` | `, else the description, as hledger has it.
    pub fn payee(&self) -> &str {
        match &self.payee {
            Some(payee) => payee,
            None => self
                .description
                .split_once('|')
                .map_or(&*self.description, |(payee, _)| payee.trim()),
        }
    }
}
