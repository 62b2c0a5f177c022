//! `hissab accounts`: the chart.

use std::collections::BTreeSet;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::looking::{Chosen, Filters, Looking};
use crate::cli::shown::ShownArgs;
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::query::DepthLimits;
use crate::ledger::totals::TotalsQuery;
use crate::render::views::{self, ListView};
use crate::render::{Cell, Column};

/// List the accounts
///
/// Example: hissab accounts type:bank
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Query: account patterns, or type:cash
    pub query: Vec<String>,

    /// Only accounts that entries were posted to
    #[arg(long, conflicts_with = "unused")]
    pub used: bool,

    /// Only accounts that nothing was ever posted to
    #[arg(long)]
    pub unused: bool,

    /// Leave out closed accounts
    #[arg(long)]
    pub open: bool,

    /// Show this many levels only
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,

    /// Indent accounts below their parents
    #[arg(short = 't', long)]
    pub tree: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let filters = Filters::default().with_words(args.query.clone());
    let mut looking = Looking::open(ctx, &Chosen::default(), &filters)?;
    let used = if args.used || args.unused {
        used(&mut looking)?
    } else {
        BTreeSet::new()
    };
    let matcher = looking.query.matcher(&looking.chart);
    let chart = &looking.chart;
    let depths = looking.depths(args.depth);
    let keys: Vec<AccountKey> = chart
        .in_order()
        .into_iter()
        .filter(|key| matcher.account(*key))
        .filter(|key| !args.used || used.contains(key))
        .filter(|key| !args.unused || !used.contains(key))
        .filter(|key| !args.open || chart.account(*key).closed_on.is_none())
        .collect();
    let options = args.shown.options(ctx)?;
    let indented = args.tree && options.is_for_people();
    let rows = lines(chart, &keys, &depths, indented);
    let columns = [
        "account", "kind", "type", "code", "currency", "opened", "closed",
    ];
    let view = ListView {
        schema: "accounts/1",
        title: Vec::new(),
        columns: columns.map(Column::text).to_vec(),
        headings: vec![
            "Account", "Kind", "Type", "Code", "Currency", "Opened", "Closed",
        ],
        rows,
        head: views::head(&looking.scope()),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}

/// Accounts with entries.
fn used(looking: &mut Looking) -> Result<BTreeSet<AccountKey>> {
    let totals = looking.book.totals(&TotalsQuery::until(None))?;
    let rows = totals.rows.iter().filter(|row| row.count > 0);
    Ok(rows.map(|row| row.account).collect())
}

/// A row a path; ancestors that are no accounts get one too where a depth or a tree shows them.
fn lines<'a>(
    chart: &'a Chart,
    keys: &[AccountKey],
    depths: &DepthLimits,
    indented: bool,
) -> Vec<Vec<Cell<'a>>> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut rows = Vec::new();
    for key in keys {
        let account = chart.account(*key);
        let path: &str = &account.path;
        let depth = depths.for_path(path).and_then(|d| usize::try_from(d).ok());
        let ends = path.match_indices(':').map(|(at, _)| at);
        let ends: Vec<usize> = ends
            .chain([path.len()])
            .take(depth.unwrap_or(usize::MAX).max(1))
            .collect();
        let first = if indented { 0 } else { ends.len() - 1 };
        for (level, end) in ends.iter().enumerate().skip(first) {
            let shown = &path[..*end];
            if !seen.insert(shown) {
                continue;
            }
            let label = if indented {
                let last = shown.rsplit(':').next().unwrap_or(shown);
                Cell::Text(format!("{}{last}", "  ".repeat(level)).into())
            } else {
                Cell::text(shown)
            };
            rows.push(row(chart, shown, account.kind.word(), label));
        }
    }
    rows
}

fn row<'a>(chart: &'a Chart, path: &str, kind: &'a str, label: Cell<'a>) -> Vec<Cell<'a>> {
    let Some(account) = chart.find(path) else {
        let mut cells = vec![label, Cell::Word(kind)];
        cells.resize(7, Cell::Empty);
        return cells;
    };
    vec![
        label,
        Cell::Word(account.kind.word()),
        Cell::Word(account.account_type.word()),
        Cell::maybe(account.code.as_deref()),
        Cell::maybe(account.currency.as_deref()),
        account.opened_on.map_or(Cell::Empty, Cell::Date),
        account.closed_on.map_or(Cell::Empty, Cell::Date),
    ]
}
