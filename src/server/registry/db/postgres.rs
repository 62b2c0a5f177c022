//! The registry in Postgres: the same statements in its words, one write at a time over all servers.

use std::sync::Arc;

use deadpool_postgres::Object;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use super::{Error, Result, Value, unreadable};
use crate::book::BookError;
use crate::book::postgres::Store;

/// Writers of the registry wait for each other, whichever server they are in: `hissabr` in bytes.
const WRITE_LOCK: i64 = 0x0068_6973_7361_6272;

/// A connection that works on the registry.
pub struct Inside {
    store: Arc<Store>,
    client: Option<Object>,
    open: bool,
}

/// A connection; with a transaction and the writers' lock for a writer.
pub fn open(store: &Arc<Store>, writes: bool) -> Result<Inside> {
    let client = store.wait(store.client()).map_err(of_book)?;
    let mut inside = Inside {
        store: Arc::clone(store),
        client: Some(client),
        open: false,
    };
    if writes {
        inside.batch(&format!(
            "BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})"
        ))?;
        inside.open = true;
    }
    Ok(inside)
}

impl Inside {
    fn client(&self) -> &Object {
        self.client
            .as_ref()
            .expect("a connection is held until it is dropped")
    }

    pub fn commit(mut self) -> Result<()> {
        self.batch("COMMIT")?;
        self.open = false;
        Ok(())
    }

    pub fn batch(&self, sql: &str) -> Result<()> {
        self.store
            .wait(self.client().batch_execute(sql))
            .map_err(|e| failed(&e))
    }

    pub fn run(&self, sql: &str, values: &[Value]) -> Result<usize> {
        let sql = said(sql);
        let done = self.store.wait(async {
            let statement = self.client().prepare_cached(&sql).await?;
            self.client().execute(&statement, &params(values)).await
        });
        let touched = done.map_err(|e| failed(&e))?;
        Ok(usize::try_from(touched).unwrap_or(usize::MAX))
    }

    pub fn all(&self, sql: &str, values: &[Value]) -> Result<Vec<tokio_postgres::Row>> {
        let sql = said(sql);
        let done = self.store.wait(async {
            let statement = self.client().prepare_cached(&sql).await?;
            self.client().query(&statement, &params(values)).await
        });
        done.map_err(|e| failed(&e))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        if self.open && self.store.wait(client.batch_execute("ROLLBACK")).is_err() {
            // Nobody may be given a connection in an unknown state.
            drop(Object::take(client));
        }
    }
}

fn params(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|v| v as &(dyn ToSql + Sync)).collect()
}

/// A statement in Postgres' words.
fn said(sql: &str) -> String {
    let mut said = String::with_capacity(sql.len() + 8);
    let mut rest = sql;
    while let Some(at) = rest.find(|c: char| c == '?' || c.is_ascii_alphabetic()) {
        said.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('?') {
            said.push('$');
            rest = after;
            continue;
        }
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        match &rest[..end] {
            "user" => said.push_str("\"user\""),
            "ifnull" => said.push_str("coalesce"),
            word => said.push_str(word),
        }
        rest = &rest[end..];
    }
    said.push_str(rest);
    said
}

fn of_book(error: BookError) -> Error {
    match error {
        BookError::Busy => Error::Busy,
        other => Error::Failed(other.to_string()),
    }
}

fn failed(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(said) => {
            let code = said.code().code();
            match ["40", "53", "57", "08"].iter().any(|c| code.starts_with(c)) {
                true => Error::Busy,
                false => Error::Failed(said.message().to_owned()),
            }
        }
        None if error.is_closed()
            || std::error::Error::source(error).is_some_and(|e| e.is::<std::io::Error>()) =>
        {
            Error::Busy
        }
        None => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            Error::Failed(format!("{error}: {}", why.unwrap_or_default()))
        }
    }
}

/// A column of its type.
pub fn column<'a, T: FromSql<'a>>(row: &'a tokio_postgres::Row, at: usize) -> Result<Option<T>> {
    row.try_get(at).map_err(|e| unreadable(at, e))
}

/// A number, or a truth value as 0 or 1.
pub fn int(row: &tokio_postgres::Row, at: usize) -> Result<Option<i64>> {
    match row.columns().get(at).map(|column| column.type_()) {
        Some(&Type::BOOL) => Ok(column::<bool>(row, at)?.map(i64::from)),
        Some(&Type::INT4) => Ok(column::<i32>(row, at)?.map(i64::from)),
        _ => column(row, at),
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Value::Int(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT4, Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_said_in_postgres_words() {
        assert_eq!(
            said("SELECT u.id, s.user FROM session s JOIN user u WHERE ifnull(user_x, ?12) = ?1"),
            "SELECT u.id, s.\"user\" FROM session s JOIN \"user\" u WHERE coalesce(user_x, $12) = $1"
        );
    }
}
