//! Columns of a file without a header, told by what its cells look like, where that leaves no doubt.

use super::amounts;
use super::columns::{Columns, Role};
use super::dates;
use super::sides;
use super::table::Table;

/// Columns of a file without a header, where the cells leave no doubt. `None` where they do.
///
/// One column of dates; then either one column of money, or two of which each row fills one and
/// which carry signs, perhaps with a balance filled in every row to their right.
pub fn from_cells(table: &Table<'_>) -> Option<Columns> {
    from_cells_of(
        table,
        (0..table.len()).filter(|r| !table.is_blank(*r)).collect(),
    )
}

/// The same below a line or two about the account (BNP: its name, number, day and balance); with the last of these.
///
/// A line of words only is a header in a language we do not know: then the cells are not asked.
pub fn from_cells_below(table: &Table<'_>) -> Option<(usize, Columns)> {
    const LINES_MAX: usize = 3;
    let rows: Vec<usize> = (0..table.len()).filter(|r| !table.is_blank(*r)).collect();
    let says = |row: usize| {
        table
            .cells(row)
            .any(|c| c.bytes().any(|b| b.is_ascii_digit()))
    };
    (1..=LINES_MAX.min(rows.len().saturating_sub(1)))
        .take_while(|skip| says(rows[skip - 1]))
        .find_map(|skip| Some((rows[skip - 1], from_cells_of(table, rows[skip..].to_vec())?)))
        // A row that is one of the statement, but for a cell, is not passed over.
        .filter(|(above, columns)| {
            let skipped = rows.iter().take_while(|row| *row <= above);
            !skipped.into_iter().any(|row| is_like(table, *row, columns))
        })
}

/// True if a row has a day and money where these columns have them.
fn is_like(table: &Table<'_>, row: usize, columns: &Columns) -> bool {
    let date = columns.get(Role::Date);
    let dated = date.is_some_and(|c| dates::scan(table.cell(row, c)).is_some());
    let moved = [Role::Amount, Role::Out, Role::In].map(|role| columns.get(role));
    let money = |c: usize| amounts::scan(table.cell(row, c)).is_some();
    dated && moved.into_iter().flatten().any(money)
}

fn from_cells_of(table: &Table<'_>, rows: Vec<usize>) -> Option<Columns> {
    let width = rows.iter().map(|r| table.width(*r)).min()?;
    let kinds: Vec<Shape> = (0..width).map(|c| Shape::of(table, &rows, c)).collect();
    let date = kinds.iter().position(|k| *k == Shape::Date)?;
    let mut pairs = vec![(Role::Date, date)];
    if let Some(side) = kinds.iter().position(|k| *k == Shape::Side) {
        pairs.push((Role::Side, side));
    }
    // The same text or number on every row is the account's.
    let varies = |c: &usize| {
        rows.len() == 1
            || rows
                .windows(2)
                .any(|w| table.cell(w[0], *c) != table.cell(w[1], *c))
    };
    let text = (0..width)
        .filter(|c| kinds[*c] == Shape::Text)
        .max_by_key(|c| {
            let letters = rows.iter().map(|r| table.cell(*r, *c).len()).sum::<usize>();
            (varies(c), letters)
        })?;
    pairs.push((Role::Description, text));
    if let Some(number) = (0..width)
        .filter(|c| kinds[*c] == Shape::Number)
        .find(varies)
    {
        pairs.push((Role::Reference, number));
    }
    if let Some(currency) = kinds.iter().position(|k| *k == Shape::Currency) {
        pairs.push((Role::Currency, currency));
    }
    let filled = |column: usize| {
        rows.iter()
            .all(|r| !amounts::is_blank(table.cell(*r, column)))
    };
    let money: Vec<usize> = (0..width).filter(|c| kinds[*c] == Shape::Money).collect();
    let sided = pairs.iter().any(|(role, _)| *role == Role::Side);
    let signed = |column: usize| rows.iter().any(|r| has_sign(table.cell(*r, column)));
    match money.as_slice() {
        // Without a sign nothing says which way the money went.
        [amount] if sided || signed(*amount) => pairs.push((Role::Amount, *amount)),
        // One row proves nothing: only signs tell the amount from the balance.
        // ASN prints the balance before the row in front of its amount.
        [before, amount] if !sided && sides::before(table, &rows, *before, *amount) => {
            pairs.push((Role::Amount, *amount));
        }
        [amount, balance]
            if filled(*amount) && filled(*balance) && (rows.len() > 1 || signed(*amount)) =>
        {
            pairs.extend([(Role::Amount, *amount), (Role::Balance, *balance)]);
        }
        [a, b, rest @ ..] if rest.len() <= 1 && one_filled(table, &rows, *a, *b) => {
            let proved = || sides::proved(table, &rows, *a, *b, *rest.first()?);
            let (out, into) = out_and_in(table, &rows, *a, *b).or_else(proved)?;
            pairs.extend([(Role::Out, out), (Role::In, into)]);
            pairs.extend(rest.iter().map(|c| (Role::Balance, *c)));
        }
        [a, b, c] if [a, b, c].into_iter().all(|m| filled(*m)) => {
            let (amount, balance) = sides::before_and_after(table, &rows, [*a, *b, *c])?;
            pairs.extend([(Role::Amount, amount), (Role::Balance, balance)]);
        }
        _ => return None,
    }
    let mut columns = Columns::of(pairs);
    if let (Some(amount), Some(number), None) = (
        columns.get(Role::Amount),
        columns.get(Role::Reference),
        columns.get(Role::Balance),
    ) && runs_with(table, &rows, number, amount)
    {
        columns.drop_role(Role::Reference);
        columns.set(Role::Balance, number);
    }
    Some(columns)
}

/// True if whole numbers run on by the amounts, upwards or downwards: the balance in a currency without cents.
fn runs_with(table: &Table<'_>, rows: &[usize], number: usize, amount: usize) -> bool {
    let value = |row: usize, column: usize| {
        let scanned = amounts::scan(table.cell(row, column))?;
        let value = amounts::value(scanned.number, '.')?;
        Some(if scanned.negative { -value } else { value })
    };
    let follows = |before: usize, row: usize| {
        let sum = value(before, number)?.checked_add(value(row, amount)?)?;
        Some(sum == value(row, number)?)
    };
    let all = |turned: bool| {
        rows.windows(2).all(|w| {
            let (before, row) = if turned { (w[1], w[0]) } else { (w[0], w[1]) };
            follows(before, row) == Some(true)
        })
    };
    rows.len() > 1 && (all(false) || all(true))
}

/// True if a cell says by itself which way the money went.
pub(super) fn has_sign(cell: &str) -> bool {
    amounts::scan(cell).is_some_and(|s| s.negative || s.side.is_some()) || cell.contains('+')
}

/// True if every row fills one of the two; a zero is nothing.
fn one_filled(table: &Table<'_>, rows: &[usize], a: usize, b: usize) -> bool {
    let nothing = |cell: &str| {
        let zero = |cell: &str| cell.bytes().all(|b| matches!(b, b'0' | b'.' | b','));
        amounts::is_blank(cell) || zero(cell)
    };
    rows.iter()
        .all(|r| nothing(table.cell(*r, a)) != nothing(table.cell(*r, b)))
}

/// Which of two columns holds payments: the one whose amounts are all negative.
fn out_and_in(table: &Table<'_>, rows: &[usize], a: usize, b: usize) -> Option<(usize, usize)> {
    let negative = |column: usize| {
        let mut cells = rows
            .iter()
            .map(|r| table.cell(*r, column))
            .filter(|c| !amounts::is_blank(c));
        cells.clone().count() > 0
            && cells.all(|c| amounts::scan(c).is_some_and(|amount| amount.negative))
    };
    match (negative(a), negative(b)) {
        (true, false) => Some((a, b)),
        (false, true) => Some((b, a)),
        _ => None,
    }
}

/// What the cells of a column look like, all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Date,
    /// Amounts: with a decimal mark, a sign or a currency.
    Money,
    /// Whole numbers without any of these: numbers of cheques.
    Number,
    Side,
    /// The code of a currency.
    Currency,
    Text,
    Empty,
}

impl Shape {
    fn of(table: &Table<'_>, rows: &[usize], column: usize) -> Shape {
        let cells = || {
            rows.iter()
                .map(|r| table.cell(*r, column))
                .filter(|c| !amounts::is_blank(c))
        };
        if cells().next().is_none() {
            return Shape::Empty;
        }
        if cells().all(|c| dates::scan(c).is_some()) && cells().count() == rows.len() {
            return Shape::Date;
        }
        if cells().all(|c| amounts::side(c).is_some() || c.eq_ignore_ascii_case("check")) {
            return Shape::Side;
        }
        let code = |c: &str| {
            c.bytes().all(|b| b.is_ascii_uppercase())
                && crate::ledger::currency::iso_scale(c).is_some()
        };
        if cells().all(code) {
            return Shape::Currency;
        }
        if cells().all(|c| amounts::scan(c).is_some()) {
            // Letters and a long row of digits are the number of an account.
            let long = |c: &str| c.bytes().filter(u8::is_ascii_digit).count() > 15;
            let plain = cells().all(|c| c.bytes().all(|b| b.is_ascii_digit()));
            return match (plain, cells().any(long)) {
                (true, _) => Shape::Number,
                (false, true) => Shape::Text,
                (false, false) => Shape::Money,
            };
        }
        Shape::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_without_a_header_tell_payments_by_their_signs() {
        let text = "4/1/2008,Check - 122,122,-$76.00,\"\",\"$1,750.06\"\n3/28/2008,BLARG,\"\",\"\",+$327.49,\"$1,826.06\"\n";
        let columns = from_cells(&Table::of_commas(text)).unwrap();
        assert_eq!(
            columns.to_list(),
            "date,description,reference,out,in,balance"
        );
        // Unsigned columns without a balance could be either way round.
        let text = "4/1/2008,a,76.00,\n3/28/2008,b,,327.49\n";
        assert_eq!(from_cells(&Table::of_commas(text)), None);
        // With one, the balance tells, whichever end of the file is the older.
        let text = "4/3/2008,a,76.00,,500.00\n4/2/2008,b,,327.50,576.00\n";
        assert_eq!(
            from_cells(&Table::of_commas(text)).unwrap().to_list(),
            "date,description,out,in,balance"
        );
        let text = "4/2/2008,b,327.50,,576.00\n4/3/2008,a,,76.00,500.00\n";
        assert_eq!(
            from_cells(&Table::of_commas(text)).unwrap().to_list(),
            "date,description,in,out,balance"
        );
        // Neither could one column.
        let text = "4/1/2008,a,76.00\n3/28/2008,b,327.49\n";
        assert_eq!(from_cells(&Table::of_commas(text)), None);
        let text = "4/1/2008,a,76.00,D\n3/28/2008,b,327.49,C\n";
        assert!(from_cells(&Table::of_commas(text)).is_some());
        // A balance and an amount, or an amount and a balance: one row does not tell.
        let text = "4/1/2008,a,76.00,120.00\n";
        assert_eq!(from_cells(&Table::of_commas(text)), None);
    }

    #[test]
    fn a_line_about_the_account_above_the_cells_is_passed_over() {
        let rows = "4/1/2008,Card,tea,,-5.00\n4/2/2008,Pay,wages,,9.00\n";
        let text = format!("Account,Account,***1,4/3/2008,,24.00\n{rows}");
        let (row, columns) = from_cells_below(&Table::of_commas(&text)).unwrap();
        assert_eq!(
            (row, columns.to_list()),
            (0, "date,,description,,amount".to_owned())
        );
        let text = format!("Zeit,Art,Was,Wie,Viel\n{rows}");
        assert_eq!(from_cells_below(&Table::of_commas(&text)), None);
    }

    #[test]
    fn a_row_that_differs_is_not_passed_over() {
        let text = "Account,Account,***1,4/3/2008,x,-24.00\n,Card,tea,4/1/2008,,-5.00\n,Pay,wages,4/2/2008,,9.00\n";
        let table = Table::of_commas(text);
        assert!(from_cells_below(&table).is_none() && from_cells(&table).is_some());
        // A cell that is no amount, below one that is.
        let text =
            "1,EUR,4/3/2008,C,24.00,x\n1,EUR,4/1/2008,D,5.00,tea\n1,EUR,4/2/2008,?,9.00,wages\n";
        assert_eq!(from_cells_below(&Table::of_commas(text)), None);
    }

    #[test]
    fn the_balance_before_a_row_is_not_its_amount() {
        let text = "1-4-2026,NL00ASNB01,0.00,100.00,pay\n2-4-2026,NL00ASNB01,100.00,-30.00,tea\n3-4-2026,NL00ASNB01,70.00,-5.00,milk\n";
        let columns = from_cells(&Table::of_commas(text)).unwrap();
        assert_eq!(
            (columns.get(Role::Amount), columns.get(Role::Balance)),
            (Some(3), None)
        );
    }

    #[test]
    fn balances_before_and_after_a_row_show_its_amount() {
        let text = "123456789,EUR,20260402,-0.10,1499.90,20260402,1500.00,pay\n123456789,EUR,20260403,1499.90,1454.90,20260403,-45.00,tea\n";
        assert_eq!(
            from_cells(&Table::of_commas(text)).unwrap().to_list(),
            ",currency,date,,balance,,amount,description"
        );
        assert_eq!(
            from_cells(&Table::of_commas(&text.replace("-45.00", "-46.00"))),
            None
        );
    }

    #[test]
    fn the_number_of_an_account_is_no_amount() {
        let text = "AT123456789012345678,interest,1.1.2014,-0.42\n";
        let columns = from_cells(&Table::of_commas(text)).unwrap();
        assert_eq!(columns.to_list(), "description,,date,amount");
    }

    #[test]
    fn what_every_row_has_is_the_account_and_whole_numbers_that_run_on_are_a_balance() {
        let text = "11773000-00000000,-4520,20260415,95480,TESCO\n11773000-00000000,100000,20260414,100000,ACME\n";
        let list = |text: &str| from_cells(&Table::of_commas(text)).unwrap().to_list();
        assert_eq!(list(text), ",amount,date,balance,description");
        assert_eq!(
            list(&text.replace("95480", "95481")),
            ",amount,date,reference,description"
        );
    }
}
