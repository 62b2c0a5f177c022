//! Several servers on one database: limits, sign-ins, keys and jobs hold over all of them; reads may go to a replica,
//! and the way to the database is encrypted.

use std::process::Stdio;
use std::time::{Duration, Instant};

use hissab::server::config::Limits;
use serde_json::{Value, json};

use crate::http::{Person, TestServer};
use crate::postgres::{make, make_at};
use crate::postgres_cluster::Cluster;
use crate::support::TestEnv;

fn on(url: &str, limits: Limits) -> TestServer {
    TestServer::with(|config| {
        config.database = Some(url.to_owned());
        config.limits = limits;
    })
}

fn free() -> Limits {
    Limits {
        sign_ins_an_address: 1000,
        sign_ins_an_account: 1000,
        hashes_at_once: 2,
        requests: 0,
        ..Limits::default()
    }
}

/// Two servers, an owner and the organisation `shop`.
fn pair(limits: Limits) -> (TestServer, TestServer, Person) {
    let url = make("shared");
    let (one, two) = (on(&url, limits), on(&url, limits));
    let asha = one.register("asha");
    one.make_org(&asha, "shop");
    (one, two, asha)
}

fn sale(id: u128) -> Value {
    json!({
        "id": uuid::Uuid::from_u128(id), "date": "2026-04-07", "description": "Sale",
        "entries": [
            { "account": "Assets:Cash", "debit": "5.00" }, { "account": "Income:Sales", "credit": "5.00" },
        ],
    })
}

#[test]
fn sign_ins_are_counted_over_all_servers() {
    let limits = Limits {
        // Half of it from one address.
        sign_ins_an_account: 12,
        ..free()
    };
    let (one, two, asha) = pair(limits);
    let wrong = json!({ "email": asha.email, "password": "wrong horse battery" });
    let mut statuses = Vec::new();
    for n in 0..12 {
        let server = if n % 2 == 0 { &one } else { &two };
        statuses.push(server.post("/auth/login", "", &wrong).status);
    }
    // One went to signing in.
    let refused = statuses.iter().filter(|s| **s == 429).count();
    assert!((5..=7).contains(&refused), "{statuses:?}");
    assert_eq!(statuses[..5], [401; 5], "{statuses:?}");
    let last = two.post("/auth/login", "", &wrong).is(429);
    assert!(last.header("retry-after").is_some());
    // Another account is free.
    let other = json!({ "email": "ravi@example.com", "password": "wrong horse battery" });
    two.post("/auth/login", "", &other).is(401);
}

#[test]
fn requests_are_counted_over_all_servers() {
    let limits = Limits {
        requests: 100,
        ..free()
    };
    let (one, two, asha) = pair(limits);
    for _ in 0..90 {
        one.get("/auth/me", &asha.access);
    }
    // What one server counted, the other hears within a second or two.
    let since = Instant::now();
    let mut sent = 0;
    while two.get("/auth/me", &asha.access).status != 429 {
        sent += 1;
        assert!(sent < 100, "the other server's own limit stopped it");
        assert!(since.elapsed() < Duration::from_secs(20));
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let refused = two.get("/auth/me", &asha.access).is(429);
    assert!(refused.header("retry-after").is_some());
}

/// What one server changed counts at the other within the time that `registry::known` states.
#[test]
fn a_role_that_is_taken_away_is_gone_everywhere() {
    let (one, two, asha) = pair(free());
    let ravi = one.register("ravi");
    one.add(&asha, "shop", &ravi, "viewer");
    let path = "/orgs/shop";
    two.get(path, &ravi.access).is(200);
    two.get(path, &ravi.access).is(200);
    one.call(
        "DELETE",
        &format!("/orgs/shop/members/{}", ravi.id),
        &asha.access,
        &Value::Null,
    );
    let since = Instant::now();
    one.get(path, &ravi.access).is(404);
    while two.get(path, &ravi.access).status == 200 {
        assert!(since.elapsed() < Duration::from_secs(2), "still there");
    }
    let session = one.get("/auth/sessions", &ravi.access).is(200).body;
    let id = session["data"][0]["id"].as_str().unwrap().to_owned();
    two.get("/auth/me", &ravi.access).is(200);
    one.call(
        "DELETE",
        &format!("/auth/sessions/{id}"),
        &ravi.access,
        &Value::Null,
    );
    let since = Instant::now();
    while two.get("/auth/me", &ravi.access).status == 200 {
        assert!(since.elapsed() < Duration::from_secs(2), "still signed in");
    }
}

#[test]
fn a_key_is_one_over_all_servers() {
    let (one, two, asha) = pair(free());
    let bearer = format!("Bearer {}", asha.access);
    for n in 0..8 {
        let key = format!("key-{n}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Idempotency-Key", &key),
        ];
        let body = sale(100 + n);
        let path = "/orgs/shop/transactions";
        let (a, b) = std::thread::scope(|scope| {
            let a = scope.spawn(|| one.call_with("POST", path, &headers, &body));
            let b = scope.spawn(|| two.call_with("POST", path, &headers, &body));
            (a.join().unwrap(), b.join().unwrap())
        });
        assert!(a.status < 300 && b.status < 300, "{a:?} {b:?}");
        assert_eq!(a.body["number"], b.body["number"], "{a:?} {b:?}");
        let other = two.call_with("POST", path, &headers, &sale(900 + n));
        assert!(other.status == 409 || other.status == 422, "{other:?}");
    }
    // The same of an organisation.
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Idempotency-Key", "org"),
    ];
    let body = json!({ "name": "Second", "slug": "second" });
    let made = one.call_with("POST", "/orgs", &headers, &body).is(201);
    let again = two.call_with("POST", "/orgs", &headers, &body).is(201);
    assert_eq!(made.body["id"], again.body["id"]);
}

/// A server that leaves jobs to others, and a worker that is killed at work: the next one does it.
#[test]
fn a_worker_does_what_servers_are_asked_for() {
    let url = make("worker");
    let server = TestServer::with(|config| {
        config.database = Some(url.clone());
        config.limits = free();
        config.jobs = false;
        // By the clock of the worker.
        config.clock = std::sync::Arc::new(jiff::Timestamp::now);
    });
    let asha = server.register("asha");
    server.make_org(&asha, "shop");
    server
        .post("/orgs/shop/transactions", &asha.access, &sale(1))
        .is(201);
    let asked = server
        .post(
            "/orgs/shop/exports",
            &asha.access,
            &json!({ "what": "transactions", "format": "csv" }),
        )
        .is(202)
        .body;
    let job = format!("/jobs/{}", asked["id"].as_str().unwrap());
    let state = || server.get(&job, &asha.access).is(200).body["state"].clone();
    assert_eq!(state(), "queued");
    let env = TestEnv::new();
    let data = server.folder.path().join("data");
    let mut worker = env
        .command([
            "worker",
            "--database",
            &url,
            "--data",
            data.to_str().unwrap(),
        ])
        .env_remove("HISSAB_TEST_CLOCK")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let bearer = format!("Bearer {}", asha.access);
    let headers = [("Authorization", bearer.as_str()), ("Prefer", "wait=25")];
    let done = server
        .call_with("GET", &job, &headers, &Value::Null)
        .is(200);
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert_eq!(done.body["state"], "succeeded", "{done:?}");
    let line = format!(
        "GET /api/v1{job}/result HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\nConnection: close\r\n\r\n"
    );
    let result = server.raw(line.as_bytes());
    assert_eq!(result.status, 200, "{result:?}");
    // Without a database there are no jobs of others.
    env.hissab(["worker", "--data", "x"]).exits(2);
}

#[test]
fn a_read_is_never_older_than_what_it_names() {
    let primary = Cluster::new(&[]);
    let url = make_at(&primary.base(), "followed");
    let replica = Cluster::following(&primary);
    let name = url.rsplit('/').next().unwrap();
    let read = format!(
        "postgres://hissab_test_owner@127.0.0.1:{}/{name}",
        replica.port
    );
    let with = |read: Option<String>| {
        TestServer::with(|config| {
            config.database = Some(url.clone());
            config.read_database = read;
            config.limits = free();
        })
    };
    // The tables are there before anybody reads them from the replica.
    let (one, two) = (with(Some(read.clone())), with(Some(read)));
    let asha = one.register("asha");
    one.make_org(&asha, "shop");
    let bearer = format!("Bearer {}", asha.access);
    let post = |n: u128| -> (u64, u64) {
        let body = sale(n);
        let done = one
            .post("/orgs/shop/transactions", &asha.access, &body)
            .is(201);
        let sequence = done
            .header("book-sequence")
            .expect("a write answers with its sequence");
        (
            sequence.parse().unwrap(),
            done.body["number"].as_u64().unwrap(),
        )
    };
    let reads = |server: &TestServer, sequence: u64, number: u64| {
        let named = sequence.to_string();
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Book-Sequence-At-Least", &named),
        ];
        let path = format!("/orgs/shop/transactions/{number}");
        server
            .call_with("GET", &path, &headers, &Value::Null)
            .is(200);
        let path = "/orgs/shop/totals";
        let totals = server
            .call_with("GET", path, &headers, &Value::Null)
            .is(200);
        let found: u64 = totals.header("book-sequence").unwrap().parse().unwrap();
        assert!(found >= sequence, "{found} where {sequence} was named");
    };
    for n in 1..=30 {
        let (sequence, number) = post(n);
        reads(&one, sequence, number);
        reads(&two, sequence, number);
    }
    // Behind: what is named is read from the primary.
    let shell = crate::postgres::Shell::at(&format!("{}/{name}", replica.base()));
    shell.types("SELECT pg_wal_replay_pause()").unwrap();
    for n in 31..=34 {
        let (sequence, number) = post(n);
        reads(&one, sequence, number);
        reads(&two, sequence, number);
    }
    // A state that nobody wrote is not waited for.
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Book-Sequence-At-Least", "999999"),
    ];
    one.call_with("GET", "/orgs/shop/totals", &headers, &Value::Null)
        .is(200);
    shell.types("SELECT pg_wal_replay_resume()").unwrap();
    drop(shell);
    // Gone: everything is read from the primary.
    drop(replica);
    let (sequence, number) = post(35);
    reads(&two, sequence, number);
    one.get("/orgs/shop/totals", &asha.access).is(200);
}

/// An authority and a certificate for `localhost`, PEM, made by openssl.
fn certificate(folder: &std::path::Path) {
    let run = |words: &[&str]| {
        let done = std::process::Command::new("openssl")
            .args(words)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(done.unwrap().success(), "openssl {words:?}");
    };
    std::fs::write(folder.join("ext"), "subjectAltName=DNS:localhost").unwrap();
    let new = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ];
    run(&[
        &new[..],
        &[
            "-subj",
            "/CN=authority",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ],
    ]
    .concat());
    let ask = [
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ];
    run(&[
        &ask[..],
        &[
            "-subj",
            "/CN=localhost",
            "-keyout",
            "db.key",
            "-out",
            "db.csr",
        ],
    ]
    .concat());
    run(&[
        "x509",
        "-req",
        "-in",
        "db.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "ext",
        "-out",
        "db.pem",
    ]);
}

#[test]
fn the_way_to_the_database_is_encrypted_and_its_certificate_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let mut cluster = Cluster::new(&[]);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let cert = cluster.file("db.pem", &read("db.pem"));
    let key = cluster.file("db.key", &read("db.key"));
    cluster.kill();
    cluster.set(&[
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", cert.display()),
        format!("ssl_key_file={}", key.display()),
    ]);
    cluster.start();
    let url = make_at(&cluster.base(), "secure");
    let named = url.replace("127.0.0.1", "localhost");
    let roots = folder.path().join("ca.pem");
    let roots = roots.to_str().unwrap();
    let open = |address: String| hissab::book::postgres::Store::connect(&address);
    for (address, encrypted) in [
        (url.clone(), false),
        (format!("{url}?sslmode=require"), true),
        (format!("{url}?sslmode=verify-ca&sslrootcert={roots}"), true),
        (
            format!("{named}?sslmode=verify-full&sslrootcert={roots}"),
            true,
        ),
    ] {
        let store = open(address.clone()).unwrap_or_else(|e| panic!("{address}: {e}"));
        assert_eq!(store.is_encrypted(), encrypted, "{address}");
        store.ping().unwrap();
    }
    // Another authority, another name, no TLS at all.
    let other = tempfile::tempdir().unwrap();
    certificate(other.path());
    let strange = other.path().join("ca.pem");
    for address in [
        format!(
            "{named}?sslmode=verify-full&sslrootcert={}",
            strange.display()
        ),
        format!("{url}?sslmode=verify-full&sslrootcert={roots}"),
        format!("{url}?sslmode=verify-ca&sslrootcert={}", strange.display()),
    ] {
        assert!(open(address.clone()).is_err(), "{address}");
    }
    let plain = make("plain");
    assert!(open(format!("{plain}?sslmode=require")).is_err());
}
