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

const APRIL: &str = "Date,Narration,Withdrawal,Deposit,Balance\n28/04/2025,FEE,100.00,,9900.00\n";

#[test]
fn what_was_imported_stays_imported_when_its_account_is_merged() {
    let env = bank();
    env.hissab(["account", "add", "Assets:Bank:NEW"]).ok();
    env.write("apr.csv", APRIL);
    env.write("may.csv", MAY);
    env.write(
        "apr2.csv",
        "Txn Date;Description;Amount;Dr/Cr;Balance\n28-Apr-2025;CHARGE;100.00;DR;9,900.00\n",
    );
    import(&env, "apr.csv");
    env.hissab(["account", "merge", "hdfc", "NEW"]).ok();
    let new = |file: &str| {
        let words = ["import", file, "--account", "Assets:Bank:NEW"];
        let words = words.into_iter().chain(["--date-order", "dmy"]);
        fates(&env.hissab(words).ok())
    };
    assert_eq!(new("apr.csv"), [0, 0, 1], "the same file again");
    assert_eq!(new("apr2.csv"), [0, 1, 0], "in another form");
    assert_eq!(new("may.csv"), [2, 0, 0], "a later fee is another one");
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn csv_files_of_two_forms_are_imported_once() {
    let without = "Date,Description,Amount\n2025-04-20,FEE,-50\n";
    let balance = "Date,Description,Amount,Balance\n2025-04-20,FEE,-50,950\n";
    let reference = "Date,Description,Amount,Ref\n2025-04-20,FEE,-50,77\n";
    let forms = [without, balance, reference];
    for (first, then) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
        let env = bank();
        env.write("a.csv", forms[first]);
        env.write("b.csv", forms[then]);
        assert_eq!(fates(&import(&env, "a.csv")), [1, 0, 0]);
        assert_eq!(fates(&import(&env, "b.csv")), [0, 1, 0], "{first} {then}");
        assert_eq!(fates(&import(&env, "a.csv")), [0, 0, 1]);
    }
    // In files of one form, what is not stored is another row.
    let env = bank();
    env.write("a.csv", balance);
    env.write(
        "b.csv",
        "Date,Description,Amount,Balance\n2025-04-20,FEE,-50,900\n",
    );
    import(&env, "a.csv");
    assert_eq!(fates(&import(&env, "b.csv")), [1, 0, 0]);
}

const RENT: &str = "Date,Narration,Chq./Ref.No.,Withdrawal Amt.,Deposit Amt.,Closing Balance\n\
    22/04/25,RENT,0003,3000.00,,7000.00\n";
const RENT_AGAIN: &str = "Txn Date;Value Date;Description;Amount;Dr/Cr;Balance\n\
    22-Apr-2025;22-Apr-2025;RENT;3,000.00;DR;7,000.00\n";

#[test]
fn a_row_is_found_again_by_what_it_said_whatever_became_of_its_transaction() {
    for change in [
        &["amend", "2", "-d", "2025-04-20"][..],
        &["amend", "2", "-d", "2025-06-20"],
        &["amend", "2", "--amount", "3300"],
        &["void", "2", "--reason", "not ours"],
    ] {
        let env = bank();
        env.write("a.csv", RENT);
        env.write("c.csv", RENT_AGAIN);
        import(&env, "a.csv");
        env.hissab(change).ok();
        assert_eq!(fates(&import(&env, "c.csv")), [0, 1, 0], "{change:?}");
        assert_eq!(fates(&import(&env, "c.csv")), [0, 0, 1], "{change:?}");
        env.hissab(["check", "--deep"]).ok();
    }
}

#[test]
fn a_row_matched_with_an_entry_of_another_day_is_found_on_its_own_day() {
    let env = bank();
    env.hissab("add rent Expenses:Rent 3000 hdfc -d 2025-04-20 --create-accounts".split(' '))
        .ok();
    env.write("a.csv", RENT);
    env.write("c.csv", RENT_AGAIN);
    assert_eq!(fates(&import(&env, "a.csv")), [0, 1, 0]);
    assert_eq!(fates(&import(&env, "c.csv")), [0, 1, 0]);
}

#[test]
fn a_day_in_another_order_is_the_same_day() {
    let env = bank();
    env.write(
        "f1.csv",
        "Date,Narration,Withdrawal,Deposit,Balance\n\
         20/04/2025,A,100.00,,900.00\n20/04/2025,B,,50.00,950.00\n",
    );
    env.write(
        "f2.csv",
        "Date,Narration,Withdrawal,Deposit,Balance\n\
         20/04/2025,B,,50.00,1050.00\n20/04/2025,A,100.00,,950.00\n21/04/2025,A,100.00,,850.00\n",
    );
    env.write(
        "rest.csv",
        "Date,Narration,Withdrawal,Deposit,Balance\n21/04/2025,A,100.00,,750.00\n",
    );
    assert_eq!(fates(&import(&env, "f1.csv")), [2, 0, 0]);
    env.hissab(["amend", "3", "--description", "B, corrected"])
        .ok();
    assert_eq!(fates(&import(&env, "f2.csv")), [1, 0, 2]);
    assert_eq!(fates(&import(&env, "f2.csv")), [0, 0, 3]);
    assert_eq!(
        fates(&import(&env, "rest.csv")),
        [1, 0, 0],
        "the day went on"
    );
}

#[test]
fn what_stood_for_the_rows_of_an_undone_import_is_absent_with_them() {
    let env = bank();
    env.write("a.csv", RENT);
    env.write("c.csv", RENT_AGAIN);
    import(&env, "a.csv");
    assert_eq!(fates(&import(&env, "c.csv")), [0, 1, 0]);
    env.hissab(["import", "undo", "1"]).ok();
    assert_eq!(fates(&import(&env, "c.csv")), [1, 0, 0]);
    assert_eq!(fates(&import(&env, "c.csv")), [0, 0, 1]);
    assert_eq!(fates(&import(&env, "a.csv")), [0, 1, 0]);
    let ledger = env.hissab(["balance", "hdfc", "-O", "csv"]).ok().stdout;
    assert!(ledger.contains("7000.00"), "{ledger}");
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn a_dry_run_refuses_what_the_book_would_refuse() {
    let env = bank();
    env.write("apr.csv", APRIL);
    env.write("may.csv", MAY);
    env.write(
        "apr.journal",
        "2025-04-02 Tea\n    Expenses:Tea    12.50 INR\n    Assets:Bank:HDFC\n",
    );
    import(&env, "apr.csv");
    env.hissab(["void", "2", "--reason", "twice"]).ok();
    let trial = env.hissab(["import", "undo", "1", "--dry-run"]).ok();
    assert!(
        trial.stdout.contains("0 transactions voided"),
        "it was void before: {trial}"
    );
    env.write("fee.csv", APRIL.replace("FEE", "SECOND FEE"));
    import(&env, "fee.csv");
    env.hissab(["lock", "2025-04-30", "--yes"]).ok();
    let head = env.hissab(["audit", "head"]).ok().stdout;
    env.write("late.csv", APRIL.replace("FEE", "LATE FEE"));
    for dry in [&["--dry-run"][..], &[]] {
        for file in ["late.csv", "apr.journal"] {
            let account: &[_] = match file {
                "late.csv" => &["--account", "hdfc"],
                _ => &["--create-accounts"],
            };
            let words = [&["import", file], account, dry].concat();
            let run = env.hissab(words).exits(7);
            assert!(run.stderr.contains("locked"), "{run}");
        }
        env.hissab([&["import", "undo", "2"], dry].concat())
            .exits(7);
    }
    // One refused file of several does not hide the others.
    let words = "import may.csv late.csv --account hdfc --date-order dmy --dry-run";
    let run = env.hissab(words.split(' ')).exits(1);
    assert!(run.stdout.contains("Would post 2"), "{run}");
    assert_eq!(env.hissab(["audit", "head"]).ok().stdout, head);
}

#[test]
fn why_the_books_differ_is_looked_up_and_not_guessed() {
    let env = bank();
    let said = |file: &str| {
        let run = import(&env, file);
        let line = run.stdout.lines().find(|l| l.starts_with("Books after"));
        line.unwrap()
            .split_once("difference ")
            .map(|(_, t)| t.to_owned())
    };
    env.write("a.csv", RENT);
    assert_eq!(said("a.csv"), None);
    // The books began as the statement does; what differs came after.
    env.hissab(["void", "2", "--reason", "not ours"]).ok();
    assert_eq!(
        said("a.csv").unwrap(),
        "3,000.00 Dr: since 22-Apr-2025 the books move otherwise (hissab reconcile shows where)"
    );
    env.hissab(["amend", "1", "--amount", "9000"]).ok();
    assert_eq!(
        said("a.csv").unwrap(),
        "2,000.00 Dr: before 22-Apr-2025 the books hold 9,000.00 Dr, the statement begins with 10,000.00 Dr, \
         and since then they move otherwise"
    );
    env.hissab(["undo"]).ok();
    env.hissab(["undo"]).ok();
    env.hissab(["amend", "1", "--amount", "9000"]).ok();
    assert_eq!(
        said("a.csv").unwrap(),
        "1,000.00 Cr: before 22-Apr-2025 the books hold 9,000.00 Dr, the statement begins with 10,000.00 Dr"
    );
}
