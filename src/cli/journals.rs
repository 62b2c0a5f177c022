//! `-f FILE`: plain-text journals as a nameless read-only book.

use super::context::Context;
use super::error::{Failure, Result};
use crate::book::Book;

/// Reads the journals of `-f` into a book in memory.
pub fn open(ctx: &Context) -> Result<Box<dyn Book>> {
    let files = ctx.globals.files.join(", ");
    Err(Failure::usage(
        "unsupported",
        format!("this build does not read journals: {files}"),
    ))
}
