//! The end of a transaction: most balance at once; the rest waits until every scale is known.

use crate::ledger::account::AccountKey;
use crate::ledger::compact::{CompactEntry, RowDetail, StoreFull};
use crate::ledger::currency::CurrencyKey;
use crate::ledger::money;
use crate::ledger::transaction::{EntryDetail, Tag, Voucher};

use super::error::{Fault, FaultAt, JournalError};
use super::open::{Deferred, Posting, Sort};
use super::reader::{Block, Reader};
use super::settle::Check;

/// The most postings of one transaction.
const POSTINGS_MAX: usize = crate::ledger::draft::ENTRIES_MAX;

/// Names of tags that become fields of a transaction, as the writer writes them.
pub(super) const ID_TAG: &str = "id";
pub(super) const VOUCHER_TAG: &str = "voucher";
pub(super) const DUE_TAG: &str = "due";
pub(super) const PAYEE_TAG: &str = "payee";
/// Metadata that holds the comment of a transaction.
pub(super) const COMMENT: &str = "comment";

impl Reader<'_> {
    /// Ends the transaction being read, if there is one.
    pub(super) fn end_transaction(&mut self) {
        if self.block != Block::Transaction {
            return;
        }
        self.block = Block::None;
        if !self.open.broken
            && let Err(fault) = self.store_transaction()
        {
            let header = std::mem::take(&mut self.open.header);
            self.fail_at(self.open.line, &header, fault.at(0));
            self.open.header = header;
        }
        self.open.postings.clear();
        self.open.tags.clear();
        self.open.comment.clear();
    }

    fn store_transaction(&mut self) -> Result<(), Fault> {
        let open = &self.open;
        if open.postings.len() > POSTINGS_MAX {
            return Err(Fault::new(
                "too-many-postings",
                format!("more than {POSTINGS_MAX} postings"),
            ));
        }
        let row = self
            .store
            .push(
                open.day,
                &open.header[open.description.clone()],
                &open.header[open.reference.clone()],
                open.status,
                self.source_place(),
                open.line,
            )
            .map_err(full)?;
        self.store_detail(row)?;
        self.note_checks(row);
        match self.balanced_at_once() {
            Some(filled) => self.store_entries(row, filled).map_err(full),
            None => {
                self.deferred.push(Deferred {
                    row,
                    header: self.open.header.clone(),
                    bucket: self.scope.bucket,
                    ledger: self.scope.reading.dialect == super::Dialect::Ledger,
                    postings: std::mem::take(&mut self.open.postings),
                });
                Ok(())
            }
        }
    }

    /// Header tags that are fields, the other tags, and the comment.
    fn store_detail(&mut self, row: usize) -> Result<(), Fault> {
        if self.open.tags.is_empty() && self.open.comment.is_empty() && self.scope.tags.is_empty() {
            return Ok(());
        }
        let mut detail = RowDetail::default();
        for tag in self
            .open
            .tags
            .drain(..)
            .chain(self.scope.tags.iter().cloned())
        {
            match tag.name.as_str() {
                ID_TAG if detail.id.is_none() && uuid::Uuid::try_parse(&tag.value).is_ok() => {
                    detail.id = uuid::Uuid::try_parse(&tag.value).ok();
                }
                VOUCHER_TAG if Voucher::from_word(&tag.value).is_some() => {
                    detail.voucher = Voucher::from_word(&tag.value);
                }
                DUE_TAG if tag.value.parse::<jiff::civil::Date>().is_ok() => {
                    detail.due = tag.value.parse().ok();
                }
                PAYEE_TAG if detail.payee.is_none() && !tag.value.is_empty() => {
                    detail.payee = Some(tag.value);
                }
                _ => detail.tags.push(tag),
            }
        }
        if !self.open.comment.is_empty() {
            let text = std::mem::take(&mut self.open.comment);
            detail.metadata.push((COMMENT.to_owned(), text));
        }
        self.store.set_detail(row, detail).map_err(full)
    }

    fn note_checks(&mut self, row: usize) {
        for (index, posting) in self.open.postings.iter().enumerate() {
            let Some(extra) = &posting.extra else {
                continue;
            };
            if let Some(day) = extra.on {
                self.dated.insert((row as u32, index as u16), day);
            }
            if let Some(asserted) = extra.assertion {
                self.checks.push(Check {
                    row: row as u32,
                    entry: index as u16,
                    line: posting.line,
                    account: posting.account,
                    asserted,
                    real_only: posting.sort == Sort::Real
                        && self.scope.reading.dialect == super::Dialect::Ledger,
                });
            }
        }
    }

    /// For plain postings in one commodity that sum to zero: what the left-out one is. Else `None`.
    fn balanced_at_once(&mut self) -> Option<i64> {
        let mut currency: Option<CurrencyKey> = None;
        let mut missing = 0;
        let mut places = 0;
        for posting in &self.open.postings {
            let weighs_itself = posting
                .extra
                .as_ref()
                .is_none_or(|e| e.price.is_none() && e.lot.is_none());
            if posting.sort != Sort::Real || !weighs_itself || posting.bare_zero {
                return None;
            }
            match posting.amount {
                Some((number, key)) => {
                    if *currency.get_or_insert(key) != key {
                        return None;
                    }
                    places = places.max(number.places);
                }
                None if posting.is_assigned() => return None,
                None => missing += 1,
            }
        }
        if missing > 1 || currency.is_none() {
            return None;
        }
        let mut sum = 0i64;
        for posting in &self.open.postings {
            if let Some((number, _)) = posting.amount {
                let minor = i64::try_from(number.mantissa).ok()?;
                let up = 10i64.checked_pow(u32::from(places - number.places))?;
                sum = sum.checked_add(minor.checked_mul(up)?)?;
            }
        }
        // One lone posting waits too: a bucket may balance it.
        if (missing == 0 && sum != 0) || sum.unsigned_abs() > money::MINOR_MAX.unsigned_abs() {
            return None;
        }
        Some(-sum)
    }

    fn store_entries(&mut self, row: usize, filled: i64) -> Result<(), StoreFull> {
        let (mut currency, mut places) = (CurrencyKey(1), 0);
        for (number, key) in self.open.postings.iter().filter_map(|p| p.amount) {
            currency = key;
            places = places.max(number.places);
        }
        for posting in &mut self.open.postings {
            let (minor, scale) = match posting.amount {
                Some((number, _)) => (
                    i64::try_from(number.mantissa).map_err(|_| StoreFull)?,
                    number.places,
                ),
                None => (filled, places),
            };
            let mut entry = CompactEntry::new(posting.account, currency, minor, scale);
            entry.status = posting.status;
            self.store.push_entry(row, entry, detail_of(posting))?;
        }
        Ok(())
    }

    /// Notes an error on an earlier line of the file being read.
    fn fail_at(&mut self, line: u32, text: &str, found: FaultAt) {
        let file = self.sources[usize::from(self.source_place())].name.clone();
        self.errors
            .push(JournalError::on_line(file, u64::from(line), text, found));
    }
}

/// Memo and tags of a posting, if it has any.
pub(super) fn detail_of(posting: &mut Posting) -> Option<EntryDetail> {
    let extra = posting.extra.as_mut()?;
    let memo = std::mem::take(&mut extra.memo);
    let tags: Vec<Tag> = std::mem::take(&mut extra.tags);
    if memo.is_empty() && tags.is_empty() {
        return None;
    }
    Some(EntryDetail {
        memo: (!memo.is_empty()).then_some(memo),
        tags,
        ..EntryDetail::default()
    })
}

pub(super) fn full(_: StoreFull) -> Fault {
    Fault::new(
        "too-large",
        "the journals hold more than fits in memory (4 GiB of text, 65,535 postings a transaction)",
    )
}

/// Where the other side of unbalanced virtual postings goes.
pub(super) const VIRTUAL_ACCOUNT: &str = "Equity:Virtual";

/// The account of that name.
pub(super) fn virtual_account(names: &mut super::names::Names) -> AccountKey {
    names.account(VIRTUAL_ACCOUNT)
}
