//! A database for tests: one of this process in the scratch Postgres that `tests/run` starts.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use hissab::book::postgres::Store;
use tokio_postgres::{Client, NoTls};

/// Names the scratch server: `postgres://postgres@127.0.0.1:PORT`, a superuser without a password.
const VARIABLE: &str = "HISSAB_TEST_POSTGRES";

/// Whoever owns the tables; no superuser.
const OWNER: &str = "hissab_test_owner";

fn base() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| {
        panic!(
            "{VARIABLE} is not set: run tests/run, which starts a scratch Postgres for these tests"
        )
    })
}

fn wait<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// A connection of somebody who types SQL by hand.
pub struct Shell {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Shell {
    pub fn at(url: &str) -> Shell {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Shell { runtime, client }
    }

    /// As the owner of the tables.
    pub fn owner() -> Shell {
        store();
        Shell::at(url())
    }

    /// As who may end the connections of others.
    pub fn superuser() -> Shell {
        store();
        let name = url().rsplit('/').next().unwrap_or_default();
        Shell::at(&format!("{}/{name}", base()))
    }

    /// As the server works.
    pub fn app() -> Shell {
        let shell = Shell::owner();
        shell.types("SET ROLE hissab_app").unwrap();
        shell
    }

    /// As who only reads.
    pub fn reader() -> Shell {
        let shell = Shell::owner();
        shell.types("SET ROLE hissab_read").unwrap();
        shell
    }

    pub fn types(&self, sql: &str) -> Result<(), String> {
        let done = self.runtime.block_on(self.client.batch_execute(sql));
        done.map_err(|e| {
            e.as_db_error()
                .map_or(e.to_string(), |d| d.message().to_owned())
        })
    }

    /// Types a script in one transaction of an organisation.
    pub fn commits(&self, org: uuid::Uuid, script: &str) -> Result<(), String> {
        let whole = format!("BEGIN; SET LOCAL hissab.org = '{org}'; {script}; COMMIT");
        let done = self.types(&whole);
        if done.is_err() {
            self.types("ROLLBACK").unwrap();
        }
        done
    }

    /// The one number that a question has for an answer.
    pub fn number(&self, sql: &str) -> i64 {
        let row = self.runtime.block_on(self.client.query_one(sql, &[]));
        row.unwrap().get(0)
    }
}

/// The address of this process's database, for its owner; made when it is first asked for.
pub fn url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| make("hissab"))
}

/// Makes a database of its own and gives its address, for its owner.
pub fn make(name: &str) -> String {
    make_at(&base(), name)
}

/// The same on another server, named by its superuser's address.
pub fn make_at(base: &str, name: &str) -> String {
    let name = format!(
        "{name}_{}_{}",
        std::process::id(),
        uuid::Uuid::now_v7().simple()
    );
    wait(async {
        let (client, connection) = tokio_postgres::connect(base, NoTls)
            .await
            .unwrap_or_else(|e| panic!("the scratch Postgres at {base} does not answer: {e}"));
        let driver = tokio::spawn(connection);
        let owner = format!(
            "DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{OWNER}') THEN
               CREATE ROLE {OWNER} LOGIN CREATEROLE; END IF; END $$"
        );
        client.batch_execute(&owner).await.unwrap();
        client
            .batch_execute(&format!("CREATE DATABASE {name} OWNER {OWNER}"))
            .await
            .unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
    });
    let at = base.rfind('@').map_or(base, |at| &base[at + 1..]);
    let host = at.split('/').next().unwrap_or(at);
    format!("postgres://{OWNER}@{host}/{name}")
}

/// The same with its large tables in partitions.
pub fn partitioned_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let url = make("parts");
        Store::partition(&url, 3).unwrap();
        url
    })
}

/// Its books.
pub fn partitioned() -> &'static Arc<Store> {
    static STORE: OnceLock<Arc<Store>> = OnceLock::new();
    STORE.get_or_init(|| Store::connect(partitioned_url()).unwrap())
}

/// The books of this process's database.
pub fn store() -> &'static Arc<Store> {
    static STORE: OnceLock<Arc<Store>> = OnceLock::new();
    STORE.get_or_init(|| Store::connect(url()).unwrap())
}
