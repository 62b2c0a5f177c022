//! Golden tests of the commands that prove the books, on the shop's week: stdout, stderr and exit code.

use insta::assert_snapshot;

use crate::shop::{shop, told};
use crate::support::TestEnv;

#[test]
fn check_finds_everything_at_once() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    env.hissab(["assert", "cash", "9735.50", "-d", "2026-04-07"])
        .exits(3);
    assert_snapshot!(look(&["check"]), @r#"
error    assertion-failed  07-Apr-2026  Assets:Cash           asserted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr
         hint: hissab ledger cash --to 2026-04-07 --void
warning  suspense-open     06-Apr-2026  Liabilities:Suspense  2,000.00 Dr, 1 transaction: 12 "Paid to Mohan"
         hint: hissab amend 12 --category ACCOUNT
warning  cash-negative     02-Apr-2026  Assets:Cash           1,370.00 Cr after 5, until 8 on 04-Apr-2026
         hint: hissab daybook 2026-04-02
passed   integrity, balanced, totals, chain (15 records), number-gap (1 to 12, 1 void), locked-period, duplicate-suspect, account-untyped, year-not-closed
skipped  statement-unreconciled (no statement imported)
13 checks, 12 transactions: 1 error, 2 warnings
[exit 3]
"#);
    assert_snapshot!(look(&["check", "-O", "csv"]), @r#"
code,severity,where,date,number,account,message,hint
assertion-failed,error,Assets:Cash@2026-04-07,2026-04-07,,Assets:Cash,"asserted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr",hissab ledger cash --to 2026-04-07 --void
suspense-open,warning,Liabilities:Suspense@2026-04-06,2026-04-06,12,Liabilities:Suspense,"2,000.00 Dr, 1 transaction: 12 ""Paid to Mohan""",hissab amend 12 --category ACCOUNT
cash-negative,warning,Assets:Cash@2026-04-02,2026-04-02,5,Assets:Cash,"1,370.00 Cr after 5, until 8 on 04-Apr-2026",hissab daybook 2026-04-02
--- stderr
13 checks, 12 transactions: 1 error, 2 warnings
[exit 3]
"#);
    assert_snapshot!(look(&["check", "suspense-open", "-O", "json"]), @r#"
{
  "schema": "hissab/check/1",
  "rows": [
    {"code":"suspense-open","severity":"warning","where":"Liabilities:Suspense@2026-04-06","date":"2026-04-06","number":12,"account":"Liabilities:Suspense","message":"2,000.00 Dr, 1 transaction: 12 \"Paid to Mohan\"","hint":"hissab amend 12 --category ACCOUNT"}
  ],
  "passed": [],
  "skipped": [],
  "checks": 1,
  "transactions": 12,
  "errors": 0,
  "warnings": 1,
  "notes": 0,
  "accepted": 0,
  "in_baseline": 0
}
--- stderr
1 check, 12 transactions: 1 warning
[exit 0]
"#);
    assert_snapshot!(look(&["check", "suspense-open", "cash-negative", "-O", "junit", "--fail-on", "warning"]), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="hissab check" tests="2" failures="2" skipped="0">
  <testcase classname="hissab.check" name="suspense-open">
    <failure type="warning" message="2026-04-06 Liabilities:Suspense 2,000.00 Dr, 1 transaction: 12 &quot;Paid to Mohan&quot;">hissab amend 12 --category ACCOUNT</failure>
  </testcase>
  <testcase classname="hissab.check" name="cash-negative">
    <failure type="warning" message="2026-04-02 Assets:Cash 1,370.00 Cr after 5, until 8 on 04-Apr-2026">hissab daybook 2026-04-02</failure>
  </testcase>
</testsuite>
--- stderr
2 checks, 12 transactions: 2 warnings
[exit 3]
"#);
    assert_snapshot!(look(&["check", "assertion-failed", "-O", "github"]), @"
::error title=assertion-failed::2026-04-07 Assets:Cash asserted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr%0Ahint: hissab ledger cash --to 2026-04-07 --void
--- stderr
1 check, 12 transactions: 1 error
[exit 3]
");
    assert_snapshot!(look(&["check", "--deep", "integrity", "chain", "balanced", "totals", "number-gap"]), @"
passed   integrity, balanced, totals, chain (15 records), number-gap (1 to 12, 1 void)
5 checks, 12 transactions: nothing found
[exit 0]
");
    assert_snapshot!(look(&["check", "suspense"]), @r#"
--- stderr
error: there is no check "suspense"
 hint: hissab check --list
[exit 2]
"#);
    env.hissab(["check", "--fail-on", "oops"]).exits(2);
}

#[test]
fn severities_decide_the_exit_code() {
    let env = shop();
    env.hissab(["check"]).ok();
    env.hissab(["check", "--fail-on", "warning"]).exits(3);
    env.hissab(["check", "balanced", "--fail-on", "note"]).ok();
}

#[test]
fn a_file_that_is_no_baseline_is_refused() {
    let env = shop();
    for file in ["shop.hissab", "notes.txt"] {
        env.write("notes.txt", "not a baseline");
        let refused = env.hissab(["check", "--baseline", file]).exits(1);
        assert!(
            refused.stderr.contains("hissab check -O json -o"),
            "{refused}"
        );
    }
}

#[test]
fn a_baseline_leaves_out_what_was_known() {
    let env = shop();
    env.hissab(["check", "-O", "json", "-o", "known.json"]).ok();
    env.hissab(["check", "--fail-on", "note", "--baseline", "known.json"])
        .ok();
    env.hissab(["out", "5000", "more", "-d", "2026-04-03"]).ok();
    let run = env
        .hissab([
            "check",
            "--fail-on",
            "note",
            "--baseline",
            "known.json",
            "-O",
            "csv",
        ])
        .exits(3);
    assert_snapshot!(run, @r#"
code,severity,where,date,number,account,message,hint
suspense-open,warning,Liabilities:Suspense@2026-04-03,2026-04-03,,Liabilities:Suspense,"7,000.00 Dr, 2 transactions: 13 ""more"", 12 ""Paid to Mohan""",hissab ledger suspense
--- stderr
13 checks, 13 transactions: 1 warning, 1 in the baseline
[exit 3]
"#);
    env.write("bad.json", "{\"rows\": 1}");
    env.hissab(["check", "--baseline", "bad.json"]).exits(1);
    env.hissab(["check", "--baseline", "none.json"]).exits(6);
}

#[test]
fn an_accepted_finding_is_left_out_and_the_log_says_why() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["check", "accept", "suspense-open", "12", "--reason", "Mohan will bring the bill", "--dry-run"]), @"
Shree Ganesh Stores · would accept suspense-open 12: Mohan will bring the bill
[exit 0]
");
    assert_snapshot!(look(&["check", "accept", "suspense-open", "12", "--reason", "Mohan will bring the bill"]), @"
Shree Ganesh Stores · accepted suspense-open 12: Mohan will bring the bill
[exit 0]
");
    assert_snapshot!(look(&["check", "accept", "cash-negative", "cash", "--reason", "deposit dated by the bank"]), @"
Shree Ganesh Stores · accepted cash-negative Assets:Cash@2026-04-02: deposit dated by the bank
[exit 0]
");
    env.hissab(["check", "--fail-on", "note"]).ok();
    assert_snapshot!(look(&["check", "accept", "cash-negative", "Assets:Cash@2026-04-02", "--reason", "again"]), @"
Shree Ganesh Stores · already accepted cash-negative Assets:Cash@2026-04-02
[exit 0]
");
    assert_snapshot!(look(&["check", "accept", "chain", "1", "--reason", "no"]), @"
--- stderr
error: chain is about what the book holds; nobody can answer for that
 hint: hissab check --deep
[exit 2]
");
    assert_snapshot!(look(&["check", "accept", "suspense-open", "99", "--reason", "no"]), @"
--- stderr
error: there is no transaction 99
 hint: find it: hissab search WORDS, or hissab daybook
 hint: suspense-open is accepted by transaction number
[exit 6]
");
    env.hissab(["check", "accept", "suspense-open", "12", "--reason", " "])
        .exits(2);
    assert_snapshot!(look(&["audit", "list", "--action", "accepted", "--fields", "seq,action,reason", "-O", "csv"]), @"
seq,action,reason
15,accepted,Mohan will bring the bill
16,accepted,deposit dated by the bank
[exit 0]
");
    env.hissab(["undo"]).ok();
    env.hissab(["check", "cash-negative", "--fail-on", "note"])
        .exits(3);
}

#[test]
fn an_assertion_is_tested_or_recorded() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["assert", "hdfc", "77,000", "-d", "2026-04-06", "--dry-run"]), @"
Shree Ganesh Stores · tested · Assets:Bank:HDFC is 77,000.00 Dr on 06-Apr-2026
[exit 0]
");
    assert_snapshot!(look(&["assert", "hdfc", "1,04,200", "-d", "2026-04-02", "--once", "apr"]), @"
Shree Ganesh Stores · recorded · Assets:Bank:HDFC is 1,04,200.00 Dr on 02-Apr-2026
[exit 0]
");
    assert_snapshot!(look(&["assert", "hdfc", "1,04,200", "-d", "2026-04-02", "--once", "apr"]), @"
Shree Ganesh Stores · already recorded · Assets:Bank:HDFC is 1,04,200.00 Dr on 02-Apr-2026
[exit 0]
");
    assert_snapshot!(look(&["assert", "hdfc", "9", "-d", "2026-04-02", "--dry-run"]), @"
Shree Ganesh Stores · tested · Assets:Bank:HDFC on 02-Apr-2026: asserted 9.00 Dr, books 1,04,200.00 Dr, difference 1,04,191.00 Dr
[exit 3]
");
    assert_snapshot!(look(&["assert", "liabilities:payable:gupta traders", "15000 Cr", "--dry-run"]), @"
Shree Ganesh Stores · tested · Liabilities:Payable:Gupta Traders is 15,000.00 Cr on 07-Apr-2026
[exit 0]
");
    assert_snapshot!(look(&["assert", "hfdc", "9"]), @r#"
--- stderr
error: there is no account "hfdc"
 hint: did you mean Assets:Bank:HDFC?
 hint: to create it, for an expense: hissab account add Expenses:hfdc
 hint: for an income: hissab account add Income:hfdc
 hint: for a bank account: hissab account add Assets:Bank:hfdc
[exit 6]
"#);
    env.hissab(["check", "assertion-failed"]).ok();
    // Cash counted wrong, then right: the newer count holds.
    env.hissab(["assert", "cash", "1", "-d", "2026-04-06"])
        .exits(3);
    env.hissab(["check", "assertion-failed"]).exits(3);
    env.hissab(["assert", "cash", "9815.50", "-d", "2026-04-06"])
        .ok();
    env.hissab(["check", "assertion-failed"]).ok();
}

#[test]
fn a_lock_is_proved_by_its_digest() {
    let env = shop();
    env.hissab(["lock", "2026-04-02"]).ok();
    assert_snapshot!(told(&env.hissab(["check", "locked-period"])), @"
passed   locked-period (to 02-Apr-2026)
1 check, 12 transactions: nothing found
[exit 0]
");
}

#[test]
fn the_log_names_what_had_no_transactions() {
    let env = shop();
    env.hissab(["account", "add", "Assets:Till"]).ok();
    env.hissab(["account", "rename", "Assets:Till", "Assets:Drawer"])
        .ok();
    env.hissab(["currency", "add", "USD"]).ok();
    let log = env.hissab(["log", "--limit", "3"]).ok().stdout;
    let undo = env.hissab(["undo", "--list"]).ok().stdout;
    for text in [&log, &undo] {
        for named in [
            "account-opened Assets:Till\n",
            "Assets:Till to Assets:Drawer\n",
            " USD\n",
        ] {
            assert!(text.contains(named), "{named} is not in\n{text}");
        }
    }
}

#[test]
fn the_log_is_listed_shown_and_proved() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    let short = regex::Regex::new("[0-9a-f]{12}\n").unwrap();
    let list = look(&["audit", "list", "--limit", "3"]);
    assert_snapshot!(short.replace_all(&list, "[HASH]\n"), @"
Audit log
Seq.  Recorded at           Who     Action  Numbers  Reason         Hash
  12  07-Apr-2026 12:00:00  asha    posted  11                      [HASH]
  13  07-Apr-2026 12:00:00  asha    posted  12                      [HASH]
  14  03-Apr-2026 14:30:00  suresh  voided  7        entered twice  [HASH]
[exit 0]
");
    assert_snapshot!(look(&["audit", "list", "--user", "suresh", "-O", "csv"]), @"
seq,recorded_at,who,action,numbers,reason,hash
14,2026-04-03T09:00:00.000000Z,suresh,voided,7,entered twice,[HASH]
[exit 0]
");
    assert_snapshot!(look(&["audit", "list", "--dated", "2026-04-02", "--fields", "seq,numbers", "-O", "csv"]), @"
seq,numbers
5,4
6,5
[exit 0]
");
    assert_snapshot!(look(&["audit", "list", "--backdated", "7", "--fields", "seq,numbers", "-O", "csv"]), @"
seq,numbers
2,1
[exit 0]
");
    assert_snapshot!(look(&["audit", "show", "14"]), @"
Record 14 · voided · 03-Apr-2026 14:30:00 IST · by suresh
operation     [ID]
reason        entered twice
transactions  7
hash          [HASH]
previous      [HASH]
voided 7
[exit 0]
");
    assert_snapshot!(look(&["audit", "show", "99"]), @"
--- stderr
error: there is no audit record 99; the log goes from 1 to 14
 hint: hissab audit list
[exit 6]
");
    assert_snapshot!(look(&["audit", "verify"]), @"
Verified: 14 records, 12 transactions, audit head [HASH]
[exit 0]
");
    let head = env.hissab(["audit", "head"]).ok();
    let (sequence, hash) = head.stdout.trim().split_once(' ').unwrap();
    assert_eq!((sequence, hash.len()), ("14", 64));
    env.hissab(["audit", "verify", "--contains", &hash[..16]])
        .ok();
    env.hissab(["audit", "verify", "--contains", "0123456789abcdef"])
        .exits(3);
    env.hissab(["audit", "verify", "--contains", "xyz"])
        .exits(2);
    env.write("a.journal", "2026-01-01 x\n a  1 INR\n b\n");
    let mut plain = TestEnv::new();
    plain.set("HISSAB_BOOK", "");
    plain.write("a.journal", "2026-01-01 x\n a  1 INR\n b\n");
    plain.hissab(["audit", "list", "-f", "a.journal"]).exits(2);
}

#[test]
fn backup_and_restore_go_round() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["backup", "kept.hissab"]), @"
Shree Ganesh Stores · backed up to kept.hissab: 12 transactions, change 14, audit head [HASH], checked
[exit 0]
");
    assert_snapshot!(look(&["backup", "kept.hissab"]), @"
--- stderr
error: kept.hissab exists already, and no file is replaced
 hint: give another name, or move the old file away
[exit 7]
");
    let before = env.hissab(["tb"]).ok().stdout;
    env.hissab(["out", "50", "tea"]).ok();
    assert_snapshot!(look(&["restore", "kept.hissab"]), @"
--- stderr
error: The book has 1 change since this backup: go back? Nobody can be asked here
 hint: answer with --yes
[exit 2]
");
    assert_snapshot!(look(&["restore", "kept.hissab", "--yes", "--dry-run"]), @"
Shree Ganesh Stores · would be restored from kept.hissab: 12 transactions, change 14, audit head [HASH]
[exit 0]
");
    assert_snapshot!(look(&["restore", "kept.hissab", "--yes"]), @"
Shree Ganesh Stores · restored from kept.hissab: 12 transactions, change 14, audit head [HASH]
what the book held before is in [HOME]/desk/shop.before-restore.hissab
[exit 0]
");
    assert_eq!(env.hissab(["tb"]).ok().stdout, before);
    env.hissab(["-B", "shop.before-restore.hissab", "show", "13"])
        .ok();
    env.hissab(["-B", "new.hissab", "restore", "kept.hissab"])
        .ok();
    assert_eq!(env.hissab(["-B", "new.hissab", "tb"]).ok().stdout, before);
    env.hissab(["restore", "none.hissab"]).exits(6);
    env.hissab(["restore", "shop.hissab"]).exits(2);
    env.write("junk.hissab", "not a book");
    env.hissab(["restore", "junk.hissab"]).exits(10);
    assert_eq!(env.hissab(["tb"]).ok().stdout, before);
}

#[test]
fn codes_are_explained() {
    let env = TestEnv::new();
    assert_snapshot!(env.hissab(["explain", "cash-negative"]), @"
cash-negative (warning of check)
A cash account is below zero at the end of a day, and no till can hold less than nothing. A receipt
is missing, dated too late, or a payment was entered twice or too high.
[exit 0]
");
    assert_snapshot!(env.hissab(["explain", "locked", "--json"]), @r#"
{"schema":"hissab/explain/1","code":"locked","severity":null,"text":"The date is in a locked period. Post with a later date, correct with hissab reverse, or move the lock back: hissab lock --off --reason WHY."}
[exit 0]
"#);
    assert_snapshot!(env.hissab(["explain", "cash-negativ"]), @r#"
--- stderr
error: there is no code "cash-negativ"
 hint: hissab explain cash-negative
[exit 6]
"#);
    env.hissab(["explain"]).ok();
}

#[test]
fn doctor_looks_at_the_machine() {
    let env = shop();
    let run = env.hissab(["doctor", "-O", "csv"]).ok();
    assert!(run.stdout.contains("ok,book,"), "{run}");
    assert!(run.stdout.contains("ok,book's permissions,0600"), "{run}");
    env.write("broken.hissab", "x");
    env.hissab(["doctor", "-B", "broken.hissab"]).exits(3);
}

/// Whatever code an error or a finding carries, `explain` knows it.
#[test]
fn every_code_in_the_source_has_an_explanation() {
    let known = env_texts();
    let patterns = [
        r#"Failure::(?:usage|refused|not_found|conflict)\(\s*"([a-z0-9-]+)""#,
        r#"Failure::new\(\s*[\w:]+,\s*"([a-z0-9-]+)""#,
        r#"(?:broken|conflict)\(\s*"([a-z0-9-]+)""#,
        r#"\bcode: "([a-z0-9-]+)""#,
        r#"Violation::\w+(?: \{ \.\. \})? => "([a-z0-9-]+)""#,
        r#"Fault::(?:new|file|at)\(\s*"([a-z0-9-]+)""#,
        r#"const CODE: &str = "([a-z0-9-]+)""#,
    ];
    let mut missing = Vec::new();
    for (file, text) in crate::tidy::sources() {
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("");
        for pattern in patterns {
            for found in regex::Regex::new(pattern).unwrap().captures_iter(code) {
                if !known.iter().any(|code| *code == found[1]) {
                    missing.push(format!("src/{file}: {}", &found[1]));
                }
            }
        }
    }
    missing.sort();
    missing.dedup();
    assert!(
        missing.is_empty(),
        "add them to src/cli/commands/explain.txt:\n{}",
        missing.join("\n")
    );
}

fn env_texts() -> Vec<String> {
    let list = TestEnv::new()
        .hissab(["explain", "-O", "ndjson", "--fields", "code"])
        .ok();
    let lines = list.stdout.lines();
    lines
        .map(|line| {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            object["code"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_demo_runs_and_leaves_a_book_to_try() {
    let mut env = TestEnv::new();
    let home = env.home().to_string_lossy().into_owned();
    env.set("TMPDIR", &home);
    // The commands of a demo run in one process, where fixed ids would come again.
    let mut command = env.command(["demo"]);
    let output = command.env_remove("HISSAB_TEST_IDS").output().unwrap();
    let run = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{run}");
    for said in [
        "$ hissab import hdfc-apr.csv --account hdfc --rules bank.rules",
        "Posted 2 (1 to Suspense), matched 3",
        "Proved: opening, turnover and closing each balance.",
        "difference 18,600.00 Cr = payments not presented: 10 ref. 000123",
        "Balances: assets are liabilities and equity.",
        "warning  statement-unreconciled  07-Apr-2026  Assets:Bank:HDFC",
        "Verified: 24 records, 24 transactions",
        "When you are done: rm -r ",
    ] {
        assert!(run.contains(said), "{said}\n{run}");
    }
    assert!(!run.contains("[exit"), "{run}");
    let mut folders = std::fs::read_dir(&home).unwrap().filter_map(Result::ok);
    let folder = folders
        .find(|f| f.file_name().to_string_lossy().starts_with("hissab-demo-"))
        .unwrap()
        .path();
    let book = folder.join("shop.hissab");
    env.hissab(["-B".as_ref(), book.as_os_str(), "tb".as_ref()])
        .ok();
    // Its statement differs from the books by what is not presented yet: no reader takes that for an error.
    let exported = env.path("demo.beancount");
    env.hissab([
        "-B".as_ref(),
        book.as_os_str(),
        "export".as_ref(),
        exported.as_os_str(),
    ])
    .ok();
    let read = env.hissab(["-f", "demo.beancount", "tb"]).ok();
    assert!(read.stdout.contains("Proved"), "{read}");
    env.hissab(["demo", "-o", "x.txt"]).exits(2);
}
