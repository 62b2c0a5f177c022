//! Tally gives the same vouchers in two forms: XML, where each has a GUID, and the day book as CSV, which has none. So
//! the ids do not say that a voucher of the one is in the book from the other; its day, number and entries do.
//!
//! Only vouchers with a number are compared, and only with what the other form brought. An account is known by its own
//! name, not its path: a day book does not know the groups.

use std::collections::HashMap;
use std::ops::ControlFlow;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::Session;
use crate::book::{Scan, Voided};
use crate::cli::error::Result;
use crate::formats::journal::ReadJournal;
use crate::formats::sniff::Content;
use crate::ledger::chart::Chart;
use crate::ledger::currency::Currency;
use crate::ledger::transaction::Transaction;

/// The form that holds the same vouchers as a file of this kind.
fn other_form(content: Content) -> Option<Content> {
    match content {
        Content::TallyXml => Some(Content::TallyCsv),
        Content::TallyCsv => Some(Content::TallyXml),
        _ => None,
    }
}

/// What says which voucher it is in this form, and in the other.
#[derive(Debug, Clone, Copy)]
pub struct Twin {
    pub own: i64,
    pub other: i64,
}

/// Of the voucher at a place; `None` of other files, and of vouchers without a number.
pub fn twin(content: Content, read: &ReadJournal, place: usize) -> Option<Twin> {
    let other = other_form(content)?;
    Some(Twin {
        own: key(content, read, place)?,
        other: key(other, read, place)?,
    })
}

fn key(form: Content, read: &ReadJournal, place: usize) -> Option<i64> {
    let (chart, store) = (&read.book.chart, &read.book.store);
    let entries = store.entries(place).iter().map(|entry| {
        let currency = chart.currency(entry.currency);
        (&*chart.account(entry.account).path, entry.minor, currency)
    });
    of(
        form,
        store.row(place).day.date(),
        store.reference(place),
        entries,
    )
}

fn of_transaction(form: Content, transaction: &Transaction, chart: &Chart) -> Option<i64> {
    let entries = transaction.entries.iter().map(|entry| {
        let currency = chart.currency(entry.currency);
        (&*chart.account(entry.account).path, entry.minor, currency)
    });
    let number = transaction.reference.as_deref().unwrap_or("");
    of(form, transaction.date, number, entries)
}

/// Transactions of the book by their key, the later ones first; empty unless the other form was imported.
pub fn held(
    session: &mut Session,
    content: Content,
    read: &ReadJournal,
) -> Result<HashMap<i64, Vec<u64>>> {
    let mut held: HashMap<i64, Vec<u64>> = HashMap::new();
    let Some(other) = other_form(content) else {
        return Ok(held);
    };
    let mut imports = session.imports.iter().filter(|i| !i.undone);
    if !imports.any(|i| i.head.format == other.word()) {
        return Ok(held);
    }
    let days = || read.book.store.rows().iter().map(|row| row.day);
    let scan = Scan {
        from: days().min().map(|day| day.date()),
        until: days().max().and_then(|day| day.date().tomorrow().ok()),
        voided: Voided::Hide,
        ..Scan::default()
    };
    let chart = &session.chart;
    session.book.scan(&scan, &mut |transaction| {
        // A voucher's GUID is its id where it came as XML.
        let has_id = transaction.tags.iter().any(|tag| tag.name == "id");
        if has_id == (content == Content::TallyCsv)
            && let Some(key) = of_transaction(other, &transaction, chart)
        {
            held.entry(key).or_default().insert(0, transaction.number.0);
        }
        ControlFlow::Continue(())
    })?;
    Ok(held)
}

fn of<'e>(
    form: Content,
    date: Date,
    number: &str,
    entries: impl Iterator<Item = (&'e str, i64, &'e Currency)>,
) -> Option<i64> {
    if number.is_empty() {
        return None;
    }
    let mut sides: Vec<(String, i64, u8, &str)> = entries
        .map(|(path, mut minor, currency)| {
            let mut scale = currency.scale;
            while scale > 0 && minor % 10 == 0 {
                minor /= 10;
                scale -= 1;
            }
            let name = path.rsplit(':').next().unwrap_or(path).to_lowercase();
            (name, minor, scale, &*currency.code)
        })
        .collect();
    sides.sort_unstable();
    let mut hasher = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hasher.update((bytes.len() as u32).to_be_bytes());
        hasher.update(bytes);
    };
    put(form.word().as_bytes());
    put(date.to_string().as_bytes());
    put(number.as_bytes());
    for (name, minor, scale, code) in sides {
        put(name.as_bytes());
        put(&minor.to_be_bytes());
        put(&[scale]);
        put(code.as_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize()[..8]);
    Some(i64::from_be_bytes(first))
}
