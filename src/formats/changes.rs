//! A planned file of statements → the changes of one unit: accounts and currencies it needs, the batch, then
//! each new row's transaction followed by its source row, and the source rows of what was matched.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::identity::{Identity, Said};
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
    /// The accounts of the counter side's further entries, one a split.
    pub splits: Vec<Arc<str>>,
    /// A code.
    pub currency: Arc<str>,
}

/// One statement of a file.
#[derive(Debug, Clone, Copy)]
pub struct StatementPart<'a> {
    pub statement: &'a Statement,
    /// One a row of the statement.
    pub planned: &'a [PlannedRow],
    /// The bank account, by path and id.
    pub account: &'a Arc<str>,
    pub account_id: Uuid,
    /// [`Statement::form`] of the statement.
    pub form: u32,
}

/// Place of a row: which statement of the file, which row of it.
pub type Place = (usize, usize);

/// One file's changes; walked again if a commit has to be repeated.
#[derive(Debug)]
pub struct StatementChanges<'a> {
    /// Accounts, currencies, then the import itself.
    pub head: &'a [Change],
    pub parts: Vec<StatementPart<'a>>,
    /// New rows that other rows of the file stand for too: a transfer between two of its accounts.
    pub paired: &'a HashMap<Place, Vec<Place>>,
}

impl StatementChanges<'_> {
    fn source_row(&self, place: Place, number: Option<Number>) -> Change {
        let part = &self.parts[place.0];
        let (row, identity) = (
            &part.statement.rows[place.1],
            part.planned[place.1].identity,
        );
        let said = Said {
            form: part.form,
            date: row.date,
            amount: row.amount,
            balance: row.balance,
            currency: part.planned[place.1].currency.to_string(),
        };
        let account = (self.parts.len() > 1).then_some(part.account_id);
        let raw = identity.stored(&row.raw, &said, account);
        Change::SourceRow(SourceRow {
            identity: identity.key,
            line: row.line,
            number,
            raw: Some(raw),
        })
    }

    /// Walks the rows in the order they are written: what each one is changed by.
    fn visit_rows(&self, take: &mut dyn FnMut(Place, RowChange) -> ControlFlow<()>) {
        for (index, part) in self.parts.iter().enumerate() {
            for (row, planned) in part.planned.iter().enumerate() {
                let place = (index, row);
                let done = match planned.fate {
                    Fate::Known { .. } | Fate::Paired { .. } => ControlFlow::Continue(()),
                    Fate::Matched { number, .. } => {
                        take(place, RowChange::Source(Some(Number(number))))
                    }
                    Fate::New => self.new_row(place, take),
                };
                if done.is_break() {
                    return;
                }
            }
        }
    }

    fn new_row(
        &self,
        place: Place,
        take: &mut dyn FnMut(Place, RowChange) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        take(place, RowChange::Post)?;
        take(place, RowChange::Source(None))?;
        for other in self.paired.get(&place).into_iter().flatten() {
            take(*other, RowChange::Source(None))?;
        }
        ControlFlow::Continue(())
    }

    /// The row that a change stands for; `None` of the head's.
    pub fn row_of_change(&self, change: usize) -> Option<Place> {
        let (mut left, mut found) = (change.checked_sub(self.head.len())?, None);
        self.visit_rows(&mut |place, _| {
            if left == 0 {
                found = Some(place);
                return ControlFlow::Break(());
            }
            left -= 1;
            ControlFlow::Continue(())
        });
        found
    }
}

/// One change of a row.
enum RowChange {
    Post,
    /// `None`: it stands for what was posted last.
    Source(Option<Number>),
}

/// What the counter side of a row takes, beside its splits.
pub fn rest_of(row: &StatementRow) -> Decimal {
    -row.amount
        - row
            .category
            .splits
            .iter()
            .map(|s| s.amount)
            .sum::<Decimal>()
}

fn draft(part: &StatementPart<'_>, row: &StatementRow, planned: &PlannedRow) -> Draft {
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
    let mut others: Vec<DraftEntry> = Vec::with_capacity(row.category.splits.len() + 1);
    for (split, account) in row.category.splits.iter().zip(&planned.splits) {
        others.push(DraftEntry {
            memo: split.memo.clone(),
            ..entry(account, split.amount)
        });
    }
    let rest = rest_of(row);
    if !rest.is_zero() || others.is_empty() {
        let counter = DraftEntry {
            memo: row.category.counter_memo.clone(),
            ..entry(&planned.counter, rest)
        };
        others.insert(0, counter);
    }
    let bank = DraftEntry {
        memo: row.category.memo.clone(),
        ..entry(part.account, row.amount)
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

impl ChangeSource for StatementChanges<'_> {
    fn visit(&self, take: &mut dyn FnMut(Change) -> ControlFlow<()>) {
        for change in self.head {
            if take(change.clone()).is_break() {
                return;
            }
        }
        self.visit_rows(&mut |place, change| {
            take(match change {
                RowChange::Source(number) => self.source_row(place, number),
                RowChange::Post => {
                    let part = &self.parts[place.0];
                    let row = &part.statement.rows[place.1];
                    Change::Post(draft(part, row, &part.planned[place.1]))
                }
            })
        });
    }

    fn count_hint(&self) -> usize {
        let planned = self.parts.iter().flat_map(|p| p.planned);
        let written = planned.filter(|p| !matches!(p.fate, Fate::Known { .. }));
        self.head.len() + 2 * written.count()
    }
}
