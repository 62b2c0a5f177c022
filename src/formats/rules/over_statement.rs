//! Rules over the rows of a statement that is no table: OFX, QIF, CAMT, MT940.
//!
//! A row is matched as `date,description,payee,reference,amount,category`; `%description` and the other
//! names stand for its cells.

use super::{Action, Record, Rules, Scratch};
use crate::formats::csv::categorise;
use crate::formats::statement::{Category, Statement, StatementRow};

/// Names of the cells, in order.
const CELLS: [&str; 6] = [
    "date",
    "description",
    "payee",
    "reference",
    "amount",
    "category",
];

/// A row as rules see it.
struct Cells {
    cells: [String; CELLS.len()],
    text: String,
}

impl Cells {
    fn of(row: &StatementRow) -> Cells {
        let cells = [
            row.date.to_string(),
            row.description.clone(),
            row.payee.clone().unwrap_or_default(),
            row.reference.clone().unwrap_or_default(),
            row.amount.to_string(),
            row.category.named.clone().unwrap_or_default(),
        ];
        Cells {
            text: cells.join(","),
            cells,
        }
    }
}

impl Record for Cells {
    fn text(&self) -> &str {
        &self.text
    }

    fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// Applies rules to every row; rows they skip are left out and counted.
pub fn apply(statement: &mut Statement, rules: &mut Rules) {
    rules.bind(&|name| {
        let name = if name == "code" { "reference" } else { name };
        CELLS.iter().position(|c| *c == name)
    });
    let rules = &*rules;
    let mut scratch = Scratch::default();
    let (mut skip, mut ended) = (0usize, false);
    let before = statement.rows.len();
    statement.rows.retain_mut(|row| {
        let cells = Cells::of(row);
        let verdict = rules.apply(&cells, &mut scratch);
        match verdict.action {
            Action::End => ended = true,
            Action::Skip(more) => skip = skip.max(more),
            Action::Keep => {}
        }
        if ended || skip > 0 {
            skip = skip.saturating_sub(1);
            return false;
        }
        let file = std::mem::take(&mut row.category);
        categorise(row, &verdict, &cells);
        keep(row, *file);
        true
    });
    if statement.rows.len() < before {
        let left_out = before - statement.rows.len();
        statement.note(None, format!("{left_out} rows left out by the rules"));
    }
}

/// What the file says of a row stands where rules say nothing.
fn keep(row: &mut StatementRow, file: Category) {
    let ruled = &mut row.category;
    if ruled.account.is_none() {
        ruled.splits = file.splits;
    }
    ruled.named = file.named;
    ruled.counter_number = file.counter_number;
    if ruled.status == Default::default() {
        ruled.status = file.status;
    }
    ruled.memo = ruled.memo.take().or(file.memo);
    ruled.tags.splice(0..0, file.tags);
}
