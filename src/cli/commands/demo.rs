//! `hissab demo`: a shop's month in a temporary folder, and the commands to try on it, run and shown.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::demo_month::{BANK_RULES, MONTH, OPENING, PARTIES, STATEMENT, Voucher};
use super::init;
use crate::book::{self, Book};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::ledger::change::{Change, NewAccount, OperationId, Unit, WriteMode};
use crate::ledger::draft::{Draft, DraftEntry};
use crate::ledger::settings::Settings;
use crate::ledger::template::Template;
use crate::ledger::transaction::TransactionId;

/// Make a sample book in a temporary folder and show what can be done with it
///
/// Example: hissab demo
#[derive(Debug, Clone, clap::Args)]
pub struct Args {}

/// The day the sample is looked at.
const TODAY: Date = date(2026, 4, 30);
/// The book and the bank's file, in the folder.
const BOOK: &str = "shop.hissab";
const BANK_FILE: &str = "hdfc-apr.csv";
const RULES_FILE: &str = "bank.rules";

/// What is tried, with a line on why.
const TRIED: &[(&str, &[&str])] = &[
    ("Record as you would say it:", &["out", "120", "tea"]),
    (
        "The bank's statement: first see what it would do, then do it. Doing it again changes nothing.",
        &[
            "import",
            BANK_FILE,
            "--account",
            "hdfc",
            "--rules",
            RULES_FILE,
            "--dry-run",
        ],
    ),
    (
        "",
        &[
            "import",
            BANK_FILE,
            "--account",
            "hdfc",
            "--rules",
            RULES_FILE,
        ],
    ),
    ("Does it all balance?", &["tb", "-p", "2026-04"]),
    (
        "One account, entry by entry:",
        &["ledger", "hdfc", "-p", "2026-04"],
    ),
    ("Who owes, whom do we owe, and for how long?", &["dues"]),
    ("", &["ageing"]),
    (
        "What was earned, and where the cash went:",
        &["is", "-W", "-p", "2026-04"],
    ),
    ("", &["cf", "-p", "2026-04"]),
    ("What is owned and owed:", &["bs"]),
    ("Find anything:", &["search", "gupta"]),
    (
        "Prove the books. What wants a look is said, with the command to paste:",
        &["check"],
    ),
    (
        "Nothing was changed behind the log's back:",
        &["audit", "verify"],
    ),
    ("The same for machines:", &["dues", "-O", "csv"]),
];

pub fn run(ctx: &mut Context, _args: Args) -> Result<Exit> {
    if ctx.globals.output.is_some() || !ctx.globals.files.is_empty() || ctx.globals.book.is_some() {
        let words = "demo makes a book of its own and shows it: -o, -f and -B do not apply";
        return Err(Failure::usage("flag-does-not-apply", words));
    }
    let folder = sample(ctx).context("making the sample")?;
    let shown = shell_word(&folder.display().to_string());
    writeln!(
        ctx.out,
        "A shop's April is in {shown}: cash, a bank, parties, a bank statement to import.\n"
    )?;
    for (why, words) in TRIED {
        try_out(ctx, &folder, why, words)?;
    }
    writeln!(
        ctx.out,
        "Try it yourself:\n  cd {shown} && export HISSAB_BOOK={BOOK}\n  hissab help\n\
         When you are done: rm -r {shown}. For a book of your own: hissab init"
    )?;
    Ok(Exit::Ok)
}

/// The folder with the book and the files to import; a sample that fails half-way is taken away again.
fn sample(ctx: &mut Context) -> anyhow::Result<PathBuf> {
    let folder = tempfile::Builder::new()
        .prefix("hissab-demo-")
        .tempdir()
        .with_context(|| format!("a folder in {}", std::env::temp_dir().display()))?;
    make(ctx, &folder.path().join(BOOK)).context("the book")?;
    for (name, text) in [(BANK_FILE, STATEMENT), (RULES_FILE, BANK_RULES)] {
        std::fs::write(folder.path().join(name), text)
            .with_context(|| format!("writing {name}"))?;
    }
    Ok(folder.keep())
}

/// Shows a command and runs it, as if it had been typed in the folder.
fn try_out(ctx: &mut Context, folder: &Path, why: &str, words: &[&str]) -> Result<()> {
    if !why.is_empty() {
        writeln!(ctx.out, "# {why}")?;
    }
    let typed: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
    writeln!(ctx.out, "$ hissab {}", typed.join(" "))?;
    ctx.out.flush()?;
    let in_folder = |word: &&str| -> OsString {
        if [BANK_FILE, RULES_FILE].contains(word) {
            folder.join(word).into()
        } else {
            word.into()
        }
    };
    let mut line: Vec<OsString> = vec!["hissab".into()];
    line.extend(words.iter().map(in_folder));
    line.extend(["--no-pager", "--no-input", "--today"].map(OsString::from));
    line.push(TODAY.to_string().into());
    line.push("-B".into());
    line.push(folder.join(BOOK).into());
    let exit = crate::cli::run(line);
    if exit != Exit::Ok {
        writeln!(ctx.out, "[exit {}]", exit as u8)?;
    }
    writeln!(ctx.out)?;
    Ok(())
}

/// Makes the book and posts the month, a unit a voucher.
fn make(ctx: &mut Context, path: &Path) -> anyhow::Result<()> {
    let mut settings = Settings::new("Shree Ganesh Stores", "INR");
    settings.timezone = "Asia/Kolkata".to_owned();
    let mut changes = init::changes(ctx, &settings, Template::Shop)?;
    for party in PARTIES {
        changes.push(Change::OpenAccount(NewAccount::at(ctx.make_id(), *party)));
    }
    let first = unit(ctx, "created", &changes)?;
    let (id, now) = (ctx.make_id(), ctx.now());
    let (mut book, _) = book::open::create(path, Duration::from_secs(5), id, now, first)?;
    let opening = Voucher {
        day: 1,
        description: "Opening balances",
        reference: "",
        due: None,
        entries: OPENING,
    };
    for voucher in std::iter::once(&opening).chain(MONTH) {
        post(ctx, book.as_mut(), voucher)
            .with_context(|| format!("posting {:?}", voucher.description))?;
    }
    Ok(())
}

fn post(ctx: &mut Context, book: &mut dyn Book, voucher: &Voucher) -> anyhow::Result<()> {
    let is_opening = voucher.entries == OPENING;
    let on = if is_opening {
        date(2026, 3, 31)
    } else {
        date(2026, 4, voucher.day)
    };
    let id = TransactionId(ctx.make_id());
    let mut draft = Draft::new(id, on, voucher.description);
    if is_opening {
        draft.voucher = Some(crate::ledger::transaction::Voucher::Opening);
    }
    draft.reference = Some(voucher.reference.to_owned()).filter(|r| !r.is_empty());
    draft.due = voucher.due.map(|(month, day)| date(2026, month, day));
    let entry = |(account, rupees): &(&str, i64)| DraftEntry {
        account: (*account).into(),
        amount: Some(Decimal::new(*rupees, 0)),
        ..DraftEntry::default()
    };
    draft.entries = voucher.entries.iter().map(entry).collect();
    let changes = vec![Change::Post(draft)];
    let posted = unit(ctx, "posted", &changes)?;
    for outcome in book.write(&[posted], WriteMode::Commit)? {
        outcome?;
    }
    Ok(())
}

fn unit<'a>(ctx: &mut Context, action: &str, changes: &'a Vec<Change>) -> Result<Unit<'a>> {
    Ok(Unit {
        operation: OperationId(ctx.make_id()),
        action: action.to_owned(),
        reason: None,
        who: ctx.who()?,
        at: ctx.now(),
        once: None,
        changes,
    })
}
