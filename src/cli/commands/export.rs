//! `hissab export [FILE]`: every transaction, written so that this book or another program reads it back exactly.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::progress::Progress;
use crate::cli::shown::ShownArgs;
use crate::export::{Export, ExportError, Form};
use crate::ledger::plural::counted;
use crate::render::Options;

/// Write every transaction to a file that other programs read
///
/// -O csv, tsv, json, ndjson, md, html, xlsx, hledger, ledger, beancount, sql, qif or tally; else the name of
/// FILE says it, else it is an hledger journal.
/// Ids are kept, so that importing a journal or rows (csv, tsv, json, ndjson) again changes nothing. Rows carry
/// entries with their prices and tags; due dates, metadata and the prices of days are in journals. What is
/// written as xlsx, md or html is to be read.
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

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    // As with -o, a dash is stdout.
    let is_stdout = args.target.as_deref() == Some(Path::new("-"));
    let form = form(ctx, args.target.as_deref())?;
    if args.job {
        args.shown.refuse("an export made here")?;
        return super::job::export(ctx, form.word(), args.target.as_deref());
    }
    if let Some(path) = args.target.as_ref().filter(|_| !is_stdout) {
        if ctx.globals.output.is_some() {
            return Err(Failure::usage(
                "two-outputs",
                "give the file as FILE or with -o, not both",
            ));
        }
        ctx.write_to(path)?;
    }
    let options = match form {
        Form::Rows(format) => {
            ctx.globals.output_format = Some(format.word().to_owned());
            args.shown.options(ctx)?
        }
        Form::Journal(_) | Form::Book(_) => {
            args.shown
                .refuse("rows: -O csv, tsv, json, ndjson or xlsx")?;
            Options::default()
        }
    };
    write(ctx, form, options)?;
    Ok(Exit::Ok)
}

fn write(ctx: &mut Context, form: Form, options: Options) -> Result<()> {
    ctx.out.end_with_reader();
    let mut book = ctx.open_read()?;
    let mut info = book.info()?;
    if !ctx.globals.files.is_empty() {
        // Journals are a nameless book: what is printed never depends on where they lie.
        info.settings.name.clear();
    }
    // Where the data goes to a terminal itself there is no place for a bar.
    let total = Some(info.transactions);
    let progress = (!ctx.out.is_terminal()).then(|| Progress::begin(ctx, "exporting", total));
    let mut step = || {
        if let Some(progress) = &progress {
            progress.step();
        }
        ControlFlow::Continue(())
    };
    let export = Export::all(form, info, options);
    export.write(book.as_mut(), &mut ctx.out, &mut step)?;
    let left_out = export.left_out(book.as_mut())?.len() as u64;
    if left_out > 0 {
        ctx.warn(&format!(
            "{} that the books contradict, left out as comments: hissab check assertion-failed",
            counted(left_out, "assertion")
        ));
    }
    Ok(())
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Failure {
        match error {
            ExportError::Book(error) => error.into(),
            ExportError::Render(error) => error.into(),
            ExportError::Io(error) => error.into(),
            ExportError::Unsaid(words) => Failure::refused("cannot-be-said", words)
                .while_doing("not exported")
                .hint("give it a price: hissab amend NUMBER --edit; or choose another format"),
            ExportError::Stopped => Failure::refused("stopped", error.to_string()),
        }
    }
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
    Form::from_word(&word).ok_or_else(|| {
        Failure::usage(
            "unknown-format",
            format!("export does not write the format {word:?}"),
        )
        .hint(format!("formats: {}", Form::WORDS))
    })
}
