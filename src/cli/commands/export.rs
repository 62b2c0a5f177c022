//! `hissab export [FILE]`: every transaction, written so that this book or another program reads it back exactly.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::book::{Book, Order, Scan};
use crate::cli::commands::journal::{self, Wanted};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::{Filters, Looking, Periods};
use crate::cli::output::Out;
use crate::cli::progress::Progress;
use crate::cli::shown::ShownArgs;
use crate::formats::journal::{Dialect, JournalWriter, WriteOptions};
use crate::render::Format;
use crate::render::views::JournalKind;

/// Write every transaction to a file that other programs read
///
/// -O csv, tsv, json, ndjson, hledger or ledger; else the name of FILE says it, else it is an hledger journal.
/// Ids are kept, so that importing the file again changes nothing.
#[derive(clap::Args)]
#[command(after_help = "Example: hissab export shop.journal; hledger -f shop.journal balance")]
pub struct Args {
    /// The file to write, whole or not at all (else stdout)
    #[arg(value_name = "FILE")]
    pub target: Option<PathBuf>,

    /// Let the server make it, then fetch it to FILE; without FILE its job's id is told
    #[arg(long)]
    pub job: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

/// What is written.
enum Form {
    Journal(Dialect),
    Rows(Format),
}

impl Form {
    /// How the API names it.
    fn word(&self) -> &'static str {
        match self {
            Form::Journal(Dialect::Ledger) => "ledger",
            Form::Journal(_) => "hledger",
            Form::Rows(format) => format.word(),
        }
    }
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let form = form(ctx, args.target.as_deref())?;
    if args.job {
        args.shown.refuse("an export made here")?;
        return super::job::export(ctx, form.word(), args.target.as_deref());
    }
    if let Some(path) = &args.target {
        if ctx.globals.output.is_some() {
            return Err(Failure::usage(
                "two-outputs",
                "give the file as FILE or with -o, not both",
            ));
        }
        ctx.out = Out::file(path)?;
    }
    match form {
        Form::Journal(dialect) => write_journal(ctx, dialect)?,
        Form::Rows(format) => {
            ctx.globals.output_format = Some(format.word().to_owned());
            let options = args.shown.options(ctx)?;
            let mut looking =
                Looking::open(ctx, &Periods::<false>::default().0, &Filters::default())?;
            let wanted = Wanted {
                kind: JournalKind::Journal,
                limit: None,
                reverse: false,
                voided: false,
                words: Vec::new(),
                notes: Vec::new(),
            };
            let _progress = progress(ctx, None);
            journal::write(ctx, &mut looking, &options, wanted)?;
        }
    }
    Ok(Exit::Ok)
}

fn form(ctx: &Context, target: Option<&Path>) -> Result<Form> {
    let globals = &ctx.globals;
    let named = target
        .or(globals.output.as_deref())
        .and_then(Path::extension)
        .map(|e| e.to_string_lossy().to_lowercase());
    let json = globals.json.then(|| "json".to_owned());
    let said = globals
        .output_format
        .clone()
        .or(globals.format.clone())
        .or(json);
    let word = said
        .or(named.filter(|e| *e != "txt"))
        .unwrap_or_else(|| "hledger".to_owned());
    let unknown = || {
        Failure::usage(
            "unknown-format",
            format!("export does not write the format {word:?}"),
        )
        .hint("formats: csv, tsv, json, ndjson, hledger, ledger")
    };
    match word.as_str() {
        "ledger" => Ok(Form::Journal(Dialect::Ledger)),
        "hledger" => Ok(Form::Journal(Dialect::Hledger)),
        "dat" => Ok(Form::Journal(Dialect::Auto)),
        other => match Format::from_word(other).or_else(|| Format::of_extension(other)) {
            Some(Format::Hledger) => Ok(Form::Journal(Dialect::Hledger)),
            Some(format @ (Format::Csv | Format::Tsv | Format::Json | Format::Ndjson)) => {
                Ok(Form::Rows(format))
            }
            _ => Err(unknown()),
        },
    }
}

/// Where the data goes to a terminal itself there is no place for a bar.
fn progress(ctx: &Context, total: Option<u64>) -> Option<Progress> {
    (!ctx.out.is_terminal()).then(|| Progress::begin(ctx, "exporting", total))
}

/// The whole book as a journal: its commodities, accounts and prices, then every transaction as it comes.
fn write_journal(ctx: &mut Context, dialect: Dialect) -> Result<()> {
    let mut book: Box<dyn Book> = ctx.open_read()?;
    let (chart, prices) = (book.chart()?, book.prices()?);
    let progress = progress(ctx, Some(book.info()?.transactions));
    let mut writer = JournalWriter::new(&mut ctx.out, chart, WriteOptions { dialect, ids: true });
    writer.head(&prices)?;
    let scan = Scan {
        order: Order::OldestFirst,
        ..Scan::default()
    };
    let mut failed = None;
    book.scan(&scan, &mut |transaction| {
        if let Some(progress) = &progress {
            progress.step();
        }
        match writer.transaction(&transaction) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    writer.finish()?;
    Ok(())
}
