//! The flags that choose entries and shape lines.

use std::ops::ControlFlow;

use clap::Args;
use rust_decimal::Decimal;

use crate::book::{Book, Scan, Voided};
use crate::cli::error::{Failure, Result};
use crate::ledger::account::AccountKey;
use crate::ledger::amount_text;
use crate::ledger::chart::{Chart, Resolved, distance};
use crate::ledger::date_text::DateContext;
use crate::ledger::query::{LiteralFilters, Query};
use crate::ledger::transaction::{Status, Tag, Transaction, Voucher};

// Which entries.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which entries")]
pub struct Filters {
    /// Only entries of this account and those below it (repeatable)
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Vec<String>,

    /// Only transactions with this payee (repeatable)
    #[arg(long, value_name = "NAME")]
    pub payee: Vec<String>,

    /// Only amounts in this currency (repeatable)
    #[arg(long, value_name = "CODE")]
    pub currency: Vec<String>,

    /// Only vouchers of this type: receipt, payment, contra, journal, sales, … (repeatable)
    #[arg(long, value_name = "TYPE")]
    pub voucher: Vec<String>,

    /// Only this status: unmarked, pending or cleared (repeatable)
    #[arg(long, value_name = "STATUS")]
    pub status: Vec<String>,

    /// Only what has this tag: a name, or name=value (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub tag: Vec<String>,

    /// Only amounts of at least this
    #[arg(long, value_name = "AMOUNT")]
    pub min: Option<String>,

    /// Only amounts of at most this
    #[arg(long, value_name = "AMOUNT")]
    pub max: Option<String>,

    /// Only unmarked
    #[arg(short = 'U', long)]
    pub unmarked: bool,

    /// Only pending (!)
    #[arg(short = 'P', long)]
    pub pending: bool,

    /// Only cleared (*)
    #[arg(short = 'C', long)]
    pub cleared: bool,

    /// Without virtual entries of journals
    #[arg(short = 'R', long)]
    pub real: bool,

    /// Query terms of the command: set by it, as their place differs.
    #[arg(skip)]
    pub words: Vec<String>,
}

// How accounts become lines.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Lines")]
pub struct Lines {
    /// Show this many levels of accounts
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,

    /// Show accounts as a tree, with sums at every level
    #[arg(short = 't', long, overrides_with = "flat")]
    pub tree: bool,

    /// Show accounts as a list (the default)
    #[arg(short = 'l', long, overrides_with = "tree")]
    pub flat: bool,

    /// Show accounts without a balance too
    #[arg(short = 'E', long)]
    pub empty: bool,
}

// What amounts are shown in.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Amounts")]
pub struct Values {
    /// Value everything in the base currency, at the newest prices of each period's end
    #[arg(short = 'V', long = "market")]
    pub value: bool,

    /// The same in this currency
    #[arg(short = 'X', long, value_name = "CURRENCY")]
    pub exchange: Option<String>,

    /// Show what was paid: amounts at their recorded prices
    #[arg(long)]
    pub cost: bool,
}

impl Filters {
    /// With these words of the command line as query terms; `-2` is hledger's short form of a depth.
    pub fn with_words(mut self, words: Vec<String>) -> Filters {
        self.words.extend(words.into_iter().map(|word| {
            match word.strip_prefix('-').map(str::parse::<u8>) {
                Some(Ok(depth)) => format!("depth:{depth}"),
                _ => word,
            }
        }));
        self
    }

    /// The query of words and flags.
    ///
    /// Errors: what cannot be read (2); an account, payee, currency or tag that the book does not have (6).
    pub fn query(&self, book: &mut dyn Book, chart: &Chart, dates: &DateContext) -> Result<Query> {
        let mut words = self.words.clone();
        if self.real {
            words.push("real:1".to_owned());
        }
        let query = Query::parse(&words, dates)?;
        let literal = self.literal(chart)?;
        require_known(book, &literal)?;
        query.and_literally(&literal).map_err(Failure::from)
    }

    fn literal(&self, chart: &Chart) -> Result<LiteralFilters> {
        let paths = self.account.iter().map(|text| {
            let key = one_account(chart, text)?;
            Ok(chart.account(key).path.to_string())
        });
        let currencies = self.currency.iter().map(|code| {
            let found = chart.resolve_currency(code);
            found
                .map(|c| c.code.to_string())
                .ok_or_else(|| unknown_currency(chart, code))
        });
        let mut statuses: Vec<Status> = self
            .status
            .iter()
            .map(|word| {
                known(
                    word,
                    "status",
                    Status::from_word,
                    &Status::ALL.map(Status::word),
                )
            })
            .collect::<Result<_>>()?;
        let marks = [
            (self.unmarked, Status::Unmarked),
            (self.pending, Status::Pending),
            (self.cleared, Status::Cleared),
        ];
        statuses.extend(
            marks
                .iter()
                .filter(|(on, _)| *on)
                .map(|(_, status)| *status),
        );
        let vouchers = self.voucher.iter().map(|word| {
            known(
                word,
                "voucher type",
                Voucher::from_word,
                &Voucher::ALL.map(Voucher::word),
            )
        });
        Ok(LiteralFilters {
            accounts: paths.collect::<Result<_>>()?,
            payees: self.payee.clone(),
            currencies: currencies.collect::<Result<_>>()?,
            vouchers: vouchers.collect::<Result<_>>()?,
            statuses,
            tags: self.tag.iter().map(|text| tag_of(text)).collect(),
            min: amount(self.min.as_deref(), "--min")?,
            max: amount(self.max.as_deref(), "--max")?,
        })
    }
}

/// The account a person means.
///
/// Errors, both exit 6: none fits, or several do; with what is near.
pub fn one_account(chart: &Chart, text: &str) -> Result<AccountKey> {
    match chart.resolve(text) {
        Resolved::One(key) => Ok(key),
        Resolved::Ambiguous(keys) => {
            let paths: Vec<&str> = keys.iter().map(|k| &*chart.account(*k).path).collect();
            Err(Failure::not_found(
                "ambiguous-account",
                format!(
                    "{text:?} could be any of these accounts: {}",
                    paths.join(", ")
                ),
            )
            .hint(format!("write more of the path, like {}", paths[0])))
        }
        Resolved::Unknown(near) => {
            let failure =
                Failure::not_found("unknown-account", format!("no account is called {text:?}"));
            Err(if near.is_empty() {
                failure.hint("hissab accounts lists them")
            } else {
                failure.hint(format!("near it: {}", near.join(", ")))
            })
        }
    }
}

pub fn unknown_currency(chart: &Chart, code: &str) -> Failure {
    let codes: Vec<&str> = chart.currencies().iter().map(|c| &*c.code).collect();
    Failure::not_found(
        "unknown-currency",
        format!("the book has no currency {code:?}"),
    )
    .hint(format!("it has {}", codes.join(", ")))
}

fn known<T>(
    word: &str,
    what: &str,
    read: fn(&str) -> Option<T>,
    all: &[&'static str],
) -> Result<T> {
    read(&word.to_lowercase()).ok_or_else(|| {
        Failure::usage("unknown-word", format!("there is no {what} {word:?}"))
            .hint(format!("one of {}", all.join(", ")))
    })
}

fn tag_of(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    }
}

fn amount(text: Option<&str>, flag: &str) -> Result<Option<Decimal>> {
    let Some(text) = text else {
        return Ok(None);
    };
    match amount_text::parse_amount_or_zero(text) {
        Ok(typed) => Ok(Some(typed.amount)),
        Err(error) => Err(Failure::usage("bad-amount", format!("{flag}: {error}"))),
    }
}

/// Payees and tags named by flags must exist. They are no part of the chart, so this looks
/// through the book until it has seen each of them.
fn require_known(book: &mut dyn Book, literal: &LiteralFilters) -> Result<()> {
    let mut payees: Vec<&String> = literal.payees.iter().collect();
    let mut tags: Vec<&(String, Option<String>)> = literal.tags.iter().collect();
    if payees.is_empty() && tags.is_empty() {
        return Ok(());
    }
    let mut names: Vec<String> = Vec::new();
    let scan = Scan {
        voided: Voided::Show,
        ..Scan::default()
    };
    book.scan(&scan, &mut |transaction| {
        payees.retain(|payee| transaction.payee().to_lowercase() != payee.to_lowercase());
        tags.retain(|wanted| !has_tag(&transaction, wanted));
        if let Some(payee) = payees.first() {
            note_near(&mut names, payee, transaction.payee());
        }
        if payees.is_empty() && tags.is_empty() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    if let Some(payee) = payees.first() {
        let failure = Failure::not_found(
            "unknown-payee",
            format!("no transaction has the payee {payee:?}"),
        );
        return Err(if names.is_empty() {
            failure.hint("hissab payees lists them")
        } else {
            failure.hint(format!("near it: {}", names.join(", ")))
        });
    }
    if let Some((name, value)) = tags.first() {
        let shown = match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        };
        return Err(
            Failure::not_found("unknown-tag", format!("nothing has the tag {shown:?}"))
                .hint("hissab tags lists them"),
        );
    }
    Ok(())
}

fn has_tag(transaction: &Transaction, (name, value): &(String, Option<String>)) -> bool {
    let fits = |tag: &Tag| {
        tag.name.eq_ignore_ascii_case(name) && value.as_ref().is_none_or(|v| *v == tag.value)
    };
    transaction.tags.iter().any(fits)
        || transaction
            .entries
            .iter()
            .any(|e| e.tags().iter().any(fits))
}

/// Keeps up to five names like the one wanted.
fn note_near(names: &mut Vec<String>, wanted: &str, name: &str) {
    let (a, b) = (wanted.to_lowercase(), name.to_lowercase());
    let is_near = b.contains(&a) || distance(&a, &b) <= 1 + a.chars().count() / 3;
    if names.len() < 5 && is_near && !names.iter().any(|n| n == name) {
        names.push(name.to_owned());
    }
}
