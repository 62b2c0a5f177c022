//! `hissab completions SHELL`: the few lines a shell needs; it asks hissab for the rest as you type.

use std::io::Write;

use anyhow::Context as _;
use clap_complete::env::Shells;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};

#[derive(clap::Args)]
#[command(after_help = "Example: source <(hissab completions bash)")]
pub struct Args {
    /// bash, zsh, fish, elvish or powershell
    pub shell: String,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).ok_or_else(|| {
        let known: Vec<&str> = shells.names().collect();
        Failure::usage(
            "unknown-shell",
            format!("there are no completions for {:?}", args.shell),
        )
        .hint(format!("shells: {}", known.join(", ")))
    })?;
    if args.shell == "bash" {
        // bash ends words at colons, which account paths are full of.
        writeln!(ctx.out, "COMP_WORDBREAKS=${{COMP_WORDBREAKS//:}}")?;
    }
    shell
        .write_registration("COMPLETE", "hissab", "hissab", "hissab", &mut ctx.out)
        .with_context(|| format!("writing the completions for {}", args.shell))?;
    Ok(Exit::Ok)
}
