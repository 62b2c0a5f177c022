//! The server against its own description, by Schemathesis (PyPI): requests made from `openapi.json`, right and
//! wrong ones, as each role and as nobody. No answer may be a server error or other than described.
//!
//! `tests/run` installs it under `target/`. `HISSAB_TEST_MANY=1`: every role, 50 examples an operation, all phases.

use std::path::{Path, PathBuf};
use std::process::Command;

use hissab::wire::org::Role;

use crate::http::{Person, TestServer};

/// Where `tests/run` puts it.
fn schemathesis() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemathesis/bin/schemathesis");
    assert!(path.exists(), "no Schemathesis: tests/run installs it");
    path
}

/// These can take the caller's own rights away, so they are asked last.
const LAST: &[&str] = &["end_session", "remove_member", "patch_member"];

/// What one run found.
struct Verdict {
    sound: bool,
    said: String,
}

/// Asks a server at `url` by the description at `schema`.
fn run(schema: &str, url: &str, org: &str, credential: &str, words: &[&str]) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis_hooks.py");
    // What a description cannot say (an account that is not there, debits that are not the credits) is 422; what
    // it can say is not: 400 for a request that fits the description is a fault of one of the two.
    let config = format!(
        r#"
hooks = "{}"
max-stream-events = 1
request-timeout = 30.0
workers = 1
[parameters]
"path.org" = "{org}"
[generation]
database = "none"
no-shrink = true
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 422, 429]
[checks.missing_required_header]
expected-statuses = [401, 403, 404, 428]
# Lines of JSON, of two kinds, cannot be described: any text is as good as another there.
[[operations]]
include-operation-id = "import"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422, 429]
"#,
        hooks.display()
    );
    let path = folder.path().join("schemathesis.toml");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(schemathesis());
    command
        .current_dir(folder.path())
        .arg("--config-file")
        .arg(&path)
        .args([
            "run",
            schema,
            "--url",
            url,
            "--no-color",
            "--continue-on-failure",
        ])
        .args(["--checks", "all", "--warnings", "off", "--seed", "1"])
        .args(words);
    if !credential.is_empty() {
        command.args(["-H", &format!("Authorization: Bearer {credential}")]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    Verdict {
        sound: output.status.success(),
        said,
    }
}

/// Somebody with a role in an organisation of their own.
fn member(server: &TestServer, role: Role) -> (Person, String) {
    let org = format!("org-{}", role.word());
    let owner = server.register(&format!("owner-of-{}", role.word()));
    server.make_org(&owner, &org);
    if role == Role::Owner {
        return (owner, org);
    }
    let person = server.register(role.word());
    server.add(&owner, &org, &person, role.word());
    (person, org)
}

#[test]
fn every_answer_is_as_described_to_every_role() {
    let many = std::env::var("HISSAB_TEST_MANY").is_ok();
    let only = std::env::var("HISSAB_TEST_ROLE").ok();
    let server = TestServer::with(|config| {
        config.heartbeat = std::time::Duration::from_millis(100);
    });
    let url = server.server().url();
    let schema = format!("{url}/api/v1/openapi.json");
    let examples = std::env::var("HISSAB_TEST_EXAMPLES")
        .unwrap_or_else(|_| if many { "50" } else { "3" }.to_owned());
    let mut unsound = String::new();
    let mut ask = |who: &str, org: &str, credential: &str, words: &[&str]| {
        if only.as_deref().is_some_and(|only| only != who) {
            return;
        }
        let mut all = vec!["-n", &examples];
        all.extend(words);
        let verdict = run(&schema, &url, org, credential, &all);
        eprintln!("{who}: {}", verdict.said.lines().last().unwrap_or_default());
        if !verdict.sound {
            unsound += &format!("\n==== as {who}\n{}", verdict.said);
        }
    };
    let roles: &[Role] = if many {
        &Role::ALL
    } else {
        &[Role::Owner, Role::Viewer]
    };
    for role in roles {
        let (person, org) = member(&server, *role);
        let without: Vec<&str> = LAST
            .iter()
            .flat_map(|id| ["--exclude-operation-id", id])
            .collect();
        ask(role.word(), &org, &person.access, &without);
        let with: Vec<&str> = LAST
            .iter()
            .flat_map(|id| ["--include-operation-id", id])
            .collect();
        ask(role.word(), &org, &person.access, &with);
    }
    ask("nobody", "org-owner", "", &[]);
    if let Ok(path) = std::env::var("HISSAB_TEST_REPORT") {
        std::fs::write(path, &unsound).unwrap();
    }
    assert!(unsound.is_empty(), "{unsound}");
}
