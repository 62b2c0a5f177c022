//! Workbooks → CSV text: XLSX, ODS, XLS, and the web pages and XML that banks save under those names.
//!
//! A sheet becomes the text a CSV reader takes, row `n` on line `n`: dates in ISO form, numbers as their shortest
//! decimal text, currency formats left out. Everything after (columns, proofs, identity) is that of CSV.
//! Written here rather than with a crate, because the limits must hold while a file is unpacked (a statement is at most
//! 192 MiB of XML, a thousand columns, 48 MiB of text), and no bytes may panic.

mod cells;
mod compound;
mod html;
mod ods;
mod xls;
mod xlsx;
mod xml;
pub mod zip;

use cells::Cells;
pub use compound::compound_of;
use zip::Archive;

use super::csv;
use super::fault::{Fault, Question};

/// The largest workbook as a file.
pub const FILE_BYTES_MAX: u64 = 64 << 20;
/// The most that is unpacked: of a part that lists texts or styles, of a sheet, of all together.
const PART_BYTES_MAX: u64 = 64 << 20;
const SHEET_BYTES_MAX: u64 = 128 << 20;
const ALL_BYTES_MAX: u64 = 192 << 20;
/// The most sheets that are looked at for the statement.
const SHEETS_TRIED_MAX: usize = 20;

/// A sheet by name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SheetName {
    name: String,
    hidden: bool,
}

/// The sheet that holds the statement, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// CSV, comma-separated, UTF-8.
    pub text: String,
    /// What the file is: `xlsx`, `ods`, `xls`, `html`.
    pub kind: &'static str,
    /// Where the workbook has several sheets.
    pub sheet: Option<String>,
}

/// True of bytes that begin as a workbook does, or a page or XML saved as one.
pub fn is_workbook(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"\xd0\xcf\x11\xe0") || is_page(head)
}

/// Web pages, and Excel's XML of 2003.
fn is_page(head: &[u8]) -> bool {
    let Ok(decoded) = csv::encoding::decode(&head[..head.len().min(4096) & !1], None) else {
        return false;
    };
    let start = decoded.text.trim_start().to_ascii_lowercase();
    let page = [
        "<!doctype html",
        "<html",
        "<table",
        "<head",
        "<meta",
        "<style",
    ];
    page.iter().any(|sign| start.starts_with(sign))
        || start.starts_with("<?xml")
            && (start.contains("urn:schemas-microsoft-com:office:spreadsheet")
                || start.contains("<html"))
}

/// The statement of a workbook; `wanted` names its sheet.
///
/// Errors: no workbook, a protected or damaged one, one too large, and several sheets that could be meant.
pub fn to_csv(bytes: &[u8], wanted: Option<&str>) -> Result<Extract, Fault> {
    if bytes.starts_with(b"PK\x03\x04") {
        return from_zip(bytes, wanted);
    }
    if bytes.starts_with(compound::MAGIC) {
        let sheets = xls::read(bytes)?;
        return choose(sheets, "xls", wanted);
    }
    let decoded = csv::encoding::decode(bytes, None)?;
    let cells = html::read(&decoded.text)?;
    if cells.is_empty() {
        return Err(
            Fault::file("unknown-format", "the file is a web page without a table")
                .hint("export the statement as CSV or as a workbook, and import that"),
        );
    }
    let xml = decoded.text.trim_start().starts_with("<?xml")
        && decoded.text.contains("office:spreadsheet");
    Ok(Extract {
        text: cells.into_csv(),
        kind: if xml { "xls xml" } else { "html" },
        sheet: None,
    })
}

fn from_zip(bytes: &[u8], wanted: Option<&str>) -> Result<Extract, Fault> {
    let archive = Archive::open(bytes)?;
    if ods::is_spreadsheet(&archive) {
        return choose(ods::read(&archive)?, "ods", wanted);
    }
    let Some(main) = xlsx::main_part(&archive) else {
        return Err(no_workbook(&archive));
    };
    let book = xlsx::Workbook::open(&archive, &main)?;
    let names = book.sheets();
    let tried: Vec<usize> = match wanted {
        Some(wanted) => vec![place_of(&names, wanted)?],
        None => (0..names.len())
            .filter(|i| !names[*i].hidden)
            .take(SHEETS_TRIED_MAX)
            .collect(),
    };
    let several = names.len() > 1;
    let cells = book.read(&tried)?;
    let sheets = tried.iter().map(|i| names[*i].clone()).zip(cells).collect();
    let mut extract = choose(sheets, "xlsx", None)?;
    extract.sheet = extract
        .sheet
        .or(wanted.filter(|_| several).map(str::to_owned));
    Ok(extract)
}

/// Whether an archive is a workbook, of a kind that is read or not.
pub(super) fn is_spreadsheet(archive: &Archive<'_>) -> bool {
    ods::is_spreadsheet(archive)
        || xlsx::main_part(archive).is_some()
        || archive.has("xl/workbook.bin")
}

fn no_workbook(archive: &Archive<'_>) -> Fault {
    if archive.has("xl/workbook.bin") {
        return Fault::file(
            "unknown-format",
            "the file is a binary workbook (XLSB), which is not read",
        )
        .hint("open it in a spreadsheet and save it as XLSX or CSV, then import that");
    }
    let fault = Fault::file("not-text", "the file is a ZIP archive, but no workbook");
    match archive.names().find(|name| !name.ends_with('/')) {
        Some(first) => fault.hint(format!("unpack it and import what is in it: {first}")),
        None => fault.hint("it is empty"),
    }
}

/// Which sheet has this name; spelled in whatever case.
fn place_of(names: &[SheetName], wanted: &str) -> Result<usize, Fault> {
    let exact = names.iter().position(|s| s.name == wanted);
    let loose = || {
        names
            .iter()
            .position(|s| s.name.to_lowercase() == wanted.to_lowercase())
    };
    exact.or_else(loose).ok_or_else(|| {
        Fault::file(
            "unknown-sheet",
            format!("the workbook has no sheet {wanted:?}"),
        )
        .hint(format!("its sheets are {}", listed(names)))
    })
}

fn listed(names: &[SheetName]) -> String {
    let names: Vec<String> = names.iter().map(|s| format!("{:?}", s.name)).collect();
    names.join(", ")
}

/// The sheet that is wanted, else the only one that holds anything, else the only one whose columns are a statement's.
fn choose(
    mut sheets: Vec<(SheetName, Cells)>,
    kind: &'static str,
    wanted: Option<&str>,
) -> Result<Extract, Fault> {
    let names: Vec<SheetName> = sheets.iter().map(|(name, _)| name.clone()).collect();
    let several = sheets.len() > 1;
    let extract = |name: SheetName, text: String| Extract {
        text,
        kind,
        sheet: several.then_some(name.name),
    };
    if let Some(wanted) = wanted {
        let (name, cells) = sheets.swap_remove(place_of(&names, wanted)?);
        return Ok(extract(name, cells.into_csv()));
    }
    sheets.retain(|(name, cells)| !name.hidden && !cells.is_empty());
    sheets.truncate(SHEETS_TRIED_MAX);
    let mut texts: Vec<(SheetName, String)> = sheets
        .into_iter()
        .map(|(name, cells)| (name, cells.into_csv()))
        .collect();
    if texts.len() > 1 {
        let fits = |text: &str| {
            csv::peek(text.as_bytes()).is_some() || csv::entries::is_entries(text.as_bytes())
        };
        let fitting: Vec<bool> = texts.iter().map(|(_, text)| fits(text)).collect();
        if fitting.contains(&true) {
            let mut fitting = fitting.into_iter();
            texts.retain(|_| fitting.next().unwrap_or(false));
        }
    }
    match texts.len() {
        0 => Err(Fault::file(
            "empty-file",
            "the workbook has no cells that hold anything",
        )),
        1 => {
            let (name, text) = texts.swap_remove(0);
            Ok(extract(name, text))
        }
        _ => {
            let names: Vec<SheetName> = texts.into_iter().map(|(name, _)| name).collect();
            let first = &names[0].name;
            Err(Fault::file(
                "several-sheets",
                format!("several sheets could be the statement: {}", listed(&names)),
            )
            .hint(format!("say which: --sheet {first:?}"))
            .ask(Question::Sheet {
                names: names.iter().map(|s| s.name.clone()).collect(),
            }))
        }
    }
}

/// Texts that cells share, one behind the other.
#[derive(Default)]
struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// The text so far is the next of them.
    fn end(&mut self) {
        self.ends.push(self.text.len() as u32);
    }

    fn get(&self, index: usize) -> Option<&str> {
        let until = *self.ends.get(index)? as usize;
        let from = index.checked_sub(1).map_or(0, |i| self.ends[i] as usize);
        self.text.get(from..until)
    }
}
