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
