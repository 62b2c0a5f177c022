//! Books that a push or a restore replaced: kept for thirty days, then gone if the book that is there holds all of
//! them, and never else.

use std::path::{Path, PathBuf};

use hissab::server::replaced::sweep;

use crate::http::TestServer;
use crate::support::TestEnv;

/// Longer than a replaced book is kept, by the clock of tests, which is behind.
const LONG: i64 = 400 * 86_400;

/// A machine whose owner pushed a book twice to a server: over its first, empty one, and over that.
struct Office {
    env: TestEnv,
    server: TestServer,
    /// What the server keeps: its folder, or its database.
    place: String,
}

impl Office {
    fn open(database: Option<String>) -> Office {
        let url = database.clone();
        let server = TestServer::with(|config| config.database = url);
        let asha = server.register("asha");
        server.make_org(&asha, "shop");
        let token = server.token(&asha, "shop", &["read", "write"]);
        let mut env = TestEnv::new();
        env.set("HISSAB_TOKEN", token["token"].as_str().unwrap());
        let place =
            database.unwrap_or_else(|| server.folder.path().join("data").display().to_string());
        let office = Office { env, server, place };
        office
            .env
            .hissab(["init", "mine.hissab", "--template", "shop"])
            .ok();
        let url = office.url();
        let type_in = |words: &[&str]| drop(office.env.hissab(words).ok());
        type_in(&["-B", "mine.hissab", "in", "500", "sales"]);
        type_in(&["push", "mine.hissab", &url]);
        type_in(&["clone", &url, "copy.hissab"]);
        type_in(&["book", "detach", "copy.hissab", "--yes"]);
        type_in(&["-B", "copy.hissab", "in", "5", "sales"]);
        type_in(&["push", "copy.hissab", &url]);
        office
    }

    fn url(&self) -> String {
        format!("{}/shop", self.server.server().url())
    }

    fn said(&self, words: &[&str]) -> String {
        let words = ["store", "replaced", &self.place]
            .into_iter()
            .chain(words.iter().copied());
        self.env.hissab(words).ok().stdout
    }

    fn proves(&self) {
        let url = self.url();
        self.env.hissab(["-B", &url, "audit", "verify"]).ok();
        self.env.hissab(["-B", &url, "check", "--deep"]).ok();
        self.env.hissab(["-B", &url, "in", "1", "sales"]).ok();
    }
}

/// Kept for its time, and then gone: nothing of the book that is there changes.
fn goes_by_itself(office: &Office) {
    let balance = || {
        office
            .env
            .hissab(["-B", &office.url(), "tb", "-O", "csv"])
            .ok()
            .stdout
    };
    let (before, app) = (balance(), office.server.server().state().clone());
    assert_eq!(sweep(&app).unwrap(), 0);
    let said = office.said(&[]);
    assert_eq!(
        said.lines()
            .filter(|l| l.starts_with("shop · ") && l.ends_with(": kept"))
            .count(),
        2,
        "{said}"
    );
    office.server.later(LONG);
    assert_eq!(sweep(&app).unwrap(), 2);
    office.server.later(-LONG);
    assert_eq!(office.said(&[]), "");
    assert_eq!(balance(), before);
    let log = office.server.log.lock().unwrap().concat();
    assert!(log.contains("a replaced book was removed"), "{log}");
    office.proves();
}

#[test]
fn a_replaced_file_is_kept_for_its_time_and_goes() {
    let office = Office::open(None);
    goes_by_itself(&office);
    assert_eq!(kept_beside(&office).len(), 0);
}

fn kept_beside(office: &Office) -> Vec<PathBuf> {
    let books = Path::new(&office.place).join("books");
    let files = std::fs::read_dir(books).unwrap();
    let paths = files.map(|item| item.unwrap().path());
    paths
        .filter(|path| path.to_string_lossy().contains("before-restore"))
        .collect()
}

#[test]
fn what_a_restore_went_back_behind_stays() {
    let mut office = Office::open(None);
    let books = Path::new(&office.place).join("books");
    let url = office.url();
    office
        .env
        .hissab(["-B", &url, "backup", "early.hissab"])
        .ok();
    office.env.hissab(["-B", &url, "in", "77", "sales"]).ok();
    drop(office.server.server.take());
    let file = std::fs::read_dir(books)
        .unwrap()
        .map(|item| item.unwrap().path());
    let mut files = file.filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".hissab") && !name.contains("before-restore")
    });
    let file = files.next().unwrap();
    let book = file.to_str().unwrap();
    office
        .env
        .hissab(["-B", book, "restore", "early.hissab", "--yes"])
        .ok();
    let said = office.said(&["--remove"]);
    assert_eq!(said.matches(": removed").count(), 2, "{said}");
    assert_eq!(
        said.matches(": kept: it holds what the book does not")
            .count(),
        1,
        "{said}"
    );
    assert_eq!(kept_beside(&office).len(), 1);
}

#[cfg(feature = "postgres")]
mod in_postgres {
    use super::*;
    use crate::postgres::{Shell, make};

    /// Everything there, past row security.
    fn beyond(url: &str) -> Shell {
        let (_, name) = url.rsplit_once('/').unwrap();
        let base = std::env::var("HISSAB_TEST_POSTGRES").unwrap();
        Shell::at(&format!("{base}/{name}"))
    }

    const TABLES: &[&str] = &[
        "book",
        "org_counters",
        "audit",
        "unsealed",
        "raised",
        "setting",
        "currency",
        "account",
        "txn",
        "entry",
        "price",
        "assertion",
        "accepted",
        "batch",
        "source_row",
        "source_text",
        "total",
        "conversion",
        "request",
        "discarded",
    ];

    #[test]
    fn a_replaced_book_is_kept_for_its_time_and_goes_with_every_row() {
        let url = make("replaced");
        let office = Office::open(Some(url.clone()));
        let all = beyond(&url);
        assert_eq!(all.number("SELECT count(*) FROM hissab.book"), 3);
        goes_by_itself(&office);
        for table in TABLES {
            let others = format!(
                "SELECT count(*) FROM hissab.{table} WHERE org_id::text || '.hissab' NOT IN (SELECT file FROM hissab_server.org)"
            );
            assert_eq!(all.number(&others), 0, "{table}");
        }
        // A table that is forgotten above is one that keeps rows of a book.
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'hissab' AND tablename <> 'refinery_schema_history'";
        assert_eq!(all.number(tables), TABLES.len() as i64);
    }

    /// What lets a replaced book go lets nothing else go, whoever types it.
    #[test]
    fn only_a_book_that_another_holds_goes() {
        let url = make("replaced_attacked");
        let office = Office::open(Some(url.clone()));
        let all = beyond(&url);
        // By the number of the transactions they hold: none, one, two.
        let keys = ["0", "1", "2"].map(|count| {
            let sql = format!(
                "SELECT ('x' || substr(replace(b.org_id::text, '-', ''), {{}}, 16))::bit(64)::bigint FROM hissab.book b
                  WHERE (SELECT count(*) FROM hissab.txn t WHERE t.org_id = b.org_id) = {count}"
            );
            let half = |from: &str| all.number(&sql.replace("{}", from)) as u64;
            uuid::Uuid::from_u64_pair(half("1"), half("17"))
        });
        let [_, old, live] = keys;
        let (owner, app) = (Shell::at(&url), Shell::at(&url));
        app.types("SET ROLE hissab_app").unwrap();
        let discard = |what: uuid::Uuid, by: uuid::Uuid| {
            format!("INSERT INTO hissab.discarded VALUES ('{what}', '{by}')")
        };
        let go = "DELETE FROM hissab.entry; DELETE FROM hissab.txn; DELETE FROM hissab.audit";
        let mark = "UPDATE hissab.org_counters SET moved = 'replaced'";
        let forged = uuid::Uuid::from_u128(5);
        let enter = |org: uuid::Uuid| format!("SET LOCAL hissab.org = '{org}'");
        let attacks = [
            (old, go.to_owned(), "sealed"),
            // The book that is there is held by none, whatever its row says.
            (live, format!("{}; {go}", discard(live, old)), "holds all of it"),
            (live, format!("{mark}; {}; {go}", discard(live, old)), "holds all of it"),
            // What lets the old one go lets the other stay.
            (old, format!("{}; {}; DELETE FROM hissab.txn", discard(old, live), enter(live)), "never deleted"),
            (old, format!("{}; {}; DELETE FROM hissab.entry", discard(old, live), enter(live)), "sealed"),
            (old, format!("{}; UPDATE hissab.audit SET who = 'x'", discard(old, live)), "never change"),
            (old, format!("{}; TRUNCATE hissab.audit CASCADE", discard(old, live)), "never change"),
            (old, format!("{}; UPDATE hissab.discarded SET held_by = org_id", discard(old, live)), "holds all of it"),
            // Not by a book made of copied records without what they speak of.
            (
                live,
                format!(
                    "CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT * FROM hissab.audit;
                     CREATE TEMP TABLE head ON COMMIT DROP AS SELECT * FROM hissab.book;
                     {mark}; {}; INSERT INTO hissab.book SELECT '{forged}', id, created_at FROM head;
                     UPDATE copied SET org_id = '{forged}'; INSERT INTO hissab.audit SELECT * FROM copied;
                     {}; {}; {go}",
                    enter(forged), enter(live), discard(live, forged)
                ),
                "holds all of it",
            ),
        ];
        for (org, script, words) in &attacks {
            let refused = owner.commits(*org, script).expect_err(script);
            assert!(refused.contains(words), "{script}: {refused}");
            let refused = app.commits(*org, script).expect_err(script);
            assert!(
                refused.contains(words) || refused.contains("permission denied"),
                "{script}: {refused}"
            );
        }
        // Whoever is above row security would see all books at once.
        let script = format!(
            "{}; DELETE FROM hissab.txn WHERE org_id = '{old}'",
            discard(old, live)
        );
        let refused = all.commits(old, &script).unwrap_err();
        assert!(refused.contains("never deleted"), "{refused}");
        office.proves();
        // The control: what is held goes.
        owner
            .commits(
                old,
                &format!("{}; {go}; DELETE FROM hissab.discarded", discard(old, live)),
            )
            .unwrap();
        office.proves();
    }
}
