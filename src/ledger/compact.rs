//! Millions of transactions in little memory: parallel vectors, one arena of texts, 24 bytes an
//! entry, and side tables for what few of them have. What `-f` reads journals into.

use std::sync::Arc;

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::account::AccountKey;
use super::change::{Assertion, PriceChange};
use super::chart::Chart;
use super::currency::CurrencyKey;
use super::day::Day;
use super::draft::{Draft, DraftEntry, DraftPrice, infer_voucher};
use super::money;
use super::texts::{TextKey, Texts};
use super::transaction::{
    Entry, EntryDetail, Number, State, Status, Tag, Transaction, TransactionId, Voucher,
};

/// One entry: 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactEntry {
    /// Minor units at `scale` until [`Store::rescale`], then at the currency's own scale.
    pub minor: i64,
    pub account: AccountKey,
    /// 1 + place in the side table; 0: price, weight, memo and tags are absent.
    detail: u32,
    pub currency: CurrencyKey,
    pub status: Status,
    /// Decimal places of `minor` while the currency's own scale is still unknown.
    pub scale: u8,
}

impl CompactEntry {
    pub fn new(account: AccountKey, currency: CurrencyKey, minor: i64, scale: u8) -> CompactEntry {
        CompactEntry {
            minor,
            account,
            detail: 0,
            currency,
            status: Status::Unmarked,
            scale,
        }
    }
}

/// What most transactions have: 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub day: Day,
    first: u32,
    pub description: TextKey,
    reference: u32,
    /// Line of the source it begins on.
    pub line: u32,
    detail: u32,
    reference_bytes: u16,
    count: u16,
    /// Which input it was read from, from 0.
    pub source: u16,
    pub status: Status,
}

/// What few transactions have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowDetail {
    /// Its own id, where the source says one.
    pub id: Option<Uuid>,
    pub voucher: Option<Voucher>,
    pub payee: Option<String>,
    pub due: Option<jiff::civil::Date>,
    pub tags: Vec<Tag>,
    pub metadata: Vec<(String, String)>,
}

/// Transactions in the order of their source; the place of each, from 1, is its number.
#[derive(Debug, Clone, Default)]
pub struct Store {
    rows: Vec<Row>,
    entries: Vec<CompactEntry>,
    texts: Texts,
    references: String,
    row_details: Vec<RowDetail>,
    entry_details: Vec<EntryDetail>,
}

/// Everything a journal says, ready to be looked at.
#[derive(Debug, Clone, Default)]
pub struct CompactBook {
    pub chart: Chart,
    pub store: Store,
    /// By date.
    pub prices: Vec<PriceChange>,
    /// By date; those that hold at the end of their day.
    pub assertions: Vec<Assertion>,
    /// A name for people: the first input's.
    pub name: String,
}

/// A limit of the store was reached: 4 GiB of text, or 2^32 transactions or entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreFull;

impl Store {
    /// Adds a transaction without entries; they follow with [`Store::begin_entries`] and [`Store::push_entry`].
    pub fn push(
        &mut self,
        day: Day,
        description: &str,
        reference: &str,
        status: Status,
        source: u16,
        line: u32,
    ) -> Result<usize, StoreFull> {
        let row = Row {
            day,
            first: u32::try_from(self.entries.len()).map_err(|_| StoreFull)?,
            description: self.texts.put(description).ok_or(StoreFull)?,
            reference: u32::try_from(self.references.len()).map_err(|_| StoreFull)?,
            line,
            detail: 0,
            reference_bytes: u16::try_from(reference.len()).map_err(|_| StoreFull)?,
            count: 0,
            source,
            status,
        };
        if self.rows.len() >= u32::MAX as usize - 1 {
            return Err(StoreFull);
        }
        self.references.push_str(reference);
        self.rows.push(row);
        Ok(self.rows.len() - 1)
    }

    /// Where the entries of a transaction begin: here. Entries pushed from now on are its own.
    pub fn begin_entries(&mut self, index: usize) -> Result<(), StoreFull> {
        self.rows[index].first = u32::try_from(self.entries.len()).map_err(|_| StoreFull)?;
        self.rows[index].count = 0;
        Ok(())
    }

    /// Adds an entry to the transaction that [`Store::begin_entries`] or [`Store::push`] named last.
    pub fn push_entry(
        &mut self,
        index: usize,
        mut entry: CompactEntry,
        detail: Option<EntryDetail>,
    ) -> Result<(), StoreFull> {
        if let Some(detail) = detail {
            self.entry_details.push(detail);
            entry.detail = u32::try_from(self.entry_details.len()).map_err(|_| StoreFull)?;
        }
        let row = &mut self.rows[index];
        row.count = row.count.checked_add(1).ok_or(StoreFull)?;
        self.entries.push(entry);
        Ok(())
    }

    pub fn set_status(&mut self, index: usize, status: Status) {
        self.rows[index].status = status;
    }

    /// Sets what an entry that has a detail weighs; `place` is its place in the transaction.
    pub fn set_weight(&mut self, index: usize, place: usize, weight: (i64, CurrencyKey)) {
        let entry = &self.entries[self.rows[index].first as usize + place];
        let detail = (entry.detail as usize).checked_sub(1);
        if let Some(detail) = detail.and_then(|at| self.entry_details.get_mut(at)) {
            detail.weight = Some(weight);
        }
    }

    pub fn set_detail(&mut self, index: usize, detail: RowDetail) -> Result<(), StoreFull> {
        self.row_details.push(detail);
        self.rows[index].detail = u32::try_from(self.row_details.len()).map_err(|_| StoreFull)?;
        Ok(())
    }

    /// Brings every entry to its currency's scale, which is never below the entry's own.
    ///
    /// Also renumbers currencies: `keys[old - 1]` is the new key and scale.
    /// Errors: the index of the first transaction whose amount outgrows [`money::MINOR_MAX`].
    pub fn rescale(&mut self, keys: &[(CurrencyKey, u8)]) -> Result<(), usize> {
        for (index, row) in self.rows.iter().enumerate() {
            let first = row.first as usize;
            for entry in &mut self.entries[first..first + usize::from(row.count)] {
                let (key, scale) = keys[usize::from(entry.currency.0) - 1];
                entry.currency = key;
                let up = scale.saturating_sub(entry.scale);
                if up > 0 {
                    let factor = 10i64.checked_pow(u32::from(up)).ok_or(index)?;
                    entry.minor = entry.minor.checked_mul(factor).ok_or(index)?;
                    entry.scale = scale;
                }
                if entry.minor.unsigned_abs() > money::MINOR_MAX.unsigned_abs() {
                    return Err(index);
                }
            }
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub fn row(&self, index: usize) -> &Row {
        &self.rows[index]
    }

    pub fn entries(&self, index: usize) -> &[CompactEntry] {
        let row = &self.rows[index];
        let first = row.first as usize;
        &self.entries[first..first + usize::from(row.count)]
    }

    pub fn entry_detail(&self, entry: &CompactEntry) -> Option<&EntryDetail> {
        self.entry_details
            .get((entry.detail as usize).checked_sub(1)?)
    }

    pub fn detail(&self, index: usize) -> Option<&RowDetail> {
        self.row_details
            .get((self.rows[index].detail as usize).checked_sub(1)?)
    }

    pub fn description(&self, index: usize) -> &str {
        self.texts.get(self.rows[index].description)
    }

    pub fn reference(&self, index: usize) -> &str {
        let row = &self.rows[index];
        let first = row.reference as usize;
        &self.references[first..first + usize::from(row.reference_bytes)]
    }

    /// What an entry weighs: see [`Entry::weight`]. The flag tells whether it is not the amount itself.
    pub fn weight(&self, entry: &CompactEntry) -> (i64, CurrencyKey, bool) {
        match self.entry_detail(entry).and_then(|d| d.weight) {
            Some((minor, currency)) => (minor, currency, true),
            None => (entry.minor, entry.currency, false),
        }
    }

    /// Whether the source marks a transaction as a closing one: the only voucher that totals ask for.
    pub fn is_closing(&self, index: usize) -> bool {
        self.rows[index].detail != 0
            && self.detail(index).and_then(|d| d.voucher) == Some(Voucher::Closing)
    }

    /// The transaction at a place, whole.
    pub fn transaction(&self, index: usize, chart: &Chart) -> Transaction {
        let row = &self.rows[index];
        let entries: Vec<Entry> = self
            .entries(index)
            .iter()
            .map(|e| self.whole_entry(e))
            .collect();
        let detail = self.detail(index).cloned().unwrap_or_default();
        let reference = self.reference(index);
        Transaction {
            id: detail
                .id
                .map_or_else(|| self.id_of(index, chart), TransactionId),
            number: Number(index as u64 + 1),
            version: 1,
            state: State::Live,
            date: row.day.date(),
            voucher: detail
                .voucher
                .unwrap_or_else(|| infer_voucher(chart, &entries)),
            status: row.status,
            description: Arc::from(self.description(index)),
            payee: detail.payee,
            reference: (!reference.is_empty()).then(|| reference.to_owned()),
            due: detail.due,
            tags: detail.tags,
            metadata: detail.metadata,
            reverses: None,
            reversed_by: None,
            entries,
        }
    }

    /// The transaction at a place as something to post elsewhere.
    pub fn draft(&self, index: usize, chart: &Chart, id: TransactionId) -> Draft {
        let row = &self.rows[index];
        let detail = self.detail(index).cloned().unwrap_or_default();
        let reference = self.reference(index);
        Draft {
            id,
            date: row.day.date(),
            voucher: detail.voucher,
            status: row.status,
            description: Arc::from(self.description(index)),
            payee: detail.payee,
            reference: (!reference.is_empty()).then(|| reference.to_owned()),
            due: detail.due,
            tags: detail.tags,
            metadata: detail.metadata,
            reverses: None,
            entries: self
                .entries(index)
                .iter()
                .map(|e| self.draft_entry(e, chart))
                .collect(),
        }
    }

    fn draft_entry(&self, entry: &CompactEntry, chart: &Chart) -> DraftEntry {
        let currency = chart.currency(entry.currency);
        let detail = self.entry_detail(entry);
        DraftEntry {
            account: chart.account(entry.account).path.clone(),
            amount: Some(decimal(entry.minor, currency.scale)),
            currency: Some(currency.code.clone()),
            price: detail.and_then(|d| d.price).map(|price| DraftPrice {
                amount: price.amount,
                currency: Some(chart.currency(price.currency).code.clone()),
                basis: price.basis,
            }),
            status: entry.status,
            memo: detail.and_then(|d| d.memo.clone()),
            tags: detail.map(|d| d.tags.clone()).unwrap_or_default(),
        }
    }

    fn whole_entry(&self, entry: &CompactEntry) -> Entry {
        let mut detail = self.entry_detail(entry).cloned();
        if entry.status != Status::Unmarked {
            detail.get_or_insert_default().status = entry.status;
        }
        Entry {
            account: entry.account,
            currency: entry.currency,
            minor: entry.minor,
            detail: detail.map(Box::new),
        }
    }

    /// An id from what the transaction says and where it stands: the same journal gives the same ids.
    fn id_of(&self, index: usize, chart: &Chart) -> TransactionId {
        let row = &self.rows[index];
        let mut hasher = Sha256::new();
        let mut head = [0u8; 16];
        head[..8].copy_from_slice(&(index as u64).to_be_bytes());
        head[8..12].copy_from_slice(&row.day.0.to_be_bytes());
        hasher.update(head);
        hasher.update(self.description(index).as_bytes());
        hasher.update([0]);
        hasher.update(self.reference(index).as_bytes());
        for entry in self.entries(index) {
            hasher.update([0]);
            hasher.update(chart.account(entry.account).path.as_bytes());
            hasher.update(entry.minor.to_be_bytes());
            hasher.update(chart.currency(entry.currency).code.as_bytes());
        }
        let digest = hasher.finalize();
        let mut bytes = [0u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        TransactionId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// Minor units as a decimal; 10^17 of them always fit.
fn decimal(minor: i64, scale: u8) -> Decimal {
    money::from_minor(i128::from(minor), scale).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_24_bytes_and_a_row_32() {
        assert_eq!(size_of::<CompactEntry>(), 24);
        assert_eq!(size_of::<Row>(), 32);
    }

    #[test]
    fn rescaling_is_exact_or_refused() {
        let mut store = Store::default();
        let row = store.push(Day(0), "x", "", Status::Unmarked, 0, 1).unwrap();
        let entry = CompactEntry::new(AccountKey(1), CurrencyKey(1), 125, 1);
        store.push_entry(row, entry, None).unwrap();
        store.rescale(&[(CurrencyKey(1), 3)]).unwrap();
        assert_eq!(store.entries(0)[0].minor, 12_500);
        let huge = CompactEntry::new(AccountKey(1), CurrencyKey(1), money::MINOR_MAX / 2, 2);
        store.push_entry(row, huge, None).unwrap();
        assert_eq!(store.rescale(&[(CurrencyKey(1), 3)]), Err(0));
    }
}
