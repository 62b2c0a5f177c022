//! Workers of a shared database are killed in the middle of a job: another takes it over and finishes it, once, and
//! one that was only taken for dead can neither end it nor touch its result.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use hissab::server::registry::jobs;
use hissab::wire::job::{JobError, JobProgress};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::http::{Person, TestServer};
use crate::postgres::{Shell, make};
use crate::support::{TestEnv, until};

/// Bytes of the result are on their way once the store has a part of it: 5 MiB.
const DESCRIPTION: usize = 2_000;
const BATCHES: usize = 10;
const A_BATCH: usize = 300;

struct Office {
    server: TestServer,
    shell: Shell,
    env: TestEnv,
    url: String,
    asha: Person,
}

impl Office {
    /// A server that leaves jobs to others.
    fn open(name: &str) -> Office {
        let url = make(name);
        let server = TestServer::with(|config| {
            config.database = Some(url.clone());
            config.jobs = false;
            config.limits.requests = 0;
            config.clock = std::sync::Arc::new(Timestamp::now);
        });
        let asha = server.register("asha");
        server.make_org(&asha, "shop");
        Office {
            shell: Shell::at(&url),
            env: TestEnv::new(),
            server,
            url,
            asha,
        }
    }

    /// Sales with long descriptions: some 13 MB of CSV.
    fn sell(&self) {
        for batch in 0..BATCHES {
            let items: Vec<Value> = (0..A_BATCH)
                .map(|n| {
                    let words = format!("Sale {batch} {n} {}", "of tea ".repeat(DESCRIPTION / 7));
                    json!({
                        "id": Uuid::now_v7(), "date": "2026-04-07", "description": words,
                        "entries": [
                            { "account": "Assets:Cash", "debit": "5.00" },
                            { "account": "Income:Sales", "credit": "5.00" },
                        ],
                    })
                })
                .collect();
            let body = json!({ "mode": "atomic", "items": items });
            let reply = self
                .server
                .post("/orgs/shop/transactions:batch", &self.asha.access, &body);
            assert!(reply.status < 300, "{reply:?}");
        }
    }

    fn ask(&self) -> String {
        let body = json!({ "what": "transactions", "format": "csv" });
        let path = "/orgs/shop/exports";
        let asked = self
            .server
            .post(path, &self.asha.access, &body)
            .is(202)
            .body;
        asked["id"].as_str().unwrap().to_owned()
    }

    fn job(&self, id: &str) -> Value {
        let path = format!("/jobs/{id}");
        self.server.get(&path, &self.asha.access).is(200).body
    }

    fn results(&self) -> PathBuf {
        self.server.folder.path().join("data").join("results")
    }

    fn worker(&self) -> Child {
        let data = self.server.folder.path().join("data");
        let data = data.to_str().unwrap();
        self.env
            .command(["worker", "--database", &self.url, "--data", data])
            .env_remove("HISSAB_TEST_CLOCK")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// As if a minute had passed since the worker was heard of.
    fn a_minute_later(&self) {
        let age = jobs::ABANDONED.as_micros() + 1;
        let sql = format!("UPDATE hissab_server.job SET beat = beat - {age}");
        self.shell.types(&sql).unwrap();
    }

    fn attempts(&self) -> i64 {
        self.shell
            .number("SELECT max(attempts) FROM hissab_server.job")
    }
}

fn kill(mut worker: Child) {
    worker.kill().unwrap();
    worker.wait().unwrap();
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

#[test]
fn a_job_whose_workers_are_killed_is_finished_once_by_the_next() {
    let office = Office::open("killed");
    office.sell();
    let id = office.ask();

    // The first has taken the job and waits for the book.
    office
        .shell
        .types("BEGIN; LOCK TABLE hissab.txn IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let first = office.worker();
    until("taken", || office.job(&id)["state"] == "running");
    kill(first);
    office.shell.types("ROLLBACK").unwrap();
    assert_eq!(office.job(&id)["state"], "running");
    office.a_minute_later();

    // The second has written a part of the result.
    let second = office.worker();
    let part = office.results().join(format!("{id}-2#1"));
    until("written in part", || size(&part) > 0);
    kill(second);
    assert_eq!(office.job(&id)["state"], "running", "it was too fast");
    assert!(!office.results().join(format!("{id}-2")).exists());
    office.a_minute_later();

    let third = office.worker();
    // One look: between two of them it may have been taken.
    until("done", || {
        let job = office.job(&id);
        job["state"] != "running" && job["state"] != "queued"
    });
    let done = office.job(&id);
    assert_eq!(done["state"], "succeeded", "{done}");
    assert_eq!(office.attempts(), 3);
    let bytes = std::fs::read(office.results().join(format!("{id}-3"))).unwrap();
    assert_eq!(done["result"]["bytes"], bytes.len());
    assert_eq!(
        done["result"]["sha256"],
        hissab::ledger::audit::hex(&<[u8; 32]>::from(Sha256::digest(&bytes)))
    );

    // The same bytes as of an export that nobody disturbed.
    let again = office.ask();
    until("done again", || office.job(&again)["state"] == "succeeded");
    kill(third);
    let undisturbed = std::fs::read(office.results().join(&again)).unwrap();
    assert!(bytes == undisturbed, "the bytes differ");
    assert!(bytes.len() > 10_000_000, "{} bytes", bytes.len());

    // One result each, and none left when the job is forgotten.
    let whole = || -> Vec<String> {
        let items = std::fs::read_dir(office.results()).unwrap();
        let names = items.map(|item| item.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.contains('#')).collect();
        names.sort();
        names
    };
    assert_eq!(whole(), [format!("{id}-3"), again.clone()]);
    let bearer = format!("Bearer {}", office.asha.access);
    let headers = [("Authorization", bearer.as_str())];
    let path = format!("/jobs/{id}");
    office
        .server
        .call_with("DELETE", &path, &headers, &Value::Null)
        .is(200);
    assert_eq!(whole(), [again]);
}

#[test]
fn a_worker_that_was_taken_for_dead_ends_nothing() {
    let office = Office::open("superseded");
    let id: Uuid = office.ask().parse().unwrap();
    let registry = office.server.server().state().registry.clone();
    let now = Timestamp::now();
    let later = now + SignedDuration::from_mins(2);
    let take = |at| {
        let taken = registry.write_now(|db| jobs::take(db, at));
        taken.ok().flatten().map(|task| task.attempt)
    };
    let beat = |attempt| {
        let progress = JobProgress::default();
        let told = registry.write_now(|db| jobs::beat(db, (id, attempt), progress, later));
        told.ok()
    };
    let end = |attempt| {
        let outcome = Err(JobError {
            code: "internal".to_owned(),
            message: format!("attempt {attempt}"),
        });
        let (progress, times) = (JobProgress::default(), (later, later));
        let ended =
            registry.write_now(|db| jobs::end(db, (id, attempt), progress, &outcome, times));
        ended.ok()
    };
    assert_eq!(take(now), Some(1));
    assert_eq!(beat(1), Some(true));
    assert!(registry.write_now(|db| jobs::recover(db, later)).is_ok());
    assert_eq!(take(later), None, "it was heard of just now");
    office.a_minute_later();
    assert!(registry.write_now(|db| jobs::recover(db, later)).is_ok());
    assert_eq!(end(1), Some(false), "nobody has it");
    assert_eq!(take(later), Some(2));
    assert_eq!((beat(1), end(1)), (Some(false), Some(false)));
    assert_eq!((beat(2), end(2)), (Some(true), Some(true)));
    let ended = office.job(&id.to_string());
    assert_eq!(ended["error"]["message"], "attempt 2", "{ended}");
}
