//! `hissab help [TOPIC | COMMAND]`.

use std::io::Write;

use clap::CommandFactory;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::{Cli, argv};

use super::help_topics::TOPICS;

#[derive(clap::Args)]
pub struct Args {
    /// dates, amounts, queries, formats, environment, exit-codes, accounting-basics, or a command
    pub topic: Vec<String>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut command = Cli::command();
    command.build();
    let Some(name) = args.topic.first() else {
        let names: Vec<&str> = TOPICS.iter().map(|(topic, _)| *topic).collect();
        write!(ctx.out, "{}", command.render_help())?;
        writeln!(
            ctx.out,
            "\nTopics, as in hissab help dates: {}",
            names.join(", ")
        )?;
        return Ok(Exit::Ok);
    };
    if let Some((_, text)) = TOPICS.iter().find(|(topic, _)| topic == name) {
        ctx.page()?;
        write!(ctx.out, "{text}")?;
        return Ok(Exit::Ok);
    }
    let mut command = &mut command;
    for word in &args.topic {
        command = command
            .find_subcommand_mut(word)
            .ok_or_else(|| unknown(word))?;
    }
    let text = argv::show_dashes(&command.render_long_help().to_string());
    ctx.page()?;
    write!(ctx.out, "{text}")?;
    Ok(Exit::Ok)
}

fn unknown(word: &str) -> Failure {
    let topics = TOPICS
        .iter()
        .map(|(t, _)| *t)
        .collect::<Vec<_>>()
        .join(", ");
    Failure::usage("unknown-topic", format!("there is no help on {word:?}"))
        .hint(format!("topics: {topics}"))
}
