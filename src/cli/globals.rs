//! Flags that every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args};

// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Globals {
    /// Use this book: a file, a name from `hissab book list`, or a server's https://host/org
    #[arg(short = 'B', long = "book", global = true, value_name = "WHERE")]
    pub book: Option<String>,

    /// Read plain-text journals instead of a book (repeatable; - is stdin)
    #[arg(short = 'f', long = "file", global = true, value_name = "FILE")]
    pub files: Vec<String>,

    /// With -f: report although balance assertions of the journals fail
    #[arg(short = 'I', long, global = true)]
    pub ignore_assertions: bool,

    /// Of beancount files: pass over plugins that hissab does not know
    #[arg(long, global = true)]
    pub ignore_plugins: bool,

    /// Print as table, csv, tsv, json, ndjson, md, html or xlsx
    #[arg(
        short = 'O',
        long = "output-format",
        global = true,
        value_name = "FORMAT"
    )]
    pub output_format: Option<String>,

    /// The same as -O (of an import: the format of the file)
    #[arg(long = "format", global = true, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Print JSON: the same as -O json
    #[arg(long, global = true)]
    pub json: bool,

    /// Write to a file, whole or not at all; its name says the format
    #[arg(short = 'o', long = "output", global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Colour: auto, always or never
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<String>,

    /// Answer yes to every question
    #[arg(long, global = true)]
    pub yes: bool,

    /// Ask nothing; a missing answer is an error
    #[arg(long, global = true)]
    pub no_input: bool,

    /// Wait this long for a busy book
    #[arg(long, global = true, value_name = "SECONDS")]
    pub wait: Option<u32>,

    /// Sign in to a server with the token in this file
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Take this date for today
    #[arg(long, global = true, value_name = "DATE")]
    pub today: Option<String>,

    /// Say only what was asked for: of a posting its number
    #[arg(short = 'q', long, global = true)]
    pub quiet: bool,

    /// Say on stderr which configuration and book are used and how long each step takes
    #[arg(short = 'v', long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Never page
    #[arg(long, global = true)]
    pub no_pager: bool,
}
