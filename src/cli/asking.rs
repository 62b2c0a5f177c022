//! Questions at a terminal, with completion.

use std::io;

use dialoguer::Completion;

use super::context::answered;
use super::error::Result;
use super::prompts;
use crate::ledger::chart::Chart;

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
