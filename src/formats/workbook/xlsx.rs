//! Excel workbooks (XLSX, XLSM): a ZIP of XML parts.

use super::cells::{self, Cells, Shown};
use super::xml::{self, Node, broken};
use super::zip::Archive;
use super::{PART_BYTES_MAX, SHEET_BYTES_MAX, SheetName, Strings};
use crate::formats::fault::Fault;

/// A workbook whose list of sheets is read.
pub struct Workbook<'a> {
    archive: &'a Archive<'a>,
    sheets: Vec<Sheet>,
    since_1904: bool,
}

struct Sheet {
    name: SheetName,
    part: String,
}

/// The part that lists the sheets, if the archive is a workbook.
pub fn main_part(archive: &Archive<'_>) -> Option<String> {
    let is_main = |name: &&str| name.to_ascii_lowercase().ends_with("xl/workbook.xml");
    archive.names().find(is_main).map(str::to_owned)
}

impl<'a> Workbook<'a> {
    pub fn open(archive: &'a Archive<'a>, main: &str) -> Result<Workbook<'a>, Fault> {
        let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
        let targets = relations(archive, folder)?;
        let (mut sheets, mut since_1904) = (Vec::new(), false);
        part(archive, main, &mut |node| {
            let Node::Open(element) = node else {
                return Ok(());
            };
            if element.is("workbookPr") {
                since_1904 = element
                    .get("date1904")
                    .is_some_and(|v| v == "1" || v == "true");
            }
            if element.is("sheet")
                && let (Some(name), Some(id)) = (element.get("name"), element.get("id"))
                && let Some((_, part)) = targets.iter().find(|(i, _)| *i == id)
            {
                let hidden = element.get("state").is_some_and(|s| s != "visible");
                let part = part.clone();
                let name = SheetName { name, hidden };
                sheets.push(Sheet { name, part });
            }
            Ok(())
        })?;
        Ok(Workbook {
            archive,
            sheets,
            since_1904,
        })
    }

    pub fn sheets(&self) -> Vec<SheetName> {
        self.sheets.iter().map(|s| s.name.clone()).collect()
    }

    /// The cells of the sheets that `wanted` names by their place.
    pub fn read(&self, wanted: &[usize]) -> Result<Vec<Cells>, Fault> {
        let shown = formats(self.archive)?;
        let strings = shared_strings(self.archive)?;
        let read = |index: &usize| {
            let sheet = self
                .sheets
                .get(*index)
                .ok_or_else(|| broken("a sheet is missing"))?;
            let mut reader = SheetReader {
                cells: Cells::default(),
                strings: &strings,
                shown: &shown,
                since_1904: self.since_1904,
                row: 0,
                column: 0,
                kind: Kind::Number,
                style: 0,
                taking: false,
                phonetic: false,
                text: String::new(),
            };
            let Some(from) = self.archive.read(&sheet.part, SHEET_BYTES_MAX)? else {
                return Err(broken("a sheet is missing"));
            };
            xml::walk(from, &mut |node| reader.take(node))?;
            Ok(reader.cells)
        };
        wanted.iter().map(read).collect()
    }
}

/// Walks a small part; none is an empty one.
fn part(
    archive: &Archive<'_>,
    name: &str,
    on: &mut dyn FnMut(Node<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match archive.read(name, PART_BYTES_MAX)? {
        Some(from) => xml::walk(from, on),
        None => Ok(()),
    }
}

/// Ids and the parts they stand for.
fn relations(archive: &Archive<'_>, folder: &str) -> Result<Vec<(String, String)>, Fault> {
    let mut targets = Vec::new();
    part(
        archive,
        &format!("{folder}/_rels/workbook.xml.rels"),
        &mut |node| {
            if let Node::Open(element) = node
                && let (Some(id), Some(target)) = (element.get("Id"), element.get("Target"))
            {
                let whole = match target.strip_prefix('/') {
                    Some(whole) => whole.to_owned(),
                    None => format!("{folder}/{}", target.trim_start_matches("./")),
                };
                targets.push((id, whole));
            }
            Ok(())
        },
    )?;
    Ok(targets)
}

/// What each style of a cell shows.
fn formats(archive: &Archive<'_>) -> Result<Vec<Shown>, Fault> {
    let (mut codes, mut shown, mut inside) = (Vec::<(u32, String)>::new(), Vec::new(), false);
    part(archive, "xl/styles.xml", &mut |node| {
        match node {
            Node::Open(e) if e.is("numFmt") => {
                codes.extend(e.number("numFmtId").zip(e.get("formatCode")));
            }
            Node::Open(e) if e.is("cellXfs") => inside = true,
            Node::Close("cellXfs") => inside = false,
            Node::Open(e) if inside && e.is("xf") => {
                let id = e.number("numFmtId").unwrap_or(0);
                let code = codes
                    .iter()
                    .find(|(i, _)| *i == id)
                    .map(|(_, c)| c.as_str());
                shown.push(cells::shown(id, code));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(shown)
}

/// The texts that cells share.
fn shared_strings(archive: &Archive<'_>) -> Result<Strings, Fault> {
    let mut strings = Strings::default();
    let (mut taking, mut phonetic) = (false, false);
    part(archive, "xl/sharedStrings.xml", &mut |node| {
        match node {
            Node::Open(e) if e.is("rPh") => phonetic = true,
            Node::Close("rPh") => phonetic = false,
            Node::Open(e) if e.is("t") => taking = !phonetic,
            Node::Close("t") => taking = false,
            Node::Close("si") => strings.end(),
            Node::Text(text) if taking => strings.text.push_str(text),
            _ => {}
        }
        Ok(())
    })?;
    Ok(strings)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Shared,
    /// A text in the cell itself, the result of a formula, a date in ISO form, an error.
    Text,
    Boolean,
}

/// Reads one sheet, node by node.
struct SheetReader<'a> {
    cells: Cells,
    strings: &'a Strings,
    shown: &'a [Shown],
    since_1904: bool,
    /// The cell the reader is in, from 0; cells and rows need not say where they are.
    row: u32,
    column: u32,
    kind: Kind,
    style: usize,
    taking: bool,
    phonetic: bool,
    text: String,
}

impl SheetReader<'_> {
    fn take(&mut self, node: Node<'_>) -> Result<(), Fault> {
        match node {
            Node::Open(e) if e.is("row") => {
                if let Some(row) = e.number("r").filter(|r| *r > 0) {
                    self.row = row - 1;
                }
                self.column = 0;
            }
            Node::Close("row") => self.row = self.row.saturating_add(1),
            Node::Open(e) if e.is("c") => {
                if let Some((row, column)) = e.get("r").as_deref().and_then(place) {
                    (self.row, self.column) = (row, column);
                }
                self.style = e.number("s").unwrap_or(0) as usize;
                self.kind = match e.get("t").as_deref() {
                    None | Some("n") => Kind::Number,
                    Some("s") => Kind::Shared,
                    Some("b") => Kind::Boolean,
                    Some(_) => Kind::Text,
                };
                self.text.clear();
            }
            Node::Open(e) if e.is("rPh") => self.phonetic = true,
            Node::Close("rPh") => self.phonetic = false,
            Node::Open(e) if e.is("v") || e.is("t") => self.taking = !self.phonetic,
            Node::Close("v" | "t") => self.taking = false,
            Node::Text(text) if self.taking => self.text.push_str(text),
            Node::Close("c") => {
                self.put()?;
                self.column = self.column.saturating_add(1);
            }
            _ => {}
        }
        Ok(())
    }

    fn put(&mut self) -> Result<(), Fault> {
        let text = self.text.trim();
        let (row, column) = (self.row, self.column);
        match self.kind {
            Kind::Shared => {
                let shared = text.parse().ok().and_then(|index| self.strings.get(index));
                if text.is_empty() {
                    return Ok(());
                }
                let shared =
                    shared.ok_or_else(|| broken("a cell refers to a text that is not there"))?;
                self.cells.put(row, column, shared)
            }
            Kind::Number => match text.parse::<f64>() {
                Ok(value) => {
                    let shown = self.shown.get(self.style).copied().unwrap_or(Shown::Number);
                    let text = cells::formatted(value, shown, self.since_1904);
                    self.cells.put(row, column, &text)
                }
                Err(_) => self.cells.put(row, column, text),
            },
            Kind::Boolean => {
                let word = if text == "1" { "TRUE" } else { "FALSE" };
                self.cells
                    .put(row, column, if text.is_empty() { "" } else { word })
            }
            Kind::Text => self.cells.put(row, column, &self.text),
        }
    }
}

/// `B3` → row 2, column 1.
fn place(reference: &str) -> Option<(u32, u32)> {
    let letters = reference.bytes().take_while(u8::is_ascii_uppercase).count();
    let column = reference
        .bytes()
        .take(letters)
        .try_fold(0u32, |column, letter| {
            column
                .checked_mul(26)?
                .checked_add(u32::from(letter - b'A') + 1)
        })?;
    let row: u32 = reference[letters..].parse().ok()?;
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}
