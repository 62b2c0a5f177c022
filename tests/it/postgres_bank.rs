//! The bank test past one machine: clients move money over two servers that read from a streaming replica, while
//! servers are killed and stopped, Postgres and the replica are killed and started again, and connections are cut. Nothing acknowledged is lost, nothing is there
//! twice, every state in between sums to zero, numbers have no gap, and the service is back soon.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hissab::book::Book;
use hissab::book::remote::RemoteBook;
use hissab::client::{ClientError, Credential, Server, Session, Settings};
use hissab::ledger::totals::TotalsQuery;
use hissab::wire::transaction::TransactionBody;
use uuid::Uuid;

use crate::books::{ACCOUNTS, first_changes, unit_of};
use crate::chance::Chance;
use crate::postgres::{Shell, make_at};
use crate::postgres_cluster::Cluster;
use crate::served::{SECRET, Served};
use crate::support::TestEnv;

const SERVERS: usize = 2;
const CLIENTS: usize = 6;
/// How long the service may take to be back after the last fault.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// A server as a process, started again under the same address.
struct Process {
    address: String,
    data: PathBuf,
    child: Mutex<Child>,
}

struct Bank {
    env: TestEnv,
    databases: Databases,
    cluster: Mutex<Cluster>,
    replica: Mutex<Cluster>,
    servers: Vec<Process>,
}

/// Where servers write, and where they may read.
struct Databases {
    primary: String,
    replica: String,
}

impl Bank {
    fn open() -> Bank {
        let cluster = Cluster::new(&[]);
        let primary = make_at(&cluster.base(), "bank");
        let first = first_changes();
        Served::in_postgres_at(
            &primary,
            Uuid::now_v7(),
            &unit_of(1, "created", "asha", &first),
        );
        let replica = Cluster::following_closely(&cluster);
        let databases = Databases {
            replica: primary.replace(
                &format!(":{}/", cluster.port),
                &format!(":{}/", replica.port),
            ),
            primary,
        };
        let env = TestEnv::new();
        let servers = (0..SERVERS)
            .map(|n| {
                let port = std::net::TcpListener::bind("127.0.0.1:0")
                    .unwrap()
                    .local_addr()
                    .unwrap()
                    .port();
                let address = format!("127.0.0.1:{port}");
                let data = env.path(&format!("data-{n}"));
                let child = Mutex::new(serve(&env, &databases, &address, &data));
                Process {
                    address,
                    data,
                    child,
                }
            })
            .collect();
        let bank = Bank {
            env,
            databases,
            cluster: Mutex::new(cluster),
            replica: Mutex::new(replica),
            servers,
        };
        bank.wait();
        bank
    }

    fn session(&self, server: usize) -> Arc<Session> {
        Arc::new(Session::new(Settings {
            server: Server::read(&format!("http://{}", self.servers[server].address)).unwrap(),
            credential: Credential::Token {
                secret: SECRET.to_owned(),
                origin: "a test".to_owned(),
            },
            known_servers: None,
        }))
    }

    fn book(&self, server: usize) -> RemoteBook {
        RemoteBook::open_read(self.session(server), "acme")
    }

    /// Until every server answers.
    fn wait(&self) {
        let since = Instant::now();
        for server in 0..SERVERS {
            while self.book(server).info().is_err() {
                assert!(
                    since.elapsed() < Duration::from_secs(60),
                    "a server does not come up"
                );
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
    }

    /// Ends a server, by force or as it is asked to, and starts it anew.
    fn restart(&self, server: usize, force: bool) {
        let process = &self.servers[server];
        let mut child = process.child.lock().unwrap();
        if force {
            child.kill().unwrap();
        } else {
            let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        }
        child.wait().unwrap();
        *child = serve(&self.env, &self.databases, &process.address, &process.data);
    }

    fn fault(&self, chance: &mut Chance, kills: &mut usize) -> &'static str {
        match chance.below(8) {
            0 => {
                self.restart(chance.below(SERVERS), true);
                "a server was killed"
            }
            1 => {
                self.restart(chance.below(SERVERS), false);
                "a server was stopped"
            }
            2 => {
                let clusters = [&self.cluster, &self.replica];
                for cluster in clusters {
                    self.cut(cluster, "application_name = 'hissab'");
                }
                "every connection was cut"
            }
            3 => {
                self.cut(&self.cluster, "backend_type = 'walsender'");
                "the replica was cut off"
            }
            4 => {
                let mut replica = self.replica.lock().unwrap();
                replica.kill();
                replica.start();
                "the replica was killed"
            }
            _ => {
                *kills += 1;
                let mut cluster = self.cluster.lock().unwrap();
                cluster.kill();
                cluster.start();
                "Postgres was killed"
            }
        }
    }

    /// Ends connections of a database that answers.
    fn cut(&self, cluster: &Mutex<Cluster>, which: &str) {
        let cluster = cluster.lock().unwrap();
        let name = self.databases.primary.rsplit('/').next().unwrap();
        let shell = Shell::at(&format!("{}/{name}", cluster.base()));
        shell.number(&format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {which}"
        ));
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        for server in &self.servers {
            let mut child = server.child.lock().unwrap();
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn serve(env: &TestEnv, databases: &Databases, address: &str, data: &std::path::Path) -> Child {
    env.command([
        "serve",
        "--database",
        &databases.primary,
        "--read-database",
        &databases.replica,
        "--listen",
        address,
        "--data",
        data.to_str().unwrap(),
    ])
    .env("HISSAB_TEST_CLOCK", crate::served::NOW)
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .spawn()
    .unwrap()
}

/// One client's transfers, each sent until it is answered, to one server or the other; the ids that were.
fn client(bank: &Bank, seed: u64, over: &AtomicBool) -> Vec<Uuid> {
    let mut chance = Chance::from(seed);
    let sessions: Vec<_> = (0..SERVERS).map(|n| bank.session(n)).collect();
    let mut posted = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let id = Uuid::now_v7();
        let (from, to) = (*chance.one(ACCOUNTS), *chance.one(ACCOUNTS));
        let amount = format!("{}.00", 1 + chance.below(500));
        let body = serde_json::json!({
            "id": id, "date": "2026-04-07", "description": "transfer",
            "entries": [{ "account": to, "debit": amount }, { "account": from, "credit": amount }],
        });
        loop {
            let session = &sessions[chance.below(SERVERS)];
            let key = id.to_string();
            let sent: Result<(TransactionBody, _), ClientError> =
                session.post("/orgs/acme/transactions", &[], &body, Some(&key));
            match sent {
                Ok(_) => break posted.push(id),
                Err(ClientError::Problem { problem, .. })
                    if problem.status < 500 && problem.status != 429 =>
                {
                    panic!("refused: {problem:?}")
                }
                // Nobody answered, or busy: the same again.
                Err(_) => {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
        }
    }
    posted
}

#[test]
fn money_moves_exactly_once_while_servers_and_postgres_are_killed() {
    // Faults, and how many of them at least are Postgres killed; the last one always is.
    let (mut faults, killed) = match std::env::var("HISSAB_TEST_MANY").is_ok() {
        true => (40, 20),
        false => (6, 2),
    };
    let bank = Bank::open();
    let mut chance = Chance::new("the bank test over two servers");
    let (over, snapshots) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut kills = 0;
    let before = bank.book(0).info().unwrap().sequence;
    let (posted, back) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (seed, bank, over) = (chance.next(), &bank, &over);
                scope.spawn(move || client(bank, seed, over))
            })
            .collect();
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for server in 0..SERVERS {
                    // While it is down there is nothing to see.
                    if let Ok(totals) = bank.book(server).totals(&TotalsQuery::until(None)) {
                        let sum: i128 = totals.rows.iter().map(|r| r.closing()).sum();
                        assert_eq!(sum, 0, "a snapshot that does not balance");
                        snapshots.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
        let mut n = 0;
        while n < faults || kills + 1 < killed {
            std::thread::park_timeout(Duration::from_millis(chance.next() % 500 + 300));
            let what = bank.fault(&mut chance, &mut kills);
            eprintln!("fault {n}: {what}");
            n += 1;
        }
        faults = n + 1;
        // The last one is always the hardest.
        bank.cluster.lock().unwrap().kill();
        let since = Instant::now();
        bank.cluster.lock().unwrap().start();
        for server in &bank.servers {
            let mut child = server.child.lock().unwrap();
            if child.try_wait().unwrap().is_some() {
                *child = serve(&bank.env, &bank.databases, &server.address, &server.data);
            }
        }
        bank.wait();
        let back = since.elapsed();
        over.store(true, Ordering::Relaxed);
        let posted: Vec<Uuid> = clients
            .into_iter()
            .flat_map(|c| c.join().unwrap())
            .collect();
        (posted, back)
    });
    let mut found: HashMap<Uuid, usize> = HashMap::new();
    let mut numbers = Vec::new();
    let mut book = bank.book(0);
    // The last of them may not have come to the replica yet.
    let since = Instant::now();
    while book.info().unwrap().sequence < before + posted.len() as u64 {
        assert!(since.elapsed() < BACK_WITHIN, "the replica stays behind");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let scanned = book.scan(&Default::default(), &mut |transaction| {
        *found.entry(transaction.id.0).or_default() += 1;
        numbers.push(transaction.number.0);
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    numbers.sort_unstable();
    eprintln!(
        "bank: {} posted, {} snapshots, {faults} faults of which Postgres {}, back in {back:?}",
        posted.len(),
        snapshots.load(Ordering::Relaxed),
        kills + 1,
    );
    assert!(posted.len() > 20 && snapshots.load(Ordering::Relaxed) > 0);
    for id in &posted {
        assert_eq!(found.get(id), Some(&1), "{id} was acknowledged");
    }
    assert_eq!(found.len(), posted.len(), "something that nobody asked for");
    let all: Vec<u64> = (1..=posted.len() as u64).collect();
    assert_eq!(numbers, all, "numbers have gaps");
    assert_eq!(book.verify().unwrap().faults, []);
    let outcomes = book.check(hissab::book::CheckDepth::Deep).unwrap();
    let findings: Vec<_> = outcomes.into_iter().flat_map(|o| o.findings).collect();
    assert_eq!(findings, []);
    assert!(back < BACK_WITHIN, "back only after {back:?}");
}
