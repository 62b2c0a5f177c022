//! What a beancount file says, before lots are matched and missing numbers are found.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::Tag;

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub source: u16,
    pub line: u32,
}

/// A number that may be left out of its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Num {
    /// The syntax has no place for it here.
    Absent,
    /// To be found by interpolation.
    Missing,
    Is(Decimal),
}

/// How lots of an account are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Method {
    #[default]
    Strict,
    StrictWithSize,
    Fifo,
    Lifo,
    Hifo,
    None,
    Average,
}

impl Method {
    pub fn from_word(word: &str) -> Option<Method> {
        Some(match word {
            "STRICT" => Method::Strict,
            "STRICT_WITH_SIZE" => Method::StrictWithSize,
            "FIFO" => Method::Fifo,
            "LIFO" => Method::Lifo,
            "HIFO" => Method::Hifo,
            "NONE" => Method::None,
            "AVERAGE" => Method::Average,
            _ => return None,
        })
    }
}

/// `{…}` as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CostSpec {
    pub per: Num,
    pub total: Num,
    /// `None`: to be found.
    pub currency: Option<CurrencyKey>,
    pub date: Option<Date>,
    pub label: Option<String>,
}

/// `@` or `@@` as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PriceSpec {
    pub number: Option<Decimal>,
    pub currency: Option<CurrencyKey>,
    pub total: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Posting {
    pub account: AccountKey,
    pub flag: Option<char>,
    /// `None` with a currency: a number is to be found. Both `None`: the whole amount.
    pub number: Option<Decimal>,
    pub currency: Option<CurrencyKey>,
    pub cost: Option<CostSpec>,
    pub price: Option<PriceSpec>,
    pub meta: Vec<Tag>,
    pub line: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Transaction {
    pub flag: char,
    pub payee: String,
    pub narration: String,
    /// Tags, links and metadata.
    pub tags: Vec<Tag>,
    pub postings: Vec<Posting>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Open {
        account: AccountKey,
        currencies: Vec<CurrencyKey>,
        method: Option<Method>,
    },
    Close(AccountKey),
    Pad {
        account: AccountKey,
        from: AccountKey,
    },
    Balance {
        account: AccountKey,
        amount: Decimal,
        currency: CurrencyKey,
        tolerance: Option<Decimal>,
    },
    Price {
        commodity: CurrencyKey,
        rate: Decimal,
        currency: CurrencyKey,
    },
    Transaction(Box<Transaction>),
}

/// A directive with its date. `note`, `commodity` and those that hold no money are dealt with where they are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dated {
    pub on: Date,
    pub place: Place,
    pub what: What,
}

impl Dated {
    /// Beancount's own order: by date, accounts open first and close last, balances hold at the start of the day.
    pub fn order(&self) -> (Date, i8, u32) {
        let rank = match self.what {
            What::Open { .. } => -2,
            What::Balance { .. } => -1,
            What::Close(_) => 2,
            _ => 0,
        };
        (self.on, rank, self.place.line)
    }
}

/// `option` lines that change what is read.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// Names of the five roots: assets, liabilities, equity, income, expenses.
    pub roots: [String; 5],
    pub operating: Vec<String>,
    pub method: Method,
    /// What share of the last digit written two amounts may be apart.
    pub multiplier: Decimal,
    pub from_cost: bool,
    /// By currency code; `*`: all others.
    pub tolerances: Vec<(String, Decimal)>,
    pub rounding: String,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            roots: ["Assets", "Liabilities", "Equity", "Income", "Expenses"].map(str::to_owned),
            operating: Vec::new(),
            method: Method::default(),
            multiplier: Decimal::new(5, 1),
            from_cost: false,
            tolerances: Vec::new(),
            rounding: "Rounding".to_owned(),
        }
    }
}
