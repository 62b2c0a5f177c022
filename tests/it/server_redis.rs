//! Limits of several servers in Redis (`serve --redis`): one count for all of them, and nobody is kept waiting or let
//! through by a Redis that is killed, stopped, emptied or never was there.

use std::process::{Child, Command, Stdio};

use hissab::server::config::Limits;
use redis::{Client, Connection, cmd};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::http::{Person, TestServer};
use crate::postgres::{Shell, make};
use crate::postgres_cluster::free_port;
use crate::support::{TestEnv, until};

/// Debian's redis-server in a scratch folder, on a port of its own. It ends when dropped.
struct Redis {
    child: Child,
    port: u16,
    password: &'static str,
    folder: tempfile::TempDir,
}

impl Redis {
    fn start(password: &'static str) -> Redis {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let child = Redis::spawn(port, password, &folder);
        let redis = Redis {
            child,
            port,
            password,
            folder,
        };
        redis.line();
        redis
    }

    fn spawn(port: u16, password: &str, folder: &tempfile::TempDir) -> Child {
        let port = port.to_string();
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &port, "--dir"])
            .arg(folder.path());
        if !password.is_empty() {
            command.args(["--requirepass", password]);
        }
        let started = command.stdout(Stdio::null()).spawn();
        started.expect("no redis-server: tests/run installs it")
    }

    fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port).replace(":@", "")
    }

    /// A connection, as soon as it takes one.
    fn line(&self) -> Connection {
        let client = Client::open(self.url()).unwrap();
        let mut line = None;
        until("takes a connection", || {
            line = client.get_connection().ok();
            line.is_some()
        });
        line.unwrap()
    }

    fn tell(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.child = Redis::spawn(self.port, self.password, &self.folder);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn on(database: &str, redis: &str, limits: Limits) -> TestServer {
    TestServer::with(|config| {
        config.database = Some(database.to_owned());
        config.redis = Some(redis.to_owned());
        config.limits = limits;
        config.behind_proxy = false;
    })
}

/// Two servers that share both, and an owner.
struct Pair {
    database: String,
    servers: [TestServer; 2],
    asha: Person,
}

impl Pair {
    fn start(redis: &str, limits: Limits) -> Pair {
        let database = make("redis");
        let servers = [(); 2].map(|()| on(&database, redis, limits));
        let asha = servers[0].register("asha");
        Pair {
            database,
            servers,
            asha,
        }
    }

    /// Guesses in turn, at one server and the other.
    fn guess(&self, email: &str, times: usize) -> Vec<u16> {
        let wrong = json!({ "email": email, "password": "wrong horse battery" });
        let both = self.servers.iter().cycle();
        both.take(times)
            .map(|server| server.post("/auth/login", "", &wrong).status)
            .collect()
    }

    /// Buckets in the database.
    fn counted_in_database(&self) -> i64 {
        Shell::at(&self.database).number("SELECT count(*) FROM hissab_server.bucket")
    }

    fn said(&self, words: &str) -> usize {
        let log = self.servers[0].log.lock().unwrap();
        log.iter().filter(|line| line.contains(words)).count()
    }

    fn series(&self, name: &str) -> u64 {
        let text = self.servers[0].server().state();
        let all = text.metrics.text(text.lanes.stats(), 0, text.gates.redis());
        let line = all
            .lines()
            .find_map(|l| l.strip_prefix(&format!("{name} ")));
        line.unwrap().parse().unwrap()
    }
}

/// Few guesses a minute at an account, half of them from one address.
fn few() -> Limits {
    Limits {
        sign_ins_an_address: 1000,
        sign_ins_an_account: 12,
        hashes_at_once: 2,
        requests: 0,
        ..Limits::default()
    }
}

/// Six of twelve from one address, or one more or less as time passes.
#[track_caller]
fn are_limited(statuses: &[u16]) {
    let refused = statuses.iter().filter(|s| **s == 429).count();
    assert!((5..=7).contains(&refused), "{statuses:?}");
    assert!(
        statuses.iter().all(|s| [401, 429].contains(s)),
        "{statuses:?}"
    );
}

const COUNTED: &str = "limits are counted in Redis";
const AWAY: &str = "Redis does not answer";

#[test]
fn sign_ins_are_counted_in_redis_over_all_servers_and_forgotten_there() {
    let redis = Redis::start("");
    let pair = Pair::start(&redis.url(), few());
    assert_eq!(pair.said(COUNTED), 1);
    are_limited(&pair.guess("ravi@example.com", 12));
    let refused = pair.servers[1].post(
        "/auth/login",
        "",
        &json!({ "email": "ravi@example.com", "password": "wrong horse battery" }),
    );
    assert!(refused.is(429).header("retry-after").is_some());
    // Somebody else's account is free.
    assert_eq!(pair.guess(&pair.asha.email, 2), [401, 401]);
    assert_eq!(pair.counted_in_database(), 0);
    assert_eq!(pair.series("hissab_redis_missed_total"), 0);
    // Keys say nothing of whom they count, and go by themselves.
    let mut line = redis.line();
    let keys: Vec<String> = cmd("KEYS").arg("*").query(&mut line).unwrap();
    assert!(keys.len() >= 4, "{keys:?}");
    for key in keys {
        assert!(key.starts_with("hissab:") && !key.contains('@'), "{key}");
        let left: i64 = cmd("PTTL").arg(&key).query(&mut line).unwrap();
        assert!((1..=121_000).contains(&left), "{key}: {left}");
    }
}

#[test]
fn requests_are_counted_in_redis_over_all_servers() {
    let redis = Redis::start("");
    let limits = Limits {
        requests: 100,
        ..few()
    };
    let pair = Pair::start(&redis.url(), limits);
    let [one, two] = &pair.servers;
    for _ in 0..90 {
        one.get("/auth/me", &pair.asha.access);
    }
    let mut sent = 0;
    until("is refused at the other", || {
        sent += 1;
        assert!(sent < 100, "the other server's own limit stopped it");
        std::thread::park_timeout(std::time::Duration::from_millis(100));
        two.get("/auth/me", &pair.asha.access).status == 429
    });
    assert_eq!(pair.counted_in_database(), 0);
}

#[test]
fn a_redis_that_is_killed_is_done_without_and_taken_up_again() {
    let mut redis = Redis::start("");
    let pair = Pair::start(&redis.url(), few());
    assert_eq!(pair.guess("ravi@example.com", 4), [401; 4]);
    redis.kill();
    // Counted from nothing, over both servers still.
    are_limited(&pair.guess("mira@example.com", 12));
    assert!(pair.counted_in_database() > 0);
    assert_eq!(pair.said(AWAY), 1);
    assert_eq!(pair.series("hissab_redis_away"), 1);
    assert!(pair.series("hissab_redis_missed_total") > 0);
    redis.start_again();
    until("is found again", || pair.said(COUNTED) == 2);
    assert_eq!(pair.series("hissab_redis_away"), 0);
    until("is found by the other", || {
        pair.guess("noor@example.com", 1);
        let size: i64 = cmd("DBSIZE").query(&mut redis.line()).unwrap();
        size > 0
    });
}

#[test]
fn a_redis_that_is_silent_keeps_nobody_waiting() {
    let redis = Redis::start("");
    let pair = Pair::start(&redis.url(), few());
    redis.tell(Signal::STOP);
    // It would never answer: that these end is what is tested.
    are_limited(&pair.guess("ravi@example.com", 12));
    assert_eq!(pair.said(AWAY), 1);
    redis.tell(Signal::CONT);
    until("is taken up again", || pair.said(COUNTED) == 2);
}

#[test]
fn a_redis_that_holds_other_things_lets_nobody_through_and_locks_nobody_out() {
    let redis = Redis::start("");
    let pair = Pair::start(&redis.url(), few());
    pair.guess("ravi@example.com", 1);
    let mut line = redis.line();
    let keys: Vec<String> = cmd("KEYS").arg("*").query(&mut line).unwrap();
    // A number of the far future holds up for two windows at most; words count as nothing.
    for (nth, key) in keys.iter().enumerate() {
        let value = if nth % 2 == 0 { "9e300" } else { "words" };
        let _: () = cmd("SET").arg(key).arg(value).query(&mut line).unwrap();
    }
    for status in pair.guess("ravi@example.com", 4) {
        assert!([401, 429].contains(&status), "{status}");
    }
    let full = pair.servers[0].post(
        "/auth/login",
        "",
        &json!({ "email": "ravi@example.com", "password": "wrong horse battery" }),
    );
    let wait: u64 = full.header("retry-after").unwrap_or("0").parse().unwrap();
    assert!(wait <= 121, "{wait}");
    // A list where a number was: an error of Redis, and the database counts.
    for key in &keys {
        let _: () = cmd("DEL").arg(key).query(&mut line).unwrap();
        let _: () = cmd("RPUSH").arg(key).arg("x").query(&mut line).unwrap();
    }
    for status in pair.guess("ravi@example.com", 2) {
        assert!([401, 429].contains(&status), "{status}");
    }
    assert!(pair.series("hissab_redis_missed_total") > 0);
}

/// What can be seen from the words is refused at once; what only the network knows is warned of, and `--check-config`
/// asks it.
#[test]
fn a_wrong_address_is_refused_and_one_where_nobody_is_warned_of() {
    let env = TestEnv::new();
    let serve = |words: &[&str], env: &TestEnv| {
        let fixed = [
            "serve",
            "--check-config",
            "--database",
            "postgres://a@127.0.0.1/b",
        ];
        env.hissab([&fixed[..], words].concat())
    };
    for (words, code) in [
        (&["--redis", "127.0.0.1:6379"][..], "bad-redis"),
        (&["--redis", "redis://h:port"], "bad-redis"),
        (
            &["--redis", "redis://:s3cret@127.0.0.1"],
            "password-in-argument",
        ),
    ] {
        let run = serve(words, &env).exits(if code == "bad-redis" { 1 } else { 2 });
        assert!(run.stderr.contains("hint: "), "{run}");
        assert!(!run.stderr.contains("s3cret"), "{run}");
    }
    let alone = env.hissab(["serve", "--check-config", "--redis", "redis://h"]);
    assert!(alone.exits(2).stderr.contains("--database"));
    let redis = Redis::start("open sesame");
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let locked = serve(&["--redis", &url], &env).exits(1);
    assert!(locked.stderr.contains("error: Redis: "), "{locked}");
    let file = env.write("password", "open sesame\n");
    let told = ["--redis", &url, "--redis-password", file.to_str().unwrap()];
    let readable = serve(&told, &env).exits(1);
    assert!(
        readable.stderr.contains("chmod") || readable.stderr.contains("read"),
        "{readable}"
    );
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    serve(&told, &env).ok();
    drop(redis);
    serve(&told, &env).exits(1);
    // A server does not stay away because Redis does.
    let database = make("redis");
    let server = on(&database, &url, few());
    server.get("/meta", &Value::Null.to_string()).is(200);
    let log = server.log.lock().unwrap().concat();
    assert!(log.contains(AWAY), "{log}");
}
