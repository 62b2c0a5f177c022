//! A schema is brought up to date while servers of the release before work on it: nobody waits long behind a step,
//! and steps only widen.

use std::time::{Duration, Instant};

use hissab::book::postgres::{PgBook, Store};
use hissab::book::{Book, CheckDepth};
use jiff::Timestamp;
use uuid::Uuid;

use crate::books::{first_changes, unit_of};
use crate::postgres::{Shell, make};
use crate::support::until;

/// The schema of the first servers on Postgres: books and registry.
const FIRST: u32 = 2;
/// Twice what a step may hold others up, and the machine's own slowness.
const LONG: Duration = Duration::from_secs(5);

#[test]
fn readers_pass_a_schema_that_is_brought_up_to_date() {
    let url = make("older");
    Store::migrate_to(&url, FIRST).unwrap();
    let (reader, others) = (Shell::at(&url), Shell::at(&url));
    // A report that takes its time: a step on this table must wait for it.
    reader
        .types("BEGIN; SELECT count(*) FROM hissab.org_counters")
        .unwrap();
    let waiting = || {
        let locks = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                      WHERE a.datname = current_database() AND NOT l.granted AND l.relation = 'hissab.org_counters'::regclass";
        others.number(locks) > 0
    };
    std::thread::scope(|scope| {
        let upgraded = scope.spawn(|| Store::connect(&url).map(|store| store.fences().clone()));
        for _ in 0..3 {
            until("waiting", waiting);
            let since = Instant::now();
            others.number("SELECT count(*) FROM hissab.org_counters");
            assert!(since.elapsed() < LONG, "{:?}", since.elapsed());
            until("out of the way", || !waiting());
            assert!(!upgraded.is_finished(), "the report is still read");
        }
        reader.types("COMMIT").unwrap();
        let fences = upgraded.join().unwrap().unwrap();
        assert!(fences.row_check && fences.seal && fences.row_security);
    });
    // What there was goes on.
    let first = first_changes();
    let unit = unit_of(1, "created", "asha", &first);
    let store = Store::connect(&url).unwrap();
    let (org, id) = (Uuid::now_v7(), Uuid::now_v7());
    let (mut book, _) = PgBook::create(&store, org, id, Timestamp::UNIX_EPOCH, &unit).unwrap();
    let outcomes = book.check(CheckDepth::Deep).unwrap();
    assert!(
        outcomes
            .into_iter()
            .all(|outcome| outcome.findings.is_empty())
    );
}

#[test]
fn steps_of_the_schema_only_widen() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.as_str() < "V0003" {
            continue;
        }
        let sql = std::fs::read_to_string(&path).unwrap().to_uppercase();
        for narrow in [
            "DROP TABLE",
            "DROP COLUMN",
            "RENAME",
            "SET NOT NULL",
            "SET DATA TYPE",
            " TYPE ",
        ] {
            assert!(
                !sql.contains(narrow),
                "{name}: {narrow} breaks the release before"
            );
        }
        for statement in sql.split(';').filter(|s| s.contains("ADD COLUMN")) {
            let needed = statement.contains("NOT NULL") && !statement.contains("DEFAULT");
            assert!(
                !needed,
                "{name}: the release before does not fill {statement}"
            );
        }
    }
}
