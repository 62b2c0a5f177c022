//! The flags that say how output looks, and where errors of rendering go.

use std::io::IsTerminal;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::environment;
use crate::cli::error::{Failure, Result};
use crate::render::{Options, RenderError};

/// How output looks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct Paper {
    /// Only these columns, in this order
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub fields: Vec<String>,

    /// Without the line of column names
    #[arg(long)]
    pub no_header: bool,

    /// Leave text that a spreadsheet would compute as it is
    #[arg(long)]
    pub raw: bool,
}

impl Paper {
    /// The options of the command line: the format, the picked columns, the width.
    pub fn options(&self, ctx: &Context) -> Result<Options> {
        let fields = self.fields.iter().map(|f| f.trim().to_owned());
        Ok(Options {
            fields: fields.filter(|f| !f.is_empty()).collect(),
            no_header: self.no_header,
            raw: self.raw,
            width: width(ctx),
            colour: ctx.out.colour(),
            ..Options::of(ctx.format()?)
        })
    }
}

/// Tables fit a terminal, or `COLUMNS`; into a file or a pipe they are as wide as they are.
fn width(ctx: &Context) -> Option<usize> {
    let to_file = ctx.globals.output.is_some();
    let known = std::io::stdout().is_terminal() || environment::var("COLUMNS").is_some();
    (known && !to_file).then(|| ctx.width())
}

/// What rendering could not do, as the command line says it.
pub fn failure(error: RenderError) -> Failure {
    match error {
        RenderError::Io(error) => error.into(),
        RenderError::UnknownField { field, columns } => {
            Failure::usage("unknown-field", format!("there is no column {field:?}"))
                .hint(format!("columns: {}", columns.join(", ")))
        }
        RenderError::NoSuchForm(_) => Failure::usage("no-such-form", error.to_string())
            .hint("formats: table, csv, tsv, json, ndjson, md"),
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Failure {
        failure(error)
    }
}
