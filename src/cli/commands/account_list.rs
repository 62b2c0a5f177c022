//! `hissab account list` and `account show`.

use std::io::Write;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::record::{echo, resolve};
use crate::cli::shown::ShownArgs;
use crate::ledger::account::{Account, AccountType};
use crate::ledger::chart::Chart;
use crate::ledger::period::people_date;
use crate::ledger::totals::TotalsQuery;
use crate::render::sanitize::line;
use crate::render::{Cell, Column, RowWriter};

#[derive(clap::Args)]
pub struct Args {
    /// Only accounts whose path, code or alias holds this
    pub words: Vec<String>,
    /// Show closed accounts too
    #[arg(long)]
    pub closed: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(clap::Args)]
pub struct ShowArgs {
    /// The account
    pub account: String,
}

pub fn list(ctx: &mut Context, args: Args) -> Result<Exit> {
    let chart = ctx.open_read()?.chart()?;
    let wanted: Vec<String> = args.words.iter().map(|w| w.to_lowercase()).collect();
    let fits =
        |a: &Account| (args.closed || a.closed_on.is_none()) && wanted.iter().all(|w| holds(a, w));
    listed(ctx, &chart, &fits, &args.shown)
}

/// Prints the accounts that fit, in chart order.
pub fn listed(
    ctx: &mut Context,
    chart: &Chart,
    fits: &dyn Fn(&Account) -> bool,
    shown: &ShownArgs,
) -> Result<Exit> {
    let options = shown.options(ctx)?;
    let plain = shown.is_plain(ctx)?;
    ctx.page()?;
    let keys = chart.in_order();
    let accounts = keys.iter().map(|k| chart.account(*k)).filter(|a| fits(a));
    if plain {
        for account in accounts {
            let closed = account
                .closed_on
                .map(|d| format!("  closed {}", people_date(d)))
                .unwrap_or_default();
            let aliases = if account.aliases.is_empty() {
                String::new()
            } else {
                format!("  ({})", account.aliases.join(", "))
            };
            writeln!(
                ctx.out,
                "{}{}",
                line(&format!("{}{aliases}", account.path)),
                closed
            )?;
        }
        return Ok(Exit::Ok);
    }
    let names = ["account", "kind", "type", "code", "opened", "closed"];
    let mut columns: Vec<Column> = names.iter().map(|n| Column::text(n)).collect();
    columns.insert(4, Column::text("currency"));
    let mut rows = RowWriter::begin(&mut ctx.out, &options, "accounts/1", &[], columns)?;
    for account in accounts {
        rows.row(&[
            Cell::text(&account.path),
            Cell::Word(account.kind.word()),
            Cell::Word(account.account_type.word()),
            Cell::maybe(account.code.as_deref()),
            Cell::maybe(account.currency.as_deref()),
            account.opened_on.map_or(Cell::Empty, Cell::Date),
            account.closed_on.map_or(Cell::Empty, Cell::Date),
        ])?;
    }
    rows.end(&[])?;
    Ok(Exit::Ok)
}

fn holds(account: &Account, word: &str) -> bool {
    account.path.to_lowercase().contains(word)
        || account
            .code
            .as_ref()
            .is_some_and(|c| c.to_lowercase().contains(word))
        || account
            .aliases
            .iter()
            .any(|a| a.to_lowercase().contains(word))
}

#[derive(serde::Serialize)]
struct AccountJson<'a> {
    schema: &'static str,
    account: &'a str,
    kind: &'a str,
    #[serde(rename = "type")]
    account_type: &'a str,
    code: Option<&'a str>,
    currency: Option<&'a str>,
    opened: Option<String>,
    closed: Option<String>,
    aliases: &'a [String],
    phone: Option<&'a str>,
    email: Option<&'a str>,
    tax_id: Option<&'a str>,
    address: Option<&'a str>,
    credit_limit: Option<String>,
    note: Option<&'a str>,
    version: u32,
}

pub fn show(ctx: &mut Context, args: ShowArgs) -> Result<Exit> {
    ctx.words_or_json()?;
    let mut book = ctx.open_read()?;
    let chart = book.chart()?;
    let account = resolve::account(&chart, &args.account)?;
    if ctx.wants_json() {
        let text = serde_json::to_string(&json_of(account)).unwrap_or_default();
        writeln!(ctx.out, "{text}")?;
        return Ok(Exit::Ok);
    }
    let totals = book.totals(&TotalsQuery {
        accounts: Some(vec![account.key]),
        ..TotalsQuery::until(None)
    })?;
    let balances: Vec<String> = totals
        .rows
        .iter()
        .map(|r| echo::amount_of(r.closing(), chart.currency(r.currency)))
        .collect();
    writeln!(
        ctx.out,
        "{} · {} · {}",
        line(&account.path),
        account.kind,
        account.account_type
    )?;
    for (label, value) in facts(account) {
        writeln!(ctx.out, "  {label:<13} {}", line(&value))?;
    }
    let balance = if balances.is_empty() {
        "no entries".to_owned()
    } else {
        balances.join(", ")
    };
    writeln!(ctx.out, "  {:<13} {balance}", "balance")?;
    Ok(Exit::Ok)
}

/// What is known, label and value.
fn facts(account: &Account) -> Vec<(&'static str, String)> {
    let contact = &account.contact;
    let aliases = Some(account.aliases.join(", ")).filter(|a| !a.is_empty());
    let limit = contact.credit_limit.map(|l| l.to_string());
    let all = [
        ("code", account.code.clone()),
        (
            "currency",
            account.currency.as_ref().map(ToString::to_string),
        ),
        ("aliases", aliases),
        ("opened", account.opened_on.map(people_date)),
        ("closed", account.closed_on.map(people_date)),
        ("phone", contact.phone.clone()),
        ("email", contact.email.clone()),
        ("GSTIN", contact.tax_id.clone()),
        ("address", contact.address.clone()),
        ("credit limit", limit),
        ("note", account.note.clone()),
    ];
    all.into_iter()
        .filter_map(|(label, value)| Some((label, value?)))
        .collect()
}

fn json_of(account: &Account) -> AccountJson<'_> {
    let contact = &account.contact;
    AccountJson {
        schema: "hissab/account/1",
        account: &account.path,
        kind: account.kind.word(),
        account_type: account.account_type.word(),
        code: account.code.as_deref(),
        currency: account.currency.as_deref(),
        opened: account.opened_on.map(|d| d.to_string()),
        closed: account.closed_on.map(|d| d.to_string()),
        aliases: &account.aliases,
        phone: contact.phone.as_deref(),
        email: contact.email.as_deref(),
        tax_id: contact.tax_id.as_deref(),
        address: contact.address.as_deref(),
        credit_limit: contact.credit_limit.map(|l| l.to_string()),
        note: account.note.as_deref(),
        version: account.version,
    }
}

/// True for parties themselves, not the groups they stand in.
pub fn is_party(account: &Account) -> bool {
    matches!(
        account.account_type,
        AccountType::Receivable | AccountType::Payable
    ) && !resolve::is_party_group(account)
}
