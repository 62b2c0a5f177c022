//! The command line: one enum of commands, one file each, errors to exit codes in one place.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Args as _, CommandFactory, FromArgMatches, Parser, Subcommand};

pub mod argv;
pub mod asking;
pub mod checking;
pub mod commands;
mod complete;
pub mod config;
pub mod context;
#[cfg(feature = "server")]
pub mod database;
pub mod environment;
pub mod error;
pub mod globals;
mod hints;
pub mod importing;
pub mod journals;
pub mod locate;
pub mod looking;
pub mod mirroring;
pub mod output;
mod progress;
mod prompts;
pub mod record;
pub mod recorded;
pub mod servers;
pub mod shown;
mod signals;
pub mod targets;
mod usage;

use c::cash_in::Way;
use c::credit::Deed;
use commands as c;
use context::Context;
use error::{Exit, Failure, Result};
use globals::Globals;
use record::echo;

/// The cash book a shopkeeper can type at, and the ledger an accountant can sign
#[derive(Parser)]
#[command(
    name = "hissab",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    after_help = "First steps: hissab init shop.hissab, then hissab help accounting-basics"
)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

// `defer`: only the command that is typed is built; a start costs no more for the others.
#[derive(Subcommand)]
#[command(defer = true)]
pub enum Command {
    // ---- Recording ----
    /// Make a book
    Init(c::init::Args),
    /// Bring balances forward
    Opening(c::opening::Args),
    /// Post a transaction of any shape
    Add(c::add::Args),
    /// Cash in: a receipt
    In(c::cash_in::Args),
    /// Cash out: a payment
    Out(c::cash_in::Args),
    /// Sell on credit, or lend with --mode
    Gave(c::credit::Args),
    /// Buy on credit, or borrow with --mode
    Took(c::credit::Args),
    /// Receive what a party owes
    Got(c::credit::Args),
    /// Pay what a party is owed
    Paid(c::credit::Args),
    /// Move money between accounts and currencies
    Move(c::transfer::Args),
    /// Compare counted cash with the books
    Count(c::count::Args),
    /// Correct a transaction
    Amend(c::amend::Args),
    /// Take a transaction out of every balance
    Void(c::void::Args),
    /// Post the opposite of a transaction
    Reverse(c::reverse::Args),
    /// Restore the state before an operation
    Undo(c::undo::Args),
    /// Show a transaction
    Show(c::show::Args),
    /// Show who did what
    Log(c::log::Args),
    /// Move every matching entry to another account
    Recategorise(c::recategorise::Args),
    /// Compare an account with a statement, and hold what agrees
    Reconcile(c::reconcile::Args),
    /// Work on the chart of accounts
    #[command(visible_alias = "acc")]
    Account(c::account::Args),
    /// Work on customers and suppliers
    Party(c::party::Args),
    /// Work on currencies, commodities and prices
    Currency(c::currency::Args),
    /// Tag a transaction
    Tag(c::tag::Args),
    /// Lock everything up to a date
    Lock(c::lock::Args),
    /// Close a fiscal year
    Close(c::close::Args),

    // ---- Looking ----
    /// Prove that debits are credits
    #[command(visible_alias = "tb")]
    TrialBalance(c::trial_balance::Args),
    /// Show what is owned and owed
    #[command(visible_aliases = ["bs", "balancesheet"])]
    BalanceSheet(c::balance_sheet::Args),
    /// Show income less expenses
    #[command(visible_aliases = ["is", "pnl", "incomestatement"])]
    IncomeStatement(c::income_statement::Args),
    /// Show where cash came from and went
    #[command(visible_aliases = ["cf", "cashflow"])]
    CashFlow(c::cash_flow::Args),
    /// Show who owes what
    Dues(c::dues::Args),
    /// Show how old the dues are
    Ageing(c::ageing::Args),
    /// Show account balances
    #[command(visible_alias = "bal")]
    Balance(c::balance::Args),
    /// Show accounts with running balances
    #[command(visible_aliases = ["areg", "aregister"])]
    Ledger(c::ledger::Args),
    /// Show entries with a running total
    #[command(visible_alias = "reg")]
    Register(c::register::Args),
    /// Show transactions with all their entries
    Journal(c::journal::Args),
    /// Print transactions as an hledger journal
    Print(c::print::Args),
    /// Show what was recorded day by day
    Daybook(c::daybook::Args),
    /// Show the cash account
    Cashbook(c::cashbook::Args),
    /// Show the bank account
    Bankbook(c::bankbook::Args),
    /// Show a party's account
    Statement(c::statement::Args),
    /// Find transactions by words
    Search(c::search::Args),
    /// List accounts
    Accounts(c::accounts::Args),
    /// List payees
    Payees(c::names::PayeesArgs),
    /// List descriptions
    Descriptions(c::names::DescriptionsArgs),
    /// List references
    Codes(c::names::CodesArgs),
    /// List tags
    Tags(c::names::TagsArgs),
    /// List currencies
    Currencies(c::currencies::Args),
    /// Count what the book holds
    Stats(c::stats::Args),
    /// Show how busy each period was
    Activity(c::activity::Args),

    // ---- Moving data ----
    /// Bring in bank statements and journals
    Import(c::import::Args),
    /// Write the book out for other programs
    Export(c::export::Args),
    /// Copy the book as text for git, or check such a copy
    Mirror(c::mirror::Args),

    // ---- Trust ----
    /// Find what is wrong in the books
    Check(c::check::Args),
    /// Vouch for a balance
    Assert(c::assert::Args),
    /// Read and prove the audit log
    Audit(c::audit::Args),
    /// Copy the book while others work on it
    Backup(c::backup::Args),
    /// Fill a book from a backup
    Restore(c::restore::Args),
    /// Say what a finding or an error means
    Explain(c::explain::Args),
    /// Look at this machine for what could go wrong
    Doctor(c::doctor::Args),
    /// Show hissab on a sample book
    Demo(c::demo::Args),

    // ---- Servers ----
    /// Sign in to a server
    Login(c::login::Args),
    /// End a sign-in
    Logout(c::logout::Args),
    /// Show who you are on a server
    Whoami(c::whoami::Args),
    /// Work on organisations and their members
    Org(c::org::Args),
    /// Work on access tokens for cron and CI
    Token(c::token::Args),
    /// Show changes as they happen
    Watch(c::watch::Args),
    /// Work on what a server does in the background
    Job(c::job::Args),
    /// Settle what waits for the server
    Sync(c::sync::Args),
    /// Bring a book to a server
    Push(c::push::Args),
    /// Copy a server's book to a file
    Clone(c::clone::Args),

    // ---- This machine ----
    /// Work on the list of books
    Book(c::book::Args),
    /// Show which book is used, and how it stands
    Status(c::status::Args),
    /// Show or change the configuration
    Config(c::config::Args),

    // ---- For a team ----
    /// Serve books over HTTP
    #[cfg(feature = "server")]
    Serve(c::serve::Args),
    /// Work on export jobs of servers that share a database
    #[cfg(feature = "server")]
    Worker(c::worker::Args),
    /// Move a server's books and people to another place
    #[cfg(feature = "server")]
    Store(c::store::Args),

    // ---- Help and machinery ----
    /// Explain a topic or a command
    Help(c::help::Args),
    /// Print the completion script of a shell
    #[command(hide = true)]
    Completions(c::completions::Args),
    /// Write the man pages into a folder
    #[command(hide = true)]
    Man(c::man::Args),
}

impl Command {
    /// Runs the command: one line each.
    fn run(self, ctx: &mut Context) -> Result<Exit> {
        match self {
            Command::Import(args) => c::import::run(ctx, args),
            Command::Export(args) => c::export::run(ctx, args),
            Command::Mirror(args) => c::mirror::run(ctx, args),
            Command::Check(args) => c::check::run(ctx, args),
            Command::Assert(args) => c::assert::run(ctx, args),
            Command::Audit(args) => c::audit::run(ctx, args),
            Command::Backup(args) => c::backup::run(ctx, args),
            Command::Restore(args) => c::restore::run(ctx, args),
            Command::Explain(args) => c::explain::run(ctx, args),
            Command::Doctor(args) => c::doctor::run(ctx, args),
            Command::Demo(args) => c::demo::run(ctx, args),
            Command::TrialBalance(args) => c::trial_balance::run(ctx, args),
            Command::BalanceSheet(args) => c::balance_sheet::run(ctx, args),
            Command::IncomeStatement(args) => c::income_statement::run(ctx, args),
            Command::CashFlow(args) => c::cash_flow::run(ctx, args),
            Command::Dues(args) => c::dues::run(ctx, args),
            Command::Ageing(args) => c::ageing::run(ctx, args),
            Command::Balance(args) => c::balance::run(ctx, args),
            Command::Ledger(args) => c::ledger::run(ctx, args),
            Command::Register(args) => c::register::run(ctx, args),
            Command::Journal(args) => c::journal::run(ctx, args),
            Command::Print(args) => c::print::run(ctx, args),
            Command::Daybook(args) => c::daybook::run(ctx, args),
            Command::Cashbook(args) => c::cashbook::run(ctx, args),
            Command::Bankbook(args) => c::bankbook::run(ctx, args),
            Command::Init(args) => c::init::run(ctx, args),
            Command::Opening(args) => c::opening::run(ctx, args),
            Command::Add(args) => c::add::run(ctx, args),
            Command::In(args) => c::cash_in::run(ctx, args, Way::In),
            Command::Out(args) => c::cash_in::run(ctx, args, Way::Out),
            Command::Gave(args) => c::credit::run(ctx, args, Deed::Gave),
            Command::Took(args) => c::credit::run(ctx, args, Deed::Took),
            Command::Got(args) => c::credit::run(ctx, args, Deed::Got),
            Command::Paid(args) => c::credit::run(ctx, args, Deed::Paid),
            Command::Move(args) => c::transfer::run(ctx, args),
            Command::Count(args) => c::count::run(ctx, args),
            Command::Amend(args) => c::amend::run(ctx, args),
            Command::Void(args) => c::void::run(ctx, args),
            Command::Reverse(args) => c::reverse::run(ctx, args),
            Command::Undo(args) => c::undo::run(ctx, args),
            Command::Show(args) => c::show::run(ctx, args),
            Command::Log(args) => c::log::run(ctx, args),
            Command::Statement(args) => c::statement::run(ctx, args),
            Command::Search(args) => c::search::run(ctx, args),
            Command::Accounts(args) => c::accounts::run(ctx, args),
            Command::Payees(args) => c::names::payees(ctx, args),
            Command::Descriptions(args) => c::names::descriptions(ctx, args),
            Command::Codes(args) => c::names::codes(ctx, args),
            Command::Tags(args) => c::names::tags(ctx, args),
            Command::Currencies(args) => c::currencies::run(ctx, args),
            Command::Stats(args) => c::stats::run(ctx, args),
            Command::Activity(args) => c::activity::run(ctx, args),
            Command::Recategorise(args) => c::recategorise::run(ctx, args),
            Command::Reconcile(args) => c::reconcile::run(ctx, args),
            Command::Account(args) => c::account::run(ctx, args),
            Command::Party(args) => c::party::run(ctx, args),
            Command::Currency(args) => c::currency::run(ctx, args),
            Command::Tag(args) => c::tag::run(ctx, args),
            Command::Lock(args) => c::lock::run(ctx, args),
            Command::Close(args) => c::close::run(ctx, args),
            Command::Login(args) => c::login::run(ctx, args),
            Command::Logout(args) => c::logout::run(ctx, args),
            Command::Whoami(args) => c::whoami::run(ctx, args),
            Command::Org(args) => c::org::run(ctx, args),
            Command::Token(args) => c::token::run(ctx, args),
            Command::Watch(args) => c::watch::run(ctx, args),
            Command::Job(args) => c::job::run(ctx, args),
            Command::Sync(args) => c::sync::run(ctx, args),
            Command::Push(args) => c::push::run(ctx, args),
            Command::Clone(args) => c::clone::run(ctx, args),
            Command::Book(args) => c::book::run(ctx, args),
            Command::Status(args) => c::status::run(ctx, args),
            Command::Config(args) => c::config::run(ctx, args),
            #[cfg(feature = "server")]
            Command::Serve(args) => c::serve::run(ctx, args),
            #[cfg(feature = "server")]
            Command::Store(args) => c::store::run(ctx, args),
            #[cfg(feature = "server")]
            Command::Worker(args) => c::worker::run(ctx, args),
            Command::Completions(args) => c::completions::run(ctx, args),
            Command::Man(args) => c::man::run(ctx, args),
            Command::Help(args) => c::help::run(ctx, args),
        }
    }
}

/// Everything from the words of the command line to the exit code.
pub fn main() -> ExitCode {
    // A shell that asks for completions sets COMPLETE: answered before anything else happens.
    if std::env::var_os("COMPLETE").is_some() {
        complete::answer();
    }
    signals::prepare();
    std::panic::set_hook(Box::new(say_bug));
    let words: Vec<OsString> = std::env::args_os().collect();
    let exit = std::panic::catch_unwind(|| run(words)).unwrap_or(Exit::Bug);
    #[cfg(feature = "control-early-ack")]
    crate::book::open::commit_late();
    ExitCode::from(exit as u8)
}

/// How often a command that looks at a remote book starts over because the book moved meanwhile.
const ATTEMPTS: usize = 4;

fn run(words: Vec<OsString>) -> Exit {
    let json = usage::asks_json(&words);
    let mut attempt = 1;
    loop {
        let cli = match parse(words.clone()) {
            Ok(cli) => cli,
            Err(error) => return usage::say(error, &words, json),
        };
        let json = json || wants_json(&cli.globals);
        match execute(cli) {
            Ok(exit) => return exit,
            Err((failure, true)) if failure.code == "book-moved" && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err((failure, _)) => return say_failure(&failure, json),
        }
    }
}

fn wants_json(globals: &Globals) -> bool {
    [&globals.output_format, &globals.format]
        .into_iter()
        .flatten()
        .any(|f| f == "json" || f == "ndjson")
}

fn parse(mut words: Vec<OsString>) -> std::result::Result<Cli, clap::Error> {
    // Asked by scripts that look whether the program is there: no command needs to be known.
    if let [_, word] = words.as_slice()
        && (word == "--version" || word == "-V")
    {
        clap::Command::new("hissab")
            .version(env!("CARGO_PKG_VERSION"))
            .try_get_matches_from(&words)?;
    }
    let hidden = argv::hide_dashes(&mut words);
    let quick = typed(&words).map(|command| matched(command, hidden, words.clone()));
    match quick {
        Some(Ok(cli)) => Ok(cli),
        // Whatever is to be said, help or an error, knows of every command.
        _ => matched(Cli::command(), hidden, words),
    }
}

/// The first command that is among the words, alone: each of the others would be given its own copy of
/// every global flag, which takes longer than to parse.
fn typed(words: &[OsString]) -> Option<clap::Command> {
    let all = Cli::command();
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
    let command = words.find_map(|word| all.find_subcommand(word))?.clone();
    let alone = Globals::augment_args(clap::Command::new("hissab"));
    let alone = alone
        .disable_help_subcommand(true)
        .subcommand_required(true);
    Some(alone.subcommand(command))
}

fn matched(
    mut command: clap::Command,
    hidden: bool,
    words: Vec<OsString>,
) -> std::result::Result<Cli, clap::Error> {
    if hidden {
        command = argv::restoring(command);
    }
    let matches = command.try_get_matches_from_mut(words)?;
    Cli::from_arg_matches(&matches)
}

/// Runs a command. With an error comes whether it left nothing behind it, so that it may start over.
fn execute(cli: Cli) -> std::result::Result<Exit, (Failure, bool)> {
    let book = cli.globals.book.clone();
    let mut ctx = Context::new(cli.globals).map_err(|failure| (failure, false))?;
    let outcome = cli.command.run(&mut ctx).map_err(|failure| match &book {
        Some(book) => hints::in_failure(failure, book),
        None => failure,
    });
    ctx.step(match &outcome {
        Ok(_) => "done",
        Err(_) => "failed",
    });
    match outcome {
        Ok(exit) => finish(ctx, exit),
        // Only reading meets a book that moved; what was printed until then is taken back.
        Err(failure) if failure.code == "book-moved" => {
            let nothing_left = ctx.out.take_back();
            Err((failure, nothing_left))
        }
        Err(failure) => {
            // What is recorded is recorded, though nobody can look at it now.
            if let Some(answer) = ctx.recorded.despite(&failure) {
                return match echo::unseen(&mut ctx, &answer, &failure) {
                    Ok(()) => finish(ctx, Exit::Ok),
                    Err(failure) => Err((ctx.recorded.then(failure), false)),
                };
            }
            let failure = ctx.held_in(failure);
            Err((ctx.recorded.then(failure), false))
        }
    }
}

/// Sends everything on its way. Who does not read it changes nothing about the exit.
fn finish(mut ctx: Context, exit: Exit) -> std::result::Result<Exit, (Failure, bool)> {
    let out = std::mem::replace(&mut ctx.out, output::Out::stdout(false, false));
    match out.finish() {
        Err(failure) if !failure.quiet => {
            let failure = ctx.held_in(failure);
            Err((ctx.recorded.then(failure), false))
        }
        Ok(()) | Err(_) => {
            ctx.say_held();
            Ok(exit)
        }
    }
}

fn say_failure(failure: &Failure, json: bool) -> Exit {
    if !failure.quiet {
        let terminal = environment::Terminal::here().stderr;
        let colour = environment::wants_colour(None, None, terminal);
        let text = if json {
            failure.json()
        } else {
            failure.text(colour)
        };
        // If stderr is gone too, the exit code still tells.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    failure.exit
}

/// What a person reads when hissab itself is wrong.
fn say_bug(info: &std::panic::PanicHookInfo<'_>) {
    let payload = info.payload();
    let what = payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "error: a bug in hissab: {}\n   at {place}\n hint: what was acknowledged before is safe; please report this line with the command you typed",
        crate::render::sanitize::line(&what)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound() {
        let mut command = Cli::command();
        command.build();
        command.debug_assert();
    }

    fn parsed(words: &[&str]) -> std::result::Result<Cli, clap::Error> {
        parse(
            std::iter::once("hissab")
                .chain(words.iter().copied())
                .map(Into::into)
                .collect(),
        )
    }

    #[test]
    fn global_flags_stand_anywhere() {
        let cli = parsed(&["help", "-B", "x", "--today", "2026-04-07"])
            .ok()
            .unwrap();
        assert_eq!(cli.globals.book.as_deref(), Some("x"));
        assert_eq!(cli.globals.today.as_deref(), Some("2026-04-07"));
    }

    #[test]
    fn a_flag_may_have_the_name_of_a_command_as_its_value() {
        let cli = parsed(&["-B", "add", "help", "tb"]).ok().unwrap();
        assert_eq!(cli.globals.book.as_deref(), Some("add"));
        assert!(matches!(cli.command, Command::Help(_)));
        let error = parsed(&["help", "--nonsense"]).err().unwrap();
        assert_eq!(error.kind(), clap::error::ErrorKind::UnknownArgument);
    }

    #[test]
    fn a_dash_and_a_digit_is_a_value() {
        let cli = parsed(&["help", "-3d", "-B", "-5"]).ok().unwrap();
        assert_eq!(cli.globals.book.as_deref(), Some("-5"));
        let Command::Help(args) = cli.command else {
            panic!("help was typed")
        };
        assert_eq!(args.topic, ["-3d"]);
    }
}
