//! Flags about the shape of printed data, and the one way a bounded report is printed.

use super::context::Context;
use super::error::{Failure, Result};
use crate::render::{self, Format, Layout, Options, RenderError, View};

// Flags about the shape of printed data.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct ShownArgs {
    /// Print only these columns, in this order
    #[arg(long, value_name = "A,B")]
    pub fields: Option<String>,

    /// Leave out the heading
    #[arg(long)]
    pub no_header: bool,

    /// Leave cells that a spreadsheet would compute as they are
    #[arg(long)]
    pub raw: bool,
}

impl ShownArgs {
    pub fn options(&self, ctx: &Context) -> Result<Options> {
        let fields = self.fields.iter().flat_map(|f| f.split(','));
        Ok(Options {
            format: ctx.format()?,
            fields: fields.map(|f| f.trim().to_owned()).collect(),
            no_header: self.no_header,
            raw: self.raw,
            width: ctx.out.is_terminal().then(|| ctx.width()),
            colour: ctx.out.colour(),
            grouping: None,
            layout: Layout::Wide,
        })
    }

    /// True if a short list may be printed as plain lines: a table of all columns.
    pub fn is_plain(&self, ctx: &Context) -> Result<bool> {
        Ok(ctx.format()? == Format::Table && self.fields.is_none() && !self.no_header)
    }

    /// Refuses these flags on a command that prints data only with `with`.
    pub fn refuse(&self, with: &str) -> Result<()> {
        let given = [
            (self.fields.is_some(), "--fields"),
            (self.no_header, "--no-header"),
            (self.raw, "--raw"),
        ];
        match given.iter().find(|(given, _)| *given) {
            Some((_, flag)) => Err(Failure::usage(
                "flag-does-not-apply",
                format!("{flag} goes with {with}: without it there is no data to shape"),
            )),
            None => Ok(()),
        }
    }

    /// Prints a report in the format asked for.
    pub fn show(&self, ctx: &mut Context, view: &dyn View) -> Result<()> {
        let options = self.options(ctx)?;
        ctx.page()?;
        show(ctx, &options, view)
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Failure {
        failure(error)
    }
}

/// Prints a report with options that are settled.
pub fn show(ctx: &mut Context, options: &Options, view: &dyn View) -> Result<()> {
    ctx.step("computed");
    render::write(&mut ctx.out, options, view).map_err(failure)
}

pub fn failure(error: RenderError) -> Failure {
    match error {
        RenderError::Io(error) => error.into(),
        RenderError::UnknownField { field, columns } => {
            Failure::usage("unknown-field", format!("there is no column {field:?}"))
                .hint(format!("columns: {}", columns.join(", ")))
        }
        RenderError::NoSuchForm(format) => {
            let words = format!("this cannot be printed as {}", format.word());
            Failure::usage("format-not-available", words).hint("use -O csv or -O json")
        }
    }
}
