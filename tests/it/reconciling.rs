//! `hissab reconcile`: an account against statements, the marks, and what they hold.

use crate::support::{Run, TestEnv};

/// A book whose bank held 1,000 before April; a cheque of 300 is not presented yet.
fn bank() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab([
        "init",
        "books.hissab",
        "--template",
        "personal",
        "--currency",
        "INR",
    ])
    .ok();
    env.set("HISSAB_BOOK", "books.hissab");
    env.hissab(["account", "add", "Assets:Bank:HDFC", "--alias", "hdfc"]);
    for words in [
        "add -d 2026-03-01 opened hdfc 1000 Equity:Opening-Balances --create-accounts",
        "add -d 2026-04-02 salary hdfc 500 Income:Salary --create-accounts",
        "add -d 2026-04-03 cheque Expenses:Rent 300 hdfc --create-accounts",
        "add -d 2026-04-04 tea Expenses:Food 20 hdfc --create-accounts",
    ] {
        env.hissab(words.split(' ')).ok();
    }
    env
}

const APRIL: &str = "Date,Narration,Withdrawal,Deposit,Balance\n\
    2026-04-02,SALARY,,500.00,1500.00\n2026-04-04,TEA,20.00,,1480.00\n";

fn reconcile(env: &TestEnv, words: &str) -> Run {
    env.hissab(
        ["reconcile", "hdfc"]
            .into_iter()
            .chain(words.split_whitespace()),
    )
}

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {run}"))
}

#[test]
fn a_statement_that_agrees_is_marked_and_holds_its_entries() {
    let env = bank();
    env.write("april.csv", APRIL);
    let head = env.hissab(["audit", "head"]).ok().stdout;
    let looked = reconcile(&env, "--statement april.csv --json").ok();
    let seen = json(&looked);
    assert_eq!(seen["exact"], true, "{looked}");
    assert_eq!(seen["statement"], "1480.00");
    assert_eq!(seen["outstanding"], "-300.00");
    assert_eq!(
        seen["rows"][0]["currency"], "INR",
        "no amount without its currency"
    );
    assert_eq!(
        env.hissab(["audit", "head"]).ok().stdout,
        head,
        "looking marks nothing"
    );
    reconcile(&env, "--statement april.csv --accept-exact --dry-run").ok();
    assert_eq!(
        env.hissab(["audit", "head"]).ok().stdout,
        head,
        "nor does a trial"
    );
    let marked = reconcile(&env, "--statement april.csv --accept-exact").ok();
    assert!(marked.stderr.contains("3 transactions marked"), "{marked}");
    let again = reconcile(&env, "--statement april.csv --accept-exact").ok();
    assert!(again.stderr.contains("nothing new"), "{again}");
    let open = json(&reconcile(&env, "--json").ok());
    assert_eq!(
        open["rows"].as_array().unwrap().len(),
        1,
        "the cheque: {open}"
    );
    assert_eq!(open["reconciled_before"], "1480.00");

    for words in [
        &["void", "2", "--reason", "x"][..],
        &["amend", "2", "--date", "2026-04-03"],
        &["amend", "4", "--dr", "Expenses:Food=21", "--cr", "hdfc=21"],
    ] {
        let refused = env.hissab(words).exits(7);
        assert!(refused.stderr.contains("--undo"), "{refused}");
    }
    // What is not on the statement stays free: words, and the other side.
    env.hissab(["amend", "4", "--description", "tea and cake"])
        .ok();
    env.hissab(["check"]).ok();
    reconcile(&env, "--undo 2").ok();
    env.hissab(["void", "2", "--reason", "x"]).ok();
    reconcile(&env, "--undo 3").exits(6);
    reconcile(&env, "--undo-statement 2026-04-04").ok();
    assert_eq!(
        json(&reconcile(&env, "--json").ok())["reconciled_before"],
        "0.00"
    );
    env.hissab(["audit", "verify"]).ok();
}

#[test]
fn what_differs_is_told_and_nothing_is_marked() {
    let env = bank();
    env.write("fee.csv", format!("{APRIL}2026-04-05,FEE,10.00,,1470.00\n"));
    let run = reconcile(&env, "--statement fee.csv --accept-exact").exits(3);
    assert!(run.stdout.contains("statement only"), "{run}");
    let hint = run
        .stdout
        .lines()
        .find_map(|l| l.split_once("hissab import "));
    let words = format!("import {} --dry-run", hint.unwrap().1);
    assert!(words.contains("fee.csv --account"), "{run}");
    env.hissab(words.split(' ')).ok();
    let run = reconcile(&env, "--balance 1470 --until 2026-04-04 --json").exits(3);
    assert_eq!(
        json(&run)["difference"],
        "-290.00",
        "the cheque is taken for presented: {run}"
    );
    let run = reconcile(&env, "--balance 1180 --until 2026-04-04 --accept-exact").ok();
    assert!(run.stderr.contains("4 transactions"), "{run}");
    reconcile(&env, "--accept-exact").exits(2);
    env.hissab(["reconcile", "nosuch"]).exits(6);
}

#[test]
fn marks_are_free_in_a_locked_period_and_leave_by_undo() {
    let env = bank();
    env.write("april.csv", APRIL);
    env.hissab(["lock", "2026-04-30", "--yes"]).ok();
    reconcile(&env, "--statement april.csv --accept-exact").ok();
    env.hissab(["check"]).ok();
    env.hissab(["undo"]).ok();
    assert_eq!(
        json(&reconcile(&env, "--json").ok())["reconciled_before"],
        "0.00"
    );
}

/// A cheque that is not presented yet is no difference any more once the rest is known to be on the statement.
#[test]
fn an_account_that_was_held_against_its_statement_is_reconciled_to_check() {
    let env = bank();
    env.write("april.csv", APRIL);
    env.hissab(["import", "april.csv", "--account", "hdfc"])
        .ok();
    let check = || {
        let words = ["check", "statement-unreconciled"];
        env.hissab(words).ok().stdout
    };
    let before = check();
    assert!(before.contains("difference 300.00 Cr"), "{before}");
    assert!(
        before.contains("hissab reconcile hdfc --statement FILE --accept-exact"),
        "{before}"
    );
    reconcile(&env, "--statement april.csv --accept-exact").ok();
    assert!(check().contains("passed"), "{}", check());
    // A mark that is taken off leaves the statement with more than is marked.
    reconcile(&env, "--undo 2").ok();
    assert!(check().contains("difference 300.00 Cr"), "{}", check());
}

/// A shop whose bank held 10,000 before `on`.
fn shop(on: &str) -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "s.hissab", "--name", "S", "--template", "shop"])
        .ok();
    env.set("HISSAB_BOOK", "s.hissab");
    env.hissab(["account", "add", "Assets:Bank:HDFC"]).ok();
    env.hissab(["opening", "hdfc=10000", "-d", on]).ok();
    env
}

#[test]
fn a_row_whose_transaction_says_something_else_by_now_is_not_agreed() {
    let env = shop("2025-04-01");
    env.write(
        "wb.csv",
        "Date,Description,Ref,Debit,Credit,Balance\n\
         22/04/2025,Cheque to Gupta,11,3000.00,,7000.00\n\
         23/04/2025,Deposit,12,,5000.00,12000.00\n24/04/2025,Rent,13,2000.00,,10000.00\n",
    );
    env.hissab(["import", "wb.csv", "--account", "hdfc"]).ok();
    let states = || {
        let run = reconcile(&env, "--statement wb.csv --json");
        let rows = json(&run)["rows"].as_array().unwrap().clone();
        let said = |row: &serde_json::Value| {
            let (state, number) = (row["state"].as_str().unwrap(), &row["number"]);
            format!("{state} {number} {}", row["amount"].as_str().unwrap())
        };
        (run.exit, rows.iter().map(said).collect::<Vec<_>>())
    };
    // An amendment and a void that make up for each other: the balances agree, the rows do not.
    env.hissab(["amend", "2", "--amount", "5000"]).ok();
    env.hissab(["void", "4", "--reason", "mistake"]).ok();
    let (exit, rows) = states();
    assert_eq!(exit, 3);
    let differ = [
        "agreed 1 10000.00",
        "books only 2 -5000.00",
        "agreed 3 5000.00",
        "differs 2 -3000.00",
        "differs 4 -2000.00",
    ];
    assert_eq!(rows, differ);
    let run = reconcile(&env, "--statement wb.csv --accept-exact").exits(3);
    assert!(run.stdout.contains("hissab show 4"), "{run}");
    assert!(!run.stdout.contains("hissab import"), "{run}");
    // One that is dated after the statement by now is not on it.
    env.hissab(["amend", "2", "--amount", "3000", "-d", "2025-05-02"])
        .ok();
    assert!(states().1.contains(&"differs 2 -3000.00".to_owned()));
    let run = reconcile(&env, "--statement wb.csv").exits(3);
    let hint = "2 is of 02-May-2025 in the books and of 22-Apr-2025 on the statement: hissab amend 2 -d 2025-04-22";
    assert!(run.stdout.contains(hint), "{run}");
    // A cheque is written before it is presented, and a bank's day may be some days off.
    for (day, state) in [
        ("2025-04-20", "agreed"),
        ("2025-02-01", "agreed"),
        ("2025-04-24", "agreed"),
        ("2024-04-22", "differs"),
    ] {
        env.hissab(["amend", "2", "-d", day]).ok();
        let (_, rows) = states();
        assert!(
            rows.contains(&format!("{state} 2 -3000.00")),
            "{day}: {rows:?}"
        );
    }
    // Written after it was presented: no, although the statement ends later.
    env.hissab(["amend", "2", "-d", "2025-04-22"]).ok();
    env.hissab(["amend", "3", "-d", "2025-04-01"]).ok();
    env.write(
        "wb.csv",
        "Date,Description,Ref,Debit,Credit,Balance\n\
         22/04/2025,Cheque to Gupta,11,3000.00,,7000.00\n\
         23/04/2025,Deposit,12,,5000.00,12000.00\n24/04/2025,Rent,13,2000.00,,10000.00\n\
         30/04/2025,Fee,14,10.00,,9990.00\n",
    );
    env.hissab(["amend", "2", "-d", "2025-04-29"]).ok();
    let (_, rows) = states();
    assert!(rows.contains(&"differs 2 -3000.00".to_owned()), "{rows:?}");
}

#[test]
fn an_earlier_day_is_reconciled_as_it_was_whatever_was_reconciled_since() {
    let env = shop("2026-03-01");
    for words in [
        "add sale hdfc 500 Income:Sales -d 2026-03-20 --create-accounts",
        "add rent Expenses:Rent 1200 hdfc -d 2026-03-28 --ref 000124 --create-accounts",
        "add sale hdfc 700 Income:Sales -d 2026-04-20",
    ] {
        env.hissab(words.split(' ')).ok();
    }
    const HEAD: &str = "Date,Narration,Ref,Withdrawal,Deposit,Balance\n";
    env.write(
        "mar.csv",
        format!("{HEAD}20/03/2026,DEPOSIT,,,500.00,10500.00\n"),
    );
    env.write(
        "apr.csv",
        format!(
            "{HEAD}03/04/2026,CHQ 124,124,1200.00,,9300.00\n20/04/2026,DEPOSIT,,,700.00,10000.00\n"
        ),
    );
    let at_march = || {
        let seen = json(&reconcile(&env, "--until 2026-03-31 --json").ok());
        (
            seen["reconciled_before"].as_str().unwrap().to_owned(),
            seen["outstanding"].as_str().unwrap().to_owned(),
        )
    };
    reconcile(&env, "--statement mar.csv --accept-exact").ok();
    let then = ("10500.00".to_owned(), "-1200.00".to_owned());
    assert_eq!(at_march(), then);
    reconcile(&env, "--statement apr.csv --accept-exact --date-order dmy").ok();
    assert_eq!(at_march(), then);
    reconcile(&env, "--balance 10500 --until 2026-03-31").ok();
    let again = reconcile(&env, "--statement mar.csv --accept-exact").ok();
    assert!(again.stderr.contains("nothing new"), "{again}");
    let now = json(&reconcile(&env, "--until 2026-04-30 --json").ok());
    assert_eq!(now["reconciled_before"], "10000.00");
    env.hissab(["check", "--deep"]).ok();
}

/// Books less statement, whoever says it.
#[test]
fn a_difference_has_the_same_side_everywhere() {
    let env = shop("2025-04-01");
    env.write(
        "apr.csv",
        "Date,Narration,Ref,Withdrawal,Deposit,Balance\n20/04/2025,DEPOSIT,,,2000.00,9000.00\n",
    );
    let said = [
        env.hissab(["import", "apr.csv", "--account", "hdfc"]).ok(),
        env.hissab(["check", "statement-unreconciled"]).ok(),
        env.hissab(["assert", "hdfc", "9000", "-d", "2025-04-20"])
            .exits(3),
        reconcile(&env, "--balance 9000 --until 2025-04-20").exits(3),
    ];
    for run in said {
        assert!(run.stdout.contains("difference 3,000.00 Dr"), "{run}");
    }
    let seen = json(&reconcile(&env, "--balance 9000 --until 2025-04-20 --json").exits(3));
    assert_eq!(seen["difference"], "3000.00");
}

#[test]
fn a_cheque_on_its_way_before_the_first_statement_is_no_hindrance() {
    let env = shop("2025-04-01");
    env.hissab(
        "add cheque Expenses:Rent 1200 hdfc -d 2025-04-28 --ref 124 --create-accounts".split(' '),
    )
    .ok();
    env.write(
        "apr.csv",
        "Date,Narration,Ref,Withdrawal,Deposit,Balance\n30/04/2025,BANK CHG,,11.80,,9988.20\n",
    );
    env.hissab(["import", "apr.csv", "--account", "hdfc"]).ok();
    let run = reconcile(&env, "--statement apr.csv --accept-exact").ok();
    assert!(run.stderr.contains("2 transactions marked"), "{run}");
    let open = json(&reconcile(&env, "--json").ok());
    assert_eq!(open["outstanding"], "-1200.00");
}
