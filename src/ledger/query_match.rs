//! Applies a query's filter to transactions, entries, totals and accounts of one chart.

use jiff::civil::Date;

use super::account::{Account, AccountKey, AccountType, Kind, is_within};
use super::chart::Chart;
use super::currency::{Currency, CurrencyKey};
use super::money::pow10;
use super::query::{AmountTest, Comparison, Filter, Test, TypeTest};
use super::transaction::{Entry, Status, Transaction, VIRTUAL_TAG};

/// A filter bound to a chart. Accounts and currencies added later match nothing.
///
/// The query's period and depths are not looked at here: they are the report's.
pub struct Matcher<'q> {
    chart: &'q Chart,
    filter: Bound<'q>,
}

/// A filter whose answers about accounts and currencies are looked up.
enum Bound<'q> {
    All,
    Not(Box<Bound<'q>>),
    And(Vec<Bound<'q>>),
    Or(Vec<Bound<'q>>),
    AnyEntry(Box<Bound<'q>>),
    AllEntries(Box<Bound<'q>>),
    /// By account key less one.
    Accounts(Vec<bool>),
    /// By currency key less one.
    Currencies(Vec<bool>),
    Amount(&'q AmountTest),
    Other(&'q Test),
}

/// What is asked about.
#[derive(Clone, Copy)]
enum Subject<'t> {
    Transaction(&'t Transaction),
    Entry(&'t Transaction, &'t Entry),
    Total(AccountKey, CurrencyKey),
    Account(AccountKey),
}

impl<'q> Matcher<'q> {
    pub(super) fn new(filter: &'q Filter, chart: &'q Chart) -> Matcher<'q> {
        Matcher {
            chart,
            filter: Bound::of(filter, chart),
        }
    }

    /// Whether a transaction is meant: conditions on entries hold if one of its entries meets them.
    pub fn transaction(&self, transaction: &Transaction) -> bool {
        self.ask(Subject::Transaction(transaction))
    }

    /// Whether an entry is meant: conditions on transactions look at the one it is in.
    pub fn entry(&self, transaction: &Transaction, entry: &Entry) -> bool {
        self.ask(Subject::Entry(transaction, entry))
    }

    /// Whether the totals of an account in a currency are meant. Conditions that totals cannot answer
    /// count as met; ask [`super::query::Query::is_totals_only`] first.
    pub fn total(&self, account: AccountKey, currency: CurrencyKey) -> bool {
        self.ask(Subject::Total(account, currency))
    }

    /// Whether entries of an account could be meant.
    pub fn account(&self, account: AccountKey) -> bool {
        self.ask(Subject::Account(account))
    }

    /// The accounts whose entries could be meant, by key; `None` if all could.
    pub fn accounts(&self) -> Option<Vec<AccountKey>> {
        let all = self.chart.accounts();
        let meant: Vec<AccountKey> = all
            .iter()
            .map(|a| a.key)
            .filter(|key| self.account(*key))
            .collect();
        (meant.len() < all.len()).then_some(meant)
    }

    fn ask(&self, subject: Subject) -> bool {
        self.filter.holds(self.chart, subject) != Some(false)
    }
}

impl<'q> Bound<'q> {
    fn of(filter: &'q Filter, chart: &Chart) -> Bound<'q> {
        let many = |parts: &'q [Filter]| parts.iter().map(|part| Bound::of(part, chart)).collect();
        match filter {
            Filter::All => Bound::All,
            Filter::Not(inner) => Bound::Not(Box::new(Bound::of(inner, chart))),
            Filter::And(parts) => Bound::And(many(parts)),
            Filter::Or(parts) => Bound::Or(many(parts)),
            Filter::AnyEntry(inner) => Bound::AnyEntry(Box::new(Bound::of(inner, chart))),
            Filter::AllEntries(inner) => Bound::AllEntries(Box::new(Bound::of(inner, chart))),
            Filter::Term(term) => Bound::of_test(&term.test, chart),
        }
    }

    fn of_test(test: &'q Test, chart: &Chart) -> Bound<'q> {
        let accounts = |fits: &dyn Fn(&Account) -> bool| {
            Bound::Accounts(chart.accounts().iter().map(fits).collect())
        };
        let currencies = |fits: &dyn Fn(&Currency) -> bool| {
            Bound::Currencies(chart.currencies().iter().map(fits).collect())
        };
        match test {
            Test::Account(pattern) => accounts(&|a| pattern.is_match(&a.path)),
            Test::AccountWithin(path) => accounts(&|a| is_within(&a.path, path)),
            Test::Type(types) => accounts(&|a| types.iter().any(|t| is_of_type(a, *t))),
            Test::Depth(pattern, depth) => accounts(&|a| {
                let level = a.path.split(':').count();
                pattern.as_ref().is_some_and(|p| !p.is_match(&a.path))
                    || usize::try_from(*depth).is_ok_and(|depth| level <= depth)
            }),
            Test::Currency(pattern) => currencies(&|c| {
                pattern.is_match(&c.code) || c.symbol.as_ref().is_some_and(|s| pattern.is_match(s))
            }),
            Test::CurrencyIs(code) => currencies(&|c| {
                c.code.eq_ignore_ascii_case(code) || c.symbol.as_deref() == Some(code)
            }),
            Test::Amount(test) => Bound::Amount(test),
            other => Bound::Other(other),
        }
    }

    /// `None` if the subject cannot tell: totals know no descriptions.
    fn holds(&self, chart: &Chart, subject: Subject) -> Option<bool> {
        match self {
            Bound::All => Some(true),
            Bound::Not(inner) => inner.holds(chart, subject).map(|holds| !holds),
            Bound::And(parts) => {
                let mut sure = Some(true);
                for part in parts {
                    match part.holds(chart, subject) {
                        Some(false) => return Some(false),
                        None => sure = None,
                        Some(true) => {}
                    }
                }
                sure
            }
            Bound::Or(parts) => {
                let mut sure = Some(false);
                for part in parts {
                    match part.holds(chart, subject) {
                        Some(true) => return Some(true),
                        None => sure = None,
                        Some(false) => {}
                    }
                }
                sure
            }
            Bound::AnyEntry(inner) => match subject {
                Subject::Transaction(t) => Some(
                    t.entries
                        .iter()
                        .any(|e| inner.holds(chart, Subject::Entry(t, e)) != Some(false)),
                ),
                _ => inner.holds(chart, subject),
            },
            Bound::AllEntries(inner) => match subject {
                Subject::Transaction(t) => Some(
                    !t.entries.is_empty()
                        && t.entries
                            .iter()
                            .all(|e| inner.holds(chart, Subject::Entry(t, e)) != Some(false)),
                ),
                _ => inner.holds(chart, subject),
            },
            Bound::Accounts(fits) => {
                by_entry(subject, |e| has(fits, e.account.0)).or(match subject {
                    Subject::Total(account, _) | Subject::Account(account) => {
                        Some(has(fits, account.0))
                    }
                    _ => None,
                })
            }
            Bound::Currencies(fits) => by_entry(subject, |e| has(fits, u32::from(e.currency.0)))
                .or(match subject {
                    Subject::Total(_, currency) => Some(has(fits, u32::from(currency.0))),
                    _ => None,
                }),
            Bound::Amount(test) => by_entry(subject, |e| {
                compares(test, e.minor, chart.currency(e.currency).scale)
            }),
            Bound::Other(test) => other_test(test, subject),
        }
    }
}

/// The answer of an entry, or of any entry of a transaction.
fn by_entry(subject: Subject, fits: impl Fn(&Entry) -> bool) -> Option<bool> {
    match subject {
        Subject::Entry(_, entry) => Some(fits(entry)),
        Subject::Transaction(transaction) => Some(transaction.entries.iter().any(fits)),
        Subject::Total(..) | Subject::Account(_) => None,
    }
}

fn has(fits: &[bool], key: u32) -> bool {
    usize::try_from(key)
        .ok()
        .and_then(|key| key.checked_sub(1))
        .and_then(|index| fits.get(index))
        .copied()
        .unwrap_or(false)
}

fn other_test(test: &Test, subject: Subject) -> Option<bool> {
    let transaction = match subject {
        Subject::Transaction(transaction) | Subject::Entry(transaction, _) => transaction,
        Subject::Total(..) | Subject::Account(_) => return None,
    };
    Some(match test {
        Test::Description(pattern) => pattern.is_match(&transaction.description),
        Test::Payee(pattern) => pattern.is_match(transaction.payee()),
        Test::PayeeIs(name) => transaction.payee().to_lowercase() == name.to_lowercase(),
        Test::Note(pattern) => pattern.is_match(note(transaction)),
        Test::Code(pattern) => pattern.is_match(transaction.reference.as_deref().unwrap_or("")),
        Test::Date(period) => period.contains(transaction.date),
        Test::Date2(period) => period.contains(secondary_date(transaction, subject)),
        Test::Tag { name, value } => has_tag(subject, &|tag_name, tag_value| {
            name.is_match(tag_name) && value.as_ref().is_none_or(|v| v.is_match(tag_value))
        }),
        Test::TagIs { name, value } => has_tag(subject, &|tag_name, tag_value| {
            tag_name.to_lowercase() == name.to_lowercase()
                && value.as_ref().is_none_or(|v| v == tag_value)
        }),
        Test::Status(status) => match subject {
            Subject::Entry(_, entry) if entry.status() != Status::Unmarked => {
                entry.status() == *status
            }
            _ => transaction.status == *status,
        },
        Test::Real(real) => match subject {
            Subject::Entry(_, entry) => entry.is_virtual() != *real,
            _ => transaction.entries.iter().any(|e| !e.is_virtual()) == *real,
        },
        Test::Voucher(vouchers) => vouchers.contains(&transaction.voucher),
        // Bound when the matcher was made.
        Test::Account(_) | Test::AccountWithin(_) | Test::Currency(_) | Test::CurrencyIs(_) => {
            return None;
        }
        Test::Amount(_) | Test::Depth(..) | Test::Type(_) => return None,
    })
}

/// The description after `|`, or all of it, as hledger has it.
fn note(transaction: &Transaction) -> &str {
    let description: &str = &transaction.description;
    description
        .split_once('|')
        .map_or(description, |(_, note)| note.trim())
}

/// The `date2` tag of the entry, else of the transaction, else the date.
fn secondary_date(transaction: &Transaction, subject: Subject) -> Date {
    let own = match subject {
        Subject::Entry(_, entry) => entry.tags(),
        _ => &[],
    };
    let tagged = own
        .iter()
        .chain(&transaction.tags)
        .find(|tag| tag.name == "date2");
    tagged
        .and_then(|tag| tag.value.parse().ok())
        .unwrap_or(transaction.date)
}

/// Entries have their transaction's tags too, transactions those of their entries (hledger).
fn has_tag(subject: Subject, fits: &dyn Fn(&str, &str) -> bool) -> bool {
    // The mark of virtual entries is `real:`'s.
    let fits =
        |tag: &super::transaction::Tag| tag.name != VIRTUAL_TAG && fits(&tag.name, &tag.value);
    match subject {
        Subject::Entry(transaction, entry) => {
            entry.tags().iter().chain(&transaction.tags).any(fits)
        }
        Subject::Transaction(transaction) => {
            transaction.tags.iter().any(fits)
                || transaction
                    .entries
                    .iter()
                    .any(|e| e.tags().iter().any(fits))
        }
        Subject::Total(..) | Subject::Account(_) => false,
    }
}

fn is_of_type(account: &Account, test: TypeTest) -> bool {
    match test {
        TypeTest::Kind(kind) => account.kind == kind,
        TypeTest::Type(account_type) => account.account_type == account_type,
        TypeTest::Liquid => account.account_type.is_liquid(),
        TypeTest::Conversion => {
            let named = |segment: &str| {
                matches!(
                    segment.to_lowercase().as_str(),
                    "conversion" | "trade" | "trades" | "trading"
                )
            };
            account.kind == Kind::Equity
                && account.account_type == AccountType::General
                && account.path.split(':').skip(1).any(named)
        }
    }
}

/// Compares without rounding: both sides at the larger scale, which [`AmountTest`] keeps within 128 bits.
fn compares(test: &AmountTest, minor: i64, scale: u8) -> bool {
    let scale = u32::from(scale);
    let to = scale.max(test.amount.scale());
    let at = |value: i128, from: u32| pow10(to - from).and_then(|factor| value.checked_mul(factor));
    let (Some(mut entry), Some(mut wanted)) = (
        at(i128::from(minor), scale),
        at(test.amount.mantissa(), test.amount.scale()),
    ) else {
        return false;
    };
    if !test.signed {
        (entry, wanted) = (entry.abs(), wanted.abs());
    }
    match test.comparison {
        Comparison::Less => entry < wanted,
        Comparison::LessOrEqual => entry <= wanted,
        Comparison::Equal => entry == wanted,
        Comparison::GreaterOrEqual => entry >= wanted,
        Comparison::Greater => entry > wanted,
    }
}
