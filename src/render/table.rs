//! Tables for people: aligned text without rules, two spaces between columns.
//!
//! Bounded reports get the widths their content needs. Streams fix them on the first
//! [`STREAM_WIDTH_ROWS`] rows; what is longer afterwards wraps within its column and is never cut.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{
    Cell as TableCell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width,
};
use unicode_width::UnicodeWidthStr;

use super::cell::{ColumnKind, push_plain};
use super::html::HtmlTable;
use super::json::Json;
use super::md::MarkdownTable;
use super::rows::{Row, RowSink};
use super::text::for_table;
use super::{Align, Cell, Column, Format, Options, People, RenderError, SheetColumn, SheetRow};

/// How many rows of a stream decide the widths of its table.
pub const STREAM_WIDTH_ROWS: usize = 1000;
/// Room that amounts of later rows get in a stream longer than that, and the widest text.
const LATER_DIGITS: usize = 4;
const LATER_AMOUNT_MIN: usize = 14;
const LATER_TEXT: usize = 12;
const GAP: usize = 2;
/// Rows the layouter gets at once: it keeps several copies of each cell.
const LAYOUT_ROWS: usize = 32;
/// Text columns are not squeezed below this.
const TEXT_WIDTH_MIN: usize = 12;

/// Writes the rows of a sheet as they come, as a table, as Markdown or as a page.
pub struct TableWriter<'w> {
    kind: Kind<'w>,
}

enum Kind<'w> {
    Plain(PlainTable<'w>),
    Markdown(MarkdownTable<'w>),
    Html(HtmlTable<'w>),
}

impl<'w> TableWriter<'w> {
    /// A table that knows all its rows before its first line.
    pub fn bounded(
        out: &'w mut dyn Write,
        options: &Options,
        title: &str,
        columns: Vec<SheetColumn>,
    ) -> Result<TableWriter<'w>, RenderError> {
        TableWriter::begin(out, options, title, columns, usize::MAX)
    }

    /// A table in constant memory.
    pub fn stream(
        out: &'w mut dyn Write,
        options: &Options,
        title: &str,
        columns: Vec<SheetColumn>,
    ) -> Result<TableWriter<'w>, RenderError> {
        TableWriter::begin(out, options, title, columns, STREAM_WIDTH_ROWS)
    }

    fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        title: &str,
        columns: Vec<SheetColumn>,
        held_max: usize,
    ) -> Result<TableWriter<'w>, RenderError> {
        let kind = match options.format {
            Format::Md => Kind::Markdown(MarkdownTable::begin(out, title, &columns)?),
            Format::Html => Kind::Html(HtmlTable::begin(out, title, &columns, options.raw)?),
            _ => Kind::Plain(PlainTable::begin(out, options, title, columns, held_max)?),
        };
        Ok(TableWriter { kind })
    }

    pub fn row(&mut self, row: SheetRow) -> io::Result<()> {
        match &mut self.kind {
            Kind::Plain(table) => table.row(row),
            Kind::Markdown(table) => table.row(&row),
            Kind::Html(table) => table.row(&row),
        }
    }

    /// Ends the table; the notes follow it, a line each.
    pub fn end(mut self, notes: &[String]) -> io::Result<()> {
        self.finish(notes)
    }

    fn finish(&mut self, notes: &[String]) -> io::Result<()> {
        match &mut self.kind {
            Kind::Plain(table) => table.end(notes),
            Kind::Markdown(table) => table.end(notes),
            Kind::Html(table) => table.end(notes),
        }
    }
}

struct PlainTable<'w> {
    out: &'w mut dyn Write,
    columns: Vec<SheetColumn>,
    header: bool,
    colour: bool,
    wrap_at: Option<usize>,
    /// Rows not written yet.
    held: Vec<SheetRow>,
    held_max: usize,
    /// Fixed once the first rows are written.
    widths: Option<Vec<usize>>,
}

impl<'w> PlainTable<'w> {
    fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        title: &str,
        columns: Vec<SheetColumn>,
        held_max: usize,
    ) -> io::Result<PlainTable<'w>> {
        if !title.is_empty() && !options.no_header {
            strong_line(out, options.colour, &for_table(title))?;
        }
        Ok(PlainTable {
            out,
            header: !options.no_header && columns.iter().any(|c| !c.heading.is_empty()),
            columns,
            colour: options.colour,
            wrap_at: options.width,
            held: Vec::new(),
            held_max,
            widths: None,
        })
    }

    fn row(&mut self, row: SheetRow) -> io::Result<()> {
        self.held.push(row);
        if self.held.len() >= self.held_max {
            self.write_held(true)?;
        }
        Ok(())
    }

    fn end(&mut self, notes: &[String]) -> io::Result<()> {
        self.write_held(false)?;
        for note in notes {
            writeln!(self.out, "{}", for_table(note))?;
        }
        Ok(())
    }

    /// Writes what is held, fixing the widths the first time, with some room if the stream goes on.
    fn write_held(&mut self, goes_on: bool) -> io::Result<()> {
        let mut held = std::mem::take(&mut self.held);
        for row in &mut held {
            make_safe(row);
        }
        let first = self.widths.is_none();
        let widths = match self.widths.take() {
            Some(widths) => widths,
            None => self.measure(&held, goes_on),
        };
        if first && self.header && !(held.is_empty() && self.held_max == usize::MAX) {
            let headings = self.columns.iter().map(|c| c.heading.clone()).collect();
            self.write_rows(&widths, &[SheetRow::Strong(headings)])?;
        }
        self.write_rows(&widths, &held)?;
        self.widths = Some(widths);
        Ok(())
    }

    fn measure(&self, rows: &[SheetRow], goes_on: bool) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .map(|c| if self.header { c.heading.width() } else { 0 })
            .collect();
        for row in rows {
            let cells = row.cells();
            let spills = matches!(row, SheetRow::Spill(_));
            for (index, (width, cell)) in widths.iter_mut().zip(cells).enumerate() {
                if spills && self.runs_over(cells, index) {
                    continue;
                }
                let longest = cell.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
                *width = (*width).max(longest);
            }
        }
        if goes_on {
            self.make_room(&mut widths);
        }
        if let Some(wrap_at) = self.wrap_at {
            squeeze(&mut widths, &self.columns, wrap_at);
        }
        widths
    }

    /// Later rows of a stream may be longer than the first ones.
    fn make_room(&self, widths: &mut [usize]) {
        let mut columns: Vec<_> = widths.iter_mut().zip(&self.columns).collect();
        for (width, column) in &mut columns {
            if column.align == Align::Right {
                **width = (**width + LATER_DIGITS).max(LATER_AMOUNT_MIN);
            }
        }
        let text = columns.into_iter().filter(|(_, c)| c.align == Align::Left);
        if let Some((width, _)) = text.max_by_key(|(width, _)| **width) {
            *width += LATER_TEXT;
        }
    }

    /// Whether a cell of a spilling row has room after it.
    fn runs_over(&self, cells: &[String], index: usize) -> bool {
        self.columns[index].align == Align::Left
            && cells.get(index + 1).is_none_or(|next| next.is_empty())
    }

    /// Runs of ordinary rows go through the table layouter; spilling rows stand between them.
    fn write_rows(&mut self, widths: &[usize], rows: &[SheetRow]) -> io::Result<()> {
        let mut rest = rows;
        while let Some(first) = rest.first() {
            let strong = matches!(first, SheetRow::Strong(_));
            if let SheetRow::Spill(cells) = first {
                let line = spill_line(&self.columns, widths, cells);
                writeln!(self.out, "{line}")?;
                rest = &rest[1..];
                continue;
            }
            let same = |row: &&SheetRow| {
                !matches!(row, SheetRow::Spill(_)) && matches!(row, SheetRow::Strong(_)) == strong
            };
            let run = rest.iter().take(LAYOUT_ROWS).take_while(same).count();
            let table = layout(&self.columns, widths, &rest[..run]);
            for line in table.lines() {
                let line = line.trim_end();
                if strong {
                    strong_line(self.out, self.colour, line)?;
                } else {
                    writeln!(self.out, "{line}")?;
                }
            }
            rest = &rest[run..];
        }
        Ok(())
    }
}

fn make_safe(row: &mut SheetRow) {
    let (SheetRow::Cells(cells) | SheetRow::Strong(cells) | SheetRow::Spill(cells)) = row;
    for cell in cells {
        if let Cow::Owned(safe) = for_table(cell) {
            *cell = safe;
        }
    }
}

fn layout(columns: &[SheetColumn], widths: &[usize], rows: &[SheetRow]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::MAX);
    for row in rows {
        let cells = row.cells();
        table.add_row((0..columns.len()).map(|i| {
            let text = cells.get(i).map_or("", String::as_str);
            let align = match columns[i].align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            };
            TableCell::new(text).set_alignment(align)
        }));
    }
    for (index, width) in widths.iter().enumerate() {
        let gap = if index + 1 < widths.len() { GAP } else { 0 };
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, u16::try_from(gap).unwrap_or(0)));
            let all = u16::try_from(width.saturating_add(gap).max(1)).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(all)));
        }
    }
    table
}

fn spill_line(columns: &[SheetColumn], widths: &[usize], cells: &[String]) -> String {
    let mut line = String::new();
    let mut start = 0;
    for ((cell, column), width) in cells.iter().zip(columns).zip(widths) {
        if !cell.is_empty() {
            let before = match column.align {
                Align::Left => start,
                Align::Right => (start + width).saturating_sub(cell.width()),
            };
            let at = line.width();
            let pad = before.saturating_sub(at).max(usize::from(at > 0));
            line.extend(std::iter::repeat_n(' ', pad));
            line.push_str(cell);
        }
        start += width + GAP;
    }
    line.truncate(line.trim_end().len());
    line
}

/// Narrows the widest text columns until the table fits, or none can give more.
fn squeeze(widths: &mut [usize], columns: &[SheetColumn], wrap_at: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    loop {
        let total: usize = widths.iter().sum::<usize>() + gaps;
        if total <= wrap_at {
            return;
        }
        let widest = widths
            .iter_mut()
            .zip(columns)
            .filter(|(width, column)| column.align == Align::Left && **width > TEXT_WIDTH_MIN)
            .max_by_key(|(width, _)| **width);
        match widest {
            Some((width, _)) => *width -= 1,
            None => return,
        }
    }
}

fn strong_line(out: &mut dyn Write, colour: bool, line: &str) -> io::Result<()> {
    if colour && !line.is_empty() {
        let style = anstyle::Style::new().bold();
        writeln!(out, "{style}{line}{style:#}")
    } else {
        writeln!(out, "{line}")
    }
}

/// Machine rows as a table: what `--fields` gives people.
pub(super) struct CellTable<'w> {
    table: TableWriter<'w>,
    people: People,
}

impl<'w> CellTable<'w> {
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        columns: &[Column],
    ) -> Result<CellTable<'w>, RenderError> {
        let columns = columns
            .iter()
            .map(|column| match column.kind {
                ColumnKind::Text => SheetColumn::left(titled(&column.name)),
                ColumnKind::Number | ColumnKind::Amount => SheetColumn::right(titled(&column.name)),
            })
            .collect();
        Ok(CellTable {
            table: TableWriter::stream(out, options, "", columns)?,
            people: options.people(),
        })
    }
}

impl RowSink for CellTable<'_> {
    fn row(&mut self, row: Row<'_, '_>) -> io::Result<()> {
        let people = self.people;
        let text = |cell: &Cell<'_>| match cell {
            Cell::Date(date) => people.date(*date),
            Cell::Amount(minor, currency) => people.signed(*minor, currency),
            other => {
                let mut bytes = Vec::new();
                push_plain(&mut bytes, other);
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        self.table
            .row(SheetRow::Cells(row.cells().map(text).collect()))
    }

    fn end(&mut self, _: &[(&'static str, Json)]) -> io::Result<()> {
        self.table.finish(&[])
    }
}

/// `as_of` → `As of`.
fn titled(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => first
            .to_uppercase()
            .chain(chars)
            .collect::<String>()
            .replace('_', " "),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(options: &Options, rows: Vec<SheetRow>, stream: bool) -> String {
        let mut out = Vec::new();
        let columns = vec![
            SheetColumn::left("Name"),
            SheetColumn::left("What"),
            SheetColumn::right("Sum"),
        ];
        let mut table = if stream {
            TableWriter::stream(&mut out, options, "Title", columns).unwrap()
        } else {
            TableWriter::bounded(&mut out, options, "Title", columns).unwrap()
        };
        for row in rows {
            table.row(row).unwrap();
        }
        table.end(&["Note.".to_owned()]).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn cells(texts: [&str; 3]) -> SheetRow {
        SheetRow::Cells(texts.map(str::to_owned).to_vec())
    }

    #[test]
    fn columns_are_as_wide_as_what_they_show_in_any_script() {
        let rows = vec![
            cells(["चाय", "日本", "1.00"]),
            SheetRow::Spill(vec!["VOID".into(), "runs over the sum".into()]),
            SheetRow::Spill(vec!["A total of all".into(), String::new(), "12.00".into()]),
        ];
        assert_eq!(
            drawn(&Options::default(), rows, false),
            "Title\nName  What    Sum\nचाय   日本   1.00\nVOID  runs over the sum\nA total of all 12.00\nNote.\n"
        );
    }

    #[test]
    fn a_narrow_table_wraps_text_and_never_amounts() {
        let options = Options {
            width: Some(30),
            ..Options::default()
        };
        let rows = vec![cells(["Ramesh", "bill of the fourth of April", "1,000.00"])];
        assert_eq!(
            drawn(&options, rows, false),
            "Title\nName    What               Sum\nRamesh  bill of the   1,000.00\n        fourth of\n        April\nNote.\n"
        );
    }

    #[test]
    fn a_stream_keeps_the_widths_of_its_beginning_and_cuts_nothing() {
        let mut rows = vec![cells(["a", "short", "1.00"]); STREAM_WIDTH_ROWS];
        rows.push(cells(["b", "longer than before, by far", "1,00,000.00"]));
        let text = drawn(&Options::default(), rows, true);
        let last: Vec<&str> = text.lines().skip(STREAM_WIDTH_ROWS + 2).collect();
        assert_eq!(
            last,
            [
                "b     longer than           1,00,000.00",
                "      before, by far",
                "Note."
            ]
        );
    }

    #[test]
    fn nobody_writes_to_the_terminal_but_us() {
        let rows = vec![cells(["\u{1b}[2J", "a\nb", "1"])];
        let text = drawn(&Options::default(), rows, false);
        assert!(text.contains("␛[2J  a b"), "{text}");
        let options = Options {
            colour: true,
            ..Options::default()
        };
        assert!(drawn(&options, Vec::new(), false).starts_with("\u{1b}[1mTitle\u{1b}[0m\n"));
    }
}
