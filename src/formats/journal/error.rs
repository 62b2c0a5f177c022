//! What is wrong with a journal: which file, line and column, the line itself, and what to do.

use std::fmt;
use std::sync::Arc;

/// The most errors that are listed; after them reading stops.
pub const ERRORS_MAX: usize = 300;

/// The longest piece of a line that an error shows, in characters.
const SHOWN_CHARS_MAX: usize = 160;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable: `bad-date`, `unbalanced`, `assertion-failed`, …
    pub code: &'static str,
    /// Lower case, no full stop.
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            code,
            message: message.into(),
            hint: None,
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    /// At a byte of the line it was found in; the reader adds line and file.
    pub(in crate::formats) fn at(self, offset: usize) -> FaultAt {
        FaultAt {
            fault: self,
            offset,
        }
    }
}

/// A fault and its byte in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultAt {
    pub fault: Fault,
    pub offset: usize,
}

/// A fault and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalError {
    pub file: Arc<str>,
    /// From 1; 0 where the file as a whole is meant.
    pub line: u64,
    /// In characters, from 1; 0 where the line as a whole is meant.
    pub column: u32,
    /// The offending line, shortened, without control characters.
    pub text: String,
    pub fault: Fault,
}

impl JournalError {
    pub(in crate::formats) fn whole_file(file: Arc<str>, fault: Fault) -> JournalError {
        JournalError {
            file,
            line: 0,
            column: 0,
            text: String::new(),
            fault,
        }
    }

    pub(in crate::formats) fn on_line(
        file: Arc<str>,
        line: u64,
        text: &str,
        found: FaultAt,
    ) -> JournalError {
        let before = text.get(..found.offset.min(text.len())).unwrap_or(text);
        let column = before.chars().count() as u32 + 1;
        JournalError {
            file,
            line,
            column,
            text: shown(text),
            fault: found.fault,
        }
    }

    pub fn code(&self) -> &'static str {
        self.fault.code
    }

    /// `file`, `file:12` or `file:12:7`.
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (0, _) => self.file.to_string(),
            (line, 0) => format!("{}:{line}", self.file),
            (line, column) => format!("{}:{line}:{column}", self.file),
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.fault.message)
    }
}

impl std::error::Error for JournalError {}

/// A line as errors show it.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}
