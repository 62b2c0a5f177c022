//! `hissab currency`: currencies come, go while nothing is in them, and come back.

use crate::support::{Run, TestEnv};

fn shop() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "s.hissab", "--template", "shop"]).ok();
    env.set("HISSAB_BOOK", "s.hissab");
    env
}

fn run(env: &TestEnv, line: &str) -> Run {
    env.hissab(line.split(' '))
}

fn codes(env: &TestEnv) -> String {
    let line = "currency list -O csv --no-header --fields code";
    let (list, other) = (
        run(env, line).ok().stdout,
        run(env, "currencies -O csv --no-header --fields currency"),
    );
    assert_eq!(list, other.ok().stdout, "both lists agree");
    list.replace('\n', " ")
}

#[test]
fn an_unused_currency_is_removed_and_its_slips_are_slips_again() {
    let env = shop();
    run(&env, "currency add tea").ok();
    assert_eq!(codes(&env), "INR tea ");
    // Undo does not take it back, and its hint says what does.
    let undo = run(&env, "undo").exits(7);
    assert!(undo.stderr.contains("hissab currency remove tea"), "{undo}");
    let trial = run(&env, "currency remove tea --dry-run").ok();
    assert!(trial.stdout.contains("dry run"), "{trial}");
    assert_eq!(codes(&env), "INR tea ");
    run(&env, "currency remove tea").ok();
    assert_eq!(codes(&env), "INR ");
    run(&env, "out 120tea").exits(6);
    let posted = run(&env, "out 120 tea").ok();
    assert!(posted.stdout.contains("Expenses:Tea"), "{posted}");
    run(&env, "currency remove tea").exits(6);
    run(&env, "check --deep").ok();
    run(&env, "audit verify").ok();
}

#[test]
fn a_currency_that_something_is_in_stays_and_the_hint_says_what() {
    let env = shop();
    let refused = |line: &str, hint: &str| {
        let refused = run(&env, line).exits(7);
        assert!(refused.stderr.contains(hint), "{refused}");
    };
    refused("currency remove INR", "the book's own");
    run(&env, "in 5USD sales").ok();
    refused("currency remove USD", "hissab register cur:USD");
    run(&env, "void 1 --reason slip").ok();
    run(&env, "currency price USD 83.20 -d 2026-04-01").ok();
    refused(
        "currency remove usd",
        "hissab currency price USD --remove -d 2026-04-01",
    );
    run(&env, "currency price USD --remove -d 2026-04-01").ok();
    run(&env, "account add Assets:Dollars --currency USD").ok();
    refused(
        "currency remove USD",
        "hissab account set 'Assets:Dollars' --currency ''",
    );
    env.hissab(["account", "set", "Assets:Dollars", "--currency", ""])
        .ok();
    run(&env, "currency remove USD").ok();
    assert_eq!(codes(&env), "INR ");
    // What was void shows what it was.
    let void = run(&env, "show 1").ok();
    assert!(void.stdout.contains("5.00 USD"), "{void}");
}

#[test]
fn a_removed_currency_comes_back_by_adding_using_or_undoing() {
    let env = shop();
    run(&env, "currency add AAPL --scale 3").ok();
    run(&env, "currency add GBP").ok();
    run(&env, "currency remove AAPL").ok();
    run(&env, "currency remove GBP").ok();
    assert_eq!(codes(&env), "INR ");
    run(&env, "undo").ok();
    assert_eq!(codes(&env), "INR GBP ");
    run(&env, "currency remove GBP").ok();
    let added = run(&env, "currency add AAPL").ok();
    assert!(added.stdout.contains("3 decimal places"), "{added}");
    // One that ISO 4217 knows is opened by its first use.
    run(&env, "in 5GBP sales").ok();
    assert_eq!(codes(&env), "INR AAPL GBP ");
}

#[test]
fn a_code_is_one_word() {
    let env = shop();
    let refused = env.hissab(["currency", "add", "gold coin"]).exits(2);
    assert!(refused.stderr.contains("GOLDCOIN"), "{refused}");
    assert_eq!(codes(&env), "INR ");
}
