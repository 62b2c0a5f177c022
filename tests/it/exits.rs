//! What we write, other programs read to the same balances: hledger, Ledger, beancount, SQLite, and we
//! ourselves. Books by chance; `HISSAB_BOOKS=200` tries that many.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use hissab::book::Book;
use hissab::ledger::money::from_minor;
use hissab::ledger::totals::TotalsQuery;
use rust_decimal::Decimal;

use crate::books::Shop;
use crate::chance::Chance;
use crate::journals::{Sums, difference, hledger, ledger};
use crate::odd_books::{Foreign, odd_book, odd_book_where};
use crate::support::TestEnv;

/// Transactions of a generated book.
const COUNT: usize = 60;

/// Calls with so many books, or as many as `HISSAB_BOOKS` says; a failure names the seed.
pub fn each_book(test: &str, usual: usize, look: impl FnMut(&mut Shop, &TestEnv)) {
    each_book_where(test, usual, Foreign::Freely, look);
}

fn each_book_where(
    test: &str,
    usual: usize,
    foreign: Foreign,
    mut look: impl FnMut(&mut Shop, &TestEnv),
) {
    let count = std::env::var("HISSAB_BOOKS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(usual);
    let mut chance = Chance::new(test);
    for _ in 0..count {
        let seed = chance.next();
        eprintln!("book {seed}");
        let mut shop = odd_book_where(seed, COUNT, foreign);
        look(&mut shop, &TestEnv::new());
    }
}

/// Our sums by account and currency; zero sums are left out.
pub fn sums(book: &mut dyn Book) -> Sums {
    let chart = book.chart().unwrap();
    let totals = book.totals(&TotalsQuery::until(None)).unwrap();
    let row = |row: &hissab::ledger::totals::AccountTotal| {
        let currency = chart.currency(row.currency);
        let sum = from_minor(row.closing(), currency.scale).unwrap();
        let account = chart.account(row.account).path.to_string();
        ((account, currency.code.to_string()), sum.normalize())
    };
    let rows = totals.rows.iter().map(row);
    rows.filter(|(_, sum)| !sum.is_zero()).collect()
}

fn export(env: &TestEnv, shop: &Shop, name: &str) -> std::path::PathBuf {
    env.hissab(["-B", shop.path.to_str().unwrap(), "export", name])
        .ok();
    env.path(name)
}

/// The names as [`ledger`] gives them: without brackets around virtual accounts.
fn trimmed(sums: &Sums) -> Sums {
    let name = |path: &str| path.trim_matches(['(', ')']).to_owned();
    let named = sums
        .iter()
        .map(|((path, code), sum)| ((name(path), code.clone()), *sum));
    named.collect()
}

pub fn same(program: &str, ours: &Sums, theirs: &Sums) {
    let found = difference(program, ours, theirs);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

pub fn normal(sums: Sums) -> Sums {
    sums.into_iter()
        .map(|(key, sum)| (key, sum.normalize()))
        .filter(|(_, sum)| !sum.is_zero())
        .collect()
}

#[test]
fn hledger_and_ledger_have_the_balances_of_the_book() {
    each_book("exits to journals", 6, |shop, env| {
        let ours = sums(&mut shop.book);
        assert!(ours.len() > 20);
        let path = export(env, shop, "book.journal");
        same("hledger", &ours, &normal(hledger(&path).unwrap()));
        let path = export(env, shop, "book.ledger");
        same("ledger", &trimmed(&ours), &normal(ledger(&path).unwrap()));
    });
}

/// Prints account path, commodity code and sum of everything bean-check accepts.
const BEANCOUNT: &str = r#"
import sys
from collections import defaultdict
from beancount import loader
from beancount.core import data
from beancount.parser import printer
entries, errors, options = loader.load_file(sys.argv[1])
errors = [e for e in errors if type(e).__name__ != "BalanceError"]
for error in errors:
    sys.stderr.write(printer.format_error(error))
sys.exit(1) if errors else None
paths, codes, sums = {}, {}, defaultdict(int)
for entry in entries:
    if isinstance(entry, data.Open):
        paths[entry.account] = entry.meta.get("path", entry.account)
    if isinstance(entry, data.Commodity):
        codes[entry.currency] = entry.meta.get("code", entry.currency)
    if isinstance(entry, data.Transaction):
        for posting in entry.postings:
            sums[posting.account, posting.units.currency] += posting.units.number
for (account, code), amount in sorted(sums.items()):
    print("\x1f".join([paths[account], codes[code], format(amount, "f")]))
"#;

/// Runs Python with the beancount that `tests/run` installs.
pub fn beancount(path: &Path) -> Result<Sums, String> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/beancount");
    let output = Command::new("python3")
        .args(["-c", BEANCOUNT])
        .arg(path)
        .env("PYTHONPATH", &installed)
        .env("PYTHONUTF8", "1")
        .output()
        .expect("python3 is needed for this test");
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{said}\n(beancount: python3 -m pip install --target {} beancount==3.2.3)",
            installed.display()
        ));
    }
    Ok(listed(&String::from_utf8(output.stdout).unwrap()))
}

/// Lines of account, commodity and sum, parted by 0x1f.
fn listed(text: &str) -> Sums {
    let mut sums: Sums = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\x1f').collect();
        let [account, code, sum] = fields.as_slice() else {
            panic!("{line}");
        };
        let key = ((*account).to_owned(), (*code).to_owned());
        let earlier = sums.insert(key, Decimal::from_str_exact(sum).unwrap());
        assert_eq!(
            earlier, None,
            "two accounts or commodities became one: {line}"
        );
    }
    normal(sums)
}

#[test]
fn beancount_has_the_balances_of_the_book() {
    each_book("exits to beancount", 6, |shop, env| {
        let path = export(env, shop, "book.beancount");
        same(
            "beancount",
            &sums(&mut shop.book),
            &beancount(&path).unwrap(),
        );
    });
}

#[test]
fn a_beancount_file_that_says_something_else_is_found() {
    let mut shop = odd_book(1, COUNT);
    let env = TestEnv::new();
    let path = export(&env, &shop, "book.beancount");
    let text = std::fs::read_to_string(&path).unwrap();
    let ours = sums(&mut shop.book);
    let other = text.replacen("path: \"kasse:bar\"", "path: \"kasse:baz\"", 1);
    assert_ne!(text, other);
    std::fs::write(&path, other).unwrap();
    assert!(!difference("x", &ours, &beancount(&path).unwrap()).is_empty());
    let more = "2026-09-02 * \"x\"\n  Assets:Cash  1 INR\n  Assets:Bank:HDFC  -2 INR\n";
    std::fs::write(&path, format!("{text}{more}")).unwrap();
    assert!(
        beancount(&path).is_err(),
        "an unbalanced transaction passes"
    );
}

/// Sums of a script of ours, by SQLite.
fn sqlite(env: &TestEnv, path: &Path) -> Sums {
    let database = env.path("loaded.db");
    let run = |words: &[&str], input: Option<&Path>| {
        let mut command = Command::new("sqlite3");
        command.arg("-bail").arg(&database).args(words);
        if let Some(path) = input {
            command.stdin(std::fs::File::open(path).unwrap());
        }
        let output = command.output().expect("sqlite3 is needed for this test");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run(&[], Some(path)), "");
    assert_eq!(run(&["PRAGMA foreign_key_check"], None), "");
    let unbalanced = "SELECT count(*) FROM (SELECT 1 FROM entry GROUP BY number, weight_currency HAVING sum(weight_minor) <> 0)";
    assert_eq!(run(&[unbalanced], None), "0\n");
    let rows = run(
        &[
            "SELECT account || char(31) || currency || char(31) || balance_minor || char(31) || scale FROM balance",
        ],
        None,
    );
    let sum = |line: &str| {
        let fields: Vec<&str> = line.split('\x1f').collect();
        let minor: i128 = fields[2].parse().unwrap();
        let scale: u32 = fields[3].parse().unwrap();
        let key = (fields[0].to_owned(), fields[1].to_owned());
        (key, Decimal::from_i128_with_scale(minor, scale))
    };
    normal(rows.lines().map(sum).collect())
}

#[test]
fn a_script_of_sql_loads_to_the_balances_of_the_book() {
    each_book("exits to sql", 6, |shop, env| {
        let path = export(env, shop, "book.sql");
        same("sqlite", &sums(&mut shop.book), &sqlite(env, &path));
    });
}

/// Sums by the whole path, which is a ledger's alias, and by currency, out of Tally's XML; every voucher has to
/// balance in the company's own currency.
const TALLY: &str = r#"
import re, sys
import xml.etree.ElementTree as tree
from collections import defaultdict
from decimal import Decimal
root = tree.parse(sys.argv[1]).getroot()
paths, codes, sums = {}, {}, defaultdict(Decimal)
for currency in root.iter("CURRENCY"):
    assert currency.get("NAME") not in codes
    codes[currency.get("NAME")] = currency.findtext("MAILINGNAME")
for ledger in root.iter("LEDGER"):
    names = [n.text for n in ledger.iter("NAME")]
    assert ledger.get("NAME").lower() not in paths
    paths[ledger.get("NAME").lower()] = names[2] if len(names) > 2 else names[0]
def signed(text):
    number = re.search(r"[0-9.]+", text).group()
    return Decimal(number) * (-1 if text.startswith("-") else 1)
for voucher in root.iter("VOUCHER"):
    total = 0
    for entry in voucher.iter("ALLLEDGERENTRIES.LIST"):
        text = entry.findtext("AMOUNT")
        left, _, right = text.partition(" = ")
        code = "INR"
        if right:
            code = codes[re.match(r"-?(\D+?) [0-9]", left).group(1)]
        total += signed(right or left)
        amount = -signed(left)
        assert amount == 0 or (amount > 0) == (entry.findtext("ISDEEMEDPOSITIVE") == "Yes")
        sums[paths[entry.findtext("LEDGERNAME").lower()], code] += amount
    assert total == 0, voucher.findtext("VOUCHERNUMBER")
for (path, code), amount in sorted(sums.items()):
    print("\x1f".join([path, code, format(amount, "f")]))
"#;

fn python(script: &str, path: &Path) -> String {
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(path)
        .env("PYTHONUTF8", "1")
        .output()
        .expect("python3 is needed for this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn tally_gets_the_balances_of_the_book_and_every_voucher_balances() {
    each_book_where("exits to tally", 6, Foreign::Priced, |shop, env| {
        let path = export(env, shop, "book.xml");
        let theirs = normal(listed(&python(TALLY, &path)));
        same("tally", &sums(&mut shop.book), &theirs);
    });
}

#[test]
fn what_tally_cannot_say_stops_the_export_with_its_number() {
    let shop = odd_book(3, COUNT);
    let env = TestEnv::new();
    let book = shop.path.to_str().unwrap();
    let refused = env.hissab(["-B", book, "export", "book.xml"]).exits(1);
    assert!(
        refused.stderr.contains("without a price in INR"),
        "{refused}"
    );
    assert!(!env.path("book.xml").exists());
}

/// Sums of the accounts of a QIF file; the splits of every record have to add up.
const QIF: &str = r#"
import sys
from collections import defaultdict
from decimal import Decimal
sums, account, kind, record, splits, naming = defaultdict(Decimal), None, "", {}, [], False
for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
    line = line.rstrip("\n")
    if line == "!Account":
        naming = True
    elif line.startswith("!Type:"):
        kind, naming = line[6:], False
    elif line == "^":
        if naming:
            account = record["N"]
        elif kind != "Cat":
            amount = Decimal(record["T"])
            assert not splits or sum(splits) == amount, record
            sums[account] += amount
        record, splits = {}, []
    elif line.startswith("$"):
        splits.append(Decimal(line[1:]))
    else:
        record[line[0]] = line[1:]
for name, amount in sorted(sums.items()):
    print("\x1f".join([name, "", format(amount, "f")]))
"#;

#[test]
fn qif_has_the_balances_of_assets_and_liabilities() {
    let mut seen = 0;
    let mut look = |shop: &mut Shop, env: &TestEnv| {
        let path = export(env, shop, "book.qif");
        let theirs = normal(listed(&python(QIF, &path)));
        let chart = shop.book.chart().unwrap();
        let ours = sums(&mut shop.book)
            .into_iter()
            .filter_map(|((path, code), sum)| {
                use hissab::ledger::account::Kind::{Asset, Liability};
                let kind = chart.find(&path).unwrap().kind;
                let name = if code == "INR" {
                    path
                } else {
                    format!("{path} ({code})")
                };
                matches!(kind, Asset | Liability).then_some(((name, String::new()), sum))
            });
        let ours: Sums = ours.collect();
        seen += ours.len();
        same("qif", &ours, &theirs);
    };
    each_book_where("exits to qif", 4, Foreign::Freely, &mut look);
    each_book_where("exits to qif, splits", 4, Foreign::Never, &mut look);
    assert!(seen > 50);
}

/// A fresh book that took in a file, and its sums.
fn taken_in(env: &TestEnv, name: &str, flags: &[String], accounts: &[String]) -> Sums {
    let _ = std::fs::remove_file(env.path("fresh.hissab"));
    env.hissab(["init", "fresh.hissab", "--currency", "INR"])
        .ok();
    for account in accounts {
        env.hissab(["-B", "fresh.hissab", "account", "add", account]);
    }
    let mut words = vec!["-B", "fresh.hissab", "import", name, "--create-accounts"];
    words.extend(flags.iter().map(String::as_str));
    env.hissab(words).ok();
    env.hissab([
        "-B",
        "fresh.hissab",
        "check",
        "--deep",
        "--fail-on",
        "error",
    ])
    .ok();
    let rows = env
        .hissab(["-B", "fresh.hissab", "tb", "-O", "ndjson"])
        .ok();
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let closing = Decimal::from_str_exact(&text("closing")).unwrap();
        ((text("account"), text("currency")), closing)
    };
    let is_derived = |((path, _), _): &((String, String), Decimal)| path == "(conversion)";
    let all: Sums = rows.stdout.lines().map(row).collect();
    normal(all.into_iter().filter(|r| !is_derived(r)).collect())
}

#[test]
fn tally_comes_back_to_the_accounts_and_balances_it_left_with() {
    let mut look = |shop: &mut Shop, env: &TestEnv| {
        export(env, shop, "book.xml");
        let ours = sums(&mut shop.book);
        same("ourselves", &ours, &taken_in(env, "book.xml", &[], &[]));
    };
    each_book_where("tally and back", 4, Foreign::Never, &mut look);
    each_book_where("tally and back, priced", 4, Foreign::Priced, &mut look);
}

#[test]
fn a_closed_year_comes_back_from_tally_with_its_results() {
    let env = TestEnv::with_shop();
    for line in [
        "opening cash=500 -d 2025-04-01",
        "in 100 sales -d 2025-04-05",
        "close --fy 2025-26",
        "export book.xml",
        "init again.hissab --template shop",
        "-B again.hissab import book.xml --create-accounts",
    ] {
        env.typed(line).ok();
    }
    for line in [
        "is --fy 2025-26 -O csv",
        "journal voucher:opening -O csv --fields account,debit",
    ] {
        let there = env.typed(&format!("-B again.hissab {line}")).ok();
        assert_eq!(there.stdout, env.typed(line).ok().stdout);
        assert!(there.stdout.contains("00.00"), "{there}");
    }
}

#[test]
fn a_count_that_differed_is_a_comment_to_beancount() {
    let env = TestEnv::with_shop();
    env.typed("in 90 sales -d 2026-04-02").ok();
    env.typed("count cash 80 -d 2026-04-03").exits(3);
    env.typed("count cash 90 -d 2026-04-04").ok();
    let run = env.typed("export book.beancount").ok();
    assert!(run.stderr.contains("1 assertion that"), "{run}");
    let written = std::fs::read_to_string(env.path("book.beancount")).unwrap();
    let lines: Vec<&str> = written
        .lines()
        .filter(|l| l.contains(" balance "))
        .collect();
    assert_eq!(
        lines,
        [
            "2026-04-05 balance Assets:Cash  90 INR",
            "; left out, the books say otherwise: 2026-04-04 balance Assets:Cash  80 INR"
        ]
    );
    beancount(&env.path("book.beancount")).unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn qif_comes_back_to_the_accounts_and_balances_it_left_with() {
    each_book_where("qif and back", 4, Foreign::Never, |shop, env| {
        export(env, shop, "book.qif");
        let chart = shop.book.chart().unwrap();
        let is_account = |path: &str| {
            use hissab::ledger::account::Kind::{Asset, Liability};
            chart
                .find(path)
                // What the fresh book cannot place is put to Suspense.
                .is_some_and(|a| matches!(a.kind, Asset | Liability) && a.name() != "Suspense")
        };
        let in_file = std::fs::read_to_string(env.path("book.qif")).unwrap();
        let mut lines = in_file.lines();
        let mut flags = vec!["--date-order".to_owned(), "dmy".to_owned()];
        let mut accounts = Vec::new();
        while let Some(line) = lines.next() {
            // The categories stand first, before any record that has a number.
            if let (Some(name), true) = (line.strip_prefix('N'), flags.len() == 2) {
                accounts.push(name.to_owned());
            }
            if line == "!Account" {
                let name = lines.next().and_then(|n| n.strip_prefix('N')).unwrap();
                flags.extend(["--account".to_owned(), format!("{name}={name}")]);
                accounts.push(name.to_owned());
            }
        }
        let only = |sums: Sums| -> Sums {
            let kept = |((path, _), _): &((String, String), Decimal)| is_account(path);
            sums.into_iter().filter(kept).collect()
        };
        let ours = only(sums(&mut shop.book));
        let theirs = only(taken_in(env, "book.qif", &flags, &accounts));
        same("ourselves", &ours, &theirs);
    });
}
