//! What Tally's files say, before ledgers have their place in a chart.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

/// An amount, debit positive.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Amount {
    /// In the company's currency.
    pub base: Decimal,
    /// In another, with its symbol.
    pub foreign: Option<(Decimal, String)>,
}

impl Amount {
    /// True if it is not zero, in the company's currency or in its own.
    pub fn moves(&self) -> bool {
        let own = self.foreign.as_ref().map(|(number, _)| number);
        !self.base.is_zero() || own.is_some_and(|n| !n.is_zero())
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Group {
    pub parent: String,
    /// Of income or expense, not of the balance sheet.
    pub is_revenue: bool,
    /// A debit by its nature: assets, expenses.
    pub is_debit: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ledger {
    pub name: String,
    pub parent: String,
    pub guid: String,
    pub opening: Option<Amount>,
    pub phone: String,
    pub email: String,
    pub tax_id: String,
    pub address: String,
    pub aliases: Vec<String>,
    pub line: u32,
    pub source: u16,
}

/// What a bill allocation says of an entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bill {
    pub name: String,
    pub kind: String,
    pub due: Option<Date>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub ledger: String,
    pub amount: Amount,
    /// ISDEEMEDPOSITIVE: a debit by its nature.
    pub deemed_debit: Option<bool>,
    pub is_party: bool,
    /// The bank has it: a bankers' date.
    pub is_cleared: bool,
    pub bills: Vec<Bill>,
    pub memo: String,
    pub line: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Voucher {
    pub guid: String,
    pub date: Option<Date>,
    /// As written, for errors.
    pub date_text: String,
    pub kind: String,
    /// What hissab calls it, where Tally has no such type; else empty.
    pub own_kind: String,
    pub number: String,
    pub reference: String,
    pub narration: String,
    pub party: String,
    pub cancelled: bool,
    pub optional: bool,
    /// In order of trust: the first that balances is taken.
    pub candidates: Vec<Vec<Entry>>,
    pub line: u32,
    pub source: u16,
}

impl Voucher {
    /// Written by us with a reference of its own: the number is the book's. Tally's own GUIDs are longer than a UUID.
    pub fn is_ours(&self) -> bool {
        !self.reference.is_empty() && uuid::Uuid::try_parse(&self.guid).is_ok()
    }
}

/// Everything read so far, of all files.
#[derive(Debug, Default)]
pub struct Tally {
    /// By lower-case name.
    pub(super) groups: BTreeMap<String, Group>,
    /// By lower-case name.
    pub(super) ledgers: BTreeMap<String, Ledger>,
    /// Custom voucher types by lower-case name: their parent.
    pub(super) types: BTreeMap<String, String>,
    pub(super) vouchers: Vec<Voucher>,
    /// When the books begin.
    pub(super) begins: Option<Date>,
    /// The company's own currency, as ISO names it.
    pub(super) base: Option<String>,
    /// The code that each currency's symbol stands for, where the file says it.
    pub(super) symbols: BTreeMap<String, String>,
    /// What was met and has no place here, with how often.
    pub(super) left_out: BTreeMap<String, u64>,
}
