//! `hissab man FOLDER`: a page for hissab and one for every command.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};

#[derive(clap::Args)]
pub struct Args {
    /// The folder to write into
    pub folder: PathBuf,
}

pub fn run(_ctx: &mut Context, args: Args) -> Result<Exit> {
    std::fs::create_dir_all(&args.folder).map_err(|e| Failure::file(&args.folder, &e))?;
    let mut command = Cli::command();
    command.build();
    page(&command, "hissab", &args.folder)?;
    for below in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        page(below, &format!("hissab-{}", below.get_name()), &args.folder)?;
    }
    Ok(Exit::Ok)
}

fn page(command: &clap::Command, name: &str, folder: &std::path::Path) -> Result<()> {
    let command = command.clone().name(name.to_owned());
    let mut text = Vec::new();
    // No date: the same source gives the same page.
    clap_mangen::Man::new(command).date("").render(&mut text)?;
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, text).map_err(|e| Failure::file(&path, &e))
}
