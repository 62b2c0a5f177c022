//! How an import and its dry run look: rows of the contract for machines, a table and its proof for people.

use std::io;

use super::planning::Plan;
use super::proof::BooksProof;
use super::view_proof::{books_line, rows_words, statement_line};
use super::{Planned, journal_view};
use crate::formats::plan::Fate;
use crate::ledger::money::to_minor;
use crate::render::{Cell, Column, Json, People, Sheet, SheetColumn, SheetRow, View};

/// A file that was planned, or refused for a reason that was told.
pub enum Outcome {
    Planned(Planned),
    Refused { file: String, line: Option<u64> },
}

/// All files of a run.
pub struct ImportView<'a> {
    pub outcomes: &'a [Outcome],
    pub dry_run: bool,
    /// What decided each row is shown too.
    pub why: bool,
}

/// The columns with what `--why` adds.
fn columns_with(why: bool) -> Vec<Column> {
    let mut columns = columns();
    if why {
        columns.push(Column::text("suggestion"));
        columns.push(Column::number("score"));
        columns.extend(["payee", "why"].map(Column::text));
    }
    columns
}

pub fn columns() -> Vec<Column> {
    let mut columns = vec![Column::text("file"), Column::number("line")];
    columns.extend(["date", "description", "reference"].map(Column::text));
    columns.extend(["debit", "credit"].map(Column::amount));
    columns.push(Column::text("currency"));
    columns.push(Column::amount("balance"));
    columns.extend(["account", "state"].map(Column::text));
    columns.push(Column::number("number"));
    columns
}

fn state(fate: Fate) -> &'static str {
    match fate {
        Fate::New => "new",
        Fate::Matched { .. } | Fate::Paired { .. } => "matched",
        Fate::Known { .. } => "known",
    }
}

impl View for ImportView<'_> {
    fn schema(&self) -> &'static str {
        "import/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        vec![("dry_run", Json::Bool(self.dry_run))]
    }

    fn columns(&self) -> Vec<Column> {
        columns_with(self.why)
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        for outcome in self.outcomes {
            match outcome {
                Outcome::Planned(Planned::Statement(plan)) => {
                    for part in &plan.parts {
                        plan_rows(part, self.why, push)?;
                    }
                }
                Outcome::Planned(Planned::Journal(plan)) if self.why => {
                    journal_view::rows(plan, &mut |cells| {
                        let mut cells = cells.to_vec();
                        cells.resize(16, Cell::Empty);
                        push(&cells)
                    })?;
                }
                Outcome::Planned(Planned::Journal(plan)) => journal_view::rows(plan, push)?,
                Outcome::Refused { file, line } => {
                    let mut cells = vec![Cell::Empty; if self.why { 16 } else { 12 }];
                    cells[0] = Cell::text(file);
                    cells[1] = line.map_or(Cell::Empty, Cell::Number);
                    cells[10] = Cell::Word("refused");
                    push(&cells)?;
                }
            }
        }
        Ok(())
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        vec![(
            "files",
            Json::List(
                self.outcomes
                    .iter()
                    .flat_map(|outcome| file_json(outcome, self.dry_run))
                    .collect(),
            ),
        )]
    }

    fn sheet(&self, people: &People) -> Sheet {
        // People get a sheet a file: the command shows them one by one.
        match self.outcomes.first() {
            Some(Outcome::Planned(planned)) => FileSheet {
                planned,
                part: 0,
                dry_run: self.dry_run,
                all: true,
            }
            .sheet(people),
            _ => Sheet::default(),
        }
    }
}

/// One account of a file for people.
pub struct FileSheet<'a> {
    pub planned: &'a Planned,
    /// Which of [`Planned::parts`].
    pub part: usize,
    pub dry_run: bool,
    /// Every row, or only what it comes to.
    pub all: bool,
}

impl FileSheet<'_> {
    fn view(&self) -> Box<dyn View + '_> {
        let (dry_run, all) = (self.dry_run, self.all);
        match self.planned {
            Planned::Statement(file) => Box::new(PlanSheet {
                plan: &file.parts[self.part],
                dry_run,
                all,
            }),
            Planned::Journal(plan) => Box::new(journal_view::JournalSheet { plan, dry_run, all }),
        }
    }
}

impl View for FileSheet<'_> {
    fn schema(&self) -> &'static str {
        "import/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    fn columns(&self) -> Vec<Column> {
        columns()
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        self.view().rows(push)
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    fn sheet(&self, people: &People) -> Sheet {
        self.view().sheet(people)
    }
}

fn plan_rows(
    plan: &Plan,
    why: bool,
    push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>,
) -> io::Result<()> {
    for (index, row) in plan.read.statement.rows.iter().enumerate() {
        let (minor, key) = plan.amounts[index];
        let currency = plan.chart.currency(key);
        let planned = &plan.planned[index];
        let balance = row.balance.and_then(|b| to_minor(b, currency.scale).ok());
        let mut cells = vec![
            Cell::text(&plan.file),
            Cell::Number(row.line),
            Cell::Date(row.date),
            Cell::text(&row.description),
            Cell::maybe(row.reference.as_deref()),
            Cell::debit(minor.into(), currency),
            Cell::credit(minor.into(), currency),
            Cell::text(&currency.code),
            balance.map_or(Cell::Empty, |b| Cell::Amount(b.into(), currency)),
            if planned.fate == Fate::New {
                Cell::text(&planned.counter)
            } else {
                Cell::Empty
            },
            Cell::Word(state(planned.fate)),
            plan.numbers[index].map_or(Cell::Empty, Cell::Number),
        ];
        let decided = plan.whys.get(index);
        let suggestion = decided.and_then(|w| w.suggestion.as_ref());
        if why {
            cells.extend([
                suggestion.map_or(Cell::Empty, |s| Cell::text(&s.account)),
                suggestion.map_or(Cell::Empty, |s| Cell::Number(s.score.into())),
                Cell::maybe(suggestion.and_then(|s| s.payee.as_deref())),
                Cell::maybe(decided.map(|w| w.text.as_str()).filter(|t| !t.is_empty())),
            ]);
        }
        push(&cells)?;
    }
    Ok(())
}

/// What became of a file, or would.
pub fn file_state(unchanged: bool, dry_run: bool) -> &'static str {
    match (unchanged, dry_run) {
        (true, _) => "unchanged",
        (false, true) => "would-import",
        (false, false) => "imported",
    }
}

/// One object an account of a file.
fn file_json(outcome: &Outcome, dry_run: bool) -> Vec<Json> {
    match outcome {
        Outcome::Planned(Planned::Statement(plan)) => plan
            .parts
            .iter()
            .map(|part| part_json(part, dry_run))
            .collect(),
        Outcome::Planned(Planned::Journal(plan)) => vec![journal_view::json(plan, dry_run)],
        Outcome::Refused { file, .. } => vec![Json::object([
            ("file", Json::text(file)),
            ("state", Json::text("refused")),
        ])],
    }
}

fn part_json(plan: &Plan, dry_run: bool) -> Json {
    let counts = plan.counts();
    let number = |n: usize| Json::Number(n as u64);
    Json::object([
        ("file", Json::text(&plan.file)),
        (
            "state",
            Json::text(file_state(plan.changes_nothing(), dry_run)),
        ),
        ("batch", plan.batch.map_or(Json::Null, Json::Number)),
        ("format", Json::text(&plan.read.statement.layout)),
        (
            "account",
            Json::text(&*plan.chart.account(plan.account).path),
        ),
        ("posted", number(counts.new)),
        ("to_suspense", number(counts.to_suspense)),
        ("matched", number(counts.matched)),
        ("known", number(counts.known)),
        (
            "books",
            Json::List(plan.books.iter().map(|b| books_json(plan, b)).collect()),
        ),
    ])
}

fn books_json(plan: &Plan, proof: &BooksProof) -> Json {
    let currency = plan.chart.currency(proof.currency);
    let amount = |minor: Option<i128>| minor.map_or(Json::Null, |m| Json::amount(m, currency));
    Json::object([
        ("currency", Json::text(&*currency.code)),
        ("to", Json::date(Some(proof.as_of))),
        ("books", Json::amount(proof.books, currency)),
        ("statement", amount(proof.statement)),
        ("difference", amount(proof.difference())),
    ])
}

/// A statement for people.
struct PlanSheet<'a> {
    plan: &'a Plan,
    dry_run: bool,
    all: bool,
}

impl View for PlanSheet<'_> {
    fn schema(&self) -> &'static str {
        "import/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    fn columns(&self) -> Vec<Column> {
        columns()
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        plan_rows(self.plan, false, push)
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    fn sheet(&self, people: &People) -> Sheet {
        let has_balance = self
            .plan
            .read
            .statement
            .rows
            .iter()
            .any(|r| r.balance.is_some());
        let mut columns = vec![
            SheetColumn::right("Line"),
            SheetColumn::left("Date"),
            SheetColumn::left("Narration"),
            SheetColumn::left("Ref."),
            SheetColumn::right("In"),
            SheetColumn::right("Out"),
        ];
        columns.extend(has_balance.then(|| SheetColumn::right("Balance")));
        columns.extend([
            SheetColumn::left("State"),
            SheetColumn::left("Account or match"),
        ]);
        columns.extend(
            (!self.plan.whys.is_empty())
                .then(|| ["Suggestion", "Why"].map(SheetColumn::left))
                .into_iter()
                .flatten(),
        );
        let rows = if self.all {
            (0..self.plan.planned.len())
                .map(|index| SheetRow::Cells(self.row(people, index, has_balance)))
                .collect()
        } else {
            columns.clear();
            Vec::new()
        };
        Sheet {
            title: self.title(),
            columns,
            rows,
            notes: self.notes(people),
        }
    }
}

impl PlanSheet<'_> {
    fn title(&self) -> String {
        let plan = self.plan;
        let mut how = vec![plan.read.statement.layout.clone()];
        how.extend(plan.read.statement.details.iter().cloned());
        if let Some(profile) = &plan.read.profile {
            how.push(format!("profile {profile}"));
        }
        let mut parts = vec![
            plan.file.clone(),
            how.join(", "),
            rows_words(plan.planned.len()),
            format!("into {}", plan.chart.account(plan.account).path),
        ];
        if self.dry_run {
            parts.push("dry run, nothing written".to_owned());
        } else if let Some(batch) = plan.batch {
            parts.push(format!("import {batch}"));
        }
        parts.join(" · ")
    }

    fn row(&self, people: &People, index: usize, has_balance: bool) -> Vec<String> {
        let (plan, row) = (self.plan, &self.plan.read.statement.rows[index]);
        let (minor, key) = plan.amounts[index];
        let currency = plan.chart.currency(key);
        let (into, out) = if minor >= 0 { (minor, 0) } else { (0, -minor) };
        let mut cells = vec![
            row.line.to_string(),
            people.date(row.date),
            row.description.clone(),
            row.reference.clone().unwrap_or_default(),
            people.magnitude_or_empty(into.into(), currency),
            people.magnitude_or_empty(out.into(), currency),
        ];
        if has_balance {
            let balance = row.balance.and_then(|b| to_minor(b, currency.scale).ok());
            cells.push(balance.map_or(String::new(), |b| people.signed(b.into(), currency)));
        }
        let planned = &plan.planned[index];
        cells.push(state(planned.fate).to_owned());
        cells.push(match planned.fate {
            Fate::New => planned.counter.to_string(),
            Fate::Matched { number, date } if date != row.date => {
                format!("{number} of {}", people.date(date))
            }
            Fate::Matched { number, .. } => number.to_string(),
            Fate::Known { .. } | Fate::Paired { .. } => {
                plan.numbers[index].map_or("in this run".to_owned(), |n| n.to_string())
            }
        });
        if let Some(why) = plan.whys.get(index) {
            let open = why
                .suggestion
                .as_ref()
                .filter(|s| s.account != planned.counter);
            cells.push(open.map_or(String::new(), |s| s.account.to_string()));
            cells.push(why.text.clone());
        }
        cells
    }

    fn notes(&self, people: &People) -> Vec<String> {
        let plan = self.plan;
        let mut notes: Vec<String> = plan
            .read
            .statement
            .notes
            .iter()
            .map(|n| match n.line {
                Some(line) => format!("Line {line}: {}", n.text),
                None => format!("Note: {}", n.text),
            })
            .collect();
        for (index, series) in plan.read.statement.series.iter().enumerate() {
            let row = plan
                .read
                .statement
                .rows
                .iter()
                .position(|r| usize::from(r.series) == index);
            if let Some(row) = row {
                notes.push(statement_line(
                    people,
                    series,
                    plan.chart.currency(plan.amounts[row].1),
                ));
            }
        }
        notes.extend(
            plan.books
                .iter()
                .map(|proof| books_line(people, proof, plan.chart.currency(proof.currency))),
        );
        notes.push(self.summary());
        notes
    }

    fn summary(&self) -> String {
        let counts = self.plan.counts();
        let suspense = if counts.to_suspense > 0 {
            format!(" ({} to Suspense)", counts.to_suspense)
        } else {
            String::new()
        };
        let verbs = if self.dry_run {
            ["Would post", "match", "skip"]
        } else {
            ["Posted", "matched", "skipped"]
        };
        let refuse = if self.dry_run { "refuse" } else { "refused" };
        let mut line = format!(
            "{} {}{suspense}, {} {}, {} {} already imported, {refuse} 0",
            verbs[0], counts.new, verbs[1], counts.matched, verbs[2], counts.known
        );
        if let (true, Some(same)) = (self.plan.changes_nothing(), &self.plan.same_file) {
            line.push_str(&format!("; this very file is import {}", same.batch));
        } else if self.plan.changes_nothing() {
            line.push_str("; nothing to do");
        }
        line
    }
}
