//! Descriptions with the delimiter in them and no quotes around them, as HDFC's delimited form prints them:
//! put together again where every other column then holds what it must, and a running balance proves it.

use super::amounts;
use super::columns::{self, Role};
use super::dates;
use super::table::Table;
use crate::formats::statement::Note;

/// Joins the pieces of unquoted descriptions. Rows that stay unclear are refused later, for their extra cells.
pub fn join(table: &mut Table<'_>) -> Vec<Note> {
    let Some(header) = columns::find_header(table) else {
        return Vec::new();
    };
    let Some(description) = header.columns.get(Role::Description) else {
        return Vec::new();
    };
    let width = header.columns.names.len();
    let mut notes = Vec::new();
    for row in header.row + 1..table.len() {
        let extra = table.width(row).saturating_sub(width);
        let spills = (width..table.width(row)).any(|c| !table.cell(row, c).is_empty());
        if !spills || table.is_quoted(row) || !fits(table, row, &header.columns, description, extra)
        {
            continue;
        }
        table.join(row, description, extra);
        let text = "the description has the delimiter in it and no quotes: read as one text";
        notes.push(Note {
            line: Some(table.line(row)),
            text: text.to_owned(),
        });
    }
    notes
}

/// True if dates and amounts stand in their columns, were the description `extra` cells longer.
fn fits(
    table: &Table<'_>,
    row: usize,
    columns: &columns::Columns,
    description: usize,
    extra: usize,
) -> bool {
    let cell = |column: usize| {
        let moved = if column > description { extra } else { 0 };
        table.cell(row, column + moved)
    };
    let dated = columns.pairs().iter().all(|(role, column)| match role {
        Role::Date => dates::scan(cell(*column)).is_some(),
        Role::ValueDate => cell(*column).is_empty() || dates::scan(cell(*column)).is_some(),
        _ => true,
    });
    let is_money = |column: usize| amounts::scan(cell(column)).is_some();
    let readable = |column: usize| amounts::is_blank(cell(column)) || is_money(column);
    let proved = columns.get(Role::Balance).is_some_and(is_money);
    dated && proved && columns.money().all(readable)
}

#[cfg(test)]
mod tests {
    use super::super::table::Dialect;
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let dialect = Dialect {
            delimiter: b',',
            quote: Some(b'"'),
        };
        let mut table = Table::read(text, dialect).unwrap();
        let notes = join(&mut table);
        let last = table.len() - 1;
        (table.cells(last).map(str::to_owned).collect(), notes.len())
    }

    #[test]
    fn a_comma_in_a_narration_is_put_back() {
        let head =
            "Date,Narration,Value Dat,Debit Amount,Credit Amount,Chq/Ref Number,Closing Balance\n";
        let (cells, notes) = read(&format!(
            "{head}02/04/26,UPI-RAM, KUMAR, 9820,02/04/26,450.00,0.00,6094,9550.00\n"
        ));
        assert_eq!(
            cells,
            [
                "02/04/26",
                "UPI-RAM, KUMAR, 9820",
                "02/04/26",
                "450.00",
                "0.00",
                "6094",
                "9550.00"
            ]
        );
        assert_eq!(notes, 1);
        // An extra cell somewhere else leaves dates and amounts in the wrong columns.
        let (cells, notes) = read(&format!(
            "{head}02/04/26,UPI,02/04/26,450.00,0.00,6094,77,9550.00,x\n"
        ));
        assert_eq!((cells.len(), notes), (9, 0));
    }
}
