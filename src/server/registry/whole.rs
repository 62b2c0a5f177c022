//! A registry as a whole, on its way to another: who may do what, sign-ins, tokens, the logs. Jobs are no part of
//! it: they and their results live for a day (`leaving` takes them along where a server moves).

use uuid::Uuid;

use super::db::{Result, Row, Value};
use super::{Db, bytes};
use crate::server::problem::{Answer, Problem};
use crate::server::secrets::KEY_BYTES;

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
}

/// A table, the same in every registry.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    /// The order its rows are read and written in.
    order: &'static str,
    /// It changes by itself as people come and go.
    moves: bool,
}

use Kind::{Bytes, Int, Text};

/// In the order they name each other.
const TABLES: &[Table] = &[
    Table {
        name: "user",
        columns: &[
            ("id", Bytes),
            ("email", Text),
            ("name", Text),
            ("password", Text),
            ("created_at", Int),
        ],
        order: "id",
        moves: false,
    },
    Table {
        name: "org",
        columns: &[
            ("id", Bytes),
            ("slug", Text),
            ("name", Text),
            ("plan", Text),
            ("file", Text),
            ("created_at", Int),
        ],
        order: "id",
        moves: false,
    },
    Table {
        name: "member",
        columns: &[
            ("org", Bytes),
            ("user", Bytes),
            ("role", Text),
            ("since", Int),
            ("version", Int),
        ],
        order: "org, user",
        moves: false,
    },
    Table {
        name: "invite",
        columns: &[
            ("id", Bytes),
            ("org", Bytes),
            ("email", Text),
            ("role", Text),
            ("code", Bytes),
            ("invited_by", Bytes),
            ("created_at", Int),
            ("expires_at", Int),
        ],
        order: "id",
        moves: false,
    },
    Table {
        name: "session",
        columns: &[
            ("id", Bytes),
            ("user", Bytes),
            ("agent", Text),
            ("created_at", Int),
            ("last_used_at", Int),
            ("expires_at", Int),
            ("ended_at", Int),
            ("ended_why", Text),
        ],
        order: "id",
        moves: true,
    },
    Table {
        name: "refresh",
        columns: &[
            ("hash", Bytes),
            ("session", Bytes),
            ("made_at", Int),
            ("used_at", Int),
        ],
        order: "hash",
        moves: true,
    },
    Table {
        name: "token",
        columns: &[
            ("id", Bytes),
            ("user", Bytes),
            ("org", Bytes),
            ("name", Text),
            ("scopes", Text),
            ("hash", Bytes),
            ("created_at", Int),
            ("expires_at", Int),
            ("last_used_at", Int),
            ("revoked_at", Int),
        ],
        order: "id",
        moves: true,
    },
    Table {
        name: "audit",
        columns: &[
            ("chain", Bytes),
            ("seq", Int),
            ("at", Int),
            ("who", Text),
            ("action", Text),
            ("subject", Text),
            ("detail", Text),
            ("address", Text),
            ("previous", Bytes),
            ("hash", Bytes),
        ],
        order: "chain, seq",
        moves: true,
    },
    Table {
        name: "answered",
        columns: &[
            ("scope", Bytes),
            ("body", Bytes),
            ("at", Int),
            ("status", Int),
            ("answer", Text),
        ],
        order: "scope",
        moves: true,
    },
];

/// Every row of a registry that goes over, table by table.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole(Vec<Vec<Vec<Value>>>);

/// Reads everything; inside a write, so that it is one state.
pub fn read(db: &Db) -> Answer<Whole> {
    let tables: Result<Vec<_>> = TABLES.iter().map(|table| rows(db, table)).collect();
    Ok(Whole(tables?))
}

fn names(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|c| c.0).collect();
    names.join(", ")
}

fn rows(db: &Db, table: &Table) -> Result<Vec<Vec<Value>>> {
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        names(table),
        table.name,
        table.order
    );
    let read = |row: &Row<'_>| {
        let cells = table.columns.iter().enumerate();
        cells.map(|(at, column)| cell(row, at, column.1)).collect()
    };
    db.prepare_cached(&sql)?.query_map((), read)?.collect()
}

fn cell(row: &Row<'_>, at: usize, kind: Kind) -> Result<Value> {
    Ok(match kind {
        Int => row.get::<Option<i64>>(at)?.into(),
        Text => row.get::<Option<String>>(at)?.into(),
        Bytes => row.get::<Option<Vec<u8>>>(at)?.into(),
    })
}

/// Writes everything into a registry that holds nothing of the kind.
pub fn fill(db: &Db, whole: &Whole) -> Answer<()> {
    for (table, rows) in TABLES.iter().zip(&whole.0) {
        let marks: Vec<String> = (1..=table.columns.len()).map(|n| format!("?{n}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            table.name,
            names(table),
            marks.join(", ")
        );
        let mut insert = db.prepare_cached(&sql)?;
        for row in rows {
            insert.execute(row.clone())?;
        }
    }
    Ok(())
}

impl Whole {
    /// The table in which people, organisations and roles differ, if they do. What changes with each sign-in does
    /// not count.
    pub fn differs(&self, other: &Whole) -> Option<&'static str> {
        let tables = TABLES.iter().zip(self.0.iter().zip(&other.0));
        tables
            .filter(|(table, _)| !table.moves)
            .find(|(_, (ours, theirs))| ours != theirs)
            .map(|(table, _)| table.name)
    }

    /// How many people it knows.
    pub fn people(&self) -> usize {
        self.0.first().map_or(0, Vec::len)
    }
}

/// Who a server is: what its access tokens name, and the key that signs them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub id: Uuid,
    pub created_at: i64,
    pub secret: [u8; KEY_BYTES],
}

/// The server of a registry in a database, which keeps the key too.
pub fn identity(db: &Db) -> Result<Identity> {
    db.query_row("SELECT id, created_at, secret FROM server", (), |row| {
        Ok(Identity {
            id: row.get(0)?,
            created_at: row.get(1)?,
            secret: row.get(2)?,
        })
    })
}

/// Makes a registry that nobody uses yet that of a server; `in_row`: its row holds the key too.
///
/// Errors: it is another server's, and in use.
pub fn claim(db: &Db, identity: &Identity, in_row: bool) -> Answer<()> {
    let there: Vec<Uuid> = db
        .prepare_cached("SELECT id FROM server")?
        .query_map((), |row| row.get(0))?
        .collect::<Result<_>>()?;
    if there.first() == Some(&identity.id) {
        return Ok(());
    }
    let used: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM user) OR EXISTS (SELECT 1 FROM org)",
        (),
        |row| row.get(0),
    )?;
    if used {
        let words = "another server uses it";
        return Err(Problem::conflict("other-server", words));
    }
    db.execute("DELETE FROM server", ())?;
    let row = (bytes(&identity.id), identity.created_at);
    match in_row {
        false => db.execute(
            "INSERT INTO server (one, id, created_at) VALUES (1, ?1, ?2)",
            row,
        )?,
        true => db.execute(
            "INSERT INTO server (one, id, created_at, secret) VALUES (1, ?1, ?2, ?3)",
            (row.0, row.1, identity.secret),
        )?,
    };
    Ok(())
}
