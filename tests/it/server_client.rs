//! The client's side of a server: sign-ins that many processes share, and changes that happen once
//! whatever becomes of the line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::support::{Run, TestEnv};

const PASSWORD: &str = "canary horse battery staple";

/// `hissab serve` as a process. Killed when dropped.
pub struct Serving {
    child: Child,
    pub port: u16,
    setup_code: Option<String>,
}

impl Serving {
    fn start(env: &TestEnv, port: u16) -> Serving {
        let listen = format!("127.0.0.1:{port}");
        let mut child = env
            .command(["serve", "--data", "data", "--listen", &listen])
            .env_remove("HISSAB_TEST_CLOCK")
            .stdout(Stdio::piped())
            // A pipe that nobody reads would hold the server up once it is full.
            .stderr(std::fs::File::create(env.path("server.log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let port = first.rsplit(':').next().unwrap().trim().parse().unwrap();
        let mut setup_code = None;
        // Only a server without accounts says more.
        if !std::fs::exists(env.path("data/said")).unwrap() {
            for line in lines.by_ref().map_while(Result::ok).take(2) {
                if let Some((_, code)) = line.split_once("setup code: ") {
                    setup_code = Some(code.to_owned());
                }
            }
            std::fs::write(env.path("data/said"), "").unwrap();
        }
        Serving {
            child,
            port,
            setup_code,
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server with its owner signed in and the book `shop`.
pub fn shop() -> (TestEnv, Serving) {
    let mut env = TestEnv::new();
    let serving = Serving::start(&env, 0);
    let url = serving.url();
    let code = serving.setup_code.clone().expect("a setup code");
    let words = [
        "login",
        &url,
        "--email",
        "asha@example.com",
        "--setup",
        "--password-stdin",
    ];
    let run = env.hissab_fed(format!("{code}\n{PASSWORD}\n"), words).ok();
    assert!(
        run.stderr.contains("credentials.json"),
        "it says where the sign-in goes: {run}"
    );
    assert!(!run.to_string().contains("canary"), "{run}");
    env.hissab([
        "org",
        "create",
        "Shop",
        "--slug",
        "shop",
        "--template",
        "shop",
        "--server",
        &url,
    ])
    .ok();
    env.set("HISSAB_BOOK", &format!("{url}/shop"));
    (env, serving)
}

pub fn credentials(env: &TestEnv) -> std::path::PathBuf {
    env.home().join(".config/hissab/credentials.json")
}

/// Makes the access token look like one that has ended.
fn age(env: &TestEnv) -> String {
    let text = std::fs::read_to_string(credentials(env)).unwrap();
    let mut held: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut refresh = String::new();
    for (_, sign_in) in held["servers"].as_object_mut().unwrap() {
        sign_in["access_until"] = "2020-01-01T00:00:00Z".into();
        refresh = sign_in["refresh_token"].as_str().unwrap().to_owned();
    }
    std::fs::write(credentials(env), held.to_string()).unwrap();
    refresh
}

#[test]
fn many_processes_renewing_a_sign_in_at_once_never_end_it() {
    let (env, serving) = shop();
    let rounds = match std::env::var_os("HISSAB_TEST_MANY") {
        Some(_) => 50,
        None => 3,
    };
    for _ in 0..rounds {
        let before = age(&env);
        let children: Vec<Child> = (0..20)
            .map(|_| {
                env.command(["whoami", &serving.url()])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "{said}");
        }
        assert_ne!(age(&env), before, "somebody renewed it");
    }
    env.hissab(["tb"]).ok();
}

#[cfg(unix)]
#[test]
fn the_sign_in_is_the_owners_alone_and_is_gone_after_logout() {
    use std::os::unix::fs::PermissionsExt;
    let (env, serving) = shop();
    let path = credentials(&env);
    let mode = |p: &std::path::Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("canary"));
    // A valid sign-in is harmless.
    let again = env.hissab(["login", &serving.url()]).ok();
    assert!(again.stdout.starts_with("already signed in"), "{again}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = env.hissab(["tb"]).exits(1);
    assert!(refused.stderr.contains("chmod 600"), "{refused}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    env.hissab(["logout"]).ok();
    let out = env.hissab(["tb"]).exits(4);
    assert!(
        out.stderr
            .contains(&format!("hissab login {}", serving.url())),
        "{out}"
    );
    assert!(!std::fs::read_to_string(&path).unwrap().contains("token\":"));
}

#[test]
fn ctrl_d_ends_a_sign_in() {
    let (env, serving) = shop();
    env.hissab(["logout"]).ok();
    // What is no address is asked for again.
    let steps = [("Email", "asha\r"), ("NAME@HOST", ""), ("Email", "\u{4}")];
    let login = ["login", &serving.url()];
    crate::terminal::at_a_terminal_exiting(&env, &login, &steps, 130);
}

#[test]
fn a_wrong_password_and_a_wrong_token_are_exit_4_and_name_what_was_used() {
    let (mut env, serving) = shop();
    let url = serving.url();
    let words = [
        "login",
        &url,
        "--email",
        "asha@example.com",
        "--password-stdin",
    ];
    env.hissab_fed("canary-wrong\n", words).exits(4);
    let token = env
        .hissab(["token", "create", "cron", "--read-only"])
        .ok()
        .stdout;
    env.set("HISSAB_TOKEN", token.trim());
    env.hissab(["tb"]).ok();
    env.hissab(["out", "5", "tea"]).exits(5);
    env.set("HISSAB_TOKEN", "hsb_canary");
    let wrong = env.hissab(["tb"]).exits(4);
    assert!(wrong.stderr.contains("HISSAB_TOKEN"), "{wrong}");
    // A token goes before a sign-in: signing in alone would change nothing.
    assert!(wrong.stderr.contains("unset HISSAB_TOKEN"), "{wrong}");
    assert!(!wrong.stderr.contains("canary"), "{wrong}");
}

#[test]
fn what_lists_print_is_a_contract() {
    let (env, serving) = shop();
    env.hissab(["token", "create", "cron"]).ok();
    env.hissab(["org", "invite", "ravi@example.com", "--role", "clerk"])
        .ok();
    let first = |words: &[&str]| {
        let run = env.hissab(words.iter().copied().chain(["-O", "csv"])).ok();
        run.stdout.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(first(&["org", "list"]), "org,name,role,url,id");
    assert_eq!(first(&["org", "members"]), "email,name,role,state,since,id");
    assert_eq!(
        first(&["token", "list"]),
        "name,org,scopes,created,last_used,expires,id"
    );
    assert_eq!(
        first(&["sync", "--list"]),
        "state,written_at,about,why,id,book"
    );
    let who = env.hissab(["whoami", "--json"]).ok().stdout;
    let who: serde_json::Value = serde_json::from_str(&who).unwrap();
    assert_eq!(who["schema"], "hissab/whoami/1");
    assert_eq!(who["orgs"][0]["role"], "owner");
    let status = env.hissab(["status", "--json"]).ok().stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["remote"]["server"], serving.url());
    assert_eq!(status["remote"]["waiting"], 0);
    let watched = env
        .hissab(["watch", "--since", "0", "--limit", "1", "-O", "ndjson"])
        .ok();
    let event: serde_json::Value = serde_json::from_str(&watched.stdout).unwrap();
    assert_eq!(event["seq"], 1);
}

#[test]
fn postings_wait_for_a_server_that_is_away_and_are_recorded_once() {
    let (env, mut serving) = shop();
    env.hissab(["out", "1", "chai"]).ok();
    serving.child.kill().unwrap();
    serving.child.wait().unwrap();
    let queued = env.hissab(["out", "2", "away-one"]).exits(9);
    assert!(queued.stderr.contains("→ queued, 1 waiting"), "{queued}");
    env.hissab(["out", "3", "away-two"]).exits(9);
    // Everything else says so and queues nothing.
    env.hissab(["void", "1", "--reason", "x"]).exits(8);
    env.hissab(["account", "add", "Expenses:New"]).exits(8);
    env.hissab(["tb"]).exits(8);
    for looking in [
        "tb",
        "whoami",
        "watch",
        "org list",
        "org members",
        "job list",
    ] {
        let said = env.hissab(looking.split(' ')).exits(8);
        assert!(!said.stderr.contains("nothing was recorded"), "{said}");
    }
    // What the chart does not have is refused at once, as it would be there.
    env.hissab([
        "add",
        "x",
        "--dr",
        "Expenses:Nosuch=1",
        "--cr",
        "Assets:Cash=1",
    ])
    .exits(6);
    env.hissab(["sync"]).exits(9);
    // Without a book named, whatever waits for any server is listed; a file has nothing waiting.
    let mut nowhere = env.command(["sync", "--list", "-O", "csv"]);
    let anywhere = nowhere.env_remove("HISSAB_BOOK").output().unwrap();
    let anywhere = String::from_utf8(anywhere.stdout).unwrap();
    assert_eq!(anywhere.matches("\nqueued,").count(), 2, "{anywhere}");
    env.hissab(["-B", "some.hissab", "sync"]).exits(2);
    let listed = env.hissab(["sync", "--list", "-O", "csv"]).ok().stdout;
    assert_eq!(
        listed.lines().filter(|l| l.starts_with("queued,")).count(),
        2,
        "{listed}"
    );
    let port = serving.port;
    drop(serving);
    let _again = Serving::start(&env, port);
    env.hissab(["sync"]).ok();
    assert_eq!(
        env.hissab(["sync", "--list", "-O", "ndjson"]).ok().stdout,
        ""
    );
    for what in ["chai", "away-one", "away-two"] {
        assert_eq!(times(&env, what), 1, "{what}");
    }
}

#[test]
fn one_that_is_refused_at_sync_stays_listed_until_it_is_dropped() {
    let (env, mut serving) = shop();
    env.hissab(["out", "1", "chai"]).ok();
    serving.child.kill().unwrap();
    serving.child.wait().unwrap();
    env.hissab(["out", "2", "late"]).exits(9);
    let port = serving.port;
    drop(serving);
    let _again = Serving::start(&env, port);
    env.hissab(["lock", "2026-04-07", "--yes"]).ok();
    let refused = env.hissab(["sync"]).exits(1);
    assert!(refused.stderr.contains("not recorded"), "{refused}");
    let listed = env.hissab(["sync", "--list", "-O", "csv"]).ok().stdout;
    let line = listed.lines().nth(1).unwrap();
    assert!(line.starts_with("refused,"), "{listed}");
    let id = line.split(',').nth(4).unwrap();
    env.hissab(["sync", "--drop", id, "--yes"]).ok();
    env.hissab(["sync"]).ok();
    assert_eq!(times(&env, "late"), 0);
}

/// How many transactions of this description the book holds.
pub fn times(env: &TestEnv, what: &str) -> usize {
    let rows = env
        .hissab(["journal", "-O", "csv", "--fields", "number,description"])
        .ok()
        .stdout;
    let mut numbers: Vec<&str> = rows
        .lines()
        .filter_map(|line| line.split_once(','))
        .filter(|(_, description)| *description == what)
        .map(|(number, _)| number)
        .collect();
    numbers.dedup();
    numbers.len()
}

// ---- files that are not the home of their book ----

/// A file with one sale, not yet on the server.
fn local_book(env: &TestEnv) {
    env.hissab(["init", "mine.hissab", "--template", "shop"])
        .ok();
    sale(env, "mine.hissab", "first").ok();
}

fn sale(env: &TestEnv, book: &str, what: &str) -> Run {
    env.hissab(["-B", book, "add", what, "cash", "5", "sales"])
}

#[test]
fn more_accounts_than_an_address_can_name_are_asked_for_all_the_same() {
    let (env, serving) = shop();
    let place = format!("{}/mine", serving.url());
    let mut journal = String::new();
    for party in 0..1500 {
        journal += &format!(
            "2026-04-{:02} sale {party}\n  Assets:Debtors:Customer {party:04}  {party}.25 INR\n  Income:Sales\n",
            1 + party % 28
        );
    }
    env.write("sales.journal", &journal);
    local_book(&env);
    let import = ["-B", "mine.hissab", "import", "sales.journal"];
    env.hissab(import.iter().chain(&["--create-accounts"])).ok();
    env.hissab(["push", "mine.hissab", &place]).ok();
    for words in [
        &["balance", "acct:Debtors"][..],
        &["journal", "acct:Debtors", "--limit", "20", "-O", "csv"],
        &["register", "acct:Debtors", "-O", "csv"],
        &["search", "sale", "acct:Debtors", "--limit", "5"],
    ] {
        let here = env.hissab(["-B", "mine.hissab"].iter().chain(words)).ok();
        let there = env.hissab(["-B", &place].iter().chain(words)).ok();
        assert_eq!(here.stdout, there.stdout, "{words:?}");
        assert!(here.stdout.lines().count() > 4, "{words:?}: {here}");
    }
}

fn read_only_of(env: &TestEnv, book: &str) -> serde_json::Value {
    let status = env.hissab(["-B", book, "status", "--json"]).ok().stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    status["read_only"].clone()
}

#[test]
fn a_pushed_file_is_only_read_until_it_is_detached() {
    let (env, serving) = shop();
    let place = format!("{}/mine", serving.url());
    local_book(&env);
    env.hissab(["push", "mine.hissab", &place, "--dry-run"])
        .ok();
    let token = ["token", "create", "look", "--read-only"];
    let token = env.hissab(token).ok().stdout;
    let mut reader = env.command(["push", "mine.hissab", &place, "--dry-run"]);
    reader.env("HISSAB_TOKEN", token.trim());
    assert_eq!(reader.output().unwrap().status.code(), Some(5));
    // Nothing listens on port 1.
    let mut away = env.command([
        "push",
        "mine.hissab",
        "http://127.0.0.1:1/mine",
        "--dry-run",
    ]);
    away.env("HISSAB_TOKEN", token.trim());
    assert_eq!(away.output().unwrap().status.code(), Some(8));
    sale(&env, "mine.hissab", "second").ok();
    env.hissab(["push", "mine.hissab", &place]).ok();
    let refused = sale(&env, "mine.hissab", "third").exits(10);
    assert!(
        refused.stderr.contains(&format!("moved to {place}")),
        "{refused}"
    );
    assert!(
        refused.stderr.contains(&format!("hissab -B {place}")),
        "{refused}"
    );
    assert!(
        refused.stderr.contains("hissab book detach [HOME]"),
        "a path that can be pasted: {refused}"
    );
    for words in [&["tb"][..], &["check", "--deep"], &["audit", "verify"]] {
        env.hissab(["-B", "mine.hissab"].iter().chain(words)).ok();
    }
    let said = read_only_of(&env, "mine.hissab");
    assert!(said.as_str().unwrap().contains(&place), "{said}");
    // The mark belongs to the file: neither the server's book nor a backup has it, and pushing again is harmless.
    sale(&env, &place, "there").ok();
    env.hissab(["-B", "mine.hissab", "backup", "backup.hissab"])
        .ok();
    sale(&env, "backup.hissab", "own").ok();
    env.hissab(["push", "mine.hissab", &format!("{}/other", serving.url())])
        .exits(7);
    env.hissab(["-B", "mine.hissab", "book", "detach"]).exits(2);
    sale(&env, "mine.hissab", "still not").exits(10);
    env.hissab(["book", "detach", "mine.hissab", "--yes"]).ok();
    assert!(read_only_of(&env, "mine.hissab").is_null());
    sale(&env, "mine.hissab", "third").ok();
    // Both went on: they are never merged, and trying says so too.
    env.hissab(["push", "mine.hissab", &place, "--dry-run"])
        .exits(7);
    let apart = env.hissab(["push", "mine.hissab", &place]).exits(7);
    let other = format!("hissab push mine.hissab {}/OTHER-NAME", serving.url());
    assert!(apart.stderr.contains(&other), "{apart}");
    sale(&env, "mine.hissab", "a push that failed marks nothing").ok();
    env.hissab(["book", "detach", "mine.hissab", "--yes"])
        .exits(7);
}

#[test]
fn a_push_that_keeps_the_file_leaves_two_books_with_one_past() {
    let (env, serving) = shop();
    local_book(&env);
    let place = format!("{}/mine", serving.url());
    let push = || env.hissab(["push", "mine.hissab", &place, "--keep"]);
    let head = |book: &str| env.hissab(["-B", book, "audit", "head"]).ok().stdout;
    let said = push().ok();
    assert!(said.stderr.contains("goes its own way"), "{said}");
    let past = head("mine.hissab");
    assert_eq!(head(&place), past);
    // As long as nobody wrote there, the file may go on there.
    sale(&env, "mine.hissab", "second").ok();
    push().ok();
    sale(&env, "mine.hissab", "here").ok();
    sale(&env, &place, "there").ok();
    push().exits(7);
    // Both prove what an auditor kept of their common past.
    let hash = past.split_whitespace().nth(1).unwrap();
    for book in ["mine.hissab", &place] {
        env.hissab(["-B", book, "audit", "verify", "--contains", hash])
            .ok();
    }
    // A file that was moved there before is a book again.
    let other = format!("{}/other", serving.url());
    env.hissab(["-B", "mine.hissab", "backup", "second.hissab"])
        .ok();
    env.hissab(["push", "second.hissab", &other]).ok();
    sale(&env, "second.hissab", "moved").exits(10);
    env.hissab(["push", "second.hissab", &other, "--keep"]).ok();
    sale(&env, "second.hissab", "kept").ok();
}

#[test]
fn a_clone_is_only_read_until_it_is_detached() {
    let (env, serving) = shop();
    let place = format!("{}/shop", serving.url());
    env.hissab(["out", "1", "chai"]).ok();
    env.hissab(["clone", &place, "copy.hissab"]).ok();
    let refused = sale(&env, "copy.hissab", "x").exits(10);
    assert!(
        refused.stderr.contains(&format!("a copy of {place}")),
        "{refused}"
    );
    env.hissab(["-B", "copy.hissab", "check", "--deep"]).ok();
    let said = read_only_of(&env, "copy.hissab");
    assert!(said.as_str().unwrap().contains(&place), "{said}");
    env.hissab(["book", "detach", "copy.hissab", "--yes"]).ok();
    sale(&env, "copy.hissab", "x").ok();
    // The server did not go on meanwhile: the copy continues its book, and is marked then.
    env.hissab(["push", "copy.hissab", &place]).ok();
    assert_eq!(times(&env, "x"), 1);
    sale(&env, "copy.hissab", "y").exits(10);
}

#[test]
fn what_is_named_and_is_not_there_says_how_to_find_it() {
    let (env, serving) = shop();
    let nowhere = format!("{}/nosuch", serving.url());
    let org = env.hissab(["-B", &nowhere, "tb"]).exits(6);
    assert!(org.stderr.contains("hissab org list"), "{org}");
    let job = env.hissab(["job", "status", "mine"]).exits(2);
    assert!(job.stderr.contains("hissab job list"), "{job}");
    local_book(&env);
    let address = env.hissab(["push", "mine.hissab", "shop"]).exits(2);
    assert!(address.stderr.contains("begins with https://"), "{address}");
    let token = ["token", "create", "look", "--read-only"];
    let token = env.hissab(token).ok().stdout;
    let mut viewer = env.command(["org", "members"]);
    viewer.env("HISSAB_TOKEN", token.trim());
    assert_eq!(viewer.output().unwrap().status.code(), Some(0));
}

#[test]
fn a_book_that_is_gone_is_the_servers_fault_and_its_place_stays_inside() {
    let (env, serving) = shop();
    env.hissab(["out", "5", "tea"]).ok();
    let port = serving.port;
    drop(serving);
    std::fs::remove_dir_all(env.path("data/books")).unwrap();
    let _serving = Serving::start(&env, port);
    for line in ["tb", "journal"] {
        let run = env.typed(line).exits(10);
        assert!(
            !run.stderr.contains("data/") && run.stderr.contains("damaged"),
            "{run}"
        );
    }
}

#[test]
fn an_export_of_a_hosted_book_is_known_to_it_as_it_was() {
    let (env, _serving) = shop();
    let posted = |what: &str| env.hissab(["-q", "out", "5", what]).ok().stdout;
    let (tea, milk) = (posted("tea"), posted("milk"));
    env.hissab(["export", "all.journal"]).ok();
    env.hissab(["amend", tea.trim(), "--amount", "7"]).ok();
    let again = env.hissab(["import", "all.journal"]).ok();
    let note = format!("{} of the book: amended there since", tea.trim());
    assert!(again.stdout.contains(&note), "{again}");
    let text = std::fs::read_to_string(env.path("all.journal")).unwrap();
    env.write("all.journal", text.replace("milk", "curd"));
    let other = env.hissab(["import", "all.journal"]).exits(7);
    let hint = format!("hissab amend {} --description curd", milk.trim());
    assert!(other.stderr.contains(&hint), "{other}");
}
