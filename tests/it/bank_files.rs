//! Statements that are no tables: OFX, QIF, CAMT.053, MT940. Each file as checked in, several accounts in a
//! file, transfers between them, the laws every import keeps, and what would harm.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::support::{Run, TestEnv};

/// A book with a bank account and a card.
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
    for account in [
        "Assets:Bank:HDFC",
        "Assets:Bank:Two",
        "Liabilities:Card",
        "Expenses:Groceries",
    ] {
        env.hissab(["account", "add", account]);
    }
    env
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/statements")
        .join(name)
}

fn file(name: &str) -> String {
    data(name).to_str().unwrap().to_owned()
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
    let run = env
        .hissab(["journal", "-O", "csv", "--fields", "number"])
        .ok();
    let mut numbers: Vec<&str> = run.stdout.lines().skip(1).collect();
    numbers.dedup();
    numbers.len()
}

const OFX_ACCOUNTS: [&str; 4] = [
    "--account",
    "50100012345678=Assets:Bank:HDFC",
    "--account",
    "4315XXXXXXXX1122=Liabilities:Card",
];

fn import_ofx(env: &TestEnv, more: &[&str]) -> Run {
    let name = file("two-accounts.ofx");
    env.hissab([&["import", name.as_str()][..], &OFX_ACCOUNTS, more].concat())
}

#[test]
fn every_file_reads_as_checked_in() {
    let env = shop();
    for (name, accounts) in [
        ("two-accounts.ofx", &OFX_ACCOUNTS[..]),
        ("comma-decimals.ofx", &["--account", "HDFC"]),
        (
            "quicken.qif",
            &["--account", "Checking=HDFC", "--account", "Visa=Card"],
        ),
        ("wrapped.sta", &["--account", "HDFC"]),
        ("batch.camt", &["--account", "HDFC"]),
    ] {
        let name = file(name);
        let flags = [
            "--dry-run",
            "-O",
            "csv",
            "--fields",
            "line,date,description,reference,debit,credit,currency,account,state",
        ];
        let run = env.hissab([&["import", &name][..], accounts, &flags].concat());
        let want = std::fs::read_to_string(format!("{name}.want")).unwrap_or_default();
        assert_eq!(run.exit, 0, "{name}: {run}");
        assert_eq!(run.stdout, want, "{name}");
    }
}

#[test]
fn a_file_of_two_accounts_is_one_import_and_its_transfer_one_transaction() {
    let env = shop();
    let refused = env.hissab(["import", &file("two-accounts.ofx")]).exits(2);
    for said in [
        "holds statements of 2 accounts",
        "--account 50100012345678=ACCOUNT",
        "4315XXXXXXXX1122=",
    ] {
        assert!(refused.stderr.contains(said), "{said}: {refused}");
    }
    let dry = import_ofx(&env, &["--dry-run"]).ok();
    assert!(dry.stdout.contains("matched  in this run"), "{dry}");
    assert_eq!(transactions(&env), 0);
    let run = import_ofx(&env, &["--save-profile", "mybank"]).ok();
    assert!(
        run.stdout.contains("Posted 1 (1 to Suspense), matched 1"),
        "{run}"
    );
    // Four rows of five: the card's payment is seen from both sides.
    assert_eq!(transactions(&env), 4);
    let list = env.hissab(["import", "list", "-O", "csv"]).ok();
    assert_eq!(list.stdout.lines().count(), 2, "{list}");
    let before = balances(&env);
    assert!(!before.contains("Liabilities:Card"), "{before}");
    // The profile knows the numbers now; nothing comes twice.
    let again = env.hissab(["import", &file("two-accounts.ofx")]).ok();
    assert!(
        again.stdout.contains("this very file is import 1"),
        "{again}"
    );
    assert_eq!(balances(&env), before);
    // Undone, and in again: the same book.
    env.hissab(["import", "undo", "1"]).ok();
    assert_eq!(transactions(&env), 0);
    env.hissab(["import", &file("two-accounts.ofx")]).ok();
    assert_eq!(balances(&env), before);
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn one_account_of_a_file_can_be_left_out_and_come_later() {
    let env = shop();
    let name = file("two-accounts.ofx");
    env.hissab([
        "import",
        &name,
        "--account",
        "50100012345678=HDFC",
        "--account",
        "4315XXXXXXXX1122=-",
    ])
    .ok();
    assert_eq!(transactions(&env), 3);
    let run = import_ofx(&env, &[]).ok();
    assert!(run.stdout.contains("skipped 3 already imported"), "{run}");
    assert_eq!(transactions(&env), 5);
}

#[test]
fn a_table_of_two_accounts_goes_where_each_belongs() {
    let env = shop();
    let two = "Datum;Naam / Omschrijving;Rekening;Tegenrekening;Code;Af Bij;Bedrag (EUR);MutatieSoort;Mededelingen\n20260402;ACME;NL01INGB1;NL9;OV;Bij;1500,00;x;y\n20260413;Huur;NL02INGB2;NL8;OV;Af;700,00;x;y\n";
    env.write("ing.csv", two);
    let refused = env
        .hissab(["import", "ing.csv", "--account", "HDFC"])
        .exits(1);
    for said in ["rows of several accounts", "--account 'NL02INGB2=ACCOUNT'"] {
        assert!(refused.stderr.contains(said), "{said}: {refused}");
    }
    let half = ["import", "ing.csv", "--account", "NL01INGB1=HDFC"];
    let refused = env.hissab(half).exits(1);
    assert!(refused.stderr.contains("\"NL02INGB2\" is"), "{refused}");
    assert_eq!(transactions(&env), 0);
    let whole = [&half[..], &["--account", "NL02INGB2=Two"]].concat();
    env.hissab([&whole[..], &["--save-profile", "ing"]].concat())
        .ok();
    let told = balances(&env);
    for line in [
        "Assets:Bank:HDFC,EUR,1500.00",
        "Assets:Bank:Two,EUR,-700.00",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    // The profile knows where the rows go, and nothing comes twice.
    let next = two.replace("20260413;Huur", "20260414;Meer");
    env.write("next.csv", next);
    let run = env.hissab(["import", "next.csv"]).ok();
    assert!(run.stdout.contains("skipped 1"), "{run}");
    assert_eq!(transactions(&env), 3);
    env.hissab(["check"]).ok();
}

#[test]
fn overlapping_files_of_one_account_come_to_the_same_as_one() {
    let row = |id: &str, day: u8, amount: &str| {
        format!(
            "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>202604{day:02}<TRNAMT>{amount}<FITID>{id}<NAME>Tea\n</STMTTRN>\n"
        )
    };
    let ofx = |rows: &[String]| {
        format!(
            "<OFX><STMTRS><CURDEF>INR<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>\n{}</BANKTRANLIST></STMTRS></OFX>\n",
            rows.concat()
        )
    };
    let rows = [
        row("a", 1, "-5"),
        row("b", 2, "-5"),
        row("c", 2, "-5"),
        row("d", 3, "-7"),
    ];
    let env = shop();
    env.write("first.ofx", ofx(&rows[..3]));
    env.write("second.ofx", ofx(&rows[1..]));
    let run = env
        .hissab(["import", "first.ofx", "second.ofx", "--account", "HDFC"])
        .ok();
    assert!(
        run.stdout
            .contains("Posted 1 (1 to Suspense), matched 0, skipped 2"),
        "{run}"
    );
    let other = shop();
    other.write("whole.ofx", ofx(&rows));
    other
        .hissab(["import", "whole.ofx", "--account", "HDFC"])
        .ok();
    assert_eq!(balances(&env), balances(&other));
}

#[test]
fn rules_work_over_these_rows_too() {
    let env = shop();
    env.write(
        "rules.toml",
        "[[rule]]\nmatch = \"RENT\"\naccount = \"Expenses:Groceries\"\npayee = \"Landlord\"\n",
    );
    import_ofx(&env, &["--rules", "rules.toml"]).ok();
    let journal = env
        .hissab(["journal", "-O", "csv", "--fields", "account,payee,debit"])
        .ok();
    assert!(
        journal
            .stdout
            .contains("Expenses:Groceries,Landlord,12000.00"),
        "{journal}"
    );
}

#[test]
fn a_statement_that_does_not_add_up_is_refused_or_recorded() {
    let env = shop();
    let text = std::fs::read_to_string(data("wrapped.sta")).unwrap();
    env.write(
        "wrong.sta",
        text.replace(":62F:C260303EUR940,5", ":62F:C260303EUR941,5"),
    );
    let run = env
        .hissab(["import", "wrong.sta", "--account", "HDFC"])
        .exits(1);
    assert!(
        run.stderr
            .contains("opening 1000.00 and 3 rows make 940.50, not 941.5"),
        "{run}"
    );
    assert!(
        run.stderr.contains("wrong.sta:16: :62F:C260303EUR941,5"),
        "{run}"
    );
    assert_eq!(transactions(&env), 0);
    env.hissab(["import", "wrong.sta", "--account", "HDFC", "--allow-gap"])
        .ok();
    let log = env.hissab(["audit", "list", "-O", "csv"]).ok();
    assert!(
        log.stdout.contains("make 940.50, not 941.5 (--allow-gap)"),
        "{log}"
    );
}

#[test]
fn a_closing_balance_is_checked_on_its_day() {
    let env = shop();
    import_ofx(&env, &[]).ok();
    let check = env.hissab(["check", "-O", "csv"]);
    let found = check
        .stdout
        .lines()
        .find(|l| l.contains("statement-unreconciled"))
        .unwrap_or_default();
    assert!(
        found.contains("2026-04-30") && found.contains("73,100.00"),
        "{check}"
    );
    // The opening balance was missing; with it the books agree.
    env.hissab([
        "add",
        "-d",
        "2026-03-31",
        "opening",
        "Assets:Bank:HDFC",
        "84200",
        "Equity:Capital",
        "--create-accounts",
    ])
    .ok();
    let check = env.hissab(["check"]);
    assert!(
        !check.stdout.contains("warning  statement-unreconciled"),
        "{check}"
    );
}

#[test]
fn what_is_told_apart_is_named() {
    let env = shop();
    for (name, text, why) in [
        (
            "invest.ofx",
            "<OFX><INVSTMTRS><INVACCTFROM><ACCTID>1</INVACCTFROM></INVSTMTRS></OFX>",
            "an investment account",
        ),
        (
            "order.ofx",
            "<OFX><INTRATRNRS></INTRATRNRS></OFX>",
            "an order to pay or transfer",
        ),
        (
            "camt054.xml",
            "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.054.001.02'><BkToCstmrDbtCdtNtfctn></BkToCstmrDbtCdtNtfctn></Document>",
            "CAMT.054",
        ),
        (
            "invest.qif",
            "!Type:Invst\nD1/1/26\nNBuy\n^\n",
            "an investment account",
        ),
        (
            "interim.sta",
            ":20:X\n:25:1\n:34F:EURD0,\n:61:260401C1,NTRF\n-\n",
            "MT942",
        ),
    ] {
        env.write(name, text);
        let run = env.hissab(["import", name, "--account", "HDFC"]).exits(1);
        assert!(
            run.stderr.contains(why) && run.stderr.contains("hint:"),
            "{name}: {run}"
        );
    }
}

#[test]
fn what_would_harm_is_refused_at_once() {
    let env = shop();
    let deep = "<x>".repeat(100_000);
    let camt = "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><BkToCstmrStmt>";
    let laughs = "<?xml version='1.0'?><!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>";
    let long = "x".repeat(9 << 20);
    for (name, text, codes) in [
        ("deep.xml", format!("{camt}{deep}"), &["nest deeper"][..]),
        (
            "laughs.xml",
            format!("{laughs}{camt}<Stmt><Id>&b;</Id>"),
            &["document type"],
        ),
        (
            "long.xml",
            format!("{camt}<Stmt><Id>{long}"),
            &["longer than"],
        ),
        (
            "long.ofx",
            format!("<OFX><STMTRS><CURDEF>{long}"),
            &["longer than"],
        ),
        ("long.qif", format!("!Type:Bank\nP{long}"), &["longer than"]),
        (
            "long.sta",
            format!(":20:x\n:25:1\n:86:{long}"),
            &["longer than"],
        ),
        (
            "deep.ofx",
            format!("<OFX>{}", deep.to_uppercase()),
            &["cut short"],
        ),
    ] {
        env.write(name, text);
        let begun = Instant::now();
        let run = env.hissab(["import", name, "--account", "HDFC"]).exits(1);
        assert!(
            codes.iter().all(|c| run.stderr.contains(c)),
            "{name}: {run}"
        );
        // Generous: a debug build on a busy machine. A reader that grows faster than its file takes minutes.
        assert!(begun.elapsed().as_secs() < 20, "{name}");
    }
}

#[test]
fn an_archive_of_statements_is_brought_in_file_by_file() {
    use hissab::formats::workbook::zip::packed;
    let env = shop();
    let read = |name: &str| std::fs::read(data(name)).unwrap();
    let (camt, sta) = (read("batch.camt"), read("wrapped.sta"));
    let zip = packed(&[
        ("2026/b.xml", &camt),
        ("2026/a.sta", &sta),
        ("__MACOSX/2026/._a.sta", b"x"),
    ]);
    env.write("month.zip", &zip);
    let import = |more: &[&str]| {
        env.hissab([&["import", "month.zip", "--account", "HDFC"][..], more].concat())
    };
    let dry = import(&["--dry-run", "--json"]).ok();
    let told: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap();
    let files: Vec<&str> = told["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["file"].as_str().unwrap())
        .collect();
    assert_eq!(files, ["month.zip/2026/a.sta", "month.zip/2026/b.xml"]);
    assert_eq!(told["files"][0]["state"], "would-import");
    assert_eq!(transactions(&env), 0);
    import(&[]).ok();
    let both = transactions(&env);
    assert!(both > 3, "{both}");
    // Known again, packed or not, and one file of it by name.
    import(&[]).ok();
    let one = env
        .hissab(["import", "month.zip/2026/a.sta", "--account", "HDFC"])
        .ok();
    assert!(one.stdout.contains("this very file is import 1"), "{one}");
    env.hissab(["import", &file("batch.camt"), "--account", "HDFC"])
        .ok();
    assert_eq!(transactions(&env), both);
    env.hissab(["import", "month.zip/2026/c.sta", "--account", "HDFC"])
        .exits(1);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let env = shop();
    let run = env.hissab(["export", "-o", "no such/b.journal"]).exits(6);
    assert!(run.stderr.contains("there is no folder no such"), "{run}");
    assert!(run.stderr.contains("mkdir -p 'no such'"), "{run}");
}
