//! Statements that overlap what the book holds: rows that are there are found again, rows that are not are never
//! taken for others.

use crate::support::{Run, TestEnv};

/// A book with a bank account that held 10,000.00 on 1 April 2025.
fn bank() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--name", "S", "--template", "shop"])
        .ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    env.hissab(["account", "add", "Assets:Bank:HDFC"]).ok();
    env.hissab(["opening", "hdfc=10000", "-d", "2025-04-01"])
        .ok();
    env
}

fn import(env: &TestEnv, file: &str) -> Run {
    env.hissab(["import", file, "--account", "hdfc", "--date-order", "dmy"])
        .ok()
}

/// What the last line of an import says: posted, matched, known.
fn fates(run: &Run) -> [u64; 3] {
    let line = run.stdout.lines().find(|l| l.contains("osted ")).unwrap();
    let numbers = line
        .split([' ', ','])
        .filter_map(|w| w.parse::<u64>().ok())
        .collect::<Vec<_>>();
    // `Posted 1 (1 to Suspense), matched 0, skipped 2 already imported, refused 0`
    let numbers = match line.contains(" to Suspense") {
        true => [&numbers[..1], &numbers[numbers.len() - 3..]].concat(),
        false => numbers,
    };
    [numbers[0], numbers[1], numbers[2]]
}

const MAY: &str = "Date,Narration,Withdrawal,Deposit,Balance\n\
    02/05/2025,FEE,100.00,,9800.00\n20/05/2025,DEP,,500.00,10300.00\n";

#[test]
fn what_was_reconciled_with_an_earlier_statement_is_not_a_row_of_a_later_one() {
    let env = bank();
    env.hissab("add fee Expenses:Fees 100 hdfc -d 2025-04-28 --create-accounts".split(' '))
        .ok();
    env.hissab("reconcile hdfc --balance 9900 --until 2025-04-30 --accept-exact".split(' '))
        .ok();
    env.write("may.csv", MAY);
    let seen = env
        .hissab(["reconcile", "hdfc", "--statement", "may.csv"])
        .exits(3);
    assert_eq!(seen.stdout.matches("statement only").count(), 2, "{seen}");
    assert_eq!(fates(&import(&env, "may.csv")), [2, 0, 0]);
    env.hissab(["check"]).ok();
}
