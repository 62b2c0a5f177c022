//! What a book exports comes in again as it was, however odd its texts and amounts are.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::TestEnv;

/// Texts that some grammar, terminal or spreadsheet takes for something else.
const TEXTS: &[&str] = &[
    " leading",
    "trailing ",
    "two  spaces",
    ";semi",
    "a ; b",
    "* star",
    "! bang",
    "(code) x",
    "a | b",
    "'quote",
    "\"dq\"",
    "it's",
    "=1+1",
    "+1",
    "-1",
    "@x",
    "'=1+1",
    "''=x",
    "\u{202e}RTL",
    "a\u{202e}b",
    "\u{200b}",
    "a\u{a0}b",
    "नमस्ते",
    "😀👨\u{200d}👩\u{200d}👧",
    "#tag",
    "tag:val",
    "a:b, c:d",
    "{x}",
    "<b>&amp;</b>",
    "<U+202E>",
    "C:\\x",
    "a\\,b",
    "\\",
    "$5",
    "~x",
    "1,000.00",
    "\u{feff}bom",
    "full；width",
    "a,b",
    "-",
    "null",
    "2026-04-01",
    "comment",
    "  ",
    "\u{2028}ls",
    "line\nbreak",
    "tab\there",
];

/// What grammars of other tools hold too.
fn is_tame(text: &str) -> bool {
    let own = |c: char| c.is_control() || ";,:()\u{2028}\u{feff}\"".contains(c);
    text.trim() == text && !text.is_empty() && !text.contains(own)
}

fn drafts() -> Vec<Value> {
    let entries = || {
        json!([
            { "account": "Expenses:Tea", "debit": "1.00", "currency": "INR" },
            { "account": "Assets:Cash", "credit": "1.00", "currency": "INR" },
        ])
    };
    let mut drafts = Vec::new();
    let mut push = |description: &str, of: Value| {
        let day = 1 + drafts.len() % 28;
        let mut draft = json!({
            "date": format!("2026-04-{day:02}"), "description": description, "entries": entries(),
        });
        for (key, value) in of.as_object().unwrap() {
            draft[key] = value.clone();
        }
        drafts.push(draft);
    };
    for text in TEXTS {
        push(text, json!({}));
        push("payee", json!({ "payee": text }));
        push("reference", json!({ "reference": text }));
        push("tag", json!({ "tags": { "kind": text, "b": "2" } }));
        push("name", json!({ "tags": { *text: "v" } }));
        let mut memo = entries();
        memo[1]["memo"] = json!(text);
        push("memo", json!({ "entries": memo }));
        // What may be a name of an account.
        if ["a\u{202e}b", "<U+202E>", "=1+1", "नमस्ते", "C:\\x"].contains(text) {
            let mut elsewhere = entries();
            elsewhere[0]["account"] = json!(format!("Expenses:{text}"));
            push("account", json!({ "entries": elsewhere }));
        }
    }
    for status in ["pending", "cleared"] {
        push("status", json!({ "status": status }));
        let mut one = entries();
        one[1]["status"] = json!(status);
        one[1]["tags"] = json!({ "k": "of the entry" });
        push(
            "an entry's",
            json!({ "entries": one, "tags": { "all": "" } }),
        );
    }
    let pair = |amount: &str, code: &str| {
        json!({ "entries": [
            { "account": "Assets:Bank", "debit": amount, "currency": code },
            { "account": "Assets:Cash", "credit": amount, "currency": code },
        ] })
    };
    for (amount, code) in [
        ("999999999999999.99", "INR"),
        ("0.00", "INR"),
        ("0.00000001", "BTC"),
        ("12.50000000", "BTC"),
        ("100", "JPY"),
        ("1.5000", "MUTF:HDFC"),
    ] {
        push("amount", pair(amount, code));
    }
    drafts
}

fn init(env: &TestEnv, book: &str) {
    let words = [
        "init",
        book,
        "--currency",
        "INR",
        "--name",
        "S",
        "--timezone",
        "UTC",
    ];
    env.hissab(words.into_iter().chain(["--template", "plain"]))
        .ok();
    for (code, scale) in [("BTC", "8"), ("MUTF:HDFC", "4")] {
        if book == "a.hissab" {
            env.hissab(["-B", book, "currency", "add", code, "--scale", scale])
                .ok();
        }
    }
}

/// Every transaction by its id, as rows say it exactly.
fn all(env: &TestEnv, book: &str) -> BTreeMap<String, Vec<Value>> {
    let rows = env
        .hissab(["-B", book, "journal", "-O", "json"])
        .ok()
        .stdout;
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in rows["rows"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap().to_owned();
        all.entry(id).or_default().push(row.clone());
    }
    all
}

#[test]
fn rows_of_a_book_of_odd_texts_come_in_exactly() {
    let env = TestEnv::new();
    init(&env, "a.hissab");
    let lines: String = drafts().iter().map(|draft| format!("{draft}\n")).collect();
    env.hissab_fed(
        &lines,
        ["-B", "a.hissab", "add", "--json", "-", "--create-accounts"],
    )
    .ok();
    let before = all(&env, "a.hissab");
    assert_eq!(before.len(), drafts().len());
    for format in [
        "csv",
        "ndjson",
        "json",
        "tsv",
        "hledger",
        "ledger",
        "beancount",
    ] {
        let (file, book) = (format!("e.{format}"), format!("{format}.hissab"));
        env.hissab(["-B", "a.hissab", "export", &file, "-O", format])
            .ok();
        let known = env.hissab(["-B", "a.hissab", "import", &file]).ok();
        assert!(known.stdout.contains("Posted 0"), "{format}: {known}");
        assert!(!known.stdout.contains("Note"), "{format}: {known}");
        init(&env, &book);
        env.hissab(["-B", &book, "import", &file, "--create-accounts"])
            .ok();
        env.hissab(["-B", &book, "check"]).ok();
        let after = all(&env, &book);
        assert_eq!(before.len(), after.len(), "{format}");
        for (id, rows) in &before {
            let text = rows.iter().map(Value::to_string).collect::<String>();
            let kept = match format {
                "csv" | "ndjson" | "json" => true,
                // Has no quotes: a line end or a tab would begin another cell.
                "tsv" => !text.contains("\\n") && !text.contains("\\t"),
                // Their grammars have no room for some characters.
                _ => rows.iter().all(|row| {
                    let words = ["description", "payee", "reference", "memo"];
                    let tags = row["tags"].as_array().unwrap().iter();
                    let texts = words.iter().filter_map(|w| row[w].as_str());
                    let of_tag = |t: &Value| t.as_str().unwrap().replacen(':', "", 1);
                    texts.filter(|t| !t.is_empty()).all(is_tame)
                        && tags.map(of_tag).all(|t| {
                            is_tame(&t) && !t.contains(|c: char| c.is_whitespace() || c == '\\')
                        })
                }),
            };
            if kept {
                let mut said = rows.clone();
                for (row, held) in said.iter_mut().zip(&after[id]) {
                    row["number"] = held["number"].clone();
                }
                assert_eq!(said, after[id], "{format}");
            }
        }
    }
}

#[test]
fn the_same_book_in_tally_is_known_by_its_ids() {
    let env = TestEnv::new();
    init(&env, "a.hissab");
    let rupees = drafts()
        .into_iter()
        .filter(|d| d["entries"][0]["currency"] == "INR");
    let lines: String = rupees.map(|draft| format!("{draft}\n")).collect();
    env.hissab_fed(
        &lines,
        ["-B", "a.hissab", "add", "--json", "-", "--create-accounts"],
    )
    .ok();
    env.hissab(["-B", "a.hissab", "export", "e.xml", "-O", "tally"])
        .ok();
    let known = env.hissab(["-B", "a.hissab", "import", "e.xml"]).ok();
    assert!(known.stdout.contains("Posted 0"), "{known}");
}
