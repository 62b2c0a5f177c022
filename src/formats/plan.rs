//! What becomes of each row of a statement: new, matched with what is in the books, or known from an earlier import.
//!
//! Pure: the caller brings what the book holds. One transaction stands for at most one row.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::identity::Identity;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Day;

/// A row, as far as planning looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowKey<'a> {
    pub identity: Identity,
    pub date: Date,
    pub currency: CurrencyKey,
    /// Debit positive.
    pub minor: i64,
    pub reference: Option<&'a str>,
    /// The accounts of ours that the row names as its other side; `None` if it says nothing of that.
    pub others: Option<Vec<&'a str>>,
}

/// A source row the book already holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldRow {
    pub identity: Identity,
    /// 0: planned in the same run, not written yet.
    pub number: u64,
}

/// A transaction in the books that moved the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub number: u64,
    pub date: Date,
    pub currency: CurrencyKey,
    /// What it moved of the account, net; debit positive.
    pub minor: i64,
    pub reference: Option<String>,
    /// The account whose statement posts it, where that stands in the same file.
    pub from: Option<Arc<str>>,
    /// It came from a file of another form for the same account, and day and amount are those of its row: only the
    /// very same day will do.
    pub same_day_only: bool,
    /// The last day of the statement it was found on: no row after that day is this one.
    pub found_until: Option<Date>,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    New,
    /// In the books already, by hand or from another account's statement.
    Matched {
        number: u64,
        date: Date,
    },
    /// The other side of a new row of the same file: a transfer between two of its accounts.
    Paired {
        part: usize,
        row: usize,
    },
    /// Imported before.
    Known {
        number: u64,
    },
}

/// Days between a statement and the books, where nothing but the amount agrees.
pub const NEAR_DAYS: i32 = 5;
/// Days where the reference agrees too: a cheque may be presented three months late.
pub const REFERENCE_DAYS: i32 = 100;

/// Whether a transaction that is known to be a row's is dated as it may be: a cheque is written long before it is
/// presented, but nothing is on a statement much before it happened.
pub fn is_dated_like(row: Date, transaction: Date) -> bool {
    let later = Day::of(transaction).0 - Day::of(row).0;
    (-REFERENCE_DAYS..=NEAR_DAYS).contains(&later)
}

/// The fate of every row, in order.
///
/// `held` are the stored rows of the identities, `candidates` what else moved the account; those that
/// `held` names are never matched.
pub fn plan(rows: &[RowKey<'_>], held: &[HeldRow], candidates: &[Candidate]) -> Vec<Fate> {
    let mut fates = known(rows, held);
    let claimed: HashSet<u64> = held.iter().map(|h| h.number).collect();
    let mut taken = Taken::default();
    let mut open: HashMap<(CurrencyKey, i64), Vec<&Candidate>> = HashMap::new();
    for candidate in candidates.iter().filter(|c| !claimed.contains(&c.number)) {
        open.entry((candidate.currency, candidate.minor))
            .or_default()
            .push(candidate);
    }
    for group in open.values_mut() {
        group.sort_by_key(|c| (c.date, c.number));
    }
    by_reference(rows, &mut fates, &mut open, &mut taken);
    for apart in 0..=NEAR_DAYS {
        by_day(rows, &mut fates, &mut open, &mut taken, apart);
    }
    fates
}

/// A multiset: of equal rows, as many are known as are stored.
fn known(rows: &[RowKey<'_>], held: &[HeldRow]) -> Vec<Fate> {
    let mut stored: HashMap<Identity, Vec<u64>> = HashMap::new();
    for row in held.iter().rev() {
        stored.entry(row.identity).or_default().push(row.number);
    }
    let fate = |row: &RowKey<'_>| {
        let number = stored.get_mut(&row.identity).and_then(Vec::pop);
        number.map_or(Fate::New, |number| Fate::Known { number })
    };
    rows.iter().map(fate).collect()
}

type Open<'a> = HashMap<(CurrencyKey, i64), Vec<&'a Candidate>>;

/// Transactions that rows stand for, by currency: one may be a candidate as each of several files said it.
type Taken = HashSet<(u64, CurrencyKey)>;

fn by_reference(rows: &[RowKey<'_>], fates: &mut [Fate], open: &mut Open<'_>, taken: &mut Taken) {
    for (row, fate) in rows.iter().zip(fates).filter(|(_, f)| **f == Fate::New) {
        let Some(group) = open.get_mut(&(row.currency, row.minor)) else {
            continue;
        };
        let Some(wanted) = row.reference.map(plain_reference).filter(|r| !r.is_empty()) else {
            continue;
        };
        let near = |c: &&Candidate| {
            let days = days_apart(c.date, row.date);
            let said = c.reference.as_deref().map(plain_reference);
            said.as_deref() == Some(&*wanted)
                && !taken.contains(&(c.number, c.currency))
                && may_be(row, c)
                && days <= if c.same_day_only { 0 } else { REFERENCE_DAYS }
        };
        let found = (0..group.len())
            .filter(|i| near(&group[*i]))
            .min_by_key(|i| days_apart(group[*i].date, row.date));
        if let Some(index) = found {
            let found = group.remove(index);
            taken.insert((found.number, found.currency));
            *fate = Fate::Matched {
                number: found.number,
                date: found.date,
            };
        }
    }
}

/// Rows and transactions this many days apart, of which not both have a reference.
fn by_day(
    rows: &[RowKey<'_>],
    fates: &mut [Fate],
    open: &mut Open<'_>,
    taken: &mut Taken,
    apart: i32,
) {
    for (row, fate) in rows.iter().zip(fates).filter(|(_, f)| **f == Fate::New) {
        let Some(group) = open
            .get_mut(&(row.currency, row.minor))
            .filter(|g| !g.is_empty())
        else {
            continue;
        };
        let day = Day::of(row.date).0;
        let has_reference = row
            .reference
            .is_some_and(|r| !plain_reference(r).is_empty());
        let fits = |c: &Candidate| {
            let both = has_reference
                && c.reference
                    .as_deref()
                    .is_some_and(|r| !plain_reference(r).is_empty());
            // Two forms of one file may number their rows differently.
            (!both || c.same_day_only) && (apart == 0 || !c.same_day_only) && may_be(row, c)
        };
        // Books run ahead of the bank more often than behind it.
        let found = [day - apart, day + apart].into_iter().find_map(|wanted| {
            let start = group.partition_point(|c| Day::of(c.date).0 < wanted);
            (start..group.len())
                .take_while(|i| Day::of(group[*i].date).0 == wanted)
                .find(|i| fits(group[*i]))
        });
        if let Some(index) = found {
            let found = group.remove(index);
            taken.insert((found.number, found.currency));
            *fate = Fate::Matched {
                number: found.number,
                date: found.date,
            };
        }
    }
}

/// A row that names its other side is no transfer from elsewhere, and what an earlier statement had is on no later
/// one.
fn may_be(row: &RowKey<'_>, candidate: &Candidate) -> bool {
    if candidate.found_until.is_some_and(|until| row.date > until) {
        return false;
    }
    match (&candidate.from, &row.others) {
        (Some(from), Some(others)) => others.contains(&&**from),
        _ => true,
    }
}

fn days_apart(a: Date, b: Date) -> i32 {
    (Day::of(a).0 - Day::of(b).0).abs()
}

/// Letters and digits without leading zeros: `000124` and `Chq. 124` differ, `000124` and `124` do not.
fn plain_reference(reference: &str) -> String {
    let plain: String = reference
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    plain.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const INR: CurrencyKey = CurrencyKey(1);

    fn id(key: i64) -> Identity {
        Identity { key, rest: 0 }
    }

    fn row(key: i64, day: i8, minor: i64, reference: Option<&str>) -> RowKey<'_> {
        RowKey {
            identity: id(key),
            date: date(2026, 4, day),
            currency: INR,
            minor,
            reference,
            others: None,
        }
    }

    fn candidate(number: u64, day: i8, minor: i64, reference: Option<&str>) -> Candidate {
        Candidate {
            number,
            date: date(2026, 4, day),
            currency: INR,
            minor,
            reference: reference.map(str::to_owned),
            from: None,
            same_day_only: false,
            found_until: None,
        }
    }

    fn matched(number: u64, day: i8) -> Fate {
        Fate::Matched {
            number,
            date: date(2026, 4, day),
        }
    }

    #[test]
    fn equal_rows_are_counted() {
        let rows = [
            row(7, 1, -50, None),
            row(7, 1, -50, None),
            row(7, 1, -50, None),
        ];
        let held = [
            HeldRow {
                identity: id(7),
                number: 3,
            },
            HeldRow {
                identity: id(7),
                number: 9,
            },
        ];
        let fates = plan(&rows, &held, &[]);
        assert_eq!(
            fates,
            [
                Fate::Known { number: 3 },
                Fate::Known { number: 9 },
                Fate::New
            ]
        );
    }

    #[test]
    fn another_row_with_the_same_key_is_not_known() {
        let rows = [row(7, 1, -50, None)];
        let other = Identity { key: 7, rest: 1 };
        let held = [HeldRow {
            identity: other,
            number: 3,
        }];
        assert_eq!(plan(&rows, &held, &[]), [Fate::New]);
    }

    #[test]
    fn a_reference_wins_over_a_nearer_day() {
        let rows = [row(1, 6, -1200, Some("000124"))];
        let books = [
            candidate(10, 6, -1200, None),
            candidate(11, 1, -1200, Some("124")),
        ];
        assert_eq!(plan(&rows, &[], &books), [matched(11, 1)]);
    }

    #[test]
    fn different_references_never_match() {
        let rows = [row(1, 6, -1200, Some("000124"))];
        let books = [candidate(10, 6, -1200, Some("000125"))];
        assert_eq!(plan(&rows, &[], &books), [Fate::New]);
    }

    #[test]
    fn a_transaction_stands_for_one_row_and_the_nearest() {
        let rows = [
            row(1, 4, 500, None),
            row(2, 5, 500, None),
            row(3, 20, 500, None),
        ];
        let books = [candidate(10, 5, 500, None)];
        assert_eq!(
            plan(&rows, &[], &books),
            [Fate::New, matched(10, 5), Fate::New]
        );
    }

    #[test]
    fn what_a_known_row_stands_for_is_not_matched_again() {
        let rows = [row(1, 5, 500, None), row(2, 6, 500, None)];
        let held = [HeldRow {
            identity: id(1),
            number: 10,
        }];
        let books = [candidate(10, 5, 500, None)];
        assert_eq!(
            plan(&rows, &held, &books),
            [Fate::Known { number: 10 }, Fate::New]
        );
    }

    #[test]
    fn a_row_that_names_its_other_side_is_paired_with_that_only() {
        let rows = [
            RowKey {
                others: Some(vec![]),
                ..row(1, 5, 500, None)
            },
            RowKey {
                others: Some(vec!["Assets:Cash"]),
                ..row(2, 5, 500, None)
            },
            row(3, 5, 500, None),
        ];
        let from = |number, path: &str| Candidate {
            from: Some(path.into()),
            ..candidate(number, 5, 500, None)
        };
        let books = [from(10, "Assets:Bank"), from(11, "Assets:Cash")];
        assert_eq!(
            plan(&rows, &[], &books),
            [Fate::New, matched(11, 5), matched(10, 5)]
        );
    }

    #[test]
    fn what_an_earlier_statement_had_is_on_no_later_one() {
        let reconciled = Candidate {
            found_until: Some(date(2026, 4, 5)),
            ..candidate(10, 4, -50, Some("7"))
        };
        let books = [reconciled];
        assert_eq!(
            plan(&[row(1, 6, -50, None)], &[], &books),
            [Fate::New],
            "by day"
        );
        assert_eq!(
            plan(&[row(1, 6, -50, Some("7"))], &[], &books),
            [Fate::New],
            "by reference"
        );
        assert_eq!(
            plan(&[row(1, 5, -50, None)], &[], &books),
            [matched(10, 4)],
            "the statement that had it"
        );
    }

    #[test]
    fn another_form_of_the_same_statement_matches_on_the_day_only() {
        let form = Candidate {
            same_day_only: true,
            ..candidate(10, 5, 500, Some("X1"))
        };
        let books = [form];
        assert_eq!(plan(&[row(1, 6, 500, None)], &[], &books), [Fate::New]);
        assert_eq!(
            plan(&[row(1, 5, 500, Some("Y9"))], &[], &books),
            [matched(10, 5)]
        );
    }
}
