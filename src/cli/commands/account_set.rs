//! `hissab account rename|close|reopen|set`: what is known about an account.

use jiff::ToSpan;

use super::account_add::{AboutArgs, read_kind, read_type};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::record::creating::refuse_twin;
use crate::cli::record::{Recorder, WriteArgs, echo, resolve};
use crate::ledger::account::{Account, Kind, check_path};
use crate::ledger::change::{AccountPatch, Change};
use crate::ledger::totals::TotalsQuery;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab account rename Expenses:Misc Expenses:Miscellaneous")]
pub struct RenameArgs {
    /// The account
    pub account: String,
    /// Its new path; accounts below it move along
    pub path: String,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(clap::Args)]
pub struct CloseArgs {
    /// The account
    pub account: String,
    /// The last day it may have entries
    #[arg(short = 'd', long, value_name = "DATE")]
    pub date: Option<String>,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(clap::Args)]
pub struct ReopenArgs {
    /// The account
    pub account: String,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(clap::Args)]
#[command(after_help = "Example: hissab account set hdfc --alias upi --code 1010")]
pub struct SetArgs {
    /// The account
    pub account: String,
    #[command(flatten)]
    pub about: AboutArgs,
    /// Remove an alias (repeatable)
    #[arg(long, value_name = "NAME")]
    pub no_alias: Vec<String>,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn rename(ctx: &mut Context, args: RenameArgs) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    check_path(&args.path).map_err(|fault| {
        Failure::usage(
            "bad-path",
            format!("{:?} cannot be an account's path: {fault}", args.path),
        )
    })?;
    let (root, below) = named_or_parent(&recorder, &args.account)?;
    if below.is_empty() {
        return Err(Failure::not_found(
            "unknown-account",
            format!("there is no account {:?}", args.account),
        ));
    }
    // Its own name in another case is what a rename may be for.
    if !args.path.eq_ignore_ascii_case(&root) {
        refuse_twin(&recorder.chart, &args.path)?;
    }
    refuse_other_kind(&root, &below, &args.path)?;
    let mut changes: Vec<Change> = below
        .iter()
        .map(|account| {
            let path = format!("{}{}", args.path, &account.path[root.len()..]);
            let patch = AccountPatch {
                path: Some(path.into()),
                ..AccountPatch::default()
            };
            Change::SetAccount {
                account: account.key,
                patch,
            }
        })
        .collect();
    changes.extend(settings_follow(&recorder, &root, &args.path, true));
    let content = format!("{root} {}", args.path);
    let written = recorder
        .write("account-renamed", None, changes, &args.write, &content)
        .map_err(|f| f.while_doing(&format!("{root} not renamed")))?;
    let more = if below.len() > 1 {
        format!(" with {} below it", below.len() - 1)
    } else {
        String::new()
    };
    echo::said(
        &mut recorder,
        &written,
        &format!("renamed {root} to {}{more}", args.path),
    )?;
    Ok(Exit::Ok)
}

/// A path that begins with another kind's name would say one thing and count as another.
fn refuse_other_kind(root: &str, below: &[Account], path: &str) -> Result<()> {
    let Some(said) = Kind::of_root(path.split(':').next().unwrap_or(path)) else {
        return Ok(());
    };
    let Some(other) = below.iter().find(|a| a.kind != said) else {
        return Ok(());
    };
    // Named by another kind before, it may keep to that.
    if Kind::of_root(root.split(':').next().unwrap_or(root)) == Some(said) {
        return Ok(());
    }
    let words = format!(
        "{root} not renamed: {} is {}, and {path} is named as {said}",
        other.path, other.kind
    );
    Err(Failure::conflict("kinds-differ", words).hint(format!(
        "if it is {said}: hissab account set {} --kind {said}, then rename it",
        shell_word(&other.path)
    )))
}

/// The book's usual accounts (book.cash and its like) are named by path: they move along, with `below` those
/// below the account too.
pub fn settings_follow(
    recorder: &Recorder<'_>,
    root: &str,
    path: &str,
    below: bool,
) -> Vec<Change> {
    let follows = |name: &str| {
        let now = recorder.info.settings.other.get(name)?;
        let rest = now.strip_prefix(root)?;
        (rest.is_empty() || below && rest.starts_with(':')).then(|| Change::Setting {
            name: name.to_owned(),
            value: Some(format!("{path}{rest}")),
        })
    };
    ["cash", "sales", "purchases"]
        .into_iter()
        .filter_map(follows)
        .collect()
}

/// An account and all below it; parents need no row of their own.
fn named_or_parent(recorder: &Recorder<'_>, text: &str) -> Result<(String, Vec<Account>)> {
    let chart = &recorder.chart;
    let mut keys = chart.subtree(text);
    let mut root = text.to_owned();
    if keys.is_empty() {
        root = resolve::account(chart, text)?.path.to_string();
        keys = chart.subtree(&root);
    }
    Ok((
        root,
        keys.iter().map(|k| chart.account(*k).clone()).collect(),
    ))
}

pub fn close(ctx: &mut Context, args: CloseArgs) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let account = resolve::account(&recorder.chart, &args.account)?.clone();
    let date = recorder.date_or_today(args.date.as_deref())?;
    let query = TotalsQuery {
        accounts: Some(vec![account.key]),
        ..TotalsQuery::until(date.checked_add(1.day()).ok())
    };
    if let Some(row) = recorder
        .book
        .totals(&query)?
        .rows
        .iter()
        .find(|r| r.closing() != 0)
    {
        let amount = echo::amount_of(row.closing(), recorder.chart.currency(row.currency));
        return Err(Failure::conflict(
            "account-not-empty",
            format!("{} not closed: it holds {amount}", account.path),
        )
        .hint("move its balance first: hissab move AMOUNT FROM TO, or hissab account merge"));
    }
    let patch = AccountPatch {
        closed_on: Some(Some(date)),
        ..AccountPatch::default()
    };
    patched(
        &mut recorder,
        &account,
        patch,
        "account-closed",
        &args.write,
        "closed",
    )
}

pub fn reopen(ctx: &mut Context, args: ReopenArgs) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let account = resolve::account(&recorder.chart, &args.account)?.clone();
    let patch = AccountPatch {
        closed_on: Some(None),
        ..AccountPatch::default()
    };
    patched(
        &mut recorder,
        &account,
        patch,
        "account-reopened",
        &args.write,
        "reopened",
    )
}

pub fn set(ctx: &mut Context, args: SetArgs) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let account = resolve::account(&recorder.chart, &args.account)?.clone();
    let patch = patch_of(&mut recorder, &account, &args.about, &args.no_alias)?;
    if patch == AccountPatch::default() {
        return Err(Failure::usage("nothing-to-set", "say what to set")
            .hint("hissab account set ACCOUNT --alias NAME, --code CODE, --type TYPE, …"));
    }
    patched(
        &mut recorder,
        &account,
        patch,
        "account-set",
        &args.write,
        "set",
    )
}

/// What these flags change; an empty text removes.
pub fn patch_of(
    recorder: &mut Recorder<'_>,
    account: &Account,
    about: &AboutArgs,
    no_alias: &[String],
) -> Result<AccountPatch> {
    let filled = |text: &String| Some(text.clone()).filter(|t| !t.is_empty());
    let mut patch = AccountPatch {
        kind: about.kind.as_deref().map(read_kind).transpose()?,
        account_type: about.account_type.as_deref().map(read_type).transpose()?,
        code: about.code.as_ref().map(filled),
        note: about.note.as_ref().map(filled),
        ..AccountPatch::default()
    };
    if let Some(code) = &about.currency {
        patch.currency = Some(match code.is_empty() {
            true => None,
            false => Some(recorder.currency(code, 0)?),
        });
    }
    if let Some(text) = &about.opened {
        patch.opened_on = Some(if text.is_empty() {
            None
        } else {
            Some(recorder.date(text)?)
        });
    }
    if !about.aliases.is_empty() || !no_alias.is_empty() {
        let gone = |alias: &String| no_alias.iter().any(|n| n.eq_ignore_ascii_case(alias));
        let mut aliases: Vec<String> = account
            .aliases
            .iter()
            .filter(|a| !gone(a))
            .cloned()
            .collect();
        for alias in &about.aliases {
            if !aliases.iter().any(|a| a.eq_ignore_ascii_case(alias)) {
                aliases.push(alias.clone());
            }
        }
        patch.aliases = Some(aliases);
    }
    Ok(patch)
}

/// Writes a patch and says so.
pub fn patched(
    recorder: &mut Recorder<'_>,
    account: &Account,
    patch: AccountPatch,
    action: &str,
    write: &WriteArgs,
    verb: &str,
) -> Result<Exit> {
    let content = format!("{} {patch:?}", account.path);
    let change = Change::SetAccount {
        account: account.key,
        patch,
    };
    let written = recorder
        .write(action, None, vec![change], write, &content)
        .map_err(|f| f.while_doing(&format!("{} not {verb}", account.path)))?;
    echo::said(recorder, &written, &format!("{verb} {}", account.path))?;
    Ok(Exit::Ok)
}
