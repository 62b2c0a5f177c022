//! Excel workbooks before 2007 (XLS, BIFF5 and BIFF8): records in a stream of a compound file.

use encoding_rs::Encoding;

use super::cells::{self, Cells, Shown};
use super::compound::{Compound, u16_at, u32_at};
use super::xml::broken;
use super::{SheetName, Strings};
use crate::formats::fault::Fault;

/// The most sheets that are read.
const SHEETS_MAX: usize = 100;

/// All sheets of a workbook with their cells.
pub fn read(bytes: &[u8]) -> Result<Vec<(SheetName, Cells)>, Fault> {
    let file = Compound::open(bytes)?;
    if file.has("EncryptedPackage") {
        return Err(protected());
    }
    let stream = file
        .read("Workbook")
        .or_else(|| file.read("Book"))
        .ok_or_else(|| {
            Fault::file(
                "not-text",
                "the file is an Office document, but no workbook",
            )
            .hint("import the statement itself: a workbook, CSV or another format of the bank")
        })?;
    let globals = Globals::read(&stream)?;
    let sheet = |(name, at): &(SheetName, usize)| {
        let rest = stream
            .get(*at..)
            .ok_or_else(|| broken("a sheet is missing"))?;
        Ok((name.clone(), cells_of(rest, &globals)?))
    };
    globals.sheets.iter().take(SHEETS_MAX).map(sheet).collect()
}

fn protected() -> Fault {
    Fault::file("not-text", "the workbook is protected by a password")
        .hint("open it, save it without a password, and import that")
}

/// The records of a stream: what they are, and their content.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (u16_at(self.0, 0)?, usize::from(u16_at(self.0, 2)?));
        let content = self.0.get(4..4 + length)?;
        self.0 = &self.0[4 + length..];
        Some((kind, content))
    }
}

const BOF: u16 = 0x809;
const EOF: u16 = 0x0a;
const CONTINUE: u16 = 0x3c;

/// What all sheets share.
struct Globals {
    wide: bool,
    encoding: &'static Encoding,
    since_1904: bool,
    sheets: Vec<(SheetName, usize)>,
    strings: Strings,
    /// What each style shows.
    shown: Vec<Shown>,
}

impl Globals {
    fn read(stream: &[u8]) -> Result<Globals, Fault> {
        let mut globals = Globals {
            wide: true,
            encoding: encoding_rs::WINDOWS_1252,
            since_1904: false,
            sheets: Vec::new(),
            strings: Strings::default(),
            shown: Vec::new(),
        };
        let (mut codes, mut styles) = (Vec::<(u32, String)>::new(), Vec::new());
        let mut shared: Vec<&[u8]> = Vec::new();
        let mut before = 0;
        for (kind, content) in Records(stream) {
            match kind {
                BOF => globals.wide = u16_at(content, 0) == Some(0x600),
                0x2f => return Err(protected()),
                0x22 => globals.since_1904 = u16_at(content, 0) == Some(1),
                0x42 => globals.encoding = code_page(u16_at(content, 0).unwrap_or(0)),
                0x85 => globals.sheets.extend(globals.sheet(content)),
                0x41e => codes.extend(globals.format(content)),
                0xe0 => styles.push(u32::from(u16_at(content, 2).unwrap_or(0))),
                0xfc => shared.push(content),
                CONTINUE if before == 0xfc => {
                    shared.push(content);
                    continue;
                }
                EOF => break,
                _ => {}
            }
            before = kind;
        }
        let code = |id: u32| {
            codes
                .iter()
                .find(|(i, _)| *i == id)
                .map(|(_, c)| c.as_str())
        };
        globals.shown = styles
            .into_iter()
            .map(|id| cells::shown(id, code(id)))
            .collect();
        if !shared.is_empty() {
            globals.strings = shared_strings(&shared);
        }
        Ok(globals)
    }

    fn sheet(&self, content: &[u8]) -> Option<(SheetName, usize)> {
        let at = u32_at(content, 0)? as usize;
        let hidden = content.get(4)? & 3 != 0;
        let is_sheet = *content.get(5)? == 0;
        let length = usize::from(*content.get(6)?);
        let name = if self.wide {
            wide_text(content.get(7..)?, length)?
        } else {
            self.bytes_text(content.get(7..7 + length)?)
        };
        is_sheet.then_some((SheetName { name, hidden }, at))
    }

    fn format(&self, content: &[u8]) -> Option<(u32, String)> {
        let id = u32::from(u16_at(content, 0)?);
        let code = if self.wide {
            wide_text(content.get(4..)?, usize::from(u16_at(content, 2)?))?
        } else {
            let length = usize::from(*content.get(2)?);
            self.bytes_text(content.get(3..3 + length)?)
        };
        Some((id, code))
    }

    /// A text behind its length of two bytes.
    fn text(&self, content: &[u8]) -> Option<String> {
        let length = usize::from(u16_at(content, 0)?);
        if self.wide {
            wide_text(content.get(2..)?, length)
        } else {
            Some(self.bytes_text(content.get(2..2 + length)?))
        }
    }

    fn bytes_text(&self, bytes: &[u8]) -> String {
        self.encoding
            .decode_without_bom_handling(bytes)
            .0
            .into_owned()
    }
}

fn code_page(number: u16) -> &'static Encoding {
    let label = format!("windows-{number}");
    Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252)
}

/// A text of BIFF8: a byte that says how wide its letters are, then the letters.
fn wide_text(bytes: &[u8], length: usize) -> Option<String> {
    let (flags, rest) = bytes.split_first()?;
    let mut out = String::new();
    letters(
        rest.get(..length * if flags & 1 == 1 { 2 } else { 1 })?,
        flags & 1 == 1,
        &mut out,
    );
    Some(out)
}

fn letters(bytes: &[u8], wide: bool, out: &mut String) {
    if wide {
        let units = bytes
            .chunks_exact(2)
            .map(|p| u16::from_le_bytes([p[0], p[1]]));
        out.extend(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')));
    } else {
        out.extend(bytes.iter().map(|b| char::from(*b)));
    }
}

/// The table of texts, which may go on in further records, with the width of letters said anew.
fn shared_strings(parts: &[&[u8]]) -> Strings {
    let mut strings = Strings::default();
    let mut at = Place {
        parts,
        part: 0,
        offset: 8,
    };
    while at.string(&mut strings).is_some() {}
    strings
}

struct Place<'a> {
    parts: &'a [&'a [u8]],
    part: usize,
    offset: usize,
}

impl Place<'_> {
    fn string(&mut self, strings: &mut Strings) -> Option<()> {
        let head = self.take(3)?;
        let (mut left, flags) = (usize::from(u16_at(head, 0)?), head[2]);
        let runs = if flags & 8 != 0 {
            usize::from(u16_at(self.take(2)?, 0)?)
        } else {
            0
        };
        let extra = if flags & 4 != 0 {
            u32_at(self.take(4)?, 0)? as usize
        } else {
            0
        };
        let mut wide = flags & 1 == 1;
        while left > 0 {
            let rest = self.parts.get(self.part)?.get(self.offset..)?;
            let size = if wide { 2 } else { 1 };
            let count = left.min(rest.len() / size);
            letters(&rest[..count * size], wide, &mut strings.text);
            self.offset += count * size;
            left -= count;
            if left > 0 {
                self.part += 1;
                self.offset = 1;
                wide = self.parts.get(self.part)?.first()? & 1 == 1;
            }
        }
        strings.end();
        self.skip(runs * 4 + extra)
    }

    /// Bytes that stand together in one record.
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        if self.offset >= self.parts.get(self.part)?.len() {
            self.part += 1;
            self.offset = 0;
        }
        let from = self.offset;
        self.offset += count;
        self.parts.get(self.part)?.get(from..from + count)
    }

    fn skip(&mut self, mut count: usize) -> Option<()> {
        while count > 0 {
            let rest = self.parts.get(self.part)?.len().checked_sub(self.offset)?;
            let step = rest.min(count);
            self.offset += step;
            count -= step;
            if count > 0 {
                self.part += 1;
                self.offset = 0;
            }
        }
        Some(())
    }
}

/// The cells of a sheet, from its first record to its end; charts inside of it are left out.
fn cells_of(stream: &[u8], globals: &Globals) -> Result<Cells, Fault> {
    let mut reader = SheetReader {
        cells: Cells::default(),
        globals,
        awaiting: None,
    };
    let mut depth = 0usize;
    for (kind, content) in Records(stream) {
        match kind {
            BOF => depth += 1,
            EOF if depth <= 1 => break,
            EOF => depth -= 1,
            _ if depth == 1 => reader.take(kind, content)?,
            _ => {}
        }
    }
    Ok(reader.cells)
}

struct SheetReader<'a> {
    cells: Cells,
    globals: &'a Globals,
    /// The cell of a formula whose text stands in the next record.
    awaiting: Option<(u32, u32)>,
}

impl SheetReader<'_> {
    fn take(&mut self, kind: u16, content: &[u8]) -> Result<(), Fault> {
        if kind == 0x207 {
            return match (self.awaiting.take(), self.globals.text(content)) {
                (Some((row, column)), Some(text)) => self.cells.put(row, column, &text),
                _ => Ok(()),
            };
        }
        let (Some(row), Some(column), Some(style)) =
            (u16_at(content, 0), u16_at(content, 2), u16_at(content, 4))
        else {
            return Ok(());
        };
        let (row, column) = (u32::from(row), u32::from(column));
        match kind {
            0x203 => self.number(row, column, style, double_at(content, 6)),
            0x27e => self.number(row, column, style, u32_at(content, 6).map(packed)),
            0xbd => self.numbers(row, column, content),
            0xfd => self.shared(row, column, content),
            0x204 | 0xd6 => match content.get(6..).and_then(|c| self.globals.text(c)) {
                Some(text) => self.cells.put(row, column, &text),
                None => Err(broken("a text is cut off")),
            },
            0x06 => self.formula(row, column, style, content),
            0x205 if content.get(7) == Some(&0) => {
                let word = if content.get(6) == Some(&1) {
                    "TRUE"
                } else {
                    "FALSE"
                };
                self.cells.put(row, column, word)
            }
            _ => Ok(()),
        }
    }

    fn number(
        &mut self,
        row: u32,
        column: u32,
        style: u16,
        value: Option<f64>,
    ) -> Result<(), Fault> {
        let value = value.ok_or_else(|| broken("a number is cut off"))?;
        let shown = self.globals.shown.get(usize::from(style)).copied();
        let text = cells::formatted(
            value,
            shown.unwrap_or(Shown::Number),
            self.globals.since_1904,
        );
        self.cells.put(row, column, &text)
    }

    /// Several numbers of one row.
    fn numbers(&mut self, row: u32, column: u32, content: &[u8]) -> Result<(), Fault> {
        let pairs = content
            .get(4..content.len().saturating_sub(2))
            .unwrap_or_default();
        for (index, pair) in pairs.chunks_exact(6).enumerate() {
            let style = u16_at(pair, 0).unwrap_or(0);
            self.number(
                row,
                column + index as u32,
                style,
                u32_at(pair, 2).map(packed),
            )?;
        }
        Ok(())
    }

    fn shared(&mut self, row: u32, column: u32, content: &[u8]) -> Result<(), Fault> {
        let index = u32_at(content, 6).map(|i| i as usize);
        let text = index.and_then(|i| self.globals.strings.get(i));
        let text = text.ok_or_else(|| broken("a cell refers to a text that is not there"))?;
        self.cells.put(row, column, text)
    }

    fn formula(&mut self, row: u32, column: u32, style: u16, content: &[u8]) -> Result<(), Fault> {
        let Some(result) = content.get(6..14) else {
            return Ok(());
        };
        if result[6..] != [0xff, 0xff] {
            return self.number(row, column, style, double_at(content, 6));
        }
        match result[0] {
            0 => self.awaiting = Some((row, column)),
            1 => {
                return self
                    .cells
                    .put(row, column, if result[2] == 1 { "TRUE" } else { "FALSE" });
            }
            _ => {}
        }
        Ok(())
    }
}

fn double_at(bytes: &[u8], at: usize) -> Option<f64> {
    let eight: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(f64::from_le_bytes(eight))
}

/// A number in four bytes: a whole one or the upper half of a double, perhaps of hundredths.
fn packed(bits: u32) -> f64 {
    let value = if bits & 2 != 0 {
        f64::from(bits as i32 >> 2)
    } else {
        f64::from_bits(u64::from(bits & !3) << 32)
    };
    if bits & 1 != 0 { value / 100.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers_are_unpacked() {
        assert_eq!(packed((45_000 << 2) | 3), 450.0);
        assert_eq!(packed(((-7i32 << 2) as u32) | 2), -7.0);
        assert_eq!(packed((1234.5f64.to_bits() >> 32) as u32 & !3), 1234.5);
    }

    #[test]
    fn texts_go_on_in_further_records() {
        let first = [&[0u8; 8][..], &[4, 0, 0, b'a', b'b']].concat();
        let second = [
            &[1u8][..],
            &[b'c', 0, 0xb9, 0x20],
            &[2, 0, 8, 1, 0, b'x', b'y', 9, 9, 9, 9],
            &[1, 0, 0, b'z'],
        ]
        .concat();
        let strings = shared_strings(&[&first, &second]);
        let all: Vec<&str> = (0..3).filter_map(|i| strings.get(i)).collect();
        assert_eq!(all, ["abc₹", "xy", "z"]);
    }
}
