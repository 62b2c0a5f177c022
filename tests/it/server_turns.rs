//! No organisation keeps the others waiting: long imports have threads of their own, and nobody has every thread that
//! short work shares. What is tested is who is answered while others cannot be, never how fast.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};

use hissab::server::lanes::Place;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Person, Reply, TestServer, send};
use crate::support::until;

/// A server with organisations `org-0`, `org-1`, …
fn server(count: usize) -> (TestServer, Person, Vec<Place>) {
    let server = TestServer::start();
    let asha = server.register("asha");
    let places = (0..count).map(|n| {
        let made = server.make_org(&asha, &format!("org-{n}"));
        let org = Uuid::try_parse(made["id"].as_str().unwrap()).unwrap();
        let file = server
            .server()
            .state()
            .books()
            .join(format!("{org}.hissab"));
        Place { org, file }
    });
    let places = places.collect();
    (server, asha, places)
}

fn a_sale() -> Value {
    json!({
        "date": "2026-04-07", "description": "Sale",
        "entries": [
            { "account": "Assets:Cash", "debit": "5.00" }, { "account": "Income:Sales", "credit": "5.00" },
        ],
    })
}

fn sale(server: &TestServer, asha: &Person, org: &str) -> Reply {
    server.post(
        &format!("/orgs/{org}/transactions"),
        &asha.access,
        &a_sale(),
    )
}

/// An import of so many sales, as a client sends it.
fn import(asha: &Person, org: &str, lines: usize) -> Vec<u8> {
    let mut body = json!({ "operation": Uuid::now_v7(), "action": "imported" }).to_string() + "\n";
    for _ in 0..lines {
        body += &(json!({ "post": a_sale() }).to_string() + "\n");
    }
    let head = format!(
        "POST /api/v1/orgs/{org}/imports?results=summary HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        asha.access,
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// More imports than there are threads for anything, and none of them can end: others post and read.
#[test]
fn others_are_answered_while_imports_are_written() {
    let (server, asha, places) = server(7);
    let (importing, other) = (&places[..6], "org-6");
    let bodies: Vec<Vec<u8>> = (0..importing.len())
        .map(|n| import(&asha, &format!("org-{n}"), 1001))
        .collect();
    // Whoever else has a book keeps its writers waiting.
    let held: Vec<rusqlite::Connection> = importing
        .iter()
        .map(|place| {
            let conn = rusqlite::Connection::open(&place.file).unwrap();
            conn.execute_batch("BEGIN IMMEDIATE").unwrap();
            conn
        })
        .collect();
    let (ended, ends): (Sender<Reply>, Receiver<Reply>) = channel();
    std::thread::scope(|scope| {
        for body in &bodies {
            let (ended, address) = (ended.clone(), server.server().address());
            scope.spawn(move || ended.send(send(address, body)).unwrap());
        }
        let stats = server.server().state().lanes.stats();
        until("at work", || stats.long.load(Ordering::Relaxed) == 4);
        for _ in 0..3 {
            sale(&server, &asha, other).is(201);
            let path = format!("/orgs/{other}/reports/trial-balance?date=2026-04-30");
            server.get(&path, &asha.access).is(200);
        }
        // Also of the books that are imported into: a reader sees what is there so far.
        server
            .get(
                "/orgs/org-0/reports/trial-balance?date=2026-04-30",
                &asha.access,
            )
            .is(200);
        assert!(
            ends.try_recv().is_err(),
            "an import ended: nothing was held up"
        );
        drop(held);
        for _ in importing {
            let end = ends.recv().unwrap();
            assert_eq!(end.status, 200, "{}", end.body);
        }
    });
    for n in 0..importing.len() {
        let said = server.get(&format!("/orgs/org-{n}/transactions?limit=1"), &asha.access);
        assert_eq!(said.is(200).body["has_more"], Value::Bool(true));
    }
}

/// One that asks for more than there are threads, and gets no answers, leaves one for others.
#[test]
fn readers_of_one_organisation_leave_a_thread_for_others() {
    let (server, asha, places) = server(2);
    let lanes = server.server().state().lanes.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let (begun, begins) = channel();
    let mut gates = Vec::new();
    let mut answers = Vec::new();
    for n in 0..10 {
        let (gate, opened): (Sender<()>, Receiver<()>) = channel();
        let (begun, lanes, place) = (begun.clone(), lanes.clone(), places[0].clone());
        gates.push(gate);
        answers.push(runtime.spawn(async move {
            let read = lanes.read(place, move |_| {
                begun.send(n).unwrap();
                let _ = opened.recv();
                Ok(n)
            });
            read.await.unwrap()
        }));
    }
    // Three of four threads.
    let first: Vec<i32> = begins.iter().take(3).collect();
    for _ in 0..3 {
        sale(&server, &asha, "org-1").is(201);
        server.get("/orgs/org-1/totals", &asha.access).is(200);
    }
    assert!(begins.try_recv().is_err(), "a fourth began: {first:?}");
    drop(gates);
    let mut done: Vec<i32> = answers
        .into_iter()
        .map(|answer| runtime.block_on(answer).unwrap())
        .collect();
    done.sort_unstable();
    assert_eq!(done, (0..10).collect::<Vec<_>>());
}
