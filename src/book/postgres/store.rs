//! The database: a pool of connections, the thread that drives them, the schema.
//!
//! Books are synchronous; each call waits for its answer on the calling thread. Connections work as the role
//! `hissab_app`, whoever signed in: row-level security holds for the owner of the tables and for superusers too.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime as PoolRuntime,
};
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Config};
use uuid::Uuid;

use super::fault::{busy, failed};
use super::flights;
use super::migrate::{SCHEMA_VERSION, migrate};
use super::replica::Replica;
use super::secure::{self, Secure};
use crate::book::{BookError, Result};

/// Connections that work on books at once.
const CONNECTIONS: usize = 24;
/// How long a connection is waited for.
pub(super) const WAIT: Duration = Duration::from_secs(10);
/// The same of a replica: the primary answers where it does not.
const REPLICA_WAIT: Duration = Duration::from_secs(1);
/// How soon a lost connection that listens is made again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// What each connection begins with. Every statement names its organisation, and an index begins with that: a plan
/// that was made while a table was small must not read it from end to end when it is large. Compiling a statement
/// takes longer than any of them.
const SESSION: &str = "SET ROLE hissab_app; SET search_path = hissab_server; SET synchronous_commit = on; \
    SET enable_seqscan = off; SET jit = off";

/// A database that holds books.
pub struct Store {
    pool: Pool,
    handle: Handle,
    /// Taken only when the store is dropped.
    runtime: Option<Runtime>,
    config: Config,
    secure: Secure,
    fences: Fences,
    replica: Option<Replica>,
}

/// Which layers of protection the engine gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fences {
    /// What the engine says it is.
    pub engine: String,
    /// The CHECK of a transaction's own row.
    pub row_check: bool,
    /// Triggers that let nothing unsealed be committed.
    pub seal: bool,
    /// Row-level security, forced.
    pub row_security: bool,
}

impl Store {
    /// Connects, migrates what is older, and looks which fences stand.
    ///
    /// Errors: the address is not one, nobody answers, the schema is newer, a fence is missing.
    pub fn connect(url: &str) -> Result<Arc<Store>> {
        Store::with_replica(url, None)
    }

    /// The same with a streaming replica that reads may go to; it need not be there yet.
    pub fn with_replica(url: &str, replica: Option<&str>) -> Result<Arc<Store>> {
        let mut store = Store::unproved(url, CONNECTIONS, WAIT)?;
        wait(
            &store.handle,
            migrate(store.config.clone(), store.secure.clone(), SCHEMA_VERSION),
        )?;
        store.fences = store.probe()?;
        if !store.fences.row_check || !store.fences.row_security {
            return Err(io(format!(
                "the database's fences are not whole: {}",
                store.fences.words()
            )));
        }
        if let Some(url) = replica {
            let other = Store::unproved(url, CONNECTIONS, REPLICA_WAIT)?;
            store.replica = Some(Replica::new(Arc::new(other)));
        }
        Ok(Arc::new(store))
    }

    pub(super) fn unproved(url: &str, connections: usize, patience: Duration) -> Result<Store> {
        let (config, secure) = configured(url, patience)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .thread_name("hissab-postgres")
            .build()
            .map_err(|e| io(e.to_string()))?;
        let handle = runtime.handle().clone();
        let pool = pool(config.clone(), secure.clone(), (connections, patience))?;
        Ok(Store {
            pool,
            handle,
            runtime: Some(runtime),
            config,
            secure,
            replica: None,
            fences: Fences {
                engine: String::new(),
                row_check: false,
                seal: false,
                row_security: false,
            },
        })
    }

    /// How it is connected to, and how safely.
    pub(super) fn config(&self) -> (Config, Secure) {
        (self.config.clone(), self.secure.clone())
    }

    /// What reads may go to.
    pub(super) fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    /// A book has come so far: from now on nothing older is read.
    pub fn saw(&self, key: Uuid, sequence: u64) {
        if let Some(replica) = &self.replica {
            replica.saw(key, sequence);
        }
    }

    /// Whether nobody on the way to the database can read along.
    pub fn is_encrypted(&self) -> bool {
        self.secure.is_encrypted()
    }

    /// Which fences stand, as found at the start.
    pub fn fences(&self) -> &Fences {
        &self.fences
    }

    /// Whether the database answers.
    pub fn ping(&self) -> Result<()> {
        self.wait(async {
            let client = self.client().await?;
            client.simple_query("SELECT 1").await.map_err(failed)?;
            Ok(())
        })
    }

    /// Waits for work on the database's thread; the calling thread may belong to another runtime.
    pub fn wait<F: Future>(&self, work: F) -> F::Output {
        flights::noted(|| wait(&self.handle, work))
    }

    /// Work that waits for the database on a thread of its own, beside the calling one.
    pub fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Handle) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let handle = self.handle.clone();
        self.handle.spawn_blocking(move || work(&handle))
    }

    /// A connection of the pool.
    pub async fn client(&self) -> Result<Object> {
        self.pool.get().await.map_err(|e| busy(&e))
    }

    /// Tells other servers that a book was written: a hint, sent beside the work; the log is the truth.
    ///
    /// Not part of the write: commits that notify wait for each other.
    pub fn hint(&self, org: Uuid, sequence: u64) {
        let pool = self.pool.clone();
        self.handle.spawn(async move {
            let Ok(client) = pool.get().await else { return };
            let told = format!("{org} {sequence}");
            // Whoever misses it looks by itself before long.
            let _ = client
                .execute("SELECT pg_notify('hissab', $1)", &[&told])
                .await;
        });
    }

    /// Calls `told` with each organisation whose book somebody wrote, and how far it is, for as long as the store is
    /// there.
    pub fn listen(&self, told: impl Fn(Uuid, u64) + Send + Sync + 'static) {
        let (config, secure) = (self.config.clone(), self.secure.clone());
        self.handle.spawn(async move {
            loop {
                // Between two connections hints are lost, never records.
                let _ = hear(&config, &secure, &told).await;
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        });
    }

    fn probe(&self) -> Result<Fences> {
        // 36: the triggers of V0001, V0005 and V0006, all of them on; a partition has those of its table.
        const PROBE: &str = "SELECT version(),
            EXISTS (SELECT 1 FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
                     WHERE n.nspname = 'hissab' AND t.relname = 'txn' AND c.conname = 'balanced' AND c.convalidated),
            (WITH fence AS (SELECT t.oid, t.relispartition FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
                              JOIN pg_namespace n ON n.oid = t.relnamespace
                             WHERE n.nspname = 'hissab' AND NOT g.tgisinternal AND g.tgenabled = 'O')
             SELECT (SELECT count(*) = 36 FROM fence WHERE NOT relispartition)
                AND NOT EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent AND p.relkind = 'p'
                                  JOIN pg_namespace n ON n.oid = p.relnamespace AND n.nspname = 'hissab'
                                 WHERE (SELECT count(*) FROM fence f WHERE f.oid = i.inhrelid)
                                    <> (SELECT count(*) FROM fence f WHERE f.oid = i.inhparent))),
            NOT EXISTS (SELECT 1 FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
                         WHERE n.nspname = 'hissab' AND t.relkind IN ('r', 'p') AND t.relname <> 'refinery_schema_history'
                           AND NOT (t.relrowsecurity AND t.relforcerowsecurity))";
        self.wait(async {
            let client = self.client().await?;
            let row = client.query_one(PROBE, &[]).await.map_err(failed)?;
            Ok(Fences {
                engine: row.get(0),
                row_check: row.get(1),
                seal: row.get(2),
                row_security: row.get(3),
            })
        })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.pool.close();
        if let Some(runtime) = self.runtime.take() {
            // Also inside another runtime, where nothing may block.
            runtime.shutdown_background();
        }
    }
}

impl Fences {
    /// One line for the log.
    pub fn words(&self) -> String {
        let on = |is: bool| if is { "on" } else { "OFF" };
        format!(
            "check of each row {}, seal at commit {}, row security {}",
            on(self.row_check),
            on(self.seal),
            on(self.row_security)
        )
    }
}

fn wait<F: Future>(handle: &Handle, work: F) -> F::Output {
    tokio::task::block_in_place(|| handle.block_on(work))
}

pub(super) fn io(what: impl Into<String>) -> BookError {
    BookError::Io { what: what.into() }
}

/// The settings of a `postgres://` address.
fn configured(url: &str, patience: Duration) -> Result<(Config, Secure)> {
    let (address, wish) = secure::wish(url);
    let mut config: Config = address.parse().map_err(|e: tokio_postgres::Error| {
        let why = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
        io(format!("the address of the database is not one: {why}"))
    })?;
    if config.get_application_name().is_none() {
        config.application_name("hissab");
    }
    config.connect_timeout(patience);
    let secure = Secure::of(&wish, &mut config)
        .map_err(|why| io(format!("the way to the database: {why}")))?;
    Ok((config, secure))
}

fn pool(config: Config, secure: Secure, (size, patience): (usize, Duration)) -> Result<Pool> {
    let manager = Manager::from_config(
        config,
        secure,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    Pool::builder(manager)
        .max_size(size)
        .runtime(PoolRuntime::Tokio1)
        .wait_timeout(Some(patience))
        .create_timeout(Some(patience))
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move {
                client
                    .batch_execute(SESSION)
                    .await
                    .map_err(HookError::Backend)
            })
        }))
        .build()
        .map_err(|e| io(e.to_string()))
}

/// Listens on a connection of its own until that ends.
async fn hear(
    config: &Config,
    secure: &Secure,
    told: &(impl Fn(Uuid, u64) + Send + Sync),
) -> std::result::Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(secure.clone()).await?;
    let (send, mut notes) = tokio::sync::mpsc::unbounded_channel();
    let driver = tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(note) = message {
                let _ = send.send(note);
            }
        }
    });
    client.batch_execute("LISTEN hissab").await?;
    while let Some(note) = notes.recv().await {
        let Some((org, sequence)) = note.payload().split_once(' ') else {
            continue;
        };
        if let (Ok(org), Ok(sequence)) = (org.parse(), sequence.parse()) {
            told(org, sequence);
        }
    }
    driver.abort();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_one_is_named() {
        let refused = configured("postgres://h:notaport/x", WAIT)
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("address of the database"), "{refused}");
    }
}
