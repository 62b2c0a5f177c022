//! Organisations and their members: made once, never without an owner.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Person, TestServer};
use hissab::server::registry::audit;

#[test]
fn a_member_leaves_but_never_the_last_owner() {
    let server = TestServer::start();
    let (asha, ravi) = (server.register("asha"), server.register("ravi"));
    server.make_org(&asha, "ganesh");
    server.add(&asha, "ganesh", &ravi, "clerk");
    let token = server.token(&ravi, "ganesh", &["read"]);
    let leave = |person: &Person, tag: Option<&str>| {
        let bearer = format!("Bearer {}", person.access);
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(tag.map(|tag| ("If-Match", tag)));
        server.call_with("DELETE", "/orgs/ganesh/membership", &headers, &Value::Null)
    };
    assert_eq!(leave(&ravi, None).is(428).code(), "if-match-required");
    leave(&ravi, Some("\"v9\"")).is(412);
    server.get("/orgs/ganesh", &ravi.access).is(200);
    assert_eq!(leave(&ravi, Some("\"v1\"")).status, 204);
    server.get("/orgs/ganesh", &ravi.access).is(404);
    let secret = token["token"].as_str().unwrap();
    server.get("/orgs/ganesh", secret).is(401);
    leave(&ravi, Some("\"v1\"")).is(404);
    assert_eq!(leave(&asha, Some("\"v1\"")).is(409).code(), "last-owner");
    let log = server
        .get("/orgs/ganesh/members/audit", &asha.access)
        .is(200);
    let actions: Vec<&str> = log.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert!(actions.contains(&"member-left"), "{actions:?}");
}

#[test]
fn an_organisation_is_never_without_an_owner() {
    let server = TestServer::start();
    let (asha, ravi, meena) = (
        server.register("asha"),
        server.register("ravi"),
        server.register("meena"),
    );
    server.make_org(&asha, "ganesh");
    server.add(&asha, "ganesh", &ravi, "admin");
    let member = |who: &Person| format!("/orgs/ganesh/members/{}", who.id);
    let patch = |by: &Person, whom: &Person, role: &str, tag: Option<&str>| {
        let bearer = format!("Bearer {}", by.access);
        let mut headers = vec![("Authorization", &*bearer)];
        headers.extend(tag.map(|tag| ("If-Match", tag)));
        server.call_with("PATCH", &member(whom), &headers, &json!({ "role": role }))
    };
    assert_eq!(
        patch(&asha, &asha, "viewer", None).is(428).code(),
        "if-match-required"
    );
    assert_eq!(
        patch(&asha, &asha, "viewer", Some("\"v1\"")).is(409).code(),
        "last-owner"
    );
    let remove =
        |by: &Person, whom: &Person| server.call("DELETE", &member(whom), &by.access, &Value::Null);
    assert_eq!(remove(&asha, &asha).is(409).code(), "last-owner");

    // An admin makes no owners and touches none.
    let new = |role: &str| json!({ "email": meena.email, "role": role });
    server
        .post("/orgs/ganesh/members", &ravi.access, &new("owner"))
        .is(403);
    server
        .post("/orgs/ganesh/invites", &ravi.access, &new("owner"))
        .is(403);
    server
        .post("/orgs/ganesh/members", &ravi.access, &new("clerk"))
        .is(201);
    assert_eq!(
        server
            .post("/orgs/ganesh/members", &ravi.access, &new("clerk"))
            .is(409)
            .code(),
        "member-already"
    );
    patch(&ravi, &asha, "viewer", Some("\"v1\"")).is(403);
    patch(&ravi, &ravi, "owner", Some("\"v1\"")).is(403);
    remove(&ravi, &asha).is(403);

    let changed = patch(&asha, &ravi, "owner", Some("\"v1\"")).is(200);
    assert_eq!(changed.header("etag"), Some("\"v2\""));
    let stale = patch(&asha, &ravi, "viewer", Some("\"v1\"")).is(412);
    assert_eq!(stale.body["current"]["role"], "owner");
    patch(&ravi, &asha, "viewer", Some("\"v1\"")).is(200);
    // The role of the next request is the new one.
    remove(&asha, &meena).is(403);
    remove(&ravi, &meena).is(204);
    server.get("/orgs/ganesh/members", &meena.access).is(404);

    let actions = || -> Vec<String> {
        let log = server
            .get("/orgs/ganesh/members/audit?limit=500", &ravi.access)
            .is(200)
            .body;
        let rows = log["data"].as_array().unwrap();
        rows.iter()
            .map(|e| e["action"].as_str().unwrap().to_owned())
            .collect()
    };
    // A refusal is answered first and logged right after.
    let since = std::time::Instant::now();
    while !actions().contains(&"refused".to_owned()) && since.elapsed().as_secs() < 20 {
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    let actions = actions();
    for action in [
        "org-made",
        "member-added",
        "role-changed",
        "member-removed",
        "refused",
    ] {
        assert!(
            actions.contains(&action.to_owned()),
            "{action} is not in {actions:?}"
        );
    }
    let id = server.get("/orgs", &ravi.access).is(200).body["data"][0]["id"].clone();
    let chain: Uuid = id.as_str().unwrap().parse().unwrap();
    let registry = &server.server().state().registry;
    assert_eq!(
        registry.read(|db| audit::broken_at(db, chain)).unwrap(),
        None
    );
}

#[test]
fn an_organisation_is_made_once_for_a_key_and_its_book_is_a_book() {
    let server = TestServer::start();
    let asha = server.register("asha");
    let bearer = format!("Bearer {}", asha.access);
    let make = |key: &str, body: &Value| {
        let headers = [("Authorization", &*bearer), ("Idempotency-Key", key)];
        server.call_with("POST", "/orgs", &headers, body)
    };
    let shop =
        json!({ "name": "Shree Ganesh Stores", "template": "shop", "timezone": "Asia/Kolkata" });
    let first = make("k1", &shop).is(201);
    assert_eq!(first.body["slug"], "shree-ganesh-stores");
    let again = make("k1", &shop).is(201);
    assert_eq!(
        (&again.body, again.header("idempotency-replayed")),
        (&first.body, Some("true"))
    );
    assert_eq!(
        make("k1", &json!({ "name": "Other" })).is(422).code(),
        "key-reused"
    );
    assert_eq!(
        make("k2", &shop).is(201).body["slug"],
        "shree-ganesh-stores-2"
    );
    let taken = json!({ "name": "x", "slug": "shree-ganesh-stores" });
    assert_eq!(make("k3", &taken).is(409).code(), "slug-taken");
    for (field, value, code) in [
        ("slug", json!("No"), "bad-slug"),
        ("timezone", json!("Mars/Olympus"), "unknown-timezone"),
        ("fiscal_year_start", json!(13), "bad-month"),
        ("date_order", json!("ydm"), "bad-date-order"),
        ("template", json!("rocket"), "unknown-template"),
        ("name", json!(" "), "bad-name"),
    ] {
        let mut body = json!({ "name": "x" });
        body[field] = value;
        let refused = make(&format!("k-{field}"), &body).is(422);
        assert_eq!(
            (refused.code(), &refused.body["errors"][0]["pointer"]),
            (code, &json!(format!("/{field}")))
        );
    }
    let books: Vec<_> = std::fs::read_dir(server.folder.path().join("data/books"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "hissab"))
        .collect();
    assert_eq!(books.len(), 2, "what was refused left no file");
    let info = hissab::book::open::read(&books[0]).unwrap().info().unwrap();
    assert_eq!(info.settings.name, "Shree Ganesh Stores");
    assert_eq!(info.settings.timezone, "Asia/Kolkata");
}
