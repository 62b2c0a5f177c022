//! Commands that a message proposes: where the line named its book by `-B`, so do they.
//!
//! Pasted without it they would work on another book, or on none.

use clap::CommandFactory as _;

use super::Cli;
use super::error::{Failure, shell_word};

/// Commands that work on no book, or make one.
const BOOKLESS: &[&str] = &[
    "book",
    "clone",
    "completions",
    "config",
    "demo",
    "explain",
    "help",
    "init",
    "login",
    "logout",
    "man",
    "org",
    "restore",
    "serve",
    "store",
    "token",
    "whoami",
    "worker",
];

/// The text with ` -B BOOK` in each `hissab COMMAND …` that works on a book; one that names a book already stays.
pub fn naming(text: &str, book: &str) -> String {
    const PROGRAM: &str = "hissab ";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PROGRAM) {
        let begins = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || "-./_".contains(c));
        let (before, after) = rest.split_at(at + PROGRAM.len());
        out.push_str(before);
        if begins && on_a_book(after) {
            out.push_str(&format!("-B {} ", shell_word(book)));
        }
        rest = after;
    }
    out + rest
}

/// A failure whose hints name the book.
pub fn in_failure(mut failure: Failure, book: &str) -> Failure {
    for hint in &mut failure.hints {
        *hint = naming(hint, book);
    }
    failure
}

/// Whether words after the program's name are a command for a book and name none.
fn on_a_book(words: &str) -> bool {
    let command = words.split([' ', ':', ',', ';', ')']).next().unwrap_or("");
    let named = words
        .split_whitespace()
        .take_while(|word| !word.starts_with("hissab"))
        .any(|word| ["-B", "--book", "-f"].contains(&word));
    !named
        && !BOOKLESS.contains(&command)
        && Cli::command().get_subcommands().any(|known| {
            known.get_name() == command || known.get_all_aliases().any(|a| a == command)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_works_on_a_book_names_it() {
        let named = |text: &str| naming(text, "my shop.hissab");
        assert_eq!(
            named("if it is right: hissab amend 1 --edit, or hissab tb; hissab undo takes it back"),
            "if it is right: hissab -B 'my shop.hissab' amend 1 --edit, or hissab -B 'my shop.hissab' tb; \
             hissab -B 'my shop.hissab' undo takes it back"
        );
        for same in [
            "see: hissab help import",
            "hissab init NAME.hissab",
            "hissab -B other.hissab sync",
            "hissab check -B other.hissab",
            "hissab import x.csv -f y",
            "a newer hissab wrote it",
            "./my-hissab check",
            "hissab ",
        ] {
            assert_eq!(named(same), same);
        }
        assert_eq!(
            named("now: hissab sync; there: hissab -B b check"),
            "now: hissab -B 'my shop.hissab' sync; there: hissab -B b check"
        );
    }

    #[test]
    fn every_command_without_a_book_is_one() {
        let cli = Cli::command();
        for word in BOOKLESS {
            // The commands for a team are left out of small builds.
            let team = ["serve", "worker", "store"].contains(word);
            assert!(team || cli.find_subcommand(word).is_some(), "{word}");
        }
    }
}
