//! `hissab check`: every finding at once, in words or in the forms that build servers read.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::book::CheckDepth;
use crate::cli::checking::{self, Wanted};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::progress::Progress;
use crate::cli::shown::{self, ShownArgs};
use crate::ledger::finding::Severity;
use crate::render::cell::Column;
use crate::render::views::{CheckView, ListView, check as forms};
use crate::render::{Cell, Format};
use crate::reports::check::report::CheckReport;
use crate::reports::check::{CHECKS, info};

/// Prove the books: find what is wrong, and what should be looked at
///
/// Exit 3 if anything is found that is as bad as --fail-on.
#[derive(Debug, Clone, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example: hissab check --deep"
)]
pub struct Args {
    #[command(subcommand)]
    pub accept: Option<Accept>,

    /// Only these checks [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Read every byte: the whole file, foreign keys, search index and the audit chain
    #[arg(long)]
    pub deep: bool,

    /// Fail on error, warning or note [default: error]
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<String>,

    /// Leave out what this earlier output of check -O json says, word for word (- is stdin)
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// List the checks there are
    #[arg(long)]
    pub list: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(Debug, Clone, clap::Subcommand)]
pub enum Accept {
    /// Answer for a finding: it is left out from now on, and the log says who and why
    Accept(super::check_accept::Args),
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if let Some(Accept::Accept(accept)) = args.accept {
        return super::check_accept::run(ctx, accept);
    }
    if args.list {
        return list(ctx, &args.shown);
    }
    let fail_on = severity(args.fail_on.as_deref())?;
    let form = Form::of(ctx)?;
    let depth = if args.deep {
        CheckDepth::Deep
    } else {
        CheckDepth::Quick
    };
    let wanted = Wanted {
        codes: codes(&args.names)?,
        depth,
    };
    if let Some(baseline) = &args.baseline {
        ctx.spare(baseline)?;
    }
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let mut book = ctx.open_read().map_err(beyond_checking)?;
    let info = book.info().map_err(|e| beyond_checking(e.into()))?;
    let today = ctx.today(&info.settings.timezone)?;
    let progress = Progress::begin(ctx, "checking", None);
    let mut report = checking::run(book.as_mut(), today, &wanted).map_err(beyond_checking)?;
    drop(progress);
    if let Some(baseline) = baseline {
        report.known = leave_out(&mut report, baseline);
    }
    print(ctx, &args.shown, form, &report, fail_on)?;
    Ok(if report.fails(fail_on) {
        Exit::Unproved
    } else {
        Exit::Ok
    })
}

/// A book that is too damaged to be checked: to check it more deeply is no way on.
fn beyond_checking(mut failure: Failure) -> Failure {
    for hint in &mut failure.hints {
        *hint = hint.replace("hissab check --deep, or ", "");
    }
    failure
}

/// What findings are printed as.
enum Form {
    Lines,
    Report,
    Junit,
    Github,
    Sarif,
}

impl Form {
    fn of(ctx: &Context) -> Result<Form> {
        let word = ctx.globals.output_format.as_deref();
        match word.or(ctx.globals.format.as_deref()) {
            Some("junit") => Ok(Form::Junit),
            Some("github") => Ok(Form::Github),
            Some("sarif") => Ok(Form::Sarif),
            _ if ctx.format()? == Format::Table => Ok(Form::Lines),
            _ => Ok(Form::Report),
        }
    }
}

fn print(
    ctx: &mut Context,
    args: &ShownArgs,
    form: Form,
    report: &CheckReport,
    fail_on: Severity,
) -> Result<()> {
    match form {
        Form::Lines if args.fields.is_none() => {
            ctx.page()?;
            let colour = ctx.out.colour();
            let people = crate::render::People::default();
            return Ok(forms::write_lines(&mut ctx.out, report, &people, colour)?);
        }
        Form::Lines | Form::Report => {
            let options = args.options(ctx)?;
            shown::show(ctx, &options, &CheckView { report })?;
            if options.is_for_people() {
                return Ok(());
            }
        }
        Form::Junit => forms::write_junit(&mut ctx.out, report, fail_on)?,
        Form::Github => forms::write_github(&mut ctx.out, report)?,
        Form::Sarif => forms::write_sarif(&mut ctx.out, report)?,
    }
    ctx.note(&report.summary());
    Ok(())
}

fn severity(word: Option<&str>) -> Result<Severity> {
    let word = word.unwrap_or("error");
    Severity::from_word(word).ok_or_else(|| {
        Failure::usage(
            "bad-severity",
            format!("--fail-on takes error, warning or note, not {word:?}"),
        )
    })
}

/// The codes of the checks that were named.
fn codes(names: &[String]) -> Result<Vec<&'static str>> {
    let code = |name: &String| info(name).map(|c| c.code).ok_or_else(|| unknown(name));
    names.iter().map(code).collect()
}

/// What to say of a check that is not there.
pub fn unknown(name: &str) -> Failure {
    let failure = Failure::usage("unknown-check", format!("there is no check {name:?}"));
    let near = CHECKS
        .iter()
        .map(|c| (strsim::damerau_levenshtein(name, c.code), c.code))
        .min();
    match near {
        Some((distance, code)) if distance <= 4 => failure.hint(format!("did you mean {code}?")),
        _ => failure.hint("hissab check --list"),
    }
}

fn list(ctx: &mut Context, args: &ShownArgs) -> Result<Exit> {
    let rows = CHECKS.iter().map(|check| {
        vec![
            Cell::Word(check.code),
            Cell::Word(check.severity.word()),
            Cell::Word(check.what),
        ]
    });
    let view = ListView {
        schema: "check-list/1",
        title: Vec::new(),
        columns: ["code", "severity", "proves"].map(Column::text).to_vec(),
        headings: vec!["Check", "Severity", "Proves that"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    args.show(ctx, &view)?;
    Ok(Exit::Ok)
}

/// What findings of an earlier run say, and how many say so: code, place, and the words with their amounts.
type Baseline = BTreeMap<(String, String, String), usize>;

/// The findings of an earlier run: a document of `-O json`, or the lines of `-O ndjson`; `-` is stdin.
fn read_baseline(path: &Path) -> Result<Baseline> {
    let bytes = match path.as_os_str() == "-" {
        true => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes)?;
            bytes
        }
        false => std::fs::read(path).map_err(|e| Failure::file(path, &e))?,
    };
    let refused = || {
        Failure::refused(
            "bad-baseline",
            format!("{} is no output of hissab check", path.display()),
        )
        .hint("make one: hissab check -O json -o baseline.json")
    };
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    let rows: Vec<serde_json::Value> = match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(mut document)) if document.contains_key("rows") => {
            match document.remove("rows") {
                Some(serde_json::Value::Array(rows)) => rows,
                _ => return Err(refused()),
            }
        }
        _ => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let parsed: std::result::Result<_, _> = lines.map(serde_json::from_str).collect();
            parsed.map_err(|_| refused())?
        }
    };
    let mut baseline = Baseline::new();
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap_or("").to_owned();
        let code = row["code"].as_str().ok_or_else(refused)?.to_owned();
        *baseline
            .entry((code, text("where"), text("message")))
            .or_default() += 1;
    }
    Ok(baseline)
}

/// Takes out what a baseline has, as often as it has it; how many there were. What has grown since says
/// something else, and stays.
fn leave_out(report: &mut CheckReport, mut baseline: Baseline) -> usize {
    let mut known = 0;
    for outcome in &mut report.outcomes {
        outcome.findings.retain(|finding| {
            let says = (
                finding.code.to_owned(),
                finding.place(),
                finding.message.clone(),
            );
            let left = baseline.get_mut(&says).filter(|left| **left > 0);
            let is_known = left.map(|left| *left -= 1).is_some();
            known += usize::from(is_known);
            !is_known
        });
    }
    known
}
