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

/// Runs the same line in several processes at once.
fn at_once(env: &TestEnv, lines: &[Vec<&str>]) {
    std::thread::scope(|scope| {
        for line in lines {
            scope.spawn(move || env.hissab(line).ok());
        }
    });
}

fn shop_with_a_bank() -> TestEnv {
    let env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    env.hissab(["-B", "shop.hissab", "account", "add", "Assets:Bank:HDFC"])
        .ok();
    env
}

#[test]
fn a_statement_that_several_bring_in_at_once_is_there_once() {
    let env = shop_with_a_bank();
    let mut text = "Date,Description,Debit,Credit\n".to_owned();
    for row in 0..300 {
        text.push_str(&format!(
            "2026-03-{:02},row {row},{row}.50,\n",
            1 + row % 28
        ));
    }
    std::fs::write(env.path("march.csv"), text).unwrap();
    std::fs::write(
        env.path("old.journal"),
        "2026-02-01 tea\n  Expenses:Tea  5 INR\n  Assets:Cash\n",
    )
    .unwrap();
    let statement = [
        "-B",
        "shop.hissab",
        "import",
        "march.csv",
        "--account",
        "hdfc",
    ]
    .to_vec();
    let journal = [
        "-B",
        "shop.hissab",
        "import",
        "old.journal",
        "--create-accounts",
    ]
    .to_vec();
    let both = [
        "-B",
        "shop.hissab",
        "import",
        "--atomic",
        "march.csv",
        "--account",
        "hdfc",
    ];
    let lines: Vec<_> = (0..3)
        .flat_map(|_| [statement.clone(), journal.clone()])
        .chain([both.to_vec()])
        .collect();
    at_once(&env, &lines);
    assert_eq!(proved(&env.path("shop.hissab")).transactions, 301);
}

#[test]
fn what_several_change_of_one_transaction_at_once_is_all_there() {
    let env = shop_with_a_bank();
    env.hissab(["-B", "shop.hissab", "in", "100", "sales"]).ok();
    let tags: Vec<String> = (0..6).map(|n| format!("k{n}=v")).collect();
    let mut lines: Vec<Vec<&str>> = tags
        .iter()
        .map(|tag| vec!["-B", "shop.hissab", "tag", "1", tag])
        .collect();
    for words in [["--amount", "250"], ["--description", "corrected"]] {
        lines.push([&["-B", "shop.hissab", "amend", "1"][..], &words].concat());
    }
    let all = ["recategorise", "date:2026", "--to", "Income:Commission"];
    lines.push([&["-B", "shop.hissab"][..], &all, &["--create-accounts"]].concat());
    at_once(&env, &lines);
    let shown = env.hissab(["-B", "shop.hissab", "show", "1"]).ok().stdout;
    for part in ["250.00", "corrected", "Income:Commission"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for tag in &tags {
        assert!(shown.contains(&tag[..2]), "{tag}: {shown}");
    }
}

#[test]
fn a_difference_that_several_count_at_once_is_booked_once() {
    let env = shop_with_a_bank();
    env.hissab(["-B", "shop.hissab", "in", "1000", "sales"])
        .ok();
    let line = ["-B", "shop.hissab", "count", "cash", "900", "--post"].to_vec();
    at_once(&env, &vec![line; 5]);
    let book = proved(&env.path("shop.hissab"));
    assert_eq!(book.transactions, 2);
}

#[test]
fn nobody_posts_behind_the_lock_of_a_year_that_is_being_closed() {
    let env = shop_with_a_bank();
    let sale = ["-B", "shop.hissab", "in", "7", "sales", "-d", "2026-03-01"].to_vec();
    env.hissab(&sale).ok();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            // Refused where the year is closed already.
            scope.spawn(|| env.hissab(&sale));
        }
        scope.spawn(|| {
            env.hissab(["-B", "shop.hissab", "close", "--fy", "2025-26"])
                .ok()
        });
    });
    let sheet = env.hissab(["-B", "shop.hissab", "bs", "-p", "fy2025-26"]);
    assert!(!sheet.ok().stdout.contains("Unclosed"), "closed in part");
}
