//! Balances: what each account holds, or how it changed, a column for each period.

use std::collections::BTreeMap;

use super::tree::{Line, Shape, Sum, arrange};
use super::valuation::Columns;
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::totals::Totals;

/// What the columns say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shows {
    /// What moved in each period.
    #[default]
    Changes,
    /// What was held at the end of each: everything before counts.
    Balances,
}

/// How the lines are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sorted {
    /// Kind, then path.
    #[default]
    Chart,
    /// Largest first.
    Amount,
}

/// What to show of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    pub shape: Shape,
    pub sorted: Sorted,
    pub reversed: bool,
    /// At most this many lines.
    pub limit: Option<usize>,
}

/// Balances per account and currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    pub lines: Vec<Line<Vec<i128>>>,
    /// Per currency; of every account asked for, whatever the limit.
    pub totals: BTreeMap<CurrencyKey, Vec<i128>>,
    /// Lines that a limit left out.
    pub hidden: usize,
}

/// The columns of totals: one for each span, changes or the balances at their ends.
pub fn columns(totals: &Totals, shows: Shows) -> Columns {
    let of_row = |row: &crate::ledger::totals::AccountTotal| {
        let mut held = row.opening;
        row.spans
            .iter()
            .map(|span| match shows {
                Shows::Changes => span.net(),
                Shows::Balances => {
                    held += span.net();
                    held
                }
            })
            .collect()
    };
    totals
        .rows
        .iter()
        .map(|row| ((row.account, row.currency), of_row(row)))
        .collect()
}

/// Puts columns into lines and adds them up.
///
/// With `wanted.shape.zeros`, `also` are accounts to show even where nothing was posted.
pub fn balance(
    chart: &Chart,
    mut amounts: Columns,
    also: &[AccountKey],
    wanted: Wanted,
) -> Balance {
    let width = amounts.values().next().map_or(1, Vec::len);
    let mut totals: BTreeMap<CurrencyKey, Vec<i128>> = BTreeMap::new();
    for ((_, currency), columns) in &amounts {
        totals
            .entry(*currency)
            .and_modify(|sum| sum.add(columns))
            .or_insert_with(|| columns.clone());
    }
    // A currency that left no line leaves no total either.
    let seen: Vec<CurrencyKey> = amounts
        .iter()
        .filter(|(_, columns)| wanted.shape.zeros || !columns.is_zero())
        .map(|((_, currency), _)| *currency)
        .collect();
    totals.retain(|currency, _| seen.contains(currency));
    if wanted.shape.zeros {
        add_missing(chart, &mut amounts, also, width);
    }
    let values = amounts
        .into_iter()
        .map(|((account, currency), columns)| (account, currency, columns));
    let mut lines = arrange(chart, values, wanted.shape);
    if wanted.sorted == Sorted::Amount {
        lines = by_amount(lines);
    }
    if wanted.reversed {
        lines.reverse();
    }
    let all = lines.len();
    if let Some(limit) = wanted.limit {
        lines.truncate(limit);
    }
    Balance {
        hidden: all - lines.len(),
        lines,
        totals,
    }
}

fn add_missing(chart: &Chart, amounts: &mut Columns, also: &[AccountKey], width: usize) {
    let Some(base) = chart.currencies().first() else {
        return;
    };
    for key in also {
        let posted = amounts.range((*key, CurrencyKey(0))..=(*key, CurrencyKey(u16::MAX)));
        if posted.count() == 0 {
            amounts.insert((*key, base.key), vec![0; width]);
        }
    }
}

/// Largest first; below one parent in a tree. Lines of one account stay together, ordered by its
/// first currency.
fn by_amount(lines: Vec<Line<Vec<i128>>>) -> Vec<Line<Vec<i128>>> {
    let mut blocks: Vec<Vec<Line<Vec<i128>>>> = Vec::new();
    let level = lines.iter().map(|l| l.level).min().unwrap_or(0);
    for line in lines {
        match blocks.last_mut() {
            Some(block) if line.level > level || block[0].path == line.path => block.push(line),
            _ => blocks.push(vec![line]),
        }
    }
    blocks.sort_by_key(|block| std::cmp::Reverse(block[0].value.iter().sum::<i128>()));
    blocks
        .into_iter()
        .flat_map(|mut block| {
            let own = block.iter().take_while(|l| l.level == level).count();
            let below = block.split_off(own);
            if !below.is_empty() {
                block.extend(by_amount(below));
            }
            block
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::reports::testing::{chart_of, transaction};
    use jiff::civil::date;
    use proptest::prelude::*;

    fn sample() -> (Chart, Totals) {
        let chart = chart_of(&[
            "Assets:Cash",
            "Assets:Bank:HDFC",
            "Income:Sales",
            "Expenses:Tea",
        ]);
        let mut builder =
            TotalsBuilder::new(&[date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)]);
        for (number, month, entries) in [
            (1, 3, [("Assets:Cash", "100"), ("Income:Sales", "-100")]),
            (2, 4, [("Assets:Bank:HDFC", "60"), ("Assets:Cash", "-60")]),
            (3, 5, [("Expenses:Tea", "5"), ("Assets:Cash", "-5")]),
        ] {
            let made = transaction(&chart, number, date(2026, month, 9), "x", &entries);
            builder.add(&made, |_| true);
        }
        (chart, builder.finish())
    }

    fn shown(balance: &Balance) -> Vec<String> {
        let line =
            |l: &Line<Vec<i128>>| format!("{}{} {:?}", "  ".repeat(l.level), l.label, l.value);
        balance.lines.iter().map(line).collect()
    }

    #[test]
    fn changes_and_balances_are_different_columns() {
        let (chart, totals) = sample();
        let changes = balance(
            &chart,
            columns(&totals, Shows::Changes),
            &[],
            Wanted::default(),
        );
        assert_eq!(
            shown(&changes),
            [
                "Assets:Bank:HDFC [6000, 0]",
                "Assets:Cash [-6000, -500]",
                "Expenses:Tea [0, 500]"
            ]
        );
        assert_eq!(changes.totals[&CurrencyKey(1)], [0, 0]);
        let held = balance(
            &chart,
            columns(&totals, Shows::Balances),
            &[],
            Wanted::default(),
        );
        assert_eq!(
            shown(&held),
            [
                "Assets:Bank:HDFC [6000, 6000]",
                "Assets:Cash [4000, 3500]",
                "Income:Sales [-10000, -10000]",
                "Expenses:Tea [0, 500]"
            ]
        );
    }

    #[test]
    fn sorted_by_amount_a_tree_stays_a_tree() {
        let (chart, totals) = sample();
        let mut wanted = Wanted {
            sorted: Sorted::Amount,
            ..Wanted::default()
        };
        let amounts = columns(&totals, Shows::Balances);
        assert_eq!(
            shown(&balance(&chart, amounts.clone(), &[], wanted)),
            [
                "Assets:Bank:HDFC [6000, 6000]",
                "Assets:Cash [4000, 3500]",
                "Expenses:Tea [0, 500]",
                "Income:Sales [-10000, -10000]"
            ]
        );
        wanted.shape.tree = true;
        wanted.limit = Some(3);
        assert_eq!(
            shown(&balance(&chart, amounts, &[], wanted)),
            [
                "Assets [10000, 9500]",
                "  Bank:HDFC [6000, 6000]",
                "  Cash [4000, 3500]"
            ]
        );
    }

    #[test]
    fn zeros_show_accounts_without_entries() {
        let chart = chart_of(&["Assets:Cash", "Income:Sales"]);
        let keys: Vec<AccountKey> = chart.accounts().iter().map(|a| a.key).collect();
        let wanted = Wanted {
            shape: Shape {
                zeros: true,
                ..Shape::default()
            },
            ..Wanted::default()
        };
        let report = balance(&chart, Columns::new(), &keys, wanted);
        assert_eq!(shown(&report), ["Assets:Cash [0]", "Income:Sales [0]"]);
    }

    proptest! {
        /// A balance is what a naive sum over entries gives, flat, clipped or as a tree.
        #[test]
        fn lines_are_sums_of_entries(moves in proptest::collection::vec((0usize..5, 0usize..5, -9_999i64..9_999, 1i8..=4), 0..30), depth in proptest::option::of(1usize..4)) {
            let paths = ["Assets:Bank:HDFC", "Assets:Bank:SBI", "Assets:Cash", "Income:Sales", "Expenses:Tea:Green:Late"];
            let chart = chart_of(&paths);
            let cuts = [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)];
            let mut builder = TotalsBuilder::new(&cuts);
            let mut naive: BTreeMap<String, [i128; 2]> = BTreeMap::new();
            let clip = |path: &str| path.split(':').take(depth.unwrap_or(9)).collect::<Vec<_>>().join(":");
            for (from, to, minor, month) in moves {
                for (at, minor) in [(from, -minor), (to, minor)] {
                    let minor = i128::from(minor);
                    builder.amount(date(2026, month, 15), false, chart.accounts()[at].key, CurrencyKey(1), minor);
                    if (2..=3).contains(&month) {
                        naive.entry(clip(paths[at])).or_default()[month as usize - 2] += minor;
                    }
                }
            }
            naive.retain(|_, sums| *sums != [0, 0]);
            let amounts = columns(&builder.finish(), Shows::Changes);
            let mut wanted = Wanted { shape: Shape { depth, ..Shape::default() }, ..Wanted::default() };
            let flat = balance(&chart, amounts.clone(), &[], wanted);
            let got: BTreeMap<String, Vec<i128>> = flat.lines.iter().map(|l| (l.path.to_string(), l.value.clone())).collect();
            prop_assert_eq!(got.len(), naive.len());
            for (path, sums) in &naive {
                prop_assert_eq!(&got[path], &sums.to_vec());
            }
            wanted.shape.tree = true;
            let tree = balance(&chart, amounts, &[], wanted);
            let tops: i128 = tree.lines.iter().filter(|l| l.level == 0).map(|l| l.value[0]).sum();
            prop_assert_eq!(tops, naive.values().map(|s| s[0]).sum::<i128>());
        }
    }
}
