//! Large tables in partitions by the hash of the organisation: for a host with very many of them.
//!
//! What vacuum, an index or a backup works through is then a part of a table, and a part can lie on a disk of its
//! own. Chosen before the first book, once: statements, fences and answers are the same.

use super::fault::failed;
use super::migrate;
use super::store::{self, Store};
use crate::book::{BookError, Result};

/// The most partitions of a table: each is a few files, and each statement of several organisations looks at all.
pub const PARTS_MAX: u32 = 1024;

const PARTITION: &str = include_str!("partition.sql");

impl Store {
    /// Puts the large tables of a database without books into `parts` partitions each.
    ///
    /// Errors: a conflict if it is done already, or if there are books.
    pub fn partition(url: &str, parts: u32) -> Result<()> {
        let store = Store::unproved(url, 1, store::WAIT)?;
        let config = store.config();
        let migrated =
            migrate::migrate(config.0.clone(), config.1.clone(), migrate::SCHEMA_VERSION);
        store.wait(migrated)?;
        store.wait(async {
            let (mut client, connection) = config.0.connect(config.1).await.map_err(failed)?;
            let driver = tokio::spawn(connection);
            let tx = client.transaction().await.map_err(failed)?;
            // Nobody else migrates meanwhile, or makes the first book.
            let alone = format!(
                "SELECT pg_advisory_xact_lock({}); LOCK TABLE hissab.book IN ACCESS EXCLUSIVE MODE",
                migrate::MIGRATION_LOCK
            );
            tx.batch_execute(&alone).await.map_err(failed)?;
            const DONE: &str =
                "SELECT relkind = 'p' FROM pg_class WHERE oid = 'hissab.txn'::regclass";
            if tx.query_one(DONE, &[]).await.map_err(failed)?.get(0) {
                return Err(no(
                    "partitioned-already",
                    "its tables are in partitions already",
                ));
            }
            let parts = format!("SET LOCAL hissab.parts = {}", parts.clamp(1, PARTS_MAX));
            tx.batch_execute(&parts).await.map_err(failed)?;
            tx.batch_execute(PARTITION)
                .await
                .map_err(|e| match e.code() {
                    Some(code) if code.code() == "55006" => no(
                        "books-exist",
                        "there are books in it: partitions are made before the first one",
                    ),
                    _ => failed(e),
                })?;
            tx.commit().await.map_err(failed)?;
            drop(client);
            // The connection ends with its client.
            let _ = driver.await;
            Ok(())
        })
    }
}

fn no(code: &'static str, message: &str) -> BookError {
    BookError::Conflict {
        code,
        message: message.to_owned(),
        hint: None,
        operation: None,
    }
}
