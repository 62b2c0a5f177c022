//! Signing in to a server, and who may do what on it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{PASSWORD, Person, Reply, TestServer};
use hissab::server::access::{OPERATIONS, Operation, Scope, Who};
use hissab::server::config::SignUp;
use hissab::server::registry::{audit, sessions};
use hissab::wire::auth::Session;
use hissab::wire::org::Role;

#[test]
fn the_first_owner_is_made_once_with_the_code() {
    let server = TestServer::with(|config| config.sign_up = SignUp::Closed);
    let code = server.server().setup_code().unwrap().to_owned();
    let register = |code: Option<&str>, name: &str| {
        let email = format!("{name}@example.com");
        let body =
            json!({ "email": email, "password": PASSWORD, "name": name, "setup_code": code });
        server.post("/auth/register", "", &body)
    };
    assert_eq!(register(None, "mallory").is(403).code(), "sign-up-closed");
    assert_eq!(
        register(Some("AAAA-AAAA-AAAA-AAAA"), "mallory")
            .is(403)
            .code(),
        "wrong-code"
    );
    register(Some(&code.to_lowercase()), "asha").is(201);
    assert_eq!(
        register(Some(&code), "mallory").is(403).code(),
        "wrong-code"
    );

    let asha = server.sign_in("asha@example.com");
    let org = server.make_org(&asha, "ganesh");
    assert_eq!(
        (&org["slug"], &org["role"]),
        (&json!("ganesh"), &json!("owner"))
    );

    // The rest come by invitation, each with the invited email only.
    let invite = json!({ "email": "Ravi@example.com", "role": "clerk" });
    let invite = server
        .post("/orgs/ganesh/invites", &asha.access, &invite)
        .is(201)
        .body;
    let come = |email: &str| {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Ravi", "invite": invite["code"] });
        server.post("/auth/register", "", &body)
    };
    assert_eq!(come("other@example.com").is(403).code(), "wrong-code");
    come("ravi@example.com").is(201);
    assert_eq!(come("ravi@example.com").is(403).code(), "wrong-code");
    let ravi = server.sign_in("ravi@example.com");
    let me = server.get("/auth/me", &ravi.access).is(200).body;
    assert_eq!(me["orgs"][0]["role"], "clerk");
}

#[test]
fn a_refresh_token_is_good_once_and_thirty_seconds_more() {
    let server = TestServer::start();
    let asha = server.register("asha");
    let refresh =
        |token: &str| server.post("/auth/refresh", "", &json!({ "refresh_token": token }));
    let next = refresh(&asha.refresh).is(200).body["refresh_token"].clone();
    server.later(30);
    assert_eq!(refresh(&asha.refresh).is(200).body["refresh_token"], next);
    let next = next.as_str().unwrap();
    let access = refresh(next).is(200).body["access_token"].clone();
    let access = access.as_str().unwrap();
    server.get("/auth/me", access).is(200);

    // Used again after that, somebody else may have it: the whole family ends.
    server.later(1);
    refresh(&asha.refresh).is(401);
    server.get("/auth/me", access).is(401);
    refresh(next).is(401);
    let log = server
        .server()
        .state()
        .registry
        .read(|db| audit::page(db, audit::SERVER, 0, 100))
        .unwrap();
    assert_eq!(log.last().unwrap().action, "session-revoked");
}

#[test]
fn sessions_end_when_they_are_told_to() {
    let server = TestServer::start();
    let asha = server.register("asha");
    let other = server.sign_in(&asha.email);
    let sessions = server.get("/auth/sessions", &asha.access).is(200).body;
    let sessions = sessions["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let current: Vec<&Value> = sessions.iter().filter(|s| s["current"] == true).collect();
    let id = current[0]["id"].as_str().unwrap();
    server
        .call(
            "DELETE",
            &format!("/auth/sessions/{id}"),
            &other.access,
            &Value::Null,
        )
        .is(204);
    server.get("/auth/me", &asha.access).is(401);

    let third = server.sign_in(&asha.email);
    let change = |old: &str, new: &str| {
        let body = json!({ "current_password": old, "new_password": new });
        server.call("PUT", "/auth/password", &third.access, &body)
    };
    assert_eq!(
        change("wrong password", "another long one").is(422).code(),
        "wrong-password"
    );
    assert_eq!(change(PASSWORD, "short").is(422).code(), "weak-password");
    change(PASSWORD, "another long one").is(204);
    server.get("/auth/me", &third.access).is(200);
    server.get("/auth/me", &other.access).is(401);
    server
        .post(
            "/auth/login",
            "",
            &json!({ "email": asha.email, "password": PASSWORD }),
        )
        .is(401);

    // An access token runs out after ten minutes whatever happens.
    server.later(600);
    assert_eq!(
        server.get("/auth/me", &third.access).is(401).code(),
        "expired"
    );
    server
        .post(
            "/auth/logout",
            "",
            &json!({ "refresh_token": third.refresh }),
        )
        .is(204);
    server
        .post(
            "/auth/refresh",
            "",
            &json!({ "refresh_token": third.refresh }),
        )
        .is(401);
}

#[test]
fn an_unknown_name_and_a_wrong_password_look_the_same() {
    let server = TestServer::start();
    let asha = server.register("asha");
    let answer = |email: &str| {
        let body = json!({ "email": email, "password": "wrong password" });
        let mut reply = server.post("/auth/login", "", &body).is(401);
        reply.body["request_id"] = Value::Null;
        reply.body
    };
    assert_eq!(answer(&asha.email), answer("nobody@example.com"));
}

#[test]
fn who_guesses_is_slowed_down_and_nobody_else() {
    let server = TestServer::with(|config| {
        config.limits.sign_ins_an_address = 12;
        config.limits.sign_ins_an_account = 8;
    });
    let from = |address: &str, email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        server.call_with(
            "POST",
            "/auth/login",
            &[("X-Forwarded-For", address)],
            &body,
        )
    };
    let asha = server.register("asha");
    server.register("ravi");
    let statuses: Vec<u16> = (0..1000)
        .map(|n| {
            from(
                "192.0.2.1",
                &format!("guess{n}@example.com"),
                "wrong password",
            )
            .status
        })
        .collect();
    assert!(statuses[..12].iter().all(|s| *s == 401));
    // One or two may have come back to the bucket meanwhile.
    assert!(statuses.iter().filter(|s| **s == 429).count() > 900);
    let refused = from("192.0.2.1", &asha.email, PASSWORD).is(429);
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    let ok = from("192.0.2.2", &asha.email, PASSWORD).is(200);
    assert!(ok.header("ratelimit").is_some() && ok.header("ratelimit-policy").is_some());

    // Guesses at one account from many places are slowed too; its neighbour signs in.
    let many: Vec<u16> = (0..20)
        .map(|n| {
            from(
                &format!("198.51.100.{n}"),
                "ravi@example.com",
                "wrong password",
            )
            .status
        })
        .collect();
    assert!(many.contains(&429), "{many:?}");
    from("203.0.113.9", &asha.email, PASSWORD).is(200);
}

#[test]
fn who_asks_without_end_is_told_to_wait_and_nobody_else() {
    let server = TestServer::with(|config| config.limits.requests = 10);
    let (asha, ravi) = (server.register("asha"), server.register("ravi"));
    // Signing in and looking who that is took one of ten.
    let left: Vec<Option<String>> = (0..9)
        .map(|_| {
            let reply = server.get("/auth/me", &asha.access).is(200);
            reply.header("ratelimit").map(str::to_owned)
        })
        .collect();
    assert_eq!(left[0].as_deref(), Some("\"requests\";r=8"));
    let refused = server.get("/auth/me", &asha.access).is(429);
    assert_eq!(refused.code(), "too-many");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=7).contains(&wait), "{wait}");
    // A second session is the same person; another person is not.
    let again = server.post(
        "/auth/login",
        "",
        &json!({ "email": asha.email, "password": PASSWORD }),
    );
    let again = again.is(200).body["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    server.get("/auth/me", &again).is(429);
    server.get("/auth/me", &ravi.access).is(200);
}

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
fn every_refusal_is_a_problem() {
    let server = TestServer::start();
    assert_eq!(server.get("/nothing", "").is(404).code(), "no-such-route");
    let wrong = server
        .call("DELETE", "/auth/login", "", &Value::Null)
        .is(405);
    assert_eq!(wrong.code(), "method-not-allowed");
    assert!(wrong.header("allow").unwrap().contains("POST"));
    let large = json!({ "email": "a".repeat(1 << 20), "password": "x" });
    assert_eq!(
        server.post("/auth/login", "", &large).is(413).code(),
        "too-large"
    );
    assert_eq!(
        server
            .post("/auth/login", "", &json!({ "email": 1 }))
            .is(422)
            .code(),
        "bad-field"
    );
    let text = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(server.raw(text).is(415).code(), "media-type");
    let deep = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
    assert_eq!(server.raw(deep).is(400).code(), "bad-json");
    // What never reaches the router.
    let long = "x".repeat(70_000);
    for (text, status, code) in [
        (
            "GET /healthz HTTP/1.1\r\nno header\r\n\r\n".to_owned(),
            400,
            "bad-request",
        ),
        (
            "G@T /healthz HTTP/1.1\r\n\r\n".to_owned(),
            400,
            "bad-request",
        ),
        (
            "GET /healthz HTTP/9.9\r\n\r\n".to_owned(),
            400,
            "bad-request",
        ),
        (
            "GET /healthz HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
            400,
            "bad-request",
        ),
        (
            format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            414,
            "address-too-long",
        ),
        (
            // More headers than the library takes.
            format!("GET /healthz HTTP/1.1\r\n{}\r\n", "X: 1\r\n".repeat(150)),
            431,
            "head-too-large",
        ),
    ] {
        let reply = server.raw(text.as_bytes());
        assert_eq!(reply.status, status, "{text:.40}: {}", reply.body);
        assert_eq!(reply.code(), code);
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
    }
    let elsewhere = server.call_with("GET", "/meta", &[("Host", "evil.example")], &Value::Null);
    assert_eq!(elsewhere.is(421).code(), "wrong-host");
    let twice = b"GET /api/v1/meta HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n";
    assert_eq!(server.raw(twice).is(421).code(), "wrong-host");
    let named = server.call_with(
        "GET",
        "/meta",
        &[("X-Request-Id", "my-request-1")],
        &Value::Null,
    );
    assert_eq!(named.is(200).header("x-request-id"), Some("my-request-1"));
    let tried = server
        .post("/auth/register?dry_run=true", "", &json!({}))
        .is(400);
    assert_eq!(tried.code(), "no-dry-run");
    server.get("/healthz", "").is(200);
    server.get("/readyz", "").is(200);
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

#[test]
fn secrets_are_in_no_log_and_no_file() {
    let server = TestServer::start();
    let asha = server.register("asha");
    server.make_org(&asha, "ganesh");
    let token = server.token(&asha, "ganesh", &["read"])["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let invite = json!({ "email": "ravi@example.com", "role": "clerk" });
    let invite = server
        .post("/orgs/ganesh/invites", &asha.access, &invite)
        .is(201)
        .body;
    let next = server
        .post(
            "/auth/refresh",
            "",
            &json!({ "refresh_token": asha.refresh }),
        )
        .is(200)
        .body;
    let wrong = "canary of a wrong password";
    server
        .post(
            "/auth/login",
            "",
            &json!({ "email": asha.email, "password": wrong }),
        )
        .is(401);
    server
        .post(
            "/auth/login",
            "",
            &json!({ "email": wrong, "password": wrong }),
        )
        .is(401);
    server.get("/orgs", &format!("{token}x")).is(401);
    server
        .post("/auth/login", "", &json!({ "password": wrong, "x": 1 }))
        .is(422);
    let secrets = [
        PASSWORD,
        wrong,
        &asha.access,
        &asha.refresh,
        &token,
        next["refresh_token"].as_str().unwrap(),
        next["access_token"].as_str().unwrap(),
        invite["code"].as_str().unwrap(),
        server.server().setup_code().unwrap(),
    ];
    let log = server.log.lock().unwrap().join("\n");
    assert!(log.contains(r#""route":"/api/v1/auth/login""#), "{log}");
    let data = server.folder.path().join("data");
    let mut places = vec![("the log".to_owned(), log.into_bytes())];
    for entry in std::fs::read_dir(&data)
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.path().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        places.push((entry.file_name().to_string_lossy().into_owned(), bytes));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{:?} can be read by others", entry.path());
        }
    }
    assert!(places.len() >= 3);
    for (place, bytes) in &places {
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} is in {place}");
        }
    }
}

// ---- the table, generated ----

/// Everyone who may ask, and what the gate must say to each.
struct Cast {
    members: Vec<(Role, Person)>,
    /// In no way of the organisation: a stranger who owns another, one who was removed, one who is invited.
    foreign: Vec<(&'static str, String)>,
    /// Good for nothing any more.
    gone: Vec<(&'static str, String)>,
    read_only: String,
    read_write: String,
}

fn cast(server: &TestServer) -> Cast {
    let owner = server.register("owner");
    server.make_org(&owner, "ganesh");
    let mut members = vec![(Role::Owner, owner.clone())];
    for role in Role::ALL.into_iter().filter(|r| *r != Role::Owner) {
        let person = server.register(role.word());
        server.add(&owner, "ganesh", &person, role.word());
        members.push((role, person));
    }
    let stranger = server.register("stranger");
    server.make_org(&stranger, "elsewhere");
    let removed = server.register("removed");
    server.add(&owner, "ganesh", &removed, "owner");
    let removed_token = server.token(&removed, "ganesh", &["read", "write"]);
    let path = format!("/orgs/ganesh/members/{}", removed.id);
    server
        .call("DELETE", &path, &owner.access, &Value::Null)
        .is(204);
    let invited = server.register("invited");
    let body = json!({ "email": invited.email, "role": "admin" });
    server
        .post("/orgs/ganesh/invites", &owner.access, &body)
        .is(201);
    let revoked = server.token(&owner, "ganesh", &["read", "write"]);
    let path = format!("/auth/tokens/{}", revoked["id"].as_str().unwrap());
    server
        .call("DELETE", &path, &owner.access, &Value::Null)
        .is(204);
    let ended = server.sign_in(&owner.email);
    server
        .post(
            "/auth/logout",
            "",
            &json!({ "refresh_token": ended.refresh }),
        )
        .is(204);
    let secret = |token: Value| token["token"].as_str().unwrap().to_owned();
    Cast {
        foreign: vec![
            ("a stranger", stranger.access.clone()),
            (
                "a stranger's token",
                secret(server.token(&stranger, "elsewhere", &["read", "write"])),
            ),
            ("a removed owner", removed.access),
            ("an invited admin", invited.access),
        ],
        gone: vec![
            ("nobody", String::new()),
            ("a revoked token", secret(revoked)),
            ("a removed owner's token", secret(removed_token)),
            ("an ended session", ended.access),
            (
                "a made-up token",
                "hsb_0000000000000000000000000000000000000000000".to_owned(),
            ),
            ("a made-up session", "x.y.z".to_owned()),
        ],
        read_only: secret(server.token(&owner, "ganesh", &["read"])),
        read_write: secret(server.token(&owner, "ganesh", &["read", "write"])),
        members,
    }
}

/// The operations whose routes exist, as the description of the API says.
fn routed() -> Vec<&'static Operation> {
    let api = serde_json::to_value(hissab::server::router::description()).unwrap();
    let there = |o: &&Operation| api["paths"][o.route()][o.method.to_lowercase()].is_object();
    OPERATIONS.iter().filter(there).collect()
}

/// Asks for an operation in an organisation, with ids that nothing has.
fn ask(server: &TestServer, operation: &Operation, org: &str, credential: &str) -> Reply {
    let nothing = "00000000-0000-7000-8000-000000000000";
    let mut path = operation
        .path
        .replace("{org}", org)
        .replace("{report}", "trial-balance");
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, nothing);
    }
    let body = if operation.method == "GET" {
        Value::Null
    } else {
        json!({})
    };
    server.call(operation.method, &path, credential, &body)
}

#[test]
fn everyone_may_do_what_the_table_says_and_nothing_else() {
    let server = TestServer::start();
    let cast = cast(&server);
    let mut surprises = Vec::new();
    let mut asked = 0;
    for operation in routed() {
        let mut expect = |who: &str, credential: &str, want: &str| {
            let reply = ask(&server, operation, "ganesh", credential);
            asked += 1;
            let got = verdict(&reply);
            if got != want {
                surprises.push(format!(
                    "{} by {who}: {got}, not {want}: {}",
                    operation.id, reply.body
                ));
            }
        };
        if operation.who == Who::Anyone {
            continue;
        }
        for (who, credential) in &cast.gone {
            expect(who, credential, "signed out");
        }
        let in_person = operation.who == Who::InPerson;
        let read_only = if in_person {
            "not allowed"
        } else if operation.scope == Scope::Write {
            "read only"
        } else {
            "let in"
        };
        expect("a read-only token", &cast.read_only, read_only);
        expect(
            "a token",
            &cast.read_write,
            if in_person { "not allowed" } else { "let in" },
        );
        let Some(roles) = operation.roles() else {
            for (_, person) in &cast.members {
                expect("a member", &person.access, "let in");
            }
            continue;
        };
        for (who, credential) in &cast.foreign {
            expect(who, credential, "no such organisation");
        }
        for (role, person) in &cast.members {
            expect(
                role.word(),
                &person.access,
                if roles.contains(role) {
                    "let in"
                } else {
                    "not allowed"
                },
            );
        }
    }
    assert!(
        surprises.is_empty(),
        "{} of {asked}:\n{}",
        surprises.len(),
        surprises.join("\n")
    );
    assert!(asked > 100, "only {asked} were asked");
}

/// What the gate said; what a handler says of an empty request is being let in.
fn verdict(reply: &Reply) -> &'static str {
    match (reply.status, reply.code()) {
        (401, _) => "signed out",
        (403, "read-only-token") => "read only",
        (403, "not-allowed") => "not allowed",
        (404, "not-found") if reply.body["detail"] == "no organisation \"ganesh\"" => {
            "no such organisation"
        }
        (500.., _) => "a failure",
        _ => "let in",
    }
}

#[test]
fn a_foreign_organisation_looks_like_a_missing_one() {
    let server = TestServer::start();
    let cast = cast(&server);
    for operation in routed().into_iter().filter(|o| o.roles().is_some()) {
        for (who, credential) in &cast.foreign {
            let shown = |org: &str| {
                let reply = ask(&server, operation, org, credential).is(404);
                let mut body = reply.body.clone();
                body["request_id"] = Value::Null;
                body.to_string().replace(org, "ORG")
            };
            assert_eq!(
                shown("ganesh"),
                shown("missing"),
                "{} by {who}",
                operation.id
            );
        }
    }
}

#[test]
fn a_server_that_stops_says_so_and_starts_again_as_it_was() {
    let mut server = TestServer::start();
    let asha = server.register("asha");
    server.make_org(&asha, "ganesh");
    let config = server.server().state().config.clone();
    server.server.take().unwrap().stop();
    server.server = Some(hissab::server::Server::start(config).unwrap());
    assert!(server.server().setup_code().is_none());
    // Its key is the same: who was signed in still is.
    let me = server.get("/auth/me", &asha.access).is(200).body;
    assert_eq!(me["orgs"][0]["slug"], "ganesh");
}

/// A script that signs in on every run must not fill the registry.
#[test]
fn sign_ins_beyond_the_limit_end_the_oldest() {
    let server = TestServer::start();
    let asha = server.register("asha");
    let me: Uuid = server.get("/auth/me", &asha.access).is(200).body["user"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    // Each used a second after the one before, as if they had signed in.
    let now = jiff::Timestamp::from_second(1_000_000_000).unwrap();
    let later = jiff::Timestamp::from_second(9_000_000_000).unwrap();
    let many = |db: &hissab::server::registry::Db| {
        for place in 0..i64::from(sessions::SESSIONS_MAX) + 7 {
            let used = now + jiff::SignedDuration::from_secs(place);
            let session = Session {
                id: Uuid::now_v7(),
                agent: Some(format!("run {place}")),
                created_at: used,
                last_used_at: used,
                expires_at: later,
                current: false,
            };
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&place.to_le_bytes());
            sessions::begin(db, me, &session, hash)?;
        }
        Ok(())
    };
    let registry = &server.server().state().registry;
    registry.write_now(many).unwrap();

    let newest = server.sign_in(&asha.email);
    let listed = server.get("/auth/sessions", &newest.access).is(200).body;
    let listed = listed["data"].as_array().unwrap().clone();
    assert_eq!(listed.len(), sessions::SESSIONS_MAX as usize);
    let agents: Vec<&str> = listed.iter().filter_map(|s| s["agent"].as_str()).collect();
    assert!(agents.contains(&"run 106") && !agents.contains(&"run 3"));
    // The one that is used now stays, and the first one too: both were used last.
    server.get("/auth/me", &asha.access).is(200);
}
