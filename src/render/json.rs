//! JSON documents (heading, rows, totals) and ndjson (rows only).
//!
//! A document is one object that begins with its schema; each row is one line of it, so
//! that documents of any length are written as they come and still read well.

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::civil::Date;

use super::cell::push_plain;
use super::rows::{Row, RowSink};
use super::sanitize::is_harmful;
use super::{Cell, Column};
use crate::ledger::amount_format;
use crate::ledger::cell_text::tag_text;
use crate::ledger::currency::Currency;

const FLUSH_BYTES: usize = 64 * 1024;

/// A fact beside the rows. Objects keep the order they are given in.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(Cow<'static, str>, Json)>),
}

impl Json {
    pub fn text(text: impl Into<String>) -> Json {
        Json::Text(text.into())
    }

    pub fn date(date: Option<Date>) -> Json {
        date.map_or(Json::Null, |d| Json::Text(d.to_string()))
    }

    /// `"123456.50"`; name the currency beside it.
    pub fn amount(minor: i128, currency: &Currency) -> Json {
        Json::Text(amount_format::machine(minor, currency.scale))
    }

    pub fn object<const N: usize>(members: [(&'static str, Json); N]) -> Json {
        Json::Object(
            members
                .into_iter()
                .map(|(name, value)| (Cow::Borrowed(name), value))
                .collect(),
        )
    }

    fn push(&self, out: &mut Vec<u8>) {
        match self {
            Json::Null => out.extend_from_slice(b"null"),
            Json::Bool(true) => out.extend_from_slice(b"true"),
            Json::Bool(false) => out.extend_from_slice(b"false"),
            Json::Number(number) => push_plain(out, &Cell::Number(*number)),
            Json::Text(text) => push_string(out, text),
            Json::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(b", ");
                    }
                    item.push(out);
                }
                out.push(b']');
            }
            Json::Object(members) => {
                out.push(b'{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(b", ");
                    }
                    push_string(out, name);
                    out.extend_from_slice(b": ");
                    value.push(out);
                }
                out.push(b'}');
            }
        }
    }
}

/// Appends a quoted string. Beyond what JSON asks, characters a terminal would obey are escaped.
fn push_string(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, text).is_err() {
        // Writing a string to memory cannot fail; an empty one keeps the document sound if it did.
        out.truncate(start);
        out.extend_from_slice(b"\"\"");
        return;
    }
    if text.is_ascii() && !text.contains('\u{7f}') || !text.chars().any(is_harmful) {
        return;
    }
    let quoted = String::from_utf8_lossy(&out[start..]).into_owned();
    out.truncate(start);
    for c in quoted.chars() {
        if is_harmful(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        } else {
            let mut buffer = [0; 4];
            out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
    }
}

fn push_cell(out: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Empty => out.extend_from_slice(b"null"),
        Cell::Number(_) => push_plain(out, cell),
        Cell::Text(text) => push_string(out, text),
        Cell::Tags(shared, own) => {
            out.push(b'[');
            for (index, tag) in shared.iter().chain(*own).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_string(out, &tag_text(tag));
            }
            out.push(b']');
        }
        // Dates, amounts, ids and our own words need no escapes.
        Cell::Word(_) | Cell::Date(_) | Cell::Amount(..) | Cell::Id(_) => {
            out.push(b'"');
            push_plain(out, cell);
            out.push(b'"');
        }
    }
}

/// Objects with the same members: `{"a":1,"b":2}`.
struct Objects<'w> {
    out: &'w mut dyn Write,
    buffer: Vec<u8>,
    /// What stands before each value: `{"a":`, `,"b":`.
    openings: Vec<Vec<u8>>,
}

impl<'w> Objects<'w> {
    fn new(out: &'w mut dyn Write, columns: &[Column]) -> Objects<'w> {
        let opening = |(index, column): (usize, &Column)| {
            let mut bytes = vec![if index == 0 { b'{' } else { b',' }];
            push_string(&mut bytes, &column.name);
            bytes.push(b':');
            bytes
        };
        Objects {
            out,
            buffer: Vec::with_capacity(FLUSH_BYTES + 4096),
            openings: columns.iter().enumerate().map(opening).collect(),
        }
    }

    fn row(&mut self, row: Row<'_, '_>) {
        for (opening, cell) in self.openings.iter().zip(row.cells()) {
            self.buffer.extend_from_slice(opening);
            push_cell(&mut self.buffer, cell);
        }
        self.buffer.push(b'}');
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() >= FLUSH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// One object a line.
pub(super) struct LineRows<'w> {
    objects: Objects<'w>,
}

impl<'w> LineRows<'w> {
    pub fn begin(out: &'w mut dyn Write, columns: &[Column]) -> LineRows<'w> {
        LineRows {
            objects: Objects::new(out, columns),
        }
    }
}

impl RowSink for LineRows<'_> {
    fn row(&mut self, row: Row<'_, '_>) -> io::Result<()> {
        self.objects.row(row);
        self.objects.buffer.push(b'\n');
        self.objects.flush_if_full()
    }

    fn end(&mut self, _: &[(&'static str, Json)]) -> io::Result<()> {
        self.objects.flush()
    }
}

/// One document: schema, heading, `rows`, totals.
pub(super) struct DocumentRows<'w> {
    objects: Objects<'w>,
    empty: bool,
}

impl<'w> DocumentRows<'w> {
    pub fn begin(
        out: &'w mut dyn Write,
        schema: &str,
        head: &[(&'static str, Json)],
        columns: &[Column],
    ) -> io::Result<DocumentRows<'w>> {
        let mut objects = Objects::new(out, columns);
        let buffer = &mut objects.buffer;
        buffer.extend_from_slice(b"{\n  \"schema\": ");
        push_string(buffer, &format!("hissab/{schema}"));
        push_members(buffer, head);
        buffer.extend_from_slice(b",\n  \"rows\": [");
        Ok(DocumentRows {
            objects,
            empty: true,
        })
    }
}

impl RowSink for DocumentRows<'_> {
    fn row(&mut self, row: Row<'_, '_>) -> io::Result<()> {
        let separator: &[u8] = if self.empty { b"\n    " } else { b",\n    " };
        self.objects.buffer.extend_from_slice(separator);
        self.empty = false;
        self.objects.row(row);
        self.objects.flush_if_full()
    }

    fn end(&mut self, tail: &[(&'static str, Json)]) -> io::Result<()> {
        let buffer = &mut self.objects.buffer;
        buffer.extend_from_slice(if self.empty { b"]" } else { b"\n  ]" });
        push_members(buffer, tail);
        buffer.extend_from_slice(b"\n}\n");
        self.objects.flush()
    }
}

fn push_members(buffer: &mut Vec<u8>, members: &[(&'static str, Json)]) {
    for (name, value) in members {
        buffer.extend_from_slice(b",\n  ");
        push_string(buffer, name);
        buffer.extend_from_slice(b": ");
        value.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_for_json_and_for_terminals() {
        let mut out = Vec::new();
        push_string(&mut out, "a\"b\u{1b}\u{9b}\u{7f}₹");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#""a\"b\u001b\u009b\u007f₹""#
        );
    }
}
