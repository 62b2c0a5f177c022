//! Changes and units: everything that can happen to a book, as data.
//!
//! One port method takes them (`Book::write`); one audit record seals a unit.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::account::{Account, AccountKey, AccountType, Contact, Kind};
use super::draft::Draft;
use super::transaction::{Number, TransactionId};

/// The id of an operation: one unit, made by the client before the first attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub Uuid);

/// Which transaction is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    Number(Number),
    Id(TransactionId),
}

/// A new account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    pub id: Uuid,
    pub path: Arc<str>,
    pub kind: Kind,
    pub account_type: AccountType,
    pub code: Option<String>,
    pub currency: Option<Arc<str>>,
    pub opened_on: Option<Date>,
    pub aliases: Vec<String>,
    pub contact: Contact,
    pub note: Option<String>,
}

impl NewAccount {
    /// An account of a path, its kind and type read from the path.
    pub fn at(id: Uuid, path: impl Into<Arc<str>>) -> NewAccount {
        let path = path.into();
        let kind =
            Kind::of_root(path.split(':').next().unwrap_or("")).unwrap_or(Kind::Unclassified);
        NewAccount {
            id,
            kind,
            account_type: AccountType::of_path(&path, kind),
            path,
            code: None,
            currency: None,
            opened_on: None,
            aliases: Vec::new(),
            contact: Contact::default(),
            note: None,
        }
    }

    /// The account this becomes under a key: its first version.
    pub fn into_account(self, key: AccountKey) -> Account {
        Account {
            key,
            id: self.id,
            path: self.path,
            kind: self.kind,
            account_type: self.account_type,
            code: self.code,
            currency: self.currency,
            opened_on: self.opened_on,
            closed_on: None,
            aliases: self.aliases,
            contact: self.contact,
            note: self.note,
            version: 1,
        }
    }
}

/// What to change of an account: `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountPatch {
    pub path: Option<Arc<str>>,
    pub kind: Option<Kind>,
    pub account_type: Option<AccountType>,
    pub code: Option<Option<String>>,
    pub currency: Option<Option<Arc<str>>>,
    pub opened_on: Option<Option<Date>>,
    pub closed_on: Option<Option<Date>>,
    pub aliases: Option<Vec<String>>,
    pub contact: Option<Contact>,
    pub note: Option<Option<String>>,
}

/// A currency opened, or its properties set. A scale is only ever raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyChange {
    pub code: Arc<str>,
    pub scale: u8,
    pub symbol: Option<Arc<str>>,
    pub name: Option<Arc<str>>,
}

/// A market price: one unit of `commodity` is worth `rate` of `currency` from `on` on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange {
    pub on: Date,
    pub commodity: Arc<str>,
    pub currency: Arc<str>,
    /// `None` withdraws the price.
    pub rate: Option<Decimal>,
}

/// A balance that a statement, a count or a journal vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    pub id: Uuid,
    pub on: Date,
    /// Exact path.
    pub account: Arc<str>,
    pub currency: Arc<str>,
    /// Debit positive; the balance at the end of the day.
    pub amount: Decimal,
    /// With everything below the account.
    pub subaccounts: bool,
    /// `count`, `statement`, `journal`, `typed`.
    pub source: String,
    /// Withdrawn by undo.
    pub withdrawn: bool,
}

impl Assertion {
    /// Where the newest of an account differs from the books, entries are missing: no error of the books.
    pub fn is_of_statement(&self) -> bool {
        self.source == "statement"
    }
}

/// One file brought in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportBatch {
    pub id: Uuid,
    /// The file's name, without its folder.
    pub file: String,
    pub sha256: [u8; 32],
    pub format: String,
    /// The bank account a statement belongs to.
    pub account: Option<Arc<str>>,
    pub skipped: u64,
}

/// A row of an imported file, and the transaction it became or matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// First eight bytes of the hash of (account or source, canonical row).
    pub identity: i64,
    pub line: u64,
    /// The transaction it stands for; `None`: the one posted just before it in the unit.
    pub number: Option<Number>,
    /// The row as it stood, for bank files; journals keep only the line.
    pub raw: Option<String>,
}

/// What may not have been written since somebody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    /// Nothing at all.
    Anything,
    /// No file was brought in, and none taken back.
    Imports,
}

/// One change of a book.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A condition: what follows was made up from the book as of the record `since`, and is refused if `written`
    /// came after it. Leaves no trace.
    Unless {
        since: u64,
        written: Meanwhile,
    },
    Post(Draft),
    /// Replaces the content; number and id stay, the version goes up by one. The draft's id is ignored.
    Amend {
        target: Target,
        if_version: Option<u32>,
        draft: Draft,
    },
    Void {
        target: Target,
        if_version: Option<u32>,
        reason: Option<String>,
    },
    /// A void transaction counts again, under its number, as a new version.
    Reinstate {
        target: Target,
    },
    OpenAccount(NewAccount),
    SetAccount {
        account: AccountKey,
        patch: AccountPatch,
    },
    Currency(CurrencyChange),
    Price(PriceChange),
    /// A setting by name; `None` removes it. The lock date is the setting `locked_to`.
    Setting {
        name: String,
        value: Option<String>,
    },
    Assertion(Assertion),
    Import(ImportBatch),
    SourceRow(SourceRow),
    /// Voids every transaction of a batch; its rows count as absent.
    UndoImport {
        batch: Uuid,
    },
    /// A finding of `check` that someone answers for.
    Accept {
        code: String,
        reference: String,
        reason: String,
    },
    /// Restores the state before an operation; `None`: the caller's newest not yet undone.
    ///
    /// `on`: the day on which an account that it opened is closed again; `None`: today in the book's zone.
    Undo {
        operation: Option<OperationId>,
        on: Option<Date>,
    },
}

/// A list of changes that can be walked again: a commit that fails is run anew.
///
/// `Sync`: a book may walk it on another thread than the one it writes on.
pub trait ChangeSource: Sync {
    /// Hands every change to `take`, in order, until it fails.
    ///
    /// Errors: the first error of `take`, unchanged.
    fn visit(&self, take: &mut dyn FnMut(Change) -> std::ops::ControlFlow<()>);

    /// How many changes there are, about: adapters choose their path by it.
    fn count_hint(&self) -> usize;
}

impl ChangeSource for Vec<Change> {
    fn visit(&self, take: &mut dyn FnMut(Change) -> std::ops::ControlFlow<()>) {
        for change in self {
            if take(change.clone()).is_break() {
                return;
            }
        }
    }

    fn count_hint(&self) -> usize {
        self.len()
    }
}

/// Scripts repeat a line safely with `--once KEY`: the key and what it stood for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceKey {
    pub key: String,
    /// Hash of the request's content: the same key with another content is a conflict.
    pub content: [u8; 32],
}

/// An all-or-nothing list of changes with one audit record.
#[derive(Clone)]
pub struct Unit<'a> {
    pub operation: OperationId,
    /// What the log calls it: `posted`, `amended`, `voided`, `imported`, `account-opened`, `locked`, …
    pub action: String,
    pub reason: Option<String>,
    pub who: String,
    pub at: Timestamp,
    pub once: Option<OnceKey>,
    pub changes: &'a dyn ChangeSource,
}

/// Whether to keep what was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    Commit,
    /// If any unit fails, none is kept.
    CommitAll,
    /// Every rule applied, nothing kept.
    DryRun,
}

/// What a unit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The record that sealed it; for a repeat, the record of the first time.
    pub sequence: u64,
    pub hash: [u8; 32],
    /// Transactions touched, as closed ranges in ascending order.
    pub numbers: Vec<(u64, u64)>,
    pub repeat: Repeat,
}

/// Whether a unit was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Written now.
    New,
    /// The same was already there: success, nothing written.
    Already,
    /// Nothing to change: success, no record.
    Nothing,
}

impl Done {
    /// The first transaction touched.
    pub fn number(&self) -> Option<Number> {
        self.numbers.first().map(|(first, _)| Number(*first))
    }
}
