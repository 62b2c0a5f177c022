//! Tests of the one file that turns errors into messages and exit codes.

use super::*;

#[test]
fn a_failure_reads_as_what_where_what_next() {
    let failure = Failure::refused("unbalanced", "debits exceed credits by 50.00 INR")
        .while_doing("transaction not posted")
        .at("sales.csv line 14")
        .hint("correct line 14");
    assert_eq!(
        failure.text(false),
        "error: transaction not posted: debits exceed credits by 50.00 INR\n   at sales.csv line 14\n hint: correct line 14\n"
    );
}

#[test]
fn a_chain_of_steps_ends_as_what_lies_below_says() {
    use anyhow::Context as _;

    let no_space = io::Error::from(io::ErrorKind::StorageFull);
    let chain = Err::<(), _>(no_space)
        .context("writing bank.rules")
        .context("making the sample book");
    let failure = Failure::from(chain.unwrap_err());
    assert_eq!((failure.exit, &*failure.code), (Exit::Failed, "disk-full"));
    assert_eq!(
        failure.message,
        "making the sample book: writing bank.rules: no space is left on the disk"
    );

    let ours = Failure::conflict("file-exists", "x exists already").hint("another name");
    let chain = Err::<(), _>(ours.clone()).context("copying");
    let failure = Failure::from(chain.unwrap_err());
    assert_eq!(
        failure,
        Failure {
            message: "copying: x exists already".into(),
            ..ours
        }
    );

    let chain = Err::<(), _>(BookError::Busy).context("copying");
    assert_eq!(Failure::from(chain.unwrap_err()).exit, Exit::Unavailable);

    let gone = io::Error::from(io::ErrorKind::BrokenPipe);
    let chain = Err::<(), _>(gone).context("showing");
    assert!(Failure::from(chain.unwrap_err()).quiet);

    let failure = Failure::from(anyhow::anyhow!("odd").context("drawing"));
    assert_eq!(
        (failure.exit, &*failure.message),
        (Exit::Bug, "drawing: odd")
    );
}

fn problem(status: u16, code: &str) -> Failure {
    let problem = Problem {
        kind: "about:blank".into(),
        title: String::new(),
        status,
        detail: "no\nerror: faked".into(),
        code: code.into(),
        request_id: "r1".into(),
        errors: Vec::new(),
        hints: Vec::new(),
        operation: None,
        current: None,
    };
    let server = "https://books.example.com".into();
    Failure::from(ClientError::Problem {
        server,
        problem: Box::new(problem),
    })
}

#[test]
fn what_a_server_refuses_ends_as_it_would_here() {
    for (status, code, exit) in [
        (401, "signed-out", Exit::SignIn),
        (403, "not-allowed", Exit::NotAllowed),
        (404, "not-found", Exit::NotFound),
        (409, "stale", Exit::Conflict),
        (412, "stale", Exit::Conflict),
        (422, "unbalanced", Exit::Failed),
        (422, "unknown-account", Exit::NotFound),
        (422, "locked", Exit::Conflict),
        (400, "unsupported", Exit::Usage),
        (413, "too-large", Exit::Failed),
        (429, "too-many", Exit::Failed),
        (500, "internal", Exit::Unavailable),
        (503, "busy", Exit::Unavailable),
    ] {
        assert_eq!(problem(status, code).exit, exit, "{status} {code}");
    }
    let text = problem(422, "unbalanced").text(false);
    assert_eq!(text, "error: no␊error: faked\n");
}

#[test]
fn what_became_of_a_change_is_in_the_exit_code() {
    let server = || "https://books.example.com".to_owned();
    let why = || "connection refused".to_owned();
    let unreachable = Failure::from(ClientError::Unreachable {
        server: server(),
        why: why(),
    });
    assert_eq!(unreachable.exit, Exit::Unreachable);
    assert!(unreachable.message.ends_with("nothing was recorded"));
    for error in [
        ClientError::Unconfirmed {
            server: server(),
            why: why(),
        },
        ClientError::Queued {
            server: server(),
            why: why(),
            waiting: 3,
        },
    ] {
        let failure = Failure::from(error);
        assert_eq!(failure.exit, Exit::Unconfirmed);
        assert!(failure.hints[0].ends_with("hissab sync"));
    }
    let out = Failure::from(ClientError::SignedOut {
        server: server(),
        why: "the sign-in has ended".into(),
        source_of_credentials: "HISSAB_TOKEN".into(),
    });
    assert_eq!(
        out.text(false),
        "error: not signed in to https://books.example.com: the sign-in has ended\n   at credentials from HISSAB_TOKEN\n hint: another token: hissab token create NAME; or without it: unset HISSAB_TOKEN, then hissab login https://books.example.com\n"
    );
}

#[test]
fn hints_can_be_pasted() {
    assert_eq!(shell_word("Assets:Cash"), "Assets:Cash");
    assert_eq!(shell_word("Gupta Traders"), "'Gupta Traders'");
    assert_eq!(shell_word("it's"), r"'it'\''s'");
    assert_eq!(shell_word(""), "''");
    assert_eq!(shell_word("$(x)"), "'$(x)'");
}
