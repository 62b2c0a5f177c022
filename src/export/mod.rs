//! Transactions written to a file that other programs read: the same bytes whoever asks, the command line or
//! a job of the server.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::rc::Rc;

use thiserror::Error;

use crate::book::{Book, BookError, Scan};
use crate::formats::journal::{Dialect, JournalWriter as PlainText, WriteOptions};
use crate::formats::writers::{BookFormat, Facts};
use crate::ledger::change::Assertion;
use crate::ledger::period::Period;
use crate::ledger::query::{Filter, Query};
use crate::ledger::settings::BookInfo;
use crate::ledger::transaction::Transaction;
use crate::render::views::{JournalKind, JournalWriter};
use crate::render::{Format, Options, RenderError};
use crate::reports::check::assertion;
use crate::reports::scope::Scope;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Journal(Dialect),
    Rows(Format),
    Book(BookFormat),
}

impl Form {
    /// Words of the forms, for people.
    pub const WORDS: &str =
        "csv, tsv, json, ndjson, md, html, xlsx, hledger, ledger, beancount, sql, qif, tally";

    pub fn word(self) -> &'static str {
        match self {
            Form::Journal(Dialect::Ledger) => "ledger",
            Form::Journal(_) => "hledger",
            Form::Rows(format) => format.word(),
            Form::Book(format) => format.word(),
        }
    }

    /// A form by its word or the extension of a file's name; `None` if exports have none of that name.
    pub fn from_word(word: &str) -> Option<Form> {
        if let Some(format) = BookFormat::from_word(word) {
            return Some(Form::Book(format));
        }
        match word {
            "ledger" => Some(Form::Journal(Dialect::Ledger)),
            "hledger" => Some(Form::Journal(Dialect::Hledger)),
            "dat" => Some(Form::Journal(Dialect::Auto)),
            other => match Format::from_word(other).or_else(|| Format::of_extension(other))? {
                Format::Hledger => Some(Form::Journal(Dialect::Hledger)),
                Format::Table => None,
                format => Some(Form::Rows(format)),
            },
        }
    }

    /// How a file of this form is called, and what it is to a browser.
    pub fn file_type(self) -> (&'static str, &'static str) {
        match self {
            Form::Rows(Format::Csv) => ("csv", "text/csv; charset=utf-8"),
            Form::Rows(Format::Tsv) => ("tsv", "text/tab-separated-values; charset=utf-8"),
            Form::Rows(Format::Ndjson) => ("ndjson", "application/x-ndjson"),
            Form::Rows(Format::Md) => ("md", "text/markdown; charset=utf-8"),
            Form::Rows(Format::Html) => ("html", "text/html; charset=utf-8"),
            Form::Rows(Format::Xlsx) => (
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
            Form::Rows(_) => ("json", "application/json"),
            Form::Book(format) => format.file_type(),
            Form::Journal(Dialect::Ledger) => ("ledger", "text/plain; charset=utf-8"),
            Form::Journal(_) => ("journal", "text/plain; charset=utf-8"),
        }
    }
}

/// Which transactions of which book, and how.
#[derive(Debug, Clone)]
pub struct Export {
    pub form: Form,
    /// Of the book, as its heading shall have it.
    pub info: BookInfo,
    pub period: Period,
    pub query: Query,
    /// Columns and heading of rows; the format is the form's.
    pub options: Options,
}

/// Why an export is not whole.
#[derive(Debug, Error)]
pub enum ExportError {
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The format cannot say something the book holds.
    #[error("{0}")]
    Unsaid(String),
    /// The caller's step said so.
    #[error("the export was called off")]
    Stopped,
}

impl Export {
    /// The whole book.
    pub fn all(form: Form, info: BookInfo, options: Options) -> Export {
        Export {
            form,
            info,
            period: Period::ALL,
            query: Query::default(),
            options,
        }
    }

    /// Writes the transactions as they come from one state of the book; `step` is asked after each.
    pub fn write(
        &self,
        book: &mut dyn Book,
        out: &mut dyn Write,
        step: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        match self.form {
            Form::Journal(dialect) => self.write_journal(dialect, book, out, step),
            Form::Rows(format) => self.write_rows(format, book, out, step),
            Form::Book(format) => self.write_book(format, book, out, step),
        }
    }

    /// The assertions that the form cannot hold, because the books contradict them: beancount would refuse the file.
    pub fn left_out(&self, book: &mut dyn Book) -> Result<Vec<Assertion>, BookError> {
        let whole = self.period == Period::ALL && self.query.filter == Filter::All;
        if !whole || self.form != Form::Book(BookFormat::Beancount) {
            return Ok(Vec::new());
        }
        let chart = book.chart()?;
        let mut assertions = book.assertions()?;
        assertions.retain(|assertion| !assertion.is_of_statement());
        if assertions.is_empty() {
            return Ok(assertions);
        }
        let query = assertion::query(&chart, &assertions);
        let totals = book.totals(&query)?;
        assertions.retain(|assertion| {
            let found = assertion::standing(&chart, assertion, &query.cuts, &totals);
            found.is_some_and(|found| found.difference != 0)
        });
        Ok(assertions)
    }

    /// The facts of the book, then every transaction.
    fn write_book(
        &self,
        format: BookFormat,
        book: &mut dyn Book,
        out: &mut dyn Write,
        step: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        let chart = Rc::new(book.chart()?);
        let matcher = self.query.matcher(&chart);
        let whole = self.period == Period::ALL && self.query.filter == Filter::All;
        let mut assertions = match whole {
            true => book.assertions()?,
            false => Vec::new(),
        };
        let failing = self.left_out(book)?;
        assertions.retain(|assertion| !failing.contains(assertion));
        let facts = Facts {
            chart: Rc::clone(&chart),
            settings: self.info.settings.clone(),
            prices: book.prices()?,
            assertions,
            failing,
            span: self.info.span,
        };
        let mut writer = format.writer(out, facts);
        writer.head()?;
        let scan = self.scan(matcher.accounts());
        each(book, &scan, step, |transaction| {
            match matcher.transaction(transaction) {
                true => writer.transaction(transaction),
                false => Ok(()),
            }
        })?;
        Ok(writer.end()?)
    }

    /// Commodities, accounts and prices, then every transaction.
    fn write_journal(
        &self,
        dialect: Dialect,
        book: &mut dyn Book,
        out: &mut dyn Write,
        step: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        let (chart, prices) = (book.chart()?, book.prices()?);
        let matcher = self.query.matcher(&chart);
        let options = WriteOptions { dialect, ids: true };
        let mut writer = PlainText::new(out, chart.clone(), options);
        writer.head(&prices)?;
        let scan = self.scan(matcher.accounts());
        each(book, &scan, step, |transaction| {
            match matcher.transaction(transaction) {
                true => writer.transaction(transaction),
                false => Ok(()),
            }
        })?;
        Ok(writer.finish().map(drop)?)
    }

    /// An entry a row.
    fn write_rows(
        &self,
        format: Format,
        book: &mut dyn Book,
        out: &mut dyn Write,
        step: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        let chart = book.chart()?;
        let matcher = self.query.matcher(&chart);
        let filtered = self.query.filter != Filter::All;
        let scope = Scope::of(&self.info, &chart, self.period, filtered);
        let options = Options {
            format,
            ..self.options.clone()
        };
        let mut writer = JournalWriter::begin(out, &options, &chart, &scope, JournalKind::Journal)?;
        let scan = self.scan(matcher.accounts());
        each(book, &scan, step, |transaction| {
            match matcher.transaction(transaction) {
                true => writer.transaction(transaction, |_| true, None),
                false => Ok(()),
            }
        })?;
        Ok(writer.end()?)
    }

    fn scan(&self, accounts: Option<Vec<crate::ledger::account::AccountKey>>) -> Scan {
        Scan {
            from: self.period.from,
            until: self.period.until,
            accounts,
            ..Scan::default()
        }
    }
}

fn each(
    book: &mut dyn Book,
    scan: &Scan,
    step: &mut dyn FnMut() -> ControlFlow<()>,
    mut write: impl FnMut(&Transaction) -> io::Result<()>,
) -> Result<(), ExportError> {
    let mut failed = None;
    book.scan(scan, &mut |transaction| {
        failed = match write(&transaction) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                Some(ExportError::Unsaid(error.to_string()))
            }
            Err(error) => Some(ExportError::Io(error)),
            Ok(()) if step().is_break() => Some(ExportError::Stopped),
            Ok(()) => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(())
    })?;
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_go_by_word_and_by_extension() {
        for word in Form::WORDS.split(", ") {
            assert!(Form::from_word(word).is_some(), "{word}");
        }
        assert_eq!(Form::from_word("jsonl"), Some(Form::Rows(Format::Ndjson)));
        assert_eq!(
            Form::from_word("bean"),
            Some(Form::Book(BookFormat::Beancount))
        );
        for other in ["table", "pdf", "txt", ""] {
            assert_eq!(Form::from_word(other), None, "{other}");
        }
    }
}
