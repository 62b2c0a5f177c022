//! What balance-sheet, income-statement and cash-flow share: their flags, and how they are printed.

use jiff::civil::Date;
use std::borrow::Cow;

use crate::cli::context::Context;
use crate::cli::error::{Failure, Result};
use crate::cli::looking::{Filters, Lines, Looking, Periods, Values};
use crate::cli::shown::ShownArgs;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::totals::Totals;
use crate::render::{self, Layout, Options, views::PeriodColumn, views::SectionsView};
use crate::reports::scope::Scope;
use crate::reports::sections::{ByAccount, Layout as SectionLayout};
use crate::reports::tree::Shape;
use crate::reports::valuation::Valuation;

/// Flags of a statement.
#[derive(Debug, Clone, clap::Args)]
pub struct StatementArgs {
    /// Query: account patterns, or desc: payee: cur: tag: type: voucher: not: …
    pub query: Vec<String>,

    /// Add the period before
    #[arg(long)]
    pub compare: bool,

    /// Largest first
    #[arg(short = 'S', long)]
    pub sort_amount: bool,

    /// Add a column that sums the periods up
    #[arg(short = 'T', long)]
    pub row_total: bool,

    /// Add a column that averages the periods
    #[arg(short = 'A', long)]
    pub average: bool,

    /// Without sums
    #[arg(short = 'N', long)]
    pub no_total: bool,

    /// wide: a column a period; tidy: a row a period [default: wide]
    #[arg(long, value_name = "LAYOUT")]
    pub layout: Option<String>,

    #[command(flatten)]
    pub periods: Periods<true>,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub lines: Lines,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub shown: ShownArgs,
}

/// A statement half way: the book open, the flags read.
pub struct Statement {
    pub looking: Looking,
    pub options: Options,
    args: StatementArgs,
}

impl Statement {
    pub fn open(ctx: &Context, args: StatementArgs) -> Result<Statement> {
        let mut options = args.shown.options(ctx)?;
        options.layout = match args.layout.as_deref() {
            None | Some("wide") => Layout::Wide,
            Some("tidy") => Layout::Tidy,
            Some(other) => {
                let words = format!("--layout takes wide or tidy, not {other:?}");
                return Err(Failure::usage("bad-layout", words));
            }
        };
        let filters = args.filters.clone().with_words(args.query.clone());
        let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
        looking.end_by_prices(&args.values);
        Ok(Statement {
            looking,
            options,
            args,
        })
    }

    pub fn compare(&self) -> bool {
        self.args.compare
    }

    /// Amounts are what was paid, or what they are worth: neither proves.
    pub fn is_valued(&self) -> bool {
        self.args.values.value || self.args.values.exchange.is_some()
    }

    pub fn layout(&self) -> SectionLayout {
        SectionLayout {
            shape: Shape {
                depth: self.looking.depth(self.args.lines.depth),
                tree: self.args.lines.tree,
                zeros: self.args.lines.empty,
            },
            by_amount: self.args.sort_amount,
        }
    }

    /// The chart whose paths are the lines.
    pub fn chart(&self) -> Cow<'_, Chart> {
        self.looking.folded_chart(self.args.lines.depth)
    }

    /// Totals between cuts, at cost if that was asked for.
    pub fn totals(&mut self, cuts: &[Date]) -> Result<Totals> {
        if self.args.values.cost {
            self.looking.totals_at_cost(cuts)
        } else {
            self.looking.totals(cuts)
        }
    }

    /// Amounts valued at the end of their columns, if that was asked for; accounts of the query
    /// without any, if `-E` asks for them.
    pub fn amounts(
        &mut self,
        ctx: &Context,
        amounts: ByAccount,
        columns: &[PeriodColumn],
    ) -> Result<ByAccount> {
        let amounts = match self.looking.valued_in(&self.args.values)? {
            None => amounts,
            Some(to) => self.valued(ctx, amounts, columns, to)?,
        };
        Ok(self.with_unmoved(amounts, columns.len()))
    }

    /// Amounts with the accounts of the query that have none, if `-E` asks for them.
    pub fn with_unmoved(&self, mut amounts: ByAccount, columns: usize) -> ByAccount {
        if self.args.lines.empty {
            for key in self.looking.accounts() {
                let base = CurrencyKey(1);
                let has = |k: &(_, _)| k.0 == key;
                if !amounts.keys().any(has) {
                    amounts.insert((key, base), vec![0; columns]);
                }
            }
        }
        amounts
    }

    fn valued(
        &mut self,
        ctx: &Context,
        amounts: ByAccount,
        columns: &[PeriodColumn],
        to: CurrencyKey,
    ) -> Result<ByAccount> {
        let prices = self.looking.prices()?;
        let today = self.looking.dates.today;
        let mut valuation = Valuation {
            prices: &prices,
            to,
            days: columns.iter().map(|c| c.to.unwrap_or(today)).collect(),
            unconverted: Default::default(),
        };
        let valued = valuation.columns(&self.looking.chart, amounts);
        self.looking.warn_unconverted(ctx, &valuation);
        Ok(valued)
    }

    /// An empty statement of this shape, for the command to fill in.
    pub fn view<'a>(&'a self, scope: &'a Scope, columns: &'a [PeriodColumn]) -> SectionsView<'a> {
        SectionsView {
            layout: self.options.layout,
            totals: !self.args.no_total,
            row_total: self.args.row_total,
            row_average: self.args.average,
            ..SectionsView::empty(&self.looking.chart, scope, columns)
        }
    }

    pub fn print(&self, ctx: &mut Context, view: &SectionsView<'_>) -> Result<()> {
        ctx.page()?;
        Ok(render::write(&mut ctx.out, &self.options, view)?)
    }
}
