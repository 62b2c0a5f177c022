//! Whether a CSV file holds whole transactions, a row an entry, and in which columns what stands.

use rust_decimal::Decimal;

use crate::formats::csv::amounts;
use crate::formats::csv::columns::{self, Columns, Role};
use crate::formats::csv::dialect;
use crate::formats::csv::encoding;
use crate::formats::csv::table::{Dialect, Table};
use crate::ledger::price_text::read_price;
use crate::ledger::weighing::price_weight;

/// Rows looked at to tell entries from a statement.
pub(super) const SAMPLE_ROWS: usize = 200;

/// Where the cells of entries stand.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub dialect: Dialect,
    pub header_rows: usize,
    pub columns: Columns,
    pub key: usize,
    pub memo: Option<usize>,
    pub tags: Option<usize>,
    pub voucher: Option<usize>,
    /// Prices as `journal -O csv` writes them; other texts are left alone.
    pub price: Option<usize>,
    pub width: usize,
    /// Written by us: texts stand exactly as [`crate::ledger::cell_text`] writes them.
    pub own: bool,
}

/// True if a file holds whole transactions: accounts, and rows of one key that balance.
pub fn is_entries(bytes: &[u8]) -> bool {
    let Ok(decoded) = encoding::decode(&bytes[..bytes.len().min(256 * 1024)], None) else {
        return false;
    };
    let Ok(dialect) = dialect::detect(&decoded.text, None) else {
        return false;
    };
    Table::read_some(&decoded.text, dialect, SAMPLE_ROWS)
        .is_ok_and(|sample| shape(&sample).is_some_and(|shape| balances(&sample, &shape)))
}

/// What our own rows of entries have, and others rarely together.
const OWN_NAMES: [&str; 7] = [
    "number",
    "voucher",
    "status",
    "description",
    "memo",
    "tags",
    "id",
];

/// The columns of a sample that holds entries; `None` of anything else.
pub(super) fn shape(table: &Table<'_>) -> Option<Shape> {
    let dialect = table.dialect();
    let header = columns::find_header(table)?;
    let mut columns = header.columns;
    let named = |name: &str| columns.names.iter().position(|n| n == name);
    let sums = columns.get(Role::Out).is_some() && columns.get(Role::In).is_some()
        || columns.get(Role::Amount).is_some();
    let key = [
        "id",
        "txn id",
        "transaction id",
        "number",
        "transaction no",
        "transaction number",
        "voucher no",
        "txn",
        "transaction",
    ]
    .into_iter()
    .find_map(named)?;
    columns.get(Role::Account)?;
    if !sums || columns.get(Role::Balance).is_some() {
        return None;
    }
    let (memo, tags, voucher) = (named("memo"), named("tags"), named("voucher"));
    let price = named("price");
    let own = OWN_NAMES.iter().all(|name| named(name).is_some());
    if columns.get(Role::Description) == memo && named("description").is_some() {
        columns.set(Role::Description, named("description")?);
    }
    let shape = Shape {
        dialect,
        header_rows: header.row + 1,
        key,
        memo,
        tags,
        voucher,
        price,
        width: columns.names.len(),
        own,
        columns,
    };
    Some(shape)
}

/// Of the transactions of the sample, half at least have several rows that sum to zero.
fn balances(table: &Table<'_>, shape: &Shape) -> bool {
    let mut groups: Vec<(String, usize, Decimal)> = Vec::new();
    for row in shape.header_rows..table.len() {
        let Some(amount) = amount_of(shape, '.', &|column| table.cell(row, column))
            .or_else(|| amount_of(shape, ',', &|column| table.cell(row, column)))
        else {
            return false;
        };
        let price = shape.price.map(|column| table.cell(row, column));
        let weight = price
            .and_then(read_price)
            .and_then(|(basis, price, _)| price_weight(amount, price, basis)?.to_decimal());
        let amount = weight.unwrap_or(amount);
        let key = table.cell(row, shape.key);
        match groups.last_mut().filter(|(k, _, _)| k == key) {
            Some(group) => {
                group.1 += 1;
                group.2 += amount;
            }
            None => groups.push((key.to_owned(), 1, amount)),
        }
    }
    let whole = table.len() < SAMPLE_ROWS;
    let seen = if whole {
        groups.len()
    } else {
        groups.len().saturating_sub(1)
    };
    seen > 0
        && groups[..seen]
            .iter()
            .filter(|(_, rows, sum)| *rows > 1 && sum.is_zero())
            .count()
            * 2
            >= seen
}

/// Debit positive; `None` if it cannot be read or both sides are filled.
pub(super) fn amount_of<'a>(
    shape: &Shape,
    mark: char,
    cell: &dyn Fn(usize) -> &'a str,
) -> Option<Decimal> {
    let read = |column: Option<usize>| -> Option<Decimal> {
        let text = column.map_or("", cell);
        if amounts::is_blank(text) {
            return Some(Decimal::ZERO);
        }
        let scanned = amounts::scan(text)?;
        let value = amounts::value(scanned.number, mark)?;
        Some(if scanned.negative { -value } else { value })
    };
    if shape.columns.get(Role::Out).is_none() {
        return read(shape.columns.get(Role::Amount));
    }
    let (debit, credit) = (
        read(shape.columns.get(Role::Out))?,
        read(shape.columns.get(Role::In))?,
    );
    (debit.is_zero() || credit.is_zero()).then(|| debit - credit)
}
