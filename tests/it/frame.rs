//! The command line's frame: which book, exit codes, errors.

use insta::assert_snapshot;

use crate::support::TestEnv;

#[test]
fn an_unknown_command_is_exit_2_with_a_near_name() {
    let run = TestEnv::new().hissab(["hepl"]).exits(2);
    assert!(run.stderr.contains("'help'"), "{run}");
    assert_eq!(run.stdout, "");
}

#[test]
fn help_and_version_are_data() {
    let env = TestEnv::new();
    assert!(env.hissab(["--version"]).ok().stdout.starts_with("hissab "));
    assert!(env.hissab(["--help"]).ok().stdout.contains("Usage:"));
    assert!(env.hissab(["help"]).ok().stdout.contains("Usage:"));
}

#[test]
fn errors_are_objects_with_json() {
    let run = TestEnv::new().hissab(["help", "xyzzy", "--json"]).exits(2);
    let object: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(object["code"], "unknown-topic");
}

#[test]
fn a_book_and_journals_at_once_are_refused() {
    let run = TestEnv::new().hissab(["help", "-B", "x", "-f", "y"]);
    assert_snapshot!(run, @"
    --- stderr
    error: -f reads journals instead of a book: give -f or -B, not both
    [exit 2]
    ");
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let env = TestEnv::new();
    env.hissab(["init", "a.hissab", "--template", "shop"]).ok();
    let mut child = env
        .command(["-B", "a.hissab", "account", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn output_to_a_file_is_whole_or_not_at_all() {
    let env = TestEnv::new();
    env.hissab(["init", "a.hissab", "--template", "shop"]).ok();
    env.hissab(["-B", "a.hissab", "account", "list", "-o", "list.csv"])
        .ok();
    let text = std::fs::read_to_string(env.path("list.csv")).unwrap();
    assert!(text.starts_with("account,kind,type"), "{text}");
    env.hissab(["-B", "nosuch.hissab", "account", "list", "-o", "list.csv"])
        .exits(6);
    assert_eq!(
        std::fs::read_to_string(env.path("list.csv")).unwrap(),
        text,
        "the old file stays"
    );
    env.hissab(["-B", "a.hissab", "account", "list", "-o", "nosuch/list.csv"])
        .exits(6);
}

#[test]
fn every_help_topic_and_command_has_a_text() {
    let env = TestEnv::new();
    for topic in [
        "accounting-basics",
        "dates",
        "amounts",
        "queries",
        "formats",
        "environment",
        "exit-codes",
    ] {
        assert!(
            env.hissab(["help", topic]).ok().stdout.len() > 300,
            "{topic}"
        );
    }
    let overview = env.hissab(["--help"]).ok().stdout;
    for line in overview
        .lines()
        .skip_while(|l| *l != "Commands:")
        .skip(1)
        .take_while(|l| !l.is_empty())
    {
        assert!(
            line.split_whitespace().count() > 2,
            "a command without a word about it: {line}"
        );
    }
}
