//! Text → rows of cells: delimiter, quotes, line ends, and where each cell stands.
//!
//! Refuses what would be read wrongly: a quote that never closes, a row of a megabyte, a thousand columns.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{ErrorKind, Read};

use csv::{ByteRecord, ReaderBuilder};
use memchr::{memchr, memchr2, memchr2_iter};

use crate::formats::fault::Fault;

/// The longest row, in bytes.
pub const ROW_BYTES_MAX: usize = 1 << 20;
/// The most columns.
pub const COLUMNS_MAX: usize = 1_000;
/// The longest text, in bytes: offsets are 32 bits.
pub const TEXT_BYTES_MAX: usize = 1 << 31;

/// How the rows of a file are cut into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    pub delimiter: u8,
    /// `None`: quotes are ordinary characters.
    pub quote: Option<u8>,
}

struct Row {
    /// Index of its first cell in `ends`.
    first_cell: u32,
    line: u32,
    raw_from: u32,
    raw_until: u32,
}

/// The rows of a file. Blank lines are not rows.
pub struct Table<'a> {
    text: &'a str,
    dialect: Dialect,
    cells: String,
    /// End of each cell in `cells`.
    ends: Vec<u32>,
    rows: Vec<Row>,
    /// Rows one of whose texts was cut by its own delimiter: the column, and how many cells too many.
    joined: HashMap<usize, (usize, usize)>,
}

impl<'a> Table<'a> {
    /// Cuts a whole text.
    pub fn read(text: &'a str, dialect: Dialect) -> Result<Table<'a>, Fault> {
        Table::read_some(text, dialect, usize::MAX)
    }

    /// Cuts the first rows of a text.
    pub fn read_some(text: &'a str, dialect: Dialect, rows_max: usize) -> Result<Table<'a>, Fault> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(Fault::file("too-large", "the file is larger than 2 GiB"));
        }
        let mut table = Table {
            text,
            dialect,
            cells: String::with_capacity(if rows_max == usize::MAX {
                text.len()
            } else {
                0
            }),
            ends: Vec::new(),
            rows: Vec::new(),
            joined: HashMap::new(),
        };
        let quotable = quotable(text, dialect);
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .quote(dialect.quote.unwrap_or(b'"'))
            .quoting(dialect.quote.is_some())
            .from_reader(Bounded::new(quotable.as_bytes()));
        let mut record = ByteRecord::new();
        let mut at = LineCounter::default();
        while table.rows.len() < rows_max {
            let from = reader.position().byte() as usize;
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if is_bound(&error) => {
                    let start = text.len() - text[from..].trim_start_matches(['\r', '\n']).len();
                    let line = at.line_of(text, start);
                    table.check_long(&text[start..], line)?;
                }
                Err(error) => return Err(Fault::file("not-text", error.to_string())),
            }
            let until = reader.position().byte() as usize;
            reader.get_mut().renew();
            table.push(&record, &mut at, from, until)?;
        }
        Ok(table)
    }

    fn push(
        &mut self,
        record: &ByteRecord,
        at: &mut LineCounter,
        from: usize,
        until: usize,
    ) -> Result<(), Fault> {
        let raw = &self.text[from..until];
        let from = from + (raw.len() - raw.trim_start_matches(['\r', '\n']).len());
        let raw = self.text[from..until].trim_end_matches(['\r', '\n']);
        let line = at.line_of(self.text, from);
        if raw.len() > ROW_BYTES_MAX || memchr2(b'\n', b'\r', raw.as_bytes()).is_some() {
            self.check_long(raw, line)?;
        }
        if record.len() > COLUMNS_MAX {
            let why = format!(
                "the row has {} columns; {COLUMNS_MAX} is the most",
                record.len()
            );
            return Err(Fault::at("too-long", line, 1, why).line_text(raw));
        }
        let Ok(slice) = std::str::from_utf8(record.as_slice()) else {
            return Err(Fault::at("not-text", line, 1, "the row is not text").line_text(raw));
        };
        let base = self.cells.len() as u32;
        self.rows.push(Row {
            first_cell: self.ends.len() as u32,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            raw_from: from as u32,
            raw_until: (from + raw.len()) as u32,
        });
        for index in 0..record.len() {
            let end = record.range(index).map_or(0, |range| range.end);
            self.ends.push(base + end as u32);
        }
        self.cells.push_str(slice);
        Ok(())
    }

    /// A row over several lines, or a very long one, is where an unclosed quote shows.
    fn check_long(&self, raw: &str, line: u64) -> Result<(), Fault> {
        if let Some(open) = self.unclosed(raw) {
            let line = line + raw[..open].bytes().filter(|b| *b == b'\n').count() as u64;
            let start = raw[..open].rfind(['\n', '\r']).map_or(0, |i| i + 1);
            let column = raw[start..open].chars().count() + 1;
            return Err(Fault::at(
                "unclosed-quote",
                line,
                column,
                "a quote is opened here and never closed",
            )
            .line_text(&raw[start..])
            .hint("close it, or double it if it belongs to the text"));
        }
        if raw.len() > ROW_BYTES_MAX {
            let why = format!("the row is longer than {} KiB", ROW_BYTES_MAX / 1024);
            return Err(Fault::at("too-long", line, 1, why).line_text(raw));
        }
        Ok(())
    }

    /// Where the quote stands that is still open at the end of a raw row.
    fn unclosed(&self, raw: &str) -> Option<usize> {
        let quote = self.dialect.quote?;
        let bytes = raw.as_bytes();
        let (mut open, mut at, mut start) = (None, 0, true);
        while at < bytes.len() {
            let byte = bytes[at];
            if start && byte == b'=' && bytes.get(at + 1) == Some(&quote) {
                at += 1;
                continue;
            }
            match open {
                Some(_) if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 1,
                Some(_) if byte == quote => open = None,
                None if byte == quote && start => open = Some(at),
                _ => {}
            }
            start = open.is_none() && byte == self.dialect.delimiter;
            at += 1;
        }
        open
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Makes one cell of those from `column` on, `extra` of them too many.
    pub fn join(&mut self, row: usize, column: usize, extra: usize) {
        self.joined.insert(row, (column, extra));
    }

    /// True if a quote stands in the row.
    pub fn is_quoted(&self, row: usize) -> bool {
        let quote = self.dialect.quote.unwrap_or(b'"');
        self.raw(row).bytes().any(|b| b == quote)
    }

    /// How many cells a row has.
    pub fn width(&self, row: usize) -> usize {
        let extra = self.joined.get(&row).map_or(0, |(_, extra)| *extra);
        self.width_cut(row) - extra
    }

    fn width_cut(&self, row: usize) -> usize {
        let next = self
            .rows
            .get(row + 1)
            .map_or(self.ends.len(), |r| r.first_cell as usize);
        next - self.rows[row].first_cell as usize
    }

    /// A cell without the space around it; empty beyond the end of its row.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        if column >= self.width_cut(row) {
            return "";
        }
        if !self.joined.is_empty()
            && let Some((at, extra)) = self.joined.get(&row)
        {
            return self.joined_cell(row, column, *at, *extra);
        }
        self.cut_cell(row, column)
    }

    /// A cell of a row whose text at `at` was cut. Such rows hold no quotes.
    fn joined_cell(&self, row: usize, column: usize, at: usize, extra: usize) -> &str {
        match column {
            c if c < at => self.cut_cell(row, c),
            c if c > at && c + extra < self.width_cut(row) => self.cut_cell(row, c + extra),
            c if c > at => "",
            _ => {
                let raw = self.raw(row);
                let until = self.offset_of(raw, at + extra + 1);
                let text = &raw[self.offset_of(raw, at)..until];
                plain(
                    text.strip_suffix(char::from(self.dialect.delimiter))
                        .unwrap_or(text),
                )
            }
        }
    }

    fn cut_cell(&self, row: usize, column: usize) -> &str {
        let index = self.rows[row].first_cell as usize + column;
        let from = index.checked_sub(1).map_or(0, |i| self.ends[i] as usize);
        plain(&self.cells[from..self.ends[index] as usize])
    }

    pub fn cells(&self, row: usize) -> impl Iterator<Item = &str> {
        (0..self.width(row)).map(move |column| self.cell(row, column))
    }

    pub fn line(&self, row: usize) -> u64 {
        self.rows[row].line.into()
    }

    /// The row as it stands in the file, without its line end.
    pub fn raw(&self, row: usize) -> &'a str {
        let row = &self.rows[row];
        &self.text[row.raw_from as usize..row.raw_until as usize]
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// True if no cell holds anything, or only rules of stars and dashes.
    pub fn is_blank(&self, row: usize) -> bool {
        self.cells(row).all(|cell| {
            cell.chars()
                .all(|c| matches!(c, '*' | '-' | '=' | '_' | '.' | ' '))
        })
    }

    /// A fault at a cell: its line and column, the line, and what is wrong with it.
    pub fn fault(
        &self,
        row: usize,
        column: usize,
        code: &'static str,
        why: impl Into<String>,
    ) -> Fault {
        let raw = self.raw(row);
        let offset = self.offset_of(raw, column).min(raw.len());
        let start = raw[..offset].rfind(['\n', '\r']).map_or(0, |i| i + 1);
        let lines_before = raw[..start].bytes().filter(|b| *b == b'\n').count() as u64;
        let place = raw[start..offset].chars().count() + 1;
        Fault::at(code, self.line(row) + lines_before, place, why).line_text(&raw[start..])
    }

    /// Where a cell begins in its raw row.
    fn offset_of(&self, raw: &str, column: usize) -> usize {
        let (mut seen, mut quoted, mut start) = (0, false, true);
        for (at, byte) in raw.bytes().enumerate() {
            if seen == column {
                return at;
            }
            if Some(byte) == self.dialect.quote && (quoted || start) {
                quoted = !quoted;
            }
            let ends = !quoted && byte == self.dialect.delimiter;
            seen += usize::from(ends);
            // A quote may stand behind `=` or a blank (see `quotable`).
            start = ends || start && matches!(byte, b'=' | b' ');
        }
        raw.len()
    }
}

/// Gives out a text, but no more at a stretch than a row may have: behind a quote that never closes the parser would
/// otherwise gather the whole file once more.
struct Bounded<'t> {
    rest: &'t [u8],
    left: usize,
}

impl<'t> Bounded<'t> {
    fn new(rest: &'t [u8]) -> Bounded<'t> {
        let mut bounded = Bounded { rest, left: 0 };
        bounded.renew();
        bounded
    }

    /// A row has ended. The parser reads ahead by its buffer, which the second mebibyte is for.
    fn renew(&mut self) {
        self.left = 2 * ROW_BYTES_MAX;
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 && !self.rest.is_empty() {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let until = self.left.min(self.rest.len());
        let count = (&self.rest[..until]).read(into)?;
        self.rest = &self.rest[count..];
        self.left -= count;
        Ok(count)
    }
}

fn is_bound(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(error) if error.kind() == ErrorKind::FileTooLarge)
}

/// The text with `="9,550.00"` turned to `"=9,550.00"`, and ` "a, b"` to `" a, b"`, of the same length: so that
/// what stands in them is quoted.
fn quotable(text: &str, dialect: Dialect) -> Cow<'_, str> {
    let spaced = || text.contains(" \"") && dialect.delimiter != b' ';
    let quotes = dialect.quote == Some(b'"') && memchr(b'"', text.as_bytes()).is_some();
    if !quotes || !(text.contains("=\"") || spaced()) {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    let mut quoted = false;
    for at in 0..bytes.len() {
        let starts =
            at == 0 || matches!(bytes[at - 1], b'\n' | b'\r') || bytes[at - 1] == dialect.delimiter;
        if !quoted && starts && bytes[at] == b'=' && bytes.get(at + 1) == Some(&b'"') {
            // In front of the text stands a mark of ours: in quotes an `=` may be the bank's own.
            (bytes[at], bytes[at + 1]) = (b'"', MARK);
        }
        if !quoted
            && starts
            && bytes[at] == b' '
            && let Some(quote) = quote_behind(&bytes[at..], dialect.delimiter)
        {
            bytes.swap(at, at + quote);
        }
        if bytes[at] == b'"' {
            quoted = !quoted;
        }
    }
    // ASCII bytes changed places: still text.
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// How far behind blanks the quote of a cell stands, if the cell ends with another one on the same line.
fn quote_behind(cell: &[u8], delimiter: u8) -> Option<usize> {
    let quote = cell.iter().position(|b| *b != b' ')?;
    if cell[quote] != b'"' {
        return None;
    }
    let mut at = quote + 1;
    while let Some(byte) = cell.get(at).filter(|b| !matches!(b, b'\n' | b'\r')) {
        if *byte == b'"' && cell.get(at + 1) == Some(&b'"') {
            at += 1;
        } else if *byte == b'"' {
            let next = cell[at + 1..].iter().find(|b| **b != b' ');
            let ends = next.is_none_or(|b| *b == delimiter || matches!(b, b'\n' | b'\r'));
            return ends.then_some(quote);
        }
        at += 1;
    }
    None
}

/// Stands in a cell where the file has `="…"`. A control character: no bank prints it.
const MARK: u8 = 1;

/// A cell without padding, and without the `="…"` or `=` that keeps spreadsheets from reading it as a number.
/// Of a text that only begins so (`=5+3 offer`) nothing is taken away.
fn plain(cell: &str) -> &str {
    // Most cells: neither end is anything but a letter, a digit or a dash.
    let ordinary = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let bytes = cell.as_bytes();
    match (bytes.first(), bytes.last()) {
        (None, _) => return cell,
        (Some(first), Some(last)) if ordinary(first) && ordinary(last) => return cell,
        _ => {}
    }
    // HDFC's card statements stand `~` on both sides of the delimiter.
    let cell = cell.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '~'));
    if let Some(text) = cell.strip_prefix(char::from(MARK)) {
        return text.trim();
    }
    match cell.strip_prefix('=') {
        Some(rest) => {
            let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-');
            let quoted = rest.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
            let unsaid = quoted.or_else(|| rest.trim().chars().all(number).then_some(rest));
            unsaid.map_or(cell, str::trim)
        }
        None => cell,
    }
}

/// Counts line ends up to growing offsets: `\n`, `\r\n` and a bare `\r` are one each.
#[derive(Default)]
struct LineCounter {
    offset: usize,
    ended: u64,
}

impl LineCounter {
    fn line_of(&mut self, text: &str, offset: usize) -> u64 {
        let bytes = text.as_bytes();
        for at in memchr2_iter(b'\n', b'\r', &bytes[self.offset..offset]) {
            let at = self.offset + at;
            let ends = bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n');
            self.ended += u64::from(ends);
        }
        self.offset = offset;
        self.ended + 1
    }
}

#[cfg(test)]
const COMMA: Dialect = Dialect {
    delimiter: b',',
    quote: Some(b'"'),
};

#[cfg(test)]
impl Table<'_> {
    /// A table for a test: commas, double quotes.
    pub fn of_commas(text: &str) -> Table<'_> {
        Table::read(text, COMMA).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_may_stand_behind_blanks() {
        let table = Table::of_commas(" \"a, b\" , \"1,000.00\",c \"d\", \"open\n x\n");
        let cells: Vec<&str> = table.cells(0).collect();
        assert_eq!(cells, ["a, b", "1,000.00", "c \"d\"", "\"open"]);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn only_what_a_spreadsheet_added_is_taken_off() {
        assert_eq!(plain(" =\"000123\" "), "000123");
        assert_eq!(plain("=1,234.50"), "1,234.50");
        assert_eq!(plain("=5+3 offer"), "=5+3 offer");
        assert_eq!(plain("=SUM(A1)"), "=SUM(A1)");
        assert_eq!(plain("="), "");
    }

    #[test]
    fn cells_lines_and_raw_rows_survive_quotes_and_line_ends() {
        let text = "a,b\r\n\r\n\"x, \"\"y\"\"\nz\",  2  \r\n=\"007\",3\r\n";
        let table = Table::read(text, COMMA).unwrap();
        assert_eq!(table.len(), 3);
        assert_eq!(table.cell(1, 0), "x, \"y\"\nz");
        assert_eq!(table.cell(1, 1), "2");
        assert_eq!(table.cell(2, 0), "007");
        assert_eq!(table.cell(2, 9), "");
        assert_eq!([table.line(0), table.line(1), table.line(2)], [1, 3, 5]);
        assert_eq!(table.raw(1), "\"x, \"\"y\"\"\nz\",  2  ");
    }

    #[test]
    fn bare_carriage_returns_end_lines() {
        let table = Table::read("a,b\r1,2\r3,4", COMMA).unwrap();
        assert_eq!(table.len(), 3);
        assert_eq!((table.line(2), table.raw(2)), (3, "3,4"));
    }

    #[test]
    fn a_quote_that_never_closes_is_named_where_it_opens() {
        let fault = Table::read("a,b\n1,2\n3,\"4\n5,6\n7,8\n", COMMA)
            .err()
            .unwrap();
        assert_eq!(
            (fault.code, fault.line, fault.column),
            ("unclosed-quote", Some(3), Some(3))
        );
        assert!(Table::read("a,5\" pipe\n1,2\n", COMMA).is_ok());
    }

    #[test]
    fn a_quote_that_is_open_for_too_long_is_named_without_reading_on() {
        let head = "a,b\n1,2\n3,\"4\n";
        let long = format!("{head}{}", "5,6\n".repeat(ROW_BYTES_MAX));
        let fault = Table::read(&long, COMMA).err().unwrap();
        assert_eq!(
            (fault.code, fault.line, fault.column),
            ("unclosed-quote", Some(3), Some(3))
        );
        let closed = format!("{long}\"\n7,8\n");
        let fault = Table::read(&closed, COMMA).err().unwrap();
        assert_eq!((fault.code, fault.line), ("too-long", Some(3)));
        let many = "1,\"2\n\"\n".repeat(ROW_BYTES_MAX / 2);
        assert_eq!(Table::read(&many, COMMA).unwrap().len(), ROW_BYTES_MAX / 2);
    }

    #[test]
    fn a_fault_points_at_the_cell() {
        let table = Table::read("a,\"b,c\",d\n", COMMA).unwrap();
        assert_eq!(table.fault(0, 2, "x", "y").column, Some(9));
        let table = Table::read("a,\"b\nc\",d\n", COMMA).unwrap();
        let fault = table.fault(0, 2, "x", "y");
        assert_eq!((fault.line, fault.column), (Some(2), Some(4)));
    }

    #[test]
    fn too_many_columns_and_too_long_rows_are_refused() {
        let wide = ",".repeat(COLUMNS_MAX + 5);
        assert_eq!(Table::read(&wide, COMMA).err().unwrap().code, "too-long");
        let long = "x".repeat(ROW_BYTES_MAX + 1);
        assert_eq!(Table::read(&long, COMMA).err().unwrap().code, "too-long");
    }
}
