//! Statements read by hledger's rules alone: they say which cells hold date, amount and the rest.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::amounts::{self, MarkEvidence};
use super::build::{self, Cells};
use super::columns::Columns;
use super::prove::{self, Raw};
use super::table::Table;
use super::{Options, dates};
use crate::formats::fault::{Fault, Question};
use crate::formats::rules::{Action, Directives, Field, Record, Rules, Scratch, Verdict};
use crate::formats::statement::{Category, Split, Statement, StatementRow};
use crate::ledger::settings::DateOrder;

/// The most entries a row may become.
const ACCOUNTS_MAX: u8 = 99;

pub fn read(table: &Table<'_>, rules: &mut Rules, options: &Options) -> Result<Statement, Fault> {
    // Names in values and patterns that `fields` does not list stay text, as in hledger.
    let rules = &*rules;
    if rules.is_conditional(Field::Account(1)) {
        return Err(Fault::file(
            "bad-rules",
            "account1 depends on the row, and a statement belongs to one account",
        )
        .hint("set account1 once, outside of if blocks"));
    }
    let rows: Vec<usize> = (0..table.len())
        .filter(|r| !table.cells(*r).all(str::is_empty))
        .skip(rules.directives.skip)
        .collect();
    let reader = RowReader {
        table,
        directives: &rules.directives,
        mark: decimal_mark(table, &rows, rules, options)?,
        invert: options.invert,
        splits: (3..=ACCOUNTS_MAX)
            .filter(|n| rules.accounts_reach(*n))
            .collect(),
    };
    let (mut cells, mut scratch) = (
        Cells {
            table,
            row: 0,
            text: String::new(),
        },
        Scratch::default(),
    );
    let mut series: Vec<(Option<Arc<str>>, String)> = Vec::new();
    let (mut raws, mut skip) = (Vec::with_capacity(rows.len()), 0);
    for row in rows {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        cells.at(row);
        let verdict = rules.apply(&cells, &mut scratch);
        match verdict.action {
            Action::End => break,
            Action::Skip(rows) => {
                skip = rows.saturating_sub(1);
                continue;
            }
            Action::Keep => {}
        }
        let mut raw = reader.row(row, &verdict, &cells)?;
        let found = series.iter().position(|(c, _)| *c == raw.row.currency);
        let index = found.unwrap_or_else(|| {
            series.push((raw.row.currency.clone(), String::new()));
            series.len() - 1
        });
        raw.row.series = u16::try_from(index).unwrap_or(u16::MAX);
        raws.push(raw);
    }
    let mut statement = Statement {
        layout: "csv by rules".to_owned(),
        account: rules.constant(Field::Account(1)),
        ..Statement::default()
    };
    prove::finish(
        &mut statement,
        table,
        raws,
        &series,
        &Columns::default(),
        options,
    )?;
    Ok(statement)
}

impl Rules {
    /// True if anything sets the account of entry `n`.
    fn accounts_reach(&self, n: u8) -> bool {
        self.constant(Field::Account(n)).is_some() || self.is_conditional(Field::Account(n))
    }
}

fn is_money(field: &Field) -> bool {
    matches!(
        field,
        Field::Amount(_) | Field::AmountIn(_) | Field::AmountOut(_) | Field::Balance(_)
    )
}

/// What the rules say, else what the cells of the amounts say over the whole file.
fn decimal_mark(
    table: &Table<'_>,
    rows: &[usize],
    rules: &Rules,
    options: &Options,
) -> Result<char, Fault> {
    if let Some(mark) = options.decimal_mark.or(rules.directives.decimal_mark) {
        return Ok(mark);
    }
    let (mut found, mut either) = (None, None);
    for column in rules.columns_of(is_money) {
        for row in rows {
            let Some(scanned) = amounts::scan(table.cell(*row, column)) else {
                continue;
            };
            match amounts::evidence(scanned.number) {
                MarkEvidence::Mark(mark) if found.is_none_or(|f| f == mark) => found = Some(mark),
                MarkEvidence::Mark(_) => {
                    let why = "amounts of the file disagree on the decimal mark";
                    return Err(table
                        .fault(*row, column, "mixed-decimal-marks", why)
                        .hint("write decimal-mark . or decimal-mark , into the rules"));
                }
                MarkEvidence::Either(_) => either = either.or(Some((*row, column))),
                MarkEvidence::None => {}
            }
        }
    }
    match (found, either) {
        (Some(mark), _) => Ok(mark),
        (None, None) => Ok('.'),
        (None, Some((row, column))) => {
            let sample = table.cell(row, column).to_owned();
            let why = format!(
                "{sample:?} can be read with a decimal mark or with thousands, and no amount of the file says which"
            );
            Err(table
                .fault(row, column, "ambiguous-decimal-mark", why)
                .hint("say which: --decimal-mark . or --decimal-mark ,")
                .ask(Question::DecimalMark { sample }))
        }
    }
}

struct RowReader<'a, 'b> {
    table: &'a Table<'b>,
    directives: &'a Directives,
    mark: char,
    invert: bool,
    /// Numbers of the accounts beyond the second.
    splits: Vec<u8>,
}

impl RowReader<'_, '_> {
    fn row(&self, row: usize, verdict: &Verdict<'_>, cells: &Cells<'_, '_>) -> Result<Raw, Fault> {
        let table = self.table;
        let date = self.date(row, verdict, cells)?;
        let amount = self.amount(row, verdict, cells)?;
        let (amount, sign) = match amount {
            Some(amount) => amount,
            None => {
                return Err(table.fault(
                    row,
                    0,
                    "unreadable-amount",
                    "no rule gives the row an amount",
                ));
            }
        };
        let currency = verdict
            .get(Field::Currency(0), cells)
            .or_else(|| verdict.get(Field::Currency(1), cells))
            .map(|c| c.trim().to_owned())
            .filter(|c| !c.is_empty())
            .or(sign);
        let balance = [Field::Balance(0), Field::Balance(1)]
            .into_iter()
            .find_map(|f| verdict.get(f, cells));
        let balance = balance
            .map_or(Ok(None), |text| self.decimal(row, &text))?
            .map(|(value, _)| value);
        let mut statement_row = StatementRow {
            line: table.line(row),
            date,
            description: String::new(),
            payee: None,
            reference: None,
            bank_id: None,
            amount: if self.invert { -amount } else { amount },
            currency: currency.map(Arc::from),
            balance,
            series: 0,
            raw: table.raw(row).to_owned(),
            category: Category::default(),
        };
        build::categorise(&mut statement_row, verdict, cells);
        statement_row.category.splits = self.splits(row, verdict, cells)?;
        Ok(Raw {
            table_row: row,
            counts: !amount.is_zero(),
            row: statement_row,
        })
    }

    fn splits(
        &self,
        row: usize,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<Vec<Split>, Fault> {
        let mut splits = Vec::new();
        for n in &self.splits {
            let Some(account) = verdict
                .get_shared(Field::Account(*n), cells)
                .filter(|a| !a.is_empty())
            else {
                continue;
            };
            let Some((amount, _)) = self.numbered(row, *n, verdict, cells)? else {
                continue;
            };
            let memo = verdict
                .get(Field::Comment(*n), cells)
                .map(|m| build::words(&m))
                .filter(|m| !m.is_empty());
            if !amount.is_zero() {
                splits.push(Split {
                    account: Some(account),
                    named: None,
                    amount,
                    memo,
                });
            }
        }
        Ok(splits)
    }

    /// The amount of account 1: said for it, for the row, or the opposite of account 2's.
    fn amount(
        &self,
        row: usize,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<Option<(Decimal, Option<String>)>, Fault> {
        for n in [0, 1] {
            if let Some(found) = self.numbered(row, n, verdict, cells)? {
                return Ok(Some(found));
            }
        }
        Ok(self
            .numbered(row, 2, verdict, cells)?
            .map(|(amount, currency)| (-amount, currency)))
    }

    fn numbered(
        &self,
        row: usize,
        n: u8,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<Option<(Decimal, Option<String>)>, Fault> {
        let read = |field: Field| match verdict.get(field, cells) {
            Some(text) => self.decimal(row, &text),
            None => Ok(None),
        };
        if let Some(amount) = read(Field::Amount(n))? {
            return Ok(Some(amount));
        }
        let (into, out) = (read(Field::AmountIn(n))?, read(Field::AmountOut(n))?);
        let nonzero = |found: &Option<(Decimal, Option<String>)>| {
            found.as_ref().is_some_and(|(a, _)| !a.is_zero())
        };
        match (nonzero(&into), nonzero(&out)) {
            (true, true) => {
                Err(self
                    .table
                    .fault(row, 0, "both-sides", "money both in and out on one row"))
            }
            (true, false) => Ok(into),
            _ => Ok(out.map(|(amount, currency)| (-amount, currency)).or(into)),
        }
    }

    /// An amount as rules give it; two minus signs are none, as in hledger.
    fn decimal(&self, row: usize, text: &str) -> Result<Option<(Decimal, Option<String>)>, Fault> {
        let text = text.trim();
        let (text, turned) = match text.strip_prefix('-').map(str::trim_start) {
            Some(rest) if rest.starts_with(['-', '(', '+']) => (rest, true),
            _ => (text, false),
        };
        if amounts::is_blank(text) {
            return Ok(None);
        }
        let found =
            amounts::scan(text).and_then(|s| Some((amounts::value(s.number, self.mark)?, s)));
        let Some((value, scanned)) = found else {
            let column = (0..self.table.width(row))
                .find(|c| self.table.cell(row, *c) == text)
                .unwrap_or(0);
            let why = format!("cannot read an amount in {text:?}");
            return Err(self
                .table
                .fault(row, column, "unreadable-amount", why)
                .hint("correct the line, or the rules that point at it"));
        };
        let value = if scanned.negative != turned {
            -value
        } else {
            value
        };
        Ok(Some((value, scanned.currency.map(str::to_owned))))
    }

    fn date(&self, row: usize, verdict: &Verdict<'_>, cells: &dyn Record) -> Result<Date, Fault> {
        let text = verdict.get(Field::Date, cells).unwrap_or_default();
        let formats = &self.directives.date_formats;
        let found = if formats.is_empty() {
            // As hledger reads them: the year first.
            dates::scan(&text)
                .filter(|s| matches!(s, dates::Scanned::Sure(..)))
                .and_then(|s| s.date(DateOrder::Ymd))
        } else {
            formats.iter().find_map(|format| by_format(format, &text))
        };
        found.ok_or_else(|| {
            let column = (0..self.table.width(row)).find(|c| self.table.cell(row, *c) == text).unwrap_or(0);
            let why = format!("cannot read a date in {text:?}");
            let hint = match formats.first() {
                Some(format) => format!("the rules say date-format {format}; skip N leaves header lines out"),
                None => "write date-format into the rules, like %d/%m/%Y; skip N leaves header lines out".to_owned(),
            };
            self.table.fault(row, column, "unreadable-date", why).hint(hint)
        })
    }
}

/// `%-d` and `%e` are `%d` here: one digit or two.
fn by_format(format: &str, text: &str) -> Option<Date> {
    let format = format.replace("%-", "%");
    jiff::fmt::strtime::parse(&format, text.trim())
        .ok()?
        .to_date()
        .ok()
}
