//! A server's books and people from one home to another: a data folder and a database, either way.
//!
//! Organisation by organisation: its writers are refused from then on and its readers go on, the book goes over
//! whole or not at all, and both sides are compared. Whoever is interrupted begins again: what is there already is
//! compared only. People come after the books, in one transaction, and their jobs last.

mod jobs;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;

use super::problem::Problem;
use super::registry::orgs::Org;
use super::registry::whole::{self, Identity};
use super::registry::{Registry, leaving, orgs};
use super::replaced::{Old, Rooms};
use super::secrets::{self, KEY_BYTES};
use crate::book::mark::{Mark, MarkKind};
use crate::book::open::{Shelf, Spot};
use crate::book::{Book, BookError};
use crate::ledger::audit::Hash;
use crate::ledger::totals::TotalsQuery;

pub use jobs::{Jobs, Results};

/// Where a server keeps everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Folder(PathBuf),
    /// `address` may hold a password, `shown` never does.
    Database {
        address: String,
        shown: String,
    },
}

impl Place {
    fn shown(&self) -> String {
        match self {
            Place::Folder(path) => path.display().to_string(),
            Place::Database { shown, .. } => shown.clone(),
        }
    }
}

/// Why a server did not move.
#[derive(Debug, Error)]
pub enum MoveError {
    #[error("{place}: {why}")]
    Place { place: String, why: String },
    #[error("{slug}: {source}")]
    Org { slug: String, source: BookError },
    #[error("{slug}: {what} differ between both sides")]
    Differs { slug: String, what: &'static str },
    #[error("people were changed after they had been moved: the tables {table} differ")]
    People { table: &'static str },
}

/// An organisation that is on both sides now.
#[derive(Debug, Clone)]
pub struct Moved {
    pub slug: String,
    pub transactions: u64,
    pub sequence: u64,
    pub head: Hash,
    /// It was there from an earlier run.
    pub already: bool,
}

/// What was moved.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub orgs: Vec<Moved>,
    pub people: usize,
    pub jobs: Jobs,
}

/// Moves a server, with the results of its jobs; `told` hears of each organisation that is on both sides.
pub fn migrate(
    from: &Place,
    to: &Place,
    results: &Results,
    now: Timestamp,
    told: &mut dyn FnMut(&Moved),
) -> Result<Outcome, MoveError> {
    let source = Side::open(from, now)?;
    let target = Side::claim(to, &source.identity, now)?;
    let list = source.registry.read(orgs::all);
    let mut moved = Vec::new();
    for org in list.map_err(|p| source.failed(p))? {
        let named = |source| MoveError::Org {
            slug: org.slug.clone(),
            source,
        };
        leave(&source, &org, &target.place).map_err(named)?;
        let already = holds(&target, &org).map_err(named)?;
        if !already {
            let (here, there) = (source.file(&org), target.file(&org));
            let spots = (spot(&org, &here), spot(&org, &there));
            source
                .shelf
                .copy(spots.0, &target.shelf, spots.1)
                .map_err(named)?;
        }
        let one = compare(&source, &target, &org, already)?;
        told(&one);
        moved.push(one);
    }
    let people = people(&source, &target)?;
    let jobs = jobs::bring((from, &source), (to, &target), results, now)?;
    Ok(Outcome {
        orgs: moved,
        people,
        jobs,
    })
}

/// Lets the writers of every book in again, and jobs wait here: where a move was given up. Gives how many books are
/// there.
pub fn reopen(at: &Place, now: Timestamp) -> Result<usize, MoveError> {
    let side = Side::open(at, now)?;
    let list = side.registry.read(orgs::all).map_err(|p| side.failed(p))?;
    for org in &list {
        let file = side.file(org);
        side.shelf
            .set_home(spot(org, &file), None)
            .map_err(|source| MoveError::Org {
                slug: org.slug.clone(),
                source,
            })?;
    }
    let waiting = side.registry.write_now(leaving::back);
    waiting.map_err(|p| side.failed(p))?;
    Ok(list.len())
}

/// What became of a replaced book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Kept,
    Removed,
    /// It was to go, but holds what the book that is there does not.
    Needed,
}

/// Every book that another replaced there; `remove`: those go of which the book that is there holds all.
pub fn replaced(at: &Place, remove: bool, now: Timestamp) -> Result<Vec<(Old, Fate)>, MoveError> {
    let side = Side::open(at, now)?;
    let rooms = Rooms {
        registry: &side.registry,
        shelf: &side.shelf,
        books: side.books.clone(),
    };
    let list = rooms.list().map_err(|p| side.failed(p))?;
    let fates = list.into_iter().map(|old| {
        let fate = match remove {
            false => Fate::Kept,
            true if rooms.discard(&old).map_err(|p| side.failed(p))? => Fate::Removed,
            true => Fate::Needed,
        };
        Ok((old, fate))
    });
    fates.collect()
}

/// Puts the large tables of a database without books into partitions.
///
/// Errors: it is none, it is partitioned already, or there are books.
#[cfg(feature = "postgres")]
pub fn partition(at: &Place, parts: u32) -> Result<(), MoveError> {
    match at {
        Place::Folder(folder) => Err(MoveError::Place {
            place: folder.display().to_string(),
            why: "only tables of a database have partitions".to_owned(),
        }),
        Place::Database { address, shown } => {
            crate::book::postgres::Store::partition(address, parts).map_err(|source| {
                MoveError::Place {
                    place: shown.clone(),
                    why: source.to_string(),
                }
            })
        }
    }
}

/// One of both sides.
struct Side {
    place: String,
    /// The folder of its books, if they are files.
    books: PathBuf,
    registry: Registry,
    shelf: Shelf,
    identity: Identity,
}

fn spot<'a>(org: &Org, file: &'a Path) -> Spot<'a> {
    Spot { org: org.id, file }
}

impl Side {
    /// A server that is there.
    fn open(place: &Place, now: Timestamp) -> Result<Side, MoveError> {
        let failed = |why: String| MoveError::Place {
            place: place.shown(),
            why,
        };
        match place {
            Place::Folder(folder) => {
                if !folder.join("server.db").is_file() {
                    return Err(failed("no server keeps its books there".to_owned()));
                }
                let registry = Registry::open(folder, now).map_err(&failed)?;
                let secret = secrets::key(&folder.join("secret.key")).map_err(&failed)?;
                Side::of(place, registry, Shelf::Files, Some(secret))
            }
            Place::Database { address, .. } => {
                let (registry, shelf) = database(address).map_err(&failed)?;
                Side::of(place, registry, shelf, None)
            }
        }
    }

    fn of(
        place: &Place,
        registry: Registry,
        shelf: Shelf,
        secret: Option<[u8; KEY_BYTES]>,
    ) -> Result<Side, MoveError> {
        let identity = registry.read(|db| match secret {
            None => whole::identity(db),
            Some(secret) => db.query_row("SELECT id, created_at FROM server", (), |row| {
                Ok(Identity {
                    id: row.get(0)?,
                    created_at: row.get(1)?,
                    secret,
                })
            }),
        });
        let books = match place {
            Place::Folder(folder) => folder.join("books"),
            Place::Database { .. } => PathBuf::new(),
        };
        let identity = identity.map_err(|_| MoveError::Place {
            place: place.shown(),
            why: "no server keeps its books there".to_owned(),
        })?;
        Ok(Side {
            place: place.shown(),
            books,
            registry,
            shelf,
            identity,
        })
    }

    /// The new home: where nothing is, or what an earlier run began.
    fn claim(place: &Place, identity: &Identity, now: Timestamp) -> Result<Side, MoveError> {
        let failed = |why: String| MoveError::Place {
            place: place.shown(),
            why,
        };
        let (registry, shelf) = match place {
            Place::Folder(folder) => {
                super::make_folder(&folder.join("books")).map_err(&failed)?;
                let registry = Registry::open(folder, now).map_err(&failed)?;
                (registry, Shelf::Files)
            }
            Place::Database { address, .. } => database(address).map_err(&failed)?,
        };
        let (shared, wanted) = (shelf.is_shared(), *identity);
        registry
            .write_now(|db| whole::claim(db, &wanted, shared))
            .map_err(|p| failed(words(p)))?;
        if let Place::Folder(folder) = place {
            secrets::keep_key(&folder.join("secret.key"), &identity.secret).map_err(&failed)?;
        }
        let secret = (!shared).then_some(identity.secret);
        Side::of(place, registry, shelf, secret)
    }

    fn file(&self, org: &Org) -> PathBuf {
        self.books.join(&org.file)
    }

    fn failed(&self, problem: Problem) -> MoveError {
        MoveError::Place {
            place: self.place.clone(),
            why: words(problem),
        }
    }
}

fn words(problem: Problem) -> String {
    problem.internal.unwrap_or(problem.detail)
}

#[cfg(feature = "postgres")]
fn database(address: &str) -> Result<(Registry, Shelf), String> {
    let store = super::home::connect(address, None)?;
    Ok((Registry::there(&store), Shelf::Postgres(store)))
}

#[cfg(not(feature = "postgres"))]
fn database(_: &str) -> Result<(Registry, Shelf), String> {
    Err("this hissab was built without Postgres".to_owned())
}

/// The book's writers are refused from now on.
fn leave(source: &Side, org: &Org, to: &str) -> Result<(), BookError> {
    let mark = Mark {
        kind: MarkKind::Moved,
        place: to.to_owned(),
    };
    let file = source.file(org);
    source.shelf.set_home(spot(org, &file), Some(&mark))
}

/// Whether a book is there already.
fn holds(side: &Side, org: &Org) -> Result<bool, BookError> {
    let file = side.file(org);
    match side.shelf.read(spot(org, &file)) {
        Ok(_) => Ok(true),
        Err(BookError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Both sides hold the same book: the same head, the same trial balance, and a chain that proves.
fn compare(source: &Side, target: &Side, org: &Org, already: bool) -> Result<Moved, MoveError> {
    let failed = |source| MoveError::Org {
        slug: org.slug.clone(),
        source,
    };
    let differs = |what| {
        Err(MoveError::Differs {
            slug: org.slug.clone(),
            what,
        })
    };
    let open = |side: &Side| -> Result<Box<dyn Book>, MoveError> {
        let file = side.file(org);
        side.shelf.read(spot(org, &file)).map_err(failed)
    };
    let (mut ours, mut theirs) = (open(source)?, open(target)?);
    let (here, there) = (ours.info().map_err(failed)?, theirs.info().map_err(failed)?);
    if (here.id, here.sequence, here.head) != (there.id, there.sequence, there.head) {
        return differs("the audit heads");
    }
    let all = TotalsQuery::until(None);
    let totals = |book: &mut dyn Book| book.totals(&all).map_err(failed);
    if totals(ours.as_mut())? != totals(theirs.as_mut())? {
        return differs("the trial balances");
    }
    if !theirs.verify().map_err(failed)?.faults.is_empty() {
        return differs("the log and the transactions");
    }
    Ok(Moved {
        slug: org.slug.clone(),
        transactions: there.transactions,
        sequence: there.sequence,
        head: there.head.unwrap_or_default(),
        already,
    })
}

/// People, organisations, roles, sign-ins, tokens and their logs, in one transaction.
fn people(source: &Side, target: &Side) -> Result<usize, MoveError> {
    // Inside a write: one state, whoever signs in meanwhile.
    let ours = source.registry.write_now(whole::read);
    let ours = ours.map_err(|p| source.failed(p))?;
    let theirs = target.registry.write_now(|db| {
        let theirs = whole::read(db)?;
        if theirs.people() > 0 {
            return Ok(theirs);
        }
        whole::fill(db, &ours)?;
        whole::read(db)
    });
    let theirs = theirs.map_err(|p| target.failed(p))?;
    match theirs.differs(&ours) {
        Some(table) => Err(MoveError::People { table }),
        None => Ok(theirs.people()),
    }
}
