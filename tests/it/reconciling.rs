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
    assert!(run.stdout.contains("hissab import fee.csv"), "{run}");
    let run = reconcile(&env, "--balance 1470 --until 2026-04-04 --json").exits(3);
    assert_eq!(
        json(&run)["difference"],
        "290.00",
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
