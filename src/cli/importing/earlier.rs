//! What the book holds around a statement: rows that earlier imports brought into the account, and what else moved
//! it. Rows are compared by what they said, for their transactions may have been amended, voided or merged since.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use super::Session;
use super::form::Form;
use crate::book::{AuditQuery, ImportRow, KnownRow, LoggedChange, Scan, Voided};
use crate::cli::error::Result;
use crate::formats::identity::{self, Identity, Said};
use crate::formats::plan::{Candidate, HeldRow, NEAR_DAYS, REFERENCE_DAYS};
use crate::formats::reordered::{LooseRow, OneDay};
use crate::formats::statement::{Statement, StatementRow};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::change::Target;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Day;
use crate::ledger::money::to_minor;
use crate::ledger::transaction::{Number, Transaction};

/// A row of a statement with the code of its currency.
type Row<'a> = (&'a StatementRow, &'a Arc<str>);

/// A bank account, with those that were given up for it.
pub struct Bank {
    key: AccountKey,
    id: Uuid,
    /// Closed accounts that statements were brought into: entries of theirs may have moved here.
    given_up: Vec<Account>,
    /// Numbers that imports posted which were taken back: what is void of them is no reason to skip a row.
    taken_back: Vec<RangeInclusive<u64>>,
}

/// What the book holds around a statement.
#[derive(Default)]
pub struct Around {
    /// What moved the account, without what files of this form brought.
    pub candidates: Vec<Candidate>,
    /// What those brought, and no row of the statement was found by.
    pub same_form: Vec<LooseRow>,
}

/// A transaction that moved the account.
struct Moved {
    number: u64,
    version: u32,
    void: bool,
    /// It moves an account given up: its entries did not come here.
    stayed: bool,
    moves: Vec<Candidate>,
}

/// An earlier import's row that stands for such a transaction.
struct Source {
    row: KnownRow,
    /// The record its import came with.
    sequence: u64,
    same_form: bool,
    said: Option<Said>,
}

impl Bank {
    pub fn of(session: &mut Session, key: AccountKey, id: Uuid) -> Result<Bank> {
        let brought = |account: &Account| {
            session.imports.iter().any(|i| {
                let of = i.head.account.as_ref();
                !i.undone && of.is_none_or(|path| *path == account.path)
            })
        };
        let mut given_up = Vec::new();
        if let Some(own) = session.chart.accounts().iter().find(|a| a.key == key) {
            let others = session.chart.accounts().iter();
            let closed = others.filter(|a| a.key != key && a.closed_on.is_some());
            let like = closed.filter(|a| a.kind == own.kind && brought(a));
            given_up.extend(like.cloned());
        }
        Ok(Bank {
            key,
            id,
            given_up,
            taken_back: taken_back(session)?,
        })
    }

    /// The stored rows that are rows of the statement, and those of this run.
    pub fn held(
        &self,
        session: &mut Session,
        rows: &[Row<'_>],
        identities: &[Identity],
    ) -> Result<Vec<HeldRow>> {
        let wanted: Vec<i64> = sorted(identities.iter().map(|i| i.key));
        let mut held = Vec::new();
        if !session.imports.is_empty() {
            // A row without the rest of its identity is of a journal: another row with the same key.
            let known = session.book.known_rows(&wanted)?;
            held.extend(known.iter().filter_map(|row| {
                Some(HeldRow {
                    identity: Identity::of_stored(row.identity, row.raw.as_deref())?,
                    number: row.number,
                })
            }));
            for account in &self.given_up {
                held.extend(self.moved_here(session, account, rows, identities)?);
            }
            self.forget_undone(session, &mut held)?;
        }
        let of_run = session.held.iter();
        held.extend(of_run.filter(|h| wanted.binary_search(&h.identity.key).is_ok()));
        Ok(held)
    }

    /// Rows of the statement that were brought into an account given up, and whose transactions are here now.
    fn moved_here(
        &self,
        session: &mut Session,
        from: &Account,
        rows: &[Row<'_>],
        identities: &[Identity],
    ) -> Result<Vec<HeldRow>> {
        let theirs = rows
            .iter()
            .map(|(row, code)| identity::of_statement_row(from.id, row, code));
        let ours: HashMap<Identity, Identity> = theirs.zip(identities.iter().copied()).collect();
        let wanted = sorted(ours.keys().map(|i| i.key));
        let mut held = Vec::new();
        for row in session.book.known_rows(&wanted)? {
            let identity = Identity::of_stored(row.identity, row.raw.as_deref());
            let Some(identity) = identity.and_then(|i| ours.get(&i)) else {
                continue;
            };
            let found = session.book.find(Target::Number(Number(row.number)))?;
            let on = |t: &Transaction, key| t.entries.iter().any(|e| e.account == key);
            if found.is_some_and(|t| on(&t, self.key) && !on(&t, from.key)) {
                held.push(HeldRow {
                    identity: *identity,
                    number: row.number,
                });
            }
        }
        Ok(held)
    }

    /// Rows that stood for what an import posted that was taken back are absent, as its own are.
    fn forget_undone(&self, session: &mut Session, held: &mut Vec<HeldRow>) -> Result<()> {
        let mut gone = HashSet::new();
        for row in held.iter().filter(|h| self.was_taken_back(h.number)) {
            let found = session.book.find(Target::Number(Number(row.number)))?;
            if found.is_none_or(|t| t.is_void()) {
                gone.insert(row.number);
            }
        }
        held.retain(|h| !gone.contains(&h.number));
        Ok(())
    }

    fn was_taken_back(&self, number: u64) -> bool {
        self.taken_back
            .iter()
            .any(|posted| posted.contains(&number))
    }

    /// What else moved the account around the statement's days.
    pub fn around(
        &self,
        session: &mut Session,
        statement: &Statement,
        held: &[HeldRow],
    ) -> Result<Around> {
        let Some((first, last)) = statement.span() else {
            return Ok(Around::default());
        };
        if self.key.0 as usize > session.book.chart()?.accounts().len() {
            return Ok(Around::default());
        }
        let moved = self.moved(session, (first, last), held)?;
        let numbers = sorted(moved.iter().map(|m| m.number));
        let mut sources = self.sources(session, statement, &numbers)?;
        let near = Day(Day::of(last).0 + NEAR_DAYS).date();
        let mut around = Around::default();
        for moved in moved {
            let mut sources = sources.remove(&moved.number).unwrap_or_default();
            sources.retain(|s| !moved.stayed || self.is_own(session, s));
            if sources.is_empty() {
                // Only by hand, or from another account's statement.
                let free = moved
                    .moves
                    .into_iter()
                    .filter(|c| !moved.void && c.date <= near);
                around.candidates.extend(free);
            } else if sources.iter().any(|s| s.same_form) {
                around
                    .same_form
                    .extend(sources.into_iter().filter_map(loose));
            } else {
                let mut said: Vec<Candidate> = Vec::new();
                for source in &sources {
                    for candidate in self.as_it_said(session, &moved, source)? {
                        if !said.contains(&candidate) {
                            said.push(candidate);
                        }
                    }
                }
                around.candidates.extend(said);
            }
        }
        Ok(around)
    }

    /// Transactions that moved the account, void ones too, without those of `held`. Those of a later day are there
    /// for what their rows said.
    fn moved(
        &self,
        session: &mut Session,
        (first, last): (Date, Date),
        held: &[HeldRow],
    ) -> Result<Vec<Moved>> {
        let taken: HashSet<u64> = held.iter().map(|h| h.number).collect();
        let scan = Scan {
            from: Some(Day(Day::of(first).0 - REFERENCE_DAYS).date()),
            until: Some(Day(Day::of(last).0 + REFERENCE_DAYS + 1).date()),
            accounts: Some(vec![self.key]),
            voided: Voided::Show,
            ..Scan::default()
        };
        let mut found = Vec::new();
        session.book.scan(&scan, &mut |transaction| {
            let moves = self.moves(&transaction);
            let number = transaction.number.0;
            let is_gone = transaction.is_void() && self.was_taken_back(number);
            if !is_gone && !moves.is_empty() && !taken.contains(&number) {
                let mut entries = transaction.entries.iter();
                found.push(Moved {
                    number,
                    version: transaction.version,
                    void: transaction.is_void(),
                    stayed: entries.any(|e| self.given_up.iter().any(|a| a.key == e.account)),
                    moves,
                });
            }
            ControlFlow::Continue(())
        })?;
        found.retain(|m| !session.claimed.contains(&(self.key, m.number)));
        Ok(found)
    }

    /// What a transaction moved of the account, one candidate a currency.
    fn moves(&self, transaction: &Transaction) -> Vec<Candidate> {
        let is_here =
            |account| account == self.key || self.given_up.iter().any(|given| given.key == account);
        let entries = || transaction.entries.iter().filter(|e| is_here(e.account));
        let mut sums: BTreeMap<CurrencyKey, i64> = BTreeMap::new();
        for entry in entries() {
            let sum = sums.entry(entry.currency).or_default();
            *sum = sum.saturating_add(entry.minor);
        }
        let found_until = entries()
            .filter_map(|e| e.reconciled()?.parse::<Date>().ok())
            .min();
        let moved = sums.into_iter().filter(|(_, minor)| *minor != 0);
        moved
            .map(|(currency, minor)| Candidate {
                number: transaction.number.0,
                date: transaction.date,
                currency,
                minor,
                reference: transaction.reference.clone(),
                from: None,
                same_day_only: false,
                found_until,
            })
            .collect()
    }

    /// The rows of earlier statements of this account that stand for these transactions, by number.
    fn sources(
        &self,
        session: &mut Session,
        statement: &Statement,
        numbers: &[u64],
    ) -> Result<BTreeMap<u64, Vec<Source>>> {
        let mut sources: BTreeMap<u64, Vec<Source>> = BTreeMap::new();
        let ours: HashMap<u64, &ImportRow> = session
            .imports
            .iter()
            .filter(|i| {
                !i.undone
                    && i.head
                        .account
                        .as_ref()
                        .is_none_or(|a| self.owns(session, a))
            })
            .map(|i| (i.batch, i))
            .collect();
        if ours.is_empty() || numbers.is_empty() {
            return Ok(sources);
        }
        let mut stand: HashSet<(u64, u64, u64)> = HashSet::new();
        let mut wanted = Vec::new();
        for row in session.book.sources_of(numbers)? {
            if ours.contains_key(&row.batch) {
                stand.insert((row.number, row.batch, row.line));
                wanted.push(row.identity);
            }
        }
        let form = Form::of(statement);
        for row in session.book.known_rows(&sorted(wanted.into_iter()))? {
            let Some(import) = ours.get(&row.batch) else {
                continue;
            };
            let raw = row.raw.as_deref();
            let of = raw.and_then(Identity::account_of_stored);
            let is_ours = match &import.head.account {
                Some(_) => true,
                None => {
                    of.is_some_and(|id| id == self.id || self.given_up.iter().any(|a| a.id == id))
                }
            };
            if is_ours && stand.contains(&(row.number, row.batch, row.line)) {
                let said = raw.and_then(Said::of_stored);
                sources.entry(row.number).or_default().push(Source {
                    sequence: import.sequence,
                    same_form: form.is_that_of(&import.head.format, raw, said.as_ref()),
                    said,
                    row,
                });
            }
        }
        Ok(sources)
    }

    /// Whether the account of this path is the bank account, or one given up that may have become it.
    fn owns(&self, session: &Session, path: &str) -> bool {
        *session.chart.account(self.key).path == *path
            || self.given_up.iter().any(|a| *a.path == *path)
    }

    /// Whether the row was brought into the account itself.
    fn is_own(&self, session: &Session, source: &Source) -> bool {
        let raw = source.row.raw.as_deref();
        if let Some(id) = raw.and_then(Identity::account_of_stored) {
            return id == self.id;
        }
        let batch = session.imports.iter().find(|i| i.batch == source.row.batch);
        let path = batch.and_then(|i| i.head.account.as_ref());
        path.is_some_and(|path| *path == session.chart.account(self.key).path)
    }

    /// What an earlier statement of another form said of a transaction: on its day, and only there, it is a row's.
    fn as_it_said(
        &self,
        session: &mut Session,
        moved: &Moved,
        source: &Source,
    ) -> Result<Vec<Candidate>> {
        let mut found = moved.moves.clone();
        if let Some(said) = &source.said {
            let currency = session.chart.find_currency(&said.currency);
            let minor = currency.and_then(|c| Some((c.key, to_minor(said.amount, c.scale).ok()?)));
            if let (Some((currency, minor)), Some(first)) = (minor, found.first().cloned()) {
                found = vec![Candidate {
                    date: said.date,
                    currency,
                    minor,
                    ..first
                }];
            }
        } else if moved.version > 1 {
            // It was posted as the row said, if its import posted it.
            let versions = session.book.history(Target::Number(Number(moved.number)))?;
            let first = versions.first();
            if let Some(first) = first.filter(|v| v.record.sequence == source.sequence) {
                found = self.moves(&first.transaction);
            }
        }
        for candidate in &mut found {
            candidate.same_day_only = true;
        }
        Ok(found)
    }

    /// Rows of days that are stored in another order.
    pub fn reordered(
        &self,
        session: &mut Session,
        rows: &[Row<'_>],
        identities: &[Identity],
        held: &[HeldRow],
        loose: Vec<LooseRow>,
    ) -> Result<Vec<HeldRow>> {
        let is_held: HashSet<Identity> = held.iter().map(|h| h.identity).collect();
        let mut found = Vec::new();
        let mut loose_by_day: BTreeMap<(Date, String), Vec<LooseRow>> = BTreeMap::new();
        for row in loose.into_iter().filter(|row| row.said.balance.is_some()) {
            let place = (row.said.date, row.said.currency.clone());
            loose_by_day.entry(place).or_default().push(row);
        }
        for ((date, currency), loose) in loose_by_day {
            let of_day: Vec<_> = rows
                .iter()
                .zip(identities)
                .filter(|((row, code), _)| row.date == date && ***code == *currency)
                .collect();
            let open: Vec<_> = of_day
                .iter()
                .filter(|(_, identity)| !is_held.contains(identity))
                .map(|((row, _), identity)| (*row, **identity))
                .collect();
            if open.is_empty() {
                continue;
            }
            let known = sorted(of_day.iter().map(|(_, identity)| identity.key));
            let mut stored: Vec<Said> = loose.iter().map(|l| l.said.clone()).collect();
            let known = session.book.known_rows(&known)?;
            stored.extend(
                known
                    .iter()
                    .filter_map(|k| Said::of_stored(k.raw.as_deref()?)),
            );
            let day = OneDay {
                rows: of_day.iter().map(|((row, _), _)| *row).collect(),
                open,
                loose,
                stored,
            };
            let ids = || std::iter::once(self.id).chain(self.given_up.iter().map(|a| a.id));
            found.extend(day.known(|row| {
                ids()
                    .map(|id| identity::of_statement_row(id, row, &currency))
                    .collect()
            }));
        }
        Ok(found)
    }
}

fn loose(source: Source) -> Option<LooseRow> {
    Some(LooseRow {
        identity: Identity::of_stored(source.row.identity, source.row.raw.as_deref())?,
        number: source.row.number,
        said: source.said.filter(|_| source.same_form)?,
    })
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// The numbers that imports posted which were taken back.
fn taken_back(session: &mut Session) -> Result<Vec<RangeInclusive<u64>>> {
    let mut posted = Vec::new();
    for import in session.imports.iter().filter(|i| i.undone) {
        let query = AuditQuery {
            since: Some(import.sequence - 1),
            before: Some(import.sequence + 1),
            ..AuditQuery::default()
        };
        let records = session.book.audit(&query)?;
        let changes = records.into_iter().flat_map(|e| e.changes);
        posted.extend(changes.filter_map(|change| match change {
            LoggedChange::Posted { first, last } => Some(first..=last),
            _ => None,
        }));
    }
    Ok(posted)
}
