//! `hissab store migrate`: a server's books and people from a folder into Postgres and back, killed on the way and
//! begun again.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hissab::book::sqlite::{NewBook, SqliteBook};
use hissab::book::{Book, open};
use hissab::ledger::change::{Change, Target, WriteMode};
use hissab::ledger::transaction::Number;
use hissab::server::Server;
use hissab::server::config::{Config, LogTo};
use hissab::server::registry::{digest, members, orgs, sessions, tokens, users};
use hissab::wire::auth::{Session, Token, User};
use hissab::wire::org::Role;
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

use crate::books::{WAIT, day, draft, first_changes, unit_of};
use crate::chance::Chance;
use crate::postgres::make;
use crate::postgres_whole::rows_of;
use crate::served::{NOW, SECRET};
use crate::support::TestEnv;

fn many() -> bool {
    std::env::var("HISSAB_TEST_MANY").is_ok()
}

fn at() -> Timestamp {
    NOW.parse().unwrap()
}

fn serve(data: &Path, database: Option<&str>) -> Server {
    let mut config = Config::new(data.to_owned(), "127.0.0.1:0".parse().unwrap());
    config.database = database.map(str::to_owned);
    config.log = LogTo::Memory(Arc::default());
    config.clock = Arc::new(at);
    Server::start(config).unwrap()
}

/// A book with a few dozen transactions by chance: posted, amended, voided, reversed by undoing.
fn book(chance: &mut Chance, path: &Path) {
    let first = first_changes();
    let new = NewBook {
        id: Uuid::now_v7(),
        created_at: Timestamp::UNIX_EPOCH,
        unit: unit_of(1, "created", "asha", &first),
    };
    let (mut book, _) = SqliteBook::create(path, WAIT, &new).unwrap();
    let mut posted = 0_u64;
    for id in 100..120 + chance.below(60) as u128 {
        let amount = format!("{}.{:02}", 1 + chance.below(900), chance.below(100));
        let minus = format!("-{amount}");
        let entries = [("Assets:Cash", amount.as_str()), ("Income:Sales", &minus)];
        let text = draft(id, day(4, 1 + chance.below(28) as i8), "Sale", &entries);
        let target = Target::Number(Number(1 + chance.below(posted.max(1) as usize) as u64));
        let change = match chance.below(8) {
            0 if posted > 0 => Change::Void {
                target,
                if_version: None,
                reason: Some("wrong".to_owned()),
            },
            1 if posted > 0 => Change::Amend {
                target,
                if_version: None,
                draft: text,
            },
            2 if posted > 0 => Change::Reinstate { target },
            _ => {
                posted += 1;
                Change::Post(text)
            }
        };
        let changes = vec![change];
        // A void one cannot be amended: refused, and nothing is lost.
        let _ = book.write(
            &[unit_of(id, "changed", "asha", &changes)],
            WriteMode::Commit,
        );
    }
}

/// A server's folder with so many organisations, their owner signed in, a token for each.
fn folder(count: usize) -> TempDir {
    let mut chance = Chance::new("organisations to move");
    let data = tempfile::tempdir().unwrap();
    let server = serve(data.path(), None);
    let registry = &server.state().registry;
    let asha = User {
        id: Uuid::from_u128(1),
        email: "asha@example.com".to_owned(),
        name: "Asha".to_owned(),
    };
    let session = Session {
        id: Uuid::from_u128(8),
        agent: None,
        created_at: at(),
        last_used_at: at(),
        expires_at: at() + jiff::SignedDuration::from_hours(100),
        current: false,
    };
    let added = registry.write_now(|db| {
        users::add(db, &asha, "no password signs in", at())?;
        sessions::begin(db, asha.id, &session, [7; 32])
    });
    assert!(added.is_ok());
    for n in 0..count {
        let id = Uuid::now_v7();
        let org = orgs::Org {
            id,
            slug: format!("org-{n}"),
            name: format!("Org {n}"),
            plan: "free".to_owned(),
            file: format!("{id}.hissab"),
        };
        book(&mut chance, &data.path().join("books").join(&org.file));
        let token = Token {
            id: Uuid::now_v7(),
            name: "tests".to_owned(),
            org: org.slug.clone(),
            scopes: vec!["read".to_owned(), "write".to_owned()],
            created_at: at(),
            expires_at: at() + jiff::SignedDuration::from_hours(100),
            last_used_at: None,
            token: None,
        };
        let secret = SECRET.replace("0123", &format!("{n:04}"));
        let added = registry.write_now(|db| {
            orgs::add(db, &org, at())?;
            members::add(db, org.id, asha.id, Role::Owner, at())?;
            tokens::add(db, asha.id, org.id, &token, digest(&secret))
        });
        assert!(added.is_ok());
    }
    server.stop();
    data
}

/// Books by file name, as rows; people, without what jobs and the like leave.
fn content(data: &Path) -> (Vec<(String, String)>, String) {
    let mut books: Vec<(String, String)> = std::fs::read_dir(data.join("books"))
        .unwrap()
        .map(|item| item.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "hissab"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // The mark says where a file's home is: it is no part of the book.
            let rows = rows_of(&path);
            (name, rows.split("-- mark").next().unwrap().to_owned())
        })
        .collect();
    books.sort();
    let conn = rusqlite::Connection::open(data.join("server.db")).unwrap();
    let mut people = String::new();
    // But when a token was last used, and the code of a server that nobody has signed in to.
    for table in [
        "(SELECT id, created_at FROM server)",
        "user",
        "org",
        "member",
        "invite",
        "session",
        "refresh",
        "(SELECT id, user, org, name, scopes, hash, created_at, expires_at, revoked_at FROM token)",
        "audit",
        "answered",
    ] {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for at in 0..columns {
                people.push_str(&format!("{:?} | ", row.get_ref(at).unwrap()));
            }
            people.push('\n');
        }
    }
    (books, people)
}

/// Runs the command until it ends by itself; before that it is killed so often, at moments of chance.
fn moved(env: &TestEnv, (from, to): (&str, &str), kills: usize, chance: &mut Chance) -> String {
    let words = ["store", "migrate", "--from", from, "--to", to];
    let mut killed = 0;
    for _ in 0..kills {
        let mut child = env
            .command(words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = std::time::Instant::now() + Duration::from_millis(chance.below(900) as u64);
        while std::time::Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        let _ = child.wait();
        killed += usize::from(!ended);
    }
    eprintln!("{killed} of {kills} runs were killed at work");
    env.hissab(words).ok().stdout
}

#[test]
fn a_server_moves_into_postgres_and_back_and_is_the_same() {
    let (count, kills) = if many() { (50, 50) } else { (5, 4) };
    let mut chance = Chance::new("killed on the way");
    let data = folder(count);
    let before = content(data.path());
    let env = TestEnv::new();
    let url = make("moved");
    let from = data.path().to_str().unwrap();

    // Whoever reads meanwhile goes on reading.
    let server = serve(data.path(), None);
    let (done, reads) = (AtomicBool::new(false), std::sync::atomic::AtomicU64::new(0));
    let said = std::thread::scope(|scope| {
        scope.spawn(|| {
            let session = session(&server);
            while !done.load(Ordering::Relaxed) {
                let mut book =
                    hissab::book::remote::RemoteBook::open_read(Arc::clone(&session), "org-0");
                assert!(book.info().unwrap().sequence > 0);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        let said = moved(&env, (from, &url), kills, &mut chance);
        done.store(true, Ordering::Relaxed);
        said
    });
    server.stop();
    assert!(reads.load(Ordering::Relaxed) > 0, "nobody read meanwhile");
    assert!(
        said.contains(&format!("{count} organisations and 1 account")),
        "{said}"
    );
    assert!(
        said.contains("the same audit heads and trial balances"),
        "{said}"
    );
    // Nobody writes to what was left.
    let file = PathBuf::from(from).join("books").join(&before.0[0].0);
    let refused = open::write(&file, WAIT).err().unwrap().to_string();
    assert!(refused.contains("moved to postgres://"), "{refused}");

    // The same people and tokens work there.
    let elsewhere = tempfile::tempdir().unwrap();
    let server = serve(elsewhere.path(), Some(&url));
    let mut there = hissab::book::remote::RemoteBook::open_read(session(&server), "org-0");
    assert_eq!(there.verify().unwrap().faults, []);
    let copy = backed_up(&server, elsewhere.path());
    server.stop();
    let copied = content(&copy);
    assert!(
        before.1 == copied.1 && before.0 == copied.0,
        "the backup differs"
    );

    // And back, into an empty folder.
    let back = tempfile::tempdir().unwrap();
    let to = back.path().join("data");
    let said = moved(&env, (&url, to.to_str().unwrap()), kills, &mut chance);
    assert!(said.contains("the same audit heads"), "{said}");
    let after = content(&to);
    assert!(before.1 == after.1, "people differ");
    for (here, there) in before.0.iter().zip(&after.0) {
        assert_eq!(here.0, there.0);
        assert!(here.1 == there.1, "{} is not what it was", here.0);
    }
    assert_eq!(before.0.len(), after.0.len());
    // What was left takes no writers either, until it is let in again.
    env.hissab(["store", "reopen", &url]).ok();
    env.hissab(["store", "reopen", from]).ok();
    assert!(open::write(&file, WAIT).is_ok());
}

/// The folder of a backup by the clock.
fn backed_up(server: &Server, folder: &Path) -> PathBuf {
    let told = hissab::server::config::Backups {
        folder: folder.join("backups"),
        keep: 1,
        every: Duration::from_secs(3600),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let made = runtime.block_on(hissab::server::backups::make(server.state(), &told));
    made.unwrap_or_else(|problem| panic!("{problem:?}"))
}

fn session(server: &Server) -> Arc<hissab::client::Session> {
    Arc::new(hissab::client::Session::new(hissab::client::Settings {
        server: hissab::client::Server::read(&server.url()).unwrap(),
        credential: hissab::client::Credential::Token {
            secret: SECRET.replace("0123", "0000"),
            origin: "a test".to_owned(),
        },
        known_servers: None,
    }))
}

#[test]
fn a_place_that_is_another_servers_or_nobodys_is_refused() {
    let env = TestEnv::new();
    let (data, other) = (folder(1), folder(1));
    let (from, taken) = (
        data.path().to_str().unwrap(),
        other.path().to_str().unwrap(),
    );
    let refused = env.hissab(["store", "migrate", "--from", from, "--to", taken]);
    assert!(
        refused.stderr.contains("another server uses it"),
        "{refused}"
    );
    assert_eq!(refused.exit, 1, "{refused}");
    let refused = env.hissab(["store", "migrate", "--from", "nowhere", "--to", taken]);
    assert!(
        refused.stderr.contains("no server keeps its books there"),
        "{refused}"
    );
    let typed = "postgres://asha:s3cret@127.0.0.1/books";
    let refused = env
        .hissab(["store", "migrate", "--from", from, "--to", typed])
        .exits(2);
    assert!(!refused.to_string().contains("s3cret"), "{refused}");
    let refused = env
        .hissab(["serve", "--database", typed, "--check-config"])
        .exits(2);
    assert!(!refused.to_string().contains("s3cret"), "{refused}");
    env.hissab(["store", "migrate", "--from", from, "--to", from])
        .exits(2);
}

/// Two places that went apart are named, and nothing is changed.
#[test]
fn a_book_that_went_on_at_both_places_is_named() {
    let env = TestEnv::new();
    let data = folder(2);
    let from = data.path().to_str().unwrap();
    let url = make("apart");
    let words = ["store", "migrate", "--from", from, "--to", &url];
    env.hissab(words).ok();
    env.hissab(words).ok();
    env.hissab(["store", "reopen", from]).ok();
    let file = std::fs::read_dir(data.path().join("books"))
        .unwrap()
        .map(|item| item.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "hissab"))
        .unwrap();
    env.hissab([
        "-B",
        file.to_str().unwrap(),
        "add",
        "late",
        "Assets:Cash",
        "5",
        "Income:Sales",
    ])
    .ok();
    let refused = env.hissab(words).exits(3);
    assert!(
        refused.stderr.contains("the audit heads differ"),
        "{refused}"
    );
}

#[test]
fn a_server_moves_into_a_database_in_partitions_and_back() {
    let env = TestEnv::new();
    let (data, url) = (folder(2), make("parts"));
    let from = data.path().to_str().unwrap();
    let done = env
        .hissab(["store", "partition", &url, "--parts", "4"])
        .exits(0);
    assert_eq!(done.stdout, "the large tables have 4 partitions each\n");
    let again = env.hissab(["store", "partition", &url]);
    assert!(again.stderr.contains("in partitions already"), "{again}");
    let none = env.hissab(["store", "partition", from]);
    assert!(none.stderr.contains("only tables of a database"), "{none}");
    env.hissab(["store", "migrate", "--from", from, "--to", &url])
        .exits(0);
    let back = tempfile::tempdir().unwrap();
    let back = back.path().join("back");
    let to = back.to_str().unwrap();
    env.hissab(["store", "migrate", "--from", &url, "--to", to])
        .exits(0);
    assert_eq!(content(data.path()), content(&back));
}
