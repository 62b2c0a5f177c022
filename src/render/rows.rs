//! Machine rows into any format, one at a time: what bounded reports and streams share.

use std::io::{self, Write};

use super::csv::SeparatedRows;
use super::json::{DocumentRows, Json, LineRows};
use super::table::CellTable;
use super::xlsx::WorkbookRows;
use super::{Cell, Column, FootLine, Format, Options, RenderError};

/// The cells of one row that were picked, in the order wanted.
#[derive(Clone, Copy)]
pub(super) struct Row<'r, 'a> {
    cells: &'r [Cell<'a>],
    picked: Option<&'r [usize]>,
}

impl<'r, 'a> Row<'r, 'a> {
    pub fn cells(self) -> impl Iterator<Item = &'r Cell<'a>> {
        let count = self.picked.map_or(self.cells.len(), <[usize]>::len);
        (0..count).map(move |place| match self.picked {
            None => &self.cells[place],
            Some(picked) => &self.cells[picked[place]],
        })
    }
}

/// A format that takes rows.
pub(super) trait RowSink {
    fn row(&mut self, row: Row<'_, '_>) -> io::Result<()>;
    /// Called once at most, after the last row: what to say below the table.
    fn foot(&mut self, _: &[FootLine<'_>]) -> io::Result<()> {
        Ok(())
    }
    /// Called once, after the last row.
    fn end(&mut self, tail: &[(&'static str, Json)]) -> io::Result<()>;
}

/// Writes rows as they come, in constant memory.
pub struct RowWriter<'w> {
    sink: Box<dyn RowSink + 'w>,
    /// Places of the picked columns; `None`: all, in order.
    picked: Option<Vec<usize>>,
    columns: usize,
}

impl<'w> RowWriter<'w> {
    /// Starts output. `head` stands before the rows in a JSON document and nowhere else.
    ///
    /// Errors: an unknown field or a format that is not there yet, before anything is written.
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        schema: &str,
        head: &[(&'static str, Json)],
        columns: Vec<Column>,
    ) -> Result<RowWriter<'w>, RenderError> {
        let count = columns.len();
        let (picked, columns) = pick(&options.fields, columns)?;
        let sink: Box<dyn RowSink + 'w> = match options.format {
            Format::Csv => Box::new(SeparatedRows::begin(out, options, b',', &columns)?),
            Format::Tsv => Box::new(SeparatedRows::begin(out, options, b'\t', &columns)?),
            Format::Json => Box::new(DocumentRows::begin(out, schema, head, &columns)?),
            Format::Ndjson => Box::new(LineRows::begin(out, &columns)),
            Format::Xlsx => Box::new(WorkbookRows::begin(out, options, schema, head, &columns)?),
            Format::Table | Format::Md | Format::Html => {
                Box::new(CellTable::begin(out, options, &columns)?)
            }
            other @ Format::Hledger => return Err(RenderError::NoSuchForm(other)),
        };
        Ok(RowWriter {
            sink,
            picked,
            columns: count,
        })
    }

    /// Writes one row: a cell a column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns, "a cell a column");
        self.sink.row(Row {
            cells,
            picked: self.picked.as_deref(),
        })
    }

    /// Lines below the table, in formats that people read: instead of its own totals.
    pub fn foot(&mut self, lines: &[FootLine<'_>]) -> io::Result<()> {
        match self.picked {
            // The lines have an amount for each column of the report, and no place among some of them.
            Some(_) => Ok(()),
            None => self.sink.foot(lines),
        }
    }

    /// Ends output; `tail` stands after the rows in a JSON document and nowhere else.
    pub fn end(mut self, tail: &[(&'static str, Json)]) -> io::Result<()> {
        self.sink.end(tail)
    }
}

type Picked = (Option<Vec<usize>>, Vec<Column>);

/// The columns `--fields` asks for, and where they stand in a row.
fn pick(fields: &[String], columns: Vec<Column>) -> Result<Picked, RenderError> {
    if fields.is_empty() {
        return Ok((None, columns));
    }
    let mut places = Vec::with_capacity(fields.len());
    for field in fields {
        let Some(place) = columns.iter().position(|c| c.name == *field) else {
            return Err(RenderError::UnknownField {
                field: field.clone(),
                columns: columns.into_iter().map(|c| c.name.into_owned()).collect(),
            });
        };
        places.push(place);
    }
    let columns = places.iter().map(|p| columns[*p].clone()).collect();
    Ok((Some(places), columns))
}
