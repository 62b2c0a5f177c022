//! `hissab config list|get|set|unset`: the layers, and the settings a book keeps itself (`book.…`).

use std::borrow::Cow;
use std::io::Write;

use crate::cli::config::{self, Config, KEYS, Origin};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::{Recorder, WriteArgs, echo, resolve};
use crate::cli::shown::ShownArgs;
use crate::ledger::change::Change;
use crate::ledger::settings::{BookInfo, DateOrder, name};
use crate::render::sanitize::line;
use crate::render::views::ListView;
use crate::render::{Cell, Column};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand)]
pub enum Action {
    /// List every setting
    List(ListArgs),
    /// Print one setting
    Get(GetArgs),
    /// Set one: of yours, or of the book (book.cash, book.name, …)
    Set(SetArgs),
    /// Remove one
    Unset(UnsetArgs),
}

#[derive(clap::Args)]
pub struct ListArgs {
    /// Say where each value comes from
    #[arg(long)]
    pub origin: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(clap::Args)]
pub struct GetArgs {
    /// The setting
    pub name: String,
}

#[derive(clap::Args)]
#[command(after_help = "Example: hissab config set book.cash Assets:Cash")]
pub struct SetArgs {
    /// The setting
    pub name: String,
    /// Its value
    pub value: String,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(clap::Args)]
pub struct UnsetArgs {
    /// The setting
    pub name: String,
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Settings a book keeps itself: the word after `book.`, its stored name, what it is.
const BOOK_KEYS: &[(&str, &str)] = &[
    ("name", name::NAME),
    ("timezone", name::TIMEZONE),
    ("date_order", name::DATE_ORDER),
    ("fiscal_year_start", name::FISCAL_YEAR_START),
    ("cash", "cash"),
    ("sales", "sales"),
    ("purchases", "purchases"),
];

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.action {
        Action::List(args) => list(ctx, &args),
        Action::Get(args) => get(ctx, &args.name),
        Action::Set(args) => match args.name.strip_prefix("book.") {
            Some(key) => set_book(ctx, key, Some(&args.value), &args.write),
            None => set(ctx, &args.name, &args.value),
        },
        Action::Unset(args) => match args.name.strip_prefix("book.") {
            Some(key) => set_book(ctx, key, None, &args.write),
            None => unset(ctx, &args.name),
        },
    }
}

/// Name, value, origin of everything, the book's own settings last.
fn all(ctx: &Context) -> Result<Vec<(String, String, String)>> {
    let config: &Config = ctx.config()?;
    let mut rows = Vec::new();
    for key in KEYS {
        let setting = config.get(key.name);
        let (value, origin) =
            setting.map_or((String::new(), Origin::Default), |s| (s.value, s.origin));
        rows.push((key.name.to_owned(), value, origin.to_string()));
    }
    for (name, place) in config.books() {
        rows.push((format!("books.{name}"), place, "user".to_owned()));
    }
    // Without a book there is nothing more to list: that is no error here.
    if let Ok(info) = ctx.open_read().and_then(|mut book| Ok(book.info()?)) {
        for (key, _) in BOOK_KEYS {
            rows.push((
                format!("book.{key}"),
                book_value(&info, key).unwrap_or_default(),
                "the book".to_owned(),
            ));
        }
    }
    Ok(rows)
}

fn book_value(info: &BookInfo, key: &str) -> Option<String> {
    let stored = BOOK_KEYS.iter().find(|(k, _)| *k == key)?.1;
    info.settings.pairs().remove(stored)
}

fn list(ctx: &mut Context, args: &ListArgs) -> Result<Exit> {
    let rows = all(ctx)?;
    if !args.shown.is_plain(ctx)? {
        let cells = |(name, value, origin): &'_ (String, String, String)| {
            let text = |text: &String| Cell::Text(Cow::Owned(text.clone()));
            vec![text(name), text(value), text(origin)]
        };
        let view = ListView {
            schema: "config/1",
            title: Vec::new(),
            columns: ["name", "value", "origin"].map(Column::text).to_vec(),
            headings: vec!["Name", "Value", "Origin"],
            rows: rows.iter().map(cells).collect(),
            head: Vec::new(),
            notes: Vec::new(),
        };
        args.shown.show(ctx, &view)?;
        return Ok(Exit::Ok);
    }
    for (name, value, origin) in rows {
        let origin = if args.origin {
            format!("  ({origin})")
        } else {
            String::new()
        };
        writeln!(
            ctx.out,
            "{} = {}{}",
            line(&name),
            line(&value),
            line(&origin)
        )?;
    }
    Ok(Exit::Ok)
}

fn get(ctx: &mut Context, name: &str) -> Result<Exit> {
    let value = match name.strip_prefix("book.") {
        Some(key) => {
            known_book_key(key)?;
            book_value(&ctx.open_read()?.info()?, key)
        }
        None => {
            known_key(name)?;
            ctx.config()?.get(name).map(|s| s.value)
        }
    };
    let Some(value) = value else {
        return Err(Failure::not_found("not-set", format!("{name} is not set")));
    };
    writeln!(ctx.out, "{}", line(&value))?;
    Ok(Exit::Ok)
}

fn known_key(name: &str) -> Result<()> {
    if KEYS.iter().any(|k| k.name == name) || name.starts_with("books.") {
        return Ok(());
    }
    let names: Vec<&str> = KEYS.iter().map(|k| k.name).collect();
    let failure = Failure::usage("unknown-setting", format!("there is no setting {name:?}"));
    let near = names
        .iter()
        .find(|n| strsim::damerau_levenshtein(n, name) <= 2);
    Err(match near {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint(format!(
            "settings: {}, and book.cash, book.sales, …",
            names.join(", ")
        )),
    })
}

fn known_book_key(key: &str) -> Result<&'static str> {
    BOOK_KEYS
        .iter()
        .find(|(k, _)| *k == key)
        .map(|(_, stored)| *stored)
        .ok_or_else(|| {
            let names: Vec<String> = BOOK_KEYS.iter().map(|(k, _)| format!("book.{k}")).collect();
            Failure::usage(
                "unknown-setting",
                format!("there is no setting \"book.{key}\""),
            )
            .hint(format!("of a book: {}", names.join(", ")))
        })
}

fn set(ctx: &mut Context, name: &str, value: &str) -> Result<Exit> {
    known_key(name)?;
    check_value(name, value)?;
    let file = config::set_user(name, value)?;
    if !ctx.globals.quiet {
        writeln!(
            ctx.out,
            "{name} = {} ({})",
            line(value),
            line(&file.display().to_string())
        )?;
    }
    Ok(Exit::Ok)
}

fn check_value(name: &str, value: &str) -> Result<()> {
    let wrong = |what: &str| {
        Err(Failure::usage(
            "bad-setting",
            format!("{name} is {what}, not {value:?}"),
        ))
    };
    match name {
        "color" if !["auto", "always", "never"].contains(&value) => wrong("auto, always or never"),
        "wait" if value.parse::<u32>().is_err() => wrong("a number of seconds"),
        "book" if value.is_empty() => wrong("a book"),
        _ => Ok(()),
    }
}

fn unset(ctx: &mut Context, name: &str) -> Result<Exit> {
    known_key(name)?;
    let removed = config::unset_user(name)?;
    if !ctx.globals.quiet {
        let text = if removed { "removed" } else { "was not set" };
        writeln!(ctx.out, "{name} {text}")?;
    }
    Ok(Exit::Ok)
}

/// A setting of the book: audited like everything in it.
fn set_book(ctx: &mut Context, key: &str, value: Option<&str>, write: &WriteArgs) -> Result<Exit> {
    let stored = known_book_key(key)?;
    let mut recorder = Recorder::open(ctx)?;
    let value = value.map(|v| book_setting(&recorder, key, v)).transpose()?;
    let change = Change::Setting {
        name: stored.to_owned(),
        value: value.clone(),
    };
    let content = format!("{stored} {value:?}");
    let written = recorder
        .write("setting-changed", None, vec![change], write, &content)
        .map_err(|f| f.while_doing(&format!("book.{key} not changed")))?;
    let text = match &value {
        Some(value) => format!("book.{key} = {value}"),
        None => format!("book.{key} removed"),
    };
    echo::said(&mut recorder, &written, &text)?;
    Ok(Exit::Ok)
}

fn book_setting(recorder: &Recorder<'_>, key: &str, value: &str) -> Result<String> {
    match key {
        "cash" | "sales" | "purchases" => {
            Ok(resolve::account(&recorder.chart, value)?.path.to_string())
        }
        "timezone" => super::init::zone(Some(value)),
        "fiscal_year_start" => Ok(super::init::month(value)?.to_string()),
        "date_order" => match DateOrder::from_word(&value.to_lowercase()) {
            Some(order) => Ok(order.word().to_owned()),
            None => Err(Failure::usage(
                "bad-date-order",
                format!("book.date_order is dmy, mdy or ymd, not {value:?}"),
            )),
        },
        _ if value.trim().is_empty() => Err(Failure::usage(
            "bad-setting",
            format!("book.{key} is empty"),
        )),
        _ => Ok(value.to_owned()),
    }
}
