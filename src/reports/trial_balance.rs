//! The trial balance: what every account held, what moved, what it holds; and the proof that
//! it all sums to zero in each currency, by weight.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::scope::Scope;
use super::tree::{Line, Shape, Sum, arrange};
use crate::ledger::account::Kind;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::fiscal::FiscalStart;
use crate::ledger::period::Period;
use crate::ledger::totals::Totals;

/// One account's figures, debit positive; debits and credits of the turnover are both positive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Movement {
    pub opening: i128,
    pub debit: i128,
    pub credit: i128,
}

impl Movement {
    pub fn closing(&self) -> i128 {
        self.opening + self.debit - self.credit
    }
}

impl Sum for Movement {
    fn add(&mut self, other: &Movement) {
        self.opening += other.opening;
        self.debit += other.debit;
        self.credit += other.credit;
    }

    fn is_zero(&self) -> bool {
        *self == Movement::default()
    }
}

/// Both sides of one currency, added up apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SideTotals {
    pub opening_debit: i128,
    pub opening_credit: i128,
    pub debit: i128,
    pub credit: i128,
    pub closing_debit: i128,
    pub closing_credit: i128,
}

impl SideTotals {
    fn add(&mut self, row: &Movement) {
        let side = |minor: i128| (minor.max(0), (-minor).max(0));
        let (debit, credit) = side(row.opening);
        self.opening_debit += debit;
        self.opening_credit += credit;
        self.debit += row.debit;
        self.credit += row.credit;
        let (debit, credit) = side(row.closing());
        self.closing_debit += debit;
        self.closing_credit += credit;
    }

    /// True if opening, turnover and closing are each as large on both sides.
    pub fn balances(&self) -> bool {
        self.opening_debit == self.opening_credit
            && self.debit == self.credit
            && self.closing_debit == self.closing_credit
    }
}

/// Whether the books balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Every currency balances, in opening, turnover and closing.
    Proved,
    /// These currencies do not.
    Failed(Vec<CurrencyKey>),
    /// Only a part was looked at, which need not balance.
    Filtered,
}

/// What to show of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    pub shape: Shape,
    /// Opening and turnover beside the closing balance.
    pub movements: bool,
}

/// A trial balance.
#[derive(Debug, Clone)]
pub struct TrialBalance {
    pub scope: Scope,
    pub movements: bool,
    /// In the order of every report.
    pub lines: Vec<Line<Movement>>,
    /// What prices brought into a currency; only where not zero. Part of the proof.
    pub conversions: Vec<(CurrencyKey, Movement)>,
    /// One a currency that occurs.
    pub totals: Vec<(CurrencyKey, SideTotals)>,
    pub proof: Proof,
    /// Income or expenses were carried over from before this fiscal year: name of the year before.
    pub unclosed: Option<String>,
    /// The oldest year that left some: the one to close first.
    pub unclosed_first: Option<String>,
    /// That oldest year is locked: it cannot be closed as things stand.
    pub unclosed_locked: bool,
    /// Sequence of the newest audit record and its hash, where the book has an audit log.
    pub head: Option<(u64, [u8; 32])>,
}

/// Makes a trial balance of totals whose spans are all within its period.
///
/// Everything before the first cut is opening. `wanted.shape` never changes the proof, which
/// is over every account.
pub fn trial_balance(chart: &Chart, totals: &Totals, scope: Scope, wanted: Wanted) -> TrialBalance {
    let movements: Vec<_> = totals
        .rows
        .iter()
        .map(|row| {
            let movement = Movement {
                opening: row.opening,
                debit: row.spans.iter().map(|s| s.debit).sum(),
                credit: row.spans.iter().map(|s| s.credit).sum(),
            };
            (row.account, row.currency, movement)
        })
        .collect();
    // Of a part there is no proof, so nothing to bring it about.
    let conversions = if scope.filtered {
        Vec::new()
    } else {
        conversions(totals)
    };
    let proof = if scope.filtered {
        Proof::Filtered
    } else {
        prove(movements.iter().map(|(_, c, m)| (*c, *m)), &conversions)
    };
    // A tree keeps the parents of what it shows.
    let all = wanted.shape.zeros || wanted.shape.tree || wanted.movements;
    // Totals add up what a list shows; a tree shows inclusive sums, which nobody can add.
    let flat = Shape {
        tree: false,
        ..wanted.shape
    };
    let listed = arrange(chart, movements.iter().copied(), flat);
    let totals = side_totals(&listed, &conversions);
    let mut lines = if wanted.shape.tree {
        arrange(chart, movements, wanted.shape)
    } else {
        listed
    };
    lines.retain(|line| all || line.value.closing() != 0);
    TrialBalance {
        scope,
        movements: wanted.movements,
        lines,
        conversions,
        totals,
        proof,
        unclosed: None,
        unclosed_first: None,
        unclosed_locked: false,
        head: None,
    }
}

/// The cuts of a trial balance over a period: a first day cuts at the beginning of its fiscal year too, so that
/// [`of_period`] sees what the year before left.
pub fn cuts(period: Period, fiscal: FiscalStart) -> Vec<Date> {
    let until = period.until.unwrap_or(Date::MAX);
    let Some(from) = period.from else {
        return vec![Date::MIN, until];
    };
    let year_from = fiscal.year_of(from).period().from.unwrap_or(Date::MIN);
    let mut cuts = vec![year_from.min(from), from, until];
    cuts.dedup();
    cuts
}

/// Totals between [`cuts`] → those of the period, and the name of the last fiscal year before it if income or
/// expenses still carry what it left.
pub fn of_period(
    totals: Totals,
    chart: &Chart,
    period: Period,
    fiscal: FiscalStart,
) -> (Totals, Option<String>) {
    let Some(from) = period.from else {
        return (totals, None);
    };
    let carried = totals.rows.iter().any(|row| {
        let kind = chart.account(row.account).kind;
        matches!(kind, Kind::Income | Kind::Expense) && row.opening != 0
    });
    let unclosed = carried.then(|| fiscal.year_of(from).previous().label());
    let before = cuts(period, fiscal).len() - 2;
    (with_opening(totals, before), unclosed)
}

/// Totals whose first `count` spans are part of the opening.
pub fn with_opening(mut totals: Totals, count: usize) -> Totals {
    for row in &mut totals.rows {
        let count = count.min(row.spans.len());
        row.opening += row
            .spans
            .drain(..count)
            .map(|span| span.net())
            .sum::<i128>();
    }
    for row in &mut totals.conversions {
        let count = count.min(row.spans.len());
        row.opening += row.spans.drain(..count).sum::<i128>();
    }
    totals
}

fn conversions(totals: &Totals) -> Vec<(CurrencyKey, Movement)> {
    totals
        .conversions
        .iter()
        .map(|c| {
            let net: i128 = c.spans.iter().sum();
            let movement = Movement {
                opening: c.opening,
                debit: net.max(0),
                credit: (-net).max(0),
            };
            (c.currency, movement)
        })
        .filter(|(_, movement)| !movement.is_zero())
        .collect()
}

fn prove(
    movements: impl Iterator<Item = (CurrencyKey, Movement)>,
    conversions: &[(CurrencyKey, Movement)],
) -> Proof {
    let mut sums: BTreeMap<CurrencyKey, Movement> = BTreeMap::new();
    for (currency, movement) in movements.chain(conversions.iter().copied()) {
        sums.entry(currency).or_default().add(&movement);
    }
    let failed: Vec<CurrencyKey> = sums
        .into_iter()
        .filter(|(_, sum)| sum.opening != 0 || sum.debit != sum.credit)
        .map(|(currency, _)| currency)
        .collect();
    if failed.is_empty() {
        Proof::Proved
    } else {
        Proof::Failed(failed)
    }
}

fn side_totals(
    lines: &[Line<Movement>],
    conversions: &[(CurrencyKey, Movement)],
) -> Vec<(CurrencyKey, SideTotals)> {
    let mut totals: BTreeMap<CurrencyKey, SideTotals> = BTreeMap::new();
    let rows = lines.iter().map(|line| (line.currency, line.value));
    for (currency, movement) in rows.chain(conversions.iter().copied()) {
        totals.entry(currency).or_default().add(&movement);
    }
    totals.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::reports::testing::{chart_of, transaction};
    use jiff::civil::{Date, date};

    fn made(from: Option<Date>, wanted: Wanted) -> TrialBalance {
        let chart = chart_of(&[
            "Assets:Cash",
            "Assets:Bank",
            "Income:Sales",
            "Equity:Capital",
        ]);
        let transactions = [
            transaction(
                &chart,
                1,
                date(2026, 3, 31),
                "start",
                &[("Assets:Cash", "100"), ("Equity:Capital", "-100")],
            ),
            transaction(
                &chart,
                2,
                date(2026, 4, 2),
                "sale",
                &[("Assets:Cash", "50"), ("Income:Sales", "-50")],
            ),
            transaction(
                &chart,
                3,
                date(2026, 4, 3),
                "in",
                &[("Assets:Bank", "10"), ("Assets:Cash", "-10")],
            ),
            transaction(
                &chart,
                4,
                date(2026, 4, 4),
                "out",
                &[("Assets:Cash", "10"), ("Assets:Bank", "-10")],
            ),
        ];
        let mut builder = TotalsBuilder::new(&[from.unwrap_or(Date::MIN), date(2026, 5, 1)]);
        for transaction in &transactions {
            builder.add(transaction, |_| true);
        }
        trial_balance(&chart, &builder.finish(), Scope::default(), wanted)
    }

    #[test]
    fn it_proves_and_its_sides_agree() {
        let wanted = Wanted {
            movements: true,
            ..Wanted::default()
        };
        let report = made(Some(date(2026, 4, 1)), wanted);
        assert_eq!(report.proof, Proof::Proved);
        assert_eq!(
            report.totals,
            [(
                CurrencyKey(1),
                SideTotals {
                    opening_debit: 10_000,
                    opening_credit: 10_000,
                    debit: 7_000,
                    credit: 7_000,
                    closing_debit: 15_000,
                    closing_credit: 15_000,
                }
            )]
        );
        assert!(report.totals[0].1.balances());
        // The bank moved, so it is shown although nothing is left in it.
        assert_eq!(report.lines[0].path.as_ref(), "Assets:Bank");
        assert_eq!(report.lines.len(), 4);
    }

    #[test]
    fn without_movements_empty_accounts_are_left_out() {
        let report = made(None, Wanted::default());
        assert!(report.lines.iter().all(|l| &*l.path != "Assets:Bank"));
        assert_eq!(report.lines.len(), 3);
    }

    #[test]
    fn a_book_that_does_not_balance_is_said_to() {
        let chart = chart_of(&["Assets:Cash", "Income:Sales"]);
        let mut builder = TotalsBuilder::new(&[Date::MIN, Date::MAX]);
        let cash = chart.accounts()[0].key;
        builder.amount(date(2026, 4, 1), false, cash, CurrencyKey(1), 1);
        let totals = builder.finish();
        let report = trial_balance(&chart, &totals, Scope::default(), Wanted::default());
        assert_eq!(report.proof, Proof::Failed(vec![CurrencyKey(1)]));
        let scope = Scope {
            filtered: true,
            ..Scope::default()
        };
        let report = trial_balance(&chart, &totals, scope, Wanted::default());
        assert_eq!(report.proof, Proof::Filtered);
    }

    proptest::proptest! {
        /// Every trial balance of balanced transactions proves, its rows are naive sums, and a tree or
        /// a depth changes neither proof nor closing totals' difference.
        #[test]
        fn it_is_a_naive_fold_that_proves(moves in proptest::collection::vec((0usize..4, 0usize..4, -9_999i64..9_999, 3i8..=5), 0..30), depth in proptest::option::of(0usize..3), tree: bool) {
            let paths = ["Assets:Cash", "Assets:Bank:SBI", "Liabilities:Loan", "Income:Sales"];
            let chart = chart_of(&paths);
            let mut builder = TotalsBuilder::new(&[date(2026, 4, 1), date(2026, 5, 1)]);
            let mut naive = [[0i128; 3]; 4];
            for (from, to, minor, month) in moves {
                for (at, minor) in [(from, -i128::from(minor)), (to, i128::from(minor))] {
                    let key = chart.accounts()[at].key;
                    builder.amount(date(2026, month, 9), false, key, CurrencyKey(1), minor);
                    match month {
                        3 => naive[at][0] += minor,
                        4 => naive[at][if minor >= 0 { 1 } else { 2 }] += minor.abs(),
                        _ => {}
                    }
                }
            }
            let totals = builder.finish();
            let wanted = Wanted { shape: Shape { depth, tree, zeros: false }, movements: true };
            let report = trial_balance(&chart, &totals, Scope::default(), wanted);
            proptest::prop_assert_eq!(report.proof, Proof::Proved);
            let flat = Wanted { movements: true, ..Wanted::default() };
            let report = trial_balance(&chart, &totals, Scope::default(), flat);
            for (at, path) in paths.iter().enumerate() {
                let [opening, debit, credit] = naive[at];
                let line = report.lines.iter().find(|l| &*l.path == *path);
                let value = line.map_or(Movement::default(), |l| l.value);
                proptest::prop_assert_eq!(value, Movement { opening, debit, credit });
            }
            proptest::prop_assert!(report.totals.iter().all(|(_, sides)| sides.balances()));
        }
    }
}
