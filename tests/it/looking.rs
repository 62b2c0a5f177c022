//! Golden tests of what the looking commands share: flags, files and widths.

use insta::assert_snapshot;

use crate::shop::{shop, told};

#[test]
fn wrong_flags_say_what_to_do() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["tb", "-M"]), @r#"
--- stderr
error: unexpected argument '-M' found

  tip: balance, income-statement, balance-sheet take -M: hissab balance -M

Usage: hissab trial-balance [OPTIONS] [QUERY]...

For more information, try '--help'.
[exit 2]
"#);
    assert_snapshot!(look(&["tb", "-p", "monthly"]), @r#"
--- stderr
error: this report has no columns by period: "monthly" asks for them
 hint: hissab balance has: give it -M, -Q, -Y or -p
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "-e", "2026-05", "--to", "2026-04"]), @r#"
--- stderr
error: -e is exclusive and --to inclusive: give one of them
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "--from", "2026-05", "--to", "2026-04"]), @r#"
--- stderr
error: the period ends before it begins: 2026-05-01 to 2026-04-30
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "--fields", "account,amount"]), @r#"
--- stderr
error: there is no column "amount"
 hint: columns: account, currency, balance
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "-M", "--compare"]), @r#"
--- stderr
error: --compare adds the period before; with an interval give a longer period instead
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "--compare"]), @r#"
--- stderr
error: --compare needs a period with a beginning and an end
 hint: give one, like -p 2026-04 or --fy 2025-26
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "-V", "--cost"]), @r#"
--- stderr
error: --cost shows what was paid, -V and -X what it is worth: give one of them
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "-X", "EUR"]), @r#"
--- stderr
error: the book has no currency "EUR"
 hint: it has INR
[exit 6]
"#);
    assert_snapshot!(look(&["bal", "-O", "hledger"]), @r#"
--- stderr
error: this cannot be printed as hledger
 hint: use -O csv or -O json
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "--account", "tee"]), @r#"
--- stderr
error: no account is called "tee"
 hint: near it: Expenses:Tea
[exit 6]
"#);
    assert_snapshot!(look(&["bal", "--payee", "Ramsh"]), @r#"
--- stderr
error: no transaction has the payee "Ramsh"
 hint: hissab payees lists them
[exit 6]
"#);
    assert_snapshot!(look(&["bal", "--status", "done"]), @r#"
--- stderr
error: there is no status "done"
 hint: one of unmarked, pending, cleared
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "desc:rentt"]), @r#"
Balances · Shree Ganesh Stores · as of 06-Apr-2026 · INR
--- stderr
warning: no description matches desc:rentt; near it: Rent, April
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "tee"]), @r#"
Balances · Shree Ganesh Stores · as of 06-Apr-2026 · INR
--- stderr
warning: no account matches tee; near it: Expenses:Tea
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "amt:x"]), @r#"
--- stderr
error: cannot read the query "amt:x": "x" is not an amount: a number is missing
 hint: amounts look like 1250, 1,250.50, ₹500, '500 USD', -500, '1.5 lakh' or 120+30*2
[exit 2]
"#);
    assert_snapshot!(look(&["ledger"]), @r#"
--- stderr
error: which account? Name one, or give --all
 hint: hissab ledger cash
 hint: hissab accounts lists them
[exit 2]
"#);
    assert_snapshot!(look(&["ledger", "tee"]), @r#"
--- stderr
error: no account is called "tee"
 hint: near it: Expenses:Tea
[exit 6]
"#);
    assert_snapshot!(look(&["ledger", "--all", "cash"]), @r#"
--- stderr
error: --all is every account: name none beside it
 hint: hissab ledger cash
 hint: hissab accounts lists them
[exit 2]
"#);
    assert_snapshot!(look(&["daybook", "someday"]), @r#"
--- stderr
error: cannot read "someday" as a date or period: "someday" means nothing here
 hint: write 2026-04-05, 5-Apr-26, yesterday, -3d, last friday; periods: 2026-04, fy2026-27, from 2026-04 to 2026-07
[exit 2]
"#);
    assert_snapshot!(look(&["reg", "--from", "31/02"]), @r#"
--- stderr
error: cannot read "31/02" as a date or period: 2026-02 has 28 days, no 31
 hint: write 2026-04-05, 5-Apr-26, yesterday, -3d, last friday; periods: 2026-04, fy2026-27, from 2026-04 to 2026-07
[exit 2]
"#);
    assert_snapshot!(look(&["-f", "nothing.journal", "bal"]), @r#"
--- stderr
error: no file nothing.journal
[exit 6]
"#);
}

#[test]
fn output_files_are_whole_or_not_there() {
    let env = shop();
    env.hissab(["bal", "exp", "-o", "out.tsv"]).ok();
    let written = std::fs::read_to_string(env.path("out.tsv")).unwrap();
    assert!(
        written.starts_with("account\tcurrency\tbalance\n"),
        "{written}"
    );
    env.hissab(["bal", "exp", "-o", "out.tsv", "--fields", "nothing"])
        .exits(2);
    assert_eq!(
        std::fs::read_to_string(env.path("out.tsv")).unwrap(),
        written
    );
    env.hissab(["bal", "-o", "none/out.csv"]).exits(6);
    assert_eq!(
        std::fs::read_dir(env.folder())
            .unwrap()
            .filter(|e| e
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("out"))
            .count(),
        1
    );
}

#[test]
fn terminals_get_widths_and_pipes_do_not() {
    let env = shop();
    let long = "a description that is far longer than any terminal is wide, and goes on and on";
    let words = [
        "add",
        "-d",
        "2026-04-07",
        long,
        "--dr",
        "Expenses:Tea=1",
        "--cr",
        "Assets:Cash=1",
    ];
    env.hissab(words).ok();
    let run = env.hissab(["ledger", "tea", "-o", "wide.txt"]).ok();
    assert_eq!(run.stdout, "");
    let written = std::fs::read_to_string(env.path("wide.txt")).unwrap();
    assert!(written.lines().any(|line| line.contains(long)), "{written}");
    let piped = env.hissab(["ledger", "tea"]).ok();
    assert_eq!(piped.stdout, written);
}
