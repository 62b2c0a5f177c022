//! csv and tsv: rows only. Text that a spreadsheet would compute gets a quote in front,
//! unless `--raw`.

use std::io::{self, Write};

use super::cell::push_plain;
use super::json::Json;
use super::rows::RowSink;
use super::text::for_csv;
use super::{Cell, Column, Options};

const BUFFER_BYTES: usize = 64 * 1024;

/// Rows separated by commas or tabs.
pub(super) struct SeparatedRows<'w> {
    writer: csv::Writer<&'w mut dyn Write>,
    scratch: Vec<u8>,
    raw: bool,
    tabs: bool,
}

impl<'w> SeparatedRows<'w> {
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        delimiter: u8,
        columns: &[Column],
    ) -> io::Result<SeparatedRows<'w>> {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .buffer_capacity(BUFFER_BYTES)
            .from_writer(out);
        if !options.no_header {
            writer.write_record(columns.iter().map(|c| c.name.as_bytes()))?;
        }
        Ok(SeparatedRows {
            writer,
            scratch: Vec::with_capacity(256),
            raw: options.raw,
            tabs: delimiter == b'\t',
        })
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        if self.tabs && text.contains(['\t', '\n', '\r']) {
            // A tab or line end inside a cell breaks most readers of tsv, quoted or not.
            return self.text(&text.replace(['\t', '\n', '\r'], " "));
        }
        if self.raw {
            self.writer.write_field(text)?;
        } else {
            self.writer.write_field(for_csv(text).as_bytes())?;
        }
        Ok(())
    }
}

impl RowSink for SeparatedRows<'_> {
    fn row(&mut self, cells: &mut dyn Iterator<Item = &Cell<'_>>) -> io::Result<()> {
        for cell in cells {
            match cell {
                Cell::Text(text) => self.text(text)?,
                Cell::Tags([]) => self.writer.write_field(b"")?,
                cell => {
                    self.scratch.clear();
                    push_plain(&mut self.scratch, cell);
                    if matches!(cell, Cell::Tags(_)) {
                        let tags = String::from_utf8_lossy(&self.scratch).into_owned();
                        self.text(&tags)?;
                    } else {
                        self.writer.write_field(&self.scratch)?;
                    }
                }
            }
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }

    fn end(&mut self, _: &[(&'static str, Json)]) -> io::Result<()> {
        self.writer.flush()
    }
}
