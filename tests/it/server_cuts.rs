//! Changes happen once whatever becomes of the line: a proxy cuts it at every position, in every way.
//!
//! Each way but silence once by default; `HISSAB_TEST_CUTS=500` makes so many cuts, silence among them (half an
//! hour of waiting, side by side). `HISSAB_SEED` repeats a run.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use crate::chance::Chance;
use crate::server_client::{Serving, credentials, shop, times};
use crate::support::{Run, TestEnv};

/// Where a request that changes the book is cut, or its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Before,
    Head,
    Body,
    /// The server has all of the request, the client nothing of the answer.
    Answer,
    AnswerHead,
    AnswerBody,
    /// The client has the answer, and then nobody answers any more.
    After,
    /// All of it goes through.
    Nowhere,
}

/// What the ends see of a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Close,
    Reset,
    /// Nothing: the line stays open until the client is gone.
    Silence,
}

#[derive(Debug, Clone, Copy)]
struct Cut {
    at: At,
    how: How,
    /// The server is told twice.
    twice: bool,
    /// Says how far into the part that is cut, whatever its length.
    place: usize,
}

impl Cut {
    const fn new(at: At, how: How, twice: bool) -> Cut {
        Cut {
            at,
            how,
            twice,
            place: 700,
        }
    }
}

const NO_ANSWER: Cut = Cut::new(At::Answer, How::Close, false);
const GONE_AFTER: Cut = Cut::new(At::After, How::Close, false);
const MID_REQUEST: Cut = Cut::new(At::Body, How::Close, false);
const MID_ANSWER: Cut = Cut::new(At::AnswerBody, How::Close, false);
const TWICE: Cut = Cut::new(At::Nowhere, How::Close, true);
const HELD_BEFORE: Cut = Cut::new(At::Before, How::Silence, false);
const HELD_ANSWER: Cut = Cut::new(At::Answer, How::Silence, false);

/// Every position with every way; what reaches the server whole also twice.
fn every_way() -> Vec<Cut> {
    let early = [At::Before, At::Head, At::Body].map(|at| (at, false));
    let late = [At::Answer, At::AnswerHead, At::AnswerBody];
    let late = late.into_iter().flat_map(|at| [(at, false), (at, true)]);
    let mut ways = vec![TWICE];
    for (at, twice) in early.into_iter().chain(late) {
        for how in [How::Close, How::Reset, How::Silence] {
            ways.push(Cut::new(at, how, twice));
        }
    }
    ways
}

/// A proxy that cuts the next changes as it is told, and lets everything else through.
struct Proxy {
    port: u16,
    plan: Arc<Mutex<Vec<Cut>>>,
    /// Told when a change is held.
    held: Receiver<()>,
    /// Nothing gets through.
    gone: Arc<AtomicBool>,
    /// How often somebody asked who is signed in.
    asked: Arc<AtomicUsize>,
}

impl Proxy {
    fn start(to: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan: Arc<Mutex<Vec<Cut>>> = Arc::default();
        let cuts = plan.clone();
        let (holding, held) = channel();
        let gone = Arc::new(AtomicBool::new(false));
        let is_gone = gone.clone();
        let asked = Arc::new(AtomicUsize::new(0));
        let is_asked = asked.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (cuts, holding, gone) = (cuts.clone(), holding.clone(), is_gone.clone());
                let asked = is_asked.clone();
                // A connection that is cut ends its thread with an error, which is what was wanted.
                std::thread::spawn(move || carry(client, to, &cuts, &holding, &gone, &asked).ok());
            }
        });
        Proxy {
            port,
            plan,
            held,
            gone,
            asked,
        }
    }
}

/// One message: its head, and a body as long as the head says.
fn message(from: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut length = 0;
    let mut chunked = false;
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&line).to_lowercase();
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        chunked |= text.starts_with("transfer-encoding:") && text.contains("chunked");
        all.extend_from_slice(&line);
        if line == b"\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    all.extend(body);
    while chunked && !all.ends_with(b"\r\n0\r\n\r\n") {
        if from.read_until(b'\n', &mut all)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(all)
}

/// A part of a message: some of its head, or all of its head and some of its body.
fn part(message: &[u8], of_head: bool, place: usize) -> &[u8] {
    let head = message.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let (from, length) = match of_head {
        true => (1, head - 1),
        false => (head, message.len() - head),
    };
    &message[..from + length * place / 1_000]
}

fn carry(
    client: TcpStream,
    to: u16,
    cuts: &Mutex<Vec<Cut>>,
    holding: &Sender<()>,
    gone: &AtomicBool,
    asked: &AtomicUsize,
) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", to))?;
    let mut requests = BufReader::new(client.try_clone()?);
    let mut answers = BufReader::new(server.try_clone()?);
    let (mut to_client, mut to_server) = (client, server);
    loop {
        let request = message(&mut requests)?;
        if gone.load(Ordering::SeqCst) {
            return Ok(());
        }
        if request.starts_with(b"GET /api/v1/auth/me ") {
            asked.fetch_add(1, Ordering::SeqCst);
        }
        let changes = [&b"changes"[..], b"imports"]
            .map(|end| [b"POST /api/v1/orgs/shop/", end].concat())
            .iter()
            .any(|start| request.starts_with(start));
        let cut = match changes {
            true => cuts.lock().unwrap().pop(),
            false => None,
        };
        let Some(cut) = cut else {
            to_server.write_all(&request)?;
            to_client.write_all(&message(&mut answers)?)?;
            continue;
        };
        match cut.at {
            At::Before => {}
            At::Head | At::Body => {
                to_server.write_all(part(&request, cut.at == At::Head, cut.place))?;
            }
            _ => {
                to_server.write_all(&request)?;
                let mut answer = message(&mut answers)?;
                if cut.twice {
                    to_server.write_all(&request)?;
                    answer = message(&mut answers)?;
                }
                match cut.at {
                    At::AnswerHead => to_client.write_all(part(&answer, true, cut.place))?,
                    At::AnswerBody => to_client.write_all(part(&answer, false, cut.place))?,
                    At::Nowhere => {
                        to_client.write_all(&answer)?;
                        continue;
                    }
                    At::After => {
                        gone.store(true, Ordering::SeqCst);
                        to_client.write_all(&answer)?;
                    }
                    _ => {}
                }
            }
        }
        return match cut.how {
            How::Close => Ok(()),
            How::Reset => {
                let now = Some(std::time::Duration::ZERO);
                socket2::SockRef::from(&to_server).set_linger(now)?;
                socket2::SockRef::from(&to_client).set_linger(now)
            }
            How::Silence => {
                // Nobody may be asking any more.
                let _ = holding.send(());
                message(&mut requests).map(drop)
            }
        };
    }
}

/// The same sign-in and book, reached through the proxy.
fn through(env: &mut TestEnv, serving: &Serving, proxy: &Proxy) {
    let text = std::fs::read_to_string(credentials(env)).unwrap();
    let there = format!("http://127.0.0.1:{}", proxy.port);
    std::fs::write(credentials(env), text.replace(&serving.url(), &there)).unwrap();
    env.set("HISSAB_BOOK", &format!("{there}/shop"));
}

fn out(env: &TestEnv, what: &str) -> Run {
    env.hissab(["out", "1", what])
}

/// Every way to cut that is not silence, once; `HISSAB_TEST_CUTS=500`: as many of all ways.
fn plan(chance: &mut Chance) -> Vec<Cut> {
    let asked = std::env::var("HISSAB_TEST_CUTS").ok();
    let asked: Option<usize> = asked.and_then(|n| n.parse().ok());
    let mut ways = every_way();
    if asked.is_none() {
        ways.retain(|cut| cut.how != How::Silence);
    }
    let count = asked.unwrap_or(ways.len());
    let mut plan: Vec<Cut> = ways.iter().cycle().take(count).copied().collect();
    for cut in &mut plan {
        cut.place = chance.below(1_000);
    }
    for last in (1..plan.len()).rev() {
        plan.swap(last, chance.below(last + 1));
    }
    plan
}

/// Numbers of transactions by their description.
fn recorded(env: &TestEnv) -> HashMap<String, HashSet<String>> {
    let rows = env.hissab(["journal", "-O", "csv", "--fields", "number,description"]);
    let mut found: HashMap<String, HashSet<String>> = HashMap::new();
    for (number, description) in rows.ok().stdout.lines().filter_map(|l| l.split_once(',')) {
        let numbers = found.entry(description.to_owned()).or_default();
        numbers.insert(number.to_owned());
    }
    found
}

#[test]
fn a_transaction_is_recorded_once_wherever_the_line_is_cut() {
    let (mut env, serving) = shop();
    let proxy = Proxy::start(serving.port);
    through(&mut env, &serving, &proxy);
    let mut chance = Chance::new("cut lines");
    let plan = plan(&mut chance);
    let silent = plan.iter().any(|cut| cut.how == How::Silence);
    *proxy.plan.lock().unwrap() = plan;
    // Who waits out a silence does so beside others.
    let hands = if silent { 16 } else { 2 };
    let round = AtomicUsize::new(0);
    let (posted, waiting) = (Mutex::new(Vec::<String>::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(|| {
                while !proxy.plan.lock().unwrap().is_empty() {
                    let what = format!("round-{}", round.fetch_add(1, Ordering::Relaxed));
                    let run = out(&env, &what);
                    match run.exit {
                        0 => posted.lock().unwrap().push(what),
                        9 => {
                            assert!(run.stderr.contains("hissab sync"), "{run}");
                            waiting.fetch_add(1, Ordering::Relaxed);
                        }
                        other => panic!("exit {other}: {run}"),
                    }
                }
            });
        }
    });
    let posted: Vec<String> = posted.into_inner().unwrap();
    let before = recorded(&env);
    for what in &posted {
        assert_eq!(before[what].len(), 1, "{what} was said to be posted");
    }
    env.hissab(["sync"]).ok();
    let after = recorded(&env);
    let rounds = round.into_inner();
    eprintln!(
        "{rounds} transactions, {} posted, {} waited for sync",
        posted.len(),
        waiting.into_inner()
    );
    for n in 0..rounds {
        let what = format!("round-{n}");
        assert_eq!(after.get(&what).map(HashSet::len), Some(1), "{what}");
    }
    assert!(posted.len() < rounds, "no round was cut often enough");
    let left = env.hissab(["sync", "--list", "-O", "ndjson"]).ok().stdout;
    assert_eq!(left, "");
}

/// As long as a client waits for an answer, three times at once.
#[test]
fn a_line_that_says_nothing_is_no_answer() {
    let (mut env, serving) = shop();
    let proxy = Proxy::start(serving.port);
    through(&mut env, &serving, &proxy);
    *proxy.plan.lock().unwrap() = vec![HELD_ANSWER, HELD_BEFORE, HELD_ANSWER];
    let said = ["one", "two", "three"].map(|what| {
        let mut command = env.command(["out", "1", what]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        (what, command.spawn().unwrap())
    });
    for (what, child) in said {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(9), "{what}: {text}");
        assert!(text.contains("no answer in time"), "{what}: {text}");
        assert!(text.contains("hissab sync"), "{what}: {text}");
        assert_eq!(output.stdout, b"", "{what}");
    }
    let all = |env: &TestEnv| ["one", "two", "three"].map(|what| times(env, what));
    assert_eq!(all(&env).iter().sum::<usize>(), 2, "one was never sent on");
    env.hissab(["sync"]).ok();
    assert_eq!(all(&env), [1; 3]);
}

/// A bank's statement that is too long for one request.
fn long_statement(env: &TestEnv, rows: u32) {
    let mut text = "Date,Narration,Amount\n".to_owned();
    for row in 0..rows {
        text += &format!("2026-04-07,row {row} of a statement that takes some room,-{row}.50\n");
    }
    env.write("long.csv", text);
}

#[test]
fn a_streamed_import_is_recorded_once_wherever_the_line_is_cut() {
    let (mut env, serving) = shop();
    let proxy = Proxy::start(serving.port);
    through(&mut env, &serving, &proxy);
    long_statement(&env, 4000);
    let import = ["import", "long.csv", "--account", "cash"];
    *proxy.plan.lock().unwrap() = vec![NO_ANSWER; 3];
    let run = env.hissab(import).exits(9);
    assert!(run.stderr.contains("the same import again"), "{run}");
    *proxy.plan.lock().unwrap() = vec![TWICE, MID_ANSWER, MID_REQUEST];
    let run = env.hissab(import).ok();
    assert!(run.stdout.contains("4000"), "{run}");
    assert_eq!(times(&env, "row 7 of a statement that takes some room"), 1);
    let rows = env.hissab(["journal", "-O", "csv", "--fields", "number"]);
    assert_eq!(rows.ok().stdout.lines().count(), 1 + 2 * 4000);
}

#[test]
fn control_typing_it_again_instead_of_sync_records_it_twice() {
    let (mut env, serving) = shop();
    let proxy = Proxy::start(serving.port);
    through(&mut env, &serving, &proxy);
    *proxy.plan.lock().unwrap() = vec![NO_ANSWER; 4];
    out(&env, "again").exits(9);
    out(&env, "again").ok();
    assert_eq!(times(&env, "again"), 2, "a new id is another transaction");
}

#[test]
fn a_client_killed_while_it_sends_leaves_what_sync_settles_once() {
    let (mut env, serving) = shop();
    let proxy = Proxy::start(serving.port);
    through(&mut env, &serving, &proxy);
    for (cut, what) in [(HELD_BEFORE, "never-arrived"), (HELD_ANSWER, "arrived")] {
        *proxy.plan.lock().unwrap() = vec![cut];
        let mut child = env
            .command(["out", "1", what])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let wait = std::time::Duration::from_secs(60);
        proxy.held.recv_timeout(wait).expect("a change on its way");
        child.kill().unwrap();
        child.wait().unwrap();
        let listed = env.hissab(["sync", "--list", "-O", "csv"]).ok().stdout;
        assert_eq!(listed.lines().count(), 2, "{cut:?}: {listed}");
        env.hissab(["sync"]).ok();
        assert_eq!(times(&env, what), 1, "{cut:?}");
        env.hissab(["sync"]).ok();
        assert_eq!(times(&env, what), 1, "{cut:?}, settled again");
    }
}

/// The answer came and told the numbers; that nobody can look at them now does not undo it.
#[test]
fn what_was_answered_is_recorded_though_the_line_breaks_before_it_is_shown() {
    let (mut env, serving) = shop();
    let proxy = Proxy::start(serving.port);
    through(&mut env, &serving, &proxy);
    long_statement(&env, 30);
    out(&env, "first").ok();
    let number = env.hissab(["-q", "out", "2", "second"]).ok().stdout;
    let number = number.trim();
    for line in [
        "out 1 text",
        "-q out 1 quiet",
        "out 1 object --json",
        "void NUMBER --reason twice",
        "undo",
        "amend NUMBER --description other",
        "tag NUMBER a=b",
        "count cash 5 --post",
        "import long.csv --account cash",
        "add --json - --each",
    ] {
        let line = line.replace("NUMBER", number);
        *proxy.plan.lock().unwrap() = vec![GONE_AFTER];
        let object = r#"{"description":"fed","entries":[{"account":"Tea","amount":"5"},{"account":"Cash","amount":"-5"}]}"#;
        let run = env.hissab_fed(object, line.split(' ')).ok();
        assert!(run.stderr.contains("warning: "), "{line}: {run}");
        assert!(
            !run.stderr.contains("nothing was recorded"),
            "{line}: {run}"
        );
        assert!(
            run.stdout.contains(|c: char| c.is_ascii_digit()),
            "{line}: {run}"
        );
        proxy.gone.store(false, Ordering::SeqCst);
        assert_eq!(
            env.hissab(["sync", "--list", "-O", "ndjson"]).ok().stdout,
            ""
        );
    }
    // Without a server each line waits: none of them is refused.
    proxy.gone.store(true, Ordering::SeqCst);
    let object = |what: &str| {
        format!(
            "{{\"description\":\"{what}\",\"entries\":[{{\"account\":\"Tea\",\"amount\":\"5\"}},{{\"account\":\"Cash\",\"amount\":\"-5\"}}]}}\n"
        )
    };
    let two = object("waits") + &object("waits-too");
    let run = env
        .hissab_fed(two, ["add", "--json", "-", "--each"])
        .exits(9);
    assert!(run.stderr.contains("0 of 2 posted, 2 waiting"), "{run}");
    proxy.gone.store(false, Ordering::SeqCst);
    env.hissab(["sync"]).ok();
    for what in ["text", "quiet", "object", "fed", "waits", "waits-too"] {
        assert_eq!(times(&env, what), 1, "{what}");
    }
    assert_eq!(times(&env, "row 7 of a statement that takes some room"), 1);
}

#[test]
fn what_somebody_else_left_waiting_is_not_recorded_in_your_name() {
    let (mut env, serving) = shop();
    let proxy = Proxy::start(serving.port);
    through(&mut env, &serving, &proxy);
    out(&env, "before").ok();
    let mine = std::fs::read_to_string(credentials(&env)).unwrap();
    let other = mine.replace("asha@example.com", "ravi@example.com");
    std::fs::write(credentials(&env), other).unwrap();
    proxy.gone.store(true, Ordering::SeqCst);
    for what in ["of-ravi", "too", "three"] {
        out(&env, what).exits(9);
    }
    std::fs::write(credentials(&env), mine).unwrap();
    out(&env, "of-asha").exits(9);
    proxy.gone.store(false, Ordering::SeqCst);
    let asked = proxy.asked.load(Ordering::SeqCst);
    let run = env.hissab(["sync"]).exits(9);
    assert_eq!(
        proxy.asked.load(Ordering::SeqCst),
        asked + 1,
        "once a server"
    );
    assert!(
        run.stderr.contains("was recorded here by ravi@example.com"),
        "{run}"
    );
    assert!(run.stderr.contains("hissab sync --adopt"), "{run}");
    assert_eq!([times(&env, "of-asha"), times(&env, "of-ravi")], [1, 0]);
    env.hissab(["sync", "--adopt"]).ok();
    assert_eq!([times(&env, "of-asha"), times(&env, "of-ravi")], [1, 1]);
}

#[test]
fn sync_names_no_number_where_there_is_none() {
    let (mut env, serving) = shop();
    let proxy = Proxy::start(serving.port);
    through(&mut env, &serving, &proxy);
    let number = env.hissab(["-q", "out", "2", "tea"]).ok().stdout;
    *proxy.plan.lock().unwrap() = vec![NO_ANSWER; 4];
    env.hissab(["void", number.trim(), "--reason", "twice"])
        .exits(9);
    let run = env.hissab(["sync"]).ok();
    assert!(
        !run.stdout.contains("as :") && run.stdout.contains("1 change"),
        "{run}"
    );
    assert!(!run.stdout.contains("1 changes"), "{run}");
}
