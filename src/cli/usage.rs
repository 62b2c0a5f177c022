//! A command line that cannot be parsed: clap's words for people, an object with all of their facts for JSON.

use std::ffi::OsString;
use std::io::Write;

use super::error::{Exit, Failure};
use super::{argv, environment, say_failure};

/// Whether the words ask for JSON, though they may hold a mistake that keeps them from being parsed.
pub fn asks_json(words: &[OsString]) -> bool {
    let words: Vec<&str> = words.iter().filter_map(|w| w.to_str()).collect();
    let is_json = |text: &str| matches!(text, "json" | "ndjson");
    words.iter().enumerate().any(|(index, word)| {
        let next = words.get(index + 1).copied().unwrap_or_default();
        match *word {
            "--json" => true,
            "-O" | "--output-format" | "--format" => is_json(next),
            word => ["-O", "--output-format=", "--format="]
                .iter()
                .any(|flag| word.strip_prefix(flag).is_some_and(is_json)),
        }
    })
}

/// clap's own words, with our exit codes: help and version 0 on stdout, the rest 2 on stderr.
pub fn say(error: &clap::Error, json: bool) -> Exit {
    if !error.use_stderr() {
        return match error.print().and_then(|()| std::io::stdout().flush()) {
            Ok(()) => Exit::Ok,
            Err(error) => say_failure(&Failure::from(error), json),
        };
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return Exit::Usage;
    }
    let rendered = error.render();
    let text = argv::show_dashes(&rendered.to_string());
    if json {
        return say_failure(&usage_failure(&text), true);
    }
    let styled = argv::show_dashes(&rendered.ansi().to_string());
    let colour = environment::wants_colour(None, None, environment::Terminal::here().stderr);
    let _ = std::io::stderr().write_all(if colour { styled } else { text }.as_bytes());
    Exit::Usage
}

/// clap's lines as a failure: all of the message, its tips and the usage as hints.
fn usage_failure(text: &str) -> Failure {
    let (body, usage) = text.split_once("Usage: ").unwrap_or((text, ""));
    let lines = body.lines().map(str::trim);
    let (mut message, mut hints) = (Vec::new(), Vec::new());
    for line in lines.filter(|l| !l.is_empty() && !l.starts_with("For more information")) {
        match line.strip_prefix("tip: ") {
            Some(tip) => hints.push(tip.to_owned()),
            None => message.push(line.trim_start_matches("error: ")),
        }
    }
    let mut failure = Failure::usage("usage", message.join(" "));
    let usage = usage.lines().next().unwrap_or_default().trim();
    if !usage.is_empty() {
        hints.push(format!("usage: {usage}"));
    }
    failure.hints = hints;
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_error_in_json_keeps_its_facts() {
        let words = |line: &str| line.split(' ').map(Into::into).collect::<Vec<OsString>>();
        let failure = |line: &str| {
            usage_failure(&super::super::parse(words(line)).err().unwrap().to_string())
        };
        let missing = failure("hissab void 3");
        assert!(
            missing.message.ends_with("not provided: --reason <TEXT>"),
            "{}",
            missing.message
        );
        assert!(
            missing.hints[0].starts_with("usage: hissab void"),
            "{:?}",
            missing.hints
        );
        let slip = failure("hissab trial-balnce");
        assert!(slip.hints[0].contains("trial-balance"), "{:?}", slip.hints);
        for line in [
            "h tb --bogus --json",
            "h tb -Ojson --bogus",
            "h tb --bogus -O ndjson",
            "h --output-format=json tb --bogus",
        ] {
            assert!(asks_json(&words(line)), "{line}");
        }
        assert!(!asks_json(&words("h tb -O csv json")));
    }
}
