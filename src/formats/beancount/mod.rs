//! Beancount's files, read to the balances that beancount itself has.
//!
//! The whole ledger is read first, then put in order of date, as beancount does it: lots are booked, the one
//! number a posting may lack is found, pads are computed, balances are tested at the start of their day.
//! What comes out goes through the journal reader's own proof.
//!
//! Where hissab differs, on purpose:
//!
//! | beancount | hissab |
//! | --- | --- |
//! | a transaction off by up to half its last digit is accepted | the rest is an entry of `Equity:Rounding` (option `account_rounding`), reported |
//! | numbers of 28 digits come of a division | rounded half-even to the currency's places, reported |
//! | an account that was never opened is an error | accepted, reported |
//! | an amount that was found is not rounded where its transaction shows no places | rounded half-even to the currency's places |
//! | `{cost} @ price` | weighs by the cost; the lot and the price are tags |
//! | plugins are programs | `implicit_prices`, `auto_accounts` and those that only check are known; others are refused, or passed over with `--ignore-plugins` |
//! | events, queries, custom directives | counted, not kept; notes and documents go to the account's note |

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::journal::builder::Builder;
use super::journal::digest::FileDigest;
use super::journal::source::each_line;
use super::journal::{Fault, From, Input, JournalError};

mod booking;
mod cursor;
mod lots;
mod model;
mod opened;
mod parse;
mod posting;
mod run;
mod sums;
mod undated;
mod write;

use parse::Parser;

/// Reads ledgers, each with what it includes, into what is being built.
pub(super) fn read(inputs: Vec<Input>, builder: &mut Builder<'_>) {
    for input in inputs {
        let mut parser = Parser::new(builder);
        parser.input(input);
        let Parser {
            options,
            directives,
            implicit_prices,
            auto_accounts,
            ..
        } = parser;
        if builder.has_failed() {
            // What is missing would be wrong elsewhere too.
            continue;
        }
        let tally = run::Tally::default();
        let run = run::Run {
            builder,
            options,
            implicit_prices,
            auto_accounts,
            tally,
        };
        run.all(directives);
    }
}

impl Parser<'_, '_> {
    fn input(&mut self, input: Input) {
        match input.from {
            From::Path(path) => self.included(&path),
            From::Reader(mut reader) => {
                self.stack.push(PathBuf::new());
                self.stream(&mut *reader, &input.name);
                self.stack.pop();
            }
        }
    }

    /// Reads a file; tags and metadata that it pushes end with it.
    pub(super) fn included(&mut self, path: &Path) {
        let name = path.display().to_string();
        let fault = match std::fs::File::open(path) {
            Ok(mut file) => {
                self.seen.insert(undated::canonical(path));
                self.stack.push(path.to_path_buf());
                let outer = (
                    self.source,
                    self.file.clone(),
                    self.line,
                    std::mem::take(&mut self.tags),
                    std::mem::take(&mut self.metas),
                );
                self.stream(&mut file, &name);
                (self.source, self.file, self.line, self.tags, self.metas) = outer;
                self.stack.pop();
                return;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Fault::new("file-not-found", "there is no such file")
            }
            Err(error) => Fault::new("unreadable-file", format!("cannot be read: {error}")),
        };
        self.builder
            .fail(JournalError::whole_file(Arc::from(name), fault));
    }

    fn stream(&mut self, reader: &mut dyn std::io::Read, name: &str) {
        let Some(source) = self.builder.source(name) else {
            let fault = Fault::new("include-too-many", "more than 65,535 files");
            self.builder
                .fail(JournalError::whole_file(Arc::from(name), fault));
            return;
        };
        (self.source, self.file, self.is_lost) = (source, Arc::from(name), false);
        let mut hash = self.builder.options().hash_inputs.then(FileDigest::new);
        let read = each_line(reader, &mut hash, |line, number| {
            self.line(line, u32::try_from(number).unwrap_or(u32::MAX));
            !self.builder.is_full() && !self.is_lost
        });
        self.end_of_file();
        match read {
            Ok(bytes) => self
                .builder
                .source_read(source, bytes, hash.map(FileDigest::finish)),
            Err(stopped) => {
                let error = JournalError::on_line(
                    self.file.clone(),
                    stopped.line,
                    &stopped.text,
                    stopped.found,
                );
                self.builder.fail(error);
            }
        }
    }
}

#[cfg(test)]
mod tests;
