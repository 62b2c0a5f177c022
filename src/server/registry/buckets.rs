//! How often somebody asked, counted over all servers that share a database.
//!
//! A bucket is one number, the instant at which it is full again, by the database's clock. A sign-in takes from it at
//! once; requests are counted where they arrive and settled once a second, so that no request writes a row.

use super::db::{OptionalExtension, Value};
use super::{Db, Registry};
use crate::server::problem::Answer;

/// Microseconds in which an empty bucket fills.
const WINDOW: i64 = 60_000_000;

/// The database's clock, in microseconds.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

impl Registry {
    /// Takes one from the bucket of a key that holds so many a minute; `Err` holds the seconds until there is one.
    ///
    /// Always `Ok` where there is one server: it counts by itself.
    pub fn take(&self, key: [u8; 32], a_minute: u32) -> Answer<Result<(), u64>> {
        if !self.is_shared() {
            return Ok(Ok(()));
        }
        let step = WINDOW / i64::from(a_minute.max(1));
        let take = format!(
            "INSERT INTO bucket AS b (key, full_at) VALUES (?1, {NOW} + ?2)
             ON CONFLICT (key) DO UPDATE SET full_at = greatest(b.full_at, {NOW}) + ?2
              WHERE greatest(b.full_at, {NOW}) + ?2 - {NOW} <= {WINDOW}
             RETURNING full_at"
        );
        let left = format!("SELECT full_at + ?2 - {WINDOW} - {NOW} FROM bucket WHERE key = ?1");
        self.read(|db| {
            let row = (key, step);
            let taken = db
                .query_row(&take, row, |row| row.get::<i64>(0))
                .optional()?;
            if taken.is_some() {
                return Ok(Ok(()));
            }
            let micros: i64 = db
                .query_row(&left, row, |row| row.get(0))
                .optional()?
                .unwrap_or(0);
            Ok(Err(u64::try_from(micros / 1_000_000).unwrap_or(0) + 1))
        })
    }

    /// Adds requests to the buckets of their keys; gives those that are over now, and for how many microseconds.
    pub fn settle(
        &self,
        counted: &[([u8; 32], u64)],
        a_minute: u32,
    ) -> Answer<Vec<([u8; 32], u64)>> {
        let step = WINDOW / i64::from(a_minute.max(1));
        let settle = format!(
            "INSERT INTO bucket AS b (key, full_at) VALUES (?1, {NOW} + ?2)
             ON CONFLICT (key) DO UPDATE SET full_at = least(greatest(b.full_at, {NOW}) + ?2, {NOW} + 2 * {WINDOW})
             RETURNING full_at - {NOW} - {WINDOW}"
        );
        self.read(|db| {
            let mut over = Vec::new();
            for (key, count) in counted {
                let added = i64::try_from(*count)
                    .unwrap_or(i64::MAX)
                    .saturating_mul(step);
                let row: Vec<Value> = vec![(*key).into(), added.min(2 * WINDOW).into()];
                let by: i64 = db.query_row(&settle, row, |row| row.get(0))?;
                if let Ok(by) = u64::try_from(by)
                    && by > 0
                {
                    over.push((*key, by));
                }
            }
            Ok(over)
        })
    }

    /// Forgets buckets that are full again.
    pub fn sweep_buckets(&self) -> Answer<()> {
        if !self.is_shared() {
            return Ok(());
        }
        let sweep = format!("DELETE FROM bucket WHERE full_at < {NOW}");
        self.read(|db: &Db| db.execute(&sweep, ()).map(drop))
    }
}
