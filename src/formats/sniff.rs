//! What a file is, by what it holds: never by its name.

use std::borrow::Cow;

use super::csv::encoding;
use super::fault::Fault;
use super::{camt, mt940, ofx, qif, tally, xml};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Rows of cells: a bank statement, or entries.
    Csv,
    /// A workbook, or a page saved as one: a sheet of it is read as CSV.
    Workbook,
    /// An hledger or Ledger journal.
    Journal,
    /// A beancount ledger.
    Beancount,
    /// OFX or QFX, SGML or XML.
    Ofx,
    /// SWIFT's statement message.
    Mt940,
    /// GnuCash's XML, packed or not.
    Gnucash,
    /// A SQLite file of another program: of GnuCash, or of none that is read.
    Sqlite,
    /// Tally's XML: masters, vouchers, or both.
    TallyXml,
    /// Tally's day book as CSV.
    TallyCsv,
    /// ISO 20022's statement, CAMT.053.
    Camt,
    /// Quicken's interchange format.
    Qif,
}

impl Content {
    /// Holds whole transactions of a book, not rows of one account's statement.
    pub fn is_book(self) -> bool {
        !self.is_statements() && !matches!(self, Content::Csv | Content::Workbook)
    }

    /// What an import of it is called in the book.
    pub fn word(self) -> &'static str {
        match self {
            Content::Csv | Content::Workbook => "csv entries",
            Content::Journal => "journal",
            Content::Beancount => "beancount",
            Content::Gnucash => "gnucash",
            Content::Sqlite => "gnucash",
            Content::TallyXml => "tally xml",
            Content::TallyCsv => "tally day book",
            Content::Ofx => "ofx",
            Content::Mt940 => "mt940",
            Content::Camt => "camt",
            Content::Qif => "qif",
        }
    }

    /// Statements that are no tables: [`super::statements`] reads them.
    pub fn is_statements(self) -> bool {
        matches!(
            self,
            Content::Ofx | Content::Mt940 | Content::Camt | Content::Qif
        )
    }
}

/// Tells what the first bytes of a file are.
///
/// Errors: kinds of files that are not read, each with what to do instead.
pub fn content(head: &[u8]) -> Result<Content, Fault> {
    if head.is_empty() {
        return Err(Fault::file("empty-file", "the file is empty"));
    }
    if head.starts_with(b"SQLite format 3") {
        return Ok(Content::Sqlite);
    }
    if let Some(content) = whole_book(head) {
        return Ok(content);
    }
    if super::workbook::is_workbook(head) {
        return Ok(Content::Workbook);
    }
    for (magic, name, todo) in MAGIC {
        if head.starts_with(magic) {
            return Err(
                Fault::file("not-text", format!("the file is {name}, not text")).hint(*todo),
            );
        }
    }
    let text = head_text(head);
    let start = after_remarks(text.trim_start_matches('\u{feff}').trim_start());
    if ofx::is_ofx(start) {
        return Ok(Content::Ofx);
    }
    if mt940::is_mt940(start) {
        return Ok(Content::Mt940);
    }
    if qif::is_qif(start) {
        return Ok(Content::Qif);
    }
    if camt::is_camt(start) {
        return Ok(Content::Camt);
    }
    for (sign, name) in FORMATS {
        if start
            .get(..sign.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(sign))
        {
            return Err(Fault::file(
                "unknown-format",
                format!("the file is {name}, which this version does not read"),
            )
            .hint("export the statement as CSV and import that"));
        }
    }
    Ok(if looks_like_beancount(start) {
        Content::Beancount
    } else if looks_like_journal(start) {
        Content::Journal
    } else {
        Content::Csv
    })
}

/// Behind remarks of programs that wrote the file: `<!-- … -->` above OFX, `# …` and stray `^` above QIF.
fn after_remarks(start: &str) -> &str {
    let mut rest = start;
    while let Some((_, behind)) = rest
        .strip_prefix("<!--")
        .and_then(|inner| inner.split_once("-->"))
    {
        rest = behind.trim_start();
    }
    if ofx::is_ofx(rest) {
        return rest;
    }
    let mut rest = start;
    while rest.starts_with(['#', '^']) {
        rest = rest.split_once('\n').map_or("", |(_, r)| r).trim_start();
    }
    if qif::is_qif(rest) { rest } else { start }
}

/// The beginning of a text, whatever Unicode it is in.
fn head_text(head: &[u8]) -> Cow<'_, str> {
    const HEAD_BYTES: usize = 64 * 1024;
    let head = &head[..head.len().min(HEAD_BYTES)];
    let even = &head[..head.len() & !1];
    match encoding::decode(even, None) {
        Ok(decoded) if decoded.name.starts_with("utf-16") => Cow::Owned(decoded.text.into_owned()),
        _ => String::from_utf8_lossy(head),
    }
}

/// A book of another tool in XML, packed or not, or a day book of Tally.
fn whole_book(head: &[u8]) -> Option<Content> {
    let unpacked;
    let head = match head.starts_with(b"\x1f\x8b") {
        true => {
            unpacked = xml::unpacked_head(head);
            &unpacked
        }
        false => &head[..head.len().min(16 * 1024)],
    };
    // UTF-16 of plain letters: every other byte is none.
    let plain: Vec<u8> = head.iter().copied().filter(|b| *b != 0).collect();
    let text = String::from_utf8_lossy(&plain);
    match root(&text) {
        Some("gnc-v2") => Some(Content::Gnucash),
        Some("ENVELOPE" | "TALLYMESSAGE" | "VOUCHER" | "LEDGER" | "GROUP") => {
            Some(Content::TallyXml)
        }
        Some(_) => None,
        None => {
            let end = memchr::memrchr(b'\n', head).map_or(head.len(), |at| at + 1);
            tally::is_day_book(&head[..end]).then_some(Content::TallyCsv)
        }
    }
}

/// The name of an XML file's first element.
fn root(text: &str) -> Option<&str> {
    let start = text
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{fffd}'));
    if !start.starts_with('<') {
        return None;
    }
    let at = start
        .match_indices('<')
        .find(|(at, _)| start[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()))?;
    let name = &start[at.0 + 1..];
    name.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
        .next()
}

const MAGIC: &[(&[u8], &str, &str)] = &[
    (
        b"%PDF",
        "a PDF",
        "ask the bank for the statement as CSV: a PDF cannot be read exactly",
    ),
    (
        b"\x1f\x8b",
        "compressed (gzip)",
        "unpack it first: gunzip FILE",
    ),
    (b"\x7fELF", "a program", "import a statement or a journal"),
    (
        b"\x89PNG",
        "a picture",
        "ask the bank for the statement as CSV",
    ),
    (
        b"\xff\xd8\xff",
        "a picture",
        "ask the bank for the statement as CSV",
    ),
];

const FORMATS: &[(&str, &str)] = &[("<?xml", "XML")];

/// A beancount ledger's lines: a date with a directive's name, or a flag and a text in quotes; options, plugins.
///
/// Its comments, headings and includes may be a journal's too, so the first line that decides is looked for.
fn looks_like_beancount(text: &str) -> bool {
    for line in text.lines().take(2_000) {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or("");
        let second = words.next().unwrap_or("");
        let quoted = second.starts_with('"');
        match first {
            "option" | "plugin" if quoted && line.starts_with(first) => return true,
            "include" if quoted && line.contains(".bean") => return true,
            "pushtag" | "poptag" if second.starts_with('#') => return true,
            _ => {}
        }
        if !first.starts_with(|c: char| c.is_ascii_digit()) || line.starts_with([' ', '\t']) {
            continue;
        }
        let dated = first.len() >= 8
            && first
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'/'));
        let third = words.next().unwrap_or("");
        let is_account =
            third.contains(':') && third.starts_with(|c: char| c.is_uppercase() || !c.is_ascii());
        let is_code = third.starts_with(|c: char| c.is_ascii_uppercase());
        return dated
            && match second {
                "txn" => third.is_empty() || third.starts_with(['"', '#', '^', ';']),
                "open" | "close" | "pad" | "balance" | "note" | "document" => is_account,
                "commodity" | "price" => is_code,
                "event" | "query" | "custom" => third.starts_with('"'),
                flag if flag.len() == 1
                    && !flag
                        .starts_with(|c: char| c.is_alphanumeric() && !c.is_ascii_uppercase()) =>
                {
                    third.starts_with('"') && is_quoted(line)
                }
                _ => false,
            };
    }
    false
}

/// Nothing but tags, links and a comment stands outside the quotes of a transaction's first line.
fn is_quoted(line: &str) -> bool {
    let mut outside = line.split('"').skip(2).step_by(2);
    let closed = line.matches('"').count().is_multiple_of(2);
    let rest = |part: &str| {
        let part = part.split(';').next().unwrap_or("");
        part.split_whitespace()
            .all(|word| word.starts_with(['#', '^', '|']))
    };
    !closed || outside.all(rest)
}

/// A journal's first lines that say something: a dated transaction with indented postings, or a directive.
fn looks_like_journal(text: &str) -> bool {
    const DIRECTIVES: &[&str] = &[
        "account ",
        "commodity ",
        "include ",
        "P ",
        "D ",
        "Y ",
        "alias ",
        "apply ",
        "comment",
        "decimal-mark ",
        "payee ",
        "tag ",
        "year ",
        "!include ",
        "~ ",
        "= ",
        "bucket ",
        "define ",
        "N ",
    ];
    // Editors are told so: `; -*- ledger -*-`.
    let first = text.lines().next().unwrap_or("");
    if first.starts_with([';', '#']) && first.contains("-*-") && first.contains("ledger") {
        return true;
    }
    let mut lines = text.lines().take(2_000).peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() || line.starts_with([';', '#', '*', '%', '|']) {
            continue;
        }
        // `commodity $1,000.00`: a comma between digits parts no cells.
        let sample = ["commodity ", "D ", "P "]
            .iter()
            .any(|d| line.starts_with(d))
            && line.contains(|c: char| c.is_ascii_digit());
        let celled = line.contains([',', '\t']) && !sample;
        if DIRECTIVES.iter().any(|d| line.starts_with(d)) && !celled {
            return true;
        }
        let digits = line.starts_with(|c: char| c.is_ascii_digit());
        let posting = lines
            .peek()
            .is_some_and(|next| next.starts_with([' ', '\t']) && !next.trim().is_empty());
        return digits && posting && (line.contains(' ') || line.len() <= 10);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_above_a_file_hide_nothing() {
        let ofx = "<!--\nOFXHEADER:100\nDATA:OFXSGML\n-->\n\n<OFX>\n<SIGNONMSGSRSV1>";
        assert_eq!(content(ofx.as_bytes()), Ok(Content::Ofx));
        assert_eq!(content(b"# x\n\n!Type:Bank\n"), Ok(Content::Qif));
        assert_eq!(
            content(b"# x\n2026-04-01 y\n  a  1\n"),
            Ok(Content::Journal)
        );
    }

    #[test]
    fn statements_and_journals_are_told_apart() {
        for text in [
            "Date,Narration,Amount\n",
            "01/04/2024,x,5\n",
            " \n\nDate;x\n",
            "Account Name : X\n1 Apr 2024\t5\n",
        ] {
            assert_eq!(content(text.as_bytes()), Ok(Content::Csv), "{text:?}");
        }
        for bytes in [
            &b"PK\x03\x04xx"[..],
            b"\xd0\xcf\x11\xe0\xa1",
            b"\n<HTML><table>",
            b"\xff\xfe<\0t\0a\0b\0l\0e\0>\0",
        ] {
            assert_eq!(content(bytes), Ok(Content::Workbook), "{bytes:?}");
        }
        for text in [
            "2024-01-01 x\n  a  1\n  b\n",
            "; hello\n\naccount Assets\n",
            "P 2024-01-01 USD 80 INR\n",
            "2024/1/1\n    a  1\n",
            "include other.journal\n",
            "commodity $1,000.00\n",
            "D 1,000.00 EUR\n",
            "; -*- ledger -*-\n\nN $\n",
            "N $\n\n= /^Expenses:Books/\n",
        ] {
            assert_eq!(content(text.as_bytes()), Ok(Content::Journal), "{text:?}");
        }
    }

    #[test]
    fn statements_of_banks_are_known_by_what_they_hold() {
        for (text, kind) in [
            ("OFXHEADER:100\nDATA:OFXSGML\n\n<OFX>", Content::Ofx),
            (
                "\u{feff}\r\n<?xml version=\"1.0\"?>\n<?OFX OFXHEADER=\"200\"?><OFX>",
                Content::Ofx,
            ),
            ("<ofx>", Content::Ofx),
            ("DATA:OFXSGML\nENCODING:UTF-8\n<OFX>", Content::Ofx),
            (":20:STARTUMS\n:25:1/2\n:60F:C260401EUR1,\n", Content::Mt940),
            ("{1:F01BANKDEFFXXXX}{2:I940X}{4:\n:20:X\n", Content::Mt940),
            (
                "ABNANL2A\n940\nABNANL2A\n:20:ABN\n:25:500\n",
                Content::Mt940,
            ),
        ] {
            assert_eq!(content(text.as_bytes()), Ok(kind), "{text:?}");
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(content(&wide), Ok(kind), "{text:?} in UTF-16");
        }
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (bytes, code) in [
            (&b""[..], "empty-file"),
            (b"%PDF-1.7", "not-text"),
            (b"\x89PNG\r\n", "not-text"),
            (b"<?xml version=\"1.0\"?><pain/>", "unknown-format"),
        ] {
            let fault = content(bytes).unwrap_err();
            assert_eq!(fault.code, code);
            assert!(fault.hint.is_some() || code == "empty-file");
        }
    }
}
