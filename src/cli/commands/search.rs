//! `hissab search WORDS`: transactions in whose text every word begins a word, newest first.

use crate::cli::commands::journal::{self, Wanted};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::{Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::ledger::query::is_query_term;
use crate::render::views::JournalKind;

/// Find transactions by the words in them, newest first
///
/// Every word must be the beginning of a word in the description, payee, reference, a memo or a tag;
/// case and accents do not matter.
///
/// Example: hissab search gupta bill
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Words, or their beginnings; then query terms like amt:>500
    #[arg(required = true, value_name = "WORDS")]
    pub words: Vec<String>,

    /// At most this many transactions
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

    /// Void transactions too
    #[arg(long)]
    pub void: bool,

    #[command(flatten)]
    pub periods: Periods<false>,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    let (terms, texts): (Vec<String>, Vec<String>) =
        args.words.into_iter().partition(|word| is_query_term(word));
    let words: Vec<String> = texts
        .iter()
        .flat_map(|text| text.split_whitespace())
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        return Err(
            Failure::usage("no-words", "search needs at least one word to look for")
                .hint("for query terms alone: hissab journal QUERY"),
        );
    }
    let filters = args.filters.with_words(terms);
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    let wanted = Wanted {
        kind: JournalKind::Search,
        limit: args.limit,
        reverse: true,
        voided: args.void,
        words,
        cash: None,
    };
    ctx.page()?;
    journal::write(ctx, &mut looking, &options, wanted)?;
    Ok(Exit::Ok)
}
