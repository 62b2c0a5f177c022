//! Lines to directives: texts over several lines are joined, indented lines belong to what stands above them.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use crate::formats::journal::Fault;
use crate::formats::journal::builder::{Builder, one_line, printable, tag};
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::Tag;

use super::cursor::{self, Cursor, Read, Value};
use super::model::{Dated, Method, Options, Place, Transaction, What};
use super::{opened, posting};

/// The longest text over several lines, in bytes.
const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// What notes and metadata of an account may come to; the rest is counted.
const NOTE_BYTES_MAX: usize = 8 * 1024;
/// Columns that begin a line which beancount passes over: headings of org-mode, shebangs.
const SKIPPED: [char; 7] = ['*', ':', '#', '!', '&', '?', '%'];

/// What an indented line belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Above {
    Nothing,
    Transaction,
    Account(AccountKey),
    Commodity(CurrencyKey),
    Other,
}

/// The transaction being read.
struct Open {
    on: Date,
    place: Place,
    transaction: Transaction,
    broken: bool,
}

/// Everything read so far.
pub(super) struct Parser<'b, 'o> {
    pub builder: &'b mut Builder<'o>,
    pub options: Options,
    pub directives: Vec<Dated>,
    /// The plugins of these names are on.
    pub implicit_prices: bool,
    pub auto_accounts: bool,
    pub(super) stack: Vec<PathBuf>,
    pub(super) seen: std::collections::HashSet<PathBuf>,
    pub(super) source: u16,
    pub(super) file: Arc<str>,
    pub(super) tags: Vec<String>,
    pub(super) metas: Vec<Tag>,
    pub(super) line: u32,
    above: Above,
    open: Option<Open>,
    /// What follows means nothing: a text before it is never closed.
    pub(super) is_lost: bool,
    /// A text that is not closed yet, and the line it began on.
    pending: Option<(String, u32)>,
}

impl<'b, 'o> Parser<'b, 'o> {
    pub fn new(builder: &'b mut Builder<'o>) -> Parser<'b, 'o> {
        Parser {
            builder,
            options: Options::default(),
            directives: Vec::new(),
            implicit_prices: false,
            auto_accounts: false,
            stack: Vec::new(),
            seen: std::collections::HashSet::new(),
            source: 0,
            file: Arc::from(""),
            tags: Vec::new(),
            metas: Vec::new(),
            line: 0,
            above: Above::Nothing,
            open: None,
            is_lost: false,
            pending: None,
        }
    }

    /// Reads one physical line.
    pub fn line(&mut self, text: &str, number: u32) {
        if let Some((mut whole, line)) = self.pending.take() {
            whole.push('\n');
            whole.push_str(text);
            if whole.len() > TEXT_BYTES_MAX {
                self.line = line;
                let fault = Fault::new("unclosed-quote", "the closing quote is missing")
                    .hint("a text of more than 1 MiB is not read");
                self.is_lost = true;
                self.fail(whole.lines().next().unwrap_or(""), (fault, 0));
                return;
            }
            // Only the new line can close the text, or open another.
            if ends_open(text, true) {
                self.pending = Some((whole, line));
            } else {
                self.line = line;
                self.logical(&whole);
            }
            return;
        }
        self.line = number;
        if text.starts_with(SKIPPED) {
            return;
        }
        if ends_open(text, false) {
            self.pending = Some((text.to_owned(), number));
        } else {
            self.logical(text);
        }
    }

    /// The file is over.
    pub fn end_of_file(&mut self) {
        if let Some((text, line)) = self.pending.take() {
            self.line = line;
            let fault = Fault::new("unclosed-quote", "the closing quote is missing");
            self.fail(&text, (fault, text.find('"').unwrap_or(0)));
        }
        self.end();
    }

    fn logical(&mut self, text: &str) {
        let read = match text.chars().next() {
            None => {
                self.end();
                Ok(())
            }
            Some(';') => Ok(()),
            Some(' ' | '\t' | '\r') => self.indented(text),
            Some(c) => {
                self.end();
                if c.is_ascii_digit() {
                    self.dated(text)
                } else {
                    self.undated(text)
                }
            }
        };
        if let Err(found) = read {
            self.fail(text, found);
        }
    }

    pub(super) fn fail(&mut self, text: &str, found: (Fault, usize)) {
        if let Some(open) = &mut self.open {
            open.broken = true;
        }
        let error = cursor::error(&self.file, self.line, text, found);
        self.builder.fail(error);
    }

    /// Ends the transaction being read.
    fn end(&mut self) {
        self.above = Above::Nothing;
        if let Some(open) = self.open.take().filter(|o| !o.broken) {
            self.push(
                open.on,
                open.place,
                What::Transaction(Box::new(open.transaction)),
            );
        }
    }

    fn push(&mut self, on: Date, place: Place, what: What) {
        self.directives.push(Dated { on, place, what });
    }

    fn place(&self) -> Place {
        Place {
            source: self.source,
            line: self.line,
        }
    }

    pub(super) fn currency(&mut self, cursor: &mut Cursor<'_>) -> Read<CurrencyKey> {
        let code = cursor.currency()?;
        match self.builder.currency(code) {
            Some(key) => Ok(key),
            None => cursor.wrong("too-many-commodities", "more than 65,535 commodities"),
        }
    }

    pub(super) fn account(&mut self, cursor: &mut Cursor<'_>) -> Read<AccountKey> {
        Ok(self.builder.account(cursor.account()?))
    }

    /// A line that begins with a date.
    fn dated(&mut self, text: &str) -> Read<()> {
        let mut cursor = Cursor::new(text);
        let Some(on) = cursor.date()? else {
            return cursor.wrong("bad-date", "a date should stand here");
        };
        let mut word = cursor;
        self.above = Above::Other;
        let keyword = word.keyword();
        if keyword.is_empty() {
            return self.header(on, cursor, false);
        }
        cursor = word;
        if keyword == "txn" {
            return self.header(on, cursor, true);
        }
        match keyword {
            "open" => self.open_account(on, &mut cursor)?,
            "close" => {
                let account = self.account(&mut cursor)?;
                self.builder.account_mut(account).closed_on = Some(on);
                self.push(on, self.place(), What::Close(account));
            }
            "commodity" => {
                let key = self.currency(&mut cursor)?;
                self.above = Above::Commodity(key);
            }
            "pad" => {
                let what = What::Pad {
                    account: self.account(&mut cursor)?,
                    from: self.account(&mut cursor)?,
                };
                self.push(on, self.place(), what);
            }
            "balance" => self.balance(on, &mut cursor)?,
            "price" => {
                let commodity = self.currency(&mut cursor)?;
                let rate = cursor.number()?;
                let what = What::Price {
                    commodity,
                    rate,
                    currency: self.currency(&mut cursor)?,
                };
                self.push(on, self.place(), what);
            }
            "note" => {
                let account = self.account(&mut cursor)?;
                let note = cursor.string()?;
                self.tags_and_links(&mut cursor);
                self.annotate(account, &format!("{on}: {}", one_line(&note)));
            }
            "document" => {
                let account = self.account(&mut cursor)?;
                let path = cursor.string()?;
                self.tags_and_links(&mut cursor);
                self.annotate(account, &format!("{on} document: {}", one_line(&path)));
            }
            "event" | "query" => {
                cursor.string()?;
                cursor.string()?;
                self.builder.ignored(keyword);
            }
            "custom" => {
                cursor.string()?;
                while !cursor.is_done() {
                    cursor.value()?;
                }
                self.builder.ignored(keyword);
            }
            other => {
                self.above = Above::Nothing;
                let fault = Fault::new("bad-directive", format!("{other:?} is no directive of beancount"))
                    .hint("directives: open, close, commodity, txn or a flag, pad, balance, price, note, document, event, query, custom");
                return Err((fault, cursor.at - other.len()));
            }
        }
        cursor.end()
    }

    fn open_account(&mut self, on: Date, cursor: &mut Cursor<'_>) -> Read<()> {
        let account = self.account(cursor)?;
        let mut currencies = Vec::new();
        cursor.blanks();
        while cursor.is_currency() {
            currencies.push(self.currency(cursor)?);
            if !cursor.takes(',') {
                break;
            }
            cursor.blanks();
        }
        let mut method = None;
        if cursor.is_string() {
            let word = cursor.string()?;
            method = Method::from_word(&word);
            if method.is_none() {
                return cursor.wrong(
                    "bad-directive",
                    format!("there is no booking method {word:?}"),
                );
            }
        }
        let held = self.builder.account_mut(account);
        held.opened_on = Some(held.opened_on.map_or(on, |first| first.min(on)));
        self.above = Above::Account(account);
        self.push(
            on,
            self.place(),
            What::Open {
                account,
                currencies,
                method,
            },
        );
        Ok(())
    }

    fn balance(&mut self, on: Date, cursor: &mut Cursor<'_>) -> Read<()> {
        let account = self.account(cursor)?;
        let amount = cursor.number()?;
        let tolerance = if cursor.takes('~') {
            Some(cursor.number()?)
        } else {
            None
        };
        let what = What::Balance {
            account,
            amount,
            currency: self.currency(cursor)?,
            tolerance,
        };
        self.push(on, self.place(), what);
        Ok(())
    }

    /// The first line of a transaction, behind its date.
    fn header(&mut self, on: Date, mut cursor: Cursor<'_>, named: bool) -> Read<()> {
        let mut flag = '*';
        if !named {
            cursor.blanks();
            let c = cursor
                .peek()
                .filter(|c| c.is_ascii_uppercase() || "*!&#?%".contains(*c));
            let behind = c.and_then(|c| cursor.rest()[c.len_utf8()..].chars().next());
            match c {
                Some(c) if behind.is_none_or(|b| b.is_whitespace() || b == '"' || b == ';') => {
                    (flag, cursor.at) = (c, cursor.at + c.len_utf8());
                }
                _ => {
                    return cursor.wrong(
                        "bad-directive",
                        "a directive, or the flag of a transaction, should stand here",
                    );
                }
            }
        }
        let mut texts = Vec::new();
        while cursor.is_string() {
            texts.push(cursor.string()?);
            cursor.takes('|');
        }
        if texts.len() > 2 {
            return cursor.wrong(
                "bad-directive",
                "a transaction has at most a payee and a narration",
            );
        }
        let narration = texts.pop().unwrap_or_default();
        let payee = texts.pop().unwrap_or_default();
        let mut tags: Vec<Tag> = self.tags.iter().map(|name| tag(name, "")).collect();
        tags.extend(self.metas.iter().cloned());
        for found in self.tags_and_links(&mut cursor) {
            if !tags.contains(&found) {
                tags.push(found);
            }
        }
        cursor.end()?;
        self.above = Above::Transaction;
        self.open = Some(Open {
            on,
            place: self.place(),
            transaction: Transaction {
                flag,
                payee,
                narration,
                tags,
                postings: Vec::new(),
            },
            broken: false,
        });
        Ok(())
    }

    fn tags_and_links(&mut self, cursor: &mut Cursor<'_>) -> Vec<Tag> {
        let mut found = Vec::new();
        loop {
            if cursor.takes('#') {
                found.push(tag(cursor.name(), ""));
            } else if cursor.takes('^') {
                found.push(tag("link", cursor.name()));
            } else {
                return found;
            }
        }
    }

    /// A posting, metadata, or more tags.
    fn indented(&mut self, text: &str) -> Read<()> {
        let mut cursor = Cursor::new(text);
        if cursor.is_done() {
            return Ok(());
        }
        let key = key(cursor.rest());
        if let Some(name) = key {
            cursor.at += name.len() + 1;
            let value = cursor.value()?;
            cursor.end()?;
            self.meta(name, value);
            return Ok(());
        }
        if matches!(cursor.peek(), Some('#' | '^')) && !cursor.rest().starts_with("# ") {
            let found = self.tags_and_links(&mut cursor);
            cursor.end()?;
            if let Some(open) = &mut self.open {
                open.transaction.tags.extend(found);
            }
            return Ok(());
        }
        if self.above != Above::Transaction {
            let fault = Fault::new("stray-line", "this indented line belongs to nothing").hint(
                "postings stand right below their transaction, without an empty line between",
            );
            return Err((fault, cursor.at));
        }
        let posting = posting::read(self, &mut cursor)?;
        cursor.end()?;
        if let Some(open) = &mut self.open {
            open.transaction.postings.push(posting);
        }
        Ok(())
    }

    fn meta(&mut self, name: &str, value: Value) {
        let text = match &value {
            Value::Text(text) => printable(text),
            Value::Nothing => String::new(),
        };
        match (self.above, &mut self.open) {
            (Above::Transaction, Some(open)) => {
                let tags = match open.transaction.postings.last_mut() {
                    Some(posting) => &mut posting.meta,
                    None => &mut open.transaction.tags,
                };
                tags.push(tag(name, &text));
            }
            (Above::Account(account), _) => {
                if !opened::meta(self.builder, account, name, &text) {
                    self.annotate(account, &format!("{name}: {}", one_line(&text)));
                }
            }
            (Above::Commodity(key), _) => match (name, text.parse::<u8>()) {
                ("name", _) => self.builder.name_currency(key, &text),
                ("symbol", _) => {}
                ("code", _) if self.builder.rename_currency(key, &text) => {}
                ("precision", Ok(places)) => self.builder.at_least(key, places),
                _ => self.builder.ignored("commodity metadata"),
            },
            _ => self.builder.ignored("metadata"),
        }
    }

    /// Adds a line to an account's note.
    fn annotate(&mut self, account: AccountKey, line: &str) {
        let note = self
            .builder
            .account_mut(account)
            .note
            .get_or_insert_default();
        if note.len() + line.len() > NOTE_BYTES_MAX {
            self.builder.ignored("note");
            return;
        }
        if !note.is_empty() {
            note.push('\n');
        }
        note.push_str(line);
    }
}

/// The name before `:` of a line of metadata.
fn key(text: &str) -> Option<&str> {
    let length = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))?;
    let name = &text[..length];
    let is = name.starts_with(|c: char| c.is_ascii_lowercase()) && text[length..].starts_with(':');
    is.then_some(name)
}

/// True if a text is open at the end of a line.
fn ends_open(line: &str, mut open: bool) -> bool {
    let mut bytes = line.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if open => drop(bytes.next()),
            b'"' => open = !open,
            b';' if !open => return false,
            _ => {}
        }
    }
    open
}
