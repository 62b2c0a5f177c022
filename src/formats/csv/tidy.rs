//! Columns once the rows are known: names that promised what the cells do not hold, and cells that say what no name did.

use super::amounts;
use super::body::BodyRow;
use super::columns::{Columns, Role};
use super::direction;
use super::names;
use super::table::Table;

/// Columns whose name promised what their cells do not hold.
pub fn columns(table: &Table<'_>, columns: &mut Columns, header: Option<usize>, rows: &[BodyRow]) {
    let all = |column: usize, fits: fn(&str) -> bool| {
        let mut cells = rows
            .iter()
            .map(|r| table.cell(r.row, column))
            .filter(|c| !c.is_empty());
        cells.all(fits)
    };
    // `Valuta` is a currency in Swedish and a date in German.
    let is_code =
        |cell: &str| cell.chars().count() <= 4 && !cell.bytes().any(|b| b.is_ascii_digit());
    if columns
        .get(Role::Currency)
        .is_some_and(|c| !all(c, is_code))
    {
        columns.drop_role(Role::Currency);
    }
    // What the account holds today, on every row, is no running balance.
    let today = |column: usize| {
        let name = columns.names.get(column).map_or("", String::as_str);
        let same = rows
            .windows(2)
            .all(|w| table.cell(w[0].row, column) == table.cell(w[1].row, column));
        rows.len() > 1
            && same
            && matches!(
                name,
                "account balance" | "accountbalance" | "available balance"
            )
    };
    if columns.get(Role::Balance).is_some_and(today) {
        columns.drop_role(Role::Balance);
    }
    if let Some(fuller) = fullest_description(table, rows, columns) {
        columns.set(Role::Description, fuller);
    }
    // A text that every row has says nothing of any: the other party does.
    let differs = |column: usize| {
        let mut pairs = rows.windows(2);
        pairs.any(|w| table.cell(w[0].row, column) != table.cell(w[1].row, column))
    };
    if let (Some(description), Some(payee)) =
        (columns.get(Role::Description), columns.get(Role::Payee))
        && !differs(description)
        && differs(payee)
    {
        columns.set(Role::Description, payee);
    }
    let silent = |role: Role| {
        columns
            .get(role)
            .is_none_or(|c| rows.iter().all(|r| amounts::is_blank(table.cell(r.row, c))))
    };
    if silent(Role::Description)
        && silent(Role::Payee)
        && let Some(telling) = most_telling(table, rows, columns)
    {
        columns.set(Role::Description, telling);
    }
    if columns.currency.is_none() && columns.get(Role::Currency).is_none() {
        columns.currency = currency_above(table, header);
    }
    if columns.get(Role::Amount).is_some()
        && columns.get(Role::Side).is_none()
        && direction::unsigned(table, rows, columns)
        && let Some(side) = direction::find_side(table, rows, columns)
    {
        columns.set(Role::Side, side);
    }
    // Ids that only some rows have are references.
    if let Some(id) = columns
        .get(Role::Id)
        .filter(|c| rows.iter().any(|r| table.cell(r.row, *c).is_empty()))
    {
        columns.drop_role(Role::Id);
        if columns.get(Role::Reference).is_none() {
            columns.set(Role::Reference, id);
        }
    }
}

/// Of several columns that can describe a row, the one filled most often; of equals, the best name.
fn fullest_description(table: &Table<'_>, rows: &[BodyRow], columns: &Columns) -> Option<usize> {
    let taken = |column: usize| {
        columns
            .pairs()
            .iter()
            .any(|(role, c)| *c == column && *role != Role::Description)
    };
    let named = columns
        .names
        .iter()
        .enumerate()
        .filter_map(|(column, name)| match names::role_of(name) {
            Some((Role::Description, rank)) if !taken(column) => Some((column, rank)),
            _ => None,
        });
    let filled = |column: usize| {
        rows.iter()
            .filter(|r| !table.cell(r.row, column).is_empty())
            .count()
    };
    named
        .max_by_key(|(column, rank)| (filled(*column), u8::MAX - rank))
        .map(|(column, _)| column)
}

/// Of columns whose names say nothing to us, the one with the most letters, if its rows differ.
fn most_telling(table: &Table<'_>, rows: &[BodyRow], columns: &Columns) -> Option<usize> {
    let free = |column: &usize| columns.pairs().iter().all(|(_, c)| c != column);
    let letters = |column: usize| -> usize {
        let cells = rows.iter().map(|r| table.cell(r.row, column));
        cells
            .map(|cell| cell.chars().filter(|c| c.is_alphabetic()).count())
            .sum()
    };
    let differs = |column: &usize| {
        let mut pairs = rows.windows(2);
        rows.len() == 1
            || pairs.any(|w| table.cell(w[0].row, *column) != table.cell(w[1].row, *column))
    };
    (0..columns.names.len())
        .filter(|c| free(c) && differs(c))
        .map(|column| (letters(column), column))
        .filter(|(letters, _)| *letters >= 2 * rows.len())
        .max()
        .map(|(_, column)| column)
}

/// The currency that a line above the table names: `Currency:,SGD`.
fn currency_above(table: &Table<'_>, header: Option<usize>) -> Option<String> {
    (0..header?).find_map(|row| {
        let cells: Vec<&str> = table.cells(row).filter(|c| !c.is_empty()).collect();
        let [label, code] = cells[..] else {
            return None;
        };
        let (role, _) = names::role_of(&names::normal(label))?;
        let is_code = crate::ledger::currency::iso_scale(code).is_some();
        (role == Role::Currency && is_code).then(|| code.to_owned())
    })
}
