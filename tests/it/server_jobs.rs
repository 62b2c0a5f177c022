//! Exports in the background: asked for, waited for, fetched, called off, and done anew after a restart.

use hissab::server::registry::jobs::{self, Job};
use hissab::wire::job::{ExportRequest, JobBody, JobProgress, JobState, JobStatus};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::live::{Live, ORG_ID, Reply, VIEWER};

/// A server whose book holds a few postings.
fn shop() -> Live {
    let live = Live::new();
    for rupees in 1..=9 {
        live.post(rupees).is(201);
    }
    live.call("DELETE", "/orgs/acme/transactions/4?reason=twice", "")
        .is(200);
    live
}

fn ask(live: &Live, request: &serde_json::Value) -> String {
    let asked = live
        .call("POST", "/orgs/acme/exports", &request.to_string())
        .is(202);
    let location = asked.header("location").unwrap().to_owned();
    assert_eq!(
        location,
        format!("/api/v1/jobs/{}", asked.json()["id"].as_str().unwrap())
    );
    location.strip_prefix("/api/v1").unwrap().to_owned()
}

/// The job when it has ended.
fn ended(live: &Live, job: &str) -> JobBody {
    let bearer = format!("Bearer {}", crate::live::OWNER);
    let headers = [("authorization", bearer.as_str()), ("prefer", "wait=20")];
    let reply = live
        .ask("GET", &format!("/api/v1{job}"), &headers, "")
        .is(200);
    serde_json::from_slice(&reply.body).unwrap()
}

fn fetched(live: &Live, request: &serde_json::Value) -> Reply {
    let job = ask(live, request);
    let body = ended(live, &job);
    assert_eq!(body.status.state, JobState::Succeeded, "{body:?}");
    let reply = live.call("GET", &format!("{job}/result"), "").is(200);
    let result = body.result.unwrap();
    let digest: [u8; 32] = Sha256::digest(&reply.body).into();
    assert_eq!(result.sha256, hissab::ledger::audit::hex(&digest));
    assert_eq!(result.bytes, reply.body.len() as u64);
    assert_eq!(body.status.progress, JobProgress { done: 8, total: 8 });
    reply
}

#[test]
fn a_job_writes_the_bytes_of_the_local_export() {
    let live = shop();
    let book = live.book();
    let book = book.to_str().unwrap();
    for format in [
        "csv",
        "tsv",
        "json",
        "ndjson",
        "hledger",
        "ledger",
        "beancount",
        "sql",
        "qif",
        "tally",
        "md",
        "html",
    ] {
        let there = fetched(&live, &json!({ "format": format }));
        let here = live
            .env
            .hissab(["-B", book, "export", "-O", format])
            .ok()
            .stdout;
        assert!(here.contains("tea"));
        assert_eq!(there.text(), here, "{format}");
    }
    let there = fetched(&live, &json!({ "format": "xlsx" }));
    live.env.hissab(["-B", book, "export", "here.xlsx"]).ok();
    assert!(there.body == std::fs::read(live.env.path("here.xlsx")).unwrap());
    let picked = json!({ "format": "csv", "fields": ["date", "debit"], "no_header": true });
    let here = [
        "-B",
        book,
        "export",
        "-O",
        "csv",
        "--fields",
        "date,debit",
        "--no-header",
    ];
    assert_eq!(
        fetched(&live, &picked).text(),
        live.env.hissab(here).ok().stdout
    );
}

#[test]
fn an_export_can_be_of_a_part() {
    let live = shop();
    let book = live.book();
    let book = book.to_str().unwrap();
    let part = json!({ "format": "json", "filters": { "from": "2026-04-01", "to": "2026-04-30", "query": ["amt:>5"] } });
    let job = ask(&live, &part);
    assert_eq!(ended(&live, &job).status.state, JobState::Succeeded);
    let there = live.call("GET", &format!("{job}/result"), "").is(200);
    let here = live.env.hissab([
        "-B", book, "journal", "-p", "2026-04", "-O", "json", "amt:>5",
    ]);
    assert_eq!(there.text(), here.ok().stdout);
}

#[test]
fn what_cannot_be_exported_is_refused_at_once() {
    let live = shop();
    for (request, code) in [
        (json!({ "format": "pdf" }), "unknown-format"),
        (
            json!({ "format": "csv", "what": "members" }),
            "unknown-word",
        ),
        (
            json!({ "format": "csv", "fields": ["nosuch"] }),
            "unknown-field",
        ),
        (
            json!({ "format": "csv", "fields": vec!["date"; 100] }),
            "too-many-fields",
        ),
        (
            json!({ "format": "csv", "filters": { "query": ["amt:x"] } }),
            "bad-query",
        ),
        (json!({ "format": "csv", "colour": true }), "bad-field"),
    ] {
        let refused = live
            .call("POST", "/orgs/acme/exports", &request.to_string())
            .is(422);
        assert_eq!(refused.json()["code"], code);
    }
}

#[test]
fn a_job_is_its_makers_and_a_repeated_request_makes_one() {
    let live = shop();
    let bearer = format!("Bearer {}", crate::live::OWNER);
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "k1"),
    ];
    let path = "/api/v1/orgs/acme/exports";
    let ask = |body: &str| live.ask("POST", path, &headers, body);
    let first = ask(r#"{"format":"csv"}"#).is(202);
    let again = ask(r#"{"format":"csv"}"#).is(202);
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    ask(r#"{"format":"json"}"#).is(422);
    let stranger = format!("Bearer {VIEWER}");
    let job = format!("/api/v1/jobs/{}", first.json()["id"].as_str().unwrap());
    for path in [
        job.clone(),
        format!("{job}/status"),
        format!("{job}/result"),
    ] {
        live.ask("GET", &path, &[("authorization", &stranger)], "")
            .is(404);
    }
    // A viewer reads everything, and so may ask for an export.
    live.ask(
        "POST",
        path,
        &[("authorization", &stranger)],
        r#"{"format":"csv"}"#,
    )
    .is(202);
}

/// A job in the table that no worker was told of.
fn waiting(live: &Live, expires_at: Timestamp) -> String {
    let id = Uuid::now_v7();
    let now = Timestamp::now();
    let body = JobBody {
        id,
        org: "acme".to_owned(),
        kind: "export".to_owned(),
        request: ExportRequest::of("csv"),
        status: JobStatus {
            state: JobState::Queued,
            progress: JobProgress::default(),
            error: None,
        },
        created_at: now,
        started_at: None,
        finished_at: None,
        expires_at,
        result: None,
    };
    let job = Job {
        org: ORG_ID,
        attempts: 0,
        body,
    };
    let registry = &live.server().state().registry;
    let added = registry.write_now(|db| jobs::add(db, Uuid::from_u128(1), &job));
    assert!(added.is_ok());
    format!("/jobs/{id}")
}

#[test]
fn a_job_is_called_off_and_forgotten() {
    let live = shop();
    let job = waiting(&live, Timestamp::now() + SignedDuration::from_hours(1));
    let status = live
        .call("GET", &format!("{job}/status"), "")
        .is(200)
        .json();
    assert_eq!(status["state"], "queued");
    let early = live.call("GET", &format!("{job}/result"), "").is(409);
    assert_eq!(
        (early.json()["code"].as_str(), early.header("retry-after")),
        (Some("no-result"), Some("1"))
    );
    let listed = live.call("GET", "/orgs/acme/exports", "").is(200).json();
    assert!(job.ends_with(listed["data"][0]["id"].as_str().unwrap()));
    assert_eq!(
        live.call("DELETE", &job, "").is(200).json()["state"],
        "cancelled"
    );
    live.call("GET", &format!("{job}/result"), "").is(409);
    live.call("DELETE", &job, "").is(200);
    live.call("GET", &job, "").is(404);
}

#[test]
fn a_restart_does_what_was_at_work_and_sweeps_what_is_over() {
    let mut live = shop();
    let hour = SignedDuration::from_hours(1);
    let interrupted = waiting(&live, Timestamp::now() + hour);
    let over = waiting(&live, Timestamp::now() - hour);
    live.call("DELETE", &over, "").is(200);
    let registry = live.server().state().registry.clone();
    let taken = registry
        .write_now(|db| jobs::take(db, Timestamp::now()))
        .ok()
        .flatten();
    assert!(interrupted.ends_with(&taken.unwrap().id.to_string()));
    assert_eq!(
        live.call("GET", &interrupted, "").is(200).json()["state"],
        "running"
    );
    live.stop();
    let half = live.env.path("data/results/0#1");
    std::fs::write(&half, "half").unwrap();
    live.start();
    assert_eq!(ended(&live, &interrupted).status.state, JobState::Succeeded);
    live.call("GET", &format!("{interrupted}/result"), "")
        .is(200);
    assert!(!half.exists());
    while live.call("GET", &over, "").status != 404 {
        std::thread::yield_now();
    }
}
