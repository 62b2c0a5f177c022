//! What is wrong with a query, and terms that find nothing.

use std::fmt;

use super::amount_text::AmountTextError;
use super::chart::{Chart, distance};
use super::date_text::DateTextError;
use super::query::{Pattern, Query, Test};
use super::query_term::PREFIXES;
use super::transaction;

/// Why a term cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryProblem {
    Empty,
    TooLong,
    /// Not a regular expression.
    Pattern {
        text: String,
        reason: String,
    },
    Amount(AmountTextError),
    /// `amt:>$5`.
    AmountWithCurrency,
    /// Beyond 24 digits or 12 places.
    AmountTooLarge,
    Date(DateTextError),
    Depth,
    Type(String),
    Status(String),
    Voucher(String),
    Real,
    /// Brackets that do not pair.
    Brackets,
    /// A quote left open.
    Quote,
    /// An `and`, `or`, `not` without a term beside it.
    TermMissing,
}

/// A query that cannot be read, with the term at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the query {term:?}: {problem}")]
pub struct QueryError {
    /// As typed.
    pub term: String,
    pub problem: QueryProblem,
}

impl fmt::Display for QueryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use QueryProblem::*;
        match self {
            Empty => write!(f, "it is empty"),
            TooLong => write!(f, "it is too long or too deep"),
            Pattern { text, reason } => write!(f, "{text:?} is not a regular expression: {reason}"),
            Amount(error) => error.fmt(f),
            AmountWithCurrency => write!(f, "it compares numbers, without a currency or side"),
            AmountTooLarge => write!(f, "the amount has more digits than an entry can have"),
            Date(error) => error.fmt(f),
            Depth => write!(f, "a depth is a number"),
            Type(word) => write!(f, "there is no account type {word:?}"),
            Status(word) => write!(f, "there is no status {word:?}"),
            Voucher(word) => write!(f, "there is no voucher type {word:?}"),
            Real => write!(f, "it is 1 or 0"),
            Brackets => write!(f, "the brackets do not pair"),
            Quote => write!(f, "a quote is left open"),
            TermMissing => write!(f, "and, or and not need a term beside them"),
        }
    }
}

impl QueryError {
    /// What to type instead, one sentence.
    pub fn hint(&self) -> String {
        use QueryProblem::*;
        match &self.problem {
            Pattern { text, .. } => format!("to mean the characters themselves, write '{}'", regex::escape(text)),
            Amount(error) => error.hint(),
            Date(error) => error.hint(),
            AmountWithCurrency => "write amt:'>5' cur:USD".into(),
            AmountTooLarge => "write amt:'>1000.50'".into(),
            Depth => "write depth:2, or depth:assets=2".into(),
            Type(_) => "write type:cash, bank, receivable, payable, tax, asset, liability, equity, income, expense, or letters of ALERXCV".into(),
            Status(_) => "write status:cleared (*), status:pending (!) or status:unmarked".into(),
            Voucher(word) => {
                let near = nearest(word, transaction::Voucher::ALL.iter().map(|v| v.word()));
                let words: Vec<&str> = transaction::Voucher::ALL.iter().map(|v| v.word()).collect();
                near.first().map_or_else(|| format!("write one of {}", words.join(", ")), |near| format!("write voucher:{near}"))
            }
            Real => "write real:1, or real:0 for virtual entries".into(),
            Brackets | Quote | TermMissing | Empty => "write expr:'food and (desc:tea or not cur:INR)'".into(),
            TooLong => "use fewer terms".into(),
        }
    }
}

/// What a book has, besides its chart, for telling whether a term can match. `None`: not known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vocabulary<'a> {
    pub payees: Option<&'a [String]>,
    pub descriptions: Option<&'a [String]>,
    /// Names of tags.
    pub tags: Option<&'a [String]>,
}

/// A term that matches nothing in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// As typed.
    pub term: String,
    /// What it looks among: `account`, `payee`, `currency`, `description`, `tag`.
    pub among: &'static str,
    /// Names like it, best first, at most five.
    pub near: Vec<String>,
}

pub(super) fn unmatched(query: &Query, chart: &Chart, known: &Vocabulary) -> Vec<Unmatched> {
    let mut found = Vec::new();
    for term in query.terms() {
        let missing = match &term.test {
            Test::Account(pattern) => account_pattern(pattern, chart),
            Test::AccountWithin(path) => chart.subtree(path).is_empty().then(|| {
                (
                    "account",
                    chart.near(path).iter().map(|p| p.to_string()).collect(),
                )
            }),
            Test::Currency(pattern) => {
                currency(chart, &pattern.text, &|name| pattern.is_match(name))
            }
            Test::CurrencyIs(code) => {
                currency(chart, code, &|name| name.eq_ignore_ascii_case(code))
            }
            Test::Payee(pattern) => listed("payee", known.payees, &pattern.text, &|name| {
                pattern.is_match(name)
            }),
            Test::PayeeIs(payee) => listed("payee", known.payees, payee, &|name| {
                name.to_lowercase() == payee.to_lowercase()
            }),
            Test::Description(pattern) => {
                listed("description", known.descriptions, &pattern.text, &|name| {
                    pattern.is_match(name)
                })
            }
            Test::Tag { name, .. } => {
                listed("tag", known.tags, &name.text, &|tag| name.is_match(tag))
            }
            Test::TagIs { name, .. } => listed("tag", known.tags, name, &|tag| {
                tag.to_lowercase() == name.to_lowercase()
            }),
            _ => None,
        };
        if let Some((among, near)) = missing {
            found.push(Unmatched {
                term: term.source.clone(),
                among,
                near,
            });
        }
    }
    found
}

type Missing = Option<(&'static str, Vec<String>)>;

/// An account pattern that matches nothing may also be a mistyped prefix: `descr:tea`.
fn account_pattern(pattern: &Pattern, chart: &Chart) -> Missing {
    if chart.accounts().iter().any(|a| pattern.is_match(&a.path)) {
        return None;
    }
    let mut near: Vec<String> = Vec::new();
    if let Some((prefix, rest)) = pattern.text.split_once(':') {
        near.extend(
            nearest(prefix, PREFIXES.into_iter())
                .into_iter()
                .take(1)
                .map(|prefix| format!("{prefix}:{rest}")),
        );
    }
    near.extend(
        chart
            .near(&pattern.text)
            .iter()
            .map(|path| path.to_string()),
    );
    near.truncate(5);
    Some(("account", near))
}

fn currency(chart: &Chart, wanted: &str, fits: &dyn Fn(&str) -> bool) -> Missing {
    let all = chart.currencies();
    if all
        .iter()
        .any(|c| fits(&c.code) || c.symbol.as_deref().is_some_and(fits))
    {
        return None;
    }
    Some(("currency", nearest(wanted, all.iter().map(|c| &*c.code))))
}

fn listed(
    among: &'static str,
    names: Option<&[String]>,
    wanted: &str,
    fits: &dyn Fn(&str) -> bool,
) -> Missing {
    let names = names?;
    if names.iter().any(|name| fits(name)) {
        return None;
    }
    Some((among, nearest(wanted, names.iter().map(String::as_str))))
}

/// Names within a third of their length of `wanted`, or that share a word's beginning with it; best first, at most five.
fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let limit = 1 + wanted.chars().count() / 3;
    let score = |name: &str| {
        let name = name.to_lowercase();
        let best = name
            .split_whitespace()
            .chain([name.as_str()])
            .map(|part| distance(&wanted, part))
            .min()
            .unwrap_or(usize::MAX);
        if wanted.chars().count() >= 3 && name.starts_with(&wanted) {
            0
        } else {
            best
        }
    };
    let mut scored: Vec<(usize, &str)> = names
        .map(|name| (score(name), name))
        .filter(|(score, _)| *score <= limit)
        .collect();
    scored.sort();
    scored.dedup();
    scored
        .into_iter()
        .take(5)
        .map(|(_, name)| name.to_string())
        .collect()
}
