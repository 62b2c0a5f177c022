//! The end of reading: rows in order, oldest first, their balances checked, the sums of the statement.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::Options;
use super::chain::{self, Chained, Link};
use super::columns::{Columns, Role};
use super::table::Table;
use crate::formats::fault::Fault;
use crate::formats::statement::{Proof, Series, Statement, StatementRow};

/// A row as read, with its place in the table.
pub struct Raw {
    pub table_row: usize,
    /// False for rows that only print a balance.
    pub counts: bool,
    pub row: StatementRow,
}

/// Orders the rows, proves the balances, and fills the statement's rows and series.
///
/// Errors: a balance that does not follow from the one before, unless gaps are allowed.
pub fn finish(
    statement: &mut Statement,
    table: &Table<'_>,
    mut raws: Vec<Raw>,
    series: &[(Option<Arc<str>>, String)],
    columns: &Columns,
    options: &Options,
) -> Result<(), Fault> {
    let mut orders: Vec<Vec<usize>> = Vec::new();
    for (number, (currency, pocket)) in series.iter().enumerate() {
        let members: Vec<usize> = (0..raws.len())
            .filter(|i| usize::from(raws[*i].row.series) == number)
            .collect();
        let chained = prove(statement, table, &mut raws, &members, columns, options)?;
        let order: Vec<usize> = chained.order.iter().map(|place| members[*place]).collect();
        statement
            .series
            .push(sums(currency.clone(), &raws, &order, chained.checked));
        if !pocket.is_empty() && series.len() > 1 {
            let rows = order.len();
            statement.note(
                None,
                format!(
                    "{rows} rows of {pocket} {}",
                    currency.as_deref().unwrap_or("")
                )
                .trim_end(),
            );
        }
        orders.push(order);
    }
    statement.rows = merged(raws, &orders);
    Ok(())
}

fn prove(
    statement: &mut Statement,
    table: &Table<'_>,
    raws: &mut [Raw],
    members: &[usize],
    columns: &Columns,
    options: &Options,
) -> Result<Chained, Fault> {
    let links = |raws: &[Raw], sign: Decimal| -> Vec<Link> {
        let link = |i: &usize| Link {
            date: raws[*i].row.date,
            amount: raws[*i].row.amount * sign,
            balance: raws[*i].row.balance,
        };
        members.iter().map(link).collect()
    };
    let chained = chain::check(&links(raws, Decimal::ONE));
    if chained.holds() {
        return Ok(chained);
    }
    let turned = chain::check(&links(raws, Decimal::NEGATIVE_ONE));
    if turned.holds() {
        if !options.liability && !options.allow_gap {
            return Err(wrong_way(table, raws, members, columns));
        }
        if options.liability {
            // A card's or loan's statement prints what is owed.
            for index in members {
                let balance = &mut raws[*index].row.balance;
                *balance = balance.map(|b| -b);
            }
            return Ok(turned);
        }
    }
    let first = chained.broken.first().map_or(0, |place| *place);
    if options.allow_gap {
        let line = raws[members[chained.order[first]]].row.line;
        let text = format!(
            "the balance does not follow on {} of {} rows (--allow-gap)",
            chained.broken.len(),
            chained.checked
        );
        statement.gap = Some(text.clone());
        statement.note(Some(line), text);
        return Ok(chained);
    }
    Err(gap(table, raws, members, columns, &chained, first))
}

fn wrong_way(table: &Table<'_>, raws: &[Raw], members: &[usize], columns: &Columns) -> Fault {
    let row = members.first().map_or(0, |i| raws[*i].table_row);
    let column = columns.get(Role::Balance).unwrap_or(0);
    table
        .fault(row, column, "balance-runs-against", "the balance falls where money comes in and rises where it goes out")
        .hint("if the file prints debits as money in, import with --invert; if it is a card or loan, import into a liability account")
}

fn gap(
    table: &Table<'_>,
    raws: &[Raw],
    members: &[usize],
    columns: &Columns,
    chained: &Chained,
    place: usize,
) -> Fault {
    let raw = &raws[members[chained.order[place]]];
    let before = chained.order[..place].iter().rev().find_map(|p| {
        let earlier = &raws[members[*p]].row;
        Some((earlier.balance?, earlier.line))
    });
    let column = columns.get(Role::Balance).unwrap_or(0);
    let balance = raw.row.balance.unwrap_or_default();
    let why = match before {
        Some((before, line)) => {
            let moved: Decimal = chained.order[..=place]
                .iter()
                .rev()
                .scan(true, |first, p| {
                    let row = &raws[members[*p]].row;
                    let open = *first || row.balance.is_none();
                    *first = false;
                    open.then_some(row.amount)
                })
                .sum();
            let sign = if moved.is_sign_negative() { "-" } else { "+" };
            let should = before + moved;
            format!(
                "the balance does not follow: {before} on line {line} {sign} {} makes {should}, not {balance}",
                moved.abs()
            )
        }
        None => "the balance does not follow".to_owned(),
    };
    table
        .fault(raw.table_row, column, "does-not-add-up", why)
        .hint("a row may be missing or changed: export the statement again, or import it as it is with --allow-gap")
}

fn sums(currency: Option<Arc<str>>, raws: &[Raw], order: &[usize], checked: usize) -> Series {
    let mut series = Series {
        currency,
        money_in: Decimal::ZERO,
        money_out: Decimal::ZERO,
        opening: None,
        closing: None,
        closing_on: None,
        proof: Proof::Running(checked),
        rows: order.len(),
    };
    let mut net = Decimal::ZERO;
    for index in order {
        let row = &raws[*index].row;
        net += row.amount;
        if row.amount.is_sign_negative() {
            series.money_out -= row.amount;
        } else {
            series.money_in += row.amount;
        }
        if series.opening.is_none() {
            series.opening = row.balance.map(|balance| balance - net);
        }
    }
    // Rows after the last balance move it on.
    series.closing = series.opening.map(|opening| opening + net);
    series
}

/// All rows that count, each running balance in its order, the several merged by date.
fn merged(mut raws: Vec<Raw>, orders: &[Vec<usize>]) -> Vec<StatementRow> {
    let mut flat: Vec<usize> = orders.concat();
    if orders.len() > 1 {
        flat.sort_by_key(|index| raws[*index].row.date);
    }
    if raws.len() > 1 && flat.iter().rev().copied().eq(0..raws.len()) {
        raws.reverse();
        flat.reverse();
    }
    if flat.iter().copied().eq(0..raws.len()) {
        // As they stand, and where they stand.
        let counted = raws.into_iter().filter(|raw| raw.counts);
        return counted.map(|raw| raw.row).collect();
    }
    let mut slots: Vec<Option<Raw>> = raws.into_iter().map(Some).collect();
    flat.into_iter()
        .filter_map(|index| slots[index].take())
        .filter(|raw| raw.counts)
        .map(|raw| raw.row)
        .collect()
}
