//! `hissab currency remove CODE`: a currency that nothing is in is known no more.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::{Recorder, WriteArgs, echo, removed};
use crate::ledger::change::Change;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab currency remove GBP")]
pub struct Args {
    /// Its code
    pub code: String,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let Some(currency) = recorder.chart.resolve_currency(&args.code).cloned() else {
        if args.write.once.is_none() {
            return Err(Failure::not_found(
                "unknown-currency",
                format!("the book has no currency {}", args.code),
            )
            .hint("hissab currency list"));
        }
        return remove(&mut recorder, &args.code, &args.write);
    };
    let code = currency.code.clone();
    let refused = |why: String| {
        Failure::conflict(
            "currency-used",
            format!("currency {code} not removed: {why}"),
        )
    };
    if Some(currency.key) == recorder.chart.currencies().first().map(|c| c.key) {
        return Err(refused("it is the book's own".to_owned()));
    }
    let uses = removed::Uses::of(&mut *recorder.book)?;
    if let Some((why, hint)) = uses.first(&recorder.chart, currency.key) {
        return Err(refused(why).hint(hint));
    }
    remove(&mut recorder, &code, &args.write)
}

fn remove(recorder: &mut Recorder<'_>, code: &str, write: &WriteArgs) -> Result<Exit> {
    let change = Change::Setting {
        name: removed::setting(code),
        value: Some("removed".to_owned()),
    };
    let written = recorder
        .write("currency-removed", None, vec![change], write, code)
        .map_err(|f| f.while_doing(&format!("currency {code} not removed")))?;
    echo::said(recorder, &written, &format!("removed {code}"))?;
    Ok(Exit::Ok)
}
