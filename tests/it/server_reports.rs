//! Reports over HTTP: the very documents that the command line prints, and which state of the books they show.

use serde_json::Value;

use crate::http::{Reply, send};
use crate::rich::rich_shop;
use crate::served::{SECRET, Served};
use crate::support::TestEnv;

/// What is asked of the server, and of the command line.
const QUESTIONS: &[(&str, &[&str])] = &[
    ("trial-balance", &["tb"]),
    (
        "trial-balance?date=2026-04-05",
        &["tb", "--to", "2026-04-05"],
    ),
    (
        "trial-balance?from=2026-04-03&date=2026-04-30",
        &["tb", "--from", "2026-04-03", "--to", "2026-04-30"],
    ),
    ("balance-sheet", &["bs"]),
    (
        "balance-sheet?date=2026-04-05",
        &["bs", "--as-of", "2026-04-05"],
    ),
    ("income-statement", &["is"]),
    (
        "income-statement?from=2026-04-01&date=2026-04-30",
        &["is", "--from", "2026-04-01", "--to", "2026-04-30"],
    ),
    ("cash-flow", &["cf"]),
    (
        "cash-flow?from=2026-04-04&date=2026-04-30",
        &["cf", "--from", "2026-04-04", "--to", "2026-04-30"],
    ),
    ("balances", &["balance"]),
    (
        "balances?from=2026-04-04",
        &["balance", "--from", "2026-04-04"],
    ),
    ("ledger?ledger=Assets:Cash", &["ledger", "Assets:Cash"]),
    ("ledger?ledger=Assets", &["ledger", "Assets"]),
    (
        "ledger?ledger=Assets:Cash&from=2026-04-05",
        &["ledger", "Assets:Cash", "--from", "2026-04-05"],
    ),
    ("day-book", &["daybook"]),
    (
        "day-book?from=2026-04-01&date=2026-04-30",
        &["daybook", "2026-04"],
    ),
    ("cash-book", &["cashbook", "Assets:Cash"]),
    ("ageing", &["ageing"]),
    (
        "ageing?date=2026-08-31",
        &["ageing", "--as-of", "2026-08-31"],
    ),
];

fn ask(served: &Served, question: &str, more: &str) -> Reply {
    let text = format!(
        "GET /api/v1/orgs/acme/reports/{question} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {SECRET}\r\n{more}\r\n"
    );
    let address = served.server.as_ref().unwrap().address();
    send(address, text.as_bytes())
}

#[test]
fn a_report_is_the_document_of_the_command_line() {
    let shop = rich_shop();
    let served = Served::of(&shop.path);
    let env = TestEnv::new();
    for (question, words) in QUESTIONS {
        let answer = ask(&served, question, "").is(200).body;
        let mut line = vec!["-B", shop.path.to_str().unwrap(), "--today", "2026-04-07"];
        line.extend(*words);
        line.push("--json");
        let printed: Value = serde_json::from_str(&env.hissab(line).ok().stdout).unwrap();
        assert_eq!(answer["document"], printed, "{question}");
        assert_eq!(question.split('?').next(), answer["report"].as_str());
        assert_eq!(answer["document"]["to"], answer["to"], "{question}");
        let proves = question.starts_with("trial") || question.starts_with("balance-sheet");
        let proof = if proves {
            Value::Bool(true)
        } else {
            Value::Null
        };
        assert_eq!(answer["balanced"], proof, "{question}");
        assert_eq!(answer["head"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn a_report_that_is_known_already_is_not_sent_again() {
    let shop = rich_shop();
    let served = Served::of(&shop.path);
    let first = ask(&served, "balances", "").is(200);
    let tag = first.header("etag").unwrap();
    assert_eq!(
        first.header("book-sequence").unwrap(),
        first.body["sequence"].to_string()
    );
    ask(&served, "balances", &format!("If-None-Match: {tag}\r\n")).is(304);
    let moved = ask(&served, "balances", "Book-Sequence: 1\r\n").is(409);
    assert_eq!(moved.code(), "book-moved");
}

#[test]
fn what_is_no_report_is_said_to_be_none() {
    let shop = rich_shop();
    let served = Served::of(&shop.path);
    let none = ask(&served, "profit", "").is(404);
    assert!(none.body["hints"][0].as_str().unwrap().contains("day-book"));
    ask(&served, "ledger?ledger=Assets:Nothing", "").is(404);
    for (question, pointer) in [
        ("balances?date=31.03.2026", "/date"),
        ("balances?date=2026-02-30", "/date"),
        ("balances?from=2026-04-01T00:00", "/from"),
        ("balances?from=2026-04-02&date=2026-04-01", "/from"),
        ("ledger", "/ledger"),
        ("balances?ledger=Assets", "/ledger"),
        ("ageing?from=2026-04-01", "/from"),
    ] {
        let refused = ask(&served, question, "").is(422);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{question}");
    }
    assert_eq!(ask(&served, "balances?x=1", "").is(400).code(), "bad-query");
}

#[test]
fn a_kept_answer_counts_until_anybody_writes() {
    let shop = rich_shop();
    let served = Served::of(&shop.path);
    let cash = |more: &str| ask(&served, "ledger?ledger=Assets:Cash", more);
    let first = cash("").is(200);
    let again = cash("").is(200);
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("etag"), again.header("etag"));
    let moved = cash("Book-Sequence: 1\r\n").is(409);
    assert_eq!(moved.code(), "book-moved");
    // Another process, not the server.
    let env = TestEnv::new();
    let file = served.data.path().join("books/acme.hissab");
    let words = [
        "-B",
        file.to_str().unwrap(),
        "in",
        "7",
        "Income:Sales",
        "-q",
    ];
    env.hissab(words).ok();
    let after = cash("").is(200);
    let sequence = |reply: &Reply| reply.body["sequence"].as_u64().unwrap();
    assert_eq!(sequence(&after), sequence(&first) + 1);
    assert_ne!(after.body["document"], first.body["document"]);
    let tag = first.header("etag").unwrap();
    cash(&format!("If-None-Match: {tag}\r\n")).is(200);
}
