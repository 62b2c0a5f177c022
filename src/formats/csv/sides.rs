//! Which of several columns of money is which, where no header says it: the running balance proves it, or nothing does.

use rust_decimal::Decimal;

use super::amounts;
use super::table::Table;

/// A signed amount; an empty cell is nothing. The decimal mark is the last of the two that are met.
fn value(cell: &str) -> Option<Decimal> {
    if amounts::is_blank(cell) {
        return Some(Decimal::ZERO);
    }
    let scanned = amounts::scan(cell)?;
    let mark = match (scanned.number.rfind('.'), scanned.number.rfind(',')) {
        (point, comma) if comma > point => ',',
        _ => '.',
    };
    let value = amounts::value(scanned.number, mark)?;
    let out = scanned.negative || scanned.side == Some(amounts::Side::Out);
    Some(if out { -value } else { value })
}

/// Payments and receipts of two columns, one filled on each row, beside a balance.
///
/// `None` where the balance proves neither, or both.
pub fn proved(
    table: &Table<'_>,
    rows: &[usize],
    a: usize,
    b: usize,
    balance: usize,
) -> Option<(usize, usize)> {
    let read = |row: &usize| {
        let of = |column| value(table.cell(*row, column));
        Some((of(a)?, of(b)?, of(balance)?))
    };
    let read: Vec<_> = rows.iter().map(read).collect::<Option<_>>()?;
    if read.len() < 2 {
        return None;
    }
    // A row moves the balance from that of the row before it in time, which stands above or below.
    let follows = |out_is_a: bool, oldest_first: bool| {
        read.windows(2).all(|pair| {
            let (before, row) = if oldest_first {
                (pair[0], pair[1])
            } else {
                (pair[1], pair[0])
            };
            let moved = if out_is_a {
                row.1 - row.0
            } else {
                row.0 - row.1
            };
            before.2 + moved == row.2
        })
    };
    let fits = |out_is_a| follows(out_is_a, true) || follows(out_is_a, false);
    match (fits(true), fits(false)) {
        (true, false) => Some((a, b)),
        (false, true) => Some((b, a)),
        _ => None,
    }
}

/// True if one column is the balance before each row and the other what the row moved, signed somewhere, and not the
/// other way round.
pub fn before(table: &Table<'_>, rows: &[usize], balance: usize, amount: usize) -> bool {
    const ROWS_MIN: usize = 3;
    let read = |row: &usize| {
        let of = |column| value(table.cell(*row, column));
        Some((of(balance)?, of(amount)?))
    };
    let Some(read) = rows.iter().map(read).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let follows = |oldest_first: bool| {
        read.windows(2).all(|pair| {
            let (row, next) = if oldest_first {
                (pair[0], pair[1])
            } else {
                (pair[1], pair[0])
            };
            row.0 + row.1 == next.0
        })
    };
    let after = |oldest_first: bool| {
        read.windows(2).all(|pair| {
            let (row, next) = if oldest_first {
                (pair[0], pair[1])
            } else {
                (pair[1], pair[0])
            };
            row.1 + next.0 == next.1
        })
    };
    let signed = read.iter().any(|(_, moved)| moved.is_sign_negative());
    read.len() >= ROWS_MIN
        && signed
        && (follows(true) || follows(false))
        && !(after(true) || after(false))
}

/// The amount and the balance after it, of three columns of which one is the balance before.
///
/// `None` unless on every row one column is the sum of the other two, and only in one way. What is added must be
/// signed somewhere: the balance before it is the one that is another row's balance after.
pub fn before_and_after(
    table: &Table<'_>,
    rows: &[usize],
    columns: [usize; 3],
) -> Option<(usize, usize)> {
    let read = |row: &usize| {
        let [a, b, c] = columns.map(|column| value(table.cell(*row, column)));
        Some([a?, b?, c?])
    };
    let read: Vec<[Decimal; 3]> = rows.iter().map(read).collect::<Option<_>>()?;
    let mut found = None;
    for (before, after, amount) in [
        (0, 1, 2),
        (1, 2, 0),
        (0, 2, 1),
        (1, 0, 2),
        (2, 0, 1),
        (2, 1, 0),
    ] {
        let adds = read.iter().all(|r| r[before] + r[amount] == r[after]);
        let chained = read.len() > 1
            && (read.windows(2).all(|w| w[0][after] == w[1][before])
                || read.windows(2).all(|w| w[1][after] == w[0][before]));
        if adds && chained && found.replace((columns[amount], columns[after])).is_some() {
            return None;
        }
    }
    found
}
