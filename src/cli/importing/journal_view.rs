//! How a file of transactions looks when it is imported.

use std::io;

use super::journal::{self, JournalPlan};
use crate::ledger::plural::counted;
use crate::render::{Cell, Column, Json, People, Sheet, SheetColumn, SheetRow, View};

/// Rows listed for people; the rest is counted.
const LISTED_MAX: usize = 1_000;

fn state(plan: &JournalPlan, place: usize) -> &'static str {
    if plan.is_known(place) { "known" } else { "new" }
}

/// A row an entry, in the columns of the contract.
pub fn rows(
    plan: &JournalPlan,
    push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>,
) -> io::Result<()> {
    let (store, chart) = (&plan.read.book.store, &plan.read.book.chart);
    for place in (0..store.len()).filter(|place| plan.takes(*place)) {
        let row = store.row(place);
        for entry in store.entries(place) {
            let currency = chart.currency(entry.currency);
            push(&[
                Cell::text(&plan.file),
                Cell::Number(row.line.into()),
                Cell::Date(row.day.date()),
                Cell::text(store.description(place)),
                Cell::maybe(Some(store.reference(place))),
                Cell::debit(entry.minor.into(), currency),
                Cell::credit(entry.minor.into(), currency),
                Cell::text(&currency.code),
                Cell::Empty,
                Cell::text(&chart.account(entry.account).path),
                Cell::Word(state(plan, place)),
                plan.number(place).map_or(Cell::Empty, Cell::Number),
            ])?;
        }
    }
    Ok(())
}

pub fn json(plan: &JournalPlan, dry_run: bool) -> Json {
    let number = |n: usize| Json::Number(n as u64);
    Json::object([
        ("file", Json::text(&plan.file)),
        (
            "state",
            Json::text(super::view::file_state(plan.changes_nothing(), dry_run)),
        ),
        ("batch", plan.batch.map_or(Json::Null, Json::Number)),
        ("format", Json::text(plan.format())),
        ("posted", number(plan.rows() - plan.known_rows())),
        ("known", number(plan.known_rows())),
        ("accounts_opened", number(plan.opens)),
    ])
}

/// One file for people.
pub struct JournalSheet<'a> {
    pub plan: &'a JournalPlan,
    pub dry_run: bool,
    /// Every transaction, or only what it comes to.
    pub all: bool,
}

impl View for JournalSheet<'_> {
    fn schema(&self) -> &'static str {
        "import/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    fn columns(&self) -> Vec<Column> {
        super::view::columns()
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        rows(self.plan, push)
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    fn sheet(&self, people: &People) -> Sheet {
        let mut sheet = Sheet {
            title: self.title(),
            ..Sheet::default()
        };
        if self.all {
            sheet.columns = vec![
                SheetColumn::right("Line"),
                SheetColumn::left("Date"),
                SheetColumn::left("Description"),
                SheetColumn::left("Ref."),
                SheetColumn::right("Amount"),
                SheetColumn::left("State"),
                SheetColumn::right("No."),
            ];
            let places =
                (0..self.plan.read.book.store.len()).filter(|place| self.plan.takes(*place));
            sheet.rows = places
                .take(LISTED_MAX)
                .map(|place| SheetRow::Cells(self.row(people, place)))
                .collect();
        }
        let left = self.plan.rows().saturating_sub(LISTED_MAX);
        if self.all && left > 0 {
            sheet.notes.push(format!("and {left} more"));
        }
        sheet
            .notes
            .extend(self.plan.notes.iter().map(|n| format!("Note: {n}")));
        sheet.notes.push(self.summary());
        sheet
    }
}

impl JournalSheet<'_> {
    fn title(&self) -> String {
        let plan = self.plan;
        let mut parts = vec![
            plan.file.clone(),
            plan.format().to_owned(),
            counted(plan.rows() as u64, "transaction"),
        ];
        if self.dry_run {
            parts.push("dry run, nothing written".to_owned());
        } else if let Some(batch) = plan.batch {
            parts.push(format!("import {batch}"));
        }
        parts.join(" · ")
    }

    fn row(&self, people: &People, place: usize) -> Vec<String> {
        let (store, chart) = (&self.plan.read.book.store, &self.plan.read.book.chart);
        let row = store.row(place);
        let sums: Vec<String> = journal::turnover(self.plan, place)
            .into_iter()
            .map(|(key, minor)| {
                let currency = chart.currency(key);
                format!("{} {}", people.signed(minor, currency), currency.code)
            })
            .collect();
        vec![
            row.line.to_string(),
            people.date(row.day.date()),
            store.description(place).to_owned(),
            store.reference(place).to_owned(),
            sums.join(", "),
            state(self.plan, place).to_owned(),
            self.plan
                .number(place)
                .map_or(String::new(), |n| n.to_string()),
        ]
    }

    fn summary(&self) -> String {
        let plan = self.plan;
        let new = plan.rows() - plan.known_rows();
        let verbs = if self.dry_run {
            ["Would post", "skip", "open"]
        } else {
            ["Posted", "skipped", "opened"]
        };
        let mut line = format!(
            "{} {new}, {} {} already imported",
            verbs[0],
            verbs[1],
            plan.known_rows()
        );
        if plan.opens > 0 {
            line.push_str(&format!(
                ", {} {} {}",
                verbs[2],
                plan.opens,
                if plan.opens == 1 {
                    "account"
                } else {
                    "accounts"
                }
            ));
        }
        if plan.changes_nothing() {
            line.push_str("; nothing to do");
        }
        line
    }
}
