//! Queries: which transactions and entries a report is about, in hledger's terms.
//!
//! A bare word is a pattern for account paths; `desc: payee: note: code: cur: amt: date: date2: tag:
//! type: status: voucher: real: depth:` look elsewhere, `not:` negates, and `expr: any: all:` hold terms joined
//! by `and`, `or`, `not` and brackets. Terms of the same type are alternatives, different types must all
//! hold; ranges (`amt:`, `date:`, `depth:`), tags of different names and negated terms must all hold too.
//!
//! Reading the terms is in `query_term` and `query_expression`, applying them in `query_match`.
//! Source: hledger's manual, "Queries"; cli.md, "Filters".

use regex::Regex;
use rust_decimal::Decimal;

use super::chart::Chart;
use super::date_text::DateContext;
use super::interval::Interval;
use super::period::Period;
use super::query_match::Matcher;
pub use super::query_problem::{QueryError, QueryProblem, Unmatched, Vocabulary};
use super::transaction::{Entry, Status, Transaction, Voucher};

/// The longest query text, in bytes; the most terms.
pub const QUERY_BYTES_MAX: usize = 8 * 1024;
pub const TERMS_MAX: usize = 500;

/// What to look for.
///
/// Dates and depths that everything must satisfy are lifted out of the filter: they shape a report
/// (its period, its opening balances, its rows) rather than pick entries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// From `date:` terms; the caller intersects it with the period of the command.
    pub period: Period,
    /// From an interval in a `date:` term.
    pub interval: Option<Interval>,
    /// From `depth:` terms.
    pub depth: DepthLimits,
    /// Everything else.
    pub filter: Filter,
}

/// A condition on entries and transactions.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Filter {
    #[default]
    All,
    Not(Box<Filter>),
    /// True if there are none.
    And(Vec<Filter>),
    /// False if there are none.
    Or(Vec<Filter>),
    /// Of a transaction: one entry meets the whole condition (`any:`).
    AnyEntry(Box<Filter>),
    /// Of a transaction: it has entries and every one meets the condition (`all:`).
    AllEntries(Box<Filter>),
    Term(Box<Term>),
}

/// One condition, with the text it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// As typed, without `not:`.
    pub source: String,
    pub test: Test,
}

/// What one term asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Account(Pattern),
    /// The account of exactly this path or one below it.
    AccountWithin(String),
    Description(Pattern),
    Payee(Pattern),
    /// This payee, in any case.
    PayeeIs(String),
    /// The description after `|`, or all of it.
    Note(Pattern),
    /// The reference.
    Code(Pattern),
    /// The whole code or symbol.
    Currency(Pattern),
    /// This code or symbol.
    CurrencyIs(String),
    Amount(AmountTest),
    Date(Period),
    /// The secondary date (tag `date2`), else the date.
    Date2(Period),
    /// An account that matches has at most this many segments.
    Depth(Option<Pattern>, u32),
    Tag {
        name: Pattern,
        value: Option<Pattern>,
    },
    /// A tag of exactly this name, in any case, and exactly this value.
    TagIs {
        name: String,
        value: Option<String>,
    },
    Type(Vec<TypeTest>),
    Status(Status),
    Real(bool),
    Voucher(Vec<Voucher>),
}

/// A case-insensitive regular expression that matches anywhere unless anchored.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub text: String,
    pub(super) regex: Regex,
}

impl Pattern {
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

/// How an amount compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

/// An amount condition on one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountTest {
    pub comparison: Comparison,
    /// At most 12 places and 24 digits, so that comparing cannot overflow.
    pub amount: Decimal,
    /// Compares with the sign (debit +); else magnitudes.
    pub signed: bool,
}

/// A type of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeTest {
    Kind(super::account::Kind),
    Type(super::account::AccountType),
    /// `C`: cash and bank.
    Liquid,
    /// `V`: an equity account named conversion, trade or trading.
    Conversion,
}

/// How deep accounts are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DepthLimits {
    /// For accounts without a limit of their own.
    pub general: Option<u32>,
    /// For accounts that match: `depth:assets=2`.
    pub by_account: Vec<(Pattern, u32)>,
}

impl DepthLimits {
    /// The limit for an account: of those whose pattern matches, the one that matches deepest.
    pub fn for_path(&self, path: &str) -> Option<u32> {
        let matched = |pattern: &Pattern| {
            let ends = path
                .match_indices(':')
                .map(|(at, _)| at)
                .chain([path.len()]);
            ends.enumerate()
                .find(|(_, end)| pattern.is_match(&path[..*end]))
                .map(|(level, _)| level)
        };
        let deepest = self
            .by_account
            .iter()
            .rev()
            .filter_map(|(pattern, limit)| Some((matched(pattern)?, *limit)));
        deepest
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, limit)| limit)
            .or(self.general)
    }

    pub fn is_none(&self) -> bool {
        self.general.is_none() && self.by_account.is_empty()
    }
}

/// Filters given as literal flags: names are exact, several of one flag are alternatives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiteralFilters {
    /// Paths, resolved by the caller; subaccounts included.
    pub accounts: Vec<String>,
    pub payees: Vec<String>,
    /// Codes or symbols.
    pub currencies: Vec<String>,
    pub vouchers: Vec<Voucher>,
    pub statuses: Vec<Status>,
    /// Name, and value if one was given.
    pub tags: Vec<(String, Option<String>)>,
    /// Magnitudes of an entry, both inclusive.
    pub min: Option<Decimal>,
    pub max: Option<Decimal>,
}

/// Whether a word says what it looks at: `desc:rent`, `not:cash`. Bare words are account patterns, and
/// `Assets:Cash` is a path.
pub fn is_query_term(text: &str) -> bool {
    const OPERATORS: [&str; 4] = ["not", "expr", "any", "all"];
    super::query_term::split_prefix(text, &super::query_term::PREFIXES).is_some()
        || super::query_term::split_prefix(text, &OPERATORS).is_some()
}

impl Query {
    /// Reads the words of a command line, each of them one term.
    ///
    /// Errors: the first term that cannot be read. A word with an unknown prefix is an account pattern, as in hledger.
    pub fn parse(words: &[String], ctx: &DateContext) -> Result<Query, QueryError> {
        super::query_expression::parse_words(words, ctx)
    }

    /// Reads one text with several terms; quotes keep spaces, and `and`, `or`, `not` and brackets join.
    pub fn parse_expression(text: &str, ctx: &DateContext) -> Result<Query, QueryError> {
        super::query_expression::parse_text(text, ctx)
    }

    /// With further literal conditions that must hold too.
    ///
    /// Errors: an amount with more than 12 places or 24 digits.
    pub fn and_literally(self, filters: &LiteralFilters) -> Result<Query, QueryError> {
        let literal = super::query_term::literal_filter(filters)?;
        Ok(Query {
            filter: Filter::both(self.filter, literal),
            ..self
        })
    }

    /// Whether everything is meant: no condition, no period, no depth.
    pub fn is_everything(&self) -> bool {
        self.filter == Filter::All && self.period == Period::ALL && self.depth.is_none()
    }

    /// Whether accounts alone decide (the period and depths aside), so that totals can answer.
    pub fn is_account_only(&self) -> bool {
        self.filter.all_tests(&|test| test.is_about_accounts())
    }

    /// Whether account and currency decide, which is what totals are kept by.
    pub fn is_totals_only(&self) -> bool {
        self.filter.all_tests(&|test| {
            test.is_about_accounts() || matches!(test, Test::Currency(_) | Test::CurrencyIs(_))
        })
    }

    /// Whether every entry that is meant lies in an account that the query names, by pattern, path or type.
    ///
    /// `desc:rent` means all entries of a rent voucher, bank and tax too; `rent`, `type:x` name accounts.
    pub fn names_accounts(&self) -> bool {
        self.filter.names_accounts()
    }

    /// The filter made ready for a chart: account and currency patterns are looked up once.
    pub fn matcher<'q>(&'q self, chart: &'q Chart) -> Matcher<'q> {
        Matcher::new(&self.filter, chart)
    }

    /// Whether a transaction is meant, period included. For many, keep a [`Query::matcher`].
    pub fn matches_transaction(&self, transaction: &Transaction, chart: &Chart) -> bool {
        self.period.contains(transaction.date) && self.matcher(chart).transaction(transaction)
    }

    /// Whether an entry is meant, period included.
    pub fn matches_entry(&self, transaction: &Transaction, entry: &Entry, chart: &Chart) -> bool {
        self.period.contains(transaction.date) && self.matcher(chart).entry(transaction, entry)
    }

    /// Every term, in order, negated ones included.
    pub fn terms(&self) -> Vec<&Term> {
        let mut terms = Vec::new();
        self.filter.collect(&mut terms);
        terms
    }

    /// The terms that match nothing in the book, with what is near: for warnings.
    ///
    /// Lists of the vocabulary that are `None` are not looked at.
    pub fn unmatched(&self, chart: &Chart, known: &Vocabulary) -> Vec<Unmatched> {
        super::query_problem::unmatched(self, chart, known)
    }
}

impl Filter {
    fn names_accounts(&self) -> bool {
        match self {
            Filter::And(parts) => parts.iter().any(Filter::names_accounts),
            Filter::Or(parts) => !parts.is_empty() && parts.iter().all(Filter::names_accounts),
            Filter::Term(term) => matches!(
                term.test,
                Test::Account(_) | Test::AccountWithin(_) | Test::Type(_)
            ),
            // `any:` and `all:` choose transactions; what is left out names nothing.
            Filter::All | Filter::Not(_) | Filter::AnyEntry(_) | Filter::AllEntries(_) => false,
        }
    }

    /// Both must hold.
    pub fn both(a: Filter, b: Filter) -> Filter {
        match (a, b) {
            (Filter::All, other) | (other, Filter::All) => other,
            (Filter::And(mut a), Filter::And(b)) => {
                a.extend(b);
                Filter::And(a)
            }
            (Filter::And(mut a), b) => {
                a.push(b);
                Filter::And(a)
            }
            (a, b) => Filter::And(vec![a, b]),
        }
    }

    fn all_tests(&self, holds: &dyn Fn(&Test) -> bool) -> bool {
        match self {
            Filter::All => true,
            Filter::Not(inner) => inner.all_tests(holds),
            Filter::And(parts) | Filter::Or(parts) => {
                parts.iter().all(|part| part.all_tests(holds))
            }
            // They look at a transaction's other entries.
            Filter::AnyEntry(inner) | Filter::AllEntries(inner) => inner.all_tests(holds),
            Filter::Term(term) => holds(&term.test),
        }
    }

    fn collect<'f>(&'f self, terms: &mut Vec<&'f Term>) {
        match self {
            Filter::All => {}
            Filter::Not(inner) | Filter::AnyEntry(inner) | Filter::AllEntries(inner) => {
                inner.collect(terms)
            }
            Filter::And(parts) | Filter::Or(parts) => {
                parts.iter().for_each(|part| part.collect(terms))
            }
            Filter::Term(term) => terms.push(term),
        }
    }
}

impl Test {
    fn is_about_accounts(&self) -> bool {
        matches!(
            self,
            Test::Account(_) | Test::AccountWithin(_) | Test::Type(_) | Test::Depth(..)
        )
    }
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
