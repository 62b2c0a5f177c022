//! `hissab man FOLDER`: a page for hissab and one for every command.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory;

use crate::cli::Cli;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};

#[derive(clap::Args)]
pub struct Args {
    /// The folder to write into
    pub folder: PathBuf,
}

pub fn run(_ctx: &mut Context, args: Args) -> Result<Exit> {
    pages(&args.folder).context("making the manual pages")?;
    Ok(Exit::Ok)
}

fn pages(folder: &std::path::Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("making the folder {}", folder.display()))?;
    let mut command = Cli::command();
    command.build();
    page(&command, "hissab", folder)?;
    for below in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        page(below, &format!("hissab-{}", below.get_name()), folder)?;
    }
    Ok(())
}

fn page(command: &clap::Command, name: &str, folder: &std::path::Path) -> anyhow::Result<()> {
    let command = command.clone().name(name.to_owned());
    let mut text = Vec::new();
    // No date: the same source gives the same page.
    clap_mangen::Man::new(command)
        .date("")
        .render(&mut text)
        .with_context(|| format!("drawing the page {name}"))?;
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}
