//! One registry over two databases: statements are written once, for SQLite, and said in Postgres' words there.
//!
//! The little that differs: how parameters are marked, `ifnull`, and that `user` is a word of the language.

#[cfg(feature = "postgres")]
mod postgres;

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use thiserror::Error;
use uuid::Uuid;

#[cfg(feature = "postgres")]
pub use postgres::{Inside, open};

/// Why a statement failed.
#[derive(Debug, Error)]
pub enum Error {
    /// A look-up found no row.
    #[error("no row")]
    NoRow,
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What may pass by itself.
    #[error("the database is busy or away")]
    Busy,
    /// The database said no, or said what cannot be understood.
    #[error("{0}")]
    Failed(String),
}

pub type Result<T> = std::result::Result<T, Error>;

/// A connection, or the transaction a write runs in.
pub enum Db<'a> {
    Sqlite(&'a Connection),
    #[cfg(feature = "postgres")]
    Postgres(&'a Inside),
}

/// A statement that can be run.
pub struct Statement<'a> {
    db: &'a Db<'a>,
    sql: &'a str,
}

/// A row under a statement's hand.
pub enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    #[cfg(feature = "postgres")]
    Postgres(&'a tokio_postgres::Row),
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl<'a> Db<'a> {
    /// A statement, prepared once a connection.
    pub fn prepare_cached(&'a self, sql: &'a str) -> Result<Statement<'a>> {
        Ok(Statement { db: self, sql })
    }

    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        Statement { db: self, sql }.execute(params)
    }

    pub fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        Statement { db: self, sql }.query_row(params, read)
    }

    /// Statements without parameters.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        match self {
            Db::Sqlite(conn) => Ok(conn.execute_batch(sql)?),
            #[cfg(feature = "postgres")]
            Db::Postgres(inside) => inside.batch(sql),
        }
    }

    /// What a look for a job `j` ends with where several servers look at once: each takes one that no other has.
    pub fn skipping_taken(&self) -> &'static str {
        match self {
            Db::Sqlite(_) => "",
            #[cfg(feature = "postgres")]
            Db::Postgres(_) => " FOR UPDATE OF j SKIP LOCKED",
        }
    }

    /// Whether several servers share this registry.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Db::Sqlite(_))
    }
}

impl Statement<'_> {
    /// How many rows it touched.
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        let values = params.values();
        match self.db {
            Db::Sqlite(conn) => Ok(conn
                .prepare_cached(self.sql)?
                .execute(rusqlite::params_from_iter(values))?),
            #[cfg(feature = "postgres")]
            Db::Postgres(inside) => inside.run(self.sql, &values),
        }
    }

    /// The first row. Errors: there is none.
    pub fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let values = params.values();
        match self.db {
            Db::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(self.sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                let row = rows.next()?.ok_or(Error::NoRow)?;
                read(&Row::Sqlite(row))
            }
            #[cfg(feature = "postgres")]
            Db::Postgres(inside) => {
                let rows = inside.all(self.sql, &values)?;
                read(&Row::Postgres(rows.first().ok_or(Error::NoRow)?))
            }
        }
    }

    /// Every row.
    pub fn query_map<T>(
        &mut self,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<std::vec::IntoIter<Result<T>>> {
        let values = params.values();
        let mut found = Vec::new();
        match self.db {
            Db::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(self.sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                while let Some(row) = rows.next()? {
                    found.push(read(&Row::Sqlite(row)));
                }
            }
            #[cfg(feature = "postgres")]
            Db::Postgres(inside) => {
                let rows = inside.all(self.sql, &values)?;
                found.extend(rows.iter().map(|row| read(&Row::Postgres(row))));
            }
        }
        Ok(found.into_iter())
    }
}

/// A look-up that may find nothing.
pub trait OptionalExtension<T> {
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoRow) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Row<'_> {
    pub fn get<T: Column>(&self, at: usize) -> Result<T> {
        T::read(self, at)
    }

    fn int(&self, at: usize) -> Result<Option<i64>> {
        match self {
            Row::Sqlite(row) => Ok(row.get(at)?),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => postgres::int(row, at),
        }
    }

    fn text(&self, at: usize) -> Result<Option<String>> {
        match self {
            Row::Sqlite(row) => Ok(row.get(at)?),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => postgres::column(row, at),
        }
    }

    fn bytes(&self, at: usize) -> Result<Option<Vec<u8>>> {
        match self {
            Row::Sqlite(row) => Ok(row.get(at)?),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => postgres::column(row, at),
        }
    }
}

/// A value that a column holds.
pub trait Column: Sized {
    fn read(row: &Row<'_>, at: usize) -> Result<Self>;
}

/// A column that is not what the registry wrote.
pub fn unreadable(at: usize, what: impl std::fmt::Display) -> Error {
    Error::Failed(format!("column {at} of the registry: {what}"))
}

fn present<T>(value: Option<T>, at: usize) -> Result<T> {
    value.ok_or_else(|| unreadable(at, "it is empty"))
}

macro_rules! whole_numbers {
    ($($kind:ty),*) => {$(
        impl Column for $kind {
            fn read(row: &Row<'_>, at: usize) -> Result<$kind> {
                let number = present(row.int(at)?, at)?;
                <$kind>::try_from(number).map_err(|e| unreadable(at, e))
            }
        }

        impl From<$kind> for Value {
            fn from(number: $kind) -> Value {
                // No count of ours comes near the end of the range.
                Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )*};
}

whole_numbers!(i64, u64, u32, u16);

impl Column for Option<i64> {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<i64>> {
        row.int(at)
    }
}

impl Column for Option<Vec<u8>> {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<Vec<u8>>> {
        row.bytes(at)
    }
}

impl Column for bool {
    fn read(row: &Row<'_>, at: usize) -> Result<bool> {
        Ok(present(row.int(at)?, at)? != 0)
    }
}

impl Column for String {
    fn read(row: &Row<'_>, at: usize) -> Result<String> {
        present(row.text(at)?, at)
    }
}

impl Column for Option<String> {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<String>> {
        row.text(at)
    }
}

impl<const N: usize> Column for [u8; N] {
    fn read(row: &Row<'_>, at: usize) -> Result<[u8; N]> {
        sized(present(row.bytes(at)?, at)?, at)
    }
}

impl<const N: usize> Column for Option<[u8; N]> {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<[u8; N]>> {
        row.bytes(at)?.map(|bytes| sized(bytes, at)).transpose()
    }
}

fn sized<const N: usize>(bytes: Vec<u8>, at: usize) -> Result<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_| unreadable(at, format!("it does not have {N} bytes")))
}

impl Column for Uuid {
    fn read(row: &Row<'_>, at: usize) -> Result<Uuid> {
        Ok(Uuid::from_bytes(row.get(at)?))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Value {
        Value::Text(text.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Value {
        Value::Bytes(bytes)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Value {
        Value::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Value {
        Value::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Value {
        value.as_ref().into()
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The parameters of a statement: nothing, an array or a tuple.
pub trait Params {
    fn values(self) -> Vec<Value>;
}

impl Params for () {
    fn values(self) -> Vec<Value> {
        Vec::new()
    }
}

impl Params for Vec<Value> {
    fn values(self) -> Vec<Value> {
        self
    }
}

impl<T: Into<Value>, const N: usize> Params for [T; N] {
    fn values(self) -> Vec<Value> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! tuples {
    ($(($($name:ident),+)),+) => {$(
        impl<$($name: Into<Value>),+> Params for ($($name,)+) {
            fn values(self) -> Vec<Value> {
                #[allow(non_snake_case)]
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    )+};
}

tuples!(
    (A, B),
    (A, B, C),
    (A, B, C, D),
    (A, B, C, D, E),
    (A, B, C, D, E, F),
    (A, B, C, D, E, F, G),
    (A, B, C, D, E, F, G, H),
    (A, B, C, D, E, F, G, H, I),
    (A, B, C, D, E, F, G, H, I, J)
);
