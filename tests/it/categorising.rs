//! Where rows go: rules and why, what history suggests, and a review at the terminal that can be left and gone on with.

use crate::support::{Run, TestEnv};
use crate::terminal::at_a_terminal;

const MARCH: &str = "Date,Narration,Withdrawal,Deposit\n\
02/03/2026,UPI-CHAI POINT-9820@ybl-609400000007,120.00,\n\
13/03/2026,NEFT-SHREE ESTATES RENT MARCH,12000.00,\n\
14/03/2026,UPI-CHAI POINT-9820@ybl-609400000008,130.00,\n";

const APRIL: &str = "Date,Narration,Withdrawal,Deposit\n\
02/04/2026,UPI-CHAI POINT-9820@ybl-609400000017,125.00,\n\
13/04/2026,NEFT-SHREE ESTATES RENT APRIL,12000.00,\n\
14/04/2026,UPI-SWIGGY-1,300.00,\n\
16/04/2026,SMS CHARGES,59.00,\n";

/// A shop whose March is sorted out.
fn shop() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab([
        "init",
        "shop.hissab",
        "--template",
        "shop",
        "--currency",
        "INR",
    ])
    .ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    env.hissab(["account", "add", "Assets:Bank:HDFC"]).ok();
    env.write("march.csv", MARCH);
    env.write("april.csv", APRIL);
    env.write(
        "rules.toml",
        "# charges\n[[rule]]\nmatch = \"INTEREST\"\naccount = \"Income:Interest\"\n\n[[rule]]\nmatch = \"SMS CHARGES\"\naccount = \"Expenses:Bank Charges\"\n",
    );
    import(&env, "march.csv", &[]).ok();
    for (number, account) in [
        ("1", "Expenses:Tea"),
        ("2", "Expenses:Rent"),
        ("3", "Expenses:Tea"),
    ] {
        env.hissab(["amend", number, "--category", account]).ok();
    }
    env
}

fn import(env: &TestEnv, file: &str, more: &[&str]) -> Run {
    let words = ["import", file, "--account", "hdfc"];
    env.hissab(words.iter().chain(more))
}

fn counters(env: &TestEnv, description: &str) -> String {
    let found = env
        .hissab([
            "journal",
            "-O",
            "csv",
            "--no-header",
            "--fields",
            "account,debit",
            &format!("desc:{description}"),
        ])
        .ok();
    found
        .stdout
        .lines()
        .filter(|l| !l.starts_with("Assets:Bank"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn why_names_the_rule_or_the_transactions_like_it() {
    let env = shop();
    let fields = "line,account,suggestion,score,why";
    let more = [
        "--rules",
        "rules.toml",
        "--dry-run",
        "--why",
        "-O",
        "csv",
        "--fields",
        fields,
    ];
    let run = import(&env, "april.csv", &more).ok();
    assert_eq!(
        run.stdout,
        "line,account,suggestion,score,why\n\
         2,Liabilities:Suspense,Expenses:Tea,100,\"like 3, 1 (chai, point, ybl): 100%\"\n\
         3,Liabilities:Suspense,Expenses:Rent,75,\"like 2 (estates, rent, shree): 75%\"\n\
         4,Liabilities:Suspense,,,nothing like it before\n\
         5,Expenses:Bank Charges,,,rule rules.toml:6\n"
    );
    // Without the flag nothing is looked up, and the columns are those of the contract.
    let plain = import(&env, "april.csv", &["--dry-run", "-O", "csv"]).ok();
    assert!(!plain.stdout.contains("suggestion"), "{plain}");
}

#[test]
fn suggestions_are_taken_only_when_asked_and_sure() {
    let env = shop();
    let run = import(&env, "april.csv", &["--accept-suggestions"]).ok();
    assert!(run.stdout.contains("Posted 4 (3 to Suspense)"), "{run}");
    assert_eq!(counters(&env, "CHAI.*17"), "Expenses:Tea,125.00");
    assert_eq!(counters(&env, "APRIL"), "Liabilities:Suspense,12000.00");
    env.hissab(["import", "undo", "2"]).ok();
    let run = import(&env, "april.csv", &["--accept-suggestions=70"]).ok();
    assert!(run.stdout.contains("Posted 4 (2 to Suspense)"), "{run}");
    assert_eq!(counters(&env, "APRIL"), "Expenses:Rent,12000.00");
    import(&env, "april.csv", &["--accept-suggestions=101"]).exits(2);
}

#[test]
fn suggest_only_prints_json_and_writes_nothing() {
    let env = shop();
    let before = env.hissab(["audit", "head"]).ok().stdout;
    let run = import(&env, "april.csv", &["--suggest-only"]).ok();
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["rows"][0]["suggestion"], "Expenses:Tea");
    assert_eq!(json["dry_run"], true);
    let lines = import(&env, "april.csv", &["--suggest-only", "-O", "ndjson"])
        .ok()
        .stdout;
    assert_eq!(lines.lines().count(), 4);
    assert_eq!(env.hissab(["audit", "head"]).ok().stdout, before);
}

#[test]
fn these_flags_are_refused_where_they_do_not_apply() {
    let env = shop();
    let run = import(&env, "april.csv", &["--review", "--json"]).exits(2);
    assert!(run.stderr.contains("review-needs-terminal"), "{run}");
    env.write(
        "x.journal",
        "2026-04-01 x\n    Assets:Cash  1 INR\n    Income:Sales\n",
    );
    let run = env
        .hissab(["import", "x.journal", "--why", "--json"])
        .exits(2);
    assert!(run.stderr.contains("flag-does-not-apply"), "{run}");
    import(&env, "april.csv", &["--review", "--suggest-only"]).exits(2);
}

#[test]
fn a_review_can_be_left_and_gone_on_with() {
    let env = shop();
    let words = [
        "import",
        "april.csv",
        "--account",
        "hdfc",
        "--rules",
        "rules.toml",
        "--review",
    ];
    let prompt = "Account, skip, split or quit";
    // The suggestion is taken, then the review is stopped: nothing is imported.
    let seen = stopped_at_a_terminal(&env, &words, &[(prompt, "\r"), (prompt, "quit\r")]);
    assert!(
        seen.contains("1 of 3") && seen.contains("like 3, 1 (chai, point, ybl): 100%"),
        "{seen}"
    );
    assert!(seen.contains("what was decided is kept: 1 row"), "{seen}");
    let on = "hissab import april.csv --account Assets:Bank:HDFC --rules rules.toml --review";
    assert!(seen.contains(on), "{seen}");
    assert_eq!(counters(&env, "CHAI.*17"), "");
    let kept = kept(&env);
    assert_eq!(kept.len(), 1);
    // It goes on with the second row: an unknown account is asked for again, the third is split.
    let seen = at_a_terminal(
        &env,
        &words,
        &[
            (prompt, "Nonsense\r"),
            ("there is no account", ""),
            (prompt, "rent\r"),
            (prompt, "split\r"),
            ("of 300.00 INR", "100\r"),
            ("Account", "tea\r"),
            ("of 200.00 INR", "\r"),
            ("Account", "electricity\r"),
        ],
    );
    assert!(
        seen.contains("Decided before: 1 row.") && seen.contains("Posted 4"),
        "{seen}"
    );
    assert_eq!(counters(&env, "CHAI.*17"), "Expenses:Tea,125.00");
    assert_eq!(counters(&env, "APRIL"), "Expenses:Rent,12000.00");
    let split = counters(&env, "SWIGGY");
    assert!(
        split.contains("Expenses:Tea,100.00") && split.contains("Expenses:Electricity,200.00"),
        "{split}"
    );
    assert_eq!(counters(&env, "SMS"), "Expenses:Bank Charges,59.00");
    assert!(
        self::kept(&env).is_empty(),
        "what was decided is in the book now"
    );
    env.hissab(["check"]).ok();
}

/// As [`at_a_terminal`], for a run that ends with exit 1.
fn stopped_at_a_terminal(env: &TestEnv, words: &[&str], steps: &[(&str, &str)]) -> String {
    crate::terminal::at_a_terminal_exiting(env, words, steps, 1)
}

/// The files of decisions, each its owner's alone.
fn kept(env: &TestEnv) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![env.home().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.parent().is_some_and(|p| p.ends_with("reviews")) {
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt;
                    assert_eq!(
                        entry.metadata().unwrap().permissions().mode() & 0o777,
                        0o600
                    );
                }
                found.push(path);
            }
        }
    }
    found
}
