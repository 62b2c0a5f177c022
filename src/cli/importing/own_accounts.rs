//! Tables that hold the rows of several accounts: each account's are a statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Session;
use super::accounts::{self, Said};
use super::input::Input;
use super::profiles::Named;
use super::reading::{self, Read, ReadFile, ReadingArgs};
use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::formats::csv::own_account::OwnAccount;
use crate::formats::csv::{self, Options};
use crate::formats::rules::Rules;
use crate::formats::rules::profile::{Profile, plain_number};
use crate::ledger::account::Kind;

/// The bank's numbers of accounts and what they are in the book, by `--account NUMBER=…`, else by the profile; empty
/// where one account is said of the whole file, or none. `None`: left out.
pub fn said(
    session: &Session,
    said: &Said,
    profile: &Profile,
) -> Result<BTreeMap<String, Option<Arc<str>>>> {
    if !said.by_number.is_empty() {
        return Ok(said.by_number.clone());
    }
    if said.one.is_some() || profile.account.is_some() {
        return Ok(BTreeMap::new());
    }
    let known = profile.accounts.iter().map(|(number, account)| {
        let path = accounts::path(session, account)?;
        Ok((plain_number(number), Some(path)))
    });
    known.collect()
}

/// What is read for each account: the account of the book, and the options that take its rows alone.
pub fn each(
    said: &BTreeMap<String, Option<Arc<str>>>,
    options: &Options,
) -> Vec<(String, Arc<str>, Options)> {
    let numbers: Vec<String> = said.keys().cloned().collect();
    let wanted = said.iter().filter_map(|(n, a)| Some((n, a.as_ref()?)));
    wanted
        .map(|(number, account)| {
            let own_account = Some(OwnAccount {
                number: number.clone(),
                said: numbers.clone(),
            });
            let options = Options {
                own_account,
                ..options.clone()
            };
            (number.clone(), account.clone(), options)
        })
        .collect()
}

/// Reads a table of several accounts, by the bank's numbers of them.
pub fn read(
    ctx: &Context,
    session: &Session,
    args: &ReadingArgs,
    (named, profile): (Option<Named>, Profile),
    mut rules: Option<Rules>,
    numbers: BTreeMap<String, Option<Arc<str>>>,
    input: &Input,
) -> Result<ReadFile> {
    let profile_name = named.map(|n| n.name);
    let mut as_profile = profile.clone();
    let mut parts = Vec::new();
    for (number, account, mut options) in
        each(&numbers, &reading::options(session, args, &profile)?)
    {
        let existing = session.chart.find(&account);
        options.liability = existing.is_some_and(|a| a.kind == Kind::Liability);
        let home_currency = reading::home_currency(session, args, &profile, existing);
        options.home_currency = Some(home_currency.clone());
        let mut statement = reading::asking(ctx, &input.name, &mut options, |options| {
            csv::read(input.bytes(), options, rules.as_mut())
        })?;
        statement.number = Some(Arc::from(&*number));
        let mut accounts = std::mem::take(&mut as_profile.accounts);
        accounts.insert(number, account.to_string());
        as_profile = Profile {
            account: None,
            accounts,
            ..reading::remember(&options, profile.clone(), &statement, "", args)
        };
        parts.push(Read {
            statement,
            account,
            home_currency,
            profile: profile_name.clone(),
        });
    }
    if parts.is_empty() {
        return Err(accounts::needed(session, &input.name));
    }
    Ok(ReadFile { parts, as_profile })
}
