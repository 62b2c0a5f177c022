//! QIF text → sections of records. A line is one field, its first sign says which; `^` ends a record.

use super::super::fault::Fault;

/// What a section's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bank, cash, card, other assets and liabilities: money in and out of one account.
    Money,
    Investment,
    /// Accounts, one a record.
    Accounts,
    /// Categories, classes, securities, prices, memorized transactions: nothing happened.
    Lists,
    /// Invoices of Quicken's business edition, and what nobody wrote down.
    Unknown,
}

/// A run of records of one account.
#[derive(Debug, Clone, Default)]
pub struct Section<'a> {
    /// The account's name, where the file says it.
    pub account: Option<&'a str>,
    pub line: u64,
    pub records: Vec<Record<'a>>,
}

/// One transaction, as it stands.
#[derive(Debug, Clone, Default)]
pub struct Record<'a> {
    pub line: u64,
    pub raw: &'a str,
    /// Text and line.
    pub date: (&'a str, u64),
    pub amount: (&'a str, u64),
    pub payee: &'a str,
    pub memo: &'a str,
    pub number: &'a str,
    pub category: &'a str,
    pub splits: Vec<Split<'a>>,
}

#[derive(Debug, Clone, Default)]
pub struct Split<'a> {
    pub category: &'a str,
    pub memo: &'a str,
    pub amount: (&'a str, u64),
}

/// Everything a file holds.
#[derive(Debug, Default)]
pub struct Sections<'a> {
    pub money: Vec<Section<'a>>,
    /// Names of investment accounts, and their first lines.
    pub investments: Vec<(Option<&'a str>, u64)>,
    /// Headers of sections that are not read and are no lists, and their lines.
    pub unknown: Vec<(&'a str, u64)>,
}

/// What a header line begins; `None` of switches.
fn kind(header: &str) -> Option<Kind> {
    let lower = header.trim().to_ascii_lowercase();
    if lower.starts_with("!account") {
        return Some(Kind::Accounts);
    }
    let kind = lower.strip_prefix("!type:")?.trim();
    Some(match kind {
        "bank" | "cash" | "ccard" | "oth a" | "oth l" | "otha" | "othl" | "creditcard"
        | "oth s" => Kind::Money,
        "invst" | "port" | "mutual" | "401(k)/403(b)" => Kind::Investment,
        "cat" | "class" | "memorized" | "memorised" | "security" | "prices" | "budget"
        | "invitem" | "template" | "tag" | "payee" => Kind::Lists,
        _ => Kind::Unknown,
    })
}

/// Takes a text apart.
///
/// Errors: a last record without its end, unless its last line is whole.
pub fn read(text: &str) -> Result<Sections<'_>, Fault> {
    let mut reader = Reader::default();
    let (mut at, mut line) = (0, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let length = memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at);
        let end = at + length;
        line += 1;
        reader.line(text, (at, end), line);
        let both = bytes.get(end..end + 2) == Some(b"\r\n");
        at = end + if both { 2 } else { 1 };
    }
    if reader.begun.is_some() && !text.ends_with(['\n', '\r']) {
        let fault = Fault::at(
            "cut-short",
            line,
            1,
            "the last record does not end with ^: the file is cut short",
        );
        return Err(fault.hint("export it again"));
    }
    reader.end_record(text, text.len());
    Ok(reader.sections)
}

#[derive(Default)]
struct Reader<'a> {
    sections: Sections<'a>,
    kind: Option<Kind>,
    account: Option<&'a str>,
    record: Record<'a>,
    /// Where the record at hand begins.
    begun: Option<usize>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, text: &'a str, (from, until): (usize, usize), line: u64) {
        let whole = text[from..until].trim_start_matches('\u{feff}');
        if whole.trim().is_empty() {
            return;
        }
        // A remark of the program that wrote the file, above everything.
        if whole.starts_with('#') && self.kind.is_none() && self.begun.is_none() {
            return;
        }
        if whole.starts_with('!') {
            self.end_record(text, from);
            if kind(whole) == Some(Kind::Unknown) {
                self.sections.unknown.push((whole.trim(), line));
            }
            if let Some(kind) = kind(whole) {
                self.begin(kind, line);
            }
            return;
        }
        if whole.starts_with('^') {
            self.end_record(text, until);
            return;
        }
        if self.begun.is_none() {
            self.begun = Some(from);
            self.record.line = line;
        }
        let Some(code) = whole.chars().next() else {
            return;
        };
        self.field(code, whole[code.len_utf8()..].trim(), line);
    }

    fn begin(&mut self, kind: Kind, line: u64) {
        self.kind = Some(kind);
        match kind {
            Kind::Money => self.sections.money.push(Section {
                account: self.account,
                line,
                records: Vec::new(),
            }),
            Kind::Investment => self.sections.investments.push((self.account, line)),
            Kind::Accounts | Kind::Lists | Kind::Unknown => {}
        }
    }

    fn field(&mut self, code: char, value: &'a str, line: u64) {
        let record = &mut self.record;
        match (self.kind, code) {
            (Some(Kind::Accounts), 'N') => self.account = Some(value),
            (Some(Kind::Accounts | Kind::Lists | Kind::Unknown), _) => {}
            (_, 'D') => record.date = (value, line),
            (_, 'T') => record.amount = (value, line),
            // The same as T, with more digits in some files.
            (_, 'U') if record.amount.0.is_empty() => record.amount = (value, line),
            (_, 'P') => record.payee = value,
            (_, 'M') => record.memo = value,
            (_, 'N') => record.number = value,
            (_, 'L') => record.category = value,
            (_, 'S') => record.splits.push(Split {
                category: value,
                ..Split::default()
            }),
            (_, 'E') => {
                if let Some(split) = record.splits.last_mut() {
                    split.memo = value;
                }
            }
            (_, '$') => {
                if let Some(split) = record.splits.last_mut() {
                    split.amount = (value, line);
                }
            }
            _ => {}
        }
    }

    fn end_record(&mut self, text: &'a str, until: usize) {
        let mut record = std::mem::take(&mut self.record);
        let Some(from) = self.begun.take() else {
            return;
        };
        record.raw = text[from..until].trim_end();
        match self.kind {
            // Without a header the records are of the one account of the file.
            None | Some(Kind::Money) => {
                if self.sections.money.is_empty() {
                    self.begin(Kind::Money, record.line);
                }
                if let Some(section) = self.sections.money.last_mut() {
                    section.records.push(record);
                }
            }
            _ => {}
        }
    }
}
