//! Accounts as lines of a report: clipped to a depth, as a list or as a tree, zeros hidden or not.
//!
//! A list shows each account's own amounts, and everything below the depth in the line of its
//! ancestor there. A tree shows inclusive amounts at every level; a parent that holds nothing
//! itself and has one child shares its line, as in hledger.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ledger::account::{AccountKey, AccountType, Kind, cmp_paths};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;

/// What lines add up: an amount, or several.
pub trait Sum: Clone {
    fn add(&mut self, other: &Self);
    fn is_zero(&self) -> bool;
}

impl Sum for i128 {
    fn add(&mut self, other: &i128) {
        *self += other;
    }

    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl Sum for Vec<i128> {
    fn add(&mut self, other: &Vec<i128>) {
        for (sum, part) in self.iter_mut().zip(other) {
            *sum += part;
        }
    }

    fn is_zero(&self) -> bool {
        self.iter().all(|part| *part == 0)
    }
}

/// How accounts become lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// Levels shown; `None`: all. 0 sums everything into one line.
    pub depth: Option<usize>,
    pub tree: bool,
    /// Lines whose amounts are all zero stay.
    pub zeros: bool,
}

/// One line: an account or an ancestor of some, in one currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<V> {
    /// The whole path; `...` for the line of everything at depth 0.
    pub path: Arc<str>,
    /// What a tree shows at this level: the path below the line it is indented under.
    pub label: String,
    /// Lines above it in the tree; 0 in a list.
    pub level: usize,
    pub kind: Kind,
    /// Of the account, or what all below it share.
    pub account_type: AccountType,
    pub currency: CurrencyKey,
    pub value: V,
}

type Amounts<V> = BTreeMap<CurrencyKey, V>;

struct Node<V> {
    kind: Kind,
    path: Arc<str>,
    account_type: AccountType,
    amounts: Amounts<V>,
    /// Holds amounts of its own, not only those of accounts below it.
    own: bool,
}

/// Puts amounts per account and currency into lines, in the order of every report.
pub fn arrange<V: Sum>(
    chart: &Chart,
    values: impl IntoIterator<Item = (AccountKey, CurrencyKey, V)>,
    shape: Shape,
) -> Vec<Line<V>> {
    let mut nodes = clip(chart, values, shape);
    if shape.tree {
        nodes = with_ancestors(nodes, chart);
    }
    nodes.sort_by(|a, b| {
        a.kind
            .cmp(&b.kind)
            .then_with(|| cmp_paths(&a.path, &b.path))
    });
    if !shape.zeros {
        drop_zeros(&mut nodes, shape.tree);
    }
    let places = if shape.tree {
        tree_places(&nodes)
    } else {
        list_places(&nodes)
    };
    lines(nodes, places, shape.zeros)
}

/// One node for each account, or for its ancestor at the depth.
fn clip<V: Sum>(
    chart: &Chart,
    values: impl IntoIterator<Item = (AccountKey, CurrencyKey, V)>,
    shape: Shape,
) -> Vec<Node<V>> {
    let mut index: HashMap<(Kind, Arc<str>), usize> = HashMap::new();
    let mut nodes: Vec<Node<V>> = Vec::new();
    for (account, currency, value) in values {
        let account = chart.account(account);
        let path = clipped(&account.path, shape.depth);
        let kind = if shape.depth == Some(0) {
            Kind::Asset
        } else {
            account.kind
        };
        let account_type = account_type(chart, &path, account.account_type);
        let at = *index.entry((kind, path.clone())).or_insert_with(|| {
            nodes.push(Node {
                kind,
                path,
                account_type,
                amounts: BTreeMap::new(),
                own: true,
            });
            nodes.len() - 1
        });
        merge(&mut nodes[at], account_type, currency, &value);
    }
    nodes
}

fn merge<V: Sum>(node: &mut Node<V>, account_type: AccountType, currency: CurrencyKey, value: &V) {
    if node.account_type != account_type {
        node.account_type = AccountType::General;
    }
    node.amounts
        .entry(currency)
        .and_modify(|sum| sum.add(value))
        .or_insert_with(|| value.clone());
}

/// The first `depth` segments of a path.
fn clipped(path: &Arc<str>, depth: Option<usize>) -> Arc<str> {
    let Some(depth) = depth else {
        return path.clone();
    };
    if depth == 0 {
        return "...".into();
    }
    match path.match_indices(':').nth(depth - 1) {
        Some((end, _)) => path[..end].into(),
        None => path.clone(),
    }
}

/// An account's own type; of a line that is no account, the type found below it.
fn account_type(chart: &Chart, path: &str, below: AccountType) -> AccountType {
    chart
        .find(path)
        .map_or(below, |account| account.account_type)
}

fn with_ancestors<V: Sum>(leaves: Vec<Node<V>>, chart: &Chart) -> Vec<Node<V>> {
    let mut index: HashMap<(Kind, Arc<str>), usize> = HashMap::new();
    let mut nodes: Vec<Node<V>> = Vec::new();
    for leaf in leaves {
        let ends = leaf.path.match_indices(':').map(|(end, _)| end);
        for end in ends.chain([leaf.path.len()]) {
            let path: Arc<str> = leaf.path[..end].into();
            let account_type = account_type(chart, &path, leaf.account_type);
            let at = *index.entry((leaf.kind, path.clone())).or_insert_with(|| {
                nodes.push(Node {
                    kind: leaf.kind,
                    path,
                    account_type,
                    amounts: BTreeMap::new(),
                    own: false,
                });
                nodes.len() - 1
            });
            let node = &mut nodes[at];
            for (currency, value) in &leaf.amounts {
                merge(node, account_type, *currency, value);
            }
            if end == leaf.path.len() {
                node.own = leaf.amounts.values().any(|value| !value.is_zero());
            }
        }
    }
    nodes
}

/// Takes out nodes without amounts; in a tree, parents of others stay.
fn drop_zeros<V: Sum>(nodes: &mut Vec<Node<V>>, tree: bool) {
    // From the end, so that children have been judged before their parents.
    let mut kept_below: Option<(Kind, Arc<str>)> = None;
    let mut keep = vec![false; nodes.len()];
    for (index, node) in nodes.iter().enumerate().rev() {
        let has_kept_child = tree
            && kept_below
                .as_ref()
                .is_some_and(|(kind, path)| *kind == node.kind && is_parent_of(&node.path, path));
        keep[index] = has_kept_child || node.amounts.values().any(|value| !value.is_zero());
        if keep[index] {
            kept_below = Some((node.kind, node.path.clone()));
        }
    }
    let mut keep = keep.into_iter();
    nodes.retain(|_| keep.next().unwrap_or(false));
}

fn is_parent_of(parent: &str, path: &str) -> bool {
    path.len() > parent.len() && crate::ledger::account::is_within(path, parent)
}

/// Label and level of each node; `None`: its child's line stands for it.
type Place = Option<(String, usize)>;

fn list_places<V>(nodes: &[Node<V>]) -> Vec<Place> {
    nodes
        .iter()
        .map(|node| Some((node.path.to_string(), 0)))
        .collect()
}

fn tree_places<V>(nodes: &[Node<V>]) -> Vec<Place> {
    let mut places = Vec::with_capacity(nodes.len());
    // The lines the present one is indented under.
    let mut above: Vec<&Node<V>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        while above
            .last()
            .is_some_and(|a| a.kind != node.kind || !is_parent_of(&a.path, &node.path))
        {
            above.pop();
        }
        let children = nodes[index + 1..]
            .iter()
            .take_while(|n| n.kind == node.kind && is_parent_of(&node.path, &n.path))
            .filter(|n| !n.path[node.path.len() + 1..].contains(':'))
            .count();
        if !node.own && children == 1 {
            places.push(None);
            continue;
        }
        let label = match above.last() {
            Some(parent) => node.path[parent.path.len() + 1..].to_owned(),
            None => node.path.to_string(),
        };
        places.push(Some((label, above.len())));
        above.push(node);
    }
    places
}

fn lines<V: Sum>(nodes: Vec<Node<V>>, places: Vec<Place>, zeros: bool) -> Vec<Line<V>> {
    let mut lines = Vec::with_capacity(nodes.len());
    for (node, place) in nodes.into_iter().zip(places) {
        let Some((label, level)) = place else {
            continue;
        };
        let any = node.amounts.values().any(|value| !value.is_zero());
        let mut first = true;
        for (currency, value) in node.amounts {
            // A line of zeros stands once, where zeros are asked for or children need a parent.
            let shown = !value.is_zero() || (zeros && any) || (!any && first);
            first = false;
            if shown {
                lines.push(Line {
                    path: node.path.clone(),
                    label: label.clone(),
                    level,
                    kind: node.kind,
                    account_type: node.account_type,
                    currency,
                    value,
                });
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::testing::chart_of;

    fn shown(lines: &[Line<i128>]) -> Vec<String> {
        lines
            .iter()
            .map(|l| format!("{}{} {}", "  ".repeat(l.level), l.label, l.value))
            .collect()
    }

    fn arranged(shape: Shape) -> Vec<String> {
        let chart = chart_of(&[
            "Expenses:Tea",
            "Assets:Cash",
            "Assets:Bank:HDFC",
            "Assets:Bank:SBI",
            "Assets:Loans:Given:Mohan",
            "Income:Sales",
        ]);
        let amounts = [5i128, 100, 70, -70, 9, 0];
        let values = amounts
            .iter()
            .zip(chart.accounts())
            .map(|(amount, account)| (account.key, CurrencyKey(1), *amount));
        shown(&arrange(&chart, values, shape))
    }

    #[test]
    fn a_list_has_the_accounts_in_order_of_kind_and_path() {
        assert_eq!(
            arranged(Shape::default()),
            [
                "Assets:Bank:HDFC 70",
                "Assets:Bank:SBI -70",
                "Assets:Cash 100",
                "Assets:Loans:Given:Mohan 9",
                "Expenses:Tea 5"
            ]
        );
    }

    #[test]
    fn depth_sums_what_lies_below_it() {
        let shape = Shape {
            depth: Some(2),
            ..Shape::default()
        };
        assert_eq!(
            arranged(shape),
            ["Assets:Cash 100", "Assets:Loans 9", "Expenses:Tea 5"]
        );
        let shape = Shape {
            depth: Some(2),
            zeros: true,
            ..Shape::default()
        };
        assert_eq!(arranged(shape)[0], "Assets:Bank 0");
        let shape = Shape {
            depth: Some(0),
            ..Shape::default()
        };
        assert_eq!(arranged(shape), ["... 114"]);
    }

    #[test]
    fn a_tree_is_inclusive_and_lone_children_share_a_line() {
        let shape = Shape {
            tree: true,
            ..Shape::default()
        };
        assert_eq!(
            arranged(shape),
            [
                "Assets 109",
                "  Bank 0",
                "    HDFC 70",
                "    SBI -70",
                "  Cash 100",
                "  Loans:Given:Mohan 9",
                "Expenses:Tea 5"
            ]
        );
    }
}
