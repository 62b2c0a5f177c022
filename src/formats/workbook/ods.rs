//! OpenDocument spreadsheets (ODS): one XML part with all sheets, where runs of equal cells are counted.

use super::cells::{self, Cells, ROWS_MAX};
use super::xml::{self, Element, Node, broken};
use super::zip::Archive;
use super::{SHEET_BYTES_MAX, SheetName};
use crate::formats::csv::table::COLUMNS_MAX;
use crate::formats::fault::Fault;

/// True if the archive says that it is a spreadsheet.
pub fn is_spreadsheet(archive: &Archive<'_>) -> bool {
    let mut kind = Vec::new();
    if let Ok(Some(mut from)) = archive.read("mimetype", 200) {
        let _ = std::io::Read::read_to_end(&mut from, &mut kind);
    }
    kind.starts_with(b"application/vnd.oasis.opendocument.spreadsheet")
}

/// All sheets of a workbook, each with its cells.
pub fn read(archive: &Archive<'_>) -> Result<Vec<(SheetName, Cells)>, Fault> {
    let from = archive
        .read("content.xml", SHEET_BYTES_MAX)?
        .ok_or_else(|| broken("its content is missing"))?;
    let mut reader = Reader::default();
    xml::walk(from, &mut |node| reader.take(node))?;
    Ok(reader.sheets)
}

/// The most times a row that holds something may be repeated: a file of a few bytes could hold a million.
const REPEATS_MAX: u32 = 10_000;

#[derive(Default)]
struct Reader {
    sheets: Vec<(SheetName, Cells)>,
    row: u32,
    column: u32,
    /// How often the row and the cell are repeated.
    row_times: u32,
    cell_times: u32,
    /// The cells of the row, for its repeats.
    filled: Vec<(u32, String)>,
    /// What the cell's attributes say; its text else.
    value: Option<String>,
    text: String,
    paragraphs: usize,
    in_cell: bool,
    in_text: bool,
    /// Depth inside of a note, whose text is not the cell's.
    notes: usize,
    /// A table inside of a cell or drawing is no sheet.
    tables: usize,
}

impl Reader {
    fn take(&mut self, node: Node<'_>) -> Result<(), Fault> {
        match node {
            Node::Open(e) if e.is("annotation") => self.notes += 1,
            Node::Close("annotation") => self.notes = self.notes.saturating_sub(1),
            _ if self.notes > 0 => {}
            Node::Open(e) if e.is("table") => self.open_table(e),
            Node::Close("table") => self.tables = self.tables.saturating_sub(1),
            _ if self.tables != 1 => {}
            Node::Open(e) if e.is("table-row") => {
                self.row_times = e.number("number-rows-repeated").unwrap_or(1).max(1);
                self.column = 0;
                self.filled.clear();
            }
            Node::Close("table-row") => return self.close_row(),
            Node::Open(e) if e.is("table-cell") || e.is("covered-table-cell") => self.open_cell(e),
            Node::Close("table-cell" | "covered-table-cell") => return self.close_cell(),
            Node::Open(e) if self.in_cell && e.is("p") => {
                if self.paragraphs > 0 {
                    self.text.push(' ');
                }
                self.paragraphs += 1;
                self.in_text = true;
            }
            Node::Close("p") => self.in_text = false,
            Node::Open(e) if self.in_text && (e.is("s") || e.is("tab") || e.is("line-break")) => {
                self.text.push(' ');
            }
            Node::Text(text) if self.in_text => self.text.push_str(text),
            _ => {}
        }
        Ok(())
    }

    fn open_table(&mut self, element: &Element<'_>) {
        self.tables += 1;
        if self.tables == 1 {
            let name = element.get("name").unwrap_or_default();
            let hidden = element.get("display").is_some_and(|d| d == "false");
            self.sheets
                .push((SheetName { name, hidden }, Cells::default()));
            self.row = 0;
        }
    }

    fn open_cell(&mut self, element: &Element<'_>) {
        self.in_cell = true;
        self.in_text = false;
        self.paragraphs = 0;
        self.text.clear();
        self.cell_times = element
            .number("number-columns-repeated")
            .unwrap_or(1)
            .max(1);
        self.value = match element.get("value-type").as_deref() {
            Some("float" | "currency" | "percentage") => element
                .get("value")
                .and_then(|v| v.parse().ok())
                .map(cells::number),
            Some("date") => element.get("date-value").map(|d| d.replace('T', " ")),
            Some("time") => element.get("time-value").and_then(|t| time(&t)),
            Some("boolean") => element.get("boolean-value").map(|b| b.to_uppercase()),
            _ => None,
        };
    }

    fn close_cell(&mut self) -> Result<(), Fault> {
        self.in_cell = false;
        let text = self
            .value
            .take()
            .unwrap_or_else(|| std::mem::take(&mut self.text));
        if !text.trim().is_empty() {
            let until = self.column.saturating_add(self.cell_times);
            if until as usize > COLUMNS_MAX {
                let sheet = self.sheets.last_mut().map(|(_, cells)| cells);
                return sheet.map_or(Ok(()), |cells| cells.put(self.row, until, &text));
            }
            self.filled
                .extend((self.column..until).map(|column| (column, text.clone())));
        }
        self.column = self.column.saturating_add(self.cell_times);
        Ok(())
    }

    fn close_row(&mut self) -> Result<(), Fault> {
        let Some((_, cells)) = self.sheets.last_mut() else {
            return Ok(());
        };
        if !self.filled.is_empty() {
            if self.row_times > REPEATS_MAX {
                return cells::too_large(
                    self.row,
                    format!("one row is repeated {} times", self.row_times),
                );
            }
            for row in self.row..self.row.saturating_add(self.row_times).min(ROWS_MAX + 1) {
                for (column, text) in &self.filled {
                    cells.put(row, *column, text)?;
                }
            }
        }
        self.row = self.row.saturating_add(self.row_times);
        Ok(())
    }
}

/// `PT10H15M00S` → `10:15:00`.
fn time(value: &str) -> Option<String> {
    let (hours, rest) = value.strip_prefix("PT")?.split_once('H')?;
    let (minutes, rest) = rest.split_once('M')?;
    let seconds = rest.trim_end_matches('S').split(['.', ',']).next()?;
    let number = |text: &str| text.parse::<u32>().ok();
    Some(format!(
        "{:02}:{:02}:{:02}",
        number(hours)?,
        number(minutes)?,
        number(seconds)?
    ))
}
