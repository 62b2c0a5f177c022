//! Bringing files in: reading one guardedly, choosing its profile, planning it against the book, showing what
//! becomes of each row. The command itself is `commands/import.rs`.

pub mod input;
pub mod planning;
pub mod profiles;
pub mod proof;
pub mod reading;
pub mod view;

use std::collections::HashSet;

use crate::book::{Book, ImportRow};
use crate::formats::fault::Fault;
use crate::formats::plan::HeldRow;
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::settings::BookInfo;

use super::error::Failure;

/// The book, and what this run has planned and not written yet.
pub struct Session {
    pub book: Box<dyn Book>,
    pub info: BookInfo,
    pub chart: Chart,
    pub imports: Vec<ImportRow>,
    pub create_accounts: bool,
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
            held: Vec::new(),
            claimed: HashSet::new(),
        })
    }

    /// After something was written: the book as it is now.
    pub fn refresh(&mut self) -> Result<(), Failure> {
        self.info = self.book.info()?;
        self.chart = self.book.chart()?;
        self.imports = self.book.imports()?;
        Ok(())
    }
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
