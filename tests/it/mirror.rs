//! Mirrors: the text of a book, hledger's reading of it, and the book that comes back of it.

use std::collections::BTreeMap;
use std::path::Path;

use hissab::book::Book;

use crate::chance::Chance;
use crate::exits::{each_book, same, sums};
use crate::journals::hledger;
use crate::odd_books::odd_book;
use crate::shop::shop;
use crate::support::TestEnv;

/// Every file below a folder, by path.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(at: &Path, below: &str, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), into);
            } else {
                into.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found);
    found
}

/// What the commands print of a book, ids included.
fn told(env: &TestEnv, book: &str) -> Vec<String> {
    let ask = |words: &[&str]| {
        let all: Vec<&str> = ["-B", book].iter().chain(words).copied().collect();
        env.hissab(all).ok().stdout
    };
    vec![
        ask(&["export", "-O", "json"]),
        ask(&["journal", "--void", "-O", "csv", "--raw"]),
        ask(&["accounts", "-O", "csv"]),
        ask(&["currency", "list", "-O", "csv"]),
        ask(&["currency", "prices", "-O", "csv"]),
        ask(&["balance", "-O", "csv"]),
        ask(&["dues", "-O", "csv"]),
    ]
}

#[test]
fn a_mirror_is_read_by_hledger_and_gives_the_same_book_again() {
    each_book("mirror", 8, |book, env| {
        let original = book.path.to_str().unwrap();
        env.hissab(["-B", original, "mirror", "text"]).ok();
        let ours = sums(&mut book.book);
        let theirs = hledger(&env.path("text/main.journal")).unwrap();
        same("hledger", &ours, &crate::exits::normal(theirs));
        env.hissab(["-B", original, "mirror", "--check", "text"])
            .ok();
        env.hissab(["init", "again.hissab"]).ok();
        env.hissab(["-B", "again.hissab", "import", "text"]).ok();
        env.hissab(["-B", "again.hissab", "mirror", "second"]).ok();
        let (first, second) = (tree(&env.path("text")), tree(&env.path("second")));
        for (name, text) in &first {
            let text = String::from_utf8_lossy(text);
            assert_eq!(text, String::from_utf8_lossy(&second[name]), "{name}");
        }
        assert_eq!(first.len(), second.len());
        env.hissab(["-B", "again.hissab", "mirror", "--check", "text"])
            .ok();
        let (a, b) = (told(env, original), told(env, "again.hissab"));
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a, b);
        }
        let again = env.hissab(["-B", "again.hissab", "import", "text"]).ok();
        assert!(again.stderr.contains("nothing changed"), "{again}");
        let checked = env.hissab([
            "-B",
            "again.hissab",
            "check",
            "--deep",
            "--fail-on",
            "error",
        ]);
        let errors = checked.stdout.lines().filter(|l| l.starts_with("error"));
        let other: Vec<&str> = errors.filter(|l| !l.contains("assertion-failed")).collect();
        assert!(other.is_empty(), "{other:?}");
    });
}

#[test]
fn a_large_mirror_is_taken_in_whole_with_its_lock() {
    let mut chance = Chance::new("large mirror");
    let mut book = odd_book(chance.next(), 2_500);
    let env = TestEnv::new();
    let original = book.path.to_str().unwrap().to_owned();
    env.hissab(["-B", &original, "mirror", "text"]).ok();
    env.hissab(["init", "again.hissab"]).ok();
    env.hissab(["-B", "again.hissab", "import", "text"]).ok();
    env.hissab(["-B", "again.hissab", "mirror", "--check", "text"])
        .ok();
    assert!(book.book.info().unwrap().transactions >= 2_500);
    let checked = env.hissab([
        "-B",
        "again.hissab",
        "check",
        "--deep",
        "locked-period",
        "totals",
    ]);
    assert!(
        !checked.stdout.lines().any(|l| l.starts_with("error")),
        "{checked}"
    );
}

#[test]
fn only_what_changed_is_written_and_what_is_gone_is_removed() {
    let env = shop();
    env.hissab(["mirror", "text"]).ok();
    let before = tree(&env.path("text"));
    let names: Vec<&str> = before.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["2026/03.journal", "2026/04.journal", "main.journal"]
    );
    env.write("text/README", "mine");
    env.write("text/2026/notes.txt", "mine too");
    let run = env.hissab(["mirror", "text"]).ok();
    assert!(
        run.stdout
            .ends_with("text: 0 written, 3 unchanged, 0 removed\n"),
        "{run}"
    );
    env.hissab([
        "add",
        "-d",
        "2026-05-02",
        "Tea",
        "--dr",
        "Expenses:Tea=5",
        "--cr",
        "Assets:Cash=5",
    ])
    .ok();
    let run = env.hissab(["mirror", "text"]).ok();
    assert!(run.stdout.contains("2 written, 2 unchanged"), "{run}");
    env.hissab(["amend", "13", "-d", "2026-04-07"]).ok();
    let run = env.hissab(["mirror", "text"]).ok();
    assert!(
        run.stdout.contains("2 written, 1 unchanged, 1 removed"),
        "{run}"
    );
    let after = tree(&env.path("text"));
    assert!(!after.contains_key("2026/05.journal"));
    assert_eq!(after["README"], b"mine");
    assert_eq!(after["2026/notes.txt"], b"mine too");
    assert_eq!(before["2026/03.journal"], after["2026/03.journal"]);
}

#[test]
fn a_check_lists_what_differs() {
    let env = shop();
    env.hissab(["mirror", "text"]).ok();
    let agreed = env.hissab(["mirror", "--check", "text"]).ok();
    assert_eq!(
        agreed.stdout,
        "Mirror · Shree Ganesh Stores\nBook and mirror agree\n"
    );
    let april = String::from_utf8(tree(&env.path("text"))["2026/04.journal"].clone()).unwrap();
    env.write(
        "text/2026/04.journal",
        april.replacen("Counter sales", "Counter sale", 1),
    );
    std::fs::remove_file(env.path("text/2026/03.journal")).unwrap();
    env.write("text/2025/12.journal", "; hissab mirror 1\n\n");
    let differs = env
        .hissab(["mirror", "--check", "text", "-O", "csv"])
        .exits(3);
    assert_eq!(
        differs.stdout,
        "file,state,line,text\n2025/12.journal,extra,,\n2026/03.journal,missing,,\n2026/04.journal,changed,3,2026-04-01 Counter sale\n"
    );
    assert!(
        differs.stderr.contains("book and mirror differ in 3 files"),
        "{differs}"
    );
    env.hissab(["mirror", "text"]).ok();
    env.hissab(["mirror", "--check", "text"]).ok();
    env.hissab(["mirror", "--check", "nosuch"]).exits(6);
}

#[test]
fn what_is_not_a_mirror_is_not_written_into() {
    let env = shop();
    env.write("full/notes.txt", "mine");
    let refused = env.hissab(["mirror", "full"]).exits(7);
    assert!(
        refused.stderr.contains("is not empty, and no mirror"),
        "{refused}"
    );
    assert_eq!(tree(&env.path("full")).len(), 1);
    env.write("git/.git/HEAD", "ref");
    env.hissab(["mirror", "git"]).ok();
    env.write("git/2027/01.journal", "2027-01-01 mine\n");
    let refused = env.hissab(["mirror", "git"]).exits(7);
    assert!(refused.stderr.contains("2027/01.journal"), "{refused}");
    let kept = std::fs::read_to_string(env.path("git/2027/01.journal")).unwrap();
    assert_eq!(kept, "2027-01-01 mine\n");
    let refused = env.hissab(["mirror", "--check", "full"]).exits(1);
    assert!(
        refused.stderr.contains("hissab mirror full/books"),
        "{refused}"
    );
    env.hissab(["mirror", "full/books"]).ok();
    env.hissab(["mirror", "--check", "full/books"]).ok();
    env.hissab(["-f", "x.journal", "mirror", "y"]).exits(2);
}

#[test]
fn an_edited_mirror_is_refused_at_its_line_and_nothing_is_taken_in() {
    let env = shop();
    env.hissab(["mirror", "text"]).ok();
    env.hissab(["init", "new.hissab"]).ok();
    let path = "text/2026/04.journal";
    let april = std::fs::read_to_string(env.path(path)).unwrap();
    let main = std::fs::read_to_string(env.path("text/main.journal")).unwrap();
    for (from, to, why) in [
        ("6250.00 INR", "6251.00 INR", "04.journal:3:1"),
        (
            "Assets:Cash ",
            "Assets:Till ",
            "an account of the main file",
        ),
        (
            "number: 2\n",
            "number: 3\n",
            "the number 2 is missing before 3",
        ),
        ("    ; number: 2\n", "", "no number"),
        (
            "2026-04-01 Counter",
            "2026-05-01 Counter",
            "not of the month",
        ),
        (
            "Expenses:Tea   ",
            "Expenses:Tea     ",
            "not as hissab writes it",
        ),
        (
            "; void: \"entered twice\"",
            "; void: entered\n; x",
            "04.journal",
        ),
        ("\n\n", "\nnonsense\n\n", "04.journal"),
    ] {
        let edited = april.replacen(from, to, 1);
        assert_ne!(april, edited, "{from}");
        env.write(path, edited);
        let refused = env.hissab(["-B", "new.hissab", "import", "text"]).exits(1);
        assert!(refused.stderr.contains(why), "{from}: {refused}");
    }
    env.write(path, &april);
    env.write(
        "text/main.journal",
        main.replacen("include 2026/03.journal\n", "", 1),
    );
    let refused = env.hissab(["-B", "new.hissab", "import", "text"]).exits(1);
    assert!(
        refused.stderr.contains("the number 1 is missing"),
        "{refused}"
    );
    env.write("text/main.journal", main.replacen("\"INR\"", "\"USD\"", 1));
    env.hissab(["-B", "new.hissab", "import", "text"]).exits(1);
    env.write("text/main.journal", &main);
    let dry = env
        .hissab(["-B", "new.hissab", "import", "text", "--dry-run"])
        .ok();
    assert!(dry.stdout.contains("nothing written"), "{dry}");
    env.hissab(["init", "usd.hissab", "--currency", "USD"]).ok();
    env.hissab(["-B", "usd.hissab", "import", "text"]).exits(7);
    env.hissab(["-B", "new.hissab", "import", "text", "x.csv"])
        .exits(2);
    env.hissab(["-B", "new.hissab", "import", "text", "--account", "cash"])
        .exits(2);
    env.hissab(["-B", "new.hissab", "import", "text/main.journal"])
        .ok();
    env.hissab(["-B", "new.hissab", "mirror", "--check", "text"])
        .ok();
    env.hissab(["-B", "new.hissab", "in", "5"]).ok();
    let refused = env.hissab(["-B", "new.hissab", "import", "text"]).exits(7);
    assert!(refused.stderr.contains("an empty book"), "{refused}");
}

#[cfg(feature = "server")]
#[test]
fn a_book_on_a_server_has_the_mirror_of_its_file_and_comes_back_of_it() {
    let mut chance = Chance::new("mirror of a server's book");
    let book = odd_book(chance.next(), 40);
    let mut env = TestEnv::new();
    env.set("HISSAB_TOKEN", crate::served::SECRET);
    env.hissab(["-B", book.path.to_str().unwrap(), "mirror", "text"])
        .ok();
    let served = crate::served::Served::of(&book.path);
    env.hissab(["-B", &served.place(), "mirror", "--check", "text"])
        .ok();
    env.hissab(["init", "new.hissab"]).ok();
    let empty = crate::served::Served::of(&env.path("new.hissab"));
    env.hissab(["-B", &empty.place(), "import", "text"]).ok();
    env.hissab(["-B", &empty.place(), "mirror", "--check", "text"])
        .ok();
}
