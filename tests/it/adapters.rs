//! The kinds of book that the contract (`contract.rs`) is run on, each behind one small trait.

use std::path::PathBuf;

use hissab::book::open;
#[cfg(feature = "postgres")]
use hissab::book::postgres::PgBook;
use hissab::book::sqlite::{NewBook, SqliteBook};
use hissab::book::{Book, BookError, CheckDepth};
use hissab::ledger::change::{Change, Done, OnceKey, Unit, WriteMode};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::books::{WAIT, draft, first_changes, unit_of};

/// Somewhere that holds one book; dropped with everything in it.
pub trait Adapter {
    /// A new book with these changes in it, made by asha.
    fn hold(first: &[Change]) -> Self
    where
        Self: Sized;

    /// A book to change, as a person opens it: `asha`, its owner, or `ravi`.
    fn writer(&self, person: &str) -> Box<dyn Book>;

    /// A book to look at.
    fn reader(&self) -> Box<dyn Book>;

    /// What the audit log calls a person.
    fn called(&self, person: &str) -> String {
        person.to_owned()
    }
}

/// A book of an adapter under a contract test: ids and a clock count up.
pub struct Case {
    pub adapter: Box<dyn Adapter>,
    /// As asha has it open all the time.
    pub book: Box<dyn Book>,
    ids: u128,
}

impl Case {
    pub fn of<A: Adapter + 'static>() -> Case {
        let adapter = Box::new(A::hold(&first_changes()));
        let book = adapter.writer("asha");
        Case {
            adapter,
            book,
            ids: 100,
        }
    }

    pub fn id(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    pub fn write(&mut self, action: &str, changes: Vec<Change>) -> Result<Done, BookError> {
        let operation = self.id();
        let who = self.adapter.called("asha");
        one(
            &mut *self.book,
            unit_of(operation, action, &who, &changes),
            WriteMode::Commit,
        )
    }

    /// Writes as somebody else, who has the book open at the same time.
    pub fn write_as(
        &mut self,
        person: &str,
        action: &str,
        changes: Vec<Change>,
    ) -> Result<Done, BookError> {
        let operation = self.id();
        let who = self.adapter.called(person);
        let unit = unit_of(operation, action, &who, &changes);
        one(&mut *self.adapter.writer(person), unit, WriteMode::Commit)
    }

    /// Writes under an operation that is given.
    pub fn again(&mut self, operation: u128, changes: Vec<Change>) -> Result<Done, BookError> {
        let who = self.adapter.called("asha");
        let unit = unit_of(operation, "posted", &who, &changes);
        one(&mut *self.book, unit, WriteMode::Commit)
    }

    pub fn once(
        &mut self,
        key: &str,
        content: u8,
        changes: Vec<Change>,
    ) -> Result<Done, BookError> {
        let operation = self.id();
        self.once_as(operation, key, content, changes)
    }

    /// The same under an operation that may have come before.
    pub fn once_as(
        &mut self,
        operation: u128,
        key: &str,
        content: u8,
        changes: Vec<Change>,
    ) -> Result<Done, BookError> {
        let who = self.adapter.called("asha");
        let mut unit = unit_of(operation, "posted", &who, &changes);
        unit.once = Some(OnceKey {
            key: key.to_owned(),
            content: [content; 32],
        });
        one(&mut *self.book, unit, WriteMode::Commit)
    }

    /// Posts and gives the number.
    #[track_caller]
    pub fn post(&mut self, on: Date, what: &str, entries: &[(&str, &str)]) -> u64 {
        let id = self.id();
        let done = self
            .write("posted", vec![Change::Post(draft(id, on, what, entries))])
            .unwrap();
        done.number().unwrap().0
    }

    /// Everything that a book can be checked for holds.
    #[track_caller]
    pub fn proves(&mut self) {
        let outcomes = self.book.check(CheckDepth::Deep).unwrap();
        let findings: Vec<_> = outcomes.into_iter().flat_map(|o| o.findings).collect();
        assert!(findings.is_empty(), "{findings:#?}");
        assert_eq!(self.book.verify().unwrap().faults, []);
    }
}

fn one(book: &mut dyn Book, unit: Unit<'_>, mode: WriteMode) -> Result<Done, BookError> {
    let mut outcomes = book.write(&[unit], mode)?;
    assert_eq!(outcomes.len(), 1, "an outcome a unit");
    outcomes.remove(0)
}

/// The stable codes of a failure: a broken rule has one each, a conflict one, wherever the book is.
pub fn codes(error: &BookError) -> Vec<String> {
    match error {
        BookError::Refused { violations, .. } => {
            violations.iter().map(|v| v.code().to_owned()).collect()
        }
        BookError::Conflict { code, .. } => vec![(*code).to_owned()],
        BookError::NotFound { .. } => vec!["not-found".to_owned()],
        BookError::Remote(error) => match error.problem() {
            Some(problem) if problem.errors.is_empty() => vec![problem.code.clone()],
            Some(problem) => problem.errors.iter().map(|e| e.code.clone()).collect(),
            None => vec![format!("{error:?}")],
        },
        other => vec![format!("{other:?}")],
    }
}

/// A local book file.
pub struct Sqlite {
    _folder: tempfile::TempDir,
    pub path: PathBuf,
}

impl Adapter for Sqlite {
    fn hold(first: &[Change]) -> Sqlite {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.hissab");
        let first = first.to_vec();
        let new = NewBook {
            id: Uuid::from_u128(77),
            created_at: Timestamp::UNIX_EPOCH,
            unit: unit_of(1, "created", "asha", &first),
        };
        SqliteBook::create(&path, WAIT, &new).unwrap();
        Sqlite {
            _folder: folder,
            path,
        }
    }

    fn writer(&self, _: &str) -> Box<dyn Book> {
        open::write(&self.path, WAIT).unwrap()
    }

    fn reader(&self) -> Box<dyn Book> {
        open::read(&self.path).unwrap()
    }
}

/// A book on a server, asked over a loopback port.
#[cfg(feature = "server")]
pub struct Remote {
    served: crate::served::Served,
}

#[cfg(feature = "server")]
impl Adapter for Remote {
    fn hold(first: &[Change]) -> Remote {
        let file = Sqlite::hold(first);
        let served = crate::served::Served::of(&file.path);
        served.add_person("ravi");
        Remote { served }
    }

    fn writer(&self, person: &str) -> Box<dyn Book> {
        Box::new(self.served.writer_of(person))
    }

    fn reader(&self) -> Box<dyn Book> {
        Box::new(self.served.reader())
    }

    fn called(&self, person: &str) -> String {
        crate::served::email(person)
    }
}

/// A book in Postgres, one organisation of a database that other tests share.
#[cfg(feature = "postgres")]
pub struct Postgres {
    org: Uuid,
}

#[cfg(feature = "postgres")]
impl Adapter for Postgres {
    fn hold(first: &[Change]) -> Postgres {
        let org = Uuid::now_v7();
        let first = first.to_vec();
        let unit = unit_of(1, "created", "asha", &first);
        let (id, at) = (Uuid::from_u128(77), Timestamp::UNIX_EPOCH);
        PgBook::create(crate::postgres::store(), org, id, at, &unit).unwrap();
        Postgres { org }
    }

    fn writer(&self, _: &str) -> Box<dyn Book> {
        Box::new(PgBook::open_write(crate::postgres::store(), self.org).unwrap())
    }

    fn reader(&self) -> Box<dyn Book> {
        Box::new(PgBook::open_read(crate::postgres::store(), self.org).unwrap())
    }
}

/// A book in Postgres whose large tables are in partitions.
#[cfg(feature = "postgres")]
pub struct Partitioned {
    org: Uuid,
}

#[cfg(feature = "postgres")]
impl Adapter for Partitioned {
    fn hold(first: &[Change]) -> Partitioned {
        let org = Uuid::now_v7();
        let first = first.to_vec();
        let unit = unit_of(1, "created", "asha", &first);
        let (id, at) = (Uuid::from_u128(77), Timestamp::UNIX_EPOCH);
        PgBook::create(crate::postgres::partitioned(), org, id, at, &unit).unwrap();
        Partitioned { org }
    }

    fn writer(&self, _: &str) -> Box<dyn Book> {
        Box::new(PgBook::open_write(crate::postgres::partitioned(), self.org).unwrap())
    }

    fn reader(&self) -> Box<dyn Book> {
        Box::new(PgBook::open_read(crate::postgres::partitioned(), self.org).unwrap())
    }
}

/// A book in Postgres, asked over a loopback port.
#[cfg(feature = "postgres")]
pub struct RemotePostgres(Remote);

#[cfg(feature = "postgres")]
impl Adapter for RemotePostgres {
    fn hold(first: &[Change]) -> RemotePostgres {
        let first = first.to_vec();
        let unit = unit_of(1, "created", "asha", &first);
        let served = crate::served::Served::in_postgres(Uuid::from_u128(77), &unit);
        served.add_person("ravi");
        RemotePostgres(Remote { served })
    }

    fn writer(&self, person: &str) -> Box<dyn Book> {
        self.0.writer(person)
    }

    fn reader(&self) -> Box<dyn Book> {
        self.0.reader()
    }

    fn called(&self, person: &str) -> String {
        self.0.called(person)
    }
}

/// Runs every function, one test each, on every adapter that can be written to.
#[macro_export]
macro_rules! for_each_adapter {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&mut $crate::adapters::Case::of::<$crate::adapters::Sqlite>());
            })*
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&mut $crate::adapters::Case::of::<$crate::adapters::Postgres>());
            })*
        }
        #[cfg(feature = "postgres")]
        mod postgres_in_partitions {
            $(#[test]
            fn $name() {
                super::$name(&mut $crate::adapters::Case::of::<$crate::adapters::Partitioned>());
            })*
        }
        #[cfg(feature = "postgres")]
        mod remote_postgres {
            $(#[test]
            fn $name() {
                super::$name(&mut $crate::adapters::Case::of::<$crate::adapters::RemotePostgres>());
            })*
        }
        #[cfg(feature = "server")]
        mod remote {
            $(#[test]
            fn $name() {
                super::$name(&mut $crate::adapters::Case::of::<$crate::adapters::Remote>());
            })*
        }
    };
}
