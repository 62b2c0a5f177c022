//! From error to message and exit code: the one file that says both (cli.md, "Behaviour").

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::Path;

use crate::book::BookError;
use crate::book::mark::Mark;
use crate::client::ClientError;
use crate::ledger::account::Kind;
use crate::ledger::amount_text::AmountTextError;
use crate::ledger::date_text::DateTextError;
use crate::ledger::query::QueryError;
use crate::ledger::violation::{self, Violation};
use crate::render::sanitize;
use crate::wire::problem::Problem;

/// The result of everything in this room.
pub type Result<T> = std::result::Result<T, Failure>;

/// How the process ends. Counts are in the output, never here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Ok = 0,
    /// Data refused, or something failed.
    Failed = 1,
    /// An argument malformed or missing.
    Usage = 2,
    /// Checks found errors, or a trial balance does not prove.
    Unproved = 3,
    SignIn = 4,
    NotAllowed = 5,
    /// Account, party, REF, book or file not found.
    NotFound = 6,
    /// Conflict, or locked period.
    Conflict = 7,
    Unreachable = 8,
    Unconfirmed = 9,
    /// Book busy, newer, read-only or damaged.
    Unavailable = 10,
    /// A bug in hissab.
    Bug = 70,
    Interrupted = 130,
}

/// Why a command did not do what it was asked: words for people, a code for programs.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub exit: Exit,
    /// Stable; what `--json` shows as `code`.
    pub code: Cow<'static, str>,
    /// Lower case, no full stop, the user's own values in it.
    pub message: String,
    /// Where, a line each.
    pub at: Vec<String>,
    /// What to do, a line each; commands can be pasted.
    pub hints: Vec<String>,
    /// Nothing is printed: a reader of our output went away.
    pub quiet: bool,
}

/// How the message ends where a server is not reached.
const NOT_RECORDED: &str = "; nothing was recorded";

/// The hint where debits and credits differ.
const SIGN_CREDITS: &str = "write credits with a minus sign, or leave one amount out to balance";

impl Failure {
    pub fn new(
        exit: Exit,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Failure {
        Failure {
            exit,
            code: code.into(),
            message: message.into(),
            at: Vec::new(),
            hints: Vec::new(),
            quiet: false,
        }
    }

    /// Exit 2: an argument malformed or missing.
    pub fn usage(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, code, message)
    }

    /// Exit 1: the data is refused.
    pub fn refused(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Failure {
        Failure::new(Exit::Failed, code, message)
    }

    /// Exit 6: no such account, party, REF, book or file.
    pub fn not_found(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Failure {
        Failure::new(Exit::NotFound, code, message)
    }

    /// Exit 7: the state is not what the caller thought.
    pub fn conflict(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Failure {
        Failure::new(Exit::Conflict, code, message)
    }

    /// A file that could not be read or written, by name.
    pub fn file(path: &std::path::Path, error: &io::Error) -> Failure {
        let shown = path.display();

        match error.kind() {
            io::ErrorKind::NotFound => {
                Failure::not_found("file-not-found", format!("no file {shown}"))
            }
            io::ErrorKind::PermissionDenied => Failure::refused(
                "permission-denied",
                format!("{shown} may not be opened: permission denied"),
            ),
            io::ErrorKind::IsADirectory => {
                Failure::refused("is-a-directory", format!("{shown} is a folder, not a file"))
            }
            _ => Failure {
                message: format!("{shown}: {}", io_words(error)),
                ..Failure::from_io(error)
            },
        }
    }

    /// A folder that has to be there before something can be written in it.
    pub fn no_folder(folder: &Path) -> Failure {
        let shown = folder.display().to_string();
        Failure::not_found("folder-not-found", format!("there is no folder {shown}"))
            .hint(format!("mkdir -p {}", shell_word(&shown)))
    }

    pub fn at(mut self, place: impl Into<String>) -> Failure {
        self.at.push(place.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }

    /// Of entries that were written with `--dr` and `--cr`: these have no signs.
    pub fn of_sides(mut self) -> Failure {
        for hint in self.hints.iter_mut().filter(|hint| *hint == SIGN_CREDITS) {
            *hint =
                "let --dr and --cr come to the same, or leave one amount out to balance".to_owned();
        }
        self
    }

    /// Puts what was attempted in front: `transaction not posted: …`.
    pub fn while_doing(mut self, what: &str) -> Failure {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// What happened, without what it says of recording: where that is not in question, or known better.
    pub fn cause(&self) -> &str {
        self.message
            .strip_suffix(NOT_RECORDED)
            .unwrap_or(&self.message)
    }

    /// The server does not answer, or not now: nothing is known of what it was asked.
    pub fn is_silence(&self) -> bool {
        let of_server = self.at.iter().any(|at| at.starts_with("request "));
        match self.exit {
            Exit::Unreachable | Exit::SignIn => true,
            Exit::Unavailable => of_server,
            _ => false,
        }
    }

    fn from_io(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure {
                quiet: true,
                ..Failure::new(Exit::Ok, "broken-pipe", "")
            },
            io::ErrorKind::StorageFull => {
                Failure::refused("disk-full", "no space is left on the disk")
            }
            io::ErrorKind::FileTooLarge => Failure::refused(
                "file-too-large",
                "the file would become larger than is allowed here",
            ),
            io::ErrorKind::NotFound => Failure::not_found("file-not-found", io_words(error)),
            io::ErrorKind::Interrupted => {
                Failure::new(Exit::Interrupted, "interrupted", "interrupted")
            }
            _ => Failure::refused("io", io_words(error)),
        }
    }

    /// The lines people read on stderr, sanitised; `bold` wraps the word `error:`.
    pub fn text(&self, colour: bool) -> String {
        let (on, off) = if colour {
            ("\u{1b}[1;31m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        // What is queued is safe: it is no error, though the work is not done.
        let lead = match &*self.code {
            "queued" => "→".to_owned(),
            _ => format!("{on}error:{off}"),
        };
        let mut text = format!("{lead} {}\n", sanitize::block(&self.message));
        for place in &self.at {
            text.push_str(&format!("   at {}\n", sanitize::line(place)));
        }
        for hint in &self.hints {
            text.push_str(&format!(" hint: {}\n", sanitize::line(hint)));
        }
        text
    }

    /// One object on one line, for `--json`.
    pub fn json(&self) -> String {
        let object = ErrorObject {
            schema: "hissab/error/1",
            code: &self.code,
            exit: self.exit as u8,
            message: &self.message,
            at: &self.at,
            hints: &self.hints,
        };
        // Plain texts and numbers always serialise.
        serde_json::to_string(&object).unwrap_or_default() + "\n"
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Steps of many kinds that only get reported: `making the sample book: writing x: no space is left …`.
/// What lies below decides the exit code; an error of a kind nobody foresaw is a bug of ours.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        let mut steps: Vec<String> = error.chain().map(ToString::to_string).collect();
        let known = |cause: &(dyn std::error::Error + 'static)| {
            cause.is::<Failure>()
                || cause.is::<BookError>()
                || cause.is::<ClientError>()
                || cause.is::<io::Error>()
        };
        // What lies below a known cause is told by its own conversion.
        let depth = error.chain().position(known);
        steps.truncate(depth.unwrap_or(steps.len()));
        let below = error
            .downcast::<Failure>()
            .or_else(|error| error.downcast::<BookError>().map(Failure::from))
            .or_else(|error| error.downcast::<ClientError>().map(Failure::from))
            .or_else(|error| error.downcast::<io::Error>().map(Failure::from));
        match below {
            Ok(failure) if failure.quiet || steps.is_empty() => failure,
            Ok(failure) => failure.while_doing(&steps.join(": ")),
            Err(_) => Failure::new(Exit::Bug, "unforeseen", steps.join(": "))
                .hint("please report this line with the command you typed"),
        }
    }
}

/// The object of an error on stderr; its shape is frozen.
#[derive(serde::Serialize)]
struct ErrorObject<'a> {
    schema: &'static str,
    code: &'a str,
    exit: u8,
    message: &'a str,
    at: &'a [String],
    hints: &'a [String],
}

/// The system's words without its number: `Permission denied`, not `… (os error 13)`.
fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::from_io(&error)
    }
}

impl From<AmountTextError> for Failure {
    fn from(error: AmountTextError) -> Failure {
        Failure::usage("bad-amount", error.to_string()).hint(error.hint())
    }
}

impl From<DateTextError> for Failure {
    fn from(error: DateTextError) -> Failure {
        Failure::usage("bad-date", error.to_string()).hint(error.hint())
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Failure {
        let hint = error.hint();
        let failure = Failure::usage("bad-query", error.to_string());
        if hint.is_empty() {
            failure
        } else {
            failure.hint(hint)
        }
    }
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Failure {
        match error {
            BookError::Refused { violations, .. } => from_violations(&violations),
            BookError::NotFound { what } => Failure::not_found("not-found", format!("no {what}")),
            BookError::Conflict { code, message, hint, .. } => {
                Failure { hints: hint.into_iter().collect(), ..Failure::conflict(code, message) }
            }
            BookError::Busy => Failure::new(Exit::Unavailable, "busy", "the book is busy: another program is writing to it")
                .hint("try again, or wait longer with --wait SECONDS"),
            BookError::ReadOnly { why } => Failure::new(Exit::Unavailable, "read-only", format!("the book cannot be written: {why}"))
                .hint("reading commands work on it; to write to a copy of your own: hissab backup FILE"),
            BookError::Elsewhere { path, mark } => elsewhere(&path, &mark),
            BookError::Newer { found, known } => Failure::new(
                Exit::Unavailable,
                "newer",
                format!("the book was written by a newer hissab (schema {found}; this one knows up to {known})"),
            )
            .hint("install the newer hissab"),
            BookError::NotABook { path, why } => Failure::new(
                Exit::Unavailable,
                "not-a-book",
                format!("{} is not a hissab book: {why}", path.display()),
            ),
            BookError::Damaged { what } => Failure::new(Exit::Unavailable, "damaged", format!("the book is damaged: {what}"))
                .hint("hissab check --deep, or hissab restore BACKUP"),
            BookError::Denied { folder, .. } => {
                Failure::refused("permission-denied", error.to_string()).hint(match folder {
                    true => "name a file in a folder of your own",
                    false => "its owner may give you access, or a copy: hissab backup FILE",
                })
            }
            BookError::Io { what } => Failure::refused("io", what),
            BookError::Remote(error) => error.into(),
            BookError::Unsupported { what } => Failure::usage("unsupported", what),
        }
    }
}

/// A file that is not the home of its book is only read.
fn elsewhere(path: &Path, mark: &Mark) -> Failure {
    let file = path.display().to_string();
    let message = format!("{file} is {mark}: it is only read here");
    Failure::new(Exit::Unavailable, mark.kind.word(), message)
        .hint(format!("hissab -B {} …", shell_word(&mark.place)))
        .hint(format!(
            "to write here, apart from it: hissab book detach {}",
            shell_word(&file)
        ))
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        match error {
            ClientError::Problem { problem, .. } => from_problem(*problem),
            ClientError::Unreachable { server, why } => {
                let hint = if why.contains("signed by nobody") {
                    "if the authority is your own: SSL_CERT_FILE=ca.pem hissab … names it"
                } else {
                    "try again; hissab doctor looks for the reason"
                };
                Failure::new(
                    Exit::Unreachable,
                    "unreachable",
                    format!("{server} cannot be reached: {why}{NOT_RECORDED}"),
                )
                .hint(hint)
            }
            ClientError::Unconfirmed { server, why } => Failure::new(
                Exit::Unconfirmed,
                "unconfirmed",
                format!("not confirmed: {server} was told and did not answer ({why}); it may have been recorded"),
            )
            .hint("do not type it again; this settles it: hissab sync")
            .hint("of a long import: hissab sync, then the same import again; it adds nothing twice"),
            ClientError::Queued { server, why, waiting } => Failure::new(
                Exit::Unconfirmed,
                "queued",
                format!("queued, {waiting} waiting: {server} cannot be reached ({why})"),
            )
            .hint("do not type it again; this settles it: hissab sync"),
            ClientError::SignedOut { server, why, source_of_credentials } => Failure::new(
                Exit::SignIn,
                "signed-out",
                format!("not signed in to {server}: {why}"),
            )
            .hint(signing_in(&server, &source_of_credentials))
            .at(format!("credentials from {source_of_credentials}")),
            ClientError::Protocol { what, .. } => Failure::new(Exit::Unavailable, "not-understood", what),
            ClientError::Io { what } => Failure::refused("io", what),
        }
    }
}

/// A server's refusal as if the book were here: its code decides the exit, its words are shown.
fn from_problem(problem: Problem) -> Failure {
    let exit = match (problem.status, &*problem.code) {
        (401, _) => Exit::SignIn,
        (403, _) => Exit::NotAllowed,
        (_, "unknown-account") | (404, _) => Exit::NotFound,
        (_, "locked" | "account-exists") | (409 | 412, _) => Exit::Conflict,
        (_, "unsupported") => Exit::Usage,
        (500.., _) => Exit::Unavailable,
        _ => Exit::Failed,
    };
    // One line: a server's text must not look like lines of ours.
    let detail = sanitize::line(&problem.detail).into_owned();
    let mut failure = Failure::new(exit, problem.code, detail);
    failure.hints = problem.hints;
    if failure.hints.is_empty() && exit == Exit::NotAllowed {
        failure
            .hints
            .push("hissab whoami says what you may do there".to_owned());
    }
    if exit == Exit::Unavailable && !problem.request_id.is_empty() {
        failure.at.push(format!("request {}", problem.request_id));
    }
    failure
}

/// How to be let in: a token goes before a sign-in, so signing in does not help where one is given.
fn signing_in(server: &str, source: &str) -> String {
    let server = shell_word(server);
    match source {
        "HISSAB_TOKEN" => format!(
            "another token: hissab token create NAME; or without it: unset HISSAB_TOKEN, then hissab login {server}"
        ),
        source if source.starts_with("--token-file") => {
            format!(
                "another token: hissab token create NAME; or leave --token-file out, and hissab login {server}"
            )
        }
        _ => format!("hissab login {server}"),
    }
}

/// All violations in one message; the exit code is that of the gravest kind.
fn from_violations(violations: &[Violation]) -> Failure {
    let message = violation::words(violations);
    let locked = violations
        .iter()
        .find(|v| matches!(v, Violation::Locked { .. }));
    let lead = locked.or(violations.first());
    let exit = match lead {
        Some(Violation::Locked { .. }) => Exit::Conflict,
        Some(Violation::UnknownAccount { .. }) => Exit::NotFound,
        Some(Violation::AccountExists { .. }) => Exit::Conflict,
        _ => Exit::Failed,
    };
    let mut failure = Failure::new(exit, lead.map_or("refused", Violation::code), message);
    for hint in violations.iter().flat_map(violation_hints) {
        if !failure.hints.contains(&hint) {
            failure.hints.push(hint);
        }
    }
    failure
}

fn violation_hints(violation: &Violation) -> Vec<String> {
    match violation {
        Violation::UnknownAccount { path, near } => {
            let mut hints = Vec::new();
            if !near.is_empty() {
                hints.push(format!("did you mean {}?", near.join(", ")));
            }
            // Without a root that says the kind, the command would be refused.
            if Kind::of_root(path.split(':').next().unwrap_or("")).is_some() {
                hints.push(format!("hissab account add {}", shell_word(path)));
            }
            hints
        }
        Violation::UnknownCurrency { code } => {
            vec![format!("hissab currency add {}", shell_word(code))]
        }
        Violation::AccountClosed { account, .. } => {
            vec![format!("hissab account reopen {}", shell_word(account))]
        }
        Violation::Locked { .. } => vec![
            "post with a later date, or correct an earlier entry with hissab reverse".to_owned(),
            "hissab lock --off --reason WHY".to_owned(),
        ],
        Violation::TooPrecise { currency, .. } => vec![format!(
            "round it yourself, or raise the currency's places: hissab currency set {} --scale PLACES",
            shell_word(currency)
        )],
        Violation::TooLarge { .. } => {
            vec!["look at the amount again: is a digit or a word too many?".to_owned()]
        }
        Violation::Unbalanced { .. } => {
            vec![SIGN_CREDITS.to_owned()]
        }
        Violation::Rule(rule) => rule.hint.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

/// A word as a shell takes it, so that a hint can be pasted.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
