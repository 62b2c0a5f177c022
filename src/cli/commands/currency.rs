//! `hissab currency …`: currencies and other commodities, and their prices.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::record::{Recorder, WriteArgs, echo, removed};
use crate::cli::shown::ShownArgs;
use crate::ledger::change::{Change, CurrencyChange, PriceChange};
use crate::ledger::currency::{Currency, iso_scale, iso_symbol};
use crate::ledger::period::people_date;
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
    /// List the book's currencies
    List(ListArgs),
    /// Add a currency or commodity
    Add(SetArgs),
    /// Set a currency's sign, name, or more decimal places
    Set(SetArgs),
    /// Remove a currency that nothing is in
    Remove(super::currency_remove::Args),
    /// Record a market price: what one unit is worth
    Price(PriceArgs),
    /// List market prices
    Prices(ListArgs),
}

#[derive(clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(clap::Args)]
#[command(after_help = "Example: hissab currency add USD")]
pub struct SetArgs {
    /// Its code: USD, AAPL
    pub code: String,
    /// Decimal places; only ever raised
    #[arg(long, value_name = "PLACES")]
    pub scale: Option<u8>,
    /// The sign people type for it
    #[arg(long, value_name = "SIGN")]
    pub symbol: Option<String>,
    /// A longer name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(clap::Args)]
#[command(after_help = "Example: hissab currency price USD 83.20 -d 2026-04-07")]
pub struct PriceArgs {
    /// The commodity
    pub code: String,
    /// What one unit costs [in the book's currency, or as in '1.08 EUR']
    #[arg(required_unless_present = "remove", num_args = 1..)]
    pub rate: Vec<String>,
    /// From which day on [default: today]
    #[arg(short = 'd', long, value_name = "DATE")]
    pub date: Option<String>,
    /// Withdraw the price of that day
    #[arg(long, conflicts_with = "rate")]
    pub remove: bool,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.action {
        Action::List(args) => list(ctx, &args.shown),
        Action::Add(args) => put(ctx, &args, true),
        Action::Set(args) => put(ctx, &args, false),
        Action::Remove(args) => super::currency_remove::run(ctx, args),
        Action::Price(args) => price(ctx, &args),
        Action::Prices(args) => prices(ctx, &args.shown),
    }
}

fn list(ctx: &mut Context, shown: &ShownArgs) -> Result<Exit> {
    let mut book = ctx.open_read()?;
    let (settings, mut chart) = (book.info()?.settings, book.chart()?);
    removed::hide(&mut *book, &settings, &mut chart)?;
    if !shown.is_plain(ctx)? {
        let row = |c: &'_ Currency| {
            let text = |text: Option<&str>| match text {
                Some(text) => Cell::Text(Cow::Owned(text.to_owned())),
                None => Cell::Empty,
            };
            vec![
                text(Some(&c.code)),
                Cell::Number(c.scale.into()),
                text(c.symbol.as_deref()),
                text(c.name.as_deref()),
            ]
        };
        let columns = ["code", "scale", "symbol", "name"].map(Column::text);
        let headings = vec!["Code", "Places", "Sign", "Name"];
        let rows = chart.open_currencies().map(row).collect();
        shown.show(
            ctx,
            &view("currency-list/1", columns.to_vec(), headings, rows),
        )?;
        return Ok(Exit::Ok);
    }
    for currency in chart.open_currencies() {
        let more: Vec<&str> = [currency.symbol.as_deref(), currency.name.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let base = if currency.key.0 == 1 {
            "  the book's currency"
        } else {
            ""
        };
        writeln!(
            ctx.out,
            "{}",
            line(&format!(
                "{}  {} places  {}{base}",
                currency.code,
                currency.scale,
                more.join("  ")
            ))
            .trim_end()
        )?;
    }
    Ok(Exit::Ok)
}

fn put(ctx: &mut Context, args: &SetArgs, new: bool) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let code: Arc<str> = match recorder.chart.resolve_currency(&args.code) {
        Some(known) => known.code.clone(),
        None if iso_scale(&args.code.to_uppercase()).is_some() => args.code.to_uppercase().into(),
        None => args.code.as_str().into(),
    };
    if code.is_empty() {
        return Err(Failure::usage(
            "bad-currency",
            "the currency's code is empty",
        ));
    }
    if new && code.contains(char::is_whitespace) {
        return Err(Failure::usage(
            "bad-currency",
            format!("{code:?} is no currency's code: it has a space in it"),
        )
        .hint(format!(
            "hissab currency add {} --name {}",
            code.split_whitespace().collect::<String>().to_uppercase(),
            shell_word(&code)
        )));
    }
    let known = recorder.chart.find_currency(&code).cloned();
    match (&known, new) {
        (Some(_), true) => {
            return Err(Failure::conflict(
                "currency-exists",
                format!("the book has {code} already"),
            )
            .hint(format!("hissab currency set {code} …")));
        }
        (None, false) => {
            return Err(Failure::not_found(
                "unknown-currency",
                format!("the book has no currency {code}"),
            )
            .hint(format!("hissab currency add {code}")));
        }
        _ => {}
    }
    let was = removed::was_removed(&recorder.info.settings, &code);
    let row = was.then(|| recorder.chart.currencies().iter().find(|c| c.code == code));
    let change = change_of(args, &code, known.as_ref().or(row.flatten()));
    let content = format!("{change:?}");
    let back = was.then(|| Change::Setting {
        name: removed::setting(&code),
        value: None,
    });
    let text = format!(
        "{} {code} with {} decimal places",
        if new { "added" } else { "set" },
        change.scale
    );
    let written = recorder
        .write(
            if new {
                "currency-added"
            } else {
                "currency-set"
            },
            None,
            std::iter::once(Change::Currency(change))
                .chain(back)
                .collect(),
            &args.write,
            &content,
        )
        .map_err(|f| {
            f.while_doing(&format!(
                "currency {code} not {}",
                if new { "added" } else { "set" }
            ))
        })?;
    echo::said(&mut recorder, &written, &text)?;
    Ok(Exit::Ok)
}

fn change_of(args: &SetArgs, code: &Arc<str>, known: Option<&Currency>) -> CurrencyChange {
    let text = |given: &Option<String>, old: Option<Arc<str>>| match given {
        Some(text) => Some(Arc::from(text.as_str())).filter(|t: &Arc<str>| !t.is_empty()),
        None => old,
    };
    let symbol = known.map_or_else(|| iso_symbol(code).map(Arc::from), |k| k.symbol.clone());
    CurrencyChange {
        code: code.clone(),
        scale: args
            .scale
            .or(known.map(|k| k.scale))
            .or(iso_scale(code))
            .unwrap_or(0),
        symbol: text(&args.symbol, symbol),
        name: text(&args.name, known.and_then(|k| k.name.clone())),
    }
}

fn price(ctx: &mut Context, args: &PriceArgs) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let commodity = recorder.currency(&args.code, 0)?;
    let on = recorder.date_or_today(args.date.as_deref())?;
    let base = recorder
        .chart
        .currencies()
        .first()
        .map(|c| c.code.clone())
        .unwrap_or_default();
    let (rate, currency) = if args.remove {
        (None, base)
    } else {
        let typed = crate::ledger::amount_text::parse_amount(&args.rate.join(" "))?;
        let currency = typed
            .commodity
            .as_deref()
            .map(|c| recorder.currency(c, 2))
            .transpose()?
            .unwrap_or(base);
        (Some(typed.amount), currency)
    };
    if rate.is_some_and(|r| r.is_sign_negative()) || commodity == currency {
        return Err(Failure::usage(
            "bad-price",
            format!("{} is no price of {commodity}", args.rate.join(" ")),
        ));
    }
    let change = PriceChange {
        on,
        commodity: commodity.clone(),
        currency: currency.clone(),
        rate,
    };
    let content = format!("{change:?}");
    let text = match rate {
        Some(rate) => format!(
            "1 {commodity} is {rate} {currency} from {} on",
            people_date(on)
        ),
        None => format!("withdrew the price of {commodity} of {}", people_date(on)),
    };
    let written = recorder.write(
        "priced",
        None,
        vec![Change::Price(change)],
        &args.write,
        &content,
    )?;
    echo::said(&mut recorder, &written, &text)?;
    Ok(Exit::Ok)
}

fn prices(ctx: &mut Context, shown: &ShownArgs) -> Result<Exit> {
    let prices = ctx.open_read()?.prices()?;
    if !shown.is_plain(ctx)? {
        let row = |price: &PriceChange| {
            let text = |text: String| Cell::Text(Cow::Owned(text));
            vec![
                Cell::Date(price.on),
                text(price.commodity.to_string()),
                text(price.currency.to_string()),
                price.rate.map_or(Cell::Empty, |r| text(r.to_string())),
            ]
        };
        let columns = ["date", "commodity", "currency", "rate"].map(Column::text);
        let headings = vec!["Date", "Commodity", "Currency", "Rate"];
        let rows = prices.iter().map(row).collect();
        shown.show(ctx, &view("prices/1", columns.to_vec(), headings, rows))?;
        return Ok(Exit::Ok);
    }
    for price in prices {
        let rate = price.rate.map(|r| r.to_string());
        let text = format!(
            "{}  1 {} = {} {}",
            people_date(price.on),
            price.commodity,
            rate.as_deref().unwrap_or("withdrawn"),
            price.currency
        );
        writeln!(ctx.out, "{}", line(&text))?;
    }
    Ok(Exit::Ok)
}

fn view(
    schema: &'static str,
    columns: Vec<Column>,
    headings: Vec<&'static str>,
    rows: Vec<Vec<Cell<'static>>>,
) -> ListView<'static> {
    ListView {
        schema,
        title: Vec::new(),
        columns,
        headings,
        rows,
        head: Vec::new(),
        notes: Vec::new(),
    }
}
