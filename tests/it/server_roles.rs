//! Who may do what on a server: every role and every stranger, on every operation of the table.

use serde_json::{Value, json};

use crate::http::{Person, Reply, TestServer};
use hissab::server::access::{OPERATIONS, Operation, Scope, Who};
use hissab::wire::org::Role;

/// Everyone who may ask, and what the gate must say to each.
struct Cast {
    members: Vec<(Role, Person)>,
    /// In no way of the organisation: a stranger who owns another, one who was removed, one who is invited.
    foreign: Vec<(&'static str, String)>,
    /// Good for nothing any more.
    gone: Vec<(&'static str, String)>,
    read_only: String,
    read_write: String,
}

fn cast(server: &TestServer) -> Cast {
    let owner = server.register("owner");
    server.make_org(&owner, "ganesh");
    let mut members = vec![(Role::Owner, owner.clone())];
    for role in Role::ALL.into_iter().filter(|r| *r != Role::Owner) {
        let person = server.register(role.word());
        server.add(&owner, "ganesh", &person, role.word());
        members.push((role, person));
    }
    let stranger = server.register("stranger");
    server.make_org(&stranger, "elsewhere");
    let removed = server.register("removed");
    server.add(&owner, "ganesh", &removed, "owner");
    let removed_token = server.token(&removed, "ganesh", &["read", "write"]);
    let path = format!("/orgs/ganesh/members/{}", removed.id);
    server
        .call("DELETE", &path, &owner.access, &Value::Null)
        .is(204);
    let invited = server.register("invited");
    let body = json!({ "email": invited.email, "role": "admin" });
    server
        .post("/orgs/ganesh/invites", &owner.access, &body)
        .is(201);
    let revoked = server.token(&owner, "ganesh", &["read", "write"]);
    let path = format!("/auth/tokens/{}", revoked["id"].as_str().unwrap());
    server
        .call("DELETE", &path, &owner.access, &Value::Null)
        .is(204);
    let ended = server.sign_in(&owner.email);
    server
        .post(
            "/auth/logout",
            "",
            &json!({ "refresh_token": ended.refresh }),
        )
        .is(204);
    let secret = |token: Value| token["token"].as_str().unwrap().to_owned();
    Cast {
        foreign: vec![
            ("a stranger", stranger.access.clone()),
            (
                "a stranger's token",
                secret(server.token(&stranger, "elsewhere", &["read", "write"])),
            ),
            ("a removed owner", removed.access),
            ("an invited admin", invited.access),
        ],
        gone: vec![
            ("nobody", String::new()),
            ("a revoked token", secret(revoked)),
            ("a removed owner's token", secret(removed_token)),
            ("an ended session", ended.access),
            (
                "a made-up token",
                "hsb_0000000000000000000000000000000000000000000".to_owned(),
            ),
            ("a made-up session", "x.y.z".to_owned()),
        ],
        read_only: secret(server.token(&owner, "ganesh", &["read"])),
        read_write: secret(server.token(&owner, "ganesh", &["read", "write"])),
        members,
    }
}

/// The operations whose routes exist, as the description of the API says.
fn routed() -> Vec<&'static Operation> {
    let api = serde_json::to_value(hissab::server::router::description()).unwrap();
    let there = |o: &&Operation| api["paths"][o.route()][o.method.to_lowercase()].is_object();
    OPERATIONS.iter().filter(there).collect()
}

/// Asks for an operation in an organisation, with ids that nothing has.
fn ask(server: &TestServer, operation: &Operation, org: &str, credential: &str) -> Reply {
    let nothing = "00000000-0000-7000-8000-000000000000";
    let mut path = operation
        .path
        .replace("{org}", org)
        .replace("{report}", "trial-balance");
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, nothing);
    }
    let body = if operation.method == "GET" {
        Value::Null
    } else {
        json!({})
    };
    server.call(operation.method, &path, credential, &body)
}

#[test]
fn everyone_may_do_what_the_table_says_and_nothing_else() {
    let server = TestServer::start();
    let cast = cast(&server);
    let mut surprises = Vec::new();
    let mut asked = 0;
    for operation in routed() {
        let mut expect = |who: &str, credential: &str, want: &str| {
            let reply = ask(&server, operation, "ganesh", credential);
            asked += 1;
            let got = verdict(&reply);
            if got != want {
                surprises.push(format!(
                    "{} by {who}: {got}, not {want}: {}",
                    operation.id, reply.body
                ));
            }
        };
        if operation.who == Who::Anyone {
            continue;
        }
        for (who, credential) in &cast.gone {
            expect(who, credential, "signed out");
        }
        let in_person = operation.who == Who::InPerson;
        let read_only = if in_person {
            "not allowed"
        } else if operation.scope == Scope::Write {
            "read only"
        } else {
            "let in"
        };
        expect("a read-only token", &cast.read_only, read_only);
        expect(
            "a token",
            &cast.read_write,
            if in_person { "not allowed" } else { "let in" },
        );
        let Some(roles) = operation.roles() else {
            for (_, person) in &cast.members {
                expect("a member", &person.access, "let in");
            }
            continue;
        };
        for (who, credential) in &cast.foreign {
            expect(who, credential, "no such organisation");
        }
        for (role, person) in &cast.members {
            expect(
                role.word(),
                &person.access,
                if roles.contains(role) {
                    "let in"
                } else {
                    "not allowed"
                },
            );
        }
    }
    assert!(
        surprises.is_empty(),
        "{} of {asked}:\n{}",
        surprises.len(),
        surprises.join("\n")
    );
    assert!(asked > 100, "only {asked} were asked");
}

/// What the gate said; what a handler says of an empty request is being let in.
fn verdict(reply: &Reply) -> &'static str {
    match (reply.status, reply.code()) {
        (401, _) => "signed out",
        (403, "read-only-token") => "read only",
        (403, "not-allowed") => "not allowed",
        (404, "not-found") if reply.body["detail"] == "no organisation \"ganesh\"" => {
            "no such organisation"
        }
        (500.., _) => "a failure",
        _ => "let in",
    }
}

#[test]
fn a_foreign_organisation_looks_like_a_missing_one() {
    let server = TestServer::start();
    let cast = cast(&server);
    for operation in routed().into_iter().filter(|o| o.roles().is_some()) {
        for (who, credential) in &cast.foreign {
            let shown = |org: &str| {
                let reply = ask(&server, operation, org, credential).is(404);
                let mut body = reply.body.clone();
                body["request_id"] = Value::Null;
                body.to_string().replace(org, "ORG")
            };
            assert_eq!(
                shown("ganesh"),
                shown("missing"),
                "{} by {who}",
                operation.id
            );
        }
    }
}
