//! Slips in correcting, renaming and asking: what would leave the books saying something nobody meant is refused,
//! and the way out is named.

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

/// The balance of an account, as machines read it.
fn balance(env: &TestEnv, account: &str) -> String {
    let words = ["balance", account, "-O", "csv", "--no-header"];
    env.hissab(words).ok().stdout.trim_end().to_owned()
}

#[test]
fn money_moves_through_no_income_and_no_expense() {
    let env = shop();
    for line in [
        "in 500 --mode sales",
        "out 5 tea --mode rent",
        "in 5 sales --mode Expenses:Tea",
    ] {
        let refused = run(&env, line).exits(2);
        assert!(refused.stderr.contains("--category"), "{refused}");
    }
    assert_eq!(balance(&env, "sales"), "");
    // What is owed may be: a card.
    run(&env, "account add Liabilities:Card").ok();
    run(&env, "out 5 tea --mode card").ok();
    assert_eq!(balance(&env, "card"), "Liabilities:Card,INR,-5.00");
}

#[test]
fn a_reversed_transaction_is_not_voided_alone() {
    let env = shop();
    run(&env, "in 500 sales").ok();
    run(&env, "reverse 1").ok();
    let refused = run(&env, "void 1 --reason twice").exits(7);
    assert!(
        refused.stderr.contains("hissab void 2 --reason"),
        "{refused}"
    );
    assert_eq!(balance(&env, "sales"), "");
    run(&env, "void 2 --reason twice").ok();
    run(&env, "void 1 --reason twice").ok();
    // Undone in turn, both are as they were.
    run(&env, "undo").ok();
    assert_eq!(balance(&env, "sales"), "Income:Sales,INR,-500.00");
    run(&env, "undo").ok();
    assert_eq!(balance(&env, "sales"), "");
}

#[test]
fn what_was_done_after_a_reversal_is_undone_although_there_is_one() {
    let env = shop();
    run(&env, "in 500 sales").ok();
    run(&env, "reverse 1").ok();
    run(&env, "amend 1 --description stall").ok();
    run(&env, "undo").ok();
    assert!(!run(&env, "show 1").ok().stdout.contains("stall"));
    // What was done before it is not: the reversal is of what it made.
    let posted = run(&env, "undo 2").exits(7);
    assert!(posted.stderr.contains("was reversed by 2"), "{posted}");
}

#[test]
fn an_amended_transaction_does_not_go_in_a_circle() {
    let env = shop();
    run(&env, "in 500 sales").ok();
    for line in [
        "amend 1 --category cash",
        "amend 1 --replace cash=sales",
        "amend 1 --replace sales=cash",
    ] {
        let refused = run(&env, line).exits(7);
        assert!(
            refused.stderr.contains("debited and credited at once"),
            "{refused}"
        );
        assert!(
            refused.stderr.contains("hissab void 1 --reason"),
            "{refused}"
        );
    }
    assert_eq!(balance(&env, "sales"), "Income:Sales,INR,-500.00");
}

#[test]
fn a_renamed_account_keeps_to_its_kind() {
    let env = shop();
    let refused = run(&env, "account rename tea Assets:Tea").exits(7);
    assert!(
        refused
            .stderr
            .contains("hissab account set Expenses:Tea --kind asset"),
        "{refused}"
    );
    run(&env, "account set Expenses:Tea --kind asset").ok();
    run(&env, "account rename tea Assets:Tea").ok();
    let words = [
        "accounts",
        "Assets:Tea",
        "-O",
        "csv",
        "--no-header",
        "--fields",
        "kind",
    ];
    assert_eq!(env.hissab(words).ok().stdout, "asset\n");
    // A root that names no kind may be anything.
    run(&env, "account rename rent Haus:Miete").ok();
}

#[test]
fn the_books_usual_accounts_go_by_their_new_names() {
    let env = shop();
    run(&env, "account rename cash Assets:Till").ok();
    run(&env, "in 500 sales").ok();
    run(&env, "account rename sales Income:Shop:Sales").ok();
    run(&env, "party add Ramesh --customer").ok();
    run(&env, "gave 100 ramesh").ok();
    assert_eq!(balance(&env, "Assets:Till"), "Assets:Till,INR,500.00");
    assert_eq!(
        balance(&env, "Income:Shop"),
        "Income:Shop:Sales,INR,-600.00"
    );
    // Taken back, the setting goes back as well.
    run(&env, "undo").ok();
    run(&env, "account add Assets:Till2 --type cash").ok();
    run(&env, "account merge till till2").ok();
    run(&env, "in 20 sales").ok();
    assert_eq!(balance(&env, "till2"), "Assets:Till2,INR,520.00");
}

#[test]
fn a_description_of_two_lines_writes_no_line_of_its_own() {
    let env = shop();
    let words = ["in", "100", "a\nerror: the books are empty"];
    let said = env.hissab(words).ok().stderr;
    assert!(!said.lines().any(|l| l.starts_with("error")), "{said}");
}

#[test]
fn a_flag_of_another_report_is_named_with_it() {
    let env = shop();
    let asked = run(&env, "tb --compare").exits(2);
    assert!(asked.stderr.contains("hissab balance --compare"), "{asked}");
    assert!(!asked.stderr.contains("similar"), "{asked}");
    let json = run(&env, "cashbook -M --json").exits(2);
    assert!(json.stderr.contains("hissab balance -M"), "{json}");
    // A flag that no report has, and a command that is none, are told what clap knows.
    for line in ["tb --bogus", "in 5 -T"] {
        let asked = run(&env, line).exits(2);
        assert!(!asked.stderr.contains("hissab balance"), "{asked}");
    }
    let party = run(&env, "party add X").exits(2);
    assert!(party.stderr.contains("<--customer|--supplier>"), "{party}");
}

#[test]
fn an_amount_where_an_account_belongs_creates_nothing_by_its_hint() {
    let env = shop();
    for line in ["add cash 5 sales", "add x 5 cash", "add x cash 5 6 sales"] {
        let refused = run(&env, line).exits(2);
        assert!(
            refused.stderr.contains("where an account is expected"),
            "{line}: {refused}"
        );
        assert!(!refused.stderr.contains("account add"), "{line}: {refused}");
    }
    // An account may be called by a number.
    run(&env, "account add Assets:1000").ok();
    run(&env, "add x 1000 5 sales").ok();
    let circle = run(&env, "add x cash 5 cash").exits(2);
    assert!(circle.stderr.contains("cannot move to itself"), "{circle}");
}

#[test]
fn a_number_that_is_none_is_said_in_words() {
    let env = shop();
    for line in ["bal --depth x", "bal --depth 1.5", "bal --limit -1"] {
        let refused = run(&env, line).exits(2);
        assert!(refused.stderr.contains("not a whole number"), "{refused}");
    }
}

#[test]
fn what_was_brought_forward_twice_is_said() {
    let env = shop();
    let line = "opening cash=12500 Assets:Stock=500 -d 2026-03-31";
    let first = run(&env, line).ok();
    assert!(!first.stderr.contains("already"), "{first}");
    let other = run(&env, "opening Assets:Equipment=900 -d 2026-03-31").ok();
    assert!(!other.stderr.contains("already"), "{other}");
    let again = run(&env, line).ok();
    assert!(
        again
            .stderr
            .contains("1 brought Assets:Cash forward already"),
        "{again}"
    );
    run(&env, "undo").ok();
    // A key makes the line repeatable, and nothing needs to be said.
    let once = "opening Income:Sales=5 -d 2026-03-31 --once o1";
    for _ in 0..2 {
        let kept = run(&env, once).ok();
        assert!(!kept.stderr.contains("already"), "{kept}");
    }
}

#[test]
fn a_till_holds_no_less_than_nothing() {
    let env = shop();
    let refused = run(&env, "count cash -5").exits(2);
    assert!(refused.stderr.contains("hissab ledger"), "{refused}");
    run(&env, "count cash 0").ok();
    // A card may owe.
    run(&env, "account add Liabilities:Card").ok();
    run(&env, "count card -5").exits(3);
}
