//! `hissab init [FILE]`: the only command that makes a book.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::book;
use crate::cli::config::default_book;
use crate::cli::context::Context;
use crate::cli::environment::{unknown_zone, zone_name};
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::targets;
use crate::client::place::is_url;
use crate::ledger::change::{Change, OperationId, Unit};
use crate::ledger::currency::iso_scale;
use crate::ledger::new_book;
use crate::ledger::settings::{DateOrder, Settings};
use crate::ledger::template::Template;
use crate::render::sanitize::line;

#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab init shop.hissab --name 'Shree Ganesh Stores' --template shop"
)]
pub struct Args {
    /// The file to make [default: the default book in your data folder]
    pub file: Option<PathBuf>,

    /// What the book is called [default: the file's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// The book's own currency
    #[arg(long, value_name = "CODE", default_value = "INR")]
    pub currency: String,

    /// The month the fiscal year begins: 01 to 12, or its name [default: 04 for INR, else 01]
    #[arg(long, value_name = "MONTH")]
    pub fiscal_year: Option<String>,

    /// The zone that says which day it is [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,

    /// How 5/4 is read: dmy, mdy or ymd
    #[arg(long, value_name = "ORDER", default_value = "dmy")]
    pub date_order: String,

    /// The chart to start from: plain, shop, personal or tally
    #[arg(long, value_name = "TEMPLATE", default_value = "plain")]
    pub template: String,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    if !ctx.globals.files.is_empty() {
        return Err(Failure::usage(
            "journals-are-read-only",
            "-f reads journals; init makes a book: name it as hissab init FILE",
        ));
    }
    let path = place(ctx, &args)?;
    let settings = settings(&args, &path)?;
    if let (None, Some(named)) = (&args.timezone, unknown_zone()) {
        ctx.warn(&format!(
            "TZ is {named:?}, which names no zone: the days of this book are UTC's; hissab config set book.timezone Asia/Kolkata"
        ));
    }
    let code = &settings.base_currency;
    if iso_scale(code).is_none() {
        ctx.warn(&format!(
            "{code} is no currency of ISO 4217; a book keeps its own currency: if it is a slip, delete the file and hissab init again"
        ));
    }
    let template = Template::from_word(&args.template).ok_or_else(|| {
        let known = Template::ALL.map(Template::word).join(", ");
        Failure::usage(
            "unknown-template",
            format!("there is no template {:?}", args.template),
        )
        .hint(format!("templates: {known}"))
    })?;
    let changes = changes(ctx, &settings, template)?;
    let unit = Unit {
        operation: OperationId(ctx.make_id()),
        action: "created".to_owned(),
        reason: None,
        who: ctx.who()?,
        at: ctx.now(),
        once: None,
        changes: &changes,
    };
    let (id, now) = (ctx.make_id(), ctx.now());
    book::open::create(&path, ctx.wait()?, id, now, unit)
        .map_err(|e| Failure::from(e).while_doing(&format!("{} not made", path.display())))?;
    say(ctx, &args, &settings, template, &path)
}

const AT_SERVER: &str = "hissab org create NAME, or bring a book there: hissab push FILE URL/ORG";

/// Where the book will be: FILE, else --book, else the default.
fn place(ctx: &Context, args: &Args) -> Result<PathBuf> {
    let path = match (&args.file, &ctx.globals.book) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage(
                "two-books",
                "give the file once: hissab init FILE",
            ));
        }
        (Some(path), None) if path.as_os_str().is_empty() => {
            return Err(Failure::usage(
                "empty-book",
                "the file has no name: it is empty",
            ));
        }
        (Some(path), None) if is_url(&path.to_string_lossy()) => {
            let words = "init makes a book in a file; a server makes its own";
            return Err(Failure::usage("needs-a-file", words).hint(AT_SERVER));
        }
        (Some(path), None) => path.clone(),
        (None, Some(_)) => ctx.located()?.file("init", AT_SERVER)?.to_owned(),
        (None, None) => {
            let path = default_book().ok_or_else(|| {
                Failure::usage("no-home", "there is no home folder for a default book")
                    .hint("hissab init FILE")
            })?;
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
            }
            path
        }
    };
    targets::no_dash(&path)?;
    if std::fs::symlink_metadata(&path).is_ok() {
        return Err(
            Failure::conflict("file-exists", format!("{} exists already", path.display()))
                .hint("choose another file; a book is never made over something else"),
        );
    }
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|f| !f.is_dir()) {
        return Err(Failure::no_folder(folder));
    }
    Ok(path)
}

fn settings(args: &Args, path: &Path) -> Result<Settings> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => path
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default(),
    };
    let code = new_book::base_currency_code(&args.currency).ok_or_else(|| {
        Failure::usage(
            "bad-currency",
            format!("{:?} is no code of a currency", args.currency),
        )
        .hint("codes have three capitals: --currency INR, --currency USD")
    })?;
    if name.trim().is_empty() {
        return Err(Failure::usage("empty-name", "the book's name is empty")
            .hint("--name 'Shree Ganesh Stores', or leave it out: the file's name is taken"));
    }
    let mut settings = Settings::new(name, code);
    settings.timezone = zone(args.timezone.as_deref())?;
    settings.date_order =
        DateOrder::from_word(&args.date_order.to_lowercase()).ok_or_else(|| {
            Failure::usage(
                "bad-date-order",
                format!("--date-order is dmy, mdy or ymd, not {:?}", args.date_order),
            )
        })?;
    if let Some(text) = &args.fiscal_year {
        settings.fiscal_year_start = month(text)?;
    }
    Ok(settings)
}

pub fn zone(given: Option<&str>) -> Result<String> {
    let Some(name) = given else {
        return Ok(zone_name());
    };
    match TimeZone::get(name) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(name).to_owned()),
        Err(_) => Err(Failure::usage(
            "unknown-timezone",
            format!("there is no time zone {name:?}"),
        )
        .hint("zones have names like Asia/Kolkata or Europe/Berlin")),
    }
}

/// `04`, `4`, `apr` or `April`.
pub fn month(text: &str) -> Result<u8> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let lower = text.to_lowercase();
    let by_name = || {
        NAMES
            .iter()
            .position(|n| lower.len() >= 3 && n.starts_with(&lower))
            .and_then(|p| u8::try_from(p + 1).ok())
    };
    lower
        .parse::<u8>()
        .ok()
        .filter(|m| (1..=12).contains(m))
        .or_else(by_name)
        .ok_or_else(|| {
            Failure::usage(
                "bad-month",
                format!("{text:?} is not a month: write 01 to 12, or its name"),
            )
        })
}

/// The base currency, settings and the template's accounts, in the order they are sealed.
pub fn changes(ctx: &mut Context, settings: &Settings, template: Template) -> Result<Vec<Change>> {
    Ok(new_book::changes(settings, template, &mut || ctx.make_id()))
}

fn say(
    ctx: &mut Context,
    args: &Args,
    settings: &Settings,
    template: Template,
    path: &Path,
) -> Result<Exit> {
    let count = template.accounts().len();
    let shown = path.display().to_string();
    if ctx.wants_json() {
        let object = Made {
            schema: "hissab/made/1",
            book: &settings.name,
            file: &shown,
            currency: &settings.base_currency,
            fiscal_year_start: settings.fiscal_year_start,
            timezone: &settings.timezone,
            template: template.word(),
            accounts: count,
        };
        writeln!(
            ctx.out,
            "{}",
            serde_json::to_string(&object).unwrap_or_default()
        )?;
        return Ok(Exit::Ok);
    }
    if ctx.globals.quiet {
        return Ok(Exit::Ok);
    }
    writeln!(
        ctx.out,
        "{} · {} · {}, fiscal year from {}, {} · {count} accounts ({})",
        line(&settings.name),
        line(&shown),
        line(&settings.base_currency),
        crate::cli::environment::month_name(settings.fiscal_year_start),
        line(&settings.timezone),
        template.word()
    )?;
    if args.file.is_some() {
        ctx.note(&format!(
            "to use it without -B: hissab book add {} {}",
            short_name(&settings.name),
            shell_word(&shown)
        ));
    }
    Ok(Exit::Ok)
}

/// A name that `book add` takes: letters, digits, - and _.
fn short_name(name: &str) -> String {
    let plain = |c: char| match c.is_alphanumeric() || c == '_' {
        true => c,
        false => '-',
    };
    let name: String = name.to_lowercase().chars().map(plain).collect();
    let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
    match parts.is_empty() {
        true => "book".to_owned(),
        false => parts.join("-"),
    }
}

#[derive(serde::Serialize)]
struct Made<'a> {
    schema: &'static str,
    book: &'a str,
    file: &'a str,
    currency: &'a str,
    fiscal_year_start: u8,
    timezone: &'a str,
    template: &'a str,
    accounts: usize,
}
