//! Whole books of other tools and plain-text journals: which reader a file is for, and all of them into one book.

use std::fs::File;
use std::io::{Cursor, Read};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::journal::builder::Builder;
use super::journal::{self, Dialect, From, Input, JournalError, ReadJournal, ReadOptions};
use super::sniff::{self, Content};
use super::{beancount, gnucash, ruled, tally, xml};

/// Whose book a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// hledger's or Ledger's.
    Journal(Dialect),
    Beancount,
    /// GnuCash's XML file, packed or not.
    Gnucash,
    /// Tally's XML: masters, vouchers, or both.
    TallyXml,
    /// Tally's day book as CSV.
    TallyCsv,
    /// A bank's CSV, with hledger's rules beside it.
    Ruled,
}

impl Tool {
    /// The reader of what a file holds; `None` of statements.
    pub fn of(content: Content) -> Option<Tool> {
        Some(match content {
            Content::Journal => Tool::Journal(Dialect::Auto),
            Content::Beancount => Tool::Beancount,
            Content::Gnucash => Tool::Gnucash,
            Content::TallyXml => Tool::TallyXml,
            Content::TallyCsv => Tool::TallyCsv,
            _ => return None,
        })
    }
}

/// How much of a file is looked at to tell.
const HEAD_BYTES: u64 = 64 * 1024;

/// Reads books, one after the other, into one; each by what it holds unless `Some` says whose it is.
///
/// Errors: everything that is wrong, as [`super::journal::read`] has it.
pub fn read(
    inputs: Vec<(Option<Tool>, Input)>,
    options: &ReadOptions,
) -> Result<ReadJournal, Vec<JournalError>> {
    let mut builder = Builder::new(options);
    let mut ledgers = Vec::new();
    let mut vouchers = tally::Tally::default();
    for (said, input) in inputs {
        let (tool, input) = match said {
            Some(tool) => (tool, input),
            None => told(input),
        };
        match tool {
            Tool::Journal(dialect) => builder.journal(Input { dialect, ..input }),
            Tool::Beancount => ledgers.push(input),
            Tool::Gnucash => binary(input, &mut builder, gnucash::read),
            Tool::TallyXml => binary(input, &mut builder, |bytes, _, source| {
                vouchers.xml(bytes, source)
            }),
            Tool::TallyCsv => binary(input, &mut builder, |bytes, _, source| {
                vouchers.day_book(bytes, source)
            }),
            Tool::Ruled => by_rules(input, &mut builder),
        }
    }
    beancount::read(ledgers, &mut builder);
    if !builder.has_failed() {
        vouchers.build(&mut builder);
    }
    builder.finish()
}

/// Rows of a GnuCash database, gathered by somebody who can read one.
pub fn read_gnucash(
    name: &str,
    sha256: [u8; 32],
    book: &gnucash::model::GnucashBook,
    options: &ReadOptions,
) -> Result<ReadJournal, Vec<JournalError>> {
    let mut builder = Builder::new(options);
    if let Some(source) = builder.source(name) {
        builder.source_read(source, 0, Some(sha256));
        gnucash::build::build(book, &mut builder, source);
    }
    builder.finish()
}

/// A file that is read into memory whole, within bounds.
fn binary(
    input: Input,
    builder: &mut Builder<'_>,
    read: impl FnOnce(Vec<u8>, &mut Builder<'_>, u16) -> Result<(), Fault>,
) {
    let name: Arc<str> = Arc::from(input.name);
    let Some(source) = builder.source(&name) else {
        return;
    };
    let bytes = match input.from {
        From::Path(path) => File::open(path)
            .map_err(|e| Fault::file("unreadable-file", format!("cannot be read: {e}")))
            .and_then(|mut file| xml::read_bounded(&mut file)),
        From::Reader(mut reader) => xml::read_bounded(&mut *reader),
    };
    let done = bytes.and_then(|bytes| {
        let hash = builder
            .options()
            .hash_inputs
            .then(|| Sha256::digest(&bytes).into());
        builder.source_read(source, bytes.len() as u64, hash);
        read(bytes, builder, source)
    });
    if let Err(fault) = done {
        builder.fail(failed(name, fault));
    }
}

/// A CSV file by the rules beside it; what is wrong with those is said of their file.
fn by_rules(input: Input, builder: &mut Builder<'_>) {
    let From::Path(path) = &input.from else {
        let why = "its rules stand beside a file, and this is none";
        let fault = Fault::file("unsupported", why).hint("save it as a file, or hissab import -");
        return builder.fail(failed(Arc::from(input.name), fault));
    };
    match ruled::rules_beside(path) {
        Ok(rules) => binary(input, builder, |bytes, builder, source| {
            ruled::read(&bytes, rules, builder, source)
        }),
        Err(fault) => {
            let rules = ruled::rules_path(path).display().to_string();
            builder.fail(failed(Arc::from(rules), fault));
        }
    }
}

fn failed(file: Arc<str>, fault: Fault) -> JournalError {
    let column = fault.column.unwrap_or(0);
    JournalError {
        file,
        line: fault.line.unwrap_or(0),
        column: u32::try_from(column).unwrap_or(u32::MAX),
        text: fault.text.unwrap_or_default(),
        fault: journal::Fault {
            code: fault.code,
            message: fault.why,
            hint: fault.hint,
        },
    }
}

/// Whose book it is, by its first bytes; a stream keeps them.
fn told(input: Input) -> (Tool, Input) {
    let mut head = Vec::new();
    let from = match input.from {
        From::Path(path) => {
            // What cannot be read here is named by the reader.
            if let Ok(file) = File::open(&path) {
                let _ = file.take(HEAD_BYTES).read_to_end(&mut head);
            }
            From::Path(path)
        }
        From::Reader(mut reader) => {
            let _ = reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
            From::Reader(Box::new(Cursor::new(head.clone()).chain(reader)))
        }
    };
    let content = sniff::content(&head).ok();
    let tool = match content.and_then(Tool::of) {
        None if content == Some(Content::Csv) && is_table(&input.name) => Tool::Ruled,
        None | Some(Tool::Journal(_)) => Tool::Journal(input.dialect),
        Some(tool) => tool,
    };
    (tool, Input { from, ..input })
}

/// A journal's name may be anything; these are tables.
fn is_table(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, end)| end.to_lowercase());
    extension.is_some_and(|end| matches!(&*end, "csv" | "ssv" | "tsv"))
}
