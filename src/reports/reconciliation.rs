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
    /// It carries the mark of a later statement: on this day it was still open.
    pub later: bool,
}

/// A row of the statement that no transaction stands for, or none that says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its line in the file.
    pub line: u64,
    pub date: Date,
    pub description: String,
    /// Debit to the account positive.
    pub minor: i64,
    /// The transaction it became, which moves another amount of the account by now, or nothing.
    pub became: Option<u64>,
    /// The day the books give that transaction, where it moves what the row does and only the day is another.
    pub dated: Option<Date>,
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

    /// What agreed less the statement, as books less count; `None` where no closing balance is known.
    pub fn difference(&self) -> Option<i128> {
        self.closing.map(|closing| self.cleared() - closing)
    }

    /// Whether nothing is open: every row is in the books, and the balances agree where both are known.
    pub fn is_exact(&self) -> bool {
        let something = self.closing.is_some() || self.lines.iter().any(|l| l.found);
        something && self.missing.is_empty() && self.difference().unwrap_or(0) == 0
    }

    /// The first reconciliation of an account begins with what it held before the statement's first day: those
    /// entries count as found if the statement's opening balance is just what they come to, but for the fewest that
    /// can have been on their way if only one choice of them adds up.
    pub fn bring_forward(&mut self, first: Date, rows: i128) {
        let Some(closing) = self.closing.filter(|_| self.reconciled == 0) else {
            return;
        };
        let before = |line: &Line| !line.found && !line.later && line.date < first;
        let held: Vec<usize> = (0..self.lines.len())
            .filter(|at| before(&self.lines[*at]))
            .collect();
        let amounts: Vec<i128> = held.iter().map(|at| self.lines[*at].minor.into()).collect();
        let surplus = amounts.iter().sum::<i128>() - (closing - rows);
        let Some(on_their_way) = the_fewest(&amounts, surplus) else {
            return;
        };
        for (nth, at) in held.into_iter().enumerate() {
            self.lines[at].found = !on_their_way.contains(&nth);
        }
    }
}

/// More entries before a statement's first row are not looked through for three of them.
const TRIED_BY_THREE_MAX: usize = 120;

/// The places of the fewest amounts, at most three, that come to `sum`; `None` if none do or several would.
/// Never all of them: then nothing would be brought forward.
fn the_fewest(amounts: &[i128], sum: i128) -> Option<Vec<usize>> {
    if sum == 0 {
        return Some(Vec::new());
    }
    let last = if amounts.len() > TRIED_BY_THREE_MAX {
        2
    } else {
        3
    };
    for many in 1..=last.min(amounts.len().saturating_sub(1)) {
        let mut found = Vec::new();
        choose(amounts, sum, many, 0, &mut Vec::new(), &mut found);
        match found.len() {
            0 => {}
            1 => return found.pop(),
            _ => return None,
        }
    }
    None
}

/// Adds to `found` the choices of `many` more amounts, from place `from` on, that come to `left`; two are enough to
/// know that there are several.
fn choose(
    amounts: &[i128],
    left: i128,
    many: usize,
    from: usize,
    chosen: &mut Vec<usize>,
    found: &mut Vec<Vec<usize>>,
) {
    for at in from..amounts.len() {
        if found.len() > 1 {
            return;
        }
        chosen.push(at);
        if many == 1 && amounts[at] == left {
            found.push(chosen.clone());
        } else if many > 1 {
            choose(amounts, left - amounts[at], many - 1, at + 1, chosen, found);
        }
        chosen.pop();
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
            later: false,
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
        assert_eq!((short.difference(), short.is_exact()), (Some(-100), false));
    }

    #[test]
    fn a_row_that_is_not_in_the_books_is_never_exact() {
        let mut found = april(vec![line(2, 500, true)], Some(500));
        found.missing.push(Missing {
            line: 3,
            date: date(2026, 4, 4),
            description: "fee".to_owned(),
            minor: 0,
            became: None,
            dated: None,
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
        assert_eq!(other.difference(), Some(-901));
    }

    #[test]
    fn what_was_on_its_way_before_the_statement_stays_open_if_only_it_adds_up() {
        let held = |amounts: &[i64]| {
            let mut lines: Vec<Line> = amounts.iter().map(|m| line(1, *m, false)).collect();
            lines.push(line(5, 100, true));
            let mut opened = april(lines, Some(1100));
            opened.bring_forward(date(2026, 4, 5), 100);
            let open = opened.lines.iter().filter(|l| !l.found);
            (opened.is_exact(), open.map(|l| l.minor).collect::<Vec<_>>())
        };
        assert_eq!(held(&[1000, -120]), (true, vec![-120]));
        assert_eq!(held(&[1000, -120, 70, -9]), (true, vec![-120, 70, -9]));
        let (exact, _) = held(&[1000, -120, -120, 120]);
        assert!(!exact, "either of two");
        let (exact, _) = held(&[-120]);
        assert!(!exact, "nothing is left that could be brought forward");
    }
}
