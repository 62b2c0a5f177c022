//! `hissab reconcile ACCOUNT`: the account against a statement, and the marks that hold what agreed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::ops::ControlFlow;

use jiff::civil::Date;

use super::reconcile_view::{choose, sheet};
use crate::book::{Book, Scan};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::importing::reading::{self, ReadingArgs};
use crate::cli::importing::{self, Session, input};
use crate::cli::record::{Recorder, WriteArgs, resolve};
use crate::cli::shown::ShownArgs;
use crate::formats::plan::{Fate, is_dated_like};
use crate::ledger::account::AccountKey;
use crate::ledger::change::{Change, Target};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::day::Day;
use crate::ledger::draft::Draft;
use crate::ledger::money::to_minor;
use crate::ledger::period::people_date;
use crate::ledger::plural::counted;
use crate::ledger::transaction::{Number, RECONCILED_TAG, Status, Tag, Transaction};
use crate::render::sanitize::line;
use crate::reports::reconciliation::{Line, Missing, Reconciliation};

/// Compare an account with a statement, and mark what agrees
///
/// Without --statement or --balance shows what is reconciled and what is open. With one of them, a terminal asks
/// which entries are on the statement until nothing differs; --accept-exact marks them only if nothing does.
/// Reconciled entries cannot be changed until the mark is taken off with --undo. Exit 3 if something differs.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab reconcile hdfc --statement hdfc-apr.csv --accept-exact")]
pub struct Args {
    /// The account
    pub account: String,

    /// The statement: any file that hissab import reads
    #[arg(long, value_name = "FILE", conflicts_with = "balance")]
    pub statement: Option<String>,

    /// The closing balance of a statement on paper: positive or Dr is a debit, negative or Cr a credit
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub balance: Option<String>,

    /// The last day to look at, that of the statement on paper [default: today]
    #[arg(long, value_name = "DATE", conflicts_with = "statement")]
    pub until: Option<String>,

    /// Mark what agrees if nothing differs; change nothing otherwise
    #[arg(long)]
    pub accept_exact: bool,

    /// Take the marks off this transaction (repeatable)
    #[arg(long, value_name = "REF", conflicts_with_all = ["statement", "balance", "accept_exact"])]
    pub undo: Vec<String>,

    /// Take off every mark of the statement that ended on this day
    #[arg(long, value_name = "DATE", conflicts_with_all = ["statement", "balance", "accept_exact", "undo"])]
    pub undo_statement: Option<String>,

    #[command(flatten)]
    pub reading: ReadingArgs,

    #[command(flatten)]
    pub write: WriteArgs,

    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if !args.undo.is_empty() || args.undo_statement.is_some() {
        return undo(ctx, &args);
    }
    if args.accept_exact && args.statement.is_none() && args.balance.is_none() {
        return Err(Failure::usage(
            "what-to-accept",
            "--accept-exact needs the statement: --statement FILE or --balance AMOUNT",
        ));
    }
    let marks = args.accept_exact || (asked(&args) && ctx.can_ask() && !ctx.wants_json());
    let book = match marks {
        true => ctx.open_write()?,
        false => ctx.open_read()?,
    };
    let (book, mut found, of) = match &args.statement {
        Some(file) => with_statement(ctx, book, &args, file)?,
        None => by_balance(ctx, book, &args)?,
    };
    if marks && !args.accept_exact && !found.is_exact() {
        choose(ctx, &mut found, &of.currency)?;
    }
    let writes = marks && found.is_exact();
    sheet(ctx, &args, &found, &of, writes)?;
    if writes {
        mark(ctx, book, &args, &found, &of)?;
    }
    Ok(if !asked(&args) || found.is_exact() {
        Exit::Ok
    } else {
        Exit::Unproved
    })
}

/// Whether there is a statement to hold the account against.
fn asked(args: &Args) -> bool {
    args.statement.is_some() || args.balance.is_some()
}

/// What is reconciled: one account in one currency.
pub struct Of {
    pub path: String,
    pub account: AccountKey,
    pub currency: Currency,
    /// The last mark there is.
    pub last_mark: Option<String>,
    /// The transactions that are on the statement, marked or not.
    pub agreed: HashSet<u64>,
}

type Compared = (Box<dyn Book>, Reconciliation, Of);

fn with_statement(
    ctx: &mut Context,
    book: Box<dyn Book>,
    args: &Args,
    file: &str,
) -> Result<Compared> {
    ctx.spare(std::path::Path::new(file))?;
    let mut session = Session::new(book, false)?;
    let account = resolve::account(&session.chart, &args.account)?.clone();
    let mut reading = args.reading.clone();
    if reading.accounts.is_empty() {
        reading.accounts.push(account.path.to_string());
    }
    let input = input::read(ctx, file, None, reading.sheet.as_deref())?;
    let parts = reading::read(ctx, &session, &reading, &input)?.parts;
    let part = parts.into_iter().find(|p| p.account == account.path);
    let part = part.ok_or_else(|| {
        Failure::usage(
            "another-account",
            format!("{file} holds no statement of {}", account.path),
        )
    })?;
    let plan = importing::compare(ctx, &mut session, file, part)?;
    let mut currencies: Vec<CurrencyKey> = plan.amounts.iter().map(|(_, c)| *c).collect();
    currencies.dedup();
    let [currency] = currencies.as_slice() else {
        return Err(match currencies.is_empty() {
            true => Failure::refused("empty-statement", format!("{file} has no rows")),
            false => Failure::refused(
                "several-currencies",
                format!("{file} is in several currencies; reconcile needs a file for each"),
            ),
        });
    };
    let proof = plan.books.iter().find(|b| b.currency == *currency);
    let rows = &plan.read.statement.rows;
    let until = proof.map_or_else(
        || rows.iter().map(|r| r.date).max().unwrap_or_default(),
        |proof| proof.as_of,
    );
    let mut said: BTreeMap<u64, Said> = BTreeMap::new();
    for ((row, planned), (minor, _)) in rows.iter().zip(&plan.planned).zip(&plan.amounts) {
        if let Some(number) = number(planned.fate) {
            said.entry(number).or_default().add(row.date, *minor);
        }
    }
    let chart = session.chart.clone();
    let mut book = session.book;
    let (mut found, of) = open(
        &mut *book,
        &chart,
        account.key,
        *currency,
        until,
        |transaction, moved, _| {
            let said = said.get(&transaction.number.0);
            said.is_some_and(|said| said.moved == moved && said.dated(transaction.date))
        },
    )?;
    found.closing = proof.and_then(|proof| proof.statement);
    for ((row, planned), (minor, _)) in rows.iter().zip(&plan.planned).zip(&plan.amounts) {
        let became = number(planned.fate);
        if became.is_none_or(|number| !of.agreed.contains(&number)) {
            let now = became.map(|number| book.find(Target::Number(Number(number))));
            let now = now.transpose()?.flatten().filter(|t| !t.is_void());
            let off = |t: &Transaction| {
                let said = said.get(&t.number.0);
                said.is_some_and(|said| said.moved == moved(t, account.key, *currency))
            };
            found.missing.push(Missing {
                line: row.line,
                date: row.date,
                description: row.description.clone(),
                minor: *minor,
                became,
                dated: now.filter(off).map(|t| t.date),
            });
        }
    }
    let sum = plan
        .amounts
        .iter()
        .map(|(minor, _)| i128::from(*minor))
        .sum();
    if let Some(first) = rows.iter().map(|r| r.date).min() {
        found.bring_forward(first, sum);
    }
    Ok((book, found, of))
}

/// What the rows of one transaction say.
#[derive(Default)]
struct Said {
    moved: i128,
    days: Vec<Date>,
}

impl Said {
    fn add(&mut self, day: Date, minor: i64) {
        self.moved += i128::from(minor);
        self.days.push(day);
    }

    /// Whether a transaction of this date may be the one: as all of its rows allow.
    fn dated(&self, date: Date) -> bool {
        self.days.iter().all(|day| is_dated_like(*day, date))
    }
}

/// What a transaction moves of an account.
fn moved(transaction: &Transaction, account: AccountKey, currency: CurrencyKey) -> i128 {
    let entries = transaction.entries.iter();
    let of = entries.filter(|e| (e.account, e.currency) == (account, currency));
    of.map(|e| i128::from(e.minor)).sum()
}

fn number(fate: Fate) -> Option<u64> {
    match fate {
        Fate::Known { number } | Fate::Matched { number, .. } => Some(number),
        _ => None,
    }
}

fn by_balance(ctx: &mut Context, book: Box<dyn Book>, args: &Args) -> Result<Compared> {
    let mut recorder = Recorder::with(ctx, book)?;
    let account = resolve::account(&recorder.chart, &args.account)?.clone();
    let until = recorder.date_or_today(args.until.as_deref())?;
    let money = args.balance.as_deref().map(|b| recorder.money_or_zero(b));
    let money = money.transpose()?;
    let code = money.as_ref().and_then(|m| m.currency.clone());
    let code = code
        .or(args.reading.currency.as_deref().map(std::sync::Arc::from))
        .or(account.currency.clone())
        .unwrap_or_else(|| recorder.info.settings.base_currency.as_str().into());
    let chart = recorder.chart.clone();
    let currency = chart.resolve_currency(&code).ok_or_else(|| {
        Failure::not_found("unknown-currency", format!("there is no currency {code:?}"))
    })?;
    let mut book = recorder.book;
    // On paper nobody says which entries: everything until one is left out, but for what a later statement had.
    let (mut found, of) = open(
        &mut *book,
        &chart,
        account.key,
        currency.key,
        until,
        |_, _, later| money.is_some() && !later,
    )?;
    if let Some(money) = &money {
        let minor = to_minor(money.amount, currency.scale)
            .map_err(|e| Failure::usage("bad-amount", format!("{}: {e}", money.amount)))?;
        found.closing = Some(minor.into());
    }
    Ok((book, found, of))
}

/// The account's entries up to a day: what carries a mark of that day or before, and the lines that do not.
/// `is_found` is asked by transaction, what it moves of the account, and whether a later statement had it.
fn open(
    book: &mut dyn Book,
    chart: &Chart,
    account: AccountKey,
    currency: CurrencyKey,
    until: Date,
    is_found: impl Fn(&Transaction, i128, bool) -> bool,
) -> Result<(Reconciliation, Of)> {
    let mut found = Reconciliation {
        until,
        reconciled: 0,
        lines: Vec::new(),
        missing: Vec::new(),
        closing: None,
    };
    let mut of = Of {
        path: chart.account(account).path.to_string(),
        account,
        currency: chart.currency(currency).clone(),
        last_mark: None,
        agreed: HashSet::new(),
    };
    book.scan(&entries_until(account, until), &mut |transaction| {
        let entries = || {
            let all = transaction.entries.iter().enumerate();
            all.filter(|(_, e)| (e.account, e.currency) == (account, currency))
        };
        let number = transaction.number.0;
        let moved = moved(&transaction, account, currency);
        if is_found(&transaction, moved, false) {
            of.agreed.insert(number);
        }
        for (place, entry) in entries() {
            let mark = entry.reconciled();
            let later = mark.is_some_and(|mark| is_later(mark, until));
            if let Some(mark) = mark.filter(|_| !later) {
                found.reconciled += i128::from(entry.minor);
                of.last_mark = of.last_mark.take().max(Some(mark.to_owned()));
            } else {
                found.lines.push(Line {
                    number,
                    entry: place,
                    date: transaction.date,
                    description: transaction.description.to_string(),
                    reference: transaction.reference.clone(),
                    minor: entry.minor,
                    found: is_found(&transaction, moved, later),
                    later,
                });
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok((found, of))
}

/// Whether a mark is of a statement that ended after the day.
fn is_later(mark: &str, until: Date) -> bool {
    mark.parse::<Date>().is_ok_and(|mark| mark > until)
}

fn entries_until(account: AccountKey, until: Date) -> Scan {
    Scan {
        until: Some(Day(Day::of(until).0 + 1).date()),
        accounts: Some(vec![account]),
        ..Scan::default()
    }
}

/// Writes the marks, all as one operation.
fn mark(
    ctx: &mut Context,
    mut book: Box<dyn Book>,
    args: &Args,
    found: &Reconciliation,
    of: &Of,
) -> Result<()> {
    let mut picked: HashMap<u64, Vec<usize>> = HashMap::new();
    for line in found.lines.iter().filter(|l| l.found && !l.later) {
        picked.entry(line.number).or_default().push(line.entry);
    }
    let tag = Tag {
        name: RECONCILED_TAG.to_owned(),
        value: found.until.to_string(),
    };
    let scan = entries_until(of.account, found.until);
    let changes = amended(&mut *book, &scan, |transaction, draft| {
        let places = picked.get(&transaction.number.0)?;
        for place in places {
            let entry = draft.entries.get_mut(*place)?;
            entry.tags.push(tag.clone());
            entry.status = Status::Cleared;
        }
        Some(())
    })?;
    if changes.is_empty() {
        ctx.note("nothing new to mark");
        return Ok(());
    }
    let content = format!("{} {} {:?}", of.path, found.until, found.closing);
    let count = changes.len() as u64;
    let mut recorder = Recorder::with(ctx, book)?;
    recorder
        .write("reconciled", None, changes, &args.write, &content)
        .map_err(|f| f.while_doing("nothing reconciled"))?;
    let verb = if args.write.dry_run {
        "would be marked"
    } else {
        "marked"
    };
    ctx.note(&format!(
        "{} {verb} as reconciled until {}",
        counted(count, "transaction"),
        people_date(found.until)
    ));
    Ok(())
}

/// An amendment for every transaction that `change` has something to do with.
fn amended(
    book: &mut dyn Book,
    scan: &Scan,
    mut change: impl FnMut(&Transaction, &mut Draft) -> Option<()>,
) -> Result<Vec<Change>> {
    let chart = book.chart()?;
    let mut changes = Vec::new();
    book.scan(scan, &mut |transaction| {
        let mut draft = Draft::of(&transaction, &chart);
        if change(&transaction, &mut draft).is_some() {
            changes.push(Change::Amend {
                target: Target::Number(transaction.number),
                if_version: Some(transaction.version),
                draft,
            });
        }
        ControlFlow::Continue(())
    })?;
    Ok(changes)
}

fn undo(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let account = resolve::account(&recorder.chart, &args.account)?.clone();
    let mut numbers = HashSet::new();
    for reference in &args.undo {
        numbers.insert(recorder.find(reference)?.number);
    }
    let day = args.undo_statement.as_deref().map(|d| recorder.date(d));
    let day = day.transpose()?.map(|d| d.to_string());
    let scan = Scan {
        accounts: Some(vec![account.key]),
        ..Scan::default()
    };
    let changes = amended(&mut *recorder.book, &scan, |transaction, draft| {
        let mut hit = None;
        for (entry, drafted) in transaction.entries.iter().zip(&mut draft.entries) {
            let meant = match &day {
                Some(day) => entry.reconciled() == Some(day),
                None => entry.reconciled().is_some() && numbers.contains(&transaction.number),
            };
            if meant && entry.account == account.key {
                drafted.tags.retain(|t| t.name != RECONCILED_TAG);
                drafted.status = Status::Unmarked;
                hit = Some(());
            }
        }
        hit
    })?;
    if changes.is_empty() {
        return Err(Failure::not_found(
            "not-reconciled",
            format!("nothing of that is reconciled on {}", account.path),
        )
        .hint(format!(
            "hissab reconcile {}",
            crate::cli::error::shell_word(&account.path)
        )));
    }
    let content = format!("{} {:?} {day:?}", account.path, args.undo);
    let count = changes.len() as u64;
    recorder
        .write("unreconciled", None, changes, &args.write, &content)
        .map_err(|f| f.while_doing("nothing changed"))?;
    let verb = if args.write.dry_run {
        "to be unmarked"
    } else {
        "no longer reconciled"
    };
    let name = recorder.info.settings.name.clone();
    let text = format!(
        "{name} · {} of {} {verb}",
        counted(count, "transaction"),
        account.path
    );
    writeln!(ctx.out, "{}", line(&text))?;
    Ok(Exit::Ok)
}
