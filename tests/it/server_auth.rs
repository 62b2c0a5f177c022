//! Signing in to a server, and what it says to who may not.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{PASSWORD, TestServer};
use hissab::server::config::SignUp;
use hissab::server::registry::{audit, sessions};
use hissab::wire::auth::Session;

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
