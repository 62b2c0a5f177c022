//! A command line that cannot be parsed: clap's words for people, an object with all of their facts for JSON.

use std::ffi::OsString;
use std::io::Write;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue};

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
pub fn say(mut error: clap::Error, words: &[OsString], json: bool) -> Exit {
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
    if let Some(tip) = elsewhere(&error, words) {
        // Ours in place of clap's guesses.
        error.remove(ContextKind::SuggestedArg);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    let rendered = error.render();
    let told = |text: String| plain(&argv::show_dashes(&text));
    let text = told(rendered.to_string());
    if json {
        return say_failure(&usage_failure(&text), true);
    }
    let styled = told(rendered.ansi().to_string());
    let colour = environment::wants_colour(None, None, environment::Terminal::here().stderr);
    let _ = std::io::stderr().write_all(if colour { styled } else { text }.as_bytes());
    Exit::Usage
}

/// The reports, the one first that most others can be had from.
const REPORTS: [&str; 11] = [
    "balance",
    "income-statement",
    "balance-sheet",
    "cash-flow",
    "ledger",
    "register",
    "journal",
    "daybook",
    "trial-balance",
    "dues",
    "ageing",
];

/// Of a flag that one report does not know: which other reports do.
fn elsewhere(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let unknown = error.kind() == clap::error::ErrorKind::UnknownArgument;
    let ContextValue::String(flag) = error.get(ContextKind::InvalidArg).filter(|_| unknown)? else {
        return None;
    };
    let mut all = super::Cli::command();
    all.build();
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
    let asked = words.find_map(|word| all.find_subcommand(word))?.get_name();
    if !REPORTS.contains(&asked) && !OTHER_REPORTS.contains(&asked) {
        return None;
    }
    let takes = |name: &&str| {
        let report = all.find_subcommand(name);
        report.is_some_and(|report| report.get_arguments().any(|arg| is_flag(arg, flag)))
    };
    let known: Vec<&str> = REPORTS.into_iter().filter(takes).take(3).collect();
    let first = known.first()?;
    let verb = if known.len() == 1 { "takes" } else { "take" };
    Some(format!(
        "{} {verb} {flag}: hissab {first} {flag}",
        known.join(", ")
    ))
}

/// Reports that others need not be sent to.
const OTHER_REPORTS: [&str; 6] = [
    "cashbook",
    "bankbook",
    "statement",
    "search",
    "activity",
    "accounts",
];

fn is_flag(arg: &clap::Arg, flag: &str) -> bool {
    let long = flag
        .strip_prefix("--")
        .map(|f| f.split('=').next().unwrap_or(f));
    let short = flag.strip_prefix('-').and_then(|f| f.chars().next());
    match long {
        Some(long) => arg
            .get_long_and_visible_aliases()
            .is_some_and(|names| names.contains(&long)),
        None => short.is_some() && arg.get_short() == short,
    }
}

/// The words of the standard library about numbers, as people would say them.
fn plain(text: &str) -> String {
    text.replace("invalid digit found in string", "it is not a whole number")
        .replace("number too large to fit in target type", "it is too large")
        .replace("number too small to fit in target type", "it is too small")
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
