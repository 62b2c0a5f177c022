//! One `STMTTRN` → a row; corrections and amounts without signs.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::tokens::unescape;
use crate::formats::csv::dates::{Scanned, scan};
use crate::formats::fault::Fault;
use crate::formats::gather::{Gathered, Sheet};
use crate::formats::plain::{line_text, plain_decimal, push_words, some_words};
use crate::formats::statement::{Category, Note, StatementRow};
use crate::ledger::settings::DateOrder;

/// What the sheet of a card is called.
pub const CARD: &str = "CREDITCARD";

/// The values of a row that mean something, as they stand.
#[derive(Debug, Default)]
pub struct Record<'a> {
    line: u64,
    from: usize,
    until: usize,
    kind: &'a str,
    posted: &'a str,
    amount: &'a str,
    id: &'a str,
    cheque: &'a str,
    reference: &'a str,
    name: &'a str,
    payee: &'a str,
    memo: &'a str,
    correct_id: &'a str,
    correct_action: &'a str,
    other_account: &'a str,
    /// Of `CURRENCY`: the amount is in it. `ORIGCURRENCY` is only told.
    currency: Option<&'a str>,
    within: Within,
}

/// Which part of a row the values at hand belong to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Row,
    Payee,
    Account,
    Currency,
    Other,
}

/// A row that takes another one's place, or away.
pub struct Correction {
    line: u64,
    /// Its own place among the rows of the statement.
    row: usize,
    id: String,
    deletes: bool,
}

impl<'a> Record<'a> {
    pub fn new(line: u64, from: usize) -> Record<'a> {
        Record {
            line,
            from,
            until: from,
            ..Record::default()
        }
    }

    pub fn open(&mut self, name: &str) {
        self.within = match name {
            "PAYEE" => Within::Payee,
            "BANKACCTTO" | "CCACCTTO" => Within::Account,
            "CURRENCY" => Within::Currency,
            "ORIGCURRENCY" | "IMAGEDATA" | "LOANTRNAMT" => Within::Other,
            // An empty value.
            _ => return,
        };
    }

    pub fn close(&mut self, name: &str) {
        let ended = matches!(
            name,
            "PAYEE"
                | "BANKACCTTO"
                | "CCACCTTO"
                | "CURRENCY"
                | "ORIGCURRENCY"
                | "IMAGEDATA"
                | "LOANTRNAMT"
        );
        if ended {
            self.within = Within::Row;
        }
    }

    pub fn value(&mut self, name: &str, value: &'a str, until: usize) {
        self.until = until;
        let slot = match (self.within, name) {
            (Within::Payee, "NAME") => &mut self.payee,
            (Within::Account, "ACCTID") => &mut self.other_account,
            (Within::Currency, "CURSYM") => {
                self.currency = Some(value);
                return;
            }
            (_, "TRNTYPE") => &mut self.kind,
            (_, "DTPOSTED") => &mut self.posted,
            (_, "TRNAMT") => &mut self.amount,
            (_, "FITID") => &mut self.id,
            (_, "CHECKNUM") => &mut self.cheque,
            (_, "REFNUM") => &mut self.reference,
            (Within::Row, "NAME") => &mut self.name,
            (Within::Row, "EXTDNAME") => &mut self.payee,
            (_, "MEMO") => &mut self.memo,
            (_, "CORRECTFITID") => &mut self.correct_id,
            (_, "CORRECTACTION") => &mut self.correct_action,
            _ => return,
        };
        *slot = value;
    }

    /// Brazilian banks print balances among the rows, without an id.
    pub fn is_balance(&self) -> bool {
        let words = if self.memo.is_empty() {
            self.name
        } else {
            self.memo
        };
        let start = words.get(..5).unwrap_or("");
        self.id.is_empty() && start.eq_ignore_ascii_case("saldo")
    }

    pub fn left_out_balance(&self) -> Note {
        Note {
            line: Some(self.line),
            text: "a balance among the rows, no transaction: left out".to_owned(),
        }
    }

    pub fn is_hold(&self) -> bool {
        self.kind == "HOLD"
    }

    /// What the row, the `row`th of its statement, corrects.
    pub fn correction(&self, row: usize) -> Option<Correction> {
        (!self.correct_id.is_empty()).then(|| Correction {
            line: self.line,
            row,
            id: self.correct_id.to_owned(),
            deletes: self.correct_action.eq_ignore_ascii_case("DELETE"),
        })
    }

    /// The row. `None`: it only takes another one away.
    ///
    /// Errors: no day or amount, or none that can be read.
    pub fn row(
        &self,
        text: &str,
        until: usize,
        currency: &Option<Arc<str>>,
        (unsigned, is_card, mark): (&mut Unsigned, bool, Option<char>),
    ) -> Result<Option<StatementRow>, Fault> {
        let amount =
            amount(self.amount, mark).map_err(|f| at(f, self.line_of(text, self.amount), text))?;
        let date = day(self.posted).ok_or_else(|| {
            let why = match self.posted {
                "" => "the row has no day (DTPOSTED)".to_owned(),
                posted => format!("{posted:?} is no day of the calendar (YYYYMMDD)"),
            };
            let fault = Fault::file("unreadable-date", why);
            at(fault, self.line_of(text, self.posted), text)
                .hint("correct the date, or export the statement again")
        })?;
        unsigned.look(self.kind, amount, is_card);
        let (description, payee) = self.words();
        let reference = [self.cheque, self.reference]
            .into_iter()
            .find_map(|r| some_words(&unescape(r)).filter(|r| !r.bytes().all(|b| b == b'0')));
        let id = some_words(&unescape(self.id)).filter(|i| i != "0" && i != "NONE");
        let currency = self.currency.map(Arc::from).or_else(|| currency.clone());
        Ok(Some(StatementRow {
            line: self.line,
            date,
            description,
            payee,
            reference,
            bank_id: id,
            amount,
            currency,
            balance: None,
            series: 0,
            raw: text[self.from..until.max(self.until)].trim_end().to_owned(),
            category: Box::new(Category {
                counter_number: some_words(self.other_account).map(Arc::from),
                named: None,
                ..Category::default()
            }),
        }))
    }

    /// What the row is about, and whose it is. Banks cut the name short and repeat it in the memo.
    fn words(&self) -> (String, Option<String>) {
        let name = if self.payee.is_empty() {
            self.name
        } else {
            self.payee
        };
        let name = some_words(&unescape(name));
        let memo = some_words(&unescape(self.memo));
        let description = match (&name, &memo) {
            (Some(name), Some(memo)) if memo.starts_with(name.as_str()) => memo.clone(),
            (Some(name), Some(memo)) if name.contains(memo.as_str()) => name.clone(),
            (Some(name), Some(memo)) => {
                let mut both = name.clone();
                push_words(&mut both, memo);
                both
            }
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => some_words(self.kind).unwrap_or_default(),
        };
        (description, name)
    }

    fn line_of(&self, text: &str, value: &str) -> u64 {
        let behind = text.get(self.from..).unwrap_or("");
        let at = (value.as_ptr() as usize).saturating_sub(behind.as_ptr() as usize);
        let within = behind.as_bytes().get(..at).filter(|_| !value.is_empty());
        self.line + within.map_or(0, |b| memchr::memchr_iter(b'\n', b).count() as u64)
    }
}

/// A fault with its line.
pub fn at(fault: Fault, line: u64, text: &str) -> Fault {
    Fault {
        line: Some(line),
        ..fault
    }
    .line_text(line_text(text, line).trim())
}

/// The day as printed; the time and its zone behind it are not looked at.
pub fn day(text: &str) -> Option<Date> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits >= 8 && !text.as_bytes()[8..].contains(&b'/') {
        let year = text[..4].parse().ok()?;
        return Date::new(year, text[4..6].parse().ok()?, text[6..8].parse().ok()?).ok();
    }
    match scan(text)? {
        sure @ Scanned::Sure(..) => sure.date(DateOrder::Ymd),
        _ => None,
    }
}

/// The decimal mark that the amounts of rows show without doubt; `None` where none does, or they disagree.
pub fn decimal_mark(text: &str) -> Option<char> {
    const TAG: &str = "<TRNAMT>";
    let mut found = None;
    for at in memchr::memmem::find_iter(text.as_bytes(), TAG) {
        let behind = &text[at + TAG.len()..];
        let value = behind.split(['<', '\r', '\n']).next().unwrap_or("").trim();
        let Some(at) = value
            .rfind([',', '.'])
            .filter(|at| !may_be_group(value, *at))
        else {
            continue;
        };
        let mark = char::from(value.as_bytes()[at]);
        if value.matches(mark).count() == 1 && found.replace(mark).is_some_and(|m| m != mark) {
            return None;
        }
    }
    found
}

/// Whether the only mark of a number may part thousands: `1,500`, not `0.500` or `1500.000`.
fn may_be_group(value: &str, at: usize) -> bool {
    let whole = value[..at].trim_start_matches(['-', '+', '\u{2212}', ' ']);
    let places = &value[at + 1..];
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    places.len() == 3
        && digits(places)
        && digits(whole)
        && (1..=3).contains(&whole.len())
        && !whole.starts_with('0')
}

/// `-34.51`, `+10`, `1.234,56`: with one kind of mark it is the decimal mark, unless the others of the file show
/// another one; with two the last one is. `1,500` is 1.5 by the standard, and 1500 to banks that do not keep to it.
pub fn amount(text: &str, usual: Option<char>) -> Result<Decimal, Fault> {
    let fault = || {
        let why = match text {
            "" => "the row has no amount (TRNAMT)".to_owned(),
            text => format!("{text:?} is not an amount"),
        };
        Fault::file("unreadable-amount", why)
            .hint("amounts are digits with a decimal mark and perhaps a sign")
    };
    let trimmed = text.trim();
    let (negative, digits) = match trimmed.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => (true, digits),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let digits = digits.trim();
    let marks = digits.bytes().filter(|b| matches!(b, b',' | b'.')).count();
    let grouped = digits
        .find([',', '.'])
        .filter(|at| marks == 1 && may_be_group(digits, *at));
    let written = grouped.map(|at| char::from(digits.as_bytes()[at]));
    let value = if written == Some(',') && usual.is_none() {
        let why = format!(
            "{text:?} can be read with a decimal mark or with thousands, and no amount of the file says which"
        );
        return Err(Fault::file("ambiguous-decimal-mark", why)
            .hint("correct the amounts, with a decimal point: 1500.00"));
    } else if written.is_some_and(|written| usual.is_some_and(|usual| usual != written)) {
        plain_decimal(&digits.replace([',', '.'], ""))
    } else if marks <= 1 {
        plain_decimal(digits)
    } else {
        let last = digits
            .rfind([',', '.'])
            .map_or(',', |at| char::from(digits.as_bytes()[at]));
        let alone = digits.matches(last).count() == 1;
        let other = if last == ',' { '.' } else { ',' };
        let mark = if alone { last } else { other };
        crate::formats::csv::amounts::value(digits, mark)
    };
    let value = value.ok_or_else(fault)?;
    Ok(if negative { -value } else { value })
}

/// Some banks write every amount without a sign and leave the side to the kind of row.
#[derive(Debug, Default)]
pub struct Unsigned {
    negatives: bool,
    debits: usize,
    credits: usize,
}

/// Whether the kind is money out. What is paid on a card's account is paid to the card.
fn is_debit(kind: &str, card: bool) -> bool {
    match kind {
        "DEBIT" | "CHECK" | "ATM" | "POS" | "FEE" | "SRVCHG" => true,
        "PAYMENT" | "DIRECTDEBIT" | "REPEATPMT" => !card,
        _ => false,
    }
}

impl Unsigned {
    pub fn look(&mut self, kind: &str, amount: Decimal, card: bool) {
        self.negatives |= amount.is_sign_negative() && !amount.is_zero();
        self.debits += usize::from(is_debit(kind, card));
        self.credits += usize::from(match kind {
            "CREDIT" | "DEP" | "DIRECTDEP" | "INT" | "DIV" => true,
            "PAYMENT" | "DIRECTDEBIT" | "REPEATPMT" => card,
            _ => false,
        });
    }

    /// Where no amount of the file has a sign and its kinds name both sides, the kinds decide.
    pub fn settle(&self, gathered: &mut Gathered) {
        if self.negatives || self.debits == 0 || self.credits == 0 {
            return;
        }
        for sheet in &mut gathered.sheets {
            let card = sheet.name == CARD;
            for row in &mut sheet.rows {
                if kind_of(&row.raw).is_some_and(|kind| is_debit(kind, card)) {
                    row.amount = -row.amount;
                }
            }
        }
        gathered.notes.push(Note {
            line: None,
            text: "no amount has a sign: TRNTYPE says what is money out".to_owned(),
        });
    }
}

fn kind_of(raw: &str) -> Option<&str> {
    let (_, behind) = raw.split_once("<TRNTYPE>")?;
    behind.split(['<', '\r', '\n']).next().map(str::trim)
}

/// Does what corrections say to the rows of the same statement; those of others are left out, for a person to settle.
pub fn correct(sheet: &mut Sheet, corrections: Vec<Correction>) {
    let mut gone = vec![false; sheet.rows.len()];
    for correction in corrections {
        let mut here = false;
        for (nth, row) in sheet.rows.iter().enumerate() {
            if nth != correction.row && row.bank_id.as_deref() == Some(&correction.id) {
                (gone[nth], here) = (true, true);
            }
        }
        gone[correction.row] |= correction.deletes || !here;
        let verb = if correction.deletes {
            "takes back"
        } else {
            "replaces"
        };
        let id = &correction.id;
        let line = Some(correction.line);
        if here {
            let text = format!("the bank {verb} the row {id}: done");
            sheet.notes.push(Note { line, text });
        } else {
            let text = format!("the bank {verb} the row {id} of an earlier file");
            sheet.unsettled.push(Note { line, text });
        }
    }
    let mut places = gone.into_iter();
    sheet.rows.retain(|_| !places.next().unwrap_or(false));
}
