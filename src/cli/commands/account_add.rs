//! `hissab account add PATH`.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::creating::{Wanted, creating_hints, in_known_case, refuse_twin};
use crate::cli::record::{Recorder, WriteArgs, echo};
use crate::ledger::account::{AccountType, Kind, check_path};
use crate::ledger::change::{Change, NewAccount};
use crate::ledger::chart::Chart;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab account add Expenses:Repairs")]
pub struct Args {
    /// Where it stands in the chart: Expenses:Repairs, Assets:Bank:HDFC
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<String>,

    #[command(flatten)]
    pub about: AboutArgs,

    #[command(flatten)]
    pub write: WriteArgs,
}

// What is known about an account.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "About the account")]
pub struct AboutArgs {
    /// asset, liability, equity, income or expense [default: what the path's first part says]
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,

    /// cash, bank, receivable, payable, tax or general [default: what the path says]
    #[arg(long = "type", value_name = "TYPE")]
    pub account_type: Option<String>,

    /// Your own code for it
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,

    /// Take only this currency
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,

    /// When it was opened
    #[arg(long, value_name = "DATE")]
    pub opened: Option<String>,

    /// Another name to type for it (repeatable)
    #[arg(long = "alias", value_name = "NAME")]
    pub aliases: Vec<String>,

    /// A note
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    if args.paths.len() > 1 && (args.about.code.is_some() || !args.about.aliases.is_empty()) {
        return Err(Failure::usage(
            "one-account",
            "a code or an alias belongs to one account",
        ));
    }
    let (mut changes, mut paths) = (Vec::new(), Vec::new());
    for path in &args.paths {
        let new = new_account(&mut recorder, path, &args.about)?;
        paths.push(new.path.to_string());
        changes.push(Change::OpenAccount(new));
    }
    let shown = paths.join(", ");
    let content = format!("{shown} {:?}", args.about);
    let written = recorder
        .write("account-opened", None, changes, &args.write, &content)
        .map_err(|f| f.while_doing("account not opened"))?;
    echo::said(&mut recorder, &written, &format!("opened {shown}"))?;
    Ok(Exit::Ok)
}

fn new_account(recorder: &mut Recorder<'_>, path: &str, about: &AboutArgs) -> Result<NewAccount> {
    check_path(path).map_err(|fault| {
        Failure::usage(
            "bad-path",
            format!("{path:?} cannot be an account's path: {fault}"),
        )
    })?;
    let path = &*in_known_case(&recorder.chart, path);
    refuse_twin(&recorder.chart, path)?;
    let id = recorder.ctx.make_id();
    let mut new = NewAccount::at(id, path);
    if let Some(word) = &about.kind {
        new.kind = read_kind(word)?;
        new.account_type = AccountType::of_path(path, new.kind);
    } else if new.kind == Kind::Unclassified {
        return Err(unknown_root(&recorder.chart, path));
    }
    if let Some(word) = &about.account_type {
        new.account_type = read_type(word)?;
    }
    new.code = about.code.clone();
    new.currency = about
        .currency
        .as_deref()
        .map(|c| recorder.currency(c, 0))
        .transpose()?;
    new.opened_on = about
        .opened
        .as_deref()
        .map(|d| recorder.date(d))
        .transpose()?;
    new.aliases = about.aliases.clone();
    new.note = about.note.clone();
    Ok(new)
}

fn unknown_root(chart: &Chart, path: &str) -> Failure {
    let mut failure = Failure::usage(
        "kind-missing",
        format!(
            "{path:?} does not say its kind: is it an asset, liability, equity, income or expense?"
        ),
    );
    failure.hints = creating_hints(chart, path, Wanted::Any);
    failure.hint("or say it with --kind KIND")
}

/// A kind by its word.
pub fn read_kind(word: &str) -> Result<Kind> {
    Kind::from_word(&word.to_lowercase()).ok_or_else(|| {
        let known = Kind::ALL.map(Kind::word).join(", ");
        Failure::usage("unknown-kind", format!("there is no kind {word:?}"))
            .hint(format!("kinds: {known}"))
    })
}

/// A type by its word.
pub fn read_type(word: &str) -> Result<AccountType> {
    AccountType::from_word(&word.to_lowercase()).ok_or_else(|| {
        let known = AccountType::ALL.map(AccountType::word).join(", ");
        Failure::usage("unknown-type", format!("there is no account type {word:?}"))
            .hint(format!("types: {known}"))
    })
}
