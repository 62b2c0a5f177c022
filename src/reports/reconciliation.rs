//! An account held against a statement: what was reconciled before, what both have, what only one has.

use jiff::civil::Date;

/// An entry of the account that carries no mark yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub number: u64,
    /// Its place in the transaction, from 0.
    pub entry: usize,
    pub date: Date,
    pub description: String,
    pub reference: Option<String>,
    /// Debit positive.
    pub minor: i64,
    /// It is on the statement, or was picked.
    pub found: bool,
}

/// A row of the statement that no transaction stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its line in the file.
    pub line: u64,
    pub date: Date,
    pub description: String,
    /// Debit to the account positive.
    pub minor: i64,
}

/// An account in one currency up to a day. Every amount in minor units, debit positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The statement's last day, included.
    pub until: Date,
    /// What entries with a mark come to.
    pub reconciled: i128,
    /// By date and number.
    pub lines: Vec<Line>,
    pub missing: Vec<Missing>,
    /// What the statement says the account holds at its end.
    pub closing: Option<i128>,
}

impl Reconciliation {
    /// What the books hold on that day.
    pub fn books(&self) -> i128 {
        self.reconciled + sum(&self.lines, |_| true)
    }

    /// What is reconciled once the entries found are.
    pub fn cleared(&self) -> i128 {
        self.reconciled + sum(&self.lines, |line| line.found)
    }

    /// What is in the books and not on the statement: cheques not presented, deposits on their way.
    pub fn outstanding(&self) -> i128 {
        sum(&self.lines, |line| !line.found)
    }

    /// Statement less cleared; `None` where no closing balance is known.
    pub fn difference(&self) -> Option<i128> {
        self.closing.map(|closing| closing - self.cleared())
    }

    /// Whether nothing is open: every row is in the books, and the balances agree where both are known.
    pub fn is_exact(&self) -> bool {
        let something = self.closing.is_some() || self.lines.iter().any(|l| l.found);
        something && self.missing.is_empty() && self.difference().unwrap_or(0) == 0
    }

    /// The first reconciliation of an account begins with what it held before the statement's first day: those
    /// entries count as found if the statement's opening balance is just what they come to.
    pub fn bring_forward(&mut self, first: Date, rows: i128) {
        let Some(closing) = self.closing.filter(|_| self.reconciled == 0) else {
            return;
        };
        let before = |line: &Line| !line.found && line.date < first;
        if sum(&self.lines, before) != closing - rows {
            return;
        }
        for line in self.lines.iter_mut().filter(|line| before(line)) {
            line.found = true;
        }
    }
}

fn sum(lines: &[Line], of: impl Fn(&Line) -> bool) -> i128 {
    lines
        .iter()
        .filter(|l| of(l))
        .map(|l| i128::from(l.minor))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn line(day: i8, minor: i64, found: bool) -> Line {
        Line {
            number: day as u64,
            entry: 0,
            date: date(2026, 4, day),
            description: String::new(),
            reference: None,
            minor,
            found,
        }
    }

    fn april(lines: Vec<Line>, closing: Option<i128>) -> Reconciliation {
        Reconciliation {
            until: date(2026, 4, 30),
            reconciled: 0,
            lines,
            missing: Vec::new(),
            closing,
        }
    }

    #[test]
    fn a_cheque_not_presented_is_outstanding_and_no_difference() {
        let lines = vec![line(2, 500, true), line(3, -200, false)];
        let found = april(lines, Some(500));
        assert_eq!(
            (found.books(), found.cleared(), found.outstanding()),
            (300, 500, -200)
        );
        assert!(found.is_exact());
        let short = april(vec![line(2, 400, true)], Some(500));
        assert_eq!((short.difference(), short.is_exact()), (Some(100), false));
    }

    #[test]
    fn a_row_that_is_not_in_the_books_is_never_exact() {
        let mut found = april(vec![line(2, 500, true)], Some(500));
        found.missing.push(Missing {
            line: 3,
            date: date(2026, 4, 4),
            description: "fee".to_owned(),
            minor: 0,
        });
        assert!(!found.is_exact());
        assert!(
            !april(Vec::new(), None).is_exact(),
            "nothing proves nothing"
        );
    }

    #[test]
    fn what_the_account_held_before_is_brought_forward_only_if_it_is_the_opening_balance() {
        let lines = vec![line(1, 900, false), line(5, 100, true)];
        let mut opened = april(lines.clone(), Some(1000));
        opened.bring_forward(date(2026, 4, 5), 100);
        assert!(opened.is_exact());
        let mut other = april(lines, Some(1001));
        other.bring_forward(date(2026, 4, 5), 100);
        assert_eq!(other.difference(), Some(901));
    }
}
