//! hledger's CSV rules: each directive does what it does in hledger, which is asked, or is refused by name.

use std::path::Path;

use crate::exits::{normal, same};
use crate::journals::{Sums, hledger};
use crate::support::{Run, TestEnv};

const BANK: &str = "date,desc,amount\n2026-04-01,TEA STALL,-5.00\n2026-04-02,SALARY ACME,100.00\n2026-04-03,RENT FLAT,-50.00\n";
const HEAD: &str = "skip 1\nfields date,description,amount\ncurrency INR\naccount1 assets:bank\naccount2 expenses:unknown\n";

fn imported(env: &TestEnv, csv: &str, rules: &str) -> Run {
    env.write("bank.csv", csv);
    env.write("bank.csv.rules", rules);
    let _ = std::fs::remove_file(env.path("a.hissab"));
    env.hissab(["init", "a.hissab", "--currency", "INR"]).ok();
    import(env, &["--create-accounts"])
}

fn import(env: &TestEnv, more: &[&str]) -> Run {
    let words = [
        "-B",
        "a.hissab",
        "import",
        "bank.csv",
        "--rules",
        "bank.csv.rules",
    ];
    env.hissab([&words, more].concat())
}

fn sums(env: &TestEnv, book: [&str; 2]) -> Sums {
    let [flag, file] = book;
    let run = env
        .hissab([flag, file, "balance", "-O", "csv", "--no-header"])
        .ok();
    let rows = run.stdout.lines().map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let sum = rust_decimal::Decimal::from_str_exact(cells[2]).unwrap();
        ((cells[0].to_owned(), cells[1].to_owned()), sum)
    });
    normal(rows.collect())
}

/// Imported with rules, and read with `-f`, a file has the balances that hledger reads from it.
fn agrees(csv: &str, rules: &str) {
    let env = TestEnv::new();
    imported(&env, csv, rules).ok();
    let theirs = hledger(Path::new(&env.path("bank.csv"))).unwrap_or_else(|e| panic!("{rules}{e}"));
    eprintln!("{rules}");
    let theirs = normal(theirs);
    same("hledger", &sums(&env, ["-B", "a.hissab"]), &theirs);
    same("hledger", &sums(&env, ["-f", "bank.csv"]), &theirs);
    same("hledger", &sums(&env, ["-f", "csv:bank.csv"]), &theirs);
}

#[test]
fn conditions_match_what_hledger_matches() {
    for rules in [
        "if TEA\n account2 expenses:tea\n",
        "if tea stall\nRENT\n account2 expenses:both\n",
        "if\nTEA\n& STALL\n account2 expenses:tea\nif\nSALARY\n& NOPE\n account2 income:wrong\n",
        "if %description ^TEA\n account2 expenses:tea\nif %amount ^-50\n account2 expenses:rent\n",
        "if %2 ^TEA\n account2 expenses:tea\nif %nope TEA\n account2 expenses:wrong\n",
        "if ^2026-04-01,TEA STALL,-5\n account2 expenses:tea\n",
        "if [[:alpha:]]+ STALL\n account2 expenses:tea\nif \\<EAT\\>\n account2 expenses:wrong\n",
        "if TEA\n skip\n",
        "if TEA\n skip 2\n",
        "if SALARY\n end\n",
        "if,account2,comment\nTEA,expenses:tea,t\nTEA STALL,expenses:stall,\nRENT,expenses:rent,\n",
        "if|account2|comment\nTEA.STALL|expenses:tea|a, b\n%amount ^-50|expenses:rent|\n",
        "if TEA\n amount -%amount\n",
        "# c\n; c\n* c\nif TEA\n# inside\n account2 expenses:tea\n",
    ] {
        agrees(BANK, &format!("{HEAD}{rules}"));
    }
}

#[test]
fn amounts_are_what_hledger_makes_of_them() {
    let head = "skip 1\naccount1 assets:bank\naccount2 expenses:unknown\n";
    for (csv, rules) in [
        (
            "d;t;a\n2026-04-01;TEA;-1.005,25\n",
            "separator ;\ndecimal-mark ,\nfields date,description,amount\n",
        ),
        (
            "d\tt\ta\n2026-04-01\tTEA\t-5.00\n",
            "separator TAB\nfields date,description,amount\n",
        ),
        (
            "d,t,x\n2026-04-01,TEA,-5.00\n2026-04-01,TEA,(7.00)\n2026-04-01,T,+3.00\n",
            "fields date,description,x\namount -%x\n",
        ),
        (
            "d,t,a,c\n2026-04-01,TEA,-5.00,EUR\n2026-04-01,TEA,-6.00,USD\n",
            "fields date,description,amount,currency\n",
        ),
        (
            "d,t,a\n2026-04-01,TEA,5.00\n",
            "fields date,description,a\namount %a EUR\n",
        ),
        (
            "d,t,i,o\n2026-04-01,TEA,0.00,5.00\n2026-04-02,SAL,100.00,\n2026-04-03,T,,-7.00\n",
            "fields date,description,amount-in,amount-out\n",
        ),
        (
            "d,t,a,f\n2026-04-01,TEA,5.00,0.50\n",
            "fields date,description,a,f\namount1 -%a\namount2 4.50\naccount3 expenses:fees\namount3 %f\n",
        ),
        (
            "d,t,a,f\n2026-04-01,TEA,-5.00,0.50\n",
            "fields date,description,amount1,f\naccount3 expenses:fees\namount3 %f\n",
        ),
        (
            "d,t,a,b\n2026-04-01,TEA,5.00,9\n2026-04-01,SAL,7.00,8\n",
            "fields date,description,amount,b\nif SAL\n amount1 -%amount\n amount2 %amount\n",
        ),
        (
            "d,t,a\n2026-04-01,TEA,-5.00\n",
            "fields date,description,amount1\ncurrency1 EUR\ncurrency2 EUR\namount2 5.00\n",
        ),
        (
            "d,t,a\n1/4/26,TEA,-5.00\n13/04/26,TEA,-6.00\n",
            "skip 0\nfields date,description,amount\ndate-format %-d/%-m/%y\ndate-format %-m/%-d/%y\n",
        ),
        (
            "d,t,a,a\n2026-04-01,TEA,-5.00,7.00\n",
            "fields date,description,amount,amount\n",
        ),
    ] {
        // A symbol of its own, so that both call the currency the same.
        let currency = if rules.contains("currency") || rules.contains("EUR") {
            ""
        } else {
            "currency INR\n"
        };
        agrees(csv, &format!("{head}{currency}{rules}"));
    }
}

#[test]
fn a_file_of_several_accounts_has_an_account_for_each_row() {
    for rules in [
        "if TEA\n account1 assets:till\n",
        "if TEA\n account1 assets:till\nif SALARY\n account1 liabilities:card\n account2 income:salary\n",
        "account1 assets:%description\n",
        "if,account1,account2\nTEA,assets:till,expenses:tea\nRENT,assets:till,expenses:rent\n",
    ] {
        agrees(BANK, &format!("{HEAD}{rules}"));
    }
    // Balances are proved by account; a second time nothing is new.
    let csv = "d,t,n,a,b\n2026-04-01,TEA,7,-5.00,95.00\n2026-04-01,CASH,8,20.00,30.00\n2026-04-02,RENT,7,-50.00,45.00\n";
    let rules = "skip 1\nfields date,description,n,amount,balance\ncurrency INR\naccount1 assets:bank:%n\naccount2 expenses:unknown\n";
    agrees(csv, rules);
    let env = TestEnv::new();
    imported(&env, csv, rules).ok();
    let again = import(&env, &[]).ok();
    for skipped in ["skipped 2 already", "skipped 1 already"] {
        assert!(again.stdout.contains(skipped), "{again}");
    }
    let all = import(&env, &["--account", "assets:bank:7"]);
    assert_eq!(all.exit, 2, "{all}");
    assert!(all.stderr.contains("of each row"), "{all}");
    let wrong = imported(&env, &csv.replace("45.00", "46.00"), rules);
    assert_eq!(wrong.exit, 1, "{wrong}");
    assert!(wrong.stderr.contains("does not follow"), "{wrong}");
    let nobody = imported(
        &env,
        csv,
        &rules.replace("account1 assets:bank:%n", "if TEA\n account1 a"),
    );
    assert!(nobody.stderr.contains("account1 of the row"), "{nobody}");
}

#[test]
fn what_hissab_has_no_place_for_is_refused_by_name() {
    let refused = |csv: &str, rules: &str, words: &[&str]| {
        let env = TestEnv::new();
        let run = imported(&env, csv, rules).exits(1);
        for word in words {
            assert!(run.stderr.contains(word), "{rules}: {run}");
        }
    };
    for (rules, words) in [
        ("timezone Europe/Rome\n", ["is no time zone", "rules:6:1"]),
        ("if TEA\n account2 (budget)\n", ["in brackets", "rules:7:1"]),
        ("balance2 5.00\n", ["balance2 is not read", "rules:6:1"]),
        ("colour red\n", ["\"colour\"", "rules:6:1"]),
    ] {
        refused(BANK, &format!("{HEAD}{rules}"), &words);
    }
    for (rules, words) in [
        // hledger makes an exchange of it; taken for 83 INR it would be wrong.
        (
            "amount2 1.00\ncurrency2 USD\n",
            ["amount2 is in USD", "bank.csv:2:1"],
        ),
        (
            "amount2 4.00\n",
            [
                "amount2 is 4.00, and the other entries leave 5.00",
                "bank.csv:2:1",
            ],
        ),
        (
            "amount3 1.00\n",
            ["no rule names an account3", "bank.csv:2:1"],
        ),
        (
            "amount3 EUR 1.00\naccount3 expenses:fees\n",
            [
                "the amount is in EUR, and the rules say INR",
                "bank.csv:2:1",
            ],
        ),
    ] {
        refused(BANK, &format!("{HEAD}{rules}"), &words);
    }
    refused(
        BANK,
        "account1 assets:bank\ntimezone UTC\n",
        &["the rules set timezone, but not both date and amount"],
    );
    refused(
        BANK,
        "account1 assets:bank\naccount3 expenses:fees\n",
        &["the rules set account3, but not both date and amount"],
    );
}

/// As hledger has them: a time of the CSV's zone is of the day it was in the book's; with `-f` in that of `TZ`.
#[test]
fn moments_are_of_the_day_they_were_in_the_books_zone() {
    let csv = "date,description,amount\n2026-04-01 20:00,TEA,-5.00\n2026-04-01 10:00,MILK,-6.00\n";
    let rules = "skip 1\nfields date,description,amount\ncurrency INR\naccount1 assets:bank\naccount2 expenses:unknown\n\
        date-format %Y-%m-%d %H:%M\n";
    for (zone, days) in [
        ("", ["2026-04-01", "2026-04-01"]),
        ("timezone UTC\n", ["2026-04-02", "2026-04-01"]),
        ("timezone -0900\n", ["2026-04-02", "2026-04-02"]),
    ] {
        let mut env = TestEnv::new();
        let book = [
            "init",
            "a.hissab",
            "--currency",
            "INR",
            "--timezone",
            "Asia/Kolkata",
        ];
        env.hissab(book).ok();
        env.write("bank.csv", csv);
        env.write("bank.csv.rules", format!("{rules}{zone}"));
        let days_of = |run: crate::support::Run| -> Vec<String> {
            let lines = run.ok().stdout;
            let days = lines
                .lines()
                .skip(1)
                .map(|l| l.split(',').next().unwrap().to_owned());
            let mut days: Vec<String> = days.collect();
            days.sort_unstable_by(|a, b| b.cmp(a));
            days.dedup();
            days
        };
        let mut wanted = days.map(str::to_owned).to_vec();
        wanted.dedup();
        let words = [
            "-B",
            "a.hissab",
            "import",
            "bank.csv",
            "--rules",
            "bank.csv.rules",
            "--create-accounts",
        ];
        env.hissab(words).ok();
        let rows = ["-B", "a.hissab", "journal", "-O", "csv", "--fields", "date"];
        assert_eq!(days_of(env.hissab(rows)), wanted, "{zone}");
        env.set("TZ", "Asia/Kolkata");
        let rows = ["-f", "bank.csv", "journal", "-O", "csv", "--fields", "date"];
        assert_eq!(days_of(env.hissab(rows)), wanted, "-f {zone}");
    }
}

/// Newer hledger than Debian's: `&&` on a line, `!`, and rows of a day the other way round.
#[test]
fn rules_of_newer_hledger_are_read_too() {
    let env = TestEnv::new();
    let rules = "intra-day-reversed\nif TEA && ! STALL\n account2 expenses:tea\nif STALL && TEA\n account2 expenses:stall\n comment a\\nb\n comment2 other side\n";
    let csv = BANK.replace("2026-04-02", "2026-04-01");
    imported(&env, &csv, &format!("{HEAD}{rules}")).ok();
    let rows = env
        .hissab([
            "-B",
            "a.hissab",
            "journal",
            "-O",
            "csv",
            "--no-header",
            "--fields",
            "number,account,memo",
        ])
        .ok();
    insta::assert_snapshot!(rows.stdout, @r#"
    1,assets:bank,
    1,expenses:unknown,
    2,expenses:stall,other side
    2,assets:bank,"a
    b"
    3,expenses:unknown,
    3,assets:bank,
    "#);
}

#[test]
fn a_file_read_with_f_needs_rules_that_name_its_account() {
    let env = TestEnv::new();
    env.write("bank.csv", BANK);
    let read = |words: &[&str]| {
        let run = env.hissab(["-f", "csv:bank.csv", "balance"]).exits(1);
        for word in words {
            assert!(run.stderr.contains(word), "{run}");
        }
    };
    read(&["bank.csv.rules", "write hledger's CSV rules into it"]);
    let alone = env.hissab(["-f", "bank.csv", "balance"]).exits(1);
    assert!(alone.stderr.contains("bank.csv.rules"), "{alone}");
    env.write("bank.csv.rules", "skip\nwat 5\n");
    read(&["bank.csv.rules:2:1  wat 5"]);
    env.write("bank.csv.rules", "skip\nfields date,description,amount\n");
    read(&["account1 Assets:Bank"]);
    env.write(
        "bank.csv.rules",
        "fields date,description,amount\naccount1 a\n",
    );
    read(&["bank.csv:1:1  date,desc,amount", "cannot read a date"]);
    env.write("bank.csv.rules", HEAD);
    let run = env
        .hissab([
            "-f",
            "bank.csv",
            "register",
            "-O",
            "csv",
            "--no-header",
            "--fields",
            "date,description,account,debit",
        ])
        .ok();
    insta::assert_snapshot!(run.stdout, @r"
    2026-04-01,TEA STALL,assets:bank,
    2026-04-01,TEA STALL,expenses:unknown,5.00
    2026-04-02,SALARY ACME,assets:bank,100.00
    2026-04-02,SALARY ACME,expenses:unknown,
    2026-04-03,RENT FLAT,assets:bank,
    2026-04-03,RENT FLAT,expenses:unknown,50.00
    ");
    // Without a commodity, as hledger has it.
    env.write(
        "bank.csv.rules",
        "skip\nfields date,description,amount\naccount1 a\n",
    );
    let run = env
        .hissab(["-f", "bank.csv", "balance", "-O", "csv", "--no-header"])
        .ok();
    insta::assert_snapshot!(run.stdout, @r"
    income:unknown,,-100.00
    expenses:unknown,,55.00
    a,,45.00
    ");
}
