//! What `deploy/` holds works: systemd takes the unit and finds it closed off, and both start the server with
//! words that it knows.

use std::path::Path;
use std::process::Command;

use crate::support::TestEnv;

fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The words after the program, checked by the server itself.
#[track_caller]
fn known(words: &[&str]) {
    let env = TestEnv::new();
    let run = env.hissab([words, &["--check-config"]].concat()).ok();
    assert!(!run.stdout.contains("error"), "{run}");
}

#[test]
fn systemd_takes_the_unit_and_finds_it_closed_off() {
    let unit = kept("hissab.service");
    let mut starts = 0;
    for line in unit.lines() {
        if let Some((_, words)) = line.split_once("=/usr/local/bin/hissab ") {
            let words: Vec<&str> = words
                .split(' ')
                .filter(|w| *w != "--check-config")
                .collect();
            known(&words);
            starts += 1;
        }
    }
    assert_eq!(starts, 2, "before it starts, and to start");
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("not run: systemd-analyze is not installed");
        return;
    }
    let env = TestEnv::new();
    let here = unit.replace("/usr/local/bin/hissab", env!("CARGO_BIN_EXE_hissab"));
    let path = env.write("hissab.service", here);
    // 20 of 100: what is left open is the network and the folder.
    for words in [
        &["verify"][..],
        &["security", "--offline=true", "--threshold=20"],
    ] {
        let told = Command::new("systemd-analyze")
            .args(words)
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&told.stdout) + String::from_utf8_lossy(&told.stderr);
        assert!(told.status.success(), "systemd-analyze {words:?}: {said}");
    }
}

#[test]
fn the_container_starts_the_server_with_words_it_knows() {
    let file = kept("Containerfile");
    let list = |instruction: &str| -> Vec<String> {
        let line = file
            .lines()
            .find_map(|l| l.strip_prefix(instruction))
            .unwrap();
        serde_json::from_str(line.trim()).unwrap()
    };
    let words = [list("ENTRYPOINT"), list("CMD")].concat();
    assert_eq!(words[0], "/usr/bin/hissab");
    known(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
    let user = file.lines().rfind(|l| l.starts_with("USER"));
    assert_eq!(user, Some("USER nonroot"));
}
