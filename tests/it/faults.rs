//! The harness of the crash tests: a book, the real binary, and a way to make the N-th step fail.
//!
//! Faults come from `strace`, which stops the process at the N-th system call of a kind and kills it there, or
//! lets the call fail. `strace` is a Debian package; `tests/run` installs it.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hissab::book::sqlite::SqliteBook;
use hissab::book::{Book, CheckDepth};

use crate::books::WAIT;
use crate::support::TestEnv;

/// Every call by which a book, a copy of it or a folder changes.
pub const STEPS: &str =
    "pwrite64,fdatasync,fsync,ftruncate,?rename,?renameat,renameat2,?unlink,unlinkat,?link,linkat";

/// No command takes as many steps: beyond it something loops.
const STEPS_MAX: usize = 2_000;

/// What goes wrong at a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    Kill,
    Error(&'static str),
}

/// What a book holds, in few numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub sequence: u64,
    pub transactions: u64,
    pub voided: u64,
    head: Option<[u8; 32]>,
}

/// Opens a book as a command would, with no repair, and insists that it proves.
pub fn proved(path: &Path) -> State {
    let mut book = SqliteBook::open_read(path, WAIT).unwrap();
    let outcomes = book.check(CheckDepth::Deep).unwrap();
    let findings: Vec<_> = outcomes.into_iter().flat_map(|o| o.findings).collect();
    assert!(findings.is_empty(), "{findings:#?}");
    let info = book.info().unwrap();
    State {
        sequence: info.sequence,
        transactions: info.transactions,
        voided: info.voided,
        head: info.head,
    }
}

/// A command on a book, tried again and again from the same start.
pub struct Trial {
    env: TestEnv,
    binary: PathBuf,
    /// The files of the folder before each try.
    start: Vec<(String, Vec<u8>)>,
    words: Vec<String>,
}

/// How a try ended.
pub struct Tried {
    pub output: Output,
    pub step: usize,
}

impl Tried {
    pub fn killed(&self) -> bool {
        // strace passes the signal on to itself, or reports it as a shell would.
        self.output.status.signal() == Some(9) || self.output.status.code() == Some(137)
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

impl Trial {
    /// A trial of a command in a folder that begins with these files.
    pub fn new(binary: &Path, start: Vec<(String, Vec<u8>)>, words: &[&str]) -> Trial {
        Trial {
            env: TestEnv::new(),
            binary: binary.to_owned(),
            start,
            words: words.iter().map(|w| (*w).to_owned()).collect(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.env.path(name)
    }

    /// Puts the folder back to how it began.
    pub fn reset(&self) {
        let folder = self.env.folder();
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        for (name, bytes) in &self.start {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }

    /// The command without a fault.
    pub fn run(&self) -> Output {
        self.command(None).output().unwrap()
    }

    fn command(&self, inject: Option<&str>) -> Command {
        let plain = self.env.command(&self.words);
        let mut command = match inject {
            None => Command::new(&self.binary),
            Some(inject) => {
                let mut strace = Command::new("strace");
                strace.args(["-f", "-qqq", "-o", "/dev/null", "-e", inject]);
                strace.arg(&self.binary);
                strace
            }
        };
        command.args(&self.words).current_dir(self.env.folder());
        command.env_clear();
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        // The book was made with counted ids: these must be others.
        command.env_remove("HISSAB_TEST_IDS");
        command.stdin(std::process::Stdio::null());
        command
    }

    /// One try with a fault at a step.
    pub fn try_at(&self, calls: &str, fault: Fault, step: usize) -> Tried {
        let what = match fault {
            Fault::Kill => "signal=KILL".to_owned(),
            Fault::Error(error) => format!("error={error}"),
        };
        let inject = format!("inject={calls}:{what}:when={step}");
        let output = self.command(Some(&inject)).output().expect("strace runs");
        Tried { output, step }
    }

    /// Kills the command at its first step, its second, and so on until it survives; looks after each death.
    ///
    /// Gives the number of deaths.
    pub fn die_at_every_step(&self, calls: &str, mut look: impl FnMut(&Tried)) -> usize {
        for step in 1..=STEPS_MAX {
            self.reset();
            let tried = self.try_at(calls, Fault::Kill, step);
            if !tried.killed() {
                assert_eq!(tried.output.status.code(), Some(0), "{}", tried.stderr());
                return step - 1;
            }
            look(&tried);
        }
        panic!("no run survived {STEPS_MAX} steps");
    }
}

/// Every file of a folder.
pub fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}
