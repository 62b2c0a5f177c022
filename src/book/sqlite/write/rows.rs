//! What the rules of writing ask of this file: the statements behind [`Rows`].

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::super::{records, rows, totals};
use super::state::Writer;
use super::{chart, import, moved, transactions};
use crate::book::stored::trail::Trail;
use crate::book::stored::write::{Rows, StoredBatch};
use crate::book::{AuditEntry, AuditQuery, Result};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::change::{Assertion, ImportBatch, PriceChange, SourceRow, Target};
use crate::ledger::chart::Chart;
use crate::ledger::currency::Currency;
use crate::ledger::day::Day;
use crate::ledger::settings::Settings;
use crate::ledger::totals::{Totals, TotalsQuery};
use crate::ledger::transaction::{Transaction, TransactionId};

impl Rows for Writer<'_> {
    fn chart(&self) -> &Chart {
        &self.chart
    }

    fn know_account(&mut self, account: Account) {
        self.chart.put_account(account);
    }

    fn know_currency(&mut self, currency: Currency) {
        self.chart.put_currency(currency);
        self.scales = self.chart.currencies().iter().map(|c| c.scale).collect();
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn next_number(&self) -> u64 {
        self.next_number
    }

    fn last_sequence(&self) -> u64 {
        self.next_sequence - 1
    }

    fn trail(&mut self) -> &mut Trail {
        &mut self.unit.trail
    }

    fn closed_trail(&mut self) -> (&mut Trail, &Chart) {
        self.unit.close_run(&self.chart);
        (&mut self.unit.trail, &self.chart)
    }

    fn settle(&mut self) -> Result<()> {
        match &mut self.bulk {
            Some(bulk) => bulk.write(self.conn),
            None => Ok(()),
        }
    }

    fn settle_totals(&mut self) -> Result<()> {
        moved::flush(&mut self.moved, self.conn)
    }

    fn may_be_there(&mut self, _: TransactionId) -> Result<bool> {
        Ok(self.bulk.as_ref().is_none_or(|bulk| bulk.may_repeat()))
    }

    fn find(&self, target: Target) -> Result<Option<Transaction>> {
        rows::find(self.conn, target)
    }

    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        records::audit(self.conn, query)
    }

    fn post(&mut self, transaction: Transaction) -> Result<()> {
        transactions::post(self, transaction)
    }

    fn restate(&mut self, before: &Transaction, after: &Transaction) -> Result<()> {
        transactions::restate(self, before, after)
    }

    fn insert_account(&mut self, account: &Account) -> Result<()> {
        chart::write_account(
            self,
            account,
            "INSERT INTO account (key, id, path, kind, type, opened_on, closed_on, more, version, seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
    }

    fn update_account(&mut self, account: &Account) -> Result<()> {
        chart::write_account(
            self,
            account,
            "UPDATE account SET id = ?2, path = ?3, kind = ?4, type = ?5, opened_on = ?6, closed_on = ?7, more = ?8, version = ?9, seq = ?10
              WHERE key = ?1",
        )
    }

    fn first_day(&self, account: AccountKey) -> Result<Option<Date>> {
        let first: Option<i32> = self
            .conn
            .prepare_cached("SELECT min(day) FROM entry WHERE account = ?1")?
            .query_row([account.0], |row| row.get(0))?;
        Ok(first.map(|day| Day(day).date()))
    }

    fn currencies_used(&self, account: AccountKey) -> Result<Vec<String>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT DISTINCT c.code FROM total t JOIN currency c ON c.key = t.currency WHERE t.account = ?1",
        )?;
        let codes = statement.query_map([account.0], |row| row.get(0))?;
        Ok(codes.collect::<rusqlite::Result<_>>()?)
    }

    fn has_entries(&self, account: AccountKey) -> Result<bool> {
        Ok(self.conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM entry WHERE account = ?1)",
            [account.0],
            |row| row.get(0),
        )?)
    }

    fn insert_currency(&mut self, currency: &Currency) -> Result<()> {
        chart::write_currency(
            self,
            currency,
            "INSERT INTO currency (key, code, scale, symbol, name, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
    }

    fn update_currency(&mut self, currency: &Currency) -> Result<()> {
        chart::write_currency(
            self,
            currency,
            "UPDATE currency SET code = ?2, scale = ?3, symbol = ?4, name = ?5, seq = ?6 WHERE key = ?1",
        )
    }

    fn largest(&self, currency: &Currency) -> Result<i64> {
        chart::largest(self.conn, currency.key)
    }

    fn multiply(&mut self, currency: &Currency, factor: i64) -> Result<()> {
        chart::multiply(self.conn, currency.key, factor)
    }

    fn price_like(&self, price: &PriceChange) -> Result<Option<PriceChange>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT day, commodity, currency, rate FROM price WHERE commodity = ?1 AND currency = ?2 AND day = ?3",
        )?;
        let day = Day::of(price.on).0;
        let mut rows = statement.query((&*price.commodity, &*price.currency, day))?;
        rows.next()?.map(records::price).transpose()
    }

    fn put_price(&mut self, price: &PriceChange, known: bool) -> Result<()> {
        let sql = match known {
            false => {
                "INSERT INTO price (commodity, currency, day, rate, seq) VALUES (?1, ?2, ?3, ?4, ?5)"
            }
            true => {
                "UPDATE price SET rate = ?4, seq = ?5 WHERE commodity = ?1 AND currency = ?2 AND day = ?3"
            }
        };
        self.conn.prepare_cached(sql)?.execute((
            &*price.commodity,
            &*price.currency,
            Day::of(price.on).0,
            price.rate.map(|rate| rate.to_string()),
            self.next_sequence,
        ))?;
        Ok(())
    }

    fn setting(&self, name: &str) -> Result<Option<Option<String>>> {
        Ok(self
            .conn
            .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?)
    }

    fn put_setting(&mut self, name: &str, value: Option<&str>, known: bool) -> Result<()> {
        let sql = match known {
            false => "INSERT INTO setting (name, value, seq) VALUES (?1, ?2, ?3)",
            true => "UPDATE setting SET value = ?2, seq = ?3 WHERE name = ?1",
        };
        self.conn
            .prepare_cached(sql)?
            .execute((name, value, self.next_sequence))?;
        self.settings = rows::settings(self.conn)?;
        Ok(())
    }

    fn totals_until(&self, until: Option<Date>) -> Result<Totals> {
        totals::totals(self.conn, &TotalsQuery::until(until))
    }

    fn withdrawn(&self, assertion: Uuid) -> Result<Option<(bool, AccountKey)>> {
        Ok(self
            .conn
            .prepare_cached("SELECT withdrawn, account FROM assertion WHERE id = ?1")?
            .query_row([assertion.as_bytes().as_slice()], |row| {
                Ok((row.get(0)?, AccountKey(row.get(1)?)))
            })
            .optional()?)
    }

    fn insert_assertion(&mut self, assertion: &Assertion, account: AccountKey) -> Result<()> {
        chart::insert_assertion(self, assertion, account)
    }

    fn withdraw_assertion(&mut self, assertion: Uuid, withdrawn: bool) -> Result<()> {
        self.conn
            .prepare_cached("UPDATE assertion SET withdrawn = ?2, seq = ?3 WHERE id = ?1")?
            .execute((
                assertion.as_bytes().as_slice(),
                withdrawn,
                self.next_sequence,
            ))?;
        Ok(())
    }

    fn insert_accepted(&mut self, code: &str, reference: &str, reason: &str) -> Result<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO accepted (key, code, reference, reason, seq)
                 VALUES ((SELECT ifnull(max(key), 0) + 1 FROM accepted), ?1, ?2, ?3, ?4)",
            )?
            .execute((code, reference, reason, self.next_sequence))?;
        Ok(())
    }

    fn has_open_batch(&self) -> bool {
        self.unit.batch.is_some()
    }

    fn open_batch(&mut self, head: ImportBatch, account: Option<(AccountKey, Uuid)>) -> Result<()> {
        import::open(self, head, account)
    }

    fn hold_row(&mut self, number: u64, row: SourceRow) -> Result<()> {
        match &mut self.unit.batch {
            Some(batch) => batch.hold(self.conn, number, row),
            None => Ok(()),
        }
    }

    fn batch(&self, id: Uuid) -> Result<Option<StoredBatch>> {
        stored_batch(self.conn, id)
    }

    fn imported_since(&self, sequence: u64) -> Result<bool> {
        Ok(self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM batch WHERE seq > ?1)")?
            .query_row([sequence], |row| row.get(0))?)
    }

    fn set_undone(&mut self, batch: i64, undone: bool) -> Result<()> {
        self.conn.execute(
            "UPDATE batch SET undone = ?2, seq = ?3 WHERE key = ?1",
            (batch, undone, self.next_sequence),
        )?;
        Ok(())
    }

    fn brought_again(&self, batch: i64, since: u64) -> Result<Option<i64>> {
        Ok(self
            .conn
            .query_row(
                "SELECT b.key FROM source_row s JOIN source_row o ON o.identity = s.identity
                   JOIN batch b ON b.key = o.batch
                  WHERE s.batch = ?1 AND b.undone = 0 AND b.first_seq > ?2 LIMIT 1",
                (batch, since),
                |row| row.get(0),
            )
            .optional()?)
    }
}

fn stored_batch(conn: &Connection, id: Uuid) -> Result<Option<StoredBatch>> {
    let batch = conn
        .query_row(
            "SELECT key, first_seq, undone FROM batch WHERE id = ?1",
            [id.as_bytes().as_slice()],
            |row| {
                Ok(StoredBatch {
                    key: row.get(0)?,
                    first_sequence: row.get(1)?,
                    undone: row.get(2)?,
                })
            },
        )
        .optional()?;
    Ok(batch)
}
