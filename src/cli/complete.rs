//! Completion in shells: commands, flags, and the names in the book (accounts, parties, tags, books).
//!
//! The shell runs `hissab` with `COMPLETE` set; the book is opened to read, never a network, and
//! whatever goes wrong is silence.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::ops::ControlFlow;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::env::CompleteEnv;

use super::Cli;
use super::config::Config;
use super::globals::Globals;
use super::locate::{self, At};
use crate::book::{self, Book, Order, Scan};
use crate::ledger::account::Account;

/// Answers the shell and ends the process, if a shell is asking.
pub fn answer() {
    CompleteEnv::with_factory(|| with_names(Cli::command())).complete();
}

/// The command tree with completers on the arguments that name something in the book.
fn with_names(mut command: Command) -> Command {
    command.build();
    named(command)
}

fn named(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let mut command = command.mut_args(|arg| completing(&name, arg));
    let below: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in below {
        command = command.mut_subcommand(name, named);
    }
    command
}

/// What an argument's values are, by its name and the command it belongs to.
fn completing(command: &str, arg: Arg) -> Arg {
    match (command, arg.get_id().as_str()) {
        (_, "mode" | "category" | "to" | "into" | "account" | "from") => {
            arg.add(ArgValueCandidates::new(accounts))
        }
        (_, "dr" | "cr" | "balances") => arg.add(ArgValueCompleter::new(account_equals)),
        ("ledger" | "cashbook" | "bankbook" | "count" | "add" | "move", "accounts" | "words") => {
            arg.add(ArgValueCandidates::new(accounts))
        }
        ("gave" | "took" | "got" | "paid", "words") => arg.add(ArgValueCandidates::new(parties)),
        ("statement" | "show" | "set", "party" | "name") => {
            arg.add(ArgValueCandidates::new(parties))
        }
        (_, "party") => arg.add(ArgValueCandidates::new(parties)),
        (_, "tags" | "tag") => arg.add(ArgValueCandidates::new(tags)),
        (_, "book") => arg.add(ArgValueCandidates::new(books)),
        ("use" | "remove" | "rename", "name") => arg.add(ArgValueCandidates::new(books)),
        ("help", "topic") => arg.add(ArgValueCandidates::new(topics)),
        _ => arg,
    }
}

/// The book that the line being completed is about.
fn open() -> Option<Box<dyn Book>> {
    let words: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        words
            .iter()
            .position(|w| w == flag)
            .and_then(|at| words.get(at + 1))
            .cloned()
    };
    let globals = Globals {
        book: after("-B").or_else(|| after("--book")),
        ..Globals::default()
    };
    let config = Config::load().ok()?;
    let located = locate::locate(&globals, &config).ok()?;
    // Never the network: the shell waits for each key.
    match located.at {
        At::File(path) => book::open::read(&path).ok(),
        At::Remote(_) => None,
    }
}

fn of_accounts(fits: impl Fn(&Account) -> bool) -> Vec<String> {
    let chart = open()
        .and_then(|mut book| book.chart().ok())
        .unwrap_or_default();
    let keys = chart.in_order();
    keys.iter()
        .map(|k| chart.account(*k))
        .filter(|a| a.closed_on.is_none() && fits(a))
        .map(|a| a.path.to_string())
        .collect()
}

fn candidates(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn accounts() -> Vec<CompletionCandidate> {
    candidates(of_accounts(|_| true))
}

fn parties() -> Vec<CompletionCandidate> {
    let names = of_accounts(super::commands::account_list::is_party);
    candidates(
        names
            .into_iter()
            .map(|path| path.rsplit(':').next().unwrap_or_default().to_owned()),
    )
}

/// `ACCOUNT=`, while the account is being typed.
fn account_equals(current: &OsStr) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy().to_lowercase();
    if typed.contains('=') {
        return Vec::new();
    }
    let names = of_accounts(|a| a.path.to_lowercase().starts_with(&typed));
    candidates(names.into_iter().map(|path| format!("{path}=")))
}

/// How far back tags are looked for: completion has 50 ms.
const TAGGED_LOOKED_AT: u64 = 2_000;

fn tags() -> Vec<CompletionCandidate> {
    let Some(mut book) = open() else {
        return Vec::new();
    };
    let scan = Scan {
        order: Order::NewestFirst,
        limit: Some(TAGGED_LOOKED_AT),
        ..Scan::default()
    };
    let mut names = BTreeSet::new();
    let scanned = book.scan(&scan, &mut |transaction| {
        for tag in transaction
            .tags
            .iter()
            .chain(transaction.entries.iter().flat_map(|e| e.tags()))
        {
            names.insert(if tag.value.is_empty() {
                tag.name.clone()
            } else {
                format!("{}={}", tag.name, tag.value)
            });
        }
        ControlFlow::Continue(())
    });
    if scanned.is_err() {
        return Vec::new();
    }
    candidates(names)
}

fn books() -> Vec<CompletionCandidate> {
    candidates(
        Config::load()
            .map(|c| c.books().into_keys().collect::<Vec<_>>())
            .unwrap_or_default(),
    )
}

fn topics() -> Vec<CompletionCandidate> {
    candidates(
        super::commands::help_topics::TOPICS
            .iter()
            .map(|(name, _)| (*name).to_owned()),
    )
}
