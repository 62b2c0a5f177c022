//! What the balance sheet, the income statement and the cash flow have in common: accounts under
//! headings, one amount a column, totals per currency.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tree::{Shape, arrange};
use crate::ledger::account::{AccountKey, Kind};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;

/// How the accounts of sections become lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    pub shape: Shape,
    /// Largest first, by the last column, instead of by path. Lists only.
    pub by_amount: bool,
}

/// The side on which a section's amounts are positive for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Debit,
    Credit,
}

impl Side {
    /// The normal side of a kind.
    pub fn of(kind: Kind) -> Side {
        match kind {
            Kind::Asset | Kind::Expense | Kind::Unclassified => Side::Debit,
            Kind::Liability | Kind::Equity | Kind::Income => Side::Credit,
        }
    }

    /// A debit-positive amount as people read it under this side.
    pub fn shown(self, minor: i128) -> i128 {
        match self {
            Side::Debit => minor,
            Side::Credit => -minor,
        }
    }
}

/// One line of a section, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// A path, clipped to the depth asked for, or the name of a computed line.
    pub path: Arc<str>,
    /// What people read at this level of a tree.
    pub label: String,
    /// Lines above it in the tree; 0 in a list.
    pub level: usize,
    /// True for lines that no account stands for (`Unclosed profit`).
    pub computed: bool,
    pub currency: CurrencyKey,
    /// Minor units, debit positive, one a column.
    pub amounts: Vec<i128>,
}

/// A heading with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Stable, lower case: the `section` column.
    pub name: &'static str,
    pub side: Side,
    pub lines: Vec<Line>,
    /// Sums per currency, computed lines included; never counts a tree's ancestors twice.
    pub totals: Amounts,
}

/// Amounts per currency, one a column.
pub type Amounts = BTreeMap<CurrencyKey, Vec<i128>>;

/// Amounts per account and currency, one a column.
pub type ByAccount = BTreeMap<(AccountKey, CurrencyKey), Vec<i128>>;

/// Adds `more` to `to`, column by column.
pub fn add(to: &mut Amounts, currency: CurrencyKey, more: &[i128]) {
    let columns = to.entry(currency).or_insert_with(|| vec![0; more.len()]);
    for (column, minor) in columns.iter_mut().zip(more) {
        *column += minor;
    }
}

/// The sum of several sums.
pub fn sum<'a>(parts: impl IntoIterator<Item = &'a Amounts>) -> Amounts {
    let mut all = Amounts::new();
    for (currency, columns) in parts.into_iter().flatten() {
        add(&mut all, *currency, columns);
    }
    all
}

impl Section {
    /// A section of the accounts that `belongs` picks from `amounts`.
    pub fn of(
        name: &'static str,
        side: Side,
        chart: &Chart,
        amounts: &ByAccount,
        layout: Layout,
        belongs: impl Fn(AccountKey) -> bool,
    ) -> Section {
        let mut totals = Amounts::new();
        let mut values = Vec::new();
        for ((account, currency), columns) in amounts {
            if belongs(*account) {
                add(&mut totals, *currency, columns);
                values.push((*account, *currency, columns.clone()));
            }
        }
        // Of a currency whose lines cancel each other the sum is zero, and said: the lines are shown.
        let shown = |currency: &CurrencyKey| {
            let mut of_it = values.iter().filter(|(_, c, _)| c == currency);
            of_it.any(|(_, _, columns)| columns.iter().any(|c| *c != 0))
        };
        totals.retain(|currency, _| layout.shape.zeros || shown(currency));
        let mut lines: Vec<Line> = arrange(chart, values, layout.shape)
            .into_iter()
            .map(|line| Line {
                path: line.path,
                label: line.label,
                level: line.level,
                computed: false,
                currency: line.currency,
                amounts: line.value,
            })
            .collect();
        if layout.by_amount && !layout.shape.tree {
            let size = |line: &Line| line.amounts.last().map(|a| a.unsigned_abs());
            lines.sort_by_key(|line| std::cmp::Reverse(size(line)));
        }
        Section {
            name,
            side,
            lines,
            totals,
        }
    }

    /// Adds a computed line where it is not zero throughout.
    pub fn compute(&mut self, label: &str, amounts: &Amounts) {
        for (currency, columns) in amounts {
            if columns.iter().all(|c| *c == 0) {
                continue;
            }
            add(&mut self.totals, *currency, columns);
            self.lines.push(Line {
                path: label.into(),
                label: label.to_owned(),
                level: 0,
                computed: true,
                currency: *currency,
                amounts: columns.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::sample::{INR, USD, chart};

    fn amounts(rows: &[(&str, i128)]) -> (Chart, ByAccount) {
        let chart = chart(&rows.iter().map(|r| r.0).collect::<Vec<_>>());
        let amounts = rows
            .iter()
            .map(|(path, minor)| {
                let key = chart.find(path).map(|a| a.key).expect("just made");
                ((key, INR), vec![*minor])
            })
            .collect();
        (chart, amounts)
    }

    fn shown(section: &Section) -> Vec<String> {
        section
            .lines
            .iter()
            .map(|l| format!("{}{} {}", " ".repeat(l.level), l.label, l.amounts[0]))
            .collect()
    }

    const ROWS: [(&str, i128); 4] = [
        ("Assets:Bank:HDFC", 300),
        ("Assets:Bank:SBI", -100),
        ("Assets:Cash", 50),
        ("Assets:Empty", 0),
    ];

    #[test]
    fn depth_folds_and_trees_name_every_ancestor_without_counting_twice() {
        let (chart, amounts) = amounts(&ROWS);
        let section = |shape| {
            let layout = Layout {
                shape,
                by_amount: false,
            };
            Section::of("assets", Side::Debit, &chart, &amounts, layout, |_| true)
        };
        let flat = section(Shape::default());
        assert_eq!(
            shown(&flat),
            [
                "Assets:Bank:HDFC 300",
                "Assets:Bank:SBI -100",
                "Assets:Cash 50"
            ]
        );
        let depth = section(Shape {
            depth: Some(2),
            ..Shape::default()
        });
        assert_eq!(shown(&depth), ["Assets:Bank 200", "Assets:Cash 50"]);
        let tree = section(Shape {
            tree: true,
            ..Shape::default()
        });
        assert_eq!(
            shown(&tree),
            [
                "Assets 250",
                " Bank 200",
                "  HDFC 300",
                "  SBI -100",
                " Cash 50"
            ]
        );
        for section in [flat, depth, tree] {
            assert_eq!(section.totals[&INR], [250]);
        }
    }

    #[test]
    fn zeros_show_on_request_and_amounts_order_by_size() {
        let (chart, amounts) = amounts(&ROWS);
        let layout = Layout {
            shape: Shape {
                zeros: true,
                ..Shape::default()
            },
            by_amount: true,
        };
        let section = Section::of("assets", Side::Debit, &chart, &amounts, layout, |_| true);
        assert_eq!(
            shown(&section),
            [
                "Assets:Bank:HDFC 300",
                "Assets:Bank:SBI -100",
                "Assets:Cash 50",
                "Assets:Empty 0"
            ]
        );
    }

    #[test]
    fn a_currency_whose_lines_cancel_each_other_has_a_sum_of_zero() {
        let chart = chart(&["Assets:Bank", "Assets:Receivable:Acme", "Assets:Cash"]);
        let key = |path: &str| chart.find(path).map(|a| a.key).expect("just made");
        let amounts: ByAccount = [
            ((key("Assets:Bank"), USD), vec![100]),
            ((key("Assets:Receivable:Acme"), USD), vec![-100]),
            ((key("Assets:Cash"), INR), vec![0]),
        ]
        .into();
        let section = Section::of(
            "assets",
            Side::Debit,
            &chart,
            &amounts,
            Layout::default(),
            |_| true,
        );
        assert_eq!(section.totals, [(USD, vec![0])].into());
    }
}
