//! `hissab statement PARTY`: a party's account as one would send it, with the age of what is open.

use std::ops::ControlFlow;

use jiff::civil::Date;

use crate::book::Scan;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::ledgers::{self, Subject, Wanted, subject};
use crate::cli::looking::{Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::ledger::account::AccountKey;
use crate::ledger::chart::{Chart, distance};
use crate::render::{Json, Options};
use crate::reports::ageing::{Aged, BUCKETS, ageing};
use crate::reports::open_items::OpenItemsBuilder;

/// Show a party's account: opening, every entry, closing, and how old the dues are
///
/// Example: hissab statement ramesh -p 2026-04
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A customer or supplier
    pub party: String,

    /// Newest first
    #[arg(long)]
    pub reverse: bool,

    #[command(flatten)]
    pub periods: Periods<false>,
    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    let mut looking = Looking::open(ctx, &args.periods.0, &Filters::default())?;
    let party = party(&looking.chart, &args.party)?;
    let until = looking.period.last_day();
    let today = looking.dates.today;
    // How old a bill is, is known until today: not at the end of a year that has just begun.
    let as_of = until.map_or(today, |until| until.min(today));
    let aged = aged(&mut looking, &party.keys, until.unwrap_or(Date::MAX), as_of)?;
    let wanted = Wanted {
        report: "Statement",
        schema: "statement/1",
        reverse: args.reverse,
        notes: lines(&looking.chart, &aged, as_of, &options),
        facts: facts(&looking.chart, &aged, as_of),
        ..Wanted::default()
    };
    ctx.page()?;
    ledgers::write(ctx, &mut looking, &options, &[party], &wanted)?;
    Ok(Exit::Ok)
}

/// The party a person means: of accounts that are parties, by name, alias or path.
///
/// Errors, exit 6: none fits, with parties near it; several do.
fn party(chart: &Chart, text: &str) -> Result<Subject> {
    let wanted = text.to_lowercase();
    let parties = || {
        chart
            .accounts()
            .iter()
            .filter(|a| a.account_type.is_party())
    };
    let named: Vec<AccountKey> = parties()
        .filter(|a| {
            a.name().to_lowercase() == wanted
                || a.aliases.iter().any(|alias| alias.to_lowercase() == wanted)
        })
        .map(|a| a.key)
        .collect();
    if let [one] = named.as_slice() {
        let path = chart.account(*one).path.to_string();
        return Ok(Subject {
            keys: chart.subtree(&path),
            path,
        });
    }
    let found = subject(chart, text, false);
    if let Ok(found) = &found
        && found
            .keys
            .iter()
            .any(|k| chart.account(*k).account_type.is_party())
    {
        return Ok(found.clone());
    }
    if named.len() > 1 {
        return found;
    }
    let failure = match found {
        Ok(found) => Failure::not_found(
            "not-a-party",
            format!("{} is no customer or supplier", found.path),
        )
        .hint(format!(
            "hissab ledger {}",
            crate::cli::error::shell_word(text)
        )),
        Err(failure) => Failure {
            hints: Vec::new(),
            ..failure
        },
    };
    let mut near: Vec<(usize, &str)> = parties()
        .map(|a| (distance(&wanted, &a.name().to_lowercase()), a.name()))
        .filter(|(off, name)| *off <= 2 || name.to_lowercase().contains(&wanted))
        .collect();
    near.sort();
    let names: Vec<&str> = near.into_iter().take(5).map(|(_, name)| name).collect();
    Err(if names.is_empty() {
        failure.hint("hissab dues lists the parties with balances")
    } else {
        failure.hint(format!("did you mean {}?", names.join(", ")))
    })
}

/// What is open of a party after the last day of its statement, as its closing balance is; by its age on a day.
fn aged(looking: &mut Looking, keys: &[AccountKey], last: Date, as_of: Date) -> Result<Vec<Aged>> {
    let mut open = OpenItemsBuilder::new(&looking.chart, last);
    let scan = Scan {
        until: last.tomorrow().ok(),
        accounts: Some(keys.to_vec()),
        ..Scan::default()
    };
    looking.book.scan(&scan, &mut |transaction| {
        open.add(&transaction, |key| keys.contains(&key));
        ControlFlow::Continue(())
    })?;
    Ok(ageing(&open.finish(), as_of))
}

/// `Open by age as of 15-Apr-2026: 0-30 days 1,400.00 Dr, over 90 2,000.00 Dr`; with the currency where there are two.
fn lines(chart: &Chart, aged: &[Aged], as_of: Date, options: &Options) -> Vec<String> {
    let people = options.people();
    let day = people.date(as_of);
    let aged_in_many = aged.iter().any(|other| other.currency != aged[0].currency);
    let line = |aged: &Aged| {
        let currency = chart.currency(aged.currency);
        let parts = BUCKETS.iter().zip(aged.buckets);
        let parts: Vec<String> = parts
            .filter(|(_, minor)| *minor != 0)
            .map(|(name, minor)| format!("{name} days {}", people.sided(minor, currency)))
            .collect();
        let code = match aged_in_many {
            true => format!(" in {}", currency.code),
            false => String::new(),
        };
        format!("Open by age as of {day}{code}: {}", parts.join(", "))
    };
    aged.iter().map(line).collect()
}

fn facts(chart: &Chart, aged: &[Aged], as_of: Date) -> Vec<(&'static str, Json)> {
    let rows = aged.iter().map(|aged| {
        let currency = chart.currency(aged.currency);
        let amount = |minor| Json::amount(minor, currency);
        let [a, b, c, d] = aged.buckets;
        Json::object([
            ("currency", Json::text(&*currency.code)),
            ("days_0_30", amount(a)),
            ("days_31_60", amount(b)),
            ("days_61_90", amount(c)),
            ("days_over_90", amount(d)),
            ("total", amount(aged.total())),
        ])
    });
    vec![
        ("ageing_as_of", Json::date(Some(as_of))),
        ("ageing", Json::List(rows.collect())),
    ]
}
