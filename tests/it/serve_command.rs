//! `hissab serve` as a process: from an empty folder to a stop on request.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Reply, send};
use crate::support::TestEnv;

#[test]
fn a_server_starts_on_an_empty_folder_and_stops_when_told() {
    for signal in [
        rustix::process::Signal::TERM,
        rustix::process::Signal::INT,
        rustix::process::Signal::HUP,
    ] {
        let env = TestEnv::new();
        let data = env.folder().join("data");
        let mut child = env
            .command(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || said.next().unwrap().unwrap();
        let first = line();
        let address: SocketAddr = first
            .strip_prefix("listening on http://")
            .unwrap()
            .parse()
            .unwrap();
        assert!(line().ends_with("--setup"));
        let code = line().strip_prefix("setup code: ").unwrap().to_owned();
        let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        assert_eq!(send(address, request).status, 200);
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).unwrap();
        let mut log = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{log}");
        assert!(log.contains(r#""route":"/readyz","status":200"#), "{log}");
        assert!(!log.contains(&code), "{log}");
    }
}

#[test]
fn what_would_be_unsafe_is_refused_before_anything_is_made() {
    let env = TestEnv::new();
    let plain = env
        .hissab(["serve", "--listen", "0.0.0.0:0", "--data", "d"])
        .exits(2);
    assert!(
        plain.stderr.contains("plain HTTP on 0.0.0.0:0"),
        "{}",
        plain.stderr
    );
    env.hissab(["serve", "--sign-up", "maybe", "--check-config"])
        .exits(2);
    env.hissab(["serve", "--host", "https://x/", "--check-config"])
        .exits(2);
    env.hissab(["serve", "--tls-cert", "c.pem", "--check-config"])
        .exits(2);
    let missing = [
        "serve",
        "--tls-cert",
        "c.pem",
        "--tls-key",
        "k.pem",
        "--check-config",
    ];
    assert!(env.hissab(missing).exits(1).stderr.contains("c.pem"));
    let sound = env.hissab(["serve", "--check-config", "--data", "d"]).ok();
    assert_eq!(sound.stdout, "the configuration is sound\n");
    assert!(!env.folder().join("d").exists());
}

/// A server on an empty folder, and where it listens. Killed when dropped.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn with(env: &TestEnv, words: &[&str], log: Stdio) -> Serving {
        let mut child = env
            .command(["serve", "--listen", "127.0.0.1:0", "--data", "data"])
            .args(words)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = said.next().unwrap().unwrap();
        let address = first.strip_prefix("listening on http://").unwrap();
        Serving {
            child,
            address: address.parse().unwrap(),
        }
    }

    fn tell(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn post(&self, path: &str, from: &str, credential: &str, body: &Value) -> Reply {
        let body = body.to_string();
        let text = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: {from}\r\n\
             Authorization: Bearer {credential}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        send(self.address, text.as_bytes())
    }

    fn login(&self, from: &str, email: &str, password: &str) -> Reply {
        let body = json!({ "email": email, "password": password });
        self.post("/auth/login", from, "", &body)
    }

    /// Resident memory in KiB.
    fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let env = TestEnv::new();
    let mut serving = Serving::with(&env, &[], Stdio::piped());
    let mut log = serving.child.stderr.take().unwrap();
    let (requests, long) = (3_000, "x".repeat(60));
    // Several times what a pipe holds.
    for n in 0..requests {
        let request = format!(
            "GET /readyz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {long}{n:04}\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(send(serving.address, request.as_bytes()).status, 200);
    }
    serving.tell(rustix::process::Signal::TERM);
    let mut text = String::new();
    log.read_to_string(&mut text).unwrap();
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    // Whoever reads it after all gets whole lines, and knows of the others.
    let (mut kept, mut dropped) = (0, 0);
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        match line["route"].as_str() {
            Some("/readyz") => kept += 1,
            _ => dropped += line["count"].as_u64().unwrap_or(0),
        }
    }
    assert_eq!(kept + dropped, requests);
}

/// Bounded by default; `HISSAB_TEST_MANY=1`: 10,000.
#[test]
fn guesses_are_slowed_down_cost_no_memory_and_lock_nobody_out() {
    let guesses = match std::env::var_os("HISSAB_TEST_MANY") {
        Some(_) => 10_000,
        None => 1_000,
    };
    let env = TestEnv::new();
    let words = ["--behind-proxy", "--sign-up", "open"];
    let serving = Serving::with(&env, &words, File::create(env.path("log")).unwrap().into());
    let password = "correct horse battery";
    for name in ["asha", "ravi"] {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": password, "name": name });
        let made = serving.post("/auth/register", "203.0.113.1", "", &body);
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let asha = serving
        .login("203.0.113.2", "asha@example.com", password)
        .is(200);
    let access = asha.body["access_token"].as_str().unwrap().to_owned();
    let guess = |n: usize| {
        // From one address, from 200, at one account and at as many as there are guesses.
        let from = match n % 4 {
            0 | 2 => "192.0.2.1".to_owned(),
            1 => format!("198.51.100.{}", n % 200),
            // These are compared, each of them.
            _ => format!("198.18.{}.{}", n / 250, n % 250),
        };
        let email = match n % 4 {
            3 => format!("nobody{n}@example.com"),
            _ => "asha@example.com".to_owned(),
        };
        serving.login(&from, &email, "wrong password")
    };
    let (mut hashed, memory) = (0, serving.memory());
    for n in 0..guesses {
        let reply = guess(n);
        match reply.status {
            401 => hashed += 1,
            429 => {
                let wait = reply.header("retry-after").unwrap();
                assert!((1..=60).contains(&wait.parse::<u64>().unwrap()), "{wait}");
            }
            other => panic!("{other}: {}", reply.body),
        }
        if n == guesses / 2 {
            // The neighbour signs in, and who is in stays in.
            serving
                .login("203.0.113.3", "ravi@example.com", password)
                .is(200);
            let me = format!(
                "GET /api/v1/auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {access}\r\n\r\n"
            );
            send(serving.address, me.as_bytes()).is(200);
        }
    }
    let grown = serving.memory().saturating_sub(memory);
    // A comparison takes 19 MiB, at most two at a time, and gives them back.
    assert!(grown < 48 << 10, "{grown} KiB more after {guesses}");
    // 60 and 20 a minute, and one or two come back to a bucket meanwhile; 200 addresses have one each.
    assert!(hashed < guesses / 2, "{hashed} of {guesses} were compared");

    // Once nobody guesses any more, asha waits as long as she is told, and is in.
    let mut waited = 0;
    while let 429 = serving
        .login("203.0.113.2", "asha@example.com", password)
        .status
    {
        std::thread::park_timeout(Duration::from_millis(500));
        waited += 1;
        assert!(waited < 40, "locked out");
    }
}
