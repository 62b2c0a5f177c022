//! Servers that share a database: several at once, and connections that are cut under them.

use std::sync::atomic::{AtomicU64, Ordering};

use hissab::book::postgres::{PgBook, Store};
use hissab::book::{Book, BookError, CheckDepth};
use hissab::ledger::change::{Change, Done, Repeat, WriteMode};
use jiff::Timestamp;
use uuid::Uuid;

use crate::books::{day, draft, first_changes, unit_of};
use crate::postgres::{Shell, make, store, url};

fn new_book(store: &std::sync::Arc<Store>) -> Uuid {
    let org = Uuid::now_v7();
    let first = first_changes();
    let unit = unit_of(1, "created", "asha", &first);
    PgBook::create(store, org, Uuid::now_v7(), Timestamp::UNIX_EPOCH, &unit).unwrap();
    org
}

fn sale(id: u128) -> Vec<Change> {
    let entries = [("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")];
    vec![Change::Post(draft(id, day(4, 2), "Sale", &entries))]
}

fn post(book: &mut PgBook, id: u128) -> Result<Done, BookError> {
    let changes = sale(id);
    let unit = unit_of(id, "posted", "asha", &changes);
    book.write(&[unit], WriteMode::Commit)?.remove(0)
}

#[track_caller]
fn proves(org: Uuid, transactions: u64) {
    let mut book = PgBook::open_read(store(), org).unwrap();
    assert_eq!(book.info().unwrap().transactions, transactions);
    let outcomes = book.check(CheckDepth::Deep).unwrap();
    let findings: Vec<_> = outcomes.into_iter().flat_map(|o| o.findings).collect();
    assert_eq!(findings, []);
}

#[test]
fn servers_that_post_to_one_organisation_leave_no_gap() {
    const SERVERS: u128 = 3;
    const EACH: u128 = 40;
    let org = new_book(store());
    std::thread::scope(|scope| {
        for server in 0..SERVERS {
            scope.spawn(move || {
                let own = Store::connect(url()).unwrap();
                let mut book = PgBook::open_write(&own, org).unwrap();
                for n in 0..EACH {
                    let done = post(&mut book, 1_000 * (server + 1) + n).unwrap();
                    assert_eq!(done.repeat, Repeat::New);
                }
            });
        }
    });
    proves(org, (SERVERS * EACH) as u64);
}

/// What is cut may have been recorded: asking again says so, and never records it twice.
#[test]
fn cut_connections_lose_and_double_nothing() {
    const POSTS: u128 = 120;
    let org = new_book(store());
    let posted = AtomicU64::new(0);
    let own = Store::connect(&format!("{}?application_name=cut", url())).unwrap();
    let cuts = std::thread::scope(|scope| {
        let cutter = scope.spawn(|| {
            let shell = Shell::superuser();
            let (mut cuts, mut seen) = (0, 0);
            // Somewhere inside every third post or so.
            while seen < POSTS as u64 {
                let now = posted.load(Ordering::Relaxed);
                if now >= seen + 3 || now == POSTS as u64 {
                    seen = now;
                    cuts += shell.number(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'cut'",
                    );
                }
                std::thread::yield_now();
            }
            cuts
        });
        let mut book = PgBook::open_write(&own, org).unwrap();
        for n in 0..POSTS {
            let done = post(&mut book, 5_000 + n).unwrap();
            // Already: the answer of the commit was cut, not the commit.
            assert_ne!(done.repeat, Repeat::Nothing);
            posted.fetch_add(1, Ordering::Relaxed);
        }
        cutter.join().unwrap()
    });
    assert!(cuts > 0, "nothing was cut");
    proves(org, POSTS as u64);
}

#[test]
fn a_newer_schema_and_a_wrong_address_are_named() {
    let url = make("newer");
    drop(Store::connect(&url).unwrap());
    let shell = Shell::at(&url);
    let newer = "INSERT INTO hissab.refinery_schema_history (version, name, applied_on, checksum) VALUES (99, 'later', '2027-01-01T00:00:00Z', '1')";
    shell.types(newer).unwrap();
    let refused = Store::connect(&url).err().unwrap().to_string();
    assert!(
        refused.contains("99") || refused.contains("schema"),
        "{refused}"
    );
    let refused = Store::connect("mysql://x").err().unwrap().to_string();
    assert!(refused.contains("not one"), "{refused}");
}
