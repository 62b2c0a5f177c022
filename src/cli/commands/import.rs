//! `hissab import FILE…`: bank statements into the book, each file all or nothing.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::import_write::{tried, write};
use super::{import_list, import_undo};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::importing::file_plan;
use crate::cli::importing::learning::Learning;
use crate::cli::importing::reading::{self, ReadingArgs};
use crate::cli::importing::view::{FileSheet, ImportView, Outcome};
use crate::cli::importing::{Planned, Session, input, journal, profiles};
use crate::cli::mirroring::folder::mirror_at;
use crate::cli::mirroring::restore;
use crate::cli::progress::Progress;
use crate::cli::record::look_again;
use crate::cli::shown::{self, ShownArgs};
use crate::formats::csv::entries;
use crate::formats::sniff::Content;
use crate::ledger::change::WriteMode;

/// Bring in bank statements and journals, or see and take back what was brought in
///
/// Importing the same file twice changes nothing; overlapping statements add only what is new.
/// With --dry-run nothing is written and every row is shown with what would become of it.
/// What a file is (CSV, a workbook, OFX, QFX, QIF, CAMT.053, MT940, a journal, a book of another tool) is seen
/// from what it holds. A file of several accounts takes --account NUMBER=ACCOUNT for each, which --save-profile
/// keeps for the next one; transfers between them are posted once. A statement whose balances do not follow
/// from its rows is refused, or with --allow-gap recorded as it is.
#[derive(Debug, Clone, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Example: hissab import hdfc-apr.csv --account hdfc --save-profile hdfc --dry-run"
)]
pub struct Args {
    #[command(subcommand)]
    pub action: Option<Action>,

    /// Statements of any bank (CSV, XLSX, ODS, XLS, OFX, QIF, CAMT.053, MT940), journals, books of other tools (- is stdin)
    #[arg(value_name = "FILE", required = true)]
    pub statements: Vec<String>,

    /// Save how the file was read, for the next one like it
    #[arg(long, value_name = "NAME")]
    pub save_profile: Option<String>,

    /// Show what would become of each row, and write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Open the accounts that rules name and the book lacks
    #[arg(long)]
    pub create_accounts: bool,

    /// Show what decided each row: the rule, or the earlier transactions like it
    #[arg(long)]
    pub why: bool,

    /// Put rows that no rule catches where earlier ones like them went, from this score on
    #[arg(long, value_name = "MIN", num_args = 0..=1, require_equals = true, default_missing_value = "80", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub accept_suggestions: Option<u8>,

    /// Print what would be suggested as JSON (or -O ndjson), and write nothing
    #[arg(long, conflicts_with = "save_profile")]
    pub suggest_only: bool,

    /// Go through the rows that no rule catches, at the terminal; can be left and gone on with
    #[arg(long, conflicts_with = "suggest_only")]
    pub review: bool,

    /// All files or none
    #[arg(long)]
    pub atomic: bool,

    /// Import once only: the same file with the same key again changes nothing, even after import undo
    #[arg(long, value_name = "KEY")]
    pub once: Option<String>,

    #[command(flatten)]
    pub reading: ReadingArgs,

    #[command(flatten)]
    pub shown: ShownArgs,
}

impl Args {
    /// Something is asked of rules and earlier transactions, row by row.
    fn learns(&self) -> bool {
        self.why || self.review || self.accept_suggestions.is_some()
    }
}

#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    List(import_list::Args),
    Undo(import_undo::Args),
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.action {
        Some(Action::List(list)) => import_list::run(ctx, list),
        Some(Action::Undo(undo)) => import_undo::run(ctx, undo),
        None => import(ctx, args),
    }
}

fn import(ctx: &mut Context, args: Args) -> Result<Exit> {
    // Of an import, --format is the format of the file.
    let mut args = args;
    let format = ctx.globals.format.take();
    args.reading.kind = match format.as_deref() {
        None | Some("auto") => None,
        Some("csv") => Some(Content::Csv),
        Some("journal" | "hledger" | "ledger") => Some(Content::Journal),
        Some("beancount") => Some(Content::Beancount),
        Some("ofx" | "qfx") => Some(Content::Ofx),
        Some("mt940") => Some(Content::Mt940),
        Some("gnucash") => Some(Content::Gnucash),
        Some("tally") => Some(Content::TallyXml),
        Some("qif") => Some(Content::Qif),
        Some("camt" | "camt053") => Some(Content::Camt),
        Some(word) => {
            return Err(Failure::usage(
                "unknown-format",
                format!("import does not read the format {word:?}"),
            )
            .hint("formats: auto, csv, ofx, qif, camt, mt940, journal, beancount, gnucash, tally; of the output: -O csv, -O json"));
        }
    };
    if args.reading.kind.is_none()
        && let Some(folder) = mirror_among(&args)?
    {
        return restore::run(ctx, &folder, args.dry_run);
    }
    if args.review && !ctx.can_ask() {
        return Err(Failure::usage(
            "review-needs-terminal",
            "--review asks about each row, and nobody can be asked here",
        )
        .hint("for scripts: --suggest-only prints suggestions, --accept-suggestions takes those that are sure"));
    }
    if args.suggest_only {
        args.dry_run = true;
        args.why = true;
        if ctx.globals.output_format.is_none() {
            ctx.globals.json = true;
        }
    }
    let inputs = args.statements.iter().map(Path::new);
    for file in inputs.chain(args.reading.rules.as_deref()) {
        ctx.spare(file)?;
    }
    args.statements = input::with_members(&args.statements)?;
    let options = args.shown.options(ctx)?;
    let book = if args.dry_run {
        ctx.open_read()?
    } else {
        ctx.open_write()?
    };
    let mut session = Session::new(book, args.create_accounts)?;
    session.learning = learning(&args);
    session.flags = flags(&args, format.as_deref());
    let (outcomes, failures) = if args.atomic || args.dry_run {
        let mut again = false;
        look_again(ctx, |ctx| {
            if std::mem::replace(&mut again, true) {
                session.begin_again()?;
            }
            together(ctx, &mut session, &args)
        })?
    } else {
        one_by_one(ctx, &mut session, &args)?
    };
    // One file alone fails as any command does.
    if let ([failure], [_]) = (failures.as_slice(), outcomes.as_slice()) {
        return Err(failure.clone());
    }
    if !failures.is_empty() {
        for failure in &failures {
            ctx.complain(failure);
        }
        if args.atomic {
            ctx.note("nothing was imported: --atomic");
            return Ok(Exit::Failed);
        }
    }
    show(ctx, &options, &outcomes, &args)?;
    advise(ctx, &outcomes, args.dry_run);
    // The process is about to end: giving back a hundred thousand rows one by one helps nobody.
    std::mem::forget(outcomes);
    Ok(if failures.is_empty() {
        Exit::Ok
    } else {
        Exit::Failed
    })
}

/// The flags that a hint repeats, each with a blank before it.
fn flags(args: &Args, format: Option<&str>) -> String {
    let mut text = args.reading.flags();
    if let Some(format) = format {
        text.push_str(&format!(" --format {}", shell_word(format)));
    }
    for (flag, given) in [("--atomic", args.atomic), ("--dry-run", args.dry_run)] {
        if given {
            text.push_str(&format!(" {flag}"));
        }
    }
    text
}

/// The folder of a mirror, if that is what is brought in: alone, and without flags of other files.
fn mirror_among(args: &Args) -> Result<Option<PathBuf>> {
    let found = args.statements.iter().find_map(|f| mirror_at(Path::new(f)));
    let Some(folder) = found else {
        return Ok(None);
    };
    let name = folder.display().to_string();
    if args.statements.len() > 1 {
        return Err(Failure::usage(
            "mirror-alone",
            format!("{name} is the mirror of a whole book: it is taken in alone"),
        ));
    }
    journal::refuse_statement_flags(&args.reading, &name)?;
    args.shown.refuse("rows of a file")?;
    let given = [
        (args.save_profile.is_some(), "--save-profile"),
        (args.once.is_some(), "--once"),
    ];
    match given.iter().find(|(given, _)| *given) {
        Some((_, flag)) => Err(Failure::usage(
            "flag-does-not-apply",
            format!("{flag} is for files; {name} is the mirror of a whole book"),
        )),
        None => Ok(Some(folder)),
    }
}

/// What is asked of earlier transactions.
fn learning(args: &Args) -> Learning {
    let rules = args.reading.rules.as_ref();
    Learning {
        wanted: args.learns(),
        accept: args.accept_suggestions,
        review: args.review,
        rules: rules.map(|r| r.display().to_string()).unwrap_or_default(),
    }
}

type Outcomes = (Vec<Outcome>, Vec<Failure>);

/// Each file is read, planned and written before the next, which sees it.
fn one_by_one(ctx: &mut Context, session: &mut Session, args: &Args) -> Result<Outcomes> {
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for file in &args.statements {
        let mut again = false;
        let mut work = |ctx: &mut Context| {
            if std::mem::replace(&mut again, true) {
                session.refresh()?;
            }
            let mut plan = planned(ctx, session, args, file)?;
            let plans = std::slice::from_mut(&mut plan);
            write(ctx, session, args, plans, WriteMode::Commit)?;
            remember(ctx, args, &plan)?;
            Ok(plan)
        };
        // Nobody is asked twice about rows they have gone through.
        let done = match args.review {
            true => work(ctx),
            false => look_again(ctx, work),
        };
        collect(done, file, &mut outcomes, &mut failures)?;
    }
    Ok((outcomes, failures))
}

/// All files are planned first; then all are written in one commit, or none.
fn together(ctx: &mut Context, session: &mut Session, args: &Args) -> Result<Outcomes> {
    let (mut plans, mut failures) = (Vec::new(), Vec::new());
    let mut outcomes = Vec::new();
    for file in &args.statements {
        match planned(ctx, session, args, file) {
            Ok(plan) => {
                session.hold(&plan);
                plans.push(plan);
            }
            Err(failure) => collect(Err(failure), file, &mut outcomes, &mut failures)?,
        }
    }
    if failures.is_empty() && !args.dry_run {
        write(ctx, session, args, &mut plans, WriteMode::CommitAll)?;
        for plan in &plans {
            remember(ctx, args, plan)?;
        }
    }
    if args.dry_run && !args.suggest_only {
        session.book = ctx.open_write()?;
        let mut sound = Vec::new();
        for (plan, tried) in tried(ctx, session, args, plans)? {
            match tried {
                Ok(()) => sound.push(plan),
                Err(failure) => collect(Err(failure), plan.file(), &mut outcomes, &mut failures)?,
            }
        }
        plans = sound;
    }
    outcomes.extend(plans.into_iter().map(Outcome::Planned));
    Ok((outcomes, failures))
}

/// A refused file does not stop the others; a book that cannot be used does.
fn collect(
    done: Result<Planned>,
    file: &str,
    outcomes: &mut Vec<Outcome>,
    failures: &mut Vec<Failure>,
) -> Result<()> {
    match done {
        Ok(planned) => outcomes.push(Outcome::Planned(planned)),
        Err(failure)
            if matches!(failure.exit, Exit::Unavailable | Exit::Interrupted)
                || failure.code == "would-overwrite" =>
        {
            return Err(failure);
        }
        Err(failure) => {
            let line = failure.at.first().and_then(|at| {
                at.strip_prefix(&format!("{file}:"))?
                    .split(':')
                    .next()?
                    .parse()
                    .ok()
            });
            outcomes.push(Outcome::Refused {
                file: file.to_owned(),
                line,
            });
            failures.push(failure);
        }
    }
    Ok(())
}

fn planned(ctx: &mut Context, session: &mut Session, args: &Args, file: &str) -> Result<Planned> {
    let progress = Progress::begin(ctx, &format!("reading {file}"), None);
    let input = input::read(ctx, file, args.reading.kind, args.reading.sheet.as_deref())?;
    let forced = args.reading.kind == Some(Content::Csv);
    let whole = input.content.is_book()
        || input.content == Content::Csv && !forced && entries::is_entries(input.bytes());
    if whole && args.learns() {
        return Err(Failure::usage(
            "flag-does-not-apply",
            format!(
                "--why, --review and suggestions are for rows of a statement; {file} holds whole transactions"
            ),
        ));
    }
    if whole {
        let plan = journal::plan(ctx, session, &args.reading, input)?;
        drop(progress);
        ctx.step(&format!("read and planned {file}"));
        return Ok(Planned::Journal(Box::new(plan)));
    }
    let (file_name, sha256) = (input.file_name(), input.sha256());
    let read = reading::read(ctx, session, &args.reading, &input)?;
    drop(progress);
    ctx.step(&format!("read {file}"));
    if read.parts.iter().all(|p| p.statement.rows.is_empty()) {
        ctx.warn(&format!("{file} holds no transactions"));
    }
    let plan = file_plan::plan(ctx, session, file, file_name, sha256, read)?;
    ctx.step(&format!("planned {file}"));
    Ok(Planned::Statement(Box::new(plan)))
}

fn remember(ctx: &Context, args: &Args, planned: &Planned) -> Result<()> {
    let (Some(name), Planned::Statement(plan)) = (&args.save_profile, planned) else {
        return Ok(());
    };
    let path = profiles::save(name, plan.as_profile.clone())?;
    ctx.note(&format!("saved the profile {name} in {}", path.display()));
    Ok(())
}

fn show(
    ctx: &mut Context,
    options: &crate::render::Options,
    outcomes: &[Outcome],
    args: &Args,
) -> Result<()> {
    if !options.is_for_people() {
        return shown::show(
            ctx,
            options,
            &ImportView {
                outcomes,
                dry_run: args.dry_run,
                why: args.learns(),
            },
        );
    }
    if args.dry_run {
        ctx.page()?;
    }
    let mut first = true;
    for outcome in outcomes {
        let Outcome::Planned(planned) = outcome else {
            continue;
        };
        if !std::mem::take(&mut first) {
            writeln!(ctx.out)?;
        }
        let all = args.dry_run || args.learns() || ctx.globals.verbose > 0;
        for part in 0..planned.parts() {
            if part > 0 {
                writeln!(ctx.out)?;
            }
            let sheet = FileSheet {
                planned,
                part,
                dry_run: args.dry_run,
                all,
            };
            shown::show(ctx, options, &sheet)?;
        }
    }
    Ok(())
}

/// What to do next.
fn advise(ctx: &Context, outcomes: &[Outcome], dry_run: bool) {
    let suspense = outcomes.iter().find_map(|o| match o {
        Outcome::Planned(Planned::Statement(plan)) => plan
            .parts
            .iter()
            .find(|p| p.counts().to_suspense > 0)
            .map(|p| p.suspense.clone()),
        _ => None,
    });
    if let (Some(suspense), false) = (suspense, dry_run) {
        let word = crate::cli::error::shell_word(&suspense);
        ctx.note(&format!("hint: hissab ledger {word}, then hissab amend NUMBER --category ACCOUNT, or write rules: hissab help formats"));
    }
}
