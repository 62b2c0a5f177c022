//! Many processes on one book: all of what they write is there once, every report meanwhile proves, and nobody
//! is shown a lock.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hissab::book::sqlite::SqliteBook;
use hissab::book::{Book, Scan};

use crate::books::WAIT;
use crate::faults::proved;
use crate::support::TestEnv;

const WRITERS: usize = 8;
const ADDS: usize = 50;
const READERS: usize = 2;

#[test]
fn eight_processes_add_and_every_trial_balance_meanwhile_proves() {
    let env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    let (writing, read) = (AtomicBool::new(true), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let env = &env;
                scope.spawn(move || {
                    for n in 0..ADDS {
                        let what = format!("writer {writer} sale {n}");
                        let words = [
                            "-B",
                            "shop.hissab",
                            "-q",
                            "add",
                            &what,
                            "cash",
                            "5",
                            "sales",
                        ];
                        let run = env.hissab(words).ok();
                        assert!(
                            !run.stderr.contains("lock") && !run.stderr.contains("busy"),
                            "{run}"
                        );
                    }
                })
            })
            .collect();
        for _ in 0..READERS {
            scope.spawn(|| {
                while writing.load(Ordering::Relaxed) {
                    let run = env.hissab(["-B", "shop.hissab", "tb"]).ok();
                    assert!(
                        !run.stderr.contains("lock") && !run.stderr.contains("busy"),
                        "{run}"
                    );
                    assert!(run.stdout.contains("Proved"), "{run}");
                    read.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let ended: Vec<_> = writers.into_iter().map(|w| w.join()).collect();
        writing.store(false, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
    let state = proved(&env.path("shop.hissab"));
    assert_eq!(state.transactions as usize, WRITERS * ADDS);
    assert_eq!(state.sequence as usize, WRITERS * ADDS + 1);
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut book = SqliteBook::open_read(&env.path("shop.hissab"), WAIT).unwrap();
    book.scan(&Scan::default(), &mut |t| {
        *seen.entry(t.description.to_string()).or_default() += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(seen.len() == WRITERS * ADDS && seen.values().all(|n| *n == 1));
    eprintln!(
        "{WRITERS} × {ADDS} adds, {} trial balances meanwhile",
        read.load(Ordering::Relaxed)
    );
}

#[test]
fn the_same_once_key_from_many_processes_posts_once() {
    let env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    let words = [
        "-B",
        "shop.hissab",
        "-q",
        "add",
        "Rent",
        "cash",
        "-5",
        "sales",
        "--once",
        "rent-april",
    ];
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| env.hissab(words).ok());
        }
    });
    assert_eq!(proved(&env.path("shop.hissab")).transactions, 1);
}

#[test]
fn backups_while_others_write_are_whole() {
    let env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    let add = |n: usize| {
        let what = format!("sale {n}");
        env.hissab([
            "-B",
            "shop.hissab",
            "-q",
            "add",
            &what,
            "cash",
            "5",
            "sales",
        ])
        .ok();
    };
    std::thread::scope(|scope| {
        scope.spawn(|| (0..60).for_each(add));
        for n in 0..10 {
            let before = SqliteBook::open_read(&env.path("shop.hissab"), WAIT)
                .unwrap()
                .info()
                .unwrap();
            let copy = format!("copy-{n}.hissab");
            env.hissab(["-B", "shop.hissab", "backup", &copy]).ok();
            assert!(
                proved(&env.path(&copy)).sequence >= before.sequence,
                "what was acknowledged is in it"
            );
        }
    });
    assert_eq!(proved(&env.path("shop.hissab")).transactions, 60);
}
