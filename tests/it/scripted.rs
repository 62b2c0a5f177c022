//! What a script relies on: output that harms nothing, exit codes that say what happened, JSON where it was asked
//! for.

use crate::support::{Run, TestEnv};

/// A bank's statement.
const STATEMENT: &str = "Date,Description,Debit,Credit,Balance\n2026-04-05,alpha,10.00,,990.00\n2026-04-06,beta,20.00,,970.00\n2026-04-07,gamma,,5.00,975.00\n";

/// A shop with a bank account and some cash.
fn shop() -> TestEnv {
    let env = TestEnv::with_shop();
    env.typed("account add Assets:Bank:HDFC").ok();
    env.typed("in 500 sales").ok();
    env.write("s.csv", STATEMENT);
    env
}

#[track_caller]
fn spared(env: &TestEnv, file: &str, line: &str) -> Run {
    let before = std::fs::read(env.path(file)).unwrap();
    let run = env.typed(line).exits(7);
    assert!(run.stderr.contains("output never replaces it"), "{run}");
    assert!(run.stderr.contains("name another file, like "), "{run}");
    assert_eq!(std::fs::read(env.path(file)).unwrap(), before, "{line}");
    run
}

#[test]
fn output_never_replaces_a_book() {
    let env = shop();
    env.typed("init other.hissab").ok();
    env.typed("backup copy.hissab").ok();
    for line in [
        "tb -o s.hissab -O csv",
        "tb -O json -o ./s.hissab",
        "export s.hissab -O csv",
        "export s.hissab -O sql",
        "check -O junit -o s.hissab",
        "audit list -o s.hissab -O csv",
        "in 5 x -O json -o s.hissab",
        "status --json -o s.hissab",
    ] {
        spared(&env, "s.hissab", line);
    }
    spared(&env, "other.hissab", "export other.hissab -O csv");
    spared(&env, "copy.hissab", "tb -O csv -o copy.hissab");
    env.typed("check --deep").ok();
    let count = env.typed("journal -O csv --no-header").ok();
    assert_eq!(count.stdout.lines().count(), 2, "nothing was recorded");
    // What SQLite keeps beside a book is part of it, there or not.
    for ending in ["-wal", "-shm", "-journal"] {
        let file = format!("s.hissab{ending}");
        env.hissab(["tb", "-O", "csv", "-o", &file]).exits(7);
        assert!(!env.path(&file).exists(), "{file}");
    }
    // A book that this command makes is as safe as one that was there.
    env.typed("backup new.hissab --json -o new.hissab").exits(7);
    env.typed("-B new.hissab check --deep").ok();
}

#[cfg(unix)]
#[test]
fn a_link_to_a_book_leads_to_the_book() {
    let env = shop();
    std::os::unix::fs::symlink("s.hissab", env.path("soft.csv")).unwrap();
    std::fs::hard_link(env.path("s.hissab"), env.path("hard.csv")).unwrap();
    spared(&env, "s.hissab", "tb -o soft.csv");
    spared(&env, "s.hissab", "tb -o hard.csv");
    // Even of a file that is no book any more, if it is the one at hand.
    env.write("broken.hissab", "no book");
    spared(
        &env,
        "broken.hissab",
        "-B broken.hissab status -O json -o broken.hissab",
    );
}

#[test]
fn output_never_replaces_what_the_command_reads() {
    let env = shop();
    env.write(
        "part.journal",
        "2026-04-07 tea\n  expenses:tea  5 INR\n  assets:cash\n",
    );
    env.write("all.journal", "include part.journal\n");
    env.write("r.rules", "account1 Assets:Bank:HDFC\n");
    env.write("o.csv", "account,debit,credit\nAssets:Cash,5.00,\n");
    env.typed("check -O json -o base.json").ok();
    spared(&env, "s.csv", "import s.csv --account hdfc -o s.csv");
    spared(
        &env,
        "s.csv",
        "import s.csv --account hdfc --dry-run -o ./s.csv",
    );
    spared(
        &env,
        "s.csv",
        "reconcile hdfc --statement s.csv -O csv -o s.csv",
    );
    spared(
        &env,
        "part.journal",
        "-f part.journal tb -O csv -o part.journal",
    );
    spared(
        &env,
        "part.journal",
        "-f all.journal tb -O csv -o part.journal",
    );
    spared(
        &env,
        "part.journal",
        "-f hledger:part.journal export part.journal",
    );
    spared(
        &env,
        "part.journal",
        "import all.journal -O csv -o part.journal",
    );
    spared(&env, "o.csv", "opening o.csv --json -o o.csv");
    spared(
        &env,
        "base.json",
        "check --baseline base.json -O json -o base.json",
    );
    let count = env.typed("journal -O csv --no-header").ok();
    assert_eq!(count.stdout.lines().count(), 2, "nothing was recorded");
}

#[cfg(unix)]
#[test]
fn output_never_replaces_what_stdin_comes_from() {
    let env = shop();
    let object = r#"{"description":"tea","entries":[{"account":"Tea","amount":"5"},{"account":"Cash","amount":"-5"}]}"#;
    let path = env.write("m.json", object);
    let mut command = env.command(["add", "--json", "-", "-o", "m.json"]);
    command.stdin(std::fs::File::open(&path).unwrap());
    assert_eq!(command.output().unwrap().status.code(), Some(7));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), object);
}

#[cfg(unix)]
#[test]
fn files_of_output_are_as_private_as_the_umask_says() {
    use std::os::unix::fs::PermissionsExt;
    let env = shop();
    let under = |umask: &str, line: &str| {
        let binary = env!("CARGO_BIN_EXE_hissab");
        let line = format!("umask {umask}; exec {binary} {line}");
        let mut command = std::process::Command::new("/bin/sh");
        let hissab = env.command([""]);
        for (name, value) in hissab.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.arg("-c").arg(line).current_dir(env.folder());
        assert_eq!(command.output().unwrap().status.code(), Some(0));
    };
    let mode = |name: &str| {
        let meta = std::fs::metadata(env.path(name)).unwrap();
        format!("{:o}", meta.permissions().mode() & 0o777)
    };
    under("077", "tb -o private.csv");
    under("027", "export group.journal");
    under("022", "tb -o public.csv");
    under("077", "mirror books");
    assert_eq!(mode("private.csv"), "600");
    assert_eq!(mode("group.journal"), "640");
    assert_eq!(mode("public.csv"), "644");
    assert_eq!(mode("books/main.journal"), "600");
    // What is there keeps its mode.
    under("022", "tb -o private.csv");
    under("077", "tb -o public.csv");
    assert_eq!(
        (mode("private.csv"), mode("public.csv")),
        ("600".into(), "644".into())
    );
}

/// Runs with nobody at the end of stdout.
fn unread(env: &TestEnv, line: &str, input: &str) -> Run {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    onto(env, line, input, writer.into())
}

/// Runs with a full disk at the end of stdout.
#[cfg(unix)]
fn onto_full(env: &TestEnv, line: &str, input: &str) -> Run {
    let full = std::fs::File::options().write(true).open("/dev/full");
    onto(env, line, input, full.unwrap().into())
}

fn onto(env: &TestEnv, line: &str, input: &str, stdout: std::process::Stdio) -> Run {
    let input = env.write("input", input);
    let mut command = env.command(line.split(' '));
    command.stdin(std::fs::File::open(input).unwrap());
    command.stdout(stdout).stderr(std::process::Stdio::piped());
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    Run {
        stdout: String::new(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        exit: output.status.code().unwrap(),
    }
}

/// Postings, a line each; every fourth names an account that is not there.
fn lines(count: usize, bad: bool) -> String {
    let line = |n: usize| {
        let account = if bad && n % 4 == 3 { "Nosuch" } else { "Tea" };
        format!(
            r#"{{"description":"tea {n}","entries":[{{"account":"{account}","amount":"5"}},{{"account":"Cash","amount":"-5"}}]}}"#
        )
    };
    (0..count).map(|n| line(n) + "\n").collect()
}

fn count(env: &TestEnv) -> usize {
    let rows = env.typed("journal -O csv --no-header --fields number").ok();
    rows.stdout.lines().count() / 2
}

#[test]
fn a_reader_that_goes_away_takes_no_verdict_along() {
    let env = shop();
    env.typed("assert cash 7 -d 2026-04-07").exits(3);
    for line in ["check", "check -O json", "assert cash 7 --dry-run"] {
        let run = unread(&env, line, "").exits(3);
        assert!(!run.stderr.contains("error:"), "{run}");
    }
    env.write(
        "bad.csv",
        "Date,Description,Debit,Credit,Balance\n2026-04-05,alpha,x,,990.00\n",
    );
    unread(&env, "import s.csv bad.csv --account hdfc", "").exits(1);
    let before = count(&env);
    let run = unread(&env, "add --json - --each", &lines(4, true)).exits(1);
    assert!(run.stderr.contains("3 of 4 posted, 1 refused"), "{run}");
    assert_eq!(count(&env), before + 3);
    unread(&env, "tb", "").exits(0);
    unread(&env, "journal", "").exits(0);
}

#[cfg(unix)]
#[test]
fn what_is_posted_line_by_line_is_not_refused_because_it_cannot_be_shown() {
    let env = shop();
    let before = count(&env);
    // More than a pipe or a buffer holds.
    let run = unread(&env, "add --json - --each", &lines(120, false)).exits(0);
    assert_eq!(run.stderr, "", "{run}");
    assert_eq!(count(&env), before + 120);
    let run = onto_full(&env, "add --json - --each", &lines(120, false)).exits(1);
    assert_eq!(count(&env), before + 240);
    assert!(
        run.stderr.contains("120 of 120 posted, and then: no space"),
        "{run}"
    );
    assert_eq!(run.stderr.lines().count(), 1, "{run}");
}

#[cfg(unix)]
#[test]
fn with_json_everything_beside_an_error_is_an_object() {
    let env = shop();
    env.write(
        "bad.csv",
        "Date,Description,Debit,Credit,Balance\n2026-04-05,alpha,x,,990.00\n",
    );
    let objects = |run: Run| {
        let object = |line: &str| serde_json::from_str::<serde_json::Value>(line);
        let parsed: Result<Vec<_>, _> = run.stderr.lines().map(object).collect();
        parsed.unwrap_or_else(|_| panic!("{run}"))
    };
    let run = env
        .typed("import --json --atomic bad.csv s.csv --account hdfc")
        .exits(1);
    let said = objects(run);
    assert_eq!(
        said.last().unwrap()["message"],
        "nothing was imported: --atomic"
    );
    assert_eq!(said.last().unwrap()["schema"], "hissab/note/1");
    let said = objects(onto_full(&env, "in 7 tea --json", "").exits(1));
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["code"], "disk-full");
    let run = env.hissab_fed(lines(4, true), ["add", "--json", "-", "--each"]);
    let said = objects(run.exits(1));
    assert_eq!(said[1]["message"], "3 of 4 posted, 1 refused");
}

/// Changes one letter of a text wherever the file holds it.
pub fn damage(file: &std::path::Path, text: &[u8]) {
    let mut bytes = std::fs::read(file).unwrap();
    let windows = bytes.windows(text.len()).enumerate();
    let places: Vec<usize> = windows
        .filter(|(_, w)| *w == text)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at] ^= 1;
    }
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_backup_is_called_checked_only_if_restore_takes_it() {
    let env = shop();
    env.hissab(["out", "5", "unusualword"]).ok();
    env.typed("backup sound.hissab").ok();
    env.typed("-B back.hissab restore sound.hissab").ok();
    damage(&env.path("s.hissab"), b"unusualword");
    let run = env.typed("backup bad.hissab").exits(10);
    assert!(run.stderr.contains("the backup does not check"), "{run}");
    assert!(!env.path("bad.hissab").exists());
    // For whoever repairs it there is a copy, and it is not called checked.
    let run = env.typed("backup bad.hissab --unchecked").ok();
    assert!(run.stdout.contains(", not checked"), "{run}");
    env.typed("-B again.hissab restore bad.hissab").exits(10);
    let run = env.typed("backup worse.hissab --unchecked --json").ok();
    assert!(run.stdout.contains("\"checked\":false"), "{run}");
}

#[test]
fn two_backups_in_one_second_are_two_files() {
    let env = shop();
    for _ in 0..2 {
        env.typed("backup").ok();
    }
    let names = std::fs::read_dir(env.folder()).unwrap();
    let names = names.map(|item| item.unwrap().file_name().into_string().unwrap());
    let copies: Vec<String> = names.filter(|name| name.starts_with("s-2026")).collect();
    assert_eq!(copies.len(), 2, "{copies:?}");
}

#[test]
fn a_dash_is_a_stream_or_refused_and_never_a_file() {
    let env = shop();
    let all = env.typed("export -O csv").ok().stdout;
    assert_eq!(env.typed("export - -O csv").ok().stdout, all);
    for line in [
        "backup -",
        "init -",
        "mirror -",
        "-B new.hissab restore -",
        "push - https://books.example.com/x",
    ] {
        let run = env.typed(line).exits(2);
        assert!(run.stderr.contains("./-"), "{run}");
    }
    let base = env.typed("check -O json").ok().stdout;
    env.hissab_fed(base, ["check", "--baseline", "-"]).ok();
    assert!(!env.path("-").exists());
}

#[test]
fn a_baseline_does_not_hide_what_grows() {
    let env = shop();
    let away = |amount: &str| {
        env.hissab(["assert", "cash", amount, "-d", "2026-04-07"])
            .exits(3);
    };
    away("501");
    env.typed("check -O json -o base.json").exits(3);
    env.typed("check -O ndjson -o base.ndjson").exits(3);
    for base in ["base.json", "base.ndjson"] {
        env.hissab(["check", "--baseline", base]).ok();
    }
    env.typed("out 100000 tea").ok();
    for base in ["base.json", "base.ndjson"] {
        let run = env.hissab(["check", "--baseline", base]).exits(3);
        assert!(run.stdout.contains("assertion-failed"), "{run}");
    }
}

#[test]
fn a_format_that_cannot_be_printed_is_refused_before_anything_is_done() {
    let env = shop();
    env.typed("import s.csv --account hdfc").ok();
    env.typed("import undo 1").ok();
    for line in [
        "account show cash",
        "import undo 1",
        "book add shop s.hissab",
        "book use s.hissab",
        "book remove shop",
        "backup b.hissab",
        "mirror books",
        "restore s.hissab",
        "whoami https://books.example.com",
        "init new.hissab",
        "book detach s.hissab --yes",
        "login https://books.example.com",
        "logout https://books.example.com",
    ] {
        for format in ["csv", "xlsx", "zzz"] {
            let run = env.typed(&format!("{line} -O {format}")).exits(2);
            assert_eq!(run.stdout, "", "{line}: {run}");
        }
    }
    assert!(!env.path("b.hissab").exists() && !env.path("books").exists());
    assert_eq!(env.typed("book list").ok().stdout, "");
    for line in [
        "account show cash",
        "import undo 1",
        "book add shop s.hissab",
        "book use shop",
        "book rename shop stall",
        "book remove stall",
    ] {
        let run = env.typed(&format!("{line} --json")).ok();
        let object: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert!(
            object["schema"].is_string() || object["account"].is_string(),
            "{run}"
        );
    }
}

#[test]
fn names_given_at_the_same_time_are_all_kept() {
    let env = shop();
    let add = |n: usize| env.command(["book", "add", &format!("n{n}"), "s.hissab"]);
    let children: Vec<_> = (0..8)
        .map(|n| add(n).stdout(std::process::Stdio::null()).spawn().unwrap())
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(env.typed("book list").ok().stdout.lines().count(), 8);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_not_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    let env = shop();
    for name in ["HISSAB_BOOK", "HISSAB_USER_NAME", "HISSAB_TODAY"] {
        let mut command = env.command(["in", "5", "sales"]);
        command.env(name, std::ffi::OsStr::from_bytes(b"s\xff.hissab"));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(name));
    }
}

/// A report that waits for its journal, with its unfinished file beside; and whether it caught its signals yet.
#[cfg(target_os = "linux")]
fn waiting(env: &TestEnv, before: &str) -> std::process::Child {
    let mut command = std::process::Command::new("/bin/sh");
    for (name, value) in env.command([""]).get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let binary = env!("CARGO_BIN_EXE_hissab");
    let script = format!("{before} exec {binary} -f - tb -o out.csv");
    command.args(["-c", &script]).current_dir(env.folder());
    let child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    // Bit 14 is SIGTERM: caught only once the file is there.
    while !std::fs::read_to_string(&status)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("SigCgt:"))
        .any(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << 14) != 0)
    {
        std::thread::yield_now();
    }
    child
}

#[cfg(target_os = "linux")]
#[test]
fn a_hang_up_takes_the_unfinished_file_along_unless_it_is_to_be_ignored() {
    use std::io::Write;
    let env = TestEnv::new();
    let hang_up = |child: &std::process::Child| {
        let pid = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    };
    let mut child = waiting(&env, "");
    hang_up(&child);
    assert_eq!(child.wait().unwrap().code(), Some(129));
    assert_eq!(std::fs::read_dir(env.folder()).unwrap().count(), 0);
    let mut child = waiting(&env, "trap '' HUP;");
    hang_up(&child);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"2026-01-01 x\n a  1 INR\n b\n").unwrap();
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(env.path("out.csv").exists());
}

#[test]
fn a_configuration_is_called_sound_only_if_what_it_names_can_be_used() {
    let mut env = shop();
    env.typed("serve --data data --check-config").ok();
    env.typed("serve --data data --backup-dir copies --check-config")
        .ok();
    assert!(!env.path("data").exists() && !env.path("copies").exists());
    let run = env
        .typed("serve --data data --backup-dir s.csv/copies --check-config")
        .exits(1);
    assert!(
        run.stderr.contains("s.csv/copies cannot be written"),
        "{run}"
    );
    env.set("HISSAB_WAIT", "-1");
    let run = env.typed("doctor").exits(3);
    assert!(run.stdout.contains("the setting wait is a number"), "{run}");
}

#[test]
fn a_new_book_says_where_its_days_are_and_how_it_may_be_called() {
    let mut env = TestEnv::new();
    let run = env.hissab(["init", "a?b (1).hissab"]).ok();
    assert!(run.stderr.contains("hissab book add a-b-1 "), "{run}");
    env.hissab(["book", "add", "a-b-1", "a?b (1).hissab"]).ok();
    env.set("TZ", "Mars/Phobos");
    let run = env.hissab(["init", "mars.hissab"]).ok();
    assert!(run.stderr.contains("TZ is \"Mars/Phobos\""), "{run}");
    for zone in ["Europe/Berlin", ":Asia/Kolkata", "UTC0", "EST5EDT"] {
        env.set("TZ", zone);
        let run = env
            .hissab([
                "init",
                &format!("z{}.hissab", zone.replace(['/', ':'], "-")),
            ])
            .ok();
        assert!(!run.stderr.contains("TZ is"), "{zone}: {run}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_output_goes_to_is_opened_once() {
    let env = shop();
    let pipe = env.path("pipe");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
    let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
    env.typed("tb -O csv -o pipe").ok();
    assert_eq!(reader.join().unwrap(), env.typed("tb -O csv").ok().stdout);
}
