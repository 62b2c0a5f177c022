//! A Postgres of a test's own, that may be killed and started again, speak TLS, or follow another.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// One server with its data. Killed when dropped.
pub struct Cluster {
    folder: TempDir,
    pub port: u16,
    more: Vec<String>,
    process: Option<Child>,
}

/// Where Debian keeps the servers' programs: the newest there is.
fn programs() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("apt-get install postgresql")
        .map(|item| item.unwrap().path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("apt-get install postgresql")
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program of Postgres, which refuses to run as root.
fn program(name: &str) -> Command {
    let path = programs().join(name);
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
            command.arg(path);
            command
        }
        false => Command::new(path),
    };
    command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn own(path: &Path) {
    if is_root() {
        let given = Command::new("chown")
            .args(["-R", "postgres"])
            .arg(path)
            .status();
        assert!(given.unwrap().success());
    }
}

/// A folder that Postgres may write into.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    own(folder.path());
    folder
}

pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Everything that a process started and that is still its child.
fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|item| item.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let after = stat.rsplit(')').next().unwrap_or_default();
            after.split_whitespace().nth(1) == Some(&parent.to_string())
        })
        .collect()
}

impl Cluster {
    /// A new, empty one, with these settings besides.
    pub fn new(more: &[&str]) -> Cluster {
        let folder = folder();
        let data = folder.path().join("data");
        let made = program("initdb")
            .args([
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-U",
                "postgres",
                "-D",
            ])
            .arg(&data)
            .status();
        assert!(made.unwrap().success());
        Cluster::of(folder, more)
    }

    /// A streaming replica of another one.
    pub fn following(primary: &Cluster) -> Cluster {
        Cluster::copying(primary, &[])
    }

    /// One that looks for its primary again five times a second when that was gone, not every five seconds.
    pub fn following_closely(primary: &Cluster) -> Cluster {
        Cluster::copying(primary, &["wal_retrieve_retry_interval=200ms"])
    }

    fn copying(primary: &Cluster, more: &[&str]) -> Cluster {
        let folder = folder();
        let copied = program("pg_basebackup")
            .args([
                "-h",
                "127.0.0.1",
                "-U",
                "postgres",
                "-X",
                "stream",
                "-c",
                "fast",
                "-R",
                "-p",
            ])
            .arg(primary.port.to_string())
            .arg("-D")
            .arg(folder.path().join("data"))
            .status();
        assert!(copied.unwrap().success());
        Cluster::of(folder, more)
    }

    /// Waits until a segment of the log, by the last eight digits of its name, is in the archive.
    pub fn has_archived(&self, folder: &Path, segment: i64) {
        let since = Instant::now();
        let name = format!("{segment:08X}");
        let there = || {
            let items = std::fs::read_dir(folder).unwrap().flatten();
            items.into_iter().any(|item| {
                let file = item.file_name();
                file.to_str()
                    .is_some_and(|f| f.len() == 24 && f.ends_with(&name))
            })
        };
        while !there() {
            assert!(since.elapsed() < Duration::from_secs(60), "never archived");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// A base backup without the log: that is in the archive.
    pub fn backs_up_into(&self, folder: &Path) {
        let port = self.port.to_string();
        let copied = program("pg_basebackup")
            .args([
                "-h",
                "127.0.0.1",
                "-U",
                "postgres",
                "-X",
                "none",
                "-c",
                "fast",
                "-p",
                &port,
            ])
            .arg("-D")
            .arg(folder)
            .status();
        assert!(copied.unwrap().success());
    }

    fn of(folder: TempDir, more: &[&str]) -> Cluster {
        let mut cluster = Cluster {
            folder,
            port: free_port(),
            more: more.iter().map(|s| (*s).to_owned()).collect(),
            process: None,
        };
        cluster.start();
        cluster
    }

    /// A file beside the data, which the server may read.
    pub fn file(&self, name: &str, text: &[u8]) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        own(&path);
        path
    }

    /// `postgres://postgres@127.0.0.1:PORT`: its superuser.
    pub fn base(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    pub fn set(&mut self, more: &[String]) {
        self.more = more.to_vec();
    }

    /// Starts it, and waits until it answers.
    pub fn start(&mut self) {
        let since = Instant::now();
        while !self.answers() {
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "Postgres does not start"
            );
            let gone = match &mut self.process {
                None => true,
                Some(process) => process.try_wait().unwrap().is_some(),
            };
            if gone {
                self.process = Some(self.spawn());
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn spawn(&self) -> Child {
        let mut command = program("postgres");
        command.arg("-D").arg(self.folder.path().join("data"));
        let fixed = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            format!("unix_socket_directories={}", self.folder.path().display()),
            "max_connections=200".to_owned(),
        ];
        for setting in fixed.iter().chain(&self.more) {
            command.arg("-c").arg(setting);
        }
        command.spawn().unwrap()
    }

    fn answers(&self) -> bool {
        let asked = program("pg_isready")
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .status();
        asked.unwrap().success()
    }

    /// kill -9: the server and everything it started.
    pub fn kill(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let started = children(process.id());
        // It may be gone already.
        let _ = process.kill();
        let _ = process.wait();
        for pid in started {
            if let Some(pid) = rustix::process::Pid::from_raw(pid as i32) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}
