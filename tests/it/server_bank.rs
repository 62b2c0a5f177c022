//! The bank test: clients move money while the server is killed and started again. Nothing acknowledged is
//! lost, nothing is there twice, nothing refused is there at all, and every state in between sums to zero.
//!
//! The control sends again under a new id what it got no answer to, as a careless client would: it must be caught.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hissab::book::Book;
use hissab::book::remote::RemoteBook;
use hissab::client::{ClientError, Credential, Server, Session, Settings};
use hissab::ledger::totals::TotalsQuery;
use hissab::wire::amount::Amount;
use hissab::wire::draft::{DraftBody, DraftEntryBody};
use hissab::wire::transaction::TransactionBody;
use uuid::Uuid;

use crate::chance::Chance;
use crate::served::{SECRET, Served};
use crate::support::TestEnv;

const CLIENTS: usize = 20;
const ACCOUNTS: usize = 10;

/// What a client was told of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Posted,
    Refused,
    /// No answer: it may be there, once.
    Unknown,
}

/// `hissab serve` as a process, started again under the same address whenever it was killed.
struct Bank {
    data: tempfile::TempDir,
    address: String,
    process: Mutex<Child>,
}

impl Bank {
    fn open() -> Bank {
        let env = TestEnv::new();
        env.hissab(["init", "bank.hissab", "--name", "Bank", "--currency", "INR"])
            .ok();
        let mut words = vec![
            "-B",
            "bank.hissab",
            "opening",
            "-d",
            "2026-03-31",
            "--create-accounts",
        ];
        let opening: Vec<String> = (0..ACCOUNTS)
            .map(|n| format!("Assets:Bank:A{n}=1000"))
            .collect();
        words.extend(opening.iter().map(String::as_str));
        env.hissab(words).ok();
        let data = Served::prepared(&env.path("bank.hissab"));
        // A port that was free a moment ago; another process may take it only in theory.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let process = Mutex::new(serve(data.path(), &address));
        let bank = Bank {
            data,
            address,
            process,
        };
        bank.wait();
        bank
    }

    /// kill -9, and a new server in its place.
    fn crash(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        *process = serve(self.data.path(), &self.address);
    }

    fn session(&self) -> Arc<Session> {
        Arc::new(Session::new(Settings {
            server: Server::read(&format!("http://{}", self.address)).unwrap(),
            credential: Credential::Token {
                secret: SECRET.to_owned(),
                origin: "a test".to_owned(),
            },
            known_servers: None,
        }))
    }

    fn book(&self) -> RemoteBook {
        RemoteBook::open_read(self.session(), "acme")
    }

    /// Until it answers.
    fn wait(&self) {
        let since = Instant::now();
        while self.book().info().is_err() {
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "the server does not come up"
            );
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap();
        // It may be gone already.
        let _ = process.kill();
        let _ = process.wait();
    }
}

fn serve(data: &Path, address: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_hissab"))
        .args(["serve", "--listen", address, "--data"])
        .arg(data)
        .env("HISSAB_TEST_CLOCK", crate::served::NOW)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn transfer(id: Uuid, from: &str, to: &str, amount: usize) -> DraftBody {
    let entry = |account: &str, debit, credit| DraftEntryBody {
        account: Some(account.to_owned()),
        debit,
        credit,
        ..DraftEntryBody::default()
    };
    let amount = Amount(format!("{}.{:02}", amount / 100, amount % 100));
    let text = serde_json::json!({"id": id, "date": "2026-04-07", "description": "transfer", "entries": []});
    DraftBody {
        entries: vec![
            entry(to, Some(amount.clone()), None),
            entry(from, None, Some(amount)),
        ],
        ..serde_json::from_value(text).unwrap()
    }
}

/// Sends a transfer and goes away after the first byte of the answer. While the server is down nothing is sent.
fn cut_in_answer(bank: &Bank, body: &DraftBody) {
    let Ok(mut line) = TcpStream::connect(&bank.address) else {
        return;
    };
    let body = serde_json::to_string(body).unwrap();
    let request = format!(
        "POST /api/v1/orgs/acme/transactions HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {SECRET}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        bank.address,
        body.len()
    );
    // A server that is killed meanwhile answers nothing: that is a cut as well.
    let _ = line.write_all(request.as_bytes());
    let _ = line.read(&mut [0]);
}

/// One client's transfers; gives what it was told of each.
fn client(bank: &Bank, seed: u64, transfers: usize, careless: bool) -> Vec<(Uuid, Told)> {
    let mut chance = Chance::from(seed);
    let session = bank.session();
    let path = "/orgs/acme/transactions";
    let mut told = Vec::new();
    for _ in 0..transfers {
        let mut id = Uuid::now_v7();
        let from = match chance.below(20) {
            0 => "Assets:Bank:Nowhere".to_owned(),
            _ => format!("Assets:Bank:A{}", chance.below(ACCOUNTS)),
        };
        let to = format!("Assets:Bank:A{}", chance.below(ACCOUNTS));
        let amount = chance.below(5000) + 1;
        if chance.below(10) == 0 {
            // The line is cut in the middle of the answer: what was sent is recorded, and nobody was told.
            cut_in_answer(bank, &transfer(id, &from, &to, amount));
            if careless {
                id = Uuid::now_v7();
            }
        }
        for attempt in 0.. {
            let body = transfer(id, &from, &to, amount);
            // Without a key the session sends once and says what it does not know.
            let key = (!careless).then(|| id.to_string());
            let sent: Result<(TransactionBody, _), ClientError> =
                session.post(path, &[], &body, key.as_deref());
            let now = match sent {
                Ok(_) => Told::Posted,
                Err(ClientError::Problem { problem, .. }) if problem.status < 500 => Told::Refused,
                Err(_) => Told::Unknown,
            };
            // The careless client believes that what was not answered did not happen.
            if careless && now == Told::Unknown && attempt < 20 {
                id = Uuid::now_v7();
                std::thread::park_timeout(Duration::from_millis(20));
                continue;
            }
            told.push((id, now));
            break;
        }
    }
    told
}

/// Everyone at work, the server crashing meanwhile; what was told, and how often the books were seen to balance.
fn run(
    bank: &Bank,
    transfers: usize,
    crashes: usize,
    careless: bool,
) -> (HashMap<Uuid, Told>, usize) {
    let mut chance = Chance::new("the bank test");
    let over = AtomicBool::new(false);
    let snapshots = AtomicUsize::new(0);
    let told = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let seed = chance.next();
                scope.spawn(move || client(bank, seed, transfers, careless))
            })
            .collect();
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // While the server is down there is nothing to see.
                if let Ok(totals) = bank.book().totals(&TotalsQuery::until(None)) {
                    let sum: i128 = totals.rows.iter().map(|r| r.closing()).sum();
                    assert_eq!(sum, 0, "a snapshot that does not balance");
                    snapshots.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        for _ in 0..crashes {
            std::thread::park_timeout(Duration::from_millis(chance.next() % 700 + 300));
            bank.crash();
        }
        let told = clients
            .into_iter()
            .flat_map(|c| c.join().unwrap())
            .collect();
        over.store(true, Ordering::Relaxed);
        told
    });
    bank.wait();
    (told, snapshots.into_inner())
}

fn counts(bank: &Bank) -> HashMap<Uuid, usize> {
    let mut found = HashMap::new();
    let scanned = bank.book().scan(&Default::default(), &mut |transaction| {
        *found.entry(transaction.id.0).or_default() += 1;
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    found
}

#[test]
fn money_moves_exactly_once_while_the_server_crashes() {
    let many = std::env::var("HISSAB_TEST_MANY").is_ok();
    let (transfers, crashes) = if many { (250, 20) } else { (40, 6) };
    let bank = Bank::open();
    let (told, snapshots) = run(&bank, transfers, crashes, false);
    let found = counts(&bank);
    for (id, told) in &told {
        let count = found.get(id).copied().unwrap_or(0);
        let right = match told {
            Told::Posted => count == 1,
            Told::Refused => count == 0,
            Told::Unknown => count <= 1,
        };
        assert!(right, "{id} was {told:?} and is there {count} times");
    }
    let of = |what| told.values().filter(|t| **t == what).count();
    eprintln!(
        "bank: {} posted, {} refused, {} unknown, {snapshots} snapshots, {crashes} crashes",
        of(Told::Posted),
        of(Told::Refused),
        of(Told::Unknown)
    );
    assert!(of(Told::Posted) > 0 && of(Told::Refused) > 0 && snapshots > 0);
    // The opening is there besides; nothing else that nobody asked for.
    assert_eq!(
        found.len(),
        1 + told.keys().filter(|id| found.contains_key(id)).count()
    );
    let mut book = bank.book();
    let proof = book.verify().unwrap();
    assert_eq!(proof.faults, []);
}

#[test]
fn the_control_that_takes_a_new_id_posts_twice_and_is_caught() {
    let bank = Bank::open();
    let (told, _) = run(&bank, 30, 2, true);
    let believed = told.values().filter(|t| **t == Told::Posted).count();
    assert!(
        counts(&bank).len() > 1 + believed,
        "a careless client was not caught: the bank test would not notice a double posting"
    );
}
