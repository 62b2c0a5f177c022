//! `hissab serve` as a process: from an empty folder to a stop on request.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::Stdio;

use crate::http::send;
use crate::support::TestEnv;

#[test]
fn a_server_starts_on_an_empty_folder_and_stops_when_told() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let env = TestEnv::new();
        let data = env.folder().join("data");
        let mut child = env
            .command(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || said.next().unwrap().unwrap();
        let first = line();
        let address: SocketAddr = first
            .strip_prefix("listening on http://")
            .unwrap()
            .parse()
            .unwrap();
        assert!(line().ends_with("--setup"));
        let code = line().strip_prefix("setup code: ").unwrap().to_owned();
        let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        assert_eq!(send(address, request).status, 200);
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).unwrap();
        let mut log = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{log}");
        assert!(log.contains(r#""route":"/readyz","status":200"#), "{log}");
        assert!(!log.contains(&code), "{log}");
    }
}

#[test]
fn what_would_be_unsafe_is_refused_before_anything_is_made() {
    let env = TestEnv::new();
    let plain = env
        .hissab(["serve", "--listen", "0.0.0.0:0", "--data", "d"])
        .exits(2);
    assert!(
        plain.stderr.contains("plain HTTP on 0.0.0.0:0"),
        "{}",
        plain.stderr
    );
    env.hissab(["serve", "--sign-up", "maybe", "--check-config"])
        .exits(2);
    env.hissab(["serve", "--host", "https://x/", "--check-config"])
        .exits(2);
    env.hissab(["serve", "--tls-cert", "c.pem", "--check-config"])
        .exits(2);
    let missing = [
        "serve",
        "--tls-cert",
        "c.pem",
        "--tls-key",
        "k.pem",
        "--check-config",
    ];
    assert!(env.hissab(missing).exits(1).stderr.contains("c.pem"));
    let sound = env.hissab(["serve", "--check-config", "--data", "d"]).ok();
    assert_eq!(sound.stdout, "the configuration is sound\n");
    assert!(!env.folder().join("d").exists());
}
