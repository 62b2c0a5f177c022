//! What is generated from the command line and kept in the repository is not stale.

use std::path::{Path, PathBuf};

use crate::support::TestEnv;

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn completion_scripts_are_what_the_binary_prints() {
    let env = TestEnv::new();
    for (shell, file) in [
        ("bash", "hissab.bash"),
        ("zsh", "_hissab"),
        ("fish", "hissab.fish"),
    ] {
        let printed = env.hissab(["completions", shell]).ok().stdout;
        let stored = std::fs::read_to_string(kept("completions").join(file)).unwrap();
        assert!(
            printed == stored,
            "completions/{file} is stale: cargo run -- completions {shell} > completions/{file}"
        );
    }
    env.hissab(["completions", "nosuch"]).exits(2);
}

#[test]
fn man_pages_are_what_the_binary_writes() {
    let env = TestEnv::new();
    env.hissab(["man", "man"]).ok();
    let names = |folder: &Path| -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    let (made, stored) = (env.path("man"), kept("man"));
    assert_eq!(
        names(&made),
        names(&stored),
        "man/ is stale: rm man/* && cargo run -- man man"
    );
    for name in names(&made) {
        let same =
            std::fs::read(made.join(&name)).unwrap() == std::fs::read(stored.join(&name)).unwrap();
        assert!(
            same,
            "man/{name} is stale: rm man/* && cargo run -- man man"
        );
    }
}

#[test]
fn the_shell_is_told_names_from_the_book() {
    let mut env = TestEnv::new();
    env.hissab(["init", "a.hissab", "--template", "shop"]).ok();
    env.set("HISSAB_BOOK", "a.hissab");
    env.hissab(["party", "add", "Ramesh", "--customer"]).ok();
    env.hissab(["out", "5", "tea", "--tag", "stall=2"]).ok();
    env.hissab(["book", "add", "shop", "a.hissab"]).ok();
    env.set("COMPLETE", "bash");
    env.set("_CLAP_IFS", "\n");
    let mut complete = |words: &[&str]| {
        env.set("_CLAP_COMPLETE_INDEX", &(words.len() - 1).to_string());
        let all: Vec<&str> = ["--"].into_iter().chain(words.iter().copied()).collect();
        env.hissab(all).ok().stdout
    };
    assert_eq!(complete(&["hissab", "ledger", "Assets:C"]), "Assets:Cash");
    assert_eq!(complete(&["hissab", "got", "500", "R"]), "Ramesh");
    assert_eq!(
        complete(&["hissab", "add", "x", "--dr", "Expenses:Te"]),
        "Expenses:Tea=\nExpenses:Telephone="
    );
    assert_eq!(complete(&["hissab", "tag", "1", "st"]), "stall=2");
    assert_eq!(complete(&["hissab", "-B", "sh"]), "shop");
    assert_eq!(
        complete(&["hissab", "out", "5", "--category", "Income:S"]),
        "Income:Sales"
    );
    // A book that is not there is silence, not an error.
    env.set("HISSAB_BOOK", "nosuch.hissab");
    env.set("_CLAP_COMPLETE_INDEX", "2");
    assert_eq!(env.hissab(["--", "hissab", "ledger", "A"]).ok().stdout, "");
}
