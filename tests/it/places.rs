//! Which book: names, configuration layers, refusals.

use insta::assert_snapshot;

use crate::support::{Run, TestEnv};

fn book(env: &TestEnv, file: &str) {
    env.hissab(["init", file, "--name", file, "--template", "shop"])
        .ok();
}

#[test]
fn a_writer_off_a_terminal_needs_to_be_told_the_book() {
    let env = TestEnv::new();
    env.hissab(["init"]).ok();
    let refused = env.hissab(["out", "5", "tea"]).exits(2);
    assert!(
        refused.stderr.contains("needs to be told the book"),
        "{refused}"
    );
    // Reading may take the default.
    env.hissab(["status"]).ok();
}

#[test]
fn the_nearest_wins_flag_variable_project_user() {
    let mut env = TestEnv::new();
    for name in ["flag", "variable", "project", "user"] {
        book(&env, &format!("{name}.hissab"));
    }
    let which = |run: Run| {
        run.ok()
            .stdout
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    env.hissab(["book", "use", "user.hissab"]).ok();
    assert_eq!(which(env.hissab(["status"])), "book          user.hissab");
    env.write("hissab.toml", "book = \"project.hissab\"\n");
    assert_eq!(
        which(env.hissab(["status"])),
        "book          project.hissab"
    );
    env.set("HISSAB_BOOK", "variable.hissab");
    assert_eq!(
        which(env.hissab(["status"])),
        "book          variable.hissab"
    );
    assert_eq!(
        which(env.hissab(["status", "-B", "flag.hissab"])),
        "book          flag.hissab"
    );
    let origins = env.hissab(["config", "list", "--origin"]).ok().stdout;
    assert!(
        origins.contains("book = variable.hissab  (environment HISSAB_BOOK)"),
        "{origins}"
    );
}

#[test]
fn an_empty_name_is_never_the_default() {
    let mut env = TestEnv::new();
    env.hissab(["init"]).ok();
    env.hissab(["status", "-B", ""]).exits(2);
    env.set("HISSAB_BOOK", "");
    env.hissab(["status"]).exits(2);
}

#[test]
fn a_project_file_may_name_a_book_and_no_more() {
    let env = TestEnv::new();
    book(&env, "a.hissab");
    for (text, word) in [
        ("editor = \"rm\"\n", "editor"),
        ("[user]\nname = \"boss\"\n", "user.name"),
        ("server = \"https://x\"\n", "server"),
        ("book = \"https://books.example.com/acme\"\n", "server"),
        ("pager = \"sh\"\n", "pager"),
    ] {
        env.write("hissab.toml", text);
        let run = env.hissab(["status"]).exits(2);
        assert!(run.stderr.contains(word), "{run}");
    }
    env.write("hissab.toml", "book = [\"a.hissab\"]\n");
    let list = env.hissab(["tb"]).exits(2);
    assert!(list.stderr.contains("book is one value"), "{list}");
}

#[test]
fn refusals_of_places() {
    let env = TestEnv::new();
    book(&env, "a.hissab");
    env.write("text.txt", "not a book");
    env.write("empty", "");
    let mut text = String::new();
    for words in [
        vec!["-B", "nosuch.hissab", "status"],
        vec!["-B", "https://u:p@books.example.com/acme", "status"],
        vec!["-B", "https://books.example.com", "status"],
        vec!["-B", "http://books.example.com/acme", "status"],
        vec!["-B", "text.txt", "status"],
        vec!["-B", "empty", "status"],
        vec!["-B", ".", "status"],
        vec!["-B", "file:a.hissab?mode=ro", "status"],
        vec!["-f", "x.journal", "out", "5", "tea"],
    ] {
        text.push_str(&format!(
            "$ hissab {}\n{}\n",
            words.join(" "),
            env.hissab(&words)
        ));
    }
    assert_snapshot!(text);
}

#[test]
fn books_have_names() {
    let env = TestEnv::new();
    book(&env, "a.hissab");
    let mut text = String::new();
    for words in [
        vec!["book", "add", "shop", "a.hissab"],
        vec!["book", "add", "shop", "a.hissab"],
        vec!["book", "add", "a/b", "a.hissab"],
        vec!["book", "add", "x", "nosuch"],
        vec!["-B", "shop", "out", "5", "tea"],
        vec!["-B", "shpo", "out", "5", "tea"],
        vec!["book", "use", "shop"],
        vec!["book", "list"],
        vec!["book", "rename", "shop", "dukan"],
        vec!["book", "list", "--json"],
        vec!["book", "remove", "dukan"],
        vec!["book", "remove", "dukan"],
        vec!["config", "get", "book"],
        vec!["config", "get", "nosuch"],
        vec!["config", "set", "color", "pink"],
        vec!["config", "set", "user.name", "Asha"],
        vec!["config", "get", "user.name"],
    ] {
        text.push_str(&format!(
            "$ hissab {}\n{}\n",
            words.join(" "),
            env.hissab(&words)
        ));
    }
    assert_snapshot!(text);
    let file = std::fs::read_to_string(env.home().join(".config/hissab/config.toml")).unwrap();
    assert!(file.contains("Asha"), "{file}");
}

#[test]
fn control_characters_of_others_become_visible() {
    let env = TestEnv::new();
    book(&env, "a.hissab");
    let object = "{\"description\": \"pay\u{202e}001\", \"entries\": [{\"account\": \"tea\", \"debit\": \"1\"}, {\"account\": \"cash\"}]}";
    let run = env
        .hissab_fed(object, ["-B", "a.hissab", "add", "--json", "-"])
        .ok();
    assert!(
        run.stdout.contains("pay\u{202e}001"),
        "machines get the text: {run}"
    );
    let shown = env.hissab(["-B", "a.hissab", "show", "1"]).ok();
    assert!(shown.stdout.contains("pay<U+202E>001"), "{shown}");
    let run = env
        .hissab(["-B", "a.hissab", "out", "5", "\u{1b}[2Jtea"])
        .exits(1);
    assert!(!run.stderr.contains('\u{1b}'), "{run}");
}

#[test]
fn verbose_says_where_things_come_from_and_keeps_stdout_as_it_was() {
    let env = TestEnv::new();
    env.hissab(["init", "a.hissab"]).ok();
    env.write("hissab.toml", "book = \"a.hissab\"\n");
    let quiet = env.hissab(["tb"]).ok();
    let run = env.hissab(["tb", "-v"]).ok();
    assert_eq!(run.stdout, quiet.stdout);
    for words in [
        "configuration: project [HOME]",
        "a.hissab (the project's",
        "ms  done",
    ] {
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
    assert!(!quiet.stderr.contains(" ms "), "{quiet}");
    let failed = env.hissab(["show", "9", "-v"]).exits(6);
    assert!(failed.stderr.contains("ms  failed"), "{failed}");
}

#[test]
fn short_lists_have_columns_for_machines() {
    let mut env = TestEnv::new();
    env.hissab(["init", "a.hissab"]).ok();
    env.set("HISSAB_BOOK", "a.hissab");
    env.hissab(["account", "add", "Assets:Till"]).ok();
    env.hissab(["party", "add", "Ramesh", "--customer"]).ok();
    let csv = |words: &[&str], fields: &str| {
        let mut line = words.to_vec();
        line.extend(["-O", "csv", "--no-header", "--fields", fields]);
        env.hissab(line).ok().stdout
    };
    assert_eq!(
        csv(&["account", "list", "till"], "kind,account"),
        "asset,Assets:Till\n"
    );
    assert_eq!(
        csv(&["party", "list"], "account"),
        "Assets:Receivable:Ramesh\n"
    );
    assert_eq!(csv(&["currency", "list"], "code,scale"), "INR,2\n");
    assert_eq!(
        csv(&["log", "--limit", "1"], "seq,who,action"),
        "3,asha,account-opened\n"
    );
    assert_eq!(
        csv(&["undo", "--list"], "seq,state").lines().next(),
        Some("3,done")
    );
    assert!(csv(&["config", "list"], "name,value").contains("wait,30\n"));
    for format in ["tsv", "md", "ndjson", "json"] {
        env.hissab(["log", "-O", format]).ok();
        env.hissab(["currency", "prices", "-O", format]).ok();
    }
    env.hissab(["undo", "--fields", "seq"]).exits(2);
    env.hissab(["log", "--fields", "nosuch"]).exits(2);
}
