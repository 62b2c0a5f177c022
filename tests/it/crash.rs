//! Acknowledged means durable: processes killed at random and at every step, and every step made to fail.
//!
//! An acknowledgement is the line a writer prints, or its exit code 0, whichever comes first; it is
//! kept in a log that is flushed before the next command starts. Whatever happens, the book opens
//! with no repair, proves, and holds all that was acknowledged. The control is a build that
//! acknowledges before the commit; the same harness must catch it.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hissab::book::sqlite::SqliteBook;
use hissab::book::{Book, Scan};

use crate::books::WAIT;
use crate::chance::Chance;
use crate::faults::{Fault, STEPS, State, Trial, files_of, proved};
use crate::support::TestEnv;

/// Processes killed in the random test.
const KILLS: usize = 200;

/// Rows of each imported statement.
const ROWS: usize = 40;

fn hissab() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_hissab"))
}

/// The build that acknowledges before the commit, made when first asked for.
fn early_ack() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target = root.join("target/control");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--bin", "hissab"])
            .args(["--features", "control-early-ack", "--target-dir"])
            .arg(&target)
            .current_dir(root)
            .status()
            .unwrap();
        assert!(built.success(), "the control builds");
        target.join("debug/hissab")
    })
}

// ---------------------------------------------------------------- at random

/// What the processes of one run did.
struct Storm {
    env: TestEnv,
    binary: PathBuf,
    kills: AtomicUsize,
    import_kills: AtomicUsize,
}

/// What was acknowledged, on disk before the next command starts.
struct AckLog {
    file: File,
    acked: Vec<String>,
}

impl AckLog {
    fn new(path: &Path) -> AckLog {
        AckLog {
            file: File::create(path).unwrap(),
            acked: Vec::new(),
        }
    }

    fn keep(&mut self, what: &str) {
        writeln!(self.file, "{what}").unwrap();
        self.file.sync_all().unwrap();
        self.acked.push(what.to_owned());
    }
}

impl Storm {
    /// Runs a command and kills it after `delay`, if there is one. True if it acknowledged.
    fn one(&self, words: &[&str], delay: Option<Duration>, kills: &AtomicUsize) -> bool {
        let plain = self.env.command(words);
        let mut command = Command::new(&self.binary);
        command
            .args(words)
            .current_dir(self.env.folder())
            .env_clear();
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if let Some(delay) = delay {
            // The moment of death is what chance decides: nothing is waited for.
            let (_never, moment) = mpsc::channel::<()>();
            let _ = moment.recv_timeout(delay);
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let killed = output.status.signal() == Some(9);
        if killed {
            kills.fetch_add(1, Ordering::Relaxed);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(killed || output.status.success(), "{words:?}: {said}");
        output.status.success() || output.stdout.ends_with(b"\n")
    }

    /// One process after the other until enough have died; each is killed three times out of four.
    fn worker(
        &self,
        mut chance: Chance,
        log: &mut AckLog,
        kills: &AtomicUsize,
        enough: usize,
        command: impl Fn(usize) -> (String, Vec<String>),
    ) {
        let mut life = Duration::from_millis(20);
        let mut n = 0;
        while kills.load(Ordering::Relaxed) < enough || n < 8 {
            n += 1;
            let (what, words) = command(n);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let delay =
                (chance.below(4) > 0).then(|| life.mul_f64(chance.below(1_250) as f64 / 1_000.0));
            let began = Instant::now();
            if self.one(&words, delay, kills) {
                log.keep(&what);
                if delay.is_none() {
                    life = (life + began.elapsed()) / 2;
                }
            }
        }
    }
}

/// A statement of a bank that nobody has.
fn statement(number: usize) -> String {
    let mut text = String::from("Date,Narration,Withdrawal,Deposit\n");
    for row in 0..ROWS {
        text.push_str(&format!(
            "{:02}/04/2026,import {number} row {row},{}.50,\n",
            row % 7 + 1,
            row + 1
        ));
    }
    text
}

/// Four processes add and one imports while they are killed. Gives acknowledged things that the book
/// does not hold as it should, how many were acknowledged, and how many processes died.
fn storm(binary: &Path, enough: usize, chance: &mut Chance) -> (Vec<String>, usize, usize) {
    let env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    env.hissab(["-B", "shop.hissab", "account", "add", "Assets:Bank:HDFC"])
        .ok();
    let storm = Storm {
        env,
        binary: binary.to_owned(),
        kills: AtomicUsize::new(0),
        import_kills: AtomicUsize::new(0),
    };
    let logs = std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for adder in 0..4 {
            let (storm, chance) = (&storm, Chance::from(chance.next()));
            workers.push(scope.spawn(move || {
                let mut log = AckLog::new(&storm.env.home().join(format!("acks-{adder}")));
                storm.worker(chance, &mut log, &storm.kills, enough, |n| {
                    let what = format!("adder {adder} sale {n}");
                    let words = [
                        "-B",
                        "shop.hissab",
                        "-q",
                        "add",
                        &what,
                        "cash",
                        "5",
                        "sales",
                    ];
                    (what.clone(), words.map(str::to_owned).into())
                });
                log.acked
            }));
        }
        let (storm, chance) = (&storm, Chance::from(chance.next()));
        workers.push(scope.spawn(move || {
            let mut log = AckLog::new(&storm.env.home().join("acks-import"));
            storm.worker(chance, &mut log, &storm.import_kills, enough / 10, |n| {
                let file = storm.env.write(&format!("bank-{n}.csv"), statement(n));
                let file = file.to_string_lossy().into_owned();
                let words = [
                    "-B",
                    "shop.hissab",
                    "import",
                    &file,
                    "--account",
                    "Assets:Bank:HDFC",
                ];
                (format!("import {n}"), words.map(str::to_owned).into())
            });
            log.acked
        }));
        workers
            .into_iter()
            .flat_map(|w| w.join().unwrap())
            .collect::<Vec<_>>()
    });
    let path = storm.env.path("shop.hissab");
    proved(&path);
    storm
        .env
        .hissab([
            "-B",
            "shop.hissab",
            "check",
            "integrity",
            "balanced",
            "totals",
            "chain",
            "number-gap",
            "--deep",
        ])
        .ok();
    let deaths = storm.kills.load(Ordering::Relaxed) + storm.import_kills.load(Ordering::Relaxed);
    (lost(&path, &logs), logs.len(), deaths)
}

/// What was acknowledged and is not there once, and imports that are there in part.
fn lost(path: &Path, acked: &[String]) -> Vec<String> {
    let mut found: HashMap<String, usize> = HashMap::new();
    let mut book = SqliteBook::open_read(path, WAIT).unwrap();
    book.scan(&Scan::default(), &mut |t| {
        let what = t.description.split(" row ").next().unwrap_or_default();
        *found.entry(what.to_owned()).or_default() += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    let whole = |what: &str| if what.starts_with("import") { ROWS } else { 1 };
    let missing = acked.iter().filter(|what| !found.contains_key(*what));
    let torn = found.iter().filter(|(what, count)| **count != whole(what));
    let mut lost: Vec<String> = missing.map(|what| format!("{what} is missing")).collect();
    lost.extend(torn.map(|(what, count)| format!("{what} is there {count} times")));
    lost
}

#[test]
fn nothing_acknowledged_is_lost_to_random_kills_and_no_import_is_torn() {
    let mut chance = Chance::new("kill -9");
    let (lost, acked, deaths) = storm(&hissab(), KILLS, &mut chance);
    eprintln!(
        "kill -9: {deaths} killed, {acked} acknowledged, {} lost or torn",
        lost.len()
    );
    assert!(deaths >= KILLS && acked > 40);
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn a_build_that_acknowledges_before_the_commit_is_caught_by_random_kills() {
    let mut chance = Chance::new("kill -9, control");
    // More than one in ten of its deaths lies between the answer and the commit.
    let (lost, acked, deaths) = storm(early_ack(), KILLS, &mut chance);
    eprintln!(
        "kill -9, control: {deaths} killed, {acked} acknowledged, {} lost",
        lost.len()
    );
    assert!(
        !lost.is_empty(),
        "the control lost nothing: the test would not notice"
    );
}

#[test]
fn only_the_control_acknowledges_early() {
    let mark = b"acknowledges before the commit";
    let holds = |path: &Path| {
        std::fs::read(path)
            .unwrap()
            .windows(mark.len())
            .any(|w| w == mark)
    };
    assert!(holds(early_ack()), "the mark is in the control");
    assert!(!holds(&hissab()), "the mark is in the product");
    let manifest =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    assert!(
        manifest.contains("\ndefault = [\"server\"]\n"),
        "only the server is on by default"
    );
}

// ---------------------------------------------------------------- at every step

/// A book with two sales and the statement to import, as files of a closed folder.
fn shop() -> Vec<(String, Vec<u8>)> {
    let env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    for words in [
        vec!["account", "add", "Assets:Bank:HDFC"],
        vec!["add", "Counter sale", "cash", "500", "sales"],
        vec!["add", "Counter sale", "cash", "250", "sales"],
    ] {
        env.hissab(["-B", "shop.hissab"].into_iter().chain(words))
            .ok();
    }
    let three: String = statement(1)
        .lines()
        .take(4)
        .map(|l| format!("{l}\n"))
        .collect();
    env.write("three.csv", three);
    files_of(&env.folder())
}

const ADD: &[&str] = &[
    "-B",
    "shop.hissab",
    "-q",
    "add",
    "Tea",
    "--dr",
    "Expenses:Tea=5",
    "--cr",
    "cash=5",
    "--create-accounts",
];
const IMPORT: &[&str] = &[
    "-B",
    "shop.hissab",
    "import",
    "three.csv",
    "--account",
    "Assets:Bank:HDFC",
];
const AMEND: &[&str] = &["-B", "shop.hissab", "amend", "1", "--amount", "450"];
const VOID: &[&str] = &["-B", "shop.hissab", "void", "2", "--reason", "twice"];

/// Kills a writer at every step; the book is as before or as after, and holds what was acknowledged.
fn a_writer_dies(words: &[&str], calls: &str) -> (usize, usize) {
    let trial = Trial::new(&hissab(), shop(), words);
    trial.reset();
    let path = trial.path("shop.hissab");
    let before = proved(&path);
    assert!(trial.run().status.success(), "{words:?}");
    let after = proved(&path);
    assert_ne!(counts(&before), counts(&after));
    let mut kept = 0;
    let deaths = trial.die_at_every_step(calls, |tried| {
        let now = proved(&path);
        let acked = tried.output.stdout.ends_with(b"\n");
        let is_after = counts(&now) == counts(&after);
        assert!(
            is_after || now == before,
            "torn at step {}: {now:?}",
            tried.step
        );
        assert!(
            is_after || !acked,
            "acknowledged and lost at step {}",
            tried.step
        );
        kept += usize::from(is_after);
    });
    eprintln!(
        "{}: killed at each of {deaths} steps, after the commit in {kept}",
        words.join(" ")
    );
    assert!(kept < deaths && deaths > 10);
    (deaths, kept)
}

fn counts(state: &State) -> (u64, u64, u64) {
    (state.sequence, state.transactions, state.voided)
}

#[test]
fn add_is_all_or_nothing_at_every_step() {
    a_writer_dies(ADD, STEPS);
}

#[test]
fn import_is_all_or_nothing_at_every_step() {
    a_writer_dies(IMPORT, STEPS);
}

#[test]
fn amend_and_void_are_all_or_nothing_at_every_step() {
    a_writer_dies(AMEND, STEPS);
    a_writer_dies(VOID, STEPS);
}

#[test]
fn the_control_is_caught_at_a_step() {
    let trial = Trial::new(early_ack(), shop(), ADD);
    let path = trial.path("shop.hissab");
    trial.reset();
    let before = proved(&path);
    let mut lost = 0;
    trial.die_at_every_step(STEPS, |tried| {
        lost += usize::from(tried.output.stdout.ends_with(b"\n") && proved(&path) == before);
    });
    assert!(
        lost > 0,
        "the control lost nothing: the test would not notice"
    );
}

#[test]
fn backup_leaves_a_whole_copy_or_none_at_every_step() {
    let trial = Trial::new(
        &hissab(),
        shop(),
        &["-B", "shop.hissab", "backup", "copy.hissab"],
    );
    let (path, copy) = (trial.path("shop.hissab"), trial.path("copy.hissab"));
    trial.reset();
    let before = proved(&path);
    let deaths = trial.die_at_every_step(STEPS, |tried| {
        assert_eq!(proved(&path), before, "step {}", tried.step);
        if copy.exists() {
            assert_eq!(proved(&copy), before, "step {}", tried.step);
        }
    });
    assert_eq!(proved(&copy), before);
    eprintln!("backup: killed at each of {deaths} steps");
}

#[test]
fn init_leaves_a_whole_book_or_none_at_every_step() {
    let trial = Trial::new(
        &hissab(),
        Vec::new(),
        &["init", "new.hissab", "--template", "shop"],
    );
    let path = trial.path("new.hissab");
    let deaths = trial.die_at_every_step(STEPS, |_| {
        if path.exists() {
            assert_eq!(proved(&path).sequence, 1);
        }
        // What died is no obstacle.
        if !path.exists() {
            assert!(trial.run().status.success());
        }
    });
    eprintln!("init: killed at each of {deaths} steps");
}

// ---------------------------------------------------------------- steps that fail

/// Lets each call of a kind fail once: no exit 0 without the change, a message that names file and cause, and the
/// next run without a fault succeeds.
fn a_writer_fails(words: &[&str], error: &'static str) {
    let trial = Trial::new(&hissab(), shop(), words);
    let path = trial.path("shop.hissab");
    trial.reset();
    let before = proved(&path);
    trial.run();
    let after = proved(&path);
    let (mut tries, mut refused) = (0, 0);
    for call in ["pwrite64", "fsync", "fdatasync", "ftruncate", "?unlink"] {
        for step in 1.. {
            trial.reset();
            if !trial.try_at(call, Fault::Kill, step).killed() {
                break;
            }
            trial.reset();
            let tried = trial.try_at(call, Fault::Error(error), step);
            let place = format!("{words:?}: {call} {step} {error}: {}", tried.stderr());
            tries += 1;
            let now = proved(&path);
            let is_after = counts(&now) == counts(&after);
            assert!(is_after || now == before, "{place}");
            match tried.output.status.code() {
                Some(0) => assert!(is_after, "{place}"),
                Some(1 | 10) => {
                    refused += 1;
                    let said = tried.stderr();
                    assert!(
                        said.starts_with("error: ") && said.contains("shop.hissab"),
                        "{place}"
                    );
                    assert!(said.contains("disk") || said.contains("space"), "{place}");
                }
                other => panic!("exit {other:?}: {place}"),
            }
            let again = trial.run();
            let said = String::from_utf8_lossy(&again.stderr).into_owned();
            assert!(again.status.success(), "after {place}: {said}");
            proved(&path);
        }
    }
    eprintln!(
        "{}: {tries} steps failed with {error}, {refused} refused",
        words.join(" ")
    );
    // The control: a commit whose flush fails is never acknowledged.
    assert!(refused > 0, "no fault reached the commit");
}

#[test]
fn add_never_acknowledges_what_a_failing_disk_did_not_take() {
    a_writer_fails(ADD, "EIO");
    a_writer_fails(ADD, "ENOSPC");
}

#[test]
fn import_never_acknowledges_what_a_failing_disk_did_not_take() {
    a_writer_fails(IMPORT, "EIO");
    a_writer_fails(IMPORT, "ENOSPC");
}

#[test]
fn a_backup_that_fails_leaves_no_copy_behind() {
    let trial = Trial::new(
        &hissab(),
        shop(),
        &["-B", "shop.hissab", "backup", "copy.hissab"],
    );
    let (path, copy) = (trial.path("shop.hissab"), trial.path("copy.hissab"));
    trial.reset();
    let before = proved(&path);
    let mut refused = 0;
    for (call, every) in [("pwrite64", 7), ("fsync", 1), ("renameat2", 1)] {
        for step in (1..).step_by(every) {
            trial.reset();
            if !trial.try_at(call, Fault::Kill, step).killed() {
                break;
            }
            trial.reset();
            let tried = trial.try_at(call, Fault::Error("ENOSPC"), step);
            let place = format!("{call} {step}: {}", tried.stderr());
            assert_eq!(proved(&path), before, "{place}");
            if tried.output.status.success() {
                assert_eq!(proved(&copy), before, "{place}");
            } else {
                refused += 1;
                assert!(!copy.exists(), "{place}");
                assert!(tried.stderr().contains(".hissab"), "{place}");
            }
        }
    }
    assert!(refused > 0);
}
