//! Workbooks in: every kind as checked in, the sheet that is meant, what is refused, and bombs.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hissab::formats::workbook::{self, zip};

use crate::chance::Chance;
use crate::support::{Run, TestEnv};

const FIELDS: &str = "line,date,description,reference,debit,credit,currency,balance";

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
    env
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/workbooks")
}

fn import(env: &TestEnv, file: &str, more: &[&str]) -> Run {
    let words = [
        "import",
        file,
        "--account",
        "Assets:Bank:Test",
        "--create-accounts",
    ];
    env.hissab(words.iter().chain(more))
}

fn code_of(run: &Run) -> String {
    let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    error["code"].as_str().unwrap().to_owned()
}

#[test]
fn every_workbook_reads_as_checked_in() {
    let env = shop();
    let mut tried = 0;
    for entry in std::fs::read_dir(data()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|e| e == "want") {
            continue;
        }
        let want = std::fs::read_to_string(file.with_extension("want")).unwrap();
        let mut more = vec!["--dry-run", "-O", "csv", "--fields", FIELDS];
        if file.ends_with("months.xlsx") {
            more.extend(["--sheet", "may", "--columns", "date,description,in"]);
        }
        let run = import(&env, file.to_str().unwrap(), &more).ok();
        assert_eq!(run.stdout, want, "{}", file.display());
        tried += 1;
    }
    assert!(tried >= 8, "{tried} workbooks");
}

#[test]
fn a_workbook_and_the_csv_of_it_are_the_same_rows() {
    let env = shop();
    let file = data().join("icici-dates.xls");
    let first = import(&env, file.to_str().unwrap(), &[]).ok();
    assert!(first.stdout.contains("Posted 2"), "{first}");
    env.write(
        "same.csv",
        "S No.,Value Date,Transaction Date,Cheque Number,Transaction Remarks,Withdrawal Amount (INR ),Deposit Amount (INR ),Balance (INR )\n\
         1,02/04/2026,02/04/2026,-,UPI/CHAI,450.50,,9549.50\n2,13/04/2026,13/04/2026,-,NEFT-ACME,,\"1,000.00\",\"10,549.50\"\n",
    );
    let again = import(&env, "same.csv", &[]).ok();
    assert!(
        again.stdout.contains("skipped 2 already imported"),
        "{again}"
    );
    let listed = env
        .hissab(["import", "list", "-O", "csv", "--fields", "file,format"])
        .ok();
    assert!(
        listed.stdout.contains("icici-dates.xls,ICICI xls"),
        "{listed}"
    );
}

#[test]
fn of_several_sheets_one_must_be_named() {
    let env = shop();
    let file = data().join("months.xlsx");
    let run = import(&env, file.to_str().unwrap(), &["--json"]).exits(1);
    assert_eq!(code_of(&run), "several-sheets");
    assert!(run.stderr.contains("--sheet"), "{run}");
    let run = import(&env, file.to_str().unwrap(), &["--sheet", "June", "--json"]).exits(1);
    assert_eq!(code_of(&run), "unknown-sheet");
    assert!(run.stderr.contains("April"), "{run}");
}

#[test]
fn what_is_no_statement_is_refused() {
    let env = shop();
    let kind = b"application/vnd.oasis.opendocument.spreadsheet";
    for (bytes, code) in [
        (zip::stored(&[("letter.txt", b"hello")]), "not-a-statement"),
        (
            zip::stored(&[
                ("[Content_Types].xml", b"<a/>"),
                ("word/document.xml", b"<a/>"),
            ]),
            "not-text",
        ),
        (zip::stored(&[("xl/workbook.bin", b"x")]), "unknown-format"),
        (
            zip::stored(&[("mimetype", kind), ("content.xml", b"<a><b>")]),
            "empty-file",
        ),
        (
            zip::stored(&[
                ("mimetype", kind),
                ("content.xml", b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"),
            ]),
            "damaged-workbook",
        ),
        (
            zip::stored(&[
                ("mimetype", kind),
                ("content.xml", "<a>".repeat(100_000).as_bytes()),
            ]),
            "damaged-workbook",
        ),
        (workbook::compound_of("EncryptedPackage", b"x"), "not-text"),
        (workbook::compound_of("WordDocument", b"x"), "not-text"),
        (
            b"<html><p>Your session has expired</p></html>".to_vec(),
            "unknown-format",
        ),
        (b"\x1f\x8b\x08\0".to_vec(), "not-text"),
    ] {
        env.write("x.xlsx", &bytes);
        let run = import(&env, "x.xlsx", &["--json"]).exits(1);
        assert_eq!(code_of(&run), code, "{run}");
        assert!(
            code == "empty-file"
                || run.stderr.contains("\"hints\":[\"")
                || run.stderr.contains("hint"),
            "{run}"
        );
    }
}

/// An archive of one packed file, whose content is `unit`, many times, between two texts.
fn packed(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let contents: Vec<Vec<u8>> = files.iter().map(|(_, c)| c.clone()).collect();
    zip::packed(
        &names
            .into_iter()
            .zip(contents.iter().map(Vec::as_slice))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn bombs_are_refused_soon_and_small() {
    let list = b"<workbook><sheets><sheet name=\"S\" id=\"1\"/></sheets></workbook>".to_vec();
    let rels = b"<r><Relationship Id=\"1\" Target=\"sheet.xml\"/></r>".to_vec();
    let book = |strings: Vec<u8>, sheet: Vec<u8>| {
        packed(&[
            ("xl/workbook.xml", list.clone()),
            ("xl/_rels/workbook.xml.rels", rels.clone()),
            ("xl/sharedStrings.xml", strings),
            ("xl/sheet.xml", sheet),
        ])
    };
    let between = |start: &str, unit: &[u8], times: usize, end: &str| {
        [start.as_bytes(), &unit.repeat(times), end.as_bytes()].concat()
    };
    let none = || b"<sst/>".to_vec();
    let kind = b"application/vnd.oasis.opendocument.spreadsheet".to_vec();
    let spread = "<c r=\"XFD1048576\"><v>1</v></c>".to_owned();
    let repeated = "<t><table name=\"x\"><table-row number-rows-repeated=\"1048576\"><table-cell number-columns-repeated=\"900\"><p>x</p></table-cell></table-row></table></t>";
    let bombs = [
        (
            "one text of 100 MB",
            book(
                between("<sst><si><t>", b"aaaaaaaaaa", 10_000_000, "</t></si></sst>"),
                spread.clone().into_bytes(),
            ),
            "too-large",
        ),
        (
            "ten million texts",
            book(
                between("<sst>", b"<si><t/></si>", 10_000_000, "</sst>"),
                spread.clone().into_bytes(),
            ),
            "too-large",
        ),
        (
            "ten million columns",
            book(
                none(),
                between("<row>", b"<c><v>1</v></c>", 10_000_000, "</row>"),
            ),
            "too-large",
        ),
        (
            "a cell in the last corner",
            book(none(), spread.into_bytes()),
            "too-large",
        ),
        (
            "a sheet of 200 MB",
            book(
                none(),
                between("<row>", b"<c/>          ", 14_000_000, "</row>"),
            ),
            "too-large",
        ),
        (
            "rows and columns repeated",
            packed(&[("mimetype", kind.clone()), ("content.xml", repeated.into())]),
            "too-large",
        ),
        (
            "one cell, a million rows",
            packed(&[
                ("mimetype", kind),
                (
                    "content.xml",
                    repeated
                        .replace("number-columns-repeated=\"900\"", "")
                        .into(),
                ),
            ]),
            "too-large",
        ),
    ];
    for (what, bytes, code) in bombs {
        assert!(bytes.len() < 1 << 20, "{what}: {} bytes", bytes.len());
        let started = Instant::now();
        let fault = workbook::to_csv(&bytes, None).unwrap_err();
        assert_eq!(fault.code, code, "{what}: {fault}");
        // A debug build on a busy machine; a release build takes less than a second.
        assert!(
            started.elapsed().as_secs() < 60,
            "{what}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn changed_bytes_of_workbooks_do_no_harm() {
    let mut chance = Chance::new("workbooks");
    for entry in std::fs::read_dir(data()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|e| e == "want") {
            continue;
        }
        let whole = std::fs::read(&file).unwrap();
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..=chance.below(8) {
                let at = chance.below(bytes.len());
                match chance.below(4) {
                    0 => bytes[at] = chance.next() as u8,
                    1 => bytes[at] ^= 1 << chance.below(8),
                    2 => bytes.truncate(at.max(8)),
                    _ => bytes[at] = [0, 0xff, 0x7f, 0x80][chance.below(4)],
                }
            }
            let _ = workbook::to_csv(&bytes, None);
        }
    }
}
