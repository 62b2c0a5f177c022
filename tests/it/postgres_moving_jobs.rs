//! `hissab store migrate` takes export jobs along: what they made, and what still waits, which only one side does.

use std::path::Path;

use hissab::server::registry::leaving;
use serde_json::{Value, json};

use crate::http::{Person, TestServer};
use crate::postgres::make;
use crate::support::TestEnv;

/// A server on a folder or a database, which works on jobs or does not.
fn serve(data: &Path, database: Option<&str>, jobs: bool) -> TestServer {
    TestServer::with(|config| {
        config.data = data.to_owned();
        config.database = database.map(str::to_owned);
        config.jobs = jobs;
    })
}

/// Asks for an export, and waits for it where somebody works on it.
fn export(server: &TestServer, asha: &Person, format: &str, wait: &str) -> String {
    let bearer = format!("Bearer {}", asha.access);
    let headers = [("Authorization", bearer.as_str()), ("Prefer", wait)];
    let body = json!({ "format": format });
    let asked = server.call_with("POST", "/orgs/shop/exports", &headers, &body);
    asked.is(202).body["id"].as_str().unwrap().to_owned()
}

/// A job's state, after waiting for its end if `wait` says so.
fn state(server: &TestServer, asha: &Person, id: &str, wait: &str) -> (String, String) {
    let bearer = format!("Bearer {}", asha.access);
    let headers = [("Authorization", bearer.as_str()), ("Prefer", wait)];
    let body = server.call_with("GET", &format!("/jobs/{id}"), &headers, &Value::Null);
    let body = body.is(200).body;
    let code = body["error"]["code"].as_str().unwrap_or_default();
    (body["state"].as_str().unwrap().to_owned(), code.to_owned())
}

/// The lines that an export made.
fn result(server: &TestServer, asha: &Person, id: &str) -> String {
    let path = format!("/jobs/{id}/result");
    let reply = server.get(&path, &asha.access);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body.to_string() + reply.header("repr-digest").unwrap()
}

/// A folder with a job that has ended and one that waits, its owner, and the server on it.
fn office(data: &Path) -> (TestServer, Person, [String; 2]) {
    let server = serve(data, None, true);
    let asha = server.register("asha");
    server.make_org(&asha, "shop");
    let ended = export(&server, &asha, "json", "wait=30");
    assert_eq!(state(&server, &asha, &ended, "wait=30").0, "succeeded");
    drop(server);
    let server = serve(data, None, false);
    let waiting = export(&server, &asha, "json", "wait=0");
    (server, asha, [ended, waiting])
}

fn migrate(env: &TestEnv, from: &str, to: &str, data: Option<&Path>) -> String {
    let mut words = vec!["store", "migrate", "--from", from, "--to", to];
    if let Some(data) = data {
        words.extend(["--data", data.to_str().unwrap()]);
    }
    let run = env.hissab(words).ok();
    run.stdout + &run.stderr
}

#[test]
fn jobs_move_into_postgres_and_back_with_what_they_made() {
    let (env, folder) = (TestEnv::new(), tempfile::tempdir().unwrap());
    let [data, new, back] = ["data", "new", "back"].map(|name| folder.path().join(name));
    let (old, asha, [ended, waiting]) = office(&data);
    let made = result(&old, &asha, &ended);
    let url = make("jobs_moved");
    let from = data.to_str().unwrap();

    // Nobody said where results are to go: what has one stays, the rest goes.
    let said = migrate(&env, from, &url, None);
    assert!(said.contains("1 export job moved"), "{said}");
    assert!(said.contains("1 export job stayed behind"), "{said}");
    let said = migrate(&env, from, &url, Some(&new));
    assert!(said.contains("1 export job moved"), "{said}");
    assert!(!said.contains("stayed behind"), "{said}");
    let said = migrate(&env, from, &url, Some(&new));
    assert!(!said.contains("export job"), "{said}");

    // The old one is still read from, and does not do what the new one does.
    let gone = state(&old, &asha, &waiting, "wait=0");
    assert_eq!(gone, ("failed".to_owned(), "moved".to_owned()));
    assert_eq!(result(&old, &asha, &ended), made);
    let server = serve(&new, Some(&url), true);
    assert_eq!(state(&server, &asha, &waiting, "wait=30").0, "succeeded");
    assert_eq!(result(&server, &asha, &ended), made);
    let later = result(&server, &asha, &waiting);
    drop(server);

    let said = migrate(&env, &url, back.to_str().unwrap(), Some(&new));
    assert!(said.contains("2 export jobs moved"), "{said}");
    let server = serve(&back, None, true);
    assert_eq!(result(&server, &asha, &ended), made);
    assert_eq!(result(&server, &asha, &waiting), later);
    drop(server);

    // Given up: it waits again where it was.
    drop(old);
    env.hissab(["store", "reopen", from]).ok();
    let old = serve(&data, None, true);
    assert_eq!(state(&old, &asha, &waiting, "wait=30").0, "succeeded");
}

/// Killed after the job was called off here and before it was kept there, the same command brings it there once.
#[test]
fn a_job_that_was_between_two_places_arrives_once() {
    let (env, folder) = (TestEnv::new(), tempfile::tempdir().unwrap());
    let [data, back] = ["data", "back"].map(|name| folder.path().join(name));
    let (old, asha, [_, waiting]) = office(&data);
    let registry = &old.server().state().registry;
    let now = old.server().state().now();
    let left = registry.write_now(|db| leaving::leave(db, "elsewhere", now));
    assert!(left.is_ok());
    let (from, to) = (data.to_str().unwrap(), back.to_str().unwrap());
    for moved in ["2 export jobs moved", "the same audit heads"] {
        let said = migrate(&env, from, to, None);
        assert!(said.contains(moved), "{said}");
    }
    let server = serve(&back, None, true);
    assert_eq!(state(&server, &asha, &waiting, "wait=30").0, "succeeded");
}

/// A result that is not what was kept is not brought along as if it were.
#[test]
fn a_result_that_was_changed_stays_behind() {
    let (env, folder) = (TestEnv::new(), tempfile::tempdir().unwrap());
    let [data, back] = ["data", "back"].map(|name| folder.path().join(name));
    let (old, _, [ended, _]) = office(&data);
    drop(old);
    let file = data.join("results").join(&ended);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let said = migrate(&env, data.to_str().unwrap(), back.to_str().unwrap(), None);
    assert!(said.contains("1 export job moved"), "{said}");
    assert!(said.contains("1 export job stayed behind"), "{said}");
    assert_eq!(std::fs::read_dir(back.join("results")).unwrap().count(), 0);
}
