//! Hits of a journal's identities in the book, each looked at in full before it counts as the same.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::Session;
use crate::book::{Book, KnownRow, Scan, Voided};
use crate::cli::error::Result;
use crate::formats::journal::ReadJournal;
use crate::formats::journal::content::{self, Stored};
use crate::formats::journal::sameness::{Beside, Rest};
use crate::ledger::change::Target;
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{Number, Transaction};

/// Hits beyond which one walk over the journal's days is cheaper than a look-up each.
const LOOK_UPS_MAX: usize = 256;

/// Stored rows by identity, the first of a file last.
#[derive(Default)]
pub struct Hits {
    rows: HashMap<i64, Vec<u64>>,
    /// What the transactions said when they were imported. Rows of the very same file need no look.
    said: HashMap<u64, Said>,
}

/// What is compared of a stored row.
struct Said {
    stored: Stored,
    /// [`Beside::digest_of`] it.
    digest: u64,
    rest: Rest,
}

impl Hits {
    /// `wanted` is sorted and without repeats.
    pub fn of(
        session: &mut Session,
        wanted: &[i64],
        read: &ReadJournal,
        beside: &Beside<'_>,
    ) -> Result<Hits> {
        let known = session.book.known_rows(wanted)?;
        let hash = super::journal::digest(read);
        let same_file: HashSet<u64> = session
            .imports
            .iter()
            .filter(|i| i.head.sha256 == hash && !i.undone)
            .map(|i| i.batch)
            .collect();
        let mut numbers: Vec<u64> = known
            .iter()
            .filter(|row| !same_file.contains(&row.batch))
            .map(|row| row.number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let book = session.book.as_mut();
        Ok(Hits {
            said: said(book, &session.chart, &numbers, read, beside)?,
            rows: by_identity(&known),
        })
    }

    /// The next stored row of this identity that says the same; true if the file says other things beside.
    pub fn take(
        &mut self,
        identity: i64,
        read: &ReadJournal,
        beside: &Beside<'_>,
        place: usize,
    ) -> Option<(u64, bool)> {
        let rows = self.rows.get_mut(&identity)?;
        let digest = OnceCell::new();
        let same = |number: &u64| {
            self.said.get(number).is_none_or(|said| {
                content::is_same(read, place, &said.stored)
                    && (!beside.has_id(place)
                        || *digest.get_or_init(|| beside.digest(place)) == said.digest)
            })
        };
        let at = rows.iter().rposition(same)?;
        let number = rows.remove(at);
        let said = self.said.get(&number).filter(|_| beside.has_id(place));
        let more = said.is_some_and(|said| !beside.said_beside(place, &said.rest).is_empty());
        Some((number, more))
    }

    /// The next stored row that has the id of the transaction at a place, whatever else it says. To be asked for
    /// when all that say the same are taken.
    pub fn take_of_id(&mut self, identity: i64, read: &ReadJournal, place: usize) -> Option<u64> {
        let rows = self.rows.get_mut(&identity)?;
        let of_id = |number: &u64| {
            let said = self.said.get(number);
            said.is_some_and(|said| content::is_same(read, place, &said.stored))
        };
        let at = rows.iter().rposition(of_id)?;
        Some(rows.remove(at))
    }
}

fn by_identity(known: &[KnownRow]) -> HashMap<i64, Vec<u64>> {
    let mut rows: HashMap<i64, Vec<u64>> = HashMap::with_capacity(known.len());
    for row in known.iter().rev() {
        rows.entry(row.identity).or_default().push(row.number);
    }
    rows
}

/// What these transactions (sorted) said in their first version.
fn said(
    book: &mut dyn Book,
    chart: &Chart,
    numbers: &[u64],
    read: &ReadJournal,
    beside: &Beside<'_>,
) -> Result<HashMap<u64, Said>> {
    let mut said = HashMap::with_capacity(numbers.len());
    let of = |transaction: &Transaction| Said {
        stored: content::stored(transaction, chart),
        digest: beside.digest_of(transaction),
        rest: beside.rest_of(transaction),
    };
    if numbers.len() > LOOK_UPS_MAX {
        walk(book, numbers, read, &mut |number, transaction| {
            said.insert(number, of(transaction));
        })?;
    }
    for number in numbers
        .iter()
        .filter(|n| !said.contains_key(n))
        .collect::<Vec<_>>()
    {
        let first = first_version(book, Target::Number(Number(*number)))?;
        if let Some(first) = first {
            said.insert(*number, of(&first));
        }
    }
    Ok(said)
}

/// Those that were never changed, from one walk over the journal's days.
fn walk(
    book: &mut dyn Book,
    numbers: &[u64],
    read: &ReadJournal,
    take: &mut dyn FnMut(u64, &Transaction),
) -> Result<()> {
    let days = || read.book.store.rows().iter().map(|row| row.day);
    let scan = Scan {
        from: days().min().map(|day| day.date()),
        until: days().max().and_then(|day| day.date().tomorrow().ok()),
        voided: Voided::Hide,
        ..Scan::default()
    };
    book.scan(&scan, &mut |transaction| {
        let number = transaction.number.0;
        if transaction.version == 1 && numbers.binary_search(&number).is_ok() {
            take(number, &transaction);
        }
        ControlFlow::Continue(())
    })?;
    Ok(())
}

/// A transaction as it was imported: somebody may have amended or voided it since.
fn first_version(book: &mut dyn Book, target: Target) -> Result<Option<Transaction>> {
    let now = book.find(target)?;
    if now.as_ref().is_none_or(|t| t.version == 1) {
        return Ok(now);
    }
    Ok(book
        .history(target)?
        .into_iter()
        .next()
        .map(|v| v.transaction))
}
