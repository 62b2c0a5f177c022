//! What only a person at a terminal sees, through a pseudo-terminal: questions, completion, progress.

use std::fmt::Write as _;

use crate::support::TestEnv;

/// Python's `pty` is the terminal: it answers what it is told to, when it sees what it waits for.
const PERSON: &str = r#"
import os, pty, select, sys, time
words, script = sys.argv[1].split("\x1f"), sys.argv[2]
child, terminal = pty.fork()
if child == 0:
    os.execv(words[0], words)
seen, mark, deadline = b"", 0, time.monotonic() + 60
def read():
    global seen
    if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
        sys.stdout.buffer.write(seen)
        sys.exit("nothing came for a minute")
    try:
        part = os.read(terminal, 65536)
    except OSError:
        part = b""
    seen += part
    return part
for step in filter(None, script.split("\x1e")):
    wanted, answer = (part.encode() for part in step.split("\x1f"))
    while wanted not in seen[mark:]:
        if not read():
            sys.stdout.buffer.write(seen)
            sys.exit("it ended without " + repr(wanted))
    mark = seen.index(wanted, mark) + len(wanted)
    os.write(terminal, answer)
while read():
    pass
_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
"#;

/// Runs the binary at a terminal; each step is what is waited for, and what is typed then.
#[track_caller]
pub fn at_a_terminal(env: &TestEnv, words: &[&str], steps: &[(&str, &str)]) -> String {
    at_a_terminal_exiting(env, words, steps, 0)
}

/// The same, for a run that ends with this exit code.
#[track_caller]
pub fn at_a_terminal_exiting(
    env: &TestEnv,
    words: &[&str],
    steps: &[(&str, &str)],
    code: i32,
) -> String {
    let command = env.command(words);
    let line: Vec<&str> = std::iter::once(env!("CARGO_BIN_EXE_hissab"))
        .chain(words.iter().copied())
        .collect();
    let mut script = String::new();
    for (wanted, answer) in steps {
        let _ = write!(script, "{wanted}\x1f{answer}\x1e");
    }
    let mut person = std::process::Command::new("python3");
    person.args(["-c", PERSON, &line.join("\x1f"), &script]);
    person.current_dir(env.folder()).env_clear();
    for (name, value) in command.get_envs() {
        person.env(name, value.unwrap_or_default());
    }
    person.env("TERM", "xterm");
    person.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = person
        .output()
        .expect("python3 is needed: tests/run installs it, or apt-get install python3");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{shown}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    shown
}

fn shop() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    env
}

fn rows(env: &TestEnv, fields: &str) -> String {
    let words = ["journal", "-O", "csv", "--no-header", "--fields", fields];
    env.hissab(words).ok().stdout
}

#[test]
fn add_asks_completes_and_offers_what_was_there_before() {
    let env = shop();
    let steps = [
        ("Date", "2026-04-02\r"),
        ("Description", "Tea\r"),
        // Tab completes a segment; an amount that cannot be read is asked for again.
        ("Account 1", "tea\t\r"),
        ("Amount", "5cr\r"),
        ("error", ""),
        ("Account 1", "Expenses:Tea\r"),
        ("Amount", "120\r"),
        ("Account 2", "cash\r"),
        // Nothing: the rest.
        ("Amount", "\r"),
        ("Post it?", "y"),
        // The day stays; the second tea brings its accounts and its amount.
        ("Date", "\r"),
        ("Description", "tea\r"),
        ("Account 1", "\r"),
        ("Amount", "\r"),
        ("Account 2", "\r"),
        ("Amount", "\r"),
        ("Post it?", "y"),
        ("Date", "\r"),
        ("Description", "Not this\r"),
        ("Account 1", "Expenses:Tea\r"),
        ("Amount", "1\r"),
        ("Account 2", "cash\r"),
        ("Amount", "-1\r"),
        ("Post it?", "n"),
        ("Date", "\r"),
        ("Description", "\r"),
    ];
    at_a_terminal(&env, &["add"], &steps);
    assert_eq!(
        rows(&env, "number,date,description,account,debit,credit"),
        "1,2026-04-02,Tea,Expenses:Tea,120.00,\n\
         1,2026-04-02,Tea,Assets:Cash,,120.00\n\
         2,2026-04-02,tea,Expenses:Tea,120.00,\n\
         2,2026-04-02,tea,Assets:Cash,,120.00\n"
    );
}

/// What Ctrl-D sends.
const END: &str = "\u{4}";

#[test]
fn ctrl_d_ends_the_input() {
    let env = shop();
    // Between two transactions it is as good as an empty description.
    let steps = [
        ("Date", "\r"),
        ("Description", "Tea\r"),
        ("Account 1", "tea\t\r"),
        ("Amount", "120\r"),
        ("Account 2", "cash\r"),
        ("Amount", "\r"),
        ("Post it?", "\r"),
        ("Date", END),
    ];
    at_a_terminal(&env, &["add"], &steps);
    at_a_terminal(&env, &["add"], &[("Date", "\r"), ("Description", END)]);
    assert_eq!(rows(&env, "number,account,debit").lines().count(), 2);
    // In the middle of one nothing of it is written; a line that has something on it goes on.
    let steps = [
        ("Date", "\r"),
        ("Description", "Not this\u{4} one\r"),
        ("Account 1", END),
    ];
    let shown = at_a_terminal_exiting(&env, &["add"], &steps, 130);
    assert!(shown.contains("Not this one"), "{shown}");
    env.hissab(["backup", "kept.hissab"]).ok();
    let void = ["void", "1", "--reason", "x"];
    at_a_terminal(&env, &void, &[]);
    let restore = ["restore", "kept.hissab"];
    at_a_terminal_exiting(&env, &restore, &[("[y/N]", END)], 130);
    assert_eq!(rows(&env, "number"), "");
}

/// A day that may be read two ways, for `import` to ask about.
const EITHER_WAY: &str = "!Type:Bank\nD03/04/26\nT500.00\nPSALE\n^\n";

#[test]
fn a_list_is_chosen_from_with_arrows_and_left_with_ctrl_d() {
    let env = shop();
    env.write("bank.qif", EITHER_WAY);
    let import = ["import", "bank.qif", "--account", "cash"];
    for leaves in [END, "\u{3}", "\u{1b}"] {
        at_a_terminal_exiting(&env, &import, &[("month first", leaves)], 130);
    }
    assert_eq!(rows(&env, "number"), "");
    // Letters that mean nothing are passed over; the second of the two is taken.
    let steps = [("month first", "xq\u{1b}[B\r")];
    let shown = at_a_terminal(&env, &import, &steps);
    assert!(shown.contains("written: month first"), "{shown}");
    assert_eq!(rows(&env, "date").lines().next(), Some("2026-03-04"));
}

#[test]
fn a_line_is_corrected_where_the_cursor_is_even_if_it_is_long() {
    let env = shop();
    let long = "a".repeat(250);
    let typed = format!("{long}X\u{7f}b\u{1b}[D\u{1b}[Dc\u{1b}[C\u{1b}[Cd\r");
    let steps = [
        ("Date", "wrong\u{15}2026-04-01\r"),
        ("Description", &*typed),
        ("Account 1", "Expenses:Tea\r"),
        ("Amount", "1\r"),
        ("Account 2", "cash\r"),
        ("Amount", "\r"),
        ("Post it?", "y"),
        ("Date", END),
    ];
    at_a_terminal(&env, &["add"], &steps);
    let description = format!("{}cabd", "a".repeat(249));
    assert_eq!(
        rows(&env, "date,description").lines().next(),
        Some(&*format!("2026-04-01,{description}"))
    );
}

#[test]
fn work_that_takes_long_shows_progress_on_a_terminal_and_nowhere_else() {
    let env = shop();
    let mut journal = String::new();
    for n in 0..150_000 {
        let day = n % 28 + 1;
        let _ = write!(
            journal,
            "2026-03-{day:02} Sale {n}\n    Assets:Cash  {}.00 INR\n    Income:Sales\n\n",
            n + 1
        );
    }
    env.write("big.journal", &journal);
    let shown = at_a_terminal(&env, &["import", "big.journal"], &[]);
    assert!(
        shown.contains("importing [") || shown.contains("reading big.journal"),
        "{shown}"
    );
    // It is wiped off before anything else is said.
    let last = shown.lines().last().unwrap();
    assert!(!last.contains("importing ["), "{last}");
    let piped = env.hissab(["import", "big.journal"]).ok();
    assert!(!piped.stderr.contains("reading"), "{piped}");
}
