//! Which rows of a table are rows of the statement, and which are preamble, page breaks, totals and footers.
//!
//! What is left out must look like something to leave out: a row with money and no readable date
//! refuses the file rather than vanish from it.

use super::amounts;
use super::columns::{Columns, Role};
use super::dates::{self, Scanned};
use super::names;
use super::table::Table;
use crate::formats::fault::Fault;
use crate::formats::statement::Note;

/// A row of the statement.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyRow {
    pub row: usize,
    pub date: Scanned,
    /// Rows below that carry on with its description.
    pub continued: Vec<usize>,
}

/// Words that begin a row which is no transaction.
const MARKERS: &[&str] = &[
    "total",
    "totals",
    "grand total",
    "sub total",
    "subtotal",
    "opening balance",
    "closing balance",
    "beginning balance",
    "ending balance",
    "opening bal",
    "closing bal",
    "brought forward",
    "carried forward",
    "balance brought",
    "balance carried",
    "b f",
    "c f",
    "page ",
    "page",
    "end of statement",
    "statement summary",
    "summary",
    "legend",
    "legends",
    "generated",
    "this is a",
    "disclaimer",
    "balance as on",
    "continued",
    "note",
    "notes",
    "please",
    "thank",
    "summe",
    "saldo",
    "kontostand",
    "totaal",
    "anfangssaldo",
    "endsaldo",
    "solde",
    "totaux",
    "saldo inicial",
    "saldo final",
    "alter kontostand",
    "neuer kontostand",
    "available balance",
    "current balance",
    "effective balance",
    "unless the constituent",
];

/// States of a row that has not happened, or was taken back.
const NOT_BOOKED: &[&str] = &[
    "pending",
    "reverted",
    "declined",
    "failed",
    "failure",
    "cancelled",
    "canceled",
    "void",
    "voided",
    "refused",
    "rejected",
    "in progress",
    "processing",
    "expired",
    "denied",
    "reversed",
    "removed",
    "blocked",
    "authorized",
    "authorised",
    "vorgemerkt",
    "umsatz vorgemerkt",
    "offen",
    "varaus",
    "reserveret",
    "reservert",
    "reserverat",
    "en attente",
    "pendiente",
    "in sospeso",
    "memo",
    "venter",
    "provisorisch",
    "provisional",
    "provisoire",
    "provvisorio",
    "provvisoria",
    "nicht gebucht",
    "noch nicht gebucht",
    "vorlaufig",
    "non contabilizzato",
    "non contabilizzata",
    "no contabilizado",
    "ausstehend",
    "abgelehnt",
    "storniert",
    "abgebrochen",
    "fehlgeschlagen",
    "in attesa",
    "annullata",
    "annullato",
    "rifiutata",
    "rifiutato",
    "annule",
    "refuse",
    "echoue",
    "cancelado",
    "cancelada",
    "rechazado",
    "rechazada",
    "anulado",
    "anulada",
    "pendente",
    "agendado",
    "oczekujaca",
    "odrzucona",
    "anulowana",
    "in behandeling",
    "geannuleerd",
    "geweigerd",
    "afgewezen",
    "verworpen",
    "rejete",
    "zamitnuta",
    "zamietnuta",
    "elutasitva",
    "iptal",
    "ootel",
    "неуспешно",
    "отклонено",
    "в обработке",
    "unsuccessful",
    "not completed",
    "payment pending",
    "on hold",
    "held",
    "hold",
    "awaiting",
    "scheduled",
    "upcoming",
];

/// The rows of a statement below `header` (`None`: the table has none), in the order of the file.
pub fn rows(
    table: &Table<'_>,
    header: Option<usize>,
    columns: &Columns,
    notes: &mut Vec<Note>,
) -> Result<Vec<BodyRow>, Fault> {
    let date = columns.get(Role::Date).unwrap_or(0);
    let mut body: Vec<BodyRow> = Vec::with_capacity(table.len());
    let states = states(columns);
    let mut odd: Vec<usize> = Vec::new();
    let mut left_out: Vec<(String, usize)> = Vec::new();
    for row in header.map_or(0, |h| h + 1)..table.len() {
        if table.is_blank(row) || header.is_some_and(|h| repeats(table, h, row)) {
            continue;
        }
        let state = states.iter().map(|c| table.cell(row, *c));
        // Some banks write "pending" where the date will stand.
        let mut said = state.chain([table.cell(row, date)]);
        if let Some(state) = said.find(|s| not_booked(s)) {
            count(&mut left_out, state);
            continue;
        }
        match dates::scan(table.cell(row, date)) {
            Some(date) if has_money(table, row, columns) || !is_marker(table, row) => {
                settle(table, columns, &odd, &mut body, header)?;
                odd.clear();
                let continued = Vec::new();
                body.push(BodyRow {
                    row,
                    date,
                    continued,
                });
            }
            _ => odd.push(row),
        }
    }
    footer(table, columns, &odd, &mut body, header)?;
    for (state, rows) in left_out {
        let text = left_out_text(rows, &state);
        notes.push(Note { line: None, text });
    }
    Ok(body)
}

/// Every column that says whether a row happened: PayPal has two.
fn states(columns: &Columns) -> Vec<usize> {
    let Some(state) = columns.get(Role::State) else {
        return Vec::new();
    };
    let says = |name: &String| names::role_of(name).is_some_and(|(role, _)| role == Role::State);
    let others = (0..columns.names.len()).filter(|c| *c != state && says(&columns.names[*c]));
    std::iter::once(state).chain(others).collect()
}

fn count(left_out: &mut Vec<(String, usize)>, state: &str) {
    match left_out.iter_mut().find(|(s, _)| s == state) {
        Some((_, rows)) => *rows += 1,
        None => left_out.push((state.to_owned(), 1)),
    }
}

/// `1 row left out: Pending`.
pub fn left_out_text(rows: usize, state: &str) -> String {
    let noun = if rows == 1 { "row" } else { "rows" };
    format!("{rows} {noun} left out: {state}")
}

fn not_booked(state: &str) -> bool {
    const LONGEST: usize = 40;
    // Dates are looked at here too, and are no words.
    let is_word = state.len() <= LONGEST && state.starts_with(char::is_alphabetic);
    is_word && NOT_BOOKED.contains(&&*names::normal(state))
}

/// A header printed again, as at the top of each page.
fn repeats(table: &Table<'_>, header: usize, row: usize) -> bool {
    table.width(row) == table.width(header) && table.cells(row).eq(table.cells(header))
}

fn has_money(table: &Table<'_>, row: usize, columns: &Columns) -> bool {
    columns
        .money()
        .any(|c| !amounts::is_blank(table.cell(row, c)))
}

fn is_marker(table: &Table<'_>, row: usize) -> bool {
    let mut filled = table.cells(row).filter(|c| !c.is_empty()).peekable();
    filled.peek().is_none()
        || filled.take(4).any(|cell| {
            let name = names::normal(cell);
            MARKERS.iter().any(|m| {
                name.strip_prefix(m).is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with(' ') || m.ends_with(' ')
                })
            })
        })
}

/// The description of a row carried on: nothing but the cell below it, in a column of its own.
fn continues(table: &Table<'_>, row: usize, columns: &Columns) -> bool {
    let Some(column) = columns.get(Role::Description).filter(|c| *c > 0) else {
        return false;
    };
    let only = (0..table.width(row)).all(|c| c == column || table.cell(row, c).is_empty());
    only && !table.cell(row, column).is_empty()
}

/// Rows between two rows of the statement: page breaks, totals, descriptions that carry on.
fn settle(
    table: &Table<'_>,
    columns: &Columns,
    odd: &[usize],
    body: &mut [BodyRow],
    header: Option<usize>,
) -> Result<(), Fault> {
    // Above the first row of a table without a header, anything may stand.
    if header.is_none() && body.is_empty() {
        return Ok(());
    }
    for row in odd {
        if let Some(last) = body.last_mut().filter(|_| continues(table, *row, columns)) {
            last.continued.push(*row);
        } else if !is_no_movement(table, *row, columns) {
            return Err(undated(table, *row, columns));
        }
    }
    Ok(())
}

/// Rows below the last: after the first that looks like a footer, anything may stand.
fn footer(
    table: &Table<'_>,
    columns: &Columns,
    odd: &[usize],
    body: &mut [BodyRow],
    header: Option<usize>,
) -> Result<(), Fault> {
    if header.is_none() && body.is_empty() {
        return Ok(());
    }
    let carried = match body.last() {
        Some(_) => odd
            .iter()
            .take_while(|row| continues(table, **row, columns) && !is_marker(table, **row))
            .count(),
        None => 0,
    };
    if let Some(last) = body.last_mut() {
        last.continued.extend_from_slice(&odd[..carried]);
    }
    match odd.get(carried) {
        Some(row) if !is_no_movement(table, *row, columns) => Err(undated(table, *row, columns)),
        _ => Ok(()),
    }
}

fn is_no_movement(table: &Table<'_>, row: usize, columns: &Columns) -> bool {
    is_marker(table, row) || is_label(table, row, columns) || is_sum(table, row, columns)
}

/// A word where the date should stand, and nothing but money beside it: a total, a closing balance, in any language.
/// What moved money says what for.
fn is_sum(table: &Table<'_>, row: usize, columns: &Columns) -> bool {
    let date = columns.get(Role::Date).unwrap_or(0);
    let word = table.cell(row, date);
    let is_word = word.chars().filter(|c| c.is_alphabetic()).count() > 2
        && !word.bytes().any(|b| b.is_ascii_digit());
    let is_code = |cell: &str| cell.len() == 3 && cell.bytes().all(|b| b.is_ascii_uppercase());
    let is_money = |cell: &str| is_code(cell) || amounts::scan(cell).is_some();
    is_word
        && columns
            .get(Role::Description)
            .or(columns.get(Role::Payee))
            .is_some()
        && (0..table.width(row)).all(|c| {
            let cell = table.cell(row, c);
            c == date || amounts::is_blank(cell) || is_money(cell)
        })
}

/// Words without money, and without a number where the date should stand; or one cell alone.
fn is_label(table: &Table<'_>, row: usize, columns: &Columns) -> bool {
    let date = columns.get(Role::Date).map_or("", |c| table.cell(row, c));
    let filled = table.cells(row).filter(|c| !c.is_empty()).count();
    // One cell alone: a heading, the number of a card.
    let dateless = !date.bytes().any(|b| b.is_ascii_digit()) || filled == 1;
    dateless && !has_money(table, row, columns)
}

fn undated(table: &Table<'_>, row: usize, columns: &Columns) -> Fault {
    let column = columns.get(Role::Date).unwrap_or(0);
    let cell = table.cell(row, column);
    let why = if cell.is_empty() {
        "the row has no date".to_owned()
    } else {
        format!("cannot read a date in {cell:?}")
    };
    let hint = "correct or remove the line; dates are like 2024-04-01, 01/04/2024 or 1 Apr 2024";
    let fault = table.fault(row, column, "unreadable-date", why);
    match other_day(table, row, column, columns).filter(|_| cell.is_empty()) {
        None => fault.hint(hint),
        Some(other) => {
            let mut by_other = columns.clone();
            by_other.set(Role::Date, other);
            let name = &columns.names[other];
            fault.hint(format!(
                "remove the line if it is not booked yet; to date rows by {name:?}: --columns {}",
                by_other.to_list()
            ))
        }
    }
}

/// Another column that names a day and has one on this row.
fn other_day(table: &Table<'_>, row: usize, date: usize, columns: &Columns) -> Option<usize> {
    let is_day = |column: &usize| {
        let role = names::role_of(&columns.names[*column]);
        role.is_some_and(|(role, _)| matches!(role, Role::Date | Role::ValueDate))
            && dates::scan(table.cell(row, *column)).is_some()
    };
    (0..columns.names.len()).find(|c| *c != date && is_day(c))
}

#[cfg(test)]
mod tests {
    use super::super::columns::find_header;
    use super::super::table::Dialect;
    use super::*;

    fn lines(text: &str) -> Result<Vec<u64>, Fault> {
        let dialect = Dialect {
            delimiter: b',',
            quote: None,
        };
        let table = Table::read(text, dialect).unwrap();
        let header = find_header(&table).unwrap();
        let body = rows(&table, Some(header.row), &header.columns, &mut Vec::new())?;
        Ok(body.iter().map(|r| table.line(r.row)).collect())
    }

    const HEAD: &str = "Date,Narration,Withdrawal,Deposit,Balance\n";

    #[test]
    fn totals_page_breaks_and_footers_are_left_out() {
        let text = format!(
            "{HEAD}01/04/24,a,5.00,,95.00\nPage 1 of 2,,,,\n{HEAD}********,***,***,***,***\n02/04/24,b,5.00,,90.00\n,Total,10.00,,\nSTATEMENT SUMMARY :-,,,,\nOpening,Dr,Cr,Debits,Closing\n100.00,2,0,10.00,90.00\nEND OF STATEMENT,,,,\n"
        );
        assert_eq!(lines(&text).unwrap(), [2, 6]);
    }

    #[test]
    fn money_without_a_date_refuses_the_file() {
        for last in [
            ",bank charges,5.00,,85.00\n",
            "someday,bank charges,5.00,,85.00\n",
            "1200,x,5.00,,\n",
        ] {
            let text = format!("{HEAD}01/04/24,a,5.00,,95.00\n{last}");
            assert_eq!(lines(&text).unwrap_err().code, "unreadable-date", "{last}");
            let text = format!("{HEAD}01/04/24,a,5.00,,95.00\n{last}02/04/24,a,5.00,,80.00\n");
            assert_eq!(lines(&text).unwrap_err().line, Some(3), "{last}");
        }
    }

    #[test]
    fn wrapped_narrations_belong_to_the_row_above() {
        let dialect = Dialect {
            delimiter: b',',
            quote: None,
        };
        let text =
            format!("{HEAD}01/04/24,UPI-RAM,5.00,,95.00\n,ESH KUMAR,,,\n02/04/24,b,5.00,,90.00\n");
        let table = Table::read(&text, dialect).unwrap();
        let header = find_header(&table).unwrap();
        let body = rows(&table, Some(0), &header.columns, &mut Vec::new()).unwrap();
        assert_eq!(body[0].continued, [2]);
        assert_eq!(body.len(), 2);
    }
}
