//! Whole books of any plain-text tool: which reader a file is for, and all of them into one book.

use std::fs::File;
use std::io::{Cursor, Read};

use super::beancount;
use super::journal::builder::Builder;
use super::journal::{Dialect, From, Input, JournalError, ReadJournal, ReadOptions};
use super::sniff::{self, Content};

/// Whose book a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// hledger's or Ledger's.
    Journal(Dialect),
    Beancount,
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
    for (said, input) in inputs {
        let (tool, input) = match said {
            Some(tool) => (tool, input),
            None => told(input),
        };
        match tool {
            Tool::Journal(dialect) => builder.journal(Input { dialect, ..input }),
            Tool::Beancount => ledgers.push(input),
        }
    }
    beancount::read(ledgers, &mut builder);
    builder.finish()
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
    let tool = match sniff::content(&head) {
        Ok(Content::Beancount) => Tool::Beancount,
        _ => Tool::Journal(input.dialect),
    };
    (tool, Input { from, ..input })
}
