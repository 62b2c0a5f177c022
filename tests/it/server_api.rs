//! The API as a hostile or clumsy client meets it: what is wrong is named, nothing of it is done, nobody else suffers.

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use hissab::server::registry::{orgs, users};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::send;
use crate::live::{Live, OWNER, Reply, VIEWER};

const POSTING: &str = "/orgs/acme/transactions";

fn tea(amount: &str) -> Value {
    json!({
        "date": "2026-04-07", "description": "tea",
        "entries": [
            { "account": "Expenses:Tea", "debit": amount },
            { "account": "Assets:Cash", "credit": amount },
        ],
    })
}

fn ask(live: &Live, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Reply {
    let bearer = format!("Bearer {OWNER}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(more);
    live.ask(method, &format!("/api/v1{path}"), &headers, body)
}

/// A refusal: the status, and a body that says why and which request it was.
#[track_caller]
fn problem(reply: Reply, status: u16) -> Value {
    let reply = reply.is(status);
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    let body = reply.json();
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"));
    for member in ["type", "title", "detail", "code"] {
        assert!(
            body[member].as_str().is_some_and(|t| !t.is_empty()),
            "{body}"
        );
    }
    body
}

/// The newest audit record: moves with everything that is written.
fn head(live: &Live) -> Value {
    live.call("GET", "/orgs/acme/audit/head", "").is(200).json()
}

#[test]
fn what_cannot_be_read_is_refused_by_name_and_changes_nothing() {
    let live = Live::new();
    let before = head(&live);
    let with = |member: &str, value: Value| {
        let mut body = tea("5.00");
        body[member] = value;
        body.to_string()
    };
    let deep = format!("{{\"metadata\":{}", "[".repeat(100_000));
    let number = json!({ "date": "2026-04-07", "entries": [
        { "account": "Expenses:Tea", "debit": 5.5 }, { "account": "Assets:Cash", "credit": 5.5 } ] });
    for (body, status, says) in [
        ("{".to_owned(), 400, "EOF"),
        (String::new(), 400, "EOF"),
        ("\u{0}".to_owned(), 400, "expected value"),
        ("[]".to_owned(), 422, ""),
        ("null".to_owned(), 422, "null"),
        (deep, 400, "nests deeper"),
        (with("colour", json!("red")), 422, "unknown field `colour`"),
        (with("date", json!(20260407)), 422, "integer"),
        (with("date", json!("07.04.2026")), 422, ""),
        (with("date", json!("2026-02-30")), 422, ""),
        (with("entries", json!({})), 422, "map"),
        (with("id", json!("not-an-id")), 422, "UUID"),
        (with("id", json!(7)), 422, "UUID"),
        (number.to_string(), 422, "write \"5.5\""),
        (tea("5.001").to_string(), 422, "5.001"),
        (tea("1e3").to_string(), 422, "1e3"),
        (tea("-5.00").to_string(), 422, "not negative"),
        (tea("").to_string(), 422, ""),
        (tea("NaN").to_string(), 422, "NaN"),
        (tea("99999999999999999999999999999999").to_string(), 422, ""),
    ] {
        let said = problem(live.call("POST", POSTING, &body), status);
        let detail = said["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{detail:?} for {body:.60}");
    }
    // JSON is UTF-8.
    let mut bytes = format!(
        "POST /api/v1{POSTING} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {OWNER}\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(b"{\"description\":\"\xff\xfe");
    bytes.push(b'"');
    assert_eq!(
        send(live.server().address(), &bytes).is(400).code(),
        "bad-json"
    );
    assert_eq!(head(&live), before);
}

#[test]
fn a_body_has_an_end_and_so_has_a_head() {
    let live = Live::new();
    let mut large = tea("5.00");
    large["description"] = json!("x".repeat(1 << 20));
    assert_eq!(
        problem(live.call("POST", POSTING, &large.to_string()), 413)["code"],
        "too-large"
    );
    // A head that is too large, or has too many lines, is cut off by the parser itself.
    let bombs = [
        format!("X-Bomb: {}\r\n", "b".repeat(200 * 1024)),
        "X-Bomb: b\r\n".repeat(5000),
    ];
    for bomb in bombs {
        let mut stream = TcpStream::connect(live.server().address()).unwrap();
        // The server may close before all of it was sent.
        let _ = stream.write_all(format!("GET /healthz HTTP/1.1\r\n{bomb}\r\n").as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
    }
    // Heads and bodies that never end hold nobody up.
    let slow: Vec<TcpStream> = (0..64)
        .map(|n| {
            let mut stream = TcpStream::connect(live.server().address()).unwrap();
            let text = if n % 2 == 0 {
                "GET /healthz HTTP/1.1\r\nHost: local".to_owned()
            } else {
                format!(
                    "POST /api/v1{POSTING} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {OWNER}\r\n\
                     Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
                )
            };
            stream.write_all(text.as_bytes()).unwrap();
            stream
        })
        .collect();
    live.post(5).is(201);
    drop(slow);
    live.post(6).is(201);
}

#[test]
fn no_path_leads_out_of_the_api() {
    let live = Live::new();
    for path in [
        "/orgs/acme/../acme",
        "/orgs/%2e%2e/acme",
        "/orgs/acme%2f..%2facme",
        "/orgs/acme%2ftransactions",
        "/orgs/acme%00",
        "/orgs/%ff",
        "/orgs//transactions",
        "/orgs/acme/",
        "/orgs/acme/transactions/..%2f..%2fserver.db",
        "/orgs/acme/transactions/%00",
        "/orgs/acme/ledgers/%2e%2e",
        "/orgs/acme/ledgers/Assets:Cash/..",
        "/orgs/ACME'--",
        "/nothing",
    ] {
        problem(live.call("GET", path, ""), 404);
    }
    problem(live.call("TRACE", "/orgs/acme", ""), 405);
    problem(live.call("DELETE", "/orgs/acme/transactions", ""), 405);
    problem(live.ask("GET", "/api/v1/orgs/acme", &[], ""), 401);
    let bearer = [("authorization", "Bearer hsb_nobody")];
    problem(live.ask("GET", "/api/v1/orgs/acme", &bearer, ""), 401);
    problem(
        live.ask(
            "GET",
            "/api/v1/orgs/acme",
            &[("authorization", "Basic eDp5")],
            "",
        ),
        401,
    );
    let viewer = format!("Bearer {VIEWER}");
    let viewer = [("authorization", viewer.as_str())];
    problem(
        live.ask("POST", "/api/v1/orgs/acme/transactions", &viewer, "{}"),
        403,
    );
}

#[test]
fn another_organisations_things_look_like_no_things() {
    let live = Live::new();
    let at = jiff::Timestamp::now();
    let other = orgs::Org {
        id: Uuid::from_u128(77),
        slug: "rival".to_owned(),
        name: "Rival".to_owned(),
        plan: "standard".to_owned(),
        file: "rival.hissab".to_owned(),
    };
    let registry = &live.server().state().registry;
    assert!(registry.write_now(|db| orgs::add(db, &other, at)).is_ok());
    assert!(registry.read(users::any).unwrap_or(false));
    let id = Uuid::from_u128(77).to_string();
    for (foreign, missing) in [
        ("rival", "nobody"),
        (id.as_str(), "00000000-0000-7000-8000-00000000004e"),
    ] {
        for rest in [
            "",
            "/transactions",
            "/ledgers",
            "/audit",
            "/reports/balances",
            "/book",
        ] {
            let there = problem(live.call("GET", &format!("/orgs/{foreign}{rest}"), ""), 404);
            let nowhere = problem(live.call("GET", &format!("/orgs/{missing}{rest}"), ""), 404);
            let plain = |body: &Value, name: &str| {
                let mut body = body.clone();
                body["request_id"] = Value::Null;
                body.to_string().replace(name, "NAME")
            };
            assert_eq!(plain(&there, foreign), plain(&nowhere, missing));
        }
    }
}

#[test]
fn questions_with_nonsense_in_them_are_refused() {
    let live = Live::new();
    for (query, status) in [
        ("cursor=xyz", 422),
        ("cursor=", 422),
        ("cursor=eyJkYXRlIjoiMjAyNi0wNC0wNyJ9", 422),
        ("limit=0", 422),
        ("limit=501", 422),
        ("limit=18446744073709551615", 422),
        ("limit=99999999999999999999999", 400),
        ("limit=-1", 400),
        ("from=yesterday", 400),
        ("order=sideways", 422),
        ("min=1e9", 422),
        ("voucher=nothing", 200),
        ("nonsense=1", 400),
        ("ledger=../../x", 404),
        ("q=%00%ff", 200),
        ("page=4294967295", 422),
        ("page=0", 422),
        ("page=1000000", 200),
        ("tag=%F0%9F%92%A9=%00", 200),
    ] {
        let reply = live.call("GET", &format!("{POSTING}?{query}"), "");
        match status {
            200 => assert_eq!(reply.is(200).json()["data"], json!([]), "{query}"),
            _ => drop(problem(reply, status)),
        }
    }
}

#[test]
fn a_key_stands_for_one_request() {
    let live = Live::new();
    let key = [("idempotency-key", "k-1")];
    let body = tea("5.00").to_string();
    let first = ask(&live, "POST", POSTING, &key, &body).is(201);
    let again = ask(&live, "POST", POSTING, &key, &body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json()["id"], first.json()["id"]);
    let other = ask(&live, "POST", POSTING, &key, &tea("6.00").to_string());
    assert_eq!(problem(other, 422)["code"], "idempotency-mismatch");
    for bad in ["", &"k".repeat(201)] {
        let key = [("idempotency-key", bad)];
        problem(ask(&live, "POST", POSTING, &key, &body), 400);
    }
    let all = live.call("GET", POSTING, "").is(200).json();
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_change_names_the_version_it_is_of() {
    let live = Live::new();
    let posted = live.post(5).is(201);
    let tag = posted.header("etag").unwrap().to_owned();
    let path = format!("{POSTING}/{}", posted.json()["id"].as_str().unwrap());
    let change = r#"{"description":"chai"}"#;
    assert_eq!(
        problem(live.call("PATCH", &path, change), 428)["code"],
        "needs-if-match"
    );
    for bad in [
        "v1",
        "*",
        "\"7\"",
        "W/\"v1\"",
        "\"v-1\"",
        "\"v99999999999\"",
    ] {
        problem(
            ask(&live, "PATCH", &path, &[("if-match", bad)], change),
            400,
        );
    }
    ask(&live, "PATCH", &path, &[("if-match", &tag)], change).is(200);
    let stale = problem(
        ask(
            &live,
            "PATCH",
            &path,
            &[("if-match", &tag)],
            r#"{"description":"x"}"#,
        ),
        412,
    );
    assert_eq!(stale["current"]["description"], "chai");
    let stale = problem(
        ask(
            &live,
            "DELETE",
            &path,
            &[("if-match", &tag)],
            r#"{"reason":"x"}"#,
        ),
        412,
    );
    assert_eq!(stale["current"]["version"], 2);
    ask(
        &live,
        "DELETE",
        &path,
        &[("if-match", "\"v2\"")],
        r#"{"reason":"twice"}"#,
    )
    .is(200);
}

#[test]
fn a_trial_keeps_nothing_and_a_condition_must_hold() {
    let live = Live::new();
    live.post(5).is(201);
    let before = head(&live);
    let path = format!("{POSTING}?dry_run=true");
    live.call("POST", &path, &tea("7.00").to_string()).is(200);
    let batch = json!({ "mode": "atomic", "items": [tea("1.00"), tea("2.00")] }).to_string();
    live.call("POST", "/orgs/acme/transactions:batch?dry_run=true", &batch)
        .is(200);
    live.call(
        "DELETE",
        &format!("{POSTING}/1?dry_run=true&reason=twice"),
        "",
    )
    .is(200);
    let half = json!({ "mode": "atomic", "items": [tea("1.00"), tea("2.001")] }).to_string();
    let refused = problem(
        live.call("POST", "/orgs/acme/transactions:batch", &half),
        422,
    );
    assert!(
        refused["errors"][0]["pointer"]
            .as_str()
            .unwrap()
            .starts_with("/items/1"),
        "{refused}"
    );
    let empty = json!({ "mode": "atomic", "items": [] }).to_string();
    problem(
        live.call("POST", "/orgs/acme/transactions:batch", &empty),
        422,
    );
    let mut rich = tea("7.00");
    rich["preconditions"] =
        json!([{ "account": "Assets:Cash", "currency": "INR", "at_least": "100.00" }]);
    let poor = problem(live.call("POST", POSTING, &rich.to_string()), 409);
    assert_eq!(poor["code"], "precondition-failed");
    assert_eq!(head(&live), before);
}

#[test]
fn a_repeat_is_answered_although_its_own_first_time_broke_the_condition() {
    let live = Live::new();
    live.post(5).is(201);
    let mut sale = tea("7.00");
    sale["id"] = json!(Uuid::now_v7());
    sale["preconditions"] =
        json!([{ "account": "Assets:Cash", "currency": "INR", "equals": "-5.00" }]);
    let first = live.call("POST", POSTING, &sale.to_string()).is(201);
    let again = live.call("POST", POSTING, &sale.to_string()).is(200);
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(first.json()["number"], again.json()["number"]);
    sale["id"] = json!(Uuid::now_v7());
    problem(live.call("POST", POSTING, &sale.to_string()), 409);
}

/// An import of `lines`, of which only the first `bytes` are sent.
fn import(live: &Live, lines: &str, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(live.server().address()).unwrap();
    let head = format!(
        "POST /api/v1/orgs/acme/imports HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {OWNER}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
        lines.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&lines.as_bytes()[..bytes]).unwrap();
    stream
}

/// Lines are read by several threads, a megabyte each: the first fault is told, and results come in order.
#[test]
fn a_long_import_is_read_in_pieces_as_if_it_were_one() {
    let live = Live::new();
    let unit = json!({ "operation": Uuid::now_v7(), "action": "imported" });
    let mut lines: Vec<String> = vec![unit.to_string()];
    lines.extend((0..2_500).map(|n| {
        let mut sale = tea("5.00");
        sale["description"] = json!(format!("{n} {}", "x".repeat(900)));
        json!({ "post": sale }).to_string()
    }));
    assert!(lines.join("\n").len() > 2 << 20, "three pieces");
    for (first, second) in [(300, 2_400), (2_400, 2_499)] {
        let mut bad = lines.clone();
        bad[first] = "{\"post\":".to_owned();
        bad[second] = "{}".to_owned();
        let refused = live.call("POST", "/orgs/acme/imports", &bad.join("\n"));
        let said = problem(refused, 400);
        let line = format!("line {} ", first + 1);
        assert!(said["detail"].as_str().unwrap().contains(&line), "{said}");
    }
    let answer = live.call("POST", "/orgs/acme/imports", &lines.join("\n"));
    let answer = answer.is(200).text();
    let mut results = answer
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap());
    for line in 2..=2_501 {
        let result = &results.next().unwrap()["result"];
        assert_eq!(result["line"], line, "{result}");
    }
}

#[test]
fn an_import_that_is_cut_or_has_a_bad_line_writes_nothing() {
    let live = Live::new();
    let before = head(&live);
    let unit = json!({ "operation": Uuid::now_v7(), "action": "imported" });
    let mut lines: Vec<String> = vec![unit.to_string()];
    lines.extend((0..50).map(|_| json!({ "post": tea("5.00") }).to_string()));
    let whole = format!("{}\n", lines.join("\n"));
    for bytes in [0, 10, whole.len() / 2, whole.len() - 1] {
        drop(import(&live, &whole, bytes));
    }
    assert_eq!(head(&live), before);
    for (bad, says) in [
        ("{\"post\":", "line 31"),
        (
            "{\"post\":{\"date\":\"2026-04-07\",\"entries\":[{\"account\":\"a\",\"debit\":5}]}}",
            "line 31",
        ),
        ("{\"dance\":{}}", "line 31"),
    ] {
        let mut lines = lines.clone();
        lines[30] = bad.to_owned();
        let refused = live.call("POST", "/orgs/acme/imports", &lines.join("\n"));
        assert!((400..500).contains(&refused.status));
        let status = refused.status;
        let said = problem(refused, status);
        assert!(said["detail"].as_str().unwrap().contains(says), "{said}");
    }
    // What has to be looked at before anything is written is kept in memory: there is not much of it.
    let setting = |n: usize| json!({ "setting": { "name": format!("n{n}"), "value": "v" } });
    let many: Vec<String> = (0..101).map(|n| setting(n).to_string()).collect();
    let many = format!("{unit}\n{}", many.join("\n"));
    let refused = live.call("POST", "/orgs/acme/imports", &many);
    assert_eq!(problem(refused, 422)["code"], "too-many-settings");
    assert_eq!(head(&live), before);
    live.call("POST", "/orgs/acme/imports", &whole).is(200);
    let all = live
        .call("GET", &format!("{POSTING}?limit=500"), "")
        .is(200)
        .json();
    assert_eq!(all["data"].as_array().unwrap().len(), 50);
}

#[test]
fn texts_come_back_as_they_went_in_or_are_refused() {
    let live = Live::new();
    for text in [
        "a\u{1b}[31mb",
        "a\u{0}b",
        "a\nb",
        "\u{202e}abc",
        "💩",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
    ] {
        let mut body = tea("5.00");
        body["description"] = json!(text);
        let reply = live.call("POST", POSTING, &body.to_string());
        match reply.status {
            201 => {
                assert_eq!(reply.json()["description"], text);
                assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
            }
            status => {
                assert_eq!(status, 422, "{text:?}: {}", reply.text());
                drop(problem(reply, 422));
            }
        }
    }
}

/// The description is what clients are made from: what it says of the headers is what the routes do.
#[test]
fn who_may_name_a_state_of_the_book_is_described() {
    let live = Live::new();
    let posted = ask(&live, "POST", POSTING, &[], &tea("5.00").to_string());
    let id = posted.json()["id"].as_str().unwrap().to_owned();
    let ledgers = ask(&live, "GET", "/orgs/acme/ledgers", &[], "").json();
    let ledger = ledgers["data"][0]["id"].as_str().unwrap().to_owned();
    let described = ask(&live, "GET", "/openapi.json", &[], "").json();
    let (mut with, mut without) = (0, 0);
    for (path, item) in described["paths"].as_object().unwrap() {
        let Some(get) = item.get("get").filter(|_| path.contains("/orgs/{org}")) else {
            continue;
        };
        let parameters = get["parameters"].as_array().unwrap();
        let named = |name: &str| parameters.iter().any(|p| p["name"] == name);
        let said = named("Book-Sequence-At-Least");
        assert_eq!(said, named("Book-Sequence"), "{path}");
        if path.ends_with("/stream") {
            // An answer without an end; it is of no one state.
            assert!(!said, "{path}");
            continue;
        }
        let thing = if path.contains("/ledgers/") {
            &ledger
        } else {
            &id
        };
        let path = path
            .trim_start_matches("/api/v1")
            .replace("{org}", "acme")
            .replace("{report}", "trial-balance")
            .replace("{id}", thing);
        let reply = ask(&live, "GET", &path, &[("book-sequence-at-least", "x")], "");
        let refused = reply.status == 400 && reply.json()["code"] == "bad-header";
        assert_eq!(refused, said, "{path}: {}", reply.status);
        if said { with += 1 } else { without += 1 }
    }
    assert_eq!((with > 10, without > 1), (true, true), "{with}, {without}");
}
