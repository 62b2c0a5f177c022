//! csv and tsv: rows only. Text that a spreadsheet would compute gets a quote in front,
//! unless `--raw`.
//!
//! Most cells are numbers, dates and plain words, which need no quotes: they go straight into the
//! buffer, and only the others through the csv writer. An export of millions is paced by this file.

use std::io::{self, Write};

use super::cell::push_plain;
use super::json::Json;
use super::rows::{Row, RowSink};
use super::text::for_csv;
use super::{Cell, Column, Options};

const FLUSH_BYTES: usize = 64 * 1024;

/// Rows separated by commas or tabs.
pub(super) struct SeparatedRows<'w> {
    out: &'w mut dyn Write,
    buffer: Vec<u8>,
    raw: bool,
    delimiter: u8,
}

impl<'w> SeparatedRows<'w> {
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        delimiter: u8,
        columns: &[Column],
    ) -> io::Result<SeparatedRows<'w>> {
        let mut rows = SeparatedRows {
            out,
            buffer: Vec::with_capacity(FLUSH_BYTES + 4096),
            raw: options.raw,
            delimiter,
        };
        if !options.no_header {
            for (index, column) in columns.iter().enumerate() {
                rows.separate(index);
                rows.text(&column.name)?;
            }
            rows.buffer.push(b'\n');
        }
        Ok(rows)
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.buffer.push(self.delimiter);
        }
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        if self.delimiter == b'\t' && text.contains(['\t', '\n', '\r']) {
            // A tab or line end inside a cell breaks most readers of tsv, quoted or not.
            return self.text(&text.replace(['\t', '\n', '\r'], " "));
        }
        if self.raw {
            self.quoted(text)
        } else {
            self.quoted(&for_csv(text))
        }
    }

    /// Text, in quotes where csv wants them.
    fn quoted(&mut self, text: &str) -> io::Result<()> {
        let delimiter = self.delimiter;
        let special = |b: &u8| matches!(*b, b'"' | b'\n' | b'\r') || *b == delimiter;
        if !text.as_bytes().iter().any(special) {
            self.buffer.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .from_writer(&mut self.buffer);
        // Only the end of a record closes the quotes.
        writer.write_record([text])?;
        writer.flush()?;
        drop(writer);
        self.buffer.pop();
        Ok(())
    }
}

impl RowSink for SeparatedRows<'_> {
    fn row(&mut self, row: Row<'_, '_>) -> io::Result<()> {
        let start = self.buffer.len();
        for (index, cell) in row.cells().enumerate() {
            self.separate(index);
            match cell {
                Cell::Text(text) => self.text(text)?,
                // Our own words are no formulas, but some hold a comma.
                Cell::Word(word) => self.quoted(word)?,
                Cell::Tags([], []) => {}
                Cell::Tags(..) => {
                    let mut tags = Vec::new();
                    push_plain(&mut tags, cell);
                    self.text(&String::from_utf8_lossy(&tags))?;
                }
                cell => push_plain(&mut self.buffer, cell),
            }
        }
        if self.buffer.len() == start {
            // A row of one empty cell would be an empty line, which readers skip.
            self.buffer.extend_from_slice(b"\"\"");
        }
        self.buffer.push(b'\n');
        if self.buffer.len() >= FLUSH_BYTES {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn end(&mut self, _: &[(&'static str, Json)]) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, RowWriter};
    use proptest::prelude::*;

    fn written(format: Format, raw: bool, texts: &[String]) -> Vec<u8> {
        let mut out = Vec::new();
        let options = Options {
            raw,
            ..Options::of(format)
        };
        let columns = vec![Column::text("a"), Column::text("b,c")];
        let mut rows = RowWriter::begin(&mut out, &options, "x/1", &[], columns).unwrap();
        for pair in texts.chunks_exact(2) {
            rows.row(&[Cell::text(&pair[0]), Cell::text(&pair[1])])
                .unwrap();
        }
        rows.end(&[]).unwrap();
        out
    }

    #[test]
    fn only_what_needs_quotes_has_them() {
        let texts = ["plain", "a \"b\", c", "two\nlines", "", "=1+1", "x\ty"];
        let texts: Vec<String> = texts.map(str::to_owned).to_vec();
        assert_eq!(
            String::from_utf8(written(Format::Csv, false, &texts)).unwrap(),
            "a,\"b,c\"\nplain,\"a \"\"b\"\", c\"\n\"two\nlines\",\n'=1+1,x\ty\n"
        );
        assert_eq!(
            String::from_utf8(written(Format::Tsv, true, &texts)).unwrap(),
            "a\tb,c\nplain\t\"a \"\"b\"\", c\"\ntwo lines\t\n=1+1\tx y\n"
        );
    }

    proptest! {
        /// What is written raw, any reader of csv gets back.
        #[test]
        fn raw_csv_is_read_back(texts in proptest::collection::vec(".{0,12}|[\",\n\r =x]{0,6}", 0..20)) {
            let out = written(Format::Csv, true, &texts);
            let mut reader = csv::ReaderBuilder::new().from_reader(out.as_slice());
            let read: Vec<String> = reader.records().flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
            prop_assert_eq!(&read[..], &texts[..texts.len() / 2 * 2]);
        }
    }
}
