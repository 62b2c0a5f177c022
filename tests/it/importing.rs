//! Bringing files in: every layout as checked in, refusals, and the laws an import keeps.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use crate::support::{Run, TestEnv};

const HDFC: &str = "Date,Narration,Chq./Ref.No.,Value Dt,Withdrawal Amt.,Deposit Amt.,Closing Balance\n\
02/04/26,CASH DEP,,02/04/26,,20000.00,104200.00\n\
03/04/26,UPI-RAMESH KUMAR-9820,609412345678,03/04/26,,3400.00,107600.00\n\
06/04/26,CHQ PAID,000124,06/04/26,12000.00,,95600.00\n\
06/04/26,SMS CHARGES,,06/04/26,59.00,,95541.00\n\
07/04/26,NEFT-KAMLA DEVI,N0970011823,07/04/26,,2500.00,98041.00\n";

/// A shop with a bank account that held 84,200.00 on 1 April.
fn shop() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab([
        "init",
        "shop.hissab",
        "--template",
        "plain",
        "--currency",
        "INR",
    ])
    .ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    env.hissab([
        "add",
        "-d",
        "2026-04-01",
        "opening",
        "Assets:Bank:HDFC",
        "84200",
        "Equity:Capital",
        "--create-accounts",
    ])
    .ok();
    env
}

fn import(env: &TestEnv, file: &str) -> Run {
    env.hissab(["import", file, "--account", "Assets:Bank:HDFC"])
}

fn balances(env: &TestEnv) -> String {
    env.hissab([
        "trial-balance",
        "-O",
        "csv",
        "--fields",
        "account,currency,closing",
    ])
    .ok()
    .stdout
}

fn transactions(env: &TestEnv) -> usize {
    env.hissab(["journal", "-O", "csv", "--fields", "number"])
        .ok()
        .stdout
        .lines()
        .skip(1)
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/csv")
}

#[test]
fn every_layout_reads_as_checked_in() {
    let env = shop();
    let mut tried = 0;
    let mut files: Vec<PathBuf> = std::fs::read_dir(data())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e != "want"))
        .collect();
    files.sort();
    for file in files {
        let want = std::fs::read_to_string(file.with_extension("want")).unwrap();
        let run = env.hissab([
            "import",
            file.to_str().unwrap(),
            "--account",
            "Assets:Bank:Test",
            "--create-accounts",
            "--dry-run",
            "-O",
            "csv",
            "--fields",
            "line,date,description,reference,debit,credit,currency,balance",
        ]);
        assert_eq!(run.exit, 0, "{}: {run}", file.display());
        assert_eq!(run.stdout, want, "{}", file.display());
        tried += 1;
    }
    assert!(tried >= 35, "{tried} files");
}

#[test]
fn a_dry_run_shows_what_becomes_of_each_row() {
    let env = shop();
    env.hissab([
        "add",
        "-d",
        "2026-04-02",
        "deposited",
        "Assets:Bank:HDFC",
        "20000",
        "Assets:Cash",
    ])
    .ok();
    env.hissab([
        "add",
        "-d",
        "2026-04-05",
        "rent",
        "Expenses:Rent",
        "12000",
        "Assets:Bank:HDFC",
        "--reference",
        "124",
        "--create-accounts",
    ])
    .ok();
    env.hissab([
        "add",
        "-d",
        "2026-04-06",
        "bill",
        "Expenses:Rent",
        "18600",
        "Assets:Bank:HDFC",
        "--reference",
        "123",
    ])
    .ok();
    env.write("hdfc.csv", HDFC);
    let before = balances(&env);
    let run = env.hissab(["import", "hdfc.csv", "--account", "hdfc", "--dry-run"]);
    assert_snapshot!(run, @r"
    hdfc.csv · HDFC csv, utf-8, day-first · 5 rows · into Assets:Bank:HDFC · dry run, nothing written
    Line  Date         Narration              Ref.                 In        Out      Balance  State    Account or match
       2  02-Apr-2026  CASH DEP                             20,000.00             1,04,200.00  matched  2
       3  03-Apr-2026  UPI-RAMESH KUMAR-9820  609412345678   3,400.00             1,07,600.00  new      Liabilities:Suspense
       4  06-Apr-2026  CHQ PAID               000124                   12,000.00    95,600.00  matched  3 of 05-Apr-2026
       5  06-Apr-2026  SMS CHARGES                                         59.00    95,541.00  new      Liabilities:Suspense
       6  07-Apr-2026  NEFT-KAMLA DEVI        N0970011823    2,500.00               98,041.00  new      Liabilities:Suspense
    Statement: 84,200.00 + 25,900.00 in - 12,059.00 out = 98,041.00; the balance is right on all 5 rows
    Books after import: 79,441.00 Dr; statement 98,041.00 Dr; difference 18,600.00 Cr = payments not presented: 4 ref. 123
    Would post 3 (3 to Suspense), match 2, skip 0 already imported, refuse 0
    [exit 0]
    ");
    assert_eq!(balances(&env), before);
    env.hissab(["import", "hdfc.csv", "--account", "hdfc"]).ok();
    assert_eq!(transactions(&env), 7);
    env.hissab(["check"]).ok();
}

#[test]
fn importing_twice_changes_nothing_and_says_so() {
    let env = shop();
    env.write("hdfc.csv", HDFC);
    import(&env, "hdfc.csv").ok();
    let (before, log) = (balances(&env), env.hissab(["audit", "head"]).ok().stdout);
    let again = import(&env, "hdfc.csv").ok();
    assert!(
        again.stdout.contains(
            "Posted 0, matched 0, skipped 5 already imported, refused 0; this very file is import 1"
        ),
        "{again}"
    );
    assert_eq!(balances(&env), before);
    assert_eq!(
        env.hissab(["audit", "head"]).ok().stdout,
        log,
        "no record for nothing"
    );
    // Renaming the account changes nothing either: identity hangs on its id.
    env.hissab([
        "account",
        "rename",
        "Assets:Bank:HDFC",
        "Assets:Bank:HDFC Savings",
    ])
    .ok();
    let renamed = env
        .hissab(["import", "hdfc.csv", "--account", "HDFC Savings"])
        .ok();
    assert!(
        renamed.stdout.contains("skipped 5 already imported"),
        "{renamed}"
    );
}

#[test]
fn two_overlapping_halves_are_one_statement() {
    let whole = shop();
    whole.write("hdfc.csv", HDFC);
    import(&whole, "hdfc.csv").ok();
    let halves = shop();
    let lines: Vec<&str> = HDFC.lines().collect();
    halves.write("one.csv", lines[..4].join("\n"));
    halves.write("two.csv", [&lines[..1], &lines[2..]].concat().join("\n"));
    import(&halves, "one.csv").ok();
    let second = import(&halves, "two.csv").ok();
    assert!(second.stdout.contains("Posted 2"), "{second}");
    assert!(
        second.stdout.contains("skipped 2 already imported"),
        "{second}"
    );
    assert_eq!(balances(&halves), balances(&whole));
}

#[test]
fn shuffled_rows_come_to_the_same_balances() {
    let straight = shop();
    straight.write("a.csv", HDFC);
    import(&straight, "a.csv").ok();
    let lines: Vec<&str> = HDFC.lines().collect();
    for order in [[5, 4, 3, 2, 1], [3, 1, 5, 2, 4], [4, 3, 1, 5, 2]] {
        let env = shop();
        let rows: Vec<&str> = std::iter::once(lines[0])
            .chain(order.iter().map(|i| lines[*i]))
            .collect();
        env.write("b.csv", rows.join("\n"));
        import(&env, "b.csv").ok();
        assert_eq!(balances(&env), balances(&straight), "{order:?}");
        // And the shuffled file is the same file to a book that has the straight one.
        straight.write("b.csv", rows.join("\n"));
        assert!(import(&straight, "b.csv").ok().stdout.contains("Posted 0"));
    }
}

#[test]
fn an_undone_import_is_as_if_it_had_not_been() {
    let env = shop();
    let before = balances(&env);
    env.write("hdfc.csv", HDFC);
    import(&env, "hdfc.csv").ok();
    let list = env
        .hissab([
            "import",
            "list",
            "-O",
            "csv",
            "--fields",
            "batch,file,format,added,skipped,state",
        ])
        .ok();
    assert_eq!(
        list.stdout,
        "batch,file,format,added,skipped,state\n1,hdfc.csv,HDFC csv,5,0,imported\n"
    );
    env.hissab(["import", "undo", "1"]).ok();
    assert_eq!(
        balances(&env).replace("Liabilities:Suspense,INR,0.00\n", ""),
        before
    );
    assert!(
        env.hissab(["import", "undo", "1"])
            .ok()
            .stdout
            .contains("nothing changed")
    );
    assert!(import(&env, "hdfc.csv").ok().stdout.contains("Posted 5"));
    env.hissab(["check", "--deep"]).ok();
    env.hissab(["import", "undo", "7"]).exits(6);
}

#[test]
fn identical_rows_that_are_really_two_stay_two() {
    let env = shop();
    let coffee = "Booking Date,Partner Name,Partner Iban,Payment Reference,Amount (INR)\n2026-04-07,Cafe,X,,-3.20\n2026-04-07,Cafe,X,,-3.20\n";
    env.write("n26.csv", coffee);
    assert!(import(&env, "n26.csv").ok().stdout.contains("Posted 2"));
    assert!(import(&env, "n26.csv").ok().stdout.contains("skipped 2"));
    env.write("more.csv", format!("{coffee}2026-04-07,Cafe,X,,-3.20\n"));
    let third = import(&env, "more.csv").ok();
    assert!(
        third.stdout.contains("Posted 1") && third.stdout.contains("skipped 2"),
        "{third}"
    );
    // The next day's equal coffee is not the one of the day before.
    env.write("next.csv", coffee.replace("04-07", "04-08"));
    let next = import(&env, "next.csv").ok();
    assert!(
        next.stdout.contains("Posted 2") && next.stdout.contains("matched 0"),
        "{next}"
    );
}

#[test]
fn one_statement_in_two_forms_is_imported_once() {
    let env = shop();
    env.write("a.csv", HDFC);
    import(&env, "a.csv").ok();
    env.write("b.csv", "Txn Date,Value Date,Description,Ref No./Cheque No.,Debit,Credit,Balance\n2 Apr 2026,2 Apr 2026,Cash deposit,,,20000,104200\n3 Apr 2026,3 Apr 2026,UPI Ramesh,X1,,3400,107600\n");
    let run = import(&env, "b.csv").ok();
    assert!(run.stdout.contains("Posted 0, matched 2"), "{run}");
}

#[test]
fn a_transfer_seen_in_two_statements_is_one_transaction() {
    let env = shop();
    env.hissab(["account", "add", "Assets:Bank:ICICI"]).ok();
    env.write("rules", "if TO ICICI\n account2 Assets:Bank:ICICI\n");
    env.write(
        "hdfc.csv",
        "Date,Narration,Withdrawal,Deposit\n15/04/2026,TO ICICI,500.00,\n",
    );
    env.write(
        "icici.csv",
        "Date,Narration,Withdrawal,Deposit\n16/04/2026,FROM HDFC,,500.00\n",
    );
    env.hissab([
        "import",
        "hdfc.csv",
        "--account",
        "Assets:Bank:HDFC",
        "--rules",
        "rules",
    ])
    .ok();
    let run = env
        .hissab(["import", "icici.csv", "--account", "Assets:Bank:ICICI"])
        .ok();
    assert!(run.stdout.contains("Posted 0, matched 1"), "{run}");
    assert_eq!(transactions(&env), 2);
}

#[test]
fn a_refused_file_does_not_stop_the_others_but_with_atomic_it_does() {
    let env = shop();
    env.write("good.csv", HDFC);
    env.write("bad.csv", HDFC.replace("06/04/26,SMS", "31/02/26,SMS"));
    env.write("late.csv", "Date,Narration,Amount\n2026-04-09,x,5.00\n");
    let before = balances(&env);
    let args = [
        "import",
        "good.csv",
        "bad.csv",
        "late.csv",
        "--account",
        "Assets:Bank:HDFC",
    ];
    let none = env.hissab(args.iter().chain(["--atomic"].iter())).exits(1);
    assert!(none.stderr.contains("bad.csv:5:1: 31/02/26"), "{none}");
    assert_eq!(balances(&env), before);
    let some = env.hissab(args).exits(1);
    assert!(
        some.stderr
            .contains("bad.csv not imported: \"31/02/26\" is no day of the calendar"),
        "{some}"
    );
    assert_eq!(transactions(&env), 1 + 5 + 1);
    env.write("more.csv", "Date,Narration,Amount\n2026-04-10,y,6.00\n");
    env.hissab([
        "import",
        "late.csv",
        "more.csv",
        "--atomic",
        "--account",
        "Assets:Bank:HDFC",
    ])
    .ok();
    assert_eq!(transactions(&env), 1 + 5 + 1 + 1);
}

#[test]
fn what_cannot_be_read_without_a_guess_is_refused() {
    let env = shop();
    let head = "Date,Description,Amount\n";
    for (text, code, at) in [
        (format!("{head}05/04/2026,a,1.00\n06/04/2026,b,2.00\n"), "ambiguous-dates", "x.csv:2:1"),
        (format!("{head}13/04/2026,a,1.00\n04/13/2026,b,2.00\n"), "mixed-dates", "x.csv:3:1"),
        (format!("{head}2026-04-01,a,\"1,00\"\n2026-04-02,b,2.50\n"), "mixed-decimal-marks", "x.csv:3:14"),
        (format!("{head}2026-04-01,a,\"1,23.00\"\n"), "unreadable-amount", "x.csv:2:14"),
        (format!("{head}2026-04-01,a,-12.345\n"), "unreadable-amount", "x.csv:2"),
        (format!("{head}2026-04-01,a,5.00\n"), "direction-unsaid", "x.csv:2:14"),
        (format!("{head}2026-04-01,a,abc\n"), "unreadable-amount", "x.csv:2:14"),
        (format!("{head}2026-04-01,a,\n"), "unreadable-amount", "x.csv:2:14"),
        (format!("{head}2026-04-01,a, b,5.00\n"), "too-many-cells", "x.csv:2:17"),
        (format!("{head}2026-04-01,a,5.00\n,b,6.00\n"), "unreadable-date", "x.csv:3:1"),
        (format!("{head}2026-02-30,a,5.00\n"), "unreadable-date", "x.csv:2:1"),
        (format!("{head}2026-04-01,\"a,5.00\n2026-04-02,b,6.00\n"), "unclosed-quote", "x.csv:2:12"),
        ("Date,Description,In,Out\n2026-04-01,a,5.00,6.00\n".to_owned(), "both-sides", "x.csv:2"),
        (HDFC.replace("95541.00", "95540.00"), "does-not-add-up", "x.csv:5:39"),
        ("Date,Description,Debit,Credit,Balance\n2026-04-01,a,5.00,,105.00\n2026-04-02,b,,7.00,98.00\n".to_owned(), "balance-runs-against", "x.csv:2:20"),
        ("what,is,this\n1,2,3\n".to_owned(), "not-a-statement", "x.csv:1"),
        ("\0\0\0\0abc".to_owned(), "not-text", "x.csv:1:1"),
        ("PK\u{3}\u{4}".to_owned(), "damaged-workbook", ""),
        ("%PDF-1.7".to_owned(), "not-text", ""),
        ("<?xml version=\"1.0\"?><pain/>".to_owned(), "unknown-format", ""),
        ("!Type:Bank\nD1/1/26\nT1\n^\n".to_owned(), "ambiguous-dates", "x.csv:2:2"),
        (String::new(), "empty-file", ""),
        (format!("{head}2026-04-01,a,{}\n", "9".repeat(19)), "unreadable-amount", "x.csv:2:14"),
        (format!("{head}2026-04-01,a,-{}\n", "9".repeat(18)), "unreadable-amount", "x.csv:2"),
        (format!("{head}{}\n", ",".repeat(1_200)), "too-long", "x.csv:2:1"),
        (format!("{head}2026-04-01,{},5.00\n", "x".repeat(1_100_000)), "too-long", "x.csv:2:1"),
        ("x".repeat(3_000_000), "too-long", "x.csv:1:1"),
    ] {
        env.write("x.csv", &text);
        let run = env.hissab(["import", "x.csv", "--account", "Assets:Bank:HDFC", "--json"]).exits(1);
        let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        let start: String = text.chars().take(60).collect();
        assert_eq!(error["code"], code, "{start}: {run}");
        let place = error["at"][0].as_str().unwrap_or("");
        let (file_line, _) = place.split_once(": ").unwrap_or((place, ""));
        assert!(file_line == at || at.matches(':').count() == 1 && file_line.starts_with(at), "{start}: {file_line} is not {at}");
        assert!(error["message"].as_str().unwrap().starts_with("x.csv not imported: "), "{run}");
    }
    assert_eq!(transactions(&env), 1, "nothing was half imported");
}

#[test]
fn a_question_of_dates_names_the_orders_that_fit() {
    let env = shop();
    // The day in front would spread them over sixteen years, the year in front keeps them together.
    env.write(
        "x.csv",
        "date,text,amount\n26-04-15,a,1.00\n26-12-31,b,2.00\n",
    );
    let run = env
        .hissab(["import", "x.csv", "--account", "Assets:Bank:HDFC"])
        .exits(1);
    assert!(run.stderr.contains("day first or year first"), "{run}");
    assert!(
        run.stderr
            .contains("say which: --date-order dmy or --date-order ymd"),
        "{run}"
    );
}

#[test]
fn a_card_most_of_whose_rows_are_positive_is_asked_about() {
    let env = shop();
    env.hissab(["account", "add", "Liabilities:Card"]).ok();
    let rows = "2026-04-15,TESCO,45.20,Personal\n2026-04-15,ASDA,5.20,Personal\n2026-04-15,BOOTS,4.20,Personal\n2026-04-16,REFUND,-5.00,Personal\n";
    env.write("x.csv", format!("Date,Merchant,Amount,Type\n{rows}"));
    let import = |more: &[&str]| {
        let words = [
            "import",
            "x.csv",
            "--account",
            "Liabilities:Card",
            "--dry-run",
        ];
        env.hissab(words.iter().chain(more).copied())
    };
    let asked = import(&[]).exits(1);
    assert!(
        asked.stderr.contains("most rows of the card or loan"),
        "{asked}"
    );
    let out = import(&["--invert", "-O", "csv", "--no-header", "--fields", "credit"]).ok();
    assert!(out.stdout.starts_with("45.20\n"), "{out}");
    import(&["--columns", "date,payee,amount"]).ok();
}

#[test]
fn a_sign_that_currencies_share_is_the_account_s_own() {
    let env = shop();
    for (currency, amount) in [
        ("CNY", "-¥45.20"),
        ("TRY", "-45.20 TL"),
        ("SEK", "-45.20 kr"),
    ] {
        let account = format!("Assets:Bank:In {currency}");
        env.hissab(["account", "add", &account, "--currency", currency])
            .ok();
        env.write(
            "x.csv",
            format!("Date,Text,Amount\n2026-04-15,tea,{amount}\n"),
        );
        let run = env.hissab([
            "import",
            "x.csv",
            "--account",
            &account,
            "--dry-run",
            "-O",
            "csv",
            "--no-header",
            "--fields",
            "credit,currency",
        ]);
        assert_eq!(run.ok().stdout.trim(), format!("45.20,{currency}"));
    }
    // Of an account that uses none of them it is not known.
    env.write("x.csv", "Date,Text,Amount\n2026-04-15,tea,-45.20 kr\n");
    let run = env
        .hissab(["import", "x.csv", "--account", "Assets:Bank:HDFC"])
        .exits(1);
    assert!(run.stderr.contains("no currency \"kr\""), "{run}");
}

#[test]
fn a_flag_answers_what_the_file_leaves_open() {
    let env = shop();
    env.write(
        "x.csv",
        "Date,Description,Amount\n05/04/2026,a,\"+1,234\"\n",
    );
    let columns = [
        "-O",
        "csv",
        "--no-header",
        "--fields",
        "date,debit,currency",
    ];
    let with = |flags: &[&str]| {
        let base = [
            "import",
            "x.csv",
            "--account",
            "Assets:Bank:HDFC",
            "--dry-run",
        ];
        env.hissab(base.iter().chain(flags).chain(&columns))
            .ok()
            .stdout
    };
    assert_eq!(with(&["--date-order", "dmy"]), "2026-04-05,1234.00,INR\n");
    assert_eq!(
        with(&["--date-order", "mdy", "--decimal-mark", "."]),
        "2026-05-04,1234.00,INR\n"
    );
    let euro = env
        .hissab([
            "import",
            "x.csv",
            "--account",
            "Assets:Bank:HDFC",
            "--dry-run",
            "--date-order",
            "dmy",
            "--currency",
            "EUR",
        ])
        .exits(1);
    assert!(euro.stderr.contains("--decimal-mark"), "{euro}");
    env.hissab([
        "import",
        "x.csv",
        "--account",
        "Assets:Bank:HDFC",
        "--date-order",
        "wrong",
    ])
    .exits(2);
    let inverted = env
        .hissab([
            "import",
            "x.csv",
            "--account",
            "Assets:Bank:HDFC",
            "--dry-run",
            "--date-order",
            "dmy",
            "--invert",
            "-O",
            "csv",
            "--fields",
            "credit",
        ])
        .ok();
    assert_eq!(inverted.stdout, "credit\n1234.00\n");
}

#[test]
fn a_gap_is_imported_only_when_it_is_allowed() {
    let env = shop();
    env.write(
        "gap.csv",
        HDFC.replace("06/04/26,SMS CHARGES,,06/04/26,59.00,,95541.00\n", ""),
    );
    let run = import(&env, "gap.csv").exits(1);
    assert!(
        run.stderr
            .contains("95600.00 on line 4 + 2500.00 makes 98100.00, not 98041.00"),
        "{run}"
    );
    let allowed = env
        .hissab([
            "import",
            "gap.csv",
            "--account",
            "Assets:Bank:HDFC",
            "--allow-gap",
        ])
        .ok();
    assert!(
        allowed
            .stdout
            .contains("Line 5: the balance does not follow on 1 of 3 rows"),
        "{allowed}"
    );
}

#[test]
fn a_saved_profile_needs_no_flags_the_next_time() {
    let env = shop();
    env.write("hdfc.csv", HDFC);
    env.hissab(["import", "hdfc.csv"]).exits(2);
    env.write("rules.toml", "[[rule]]\nmatch = [\"SMS CHARGES\", \"RENT\"]\naccount = \"Expenses:Bank Charges\"\ntags = [\"bank:yes\"]\n");
    let unknown = env
        .hissab([
            "import",
            "hdfc.csv",
            "--account",
            "hdfc",
            "--rules",
            "rules.toml",
        ])
        .exits(6);
    assert!(
        unknown.stderr.contains("Expenses:Bank Charges")
            && unknown.stderr.contains("--create-accounts"),
        "{unknown}"
    );
    env.hissab([
        "import",
        "hdfc.csv",
        "--account",
        "hdfc",
        "--rules",
        "rules.toml",
        "--create-accounts",
        "--save-profile",
        "hdfc",
    ])
    .ok();
    let next = HDFC
        .replace("/04/26", "/05/26")
        .replace("98041", "98042")
        .replace("2500", "2501");
    env.write("may.csv", next);
    let run = env
        .hissab([
            "import",
            "may.csv",
            "-O",
            "csv",
            "--fields",
            "account,state",
        ])
        .ok();
    assert_eq!(
        run.stdout
            .lines()
            .filter(|l| *l == "Expenses:Bank Charges,new")
            .count(),
        1,
        "{run}"
    );
    assert_eq!(run.stdout.lines().count(), 6);
    env.hissab(["import", "may.csv", "--profile", "nope"])
        .exits(6);
}

#[test]
fn hledgers_rules_are_read_as_they_are() {
    let env = shop();
    env.write("bank.rules", "skip 1\nfields date,description,code,amount-out,amount-in,balance\ndate-format %d/%m/%Y\ncurrency INR\naccount1 Assets:Bank:HDFC\naccount2 Expenses:Unknown\ninclude more.rules\nif SALARY\n& %amount-in 50\n account2 Income:Salary\n description %code salary\n comment paid:yes\nif OLD\n skip\n");
    env.write("more.rules", "if,account2\nCHAI|TEA,Expenses:Tea\n");
    env.write("bank.csv", "Datum,Wat,Ref,Out,In,Bal\n01/04/2026,CHAI POINT,1,20.00,,80.00\n02/04/2026,ACME SALARY,2,,50.00,130.00\n03/04/2026,OLD ROW,3,1.00,,129.00\n");
    let run = env
        .hissab([
            "import",
            "bank.csv",
            "--rules",
            "bank.rules",
            "--create-accounts",
            "-O",
            "csv",
            "--fields",
            "date,description,reference,debit,credit,account,state",
        ])
        .ok();
    assert_snapshot!(run.stdout, @r"
    date,description,reference,debit,credit,account,state
    2026-04-01,CHAI POINT,1,,20.00,Expenses:Tea,new
    2026-04-02,2 salary,2,50.00,,Income:Salary,new
    ");
    let bad = "skip 1\nwat 5\n";
    env.write("bad.rules", bad);
    let run = env
        .hissab([
            "import",
            "bank.csv",
            "--rules",
            "bad.rules",
            "--account",
            "hdfc",
        ])
        .exits(1);
    assert!(run.stderr.contains("bad.rules:2:1: wat 5"), "{run}");
}

#[test]
fn entries_and_journals_come_back_as_they_went() {
    let env = shop();
    env.write("hdfc.csv", HDFC);
    import(&env, "hdfc.csv").ok();
    for (file, flags) in [
        ("out.csv", &[][..]),
        ("out.journal", &[]),
        ("out.ledger", &["-O", "ledger"]),
        ("out.ndjson", &[]),
    ] {
        env.hissab(["export", file].iter().chain(flags)).ok();
        if file == "out.ndjson" {
            assert_eq!(
                std::fs::read_to_string(env.path(file))
                    .unwrap()
                    .lines()
                    .count(),
                12
            );
            continue;
        }
        let run = env.hissab(["import", file]).ok();
        assert!(
            run.stdout
                .contains("Posted 0, skipped 6 already imported; nothing to do"),
            "{run}"
        );
        let mut fresh = TestEnv::new();
        fresh
            .hissab([
                "init",
                "other.hissab",
                "--template",
                "plain",
                "--currency",
                "INR",
            ])
            .ok();
        fresh.set("HISSAB_BOOK", "other.hissab");
        let path = env.path(file);
        fresh.hissab(["import", path.to_str().unwrap()]).ok();
        assert_eq!(balances(&fresh), balances(&env), "{file}");
        assert!(
            fresh
                .hissab(["import", path.to_str().unwrap()])
                .ok()
                .stdout
                .contains("Posted 0")
        );
    }
    env.hissab(["export", "-O", "docx"]).exits(2);
    env.write(
        "typo.journal",
        "2026-04-09 x\n    Assets:Csah  5 INR\n    Assets:Cash\n",
    );
    let typo = env.hissab(["import", "typo.journal"]).exits(6);
    assert!(typo.stderr.contains("did you mean Assets:Cash"), "{typo}");
}

#[test]
fn locked_periods_and_closed_accounts_refuse_the_whole_file() {
    let env = shop();
    env.hissab(["lock", "2026-04-03"]).ok();
    env.write("hdfc.csv", HDFC);
    let run = import(&env, "hdfc.csv").exits(7);
    assert!(
        run.stderr.contains("hdfc.csv not imported")
            && run.stderr.contains("hdfc.csv:2: 02/04/26,CASH DEP"),
        "{run}"
    );
    assert_eq!(transactions(&env), 1);
}
