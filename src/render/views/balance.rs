//! Balances on paper: one column a period.

use std::collections::BTreeSet;
use std::io;

use super::sections::{PeriodColumn, average};
use super::{currencies, days_and_year, head, title};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::render::{Cell, Column, Json, Layout, People, Sheet, SheetColumn, SheetRow, View};
use crate::reports::balance::{Balance, Shows};
use crate::reports::scope::Scope;

pub struct BalanceView<'a> {
    pub chart: &'a Chart,
    pub scope: &'a Scope,
    pub report: &'a Balance,
    pub shows: Shows,
    pub columns: &'a [PeriodColumn],
    pub layout: Layout,
    pub row_total: bool,
    pub row_average: bool,
    pub no_total: bool,
    pub notes: Vec<String>,
}

impl BalanceView<'_> {
    fn is_tidy(&self) -> bool {
        self.layout == Layout::Tidy
    }

    fn widened(&self, amounts: &[i128]) -> Vec<i128> {
        let sum: i128 = amounts.iter().sum();
        let mut all = amounts.to_vec();
        all.extend(self.row_total.then_some(sum));
        all.extend(self.row_average.then(|| average(sum, amounts.len())));
        all
    }

    fn amount_cells<'a>(&self, currency: &'a Currency, amounts: &[i128]) -> Vec<Cell<'a>> {
        let widened = self.widened(amounts).into_iter();
        widened.map(|minor| Cell::Amount(minor, currency)).collect()
    }

    fn people_row(
        &self,
        people: &People,
        several: bool,
        name: String,
        key: CurrencyKey,
        amounts: &[i128],
    ) -> Vec<String> {
        let currency = self.chart.currency(key);
        let mut cells = vec![name];
        if several {
            cells.push(currency.code.to_string());
        }
        let widened = self.widened(amounts).into_iter();
        cells.extend(widened.map(|minor| people.signed(minor, currency)));
        cells
    }

    fn keys(&self) -> BTreeSet<CurrencyKey> {
        let lines = self.report.lines.iter().map(|line| line.currency);
        lines.chain(self.report.totals.keys().copied()).collect()
    }

    fn sheet_title(&self, people: &People) -> String {
        let name = match self.shows {
            Shows::Changes if self.scope.from.is_some() => "Balance changes",
            Shows::Changes | Shows::Balances => "Balances",
        };
        title(&[
            name,
            &self.scope.book,
            &days_and_year(self.scope, people),
            &currencies(self.chart, self.scope, &self.keys()),
        ])
    }
}

impl View for BalanceView<'_> {
    fn schema(&self) -> &'static str {
        "balance/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        let shows = match self.shows {
            Shows::Changes => "changes",
            Shows::Balances => "balances",
        };
        let period = |column: &PeriodColumn| {
            Json::object([
                ("name", Json::text(&*column.name)),
                ("from", Json::date(column.from)),
                ("to", Json::date(column.to)),
            ])
        };
        let mut facts = head(self.scope);
        facts.push(("shows", Json::text(shows)));
        facts.push((
            "periods",
            Json::List(self.columns.iter().map(period).collect()),
        ));
        facts
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::text("account"), Column::text("currency")];
        if self.is_tidy() {
            columns.extend([
                Column::text("from"),
                Column::text("to"),
                Column::amount("balance"),
            ]);
            return columns;
        }
        let names = self.columns.iter().map(|c| c.name.clone());
        columns.extend(names.map(Column::amount_of));
        columns.extend(self.row_total.then(|| Column::amount("total")));
        columns.extend(self.row_average.then(|| Column::amount("average")));
        columns
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        for line in &self.report.lines {
            let currency = self.chart.currency(line.currency);
            if self.is_tidy() {
                for (column, minor) in self.columns.iter().zip(&line.value) {
                    push(&[
                        Cell::text(&line.path),
                        Cell::text(&currency.code),
                        column.from.map_or(Cell::Empty, Cell::Date),
                        column.to.map_or(Cell::Empty, Cell::Date),
                        Cell::Amount(*minor, currency),
                    ])?;
                }
                continue;
            }
            let mut cells = vec![Cell::text(&line.path), Cell::text(&currency.code)];
            cells.extend(self.amount_cells(currency, &line.value));
            push(&cells)?;
        }
        Ok(())
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        if self.no_total {
            return Vec::new();
        }
        let total = |(key, amounts): (&CurrencyKey, &Vec<i128>)| {
            let currency = self.chart.currency(*key);
            let amounts = self.widened(amounts).into_iter();
            Json::object([
                ("currency", Json::text(&*currency.code)),
                (
                    "amounts",
                    Json::List(amounts.map(|m| Json::amount(m, currency)).collect()),
                ),
            ])
        };
        vec![(
            "totals",
            Json::List(self.report.totals.iter().map(total).collect()),
        )]
    }

    fn sums(&self) -> bool {
        !self.is_tidy() && self.report.lines.iter().all(|line| line.level == 0)
    }

    fn sheet(&self, people: &People) -> Sheet {
        let several = self.keys().len() > 1;
        let mut columns = vec![SheetColumn::left("Account")];
        if several {
            columns.push(SheetColumn::left("Currency"));
        }
        columns.extend(self.columns.iter().map(|c| SheetColumn::right(&*c.heading)));
        columns.extend(self.row_total.then(|| SheetColumn::right("Total")));
        columns.extend(self.row_average.then(|| SheetColumn::right("Average")));
        let mut rows: Vec<SheetRow> = Vec::new();
        for line in &self.report.lines {
            let name = format!("{}{}", "  ".repeat(line.level), line.label);
            let cells = self.people_row(people, several, name, line.currency, &line.value);
            rows.push(SheetRow::Cells(cells));
        }
        if !self.no_total {
            for (key, amounts) in &self.report.totals {
                let name = "Total".to_owned();
                let cells = self.people_row(people, several, name, *key, amounts);
                rows.push(SheetRow::Strong(cells));
            }
        }
        Sheet {
            title: self.sheet_title(people),
            columns,
            rows,
            notes: self.notes.clone(),
        }
    }
}
