use super::*;
use jiff::civil::date;
use proptest::prelude::*;

fn read_text(text: &str) -> Result<ReadJournal, Vec<JournalError>> {
    read(
        vec![Input::bytes("t.journal", text)],
        &ReadOptions::new(date(2025, 6, 1)),
    )
}

/// `line:column code` of every error.
fn errors(text: &str) -> Vec<String> {
    match read_text(text) {
        Ok(_) => Vec::new(),
        Err(errors) => errors
            .iter()
            .map(|e| format!("{}:{} {}", e.line, e.column, e.code()))
            .collect(),
    }
}

#[test]
fn each_fault_is_named_with_its_line_and_column() {
    for (text, want) in [
        ("", "0:0 empty-file"),
        ("2025-02-30 a\n", "1:1 bad-date"),
        ("2025-01-01 a\n  A  x\n  B\n", "2:7 bad-amount"),
        ("2025-01-01 a\n  A  1 X\n  B  2 X\n", "1:1 unbalanced"),
        (
            "2025-01-01 a\n  A  1 X\n  B\n  C\n",
            "1:1 several-amounts-missing",
        ),
        ("2025-01-01 a\n  A  1 X what\n  B\n", "2:10 bad-posting"),
        ("2025-01-01 a\n  (A  1 X\n  B\n", "2:3 bad-posting"),
        ("2025-01-01 a\n  A  $1 {$2\n  B\n", "2:12 bad-posting"),
        ("2025-01-01 a\n  A  @ 2 X\n  B\n", "2:6 bad-amount"),
        ("wibble\n", "1:1 bad-directive"),
        ("  A  1 X\n", "1:3 stray-line"),
        ("i 2025/01/01 09:00:00 work\n", "1:1 unsupported"),
        ("C 1.00 Kb = 1024 b\n", "1:1 unsupported"),
        ("apply fixed AAPL $10\n", "1:7 unsupported"),
        ("include nowhere.journal\n", "1:9 include-not-found"),
        ("include *.nowhere\n", "1:9 include-not-found"),
        ("include timedot:x\n", "1:9 unsupported"),
        ("Y no\n", "1:3 bad-directive"),
        ("account A  ; type:Z\n", "1:9 bad-directive"),
        ("decimal-mark x\n", "1:14 bad-directive"),
        ("alias x\n", "1:7 bad-alias"),
        ("end apply account\n", "1:5 bad-directive"),
        ("test\nx\n", "0:0 unclosed-block"),
        (
            "2025-01-01 a\n  A  (amount * 2)\n  B\n",
            "2:7 bad-expression",
        ),
        (
            "2025-01-01 a\n  A  1 X = 2 X\n  B\n",
            "2:0 assertion-failed",
        ),
        (
            "2025-01-01 a\n  A  999999999999999999999 X\n  B\n",
            "1:1 too-large",
        ),
        ("2025-01-01 a\n  A  1 X\n  B  1 Y\n", "1:1 unbalanced"),
    ] {
        assert_eq!(errors(text), [want], "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_listed_up_to_a_limit() {
    let text = "2025-13-01 a\n\n2025-01-01 b\n  A  1 X\n  B  2 X\n\nwibble\n";
    assert_eq!(
        errors(text),
        ["1:1 bad-date", "3:1 unbalanced", "7:1 bad-directive"]
    );
    assert_eq!(errors(&"wibble\n".repeat(5_000)).len(), ERRORS_MAX);
    let failing = "2025-01-01 a\n  A  1 X = 5 X\n  B\n\n".repeat(2);
    assert_eq!(errors(&failing).len(), 2);
}

#[test]
fn failed_assertions_can_be_passed_over() {
    let options = ReadOptions {
        ignore_assertions: true,
        ..ReadOptions::new(date(2025, 6, 1))
    };
    let text = "2025-01-01 a\n  A  1 X = 5 X\n  B\n";
    let read = read(vec![Input::bytes("t", text)], &options).unwrap();
    assert_eq!(read.notes.failed_assertions.len(), 1);
    assert_eq!(read.book.store.len(), 1);
}

#[test]
fn an_include_of_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.journal");
    std::fs::write(&path, "include b.journal\n").unwrap();
    std::fs::write(folder.path().join("b.journal"), "include ./a.journal\n").unwrap();
    let options = ReadOptions::new(date(2025, 6, 1));
    let found = read(vec![Input::path(&path, Dialect::Auto)], &options).unwrap_err();
    assert_eq!(found[0].code(), "include-cycle");
    let found = read(vec![Input::path(folder.path(), Dialect::Auto)], &options).unwrap_err();
    assert_eq!(found[0].code(), "is-a-folder");
    let found = read(vec![Input::path("/nowhere", Dialect::Auto)], &options).unwrap_err();
    assert_eq!(found[0].code(), "file-not-found");
}

#[test]
fn rules_are_counted_and_virtual_postings_told() {
    let text = "= a\n  (B)  1\n~ monthly\n  A  1 X\n  B\n\n2025-01-01 a\n  (A)  1 X\n";
    let read = read_text(text).unwrap();
    assert_eq!(
        (
            read.notes.automatic_rules,
            read.notes.periodic_rules,
            read.notes.unbalanced_virtual
        ),
        (1, 1, 1)
    );
    assert_eq!(read.notes.to_string().lines().count(), 3);
    let chart = &read.book.chart;
    let paths: Vec<&str> = read
        .book
        .store
        .entries(0)
        .iter()
        .map(|e| &*chart.account(e.account).path)
        .collect();
    assert_eq!(paths, ["A", "Equity:Virtual"]);
    assert!(
        read.book
            .store
            .transaction(0, chart)
            .entries
            .iter()
            .all(|e| e.is_virtual())
    );
}

#[test]
fn what_a_transaction_says_is_kept() {
    let text = "\
2025-01-01=2025-01-05 ! (7) Shop | lunch ; due:2025-02-01, project:x
    ; a free remark
    Expenses:Food  5 X  ; with Ravi
      ; date:2025-01-03
    * Cash
";
    let read = read_text(text).unwrap();
    let t = read.book.store.transaction(0, &read.book.chart);
    assert_eq!(
        (&*t.description, t.payee(), t.reference.as_deref()),
        ("Shop | lunch", "Shop", Some("7"))
    );
    assert_eq!(t.status, crate::ledger::transaction::Status::Pending);
    assert_eq!(t.due, Some(date(2025, 2, 1)));
    let tags: Vec<String> = t
        .tags
        .iter()
        .map(|t| format!("{}={}", t.name, t.value))
        .collect();
    assert_eq!(tags, ["date2=2025-01-05", "project=x"]);
    assert_eq!(
        t.metadata,
        [("comment".to_owned(), "a free remark".to_owned())]
    );
    assert_eq!(t.entries[0].memo(), Some("with Ravi"));
    assert_eq!(t.entries[0].tags()[0].value, "2025-01-03");
    assert_eq!(
        t.entries[1].status(),
        crate::ledger::transaction::Status::Cleared
    );
}

/// Pieces that journals are made of, and pieces that they are not.
const PIECES: &[&str] = &[
    "2025-01-01",
    "2025/1/2",
    " ",
    "  ",
    "\n",
    "\n  ",
    "\t",
    "A",
    "Assets:Cash",
    "(A)",
    "[B]",
    "1",
    "1,000.50",
    "$",
    "EUR",
    "\"a b\"",
    "-",
    "@",
    "@@",
    "{",
    "}",
    "=",
    "==",
    "=*",
    "*",
    "!",
    ";",
    ":tag:",
    "k: v",
    "(",
    ")",
    "P",
    "D",
    "Y",
    "include",
    "alias",
    "apply account",
    "end",
    "comment",
    "account",
    "commodity",
    "format",
    "~",
    "é",
    "\u{a0}",
    "1E9",
    ".",
    ",",
    "'",
    "/",
    "\\",
    "0",
    "99999999999999999999",
    "\r\n",
    "[2025-01-01]",
    "; date:2025-01-01",
    "= 0",
    "apply tag x",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn no_text_makes_the_reader_panic(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.into_iter().map(|i| PIECES[i]).collect();
        if let Ok(read) = read_text(&text) {
            let chart = &read.book.chart;
            for place in 0..read.book.store.len() {
                let t = read.book.store.transaction(place, chart);
                let mut sums = std::collections::BTreeMap::new();
                for entry in &t.entries {
                    let (weight, key) = entry.weight();
                    *sums.entry(key).or_insert(0i128) += i128::from(weight);
                }
                prop_assert!(sums.values().all(|s| *s == 0), "{text}");
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(vec![Input::bytes("t", bytes)], &ReadOptions::new(date(2025, 6, 1)));
    }
}
