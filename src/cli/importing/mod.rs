//! Bringing files in: reading one guardedly, choosing its profile, planning it against the book, showing what
//! becomes of each row. The command itself is `commands/import.rs`.

pub mod accounts;
mod conflicts;
mod earlier;
pub mod file_plan;
mod form;
pub mod gnucash_rows;
mod hits;
pub mod input;
pub mod journal;
pub mod journal_view;
pub mod learning;
mod names;
mod own_accounts;
pub mod planning;
pub mod profiles;
pub mod proof;
pub mod reading;
pub mod review;
mod tally_twins;
mod transfers;
pub mod view;
mod view_proof;

use std::collections::HashSet;

use crate::book::{Book, ImportRow};
use crate::formats::fault::Fault;
use crate::formats::plan::HeldRow;
use crate::ledger::account::AccountKey;
use crate::ledger::audit::hex;
use crate::ledger::change::{ChangeSource, ImportBatch};
use crate::ledger::chart::Chart;
use crate::ledger::settings::BookInfo;

use super::context::Context;
use super::error::Failure;

/// A file with everything settled: rows of a bank's statement, or whole transactions.
pub enum Planned {
    Statement(Box<file_plan::FilePlan>),
    Journal(Box<journal::JournalPlan>),
}

impl Planned {
    /// True if the book would be the same afterwards.
    pub fn changes_nothing(&self) -> bool {
        match self {
            Planned::Statement(plan) => plan.changes_nothing(),
            Planned::Journal(plan) => plan.changes_nothing(),
        }
    }

    /// The changes of the file's unit.
    pub fn changes(&self) -> Box<dyn ChangeSource + '_> {
        match self {
            Planned::Statement(plan) => Box::new(plan.changes()),
            Planned::Journal(plan) => Box::new(plan.changes()),
        }
    }

    /// What a unit wrote: the numbers it touched, and what the book calls the batch.
    pub fn written(&mut self, ranges: &[(u64, u64)]) {
        match self {
            Planned::Statement(plan) => plan.written(ranges),
            Planned::Journal(plan) => plan.written(ranges),
        }
    }

    /// The book holds all of it under the key of `--once`: these numbers, from the first time.
    pub fn repeated(&mut self, ranges: &[(u64, u64)]) {
        match self {
            Planned::Statement(plan) => plan.repeated(ranges),
            Planned::Journal(plan) => plan.repeated(ranges),
        }
    }

    /// What the key of `--once` stands for: the file's bytes, what it was read as, the account.
    pub fn content(&self) -> String {
        let head = match self {
            Planned::Statement(plan) => plan.batch_head(),
            Planned::Journal(plan) => Some(&plan.head),
        };
        let words = |head: &ImportBatch| {
            let account = head.account.as_deref().unwrap_or("");
            format!("{} {} {account}", hex(&head.sha256), head.format)
        };
        head.map(words).unwrap_or_default()
    }

    /// Why the log should remember the import apart: what was let pass.
    pub fn reason(&self) -> Option<String> {
        match self {
            Planned::Statement(plan) => plan.reason(),
            Planned::Journal(_) => None,
        }
    }

    pub fn set_batch(&mut self, batch: u64) {
        match self {
            Planned::Statement(plan) => plan.set_batch(batch),
            Planned::Journal(plan) => plan.batch = Some(batch),
        }
    }

    /// How many accounts it is shown as.
    pub fn parts(&self) -> usize {
        match self {
            Planned::Statement(plan) => plan.parts.len(),
            Planned::Journal(_) => 1,
        }
    }

    pub fn file(&self) -> &str {
        match self {
            Planned::Statement(plan) => &plan.file,
            Planned::Journal(plan) => &plan.file,
        }
    }

    /// Where the row of a change stands, for an error: `bank.csv:12: the line`.
    pub fn place_of(&self, change: usize) -> Option<String> {
        match self {
            Planned::Statement(plan) => {
                let row = plan.row_of_change(change)?;
                Some(format!(
                    "{}:{}: {}",
                    plan.file,
                    row.line,
                    row.raw.lines().next().unwrap_or("")
                ))
            }
            Planned::Journal(plan) => {
                let changes = plan.changes();
                let (file, line) = changes.place_of(change)?;
                Some(format!("{file}:{line}"))
            }
        }
    }
}

/// The book, and what this run has planned and not written yet.
pub struct Session {
    pub book: Box<dyn Book>,
    pub info: BookInfo,
    pub chart: Chart,
    pub imports: Vec<ImportRow>,
    pub create_accounts: bool,
    /// The flags of this import, for hints that go on from the line that was typed.
    pub flags: String,
    /// What is asked of earlier transactions.
    pub learning: learning::Learning,
    /// Rows of earlier files of a run that writes nothing, or everything at its end.
    held: Vec<HeldRow>,
    /// Transactions that rows of such files stand for, by account.
    claimed: HashSet<(AccountKey, u64)>,
}

impl Session {
    pub fn new(mut book: Box<dyn Book>, create_accounts: bool) -> Result<Session, Failure> {
        Ok(Session {
            info: book.info()?,
            chart: book.chart()?,
            imports: book.imports()?,
            book,
            create_accounts,
            flags: String::new(),
            learning: learning::Learning::default(),
            held: Vec::new(),
            claimed: HashSet::new(),
        })
    }

    /// Keeps in mind what a plan would write, for the files after it.
    pub fn hold(&mut self, planned: &Planned) {
        match planned {
            Planned::Statement(plan) => plan.parts.iter().for_each(|p| self.hold_statement(p)),
            Planned::Journal(plan) => self.held.extend(plan.held()),
        }
    }

    /// Before files are planned together: the book as it is now, and nothing held of files before.
    pub fn begin_again(&mut self) -> Result<(), Failure> {
        self.held.clear();
        self.claimed.clear();
        self.book.refresh()?;
        self.refresh()
    }

    /// After something was written: the book as it is now.
    pub fn refresh(&mut self) -> Result<(), Failure> {
        self.info = self.book.info()?;
        self.chart = self.book.chart()?;
        self.imports = self.book.imports()?;
        Ok(())
    }
}

/// One statement against the book, to look at: what each row is there. Nothing is held for later files.
pub fn compare(
    ctx: &mut Context,
    session: &mut Session,
    file: &str,
    read: reading::Read,
) -> Result<planning::Plan, Failure> {
    let mut names = names::Names::new(session.chart.clone(), false);
    planning::plan(ctx, session, &mut names, file, read, &[])
}

/// A file's fault in the words of an error: what, where, the line, what to do.
pub fn failure(file: &str, fault: Fault) -> Failure {
    let place = fault.place();
    let mut failure = Failure::refused(fault.code, format!("{file} not imported: {}", fault.why));
    if !place.is_empty() {
        let text = fault.text.filter(|t| !t.trim().is_empty());
        failure = failure.at(match text {
            Some(text) => format!("{file}:{place}: {text}"),
            None => format!("{file}:{place}"),
        });
    }
    failure.hints.extend(fault.hint);
    failure
}
