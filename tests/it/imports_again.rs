//! What an import takes for known: identities that meet by chance, files that grow, keys of scripts, and
//! what taking an import back restores.

use std::path::Path;

use hissab::book::{Book, BookError};
use hissab::formats::journal::{self, Input, ReadOptions};
use hissab::formats::statement::StatementRow;
use hissab::ledger::change::{Change, ImportBatch, SourceRow, WriteMode};
use hissab::ledger::transaction::Number;
use jiff::civil::date;
use uuid::Uuid;

use crate::books::{Shop, day, draft, unit_of};
use crate::support::TestEnv;

const JOURNAL: &str = "2026-04-02 Tea\n    Expenses:Tea    12.50 INR\n    Assets:Cash\n";

fn batch(id: u128, file: &str) -> Change {
    Change::Import(ImportBatch {
        id: Uuid::from_u128(id),
        file: file.to_owned(),
        sha256: [9; 32],
        format: "journal".to_owned(),
        account: None,
        skipped: 0,
    })
}

fn source(identity: i64, line: u64, raw: Option<&str>) -> Change {
    Change::SourceRow(SourceRow {
        identity,
        line,
        number: None,
        raw: raw.map(str::to_owned),
    })
}

fn with_book(shop: &Shop) -> TestEnv {
    let mut env = TestEnv::new();
    env.set("HISSAB_BOOK", shop.path.to_str().unwrap());
    env
}

fn count(env: &TestEnv) -> usize {
    let journal = env.hissab(["journal", "-O", "csv", "--fields", "number"]);
    let numbers: std::collections::BTreeSet<String> = journal
        .ok()
        .stdout
        .lines()
        .skip(1)
        .map(str::to_owned)
        .collect();
    numbers.len()
}

#[test]
fn another_journal_transaction_with_the_same_64_bits_is_not_taken_for_it() {
    let options = ReadOptions::new(date(2026, 4, 30));
    let read = journal::read(vec![Input::bytes("x", JOURNAL)], &options).unwrap();
    let identity = journal::identities(&read)[0].unwrap();
    let mut shop = Shop::new();
    let milk = draft(
        500,
        day(4, 2),
        "Milk",
        &[("Expenses:Tea", "12.50"), ("Assets:Cash", "-12.50")],
    );
    let changes = vec![
        batch(501, "odd.journal"),
        Change::Post(milk),
        source(identity, 1, None),
    ];
    shop.write("imported", changes).unwrap();
    let env = with_book(&shop);
    env.write("tea.journal", JOURNAL);
    let run = env.hissab(["import", "tea.journal"]).ok();
    assert!(run.stdout.contains("Posted 1"), "{run}");
    let run = env.hissab(["import", "tea.journal"]).ok();
    assert!(!run.stdout.contains("Posted 1"), "{run}");
    assert_eq!(count(&env), 2);
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn another_bank_row_with_the_same_64_bits_is_not_taken_for_it() {
    let mut shop = Shop::new();
    let bank = shop
        .book
        .chart()
        .unwrap()
        .find("Assets:Bank:HDFC")
        .unwrap()
        .id;
    let row = StatementRow {
        line: 2,
        date: date(2026, 4, 2),
        description: "CASH DEP".to_owned(),
        payee: None,
        reference: None,
        bank_id: None,
        amount: crate::books::dec("20000.00"),
        currency: None,
        balance: Some(crate::books::dec("104200.00")),
        series: 0,
        raw: String::new(),
        category: Box::default(),
    };
    let identity = hissab::formats::identity::of_statement_row(bank, &row, "INR");
    let other = draft(
        500,
        day(4, 3),
        "UPI",
        &[("Expenses:Tea", "2.00"), ("Assets:Bank:HDFC", "-2.00")],
    );
    let raw = "03/04/26,UPI,2.00\u{1f}0000000000000001";
    let changes = vec![
        batch(501, "odd.csv"),
        Change::Post(other),
        source(identity.key, 2, Some(raw)),
    ];
    shop.write("imported", changes).unwrap();
    let env = with_book(&shop);
    env.write(
        "hdfc.csv",
        "Date,Narration,Chq./Ref.No.,Value Dt,Withdrawal Amt.,Deposit Amt.,Closing Balance\n\
         02/04/26,CASH DEP,,02/04/26,,20000.00,104200.00\n",
    );
    let import = || {
        env.hissab(["import", "hdfc.csv", "--account", "Assets:Bank:HDFC"])
            .ok()
    };
    assert!(import().stdout.contains("Posted 1"));
    // What was stored of it now is the very row.
    let sourced = shop.book.known_rows(&[identity.key]).unwrap();
    assert_eq!(sourced.len(), 2);
    assert!(!import().stdout.contains("Posted 1"));
    assert_eq!(count(&env), 2);
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn every_journal_that_grew_by_a_comment_brings_nothing_twice() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journals");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    let mut imported = 0;
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut env = TestEnv::new();
        env.set("HISSAB_BOOK", "b.hissab");
        env.hissab(["init", "b.hissab"]).ok();
        let copied = env.write(name, std::fs::read(&path).unwrap());
        // What it includes is not there: those two are refused, and left out here.
        let run = env.hissab(["import", name, "--currency", "INR"]);
        if run.exit != 0 {
            continue;
        }
        imported += 1;
        let before = count(&env);
        let mut text = std::fs::read(&copied).unwrap();
        text.extend_from_slice(b"\n; a remark\n");
        std::fs::write(&copied, text).unwrap();
        let again = env.hissab(["import", name, "--currency", "INR"]).ok();
        assert_eq!(count(&env), before, "{name}: {again}");
        // Amended and voided transactions are known by what they were.
        env.hissab(["amend", "1", "--description", "not what it was"]);
        env.hissab(["void", "2", "--reason", "test"]);
        env.hissab(["import", name, "--currency", "INR"]).ok();
        let list = env
            .hissab(["import", "list", "-O", "csv", "--fields", "added"])
            .ok();
        let mut added = list.stdout.lines().skip(2);
        assert!(added.all(|n| n == "0"), "{name}: {list}");
    }
    assert!(imported >= 30, "only {imported} journals could be imported");
}

const HDFC: &str = "Date,Narration,Chq./Ref.No.,Value Dt,Withdrawal Amt.,Deposit Amt.,Closing Balance\n\
02/04/26,CASH DEP,,02/04/26,,20000.00,104200.00\n\
06/04/26,SMS CHARGES,,06/04/26,59.00,,104141.00\n";

fn bank() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "shop.hissab"]).ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    env.hissab(["account", "add", "Assets:Bank:HDFC"]).ok();
    env.write("hdfc.csv", HDFC);
    env
}

#[test]
fn an_undone_import_vouches_for_nothing_and_undo_brings_it_back_whole() {
    let env = bank();
    let words = ["import", "hdfc.csv", "--account", "Assets:Bank:HDFC"];
    env.hissab(words).ok();
    let unreconciled = |env: &TestEnv| {
        let run = env
            .hissab(["check", "statement-unreconciled", "-O", "json"])
            .ok();
        run.stdout
            .contains("\"statement-unreconciled\",\"severity\"")
    };
    // The statement says 1,04,141.00; the books began at nothing.
    assert!(unreconciled(&env));
    let before = env.hissab(["tb", "-O", "csv"]).ok().stdout;
    env.hissab(["import", "undo", "1"]).ok();
    assert!(!unreconciled(&env));
    env.hissab(["audit", "verify"]).ok();
    env.hissab(["undo"]).ok();
    assert!(unreconciled(&env));
    assert_eq!(env.hissab(["tb", "-O", "csv"]).ok().stdout, before);
    let again = env.hissab(words).ok();
    assert!(!again.stdout.contains("Posted 2"), "{again}");
    let list = env
        .hissab(["import", "list", "-O", "csv", "--fields", "batch,state"])
        .ok();
    assert_eq!(list.stdout, "batch,state\n1,imported\n");
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn what_vouches_for_a_balance_is_taken_back_after_its_account_was_renamed() {
    let env = bank();
    env.hissab(["import", "hdfc.csv", "--account", "Assets:Bank:HDFC"])
        .ok();
    env.hissab(["assert", "Assets:Bank:HDFC", "5", "-d", "2026-04-06"])
        .exits(3);
    let rename = |from: &str, to: &str| {
        env.hissab(["account", "rename", from, to]).ok();
    };
    rename("Assets:Bank:HDFC", "Assets:Bank:X");
    // Another account of the old name is not meant.
    env.hissab(["account", "add", "Assets:Bank:HDFC"]).ok();
    let log = env
        .hissab(["audit", "list", "-O", "csv", "--fields", "seq,action"])
        .ok()
        .stdout;
    let asserted = log.lines().find(|l| l.ends_with("asserted")).unwrap();
    env.hissab(["undo", asserted.split(',').next().unwrap()])
        .ok();
    env.hissab(["import", "undo", "1"]).ok();
    assert_eq!(count(&env), 0);
    let failed = env.hissab(["check", "-O", "json"]).ok().stdout;
    assert!(!failed.contains("\"severity\""), "{failed}");
    env.hissab(["audit", "verify"]).ok();
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn an_undone_import_that_came_again_is_not_brought_back_beside_it() {
    let env = bank();
    let words = ["import", "hdfc.csv", "--account", "Assets:Bank:HDFC"];
    env.hissab(words).ok();
    env.hissab(["import", "undo", "1"]).ok();
    let operation = env.hissab(["audit", "head"]).ok().stdout;
    let operation = operation.split(' ').next().unwrap().to_owned();
    env.hissab(words).ok();
    let run = env.hissab(["undo", &operation]).exits(7);
    assert!(run.stderr.contains("import 2"), "{run}");
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn a_key_of_a_script_stands_for_one_file() {
    let env = bank();
    let words = |file: &'static str| {
        [
            "import",
            file,
            "--account",
            "Assets:Bank:HDFC",
            "--once",
            "april",
        ]
    };
    assert!(
        env.hissab(words("hdfc.csv"))
            .ok()
            .stdout
            .contains("Posted 2")
    );
    let again = env.hissab(words("hdfc.csv")).ok();
    assert!(!again.stdout.contains("Posted 2"), "{again}");
    // Even after it was taken back: the line of a script may be repeated.
    env.hissab(["import", "undo", "1"]).ok();
    let again = env.hissab(words("hdfc.csv")).ok();
    assert!(!again.stdout.contains("Posted 2"), "{again}");
    assert!(again.stderr.contains("april"), "{again}");
    assert_eq!(count(&env), 0);
    env.write(
        "other.csv",
        HDFC.replace("59.00", "60.00").replace("104141", "104140"),
    );
    let run = env.hissab(words("other.csv")).exits(7);
    assert!(run.stderr.contains("april"), "{run}");
    // A file that would change nothing is refused too where the key stands for another.
    env.write(
        "part.csv",
        HDFC.lines()
            .take(2)
            .map(|l| format!("{l}\n"))
            .collect::<String>(),
    );
    env.hissab(["import", "hdfc.csv", "--account", "Assets:Bank:HDFC"])
        .ok();
    env.hissab(words("part.csv")).exits(7);
    assert_eq!(count(&env), 2);
}

#[test]
fn sources_of_names_the_rows_that_stand_for_transactions_and_leaves_undone_ones_out() {
    let mut shop = Shop::new();
    let tea = |id: u128| {
        Change::Post(draft(
            id,
            day(4, 2),
            "Tea",
            &[("Expenses:Tea", "2.00"), ("Assets:Cash", "-2.00")],
        ))
    };
    let by_hand = shop.post(
        day(4, 1),
        "x",
        &[("Assets:Cash", "1"), ("Income:Sales", "-1")],
    );
    let first = vec![
        batch(900, "a.csv"),
        tea(901),
        source(70, 2, Some("tea")),
        Change::SourceRow(SourceRow {
            identity: 71,
            line: 3,
            number: Some(Number(by_hand)),
            raw: None,
        }),
    ];
    shop.write("imported", first).unwrap();
    let second = vec![batch(910, "b.csv"), tea(911), source(72, 9, None)];
    shop.write("imported", second).unwrap();
    let rows = |shop: &mut Shop, numbers: &[u64]| -> Vec<(u64, u64, u64, i64)> {
        let rows = shop.book.sources_of(numbers).unwrap();
        assert!(rows.iter().all(|r| r.raw.is_none()), "texts are left out");
        rows.iter()
            .map(|r| (r.number, r.batch, r.line, r.identity))
            .collect()
    };
    assert_eq!(
        rows(&mut shop, &[1, 2, 3]),
        [(1, 1, 3, 71), (2, 1, 2, 70), (3, 2, 9, 72)]
    );
    assert_eq!(rows(&mut shop, &[3]), [(3, 2, 9, 72)]);
    assert_eq!(rows(&mut shop, &[4]), []);
    assert_eq!(rows(&mut shop, &[]), []);
    let undo = vec![Change::UndoImport {
        batch: Uuid::from_u128(900),
    }];
    shop.write("import-undone", undo).unwrap();
    assert_eq!(rows(&mut shop, &[1, 2, 3]), [(3, 2, 9, 72)]);
}

#[test]
fn commit_all_keeps_every_unit_or_none() {
    let mut shop = Shop::new();
    let tea = |id: u128, amount: &str| {
        let minus = format!("-{amount}");
        vec![Change::Post(draft(
            id,
            day(4, 2),
            "Tea",
            &[("Expenses:Tea", amount), ("Assets:Cash", &minus)],
        ))]
    };
    let (good, other) = (tea(801, "2.00"), tea(802, "3.00"));
    let bad = vec![Change::Post(draft(
        803,
        day(4, 2),
        "Odd",
        &[("Expenses:Tea", "2.00"), ("Assets:Cash", "-1.00")],
    ))];
    let head = shop.book.info().unwrap().head;
    let units = [
        unit_of(811, "posted", "asha", &good),
        unit_of(812, "posted", "asha", &bad),
        unit_of(813, "posted", "asha", &other),
    ];
    let outcomes = shop.book.write(&units, WriteMode::CommitAll).unwrap();
    // Every unit is answered for, the failed one with its violations; nothing is kept.
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert!(matches!(outcomes[1], Err(BookError::Refused { .. })));
    let info = shop.book.info().unwrap();
    assert_eq!((info.head, info.transactions), (head, 0));
    let units = [
        unit_of(811, "posted", "asha", &good),
        unit_of(813, "posted", "asha", &other),
    ];
    let outcomes = shop.book.write(&units, WriteMode::CommitAll).unwrap();
    let numbers: Vec<u64> = outcomes
        .iter()
        .map(|o| o.as_ref().unwrap().number().unwrap().0)
        .collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(shop.book.info().unwrap().transactions, 2);
    shop.proves();
}

/// Rows that were stored before what they said was kept are compared by what their import posted, and by their cells.
#[test]
fn rows_of_older_books_are_found_again_in_another_form() {
    let mut shop = Shop::new();
    let Change::Import(head) = batch(501, "old.csv") else {
        unreachable!("it is one")
    };
    let head = Change::Import(ImportBatch {
        account: Some("Assets:Bank:HDFC".into()),
        format: "csv".to_owned(),
        ..head
    });
    let fee = draft(
        500,
        day(4, 20),
        "Fee",
        &[("Expenses:Tea", "50.00"), ("Assets:Bank:HDFC", "-50.00")],
    );
    let raw = "2026-04-20,FEE,-50\u{1f}0000000000000001";
    let changes = vec![head, Change::Post(fee), source(70, 2, Some(raw))];
    shop.write("imported", changes).unwrap();
    let env = with_book(&shop);
    env.write(
        "balance.csv",
        "Date,Description,Amount,Balance\n2026-04-20,CHARGES,-50,950\n",
    );
    env.write(
        "same.csv",
        "Date,Description,Amount\n2026-04-20,OTHER,-50\n",
    );
    let posted = |file: &str| {
        let words = ["import", file, "--account", "Assets:Bank:HDFC", "--dry-run"];
        env.hissab(words).ok().stdout.contains("Would post 1")
    };
    assert!(!posted("balance.csv") && posted("same.csv"));
    env.hissab(["amend", "1", "-d", "2026-04-18"]).ok();
    assert!(!posted("balance.csv") && posted("same.csv"));
}

/// A book of three payments, and its exports.
fn exported() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "shop.hissab"]).ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    for (day, what, amount) in [
        ("01", "Tea", "12.50"),
        ("02", "Milk", "20"),
        ("03", "Oats; 1 kg", "30"),
    ] {
        let date = format!("2026-04-{day}");
        let words = [
            "add",
            "-d",
            &date,
            what,
            "Expenses:Tea",
            amount,
            "Assets:Cash",
        ];
        env.hissab(words.iter().copied().chain(["--create-accounts"]))
            .ok();
    }
    for format in EXPORTS {
        let name = format!("all.{format}");
        env.hissab(["export", &name, "-O", format]).ok();
    }
    env
}

const EXPORTS: [&str; 7] = [
    "hledger",
    "ledger",
    "beancount",
    "csv",
    "ndjson",
    "json",
    "tally",
];

#[test]
fn exports_of_a_book_are_known_to_it() {
    let env = exported();
    for format in EXPORTS {
        let run = env.hissab(["import", &format!("all.{format}")]).ok();
        assert!(run.stdout.contains("skipped 3"), "{format}: {run}");
        assert!(!run.stdout.contains("Note"), "{format}: {run}");
    }
}

#[test]
fn an_id_that_is_there_with_other_content_refuses_the_file() {
    let env = exported();
    for format in EXPORTS {
        let name = format!("all.{format}");
        let text = std::fs::read_to_string(env.path(&name)).unwrap();
        for (from, to, what) in [
            ("12.50", "13.50", "entry: "),
            (
                "Milk",
                "Curd",
                "description: Curd in the file, Milk in the book",
            ),
            ("Assets:Cash", "Liabilities:Suspense", "entry: "),
        ] {
            if format == "tally" && from.contains(':') {
                continue;
            }
            env.write(&name, text.replace(from, to));
            let run = env.hissab(["import", &name]);
            assert_eq!(run.exit, 7, "{format}: {run}");
            assert!(run.stderr.contains("with other content"), "{format}: {run}");
            assert!(run.stderr.contains(what), "{format}: {run}");
            assert!(
                run.stderr.contains(&format!("at {name}:")),
                "{format}: {run}"
            );
            let dry = env.hissab(["import", &name, "--dry-run"]);
            assert_eq!(dry.exit, 7, "{format}: {dry}");
        }
    }
    let run = env.hissab(["import", "all.tally"]);
    let hint = "hissab amend 2 --description Curd";
    assert!(run.stderr.contains(hint), "{run}");
    env.hissab(["amend", "2", "--description", "Curd"]).ok();
    env.hissab(["import", "all.tally"]).ok();
}

/// A book of one payment with remarks of every kind, and its exports.
fn remarked() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--currency", "INR"])
        .ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    let draft = serde_json::json!({
        "date": "2026-04-01", "description": "Tea", "tags": { "project": "mill" },
        "metadata": { "comment": "see folder 7", "till": "two" },
        "entries": [
            { "account": "Expenses:Tea", "debit": "5.00", "memo": "for the guests", "tags": { "kind": "green" } },
            { "account": "Assets:Cash", "credit": "5.00" },
        ],
    });
    env.hissab_fed(
        draft.to_string(),
        ["add", "--json", "-", "--create-accounts"],
    )
    .ok();
    for format in REMARKED {
        let name = format!("all.{format}");
        env.hissab(["export", &name, "-O", format]).ok();
    }
    env
}

/// Formats that hold tags and memos in full.
const REMARKED: [&str; 6] = ["hledger", "ledger", "csv", "tsv", "ndjson", "json"];

#[test]
fn an_altered_tag_memo_or_comment_under_an_id_refuses_the_file() {
    let env = remarked();
    for format in REMARKED {
        let name = format!("all.{format}");
        // Posted here, and brought in by a file: both are held against what a file says.
        let other = format!("{format}.hissab");
        env.hissab(["init", &other, "--currency", "INR"]).ok();
        env.hissab(["-B", &other, "import", &name, "--create-accounts"])
            .ok();
        let books = ["shop.hissab", &other];
        for book in books {
            let run = env.hissab(["-B", book, "import", &name]).ok();
            assert!(!run.stdout.contains("Note"), "{format}, {book}: {run}");
        }
        let text = std::fs::read_to_string(env.path(&name)).unwrap();
        for (from, to, what) in [
            (
                "mill",
                "well",
                "tags: project:well in the file, project:mill in the book",
            ),
            (
                "green",
                "black",
                "tags: kind:black in the file, kind:green in the book",
            ),
            (
                "for the guests",
                "for us",
                "memo: for us in the file, for the guests in the book",
            ),
            (
                "see folder 7",
                "see folder 8",
                "comment: see folder 8 in the file, see folder 7",
            ),
            (
                "till:two",
                "till:one",
                "tags: till:one in the file, till:two in the book",
            ),
        ] {
            // Rows hold neither comments nor other metadata.
            let held = text.contains(from);
            assert!(held || !(format.starts_with('h') || what.starts_with("memo")));
            env.write("altered", text.replace(from, to));
            for book in books {
                let run = env.hissab(["-B", book, "import", "altered"]);
                if held {
                    assert_eq!(run.exit, 7, "{format}: {run}");
                    assert!(run.stderr.contains(what), "{format}: {run}");
                    assert!(run.stderr.contains("hissab amend 1 --edit"), "{run}");
                } else {
                    run.ok();
                }
            }
        }
    }
    // What the file says may be what the book said once.
    env.hissab(["amend", "1", "--tag", "project=well"]).ok();
    for format in REMARKED {
        let run = env.hissab(["import", &format!("all.{format}")]).ok();
        assert!(
            run.stdout.contains("amended there since"),
            "{format}: {run}"
        );
    }
    // Beancount and Tally write some remarks otherwise: theirs are not compared.
    for format in ["beancount", "tally"] {
        let name = format!("all.{format}");
        env.hissab(["export", &name, "-O", format]).ok();
        env.hissab(["import", &name]).ok();
    }
}

#[test]
fn a_comment_that_rows_could_not_bring_is_told_beside() {
    let env = remarked();
    env.hissab(["init", "other.hissab", "--currency", "INR"])
        .ok();
    let journal = "2026-04-01 Tea  ; id: 019d47b8-0000-7000-8000-000000000001\n    Expenses:Tea  5 INR\n    Assets:Cash\n";
    env.write("plain.journal", journal);
    env.write(
        "more.journal",
        journal.replace("Tea  ;", "Tea  ; see folder 7\n    ;"),
    );
    env.hissab([
        "-B",
        "other.hissab",
        "import",
        "plain.journal",
        "--create-accounts",
    ])
    .ok();
    let run = env
        .hissab(["-B", "other.hissab", "import", "more.journal"])
        .ok();
    assert!(
        run.stdout.contains("the file says another comment"),
        "{run}"
    );
}

#[test]
fn what_was_amended_or_voided_since_an_export_is_left_and_said() {
    let env = exported();
    env.hissab(["amend", "1", "--amount", "13.50"]).ok();
    env.hissab(["void", "2", "--reason", "twice"]).ok();
    for format in EXPORTS {
        let run = env.hissab(["import", &format!("all.{format}")]).ok();
        assert!(run.stdout.contains("skipped 3"), "{format}: {run}");
        for said in [
            "1 of the book: amended there since",
            "2 of the book: voided there since",
        ] {
            assert!(run.stdout.contains(said), "{format}: {run}");
        }
    }
    assert!(env.hissab(["show", "1"]).ok().stdout.contains("13.50"));
    env.hissab(["check", "--deep"]).ok();
}

#[test]
fn an_id_of_a_journal_that_was_imported_binds_its_content_too() {
    let env = bank();
    let journal = |what: &str, amount: &str| {
        format!("2026-04-01 {what}  ; id: A-1\n    Expenses:Tea  {amount} INR\n    Assets:Cash\n")
    };
    env.write("a.journal", journal("Tea", "5"));
    env.hissab(["import", "a.journal", "--create-accounts"])
        .ok();
    env.write(
        "a.journal",
        journal("Tea", "5").replace("01 Tea", "01 * Tea"),
    );
    let run = env.hissab(["import", "a.journal"]).ok();
    assert!(run.stdout.contains("another status"), "{run}");
    env.write("a.journal", journal("Tea", "6"));
    let run = env.hissab(["import", "a.journal"]);
    assert_eq!(run.exit, 7, "{run}");
    env.hissab(["amend", "1", "--amount", "6"]).ok();
    let run = env.hissab(["import", "a.journal"]).ok();
    assert!(run.stdout.contains("skipped 1"), "{run}");
    // Two files of one run, in one commit.
    env.write("b.journal", journal("Oats", "7").replace("A-1", "B-1"));
    env.write("c.journal", journal("Oats", "8").replace("A-1", "B-1"));
    let run = env.hissab(["import", "b.journal", "c.journal", "--atomic"]);
    assert_eq!(run.exit, 1, "{run}");
    assert!(run.stderr.contains("a file before it has this id"), "{run}");
    // A name that many carry is counted, as before.
    let label = |n: usize| {
        (0..n)
            .map(|i| journal(&format!("Day {i}"), "1").replace("A-1", "daily") + "\n")
            .collect::<String>()
    };
    env.write("d.journal", label(2));
    env.hissab(["import", "d.journal"]).ok();
    env.write("d.journal", label(3));
    let run = env.hissab(["import", "d.journal"]).ok();
    assert!(run.stdout.contains("Posted 1, skipped 2"), "{run}");
}
