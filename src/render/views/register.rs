//! The register on paper: a stream of entries with a running total.

use std::borrow::Cow;
use std::io::{self, Write};

use super::ledger::{entry_columns, status_word};
use super::{days, title};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::{Entry, Transaction};
use crate::render::{
    Cell, Options, People, RenderError, RowWriter, SheetColumn, SheetRow, TableWriter,
};
use crate::reports::scope::Scope;

/// A line of the register.
#[derive(Debug, Clone, Copy)]
pub struct RegisterLine<'a> {
    pub transaction: &'a Transaction,
    pub entry: &'a Entry,
    /// What the entry counts for: its amount, its cost, its value.
    pub minor: i128,
    pub currency: CurrencyKey,
    /// Sum of the lines so far, in this currency.
    pub balance: i128,
}

/// The register in any format.
pub struct RegisterWriter<'w, 'a> {
    chart: &'a Chart,
    paper: RegisterPaper<'w>,
    /// The transaction whose lines are being written: people read its date once.
    last: Option<u64>,
    any: bool,
}

enum RegisterPaper<'w> {
    Rows(RowWriter<'w>),
    Table(TableWriter<'w>, People),
}

impl<'w, 'a> RegisterWriter<'w, 'a> {
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        chart: &'a Chart,
        scope: &Scope,
    ) -> Result<RegisterWriter<'w, 'a>, RenderError> {
        let with_currency = chart.currencies().len() > 1;
        let paper = if options.is_for_people() {
            let people = options.people();
            let code = if with_currency {
                ""
            } else {
                &scope.base_currency
            };
            let title = title(&["Register", &days(scope, &people), code]);
            let mut columns = ["Date", "No.", "Description", "Account"]
                .map(SheetColumn::left)
                .to_vec();
            if with_currency {
                columns.push(SheetColumn::left("Currency"));
            }
            columns.extend(["Amount", "Balance"].map(SheetColumn::right));
            RegisterPaper::Table(TableWriter::stream(out, options, &title, columns)?, people)
        } else {
            let head = super::head(scope);
            let columns = entry_columns(false);
            RegisterPaper::Rows(RowWriter::begin(
                out,
                options,
                "register/1",
                &head,
                columns,
            )?)
        };
        Ok(RegisterWriter {
            chart,
            paper,
            last: None,
            any: false,
        })
    }

    /// Whether any line was written.
    pub fn any(&self) -> bool {
        self.any
    }

    pub fn line(&mut self, line: &RegisterLine<'_>) -> io::Result<()> {
        self.any = true;
        let RegisterLine {
            transaction,
            entry,
            minor,
            currency,
            balance,
        } = *line;
        let currency = self.chart.currency(currency);
        let account = &self.chart.account(entry.account).path;
        match &mut self.paper {
            RegisterPaper::Rows(writer) => writer.row(&[
                Cell::Date(transaction.date),
                Cell::Number(transaction.number.0),
                Cell::Word(transaction.voucher.word()),
                Cell::maybe(transaction.reference.as_deref()),
                Cell::maybe(transaction.payee.as_deref()),
                Cell::text(&transaction.description),
                Cell::debit(minor, currency),
                Cell::credit(minor, currency),
                Cell::text(&currency.code),
                Cell::Amount(balance, currency),
                Cell::Text(Cow::Borrowed(account)),
                Cell::Word(status_word(transaction, entry)),
                Cell::Id(transaction.id.0),
            ]),
            RegisterPaper::Table(table, people) => {
                let first = self.last != Some(transaction.number.0);
                self.last = Some(transaction.number.0);
                let once = |text: String| if first { text } else { String::new() };
                let void = if transaction.is_void() { "VOID: " } else { "" };
                let mut cells = vec![
                    once(people.date(transaction.date)),
                    once(transaction.number.to_string()),
                    once(format!("{void}{}", transaction.description)),
                    account.to_string(),
                ];
                if self.chart.currencies().len() > 1 {
                    cells.push(currency.code.to_string());
                }
                cells.push(people.signed(minor, currency));
                cells.push(people.signed(balance, currency));
                table.row(SheetRow::Cells(cells))
            }
        }
    }

    pub fn end(self) -> io::Result<()> {
        match self.paper {
            RegisterPaper::Rows(writer) => writer.end(&[]),
            RegisterPaper::Table(table, _) => table.end(&[]),
        }
    }
}
