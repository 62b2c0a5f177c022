//! Requests that come twice, and requests that come too late: every operation that takes an `Idempotency-Key` does
//! the same request once, and none that takes an `If-Match` overwrites what it has not seen.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Reply, TestServer};
use hissab::server::access::OPERATIONS;

/// A shop with four postings, an imported file, and its owner.
struct Shop {
    server: TestServer,
    bearer: String,
}

/// A request: method, path, a condition, a body.
struct Asked {
    method: &'static str,
    path: String,
    if_match: Option<String>,
    body: Value,
}

fn tea(amount: &str) -> Value {
    json!({
        "date": "2026-04-07", "description": "tea",
        "entries": [
            { "account": "Expenses:Tea", "debit": amount },
            { "account": "Assets:Cash", "credit": amount },
        ],
    })
}

fn unit(changes: Value) -> Value {
    json!({ "units": [{ "operation": Uuid::now_v7(), "action": "posted", "changes": changes }] })
}

impl Shop {
    fn new() -> Shop {
        let server = TestServer::start();
        let owner = server.register("asha");
        server.make_org(&owner, "acme");
        let bearer = format!("Bearer {}", owner.access);
        let shop = Shop { server, bearer };
        for amount in ["1.00", "2.00", "3.00", "4.00"] {
            shop.ask("POST", "/orgs/acme/transactions", &[], &tea(amount))
                .is(201);
        }
        for name in ["april.csv", "may.csv"] {
            let batch = json!({ "id": Uuid::now_v7(), "file": name, "sha256": "00".repeat(32),
                "format": "csv", "account": null, "skipped": 0 });
            let brought = unit(json!([{ "import": batch }, { "post": tea("9.00") }]));
            let answer = shop
                .ask("POST", "/orgs/acme/changes", &[], &brought)
                .is(200);
            assert!(
                answer.body["outcomes"][0]["done"].is_object(),
                "{}",
                answer.body
            );
        }
        shop
    }

    fn ask(&self, method: &str, path: &str, more: &[(&str, &str)], body: &Value) -> Reply {
        let mut headers = vec![("Authorization", self.bearer.as_str())];
        headers.extend(more);
        self.server.call_with(method, path, &headers, body)
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], &Value::Null).is(200)
    }

    fn sequence(&self) -> u64 {
        self.get("/orgs/acme/audit/head").body["sequence"]
            .as_u64()
            .unwrap()
    }

    /// What a request with a key may change beside the book.
    fn beside(&self) -> (usize, usize) {
        let count = |path: &str| self.get(path).body["data"].as_array().unwrap().len();
        (count("/orgs"), count("/orgs/acme/exports"))
    }

    fn ledger(&self, path: &str) -> Value {
        let all = self.get(&format!("/orgs/acme/ledgers?q={path}"));
        all.body["data"][0].clone()
    }

    fn tag(&self) -> String {
        self.get("/orgs/acme").header("etag").unwrap().to_owned()
    }

    fn keyed(&self, asked: &Asked, key: &str) -> Reply {
        let mut headers = vec![("Idempotency-Key", key)];
        headers.extend(asked.if_match.as_deref().map(|tag| ("If-Match", tag)));
        self.ask(asked.method, &asked.path, &headers, &asked.body)
    }

    /// A request of an operation that changes something; `second`: another such, of the same operation.
    fn request(&self, operation: &str, second: bool) -> Asked {
        let one = |first: &'static str, other: &'static str| if second { other } else { first };
        let transactions = "/orgs/acme/transactions";
        let (method, path, body) = match operation {
            "make_org" => {
                let body = json!({ "name": one("New shop", "Newer shop") });
                ("POST", "/orgs".to_owned(), body)
            }
            "export" => {
                let body = json!({ "format": one("csv", "json") });
                ("POST", "/orgs/acme/exports".to_owned(), body)
            }
            "patch_org" => {
                let body = json!({ "name": one("Acme and sons", "Acme and daughters") });
                ("PATCH", "/orgs/acme".to_owned(), body)
            }
            "make_ledgers" => {
                let body =
                    json!({ "path": one("Expenses:Chairs", "Expenses:Tables"), "kind": "expense" });
                ("POST", "/orgs/acme/ledgers".to_owned(), body)
            }
            "patch_ledger" => {
                let id = self.ledger(one("Expenses:Tea", "Assets:Cash"))["id"].clone();
                let path = format!("/orgs/acme/ledgers/{}", id.as_str().unwrap());
                ("PATCH", path, json!({ "code": "77" }))
            }
            "post_transaction" => ("POST", transactions.to_owned(), tea(one("5.00", "6.00"))),
            "post_batch" => {
                let items = [tea(one("5.00", "6.00")), tea("7.00")];
                let body = json!({ "mode": "atomic", "items": items });
                ("POST", format!("{transactions}:batch"), body)
            }
            "amend_transaction" => (
                "PATCH",
                format!("{transactions}/{}", one("1", "2")),
                json!({ "description": "chai" }),
            ),
            // The two differ in nothing but the path.
            "void_transaction" => (
                "DELETE",
                format!("{transactions}/{}?reason=twice", one("3", "4")),
                Value::Null,
            ),
            "change" => {
                let body = unit(json!([{ "post": tea(one("5.00", "6.00")) }]));
                ("POST", "/orgs/acme/changes".to_owned(), body)
            }
            "undo" => {
                let body = match second {
                    false => Value::Null,
                    true => json!({ "operation": null }),
                };
                ("POST", "/orgs/acme/undo".to_owned(), body)
            }
            "undo_import" => (
                "DELETE",
                format!("/orgs/acme/imports/{}", one("1", "2")),
                Value::Null,
            ),
            other => panic!("{other} takes a key: say here what is asked of it"),
        };
        let if_match = match operation {
            "patch_org" => Some(self.tag()),
            "patch_ledger" => {
                let version = self.ask("GET", &path, &[], &Value::Null).is(200);
                version.header("etag").map(str::to_owned)
            }
            "amend_transaction" => Some("\"v1\"".to_owned()),
            _ => None,
        };
        Asked {
            method,
            path,
            if_match,
            body,
        }
    }
}

/// Operations of which the description says that they take a key.
fn described(server: &TestServer) -> BTreeSet<String> {
    let api = server.get("/openapi.json", "").is(200).body;
    let items = api["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let takes = |operation: &&Value| {
        let parameters = operation["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|p| p["name"] == "Idempotency-Key"))
    };
    operations
        .filter(takes)
        .map(|o| o["operationId"].as_str().unwrap().to_owned())
        .collect()
}

/// An answer but for the words that it is a repeat.
fn said(reply: &Reply) -> Value {
    fn without(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.remove("repeat");
                members.values_mut().for_each(without);
            }
            Value::Array(items) => items.iter_mut().for_each(without),
            _ => {}
        }
    }
    let mut body = reply.body.clone();
    without(&mut body);
    body
}

#[test]
fn every_operation_with_a_key_does_a_request_once_and_answers_it_alike() {
    let shop = Shop::new();
    let described = described(&shop.server);
    let known = OPERATIONS.iter().filter(|o| o.keyed);
    let known: BTreeSet<String> = known.map(|o| o.id.to_owned()).collect();
    assert_eq!(described, known);
    assert!(known.len() >= 12, "{known:?}");
    for operation in &known {
        let asked = shop.request(operation, false);
        let key = format!("key of {operation}");
        let (before, beside) = (shop.sequence(), shop.beside());
        let first = shop.keyed(&asked, &key);
        assert!(
            (200..300).contains(&first.status),
            "{operation}: {}",
            first.body
        );
        assert_eq!(first.header("idempotency-replayed"), None, "{operation}");
        let (after, beside_after) = (shop.sequence(), shop.beside());
        assert_eq!(
            after - before + u64::from(beside_after != beside),
            1,
            "{operation} did one thing"
        );
        let again = shop.keyed(&asked, &key);
        assert_eq!(
            again.header("idempotency-replayed"),
            Some("true"),
            "{operation}: {}",
            again.body
        );
        // What is posted already is not created.
        let status = match operation.as_str() {
            "post_transaction" => 200,
            _ => first.status,
        };
        assert_eq!(again.status, status, "{operation}");
        assert_eq!(said(&again), said(&first), "{operation}");
        for header in ["etag", "location"] {
            assert_eq!(again.header(header), first.header(header), "{operation}");
        }
        assert_eq!(
            (shop.sequence(), shop.beside()),
            (after, beside_after),
            "{operation}"
        );
    }
}

#[test]
fn a_key_of_one_request_is_refused_for_another_and_nothing_is_lost() {
    let shop = Shop::new();
    for operation in described(&shop.server) {
        let key = format!("key of {operation}");
        let first = shop.keyed(&shop.request(&operation, false), &key);
        assert!(
            (200..300).contains(&first.status),
            "{operation}: {}",
            first.body
        );
        let (sequence, beside) = (shop.sequence(), shop.beside());
        let other = shop.keyed(&shop.request(&operation, true), &key);
        let problem = match operation.as_str() {
            // It answers for every unit of its own.
            "change" => &other.body["outcomes"][0]["refused"]["problem"],
            _ => &other.body,
        };
        assert_eq!(problem["status"], 422, "{operation}: {}", other.body);
        let code = match operation.as_str() {
            "make_org" | "export" => "key-reused",
            _ => "idempotency-mismatch",
        };
        assert_eq!(problem["code"], code, "{operation}");
        assert_eq!(
            (shop.sequence(), shop.beside()),
            (sequence, beside),
            "{operation}"
        );
        // With a key of its own it is done.
        let done = shop.keyed(&shop.request(&operation, true), &format!("other {key}"));
        assert!(
            (200..300).contains(&done.status),
            "{operation}: {}",
            done.body
        );
        assert!(
            shop.sequence() > sequence || shop.beside() != beside,
            "{operation} was not done: {}",
            done.body
        );
        for wrong in ["", &"k".repeat(201)] {
            let refused = shop.keyed(&shop.request(&operation, false), wrong);
            let problem = match operation.as_str() {
                "change" => refused.body["outcomes"][0]["refused"]["problem"].clone(),
                _ => refused.body,
            };
            assert_eq!(
                problem["code"], "bad-idempotency-key",
                "{operation}: {problem}"
            );
        }
    }
}

#[test]
fn an_organisation_named_by_its_id_is_the_same_request() {
    let shop = Shop::new();
    let id = shop.get("/orgs/acme").body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let key = [("Idempotency-Key", "k")];
    let first = shop.ask(
        "DELETE",
        "/orgs/acme/transactions/1?reason=x",
        &key,
        &Value::Null,
    );
    let path = format!("/orgs/{id}/transactions/1?reason=x");
    let again = shop.ask("DELETE", &path, &key, &Value::Null).is(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body, first.is(200).body);
    // A trial of what was done is told so too.
    let tried = shop.ask(
        "DELETE",
        &format!("{path}&dry_run=true"),
        &key,
        &Value::Null,
    );
    assert_eq!(tried.is(200).header("idempotency-replayed"), Some("true"));
}

#[test]
fn items_of_a_batch_go_by_the_ids_and_numbers_they_have_in_the_book() {
    let shop = Shop::new();
    let path = "/orgs/acme/transactions:batch";
    let check = |answer: &Reply| {
        for item in answer.body["items"].as_array().unwrap() {
            let number = item["number"].as_u64().unwrap();
            let there = shop.get(&format!("/orgs/acme/transactions/{number}"));
            assert_eq!(there.body["id"], item["id"], "{}", answer.body);
        }
    };
    for mode in ["atomic", "independent"] {
        let items = [tea("5.00"), tea("6.00"), tea("7.00")];
        let body = json!({ "mode": mode, "items": items });
        let key = [("Idempotency-Key", mode)];
        let first = shop.ask("POST", path, &key, &body).is(200);
        check(&first);
        let again = shop.ask("POST", path, &key, &body).is(200);
        check(&again);
        assert_eq!(said(&again), said(&first));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    // Some that are there, out of order, beside a new one.
    let mut there: Vec<Value> = ["5.10", "5.20"].map(tea).to_vec();
    for item in &mut there {
        item["id"] = json!(Uuid::now_v7());
        shop.ask("POST", "/orgs/acme/transactions", &[], item)
            .is(201);
    }
    for mode in ["atomic", "independent"] {
        let items = [&there[1], &tea("8.00"), &there[0]];
        let body = json!({ "mode": mode, "items": items });
        let mixed = shop.ask("POST", path, &[], &body).is(200);
        check(&mixed);
        let repeats: Vec<&Value> = (0..3).map(|n| &mixed.body["items"][n]["repeat"]).collect();
        assert_eq!(
            repeats,
            [&json!(true), &Value::Null, &json!(true)],
            "{mode}: {}",
            mixed.body
        );
        assert_eq!(mixed.body["items"][0]["id"], there[1]["id"]);
    }
}

/// The version is looked at in one go with the change: of many that saw the same one, one is right.
#[test]
fn of_two_who_change_what_they_saw_one_is_told_that_it_is_stale() {
    let shop = Shop::new();
    for operation in ["patch_ledger", "patch_org"] {
        for round in 0..5 {
            let asked = shop.request(operation, false);
            let codes = std::thread::scope(|threads| {
                let ask = |n: usize| {
                    let member = if operation == "patch_org" {
                        "name"
                    } else {
                        "code"
                    };
                    let body = json!({ member: format!("{round}{n}") });
                    let tag = asked.if_match.as_deref().unwrap();
                    shop.ask("PATCH", &asked.path, &[("If-Match", tag)], &body)
                };
                let asking: Vec<_> = (0..4).map(|n| threads.spawn(move || ask(n))).collect();
                let answers = asking.into_iter().map(|asked| asked.join().unwrap());
                let mut codes: Vec<u16> = answers.map(|answer| answer.status).collect();
                codes.sort_unstable();
                codes
            });
            assert_eq!(codes, [200, 412, 412, 412], "{operation}");
        }
    }
}

#[test]
fn an_organisation_is_changed_by_who_saw_its_settings() {
    let shop = Shop::new();
    let patch = |more: &[(&str, &str)], body: Value| shop.ask("PATCH", "/orgs/acme", more, &body);
    let rename = json!({ "name": "Acme and sons" });
    assert_eq!(patch(&[], rename.clone()).is(428).code(), "needs-if-match");
    for wrong in ["*", "s1", "\"v1\"", "\"s-1\"", "\"s99999999999999999999\""] {
        let refused = patch(&[("If-Match", wrong)], rename.clone()).is(400);
        assert_eq!(refused.code(), "bad-header", "{wrong}");
    }
    let tag = shop.tag();
    // What is posted meanwhile is no setting.
    shop.ask("POST", "/orgs/acme/transactions", &[], &tea("5.00"))
        .is(201);
    let tried = shop.ask(
        "PATCH",
        "/orgs/acme?dry_run=true",
        &[("If-Match", &tag)],
        &rename,
    );
    assert_eq!(tried.is(200).body["name"], "acme stores");
    let named = patch(&[("If-Match", &tag)], rename.clone()).is(200);
    assert_eq!(named.body["name"], "Acme and sons");
    let new = named.header("etag").unwrap().to_owned();
    let stale = patch(&[("If-Match", &tag)], json!({ "locked_to": "2026-03-31" })).is(412);
    assert_eq!(stale.body["current"]["name"], "Acme and sons");
    assert_eq!((stale.code(), stale.header("etag")), ("stale", Some(&*new)));
    // A state that is yet to come is none that was seen.
    patch(&[("If-Match", "\"s9999\"")], rename.clone()).is(412);
    let locked = patch(&[("If-Match", &new)], json!({ "locked_to": "2026-03-31" })).is(200);
    assert_eq!(locked.body["locked_to"], "2026-03-31");
}

/// A condition that is looked at leaves the places of faults as they were sent.
#[test]
fn a_fault_under_a_condition_is_at_its_own_place() {
    let shop = Shop::new();
    let mut wrong = tea("5.00");
    wrong["entries"][0]["account"] = json!("Expenses:Nothing");
    let mut held = tea("6.00");
    held["preconditions"] =
        json!([{ "account": "Assets:Cash", "currency": "INR", "at_most": "0.00" }]);
    let body = json!({ "mode": "atomic", "items": [held, wrong] });
    let refused = shop
        .ask("POST", "/orgs/acme/transactions:batch", &[], &body)
        .is(422);
    assert_eq!(
        refused.body["errors"][0]["pointer"], "/items/1",
        "{}",
        refused.body
    );
}
