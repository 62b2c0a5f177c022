//! Traces reach a collector that speaks OTLP over HTTP: a span of each request, its steps below it, and nobody's
//! name, path or secret. A collector that is away costs spans, never answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::TestServer;
use crate::support::TestEnv;

/// Takes what it is sent, as long as the test runs.
struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
        let taken = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                while reader.read_line(&mut head).is_ok_and(|n| n > 2) {
                    let line = head.lines().last().unwrap_or_default().to_lowercase();
                    if let Some(value) = line.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                }
                assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
                assert!(head.contains("application/json"), "{head}");
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                taken.lock().unwrap().push(String::from_utf8(body).unwrap());
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        Collector { address, bodies }
    }

    fn text(&self) -> String {
        self.bodies.lock().unwrap().concat()
    }

    /// Every span so far.
    fn spans(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        let mut spans = Vec::new();
        for body in bodies.iter() {
            let body: Value = serde_json::from_str(body).unwrap();
            let resource = &body["resourceSpans"][0];
            assert_eq!(
                resource["resource"]["attributes"][0],
                json!({ "key": "service.name", "value": { "stringValue": "hissab" } })
            );
            let more = resource["scopeSpans"][0]["spans"].as_array().unwrap();
            spans.extend(more.iter().cloned());
        }
        spans
    }
}

fn serving(endpoint: &str) -> TestServer {
    TestServer::with(|config| config.traces = Some(endpoint.to_owned()))
}

fn attribute(span: &Value, key: &str) -> Option<String> {
    let all = span["attributes"].as_array()?;
    let found = all.iter().find(|a| a["key"] == key)?;
    let value = found["value"].as_object()?.values().next()?;
    Some(value.as_str()?.to_owned())
}

fn sale() -> Value {
    json!({
        "date": "2026-04-07", "description": "a secret sale",
        "entries": [
            { "account": "Assets:Cash", "debit": "5.00" }, { "account": "Income:Sales", "credit": "5.00" },
        ],
    })
}

#[test]
fn a_request_is_a_span_with_its_steps_and_names_nobody() {
    let collector = Collector::start();
    let server = serving(&format!("http://{}/", collector.address));
    let asha = server.register("asha");
    let org = server.make_org(&asha, "corner-shop");
    let bearer = format!("Bearer {}", asha.access);
    let sent = |flags: &str| {
        let parent = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
        let headers = [("Authorization", bearer.as_str()), ("traceparent", &parent)];
        let path = "/orgs/corner-shop/transactions";
        server.call_with("POST", path, &headers, &sale()).is(201);
    };
    sent("01");
    sent("00");
    let path = "/orgs/corner-shop/reports/trial-balance?date=2026-04-30";
    server.get(path, &asha.access).is(200);
    server.get("/orgs/corner-shop/transactions", "").is(401);
    // What waits is exported before the server is gone.
    drop(server);
    let spans = collector.spans();
    let named =
        |name: &str| -> Vec<&Value> { spans.iter().filter(|s| s["name"] == name).collect() };
    let steps_of = |span: &Value| -> Vec<&Value> {
        let below = |s: &&Value| s["parentSpanId"] == span["spanId"];
        spans.iter().filter(below).collect()
    };

    let posts = named("POST /api/v1/orgs/{org}/transactions");
    let [post] = posts.as_slice() else {
        panic!("one of two was to be recorded: {posts:?}")
    };
    assert_eq!(post["traceId"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(post["parentSpanId"], "b7ad6b7169203331");
    assert_eq!(post["kind"], 2);
    let status = attribute(post, "http.response.status_code");
    assert_eq!(status.as_deref(), Some("201"));
    let steps = steps_of(post);
    let names: Vec<&str> = steps.iter().filter_map(|s| s["name"].as_str()).collect();
    let committed = names.windows(2).any(|pair| pair == ["lane wait", "commit"]);
    assert!(committed, "{names:?}");
    let nanos = |span: &Value, end: &str| -> u64 { span[end].as_str().unwrap().parse().unwrap() };
    for step in steps {
        assert!(nanos(step, "startTimeUnixNano") >= nanos(post, "startTimeUnixNano"));
        assert!(nanos(step, "startTimeUnixNano") <= nanos(step, "endTimeUnixNano"));
        assert!(nanos(step, "endTimeUnixNano") <= nanos(post, "endTimeUnixNano"));
        assert_eq!(step["traceId"], post["traceId"]);
    }

    let reports = named("GET /api/v1/orgs/{org}/reports/{report}");
    assert_eq!(reports.len(), 1);
    assert!(steps_of(reports[0]).iter().any(|s| s["name"] == "read"));
    let hash = attribute(post, "hissab.org_hash").unwrap();
    assert_eq!(attribute(reports[0], "hissab.org_hash"), Some(hash));
    let refused = named("GET /api/v1/orgs/{org}/transactions");
    assert_eq!(
        attribute(refused[0], "error.type").as_deref(),
        Some("signed-out")
    );
    assert_eq!(
        refused[0]["status"],
        json!({}),
        "a client's fault is none of the server"
    );

    let text = collector.text();
    for hidden in [
        "corner-shop",
        "asha",
        "secret",
        "5.00",
        &asha.access,
        org["id"].as_str().unwrap(),
    ] {
        assert!(!text.contains(hidden), "{hidden} is in the traces");
    }
}

#[test]
fn a_collector_that_is_away_costs_spans_and_nothing_else() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    // This one takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [gone, silent.local_addr().unwrap()] {
        let server = serving(&format!("http://{address}"));
        let asha = server.register("asha");
        server.make_org(&asha, "shop");
        for _ in 0..20 {
            server.get("/orgs/shop", &asha.access).is(200);
        }
        let since = Instant::now();
        drop(server);
        assert!(since.elapsed() < Duration::from_secs(8), "{address}");
    }
}

#[test]
fn a_collector_is_an_address() {
    let env = TestEnv::new();
    let run = env.hissab([
        "serve",
        "--check-config",
        "--otlp-endpoint",
        "collector:4318",
    ]);
    assert!(
        run.stderr.contains("bad-collector") || run.stderr.contains("the collector of traces"),
        "{}",
        run.stderr
    );
    run.exits(2);
}

/// Waits for an export that somebody asked for.
fn exported(server: &TestServer, person: &crate::http::Person, format: &str) -> String {
    let bearer = format!("Bearer {}", person.access);
    let headers = [("Authorization", bearer.as_str()), ("Prefer", "wait=30")];
    let body = json!({ "format": format });
    let job = server.call_with("POST", "/orgs/shop/exports", &headers, &body);
    let id = job.is(202).body["id"].as_str().unwrap().to_owned();
    let job = server.call_with("GET", &format!("/jobs/{id}"), &headers, &Value::Null);
    job.is(200).body["state"].as_str().unwrap().to_owned()
}

/// The names of the steps below each span of a name.
fn steps(spans: &[Value], name: &str) -> Vec<Vec<String>> {
    let of = |span: &Value| {
        let below = spans.iter().filter(|s| s["parentSpanId"] == span["spanId"]);
        below
            .map(|s| s["name"].as_str().unwrap().to_owned())
            .collect()
    };
    spans.iter().filter(|s| s["name"] == name).map(of).collect()
}

#[test]
fn a_job_is_a_trace_of_its_own() {
    let collector = Collector::start();
    let server = serving(&format!("http://{}", collector.address));
    let asha = server.register("asha");
    server.make_org(&asha, "shop");
    assert_eq!(exported(&server, &asha, "csv"), "succeeded");
    drop(server);
    let spans = collector.spans();
    assert_eq!(
        steps(&spans, "job export"),
        [["lane wait", "stream", "store"]]
    );
    let job = spans.iter().find(|s| s["name"] == "job export").unwrap();
    assert!(job.get("parentSpanId").is_none(), "{job}");
    assert_eq!(attribute(job, "hissab.format").as_deref(), Some("csv"));
    assert!(attribute(job, "hissab.org_hash").is_some());
    assert_eq!(job["status"], json!({}));
    assert!(!collector.text().contains("shop"));
}

/// What waits for the database is seen below what waits for it; a worker's jobs come from the worker.
#[cfg(all(feature = "postgres", unix))]
#[test]
fn waits_for_the_database_and_jobs_of_a_worker_are_seen() {
    use std::process::Stdio;

    let (collector, others) = (Collector::start(), Collector::start());
    let url = crate::postgres::make("traced");
    let server = TestServer::with(|config| {
        config.database = Some(url.clone());
        config.traces = Some(format!("http://{}", collector.address));
        config.jobs = false;
        // A worker's clock is the machine's.
        config.clock = std::sync::Arc::new(jiff::Timestamp::now);
    });
    let asha = server.register("asha");
    server.make_org(&asha, "shop");
    let posted = server.post("/orgs/shop/transactions", &asha.access, &sale());
    posted.is(201);
    let env = TestEnv::new();
    let mut worker = env
        .command(["worker", "--database", &url, "--data"])
        .arg(server.folder.path().join("data"))
        .args(["--otlp-endpoint", &format!("http://{}", others.address)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(exported(&server, &asha, "csv"), "succeeded");
    let pid = rustix::process::Pid::from_child(&worker);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    worker.wait().unwrap();
    drop(server);

    let spans = collector.spans();
    let posts = steps(&spans, "POST /api/v1/orgs/{org}/transactions");
    let names: Vec<&str> = posts[0].iter().map(String::as_str).collect();
    let commit = names.iter().position(|name| *name == "commit").unwrap();
    assert!(names[commit + 1..].contains(&"database"), "{names:?}");
    let nanos = |span: &Value, end: &str| -> u64 { span[end].as_str().unwrap().parse().unwrap() };
    let within = |name: &'static str| spans.iter().filter(move |s| s["name"] == name);
    for flight in within("database") {
        let inside = |s: &&Value| {
            s["parentSpanId"] == flight["parentSpanId"]
                && s["name"] != "database"
                && nanos(s, "startTimeUnixNano") <= nanos(flight, "startTimeUnixNano")
                && nanos(s, "endTimeUnixNano") >= nanos(flight, "endTimeUnixNano")
        };
        assert!(spans.iter().any(|s| inside(&s)), "{flight}");
    }
    assert!(within("registry").count() > 0);
    assert_eq!(within("job export").count(), 0);
    let jobs = steps(&others.spans(), "job export");
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0][..2], ["lane wait", "stream"], "{jobs:?}");
    assert!(jobs[0].contains(&"database".to_owned()), "{jobs:?}");
    assert_eq!(jobs[0].last().unwrap(), "store", "{jobs:?}");
}
