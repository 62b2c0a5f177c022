//! Totals from the month totals, and from entries only where a cut falls inside a month.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::Connection;

use super::rows::Keys;
use crate::book::Result;
use crate::ledger::account::AccountKey;
use crate::ledger::day::{Day, Month};
use crate::ledger::totals::{Totals, TotalsBuilder, TotalsQuery, place};
use crate::ledger::transaction::Voucher;

/// What the port's `totals` answers.
pub fn totals(conn: &Connection, query: &TotalsQuery) -> Result<Totals> {
    let mut builder = TotalsBuilder::new(&query.cuts);
    let mut fold = Fold {
        conn,
        keys: Keys::load(conn)?,
        cuts: &query.cuts,
        builder: &mut builder,
        split: BTreeSet::new(),
    };
    fold.months(query.accounts.as_deref())?;
    fold.split_months()?;
    fold.conversions()?;
    Ok(builder.finish())
}

struct Fold<'a> {
    conn: &'a Connection,
    keys: Keys,
    cuts: &'a [Date],
    builder: &'a mut TotalsBuilder,
    /// Months that a cut falls into: account and month.
    split: BTreeSet<(u32, i32, bool)>,
}

/// The first day of a month and of the next.
fn bounds(month: i32) -> (Date, Date) {
    (Month(month).first(), Month(month.saturating_add(1)).first())
}

impl Fold<'_> {
    /// True if every day of the month lies in one place.
    fn is_whole(&self, month: i32) -> bool {
        let (first, next) = bounds(month);
        let last = next.checked_sub(1.day()).unwrap_or(Date::MAX);
        place(self.cuts, first) == place(self.cuts, last)
    }

    fn months(&mut self, accounts: Option<&[AccountKey]>) -> Result<()> {
        let wanted: Option<BTreeSet<u32>> = accounts.map(|keys| keys.iter().map(|k| k.0).collect());
        let mut statement = self.conn.prepare_cached(
            "SELECT account, currency, month, closing, debit, credit, entries FROM total",
        )?;
        let mut one = self.conn.prepare_cached("SELECT account, currency, month, closing, debit, credit, entries FROM total WHERE account = ?1")?;
        match wanted {
            Some(keys) if keys.len() <= 16 => {
                for key in keys {
                    let mut rows = one.query([key])?;
                    while let Some(row) = rows.next()? {
                        self.month_row(row)?;
                    }
                }
            }
            wanted => {
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let account: u32 = row.get(0)?;
                    if wanted.as_ref().is_none_or(|keys| keys.contains(&account)) {
                        self.month_row(row)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn month_row(&mut self, row: &rusqlite::Row<'_>) -> Result<()> {
        let (account, month): (u32, i32) = (row.get(0)?, row.get(2)?);
        let closing: bool = row.get(3)?;
        if self.is_whole(month) {
            let moved = (
                i128::from(row.get::<_, i64>(4)?),
                i128::from(row.get::<_, i64>(5)?),
                row.get::<_, u64>(6)?,
            );
            let currency = self.keys.currency(row.get(1)?)?;
            self.builder.turnover(
                bounds(month).0,
                closing,
                self.keys.account(account)?,
                currency,
                moved,
            );
        } else {
            // A month with closing vouchers in it has to look at each entry's voucher.
            self.split.insert((account, month, closing));
        }
        Ok(())
    }

    fn split_months(&mut self) -> Result<()> {
        let plain = "SELECT day, currency, amount, 0 FROM entry WHERE account = ?1 AND day >= ?2 AND day < ?3";
        let closing = "SELECT e.day, e.currency, e.amount, t.voucher = ?4 FROM entry e JOIN txn t ON t.number = e.txn
                        WHERE e.account = ?1 AND e.day >= ?2 AND e.day < ?3";
        let split = std::mem::take(&mut self.split);
        for (account, month, is_closing) in &split {
            let has_closing = *is_closing || split.contains(&(*account, *month, true));
            if *is_closing && split.contains(&(*account, *month, false)) {
                continue; // read with the other bucket of the same month
            }
            let (first, next) = bounds(*month);
            let (first, next) = (Day::of(first).0, Day::of(next).0);
            let mut statement =
                self.conn
                    .prepare_cached(if has_closing { closing } else { plain })?;
            let mut rows = if has_closing {
                statement.query((account, first, next, Voucher::Closing.code()))?
            } else {
                statement.query((account, first, next))?
            };
            while let Some(row) = rows.next()? {
                let (date, minor) = (Day(row.get(0)?).date(), i128::from(row.get::<_, i64>(2)?));
                self.builder.amount(
                    date,
                    row.get(3)?,
                    self.keys.account(*account)?,
                    self.keys.currency(row.get(1)?)?,
                    minor,
                );
            }
        }
        Ok(())
    }

    fn conversions(&mut self) -> Result<()> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT currency, month, amount FROM conversion")?;
        let mut rows = statement.query([])?;
        let mut split = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let month: i32 = row.get(1)?;
            if self.is_whole(month) {
                let minor: i64 = row.get(2)?;
                self.builder.conversion(
                    bounds(month).0,
                    self.keys.currency(row.get(0)?)?,
                    minor.into(),
                );
            } else {
                split.insert(month);
            }
        }
        let mut statement = self.conn.prepare_cached(
            "SELECT t.day, e.currency, e.amount, d.weight_currency, d.weight
               FROM txn t INDEXED BY txn_day CROSS JOIN entry_detail d ON d.txn = t.number
               CROSS JOIN entry e INDEXED BY entry_txn ON e.txn = d.txn AND e.line = d.line
              WHERE t.day >= ?1 AND t.day < ?2 AND d.weight IS NOT NULL",
        )?;
        for month in split {
            let (first, next) = bounds(month);
            let mut rows = statement.query((Day::of(first).0, Day::of(next).0))?;
            while let Some(row) = rows.next()? {
                let date = Day(row.get(0)?).date();
                let (amount, weight): (i64, i64) = (row.get(2)?, row.get(4)?);
                self.builder.conversion(
                    date,
                    self.keys.currency(row.get(1)?)?,
                    -i128::from(amount),
                );
                self.builder
                    .conversion(date, self.keys.currency(row.get(3)?)?, weight.into());
            }
        }
        Ok(())
    }
}
