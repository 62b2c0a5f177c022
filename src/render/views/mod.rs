//! How each report looks: its columns for machines, its sheet for people. One file a report.

use std::collections::BTreeSet;

use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::render::{Json, People};
use crate::reports::scope::Scope;

pub mod balance;
pub mod check;
pub mod journal;
pub mod ledger;
pub mod parties;
pub mod register;
pub mod sections;
pub mod simple;
pub mod statements;
pub mod trial_balance;

pub use balance::BalanceView;
pub use check::CheckView;
pub use journal::{JournalKind, JournalWriter, VoidNote};
pub use ledger::{LedgerHead, LedgerRows, LedgerTable};
pub use parties::{AgeingView, DuesView};
pub use register::{RegisterLine, RegisterWriter};
pub use sections::{Across, Footer, PeriodColumn, SectionsView};
pub use simple::ListView;
pub use trial_balance::TrialBalanceView;

/// The heading line of a sheet: what, of whom, which days, in what currency. Empty parts are left out.
pub fn title(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|p| !p.is_empty()).collect();
    parts.join(" · ")
}

/// `01-Apr-2026 to 07-Apr-2026`, `to 07-Apr-2026`, `from 01-Apr-2026`; empty if nothing bounds it.
pub fn days(scope: &Scope, people: &People) -> String {
    match (scope.from, scope.to) {
        (Some(from), Some(to)) if from == to => people.date(from),
        (Some(from), Some(to)) => format!("{} to {}", people.date(from), people.date(to)),
        (None, Some(to)) => format!("to {}", people.date(to)),
        (Some(from), None) => format!("from {}", people.date(from)),
        (None, None) => String::new(),
    }
}

/// The days of a report of balances, and the fiscal year they lie in: `… (FY 2026-27)`, `as of …`.
pub fn days_and_year(scope: &Scope, people: &People) -> String {
    let days = match (scope.from, scope.to) {
        (None, Some(to)) => format!("as of {}", people.date(to)),
        _ => days(scope, people),
    };
    match &scope.fiscal_year {
        Some(year) if !days.is_empty() => format!("{days} (FY {year})"),
        _ => days,
    }
}

/// The currencies that occur, for a heading: `INR`, `INR, USD`, `7 currencies`.
pub fn currencies(chart: &Chart, scope: &Scope, keys: &BTreeSet<CurrencyKey>) -> String {
    let codes: Vec<&str> = keys.iter().map(|k| &*chart.currency(*k).code).collect();
    match codes.len() {
        0 => scope.base_currency.clone(),
        1..=4 => codes.join(", "),
        many => format!("{many} currencies"),
    }
}

/// What every JSON document says of what was asked: book, days, base currency.
pub fn head(scope: &Scope) -> Vec<(&'static str, Json)> {
    vec![
        ("book", Json::text(&*scope.book)),
        ("from", Json::date(scope.from)),
        ("to", Json::date(scope.to)),
        (
            "fiscal_year",
            scope.fiscal_year.as_ref().map_or(Json::Null, Json::text),
        ),
        ("base_currency", Json::text(&*scope.base_currency)),
        ("filtered", Json::Bool(scope.filtered)),
    ]
}
