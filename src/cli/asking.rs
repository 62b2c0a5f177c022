//! Questions at a terminal, with completion.

use std::io::{self, Write};

use dialoguer::Completion;

use super::error::{Failure, Result};
use super::{prompts, signals};
use crate::ledger::chart::Chart;
use crate::render::sanitize;

/// Completes to the only word, or the common beginning of the words, that go on from what is typed.
pub struct Words(pub Vec<String>);

impl Words {
    /// The open accounts of a chart, by path.
    pub fn accounts(chart: &Chart) -> Words {
        let open = chart.accounts().iter().filter(|a| a.closed_on.is_none());
        Words(open.map(|a| a.path.to_string()).collect())
    }
}

impl Completion for Words {
    fn get(&self, input: &str) -> Option<String> {
        let typed = input.to_lowercase();
        let fits: Vec<&String> = self
            .0
            .iter()
            .filter(|w| w.to_lowercase().starts_with(&typed))
            .collect();
        // A segment is enough: `hd` leads to Assets:Bank:HDFC.
        let fits = if fits.is_empty() {
            self.0
                .iter()
                .filter(|w| w.to_lowercase().split(':').any(|s| s.starts_with(&typed)))
                .collect()
        } else {
            fits
        };
        let first = fits.first()?;
        let common = fits.iter().fold(first.chars().count(), |n, w| {
            n.min(
                first
                    .chars()
                    .zip(w.chars())
                    .take_while(|(a, b)| a.to_lowercase().eq(b.to_lowercase()))
                    .count(),
            )
        });
        let text: String = first.chars().take(common).collect();
        (text.chars().count() > input.chars().count()).then_some(text)
    }
}

/// Asks for a line; Tab completes.
pub fn ask(
    prompt: &str,
    default: Option<String>,
    words: &Words,
    may_be_empty: bool,
) -> Result<String> {
    let typed = answered(|| prompts::line(prompt, default.as_deref(), words, may_be_empty))?;
    Ok(typed.trim().to_owned())
}

/// The same; `None` where Ctrl-D says that nothing more comes.
pub fn ask_or_end(
    prompt: &str,
    default: Option<String>,
    words: &Words,
    may_be_empty: bool,
) -> Result<Option<String>> {
    let typed =
        answered(
            || match prompts::line(prompt, default.as_deref(), words, may_be_empty) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
                other => other.map(Some),
            },
        )?;
    Ok(typed.map(|text| text.trim().to_owned()))
}

/// What a person answers at a prompt. Ctrl-C ends the command, with the cursor shown again.
pub fn answered<T>(prompt: impl FnOnce() -> io::Result<T>) -> Result<T> {
    let listening = signals::AtPrompt::begin();
    let answer = prompt();
    if answer.is_err() {
        // A prompt that is broken off leaves the cursor hidden. Nobody can be told if stderr is gone.
        let _ = io::stderr().write_all(signals::CURSOR);
    }
    drop(listening);
    answer.map_err(prompt_failure)
}

/// Asks a person at a terminal for one of a few; Ctrl-C, Ctrl-D and Escape end the command.
pub fn choose_one(prompt: &str, items: &[impl AsRef<str>], at: usize) -> Result<usize> {
    let items: Vec<String> = items
        .iter()
        .map(|item| sanitize::line(item.as_ref()).into_owned())
        .collect();
    answered(|| prompts::choose(&sanitize::line(prompt), &items, at))
}

/// Why a prompt gave no answer: Ctrl-C and Ctrl-D end the command, nothing is written.
fn prompt_failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof => Failure::new(
            super::error::Exit::Interrupted,
            "interrupted",
            "interrupted; nothing was written",
        ),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completion_goes_as_far_as_the_words_agree() {
        let words = Words(vec![
            "Assets:Bank:HDFC".into(),
            "Assets:Bank:SBI".into(),
            "Expenses:Tea".into(),
        ]);
        assert_eq!(words.get("as").as_deref(), Some("Assets:Bank:"));
        assert_eq!(words.get("exp").as_deref(), Some("Expenses:Tea"));
        assert_eq!(words.get("hd").as_deref(), Some("Assets:Bank:HDFC"));
        assert_eq!(words.get("zz"), None);
    }
}
