//! Bank CSV → [`Statement`]: everything about the file is decided over the whole of it, or asked for.
//!
//! bytes → text ([`encoding`]) → cells ([`dialect`], [`table`]) → columns ([`columns`], [`layouts`]) → rows of the
//! statement ([`body`]) → dates ([`dates`]), amounts ([`money`]) → order and proof by the running balance ([`chain`]).

use std::sync::Arc;

use jiff::civil::Date;

use crate::formats::fault::{Fault, Question};
use crate::formats::rules::Rules;
use crate::formats::statement::{Note, Statement};
use crate::ledger::settings::DateOrder;

pub mod amounts;
pub mod body;
mod build;
mod by_rules;
pub mod chain;
mod code_pages;
pub mod columns;
pub mod dates;
pub mod dialect;
mod direction;
pub mod encoding;
pub mod entries;
mod entries_shape;
pub mod layouts;
pub mod money;
pub mod names;
mod prove;
mod role_names;
pub mod table;
mod unquoted;

use body::BodyRow;
pub use build::categorise;
use columns::{Columns, Role};
use dates::{OrderVerdict, Orders};
use layouts::{Layout, Quirk};
use table::Table;

/// What is said of a file; everything left out is read from it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub encoding: Option<String>,
    pub delimiter: Option<u8>,
    pub columns: Option<Columns>,
    pub date_order: Option<DateOrder>,
    pub decimal_mark: Option<char>,
    /// The currency amounts are in where the file says nothing.
    pub home_currency: Option<Arc<str>>,
    /// The account owes what its balance says: a card, a loan.
    pub liability: bool,
    /// Positive amounts are money out.
    pub invert: bool,
    /// A running balance that does not follow is a note, not a refusal.
    pub allow_gap: bool,
}

/// Reads a statement. `rules` says what rows are for; where it also says which cells hold date and
/// amount, the file is read by it alone.
///
/// Errors: the first thing that cannot be read without a guess.
pub fn read(
    bytes: &[u8],
    options: &Options,
    rules: Option<&mut Rules>,
) -> Result<Statement, Fault> {
    let said = rules
        .as_ref()
        .map(|r| r.directives.clone())
        .unwrap_or_default();
    let label = options.encoding.as_deref().or(said.encoding.as_deref());
    let decoded = encoding::decode(bytes, label)?;
    let dialect = dialect::detect(&decoded.text, options.delimiter.or(said.separator))?;
    let mut table = Table::read(&decoded.text, dialect)?;
    if table.is_empty() {
        return Err(Fault::file("empty-file", "the file is empty"));
    }
    let mut statement = match rules {
        Some(rules) if rules.reads_rows() => by_rules::read(&table, rules, options)?,
        rules => {
            let notes = unquoted::join(&mut table);
            let mut statement = read_table(&table, options, rules)?;
            statement.notes.splice(0..0, notes);
            statement
        }
    };
    statement.details.insert(0, decoded.name.to_owned());
    if dialect.delimiter != b',' {
        statement
            .details
            .push(format!("{}-separated", dialect::name_of(dialect.delimiter)));
    }
    Ok(statement)
}

/// What stands for the columns of a file: equal for files of one bank's export.
pub fn fingerprint(columns: &Columns) -> Option<String> {
    use sha2::{Digest, Sha256};
    if columns.names.is_empty() {
        return None;
    }
    let digest = Sha256::digest(columns.names.join("|").as_bytes());
    Some(digest[..8].iter().map(|b| format!("{b:02x}")).collect())
}

/// The columns of a file and their fingerprint, before anything else is known of it: how a profile is chosen.
pub fn peek(bytes: &[u8]) -> Option<String> {
    let decoded = encoding::decode(bytes, None).ok()?;
    let dialect = dialect::detect(&decoded.text, None).ok()?;
    let table = Table::read_some(&decoded.text, dialect, columns::PREAMBLE_ROWS_MAX).ok()?;
    fingerprint(&columns::find_header(&table)?.columns)
}

/// A table with the meaning of its columns.
struct Understood<'a, 'b> {
    table: &'a Table<'b>,
    header: Option<usize>,
    columns: Columns,
    layout: Option<&'static Layout>,
}

fn read_table(
    table: &Table<'_>,
    options: &Options,
    rules: Option<&mut Rules>,
) -> Result<Statement, Fault> {
    let mut understood = understand(table, options)?;
    let mut notes = Vec::new();
    let rows = body::rows(table, understood.header, &understood.columns, &mut notes)?;
    let rows = without_pending(&understood, rows, &mut notes);
    if options.columns.is_none() {
        tidy_columns(&mut understood, &rows);
    }
    let order = date_order(&understood, &rows, options.date_order)?;
    let rows = direction::without_balances(table, rows, &understood.columns, &mut notes);
    let usual = usual_mark(&understood, options);
    let mark = money::decimal_mark(
        table,
        &rows,
        &understood.columns,
        options.decimal_mark,
        usual,
    )?;
    if let Some(rules) = rules
        .as_deref()
        .filter(|r| r.is_conditional(crate::formats::rules::Field::Account(1)))
    {
        let _ = rules;
        return Err(Fault::file(
            "bad-rules",
            "account1 depends on the row, and a statement belongs to one account",
        ));
    }
    let built = build::statement(&understood, &rows, order, mark, options, rules);
    let mut statement = match built {
        Err(fault)
            if matches!(fault.code, "does-not-add-up" | "balance-runs-against")
                && guessed(&understood, &rows, options) =>
        {
            return Err(not_a_statement(table));
        }
        built => built?,
    };
    if statement.gap.is_some() && guessed(&understood, &rows, options) {
        return Err(not_a_statement(table));
    }
    if understood.layout.is_none() {
        direction::refuse_unsaid(table, &rows, &understood.columns, options)?;
        notes.extend(direction::fees_apart(table, &rows, &understood.columns));
    }
    statement.notes.splice(0..0, notes);
    Ok(statement)
}

/// Finds the columns: as said, by the header, or by the cells.
fn understand<'a, 'b>(
    table: &'a Table<'b>,
    options: &Options,
) -> Result<Understood<'a, 'b>, Fault> {
    let found = columns::find_header(table);
    let header = found.as_ref().map(|h| h.row);
    let mut columns = match (&options.columns, found) {
        (Some(said), found) => {
            let mut said = said.clone();
            if let Some(found) = found {
                said.names = found.columns.names;
                said.currency = found.columns.currency;
            }
            said
        }
        (None, Some(found)) => found.columns,
        (None, None) => columns::from_cells(table).ok_or_else(|| not_a_statement(table))?,
    };
    if !columns.suffice() {
        return Err(not_a_statement(table));
    }
    let layout = layouts::of(&columns);
    if let Some(layout) = layout.filter(|_| options.columns.is_none()) {
        layouts::correct(layout, &mut columns);
    }
    Ok(Understood {
        table,
        header,
        columns,
        layout,
    })
}

/// Where the cells alone told the columns, the amounts have no signs and the balance does not follow, they told wrong.
fn guessed(understood: &Understood<'_, '_>, rows: &[BodyRow], options: &Options) -> bool {
    understood.header.is_none()
        && options.columns.is_none()
        && direction::unsigned(understood.table, rows, &understood.columns)
}

fn not_a_statement(table: &Table<'_>) -> Fault {
    let row = (0..table.len()).find(|r| !table.is_blank(*r)).unwrap_or(0);
    let why =
        "no line names a date and an amount column, and the cells alone do not tell which is which";
    Fault {
        line: Some(table.line(row)),
        ..Fault::file("not-a-statement", why)
    }
    .line_text(table.raw(row))
    .hint("say what the columns hold: --columns date,description,,amount,balance (also out, in, side, reference, currency)")
}

/// Columns whose name promised what their cells do not hold.
fn tidy_columns(understood: &mut Understood<'_, '_>, rows: &[BodyRow]) {
    let table = understood.table;
    let all = |column: usize, fits: fn(&str) -> bool| {
        let mut cells = rows
            .iter()
            .map(|r| table.cell(r.row, column))
            .filter(|c| !c.is_empty());
        cells.all(fits)
    };
    let columns = &mut understood.columns;
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

/// What a layout lists and what did not happen: Chase's rows without a balance, Revolut's that are not completed.
fn without_pending(
    understood: &Understood<'_, '_>,
    rows: Vec<BodyRow>,
    notes: &mut Vec<Note>,
) -> Vec<BodyRow> {
    match understood.layout.map(|l| l.quirk) {
        Some(Quirk::PendingWithoutBalance) => without_balance(understood, rows, notes),
        Some(Quirk::FeeApart) => completed(understood, rows, notes),
        _ => rows,
    }
}

/// Revolut's rows count when they are completed, in whatever language.
fn completed(
    understood: &Understood<'_, '_>,
    mut rows: Vec<BodyRow>,
    notes: &mut Vec<Note>,
) -> Vec<BodyRow> {
    const COMPLETED: &[&str] = &[
        "completed",
        "termine",
        "abgeschlossen",
        "completado",
        "completata",
        "completato",
        "voltooid",
        "zakonczono",
        "concluida",
        "concluido",
        "slutford",
        "завершено",
    ];
    let Some(state) = understood.columns.get(Role::State) else {
        return rows;
    };
    let mut left_out: Vec<(String, usize)> = Vec::new();
    rows.retain(|row| {
        let cell = understood.table.cell(row.row, state);
        let happened = cell.is_empty() || COMPLETED.contains(&&*names::normal(cell));
        if !happened {
            match left_out.iter_mut().find(|(word, _)| word == cell) {
                Some((_, count)) => *count += 1,
                None => left_out.push((cell.to_owned(), 1)),
            }
        }
        happened
    });
    for (word, count) in left_out {
        let text = body::left_out_text(count, &word);
        notes.push(Note { line: None, text });
    }
    rows
}

fn without_balance(
    understood: &Understood<'_, '_>,
    rows: Vec<BodyRow>,
    notes: &mut Vec<Note>,
) -> Vec<BodyRow> {
    let Some(balance) = understood.columns.get(Role::Balance) else {
        return rows;
    };
    let before = rows.len();
    let kept: Vec<BodyRow> = rows
        .into_iter()
        .filter(|r| !amounts::is_blank(understood.table.cell(r.row, balance)))
        .collect();
    if kept.len() < before {
        let text = format!(
            "{} rows left out: pending, without a balance",
            before - kept.len()
        );
        notes.push(Note { line: None, text });
    }
    kept
}

/// Day or month first, over every date of the file; what the file leaves open, somebody or its layout says.
fn date_order(
    understood: &Understood<'_, '_>,
    rows: &[BodyRow],
    said: Option<DateOrder>,
) -> Result<DateOrder, Fault> {
    let (table, columns) = (understood.table, &understood.columns);
    let date = columns.get(Role::Date).unwrap_or(0);
    let mut orders = Orders::default();
    for row in rows {
        orders.add(row.row, table.cell(row.row, date), row.date);
    }
    let only_main = orders.clone();
    if let Some(value) = columns.get(Role::ValueDate) {
        for row in rows {
            let cell = table.cell(row.row, value);
            if let Some(scanned) = dates::scan(cell) {
                orders.add(row.row, cell, scanned);
            }
        }
    }
    if let Some(said) = said {
        return Ok(said);
    }
    let usual = understood.layout.and_then(|l| l.date_order);
    let verdict = match orders.verdict() {
        OrderVerdict::Contradictory { .. } => only_main.verdict(),
        verdict => verdict,
    };
    match verdict {
        OrderVerdict::Any => Ok(usual.unwrap_or(DateOrder::Dmy)),
        OrderVerdict::One(order) => Ok(order),
        OrderVerdict::Ambiguous { .. } if usual.is_some_and(|u| orders.allows(u)) => {
            Ok(usual.unwrap_or(DateOrder::Dmy))
        }
        OrderVerdict::Ambiguous { sample } => match preamble_order(understood) {
            Some(order) => Ok(order),
            None => Err(ambiguous(understood, rows, date, sample)),
        },
        OrderVerdict::Contradictory {
            not_day_first,
            not_month_first,
        } => {
            let impossible = |r: &&BodyRow| {
                r.date.date(DateOrder::Dmy).is_none() && r.date.date(DateOrder::Mdy).is_none()
            };
            if let Some(row) = rows.iter().find(impossible) {
                let why = format!("{:?} is no day of the calendar", table.cell(row.row, date));
                return Err(table
                    .fault(row.row, date, "unreadable-date", why)
                    .hint("correct the date; if its year stands in front: --date-order ymd"));
            }
            let why = format!(
                "{:?} cannot have the day first, and {:?} on line {} cannot have the month first",
                table.cell(not_day_first, date),
                table.cell(not_month_first, date),
                table.line(not_month_first)
            );
            Err(table
                .fault(not_day_first, date, "mixed-dates", why)
                .hint("correct the wrong one of the two lines"))
        }
    }
}

/// The period a statement prints above its table often tells the order.
fn preamble_order(understood: &Understood<'_, '_>) -> Option<DateOrder> {
    let mut orders = Orders::default();
    for row in 0..understood.header? {
        for word in understood.table.cells(row).flat_map(str::split_whitespace) {
            if let Some(scanned) = dates::scan(word) {
                orders.add(row, word, scanned);
            }
        }
    }
    match orders.verdict() {
        OrderVerdict::One(order) => Some(order),
        _ => None,
    }
}

fn ambiguous(
    understood: &Understood<'_, '_>,
    rows: &[BodyRow],
    column: usize,
    sample: String,
) -> Fault {
    let table = understood.table;
    let row = rows
        .iter()
        .find(|r| table.cell(r.row, column) == sample)
        .map_or(0, |r| r.row);
    let why = format!(
        "{sample:?} can be read day first or month first, and no date of the file says which"
    );
    table
        .fault(row, column, "ambiguous-dates", why)
        .hint("say which: --date-order dmy or --date-order mdy")
        .ask(Question::DateOrder { sample })
}

/// The decimal mark of a layout, else of the currency's home where that leaves no doubt.
fn usual_mark(understood: &Understood<'_, '_>, options: &Options) -> Option<char> {
    const POINT: &[&str] = &[
        "INR", "USD", "GBP", "JPY", "CNY", "AUD", "NZD", "SGD", "HKD", "LKR", "NPR", "BDT", "PKR",
        "MYR", "THB", "PHP", "KES", "NGN", "AED", "IEP", "ILS", "MXN", "₹", "$", "£",
    ];
    let by_layout = understood.layout.and_then(|l| l.decimal_mark);
    by_layout.or_else(|| {
        let currency = understood
            .columns
            .currency
            .as_deref()
            .or(options.home_currency.as_deref())?;
        POINT.contains(&currency).then_some('.')
    })
}

/// A date that the order makes impossible, as a fault.
fn date_of(
    table: &Table<'_>,
    row: &BodyRow,
    column: usize,
    order: DateOrder,
) -> Result<Date, Fault> {
    row.date.date(order).ok_or_else(|| {
        let cell = table.cell(row.row, column);
        let why = format!(
            "{cell:?}, {}, is no day of the calendar",
            dates::order_name(order)
        );
        table
            .fault(row.row, column, "unreadable-date", why)
            .hint("correct the date, or say the order: --date-order dmy, mdy or ymd")
    })
}
