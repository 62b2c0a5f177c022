//! Bad input of every sort: a clear error with the exit code of the contract and a code of its own, nothing
//! lost, nothing half-done. And readers leave the folder of a book as it was.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use rusqlite::Connection;

use crate::faults::{files_of, proved};
use crate::support::{Run, TestEnv};

const BOOK: &[&str] = &["-B", "shop.hissab"];

/// A folder with a book of one sale in it.
fn shop() -> TestEnv {
    let env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    env.hissab([
        "-B",
        "shop.hissab",
        "add",
        "Counter sale",
        "cash",
        "500",
        "sales",
    ])
    .ok();
    env
}

fn on(env: &TestEnv, words: &[&str]) -> Run {
    env.hissab(BOOK.iter().chain(words))
}

/// The code of the error object that `--json` puts on stderr.
#[track_caller]
fn code_of(run: &Run) -> String {
    assert!(run.stdout.is_empty(), "{run}");
    let object = run
        .stderr
        .lines()
        .find(|l| l.starts_with('{'))
        .unwrap_or_else(|| panic!("{run}"));
    let object: serde_json::Value =
        serde_json::from_str(object).unwrap_or_else(|_| panic!("{run}"));
    object["code"]
        .as_str()
        .unwrap_or_else(|| panic!("{run}"))
        .to_owned()
}

/// The same command says it to people: what and why, and where to go from there.
#[track_caller]
fn refused(env: &TestEnv, words: &[&str], exit: i32, code: &str) {
    let people = env.hissab(words).exits(exit);
    // A busy book is announced before it is given up.
    assert!(
        people.stderr.lines().any(|l| l.starts_with("error: ")),
        "{people}"
    );
    assert!(
        !people.stderr.contains("panicked") && people.stdout.is_empty(),
        "{people}"
    );
    let machine = env.hissab(words.iter().chain(&["--json"])).exits(exit);
    assert_eq!(code_of(&machine), code, "{machine}");
}

// ---------------------------------------------------------------- what is no book

#[test]
fn what_is_no_book_is_named_as_what_it_is() {
    let env = shop();
    env.write("empty.hissab", "");
    env.write(
        "text.hissab",
        "Dear diary, this is not a book but it is long enough to be read as a header of one.\n"
            .repeat(20),
    );
    env.write(
        "binary.hissab",
        (0..5_000u32).map(|n| (n * 7) as u8).collect::<Vec<u8>>(),
    );
    fs::create_dir(env.path("folder.hissab")).unwrap();
    let other = Connection::open(env.path("other.hissab")).unwrap();
    other
        .execute_batch("CREATE TABLE recipes (title TEXT)")
        .unwrap();
    drop(other);
    let cut = fs::read(env.path("shop.hissab")).unwrap();
    env.write("cut.hissab", &cut[..cut.len() / 2]);
    let before = files_of_flat(&env);
    for (name, exit, code) in [
        ("missing.hissab", 6, "book-not-found"),
        ("empty.hissab", 10, "not-a-book"),
        ("text.hissab", 10, "not-a-book"),
        ("binary.hissab", 10, "not-a-book"),
        ("folder.hissab", 10, "not-a-book"),
        ("other.hissab", 10, "not-a-book"),
        ("cut.hissab", 10, "damaged"),
    ] {
        let file = env.path(name).to_string_lossy().into_owned();
        refused(&env, &["-B", &file, "tb"], exit, code);
        refused(
            &env,
            &["-B", &file, "add", "Sale", "cash", "5", "sales"],
            exit,
            code,
        );
    }
    assert_eq!(
        files_of_flat(&env),
        before,
        "no file was made, changed or removed"
    );
}

/// The files of the folder without its folders.
fn files_of_flat(env: &TestEnv) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(env.folder()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            files.push((
                entry.file_name().to_string_lossy().into_owned(),
                fs::read(entry.path()).unwrap(),
            ));
        }
    }
    files.sort();
    files
}

#[test]
fn a_book_of_a_newer_hissab_is_left_alone() {
    let env = shop();
    let conn = Connection::open(env.path("shop.hissab")).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let before = files_of(&env.folder());
    for words in [
        &["tb"][..],
        &["add", "Sale", "cash", "5", "sales"],
        &["check"],
        &["backup", "b.hissab"],
    ] {
        let words: Vec<&str> = BOOK.iter().chain(words).copied().collect();
        refused(&env, &words, 10, "newer");
    }
    assert_eq!(files_of(&env.folder()), before);
}

#[test]
fn a_name_that_looks_like_a_uri_is_a_file_of_that_name() {
    let env = TestEnv::new();
    env.hissab(["init", "./file:x?nolock=1", "--template", "shop"])
        .ok();
    assert!(env.path("file:x?nolock=1").exists());
    env.hissab([
        "-B",
        "./file:x?nolock=1",
        "add",
        "Sale",
        "cash",
        "5",
        "sales",
    ])
    .ok();
    assert_eq!(proved(&env.path("file:x?nolock=1")).transactions, 1);
    // Locks hold: another writer is waited for.
    let conn = Connection::open_with_flags(
        env.path("file:x?nolock=1"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE,
    )
    .unwrap();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    refused(
        &env,
        &[
            "-B",
            "./file:x?nolock=1",
            "--wait",
            "0",
            "add",
            "Sale",
            "cash",
            "5",
            "sales",
        ],
        10,
        "busy",
    );
}

// ---------------------------------------------------------------- what cannot be written

#[test]
fn a_locked_book_is_waited_for_and_then_refused() {
    let env = shop();
    let conn = Connection::open(env.path("shop.hissab")).unwrap();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    refused(
        &env,
        &[
            "-B",
            "shop.hissab",
            "--wait",
            "1",
            "add",
            "Sale",
            "cash",
            "5",
            "sales",
        ],
        10,
        "busy",
    );
    // Readers do not wait for writers.
    on(&env, &["tb"]).ok();
    conn.execute_batch("ROLLBACK").unwrap();
    drop(conn);
    on(&env, &["add", "Sale", "cash", "5", "sales"]).ok();
    assert_eq!(proved(&env.path("shop.hissab")).transactions, 2);
}

#[test]
fn a_file_that_may_grow_no_more_is_a_full_disk() {
    let env = shop();
    let before = proved(&env.path("shop.hissab"));
    for blocks in [0, 8, 40, 352] {
        let limited = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = env.command(["-B", "shop.hissab", "add", "Sale", "cash", "5", "sales"]);
        let words: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut shell = std::process::Command::new("bash");
        shell
            .args(["-c", &limited, env!("CARGO_BIN_EXE_hissab")])
            .args(words);
        shell.current_dir(env.folder()).env_clear();
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => assert!(proved(&env.path("shop.hissab")).transactions > before.transactions),
            Some(1) => {
                assert!(said.contains("space") || said.contains("disk"), "{said}");
                assert_eq!(proved(&env.path("shop.hissab")), before, "{said}");
            }
            other => panic!("exit {other:?} with ulimit -f {blocks}: {said}"),
        }
        command.stdout(Stdio::null());
    }
    // Room again: nothing has to be repaired.
    on(&env, &["add", "Sale", "cash", "5", "sales"]).ok();
}

#[test]
fn a_full_file_system_loses_nothing() {
    if std::env::var_os("HISSAB_PRIVILEGED").is_none() {
        eprintln!("not run: tests/run --privileged mounts a small tmpfs");
        return;
    }
    let env = shop();
    let disk = env.path("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(&disk)
        .status()
        .unwrap();
    assert!(mounted.success());
    let _unmount = Unmount(disk.clone());
    fs::copy(env.path("shop.hissab"), disk.join("shop.hissab")).unwrap();
    let book = disk.join("shop.hissab").to_string_lossy().into_owned();
    let add = ["-B", &book, "-q", "add", "Sale", "cash", "5", "sales"];
    let (mut acked, mut refusals) = (1, 0);
    // Fill what is left, byte by kilobyte, and add on the way.
    let mut filler = fs::File::create(disk.join("filler")).unwrap();
    while refusals < 5 {
        if filler.write_all(&[7; 16 * 1024]).is_err() {
            let _ = filler.write_all(&[7; 512]);
        }
        let run = env.hissab(add);
        match run.exit {
            0 => acked += 1,
            1 | 10 => {
                refusals += 1;
                assert!(
                    run.stderr.contains("space") || run.stderr.contains("disk"),
                    "{run}"
                );
            }
            _ => panic!("{run}"),
        }
        // Looking works while the disk is full.
        env.hissab(["-B", &book, "tb"]).ok();
    }
    drop(filler);
    fs::remove_file(disk.join("filler")).unwrap();
    env.hissab(add).ok();
    assert!(proved(&disk.join("shop.hissab")).transactions > acked);
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
    }
}

// ---------------------------------------------------------------- readers change nothing

const READING: &[&[&str]] = &[
    &["tb"],
    &["balance"],
    &["journal"],
    &["ledger", "Assets:Cash"],
    &["register"],
    &["balance-sheet"],
    &["income-statement"],
    &["check", "--deep"],
    &["audit", "list"],
    &["audit", "verify"],
    &["log"],
    &["show", "1"],
];

#[test]
fn reading_changes_nothing_in_the_folder() {
    let env = shop();
    let before = files_of(&env.folder());
    for words in READING {
        on(&env, words).ok();
        assert_eq!(files_of(&env.folder()), before, "{words:?}");
    }
}

#[test]
fn a_read_only_folder_can_be_read_and_not_written() {
    let env = shop();
    let folder = env.folder();
    let before = files_of(&folder);
    let who = other_user();
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(env.path("shop.hissab"), Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(env.home(), Permissions::from_mode(0o755)).unwrap();
    let run = |words: &[&str]| -> Run {
        let command = env.command(BOOK.iter().chain(words));
        let mut wrapped = std::process::Command::new(&who[0]);
        wrapped
            .args(&who[1..])
            .arg(env!("CARGO_BIN_EXE_hissab"))
            .args(command.get_args());
        wrapped.current_dir(&folder).env_clear();
        for (name, value) in command.get_envs() {
            wrapped.env(name, value.unwrap_or_default());
        }
        let output = wrapped.output().unwrap();
        Run {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            exit: output.status.code().unwrap_or(-1),
        }
    };
    for words in READING {
        run(words).ok();
    }
    let refused = run(&["add", "Sale", "cash", "5", "sales", "--json"]).exits(10);
    assert_eq!(code_of(&refused), "read-only");
    // Whatever would make a file there says that a folder of one's own will do.
    for words in [
        &["backup"][..],
        &["tb", "-o", "tb.csv"],
        &["export", "x.csv"],
    ] {
        let refused = run(words).exits(1);
        assert!(refused.stderr.contains("a folder of your own"), "{refused}");
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(files_of(&folder), before);
}

/// How to run as somebody who may not write: nothing before the words for an ordinary user.
fn other_user() -> Vec<String> {
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|w| (*w).to_owned()).collect() };
    let is_root = std::process::Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|o| o.stdout == b"0\n");
    if !is_root {
        return words(&["env"]);
    }
    let other = ["setpriv", "--reuid", "65534", "--clear-groups"];
    let may = std::process::Command::new(other[0])
        .args(&other[1..])
        .args([env!("CARGO_BIN_EXE_hissab"), "--version"])
        .output()
        .expect("root writes anywhere, so setpriv is needed: tests/run installs it (util-linux)");
    assert!(
        may.status.success(),
        "user 65534 cannot run {}: {}",
        env!("CARGO_BIN_EXE_hissab"),
        String::from_utf8_lossy(&may.stderr)
    );
    words(&other)
}

#[test]
fn a_book_and_its_copies_are_their_owners_only() {
    let env = TestEnv::new();
    for words in [
        vec!["init", "shop.hissab", "--template", "shop"],
        vec!["-B", "shop.hissab", "add", "Sale", "cash", "5", "sales"],
        vec!["-B", "shop.hissab", "backup", "copy.hissab"],
        vec!["-B", "shop.hissab", "restore", "copy.hissab", "--yes"],
    ] {
        let command = env.command(&words);
        let mut shell = std::process::Command::new("bash");
        shell
            .args([
                "-c",
                "umask 000; exec \"$0\" \"$@\"",
                env!("CARGO_BIN_EXE_hissab"),
            ])
            .args(&words);
        shell.current_dir(env.folder()).env_clear();
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        let output = shell.output().unwrap();
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let mut seen = 0;
    for entry in fs::read_dir(env.folder()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert!(seen >= 3, "book, copy and the backup before the restore");
}

// ---------------------------------------------------------------- what cannot be read

#[test]
fn journals_that_cannot_be_read_say_where() {
    let env = shop();
    env.write("empty.journal", "");
    fs::create_dir(env.path("folder.journal")).unwrap();
    env.write(
        "latin1.journal",
        b"2026-04-01 Caf\xe9\n  Assets:Cash  5 INR\n  Income:Sales\n",
    );
    env.write(
        "binary.journal",
        (0..5_000u32).map(|n| (n * 7) as u8).collect::<Vec<u8>>(),
    );
    env.write(
        "torn.journal",
        "2026-04-01 Sale\n  Assets:Cash  5 INR\n  Income:Sales  -4 INR\n",
    );
    for (name, exit, code) in [
        ("missing.journal", 6, "file-not-found"),
        ("empty.journal", 1, "empty-file"),
        ("folder.journal", 1, "is-a-directory"),
        ("latin1.journal", 1, "invalid-utf8"),
        ("binary.journal", 1, "binary-file"),
        ("torn.journal", 1, "unbalanced"),
    ] {
        refused(&env, &["-f", name, "tb"], exit, code);
    }
    let said = env.hissab(["-f", "latin1.journal", "tb"]).exits(1);
    assert!(said.stderr.contains("latin1.journal:1"), "{said}");
}

#[test]
fn names_and_texts_are_as_long_as_a_book_takes_them_with_a_book_and_without() {
    let env = shop();
    let journal = |name: &str, text: &str| {
        format!("2026-04-01 (R1) {text}\n  {name}  5 INR\n  Income:Sales\n")
    };
    let name = |bytes: usize| format!("Assets:{}", "n".repeat(bytes - 7));
    env.write("most.journal", journal(&name(512), &"t".repeat(16_384)));
    env.hissab(["-f", "most.journal", "check"]).ok();
    on(&env, &["import", "most.journal", "--create-accounts"]).ok();
    let bean = |name: &str| {
        format!(
            "2026-01-01 open {name}\n2026-01-01 open Income:Sales\n2026-04-01 * \"Sale\"\n  {name}  5 INR\n  Income:Sales\n"
        )
    };
    let long = format!("Assets:N{}", "n".repeat(505));
    env.write("name.journal", journal(&name(513), "Sale"));
    env.write("text.journal", journal("Assets:Cash", &"t".repeat(16_385)));
    env.write("name.beancount", bean(&long));
    env.write(
        "own.beancount",
        bean(&long).replace(
            "\n2026-01-01 open Income",
            "\n  path: \"Assets:N\"\n2026-01-01 open Income",
        ),
    );
    let rows = format!(
        "txn_id,date,description,account,debit,credit\nA,2026-04-01,{},Assets:Cash,5,\nA,2026-04-01,x,Income:Sales,,5\n",
        "t".repeat(16_385)
    );
    env.write("text.csv", rows);
    for (file, code, place) in [
        ("name.journal", "bad-path", "name.journal:2:3"),
        ("text.journal", "too-long", "text.journal:1:17"),
        ("name.beancount", "bad-path", "name.beancount:1"),
        ("text.csv", "too-long", "text.csv:2:"),
    ] {
        let import: &[&str] = &["-B", "shop.hissab", "import", file, "--create-accounts"];
        let without: &[&str] = &["-f", file, "tb"];
        // Rows of entries are for a book.
        let doors = [Some(import), (!file.ends_with("csv")).then_some(without)];
        for words in doors.into_iter().flatten() {
            refused(&env, words, 1, code);
            let said = env.hissab(words).exits(1);
            assert!(said.stderr.contains(place), "{said}");
        }
    }
    // What a name stands for counts, where a file of ours says it.
    env.hissab(["-f", "own.beancount", "tb"]).ok();
}

#[test]
fn statements_that_cannot_be_read_change_nothing() {
    let env = shop();
    let before = proved(&env.path("shop.hissab"));
    env.write("empty.csv", "");
    fs::create_dir(env.path("folder.csv")).unwrap();
    env.write(
        "binary.csv",
        (0..5_000u32).map(|n| (n * 7) as u8).collect::<Vec<u8>>(),
    );
    env.write(
        "half.csv",
        "Date,Narration,Withdrawal,Deposit\n01/04/2026,tea,5.00,\n32/04/2026,milk,6.00,\n",
    );
    for (name, exit) in [
        ("missing.csv", 6),
        ("empty.csv", 1),
        ("folder.csv", 1),
        ("binary.csv", 1),
        ("half.csv", 1),
    ] {
        let words = [
            "-B",
            "shop.hissab",
            "import",
            name,
            "--account",
            "Assets:Cash",
        ];
        let people = env.hissab(words).exits(exit);
        assert!(people.stderr.contains(name), "{people}");
        let machine = env.hissab(words.iter().chain(&["--json"])).exits(exit);
        assert!(
            machine.stderr.contains("\"code\"") || machine.stdout.contains("refused"),
            "{machine}"
        );
        assert_eq!(proved(&env.path("shop.hissab")), before, "{name}");
    }
}

#[test]
fn a_file_that_may_not_be_read_says_so() {
    let env = shop();
    let path = env.write("secret.journal", "2026-04-01 x\n  a  5 INR\n  b\n");
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        // Root reads anything: what nobody can read is a link to itself.
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("secret.journal", &path).unwrap();
    }
    let run = env.hissab(["-f", "secret.journal", "tb"]).exits(1);
    assert!(run.stderr.contains("secret.journal"), "{run}");
    assert_eq!(proved(&env.path("shop.hissab")).transactions, 1);
}

#[test]
fn a_line_of_a_gigabyte_is_refused_without_being_held() {
    let env = shop();
    let before = proved(&env.path("shop.hissab"));
    // Sparse: the file system holds none of it, and no reader may want all of it.
    let head = b"2026-04-01 a line without end ";
    for name in ["long.journal", "long.csv"] {
        let file = fs::File::create(env.path(name)).unwrap();
        (&file).write_all(head).unwrap();
        file.set_len(1 << 30).unwrap();
    }
    for words in [
        vec!["-f", "long.journal", "tb"],
        vec![
            "-B",
            "shop.hissab",
            "import",
            "long.csv",
            "--account",
            "Assets:Cash",
        ],
    ] {
        let command = env.command(&words);
        let mut shell = std::process::Command::new("bash");
        // 512 MiB of address space: half the line.
        shell
            .args([
                "-c",
                "ulimit -v 524288; exec \"$0\" \"$@\"",
                env!("CARGO_BIN_EXE_hissab"),
            ])
            .args(&words);
        shell.current_dir(env.folder()).env_clear();
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(
            said.starts_with("error: ") && said.contains("long."),
            "{said}"
        );
        assert_eq!(proved(&env.path("shop.hissab")), before);
    }
}

/// The folder, as names.
#[cfg(unix)]
fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[cfg(unix)]
#[test]
fn what_is_stopped_takes_its_unfinished_file_along() {
    use std::process::Stdio;
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let env = TestEnv::new();
        let folder = env.path("out");
        std::fs::create_dir(&folder).unwrap();
        // It waits for a journal that never ends.
        let file = folder.join("all.csv");
        let words = ["-f", "-", "journal", "-o", file.to_str().unwrap()];
        let mut child = env.command(words).stdin(Stdio::piped()).spawn().unwrap();
        // Waiting for a child would end its input.
        let input = child.stdin.take();
        while names(&folder).is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::yield_now();
        }
        // The name is there a moment before the watch is.
        let pid = child.id().to_string();
        let watched = || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            !status.lines().any(|l| l == "Threads:\t1")
        };
        while cfg!(target_os = "linux") && !watched() {
            std::thread::yield_now();
        }
        let kill = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status();
        assert!(kill.unwrap().success());
        let status = child.wait().unwrap();
        drop(input);
        assert_eq!(status.code(), Some(code), "{signal}: {status}");
        assert_eq!(names(&folder), Vec::<String>::new(), "{signal}");
    }
}
