//! Somebody else's SQLite file, looked into: the tables another program keeps its books in.
//!
//! The file is not trusted. It is opened read-only and immutable (so nothing is written beside it and no lock of its owner
//! is in the way), its schema may call nothing, views and virtual tables are not read, and every value has a bound.
//! Callers name a table and columns; the SQL is made here, so that no other room has any.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::connection::immutable_uri;
use crate::book::{BookError, Result};

/// The longest value that is read, in bytes.
const VALUE_BYTES_MAX: i32 = 1 << 20;
/// The most rows of one table.
const ROWS_MAX: u64 = 20_000_000;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Nothing,
    Whole(i64),
    /// Text; a number with a point is text as well.
    Text(String),
}

impl Cell {
    pub fn text(&self) -> String {
        match self {
            Cell::Nothing => String::new(),
            Cell::Whole(number) => number.to_string(),
            Cell::Text(text) => text.clone(),
        }
    }

    /// A whole number; 0 where there is none.
    pub fn whole(&self) -> i64 {
        match self {
            Cell::Whole(number) => *number,
            Cell::Text(text) => text.trim().parse().unwrap_or(0),
            Cell::Nothing => 0,
        }
    }
}

/// A file of another program, open.
pub struct Outside {
    conn: Connection,
}

impl Outside {
    /// Opens a file.
    ///
    /// Errors: `Busy` while a rollback journal stands beside it: its program is writing, or died doing so.
    pub fn open(path: &Path) -> Result<Outside> {
        for ending in ["-journal", "-wal"] {
            let mut beside = path.as_os_str().to_owned();
            beside.push(ending);
            if std::fs::metadata(&beside).is_ok_and(|m| m.len() > 0) {
                return Err(BookError::Busy);
            }
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let conn = Connection::open_with_flags(immutable_uri(&path), flags)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
        conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
        conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        conn.execute_batch(
            "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;",
        )?;
        Ok(Outside { conn })
    }

    /// The columns of a table; none if there is no such table, or if it is a view or virtual.
    pub fn columns(&self, table: &str) -> Result<Vec<String>> {
        let real = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1 AND rootpage > 0";
        let found: i64 = self.conn.query_row(real, [table], |row| row.get(0))?;
        if found != 1 {
            return Ok(Vec::new());
        }
        let mut statement = self
            .conn
            .prepare("SELECT name FROM pragma_table_info(?1)")?;
        let names = statement.query_map([table], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<Vec<String>>>()?)
    }

    /// Every row of a table, in the order it is stored; columns that are not there are `Nothing`.
    pub fn rows(
        &self,
        table: &str,
        columns: &[&str],
        take: &mut dyn FnMut(&[Cell]) -> ControlFlow<()>,
    ) -> Result<()> {
        let there = self.columns(table)?;
        if there.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = columns
            .iter()
            .map(|name| match there.iter().any(|t| t == name) {
                true => quoted(name),
                false => "NULL".to_owned(),
            })
            .collect();
        let sql = format!("SELECT {} FROM {}", list.join(", "), quoted(table));
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut cells = Vec::with_capacity(columns.len());
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            if count > ROWS_MAX {
                return Err(BookError::Unsupported {
                    what: format!("the table {table} has more than {ROWS_MAX} rows"),
                });
            }
            cells.clear();
            for place in 0..columns.len() {
                cells.push(match row.get_ref(place)? {
                    ValueRef::Null | ValueRef::Blob(_) => Cell::Nothing,
                    ValueRef::Integer(number) => Cell::Whole(number),
                    ValueRef::Real(number) => Cell::Text(number.to_string()),
                    ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                });
            }
            if take(&cells).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a %?#.db");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(
            "CREATE TABLE t (a, b); INSERT INTO t VALUES ('x', 5), (NULL, 2.5), (x'00', 'y');
             CREATE VIEW v AS SELECT * FROM t;",
        )
        .unwrap();
        drop(conn);
        let outside = Outside::open(&path).unwrap();
        let mut found = Vec::new();
        let mut take = |cells: &[Cell]| {
            found.push(cells.iter().map(Cell::text).collect::<Vec<_>>().join("|"));
            ControlFlow::Continue(())
        };
        outside
            .rows("t", &["b", "nowhere", "a"], &mut take)
            .unwrap();
        outside.rows("v", &["a"], &mut take).unwrap();
        outside.rows("none", &["a"], &mut take).unwrap();
        assert_eq!(found, ["5||x", "2.5||", "y||"]);
        assert!(outside.conn.execute_batch("DELETE FROM t").is_err());
        std::fs::write(folder.path().join("a %?#.db-journal"), "x").unwrap();
        assert!(matches!(Outside::open(&path), Err(BookError::Busy)));
    }
}
