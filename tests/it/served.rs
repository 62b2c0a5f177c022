//! A real server in this process, on a loopback port, with one organisation and a token for it.

use std::path::Path;
use std::sync::Arc;

use hissab::book::remote::RemoteBook;

#[cfg(feature = "postgres")]
use hissab::book::open::Spot;
#[cfg(feature = "postgres")]
use hissab::ledger::change::Change;

use hissab::client::{Credential, Desk, Place, Server as Address, Session, Settings};
use hissab::server::Server;
use hissab::server::config::{Config, LogTo};
use hissab::server::registry::{digest, members, orgs, tokens, users};
use hissab::wire::auth::{Token, User};
use hissab::wire::org::Role;
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

/// The member who asks, as the audit log names them.
pub const WHO: &str = "asha@example.com";
/// What `HISSAB_TOKEN` holds.
pub const SECRET: &str = "hsb_0123456789abcdefghijklmnopqrstuvwxyzABCDEF";
const ORG: u128 = 0x0190_0000_0000_7000_8000_0000_0000_00aa;
/// Every instant of a test.
pub const NOW: &str = "2026-04-07T06:30:00Z";

/// What the audit log calls a member.
pub fn email(person: &str) -> String {
    format!("{person}@example.com")
}

/// What a member's `HISSAB_TOKEN` holds.
fn secret(person: &str) -> String {
    match person {
        "asha" => SECRET.to_owned(),
        other => SECRET.replace("0123", &format!("{other:x<4}")[..4]),
    }
}

fn read_write(id: Uuid, at: Timestamp) -> Token {
    Token {
        id,
        name: "tests".to_owned(),
        org: "acme".to_owned(),
        scopes: vec!["read".to_owned(), "write".to_owned()],
        created_at: at,
        expires_at: at + jiff::SignedDuration::from_hours(24 * 30),
        last_used_at: None,
        token: None,
    }
}

/// A server with the organisation `acme`. Stopped when dropped.
pub struct Served {
    pub server: Option<Server>,
    /// Everything the server keeps.
    pub data: TempDir,
}

impl Served {
    /// Serves a copy of a book.
    pub fn of(book: &Path) -> Served {
        let data = tempfile::tempdir().unwrap();
        let books = data.path().join("books");
        std::fs::create_dir_all(&books).unwrap();
        hissab::book::open::read(book)
            .unwrap()
            .snapshot(&books.join("acme.hissab"))
            .unwrap();
        let served = Served::start(data, None);
        served.add_org();
        served
    }

    /// Serves a new book with these changes in it, of a database of its own.
    #[cfg(feature = "postgres")]
    pub fn in_postgres(id: Uuid, first: &hissab::ledger::change::Unit<'_>) -> Served {
        Served::in_postgres_at(&crate::postgres::make("served"), id, first)
    }

    /// The same in a database that is there.
    #[cfg(feature = "postgres")]
    pub fn in_postgres_at(url: &str, id: Uuid, first: &hissab::ledger::change::Unit<'_>) -> Served {
        let served = Served::start(tempfile::tempdir().unwrap(), Some(url.to_owned()));
        let lanes = &served.server.as_ref().unwrap().state().lanes;
        let org = Uuid::from_u128(ORG);
        let at: Timestamp = NOW.parse().unwrap();
        let file = Path::new("acme");
        let (place, wait) = (Spot { org, file }, std::time::Duration::from_secs(9));
        let unit = hissab::ledger::change::Unit {
            operation: first.operation,
            action: first.action.clone(),
            reason: first.reason.clone(),
            who: first.who.clone(),
            at: first.at,
            once: None,
            changes: first.changes,
        };
        lanes.shelf().create(place, wait, (id, at), unit).unwrap();
        served.add_org();
        served
    }

    /// Serves what a book began with, of a database of its own: the same id, the same first record.
    #[cfg(feature = "postgres")]
    pub fn began_in_postgres(book: &Path) -> Served {
        let mut book = hissab::book::open::read(book).unwrap();
        let info = hissab::book::Book::info(&mut *book).unwrap();
        let began = hissab::book::Book::audit(&mut *book, &Default::default()).unwrap();
        let [began] = began.as_slice() else {
            panic!("a book that was just made has one record");
        };
        let changes: Vec<Change> = began.changes.iter().map(made_again).collect();
        let unit = hissab::ledger::change::Unit {
            operation: began.record.operation,
            action: began.record.action.clone(),
            reason: began.record.reason.clone(),
            who: began.record.who.clone(),
            at: began.record.at,
            once: None,
            changes: &changes,
        };
        Served::in_postgres(info.id, &unit)
    }

    /// The same without a server: its folder, prepared, for one that a test starts as a process of its own.
    pub fn prepared(book: &Path) -> TempDir {
        let mut served = Served::of(book);
        if let Some(server) = served.server.take() {
            server.stop();
        }
        std::mem::replace(&mut served.data, tempfile::tempdir().unwrap())
    }

    fn start(data: TempDir, database: Option<String>) -> Served {
        let mut config = Config::new(data.path().to_owned(), "127.0.0.1:0".parse().unwrap());
        config.database = database;
        config.log = LogTo::Memory(Arc::default());
        let now: Timestamp = NOW.parse().unwrap();
        config.clock = Arc::new(move || now);
        Served {
            server: Some(Server::start(config).unwrap()),
            data,
        }
    }

    fn add_org(&self) {
        let at: Timestamp = NOW.parse().unwrap();
        let user = User {
            id: Uuid::from_u128(1),
            email: WHO.to_owned(),
            name: "Asha".to_owned(),
        };
        let org = orgs::Org {
            id: Uuid::from_u128(ORG),
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            plan: "standard".to_owned(),
            file: "acme.hissab".to_owned(),
        };
        let token = read_write(Uuid::from_u128(2), at);
        let registry = &self.server.as_ref().unwrap().state().registry;
        let added = registry.write_now(|db| {
            users::add(db, &user, "no password signs in", at)?;
            orgs::add(db, &org, at)?;
            members::add(db, org.id, user.id, Role::Owner, at)?;
            tokens::add(db, user.id, org.id, &token, digest(SECRET))
        });
        assert!(added.is_ok(), "the organisation could not be made");
    }

    /// One more organisation, of a copy of this book; gives what `HISSAB_TOKEN` holds there.
    pub fn share(&self, book: &Path, slug: &str) -> String {
        let file = format!("{slug}.hissab");
        hissab::book::open::read(book)
            .unwrap()
            .snapshot(&self.data.path().join("books").join(&file))
            .unwrap();
        let at: Timestamp = NOW.parse().unwrap();
        let org = orgs::Org {
            id: Uuid::now_v7(),
            slug: slug.to_owned(),
            name: "Acme".to_owned(),
            plan: "standard".to_owned(),
            file,
        };
        let secret = format!("{SECRET}-{slug}");
        let token = Token {
            org: slug.to_owned(),
            ..read_write(Uuid::now_v7(), at)
        };
        let registry = &self.server.as_ref().unwrap().state().registry;
        let owner = Uuid::from_u128(1);
        let added = registry.write_now(|db| {
            orgs::add(db, &org, at)?;
            members::add(db, org.id, owner, Role::Owner, at)?;
            tokens::add(db, owner, org.id, &token, digest(&secret))
        });
        assert!(added.is_ok(), "the organisation could not be made");
        secret
    }

    /// One more member, an accountant, with a token of their own.
    pub fn add_person(&self, name: &str) {
        let at: Timestamp = NOW.parse().unwrap();
        let user = User {
            id: Uuid::from_u128(3),
            email: email(name),
            name: name.to_owned(),
        };
        let org = Uuid::from_u128(ORG);
        let token = read_write(Uuid::from_u128(4), at);
        let registry = &self.server.as_ref().unwrap().state().registry;
        let added = registry.write_now(|db| {
            users::add(db, &user, "no password signs in", at)?;
            members::add(db, org, user.id, Role::Accountant, at)?;
            tokens::add(db, user.id, org, &token, digest(&secret(name)))
        });
        assert!(added.is_ok(), "the member could not be added");
    }

    /// `http://127.0.0.1:PORT/acme`: what `-B` takes.
    pub fn place(&self) -> String {
        format!("{}/acme", self.url())
    }

    pub fn url(&self) -> String {
        self.server.as_ref().unwrap().url()
    }

    pub fn session(&self) -> Arc<Session> {
        self.session_of("asha")
    }

    /// A session by the token of a person.
    pub fn session_of(&self, person: &str) -> Arc<Session> {
        Arc::new(Session::new(Settings {
            server: Address::read(&self.url()).unwrap(),
            credential: Credential::Token {
                secret: secret(person),
                origin: "a test".to_owned(),
            },
            known_servers: None,
        }))
    }

    pub fn reader(&self) -> RemoteBook {
        RemoteBook::open_read(self.session(), "acme")
    }

    pub fn writer(&self) -> RemoteBook {
        self.writer_of("asha")
    }

    /// The book as a person changes it.
    pub fn writer_of(&self, person: &str) -> RemoteBook {
        let place = Place::read(&self.place()).unwrap();
        let state = self.data.path().join("desk").join(person);
        RemoteBook::open_write(Desk::new(self.session_of(person), place, &state))
    }
}

/// The change that a record of a new book speaks of.
#[cfg(feature = "postgres")]
fn made_again(logged: &hissab::book::LoggedChange) -> Change {
    use hissab::book::LoggedChange;
    use hissab::ledger::change::{CurrencyChange, NewAccount};
    match logged.clone() {
        LoggedChange::Account { after, .. } => Change::OpenAccount(NewAccount {
            id: after.id,
            path: after.path,
            kind: after.kind,
            account_type: after.account_type,
            code: after.code,
            currency: after.currency,
            opened_on: after.opened_on,
            aliases: after.aliases,
            contact: after.contact,
            note: after.note,
        }),
        LoggedChange::Currency { after, .. } => Change::Currency(CurrencyChange {
            code: after.code,
            scale: after.scale,
            symbol: after.symbol,
            name: after.name,
        }),
        LoggedChange::Setting { name, after, .. } => Change::Setting { name, value: after },
        other => panic!("no new book begins with {other:?}"),
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}
