//! Why a file was not read: where, the line itself, what is wrong with it, and what to do.
//!
//! The door adds the file's name and the words around it.

use std::fmt;

/// What a person at a terminal can be asked, so that the file is read after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Day or month first? The first date that can be read both ways.
    DateOrder { sample: String },
    /// Is the separator a decimal mark or a thousands separator? The first such amount.
    DecimalMark { sample: String },
    /// Did all of it come in or go out? The columns as `--columns` says each.
    Direction { into: String, out: String },
    /// Which sheet of a workbook is the statement?
    Sheet { names: Vec<String> },
}

/// One reason a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable: `unreadable-date`, `ambiguous-dates`, `unclosed-quote`, …
    pub code: &'static str,
    /// From 1; `None` where the whole file is meant.
    pub line: Option<u64>,
    /// From 1, in characters of the line.
    pub column: Option<usize>,
    /// The line as it stands, cut after [`TEXT_CHARS_MAX`] characters.
    pub text: Option<String>,
    pub why: String,
    pub hint: Option<String>,
    pub question: Option<Question>,
}

/// How much of a line an error repeats.
pub const TEXT_CHARS_MAX: usize = 160;

impl Fault {
    /// A fault of the whole file.
    pub fn file(code: &'static str, why: impl Into<String>) -> Fault {
        Fault {
            code,
            line: None,
            column: None,
            text: None,
            why: why.into(),
            hint: None,
            question: None,
        }
    }

    /// A fault at a line and column.
    pub fn at(code: &'static str, line: u64, column: usize, why: impl Into<String>) -> Fault {
        Fault {
            line: Some(line),
            column: Some(column),
            ..Fault::file(code, why)
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    pub fn line_text(mut self, text: &str) -> Fault {
        let line = text.lines().next().unwrap_or("");
        let mut cut: String = line.chars().take(TEXT_CHARS_MAX).collect();
        if cut.len() < line.len() {
            cut.push('…');
        }
        self.text = Some(cut);
        self
    }

    pub fn ask(mut self, question: Question) -> Fault {
        self.question = Some(question);
        self
    }

    /// `12:5`, `12`, or nothing: what follows the file's name and a colon.
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{line}:{column}"),
            (Some(line), None) => line.to_string(),
            _ => String::new(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(_) => write!(f, "{}: {}", self.place(), self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_where_and_repeats_no_more_than_a_line() {
        let long = "x".repeat(500);
        let fault = Fault::at("unreadable-date", 3, 7, "no date").line_text(&long);
        assert_eq!(fault.to_string(), "3:7: no date");
        assert_eq!(fault.text.unwrap().chars().count(), TEXT_CHARS_MAX + 1);
    }
}
