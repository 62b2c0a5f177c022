//! `audit verify`: the chain holds, and what is stored is what the chain speaks of.
//!
//! Records are walked oldest first. The rows are the *after* of each change; where a later record changed a
//! transaction, its *before* is put back while walking. So nothing is stored twice and all of it is proved.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::history::{Before, before};
use super::keys::Keys;
use super::log::changes_from_json;
use crate::book::{Finding, ImportRow, LoggedChange, Result, Severity, Verification};
use crate::ledger::account::Account;
use crate::ledger::audit::{self, AuditRecord, Canon, GENESIS, Hash, put_transaction};
use crate::ledger::change::{Assertion, ImportBatch, PriceChange};
use crate::ledger::chart::Chart;
use crate::ledger::currency::Currency;
use crate::ledger::transaction::Transaction;

/// Faults beyond which the walk only counts.
const FAULTS_MAX: usize = 100;

/// One audit record as it is stored.
pub struct StoredRecord {
    pub record: AuditRecord,
    /// JSON.
    pub changes: String,
    pub marks: Vec<u8>,
}

/// What the walk reads of a book, all of it from one snapshot.
pub trait Shelf {
    fn chart(&self) -> Result<Chart>;
    fn keys(&self) -> Result<Keys>;
    fn find(&self, number: u64) -> Result<Option<Transaction>>;
    /// Every audit record, oldest first.
    fn records(&self, take: &mut dyn FnMut(StoredRecord) -> Result<()>) -> Result<()>;
    /// Sequence and changes of the records that amended, voided or reinstated something, newest first.
    fn later_changes(&self, take: &mut dyn FnMut(u64, &str) -> Result<()>) -> Result<()>;
    /// Transactions of a closed range of numbers, in order, void ones included.
    fn by_numbers(
        &self,
        first: u64,
        last: u64,
        take: &mut dyn FnMut(Transaction) -> Result<()>,
    ) -> Result<()>;
    /// The digest of each batch's source rows, as they are stored.
    fn row_digests(&self) -> Result<HashMap<Uuid, Hash>>;
    fn settings(&self) -> Result<BTreeMap<String, String>>;
    fn prices(&self) -> Result<Vec<PriceChange>>;
    /// Withdrawn ones too, with the ids of their accounts.
    fn assertions(&self) -> Result<BTreeMap<Uuid, (Uuid, Assertion)>>;
    fn imports(&self) -> Result<Vec<ImportRow>>;
    /// Code, reference and reason, oldest first.
    fn accepted(&self) -> Result<Vec<(String, String, String)>>;
    /// How many transactions are stored.
    fn count(&self) -> Result<u64>;
}

/// What the port's `verify` proves.
pub fn verify(shelf: &dyn Shelf, book: Uuid) -> Result<Verification> {
    let chart = shelf.chart()?;
    let mut walk = Walk {
        shelf,
        book,
        touched: touched(shelf)?,
        row_digests: shelf.row_digests()?,
        chart,
        stored: Stored::default(),
        faults: Vec::new(),
        transactions: 0,
    };
    let (records, head) = walk.records()?;
    walk.compare_stored()?;
    Ok(Verification {
        records,
        transactions: walk.transactions,
        head,
        faults: walk.faults,
    })
}

pub struct Walk<'a> {
    pub shelf: &'a dyn Shelf,
    pub book: Uuid,
    pub chart: Chart,
    /// Transactions that a later record touched, with their content after each record, newest last.
    pub touched: HashMap<u64, Vec<(u64, Transaction)>>,
    pub row_digests: HashMap<Uuid, Hash>,
    pub stored: Stored,
    pub faults: Vec<Finding>,
    pub transactions: u64,
}

/// A batch as the log speaks of it, the id its account had then, and whether it was undone.
pub struct StoredImport {
    pub batch: ImportBatch,
    pub account: Option<Uuid>,
    pub sequence: u64,
    pub added: u64,
    pub undone: bool,
}

/// What the log says last of everything that is not a transaction.
#[derive(Default)]
pub struct Stored {
    pub accounts: BTreeMap<u32, Account>,
    pub currencies: BTreeMap<u16, Currency>,
    pub settings: BTreeMap<String, String>,
    pub prices: BTreeMap<(String, String, i32), PriceChange>,
    /// With the id the account had then: it may have been renamed since.
    pub assertions: BTreeMap<Uuid, (Assertion, Uuid)>,
    pub imports: Vec<StoredImport>,
    pub accepted: Vec<(String, String, String)>,
}

/// The histories of all transactions that were amended, voided or reinstated: few.
fn touched(shelf: &dyn Shelf) -> Result<HashMap<u64, Vec<(u64, Transaction)>>> {
    let keys = shelf.keys()?;
    let mut touched: HashMap<u64, (Transaction, Vec<(u64, Transaction)>)> = HashMap::new();
    shelf.later_changes(&mut |sequence, text| {
        for change in changes_from_json(text, &keys)?.iter().rev() {
            let (first, last) = match change {
                LoggedChange::Amended { number, .. } | LoggedChange::Reinstated { number, .. } => {
                    (*number, *number)
                }
                LoggedChange::Voided { first, last } => (*first, *last),
                _ => continue,
            };
            for number in first..=last {
                let (state, versions) = match touched.entry(number) {
                    Entry::Occupied(slot) => slot.into_mut(),
                    Entry::Vacant(slot) => match shelf.find(number)? {
                        Some(now) => slot.insert((now, Vec::new())),
                        None => continue,
                    },
                };
                if let Some(Before::Was(was)) = before(change, state) {
                    versions.push((sequence, std::mem::replace(state, *was)));
                }
            }
        }
        Ok(())
    })?;
    Ok(touched
        .into_iter()
        .map(|(number, (first, mut versions))| {
            versions.push((0, first));
            versions.reverse();
            (number, versions)
        })
        .collect())
}

impl Walk<'_> {
    pub fn fault(&mut self, message: String, number: Option<u64>) {
        if self.faults.len() < FAULTS_MAX {
            let hint = number.map_or_else(
                || "hissab restore FILE".to_owned(),
                |n| format!("hissab show {n} --history"),
            );
            self.faults.push(Finding {
                code: "chain",
                severity: Severity::Error,
                date: None,
                number,
                account: None,
                message,
                hint: Some(hint),
            });
        }
    }

    fn records(&mut self) -> Result<(u64, Hash)> {
        let shelf = self.shelf;
        let keys = shelf.keys()?;
        let (mut previous, mut count) = (GENESIS, 0);
        shelf.records(&mut |stored| {
            let record = &stored.record;
            count += 1;
            if record.sequence != count
                || record.previous != previous
                || record.computed_hash(self.book) != record.hash
            {
                self.fault(
                    format!(
                        "audit record {} was changed, or one before it is missing",
                        record.sequence
                    ),
                    None,
                );
            }
            let changes = changes_from_json(&stored.changes, &keys)?;
            self.contents(record, &changes, &stored.marks)?;
            previous = record.hash;
            Ok(())
        })?;
        Ok((count, previous))
    }

    /// Recomputes the digest of a record from what is stored.
    fn contents(
        &mut self,
        record: &AuditRecord,
        changes: &[LoggedChange],
        marks: &[u8],
    ) -> Result<()> {
        let mut digest = Canon::new("hissab/changes/1");
        let run_size = marks.first().copied().unwrap_or(1).max(1);
        let mut marks = marks.get(1..).unwrap_or_default().chunks(4);
        let faults = self.faults.len();
        for change in changes {
            self.change(record, change, run_size, &mut marks, &mut digest)?;
        }
        let added = changes.iter().map(posted).sum();
        let of_this = |said: &&mut StoredImport| said.sequence == record.sequence;
        let imports = self.stored.imports.iter_mut().rev();
        imports
            .take_while(of_this)
            .for_each(|said| said.added = added);
        if digest.finish() != record.digest && self.faults.len() == faults {
            let numbers: Vec<String> = record
                .numbers
                .iter()
                .map(|(a, b)| {
                    if a == b {
                        a.to_string()
                    } else {
                        format!("{a} to {b}")
                    }
                })
                .collect();
            let what = if numbers.is_empty() {
                "what it recorded".to_owned()
            } else {
                format!("transaction {}", numbers.join(", "))
            };
            let number = record.numbers.first().map(|(first, _)| *first);
            self.fault(
                format!(
                    "{what} is not what audit record {} ({}) sealed",
                    record.sequence, record.action
                ),
                number,
            );
        }
        Ok(())
    }

    fn change(
        &mut self,
        record: &AuditRecord,
        change: &LoggedChange,
        run_size: u8,
        marks: &mut std::slice::Chunks<'_, u8>,
        digest: &mut Canon,
    ) -> Result<()> {
        match change {
            LoggedChange::Posted { first, last } => {
                return self.posted(record, (*first, *last), run_size, marks, digest);
            }
            LoggedChange::Amended { number, .. } | LoggedChange::Reinstated { number, .. } => {
                self.version(*number, record.sequence, digest)
            }
            LoggedChange::Voided { first, last } => {
                (*first..=*last).for_each(|number| self.version(number, record.sequence, digest))
            }
            LoggedChange::Account { before, after } => {
                audit::put_account(digest, after);
                let was = self.stored.accounts.insert(after.key.0, (**after).clone());
                self.before_is(record, was.as_ref() == before.as_deref());
            }
            LoggedChange::Currency { before, after } => {
                audit::put_currency(digest, after);
                let was = self.stored.currencies.insert(after.key.0, after.clone());
                self.before_is(record, was == *before);
            }
            LoggedChange::Price { before, after } => {
                audit::put_price(digest, after);
                let key = (
                    after.commodity.to_string(),
                    after.currency.to_string(),
                    crate::ledger::day::Day::of(after.on).0,
                );
                let was = self.stored.prices.insert(key, after.clone());
                self.before_is(record, was == *before);
            }
            LoggedChange::Setting {
                name,
                before,
                after,
            } => {
                audit::put_setting(digest, name, after.as_deref());
                let was = match after {
                    Some(value) => self.stored.settings.insert(name.clone(), value.clone()),
                    None => self.stored.settings.remove(name),
                };
                self.before_is(record, was == *before);
            }
            LoggedChange::Assertion(assertion) => {
                let id = self.account_id(&assertion.account);
                audit::put_assertion(digest, assertion, id);
                self.stored
                    .assertions
                    .insert(assertion.id, (assertion.clone(), id));
            }
            LoggedChange::Imported { batch, rows } => {
                let account = batch.account.as_deref().map(|path| self.account_id(path));
                if self.row_digests.get(&batch.id) != Some(rows) {
                    self.fault(
                        format!(
                            "the source rows of {} are not those that were imported",
                            batch.file
                        ),
                        None,
                    );
                }
                audit::put_import(digest, batch, account, rows);
                self.stored.imports.push(StoredImport {
                    batch: batch.clone(),
                    account,
                    sequence: record.sequence,
                    added: 0,
                    undone: false,
                });
            }
            LoggedChange::ImportUndone { batch } => {
                digest.text("import-undone");
                digest.bytes(batch.as_bytes());
                self.import_is_undone(*batch, true);
            }
            LoggedChange::ImportRestored { batch } => {
                digest.text("import-restored");
                digest.bytes(batch.as_bytes());
                self.import_is_undone(*batch, false);
            }
            LoggedChange::Accepted {
                code,
                reference,
                reason,
            } => {
                digest.text("accepted");
                digest.text(code);
                digest.text(reference);
                digest.text(reason);
                self.stored
                    .accepted
                    .push((code.clone(), reference.clone(), reason.clone()));
            }
        }
        Ok(())
    }

    fn import_is_undone(&mut self, batch: Uuid, undone: bool) {
        let said = self.stored.imports.iter_mut();
        said.filter(|said| said.batch.id == batch)
            .for_each(|said| said.undone = undone);
    }

    /// A record's *before* is the *after* of an earlier one, so only the afters are hashed.
    fn before_is(&mut self, record: &AuditRecord, same: bool) {
        if !same {
            self.fault(
                format!(
                    "what audit record {} ({}) says was there before is not what was there",
                    record.sequence, record.action
                ),
                None,
            );
        }
    }

    /// The id of the account that had this path when the log spoke of it.
    fn account_id(&self, path: &str) -> Uuid {
        let then = self.stored.accounts.values().find(|a| *a.path == *path);
        then.or_else(|| self.chart.find(path))
            .map_or(Uuid::nil(), |a| a.id)
    }

    /// Adds the content a transaction had after a record.
    fn version(&mut self, number: u64, sequence: u64, digest: &mut Canon) {
        let found = self
            .touched
            .get(&number)
            .and_then(|versions| versions.iter().rev().find(|(at, _)| *at == sequence));
        match found {
            Some((_, transaction)) => put_transaction(digest, transaction, &self.chart),
            None => self.fault(format!("transaction {number} is missing"), Some(number)),
        }
    }

    fn posted(
        &mut self,
        record: &AuditRecord,
        (first, last): (u64, u64),
        run_size: u8,
        marks: &mut std::slice::Chunks<'_, u8>,
        digest: &mut Canon,
    ) -> Result<()> {
        let mut run = Canon::new("hissab/run/1");
        let (mut count, mut run_first, mut next) = (0u8, first, first);
        let mut named = Vec::new();
        let (touched, chart) = (&self.touched, &self.chart);
        self.shelf.by_numbers(first, last, &mut |now| {
            let number = now.number.0;
            let original = touched
                .get(&number)
                .and_then(|versions| versions.first())
                .map_or(&now, |(_, t)| t);
            if number != next {
                named.push((next, number - 1));
            }
            next = number + 1;
            put_transaction(&mut run, original, chart);
            count += 1;
            if count == run_size || number == last {
                let hash = std::mem::replace(&mut run, Canon::new("hissab/run/1")).finish();
                if marks.next().is_some_and(|mark| mark != &hash[..4]) {
                    named.push((run_first, number));
                }
                digest.bytes(&hash);
                count = 0;
                run_first = number + 1;
            }
            Ok(())
        })?;
        self.transactions += last - first + 1;
        if next != last + 1 {
            named.push((next, last));
        }
        for (first, last) in named {
            let what = if first == last {
                format!("transaction {first} is")
            } else {
                format!("one of the transactions {first} to {last} is")
            };
            self.fault(
                format!(
                    "{what} not what audit record {} ({}) sealed",
                    record.sequence, record.action
                ),
                Some(first),
            );
        }
        Ok(())
    }
}

/// How many transactions a change posted.
fn posted(change: &LoggedChange) -> u64 {
    match change {
        LoggedChange::Posted { first, last } => last - first + 1,
        _ => 0,
    }
}
