//! Statements read by hledger's rules alone: they say which cells hold date, amount and the rest.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::Options;
use super::amounts::{self, MarkEvidence};
use super::build::{self, Cells};
use super::columns::Columns;
use super::prove::{self, Raw};
use super::rule_dates::Clock;
use super::table::Table;
use crate::formats::fault::{Fault, Question};
use crate::formats::rules::{Action, Directives, Field, Record, Rules, Scratch, Verdict};
use crate::formats::spread::spread;
use crate::formats::statement::{Split, Statement, StatementRow};
use crate::ledger::currency::iso_scale;

/// The most entries a row may become.
const ACCOUNTS_MAX: u8 = 99;

pub fn read(table: &Table<'_>, rules: &mut Rules, options: &Options) -> Result<Statement, Fault> {
    // Names in values and patterns that `fields` does not list stay text, as in hledger.
    let rules = &*rules;
    let rows: Vec<usize> = (0..table.len())
        .filter(|r| !table.cells(*r).all(str::is_empty))
        .skip(rules.directives.skip)
        .collect();
    let reader = RowReader {
        table,
        directives: &rules.directives,
        mark: decimal_mark(table, &rows, rules, options)?,
        invert: options.invert,
        clock: Clock {
            written: rules.directives.timezone,
            zone: options.zone.clone().unwrap_or(TimeZone::UTC),
        },
        own_by_row: rules.own_by_row(),
        splits: (3..=ACCOUNTS_MAX)
            .filter(|n| rules.reaches_entry(*n))
            .collect(),
    };
    let (mut series, mut skip) = (Vec::new(), 0);
    // In the room of the outcomes: rows are large, and memory that is new to the process costs more than the copy.
    let mut raws = reader
        .outcomes(rules, &rows)
        .into_iter()
        .map_while(|outcome| passed(outcome, &mut skip))
        .flatten()
        .map(|raw| raw.map(|raw| in_series(raw, &mut series)))
        .collect::<Result<Vec<Raw>, Fault>>()?;
    in_order(&mut raws, &rules.directives);
    let mut statement = Statement {
        layout: "csv by rules".to_owned(),
        account: rules
            .constant(Field::Account(1))
            .filter(|_| !rules.own_by_row()),
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

/// What is left of the next outcome: `None` after the end, `Some(None)` of rows that are left out.
fn passed(outcome: Outcome, skip: &mut usize) -> Option<Option<Result<Raw, Fault>>> {
    if *skip > 0 {
        *skip -= 1;
        return Some(None);
    }
    match outcome {
        Outcome::End => None,
        Outcome::Skip(rows) => {
            *skip = rows.saturating_sub(1);
            Some(None)
        }
        Outcome::Keep(raw) => Some(Some(raw)),
    }
}

/// Gives the row its series: each account of the file has a balance of its own in each currency.
fn in_series(mut raw: Raw, series: &mut Vec<(Option<Arc<str>>, String)>) -> Raw {
    let own = raw.row.category.own.as_deref().unwrap_or_default();
    let found = series
        .iter()
        .position(|(c, of)| *c == raw.row.currency && of == own);
    let index = found.unwrap_or_else(|| {
        series.push((raw.row.currency.clone(), own.to_owned()));
        series.len() - 1
    });
    raw.row.series = u16::try_from(index).unwrap_or(u16::MAX);
    raw
}

/// As hledger orders rows of a day; where balances or other days say it, they decide afterwards.
fn in_order(raws: &mut [Raw], directives: &Directives) {
    if directives.intra_day_reversed {
        raws.chunk_by_mut(|a, b| a.row.date == b.row.date)
            .for_each(<[Raw]>::reverse);
    }
    let days = raws.first().map(|r| r.row.date) != raws.last().map(|r| r.row.date);
    if directives.newest_first && !days {
        raws.reverse();
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
    clock: Clock,
    /// Rules say of each row which account it belongs to.
    own_by_row: bool,
    /// Numbers of the accounts beyond the second.
    splits: Vec<u8>,
}

/// What the rules make of a row by itself.
// Nearly every row is kept: a box for each would cost more than the few that are not.
#[allow(clippy::large_enum_variant)]
enum Outcome {
    Keep(Result<Raw, Fault>),
    /// So many rows, this one included, are left out.
    Skip(usize),
    End,
}

impl RowReader<'_, '_> {
    /// The outcome of every row, also of those that an earlier row's leaves out.
    fn outcomes(&self, rules: &Rules, rows: &[usize]) -> Vec<Outcome> {
        let start = || {
            let cells = Cells {
                table: self.table,
                row: 0,
                text: String::new(),
            };
            (cells, Scratch::default(), None)
        };
        spread(rows, start, |(cells, scratch, code), row| {
            cells.at(*row);
            let verdict = rules.apply(cells, scratch);
            match verdict.action {
                Action::End => Outcome::End,
                Action::Skip(rows) => Outcome::Skip(rows),
                Action::Keep => Outcome::Keep(self.row(*row, &verdict, cells, code)),
            }
        })
    }

    /// `code` is the currency of the row before: rows share one text of it, which is looked at again for each.
    fn row(
        &self,
        row: usize,
        verdict: &Verdict<'_>,
        cells: &Cells<'_, '_>,
        code: &mut Option<Arc<str>>,
    ) -> Result<Raw, Fault> {
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
        let currency = self.currency(row, 1, sign, verdict, cells)?;
        if code.as_deref() != currency.as_deref() {
            *code = currency.map(Arc::from);
        }
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
            currency: code.clone(),
            balance,
            series: 0,
            raw: table.raw(row).to_owned(),
            category: Box::default(),
        };
        build::categorise(&mut statement_row, verdict, cells);
        statement_row.category.own = self.own(row, verdict, cells)?;
        statement_row.category.splits = self.splits(row, &statement_row, verdict, cells)?;
        self.check_second(row, &statement_row, verdict, cells)?;
        Ok(Raw {
            table_row: row,
            counts: !amount.is_zero(),
            row: statement_row,
        })
    }

    /// The account of the row itself, where rules say it of each row.
    fn own(
        &self,
        row: usize,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<Option<Arc<str>>, Fault> {
        if !self.own_by_row {
            return Ok(None);
        }
        let own = verdict.get_shared(Field::Account(1), cells);
        let own = own.filter(|own| !own.trim().is_empty()).ok_or_else(|| {
            let why = "no rule names the account1 of the row";
            let fault = self.table.fault(row, 0, "bad-rules", why);
            fault.hint("set account1 for every row first, and in if blocks for some")
        })?;
        Ok(Some(own))
    }

    fn splits(
        &self,
        row: usize,
        made: &StatementRow,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<Vec<Split>, Fault> {
        let mut splits = Vec::new();
        for n in &self.splits {
            let account = verdict
                .get_shared(Field::Account(*n), cells)
                .filter(|a| !a.is_empty());
            let Some(amount) = self.other(row, *n, made, verdict, cells)? else {
                continue;
            };
            let Some(account) = account else {
                let why = format!("amount{n} is {amount}, and no rule names an account{n} for it");
                return Err(self.table.fault(row, 0, "bad-rules", why));
            };
            let memo = verdict
                .get(Field::Comment(*n), cells)
                .map(|m| build::words(&m))
                .filter(|m| !m.is_empty());
            splits.push(Split {
                account: Some(account),
                named: None,
                amount,
                memo,
            });
        }
        Ok(splits)
    }

    /// The amount of an entry beyond the first, if there is one: it has to be in the row's currency.
    fn other(
        &self,
        row: usize,
        n: u8,
        made: &StatementRow,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<Option<Decimal>, Fault> {
        let found = self.numbered(row, n, verdict, cells)?;
        let Some((amount, sign)) = found.filter(|(amount, _)| !amount.is_zero()) else {
            return Ok(None);
        };
        let currency = self.currency(row, n, sign, verdict, cells)?;
        if currency.is_none() || currency.as_deref() == made.currency.as_deref() {
            return Ok(Some(amount));
        }
        let why = format!(
            "amount{n} is in {}, and the row in {}: rules are read for entries of one currency",
            currency.unwrap_or_default(),
            made.currency.as_deref().unwrap_or("the account's currency")
        );
        Err(self
            .table
            .fault(row, 0, "bad-rules", why)
            .hint("skip such rows, and record them with hissab move"))
    }

    /// What the rules call the currency of entry `n`, else of all, else its amount itself.
    fn currency(
        &self,
        row: usize,
        n: u8,
        sign: Option<String>,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<Option<String>, Fault> {
        let said = [Field::Currency(n), Field::Currency(0)]
            .into_iter()
            .filter_map(|field| verdict.get(field, cells));
        let said = said.map(|c| c.trim().to_owned()).find(|c| !c.is_empty());
        let is_code = |text: &String| iso_scale(text).is_some();
        match (&said, &sign) {
            (Some(said), Some(sign)) if said != sign && is_code(said) && is_code(sign) => {
                let why = format!("the amount is in {sign}, and the rules say {said}");
                Err(self.table.fault(row, 0, "bad-rules", why))
            }
            _ => Ok(said.or(sign)),
        }
    }

    /// The second entry takes what the others leave: an amount of its own has to say the same.
    fn check_second(
        &self,
        row: usize,
        made: &StatementRow,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<(), Fault> {
        let Some(second) = self.other(row, 2, made, verdict, cells)? else {
            return Ok(());
        };
        let splits: Decimal = made.category.splits.iter().map(|s| s.amount).sum();
        let amount = if self.invert {
            -made.amount
        } else {
            made.amount
        };
        let rest = -(amount + splits);
        if rest == second {
            return Ok(());
        }
        let why = format!("amount2 is {second}, and the other entries leave {rest} for it");
        Err(self.table.fault(row, 0, "unbalanced", why))
    }

    /// The amount of account 1: said for it, for the row, or the opposite of account 2's.
    fn amount(
        &self,
        row: usize,
        verdict: &Verdict<'_>,
        cells: &dyn Record,
    ) -> Result<Option<(Decimal, Option<String>)>, Fault> {
        for n in [1, 0] {
            if let Some(found) = self.numbered(row, n, verdict, cells)? {
                return Ok(Some(found));
            }
        }
        Ok(self
            .numbered(row, 2, verdict, cells)?
            .map(|(amount, currency)| (-amount, currency)))
    }

    /// Of an amount, money in and money out the one that is not zero.
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
        let out = read(Field::AmountOut(n))?.map(|(amount, currency)| (-amount, currency));
        let found = [read(Field::Amount(n))?, read(Field::AmountIn(n))?, out];
        let (mut given, mut zero) = (None, None);
        for (amount, currency) in found.into_iter().flatten() {
            if amount.is_zero() {
                zero = zero.or(Some((amount, currency)));
            } else if given.is_none() {
                given = Some((amount, currency));
            } else {
                let why = "money both in and out on one row";
                return Err(self.table.fault(row, 0, "both-sides", why));
            }
        }
        Ok(given.or(zero))
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
        let found = self.clock.date(formats, &text);
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
