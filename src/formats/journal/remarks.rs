//! Remarks of a transaction: its comment, and the memo and tags of each entry; those of a file beside the book's.
//!
//! Compared only where a file holds all of them ([`Holds`]). A text counts as the poorest of our exports gives it
//! back. What a journal's grammar takes for something else (`date:` in a memo, a tag called `payee`)
//! counts as our own export of it is read.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::finish::COMMENT;
use super::sameness::folded;
use super::write::{JournalWriter, WriteOptions};
use super::{Dialect, Input, ReadJournal, ReadOptions};
use crate::ledger::cell_text::tag_text;
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{Tag, Transaction};

/// Which remarks a file of transactions holds in full, so that what it does not say is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Holds {
    /// It may lack any: other programs' books, their CSV.
    #[default]
    Some,
    /// Memos and tags: our own rows of entries.
    Rows,
    /// Those and comments; of metadata it makes tags: journals.
    All,
}

/// What is said of a transaction beside its day, texts and amounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remarks {
    /// Empty where the file could not say it.
    pub comment: String,
    /// In the order of the entries.
    pub entries: Vec<Remark>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Remark {
    pub memo: String,
    /// The entry's and its transaction's, as `name:value`.
    pub tags: BTreeSet<String>,
}

impl Remarks {
    /// Of the transaction at a place of a file.
    pub fn of_file(read: &ReadJournal, place: usize) -> Remarks {
        let store = &read.book.store;
        let (shared, comment) = match store.detail(place) {
            Some(detail) => (tags(&detail.tags), comment_of(&detail.metadata)),
            None => Default::default(),
        };
        let entries = store.entries(place).iter().map(|entry| {
            let detail = store.entry_detail(entry);
            let memo = detail.and_then(|d| d.memo.as_deref());
            remark(&shared, memo, detail.map_or(&[], |d| &d.tags))
        });
        Remarks {
            entries: entries.collect(),
            comment,
        }
    }

    /// Of one of the book, as far as a file could hold them.
    pub fn of_book(transaction: &Transaction, holds: Holds) -> Remarks {
        let mut shared = tags(&transaction.tags);
        let mut comment = String::new();
        if holds == Holds::All {
            let others = transaction.metadata.iter().filter(|(n, _)| n != COMMENT);
            shared.extend(others.map(|(name, value)| pair(name, value)));
            comment = comment_of(&transaction.metadata);
        }
        let entries = transaction.entries.iter();
        Remarks {
            entries: entries
                .map(|e| remark(&shared, e.memo(), e.tags()))
                .collect(),
            comment,
        }
    }

    /// As [`Remarks::of_book`], as our export of it as a journal is read; `None` if that cannot be told.
    pub fn of_export(transaction: &Transaction, chart: &Chart) -> Option<Remarks> {
        let options = WriteOptions {
            dialect: Dialect::Auto,
            ids: true,
        };
        let mut live = transaction.clone();
        live.state = crate::ledger::transaction::State::Live;
        let mut writer = JournalWriter::new(Vec::new(), chart.clone(), options);
        writer.transaction(&live).ok()?;
        let text = writer.finish().ok()?;
        let input = Input::bytes("", text);
        let read = super::read(vec![input], &ReadOptions::new(Date::constant(2000, 1, 1))).ok()?;
        let store = &read.book.store;
        let whole = store.len() == 1 && store.entries(0).len() == transaction.entries.len();
        whole.then(|| Remarks::of_file(&read, 0))
    }
}

fn remark(shared: &BTreeSet<String>, memo: Option<&str>, own: &[Tag]) -> Remark {
    let mut tags = tags(own);
    tags.extend(shared.iter().cloned());
    Remark {
        memo: folded(memo.unwrap_or("")),
        tags,
    }
}

fn tags(tags: &[Tag]) -> BTreeSet<String> {
    tags.iter().map(|tag| pair(&tag.name, &tag.value)).collect()
}

fn pair(name: &str, value: &str) -> String {
    tag_text(&Tag {
        name: folded(name),
        value: folded(value),
    })
}

fn comment_of(metadata: &[(String, String)]) -> String {
    let found = metadata.iter().find(|(name, _)| name == COMMENT);
    folded(found.map_or("", |(_, text)| text))
}
