//! A hermetic place to run hissab in: an empty home, a fixed clock, ids, zone and width.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Where tests run the binary. Dropped with everything in it.
pub struct TestEnv {
    home: TempDir,
    /// Each run gets its own number, so that no two runs make the same ids.
    runs: AtomicU32,
    variables: Vec<(String, String)>,
}

/// What a run left: shown in snapshots as stdout, stderr and exit code.
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub exit: i32,
}

impl TestEnv {
    /// An empty home; today is 2026-04-07 in Asia/Kolkata, tables are 100 columns wide.
    pub fn new() -> TestEnv {
        let home = tempfile::Builder::new()
            .prefix("hissab-test-")
            .tempdir()
            .unwrap();
        std::fs::create_dir(home.path().join("desk")).unwrap();
        TestEnv {
            home,
            runs: AtomicU32::new(0),
            variables: Vec::new(),
        }
    }

    /// The folder commands run in.
    pub fn folder(&self) -> PathBuf {
        self.home.path().join("desk")
    }

    /// The empty home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Sets a variable for every later run.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(n, _)| n != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Writes a file in the folder.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The binary with these words, not yet started.
    pub fn command<I, S>(&self, words: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hissab"));
        let run = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        command
            .args(words)
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .env("TZ", "Asia/Kolkata")
            .env("COLUMNS", "100")
            .env("USER", "asha")
            .env("HISSAB_TEST_CLOCK", "2026-04-07T06:30:00Z")
            .env("HISSAB_TEST_IDS", run.to_string())
            .envs(self.variables.iter().map(|(n, v)| (n, v)))
            .stdin(Stdio::null());
        command
    }

    /// An environment in which the book of a shop is chosen, with the accounts of its template.
    pub fn with_shop() -> TestEnv {
        let mut env = TestEnv::new();
        env.hissab(["init", "s.hissab", "--template", "shop"]).ok();
        env.set("HISSAB_BOOK", "s.hissab");
        env
    }

    /// Runs words that stand apart by one space each.
    pub fn typed(&self, line: &str) -> Run {
        self.hissab(line.split(' '))
    }

    /// Runs to the end.
    pub fn hissab<I, S>(&self, words: I) -> Run
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        self.told(self.command(words).output().unwrap())
    }

    /// Runs to the end with this on stdin.
    pub fn hissab_fed<I, S>(&self, input: impl AsRef<[u8]>, words: I) -> Run
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        let mut child = self
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command may refuse before it reads: then nobody takes the input, which is fine.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        self.told(child.wait_with_output().unwrap())
    }

    /// Text of a run; the home's path is shown as `[HOME]`.
    fn told(&self, output: Output) -> Run {
        let home = self.home.path().to_string_lossy().into_owned();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace(&home, "[HOME]");
        Run {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            exit: output.status.code().unwrap_or(-1),
        }
    }
}

impl Run {
    /// Insists on exit 0 and gives the run back.
    #[track_caller]
    pub fn ok(self) -> Run {
        assert_eq!(self.exit, 0, "{self}");
        self
    }

    /// Insists on an exit code and gives the run back.
    #[track_caller]
    pub fn exits(self, code: i32) -> Run {
        assert_eq!(self.exit, code, "{self}");
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        write!(f, "[exit {}]", self.exit)
    }
}

/// Looks again and again until it is so, for a minute.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let since = std::time::Instant::now();
    while !done() {
        let waited = since.elapsed();
        assert!(waited < std::time::Duration::from_secs(60), "never {what}");
        std::thread::park_timeout(std::time::Duration::from_millis(2));
    }
}
