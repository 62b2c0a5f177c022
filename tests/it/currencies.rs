//! `hissab currency`: currencies come, go while nothing is in them, and come back.

use crate::support::TestEnv;

fn codes(env: &TestEnv) -> String {
    let line = "currency list -O csv --no-header --fields code";
    let (list, other) = (
        env.typed(line).ok().stdout,
        env.typed("currencies -O csv --no-header --fields currency"),
    );
    assert_eq!(list, other.ok().stdout, "both lists agree");
    list.replace('\n', " ")
}

#[test]
fn an_unused_currency_is_removed_and_its_slips_are_slips_again() {
    let env = TestEnv::with_shop();
    env.typed("currency add tea").ok();
    assert_eq!(codes(&env), "INR tea ");
    // Undo does not take it back, and its hint says what does.
    let undo = env.typed("undo").exits(7);
    assert!(undo.stderr.contains("hissab currency remove tea"), "{undo}");
    let trial = env.typed("currency remove tea --dry-run").ok();
    assert!(trial.stdout.contains("dry run"), "{trial}");
    assert_eq!(codes(&env), "INR tea ");
    env.typed("currency remove tea").ok();
    assert_eq!(codes(&env), "INR ");
    env.typed("out 120tea").exits(6);
    let posted = env.typed("out 120 tea").ok();
    assert!(posted.stdout.contains("Expenses:Tea"), "{posted}");
    env.typed("currency remove tea").exits(6);
    env.typed("check --deep").ok();
    env.typed("audit verify").ok();
}

#[test]
fn a_currency_that_something_is_in_stays_and_the_hint_says_what() {
    let env = TestEnv::with_shop();
    let refused = |line: &str, hint: &str| {
        let refused = env.typed(line).exits(7);
        assert!(refused.stderr.contains(hint), "{refused}");
    };
    refused("currency remove INR", "the book's own");
    env.typed("in 5USD sales").ok();
    refused("currency remove USD", "2 entries are in it");
    refused("currency remove USD", "hissab register cur:USD");
    env.typed("void 1 --reason slip").ok();
    env.typed("currency price USD 83.20 -d 2026-04-01").ok();
    refused(
        "currency remove usd",
        "hissab currency price USD --remove -d 2026-04-01",
    );
    env.typed("currency price USD --remove -d 2026-04-01").ok();
    env.typed("account add Assets:Dollars --currency USD").ok();
    refused(
        "currency remove USD",
        "hissab account set Assets:Dollars --currency ''",
    );
    env.hissab(["account", "set", "Assets:Dollars", "--currency", ""])
        .ok();
    env.typed("currency remove USD").ok();
    assert_eq!(codes(&env), "INR ");
    // What was void shows what it was.
    let void = env.typed("show 1").ok();
    assert!(void.stdout.contains("5.00 USD"), "{void}");
}

#[test]
fn a_removed_currency_comes_back_by_adding_using_or_undoing() {
    let env = TestEnv::with_shop();
    env.typed("currency add AAPL --scale 3").ok();
    env.typed("currency add GBP").ok();
    env.typed("currency remove AAPL").ok();
    env.typed("currency remove GBP").ok();
    assert_eq!(codes(&env), "INR ");
    env.typed("undo").ok();
    assert_eq!(codes(&env), "INR GBP ");
    env.typed("currency remove GBP").ok();
    let added = env.typed("currency add AAPL").ok();
    assert!(added.stdout.contains("3 decimal places"), "{added}");
    // One that ISO 4217 knows is opened by its first use.
    env.typed("in 5GBP sales").ok();
    assert_eq!(codes(&env), "INR AAPL GBP ");
}

#[test]
fn a_code_is_one_word() {
    let env = TestEnv::with_shop();
    let refused = env.hissab(["currency", "add", "gold coin"]).exits(2);
    assert!(refused.stderr.contains("GOLDCOIN"), "{refused}");
    assert_eq!(codes(&env), "INR ");
}
