//! OFX and QFX: SGML (1.x, tags left open) and XML (2.x), several accounts, banks and cards.
//!
//! What is not booked (pending lists, holds) is left out and said; investment accounts are named, not read.

mod build;
mod header;
mod tokens;

use std::sync::Arc;

use super::fault::Fault;
use super::gather::{Balance, Gathered, Sheet, too_many};
use super::statement::Note;
use super::xml::guard::Harm;
use build::Record;
pub use header::label;
use tokens::{Placed, Token, Tokens, unescape};

/// The most accounts of a file: each is compared with the others.
const ACCOUNTS_MAX: usize = 2_000;

/// True of texts that begin like an OFX file; `start` has no white space in front.
pub fn is_ofx(start: &str) -> bool {
    const SIGNS: &[&str] = &["OFXHEADER", "DATA:OFXSGML", "<?OFX", "<OFX>", "<OFX "];
    let upper: String = start
        .chars()
        .take(16)
        .collect::<String>()
        .to_ascii_uppercase();
    SIGNS.iter().any(|sign| upper.starts_with(sign))
        || start.starts_with("<?xml") && {
            let head: String = start.chars().take(2_000).collect();
            head.contains("<?OFX") || head.contains("<OFX>") || head.contains("<OFX ")
        }
}

/// Reads every statement of a file.
///
/// Errors: a file that is cut short; a date or amount that cannot be read.
pub fn read(text: &str) -> Result<Gathered, Fault> {
    let is_small = !text.contains("<OFX") && text.contains("<ofx");
    if is_small || memchr::memmem::find(text.as_bytes(), b"<stmttrn").is_some() {
        return read(&with_upper_tags(text));
    }
    let head = header::end_of_declarations(text);
    if let Some(at) = text[..head].find("<!ENTITY") {
        return Err(Harm::OwnDocumentType.at(text, at));
    }
    let mut reader = Reader::new(text);
    for placed in Tokens::of(text, header::end(text)) {
        reader.token(&placed)?;
    }
    reader.finish()
}

/// The standard's tags are capitals; some programs write them small.
fn with_upper_tags(text: &str) -> String {
    let mut within = false;
    text.chars()
        .map(|c| {
            within = c == '<' || within && c != '>';
            if within { c.to_ascii_uppercase() } else { c }
        })
        .collect()
}

/// Which list the rows at hand stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Booked,
    Pending,
}

struct Reader<'a> {
    text: &'a str,
    gathered: Gathered,
    sheet: Option<Sheet>,
    list: List,
    record: Option<Record<'a>>,
    /// An account of ours, or of the other side of a row.
    in_account: bool,
    in_balance: bool,
    balance: (Option<&'a str>, Option<&'a str>, usize),
    account_type: &'a str,
    /// Lines before a place that was asked for.
    counted: (usize, u64),
    closed: bool,
    investment: bool,
    transfers: usize,
    pending: usize,
    unsigned: build::Unsigned,
    /// The decimal mark that amounts of the file show.
    mark: Option<char>,
    corrections: Vec<build::Correction>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Reader<'a> {
        Reader {
            text,
            gathered: Gathered {
                layout: "ofx",
                details: header::version(text).into_iter().collect(),
                ..Gathered::default()
            },
            sheet: None,
            list: List::Booked,
            record: None,
            in_account: false,
            in_balance: false,
            balance: (None, None, 0),
            account_type: "",
            counted: (0, 1),
            closed: false,
            investment: false,
            transfers: 0,
            pending: 0,
            unsigned: build::Unsigned::default(),
            mark: build::decimal_mark(text),
            corrections: Vec::new(),
        }
    }

    /// The line of a place; places must not go back.
    fn line(&mut self, at: usize) -> u64 {
        let (from, line) = self.counted;
        let Some(passed) = self.text.as_bytes().get(from..at) else {
            return line;
        };
        let passed = memchr::memchr_iter(b'\n', passed).count();
        self.counted = (at, line + passed as u64);
        self.counted.1
    }

    fn token(&mut self, placed: &Placed<'a>) -> Result<(), Fault> {
        match placed.token {
            Token::Open { name, value: "" } => self.open(name, placed.at),
            Token::Open { name, value } => {
                self.value(name, value, placed);
                Ok(())
            }
            Token::Close { name } => self.close(name, placed),
        }
    }

    fn open(&mut self, name: &'a str, at: usize) -> Result<(), Fault> {
        match name {
            "STMTRS" | "CCSTMTRS" | "LOANSTMTRS" => {
                let line = self.line(at);
                self.finish_sheet()?;
                self.sheet = Some(Sheet {
                    line,
                    ..Sheet::default()
                });
                self.account_type = if name == "CCSTMTRS" { build::CARD } else { "" };
            }
            "INVSTMTRS" => {
                self.finish_sheet()?;
                self.investment = true;
                let line = self.line(at);
                let text = "an investment account, whose securities hissab does not keep: left out";
                self.gathered.notes.push(Note {
                    line: Some(line),
                    text: text.to_owned(),
                });
            }
            "INTRATRNRS" | "INTERTRNRS" | "PMTTRNRS" => self.transfers += 1,
            "BANKACCTFROM" | "CCACCTFROM" | "LOANACCTFROM" => self.in_account = true,
            "BANKTRANLISTP" | "CCTRANLISTP" => self.list = List::Pending,
            "BANKTRANLIST" | "CCTRANLIST" => self.list = List::Booked,
            "STMTTRN" | "STMTTRNP" | "LOANSTMTTRN" => {
                self.finish_record(at)?;
                if self.sheet.is_none() && !self.investment {
                    let line = self.line(at);
                    let why = "a transaction outside of any statement: whose it is, is not said";
                    let fault = Fault::file("bad-record", why);
                    return Err(build::at(fault, line, self.text).hint("download it again"));
                }
                if !self.investment {
                    let line = self.line(at);
                    self.record = Some(Record::new(line, at));
                    if name == "STMTTRNP" {
                        self.list = List::Pending;
                    }
                }
            }
            "LEDGERBAL" => {
                self.finish_record(at)?;
                (self.in_balance, self.balance) = (true, (None, None, at));
            }
            "AVAILBAL" | "BALLIST" => self.in_balance = false,
            other => {
                if let Some(record) = &mut self.record {
                    record.open(other);
                }
            }
        }
        Ok(())
    }

    fn value(&mut self, name: &'a str, value: &'a str, placed: &Placed<'a>) {
        if let Some(record) = &mut self.record {
            record.value(name, value, placed.until);
            return;
        }
        let Some(sheet) = &mut self.sheet else { return };
        match name {
            "CURDEF" => sheet.currency = Some(Arc::from(&*unescape(value))),
            "ACCTID" if self.in_account => sheet.number = Some(Arc::from(&*unescape(value))),
            "ACCTTYPE" if self.in_account => self.account_type = value,
            "BALAMT" if self.in_balance => self.balance.0 = Some(value),
            "DTASOF" if self.in_balance => self.balance.1 = Some(value),
            _ => {}
        }
    }

    fn close(&mut self, name: &str, placed: &Placed<'a>) -> Result<(), Fault> {
        match name {
            "STMTTRN" | "STMTTRNP" | "LOANSTMTTRN" | "BANKTRANLIST" | "CCTRANLIST" => {
                self.finish_record(placed.until)?;
                if name == "STMTTRNP" {
                    self.list = List::Booked;
                }
            }
            "BANKTRANLISTP" | "CCTRANLISTP" => {
                self.finish_record(placed.until)?;
                self.list = List::Booked;
            }
            "BANKACCTFROM" | "CCACCTFROM" | "LOANACCTFROM" => self.in_account = false,
            "LEDGERBAL" => self.finish_balance()?,
            "STMTRS" | "CCSTMTRS" | "LOANSTMTRS" => {
                self.finish_record(placed.at)?;
                self.finish_sheet()?;
            }
            "INVSTMTRS" => self.investment = false,
            "OFX" => self.closed = true,
            other => {
                if let Some(record) = &mut self.record {
                    record.close(other);
                }
            }
        }
        Ok(())
    }

    fn finish_record(&mut self, until: usize) -> Result<(), Fault> {
        let Some(record) = self.record.take() else {
            return Ok(());
        };
        let Some(sheet) = &mut self.sheet else {
            return Ok(());
        };
        if self.list == List::Pending || record.is_hold() {
            self.pending += 1;
            return Ok(());
        }
        if record.is_balance() {
            sheet.notes.push(record.left_out_balance());
            return Ok(());
        }
        self.corrections.extend(record.correction(sheet.rows.len()));
        let is_card = self.account_type == build::CARD;
        let told = (&mut self.unsigned, is_card, self.mark);
        if let Some(row) = record.row(self.text, until, &sheet.currency, told)? {
            sheet.rows.push(row);
        }
        Ok(())
    }

    /// A balance of zero is what banks write that do not know it.
    fn finish_balance(&mut self) -> Result<(), Fault> {
        if !std::mem::take(&mut self.in_balance) {
            return Ok(());
        }
        let (Some(amount), Some(day), at) = self.balance else {
            return Ok(());
        };
        let line = self.line(at);
        let amount = build::amount(amount, self.mark).map_err(|f| build::at(f, line, self.text))?;
        // A day that cannot be read makes the balance no check, and harms no row.
        let on = build::day(day);
        if let (Some(sheet), Some(on), false) = (&mut self.sheet, on, amount.is_zero()) {
            sheet.closing = Some(Balance {
                amount,
                on: Some(on),
                line,
            });
        }
        Ok(())
    }

    fn finish_sheet(&mut self) -> Result<(), Fault> {
        self.finish_balance()?;
        let Some(mut sheet) = self.sheet.take() else {
            return Ok(());
        };
        let last = sheet.rows.iter().map(|r| r.date).max();
        // A balance of before the last row says nothing of the end.
        sheet.closing = sheet.closing.filter(|c| c.on >= last);
        sheet.name = std::mem::take(&mut self.account_type).to_owned();
        self.tell_apart(&mut sheet);
        build::correct(&mut sheet, std::mem::take(&mut self.corrections));
        self.gathered.sheets.push(sheet);
        if self.gathered.sheets.len() > ACCOUNTS_MAX {
            return Err(too_many(ACCOUNTS_MAX));
        }
        Ok(())
    }

    /// Some banks give two accounts of a customer one number.
    fn tell_apart(&self, sheet: &mut Sheet) {
        let mut others = self.gathered.sheets.iter();
        let taken = others.any(|s| s.number == sheet.number && s.name != sheet.name);
        if let (true, Some(number)) = (taken, &sheet.number) {
            sheet.number = Some(Arc::from(format!("{number} {}", sheet.name)));
        }
    }

    fn finish(mut self) -> Result<Gathered, Fault> {
        if !self.closed {
            let line = self.line(self.text.len());
            let why = "the file ends before </OFX>: it is cut short";
            return Err(Fault {
                line: Some(line),
                ..Fault::file("cut-short", why)
            }
            .hint("download it again"));
        }
        self.finish_sheet()?;
        if self.transfers > 0 && self.gathered.sheets.is_empty() {
            let text = "it answers an order to pay or transfer, which is not yet booked";
            self.gathered.notes.push(Note {
                line: None,
                text: text.to_owned(),
            });
        }
        if self.pending > 0 {
            let text = format!("{} pending rows left out: not booked yet", self.pending);
            self.gathered.notes.push(Note { line: None, text });
        }
        self.unsigned.settle(&mut self.gathered);
        Ok(self.gathered)
    }
}

#[cfg(test)]
mod tests;
