//! The running balance as a checksum: it proves the amounts, their signs, and the order of the rows.
//!
//! Rows may stand oldest first, newest first, or in any order: where every row of a day has a
//! balance, the order in which they link up is found (an Eulerian path: each row is an edge from
//! the balance before it to the balance after it).

use std::collections::HashMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

/// What a row says of the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    pub date: Date,
    pub amount: Decimal,
    pub balance: Option<Decimal>,
}

/// What a chain of rows comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chained {
    /// Indices of the rows, oldest first.
    pub order: Vec<usize>,
    /// Rows whose balance was compared with the balance before.
    pub checked: usize,
    /// Places in `order` whose balance does not follow from the one before.
    pub broken: Vec<usize>,
}

impl Chained {
    pub fn holds(&self) -> bool {
        self.broken.is_empty()
    }
}

/// Puts rows in order, oldest first, and checks their balances.
pub fn check(links: &[Link]) -> Chained {
    let as_is: Vec<usize> = (0..links.len()).collect();
    let reversed: Vec<usize> = (0..links.len()).rev().collect();
    let forward = walk(links, as_is);
    let back = walk(links, reversed);
    let best = match (newest_first(links), forward.broken.len(), back.broken.len()) {
        (newest_first, f, b) if f == b => {
            if newest_first {
                back
            } else {
                forward
            }
        }
        (_, f, b) if f < b => forward,
        _ => back,
    };
    let dated = best
        .order
        .windows(2)
        .all(|w| links[w[0]].date <= links[w[1]].date);
    if best.holds() && (dated || best.checked > 0) {
        return best;
    }
    if let Some(order) = linked(links) {
        let found = walk(links, order);
        if found.broken.len() < best.broken.len() || best.holds() {
            return found;
        }
    }
    if best.holds() {
        // No balances and no order of dates: by date, each day as it stands.
        let mut order = best.order;
        order.sort_by_key(|index| links[*index].date);
        return walk(links, order);
    }
    best
}

/// True if the dates fall from the first row to the last.
fn newest_first(links: &[Link]) -> bool {
    let falls = links.windows(2).filter(|w| w[0].date > w[1].date).count();
    let rises = links.windows(2).filter(|w| w[0].date < w[1].date).count();
    falls > rises
}

fn walk(links: &[Link], order: Vec<usize>) -> Chained {
    let (mut before, mut pending) = (None::<Decimal>, Decimal::ZERO);
    let (mut checked, mut broken) = (0, Vec::new());
    for (place, index) in order.iter().enumerate() {
        let link = &links[*index];
        pending = pending.checked_add(link.amount).unwrap_or(pending);
        let Some(after) = link.balance else {
            continue;
        };
        if let Some(before) = before {
            checked += 1;
            if before.checked_add(pending) != Some(after) {
                broken.push(place);
            }
        }
        before = Some(after);
        pending = Decimal::ZERO;
    }
    Chained {
        order,
        checked,
        broken,
    }
}

/// An order by date in which every balance follows from the one before, if there is one and every row has a balance.
fn linked(links: &[Link]) -> Option<Vec<usize>> {
    if links.len() < 2 || links.iter().any(|l| l.balance.is_none()) {
        return None;
    }
    let mut sorted: Vec<usize> = (0..links.len()).collect();
    sorted.sort_by_key(|index| links[*index].date);
    let days: Vec<Day<'_>> = sorted
        .chunk_by(|a, b| links[*a].date == links[*b].date)
        .map(|rows| Day::of(links, rows))
        .collect();
    let mut at = opening(&days)?;
    let mut order = Vec::with_capacity(links.len());
    for day in days {
        at = day.walk(links, at, &mut order)?;
    }
    Some(order)
}

/// The balance before the first day. A day that ends where it began may begin at any balance it
/// passes, so the days up to the first that does not begin where that one does.
fn opening(days: &[Day<'_>]) -> Option<Decimal> {
    if let Some(start) = days.iter().find_map(|day| day.start) {
        return Some(start);
    }
    let (first, rest) = days.split_first()?;
    let passed = |balance: &Decimal| rest.iter().all(|day| day.out.contains_key(balance));
    first.befores.iter().copied().find(passed)
}

/// The rows of one day as a graph of balances.
struct Day<'a> {
    rows: &'a [usize],
    /// Rows that leave a balance, the last of the file first.
    out: HashMap<Decimal, Vec<usize>>,
    /// The balances that rows leave, in the order of the file.
    befores: Vec<Decimal>,
    /// Where the day must begin, if it does not end where it began.
    start: Option<Decimal>,
}

impl<'a> Day<'a> {
    fn of(links: &[Link], rows: &'a [usize]) -> Day<'a> {
        let mut out: HashMap<Decimal, Vec<usize>> = HashMap::new();
        let mut degree: HashMap<Decimal, i64> = HashMap::new();
        let mut befores = Vec::with_capacity(rows.len());
        // Taken from the back, so that rows of equal standing keep the order of the file.
        for index in rows.iter().rev() {
            let after = links[*index].balance.unwrap_or_default();
            let before = (after - links[*index].amount).normalize();
            out.entry(before).or_default().push(*index);
            *degree.entry(before).or_default() += 1;
            *degree.entry(after.normalize()).or_default() -= 1;
            befores.push(before);
        }
        befores.reverse();
        let start = befores
            .iter()
            .copied()
            .find(|before| degree.get(before) == Some(&1));
        Day {
            rows,
            out,
            befores,
            start,
        }
    }

    /// Walks every row once from a balance on (Hierholzer); gives the balance at the end.
    fn walk(mut self, links: &[Link], begin: Decimal, order: &mut Vec<usize>) -> Option<Decimal> {
        let (mut stack, mut path) = (vec![(begin, None)], Vec::with_capacity(self.rows.len()));
        while let Some((at, by)) = stack.last().copied() {
            match self.out.get_mut(&at).and_then(Vec::pop) {
                Some(index) => stack.push((links[index].balance?.normalize(), Some(index))),
                None => {
                    stack.pop();
                    path.extend(by);
                }
            }
        }
        path.reverse();
        let end = links[*path.last()?].balance?.normalize();
        let whole = path.len() == self.rows.len();
        order.extend(path);
        whole.then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn link(day: i8, amount: i64, balance: Option<i64>) -> Link {
        Link {
            date: date(2024, 4, day),
            amount: Decimal::from(amount),
            balance: balance.map(Decimal::from),
        }
    }

    #[test]
    fn both_orders_are_seen() {
        let rows = [
            link(1, 10, Some(110)),
            link(2, -30, Some(80)),
            link(2, 5, Some(85)),
        ];
        assert_eq!(check(&rows).order, [0, 1, 2]);
        let mut back = rows;
        back.reverse();
        assert_eq!(check(&back).order, [2, 1, 0]);
        assert_eq!(check(&back).checked, 2);
    }

    #[test]
    fn a_balance_that_does_not_follow_is_named() {
        let rows = [
            link(1, 10, Some(110)),
            link(2, -30, Some(80)),
            link(3, 5, Some(95)),
            link(4, 1, Some(96)),
        ];
        let chained = check(&rows);
        assert_eq!(chained.broken, [2]);
        assert!(!chained.holds());
    }

    #[test]
    fn rows_without_a_balance_are_summed_up_to_the_next() {
        let rows = [
            link(1, 10, Some(110)),
            link(2, -30, None),
            link(2, 5, Some(85)),
        ];
        let chained = check(&rows);
        assert!(chained.holds());
        assert_eq!(chained.checked, 1);
        let wrong = [
            link(1, 10, Some(110)),
            link(2, -30, None),
            link(2, 5, Some(86)),
        ];
        assert!(!check(&wrong).holds());
    }

    #[test]
    fn dates_decide_where_there_are_no_balances() {
        let rows = [
            link(3, 10, None),
            link(2, 10, None),
            link(2, 11, None),
            link(1, 10, None),
        ];
        assert_eq!(check(&rows).order, [3, 2, 1, 0]);
        let shuffled = [link(2, 10, None), link(3, 10, None), link(1, 11, None)];
        assert_eq!(check(&shuffled).order, [2, 0, 1]);
    }

    proptest! {
        #[test]
        fn shuffled_rows_link_up_again(
            amounts in proptest::collection::vec((1i8..4, -5i64..5), 1..24),
            seed in proptest::collection::vec(any::<u32>(), 24),
        ) {
            let mut balance = 100;
            let mut day = 1;
            let rows: Vec<Link> = amounts.iter().map(|(step, amount)| {
                day = (day + (step - 1)).min(28);
                balance += amount;
                link(day, *amount, Some(balance))
            }).collect();
            let mut shuffled: Vec<(u32, Link)> = seed.into_iter().zip(rows.iter().copied()).collect();
            shuffled.sort_by_key(|(key, _)| *key);
            let shuffled: Vec<Link> = shuffled.into_iter().map(|(_, row)| row).collect();
            let chained = check(&shuffled);
            prop_assert!(chained.holds(), "{chained:?}");
            // Within a date the links may be walked in another order; the end of each is the same. Rows that
            // sum to nothing are a circle, which may begin anywhere.
            if balance != 100 {
                let last = chained.order.last().map(|i| shuffled[*i].balance);
                prop_assert_eq!(last, rows.last().map(|r| r.balance));
            }
        }
    }
}
