//! The drill of a restore to a moment: a base backup and the archive of the log, restored by `deploy/restore-drill`
//! to just before a mistake, and proved by the audit head that was written down by then.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Person, TestServer};
use crate::postgres::{Shell, make_at};
use crate::postgres_cluster::{Cluster, folder};

fn sell(server: &TestServer, asha: &Person, count: usize) {
    for _ in 0..count {
        let sale = json!({
            "id": Uuid::now_v7(), "date": "2026-04-07", "description": "Sale",
            "entries": [
                { "account": "Assets:Cash", "debit": "5.00" }, { "account": "Income:Sales", "credit": "5.00" },
            ],
        });
        let path = "/orgs/shop/transactions";
        server.post(path, &asha.access, &sale).is(201);
    }
}

fn head(server: &TestServer, asha: &Person) -> String {
    let head = server.get("/orgs/shop/audit/head", &asha.access).is(200);
    head.body["hash"].as_str().unwrap().to_owned()
}

struct Drill<'a> {
    base: &'a Path,
    archive: &'a Path,
    token: &'a str,
    database: &'a str,
}

impl Drill<'_> {
    fn run(&self, moment: &str, head: &str) -> Output {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let port = ports();
        Command::new(root.join("deploy").join("restore-drill"))
            .arg("--base")
            .arg(self.base)
            .arg("--archive")
            .arg(self.archive)
            .args(["--to", moment, "--org", "shop", "--head", head])
            .args(["--database", self.database, "--role", "hissab_test_owner"])
            .args(["--port", &port.to_string()])
            .args(["--hissab", env!("CARGO_BIN_EXE_hissab")])
            .env("HISSAB_TOKEN", self.token)
            .env("HOME", self.archive)
            .output()
            .unwrap()
    }
}

/// A port that is free, and the next one too.
fn ports() -> u16 {
    loop {
        let first = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && std::net::TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

/// The moment by the clock of the database.
fn now(shell: &Shell) -> String {
    let micros = shell.number("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
    jiff::Timestamp::from_microsecond(micros)
        .unwrap()
        .to_string()
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_backup_is_restored_to_the_moment_before_a_mistake_and_proved() {
    let (kept, archive) = (folder(), folder());
    let (base, archive) = (kept.path().join("base"), archive.path());
    let copy = format!(
        "archive_command=test ! -f {0}/%f && cp %p {0}/%f",
        archive.display()
    );
    let cluster = Cluster::new(&["wal_level=replica", "archive_mode=on", &copy]);
    let url = make_at(&cluster.base(), "drill");
    let server = TestServer::with(|config| {
        config.database = Some(url.clone());
        // The token is still good by the clock of the drill.
        config.clock = std::sync::Arc::new(jiff::Timestamp::now);
    });
    let asha = server.register("asha");
    server.make_org(&asha, "shop");
    let token = server.token(&asha, "shop", &["read"]);
    let token = token["token"].as_str().unwrap();
    sell(&server, &asha, 5);
    cluster.backs_up_into(&base);
    sell(&server, &asha, 5);
    let written_down = head(&server, &asha);
    let shell = Shell::at(&format!("{}/postgres", cluster.base()));
    let moment = now(&shell);

    // The mistake, and a day's work after it.
    let query = "/orgs/shop/transactions/1?reason=mistake";
    let bearer = format!("Bearer {}", asha.access);
    let headers = [("Authorization", bearer.as_str())];
    server
        .call_with("DELETE", query, &headers, &Value::Null)
        .is(200);
    sell(&server, &asha, 5);
    let too_late = head(&server, &asha);
    let last = shell.number(
        "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 17, 8))::bit(32)::bigint",
    );
    shell.types("SELECT pg_switch_wal()").unwrap();
    cluster.has_archived(archive, last);

    let drill = Drill {
        base: &base,
        archive,
        token,
        database: url.rsplit('/').next().unwrap(),
    };
    let restored = drill.run(&moment, &written_down);
    let text = said(&restored);
    assert!(restored.status.success(), "{text}");
    assert!(
        text.contains(&written_down[..12]) && text.contains("the drill passed"),
        "{text}"
    );
    // What came after the moment is not there, and the drill says so.
    let restored = drill.run(&moment, &too_late);
    assert!(!restored.status.success(), "{}", said(&restored));
    // A moment that the archive does not reach is no restore.
    let restored = drill.run("2100-01-01T00:00:00Z", &written_down);
    let text = said(&restored);
    assert!(!restored.status.success(), "{text}");
    assert!(text.contains("did not come to"), "{text}");
}
