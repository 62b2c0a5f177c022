//! Accounts: the lines of the chart, their kinds, types and paths.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

/// An account's place in its book: dense from 1, never reused, never on the wire or in a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey(pub u32);

/// The side of the books an account belongs to. The order is the order of every report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Asset,
    Liability,
    Equity,
    Income,
    Expense,
    /// Not known yet: counted in `tb` and `balance`, named by `check`.
    Unclassified,
}

impl Kind {
    pub const ALL: [Kind; 6] = [
        Kind::Asset,
        Kind::Liability,
        Kind::Equity,
        Kind::Income,
        Kind::Expense,
        Kind::Unclassified,
    ];

    /// The word in files, flags and columns.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Asset => "asset",
            Kind::Liability => "liability",
            Kind::Equity => "equity",
            Kind::Income => "income",
            Kind::Expense => "expense",
            Kind::Unclassified => "unclassified",
        }
    }

    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.word() == word)
    }

    /// The kind a root segment names in English, as hledger infers it.
    pub fn of_root(root: &str) -> Option<Kind> {
        match root.to_lowercase().as_str() {
            "asset" | "assets" => Some(Kind::Asset),
            "liability" | "liabilities" | "debt" | "debts" => Some(Kind::Liability),
            "equity" => Some(Kind::Equity),
            "income" | "incomes" | "revenue" | "revenues" => Some(Kind::Income),
            "expense" | "expenses" => Some(Kind::Expense),
            _ => None,
        }
    }

    /// Balance-sheet kinds carry their balance over the year end.
    pub fn is_permanent(self) -> bool {
        !matches!(self, Kind::Income | Kind::Expense)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What an account is used for, within its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountType {
    Cash,
    Bank,
    Receivable,
    Payable,
    Tax,
    General,
}

impl AccountType {
    pub const ALL: [AccountType; 6] = [
        AccountType::Cash,
        AccountType::Bank,
        AccountType::Receivable,
        AccountType::Payable,
        AccountType::Tax,
        AccountType::General,
    ];

    pub fn word(self) -> &'static str {
        match self {
            AccountType::Cash => "cash",
            AccountType::Bank => "bank",
            AccountType::Receivable => "receivable",
            AccountType::Payable => "payable",
            AccountType::Tax => "tax",
            AccountType::General => "general",
        }
    }

    pub fn from_word(word: &str) -> Option<AccountType> {
        AccountType::ALL.into_iter().find(|t| t.word() == word)
    }

    /// Receivable and payable accounts are parties.
    pub fn is_party(self) -> bool {
        matches!(self, AccountType::Receivable | AccountType::Payable)
    }

    /// Cash and bank: what the cash flow statement follows.
    pub fn is_liquid(self) -> bool {
        matches!(self, AccountType::Cash | AccountType::Bank)
    }

    /// The type an account's own path suggests: hledger's rule for cash, ours for the rest.
    pub fn of_path(path: &str, kind: Kind) -> AccountType {
        let named = |words: &[&str]| {
            path.split(':')
                .skip(1)
                .any(|s| words.contains(&s.to_lowercase().as_str()))
        };
        match kind {
            Kind::Asset if named(&["cash", "petty cash", "cash-in-hand", "wallet"]) => {
                AccountType::Cash
            }
            Kind::Asset
                if named(&[
                    "bank",
                    "banks",
                    "bank accounts",
                    "checking",
                    "chequing",
                    "savings",
                    "current",
                ]) =>
            {
                AccountType::Bank
            }
            Kind::Asset
                if named(&[
                    "receivable",
                    "receivables",
                    "sundry debtors",
                    "debtors",
                    "accounts receivable",
                ]) =>
            {
                AccountType::Receivable
            }
            Kind::Liability
                if named(&[
                    "payable",
                    "payables",
                    "sundry creditors",
                    "creditors",
                    "accounts payable",
                ]) =>
            {
                AccountType::Payable
            }
            Kind::Asset | Kind::Liability if path.split(':').skip(1).any(names_tax) => {
                AccountType::Tax
            }
            _ => AccountType::General,
        }
    }
}

/// Whether a part of a path names a tax: `GST Input`, `VAT Payable`, `Duties & Taxes`; not `Tax Saver Fund`.
fn names_tax(segment: &str) -> bool {
    const TAXES: [&str; 9] = [
        "gst", "cgst", "sgst", "igst", "utgst", "vat", "tds", "tcs", "cess",
    ];
    const SIDES: [&str; 6] = [
        "payable",
        "receivable",
        "input",
        "output",
        "credit",
        "refund",
    ];
    let lower = segment.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let is_tax = |word: &&str| matches!(*word, "tax" | "taxes");
    words.iter().any(|word| TAXES.contains(word))
        || words.last().is_some_and(is_tax)
        || (words.iter().any(is_tax) && words.last().is_some_and(|last| SIDES.contains(last)))
}

impl fmt::Display for AccountType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How a party is reached and how far it is trusted. All free text but the limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    pub phone: Option<String>,
    pub email: Option<String>,
    pub tax_id: Option<String>,
    pub address: Option<String>,
    /// In the account's own currency, else the base currency.
    pub credit_limit: Option<Decimal>,
}

impl Contact {
    pub fn is_empty(&self) -> bool {
        *self == Contact::default()
    }
}

/// One account of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub key: AccountKey,
    pub id: Uuid,
    /// `Assets:Bank:HDFC`; unique in its book, compared exactly.
    pub path: Arc<str>,
    pub kind: Kind,
    pub account_type: AccountType,
    pub code: Option<String>,
    /// If set, entries in other currencies are refused.
    pub currency: Option<Arc<str>>,
    pub opened_on: Option<Date>,
    pub closed_on: Option<Date>,
    pub aliases: Vec<String>,
    pub contact: Contact,
    pub note: Option<String>,
    /// How many versions the account has had; 1 when opened.
    pub version: u32,
}

impl Account {
    /// The last segment of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit(':').next().unwrap_or(&self.path)
    }
}

/// The longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 512;

/// Why a text cannot be an account's path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    #[error("it is empty")]
    Empty,
    #[error("it has an empty part between colons")]
    EmptySegment,
    #[error("it is longer than {PATH_BYTES_MAX} bytes")]
    TooLong,
    #[error("it holds a control character")]
    Control,
    #[error("a part of it begins or ends with a space")]
    Padded,
    #[error("it holds two spaces in a row, which end an account name in journals")]
    TwoSpaces,
}

/// Checks a path a person or file gives for a new account.
pub fn check_path(path: &str) -> Result<(), PathFault> {
    if path.is_empty() {
        return Err(PathFault::Empty);
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(PathFault::TooLong);
    }
    if path.chars().any(char::is_control) {
        return Err(PathFault::Control);
    }
    if path.contains("  ") {
        return Err(PathFault::TwoSpaces);
    }
    for segment in path.split(':') {
        if segment.is_empty() {
            return Err(PathFault::EmptySegment);
        }
        if segment.trim() != segment {
            return Err(PathFault::Padded);
        }
    }
    Ok(())
}

/// True if `path` is `ancestor` or lies below it.
pub fn is_within(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Orders paths by segment, code point by code point (rulings).
pub fn cmp_paths(a: &str, b: &str) -> std::cmp::Ordering {
    a.split(':').cmp(b.split(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_journals_could_not_carry_are_refused() {
        assert_eq!(check_path("Assets:Bank:HDFC"), Ok(()));
        assert_eq!(check_path("Équity:銀行"), Ok(()));
        assert_eq!(check_path(""), Err(PathFault::Empty));
        assert_eq!(check_path("Assets::Bank"), Err(PathFault::EmptySegment));
        assert_eq!(check_path("Assets:"), Err(PathFault::EmptySegment));
        assert_eq!(check_path("Assets: Bank"), Err(PathFault::Padded));
        assert_eq!(check_path("Assets:A  B"), Err(PathFault::TwoSpaces));
        assert_eq!(check_path("Assets:\u{1b}[2J"), Err(PathFault::Control));
    }

    #[test]
    fn order_is_by_segment_not_by_text() {
        // As text "A-B" < "A:B"; by segment the parent's children come first.
        assert!(cmp_paths("A:B", "A-B").is_lt());
        assert!(is_within("Assets:Cash", "Assets"));
        assert!(!is_within("Assets2:Cash", "Assets"));
    }

    #[test]
    fn types_follow_the_path() {
        assert_eq!(
            AccountType::of_path("Assets:Cash", Kind::Asset),
            AccountType::Cash
        );
        assert_eq!(
            AccountType::of_path("Assets:Bank:HDFC", Kind::Asset),
            AccountType::Bank
        );
        assert_eq!(
            AccountType::of_path("Liabilities:Payable:Gupta", Kind::Liability),
            AccountType::Payable
        );
        assert_eq!(
            AccountType::of_path("Expenses:Cash", Kind::Expense),
            AccountType::General
        );
        let asset = |path| AccountType::of_path(path, Kind::Asset);
        let liability = |path| AccountType::of_path(path, Kind::Liability);
        assert_eq!(asset("Assets:GST Input:CGST"), AccountType::Tax);
        assert_eq!(asset("Assets:Input VAT"), AccountType::Tax);
        assert_eq!(
            liability("Liabilities:Income Tax Payable"),
            AccountType::Tax
        );
        assert_eq!(liability("Liabilities:Duties & Taxes"), AccountType::Tax);
        assert_eq!(asset("Assets:Tax Saver Fund"), AccountType::General);
        assert_eq!(asset("Assets:Elevator"), AccountType::General);
    }
}
