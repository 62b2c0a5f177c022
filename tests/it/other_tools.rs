//! Whole books of other tools, read to the balances those tools have.
//!
//! `tests/data/beancount/*.want` is what beancount 3.2 says of the file beside it: every posting's units, summed
//! by account and currency (of the generated one, rounded to cents posting by posting, as hissab keeps them).

use std::path::{Path, PathBuf};

use crate::support::TestEnv;

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

/// `account,currency,sum` of a balance report, without zeros and the rounding account.
fn sums(csv: &str) -> Vec<String> {
    let mut out = Vec::new();
    for row in csv::Reader::from_reader(csv.as_bytes()).records() {
        let row = row.unwrap();
        let sum = rust_decimal::Decimal::from_str_exact(&row[2]).unwrap();
        if !sum.is_zero() && !row[0].ends_with(":Rounding") && !row[0].ends_with(":Rundung") {
            out.push(format!("{},{},{}", &row[0], &row[1], sum.normalize()));
        }
    }
    out.sort();
    out
}

fn wanted(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path.with_extension("want")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Read with `-f`, imported into a book, imported again: each says what the other tool says.
fn agrees(path: &Path, prefix: &str) {
    let env = TestEnv::new();
    let file = path.display().to_string();
    let told = env.hissab(["-f", &file, "balance", "-O", "csv"]).ok();
    assert_eq!(sums(&told.stdout), wanted(path), "{file}");
    let said = env
        .hissab(["-f", &format!("{prefix}:{file}"), "balance", "-O", "csv"])
        .ok();
    assert_eq!(said.stdout, told.stdout, "{file}");
    imports(&env, &file);
    let held = env.hissab(["-B", "x.hissab", "balance", "-O", "csv"]).ok();
    assert_eq!(sums(&held.stdout), wanted(path), "{file}");
}

fn imports(env: &TestEnv, file: &str) {
    env.hissab([
        "init",
        "x.hissab",
        "--currency",
        "USD",
        "--template",
        "plain",
    ])
    .ok();
    env.hissab(["-B", "x.hissab", "import", file]).ok();
    let before = env.hissab(["-B", "x.hissab", "journal", "-O", "csv"]).ok();
    let again = env.hissab(["-B", "x.hissab", "import", file]).ok();
    let after = env.hissab(["-B", "x.hissab", "journal", "-O", "csv"]).ok();
    assert_eq!(before.stdout, after.stdout, "{file}: {}", again.stderr);
    env.hissab([
        "-B",
        "x.hissab",
        "check",
        "balanced",
        "totals",
        "assertion-failed",
    ])
    .ok();
}

#[test]
fn beancount_ledgers_have_the_sums_of_beancount() {
    let ledgers = files("beancount", "beancount");
    assert!(ledgers.len() >= 7);
    for path in ledgers {
        agrees(&path, "beancount");
    }
}

#[test]
fn gnucash_books_have_the_balances_of_their_splits() {
    for path in files("gnucash", "gnucash") {
        agrees(&path, "gnucash");
    }
}

#[test]
fn tally_vouchers_and_masters_have_their_balances() {
    agrees(
        &files("tally", "xml")
            .into_iter()
            .find(|p| p.ends_with("both.xml"))
            .unwrap(),
        "tally",
    );
    let env = TestEnv::new();
    let day_book = &files("tally", "csv")[0];
    let told = env
        .hissab([
            "-f",
            &day_book.display().to_string(),
            "balance",
            "-O",
            "csv",
        ])
        .ok();
    assert_eq!(sums(&told.stdout), wanted(day_book));
}

#[test]
fn vouchers_of_a_day_book_and_of_xml_are_the_same() {
    let xml = "<ENVELOPE><BODY><TALLYMESSAGE><VOUCHER><GUID>g-00000001</GUID><DATE>20260401</DATE><VOUCHERTYPENAME>Payment</VOUCHERTYPENAME><VOUCHERNUMBER>7</VOUCHERNUMBER><NARRATION>tea for all</NARRATION><ALLLEDGERENTRIES.LIST><LEDGERNAME>Tea</LEDGERNAME><AMOUNT>-120.00</AMOUNT></ALLLEDGERENTRIES.LIST><ALLLEDGERENTRIES.LIST><LEDGERNAME>Cash</LEDGERNAME><AMOUNT>120.00</AMOUNT></ALLLEDGERENTRIES.LIST></VOUCHER></TALLYMESSAGE></BODY></ENVELOPE>";
    // The same voucher, one of another number, and one of the same number that went the other way.
    let day_book = "Date,Particulars,Vch Type,Vch No.,Debit,Credit\n1-Apr-26,Tea,Payment,7,120.00,\n,Cash,,,,120.00\n1-Apr-26,Tea,Payment,8,120.00,\n,Cash,,,,120.00\n1-Apr-26,Cash,Receipt,7,120.00,\n,Tea,,,,120.00\n";
    for (first, then, apart) in [
        ("v.xml", "d.csv", true),
        ("d.csv", "v.xml", true),
        ("v.xml", "d.csv", false),
        ("d.csv", "v.xml", false),
    ] {
        let env = TestEnv::new();
        env.hissab(["init", "b.hissab", "--currency", "INR"]).ok();
        env.write("v.xml", xml);
        env.write("d.csv", day_book);
        let import = ["-B", "b.hissab", "import", "--create-accounts"];
        if apart {
            env.hissab(import.iter().copied().chain([first])).ok();
            env.hissab(import.iter().copied().chain([then])).ok();
            env.hissab(import.iter().copied().chain([first, then])).ok();
        } else {
            env.hissab(import.iter().copied().chain([first, then])).ok();
        }
        let rows = [
            "-B", "b.hissab", "journal", "-O", "csv", "--fields", "number",
        ];
        let mut numbers: Vec<String> = env
            .hissab(rows)
            .ok()
            .stdout
            .lines()
            .map(str::to_owned)
            .collect();
        numbers.dedup();
        assert_eq!(numbers.len(), 1 + 3, "{first}, {then}, apart: {apart}");
    }
}

#[test]
fn masters_first_and_vouchers_later_make_one_book() {
    let env = TestEnv::new();
    let file = |name: &str| {
        files("tally", "xml")
            .into_iter()
            .find(|p| p.ends_with(name))
            .unwrap()
    };
    imports(&env, &file("masters.xml").display().to_string());
    env.hissab([
        "-B",
        "x.hissab",
        "import",
        &file("vouchers.xml").display().to_string(),
    ])
    .ok();
    let held = env.hissab(["-B", "x.hissab", "balance", "-O", "csv"]).ok();
    assert_eq!(sums(&held.stdout), wanted(&file("both.xml")));
    // What came in two files is known in one.
    let again = env
        .hissab([
            "-B",
            "x.hissab",
            "import",
            &file("both.xml").display().to_string(),
        ])
        .ok();
    let after = env.hissab(["-B", "x.hissab", "balance", "-O", "csv"]).ok();
    assert_eq!(held.stdout, after.stdout, "{}", again.stderr);
}

/// GnuCash's SQLite file of the same book as `shop.gnucash`.
fn database(folder: &Path) -> PathBuf {
    let script = std::fs::read_to_string(&files("gnucash", "sql")[0]).unwrap();
    let path = folder.join("shop db.gnucash");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(&script)
        .unwrap();
    path
}

#[test]
fn gnucash_sqlite_is_the_same_book_and_stays_untouched() {
    let env = TestEnv::new();
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let (file, xml) = (
        path.display().to_string(),
        files("gnucash", "gnucash").remove(0),
    );
    let before = std::fs::read(&path).unwrap();
    let told = env.hissab(["-f", &file, "journal", "-O", "json"]).ok();
    let of_xml = env
        .hissab(["-f", &xml.display().to_string(), "journal", "-O", "json"])
        .ok();
    assert_eq!(told.stdout, of_xml.stdout);
    imports(&env, &file);
    let held = env.hissab(["-B", "x.hissab", "balance", "-O", "csv"]).ok();
    assert_eq!(sums(&held.stdout), wanted(&xml));
    // Saved in the other form, it is still the same book.
    env.hissab(["-B", "x.hissab", "import", &xml.display().to_string()])
        .ok();
    let after = env.hissab(["-B", "x.hissab", "journal", "-O", "csv"]).ok();
    let rows = after.stdout.lines().count();
    assert_eq!(
        rows,
        env.hissab(["-f", &file, "journal", "-O", "csv"])
            .ok()
            .stdout
            .lines()
            .count()
    );
    assert_eq!(before, std::fs::read(&path).unwrap());
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing beside it"
    );
}

#[test]
fn other_databases_and_damaged_ones_are_refused() {
    let env = TestEnv::new();
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let file = path.display().to_string();
    env.hissab(["init", "x.hissab", "--currency", "USD"]).ok();
    let other = env
        .hissab(["-B", "x.hissab", "import", "x.hissab"])
        .exits(1);
    assert!(other.stderr.contains("not of GnuCash"), "{other}");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(format!("{file}-journal"), "x").unwrap();
    let busy = env.hissab(["-B", "x.hissab", "import", &file]).exits(1);
    assert!(busy.stderr.contains("close the file in GnuCash"), "{busy}");
    std::fs::remove_file(format!("{file}-journal")).unwrap();
    // Bytes changed and cut: an answer or a refusal, never a crash.
    for step in 0..60 {
        let mut broken = bytes.clone();
        let at = 20 + step * bytes.len() / 61;
        broken[at] ^= 0xff;
        if step % 7 == 0 {
            broken.truncate(at);
        }
        std::fs::write(&path, &broken).unwrap();
        let run = env.hissab(["-f", &file, "balance"]);
        assert!(matches!(run.exit, 0 | 1 | 6 | 10), "{step}: {run}");
    }
}

/// What `journal` says of a book, without numbers: a ledger orders by date.
fn told(env: &TestEnv, book: &str) -> Vec<String> {
    let fields =
        "date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,id";
    let run = env
        .hissab(["-B", book, "journal", "-O", "csv", "--fields", fields])
        .ok();
    let mut rows: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

#[test]
fn a_book_written_for_beancount_comes_back_as_it_was() {
    let left_out = ["22-no-commodity.journal"];
    for path in files("journals", "journal") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if left_out.contains(&name.as_str()) {
            continue;
        }
        let env = TestEnv::new();
        let init = |book: &str| {
            env.hissab(["init", book, "--currency", "INR", "--template", "plain"])
                .ok()
        };
        init("a.hissab");
        env.hissab([
            "-B",
            "a.hissab",
            "import",
            &path.display().to_string(),
            "--create-accounts",
        ])
        .ok();
        env.hissab(["-B", "a.hissab", "export", "x.beancount", "-O", "beancount"])
            .ok();
        init("b.hissab");
        env.hissab([
            "-B",
            "b.hissab",
            "import",
            "x.beancount",
            "--create-accounts",
        ])
        .ok();
        assert_eq!(told(&env, "a.hissab"), told(&env, "b.hissab"), "{name}");
        let before = told(&env, "a.hissab");
        env.hissab(["-B", "a.hissab", "import", "x.beancount"]).ok();
        assert_eq!(before, told(&env, "a.hissab"), "{name}");
    }
}
