//! `hissab count ACCOUNT AMOUNT`: counted cash against the books.

use std::io::Write;

use jiff::ToSpan;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::record::{DetailArgs, Recorder, echo, look_again};
use crate::ledger::account::AccountType;
use crate::ledger::amount_format::{Grouping, machine, sided};
use crate::ledger::change::{Assertion, Change, Repeat};
use crate::ledger::currency::Currency;
use crate::ledger::draft::Draft;
use crate::ledger::money::{from_minor, to_minor};
use crate::ledger::totals::TotalsQuery;
use crate::render::sanitize::line;

/// Where counting differences are booked.
const OVER_SHORT: &str = "Expenses:Cash Over/Short";

#[derive(clap::Args)]
#[command(after_help = "Examples:
  hissab count cash 9735.50
  hissab count cash 9735.50 --post        (books the difference)

The count is recorded as an assertion, like that of hissab assert: check proves it from now on, and exits 3
while the books say otherwise. --dry-run only compares; hissab undo takes a count back.")]
pub struct Args {
    /// The account that was counted
    pub account: String,

    /// What is there
    #[arg(required = true)]
    pub amount: Vec<String>,

    /// Book the difference to Expenses:Cash Over/Short
    #[arg(long)]
    pub post: bool,

    #[command(flatten)]
    pub details: DetailArgs,
}

#[derive(Serialize)]
struct CountJson<'a> {
    schema: &'static str,
    account: &'a str,
    date: String,
    currency: &'a str,
    counted: String,
    books: String,
    difference: String,
    /// Number of the transaction that booked the difference.
    number: Option<u64>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    look_again(ctx, |ctx| count(ctx, &args))
}

fn count(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let account = recorder.account(&args.account)?;
    let money = recorder.money_or_zero(&args.amount.join(" "))?;
    let mut draft = args.details.draft(&mut recorder, "Cash counted")?;
    let own = recorder
        .chart
        .find(&account)
        .and_then(|a| a.currency.clone());
    let code = money
        .currency
        .clone()
        .or(own)
        .or_else(|| recorder.chart.currencies().first().map(|c| c.code.clone()))
        .unwrap_or_default();
    let currency = recorder
        .chart
        .resolve_currency(&code)
        .cloned()
        .unwrap_or_else(|| recorder.chart.currencies()[0].clone());
    money_fits(&money, &currency)?;
    let counted_account = recorder.chart.find(&account);
    let is_cash = counted_account.is_some_and(|a| a.account_type == AccountType::Cash);
    if is_cash && money.amount.is_sign_negative() {
        return Err(Failure::usage(
            "negative-amount",
            format!("{account} is counted, and nothing that is counted is less than nothing"),
        )
        .hint(format!(
            "what the books say: hissab ledger {}",
            shell_word(&account)
        )));
    }
    let counted = i128::from(to_minor(money.amount, currency.scale).unwrap_or(0));
    let books = balance(&mut recorder, &account, &currency, draft.date)?;
    let difference = counted - books;
    let mut changes = Vec::new();
    if args.post && difference != 0 {
        let amount = from_minor(difference, currency.scale).unwrap_or_default();
        let moved = crate::cli::record::resolve::Money {
            amount,
            currency: Some(code.clone()),
            side: None,
        };
        let against = recorder.ensure_account(OVER_SHORT);
        draft.entries = vec![moved.entry(&account), moved.negated().entry(&against)];
        // Debit first, as everywhere.
        draft
            .entries
            .sort_by_key(|e| e.amount.is_some_and(|a| a.is_sign_negative()));
        args.details.finish(&mut draft);
        // What is booked makes up for these very books.
        changes.push(recorder.unless_written());
        changes.push(Change::Post(draft.clone()));
    }
    changes.push(Change::Assertion(Assertion {
        id: recorder.ctx.make_id(),
        on: draft.date,
        account: account.clone(),
        currency: code.clone(),
        amount: money.amount,
        subaccounts: false,
        source: "count".to_owned(),
        withdrawn: false,
    }));
    let content = format!("{account} {} {}", money.amount.normalize(), args.post);
    let written = recorder.write("counted", None, changes, &args.details.write, &content)?;
    let posted = args.post && difference != 0;
    if recorder.ctx.wants_json() {
        let amount = |minor: i128| machine(minor, currency.scale);
        let object = CountJson {
            schema: "hissab/count/1",
            account: &account,
            date: draft.date.to_string(),
            currency: &code,
            counted: amount(counted),
            books: amount(books),
            difference: amount(difference),
            number: written.done.number().filter(|_| posted).map(|n| n.0),
        };
        writeln!(
            recorder.ctx.out,
            "{}",
            serde_json::to_string(&object).unwrap_or_default()
        )?;
    } else if !recorder.ctx.globals.quiet || posted {
        say(&mut recorder, &account, &currency, counted, books)?;
        if posted {
            echo::posted(&mut recorder, &written, vec![draft.clone()])?;
        }
    }
    if !args.details.write.dry_run && written.done.repeat == Repeat::New {
        recorder.ctx.note(match difference != 0 && !posted {
            true => "the count is recorded: until the books say the same, check exits 3; hissab undo takes it back",
            false => "the count is recorded: check proves it from now on",
        });
    }
    if difference == 0 || posted {
        return Ok(Exit::Ok);
    }
    let again = posting(&recorder, args, &draft);
    recorder
        .ctx
        .note(&format!("to book the difference: {again}"));
    Ok(Exit::Unproved)
}

/// The command that books the difference this one found: the same book, day and details.
///
/// A key of `--once` stays behind, because with it the book would see the first count repeated as another.
fn posting(recorder: &Recorder<'_>, args: &Args, draft: &Draft) -> String {
    let globals = &recorder.ctx.globals;
    let mut words = vec!["hissab".to_owned()];
    if let Some(book) = &globals.book {
        words.extend(["-B".to_owned(), shell_word(book)]);
    }
    words.push("count".to_owned());
    words.extend([&args.account, &args.amount.join(" ")].map(|w| shell_word(w)));
    if args.details.date.is_some() || globals.today.is_some() {
        words.extend(["-d".to_owned(), draft.date.to_string()]);
    }
    words.extend(args.details.again(draft));
    words.push("--post".to_owned());
    words.join(" ")
}

fn money_fits(money: &crate::cli::record::resolve::Money, currency: &Currency) -> Result<()> {
    use crate::ledger::amount_text::TypedAmount;
    let typed = TypedAmount {
        amount: money.amount,
        commodity: None,
        side: None,
    };
    Ok(typed.check_scale(currency.scale)?)
}

/// What the books say at the end of a day, in minor units.
fn balance(
    recorder: &mut Recorder<'_>,
    path: &str,
    currency: &Currency,
    day: jiff::civil::Date,
) -> Result<i128> {
    let Some(account) = recorder.chart.find(path) else {
        return Ok(0);
    };
    let query = TotalsQuery {
        accounts: Some(vec![account.key]),
        ..TotalsQuery::until(day.checked_add(1.day()).ok())
    };
    let totals = recorder.book.totals(&query)?;
    Ok(totals
        .rows
        .iter()
        .filter(|r| r.currency == currency.key)
        .map(|r| r.closing())
        .sum())
}

fn say(
    recorder: &mut Recorder<'_>,
    account: &str,
    currency: &Currency,
    counted: i128,
    books: i128,
) -> Result<()> {
    if recorder.ctx.globals.quiet {
        return Ok(());
    }
    // A count in another currency than the book's says which.
    let code = match currency.key.0 {
        1 => String::new(),
        _ => format!(" {}", currency.code),
    };
    let text = |minor| {
        let amount = sided(minor, currency.scale, Grouping::of_currency(&currency.code));
        amount + &code
    };
    let verdict = match counted - books {
        0 => "the same".to_owned(),
        over @ 1.. => format!("over by {}", text(over).replacen(" Dr", "", 1)),
        short => format!("short by {}", text(-short).replacen(" Dr", "", 1)),
    };
    let name = recorder.info.settings.name.clone();
    writeln!(
        recorder.ctx.out,
        "{} · {} · counted {}, books {}: {verdict}",
        line(&name),
        line(account),
        text(counted),
        text(books)
    )?;
    Ok(recorder.ctx.out.flush()?)
}
