//! Our reading of journals agrees with hledger's and Ledger's, to the last place.
//!
//! `tests/data/journals`: `*.journal` is read by both programs, `*.hledger` and `*.ledger` by one
//! (where they disagree; the table is in `formats::journal`). Both programs must be installed.
//!
//! Compared are the sums of every account and commodity. The programs keep inferred amounts
//! unrounded and round what they show; so their sums are rounded to the commodity's places here.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use hissab::book::memory::MemoryBook;
use hissab::book::{Book, Scan};
use hissab::formats::journal::{
    self, Dialect, Input, JournalWriter, ReadJournal, ReadOptions, WriteOptions,
};
use hissab::ledger::totals::TotalsQuery;
use jiff::civil::date;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::support::TestEnv;

/// Account and commodity → sum; zero sums are left out.
pub type Sums = BTreeMap<(String, String), Decimal>;

fn options() -> ReadOptions {
    ReadOptions::new(date(2025, 6, 1))
}

fn dialect_of(path: &Path) -> Dialect {
    match path.extension().and_then(|e| e.to_str()) {
        Some("hledger") => Dialect::Hledger,
        Some("ledger") => Dialect::Ledger,
        _ => Dialect::Auto,
    }
}

fn read(path: &Path) -> ReadJournal {
    match journal::read(vec![Input::path(path, dialect_of(path))], &options()) {
        Ok(read) => read,
        Err(errors) => {
            let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}:\n{}", path.display(), list.join("\n"));
        }
    }
}

/// Our sums, and the places of each commodity.
fn ours(read: ReadJournal) -> (Sums, BTreeMap<String, u32>) {
    let mut book = MemoryBook::new(read.book);
    let chart = book.chart().unwrap();
    let places = chart
        .currencies()
        .iter()
        .map(|c| (c.code.to_string(), u32::from(c.scale)))
        .collect();
    let mut sums = Sums::new();
    for row in book.totals(&TotalsQuery::until(None)).unwrap().rows {
        let currency = chart.currency(row.currency);
        let sum = hissab::ledger::money::from_minor(row.closing(), currency.scale).unwrap();
        let account = chart.account(row.account).path.to_string();
        if !sum.is_zero() && account != "Equity:Virtual" {
            sums.insert((account, currency.code.to_string()), sum.normalize());
        }
    }
    (sums, places)
}

/// What a program prints, or its complaint.
fn run(program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|error| panic!("{program} must be installed for this test: {error}"));
    if !output.status.success() {
        return Err(format!(
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8(output.stdout).unwrap())
}

fn rounded(sums: Sums, places: &BTreeMap<String, u32>) -> Sums {
    sums.into_iter()
        .map(|((account, code), sum)| {
            let to = places.get(&code).copied().unwrap_or(0);
            let sum = sum
                .round_dp_with_strategy(to, RoundingStrategy::MidpointNearestEven)
                .normalize();
            ((account, code), sum)
        })
        .filter(|(_, sum)| !sum.is_zero())
        .collect()
}

/// hledger's exact sums.
pub fn hledger(path: &Path) -> Result<Sums, String> {
    let file = path.to_str().unwrap();
    let text = run(
        "hledger",
        &["-f", file, "balance", "--flat", "-N", "-E", "-O", "json"],
    )?;
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut sums = Sums::new();
    for row in report[0].as_array().unwrap() {
        for amount in row[3].as_array().unwrap() {
            let quantity = &amount["aquantity"];
            let mantissa: i128 = quantity["decimalMantissa"].to_string().parse().unwrap();
            let places = quantity["decimalPlaces"].as_u64().unwrap() as u32;
            let key = (
                row[0].as_str().unwrap().to_owned(),
                amount["acommodity"].as_str().unwrap().to_owned(),
            );
            *sums.entry(key).or_default() += Decimal::from_i128_with_scale(mantissa, places);
        }
    }
    Ok(sums)
}

/// Ledger's exact sums.
pub fn ledger(path: &Path) -> Result<Sums, String> {
    let file = path.to_str().unwrap();
    let format = "%(account)\\t%(quantity(strip(amount)))\\t%(commodity(strip(amount)))\\n";
    let text = run(
        "ledger",
        &[
            "--args-only",
            "-f",
            file,
            "reg",
            "--unround",
            "--format",
            format,
        ],
    )?;
    let mut sums = Sums::new();
    for line in text.lines() {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_else(|| panic!("{line}"));
        let account = field().trim_matches(['(', ')', '[', ']']).to_owned();
        // Products of long prices have more digits than a Decimal.
        let digits = field();
        let digits = &digits[..digits.len().min(26)];
        let sum = Decimal::from_str_exact(digits).unwrap_or_else(|_| panic!("{line}"));
        let code = field().trim_matches('"').to_owned();
        *sums.entry((account, code)).or_default() += sum;
    }
    Ok(sums)
}

fn journals() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journals");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    files
}

/// What differs between our sums and a program's, as text.
pub fn difference(program: &str, ours: &Sums, theirs: &Sums) -> Vec<String> {
    let keys: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    keys.into_iter()
        .filter(|key| ours.get(*key) != theirs.get(*key))
        .map(|key| {
            let (a, b) = (ours.get(key), theirs.get(key));
            format!("{} {}: ours {a:?}, {program} {b:?}", key.0, key.1)
        })
        .collect()
}

#[test]
fn sums_of_every_account_equal_those_of_hledger_and_ledger() {
    let mut wrong = Vec::new();
    let paths = journals();
    assert!(paths.len() >= 30, "{} journals", paths.len());
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (sums, places) = ours(read(&path));
        let dialect = dialect_of(&path);
        let mut compare = |program: &str, theirs: Result<Sums, String>| match theirs {
            Ok(theirs) => wrong.extend(
                difference(program, &sums, &rounded(theirs, &places))
                    .into_iter()
                    .map(|d| format!("{name}: {d}")),
            ),
            Err(complaint) => wrong.push(format!("{name}: {complaint}")),
        };
        if dialect != Dialect::Ledger {
            compare("hledger", hledger(&path));
        }
        if dialect != Dialect::Hledger {
            compare("ledger", ledger(&path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_transaction_read_balances() {
    for path in journals() {
        let mut book = MemoryBook::new(read(&path).book);
        let chart = book.chart().unwrap();
        book.scan(&Scan::default(), &mut |t| {
            let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
            for entry in &t.entries {
                let (weight, currency) = entry.weight();
                *sums.entry(&chart.currency(currency).code).or_default() += weight;
            }
            assert!(sums.values().all(|s| *s == 0), "{}: {t:?}", path.display());
            ControlFlow::Continue(())
        })
        .unwrap();
    }
}

/// A journal written again by us.
fn exported(read: ReadJournal) -> String {
    let options = WriteOptions {
        dialect: Dialect::Auto,
        ids: true,
    };
    let chart = read.book.chart.clone();
    let mut writer = JournalWriter::new(Vec::new(), chart, options);
    writer.head(&read.book.prices).unwrap();
    let mut book = MemoryBook::new(read.book);
    book.scan(&Scan::default(), &mut |t| {
        writer.transaction(&t).unwrap();
        ControlFlow::Continue(())
    })
    .unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

#[test]
fn what_we_write_both_programs_read_to_the_same_sums() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for path in journals() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (sums, places) = ours(read(&path));
        let text = exported(read(&path));
        let copy = folder.path().join(&name).with_extension("journal");
        std::fs::write(&copy, &text).unwrap();
        let again = ours(read(&copy)).0;
        wrong.extend(
            difference("read again", &sums, &again)
                .into_iter()
                .map(|d| format!("{name}: {d}")),
        );
        for (program, theirs) in [("hledger", hledger(&copy)), ("ledger", ledger(&copy))] {
            match theirs {
                Ok(theirs) => wrong.extend(
                    difference(program, &sums, &rounded(theirs, &places))
                        .into_iter()
                        .map(|d| format!("{name}: {d}")),
                ),
                Err(complaint) => wrong.push(format!("{name}: {complaint}")),
            }
        }
        let twice = exported(read(&copy));
        if text != twice {
            let line = text.lines().zip(twice.lines()).find(|(a, b)| a != b);
            wrong.push(format!("{name}: written again it differs: {line:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A journal of `count` transactions of every sort that both programs read alike: the same seed, the same bytes.
fn generated(count: u32, mut seed: u64) -> String {
    use std::fmt::Write;
    let mut next = move |below: u64| {
        // SplitMix64.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    };
    let mut text = String::from("commodity INR\n    format 1000.00 INR\n\n");
    let mut cash = 0i64;
    for n in 0..count {
        let (month, day) = (1 + n * 12 / count, 1 + next(28));
        let paise = next(5_000_000) as i64 + 1;
        let amount = |paise: i64| {
            format!(
                "{}{}.{:02} INR",
                if paise < 0 { "-" } else { "" },
                paise.abs() / 100,
                paise.abs() % 100
            )
        };
        let head = next(40);
        let _ = writeln!(text, "2025-{month:02}-{day:02} * (V{n}) payee {head}");
        let mut line = |account: &str, amount: &str| {
            let _ = writeln!(text, "    {account}  {amount}");
        };
        match next(8) {
            0 => {
                let units = next(90) as i64 + 1;
                line("Assets:Fund", &format!("{units} FND @ 12.25 INR"));
                line("Assets:Bank", &amount(-units * 1225));
            }
            1 => {
                line("Assets:Fund", &format!("-3 FND @@ {}", amount(paise)));
                line("Assets:Bank", "");
            }
            2 => {
                line("Assets:Foreign", &format!("${}.50", paise % 1000));
                line("Assets:Bank", &amount(-paise));
            }
            3 => {
                line(&format!("Expenses:Head {head}"), &amount(paise));
                line("Expenses:Tax:GST", &amount(paise / 10));
                line("Assets:Bank", "");
            }
            4 => {
                line("Assets:Bank", &amount(paise));
                line("Income:Sales", "");
                line("(Budget:Sales)", &amount(paise / 2));
                line("[Envelope:A]", &amount(5));
                line("[Envelope:B]", &amount(-5));
            }
            5 => {
                line("Expenses:Both", &amount(paise));
                line("Expenses:Both", "7.5 EUR");
                line("Equity:Opening", "");
            }
            _ => {
                cash += paise;
                line("Assets:Cash", &amount(paise));
                line(&format!("Income:Head {head}"), &amount(-paise));
            }
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "2025-12-31 count\n    Assets:Cash  0.00 INR = {}.{:02} INR",
        cash / 100,
        cash % 100
    );
    text
}

#[test]
fn a_large_generated_journal_agrees_with_both_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("generated.journal");
    std::fs::write(&path, generated(2_500, 42)).unwrap();
    let (sums, places) = ours(read(&path));
    assert!(sums.len() > 80, "{}", sums.len());
    for (program, theirs) in [("hledger", hledger(&path)), ("ledger", ledger(&path))] {
        let found = difference(program, &sums, &rounded(theirs.unwrap(), &places));
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
    let copy = folder.path().join("written.journal");
    std::fs::write(&copy, exported(read(&path))).unwrap();
    let found = difference("written", &sums, &rounded(hledger(&copy).unwrap(), &places));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The file as `-f` wants it named.
fn named(path: &Path) -> String {
    match dialect_of(path) {
        Dialect::Auto => path.display().to_string(),
        Dialect::Hledger => format!("hledger:{}", path.display()),
        Dialect::Ledger => format!("ledger:{}", path.display()),
    }
}

#[test]
fn balance_on_the_command_line_says_the_same() {
    let env = TestEnv::new();
    for path in journals() {
        let run = env.hissab(["-f", &named(&path), "balance", "-O", "csv"]);
        assert_eq!(run.exit, 0, "{}: {}", path.display(), run.stderr);
        let mut rows = csv::Reader::from_reader(run.stdout.as_bytes());
        let mut sums = Sums::new();
        for row in rows.records() {
            let row = row.unwrap();
            let sum = Decimal::from_str_exact(&row[2]).unwrap();
            if !sum.is_zero() && &row[0] != "Equity:Virtual" {
                sums.insert((row[0].to_owned(), row[1].to_owned()), sum.normalize());
            }
        }
        let found = difference("the command", &ours(read(&path)).0, &sums);
        assert!(found.is_empty(), "{}: {}", path.display(), found.join("\n"));
    }
}

#[test]
fn a_journal_through_a_book_keeps_its_sums_and_a_second_import_changes_nothing() {
    // Its amounts would need --currency, and then have another commodity.
    let left_out = ["22-no-commodity.journal"];
    for path in journals() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if dialect_of(&path) != Dialect::Auto || left_out.contains(&name.as_str()) {
            continue;
        }
        let env = TestEnv::new();
        let file = path.to_str().unwrap();
        let run = |words: &[&str]| {
            let run = env.hissab(words);
            assert_eq!(
                run.exit, 0,
                "{name} {words:?}: {}{}",
                run.stdout, run.stderr
            );
            run.stdout
        };
        run(&[
            "init",
            "b.hissab",
            "--currency",
            "INR",
            "--template",
            "plain",
        ]);
        run(&["-B", "b.hissab", "import", file, "--create-accounts"]);
        let head = run(&["-B", "b.hissab", "audit", "head"]);
        run(&["-B", "b.hissab", "import", file, "--create-accounts"]);
        assert_eq!(head, run(&["-B", "b.hissab", "audit", "head"]), "{name}");
        run(&["-B", "b.hissab", "export", "out.journal"]);
        let (sums, places) = ours(read(&path));
        let found = difference(
            "hledger",
            &sums,
            &rounded(hledger(&env.path("out.journal")).unwrap(), &places),
        );
        assert!(found.is_empty(), "{name}: {}", found.join("\n"));
    }
}
