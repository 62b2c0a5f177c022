//! Books of an older schema: looked at without being touched, upgraded by the first write after a backup, by two
//! processes at once, and by one that dies at any step.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;

use crate::faults::{Fault, STEPS, Trial, files_of, proved};
use crate::support::TestEnv;

/// A book of schema 1, before the word index, with two sales; alone in its folder.
fn old_shop() -> (TestEnv, Vec<(String, Vec<u8>)>) {
    let env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    for amount in ["500", "250"] {
        env.hissab([
            "-B",
            "shop.hissab",
            "add",
            "Counter sale",
            "cash",
            amount,
            "sales",
        ])
        .ok();
    }
    let conn = Connection::open(env.path("shop.hissab")).unwrap();
    // What V0002 did, undone.
    conn.execute_batch(
        "DROP TABLE search; DELETE FROM migration WHERE version > 1; PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(conn);
    let files = files_of(&env.folder());
    assert_eq!(files.len(), 1);
    (env, files)
}

fn schema_of(path: &Path) -> u32 {
    let conn =
        Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

const ADD: &[&str] = &[
    "-B",
    "shop.hissab",
    "-q",
    "add",
    "Tea",
    "cash",
    "5",
    "sales",
];

#[test]
fn an_older_book_is_read_without_being_touched() {
    let (env, before) = old_shop();
    for words in [
        &["tb"][..],
        &["journal"],
        &["check", "--deep"],
        &["audit", "verify"],
        &["search", "counter"],
    ] {
        env.hissab(["-B", "shop.hissab"].iter().chain(words)).ok();
        assert_eq!(files_of(&env.folder()), before, "{words:?}");
    }
    assert_eq!(proved(&env.path("shop.hissab")).transactions, 2);
}

#[test]
fn the_first_write_upgrades_after_a_backup() {
    let (env, before) = old_shop();
    let old = proved(&env.path("shop.hissab"));
    env.hissab(ADD).ok();
    let (book, backup) = (env.path("shop.hissab"), env.path("shop.schema-1.hissab"));
    assert_eq!((schema_of(&book), schema_of(&backup)), (2, 1));
    assert_eq!(proved(&book).transactions, 3);
    assert_eq!(proved(&backup), old, "the backup is the book as it was");
    assert_eq!(
        std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // The words of what was written before are found.
    let found = env
        .hissab(["-B", "shop.hissab", "search", "counter", "-O", "csv"])
        .ok();
    assert!(found.stdout.contains("Counter sale"), "{found}");
    // The next write upgrades nothing and makes no second backup.
    env.hissab(ADD).ok();
    assert_eq!(files_of(&env.folder()).len(), before.len() + 1);
}

#[test]
fn two_processes_upgrade_at_once_and_both_write() {
    let (env, _) = old_shop();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| env.hissab(ADD).ok());
        }
    });
    assert_eq!(proved(&env.path("shop.hissab")).transactions, 6);
    assert_eq!(schema_of(&env.path("shop.hissab")), 2);
    // Who leaves at the same moment as another may leave the log behind; the next one takes it away.
    let files = files_of(&env.folder()).into_iter().map(|(name, _)| name);
    let backups: Vec<String> = files.filter(|n| n.contains("schema")).collect();
    assert_eq!(backups, ["shop.schema-1.hissab"], "the lock is taken first");
}

#[test]
fn an_upgrade_that_dies_at_any_step_leaves_the_old_book_or_the_new() {
    let (_env, files) = old_shop();
    let binary = Path::new(env!("CARGO_BIN_EXE_hissab"));
    let trial = Trial::new(binary, files, ADD);
    trial.reset();
    let path = trial.path("shop.hissab");
    let before = proved(&path);
    let mut upgraded = 0;
    let deaths = trial.die_at_every_step(STEPS, |tried| {
        let now = proved(&path);
        let acked = tried.output.stdout.ends_with(b"\n");
        assert!(
            now == before || now.transactions == before.transactions + 1,
            "step {}",
            tried.step
        );
        assert!(
            now != before || !acked,
            "acknowledged and lost at step {}",
            tried.step
        );
        let schema = schema_of(&path);
        assert!(
            schema == 1 || trial.path("shop.schema-1.hissab").exists(),
            "upgraded without a backup"
        );
        upgraded += usize::from(schema == 2);
        assert!(
            trial.run().status.success(),
            "the next write needs no repair"
        );
    });
    eprintln!("upgrade: killed at each of {deaths} steps, after the upgrade in {upgraded}");
    assert!(upgraded > 0 && upgraded < deaths);
}

#[test]
fn an_upgrade_on_a_failing_disk_is_refused_and_succeeds_afterwards() {
    let (_env, files) = old_shop();
    let trial = Trial::new(Path::new(env!("CARGO_BIN_EXE_hissab")), files, ADD);
    let path = trial.path("shop.hissab");
    trial.reset();
    let before = proved(&path);
    let mut refused = 0;
    for (call, every) in [("pwrite64", 11), ("fsync", 1), ("?rename", 1)] {
        for step in (1..).step_by(every) {
            trial.reset();
            if !trial.try_at(call, Fault::Kill, step).killed() {
                break;
            }
            trial.reset();
            let tried = trial.try_at(call, Fault::Error("EIO"), step);
            let now = proved(&path);
            let place = format!("{call} {step}: {}", tried.stderr());
            match tried.output.status.code() {
                Some(0) => assert_eq!(now.transactions, before.transactions + 1, "{place}"),
                Some(1 | 10) => refused += 1,
                other => panic!("exit {other:?}: {place}"),
            }
            assert!(trial.run().status.success(), "after {place}");
            assert!(proved(&path).transactions > before.transactions);
        }
    }
    assert!(refused > 0);
}
