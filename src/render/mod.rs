//! Reports on paper: a report value or a stream of rows → table, csv, tsv, json, ndjson, md, html, xlsx.
//!
//! # How a bounded report is shown
//!
//! Implement [`View`] for a struct in `views/` that borrows the report (and the chart), then call
//! [`write()`]. A view says two things, and never which format it is for:
//!
//! - *to machines*: [`View::columns`] (the contract of the command line), [`View::rows`] (one
//!   slice of [`Cell`]s a row, amounts signed debit-positive, dates ISO), and the facts that stand
//!   beside `rows` in a JSON document: [`View::head`] before, [`View::tail`] after (totals, proof);
//! - *to people*: [`View::sheet`], a heading, aligned columns of finished text, totals and notes.
//!   [`People`] makes the text: `1,23,456.50`, `500.00 Dr`, `05-Apr-2026`.
//!
//! `--fields` picks machine columns, in tables too.
//!
//! # How a stream is shown
//!
//! [`RowWriter`] takes machine rows one at a time, [`TableWriter`] takes rows for people; both in
//! constant memory (a table of a stream fixes its widths on the first [`STREAM_WIDTH_ROWS`] rows and wraps
//! afterwards). Ask [`Options::is_for_people`] which one to open.
//!
//! Nothing here opens files or reads the environment.

use std::io::{self, Write};

use thiserror::Error;

use crate::ledger::amount_format::Grouping;

pub mod cell;
mod csv;
mod foot;
pub mod format;
mod html;
mod json;
mod md;
mod people;
mod rows;
pub mod sanitize;
mod sheet;
mod table;
mod text;
pub mod views;
mod xlsx;

pub use cell::{Cell, Column};
pub use foot::{FootLine, FootOf};
pub use format::Format;
pub use json::Json;
pub use people::People;
pub use rows::RowWriter;
pub use sheet::{Align, Sheet, SheetColumn, SheetRow};
pub use table::{STREAM_WIDTH_ROWS, TableWriter};

/// Whether a report of several periods has a column or a row for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    #[default]
    Wide,
    Tidy,
}

/// How output shall look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    pub format: Format,
    /// Names of columns, in the order wanted; empty: all.
    pub fields: Vec<String>,
    pub no_header: bool,
    /// Leave formula cells and control characters of csv and tsv as they are.
    pub raw: bool,
    /// Wrap tables at this many columns; `None`: as wide as they are.
    pub width: Option<usize>,
    pub colour: bool,
    /// How people's amounts are grouped; `None`: as usual for each currency.
    pub grouping: Option<Grouping>,
    pub layout: Layout,
}

impl Options {
    pub fn of(format: Format) -> Options {
        Options {
            format,
            ..Options::default()
        }
    }

    /// True for the sheets that can be made, unless columns were picked by name.
    pub fn is_for_people(&self) -> bool {
        self.format.is_for_people() && self.fields.is_empty()
    }

    pub fn people(&self) -> People {
        People {
            grouping: self.grouping,
        }
    }
}

/// Why nothing, or not everything, was written.
#[derive(Debug, Error)]
pub enum RenderError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// `--fields` names a column that the report does not have.
    #[error("no column `{field}`; there are {}", .columns.join(", "))]
    UnknownField { field: String, columns: Vec<String> },
    /// This report has no such form.
    #[error("this cannot be printed as {}", .0.word())]
    NoSuchForm(Format),
}

/// What a bounded report looks like, to machines and to people.
pub trait View {
    /// Name and version of the JSON shape: `trial-balance/1`.
    fn schema(&self) -> &'static str;

    /// Facts before the rows of a JSON document: what was asked.
    fn head(&self) -> Vec<(&'static str, Json)>;

    /// The columns of every row, in contract order.
    fn columns(&self) -> Vec<Column>;

    /// Pushes every row; as many cells as there are columns.
    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()>;

    /// Facts after the rows of a JSON document: totals, proof.
    fn tail(&self) -> Vec<(&'static str, Json)>;

    /// True if each amount column may be added up over the rows: none of them is a sum of others.
    fn sums(&self) -> bool {
        false
    }

    /// The rows of a workbook, which people read: amounts on the side of their section.
    fn paper_rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        self.rows(push)
    }

    /// The lines below the table of a workbook; `None`: a total of each column that [`View::sums`].
    fn foot(&self) -> Option<Vec<FootLine<'_>>> {
        None
    }

    /// The same report laid out for reading.
    fn sheet(&self, people: &People) -> Sheet;
}

/// Writes a bounded report in the format asked for.
///
/// Errors: an unknown field or format before anything is written; else what `out` says.
pub fn write(out: &mut dyn Write, options: &Options, view: &dyn View) -> Result<(), RenderError> {
    if options.is_for_people() {
        let sheet = view.sheet(&options.people());
        let mut table = TableWriter::bounded(out, options, &sheet.title, sheet.columns)?;
        for row in sheet.rows {
            table.row(row)?;
        }
        return Ok(table.end(&sheet.notes)?);
    }
    let mut columns = view.columns();
    let sums = view.sums();
    let amounts = |column: &&mut Column| column.kind == cell::ColumnKind::Amount;
    columns
        .iter_mut()
        .filter(amounts)
        .for_each(|c| c.sums = sums);
    let mut writer = RowWriter::begin(out, options, view.schema(), &view.head(), columns)?;
    match options.format {
        Format::Xlsx => {
            view.paper_rows(&mut |cells| writer.row(cells))?;
            view.foot().iter().try_for_each(|foot| writer.foot(foot))?;
        }
        _ => view.rows(&mut |cells| writer.row(cells))?,
    }
    Ok(writer.end(&view.tail())?)
}
