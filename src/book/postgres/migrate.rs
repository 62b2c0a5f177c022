//! The schema, brought up to date while other servers work on it.
//!
//! A step that changes a table waits for whoever reads it, and everybody who comes then waits behind the step: so it
//! gives up after a moment, lets them pass, and tries again. Steps only widen; what they make needless goes a release
//! later, when nobody uses it any more.

use std::time::{Duration, Instant};

use refinery::Target;
use tokio_postgres::Config;
use tokio_postgres::error::SqlState;

use super::fault::failed;
use super::secure::Secure;
use super::store::{Store, io};
use crate::book::{BookError, Result};

/// The embedded migrations of `migrations/postgres`.
mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// The newest schema this hissab knows: the number of files in `migrations/postgres`.
pub const SCHEMA_VERSION: u32 = 7;

/// One server at a time migrates: the key of its advisory lock, `hissab` in bytes.
pub const MIGRATION_LOCK: i64 = 0x6869_7373_6162;

/// How long a step may hold others up, how long it then lets them pass, and when it gives up.
const HOLDS_UP: &str = "SET lock_timeout = '500ms'";
const LETS_PASS: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(120);

impl Store {
    /// Brings a database to an older schema than this hissab's: for tests of what comes after.
    #[doc(hidden)]
    pub fn migrate_to(url: &str, version: u32) -> Result<()> {
        let store = Store::unproved(url, 1, Duration::from_secs(10))?;
        let (config, secure) = store.config();
        store.wait(migrate(config, secure, version))
    }
}

/// Brings the schema to `target`, one server at a time, as whoever signed in. A newer one stays.
pub async fn migrate(config: Config, secure: Secure, target: u32) -> Result<()> {
    let (mut client, connection) = config.connect(secure).await.map_err(failed)?;
    let driver = tokio::spawn(connection);
    client
        .execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK])
        .await
        .map_err(failed)?;
    client
        .batch_execute("CREATE SCHEMA IF NOT EXISTS hissab; SET search_path = hissab")
        .await
        .map_err(failed)?;
    let found = version(&client).await?;
    if found > SCHEMA_VERSION {
        return Err(BookError::Newer {
            found,
            known: SCHEMA_VERSION,
        });
    }
    if found < target {
        step_by_step(&mut client, target).await?;
    }
    drop(client);
    // The connection ends with its client.
    let _ = driver.await;
    Ok(())
}

/// The newest migration that was run here.
async fn version(client: &tokio_postgres::Client) -> Result<u32> {
    let there = "SELECT to_regclass('hissab.refinery_schema_history') IS NOT NULL";
    if !client
        .query_one(there, &[])
        .await
        .map_err(failed)?
        .get::<_, bool>(0)
    {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(version), 0)::integer FROM hissab.refinery_schema_history";
    let newest: i32 = client.query_one(newest, &[]).await.map_err(failed)?.get(0);
    Ok(u32::try_from(newest).unwrap_or(0))
}

/// Each step in a transaction of its own, again as long as others are in its way.
async fn step_by_step(client: &mut tokio_postgres::Client, target: u32) -> Result<()> {
    client.batch_execute(HOLDS_UP).await.map_err(failed)?;
    let target = Target::Version(i32::try_from(target).unwrap_or(i32::MAX));
    let since = Instant::now();
    loop {
        let runner = embedded::migrations::runner().set_target(target);
        let error = match runner.run_async(client).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if !is_in_the_way(&error) || since.elapsed() > PATIENCE {
            let why = causes(&error);
            return Err(io(format!(
                "its schema cannot be brought up to date: {why}"
            )));
        }
        tokio::time::sleep(LETS_PASS).await;
    }
}

/// Whether a lock was not to be had in time.
fn is_in_the_way(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<tokio_postgres::Error>() {
            return error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        }
        next = error.source();
    }
    false
}

/// An error with everything it came from.
fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        source = inner.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_known() {
        let runner = embedded::migrations::runner();
        assert_eq!(runner.get_migrations().len(), SCHEMA_VERSION as usize);
    }
}
