//! The server against its own description, by Schemathesis (PyPI): requests made from `openapi.json`, right and
//! wrong ones, as each role and as nobody. No answer may be a server error or other than described.
//!
//! `tests/run` installs it under `target/`. Few examples by default, a minute and a half of them;
//! `HISSAB_TEST_MANY=1`: every role, 50 an operation, all phases: an hour.

use std::path::Path;
use std::process::Command;

use hissab::wire::org::Role;

use crate::http::{Person, TestServer};

/// Schemathesis as `tests/run` installs it.
fn schemathesis() -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pypi-schemathesis");
    let program = folder.join("bin/schemathesis");
    assert!(program.exists(), "no Schemathesis: tests/run installs it");
    let mut command = Command::new("python3");
    command.arg(program).env("PYTHONPATH", folder);
    command
}

/// These can take the caller's own rights away, so they are asked last.
const LAST: &[&str] = &["end_session", "remove_member", "patch_member", "leave_org"];

/// What one run found.
struct Verdict {
    sound: bool,
    said: String,
}

impl Verdict {
    fn last_line(&self) -> &str {
        self.said.lines().last().unwrap_or_default()
    }
}

/// Asks a server at `url` by the description at `schema`.
fn run(schema: &str, url: &str, org: &str, credential: &str, words: &[String]) -> Verdict {
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
    let mut command = schemathesis();
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
    let many = std::env::var_os("HISSAB_TEST_MANY").is_some();
    let server = TestServer::with(|config| {
        config.heartbeat = std::time::Duration::from_millis(100);
    });
    let url = server.server().url();
    let schema = format!("{url}/api/v1/openapi.json");
    let mut unsound = String::new();
    let mut ask = |who: &str, org: &str, credential: &str, words: &[String]| {
        let verdict = run(&schema, &url, org, credential, words);
        eprintln!("{who}: {}", verdict.last_line());
        if !verdict.sound {
            unsound += &format!("\n==== as {who}\n{}", verdict.said);
        }
    };
    let amount = |few: &str| -> Vec<String> {
        let words = if many { "-n 50" } else { few };
        words.split(' ').map(str::to_owned).collect()
    };
    let of_last = |word: &str| {
        LAST.iter()
            .flat_map(move |id| [format!("--{word}-operation-id"), (*id).to_owned()])
            .collect::<Vec<_>>()
    };
    let roles: &[Role] = if many {
        &Role::ALL
    } else {
        &[Role::Owner, Role::Viewer]
    };
    for role in roles {
        let (person, org) = member(&server, *role);
        let few = match role {
            Role::Owner => "-n 2 --phases coverage,fuzzing",
            _ => "-n 1 --phases fuzzing",
        };
        let first = [amount(few), of_last("exclude")].concat();
        ask(role.word(), &org, &person.access, &first);
        let last = [amount("-n 1 --phases fuzzing"), of_last("include")].concat();
        ask(role.word(), &org, &person.access, &last);
    }
    let few = amount("-n 1 --phases fuzzing");
    ask("nobody", "org-owner", "", &few);
    assert!(unsound.is_empty(), "{unsound}");
}

#[test]
fn control_a_description_that_is_not_the_servers_is_found_out() {
    let server = TestServer::start();
    let url = server.server().url();
    let mut api = serde_json::to_value(hissab::server::router::description()).unwrap();
    api["components"]["schemas"]["Meta"]["properties"]["version"]["type"] = "integer".into();
    let doctored = server.folder.path().join("doctored.json");
    std::fs::write(&doctored, api.to_string()).unwrap();
    let words = "-n 1 --phases fuzzing --include-operation-id meta";
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let verdict = run(doctored.to_str().unwrap(), &url, "none", "", &words);
    assert!(
        !verdict.sound && verdict.said.contains("Response violates schema"),
        "{}",
        verdict.said
    );
}
