//! `hissab reverse REF`: a new transaction that takes an earlier one back, linked both ways.

use jiff::ToSpan;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::{Recorder, WriteArgs, echo};
use crate::ledger::change::Change;
use crate::ledger::draft::Draft;
use crate::ledger::transaction::TransactionId;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab reverse 1042 --reason 'cheque bounced'

The two stay nothing together: neither is amended alone in its amounts or accounts. Dues and ageing leave both out.")]
pub struct Args {
    /// The transaction: its number or id
    #[arg(value_name = "REF")]
    pub reference: String,

    /// The date of the reversal [default: today, or the day after the lock]
    #[arg(short = 'd', long, value_name = "DATE")]
    pub date: Option<String>,

    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let before = recorder.find(&args.reference)?;
    let number = before.number;
    if before.is_void() {
        return Err(Failure::conflict(
            "void",
            format!("{number} not reversed: it is void and counts for nothing"),
        ));
    }
    let repeats = args.write.once.is_some();
    if let Some(by) = before.reversed_by.filter(|_| !repeats) {
        return Err(Failure::conflict(
            "already-reversed",
            format!("{number} not reversed: {by} reverses it already"),
        )
        .hint(format!("hissab show {by}")));
    }
    let date = match &args.date {
        Some(text) => recorder.date(text)?,
        None => first_open_day(&recorder),
    };
    let id = TransactionId(recorder.ctx.make_id());
    let draft = Draft::reversal(&before, &recorder.chart, id, date);
    let content = format!("{number} {:?}", args.date.as_ref().map(|_| date));
    let written = recorder
        .write(
            "reversed",
            args.reason.clone(),
            vec![Change::Post(draft.clone())],
            &args.write,
            &content,
        )
        .map_err(|f| f.while_doing(&format!("{number} not reversed")))?;
    echo::posted(&mut recorder, &written, vec![draft])?;
    Ok(Exit::Ok)
}

/// Today, or the day after the lock where that is later.
fn first_open_day(recorder: &Recorder<'_>) -> jiff::civil::Date {
    let after_lock = recorder
        .info
        .settings
        .locked_to
        .and_then(|lock| lock.checked_add(1.day()).ok());
    after_lock.map_or(recorder.today, |day| day.max(recorder.today))
}
