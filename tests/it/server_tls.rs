//! A line that is encrypted: who is trusted, who is not, and how that is told. The certificates are made by openssl.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::{Run, TestEnv};

const PASSWORD: &str = "correct horse battery";

/// An authority in the folder: `ca.pem`, `ca.key`.
fn authority(env: &TestEnv) {
    openssl(
        env,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 30 \
         -subj /CN=Authority",
    );
}

/// A certificate of the authority for a name, good for so many days from now: `NAME.pem`, `NAME.key`.
fn certificate(env: &TestEnv, name: &str, alternative: &str, days: i32) {
    env.write(
        "names.ext",
        format!("subjectAltName={alternative}\nbasicConstraints=CA:FALSE\n"),
    );
    openssl(
        env,
        &format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -out {name}.csr \
             -subj /CN={name}"
        ),
    );
    openssl(
        env,
        &format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} -extfile names.ext \
             -out {name}.pem"
        ),
    );
}

#[track_caller]
fn openssl(env: &TestEnv, words: &str) {
    let made = Command::new("openssl")
        .args(words.split_whitespace())
        .current_dir(env.folder())
        .output()
        .expect("openssl");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "openssl {words}: {said}");
}

/// `hissab serve` with a certificate. Killed when dropped.
struct Serving {
    child: Child,
    port: u16,
    code: String,
}

impl Serving {
    fn with(env: &TestEnv, certificate: &str) -> Serving {
        let (cert, key) = (format!("{certificate}.pem"), format!("{certificate}.key"));
        let words = [
            "serve",
            "--data",
            certificate,
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
        ];
        let mut child = env
            .command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let first = line();
        assert!(
            first.starts_with("listening on https://127.0.0.1:"),
            "{first}"
        );
        let port = first.rsplit(':').next().unwrap().parse().unwrap();
        line();
        let code = line().strip_prefix("setup code: ").unwrap().to_owned();
        Serving { child, port, code }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Makes the first owner.
    fn set_up(&self, env: &TestEnv, url: &str) -> Run {
        let words = [
            "login",
            url,
            "--email",
            "asha@example.com",
            "--setup",
            "--password-stdin",
        ];
        env.hissab_fed(format!("{}\n{PASSWORD}\n", self.code), words)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Refused before anything was said: exit 8, and why.
#[track_caller]
fn refused(run: Run, why: &str) {
    let run = run.exits(8);
    assert!(run.stderr.contains(why), "{run}");
    assert!(!run.to_string().contains(PASSWORD), "{run}");
}

#[test]
fn a_server_is_trusted_by_the_authority_that_one_names_and_by_no_other() {
    let mut env = TestEnv::new();
    authority(&env);
    certificate(&env, "here", "DNS:localhost,IP:127.0.0.1", 30);
    let serving = Serving::with(&env, "here");
    let url = serving.url();

    // The machine's own authorities know nothing of ours.
    let unknown = serving.set_up(&env, &url);
    assert!(unknown.stderr.contains("SSL_CERT_FILE=ca.pem"), "{unknown}");
    refused(unknown, "signed by nobody whom this machine trusts");

    env.set("SSL_CERT_FILE", "ca.pem");
    serving.set_up(&env, &url).ok();
    env.hissab([
        "org",
        "create",
        "Shop",
        "--slug",
        "shop",
        "--template",
        "shop",
    ])
    .ok();
    let book = format!("{url}/shop");
    env.hissab(["-B", &book, "out", "120", "tea"]).ok();
    let tb = env.hissab(["-B", &book, "tb", "-O", "csv"]).ok();
    assert!(tb.stdout.contains("Assets:Cash,asset,INR,"), "{tb}");

    // Another authority of the same name is another authority, signed in or not.
    env.set("SSL_CERT_FILE", "other/ca.pem");
    std::fs::create_dir(env.path("other")).unwrap();
    openssl(
        &env,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout other/ca.key -out other/ca.pem \
         -days 30 -subj /CN=Authority",
    );
    let tb = env.hissab(["-B", &book, "tb"]).exits(8);
    assert!(tb.stderr.contains("certificate"), "{tb}");
    // What cannot be reached waits; it is not sent to a stranger.
    let waits = env.hissab(["-B", &book, "out", "7", "tea"]).exits(9);
    assert!(waits.stderr.contains("queued"), "{waits}");
    env.set("SSL_CERT_FILE", "ca.pem");
    env.hissab(["-B", &book, "sync"]).ok();
}

#[test]
fn certificates_for_others_and_of_the_past_are_refused() {
    let mut env = TestEnv::new();
    authority(&env);
    certificate(&env, "elsewhere", "DNS:books.example.com", 30);
    certificate(&env, "old", "DNS:localhost", -1);
    env.set("SSL_CERT_FILE", "ca.pem");
    for (certificate, why) in [
        ("elsewhere", "its certificate is for another name"),
        ("old", "its certificate has expired"),
    ] {
        let serving = Serving::with(&env, certificate);
        refused(serving.set_up(&env, &serving.url()), why);
    }
}

#[test]
fn plain_lines_lead_neither_out_of_the_machine_nor_into_tls() {
    let env = TestEnv::new();
    authority(&env);
    certificate(&env, "here", "DNS:localhost", 30);
    let serving = Serving::with(&env, "here");
    // Refused before a name is looked up.
    let words = [
        "login",
        "http://books.example.com",
        "--email",
        "a@example.com",
        "--password-stdin",
    ];
    let run = env.hissab_fed(PASSWORD, words).exits(2);
    assert!(run.stderr.contains("not encrypted"), "{run}");
    let plain = serving.url().replace("https", "http");
    refused(serving.set_up(&env, &plain), "does not speak HTTP");
}
