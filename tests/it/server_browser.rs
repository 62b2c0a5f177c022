//! A browser is a client too: the page of the API, the event stream on the server's own origin, and nothing for
//! pages from elsewhere. Needs headless Chromium, 300 MB of it: `tests/run --browser`, announced when not run.

use std::path::{Path, PathBuf};
use std::process::Command;

use hissab::server::access::OPERATIONS;

use crate::http::TestServer;
use crate::live::{Live, OWNER};

/// The browser that `tests/run --browser` found or installed.
fn browser() -> Option<PathBuf> {
    std::env::var_os("HISSAB_BROWSER").map(PathBuf::from)
}

#[test]
fn a_browser_reads_the_page_hears_the_stream_and_is_refused_elsewhere() {
    let Some(browser) = browser() else {
        eprintln!("not run: a browser as a client (tests/run --browser)");
        return;
    };
    let (live, other) = (Live::new(), TestServer::start());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(browser)
        .args([&*live.server().url(), OWNER, &*other.server().url()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

    let docs = &seen["docs"];
    let headings = docs["headings"].to_string();
    for operation in OPERATIONS {
        let heading = format!("{} {}", operation.method, operation.route());
        assert!(
            headings.contains(&heading),
            "{heading} is not on the page: {headings}"
        );
    }
    assert_eq!(
        (&docs["scripts"], &docs["styled"]),
        (&0.into(), &"960px".into())
    );

    let stream = &seen["stream"];
    assert_eq!(stream["status"], 200, "{stream}");
    assert_eq!(stream["type"], "text/event-stream");
    let text = stream["text"].as_str().unwrap();
    assert!(
        text.contains("id: 1\nevent: created\ndata: {\"seq\":1,"),
        "{text}"
    );

    let foreign = &seen["foreign"];
    for how in ["plain", "with a token"] {
        let refused = foreign[how]["refused"].as_str().unwrap_or_default();
        assert!(refused.contains("Failed to fetch"), "{how}: {foreign}");
    }
    // A browser may always send what it cannot read.
    assert_eq!(foreign["opaque"]["type"], "opaque", "{foreign}");
    assert_eq!(foreign["opaque"]["text"], "");
}
