//! `hissab tag REF K=V…`: tags put on a transaction, or taken off.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::args::read_tag;
use crate::cli::record::recorder::read_reference;
use crate::cli::record::{Recorder, WriteArgs, echo, look_again};
use crate::ledger::change::{Change, Repeat, Target};
use crate::ledger::draft::Draft;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab tag 1042 project=stall --remove draft")]
pub struct Args {
    /// The transaction: its number or id
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Tags to put on, name=value or a name alone; an old value of the name gives way
    #[arg(value_name = "K=V")]
    pub tags: Vec<String>,
    /// Take a tag off, by name (repeatable)
    #[arg(long, value_name = "K")]
    pub remove: Vec<String>,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    read_reference(&args.reference).map_err(|f| f.hint("to see the tags in use: hissab tags"))?;
    if args.tags.is_empty() && args.remove.is_empty() {
        return Err(Failure::usage("nothing-to-tag", "which tag?")
            .hint(format!("hissab tag {} project=stall", args.reference)));
    }
    look_again(ctx, |ctx| tag(ctx, &args))
}

fn tag(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let before = recorder.find(&args.reference)?;
    let mut draft = Draft::of(&before, &recorder.chart);
    draft.tags.retain(|t| !args.remove.contains(&t.name));
    for text in &args.tags {
        let tag = read_tag(text)?;
        match draft.tags.iter_mut().find(|t| t.name == tag.name) {
            Some(old) => *old = tag,
            None => draft.tags.push(tag),
        }
    }
    let content = format!("{} {:?} {:?}", before.number, args.tags, args.remove);
    let change = Change::Amend {
        target: Target::Number(before.number),
        if_version: Some(before.version),
        draft,
    };
    let written = recorder
        .write("tagged", None, vec![change], &args.write, &content)
        .map_err(|f| f.while_doing(&format!("{} not tagged", before.number)))?;
    if written.done.repeat == Repeat::Nothing {
        echo::nothing(
            &mut recorder,
            &written,
            &format!("{} is tagged like that already", before.number),
        )?;
    } else {
        echo::changed(&mut recorder, &written, "tagged")?;
    }
    Ok(Exit::Ok)
}
