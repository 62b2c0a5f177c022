//! One connection inside one transaction of one organisation: what every statement goes through.

use std::cell::Cell;
use std::sync::Arc;

use deadpool_postgres::Object;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::fault::failed;
use super::store::Store;
use crate::book::Result;

pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A statement whose parameters are put together where it is sent.
pub type Sent<'a> = (&'static str, Vec<&'a (dyn ToSql + Sync)>);

/// What is sent while nobody waits for it.
pub trait Parcel: Send + 'static {
    fn statements<'a>(&'a self, org: &'a Uuid) -> Vec<Sent<'a>>;
}

/// A connection in a transaction. Dropped without [`Link::end`], the transaction is given up.
pub struct Link {
    store: Arc<Store>,
    client: Option<Arc<Object>>,
    /// A flight that nobody has waited for yet.
    flying: Cell<Option<JoinHandle<Result<()>>>>,
    pub org: Uuid,
    open: bool,
}

impl Link {
    /// One snapshot of an organisation's rows: from the replica, if there is one and it has come far enough.
    pub fn reading(store: &Arc<Store>, org: Uuid) -> Result<Link> {
        let Some(replica) = store.replica() else {
            return Link::reading_here(store, org);
        };
        if let Some(link) = replica.link(org) {
            return Ok(link);
        }
        let link = Link::reading_here(store, org)?;
        let sql = "SELECT sequence FROM hissab.org_counters WHERE org_id = $1";
        if let Some(row) = link.opt(sql, &[&org])? {
            replica.stands(org, super::rows::count_at(&row, 0)?);
        }
        Ok(link)
    }

    /// One snapshot of this very database.
    pub fn reading_here(store: &Arc<Store>, org: Uuid) -> Result<Link> {
        Link::begin(store, org, "REPEATABLE READ READ ONLY")
    }

    /// A transaction that sees what others commit while it waits for its lock.
    pub fn writing(store: &Arc<Store>, org: Uuid) -> Result<Link> {
        Link::begin(store, org, "READ COMMITTED")
    }

    fn begin(store: &Arc<Store>, org: Uuid, isolation: &str) -> Result<Link> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL {isolation}; SELECT set_config('hissab.org', '{org}', true)"
        );
        let client: Result<Object> = store.wait(async {
            let client = store.client().await?;
            client.batch_execute(&begin).await.map_err(failed)?;
            Ok(client)
        });
        let client = client?;
        Ok(Link {
            store: Arc::clone(store),
            client: Some(Arc::new(client)),
            flying: Cell::new(None),
            org,
            open: true,
        })
    }

    fn client(&self) -> &Arc<Object> {
        self.client
            .as_ref()
            .expect("a link holds its connection until it is dropped")
    }

    /// Every row of a statement.
    pub fn all(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        self.landed()?;
        self.store.wait(async {
            let statement = self.prepared(sql).await?;
            self.client()
                .query(&statement, params)
                .await
                .map_err(failed)
        })
    }

    /// The first row of a statement, if there is one.
    pub fn opt(&self, sql: &str, params: Params<'_>) -> Result<Option<Row>> {
        Ok(self.all(sql, params)?.into_iter().next())
    }

    /// The one row of a statement that always has one.
    pub fn one(&self, sql: &str, params: Params<'_>) -> Result<Row> {
        self.opt(sql, params)?
            .ok_or_else(|| super::fault::damaged("the database gave no row"))
    }

    /// Sends questions one behind the other and waits once: the rows of each.
    pub fn all_of<const N: usize>(
        &self,
        statements: [(&str, Params<'_>); N],
    ) -> Result<[Vec<Row>; N]> {
        self.landed()?;
        let answers: Result<Vec<Vec<Row>>> = self.store.wait(async {
            let mut prepared = Vec::with_capacity(N);
            for (sql, _) in &statements {
                prepared.push(self.prepared(sql).await?);
            }
            let sent = prepared
                .iter()
                .zip(&statements)
                .map(|(statement, (_, params))| self.client().query(statement, params));
            let answers = futures_util::future::join_all(sent).await;
            answers
                .into_iter()
                .map(|rows| rows.map_err(failed))
                .collect()
        });
        <[Vec<Row>; N]>::try_from(answers?)
            .map_err(|_| super::fault::damaged("an answer is missing"))
    }

    /// Runs a statement; how many rows it touched.
    pub fn run(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        self.landed()?;
        self.store.wait(async {
            let statement = self.prepared(sql).await?;
            self.client()
                .execute(&statement, params)
                .await
                .map_err(failed)
        })
    }

    /// Runs statements without parameters.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.landed()?;
        self.store
            .wait(async { self.client().batch_execute(sql).await.map_err(failed) })
    }

    /// Sends statements one behind the other and waits once; a last text without parameters may end them.
    ///
    /// Errors: that of the first statement that failed.
    pub fn flight(&self, statements: &[(&str, Params<'_>)], last: Option<&str>) -> Result<()> {
        self.landed()?;
        self.store.wait(fly(self.client(), statements, last))
    }

    /// Sends statements one behind the other, for which the next use of the link waits: what is sent next can be made
    /// meanwhile. One flight is under way at a time, so that memory is bounded.
    ///
    /// Errors: that of the flight before.
    pub fn launch(&self, parcel: impl Parcel) -> Result<()> {
        self.landed()?;
        let (client, org) = (Arc::clone(self.client()), self.org);
        // Not on the thread that drives the connections: taking a parcel apart takes a while.
        let flying = self.store.beside(move |handle| {
            handle.block_on(async {
                let sent = parcel.statements(&org);
                let statements: Vec<(&str, Params<'_>)> =
                    sent.iter().map(|(sql, params)| (*sql, &**params)).collect();
                fly(&client, &statements, None).await
            })
        });
        self.flying.set(Some(flying));
        Ok(())
    }

    /// Waits for what was launched.
    pub fn landed(&self) -> Result<()> {
        match self.flying.take() {
            None => Ok(()),
            Some(flying) => self
                .store
                .wait(flying)
                .unwrap_or_else(|stopped| Err(super::store::io(stopped.to_string()))),
        }
    }

    async fn prepared(&self, sql: &str) -> Result<Statement> {
        self.client().prepare_cached(sql).await.map_err(failed)
    }

    /// From here on the transaction sees another organisation's rows.
    pub fn enter(&self, org: Uuid) -> Result<()> {
        self.batch(&format!("SELECT set_config('hissab.org', '{org}', true)"))
    }

    /// The transaction was ended by a statement of a flight.
    pub fn ended(&mut self) {
        self.open = false;
    }

    /// Ends the transaction: what was read is let go.
    pub fn end(mut self) -> Result<()> {
        self.landed()?;
        self.open = false;
        self.batch("COMMIT")
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // What became of it is given up with the rest.
        let _ = self.landed();
        if !self.open {
            return;
        }
        let Some(client) = self.client.take() else {
            return;
        };
        let rolled = self.store.wait(client.batch_execute("ROLLBACK"));
        if rolled.is_err()
            && let Some(client) = Arc::into_inner(client)
        {
            // Nobody may be given a connection in an unknown state.
            drop(Object::take(client));
        }
    }
}

/// Statements one behind the other, and at last a text without parameters.
async fn fly(client: &Object, statements: &[(&str, Params<'_>)], last: Option<&str>) -> Result<()> {
    let mut prepared = Vec::with_capacity(statements.len());
    for (sql, _) in statements {
        prepared.push(client.prepare_cached(sql).await.map_err(failed)?);
    }
    let sent = prepared
        .iter()
        .zip(statements)
        .map(|(statement, (_, params))| client.execute(statement, params));
    let (done, ended) = futures_util::join!(futures_util::future::join_all(sent), async {
        match last {
            Some(sql) => client.batch_execute(sql).await,
            None => Ok(()),
        }
    });
    for outcome in done {
        outcome.map_err(failed)?;
    }
    ended.map_err(failed)
}
