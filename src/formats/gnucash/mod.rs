//! GnuCash's books, from its XML file (packed or not) or from rows of its SQLite file.
//!
//! | GnuCash | hissab |
//! | --- | --- |
//! | the account tree, types, codes, descriptions | paths from the root down, kinds and types, codes, notes |
//! | a split's quantity and value | the entry's amount; where its commodity is not the transaction's, the value is its price in total |
//! | a split without quantity (capital gains) | its value, as money on the same account |
//! | a split without value (stock splits) | balanced by `Equity:Stock Splits` |
//! | reconciled `c`, `y`, `f` | cleared; `y` and `f` also as the tag `reconciled` |
//! | a transaction's GUID | its id: the same book again changes nothing |
//! | number, notes, memo, action | reference, comment, memo, tag |
//! | scheduled transactions, budgets, business records | passed over and counted |

pub mod build;
pub mod model;
pub mod xml;

use super::fault::Fault;
use super::journal::builder::Builder;
use super::xml as safe;

/// Reads a book's bytes into what is being built.
pub(super) fn read(bytes: Vec<u8>, builder: &mut Builder<'_>, source: u16) -> Result<(), Fault> {
    let bytes = safe::unpacked(bytes)?;
    let text = safe::text(&bytes)?;
    let book = xml::read(&text)?;
    if book.accounts.is_empty() && book.transactions.is_empty() {
        return Err(Fault::file(
            "empty-file",
            "the file holds no accounts and no transactions of GnuCash",
        ));
    }
    build::build(&book, builder, source);
    Ok(())
}

#[cfg(test)]
mod tests;
