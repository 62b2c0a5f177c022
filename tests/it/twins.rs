//! A file and an organisation that begin alike: the same commands must print the same bytes and leave the same log.

use std::path::Path;
use std::sync::Arc;

use crate::served::{SECRET, Served, WHO};
use crate::support::{Run, TestEnv};

/// The same commands on a file and on a server, by the same person at the same moment with the same ids.
pub struct Twins {
    pub file: TestEnv,
    pub remote: TestEnv,
    pub served: Arc<Served>,
}

impl Twins {
    pub fn new() -> Twins {
        Twins::with(Served::of)
    }

    /// The server is given by the file that both begin with.
    pub fn with(serve: impl FnOnce(&Path) -> Served) -> Twins {
        Twins::at(|book| {
            let served = Arc::new(serve(book));
            let place = served.place();
            (served, place, SECRET.to_owned())
        })
    }

    /// An organisation more on a server that runs.
    pub fn on(served: &Arc<Served>, slug: &str) -> Twins {
        Twins::at(|book| {
            let secret = served.share(book, slug);
            let place = format!("{}/{slug}", served.url());
            (Arc::clone(served), place, secret)
        })
    }

    /// The book that both begin with goes to a server, which says where it is and what opens it.
    fn at(serve: impl FnOnce(&Path) -> (Arc<Served>, String, String)) -> Twins {
        let env = || {
            let mut env = TestEnv::new();
            env.set("HISSAB_USER_NAME", WHO);
            env
        };
        let (mut file, mut remote) = (env(), env());
        file.set("HISSAB_BOOK", "acme.hissab");
        let init = "init acme.hissab --name Acme --currency INR --template shop";
        file.hissab(split(init)).ok();
        // One run each: the ids of a run come from its number.
        remote.hissab(["help"]);
        let (served, place, secret) = serve(&file.path("acme.hissab"));
        remote.set("HISSAB_BOOK", &place);
        // The same on both: what a token is for is not part of the book.
        file.set("HISSAB_TOKEN", &secret);
        remote.set("HISSAB_TOKEN", &secret);
        Twins {
            file,
            remote,
            served,
        }
    }

    /// Writes a file of this name on both sides.
    pub fn write(&self, name: &str, text: &str) {
        self.file.write(name, text);
        self.remote.write(name, text);
    }

    /// Runs a line on both and compares every byte of stdout and the exit code.
    #[track_caller]
    pub fn both(&self, line: &str) -> Run {
        let words = split(line);
        let here = self.file.hissab(&words);
        let there = self.remote.hissab(&words);
        let same = here.stdout == there.stdout && here.exit == there.exit;
        assert!(same, "hissab {line}\n--- file\n{here}\n--- server\n{there}");
        here
    }

    pub fn heads(&self) -> (String, String) {
        let head = |env: &TestEnv| env.hissab(["audit", "head"]).ok().stdout;
        (head(&self.file), head(&self.remote))
    }
}

/// Words of a line; quotes keep spaces together.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}
