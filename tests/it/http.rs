//! A server in this process and the plainest HTTP client, for tests that want to see every byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hissab::server::config::{Limits, LogTo, SignUp};
use hissab::server::{Config, Server};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub const PASSWORD: &str = "correct horse battery";

/// A server on a port of the system's choice, with a clock that only tests move.
pub struct TestServer {
    pub server: Option<Server>,
    pub folder: tempfile::TempDir,
    pub log: Arc<Mutex<Vec<String>>>,
    seconds: Arc<AtomicI64>,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    pub email: String,
    pub id: String,
    pub access: String,
    pub refresh: String,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", self.body);
        if status >= 400 {
            assert_eq!(
                self.header("content-type"),
                Some("application/problem+json")
            );
            assert_eq!(self.body["status"], status);
            assert_eq!(
                self.body["request_id"].as_str(),
                self.header("x-request-id")
            );
        }
        self
    }
}

impl TestServer {
    pub fn start() -> TestServer {
        TestServer::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> TestServer {
        let folder = tempfile::tempdir().unwrap();
        let (log, seconds) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(AtomicI64::new(0)),
        );
        let mut config = Config::new(folder.path().join("data"), "127.0.0.1:0".parse().unwrap());
        config.log = LogTo::Memory(Arc::clone(&log));
        config.behind_proxy = true;
        config.sign_up = SignUp::Open;
        config.limits = Limits {
            sign_ins_an_address: 1000,
            sign_ins_an_account: 1000,
            hashes_at_once: 2,
            requests: 0,
            ..Limits::default()
        };
        let (start, moved) = (
            "2026-04-07T10:00:00Z".parse::<Timestamp>().unwrap(),
            Arc::clone(&seconds),
        );
        config.clock =
            Arc::new(move || start + SignedDuration::from_secs(moved.load(Ordering::SeqCst)));
        change(&mut config);
        let server = Server::start(config).unwrap();
        TestServer {
            server: Some(server),
            folder,
            log,
            seconds,
        }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Time goes on.
    pub fn later(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn call(&self, method: &str, path: &str, credential: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {credential}");
        let headers: &[(&str, &str)] = if credential.is_empty() {
            &[]
        } else {
            &[("Authorization", &bearer)]
        };
        self.call_with(method, path, headers, body)
    }

    pub fn call_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Reply {
        let path = match path {
            "/healthz" | "/readyz" | "/metrics" | "/docs" => path.to_owned(),
            path => format!("/api/v1{path}"),
        };
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            text += "Host: localhost\r\n";
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            text += &format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        self.raw(format!("{text}\r\n{body}").as_bytes())
    }

    /// Sends bytes and reads one answer; of a body without a length only the head.
    pub fn raw(&self, bytes: &[u8]) -> Reply {
        send(self.server().address(), bytes)
    }

    pub fn get(&self, path: &str, credential: &str) -> Reply {
        self.call("GET", path, credential, &Value::Null)
    }

    pub fn post(&self, path: &str, credential: &str, body: &Value) -> Reply {
        self.call("POST", path, credential, body)
    }

    pub fn register(&self, name: &str) -> Person {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": PASSWORD, "name": name });
        self.post("/auth/register", "", &body).is(201);
        self.sign_in(&email)
    }

    pub fn sign_in(&self, email: &str) -> Person {
        let tokens = self
            .post(
                "/auth/login",
                "",
                &json!({ "email": email, "password": PASSWORD }),
            )
            .is(200)
            .body;
        let access = tokens["access_token"].as_str().unwrap().to_owned();
        let me = self.get("/auth/me", &access).is(200).body;
        Person {
            email: email.to_owned(),
            id: me["user"]["id"].as_str().unwrap().to_owned(),
            access,
            refresh: tokens["refresh_token"].as_str().unwrap().to_owned(),
        }
    }

    pub fn make_org(&self, owner: &Person, slug: &str) -> Value {
        let body = json!({ "name": format!("{slug} stores"), "slug": slug, "template": "shop" });
        self.post("/orgs", &owner.access, &body).is(201).body
    }

    pub fn add(&self, owner: &Person, org: &str, person: &Person, role: &str) {
        let body = json!({ "email": person.email, "role": role });
        self.post(&format!("/orgs/{org}/members"), &owner.access, &body)
            .is(201);
    }

    pub fn token(&self, person: &Person, org: &str, scopes: &[&str]) -> Value {
        let body = json!({ "name": "cron", "org": org, "scopes": scopes, "expires_in_days": 30 });
        self.post("/auth/tokens", &person.access, &body)
            .is(201)
            .body
    }
}

/// What comes next, whatever signals come in between.
fn some(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            read => return read.unwrap(),
        }
    }
}

pub fn send(address: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(bytes).unwrap();
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    let head_end = loop {
        let n = some(&mut stream, &mut buffer);
        assert!(n > 0, "no answer: {:?}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..n]);
        if let Some(at) = seen.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(seen[..head_end].to_vec()).unwrap();
    let mut reply = Reply {
        status: head[9..12].parse().unwrap(),
        head,
        body: Value::Null,
    };
    let length = reply
        .header("content-length")
        .and_then(|l| l.parse::<usize>().ok())
        .unwrap_or(0);
    while seen.len() < head_end + length {
        let n = some(&mut stream, &mut buffer);
        assert!(n > 0, "cut short");
        seen.extend_from_slice(&buffer[..n]);
    }
    let body = &seen[head_end..head_end + length];
    reply.body = serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
    reply
}
