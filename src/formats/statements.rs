//! The door of all files that hold statements and are no tables: bytes → one statement an account.

use super::csv::{Options, encoding};
use super::fault::Fault;
use super::gather::Gathered;
use super::sniff::Content;
use super::statement::Statement;
use super::{camt, mt940, ofx, qif};

/// Reads a file of a kind that [`super::sniff`] told.
///
/// Errors: the first thing that cannot be read without a guess; a file without a statement.
pub fn read(content: Content, bytes: &[u8], options: &Options) -> Result<Vec<Statement>, Fault> {
    let said = options.encoding.clone();
    let label = match content {
        // What an OFX header says of its encoding counts only where the bytes are not UTF-8.
        Content::Ofx if std::str::from_utf8(bytes).is_err() => said.or_else(|| ofx::label(bytes)),
        Content::Camt if std::str::from_utf8(bytes).is_err() => said.or_else(|| camt::label(bytes)),
        _ => said,
    };
    let decoded = encoding::decode(bytes, label.as_deref())?;
    let mut gathered = match content {
        Content::Mt940 => mt940::read(&decoded.text)?,
        Content::Ofx => ofx::read(&decoded.text)?,
        Content::Camt => camt::read(&decoded.text)?,
        Content::Qif => qif::read(&decoded.text, options)?,
        _ => Gathered::default(),
    };
    gathered.details.push(decoded.name.to_owned());
    let mut statements = gathered.statements(&decoded.text, options.allow_gap)?;
    if options.invert {
        for row in statements.iter_mut().flat_map(|s| &mut s.rows) {
            row.amount = -row.amount;
        }
    }
    Ok(statements)
}
