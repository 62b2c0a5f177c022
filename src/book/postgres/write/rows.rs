//! What the rules of writing ask of the database: the statements behind [`Rows`].

use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use super::super::rows::{at, big, count_at, day_or_none_at, key_at};
use super::super::{records, rows, totals};
use super::state::Writer;
use super::{chart, import, transactions};
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
        Arc::make_mut(&mut self.chart).put_account(account);
    }

    fn know_currency(&mut self, currency: Currency) {
        Arc::make_mut(&mut self.chart).put_currency(currency);
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
        self.unit.trail.close_run();
        (&mut self.unit.trail, &self.chart)
    }

    fn settle(&mut self) -> Result<()> {
        self.send_postings()
    }

    fn settle_totals(&mut self) -> Result<()> {
        self.send_totals()
    }

    fn may_be_there(&mut self, id: TransactionId) -> Result<bool> {
        let there = self.ids.contains(&id.0);
        if there {
            self.send_postings()?;
        }
        Ok(there)
    }

    fn find(&self, target: Target) -> Result<Option<Transaction>> {
        rows::find(self.link, target)
    }

    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        records::audit(self.link, query)
    }

    fn post(&mut self, transaction: Transaction) -> Result<()> {
        transactions::post(self, &transaction)
    }

    fn restate(&mut self, before: &Transaction, after: &Transaction) -> Result<()> {
        transactions::restate(self, before, after)
    }

    fn insert_account(&mut self, account: &Account) -> Result<()> {
        chart::write_account(
            self,
            account,
            "INSERT INTO hissab.account (org_id, key, id, path, kind, type, opened_on, closed_on, more, version, seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
    }

    fn update_account(&mut self, account: &Account) -> Result<()> {
        chart::write_account(
            self,
            account,
            "UPDATE hissab.account SET id = $3, path = $4, kind = $5, type = $6, opened_on = $7, closed_on = $8, more = $9, version = $10, seq = $11
              WHERE org_id = $1 AND key = $2",
        )
    }

    fn first_day(&self, account: AccountKey) -> Result<Option<Date>> {
        let row = self.link.one(
            "SELECT min(day) FROM hissab.entry WHERE org_id = $1 AND account = $2",
            &[&self.link.org, &chart::key(account)],
        )?;
        day_or_none_at(&row, 0)
    }

    fn currencies_used(&self, account: AccountKey) -> Result<Vec<String>> {
        self.link
            .all(
                "SELECT DISTINCT c.code FROM hissab.total t JOIN hissab.currency c ON c.org_id = t.org_id AND c.key = t.currency
                  WHERE t.org_id = $1 AND t.account = $2",
                &[&self.link.org, &chart::key(account)],
            )?
            .iter()
            .map(|row| at(row, 0))
            .collect()
    }

    fn has_entries(&self, account: AccountKey) -> Result<bool> {
        let row = self.link.one(
            "SELECT EXISTS (SELECT 1 FROM hissab.entry WHERE org_id = $1 AND account = $2)",
            &[&self.link.org, &chart::key(account)],
        )?;
        at(&row, 0)
    }

    fn insert_currency(&mut self, currency: &Currency) -> Result<()> {
        chart::write_currency(
            self,
            currency,
            "INSERT INTO hissab.currency (org_id, key, code, scale, symbol, name, seq) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
    }

    fn update_currency(&mut self, currency: &Currency) -> Result<()> {
        chart::write_currency(
            self,
            currency,
            "UPDATE hissab.currency SET code = $3, scale = $4, symbol = $5, name = $6, seq = $7 WHERE org_id = $1 AND key = $2",
        )
    }

    fn largest(&self, currency: &Currency) -> Result<i64> {
        chart::largest(self.link, currency.key)
    }

    fn multiply(&mut self, currency: &Currency, factor: i64) -> Result<()> {
        chart::multiply(self.link, currency.key, factor)
    }

    fn price_like(&self, price: &PriceChange) -> Result<Option<PriceChange>> {
        let day = Day::of(price.on).0;
        self.link
            .opt(
                "SELECT day, commodity, currency, rate FROM hissab.price WHERE org_id = $1 AND commodity = $2 AND currency = $3 AND day = $4",
                &[&self.link.org, &&*price.commodity, &&*price.currency, &day],
            )?
            .map(|row| records::price(&row))
            .transpose()
    }

    fn put_price(&mut self, price: &PriceChange, known: bool) -> Result<()> {
        let sql = match known {
            false => {
                "INSERT INTO hissab.price (org_id, commodity, currency, day, rate, seq) VALUES ($1, $2, $3, $4, $5, $6)"
            }
            true => {
                "UPDATE hissab.price SET rate = $5, seq = $6 WHERE org_id = $1 AND commodity = $2 AND currency = $3 AND day = $4"
            }
        };
        self.link.run(
            sql,
            &[
                &self.link.org,
                &&*price.commodity,
                &&*price.currency,
                &Day::of(price.on).0,
                &price.rate.map(|rate| rate.to_string()),
                &self.seq(),
            ],
        )?;
        Ok(())
    }

    fn setting(&self, name: &str) -> Result<Option<Option<String>>> {
        self.link
            .opt(
                "SELECT value FROM hissab.setting WHERE org_id = $1 AND name = $2",
                &[&self.link.org, &name],
            )?
            .map(|row| at(&row, 0))
            .transpose()
    }

    fn put_setting(&mut self, name: &str, value: Option<&str>, known: bool) -> Result<()> {
        let sql = match known {
            false => {
                "INSERT INTO hissab.setting (org_id, name, value, seq) VALUES ($1, $2, $3, $4)"
            }
            true => {
                "UPDATE hissab.setting SET value = $3, seq = $4 WHERE org_id = $1 AND name = $2"
            }
        };
        self.link
            .run(sql, &[&self.link.org, &name, &value, &self.seq()])?;
        self.settings = rows::settings(self.link)?;
        Ok(())
    }

    fn totals_until(&self, until: Option<Date>) -> Result<Totals> {
        totals::totals(self.link, &TotalsQuery::until(until))
    }

    fn withdrawn(&self, assertion: Uuid) -> Result<Option<(bool, AccountKey)>> {
        self.link
            .opt(
                "SELECT withdrawn, account FROM hissab.assertion WHERE org_id = $1 AND id = $2",
                &[&self.link.org, &assertion],
            )?
            .map(|row| Ok((at(&row, 0)?, AccountKey(key_at(&row, 1)?))))
            .transpose()
    }

    fn insert_assertion(&mut self, assertion: &Assertion, account: AccountKey) -> Result<()> {
        chart::insert_assertion(self, assertion, account)
    }

    fn withdraw_assertion(&mut self, assertion: Uuid, withdrawn: bool) -> Result<()> {
        self.link.run(
            "UPDATE hissab.assertion SET withdrawn = $3, seq = $4 WHERE org_id = $1 AND id = $2",
            &[&self.link.org, &assertion, &withdrawn, &self.seq()],
        )?;
        Ok(())
    }

    fn insert_accepted(&mut self, code: &str, reference: &str, reason: &str) -> Result<()> {
        self.link.run(
            "INSERT INTO hissab.accepted (org_id, key, code, reference, reason, seq)
             VALUES ($1, (SELECT coalesce(max(key), 0) + 1 FROM hissab.accepted WHERE org_id = $1), $2, $3, $4, $5)",
            &[&self.link.org, &code, &reference, &reason, &self.seq()],
        )?;
        Ok(())
    }

    fn has_open_batch(&self) -> bool {
        self.unit.batch.is_some()
    }

    fn open_batch(&mut self, head: ImportBatch, account: Option<(AccountKey, Uuid)>) -> Result<()> {
        import::open(self, head, account)
    }

    fn hold_row(&mut self, number: u64, row: SourceRow) -> Result<()> {
        if let Some(batch) = &mut self.unit.batch {
            batch.hold(number, row);
        }
        Ok(())
    }

    fn batch(&self, id: Uuid) -> Result<Option<StoredBatch>> {
        self.link
            .opt(
                "SELECT key, first_seq, undone FROM hissab.batch WHERE org_id = $1 AND id = $2",
                &[&self.link.org, &id],
            )?
            .map(|row| {
                Ok(StoredBatch {
                    key: at(&row, 0)?,
                    first_sequence: count_at(&row, 1)?,
                    undone: at(&row, 2)?,
                })
            })
            .transpose()
    }

    fn imported_since(&self, sequence: u64) -> Result<bool> {
        let row = self.link.one(
            "SELECT EXISTS (SELECT 1 FROM hissab.batch WHERE org_id = $1 AND seq > $2)",
            &[&self.link.org, &big(sequence)],
        )?;
        at(&row, 0)
    }

    fn set_undone(&mut self, batch: i64, undone: bool) -> Result<()> {
        self.link.run(
            "UPDATE hissab.batch SET undone = $3, seq = $4 WHERE org_id = $1 AND key = $2",
            &[&self.link.org, &batch, &undone, &self.seq()],
        )?;
        Ok(())
    }

    fn brought_again(&self, batch: i64, since: u64) -> Result<Option<i64>> {
        self.link
            .opt(
                "SELECT b.key FROM hissab.source_row s
                   JOIN hissab.source_row o ON o.org_id = s.org_id AND o.identity = s.identity
                   JOIN hissab.batch b ON b.org_id = o.org_id AND b.key = o.batch
                  WHERE s.org_id = $1 AND s.batch = $2 AND NOT b.undone AND b.first_seq > $3 ORDER BY b.key LIMIT 1",
                &[&self.link.org, &batch, &big(since)],
            )?
            .map(|row| at(&row, 0))
            .transpose()
    }
}
