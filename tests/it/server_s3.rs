//! Results of jobs in a bucket that speaks S3: moto (PyPI), which checks every signature.
//!
//! `tests/run` installs it under `target/`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use hissab::server::config::LogTo;
use hissab::server::results::{Bucket, Keys};
use hissab::wire::job::{JobBody, JobState};
use serde_json::{Value, json};

use crate::live::{Live, OWNER, Reply};
use crate::support::TestEnv;

/// A store with the bucket `acme`. It ends when dropped.
struct Store {
    child: Child,
    ask: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
    endpoint: String,
    keys: Keys,
}

impl Store {
    fn start() -> Store {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let library = root.join("target/pypi-moto");
        assert!(library.exists(), "no moto: tests/run installs it");
        let mut child = Command::new("python3")
            .arg(root.join("tests/s3_server.py"))
            .env("PYTHONPATH", library)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let [endpoint, id, secret] = words[..] else {
            panic!("the store did not start: {line:?}");
        };
        Store {
            endpoint: endpoint.to_owned(),
            keys: Keys {
                id: id.to_owned(),
                secret: secret.to_owned(),
                token: None,
            },
            ask: child.stdin.take(),
            child,
            said,
        }
    }

    fn ask(&mut self, words: &str) -> Value {
        writeln!(self.ask.as_mut().unwrap(), "{words}").unwrap();
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The keys of what is in the bucket.
    fn list(&mut self) -> Vec<String> {
        serde_json::from_value(self.ask("list")).unwrap()
    }

    fn bucket(&self) -> Bucket {
        Bucket {
            place: "s3://acme/results".to_owned(),
            endpoint: Some(self.endpoint.clone()),
            region: "eu-west-1".to_owned(),
            keys: self.keys.clone(),
            allow_plain_http: false,
        }
    }

    /// A server whose results go there.
    fn live(&self) -> Live {
        let bucket = self.bucket();
        Live::with(|config| config.results = Some(bucket))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.ask.take());
        let _ = self.child.wait();
    }
}

/// An export when it has ended, and where it is asked about.
fn export(live: &Live, format: &str) -> (String, JobBody) {
    let asked = json!({ "format": format }).to_string();
    let asked = live.call("POST", "/orgs/acme/exports", &asked).is(202);
    let job = format!("/jobs/{}", asked.json()["id"].as_str().unwrap());
    let bearer = format!("Bearer {OWNER}");
    let headers = [("authorization", bearer.as_str()), ("prefer", "wait=30")];
    let reply = live.ask("GET", &format!("/api/v1{job}"), &headers, "");
    (job, serde_json::from_slice(&reply.is(200).body).unwrap())
}

fn result(live: &Live, job: &str) -> Reply {
    live.call("GET", &format!("{job}/result"), "")
}

/// Three parts of a result: the store takes parts of 5 MiB.
const LARGE: usize = 11 << 20;

#[test]
fn a_result_in_a_bucket_has_the_bytes_of_the_local_export() {
    let mut store = Store::start();
    let mut live = store.live();
    live.post(5).is(201);
    live.stop();
    let book = live.book();
    let book = book.to_str().unwrap();
    let note = "x".repeat(900);
    let postings = format!("    Expenses:Tea  1.00 INR  ; {note}\n    Assets:Cash\n");
    let journal: String = (0..LARGE / 1000)
        .map(|n| format!("2026-04-07 tea {n}\n{postings}\n"))
        .collect();
    live.env.write("many.journal", &journal);
    live.env.hissab(["-B", book, "import", "many.journal"]).ok();
    live.start();
    for (format, name) in [("json", "here.json"), ("xlsx", "here.xlsx")] {
        let (job, body) = export(&live, format);
        assert_eq!(body.status.state, JobState::Succeeded, "{body:?}");
        let there = result(&live, &job).is(200);
        let here = ["-B", book, "export", "-O", format, "-o", name];
        live.env.hissab(here).ok();
        let here = std::fs::read(live.env.path(name)).unwrap();
        assert!(there.body == here, "{format}");
        assert!(format != "json" || here.len() > LARGE);
        let id = job.strip_prefix("/jobs/").unwrap();
        assert_eq!(store.list(), [format!("results/{id}")]);
        live.call("DELETE", &job, "").is(200);
        result(&live, &job).is(404);
    }
    assert_eq!(store.list(), [""; 0]);
    assert_eq!(store.ask("uploads"), 0);
    let local = std::fs::read_dir(live.env.path("data/results")).unwrap();
    assert_eq!(local.count(), 0);
}

#[test]
fn a_result_that_changed_in_the_bucket_is_not_handed_out() {
    let mut store = Store::start();
    let live = store.live();
    live.post(5).is(201);
    let (job, body) = export(&live, "csv");
    let whole = result(&live, &job).is(200).body;
    assert_eq!(whole.len() as u64, body.result.unwrap().bytes);
    let key = store.list().remove(0);
    store.ask(&format!("spoil {key}"));
    let spoilt = result(&live, &job).is(500);
    assert_eq!(spoilt.json()["code"], "internal");
    live.call("DELETE", &job, "").is(200);
    assert_eq!(store.list(), [""; 0]);
}

#[test]
fn a_bucket_that_is_gone_fails_the_job_and_the_log_says_why() {
    let store = Store::start();
    let mut bucket = store.bucket();
    bucket.place = "s3://foreign".to_owned();
    let mut log = LogTo::default();
    let live = Live::with(|config| {
        config.results = Some(bucket);
        log = config.log.clone();
    });
    live.post(5).is(201);
    let (job, body) = export(&live, "csv");
    assert_eq!(body.status.state, JobState::Failed);
    assert_eq!(body.status.error.unwrap().code, "no-store");
    result(&live, &job).is(409);
    let LogTo::Memory(lines) = log else {
        panic!("the log of a test is kept");
    };
    let lines = lines.lock().unwrap().join("\n");
    assert!(lines.contains("a result could not be kept"), "{lines}");
    assert!(
        lines.contains("AccessDenied") || lines.contains("403"),
        "{lines}"
    );
    assert!(!lines.contains(&store.keys.secret));
}

/// `hissab serve --check-config` with these words, and keys in the environment.
fn check(env: &TestEnv, store: &Store, secret: &str, words: &[&str]) -> std::process::Output {
    let endpoint = ["--s3-endpoint", &store.endpoint];
    env.command(["serve", "--check-config", "--s3-region", "eu-west-1"])
        .args(endpoint)
        .args(words)
        .env("AWS_ACCESS_KEY_ID", &store.keys.id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .output()
        .unwrap()
}

#[test]
fn the_configuration_is_tried_on_the_bucket_and_no_secret_is_shown() {
    let mut store = Store::start();
    let env = TestEnv::new();
    let secret = store.keys.secret.clone();
    let place = ["--results", "s3://acme/results"];
    let sound = check(&env, &store, &secret, &place);
    assert_eq!(sound.status.code(), Some(0), "{sound:?}");
    assert_eq!(store.list(), [""; 0], "the probe is taken away");
    let wrong = secret.to_lowercase();
    for (output, code, word) in [
        (check(&env, &store, &wrong, &place), 1, "cannot write there"),
        (check(&env, &store, "", &place), 2, "AWS_SECRET_ACCESS_KEY"),
        (
            check(&env, &store, &secret, &["--results", "s3://foreign"]),
            1,
            "cannot write there",
        ),
        (
            check(&env, &store, &secret, &["--results", "here"]),
            1,
            "s3://BUCKET",
        ),
    ] {
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(word), "{said}");
        assert!(!said.contains(&secret) && !said.contains(&wrong), "{said}");
    }
    // Keys in a file: its owner's only.
    let text = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {secret}\n",
        store.keys.id
    );
    let path = env.write("keys", &text);
    let words = [place, ["--s3-credentials", "keys"]].concat();
    let mode = |mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&path, permissions).unwrap();
    };
    mode(0o644);
    let open = check(&env, &store, "", &words);
    assert_eq!(open.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&open.stderr).contains("chmod 600"));
    mode(0o600);
    assert_eq!(check(&env, &store, "", &words).status.code(), Some(0));
}
