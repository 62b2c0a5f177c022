//! Which account of the book each statement of a file belongs to: by flag, profile, or the book's own names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Session;
use crate::cli::error::{Failure, Result, shell_word};
use crate::cli::record::creating::{Wanted, unknown_account};
use crate::formats::rules::profile::{Profile, plain_number};
use crate::formats::statement::Statement;
use crate::ledger::account::AccountType;
use crate::ledger::chart::Resolved;

/// Instead of an account: the file's rows of that number are left out.
const LEFT_OUT: &str = "-";

/// What `--account` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The account of a file of one.
    pub one: Option<Arc<str>>,
    /// By the bank's number; `None`: left out.
    pub by_number: BTreeMap<String, Option<Arc<str>>>,
}

impl Said {
    /// Reads the flag's values: `ACCOUNT`, or `NUMBER=ACCOUNT` for files of several accounts.
    ///
    /// Errors: two accounts for one file or number, accounts that are not there.
    pub fn of(session: &Session, values: &[String]) -> Result<Said> {
        let mut said = Said::default();
        for value in values {
            let whole = || session.chart.resolve(value);
            match value.split_once('=') {
                Some((number, account)) if !matches!(whole(), Resolved::One(_)) => {
                    let account = (account != LEFT_OUT)
                        .then(|| path(session, account))
                        .transpose()?;
                    said.by_number.insert(plain_number(number), account);
                }
                _ if said.one.is_some() => {
                    return Err(Failure::usage(
                        "several-accounts",
                        "--account is given twice without saying which statements go where",
                    )
                    .hint("for a file of several accounts: --account NUMBER=ACCOUNT"));
                }
                _ => said.one = Some(path(session, value)?),
            }
        }
        Ok(said)
    }
}

/// The path of an account by any of its names; one that may be created keeps the name given.
pub fn path(session: &Session, text: &str) -> Result<Arc<str>> {
    match session.chart.resolve(text) {
        Resolved::One(key) => Ok(session.chart.account(key).path.clone()),
        Resolved::Ambiguous(keys) => {
            let paths: Vec<&str> = keys
                .iter()
                .map(|k| &*session.chart.account(*k).path)
                .collect();
            Err(Failure::usage(
                "ambiguous-account",
                format!(
                    "{text:?} fits {} accounts: {}",
                    paths.len(),
                    paths.join(", ")
                ),
            ))
        }
        Resolved::Unknown(_) if session.create_accounts => Ok(Arc::from(text)),
        Resolved::Unknown(near) => Err(unknown_account(&session.chart, text, &near, Wanted::Money)),
    }
}

/// A file that does not say whose statement it is.
pub fn needed(session: &Session, file: &str) -> Failure {
    Failure::usage(
        "account-needed",
        format!("{file} does not say which account it is a statement of"),
    )
    .hint(format!(
        "hissab import {}{} --account {} --save-profile NAME",
        shell_word(file),
        session.flags,
        shell_word(example(session))
    ))
    .hint("with a saved profile the next file needs no flags")
}

fn example(session: &Session) -> &str {
    let mut accounts = session.chart.accounts().iter();
    let bank = accounts.find(|a| a.account_type == AccountType::Bank && a.closed_on.is_none());
    bank.map_or("ACCOUNT", |a| &a.path)
}

/// Which account each statement belongs to; `None`: it is left out.
///
/// Errors: statements nothing is said of, all of them at once.
pub fn settle(
    session: &Session,
    said: &Said,
    profile: &Profile,
    statements: &[Statement],
    file: &str,
) -> Result<Vec<Option<Arc<str>>>> {
    let mut numbers: Vec<Option<&str>> = statements.iter().map(|s| s.number.as_deref()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let alone = numbers.len() == 1;
    let (mut settled, mut unknown) = (Vec::with_capacity(statements.len()), Vec::new());
    for statement in statements {
        let number = statement.number.as_deref();
        let account = match number
            .map(plain_number)
            .and_then(|n| said.by_number.get(&n))
        {
            Some(account) => Some(account.clone()),
            None => by_other(session, said, profile, statement, alone)?.map(Some),
        };
        match account {
            Some(account) => settled.push(account),
            None => unknown.push(statement),
        }
    }
    match unknown.as_slice() {
        [] => Ok(settled),
        [statement] if alone && statement.number.is_none() => Err(needed(session, file)),
        unknown => Err(several(session, file, unknown, numbers.len())),
    }
}

/// Rows whose other side is an account of ours are transfers, unless a rule says otherwise.
pub fn name_transfers(
    session: &Session,
    said: &Said,
    profile: &Profile,
    settled: &[Option<Arc<str>>],
    statements: &mut [Statement],
) {
    let mut ours: BTreeMap<String, Arc<str>> = BTreeMap::new();
    for (number, account) in &profile.accounts {
        if let Ok(path) = path(session, account) {
            ours.insert(plain_number(number), path);
        }
    }
    for (number, account) in &said.by_number {
        ours.extend(account.clone().map(|a| (number.clone(), a)));
    }
    for (statement, account) in statements.iter().zip(settled) {
        if let (Some(number), Some(account)) = (&statement.number, account) {
            ours.insert(plain_number(number), account.clone());
        }
    }
    for (statement, own) in statements.iter_mut().zip(settled) {
        let other = |number: &str| {
            let account = ours.get(&plain_number(number));
            account.filter(|a| Some(*a) != own.as_ref()).cloned()
        };
        for row in &mut statement.rows {
            let category = &mut row.category;
            if let (None, Some(number)) = (&category.account, &category.counter_number) {
                category.account = other(number);
            }
            // `[Savings]`: QIF writes the other account of a split like a category.
            for split in category.splits.iter_mut().filter(|s| s.account.is_none()) {
                let named = split.named.as_deref().and_then(|n| n.strip_prefix('['));
                split.account = named.and_then(|n| other(n.strip_suffix(']')?));
            }
        }
    }
}

fn by_other(
    session: &Session,
    said: &Said,
    profile: &Profile,
    statement: &Statement,
    alone: bool,
) -> Result<Option<Arc<str>>> {
    if let (Some(one), true) = (&said.one, alone) {
        return Ok(Some(one.clone()));
    }
    if let Some(text) = &statement.account {
        return path(session, text).map(Some);
    }
    let number = statement.number.as_deref().map(plain_number);
    if let Some(number) = &number {
        let mut known = profile.accounts.iter();
        if let Some((_, account)) = known.find(|(n, _)| plain_number(n) == *number) {
            return path(session, account).map(Some);
        }
    }
    if let (Some(text), true) = (&profile.account, alone) {
        return path(session, text).map(Some);
    }
    // The book may know the number as an alias, or the name as an account's.
    let named = statement
        .number
        .as_deref()
        .map(|n| session.chart.resolve(n));
    Ok(match named {
        Some(Resolved::One(key)) => Some(session.chart.account(key).path.clone()),
        _ => None,
    })
}

fn several(session: &Session, file: &str, unknown: &[&Statement], all: usize) -> Failure {
    let mut numbers: Vec<&str> = Vec::new();
    for statement in unknown {
        let number = statement.number.as_deref().unwrap_or("");
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    let what = match all {
        1 => format!(
            "{file} is a statement of {}, and nothing says which account of the book that is",
            numbers.join(", ")
        ),
        all => format!(
            "{file} holds statements of {all} accounts, and nothing says which accounts of the book {} {}",
            numbers.join(", "),
            if numbers.len() == 1 { "is" } else { "are" },
        ),
    };
    let example = example(session);
    let flags: Vec<String> = match (all, numbers.as_slice()) {
        (1, _) => vec![format!("--account {}", shell_word(example))],
        (_, numbers) => numbers
            .iter()
            .map(|n| format!("--account {}", shell_word(&format!("{n}=ACCOUNT"))))
            .collect(),
    };
    let failure = Failure::usage("account-needed", what).hint(format!(
        "hissab import {}{} {} --save-profile NAME",
        shell_word(file),
        session.flags,
        flags.join(" ")
    ));
    if all > 1 {
        failure.hint(
            "NUMBER=- leaves an account out; with a saved profile the next file needs no flags",
        )
    } else {
        failure.hint("with a saved profile the next file needs no flags")
    }
}
