//! A workbook: one sheet a report, with real dates and numbers, and totals that are formulas.
//!
//! A formula's value stands beside it, for programs that show a workbook without computing it. Cells
//! of text are text whatever they begin with. Spreadsheets keep 15 digits of a number: a longer amount
//! is written as text, and a note says so. A sheet has a million rows at most; then the next begins.
//! Rows wait in a temporary file, so a long export needs little memory until it is packed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::civil::Date;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format as Style, Formula, Workbook, Worksheet, XlsxError,
    utility::row_col_to_cell,
};

use super::cell::{ColumnKind, push_plain};
use super::json::Json;
use super::rows::{Row, RowSink};
use super::text::for_cell;
use super::{Cell, Column, FootLine, FootOf, Options};
use crate::ledger::amount_format::machine;

/// Rows of a sheet, with room for totals and notes below them.
const ROWS_MAX: u32 = 1_048_576 - 4_096;
/// Spreadsheets hold no longer text in a cell.
const TEXT_MAX: usize = 32_000;
/// Digits that a double holds exactly.
const DIGITS_MAX: usize = 15;

/// Sums of the summed columns, and the scale, by section and currency.
type Sums = BTreeMap<(Option<String>, String), (u8, Vec<i128>)>;

pub(super) struct WorkbookRows<'w> {
    out: &'w mut dyn Write,
    workbook: Workbook,
    name: String,
    /// Lines above the table.
    heading: Vec<String>,
    columns: Vec<Column>,
    header: bool,
    raw: bool,
    sheets: usize,
    /// The next row, and the first one of data.
    row: u32,
    first: u32,
    sums: Sums,
    /// Lines are written below the table instead of sums of it.
    footed: bool,
    /// Columns in which some amount is text.
    long: Vec<bool>,
    /// Void entries are among the rows: a sum would count them.
    voids: bool,
    styles: BTreeMap<u8, Style>,
    date: Style,
    strong: Style,
}

impl<'w> WorkbookRows<'w> {
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        schema: &str,
        head: &[(&'static str, Json)],
        columns: &[Column],
    ) -> io::Result<WorkbookRows<'w>> {
        let mut workbook = Workbook::new();
        // The same rows give the same bytes.
        let made = ExcelDateTime::from_ymd(2000, 1, 1).map_err(failed)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let name = sheet_name(schema);
        let mut rows = WorkbookRows {
            out,
            workbook,
            heading: if options.no_header {
                Vec::new()
            } else {
                heading(&name, head)
            },
            name,
            columns: columns.to_vec(),
            header: !options.no_header,
            raw: options.raw,
            sheets: 0,
            row: 0,
            first: 0,
            sums: Sums::new(),
            footed: false,
            long: vec![false; columns.len()],
            voids: false,
            styles: BTreeMap::new(),
            date: Style::new().set_num_format("yyyy-mm-dd"),
            strong: Style::new().set_bold(),
        };
        rows.begin_sheet()?;
        Ok(rows)
    }

    fn sheet(&mut self) -> io::Result<&mut Worksheet> {
        let last = self.sheets - 1;
        self.workbook.worksheet_from_index(last).map_err(failed)
    }

    fn begin_sheet(&mut self) -> io::Result<()> {
        self.sheets += 1;
        let name = match self.sheets {
            1 => self.name.clone(),
            many => format!("{} {many}", self.name),
        };
        let sheet = self
            .workbook
            .add_worksheet_with_constant_memory()
            .map_err(failed)?;
        sheet.set_name(name).map_err(failed)?;
        for (place, column) in self.columns.iter().enumerate() {
            sheet
                .set_column_width(place as u16, width(column))
                .map_err(failed)?;
        }
        sheet.set_landscape();
        sheet.set_print_fit_to_pages(1, 0);
        let mut row = 0;
        for line in &self.heading {
            let text = for_cell(line, false, TEXT_MAX);
            sheet
                .write_string_with_format(row, 0, &*text, &self.strong)
                .map_err(failed)?;
            row += 1;
        }
        if self.header {
            row += u32::from(row > 0);
            for (place, column) in self.columns.iter().enumerate() {
                let place = place as u16;
                let text = for_cell(&column.name, false, TEXT_MAX);
                sheet
                    .write_string_with_format(row, place, &*text, &self.strong)
                    .map_err(failed)?;
            }
            row += 1;
            sheet.set_freeze_panes(row, 0).map_err(failed)?;
            sheet.set_repeat_rows(row - 1, row - 1).map_err(failed)?;
        }
        (self.row, self.first) = (row, row);
        self.sums.clear();
        self.long.fill(false);
        self.voids = false;
        Ok(())
    }

    fn style(&mut self, scale: u8) -> Style {
        let style = self.styles.entry(scale).or_insert_with(|| {
            let places = match scale {
                0 => String::new(),
                some => format!(".{}", "0".repeat(usize::from(some))),
            };
            Style::new().set_num_format(format!("#,##0{places}"))
        });
        style.clone()
    }

    fn text(&mut self, row: u32, place: u16, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let text = for_cell(text, self.raw, TEXT_MAX).into_owned();
        self.sheet()?
            .write_string(row, place, text)
            .map(drop)
            .map_err(failed)
    }

    fn cell(&mut self, place: u16, cell: &Cell<'_>) -> io::Result<()> {
        let row = self.row;
        match cell {
            Cell::Empty => Ok(()),
            Cell::Date(date) => self.date(row, place, *date),
            Cell::Number(number) if number.to_string().len() <= DIGITS_MAX => self
                .sheet()?
                .write_number(row, place, *number as f64)
                .map(drop)
                .map_err(failed),
            Cell::Amount(minor, currency) => {
                let exact = self.amount(row, place, *minor, currency.scale, None)?;
                self.long[usize::from(place)] |= !exact;
                Ok(())
            }
            Cell::Text(text) => self.text(row, place, text),
            other => {
                let mut plain = Vec::new();
                push_plain(&mut plain, other);
                self.text(row, place, &String::from_utf8_lossy(&plain))
            }
        }
    }

    fn date(&mut self, row: u32, place: u16, date: Date) -> io::Result<()> {
        let small = |part: i8| u8::try_from(part).unwrap_or(0);
        let year = u16::try_from(date.year()).unwrap_or(0);
        match ExcelDateTime::from_ymd(year, small(date.month()), small(date.day())) {
            Ok(day) => {
                let style = self.date.clone();
                self.sheet()?
                    .write_datetime_with_format(row, place, &day, &style)
                    .map(drop)
                    .map_err(failed)
            }
            Err(_) => self.text(row, place, &date.to_string()),
        }
    }

    /// Writes an amount, computed by a formula if there is one: true if a number holds all its digits.
    fn amount(
        &mut self,
        row: u32,
        place: u16,
        minor: i128,
        scale: u8,
        formula: Option<String>,
    ) -> io::Result<bool> {
        let text = machine(minor, scale);
        let digits = minor.unsigned_abs().to_string().len();
        let number = text.parse::<f64>().ok().filter(|_| digits <= DIGITS_MAX);
        let style = self.style(scale);
        let sheet = self.sheet()?;
        match (number, formula) {
            (Some(_), Some(formula)) => {
                let formula = Formula::new(formula).set_result(&text);
                sheet.write_formula_with_format(row, place, formula, &style)
            }
            (Some(number), None) => sheet.write_number_with_format(row, place, number, &style),
            (None, _) => sheet.write_string(row, place, &text),
        }
        .map_err(failed)?;
        Ok(number.is_some())
    }

    /// Adds a row's amounts to the sums of its section and currency.
    fn add(&mut self, row: Row<'_, '_>) {
        let count = self.columns.len();
        let mut section = None;
        for (cell, column) in row.cells().zip(&self.columns) {
            if column.name == "section"
                && let Cell::Word(word) = cell
            {
                section = Some((*word).to_owned());
            }
            self.voids |= column.name == "status" && *cell == Cell::Word("void");
        }
        for (place, (cell, column)) in row.cells().zip(&self.columns).enumerate() {
            let Cell::Amount(minor, currency) = cell else {
                continue;
            };
            if column.sums {
                let key = (section.clone(), currency.code.to_string());
                let sums = self
                    .sums
                    .entry(key)
                    .or_insert_with(|| (currency.scale, vec![0; count]));
                sums.1[place] = sums.1[place].saturating_add(*minor);
            }
        }
    }

    /// Lines below the table. A number without a formula stands where its cells are not on the sheet.
    fn foot_lines(&mut self, lines: &[FootLine<'_>]) -> io::Result<()> {
        let last = (self.row > self.first).then(|| self.row - 1);
        let begin = self.row + 1;
        self.row = begin;
        let amounts: Vec<u16> = (0u16..)
            .zip(&self.columns)
            .filter(|(_, column)| column.kind == ColumnKind::Amount)
            .map(|(place, _)| place)
            .collect();
        for line in lines {
            let row = self.row;
            let (strong, label) = (self.strong.clone(), for_cell(&line.label, false, TEXT_MAX));
            self.sheet()?
                .write_string_with_format(row, 0, &*label, &strong)
                .map_err(failed)?;
            if let Some(place) = self.place_of("currency").filter(|place| *place > 0) {
                self.text(row, place, &line.currency.code)?;
            }
            for (place, minor) in amounts.iter().zip(&line.amounts) {
                let Some(minor) = minor else { continue };
                let formula = self.foot_formula(line, *place, begin, last);
                let exact = self.amount(row, *place, *minor, line.currency.scale, formula)?;
                self.long[usize::from(*place)] |= !exact;
            }
            self.row += 1;
        }
        Ok(())
    }

    fn place_of(&self, name: &str) -> Option<u16> {
        let place = self.columns.iter().position(|c| c.name == name)?;
        u16::try_from(place).ok()
    }

    fn foot_formula(
        &self,
        line: &FootLine<'_>,
        place: u16,
        begin: u32,
        last: Option<u32>,
    ) -> Option<String> {
        // What is text would be left out of a sum.
        if self.long[usize::from(place)] {
            return None;
        }
        let is = |name: &str, word: &str| {
            let range = self.range(self.place_of(name)?, last?);
            Some(format!(
                "--EXACT({range},\"{}\")",
                word.replace('"', "\"\"")
            ))
        };
        let range = || Some(self.range(place, last?));
        match &line.of {
            FootOf::Value => None,
            FootOf::Rows { section } => {
                let tests = [
                    is("section", section)?,
                    is("currency", &line.currency.code)?,
                ];
                Some(format!("SUMPRODUCT({},{})", tests.join(","), range()?))
            }
            FootOf::Side { column, debit } => {
                let side = self.range(self.place_of(column)?, last?);
                let more = if *debit { ">=" } else { "<" };
                let currency = is("currency", &line.currency.code)?;
                Some(format!(
                    "SUMPRODUCT(--({side}{more}0),{currency},{})",
                    range()?
                ))
            }
            FootOf::Lines(lines) => {
                let cells = lines.iter().map(|(taken, at)| {
                    let cell = row_col_to_cell(begin + *at as u32, place);
                    format!("{}{cell}", if *taken { "-" } else { "+" })
                });
                Some(cells.collect::<String>()).filter(|text| !text.is_empty())
            }
        }
    }

    /// A line of totals for each section and currency.
    fn totals(&mut self) -> io::Result<()> {
        let sums = std::mem::take(&mut self.sums);
        let place_of = |name: &str| self.columns.iter().position(|c| c.name == name);
        let (section_at, currency_at) = (place_of("section"), place_of("currency"));
        // Without the column nobody could say which rows a sum is of.
        let several = sums.len() > 1;
        if self.voids {
            return Ok(());
        }
        let told =
            |(section, _): &(Option<String>, String)| section.is_none() || section_at.is_some();
        if several && (currency_at.is_none() || !sums.keys().all(told)) {
            return Ok(());
        }
        let last = self.row - 1;
        if !sums.is_empty() {
            self.row += 1;
        }
        for ((section, code), (scale, amounts)) in sums {
            let row = self.row;
            let strong = self.strong.clone();
            let keys = [
                (section_at, section.as_deref()),
                (currency_at, Some(&*code)),
            ];
            self.sheet()?
                .write_string_with_format(row, 0, "Total", &strong)
                .map_err(failed)?;
            let mut tests = Vec::new();
            for (at, word) in keys {
                if let (Some(at), Some(word)) = (at, word) {
                    let word = if at == 0 {
                        format!("Total {word}")
                    } else {
                        word.to_owned()
                    };
                    self.text(row, at as u16, &word)?;
                    if several {
                        tests.push(self.test(at as u16, last, row));
                    }
                }
            }
            let columns = self.columns.clone();
            for (place, column) in columns.iter().enumerate().filter(|(_, c)| c.sums) {
                let at = place as u16;
                let range = self.range(at, last);
                let formula = match tests.as_slice() {
                    [] => format!("SUM({range})"),
                    tests => format!("SUMPRODUCT({},{range})", tests.join(",")),
                };
                // What is text would be left out of a sum.
                let formula = (!self.long[place]).then_some(formula);
                debug_assert!(column.kind == ColumnKind::Amount);
                self.amount(row, at, amounts[place], scale, formula)?;
            }
            self.row += 1;
        }
        Ok(())
    }

    fn range(&self, place: u16, last: u32) -> String {
        let (from, to) = (
            row_col_to_cell(self.first, place),
            row_col_to_cell(last, place),
        );
        format!("{from}:{to}")
    }

    /// Which rows say in this column what the row of the total says.
    fn test(&self, place: u16, last: u32, row: u32) -> String {
        let said = row_col_to_cell(row, place);
        let said = match place {
            0 => format!("MID({said},7,255)"),
            _ => said,
        };
        format!("--EXACT({},{said})", self.range(place, last))
    }

    /// Lets people filter the rows so far.
    fn filter_rows(&mut self) -> io::Result<()> {
        if !self.header {
            return Ok(());
        }
        let (from, to) = (self.first - 1, self.row - 1);
        let last = (self.columns.len().max(1) - 1) as u16;
        self.sheet()?
            .autofilter(from, 0, to, last)
            .map(drop)
            .map_err(failed)
    }

    fn end_sheet(&mut self, tail: &[(&'static str, Json)]) -> io::Result<()> {
        let any_long = self.long.contains(&true);
        if self.row > self.first && !self.footed {
            self.filter_rows()?;
            self.totals()?;
        }
        let mut notes = Vec::new();
        if any_long {
            notes.push("Amounts of more than 15 digits are text: spreadsheets would round them.");
        }
        for (name, fact) in tail {
            if *name == "proof" && matches!(fact, Json::Object(_)) {
                notes.push(if proves(fact) {
                    "Proved."
                } else {
                    "Does not prove."
                });
            }
        }
        for note in notes {
            self.row += 1;
            let row = self.row;
            self.text(row, 0, note)?;
        }
        Ok(())
    }
}

impl RowSink for WorkbookRows<'_> {
    fn row(&mut self, row: Row<'_, '_>) -> io::Result<()> {
        if self.row >= ROWS_MAX {
            self.end_sheet(&[])?;
            self.begin_sheet()?;
        }
        self.add(row);
        for (place, cell) in row.cells().enumerate() {
            self.cell(place as u16, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    fn foot(&mut self, lines: &[FootLine<'_>]) -> io::Result<()> {
        self.footed = true;
        if self.row > self.first {
            self.filter_rows()?;
        }
        self.foot_lines(lines)
    }

    fn end(&mut self, tail: &[(&'static str, Json)]) -> io::Result<()> {
        self.end_sheet(tail)?;
        let packed = self.workbook.save_to_buffer().map_err(failed)?;
        self.out.write_all(&packed)
    }
}

fn proves(proof: &Json) -> bool {
    let Json::Object(members) = proof else {
        return false;
    };
    members
        .iter()
        .any(|(name, value)| name == "result" && *value == Json::text("proved"))
}

fn failed(error: XlsxError) -> io::Error {
    io::Error::other(error.to_string())
}

/// `trial-balance/1` → `Trial balance`.
fn sheet_name(schema: &str) -> String {
    let word = schema.split('/').next().unwrap_or("").replace('-', " ");
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).take(28).collect(),
        None => "Sheet".to_owned(),
    }
}

/// What, of whom, and which days.
fn heading(name: &str, head: &[(&'static str, Json)]) -> Vec<String> {
    let find = |wanted: &str| {
        head.iter()
            .find(|(key, _)| *key == wanted)
            .and_then(|(_, value)| match value {
                Json::Text(text) if !text.is_empty() => Some(text.as_str()),
                _ => None,
            })
    };
    let mut lines = vec![match find("book") {
        Some(book) => format!("{name} · {book}"),
        None => name.to_owned(),
    }];
    lines.extend(match (find("from"), find("to")) {
        (Some(from), Some(to)) => Some(format!("{from} to {to}")),
        (Some(from), None) => Some(format!("from {from}")),
        (None, Some(to)) => Some(format!("to {to}")),
        (None, None) => None,
    });
    lines
}

fn width(column: &Column) -> f64 {
    match (&*column.name, column.kind) {
        (_, ColumnKind::Amount) => 17.0,
        (_, ColumnKind::Number) => 9.0,
        ("account" | "description" | "id" | "particulars" | "party", _) => 38.0,
        ("memo" | "tags" | "payee" | "message" | "hint", _) => 26.0,
        _ => 12.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_are_called_as_their_reports() {
        assert_eq!(sheet_name("trial-balance/1"), "Trial balance");
        assert_eq!(sheet_name(""), "Sheet");
        let head = [
            ("book", Json::text("Shop")),
            ("to", Json::text("2026-04-07")),
        ];
        assert_eq!(
            heading("Balance", &head),
            ["Balance · Shop", "to 2026-04-07"]
        );
    }
}
