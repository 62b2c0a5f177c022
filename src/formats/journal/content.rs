//! The full row behind an identity: what a journal says of a transaction against what a book stored of it.
//!
//! An identity is 64 bits, so two transactions may share one, by chance or by somebody's effort. On a hit
//! the date, description, code and amounts decide. Names of accounts and commodities are left out: the book
//! may have renamed an account since, and calls a commodity by its own code.

use sha2::{Digest, Sha256};

use super::ReadJournal;
use super::finish::ID_TAG;
use crate::ledger::chart::Chart;
use crate::ledger::day::Day;
use crate::ledger::transaction::{Tag, Transaction};

/// What a book stored of a transaction, as far as it is compared; some bytes, so that many can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    content: u64,
    id: u64,
    tag: Option<u64>,
}

/// Of the first version of a transaction.
pub fn stored(transaction: &Transaction, chart: &Chart) -> Stored {
    let amounts = transaction
        .entries
        .iter()
        .map(|e| (e.minor, chart.currency(e.currency).scale));
    Stored {
        content: content(
            Day::of(transaction.date),
            &transaction.description,
            transaction.reference.as_deref().unwrap_or(""),
            amounts.collect(),
        ),
        id: text(&transaction.id.0.to_string()),
        tag: tag_value(&transaction.tags).map(text),
    }
}

/// True if the transaction at a place of the journal is the stored one. An id of its own wins over its content.
pub fn is_same(read: &ReadJournal, place: usize, stored: &Stored) -> bool {
    if let Some(own) = own_id(read, place) {
        let own = text(&own);
        return own == stored.id || Some(own) == stored.tag;
    }
    let store = &read.book.store;
    let amounts = store
        .entries(place)
        .iter()
        .map(|e| (e.minor, read.book.chart.currency(e.currency).scale));
    stored.content
        == content(
            store.row(place).day,
            store.description(place),
            store.reference(place),
            amounts.collect(),
        )
}

/// The id a journal gives a transaction: its UUID, else the value of its `id:` tag.
pub(super) fn own_id(read: &ReadJournal, place: usize) -> Option<String> {
    let detail = read.book.store.detail(place)?;
    let tag = || tag_value(&detail.tags).map(str::to_owned);
    detail.id.map(|id| id.to_string()).or_else(tag)
}

fn tag_value(tags: &[Tag]) -> Option<&str> {
    let tag = tags
        .iter()
        .find(|t| t.name == ID_TAG && !t.value.is_empty())?;
    Some(&tag.value)
}

/// Amounts are (minor units, scale), in any order and at any scale.
fn content(day: Day, description: &str, reference: &str, mut amounts: Vec<(i64, u8)>) -> u64 {
    for (minor, scale) in &mut amounts {
        while *scale > 0 && *minor % 10 == 0 {
            *minor /= 10;
            *scale -= 1;
        }
    }
    amounts.sort_unstable();
    let mut hasher = Sha256::new();
    hasher.update(day.0.to_be_bytes());
    for text in [description, reference] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    for (minor, scale) in amounts {
        hasher.update(minor.to_be_bytes());
        hasher.update([scale]);
    }
    first(hasher)
}

fn text(text: &str) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(text.as_bytes());
    first(hasher)
}

fn first(hasher: Sha256) -> u64 {
    let digest = hasher.finalize();
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::journal::{self, Input, ReadOptions};

    const TEXT: &str = "2026-04-01 (C1) Tea\n    Expenses:Tea    12.50 INR\n    Assets:Cash\n";

    fn read(text: &str) -> ReadJournal {
        let today = jiff::civil::date(2026, 4, 30);
        let options = ReadOptions::new(today);
        journal::read(vec![Input::bytes("x", text)], &options).unwrap()
    }

    fn stored_of(text: &str) -> Stored {
        let read = read(text);
        let transaction = read.book.store.transaction(0, &read.book.chart);
        stored(&transaction, &read.book.chart)
    }

    #[test]
    fn every_part_that_is_compared_tells_rows_apart() {
        let here = read(TEXT);
        assert!(is_same(&here, 0, &stored_of(TEXT)));
        assert!(is_same(
            &here,
            0,
            &stored_of(&TEXT.replace("12.50", "12.5"))
        ));
        assert!(is_same(
            &here,
            0,
            &stored_of(&TEXT.replace("Assets:Cash", "Assets:Till"))
        ));
        for (from, to) in [
            ("04-01", "04-02"),
            ("C1", "C2"),
            ("Tea\n", "Milk\n"),
            ("12.50", "12.51"),
        ] {
            assert!(
                !is_same(&here, 0, &stored_of(&TEXT.replace(from, to))),
                "{to}"
            );
        }
    }

    #[test]
    fn an_id_of_its_own_wins() {
        let with = |id: &str, what: &str| TEXT.replace("Tea\n", &format!("{what}  ; id: {id}\n"));
        let here = read(&with("A-1", "Tea"));
        assert!(is_same(&here, 0, &stored_of(&with("A-1", "Milk"))));
        assert!(!is_same(&here, 0, &stored_of(&with("A-2", "Tea"))));
    }
}
