//! Who may do what: one static table that drives the gate, the OpenAPI text and the isolation test.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use axum::http::Method;
use jiff::Timestamp;
use uuid::Uuid;

use super::lanes::Place;
use crate::wire::auth::User;
use crate::wire::org::Role;

/// Who may use an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Without signing in.
    Anyone,
    /// By a session or a personal token.
    SignedIn,
    /// By a session only: a token cannot make tokens or change the password.
    InPerson,
    /// Members of the organisation in the path, with one of these roles.
    Member(&'static [Role]),
}

/// What a personal token must be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Read,
    Write,
}

/// How long a request may take, and how its body comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A bounded body, an answer within the request timeout.
    Short,
    /// Streamed in or out: as long as it moves.
    Stream,
}

/// One route and who may use it.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub id: &'static str,
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// As axum's `MatchedPath`, without `/api/v1` in front (`/healthz` and its like have none).
    pub path: &'static str,
    pub who: Who,
    pub scope: Scope,
    pub pace: Pace,
    /// Takes an `Idempotency-Key`: the same key and request again get the same answer, and are done once.
    pub keyed: bool,
}

use Role::{Accountant, Admin, Auditor, Clerk, Owner, Viewer};

/// Everybody in the organisation.
const ALL: Who = Who::Member(&[Viewer, Auditor, Clerk, Accountant, Admin, Owner]);
/// Those who post; clerks only their own, which the handlers see to.
const POSTING: Who = Who::Member(&[Clerk, Accountant, Admin, Owner]);
/// Those who keep the books.
const KEEPING: Who = Who::Member(&[Accountant, Admin, Owner]);
/// Those who see to the members.
const ADMINS: Who = Who::Member(&[Admin, Owner]);
/// Those who read the log of members and sign-ins.
const WATCHING: Who = Who::Member(&[Auditor, Admin, Owner]);
const OWNERS: Who = Who::Member(&[Owner]);

const fn read(id: &'static str, path: &'static str, who: Who) -> Operation {
    Operation {
        id,
        method: "GET",
        path,
        who,
        scope: Scope::Read,
        pace: Pace::Short,
        keyed: false,
    }
}

const fn write(id: &'static str, method: &'static str, path: &'static str, who: Who) -> Operation {
    Operation {
        id,
        method,
        path,
        who,
        scope: Scope::Write,
        pace: Pace::Short,
        keyed: false,
    }
}

/// A POST that changes nothing.
const fn ask(id: &'static str, path: &'static str, who: Who) -> Operation {
    Operation {
        method: "POST",
        ..read(id, path, who)
    }
}

const fn keyed(operation: Operation) -> Operation {
    Operation {
        keyed: true,
        ..operation
    }
}

const fn streamed(operation: Operation) -> Operation {
    Operation {
        pace: Pace::Stream,
        ..operation
    }
}

/// Every operation of the server. A route that is not in this table is refused.
pub const OPERATIONS: &[Operation] = &[
    // ---- the server ----
    read("healthz", "/healthz", Who::Anyone),
    read("readyz", "/readyz", Who::Anyone),
    read("metrics", "/metrics", Who::Anyone),
    read("docs", "/docs", Who::Anyone),
    read("openapi", "/openapi.json", Who::Anyone),
    read("meta", "/meta", Who::Anyone),
    // ---- signing in ----
    write("register", "POST", "/auth/register", Who::Anyone),
    write("login", "POST", "/auth/login", Who::Anyone),
    write("refresh", "POST", "/auth/refresh", Who::Anyone),
    write("logout", "POST", "/auth/logout", Who::Anyone),
    read("me", "/auth/me", Who::SignedIn),
    write("change_password", "PUT", "/auth/password", Who::InPerson),
    read("list_sessions", "/auth/sessions", Who::InPerson),
    write(
        "end_session",
        "DELETE",
        "/auth/sessions/{id}",
        Who::InPerson,
    ),
    read("list_tokens", "/auth/tokens", Who::InPerson),
    write("make_token", "POST", "/auth/tokens", Who::InPerson),
    write("revoke_token", "DELETE", "/auth/tokens/{id}", Who::InPerson),
    write(
        "accept_invite",
        "POST",
        "/auth/invites/accept",
        Who::InPerson,
    ),
    // ---- organisations and members ----
    read("list_orgs", "/orgs", Who::SignedIn),
    keyed(write("make_org", "POST", "/orgs", Who::InPerson)),
    read("get_org", "/orgs/{org}", ALL),
    keyed(write("patch_org", "PATCH", "/orgs/{org}", KEEPING)),
    read("list_members", "/orgs/{org}/members", ALL),
    write("add_member", "POST", "/orgs/{org}/members", ADMINS),
    write(
        "patch_member",
        "PATCH",
        "/orgs/{org}/members/{user}",
        ADMINS,
    ),
    write(
        "remove_member",
        "DELETE",
        "/orgs/{org}/members/{user}",
        ADMINS,
    ),
    write("leave_org", "DELETE", "/orgs/{org}/membership", ALL),
    read("list_invites", "/orgs/{org}/invites", ADMINS),
    write("invite", "POST", "/orgs/{org}/invites", ADMINS),
    write(
        "withdraw_invite",
        "DELETE",
        "/orgs/{org}/invites/{id}",
        ADMINS,
    ),
    read("members_audit", "/orgs/{org}/members/audit", WATCHING),
    // ---- the chart ----
    read("chart", "/orgs/{org}/chart", ALL),
    read("list_ledgers", "/orgs/{org}/ledgers", ALL),
    keyed(write(
        "make_ledgers",
        "POST",
        "/orgs/{org}/ledgers",
        KEEPING,
    )),
    read("get_ledger", "/orgs/{org}/ledgers/{id}", ALL),
    keyed(write(
        "patch_ledger",
        "PATCH",
        "/orgs/{org}/ledgers/{id}",
        KEEPING,
    )),
    streamed(read(
        "ledger_entries",
        "/orgs/{org}/ledgers/{id}/entries",
        ALL,
    )),
    // ---- transactions ----
    streamed(read("list_transactions", "/orgs/{org}/transactions", ALL)),
    keyed(write(
        "post_transaction",
        "POST",
        "/orgs/{org}/transactions",
        POSTING,
    )),
    keyed(write(
        "post_batch",
        "POST",
        "/orgs/{org}/transactions:batch",
        POSTING,
    )),
    read("get_transaction", "/orgs/{org}/transactions/{id}", ALL),
    keyed(write(
        "amend_transaction",
        "PATCH",
        "/orgs/{org}/transactions/{id}",
        POSTING,
    )),
    keyed(write(
        "void_transaction",
        "DELETE",
        "/orgs/{org}/transactions/{id}",
        POSTING,
    )),
    read(
        "transaction_history",
        "/orgs/{org}/transactions/{id}/history",
        ALL,
    ),
    keyed(write("change", "POST", "/orgs/{org}/changes", POSTING)),
    keyed(write("undo", "POST", "/orgs/{org}/undo", POSTING)),
    read("list_operations", "/orgs/{org}/operations", ALL),
    // ---- the rest of the book ----
    read("totals", "/orgs/{org}/totals", ALL),
    read("list_currencies", "/orgs/{org}/currencies", ALL),
    read("list_prices", "/orgs/{org}/prices", ALL),
    read("list_assertions", "/orgs/{org}/assertions", ALL),
    read("list_imports", "/orgs/{org}/imports", ALL),
    streamed(write("import", "POST", "/orgs/{org}/imports", KEEPING)),
    keyed(write(
        "undo_import",
        "DELETE",
        "/orgs/{org}/imports/{batch}",
        KEEPING,
    )),
    ask("known_rows", "/orgs/{org}/known-rows", ALL),
    ask("sources", "/orgs/{org}/sources", ALL),
    streamed(ask("check", "/orgs/{org}/checks", ALL)),
    streamed(read("audit", "/orgs/{org}/audit", ALL)),
    read("audit_head", "/orgs/{org}/audit/head", ALL),
    streamed(ask("verify_audit", "/orgs/{org}/audit/verify", ALL)),
    streamed(read("report", "/orgs/{org}/reports/{report}", ALL)),
    streamed(read("get_book", "/orgs/{org}/book", ALL)),
    streamed(write("put_book", "PUT", "/orgs/{org}/book", OWNERS)),
    streamed(read("stream", "/orgs/{org}/stream", ALL)),
    // ---- jobs ----
    keyed(ask("export", "/orgs/{org}/exports", ALL)),
    read("list_exports", "/orgs/{org}/exports", ALL),
    streamed(read("get_job", "/jobs/{id}", Who::SignedIn)),
    streamed(read("job_status", "/jobs/{id}/status", Who::SignedIn)),
    streamed(read("job_result", "/jobs/{id}/result", Who::SignedIn)),
    write("cancel_job", "DELETE", "/jobs/{id}", Who::SignedIn),
];

/// Operations by the path of their route.
static BY_PATH: LazyLock<HashMap<String, Vec<&'static Operation>>> = LazyLock::new(|| {
    let mut by_path: HashMap<String, Vec<&'static Operation>> = HashMap::new();
    for operation in OPERATIONS {
        by_path
            .entry(operation.route())
            .or_default()
            .push(operation);
    }
    by_path
});

impl Operation {
    /// The path as it is routed, `/api/v1` in front.
    pub fn route(&self) -> String {
        match self.path {
            "/healthz" | "/readyz" | "/metrics" | "/docs" => self.path.to_owned(),
            path => format!("{}{path}", crate::wire::API),
        }
    }

    /// The roles that may use it, if it belongs to an organisation.
    pub fn roles(&self) -> Option<&'static [Role]> {
        match self.who {
            Who::Member(roles) => Some(roles),
            _ => None,
        }
    }

    /// Who may use it, as the documentation says it.
    pub fn said(&self) -> String {
        let who = match self.who {
            Who::Anyone => return "Open to anyone.".to_owned(),
            Who::SignedIn => "Needs a session or a personal token".to_owned(),
            Who::InPerson => return "Needs a session; a personal token is refused.".to_owned(),
            Who::Member(roles) if roles.len() == Role::ALL.len() => {
                "Open to every member".to_owned()
            }
            Who::Member(roles) => {
                let words: Vec<&str> = roles.iter().map(|r| r.word()).collect();
                format!("Roles: {}", words.join(", "))
            }
        };
        match self.scope {
            Scope::Read => format!("{who}."),
            Scope::Write => format!("{who}; a personal token needs the scope `write`."),
        }
    }
}

/// What the table says of a route.
pub enum Lookup {
    Operation(&'static Operation),
    /// The path is there, the method is not: 405.
    OtherMethod,
    /// Not in the table: refused.
    Unknown,
}

/// Looks a matched route up; HEAD is GET without the body.
pub fn lookup(method: &Method, matched_path: &str) -> Lookup {
    let method = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let Some(operations) = BY_PATH.get(matched_path) else {
        return Lookup::Unknown;
    };
    operations
        .iter()
        .find(|o| o.method == method)
        .map_or(Lookup::OtherMethod, |o| Lookup::Operation(o))
}

/// How a caller signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Session(Uuid),
    /// A personal token, good for one organisation.
    Token {
        id: Uuid,
        org: Uuid,
    },
}

/// Who asks: an axum `Extension<Caller>` of every operation but those open to anyone.
#[derive(Debug, Clone)]
pub struct Caller {
    pub user: User,
    pub via: Via,
    /// Of a token: `read`, `write`; of a session: empty.
    pub scopes: Vec<String>,
    /// When the session or token ends.
    pub expires_at: Timestamp,
    /// Where the request came from.
    pub address: Address,
}

impl Caller {
    /// The id of the session or token: the principal of an idempotency key.
    pub fn principal(&self) -> Uuid {
        self.user.id
    }
}

/// Where a request came from, as the log of members names it: an `Extension<Address>` of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(pub std::net::IpAddr);

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The organisation in the path and the caller's role in it: an axum `Extension<InOrg>`.
#[derive(Debug, Clone)]
pub struct InOrg {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub plan: String,
    /// The book's file, whole path.
    pub file: PathBuf,
    pub role: Role,
}

impl InOrg {
    /// As the lanes know it.
    pub fn place(&self) -> Place {
        Place {
            org: self.id,
            file: self.file.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_routes_are_unique() {
        let mut ids: Vec<&str> = OPERATIONS.iter().map(|o| o.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), OPERATIONS.len());
        for operation in OPERATIONS {
            let found = lookup(&operation.method.parse().unwrap(), &operation.route());
            assert!(
                matches!(found, Lookup::Operation(o) if o.id == operation.id),
                "{}",
                operation.id
            );
        }
    }

    #[test]
    fn what_has_an_org_in_its_path_is_for_members_only() {
        for operation in OPERATIONS {
            let in_org = operation.path.contains("{org}");
            assert_eq!(in_org, operation.roles().is_some(), "{}", operation.id);
        }
    }

    #[test]
    fn roles_grow_as_the_rulings_say() {
        for operation in OPERATIONS.iter().filter(|o| o.roles().is_some()) {
            let roles = operation.roles().unwrap_or_default();
            assert!(
                roles.contains(&Role::Owner),
                "{}: an owner may do everything",
                operation.id
            );
            // Everybody may leave; that is all that some may change.
            if operation.scope == Scope::Write && operation.id != "leave_org" {
                assert!(!roles.contains(&Role::Viewer), "{}", operation.id);
                assert!(!roles.contains(&Role::Auditor), "{}", operation.id);
            }
        }
    }
}
