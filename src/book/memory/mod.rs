//! A book in memory: what `-f` reads journals into. Read-only; it has no audit log, and a
//! transaction's number is its place in the input.

use std::ops::ControlFlow;
use std::path::Path;

use uuid::Uuid;

use crate::ledger::change::{Assertion, PriceChange, Target, Unit, WriteMode};
use crate::ledger::chart::Chart;
use crate::ledger::compact::CompactBook;
use crate::ledger::money;
use crate::ledger::settings::{BookInfo, Settings};
use crate::ledger::totals::{Totals, TotalsQuery};
use crate::ledger::transaction::Transaction;

use super::{
    AuditEntry, AuditQuery, Book, BookError, CheckDepth, CheckOutcome, Finding, ImportRow,
    KnownRow, Result, Scan, Severity, Verification, Version,
};

mod scan;
mod totals;
mod words;

/// A book of plain vectors.
pub struct MemoryBook {
    content: CompactBook,
    /// Places by date, then number; `None` where the journal already is in that order.
    order: Option<Vec<u32>>,
}

impl MemoryBook {
    /// The book of what was read.
    pub fn new(content: CompactBook) -> MemoryBook {
        let rows = content.store.rows();
        let order = (!rows.is_sorted_by_key(|r| r.day)).then(|| {
            let mut order: Vec<u32> = (0..rows.len() as u32).collect();
            order.sort_by_key(|place| rows[*place as usize].day);
            order
        });
        MemoryBook { content, order }
    }

    /// The place of the transaction at a rank in order of date and number.
    fn place(&self, rank: usize) -> usize {
        match &self.order {
            Some(order) => order[rank] as usize,
            None => rank,
        }
    }

    /// Why the balance of a transaction does not hold, if it does not.
    fn unbalanced(&self, place: usize) -> Option<Finding> {
        let store = &self.content.store;
        let mut sums: Vec<(u16, i128)> = Vec::new();
        for entry in store.entries(place) {
            let (weight, currency, _) = store.weight(entry);
            match sums.iter_mut().find(|(key, _)| *key == currency.0) {
                Some((_, sum)) => *sum += i128::from(weight),
                None => sums.push((currency.0, i128::from(weight))),
            }
        }
        let (key, off) = sums.into_iter().find(|(_, sum)| *sum != 0)?;
        let currency = self
            .content
            .chart
            .currency(crate::ledger::currency::CurrencyKey(key));
        let off = money::from_minor(off, currency.scale).unwrap_or_default();
        Some(Finding {
            code: "balanced",
            severity: Severity::Error,
            date: Some(store.row(place).day.date()),
            number: Some(place as u64 + 1),
            account: None,
            message: format!("off by {off} {}", currency.code),
            hint: None,
        })
    }
}

fn unsupported(what: &str) -> BookError {
    BookError::Unsupported {
        what: format!("{what}: journals read with -f are read-only and have no audit log"),
    }
}

fn skipped(code: &'static str, why: &str) -> CheckOutcome {
    CheckOutcome {
        code,
        findings: Vec::new(),
        skipped: Some(why.to_owned()),
        detail: None,
    }
}

impl Book for MemoryBook {
    fn info(&mut self) -> Result<BookInfo> {
        let store = &self.content.store;
        let base = self
            .content
            .chart
            .currencies()
            .first()
            .map_or_else(String::new, |c| c.code.to_string());
        let date = |rank: usize| store.row(self.place(rank)).day.date();
        Ok(BookInfo {
            id: Uuid::nil(),
            settings: Settings::new(self.content.name.clone(), base),
            sequence: 0,
            head: None,
            transactions: store.len() as u64,
            voided: 0,
            changed_at: None,
            schema_version: 0,
            span: (!store.is_empty()).then(|| (date(0), date(store.len() - 1))),
            read_only: Some("it was read from journals (-f)".to_owned()),
        })
    }

    fn chart(&mut self) -> Result<Chart> {
        Ok(self.content.chart.clone())
    }

    fn prices(&mut self) -> Result<Vec<PriceChange>> {
        Ok(self.content.prices.clone())
    }

    fn assertions(&mut self) -> Result<Vec<Assertion>> {
        Ok(self.content.assertions.clone())
    }

    fn totals(&mut self, query: &TotalsQuery) -> Result<Totals> {
        Ok(self.fold_totals(query))
    }

    fn scan(
        &mut self,
        scan: &Scan,
        row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
    ) -> Result<()> {
        self.walk(scan, row);
        Ok(())
    }

    fn find(&mut self, target: Target) -> Result<Option<Transaction>> {
        let (store, chart) = (&self.content.store, &self.content.chart);
        Ok(match target {
            Target::Number(number) => usize::try_from(number.0)
                .ok()
                .and_then(|n| n.checked_sub(1))
                .filter(|place| *place < store.len())
                .map(|place| store.transaction(place, chart)),
            Target::Id(id) => (0..store.len())
                .map(|place| store.transaction(place, chart))
                .find(|t| t.id == id),
        })
    }

    fn history(&mut self, _target: Target) -> Result<Vec<Version>> {
        Err(unsupported("no history"))
    }

    fn write(
        &mut self,
        _units: &[Unit<'_>],
        _mode: WriteMode,
    ) -> Result<Vec<Result<crate::ledger::change::Done>>> {
        Err(unsupported("nothing can be recorded"))
    }

    fn audit(&mut self, _query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        Err(unsupported("no audit log"))
    }

    fn imports(&mut self) -> Result<Vec<ImportRow>> {
        Ok(Vec::new())
    }

    fn known_rows(&mut self, _identities: &[i64]) -> Result<Vec<KnownRow>> {
        Ok(Vec::new())
    }

    fn sources_of(&mut self, _numbers: &[u64]) -> Result<Vec<KnownRow>> {
        Ok(Vec::new())
    }

    fn check(&mut self, _depth: CheckDepth) -> Result<Vec<CheckOutcome>> {
        let count = self.content.store.len();
        let findings: Vec<Finding> = (0..count).filter_map(|p| self.unbalanced(p)).collect();
        Ok(vec![
            skipped("integrity", "journals are text: reading them was the check"),
            CheckOutcome {
                code: "balanced",
                findings,
                skipped: None,
                detail: Some(format!("{count} transactions")),
            },
            skipped("totals", "totals of journals are not stored"),
            skipped("chain", "journals have no audit log"),
            skipped("number-gap", "numbers are places in the journal"),
        ])
    }

    fn verify(&mut self) -> Result<Verification> {
        Err(unsupported("no audit log"))
    }

    fn refresh(&mut self) -> Result<()> {
        Ok(())
    }

    fn snapshot(&mut self, _to: &Path) -> Result<()> {
        Err(unsupported(
            "nothing to back up but the journals themselves",
        ))
    }
}

#[cfg(test)]
mod tests;
