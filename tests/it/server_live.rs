//! What a server does beside answering: streams, jobs, metrics, backups.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use hissab::client::events::Heard as What;
use hissab::client::{Credential, Server as Address, Session, Settings};
use hissab::server::backups;
use hissab::server::config::Backups;
use hissab::server::lanes::Place;

use crate::chance::Chance;
use crate::live::{Events, Live, OWNER, VIEWER};

/// The sequences up to one of them, as they come.
fn up_to(events: &mut Events, last: u64) -> Vec<u64> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|seq| *seq < last) {
        let next = events.next().expect("the stream goes on");
        assert_eq!(next.id, next.data.seq);
        heard.push(next.id);
    }
    heard
}

#[test]
fn a_listener_hears_what_the_log_says() {
    let live = Live::new();
    let mut events = live.listen(VIEWER, None);
    live.post(5).is(201);
    let heard = events.next().unwrap();
    // The book's first record made it.
    assert_eq!((heard.id, heard.event.as_str()), (2, "posted"));
    let log = live
        .call("GET", "/orgs/acme/audit?since=1", "")
        .is(200)
        .json();
    let record = &log["data"][0];
    assert_eq!(record["hash"], heard.data.hash);
    assert_eq!(record["operation"], heard.data.operation.to_string());
    assert_eq!((heard.data.numbers, heard.data.count), (vec![[1, 1]], 1));
    assert_eq!(heard.data.who, "asha@example.com");
}

#[test]
fn nothing_is_missed_or_heard_twice_however_often_the_line_is_cut() {
    const POSTS: u64 = 120;
    let live = Live::new();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=POSTS {
                live.post(u32::try_from(n).unwrap()).is(201);
            }
            done.store(true, Ordering::SeqCst);
        });
        let (mut heard, mut cuts) = (vec![1], 0);
        while heard.len() as u64 <= POSTS {
            let last = *heard.last().unwrap();
            let mut events = live.listen(OWNER, Some(last));
            // A few events, then the line is cut.
            let some = (last + 1 + cuts % 7).min(POSTS + 1);
            heard.extend(up_to(&mut events, some));
            cuts += 1;
        }
        let all: Vec<u64> = (1..=POSTS + 1).collect();
        assert_eq!(heard, all);
        assert!(cuts > 20);
    });
    assert!(done.load(Ordering::SeqCst));
    // All of it from the log, in one go.
    assert_eq!(
        up_to(&mut live.listen(OWNER, Some(0)), POSTS + 1).len() as u64,
        POSTS + 1
    );
}

/// How a line ends.
#[derive(Clone, Copy)]
enum How {
    Close,
    Reset,
    /// Not at all: nothing comes any more.
    Silence,
}

/// Carries connections to a server; each answer is cut after so many bytes, as long as there are numbers left.
fn cutting(to: SocketAddr, mut after: Vec<(usize, How)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(to).unwrap();
            let (mut up, mut asked) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            // Each way ends when its other end does.
            std::thread::spawn(move || std::io::copy(&mut asked, &mut up).ok());
            let (most, how) = after
                .pop()
                .map_or((u64::MAX, How::Close), |(n, how)| (n as u64, how));
            let (mut answer, mut down) = (server.take(most), client);
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut answer, &mut down);
                let server = answer.into_inner();
                match how {
                    How::Close => {
                        let _ = down.shutdown(Shutdown::Both);
                        let _ = server.shutdown(Shutdown::Both);
                    }
                    How::Reset => {
                        let now = Some(std::time::Duration::ZERO);
                        socket2::SockRef::from(&down).set_linger(now).unwrap();
                        // Whoever still listens on it lets go of it too.
                        let _ = down.shutdown(Shutdown::Read);
                    }
                    How::Silence => {
                        // The client's end goes when it gives up.
                        let _ = std::io::copy(&mut down, &mut std::io::sink());
                    }
                }
            });
        }
    });
    address
}

#[test]
fn an_event_that_is_cut_in_its_middle_is_heard_once() {
    const POSTS: u64 = 40;
    let live = Live::new();
    for n in 1..=POSTS {
        live.post(u32::try_from(n).unwrap()).is(201);
    }
    let mut chance = Chance::new("cuts inside events");
    let rounds = match std::env::var_os("HISSAB_TEST_MANY") {
        Some(_) => 40,
        None => 4,
    };
    for round in 1..=rounds {
        // The head takes some 400 bytes, an event some 330: every cut falls somewhere else. The question which
        // versions the server speaks goes first, over the same line.
        let after = (0..6).map(|n| {
            let how = match (rounds > 4 && round == 1 && n == 5, chance.below(2)) {
                (true, _) => How::Silence,
                (false, 0) => How::Reset,
                (false, _) => How::Close,
            };
            (1_500 + chance.below(3_000), how)
        });
        let proxy = cutting(live.server().address(), after.collect());
        let session = Session::new(Settings {
            server: Address::read(&format!("http://{proxy}")).unwrap(),
            credential: Credential::Token {
                secret: OWNER.to_owned(),
                origin: "a test".to_owned(),
            },
            known_servers: None,
        });
        let (mut heard, mut cuts) = (Vec::new(), 0);
        let followed = session.events("/orgs/acme/stream", Some(0), &mut |what| {
            match what {
                What::Cut(_) => cuts += 1,
                What::Event(event) => heard.push(event.sequence),
            }
            match heard.len() as u64 {
                n if n == POSTS + 1 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        assert!(followed.is_ok(), "{followed:?}");
        assert_eq!(heard, (1..=POSTS + 1).collect::<Vec<_>>());
        assert!(cuts >= 3, "only {cuts} cuts");
    }
}

#[test]
fn nobody_takes_all_the_seats_of_the_others() {
    let live = Live::with(|config| {
        config.limits.listeners_a_person = 3;
        config.limits.connections_an_address = 8;
    });
    let mut own: Vec<Events> = (0..3).map(|_| live.listen(OWNER, None)).collect();
    let bearer = format!("Bearer {OWNER}");
    let stream = "/api/v1/orgs/acme/stream";
    let refused = live.ask("GET", stream, &[("authorization", &bearer)], "");
    assert_eq!(refused.is(429).json()["code"], "too-many");
    let other = live.listen(VIEWER, None);
    own.pop();
    // The server sees that the seat is free when it next writes to it.
    while live
        .ask("GET", "/metrics", &[], "")
        .text()
        .contains("hissab_event_listeners 4\n")
    {
        std::thread::yield_now();
    }
    own.push(live.listen(OWNER, None));

    // More connections than an address may have are closed at once, without a word.
    let address = live.server().address();
    let many: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let mut last = TcpStream::connect(address).unwrap();
    assert!(matches!(last.read(&mut [0; 8]), Ok(0) | Err(_)));
    drop((many, other));
    let answered = || {
        let mut asked = TcpStream::connect(address).unwrap();
        let _ = asked.write_all(b"GET /healthz HTTP/1.0\r\nhost: localhost\r\n\r\n");
        matches!(asked.read(&mut [0; 8]), Ok(8))
    };
    while !answered() {
        std::thread::yield_now();
    }
}

#[test]
fn slow_readers_of_one_organisation_leave_room_for_the_others() {
    let live = Live::new();
    let lanes = &live.server().state().lanes;
    let file = live.book();
    let stream = |org: u128| {
        let org = uuid::Uuid::from_u128(org);
        let place = Place {
            org,
            file: file.clone(),
        };
        lanes.stream(&place, |_, push| while push(()).is_continue() {})
    };
    let mut read: Vec<_> = (0..8).map(|_| stream(1).unwrap()).collect();
    assert!(stream(1).is_err());
    assert!(stream(2).is_ok());
    read.pop();
    while stream(1).is_err() {
        std::thread::yield_now();
    }
}

#[test]
fn what_another_process_writes_is_heard_too() {
    let live = Live::new();
    let mut events = live.listen(OWNER, None);
    let book = live.book();
    live.env
        .hissab(["-B", book.to_str().unwrap(), "out", "5", "tea"])
        .ok();
    assert_eq!(events.next().unwrap().data.who, "asha");
}

#[test]
fn a_stream_lives_and_ends_with_the_right_to_read() {
    let live = Live::new();
    let (mut viewer, mut owner) = (live.listen(VIEWER, None), live.listen(OWNER, None));
    viewer.heartbeat();
    owner.heartbeat();
    live.remove_viewer();
    assert!(viewer.next().is_none(), "a member no more hears no more");
    live.post(5).is(201);
    assert_eq!(owner.next().unwrap().id, 2);
}

#[test]
fn a_stream_ends_when_the_server_stops() {
    let mut live = Live::new();
    let mut events = live.listen(OWNER, None);
    events.heartbeat();
    live.stop();
    assert!(events.next().is_none());
}

#[test]
fn a_place_in_the_log_that_is_not_there_is_refused() {
    let live = Live::new();
    let stream = "/orgs/acme/stream?since=99";
    assert_eq!(
        live.call("GET", stream, "").is(409).json()["code"],
        "book-moved"
    );
    let bearer = format!("Bearer {OWNER}");
    let headers = [("authorization", bearer.as_str()), ("last-event-id", "x")];
    let stream = "/api/v1/orgs/acme/stream";
    live.ask("GET", stream, &headers, "").is(400);
    live.ask("GET", stream, &[], "").is(401);
}

#[test]
fn many_idle_listeners_are_served_from_one_reading_of_the_log() {
    let live = Live::new();
    let mut all: Vec<Events> = (0..200).map(|_| live.listen(OWNER, None)).collect();
    live.post(5).is(201);
    for events in &mut all {
        assert_eq!(events.next().unwrap().id, 2);
    }
    let metrics = live.ask("GET", "/metrics", &[], "").is(200).text();
    assert!(
        metrics.contains("hissab_event_listeners 200\n"),
        "{metrics}"
    );
    assert!(metrics.contains("hissab_commits_total 1\n"), "{metrics}");
    let route = "method=\"POST\",route=\"/api/v1/orgs/{org}/transactions\"";
    assert!(
        metrics.contains(&format!("hissab_request_seconds_count{{{route}}} 1\n")),
        "{metrics}"
    );
}

#[test]
fn metrics_are_for_this_machine() {
    let live = Live::new();
    live.ask("GET", "/metrics", &[], "").is(200);
    let forwarded = [("x-forwarded-for", "127.0.0.1")];
    live.ask("GET", "/metrics", &forwarded, "").is(404);
    let open = Live::with(|config| config.open_metrics = true);
    open.ask("GET", "/metrics", &forwarded, "").is(200);
}

#[test]
fn backups_are_whole_private_few_and_can_be_restored() {
    use std::os::unix::fs::PermissionsExt;
    let days = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&days);
    let live = Live::with(|config| {
        let start = jiff::Timestamp::now();
        config.clock = Arc::new(move || {
            start + jiff::SignedDuration::from_hours(24 * clock.load(Ordering::SeqCst))
        });
    });
    live.post(5).is(201);
    let told = Backups {
        folder: live.env.path("backups"),
        keep: 2,
        every: std::time::Duration::from_secs(86_400),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut newest = std::path::PathBuf::new();
    for day in 0..3 {
        days.store(day, Ordering::SeqCst);
        let made = runtime.block_on(backups::make(live.server().state(), &told));
        newest = made.unwrap_or_else(|problem| panic!("{problem:?}"));
    }
    assert_eq!(std::fs::read_dir(&told.folder).unwrap().count(), 2);
    let book = newest.join("books/acme.hissab");
    for file in [&book, &newest.join("server.db")] {
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    assert_eq!(runtime.block_on(backups::prove(newest.clone())), [""; 0]);
    let restored = live.env.path("restored.hissab");
    let words = [
        "-B",
        restored.to_str().unwrap(),
        "restore",
        book.to_str().unwrap(),
    ];
    live.env.hissab(words).ok();
    let served = live.book();
    let balance = |book: &std::path::Path| {
        live.env
            .hissab(["-B", book.to_str().unwrap(), "balance"])
            .ok()
            .stdout
    };
    assert_eq!(balance(&restored), balance(&served));
    assert!(balance(&restored).contains("5.00"));
    // A copy that restore would refuse is named.
    crate::scripted::damage(&book, b"tea");
    let found = runtime.block_on(backups::prove(newest));
    assert!(found[0].contains("acme.hissab: "), "{found:?}");
}

#[test]
fn the_description_is_there_to_read_and_runs_nothing() {
    let live = Live::new();
    let api = live
        .ask("GET", "/api/v1/openapi.json", &[], "")
        .is(200)
        .json();
    assert!(api["paths"]["/api/v1/orgs/{org}/stream"]["get"].is_object());
    let page = live.ask("GET", "/docs", &[], "").is(200);
    assert!(page.text().contains("GET /api/v1/orgs/{org}/stream"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
}

#[test]
fn a_missing_book_is_told_and_stops_nobody_else() {
    let mut live = Live::new();
    let missing = |live: &Live| {
        let text = live.ask("GET", "/metrics", &[], "").is(200).text();
        let line = text
            .lines()
            .find(|l| l.starts_with("hissab_books_missing "));
        line.unwrap().to_owned()
    };
    assert_eq!(missing(&live), "hissab_books_missing 0");
    live.stop();
    let aside = live.env.path("aside.hissab");
    std::fs::rename(live.book(), &aside).unwrap();
    let log = live.logged();
    live.start();
    let said = log.lock().unwrap().join("\n");
    assert!(
        said.contains("book is missing") && said.contains("acme.hissab"),
        "{said}"
    );
    live.ask("GET", "/readyz", &[], "").is(200);
    assert_eq!(missing(&live), "hissab_books_missing 1");
    let refused = live.call("GET", "/orgs/acme/transactions", "").is(503);
    assert_eq!(refused.json()["code"], "damaged");
    live.call("GET", "/auth/me", "").is(200);
    std::fs::rename(&aside, live.book()).unwrap();
    assert_eq!(missing(&live), "hissab_books_missing 0");
    live.call("GET", "/orgs/acme/transactions", "").is(200);
}

/// What is written to a file that is not there any more is lost when it is closed: nobody is told that it was recorded.
#[test]
fn nothing_is_recorded_in_a_book_that_was_removed_or_replaced() {
    let live = Live::new();
    let sale = serde_json::json!({ "date": "2026-04-07", "entries": [
        { "account": "Expenses:Tea", "debit": "5.00" }, { "account": "Assets:Cash", "credit": "5.00" },
    ]})
    .to_string();
    let post = || live.call("POST", "/orgs/acme/transactions", &sale);
    post().is(201);
    live.call("GET", "/orgs/acme/transactions", "").is(200);
    let aside = live.env.path("aside.hissab");
    std::fs::rename(live.book(), &aside).unwrap();
    for replaced in [false, true] {
        if replaced {
            std::fs::copy(&aside, live.book()).unwrap();
        }
        for refused in [post(), live.call("GET", "/orgs/acme/transactions", "")] {
            assert_eq!(refused.is(503).json()["code"], "damaged");
        }
    }
    std::fs::rename(&aside, live.book()).unwrap();
    post().is(201);
    let all = live.call("GET", "/orgs/acme/transactions", "").is(200);
    assert_eq!(all.json()["data"].as_array().unwrap().len(), 2);
}
