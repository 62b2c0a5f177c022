//! One CSV file → a statement: flags, profile and rules together, and questions where the file leaves something open.

// Square brackets in the help of arguments are clap's, not links.
#![allow(rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;
use std::sync::Arc;

use super::accounts::{self, Said};
use super::input::Input;
use super::profiles::{self, Named};
use super::{Session, failure, own_accounts};
use crate::cli::asking::choose_one;
use crate::cli::context::Context;
use crate::cli::environment;
use crate::cli::error::{Failure, Result, shell_word};
use crate::formats::csv::columns::Columns;
use crate::formats::csv::{self, Options};
use crate::formats::fault::{Fault, Question};
use crate::formats::rules::profile::Profile;
use crate::formats::rules::{Field, Rules, over_statement};
use crate::formats::sniff::Content;
use crate::formats::statement::Statement;
use crate::formats::statements;
use crate::ledger::account::{Account, Kind};
use crate::ledger::settings::DateOrder;

/// How a file is to be read; what is left out is read from the file.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadingArgs {
    /// The account the file is a statement of; NUMBER=ACCOUNT of one among several, NUMBER=- leaves it out
    #[arg(long = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<String>,

    /// Read it as this profile says
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Rules that say what rows are for: [[rule]] tables in TOML, or hledger's CSV rules
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,

    /// Day or month first: dmy, mdy or ymd
    #[arg(long, value_name = "ORDER")]
    pub date_order: Option<String>,

    /// The decimal mark: . or ,
    #[arg(long, value_name = "MARK", allow_hyphen_values = true)]
    pub decimal_mark: Option<String>,

    /// The sheet of a workbook that is the statement
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,

    /// The currency of amounts that name none
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,

    /// What each column holds: date,description,,out,in,balance
    #[arg(long, value_name = "A,B")]
    pub columns: Option<String>,

    /// The text's encoding: utf-8, utf-16le, windows-1252
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,

    /// What stands between cells: a character, or tab
    #[arg(long, value_name = "CHAR")]
    pub separator: Option<String>,

    /// Positive amounts are money out
    #[arg(long)]
    pub invert: bool,

    /// Import although the running balance does not follow everywhere
    #[arg(long)]
    pub allow_gap: bool,

    /// What the file is, if `--format` says it.
    #[arg(skip)]
    pub kind: Option<Content>,
}

impl ReadingArgs {
    /// The flags as typed, each with a blank before it, for a hint that goes on from this line; accounts apart.
    pub fn flags(&self) -> String {
        let mut text = String::new();
        let rules = self.rules.as_ref().map(|r| r.display().to_string());
        for (flag, value) in [
            ("--profile", &self.profile),
            ("--rules", &rules),
            ("--date-order", &self.date_order),
            ("--decimal-mark", &self.decimal_mark),
            ("--sheet", &self.sheet),
            ("--currency", &self.currency),
            ("--columns", &self.columns),
            ("--encoding", &self.encoding),
            ("--separator", &self.separator),
        ] {
            if let Some(value) = value {
                text.push_str(&format!(" {flag} {}", shell_word(value)));
            }
        }
        for (flag, given) in [("--invert", self.invert), ("--allow-gap", self.allow_gap)] {
            if given {
                text.push_str(&format!(" {flag}"));
            }
        }
        text
    }
}

/// A file of statements, and how it was read.
pub struct ReadFile {
    /// One an account, at least one.
    pub parts: Vec<Read>,
    /// What `--save-profile` writes.
    pub as_profile: Profile,
}

/// A statement and the account it belongs to.
pub struct Read {
    pub statement: Statement,
    /// By path; may be an account that is still to be opened.
    pub account: Arc<str>,
    pub home_currency: Arc<str>,
    pub profile: Option<String>,
}

/// Reads the statements of a file.
pub fn read(
    ctx: &Context,
    session: &Session,
    args: &ReadingArgs,
    input: &Input,
) -> Result<ReadFile> {
    let said = Said::of(session, &args.accounts)?;
    if input.content.is_statements() {
        return read_statements(ctx, session, args, said, input);
    }
    let name = &input.name;
    let fingerprint = csv::peek(input.bytes());
    let named = choose(args, fingerprint.as_deref(), said.one.as_deref())?;
    let mut profile = named
        .as_ref()
        .map(|n| n.profile.clone())
        .unwrap_or_default();
    let mut rules = rules(args, named.as_ref(), &mut profile)?;
    if let Some(rules) = rules.as_mut().filter(|rules| rules.own_by_row()) {
        if said.one.is_some() {
            return Err(Failure::usage(
                "flag-does-not-apply",
                format!(
                    "the rules say of each row of {name} which account it belongs to; --account says another of all"
                ),
            ));
        }
        return read_by_row(ctx, session, args, (named, profile), rules, input);
    }
    let numbers = own_accounts::said(session, &said, &profile)?;
    if !numbers.is_empty() {
        return own_accounts::read(ctx, session, args, (named, profile), rules, numbers, input);
    }
    let account = settle_account(session, said.one, &profile, rules.as_ref(), name)?;
    let existing = session.chart.find(&account);
    let mut options = options(session, args, &profile)?;
    options.liability = existing.is_some_and(|a| a.kind == Kind::Liability);
    let home_currency = home_currency(session, args, &profile, existing);
    options.home_currency = Some(home_currency.clone());
    let mut statement = asking(ctx, name, &mut options, |options| {
        csv::read(input.bytes(), options, rules.as_mut())
    })?;
    if let Some(workbook) = &input.workbook {
        statement.layout = statement.layout.replace("csv", workbook.kind);
        // In place of the encoding, which a workbook has none of.
        if let Some(sheet) = workbook.sheet_shown() {
            statement.details.splice(0..1, [sheet]);
        }
    }
    let as_profile = remember(&options, profile, &statement, &account, args);
    let part = Read {
        statement,
        account,
        home_currency,
        profile: named.map(|n| n.name),
    };
    Ok(ReadFile {
        parts: vec![part],
        as_profile,
    })
}

/// Reads a table whose rules say of each row which account it belongs to.
fn read_by_row(
    ctx: &Context,
    session: &Session,
    args: &ReadingArgs,
    (named, profile): (Option<Named>, Profile),
    rules: &mut Rules,
    input: &Input,
) -> Result<ReadFile> {
    let mut options = options(session, args, &profile)?;
    options.home_currency = Some(home_currency(session, args, &profile, None));
    let statement = asking(ctx, &input.name, &mut options, |options| {
        csv::read(input.bytes(), options, Some(rules))
    })?;
    let as_profile = Profile {
        account: None,
        ..remember(&options, profile.clone(), &statement, "", args)
    };
    let profile_name = named.map(|n| n.name);
    let mut parts = Vec::new();
    for statement in statement.by_account() {
        let own = statement.account.as_deref();
        let own = own.ok_or_else(|| accounts::needed(session, &input.name))?;
        let account = accounts::path(session, own)?;
        parts.push(Read {
            home_currency: home_currency(session, args, &profile, session.chart.find(&account)),
            statement,
            account,
            profile: profile_name.clone(),
        });
    }
    Ok(ReadFile { parts, as_profile })
}

/// Reads a file of statements that is no table: OFX, QIF, CAMT, MT940.
fn read_statements(
    ctx: &Context,
    session: &Session,
    args: &ReadingArgs,
    said: Said,
    input: &Input,
) -> Result<ReadFile> {
    let name = &input.name;
    refuse_flags(args, name)?;
    let mut named = args.profile.as_deref().map(profiles::named).transpose()?;
    let profile = named.as_ref().map(|n| n.profile.clone());
    let mut options = options(session, args, &profile.unwrap_or_default())?;
    let mut statements = asking(ctx, name, &mut options, |options| {
        statements::read(input.content, input.bytes(), options)
    })?;
    if named.is_none() && args.rules.is_none() {
        let numbers: Vec<&str> = statements
            .iter()
            .filter_map(|s| s.number.as_deref())
            .collect();
        named = profiles::by_numbers(&numbers)?;
    }
    let mut profile = named
        .as_ref()
        .map(|n| n.profile.clone())
        .unwrap_or_default();
    if let Some(mut rules) = rules(args, named.as_ref(), &mut profile)? {
        statements
            .iter_mut()
            .for_each(|s| over_statement::apply(s, &mut rules));
    }
    let accounts = accounts::settle(session, &said, &profile, &statements, name)?;
    accounts::name_transfers(session, &said, &profile, &accounts, &mut statements);
    let as_profile = remember_numbers(&options, profile, &statements, &accounts, args);
    let profile_name = named.map(|n| n.name);
    let mut parts: Vec<Read> = Vec::new();
    for (statement, account) in statements.into_iter().zip(accounts) {
        let Some(account) = account else { continue };
        match parts.iter_mut().find(|p| p.account == account) {
            Some(part) => part.statement.absorb(statement),
            None => parts.push(Read {
                home_currency: home_currency(
                    session,
                    args,
                    &as_profile,
                    session.chart.find(&account),
                ),
                statement,
                account,
                profile: profile_name.clone(),
            }),
        }
    }
    if parts.is_empty() {
        return Err(Failure::usage(
            "account-needed",
            format!("every account of {name} is left out"),
        )
        .hint("name one with --account NUMBER=ACCOUNT"));
    }
    Ok(ReadFile { parts, as_profile })
}

/// Flags that say how a table is read.
fn refuse_flags(args: &ReadingArgs, file: &str) -> Result<()> {
    let given = [
        (args.columns.is_some(), "--columns"),
        (args.separator.is_some(), "--separator"),
    ];
    match given.iter().find(|(given, _)| *given) {
        None => Ok(()),
        Some((_, flag)) => Err(Failure::usage(
            "flag-does-not-apply",
            format!("{flag} is of tables; {file} is none"),
        )),
    }
}

/// What the next file of these accounts needs to be told.
fn remember_numbers(
    options: &Options,
    profile: Profile,
    statements: &[Statement],
    accounts: &[Option<Arc<str>>],
    args: &ReadingArgs,
) -> Profile {
    let mut profile = profile;
    for (statement, account) in statements.iter().zip(accounts) {
        match (&statement.number, account) {
            (Some(number), Some(account)) => {
                profile
                    .accounts
                    .insert(number.to_string(), account.to_string());
            }
            (None, Some(account)) => profile.account = Some(account.to_string()),
            _ => {}
        }
    }
    profile.currency = args.currency.clone().or(profile.currency);
    profile.encoding = options.encoding.clone();
    profile.invert = options.invert;
    profile.date_order = options
        .date_order
        .map(|o| o.word().to_owned())
        .or(profile.date_order);
    profile
}

/// The rules of the flags, else of the profile.
fn rules(
    args: &ReadingArgs,
    named: Option<&Named>,
    profile: &mut Profile,
) -> Result<Option<Rules>> {
    match (&args.rules, named) {
        (Some(path), _) => {
            let whole = std::path::absolute(path).unwrap_or(path.clone());
            profile.rules = Some(whole.display().to_string());
            profiles::rules_file(path).map(Some)
        }
        (None, Some(named)) => profiles::rules_of(named),
        (None, None) => Ok(None),
    }
}

fn choose(
    args: &ReadingArgs,
    fingerprint: Option<&str>,
    account: Option<&str>,
) -> Result<Option<Named>> {
    match (&args.profile, fingerprint) {
        (Some(name), _) => profiles::named(name).map(Some),
        // Rules given by hand replace what a profile says.
        (None, Some(fingerprint)) if args.rules.is_none() => {
            profiles::by_fingerprint(fingerprint, account)
        }
        _ => Ok(None),
    }
}

fn settle_account(
    session: &Session,
    given: Option<Arc<str>>,
    profile: &Profile,
    rules: Option<&Rules>,
    file: &str,
) -> Result<Arc<str>> {
    if let Some(account) = given {
        return Ok(account);
    }
    let named = profile
        .account
        .clone()
        .or_else(|| Some(rules?.constant(Field::Account(1))?.to_string()));
    match named {
        Some(text) => accounts::path(session, &text),
        None => Err(accounts::needed(session, file)),
    }
}

pub(super) fn home_currency(
    session: &Session,
    args: &ReadingArgs,
    profile: &Profile,
    account: Option<&Account>,
) -> Arc<str> {
    let of_account = account.and_then(|a| a.currency.clone());
    let said = args.currency.as_deref().or(profile.currency.as_deref());
    let said = said.map(|text| {
        session
            .chart
            .resolve_currency(text)
            .map_or_else(|| Arc::from(text), |c| c.code.clone())
    });
    said.or(of_account)
        .unwrap_or_else(|| Arc::from(session.info.settings.base_currency.as_str()))
}

pub(super) fn options(session: &Session, args: &ReadingArgs, profile: &Profile) -> Result<Options> {
    let word = args.date_order.as_ref().or(profile.date_order.as_ref());
    let date_order = word
        .map(|w| {
            DateOrder::from_word(w).ok_or_else(|| {
                Failure::usage(
                    "bad-date-order",
                    format!("--date-order is dmy, mdy or ymd, not {w:?}"),
                )
            })
        })
        .transpose()?;
    let mark = args.decimal_mark.as_ref().or(profile.decimal_mark.as_ref());
    let decimal_mark = mark
        .map(|m| match m.as_str() {
            "." => Ok('.'),
            "," => Ok(','),
            other => Err(Failure::usage(
                "bad-decimal-mark",
                format!("--decimal-mark is . or , not {other:?}"),
            )),
        })
        .transpose()?;
    let separator = args.separator.as_ref().or(profile.separator.as_ref());
    let delimiter = separator
        .map(|s| match s.as_str() {
            "tab" | "\\t" | "\t" => Ok(b'\t'),
            s if s.len() == 1 => Ok(s.as_bytes()[0]),
            other => Err(Failure::usage(
                "bad-separator",
                format!("--separator is one character or the word tab, not {other:?}"),
            )),
        })
        .transpose()?;
    let columns = args.columns.as_ref().or(profile.columns.as_ref());
    let columns = columns
        .map(|list| Columns::from_list(list).map_err(|word| bad_column(&word)))
        .transpose()?;
    Ok(Options {
        own_account: None,
        encoding: args.encoding.clone().or(profile.encoding.clone()),
        delimiter,
        columns,
        date_order,
        decimal_mark,
        home_currency: None,
        liability: false,
        invert: args.invert || profile.invert,
        allow_gap: args.allow_gap,
        zone: environment::zone(&session.info.settings.timezone),
    })
}

fn bad_column(word: &str) -> Failure {
    let words = crate::formats::csv::columns::Role::ALL
        .map(|r| r.word())
        .join(", ");
    Failure::usage("bad-columns", format!("no column can hold {word:?}")).hint(format!(
        "columns hold {words}, or nothing we read (leave it empty)"
    ))
}

/// Reads, and asks a person at a terminal what the file leaves open.
pub(super) fn asking<T>(
    ctx: &Context,
    file: &str,
    options: &mut Options,
    mut read: impl FnMut(&Options) -> std::result::Result<T, Fault>,
) -> Result<T> {
    // Three questions at most: the order of dates, the decimal mark, the way the money went.
    for _ in 0..3 {
        match read(options) {
            Ok(statement) => return Ok(statement),
            Err(Fault {
                question: Some(question),
                ..
            }) if ctx.can_ask() => ask(file, &question, options)?,
            Err(fault) => return Err(failure(file, fault)),
        }
    }
    read(options).map_err(|fault| failure(file, fault))
}

fn ask(file: &str, question: &Question, options: &mut Options) -> Result<()> {
    let (prompt, items) = match question {
        // Settled before the sheet became text.
        Question::Sheet { .. } => return Ok(()),
        Question::DateOrder { sample } => (
            format!("{file}: is {sample} written"),
            ["day first", "month first"],
        ),
        Question::DecimalMark { sample } => (
            format!("{file}: in {sample}, is the sign"),
            ["a decimal mark", "a thousands separator"],
        ),
        Question::Direction { .. } => (
            format!("{file}: no amount has a sign. Is all of it"),
            ["money in", "money out"],
        ),
    };
    let chosen = choose_one(&prompt, &items, 0)?;
    match question {
        Question::Sheet { .. } => {}
        Question::DateOrder { .. } => {
            options.date_order = Some(if chosen == 0 {
                DateOrder::Dmy
            } else {
                DateOrder::Mdy
            })
        }
        Question::DecimalMark { sample } => {
            let here = if sample.contains(',') { ',' } else { '.' };
            let other = if here == ',' { '.' } else { ',' };
            options.decimal_mark = Some(if chosen == 0 { here } else { other });
        }
        Question::Direction { into, out } => {
            let list = if chosen == 0 { into } else { out };
            options.columns = Columns::from_list(list).ok();
        }
    }
    Ok(())
}

/// What the next file like this needs to be told.
pub(super) fn remember(
    options: &Options,
    profile: Profile,
    statement: &Statement,
    account: &str,
    args: &ReadingArgs,
) -> Profile {
    Profile {
        account: Some(account.to_owned()),
        fingerprint: statement.fingerprint.clone().or(profile.fingerprint),
        currency: args.currency.clone().or(profile.currency),
        date_order: options
            .date_order
            .map(|o| o.word().to_owned())
            .or(profile.date_order),
        decimal_mark: options
            .decimal_mark
            .map(String::from)
            .or(profile.decimal_mark),
        encoding: options.encoding.clone(),
        separator: options.delimiter.map(|d| {
            if d == b'\t' {
                "tab".to_owned()
            } else {
                char::from(d).to_string()
            }
        }),
        columns: options.columns.as_ref().map(Columns::to_list),
        invert: options.invert,
        rules: profile.rules,
        accounts: profile.accounts,
        inline: profile.inline,
    }
}
