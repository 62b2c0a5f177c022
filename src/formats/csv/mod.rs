//! Bank CSV → [`Statement`]: everything about the file is decided over the whole of it, or asked for.
//!
//! bytes → text ([`encoding`]) → cells ([`dialect`], [`table`]) → columns ([`columns`], [`layouts`]) → rows of the
//! statement ([`body`]) → dates ([`dates`]), amounts ([`money`]) → order and proof by the running balance ([`chain`]).

use std::collections::HashSet;
use std::sync::Arc;

use crate::formats::fault::Fault;
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
mod east_asian;
pub mod encoding;
pub mod entries;
mod headless;
mod known_layouts;
pub mod layouts;
pub mod money;
pub mod names;
mod order;
pub mod own_account;
mod prove;
mod role_names;
pub(in crate::formats) mod rule_dates;
mod sides;
pub mod table;
mod tidy;
mod unquoted;

use body::BodyRow;
pub use build::categorise;
use columns::{Columns, Role};
use layouts::{Layout, Quirk};
use money::Fees;
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
    /// Of a file of several accounts, the one whose rows are read.
    pub own_account: Option<own_account::OwnAccount>,
    /// The zone that moments are days of [default: UTC].
    pub zone: Option<jiff::tz::TimeZone>,
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
    if options.columns.is_none() {
        tidy::days(table, &mut understood.columns, understood.header);
    }
    let mut notes = Vec::new();
    let rows = body::rows(table, understood.header, &understood.columns, &mut notes)?;
    let rows = without_pending(&understood, rows, &mut notes);
    if options.columns.is_none() {
        tidy::columns(table, &mut understood.columns, understood.header, &rows);
    }
    let by_row = rules.as_deref().is_some_and(Rules::own_by_row);
    let own_account::Taken { rows, doubt } = match by_row {
        true => own_account::Taken { rows, doubt: None },
        false => own_account::rows(table, rows, &understood.columns, understood.layout, options)?,
    };
    if let Some(doubt) = &doubt {
        understood.columns = own_account::with_category(&understood.columns, doubt.column);
    }
    let order = order::of(&understood, &rows, options.date_order)?;
    let rows = direction::without_balances(table, rows, &understood.columns, &mut notes);
    let rows = direction::without_last_balance(table, rows, &understood.columns, &mut notes);
    let usual = usual_mark(&understood, options);
    let mark = money::decimal_mark(
        table,
        &rows,
        &understood.columns,
        options.decimal_mark,
        usual,
    )?;
    if let Some(name) = rules.as_deref().and_then(Rules::left_without_rows) {
        let why = format!(
            "the rules set {name}, but not both date and amount: the file's own columns would be read without it"
        );
        return Err(Fault::file("bad-rules", why)
            .hint("set date and amount in the rules too, or leave that line out"));
    }
    let ruled = rules.is_some();
    let built = built(&understood, &rows, (order, mark), options, rules);
    let built = match doubt {
        Some(doubt) => {
            let names = &understood.columns.names;
            let name = names.get(doubt.column).map_or("", String::as_str);
            doubt.settle(built, name)
        }
        None => built,
    };
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
        // What rules left out says nothing of the rest.
        let read: HashSet<u64> = statement.rows.iter().map(|row| row.line).collect();
        let is_read = |row: &&BodyRow| read.contains(&table.line(row.row));
        let rows: Vec<BodyRow> = match ruled {
            true => rows.iter().filter(is_read).cloned().collect(),
            false => rows,
        };
        direction::refuse_paid_out(table, &rows, &understood.columns)?;
        direction::refuse_unsaid(table, &rows, &understood.columns, options)?;
        direction::refuse_turned(table, &rows, &understood.columns, options)?;
        notes.extend(direction::fees_apart(table, &rows, &understood.columns));
    }
    statement.notes.splice(0..0, notes);
    Ok(statement)
}

/// The statement; where a balance stands beside fees and does not follow, with the fees counted as it shows.
fn built(
    understood: &Understood<'_, '_>,
    rows: &[BodyRow],
    (order, mark): (DateOrder, char),
    options: &Options,
    mut rules: Option<&mut Rules>,
) -> Result<Statement, Fault> {
    let mut with = |fees| {
        let rules = rules.as_deref_mut();
        build::statement(understood, rows, order, mark, options, fees, rules)
    };
    if understood
        .layout
        .is_some_and(|l| l.quirk == Quirk::FeeApart)
    {
        return with(Fees::TakenOff);
    }
    let first = with(Fees::Within);
    let follows = |built: &Result<Statement, Fault>| match built {
        Ok(statement) => statement.gap.is_none(),
        Err(fault) => fault.code != "does-not-add-up",
    };
    let Some(fee) = understood.columns.get(Role::Fee) else {
        return first;
    };
    if follows(&first) {
        // Before the oldest row stands no balance: what it was charged shows in none.
        let charged = |r: &&BodyRow| {
            amounts::scan(understood.table.cell(r.row, fee)).is_some_and(|s| !s.is_zero())
        };
        let balanced = understood.columns.get(Role::Balance).is_some();
        let unproved = balanced
            && rows.iter().filter(charged).take(2).count() == 1
            && [Fees::TakenOff, Fees::Added]
                .into_iter()
                .any(|fees| with(fees).is_ok_and(|s| s.gap.is_none()));
        return first.map(|mut statement| {
            if unproved {
                let text = "amounts are read as they stand: no balance shows whether the fee of the oldest row is in its amount".to_owned();
                statement.notes.push(Note { line: None, text });
            }
            statement
        });
    }
    for fees in [Fees::TakenOff, Fees::Added] {
        if let Ok(mut statement) = with(fees)
            && statement.gap.is_none()
        {
            let name = understood
                .columns
                .names
                .get(fee)
                .map_or("fee", String::as_str);
            let text =
                format!("the column {name:?} is charged beside the amounts, as the balance shows");
            statement.notes.push(Note { line: None, text });
            return Ok(statement);
        }
    }
    first
}

/// Finds the columns: as said, by the header, or by the cells.
fn understand<'a, 'b>(
    table: &'a Table<'b>,
    options: &Options,
) -> Result<Understood<'a, 'b>, Fault> {
    let found = columns::find_header(table);
    let mut header = found.as_ref().map(|h| h.row);
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
        (None, None) => match headless::from_cells(table) {
            Some(columns) => columns,
            None => {
                let below = headless::from_cells_below(table);
                let (above, columns) = below.ok_or_else(|| not_a_statement(table))?;
                header = Some(above);
                columns
            }
        },
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
    understood.columns.names.is_empty()
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
