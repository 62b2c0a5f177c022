//! `hissab import list`: the files that were brought in, oldest first.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use crate::cli::context::Context;
use crate::cli::environment::machine_time;
use crate::cli::error::{Exit, Result};
use crate::cli::shown::ShownArgs;
use crate::render::views::ListView;
use crate::render::{Cell, Column};

/// List the files that were brought in
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab import list")]
pub struct Args {
    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let people = args.shown.options(ctx)?.is_for_people();
    let mut book = ctx.open_read()?;
    let info = book.info()?;
    let imports = book.imports()?;
    let zone = crate::cli::environment::zone(&info.settings.timezone).unwrap_or(TimeZone::UTC);
    let rows: Vec<Vec<Cell<'_>>> = imports
        .iter()
        .map(|import| {
            let at = if people {
                import
                    .recorded_at
                    .to_zoned(zone.clone())
                    .strftime("%d-%b-%Y %H:%M")
                    .to_string()
            } else {
                machine_time(import.recorded_at)
            };
            vec![
                Cell::Number(import.batch),
                Cell::Text(Cow::Owned(at)),
                Cell::text(&import.head.file),
                Cell::text(&import.head.format),
                Cell::Number(import.added),
                Cell::Number(import.head.skipped),
                Cell::Word(if import.undone { "undone" } else { "imported" }),
            ]
        })
        .collect();
    let view = ListView {
        schema: "import-list/1",
        title: vec!["Imports".to_owned(), info.settings.name.clone()],
        columns: vec![
            Column::number("batch"),
            Column::text("recorded_at"),
            Column::text("file"),
            Column::text("format"),
            Column::number("added"),
            Column::number("skipped"),
            Column::text("state"),
        ],
        headings: vec![
            "Batch", "Recorded", "File", "Format", "Added", "Skipped", "State",
        ],
        rows,
        head: Vec::new(),
        notes: if imports.is_empty() {
            vec!["No file was brought in yet".to_owned()]
        } else {
            Vec::new()
        },
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}
