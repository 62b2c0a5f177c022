//! A server in this process with one organisation and two members, spoken to over plain sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hissab::server::Server;
use hissab::server::config::{Config, LogTo};
use hissab::server::registry::{digest, members, orgs, tokens, users};
use hissab::wire::auth::{Token, User};
use hissab::wire::org::Role;
use hissab::wire::stream::EventBody;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::TestEnv;

/// Tokens of an owner and of a viewer.
pub const OWNER: &str = "hsb_owner-0123456789abcdefghijklmnopqrstuvwxyz";
pub const VIEWER: &str = "hsb_viewer-0123456789abcdefghijklmnopqrstuvwxyz";
pub const VIEWER_ID: Uuid = Uuid::from_u128(2);
pub const ORG_ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00bb);

/// Nobody waits longer in a test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with the organisation `acme`, whose book is the shop template.
pub struct Live {
    pub env: TestEnv,
    server: Option<Server>,
    config: Config,
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Insists on a status.
    #[track_caller]
    pub fn is(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

impl Live {
    pub fn new() -> Live {
        Live::with(|_| ())
    }

    /// A server that is told something more.
    pub fn with(tell: impl FnOnce(&mut Config)) -> Live {
        let env = TestEnv::new();
        let data = env.path("data");
        std::fs::create_dir_all(data.join("books")).unwrap();
        env.hissab([
            "init",
            "data/books/acme.hissab",
            "--template",
            "shop",
            "--name",
            "Acme",
        ])
        .ok();
        let mut config = Config::new(data, "127.0.0.1:0".parse().unwrap());
        config.log = LogTo::Memory(Arc::default());
        config.heartbeat = Duration::from_millis(50);
        tell(&mut config);
        let mut live = Live {
            env,
            server: None,
            config,
        };
        live.start();
        live.add_org();
        live
    }

    pub fn start(&mut self) {
        self.server = Some(Server::start(self.config.clone()).unwrap());
    }

    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// What the server logs.
    pub fn logged(&self) -> Arc<std::sync::Mutex<Vec<String>>> {
        match &self.config.log {
            LogTo::Memory(lines) => Arc::clone(lines),
            _ => panic!("logs to memory"),
        }
    }

    /// The file of the organisation's book.
    pub fn book(&self) -> PathBuf {
        self.config.data.join("books/acme.hissab")
    }

    fn add_org(&self) {
        let at = Timestamp::now();
        let org = orgs::Org {
            id: ORG_ID,
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            plan: "standard".to_owned(),
            file: "acme.hissab".to_owned(),
        };
        let people = [
            (Uuid::from_u128(1), "asha@example.com", Role::Owner, OWNER),
            (VIEWER_ID, "vikram@example.com", Role::Viewer, VIEWER),
        ];
        let registry = &self.server().state().registry;
        let added = registry.write_now(|db| {
            orgs::add(db, &org, at)?;
            for (id, email, role, secret) in people {
                let user = User {
                    id,
                    email: email.to_owned(),
                    name: String::new(),
                };
                users::add(db, &user, "no password signs in", at)?;
                members::add(db, org.id, id, role, at)?;
                let token = Token {
                    id: Uuid::now_v7(),
                    name: "tests".to_owned(),
                    org: "acme".to_owned(),
                    scopes: vec!["read".to_owned(), "write".to_owned()],
                    created_at: at,
                    expires_at: at + SignedDuration::from_hours(24),
                    last_used_at: None,
                    token: None,
                };
                tokens::add(db, id, org.id, &token, digest(secret))?;
            }
            Ok(())
        });
        assert!(added.is_ok(), "the organisation could not be made");
    }

    /// Takes the viewer out of the organisation.
    pub fn remove_viewer(&self) {
        let registry = &self.server().state().registry;
        let gone =
            registry.write_now(|db| members::remove(db, ORG_ID, VIEWER_ID, Timestamp::now()));
        assert!(gone.is_ok());
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.server().address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // HTTP/1.0: the answer is not in chunks and ends with the connection.
        let mut text = format!("{method} {path} HTTP/1.0\r\nhost: localhost\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            let length = body.len();
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {length}\r\n"
            ));
        }
        stream
            .write_all(format!("{text}\r\n{body}").as_bytes())
            .unwrap();
        stream
    }

    /// One request with these headers.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut reader = BufReader::new(self.send(method, path, headers, body));
        let (status, headers) = head(&mut reader);
        let mut body = Vec::new();
        reader.read_to_end(&mut body).unwrap();
        Reply {
            status,
            headers,
            body,
        }
    }

    /// One request of the owner.
    pub fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {OWNER}");
        let path = format!("/api/v1{path}");
        self.ask(method, &path, &[("authorization", &bearer)], body)
    }

    /// A posting of tea.
    pub fn post(&self, rupees: u32) -> Reply {
        let amount = format!("{rupees}.00");
        let body = json!({
            "id": Uuid::now_v7(), "date": "2026-04-07", "description": "tea",
            "entries": [
                { "account": "Expenses:Tea", "debit": amount },
                { "account": "Assets:Cash", "credit": amount },
            ],
        });
        self.call("POST", "/orgs/acme/transactions", &body.to_string())
    }

    /// Listens as somebody, after an event.
    pub fn listen(&self, token: &str, after: Option<u64>) -> Events {
        let bearer = format!("Bearer {token}");
        let last = after.map(|seq| seq.to_string());
        let mut headers = vec![("authorization", bearer.as_str())];
        if let Some(last) = &last {
            headers.push(("last-event-id", last));
        }
        let stream = self.send("GET", "/api/v1/orgs/acme/stream", &headers, "");
        let mut reader = BufReader::new(stream);
        let (status, headers) = head(&mut reader);
        assert_eq!(status, 200);
        let media = headers.iter().find(|(name, _)| name == "content-type");
        assert_eq!(media.unwrap().1, "text/event-stream");
        Events {
            reader,
            heartbeats: 0,
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop();
    }
}

fn head(reader: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).expect("a status line").parse();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => return (status.unwrap(), headers),
        }
    }
}

/// An event stream. Dropping it cuts the connection.
pub struct Events {
    reader: BufReader<TcpStream>,
    pub heartbeats: usize,
}

/// One event as it came.
#[derive(Debug)]
pub struct Heard {
    pub id: u64,
    pub event: String,
    pub data: EventBody,
}

impl Events {
    /// The next event; `None` where the server ended the stream.
    pub fn next(&mut self) -> Option<Heard> {
        let (mut id, mut event) = (None, String::new());
        loop {
            let line = self.line()?;
            if let Some(text) = line.strip_prefix("id: ") {
                id = Some(text.parse().unwrap());
            } else if let Some(text) = line.strip_prefix("event: ") {
                event = text.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                let data = serde_json::from_str(text).unwrap();
                let id = id.expect("an id before the data");
                return Some(Heard { id, event, data });
            }
        }
    }

    /// Waits for a comment that says the stream lives.
    pub fn heartbeat(&mut self) {
        let before = self.heartbeats;
        while self.heartbeats == before {
            self.line().expect("a stream that lives");
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.reader.read_line(&mut line).expect("nothing came");
        if line.starts_with(": still here") {
            self.heartbeats += 1;
        }
        (length > 0).then(|| line.trim_end().to_owned())
    }
}
