//! Rows of one day that a bank prints in another order the next time it is asked: their running balances differ,
//! and nothing else. Without a second look they would be other rows.
//!
//! That a row is the same but for its balance is proved by its stored identity. That the day is the same, and not
//! the rest of a day whose beginning is stored, is said by the balance it opens with.

use rust_decimal::Decimal;

use super::identity::{Identity, Said};
use super::plan::HeldRow;
use super::statement::StatementRow;

/// A stored row of the same form that no row of the file was found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseRow {
    pub identity: Identity,
    pub number: u64,
    pub said: Said,
}

/// One day of a file in one currency, against the same day as it is stored.
pub struct OneDay<'a> {
    /// The file's rows of the day, in its order.
    pub rows: Vec<&'a StatementRow>,
    /// Those that are not known by their identity, and what that is.
    pub open: Vec<(&'a StatementRow, Identity)>,
    pub loose: Vec<LooseRow>,
    /// What every stored row of the day said.
    pub stored: Vec<Said>,
}

impl OneDay<'_> {
    /// The open rows that are stored with another balance. `identities` are those a row may be stored under.
    pub fn known(mut self, identities: impl Fn(&StatementRow) -> Vec<Identity>) -> Vec<HeldRow> {
        if !self.opens_alike() {
            return Vec::new();
        }
        let mut known = Vec::new();
        for (row, identity) in self.open {
            let at = self.loose.iter().position(|loose| {
                let with_its_balance = || StatementRow {
                    balance: loose.said.balance,
                    ..row.clone()
                };
                loose.said.amount == row.amount
                    && identities(&with_its_balance()).contains(&loose.identity)
            });
            if let Some(at) = at {
                let number = self.loose.remove(at).number;
                known.push(HeldRow { identity, number });
            }
        }
        known
    }

    fn opens_alike(&self) -> bool {
        let of_file =
            |row: &&StatementRow| Some((row.balance?.checked_sub(row.amount)?, row.balance?));
        let of_stored = |said: &Said| Some((said.before()?, said.balance?));
        let file = openings(self.rows.iter().filter_map(of_file).collect());
        let stored = openings(self.stored.iter().filter_map(of_stored).collect());
        file.first().is_some_and(|first| stored.contains(first))
    }
}

/// The balances a chain of (before, after) may begin with, the first row's first: those that no row ends with, or
/// every one if the chain comes back to where it began.
fn openings(steps: Vec<(Decimal, Decimal)>) -> Vec<Decimal> {
    let mut ends: Vec<Decimal> = steps.iter().map(|(_, after)| *after).collect();
    let mut begins: Vec<Decimal> = steps.iter().map(|(before, _)| *before).collect();
    let all = begins.clone();
    begins.retain(|before| match ends.iter().position(|end| end == before) {
        Some(at) => {
            ends.swap_remove(at);
            false
        }
        None => true,
    });
    if begins.is_empty() { all } else { begins }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn row(text: &str, amount: i64, balance: i64) -> StatementRow {
        StatementRow {
            line: 2,
            date: date(2025, 4, 20),
            description: text.to_owned(),
            payee: None,
            reference: None,
            bank_id: None,
            amount: amount.into(),
            currency: None,
            balance: Some(balance.into()),
            series: 0,
            raw: String::new(),
            category: Box::default(),
        }
    }

    fn identity(row: &StatementRow) -> Identity {
        super::super::identity::of_statement_row(uuid::Uuid::nil(), row, "INR")
    }

    /// Which rows of `again` are known, `first` being stored.
    fn known(first: &[StatementRow], again: &[StatementRow]) -> Vec<u64> {
        let said = |row: &StatementRow| Said {
            form: 1,
            date: row.date,
            amount: row.amount,
            balance: row.balance,
            currency: "INR".to_owned(),
        };
        let is_in = |row: &StatementRow, rows: &[StatementRow]| {
            rows.iter().any(|other| identity(other) == identity(row))
        };
        let loose = first.iter().enumerate().filter(|(_, r)| !is_in(r, again));
        let day = OneDay {
            rows: again.iter().collect(),
            open: again
                .iter()
                .filter(|r| !is_in(r, first))
                .map(|r| (r, identity(r)))
                .collect(),
            loose: loose
                .map(|(nth, row)| LooseRow {
                    identity: identity(row),
                    number: nth as u64 + 1,
                    said: said(row),
                })
                .collect(),
            stored: first.iter().map(said).collect(),
        };
        let held = day.known(|row| vec![identity(row)]);
        held.iter().map(|h| h.number).collect()
    }

    #[test]
    fn a_day_in_another_order_is_the_same_day() {
        let first = [row("A", -100, 900), row("B", 50, 950)];
        let again = [row("B", 50, 1050), row("A", -100, 950)];
        assert_eq!(known(&first, &again), [2, 1]);
        let grown = [row("C", 7, 1007), row("B", 50, 1057), row("A", -100, 957)];
        assert_eq!(known(&first, &grown), [2, 1], "and one more");
    }

    #[test]
    fn a_day_that_comes_back_to_its_opening_is_found_too() {
        let first = [row("IN", 50, 1050), row("OUT", -50, 1000)];
        let again = [row("OUT", -50, 950), row("IN", 50, 1000)];
        assert_eq!(known(&first, &again), [2, 1]);
    }

    #[test]
    fn the_rest_of_a_day_is_other_rows_even_if_they_are_equal() {
        let first = [row("FEE", -50, 950)];
        let rest = [row("FEE", -50, 900), row("FEE", -50, 850)];
        assert!(known(&first, &rest).is_empty());
    }

    #[test]
    fn another_text_is_another_row() {
        let first = [row("A", -100, 900), row("B", 50, 950)];
        let again = [row("C", 50, 1050), row("A", -100, 950)];
        assert_eq!(known(&first, &again), [1]);
    }
}
