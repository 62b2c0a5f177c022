//! Which book a command is about (cli.md, "Which book").

use std::path::{Path, PathBuf};

use super::config::{Config, Origin, default_book};
use super::environment::var;
use super::error::{Failure, Result, shell_word};
use super::globals::Globals;
use crate::client::Place;
use crate::client::place::is_url;

/// Where a book is and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    pub at: At,
    /// The configured name, if it was named so.
    pub name: Option<String>,
    pub source: Source,
}

/// A file, or an organisation on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    File(PathBuf),
    Remote(Place),
}

impl Located {
    /// The file, or the address.
    pub fn shown(&self) -> String {
        match &self.at {
            At::File(path) => path.display().to_string(),
            At::Remote(place) => place.to_string(),
        }
    }

    /// `/home/asha/shop.hissab (--book)`
    pub fn words(&self) -> String {
        format!("{} ({})", self.shown(), self.source.word())
    }

    /// The book's file.
    ///
    /// Errors: exit 2 where the book is on a server; `instead` is what to do there.
    pub fn file(&self, what: &str, instead: &str) -> Result<&Path> {
        match &self.at {
            At::File(path) => Ok(path),
            At::Remote(place) => Err(Failure::usage(
                "needs-a-file",
                format!("{what} needs a book in a file; {place} is on a server"),
            )
            .hint(instead)),
        }
    }

    pub fn remote(&self) -> Option<&Place> {
        match &self.at {
            At::File(_) => None,
            At::Remote(place) => Some(place),
        }
    }
}

/// Who said which book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Flag,
    Environment,
    Project,
    User,
    DefaultFile,
}

impl Source {
    pub fn word(self) -> &'static str {
        match self {
            Source::Flag => "--book",
            Source::Environment => "HISSAB_BOOK",
            Source::Project => "the project's hissab.toml",
            Source::User => "the user's configuration",
            Source::DefaultFile => "the default file",
        }
    }

    /// Off a terminal a writer needs a book that somebody chose for this line, place or project.
    pub fn is_chosen_here(self) -> bool {
        matches!(self, Source::Flag | Source::Environment | Source::Project)
    }
}

/// Finds the book. It may not exist yet.
pub fn locate(globals: &Globals, config: &Config) -> Result<Located> {
    if let Some(place) = &globals.book {
        return of_words(place, Source::Flag, config, Path::new(""));
    }
    let Some(setting) = config.get("book") else {
        let path = default_book().ok_or_else(no_book)?;
        return Ok(Located {
            at: At::File(path),
            name: None,
            source: Source::DefaultFile,
        });
    };
    let (source, folder) = match &setting.origin {
        Origin::Environment(_) => (Source::Environment, PathBuf::new()),
        Origin::Project(file) => (Source::Project, parent(file)),
        Origin::User(file) => (Source::User, parent(file)),
        Origin::Default => (Source::DefaultFile, PathBuf::new()),
    };
    of_words(&setting.value, source, config, &folder)
}

fn parent(file: &Path) -> PathBuf {
    file.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A WHERE as someone wrote it; relative files are taken from `folder`.
fn of_words(words: &str, source: Source, config: &Config, folder: &Path) -> Result<Located> {
    if words.is_empty() {
        return Err(Failure::usage(
            "empty-book",
            format!("{} names no book: it is empty", source.word()),
        ));
    }
    if is_url(words) {
        return Ok(Located {
            at: At::Remote(place(words)?),
            name: None,
            source,
        });
    }
    if let Some((scheme, _)) = words.split_once("://")
        && !scheme.is_empty()
        && scheme.chars().all(|c| c.is_ascii_alphanumeric())
    {
        return Err(
            Failure::usage("bad-url", format!("a book is not reached by {scheme}://")).hint(
                "a server's book: hissab -B https://books.example.com/acme …; a file: its path",
            ),
        );
    }
    let known = config.books().remove(words);
    let at = match &known {
        Some(named) if is_url(named) => At::Remote(place(named)?),
        Some(named) => At::File(PathBuf::from(named)),
        None => At::File(folder.join(words)),
    };
    Ok(Located {
        at,
        name: known.map(|_| words.to_owned()),
        source,
    })
}

/// The organisation a URL names.
pub fn place(words: &str) -> Result<Place> {
    Place::read(words).map_err(|why| {
        Failure::usage("bad-url", format!("this address names no book: {why}"))
            .hint("hissab -B https://books.example.com/acme …")
    })
}

/// What to say where no book is found.
pub fn no_book() -> Failure {
    let failure = Failure::not_found("no-book", "no book found").hint("make one: hissab init");
    match var("LEDGER_FILE") {
        Some(_) => failure.hint("or read your journal: hissab -f \"$LEDGER_FILE\" …"),
        None => failure,
    }
}

/// What to say about a book that was named and is not there.
pub fn missing(located: &Located, config: &Config) -> Failure {
    if located.source == Source::DefaultFile {
        return no_book().at(format!("looked for {}", located.shown()));
    }
    let shown = located.shown();
    let failure = Failure::not_found("book-not-found", format!("no book {shown}"))
        .at(format!("named by {}", located.source.word()));
    let names = config.books();
    let near = names
        .keys()
        .min_by_key(|n| strsim::damerau_levenshtein(n, &shown));
    match near.filter(|n| strsim::damerau_levenshtein(n, &shown) <= 2) {
        Some(near) => failure.hint(format!("did you mean -B {}?", shell_word(near))),
        None => failure.hint(format!("make it: hissab init {}", shell_word(&shown))),
    }
}
