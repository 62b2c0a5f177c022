//! A planned statement → the changes of one unit: accounts and currencies it needs, the batch, then each
//! new row's transaction followed by its source row, and the source rows of what was matched.

use std::ops::ControlFlow;
use std::sync::Arc;

use uuid::Uuid;

use super::identity::Identity;
use super::plan::Fate;
use super::statement::{Statement, StatementRow};
use crate::ledger::change::{Change, ChangeSource, SourceRow};
use crate::ledger::draft::{Draft, DraftEntry};
use crate::ledger::transaction::{Number, TransactionId};

/// A row with everything settled: what is written of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRow {
    pub identity: Identity,
    pub fate: Fate,
    /// For new rows: the id of its transaction.
    pub id: Uuid,
    /// For new rows: the counter account, by path.
    pub counter: Arc<str>,
    /// A code.
    pub currency: Arc<str>,
}

/// One file's changes; walked again if a commit has to be repeated.
#[derive(Debug)]
pub struct StatementChanges<'a> {
    /// Accounts, currencies, then the import itself.
    pub head: Vec<Change>,
    pub statement: &'a Statement,
    /// One a row of the statement.
    pub planned: &'a [PlannedRow],
    /// The bank account, by path.
    pub account: Arc<str>,
}

impl StatementChanges<'_> {
    fn source_row(row: &StatementRow, planned: &PlannedRow, number: Option<Number>) -> Change {
        Change::SourceRow(SourceRow {
            identity: planned.identity.key,
            line: row.line,
            number,
            raw: Some(planned.identity.stored(&row.raw)),
        })
    }

    fn draft(&self, row: &StatementRow, planned: &PlannedRow) -> Draft {
        let mut draft = Draft::new(
            TransactionId(planned.id),
            row.date,
            row.description.as_str(),
        );
        draft.payee = row.payee.clone();
        draft.reference = row.reference.clone();
        draft.status = row.category.status;
        draft.tags = row.category.tags.clone();
        let entry = |account: &Arc<str>, amount| DraftEntry {
            account: account.clone(),
            amount: Some(amount),
            currency: Some(planned.currency.clone()),
            ..DraftEntry::default()
        };
        let mut rest = -row.amount;
        let mut others: Vec<DraftEntry> = Vec::with_capacity(row.category.splits.len() + 1);
        for split in &row.category.splits {
            rest -= split.amount;
            others.push(DraftEntry {
                memo: split.memo.clone(),
                ..entry(&split.account, split.amount)
            });
        }
        if !rest.is_zero() || others.is_empty() {
            others.insert(0, entry(&planned.counter, rest));
        }
        let bank = DraftEntry {
            memo: row.category.memo.clone(),
            ..entry(&self.account, row.amount)
        };
        // The debit first, as it is written in a day book.
        if row.amount.is_sign_negative() {
            others.push(bank);
        } else {
            others.insert(0, bank);
        }
        draft.entries = others;
        draft
    }
}

impl ChangeSource for StatementChanges<'_> {
    fn visit(&self, take: &mut dyn FnMut(Change) -> ControlFlow<()>) {
        for change in &self.head {
            if take(change.clone()).is_break() {
                return;
            }
        }
        for (row, planned) in self.statement.rows.iter().zip(self.planned) {
            let number = match planned.fate {
                Fate::Known { .. } => continue,
                Fate::Matched { number, .. } => Some(Number(number)),
                Fate::New => {
                    if take(Change::Post(self.draft(row, planned))).is_break() {
                        return;
                    }
                    None
                }
            };
            if take(Self::source_row(row, planned, number)).is_break() {
                return;
            }
        }
    }

    fn count_hint(&self) -> usize {
        let written = self
            .planned
            .iter()
            .filter(|p| !matches!(p.fate, Fate::Known { .. }));
        self.head.len() + 2 * written.count()
    }
}
