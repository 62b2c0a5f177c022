//! Whole books into Postgres and out of it: as files, over push and clone, while others write.

use std::path::Path;

use hissab::book::open::{Shelf, Spot};
use hissab::book::postgres::PgBook;
use hissab::book::sqlite::SqliteBook;
use hissab::book::{Book, CheckDepth};
use hissab::ledger::change::{Change, WriteMode};
use uuid::Uuid;

use crate::books::{WAIT, day, draft, first_changes, unit_of};
use crate::postgres::store;
use crate::rich::{everything, rich_shop};
use crate::served::{SECRET, Served, WHO};
use crate::support::TestEnv;

/// Every row of a book file that is a part of the book, as text.
pub fn rows_of(path: &Path) -> String {
    const TABLES: &[&str] = &[
        "book",
        "setting",
        "currency",
        "account",
        "txn",
        "entry",
        "entry_detail",
        "price",
        "assertion",
        "accepted",
        "batch",
        "source_row",
        "source_text",
        "total",
        "conversion",
        "audit",
        "unsealed",
        "request",
        "mark",
    ];
    let conn = rusqlite::Connection::open(path).unwrap();
    let mut text = String::new();
    for table in TABLES {
        // Keys of `--once` stay where they were used.
        let none = if *table == "request" {
            "WHERE false"
        } else {
            ""
        };
        let mut statement = conn
            .prepare(&format!("SELECT * FROM {table} {none}"))
            .unwrap();
        let columns = statement.column_count();
        let mut lines = Vec::new();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..columns)
                .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                .collect();
            lines.push(cells.join(" | "));
        }
        lines.sort();
        text.push_str(&format!("-- {table}\n{}\n", lines.join("\n")));
    }
    text
}

fn taken_in(from: &Path) -> Uuid {
    let key = Uuid::now_v7();
    let mut from = SqliteBook::open_read(from, WAIT).unwrap();
    PgBook::take_in(store(), key, &mut from).unwrap();
    key
}

/// The book of a key as a file.
fn copied(key: Uuid, to: &Path) {
    let shelf = Shelf::Postgres(store().clone());
    let spot = Spot {
        org: key,
        file: Path::new("-"),
    };
    shelf.read(spot).unwrap().snapshot(to).unwrap();
}

#[track_caller]
fn proves(book: &mut dyn Book) {
    let outcomes = book.check(CheckDepth::Deep).unwrap();
    let findings: Vec<_> = outcomes.into_iter().flat_map(|o| o.findings).collect();
    assert_eq!(findings, []);
    assert_eq!(book.verify().unwrap().faults, []);
}

#[test]
fn a_rich_book_goes_in_and_comes_out_row_by_row_the_same() {
    let mut shop = rich_shop();
    let key = taken_in(&shop.path);
    let mut there = PgBook::open_write(store(), key).unwrap();
    proves(&mut there);
    // Their schemas are counted apart.
    let here = everything(&mut shop.book).unwrap();
    let far = everything(&mut there).unwrap();
    let schema = |version: u32| format!("schema_version: {version}");
    let line = |text: &str| {
        let theirs = schema(hissab::book::postgres::SCHEMA_VERSION);
        text.replace(&theirs, &schema(hissab::book::sqlite::SCHEMA_VERSION))
    };
    for (here, far) in here.lines().zip(far.lines()) {
        assert!(line(here) == line(far), "{:.200}", far);
    }
    assert_eq!(here.lines().count(), far.lines().count());
    let copy = shop.folder.path().join("copy.hissab");
    copied(key, &copy);
    assert!(rows_of(&copy) == rows_of(&shop.path), "rows differ");
    proves(&mut SqliteBook::open_read(&copy, WAIT).unwrap());
    let left: Vec<_> = std::fs::read_dir(shop.folder.path())
        .unwrap()
        .map(|item| item.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".hissab"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // Both go on alike: counters, keys and hashes are those of the same book.
    let changes = vec![Change::Post(draft(
        7_000,
        day(5, 3),
        "After the move",
        &[("Assets:Cash", "3.00"), ("Income:Sales", "-3.00")],
    ))];
    let unit = || unit_of(7_000, "posted", "asha", &changes);
    let mut file = SqliteBook::open_write(&copy, WAIT).unwrap();
    let here = file.write(&[unit()], WriteMode::Commit).unwrap().remove(0);
    let far = there.write(&[unit()], WriteMode::Commit).unwrap().remove(0);
    assert_eq!(here.unwrap(), far.unwrap());
    proves(&mut there);
}

#[test]
fn a_key_that_has_a_book_takes_no_other() {
    let shop = rich_shop();
    let key = taken_in(&shop.path);
    let mut from = SqliteBook::open_read(&shop.path, WAIT).unwrap();
    let refused = PgBook::take_in(store(), key, &mut from).unwrap_err();
    assert!(refused.to_string().contains("already"), "{refused}");
    proves(&mut PgBook::open_read(store(), key).unwrap());
}

/// What comes out while somebody writes is one state of the book.
#[test]
fn a_copy_made_while_others_write_proves() {
    let shop = rich_shop();
    let key = taken_in(&shop.path);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut book = PgBook::open_write(store(), key).unwrap();
            let mut id = 20_000;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                id += 1;
                let changes = vec![Change::Post(draft(
                    id,
                    day(5, 1),
                    "Meanwhile",
                    &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
                ))];
                let unit = unit_of(id, "posted", "asha", &changes);
                book.write(&[unit], WriteMode::Commit)
                    .unwrap()
                    .remove(0)
                    .unwrap();
            }
        });
        let mut last = 0;
        for n in 0..6 {
            let copy = shop.folder.path().join(format!("copy-{n}.hissab"));
            copied(key, &copy);
            let mut copy = SqliteBook::open_read(&copy, WAIT).unwrap();
            proves(&mut copy);
            let sequence = copy.info().unwrap().sequence;
            assert!(sequence >= last, "{sequence} after {last}");
            last = sequence;
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// A person's machine, and a server on Postgres with an empty book.
fn at_work() -> (TestEnv, Served) {
    let first = first_changes();
    let served = Served::in_postgres(Uuid::now_v7(), &unit_of(1, "created", "asha", &first));
    let mut env = TestEnv::new();
    env.set("HISSAB_USER_NAME", WHO);
    env.set("HISSAB_TOKEN", SECRET);
    env.hissab(["init", "mine.hissab", "--template", "shop"])
        .ok();
    for line in [
        "in 500 sales",
        "out 20 tea --create-accounts --category Expenses:Tea",
        "undo",
    ] {
        let words = ["-B", "mine.hissab"].into_iter().chain(line.split(' '));
        env.hissab(words).ok();
    }
    (env, served)
}

#[test]
fn push_and_clone_go_through_a_server_on_postgres() {
    let (env, served) = at_work();
    let place = served.place();
    let head = |book: &str| env.hissab(["-B", book, "audit", "head"]).ok().stdout;
    env.hissab(["push", "mine.hissab", &place]).ok();
    assert_eq!(head("mine.hissab"), head(&place));
    // The same again changes nothing.
    env.hissab(["push", "mine.hissab", &place]).ok();
    env.hissab(["-B", &place, "in", "75", "sales"]).ok();
    env.hissab(["clone", &place, "copy.hissab"]).ok();
    assert_eq!(head("copy.hissab"), head(&place));
    for words in [
        &["tb"][..],
        &["journal", "-O", "ndjson"],
        &["audit", "list", "--json"],
    ] {
        let here = env.hissab(["-B", "copy.hissab"].iter().chain(words)).ok();
        let there = env.hissab(["-B", &place].iter().chain(words)).ok();
        assert_eq!(here.stdout, there.stdout, "{words:?}");
    }
    env.hissab(["-B", "copy.hissab", "check", "--deep"]).ok();
    env.hissab(["-B", &place, "check", "--deep"]).ok();
    // The copy goes on, and what it holds continues the server's book.
    env.hissab(["book", "detach", "copy.hissab", "--yes"]).ok();
    env.hissab(["-B", "copy.hissab", "in", "5", "sales"]).ok();
    env.hissab(["push", "copy.hissab", &place]).ok();
    assert_eq!(head("copy.hissab"), head(&place));
    env.hissab(["-B", &place, "in", "6", "sales"]).ok();
    env.hissab(["-B", &place, "check", "--deep"]).ok();
    // The first file went another way than the server: nothing is merged.
    env.hissab(["book", "detach", "mine.hissab", "--yes"]).ok();
    env.hissab(["-B", "mine.hissab", "in", "7", "sales"]).ok();
    env.hissab(["push", "mine.hissab", &place]).exits(7);
    assert_eq!(env.hissab(["-B", &place, "in", "8", "sales"]).ok().exit, 0);
    env.hissab(["-B", &place, "audit", "verify"]).ok();
}

/// A writer that has the replaced book open still records nothing in it.
#[test]
fn a_book_that_was_replaced_takes_no_writers() {
    let (env, served) = at_work();
    let org = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00aa);
    let lanes = &served.server.as_ref().unwrap().state().lanes;
    let spot = Spot {
        org,
        file: Path::new("acme"),
    };
    let mut late = lanes.shelf().write(spot, WAIT).unwrap();
    env.hissab(["push", "mine.hissab", &served.place()]).ok();
    let changes = first_changes();
    let unit = unit_of(50, "posted", "asha", &changes);
    let refused = late.write(&[unit], WriteMode::Commit).unwrap().remove(0);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("replaced"), "{refused}");
}
