//! Columns once the rows are known: names that promised what the cells do not hold, and cells that say what no name did.

use super::amounts;
use super::body::BodyRow;
use super::columns::{Columns, Role};
use super::dates;
use super::direction;
use super::names;
use super::table::Table;

/// Dates rows by another column of days, where the first is empty on rows that moved the balance (UBS books what a card
/// paid days later): the one that every row with money fills.
///
/// Without a balance such a row may not have happened yet: then it is looked for only if no row fills the first.
pub fn days(table: &Table<'_>, columns: &mut Columns, header: Option<usize>) {
    let (Some(header), Some(date)) = (header, columns.get(Role::Date)) else {
        return;
    };
    let balance = columns.get(Role::Balance);
    let is_day = |row: usize, column: usize| dates::scan(table.cell(row, column)).is_some();
    let has = |row: usize, column: usize| !amounts::is_blank(table.cell(row, column));
    let moved = [Role::Out, Role::In, Role::Amount].map(|role| columns.get(role));
    let has_money = |row: usize| moved.into_iter().flatten().any(|c| has(row, c));
    let booked = |row: &usize| has_money(*row) && balance.is_some_and(|b| has(*row, b));
    let undated = |row: &usize| table.cell(*row, date).is_empty();
    let rows = header + 1..table.len();
    let mut paid = rows.clone().filter(|row| has_money(*row)).peekable();
    let never = paid.peek().is_some() && paid.all(|row| undated(&row));
    if !never && !rows.clone().any(|row| booked(&row) && undated(&row)) {
        return;
    }
    let is_named = |role: Role, column: &usize| {
        names::role_of(&columns.names[*column]).is_some_and(|(r, _)| r == role)
    };
    let fills = |column: &usize| {
        let mut dated = rows
            .clone()
            .filter(|row| has_money(*row) && (is_day(*row, date) || undated(row)));
        *column != date && dated.all(|row| is_day(row, *column))
    };
    let all = || 0..columns.names.len();
    let found = [Role::Date, Role::ValueDate]
        .into_iter()
        .find_map(|role| all().find(|c| is_named(role, c) && fills(c)));
    if let Some(column) = found {
        columns.set(Role::Date, column);
        if columns.get(Role::ValueDate) == Some(column) {
            columns.drop_role(Role::ValueDate);
        }
    }
}

/// Amounts that stand in the column without a name behind the one that names them, which holds their currency (Degiro).
fn behind_currency(table: &Table<'_>, columns: &mut Columns, rows: &[BodyRow]) {
    let filled = |column: usize| {
        let cells = rows.iter().map(move |r| table.cell(r.row, column));
        cells.filter(|cell| !amounts::is_blank(cell))
    };
    let is_code = |cell: &str| crate::ledger::currency::iso_scale(cell).is_some();
    for role in [Role::Out, Role::In, Role::Amount, Role::Balance] {
        let Some(column) = columns.get(role) else {
            continue;
        };
        let unnamed = columns.names.get(column + 1).is_some_and(String::is_empty);
        let codes = filled(column).count() > 0 && filled(column).all(is_code);
        let amounts = filled(column + 1).count() > 0
            && filled(column + 1).all(|cell| amounts::scan(cell).is_some());
        if unnamed && codes && amounts {
            columns.set(role, column + 1);
            if role != Role::Balance {
                columns.set(Role::Currency, column);
            }
        }
    }
}

/// Where every amount has its currency behind it, and two do, the amount is the one whose currency never changes: the
/// account's, and not what was paid in (VTB).
fn of_one_currency(table: &Table<'_>, columns: &mut Columns, rows: &[BodyRow]) {
    // `AFN` in Amazon's settlements is a warehouse, and the currency of Afghanistan.
    const STEMS: &[&str] = &[
        "curr", "ccy", "valut", "valiut", "walut", "wahr", "waehr", "whrg", "devis", "divis",
        "mone", "munt", "mena", "devise", "вал", "einheit",
    ];
    if columns.get(Role::Amount).is_none() {
        return;
    }
    let says_currency = |column: usize| {
        let name = columns.names.get(column).map_or("", String::as_str);
        STEMS.iter().any(|stem| name.contains(stem))
    };
    let cells = |column: usize| rows.iter().map(move |r| table.cell(r.row, column));
    let is_code = |cell: &str| cell.len() == 3 && cell.bytes().all(|b| b.is_ascii_uppercase());
    let is_pair = |amount: &usize| {
        says_currency(amount + 1)
            && cells(*amount).all(|cell| amounts::scan(cell).is_some())
            && cells(amount + 1).all(is_code)
    };
    let pairs: Vec<usize> = (0..columns.names.len().saturating_sub(1))
        .filter(is_pair)
        .collect();
    let constant = |amount: &usize| {
        let mut pairs = rows.windows(2);
        pairs.all(|w| table.cell(w[0].row, amount + 1) == table.cell(w[1].row, amount + 1))
    };
    let own: Vec<usize> = pairs
        .iter()
        .copied()
        .filter(|pair| constant(pair))
        .collect();
    if let ([_, _], [amount]) = (pairs.as_slice(), own.as_slice()) {
        columns.set(Role::Amount, *amount);
        columns.set(Role::Currency, amount + 1);
    } else if let Some(amount) = columns.get(Role::Amount).filter(|a| pairs.contains(a)) {
        columns.set(Role::Currency, amount + 1);
    }
}

/// Of two columns of one name, the amount is the one that is filled where the other is not: the first is of a foreign
/// currency (Deutsche Bank's cards).
fn fuller_of_one_name(table: &Table<'_>, columns: &mut Columns, rows: &[BodyRow]) {
    let Some(amount) = columns.get(Role::Amount) else {
        return;
    };
    let has = |row: &BodyRow, column: usize| !amounts::is_blank(table.cell(row.row, column));
    let name = columns.names.get(amount).cloned().unwrap_or_default();
    let fuller = (0..columns.names.len())
        .find(|c| *c != amount && columns.names[*c] == name && rows.iter().all(|row| has(row, *c)));
    if let Some(column) = fuller.filter(|_| rows.iter().any(|row| !has(row, amount))) {
        columns.set(Role::Amount, column);
    }
}

/// Columns whose name promised what their cells do not hold.
pub fn columns(table: &Table<'_>, columns: &mut Columns, header: Option<usize>, rows: &[BodyRow]) {
    let all = |column: usize, fits: fn(&str) -> bool| {
        let mut cells = rows
            .iter()
            .map(|r| table.cell(r.row, column))
            .filter(|c| !c.is_empty());
        cells.all(fits)
    };
    behind_currency(table, columns, rows);
    fuller_of_one_name(table, columns, rows);
    of_one_currency(table, columns, rows);
    // `Valuta` is a currency in Swedish and a date in German.
    let is_code =
        |cell: &str| cell.chars().count() <= 4 && !cell.bytes().any(|b| b.is_ascii_digit());
    if columns
        .get(Role::Currency)
        .is_some_and(|c| !all(c, is_code))
    {
        columns.drop_role(Role::Currency);
        // UBS has both: `Valuta`, the day, and `Whrg.`.
        let named = |c: &usize| {
            let role = names::role_of(&columns.names[*c]);
            role.is_some_and(|(role, _)| role == Role::Currency)
        };
        let filled = |c: &usize| rows.iter().any(|r| !table.cell(r.row, *c).is_empty());
        let mut others = 0..columns.names.len();
        if let Some(code) = others.find(|c| named(c) && filled(c) && all(*c, is_code)) {
            columns.set(Role::Currency, code);
        }
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
    // `Type` of SEB holds kinds, and `(D/C)` beside it the sides.
    let says = |column: usize| {
        let mut cells = rows.iter().map(|r| table.cell(r.row, column));
        cells.any(|cell| amounts::side(cell).is_some())
    };
    if columns.get(Role::Amount).is_some()
        && !columns.get(Role::Side).is_some_and(says)
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
    // The same on every row, it is the name of the account or of what it is.
    let differs = |column: usize| {
        let mut pairs = rows.windows(2);
        pairs.any(|w| table.cell(w[0].row, column) != table.cell(w[1].row, column))
    };
    named
        .max_by_key(|(column, rank)| (differs(*column), filled(*column), u8::MAX - rank))
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

#[cfg(test)]
mod tests {
    use super::super::{Options, read};

    fn rows(text: &str) -> Vec<(String, String, String)> {
        let statement = read(text.as_bytes(), &Options::default(), None).expect("readable");
        let row = |r: &crate::formats::statement::StatementRow| {
            let currency = r.currency.as_deref().unwrap_or("").to_owned();
            (r.date.to_string(), r.amount.to_string(), currency)
        };
        statement.rows.iter().map(row).collect()
    }

    fn row(date: &str, amount: &str, currency: &str) -> (String, String, String) {
        (date.to_owned(), amount.to_owned(), currency.to_owned())
    }

    #[test]
    fn the_amount_is_the_one_in_the_accounts_own_currency() {
        let vtb = "Дата операции;Сумма операции;Валюта операции;Сумма пересчитанная в валюту счета;Валюта счета;Основание\n2026-04-02;-4,50;EUR;-336,15;RUR;a\n2026-04-13;-300,00;RUR;-300,00;RUR;b\n";
        let want = [
            row("2026-04-02", "-336.15", "RUR"),
            row("2026-04-13", "-300.00", "RUR"),
        ];
        assert_eq!(rows(vtb), want);
        let alior = "Data transakcji;Szczegóły transakcji;Kwota operacji;Waluta operacji;Kwota w walucie rachunku;Waluta rachunku\n20-04-2026;a;-3,00;EUR;-12,50;PLN\n21-04-2026;b;5,00;PLN;5,00;PLN\n";
        let want = [
            row("2026-04-20", "-12.50", "PLN"),
            row("2026-04-21", "5.00", "PLN"),
        ];
        assert_eq!(rows(alior), want);
        let mono = "Date and time,Description,\"Card currency amount, (UAH)\",Operation amount,Operation currency\n02.04.2026 10:00:00,a,-412.55,-9.99,USD\n";
        assert_eq!(rows(mono), [row("2026-04-02", "-412.55", "UAH")]);
        let cards = "Belegdatum;Verwendungszweck;Fremdwährung;Betrag;Kurs;Betrag;Währung\n01.04.2026;a;;;;- 12,34;EUR\n13.04.2026;b;USD;10,00;1,1;-9,09;EUR\n";
        let want = [
            row("2026-04-01", "-12.34", "EUR"),
            row("2026-04-13", "-9.09", "EUR"),
        ];
        assert_eq!(rows(cards), want);
    }

    #[test]
    fn amounts_behind_their_currency_are_found() {
        let degiro = "Datum,Tijd,Valutadatum,Product,Omschrijving,FX,Mutatie,,Saldo,,Order Id\n27-04-2026,08:14,27-04-2026,VANECK,Dividend,,EUR,\"0,19\",EUR,\"13,88\",\n02-04-2026,08:14,02-04-2026,,Rente,,EUR,\"-0,02\",EUR,\"13,69\",\n";
        let want = [
            row("2026-04-02", "-0.02", "EUR"),
            row("2026-04-27", "0.19", "EUR"),
        ];
        assert_eq!(rows(degiro), want);
    }

    #[test]
    fn rows_that_are_booked_later_take_the_day_they_were_made() {
        let head = "Datum;Buchungsdatum;Valutadatum;Text;Betrag;Saldo\n";
        let text = head.replace("Datum;B", "Abschlussdatum;B")
            + "2026-04-14;;2026-04-14;a;-20.00;80.00\n2026-04-13;2026-04-14;2026-04-13;b;-5.00;100.00\n";
        let want = [
            row("2026-04-13", "-5.00", ""),
            row("2026-04-14", "-20.00", ""),
        ];
        assert_eq!(rows(&text), want);
        // Without a balance it may not have happened.
        let pending = "Booking date,Transaction date,Text,Amount\n,2026-04-14,a,-20.00\n2026-04-13,2026-04-13,b,-5.00\n";
        let fault = read(pending.as_bytes(), &Options::default(), None).unwrap_err();
        assert_eq!(fault.code, "unreadable-date");
        let hint = fault.hint.unwrap_or_default();
        assert!(
            hint.contains("--columns ,date,description,amount"),
            "{hint}"
        );
        // A column of days that no row fills says nothing.
        let never = pending.replace("2026-04-13,2026", ",2026");
        let want = [
            row("2026-04-13", "-5.00", ""),
            row("2026-04-14", "-20.00", ""),
        ];
        assert_eq!(rows(&never), want);
    }
}
