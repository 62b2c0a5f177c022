//! Statements as a file has them → one a bank account: rows in order, balances checked against the rows, the
//! statements of one account joined.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::fault::Fault;
use super::plain::line_text;
use super::statement::{Note, Proof, Series, Statement, StatementRow};

/// A balance a statement prints, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Money held positive.
    pub amount: Decimal,
    pub on: Option<Date>,
    pub line: u64,
}

/// One statement of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    /// What the bank calls the account.
    pub number: Option<Arc<str>>,
    /// A code.
    pub currency: Option<Arc<str>>,
    /// What the bank calls the statement; may be empty.
    pub name: String,
    pub line: u64,
    pub opening: Option<Balance>,
    pub closing: Option<Balance>,
    pub rows: Vec<StatementRow>,
    pub notes: Vec<Note>,
    /// What the bank says of rows that are in no file at hand, so that nobody but a person can settle it.
    pub unsettled: Vec<Note>,
}

/// What is true of the whole file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    /// `mt940`, `ofx`, …: the same for every file of the kind.
    pub layout: &'static str,
    /// How it was read, beside that.
    pub details: Vec<String>,
    pub notes: Vec<Note>,
    pub sheets: Vec<Sheet>,
}

/// Statements of one file: daily ones of fifty years. Each is compared with the others.
const SHEETS_MAX: usize = 20_000;

/// A file of more statements than are read.
pub fn too_many(most: usize) -> Fault {
    let why = format!("the file holds more than {most} statements");
    Fault::file("too-large", why).hint("split it by year")
}

/// Notes of one account that are kept; the rest is counted.
const NOTES_MAX: usize = 20;

impl Gathered {
    /// One statement an account and currency, in order of the file. `text` is the file's, for errors.
    ///
    /// Errors: a statement whose balances do not follow from its rows, unless gaps are allowed.
    pub fn statements(mut self, text: &str, allow_gap: bool) -> Result<Vec<Statement>, Fault> {
        if self.sheets.is_empty() {
            return Err(none(&self.notes));
        }
        if self.sheets.len() > SHEETS_MAX {
            return Err(too_many(SHEETS_MAX));
        }
        self.number_rows();
        let mut statements: Vec<(Key, Statement)> = Vec::new();
        let mut first = std::mem::take(&mut self.notes);
        for sheets in by_account(std::mem::take(&mut self.sheets)) {
            let key = key_of(&sheets[0]);
            let mut statement = Statement {
                layout: self.layout.to_owned(),
                details: self.details.clone(),
                number: key.0.clone(),
                notes: std::mem::take(&mut first),
                ..Statement::default()
            };
            for sheet in &sheets {
                prove(&mut statement, sheet, text, allow_gap)?;
                settle(&mut statement, sheet, text, allow_gap)?;
            }
            join(&mut statement, sheets);
            statements.push((key, statement));
        }
        Ok(statements.into_iter().map(|(_, s)| s).collect())
    }

    /// In a file without line ends the rows are counted instead.
    fn number_rows(&mut self) {
        let mut lines = HashSet::new();
        let apart = self
            .sheets
            .iter()
            .flat_map(|s| &s.rows)
            .all(|row| lines.insert(row.line));
        if apart {
            return;
        }
        let rows = self.sheets.iter_mut().flat_map(|s| &mut s.rows);
        for (row, nth) in rows.zip(1..) {
            row.line = nth;
        }
        self.details.push("rows counted, not lines".to_owned());
    }
}

/// A file without a statement; what was left out of it says why.
fn none(notes: &[Note]) -> Fault {
    let why = match notes.first() {
        Some(note) => format!("the file holds no statement of an account: {}", note.text),
        None => "the file holds no statement of an account".to_owned(),
    };
    Fault {
        line: notes.first().and_then(|n| n.line),
        ..Fault::file("not-a-statement", why)
    }
    .hint("export the booked transactions of an account from the bank's site")
}

type Key = (Option<Arc<str>>, Option<Arc<str>>);

fn key_of(sheet: &Sheet) -> Key {
    (sheet.number.clone(), sheet.currency.clone())
}

/// Sheets of one account together, the accounts in order of the file.
fn by_account(sheets: Vec<Sheet>) -> Vec<Vec<Sheet>> {
    let mut groups: Vec<Vec<Sheet>> = Vec::new();
    let mut places: std::collections::HashMap<Key, usize> = std::collections::HashMap::new();
    for sheet in sheets {
        let place = *places.entry(key_of(&sheet)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(sheet);
    }
    groups
}

fn net(rows: &[StatementRow]) -> Option<Decimal> {
    rows.iter()
        .try_fold(Decimal::ZERO, |sum, row| sum.checked_add(row.amount))
}

/// Opening + rows = closing, where both balances are there.
fn prove(
    statement: &mut Statement,
    sheet: &Sheet,
    text: &str,
    allow_gap: bool,
) -> Result<(), Fault> {
    let (Some(opening), Some(closing)) = (sheet.opening, sheet.closing) else {
        return Ok(());
    };
    let makes = net(&sheet.rows).and_then(|net| opening.amount.checked_add(net));
    if makes == Some(closing.amount) {
        return Ok(());
    }
    let makes = makes.map_or("too much".to_owned(), |m| m.to_string());
    let moved = match sheet.rows.len() {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    };
    let name = if sheet.name.is_empty() {
        "the statement".to_owned()
    } else {
        format!("statement {}", sheet.name)
    };
    let why = format!(
        "{name} does not add up: opening {} and {moved} make {makes}, not {}",
        opening.amount, closing.amount
    );
    if allow_gap {
        let_pass(statement, closing.line, &why);
        return Ok(());
    }
    let fault = Fault {
        line: Some(closing.line),
        ..Fault::file("does-not-add-up", why)
    };
    Err(fault.line_text(line_text(text, closing.line)).hint(
        "a row may be missing or changed: export the statement again, or import it as it is with --allow-gap",
    ))
}

/// Refuses what a person must settle first, unless it is let pass.
fn settle(
    statement: &mut Statement,
    sheet: &Sheet,
    text: &str,
    allow_gap: bool,
) -> Result<(), Fault> {
    for Note { line, text: why } in &sheet.unsettled {
        let at = line.unwrap_or(sheet.line);
        if !allow_gap {
            let fault =
                Fault::at("corrects-earlier", at, 1, why.clone()).line_text(line_text(text, at));
            return Err(fault.hint(
                "amend or void that transaction, then import with --allow-gap: the correcting row is left out",
            ));
        }
        let_pass(statement, at, why);
    }
    Ok(())
}

/// Keeps what was let pass: the log records it.
fn let_pass(statement: &mut Statement, line: u64, why: &str) {
    let text = format!("{why} (--allow-gap)");
    statement.gap = Some(match statement.gap.take() {
        Some(before) => format!("{before}; {text}"),
        None => text.clone(),
    });
    statement.note(Some(line), text);
}

/// Joins the sheets of an account: oldest first, what stands twice taken once.
fn join(statement: &mut Statement, mut sheets: Vec<Sheet>) {
    if sheets.len() > 1 {
        sheets.sort_by_key(|s| {
            let opened = s.opening.and_then(|o| o.on);
            s.rows.iter().map(|r| r.date).min().or(opened)
        });
        drop_repeats(statement, &mut sheets);
        name_gaps(statement, &sheets);
    }
    let mut series = Series {
        currency: sheets[0].currency.clone(),
        opening: sheets[0].opening.map(|b| b.amount),
        ..Series::default()
    };
    if let Some(closing) = sheets.last().and_then(|s| s.closing) {
        series.closing = Some(closing.amount);
        series.closing_on = closing.on;
    }
    let proven = sheets
        .iter()
        .all(|s| s.opening.is_some() && s.closing.is_some());
    let count = sheets.iter().map(|s| s.rows.len()).sum();
    statement.rows.reserve_exact(count);
    for sheet in sheets {
        statement.notes.extend(sheet.notes);
        for row in sheet.rows {
            if row.amount.is_zero() {
                statement.note(Some(row.line), "the amount is zero: left out");
                continue;
            }
            if row.amount.is_sign_negative() {
                series.money_out = series.money_out.saturating_sub(row.amount);
            } else {
                series.money_in = series.money_in.saturating_add(row.amount);
            }
            statement.rows.push(row);
        }
    }
    series.rows = statement.rows.len();
    series.proof = proof(statement, &series, proven);
    // Rows are large: their places are sorted, and each is moved once.
    statement.rows.sort_by_cached_key(|r| r.date);
    statement.series.push(series);
    shorten(&mut statement.notes);
}

fn proof(statement: &Statement, series: &Series, proven: bool) -> Proof {
    let ends = series.opening.map(|o| {
        o.saturating_add(series.money_in)
            .saturating_sub(series.money_out)
    });
    match () {
        _ if statement.gap.is_some() => Proof::Gap,
        // With a statement missing between two, each proves itself and the ends do not follow.
        _ if proven && ends != series.closing => Proof::Gap,
        _ if proven => Proof::Ends,
        _ => Proof::None,
    }
}

fn drop_repeats(statement: &mut Statement, sheets: &mut Vec<Sheet>) {
    let same_rows = |a: &Sheet, b: &Sheet| {
        a.rows.len() == b.rows.len()
            && a.rows.iter().zip(&b.rows).all(|(a, b)| {
                (a.date, a.amount, &a.description, &a.bank_id)
                    == (b.date, b.amount, &b.description, &b.bank_id)
            })
    };
    let ends = |s: &Sheet| {
        (
            s.opening.map(|b| (b.amount, b.on)),
            s.closing.map(|b| (b.amount, b.on)),
        )
    };
    let mut kept: Vec<Sheet> = Vec::with_capacity(sheets.len());
    for sheet in sheets.drain(..) {
        let moves = net(&sheet.rows).is_some_and(|net| !net.is_zero());
        // Equal balances with money moved between them cannot be two statements in a row.
        let repeated = sheet.opening.is_some() && moves && {
            kept.iter()
                .rev()
                .take(64)
                .any(|k| k.name == sheet.name && ends(k) == ends(&sheet) && same_rows(k, &sheet))
        };
        if repeated {
            statement.note(
                Some(sheet.line),
                format!(
                    "statement {} stands in the file twice: taken once",
                    sheet.name
                ),
            );
        } else {
            kept.push(sheet);
        }
    }
    *sheets = kept;
}

fn name_gaps(statement: &mut Statement, sheets: &[Sheet]) {
    for pair in sheets.windows(2) {
        let (Some(closing), Some(opening)) = (pair[0].closing, pair[1].opening) else {
            continue;
        };
        if closing.amount != opening.amount {
            statement.note(
                Some(opening.line),
                format!(
                    "the statement begins at {}, the one before it ended at {}: one between them may be missing",
                    opening.amount, closing.amount
                ),
            );
        }
    }
}

fn shorten(notes: &mut Vec<Note>) {
    if notes.len() > NOTES_MAX {
        let more = notes.len() - NOTES_MAX;
        notes.truncate(NOTES_MAX);
        notes.push(Note {
            line: None,
            text: format!("{more} more notes like these"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn row(line: u64, day: i8, amount: &str) -> StatementRow {
        StatementRow {
            line,
            date: date(2026, 4, day),
            description: "x".to_owned(),
            payee: None,
            reference: None,
            bank_id: None,
            amount: dec(amount),
            currency: None,
            balance: None,
            series: 0,
            raw: String::new(),
            category: Box::default(),
        }
    }

    fn sheet(name: &str, opening: &str, closing: &str, rows: Vec<StatementRow>) -> Sheet {
        let balance = |amount: &str| {
            Some(Balance {
                amount: dec(amount),
                on: None,
                line: 1,
            })
        };
        Sheet {
            name: name.to_owned(),
            opening: balance(opening),
            closing: balance(closing),
            rows,
            ..Sheet::default()
        }
    }

    fn gathered(sheets: Vec<Sheet>) -> Result<Vec<Statement>, Fault> {
        Gathered {
            sheets,
            ..Gathered::default()
        }
        .statements("", false)
    }

    #[test]
    fn statements_of_an_account_are_joined_oldest_first_and_repeats_taken_once() {
        let second = sheet("2", "90", "80", vec![row(2, 2, "-10")]);
        let first = sheet("1", "100", "90", vec![row(4, 1, "-10")]);
        let joined = gathered(vec![second.clone(), first, second]).unwrap();
        let [one] = joined.as_slice() else { panic!() };
        assert_eq!(one.rows.len(), 2);
        assert_eq!(one.series[0].opening, Some(dec("100")));
        assert_eq!(one.series[0].closing, Some(dec("80")));
        assert_eq!(one.series[0].proof, Proof::Ends);
        assert!(one.notes[0].text.contains("twice"), "{:?}", one.notes);
    }

    #[test]
    fn what_does_not_add_up_is_refused_and_what_is_missing_between_is_named() {
        let wrong = sheet("7", "100", "91", vec![row(2, 1, "-10")]);
        let fault = gathered(vec![wrong]).unwrap_err();
        assert_eq!(fault.code, "does-not-add-up");
        assert!(fault.why.contains("make 90, not 91"), "{}", fault.why);
        let apart = vec![
            sheet("1", "100", "90", vec![row(1, 1, "-10")]),
            sheet("3", "70", "60", vec![row(2, 3, "-10")]),
        ];
        let one = gathered(apart).unwrap().remove(0);
        assert!(one.notes[0].text.contains("missing"), "{:?}", one.notes);
        assert_eq!(one.series[0].proof, Proof::Gap);
    }

    #[test]
    fn rows_of_one_line_are_counted() {
        let one = gathered(vec![sheet(
            "",
            "0",
            "2",
            vec![row(1, 1, "1"), row(1, 1, "1")],
        )]);
        let lines: Vec<u64> = one.unwrap()[0].rows.iter().map(|r| r.line).collect();
        assert_eq!(lines, [1, 2]);
    }
}
