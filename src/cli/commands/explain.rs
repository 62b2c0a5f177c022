//! `hissab explain CODE`: what a finding or an error means, and what to do.

use std::io::Write;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::shown::ShownArgs;
use crate::ledger::chart::distance;
use crate::render::views::ListView;
use crate::render::{Cell, Column};
use crate::reports::check;

/// Say what a finding or an error means, and what to do
///
/// Codes stand in the second column of check, and in errors with --json.
///
/// Example: hissab explain cash-negative
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The code [default: list them all]
    pub code: Option<String>,

    #[command(flatten)]
    pub shown: ShownArgs,
}

/// `code: text`, a line each.
const TEXTS: &str = include_str!("explain.txt");

/// Every code with its text, in order of the file.
fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    TEXTS.lines().filter_map(|line| line.split_once(": "))
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let Some(code) = args.code else {
        return list(ctx, &args.shown);
    };
    ctx.words_or_json()?;
    let wanted = code.trim().to_lowercase();
    let Some((code, text)) = texts().find(|(code, _)| *code == wanted) else {
        return Err(unknown(&wanted));
    };
    let severity = check::info(code).map(|info| info.severity.word());
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/explain/1",
            "code": code,
            "severity": severity,
            "text": text,
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(Exit::Ok);
    }
    let what = severity.map_or_else(
        || "error of a command".to_owned(),
        |word| format!("{word} of check"),
    );
    writeln!(ctx.out, "{code} ({what})")?;
    for line in wrapped(text, ctx.width().min(100)) {
        writeln!(ctx.out, "{line}")?;
    }
    Ok(Exit::Ok)
}

fn list(ctx: &mut Context, args: &ShownArgs) -> Result<Exit> {
    let rows = texts().map(|(code, text)| {
        let kind = if check::info(code).is_some() {
            "check"
        } else {
            "error"
        };
        vec![Cell::Word(code), Cell::Word(kind), Cell::Word(text)]
    });
    let view = ListView {
        schema: "explain-list/1",
        title: Vec::new(),
        columns: ["code", "of", "text"].map(Column::text).to_vec(),
        headings: vec!["Code", "Of", "Meaning"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    args.show(ctx, &view)?;
    Ok(Exit::Ok)
}

fn unknown(code: &str) -> Failure {
    let failure = Failure::not_found("unknown-code", format!("there is no code {code:?}"));
    let near = texts()
        .map(|(known, _)| (distance(code, known), known))
        .min();
    match near {
        // A third of the letters may be slips; of more nobody knows what was meant.
        Some((off, known)) if off <= 1 + code.chars().count() / 4 => {
            failure.hint(format!("hissab explain {known}"))
        }
        _ => failure.hint("hissab explain lists them all"),
    }
}

/// Lines of at most `width` characters, broken at spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_explained_and_no_code_twice() {
        for info in check::CHECKS {
            assert!(texts().any(|(code, _)| code == info.code), "{}", info.code);
        }
        let mut codes: Vec<&str> = texts().map(|(code, _)| code).collect();
        codes.sort_unstable();
        let twice: Vec<_> = codes.windows(2).filter(|w| w[0] == w[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        let lines = TEXTS.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(codes.len(), lines, "a line is not `code: text`");
    }

    #[test]
    fn long_texts_are_broken_at_spaces() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
    }
}
