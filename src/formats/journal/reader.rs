//! The reader: files to lines, lines to transactions and directives.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ledger::account::AccountKey;
use crate::ledger::change::{Assertion, PriceChange};
use crate::ledger::compact::Store;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Day;
use crate::ledger::draft::TEXT_BYTES_MAX;
use crate::ledger::transaction::Tag;

use super::amount::{Reading, skip_blanks};
use super::digest::FileDigest;
use super::error::{ERRORS_MAX, Fault, FaultAt, JournalError};
use super::names::Names;
use super::open::{Deferred, OpenTransaction};
use super::posting::status;
use super::scope::Scope;
use super::settle::Check;
use super::source::each_line;
use super::{Dialect, From, Input, Notes, ReadOptions, Source};

/// How deep includes may nest.
const INCLUDE_DEPTH_MAX: usize = 32;

/// How many files one journal may be made of.
const FILES_MAX: usize = 20_000;

/// What an indented line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    None,
    Transaction,
    Account(AccountKey),
    Commodity(CurrencyKey),
    /// Rules and directives whose indented lines mean nothing here.
    Skipped,
    /// Until `end comment`, `end test`, …
    Until(&'static str),
}

/// Everything read so far.
pub(super) struct Reader<'o> {
    pub options: &'o ReadOptions,
    pub names: Names,
    pub scope: Scope,
    pub store: Store,
    pub open: OpenTransaction,
    pub block: Block,
    pub deferred: Vec<Deferred>,
    pub checks: Vec<Check>,
    /// Postings with a date of their own: (transaction, entry) → day.
    pub dated: HashMap<(u32, u16), Day>,
    pub prices: Vec<PriceChange>,
    /// Assertions that a reader of another tool's book has tested itself.
    pub kept: Vec<Assertion>,
    pub base: Option<CurrencyKey>,
    /// Assertions in the order of the file, as Ledger has them: some input is Ledger's.
    pub file_order: bool,
    pub notes: Notes,
    pub errors: Vec<JournalError>,
    pub sources: Vec<Source>,
    source: u16,
    line: u64,
    /// The files being read, outermost first.
    stack: Vec<PathBuf>,
}

impl<'o> Reader<'o> {
    pub fn new(options: &'o ReadOptions) -> Reader<'o> {
        Reader {
            options,
            names: Names::default(),
            scope: Scope::new(options.today.year(), Reading::default()),
            store: Store::default(),
            open: OpenTransaction::default(),
            block: Block::None,
            deferred: Vec::new(),
            checks: Vec::new(),
            dated: HashMap::new(),
            prices: Vec::new(),
            kept: Vec::new(),
            base: None,
            file_order: false,
            notes: Notes::default(),
            errors: Vec::new(),
            sources: Vec::new(),
            source: 0,
            line: 0,
            stack: Vec::new(),
        }
    }

    /// Reads one input and what it includes.
    pub fn input(&mut self, input: Input) {
        let default = self
            .options
            .default_commodity
            .as_ref()
            .and_then(|code| self.names.commodity(code));
        let reading = Reading {
            dialect: input.dialect,
            mark: None,
            default,
        };
        self.scope = Scope::new(self.options.today.year(), reading);
        self.file_order |= input.dialect == Dialect::Ledger;
        let name: Arc<str> = Arc::from(input.name);
        match input.from {
            From::Path(path) => {
                if let Some(0) = self.file(&path, name.clone()) {
                    self.empty(name);
                }
            }
            From::Reader(mut reader) => {
                self.stack.push(PathBuf::new());
                if let Some(0) = self.stream(&mut *reader, name.clone()) {
                    self.empty(name);
                }
                self.stack.pop();
            }
        }
    }

    fn empty(&mut self, name: Arc<str>) {
        let fault = Fault::new("empty-file", "the file is empty")
            .hint("is it the right file? a journal holds at least a comment");
        self.errors.push(JournalError::whole_file(name, fault));
    }

    /// Reads a file; `None` if that failed and was noted.
    pub fn file(&mut self, path: &Path, name: Arc<str>) -> Option<u64> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.is_dir(), file)));
        let fault = match opened {
            Ok((true, _)) => Fault::new("is-a-folder", "this is a folder, not a file")
                .hint("name the journals in it, or include FOLDER/*.journal in one"),
            Ok((false, mut file)) => {
                self.stack.push(path.to_path_buf());
                let bytes = self.stream(&mut file, name);
                self.stack.pop();
                return bytes;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Fault::new("file-not-found", "there is no such file")
            }
            Err(error) => Fault::new("unreadable-file", format!("cannot be read: {error}")),
        };
        self.errors.push(JournalError::whole_file(name, fault));
        None
    }

    fn stream(&mut self, reader: &mut dyn Read, name: Arc<str>) -> Option<u64> {
        let place = u16::try_from(self.sources.len()).unwrap_or(u16::MAX);
        self.sources.push(Source {
            name: name.clone(),
            bytes: 0,
            sha256: None,
        });
        let outer = (self.source, self.line);
        (self.source, self.line) = (place, 0);
        let mut hash = self.options.hash_inputs.then(FileDigest::new);
        let read = each_line(reader, &mut hash, |line, number| {
            self.line = number;
            self.line(line);
            self.errors.len() < ERRORS_MAX
        });
        self.end_transaction();
        if let Block::Until(word) = self.block
            && word != "comment"
        {
            let fault = Fault::new("unclosed-block", format!("`end {word}` is missing"));
            self.errors
                .push(JournalError::whole_file(name.clone(), fault));
        }
        self.block = Block::None;
        (self.source, self.line) = outer;
        match read {
            Ok(bytes) => {
                let source = &mut self.sources[usize::from(place)];
                source.bytes = bytes;
                source.sha256 = hash.map(FileDigest::finish);
                Some(bytes)
            }
            Err(stopped) => {
                self.errors.push(JournalError::on_line(
                    name,
                    stopped.line,
                    &stopped.text,
                    stopped.found,
                ));
                None
            }
        }
    }

    /// Reads one line.
    fn line(&mut self, line: &str) {
        let read = match line.as_bytes().first() {
            _ if matches!(self.block, Block::Until(_)) => {
                self.line_of_block(line);
                Ok(())
            }
            None => {
                self.end_transaction();
                Ok(())
            }
            Some(b' ' | b'\t') => self.indented(line),
            Some(b'0'..=b'9') => {
                self.end_transaction();
                self.header(line)
            }
            Some(b';' | b'#' | b'%' | b'|' | b'*') => {
                // A comment at the margin does not end a transaction in Ledger.
                Ok(())
            }
            Some(_) => {
                self.end_transaction();
                self.directive(line)
            }
        };
        if let Err(found) = read {
            self.fail(line, found);
        }
    }

    fn indented(&mut self, line: &str) -> Result<(), FaultAt> {
        let bytes = line.as_bytes();
        let at = skip_blanks(bytes, 0);
        if at == bytes.len() {
            self.end_transaction();
            return Ok(());
        }
        match self.block {
            Block::Transaction => self.posting_line(line, at),
            Block::Account(key) => self.account_line(&line[at..], key).map_err(|f| f.at(at)),
            Block::Commodity(key) => self.commodity_line(line, at, key),
            Block::Skipped => Ok(()),
            _ if matches!(bytes[at], b';' | b'#' | b'*' | b'%' | b'|') => Ok(()),
            _ => Err(Fault::new("stray-line", "this indented line belongs to nothing")
                .hint("a posting stands right below its transaction's first line; begin other lines at the margin")
                .at(at)),
        }
    }

    /// The first line of a transaction.
    fn header(&mut self, line: &str) -> Result<(), FaultAt> {
        self.block = Block::Transaction;
        self.open.broken = false;
        self.open.line = self.line_number();
        self.open.header.clear();
        self.open.header.push_str(line);
        let bytes = line.as_bytes();
        let (day, mut at) = self.scope.date(line, 0)?;
        self.open.day = day;
        if bytes.get(at) == Some(&b'=') {
            let (date, end) = super::date::date(line, at + 1, day.date().year())?;
            self.open.tags.push(Tag {
                name: "date2".to_owned(),
                value: date.to_string(),
            });
            at = end;
        }
        if at < bytes.len() && !matches!(bytes[at], b' ' | b'\t' | b';') {
            return Err(Fault::new("bad-date", "the date does not end here").at(at));
        }
        let (found, mut at) = status(bytes, skip_blanks(bytes, at));
        self.open.status = found;
        self.open.reference = 0..0;
        if bytes.get(at) == Some(&b'(')
            && let Some(length) = memchr::memchr(b')', &bytes[at..])
        {
            self.open.reference = trimmed(line, at + 1, at + length);
            at = skip_blanks(bytes, at + length + 1);
        }
        let end = self.description_end(line, at);
        self.open.description = trimmed(line, at, end);
        for text in [&self.open.description, &self.open.reference] {
            if text.len() > TEXT_BYTES_MAX {
                let why = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
                let fault = Fault::new("too-long", why);
                return Err(fault
                    .hint("what is longer may stand in comments below")
                    .at(text.start));
            }
        }
        if end < bytes.len() {
            self.transaction_comment(line[end..].trim_start_matches(';').trim());
        }
        Ok(())
    }

    /// hledger's descriptions end at any `;`, Ledger's only at one behind a blank.
    fn description_end(&self, line: &str, at: usize) -> usize {
        let bytes = line.as_bytes();
        let mut from = at;
        while let Some(found) = memchr::memchr(b';', &bytes[from..]) {
            let end = from + found;
            let blank = end == at || matches!(bytes[end - 1], b' ' | b'\t');
            if blank || self.scope.reading.dialect != Dialect::Ledger {
                return end;
            }
            from = end + 1;
        }
        bytes.len()
    }

    /// Reads the files that an include directive means.
    pub(super) fn include(&mut self, written: &str) -> Result<(), Fault> {
        let written = written.trim().trim_matches('"');
        let (dialect, written) = match written.split_once(':') {
            Some(("hledger", rest)) => (Dialect::Hledger, rest),
            Some(("ledger", rest)) => (Dialect::Ledger, rest),
            Some(("journal", rest)) => (self.scope.reading.dialect, rest),
            Some((format @ ("timeclock" | "timedot" | "csv" | "tsv" | "ssv" | "rules"), _)) => {
                return Err(Fault::new(
                    "unsupported",
                    format!("{format} files are not read by include"),
                ));
            }
            _ => (self.scope.reading.dialect, written),
        };
        let extension = Path::new(written).extension().and_then(|e| e.to_str());
        if let Some(format @ ("timeclock" | "timedot" | "csv" | "tsv" | "ssv")) = extension {
            return Err(Fault::new(
                "unsupported",
                format!("{format} files are not read by include"),
            )
            .hint("hissab import reads bank files; convert the others with hledger print"));
        }
        if self.stack.len() > INCLUDE_DEPTH_MAX {
            return Err(Fault::new(
                "include-too-deep",
                format!("includes nest deeper than {INCLUDE_DEPTH_MAX}"),
            ));
        }
        let from = self.stack.last().cloned().unwrap_or_default();
        for path in super::include::files(written, &from, self.options.home.as_deref())? {
            if self.sources.len() > FILES_MAX {
                return Err(Fault::new(
                    "include-too-many",
                    format!("more than {FILES_MAX} files"),
                ));
            }
            let same = |other: &PathBuf| match (other.canonicalize(), path.canonicalize()) {
                (Ok(a), Ok(b)) => a == b,
                _ => *other == path,
            };
            if self.stack.iter().any(same) {
                return Err(Fault::new(
                    "include-cycle",
                    format!("{} includes itself", path.display()),
                ));
            }
            if !path.exists() {
                return Err(Fault::new(
                    "include-not-found",
                    format!("there is no file {}", path.display()),
                ));
            }
            let mut inner = self.scope.clone();
            inner.reading.dialect = dialect;
            let outer = std::mem::replace(&mut self.scope, inner);
            self.file(&path, Arc::from(path.display().to_string()));
            self.scope = outer;
        }
        Ok(())
    }

    pub(super) fn line_number(&self) -> u32 {
        u32::try_from(self.line).unwrap_or(u32::MAX)
    }

    pub(super) fn source_place(&self) -> u16 {
        self.source
    }

    /// What is stored from now on stands in this source.
    pub(super) fn stand_in(&mut self, source: u16) {
        self.source = source;
    }

    /// Notes an error on the line being read.
    pub(super) fn fail(&mut self, line: &str, found: FaultAt) {
        if self.block == Block::Transaction {
            self.open.broken = true;
        }
        let file = self.sources[usize::from(self.source)].name.clone();
        self.errors
            .push(JournalError::on_line(file, self.line, line, found));
    }
}

/// A range of a line without blanks around it.
fn trimmed(line: &str, from: usize, to: usize) -> std::ops::Range<usize> {
    let text = &line[from..to];
    let start = from + (text.len() - text.trim_start().len());
    start..start + text.trim().len()
}
