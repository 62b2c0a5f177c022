//! `hissab amend REF`: a new version of a transaction; number and id stay.

use std::sync::Arc;

use super::add::set_amount;
use crate::cli::context::Context;
use crate::cli::environment;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::args::{read_tag, read_voucher};
use crate::cli::record::cash::is_suspense;
use crate::cli::record::{Recorder, WriteArgs, echo, look_again, words};
use crate::ledger::account::{AccountType, Kind};
use crate::ledger::amount_text::Side;
use crate::ledger::change::{Change, Repeat, Target};
use crate::ledger::draft::Draft;
use crate::ledger::redraft::both_sides;
use crate::ledger::transaction::Transaction;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab amend 1052 --category Expenses:Repairs")]
pub struct Args {
    /// The transaction: its number or id
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Another date
    #[arg(short = 'd', long, value_name = "DATE")]
    pub date: Option<String>,

    /// Another description
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,

    /// Another amount, of a transaction with one debit and one credit
    #[arg(long, value_name = "N")]
    pub amount: Option<String>,

    /// Another account in place of the income, expense or suspense account
    #[arg(long, value_name = "ACCOUNT")]
    pub category: Option<String>,

    /// One account in place of another (repeatable)
    #[arg(long, value_name = "OLD=NEW")]
    pub replace: Vec<String>,

    /// Debit entries in place of all entries (repeatable)
    #[arg(long, value_name = "ACCOUNT=AMOUNT")]
    pub dr: Vec<String>,

    /// Credit entries in place of all entries (repeatable)
    #[arg(long, value_name = "ACCOUNT=AMOUNT")]
    pub cr: Vec<String>,

    /// Another payee; empty removes it
    #[arg(long, value_name = "NAME")]
    pub payee: Option<String>,

    /// Another reference; empty removes it
    #[arg(long = "reference", visible_alias = "ref", value_name = "TEXT")]
    pub reference_text: Option<String>,

    /// Another note on the first entry; empty removes it
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,

    /// Tags in place of all tags (repeatable); empty removes them
    #[arg(long = "tag", value_name = "K=V")]
    pub tags: Vec<String>,

    /// Another voucher type
    #[arg(long, value_name = "TYPE")]
    pub voucher: Option<String>,

    /// Another due date; empty removes it
    #[arg(long, value_name = "DATE")]
    pub due: Option<String>,

    /// Change it in your editor
    #[arg(long)]
    pub edit: bool,

    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Only if it is at this version still
    #[arg(long, value_name = "N")]
    pub if_version: Option<u32>,

    /// Create accounts that do not exist yet
    #[arg(long)]
    pub create_accounts: bool,

    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if args.edit {
        needs_a_terminal(ctx)?;
    }
    // What was typed in an editor, or is meant for one version only, is not done to another.
    if args.edit || args.if_version.is_some() {
        return amend(ctx, &args);
    }
    look_again(ctx, |ctx| amend(ctx, &args))
}

fn amend(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    recorder.create_accounts = args.create_accounts;
    let before = recorder.find(&args.reference)?;
    let mut draft = Draft::of(&before, &recorder.chart);
    if before.is_void() && args.edit {
        return Err(
            Failure::conflict("void", format!("{} is void", before.number)).hint(format!(
                "hissab undo, or post it again: hissab add --like {}",
                before.number
            )),
        );
    }
    let mut typed = None;
    if args.edit {
        let (edited, text) = super::amend_edit::edit(&mut recorder, &draft)?;
        (draft, typed) = (edited, Some(text));
    }
    let changed = apply(&mut recorder, args, &before, &mut draft)?;
    if !changed && !args.edit {
        return Err(Failure::usage("nothing-to-amend", "say what to change").hint(format!(
            "hissab amend {} --description TEXT, --amount N, --category ACCOUNT, -d DATE, --edit, …",
            before.number
        )));
    }
    let content = format!(
        "{} {:?}",
        before.number,
        Draft {
            date: if args.date.is_some() {
                draft.date
            } else {
                before.date
            },
            ..draft.clone()
        }
    );
    let change = Change::Amend {
        target: Target::Number(before.number),
        if_version: args.if_version.or(Some(before.version)),
        draft: draft.clone(),
    };
    let written = recorder
        .write(
            "amended",
            args.reason.clone(),
            vec![change],
            &args.write,
            &content,
        )
        .map_err(|f| f.while_doing(&format!("{} not amended", before.number)))
        .map_err(|f| match args.dr.is_empty() && args.cr.is_empty() {
            true => f,
            false => f.of_sides(),
        })
        .map_err(|f| match typed.take() {
            Some(text) => super::amend_edit::kept(text, f),
            None => f,
        })?;
    if written.done.repeat == Repeat::Nothing {
        echo::nothing(
            &mut recorder,
            &written,
            &format!("{} is like that already", before.number),
        )?;
    } else if written.dry_run {
        echo::would_amend(&mut recorder, &written, &before, draft)?;
    } else {
        echo::changed(&mut recorder, &written, "amended")?;
    }
    Ok(Exit::Ok)
}

/// An editor needs somebody to look at it, unless HISSAB_EDITOR names a program that edits by itself.
fn needs_a_terminal(ctx: &Context) -> Result<()> {
    let seen = ctx.can_ask() && ctx.terminal.stdout;
    if seen || environment::var("HISSAB_EDITOR").is_some() {
        return Ok(());
    }
    Err(Failure::usage(
        "needs-a-terminal",
        "--edit opens an editor, and there is no terminal to show it on",
    )
    .hint("say what to change: --description, --amount, --category, --dr, --cr, -d, …"))
}

/// Applies the flags; true if there was one.
fn apply(
    recorder: &mut Recorder<'_>,
    args: &Args,
    before: &Transaction,
    draft: &mut Draft,
) -> Result<bool> {
    let mut any = header(recorder, args, draft)?;
    if let Some(text) = &args.amount {
        let money = recorder.money(text)?;
        set_amount(draft, &money, &args.reference)?;
        any = true;
    }
    if let Some(text) = &args.category {
        let path = recorder.account(text)?;
        let place = category_place(recorder, before)?;
        draft.entries[place].account = path;
        any = true;
    }
    for text in &args.replace {
        replace(recorder, text, draft)?;
        any = true;
    }
    if args.category.is_some() || !args.replace.is_empty() {
        refuse_circle(recorder, before, draft)?;
    }
    if !args.dr.is_empty() || !args.cr.is_empty() {
        draft.entries.clear();
        for (texts, side) in [(&args.dr, Side::Debit), (&args.cr, Side::Credit)] {
            for text in texts {
                draft.entries.push(words::sided(recorder, text, side)?);
            }
        }
        any = true;
    }
    if let (Some(memo), Some(first)) = (&args.memo, draft.entries.first_mut()) {
        first.memo = Some(memo.clone()).filter(|m| !m.is_empty());
        any = true;
    }
    // Other accounts may be another kind of voucher, unless someone chose the type.
    let inferred = args.voucher.is_none()
        && (args.category.is_some()
            || !args.replace.is_empty()
            || !args.dr.is_empty()
            || !args.cr.is_empty());
    if inferred && was_inferred(recorder, before) {
        draft.voucher = None;
    }
    Ok(any)
}

/// Debited and credited at once an account moves nothing: the wrong one was named.
fn refuse_circle(recorder: &Recorder<'_>, before: &Transaction, draft: &Draft) -> Result<()> {
    let was = Draft::of(before, &recorder.chart);
    let circle = draft
        .entries
        .iter()
        .map(|entry| &entry.account)
        .find(|account| both_sides(draft, account) && !both_sides(&was, account));
    let Some(account) = circle else {
        return Ok(());
    };
    let words = format!(
        "{} not amended: {account} would be debited and credited at once",
        before.number
    );
    Err(Failure::conflict("both-sides", words).hint(format!(
        "to take it out of the books: hissab void {} --reason TEXT",
        before.number
    )))
}

/// Whether the voucher type is what the entries show.
fn was_inferred(recorder: &Recorder<'_>, before: &Transaction) -> bool {
    crate::ledger::draft::infer_voucher(&recorder.chart, &before.entries) == before.voucher
}

fn header(recorder: &mut Recorder<'_>, args: &Args, draft: &mut Draft) -> Result<bool> {
    let mut any = false;
    let filled = |text: &String| Some(text.clone()).filter(|t| !t.is_empty());
    if let Some(text) = &args.date {
        draft.date = recorder.date(text)?;
        any = true;
    }
    if let Some(text) = &args.description {
        draft.description = Arc::from(text.as_str());
        any = true;
    }
    if let Some(text) = &args.payee {
        draft.payee = filled(text);
        any = true;
    }
    if let Some(text) = &args.reference_text {
        draft.reference = filled(text);
        any = true;
    }
    if let Some(text) = &args.due {
        draft.due = filled(text).map(|t| recorder.future_date(&t)).transpose()?;
        any = true;
    }
    if let Some(word) = &args.voucher {
        draft.voucher = Some(read_voucher(word)?);
        any = true;
    }
    if !args.tags.is_empty() {
        draft.tags = args
            .tags
            .iter()
            .filter(|t| !t.is_empty())
            .map(|t| read_tag(t))
            .collect::<Result<_>>()?;
        any = true;
    }
    Ok(any)
}

/// The one entry that says what the money was for.
fn category_place(recorder: &Recorder<'_>, before: &Transaction) -> Result<usize> {
    let chart = &recorder.chart;
    let places = |fits: &dyn Fn(&crate::ledger::account::Account) -> bool| -> Vec<usize> {
        before
            .entries
            .iter()
            .enumerate()
            .filter(|(_, e)| fits(chart.account(e.account)))
            .map(|(i, _)| i)
            .collect()
    };
    let waiting = places(&is_suspense);
    let named = places(&|a| matches!(a.kind, Kind::Income | Kind::Expense));
    let rest = places(&|a| !matches!(a.account_type, AccountType::Cash | AccountType::Bank));
    for found in [waiting, named, rest] {
        if let [one] = found.as_slice() {
            return Ok(*one);
        }
    }
    Err(Failure::usage(
        "no-one-category",
        format!(
            "{} has no single entry that could be its category",
            before.number
        ),
    )
    .hint(format!("hissab amend {} --replace OLD=NEW", before.number)))
}

fn replace(recorder: &mut Recorder<'_>, text: &str, draft: &mut Draft) -> Result<()> {
    let Some((old, new)) = text.split_once('=') else {
        return Err(
            Failure::usage("bad-replace", format!("{text:?} is not OLD=NEW"))
                .hint("two accounts: --replace cash=hdfc"),
        );
    };
    let (old, new) = (recorder.account(old)?, recorder.account(new)?);
    let mut hit = false;
    for entry in draft.entries.iter_mut().filter(|e| e.account == old) {
        entry.account = new.clone();
        hit = true;
    }
    if hit {
        return Ok(());
    }
    let paths: Vec<&str> = draft.entries.iter().map(|e| &*e.account).collect();
    Err(
        Failure::usage("not-in-transaction", format!("{old} has no entry there"))
            .hint(format!("its accounts: {}", paths.join(", "))),
    )
}
