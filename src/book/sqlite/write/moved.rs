//! What a unit moved in the month totals, on its way into the file.

use rusqlite::Connection;

use crate::book::Result;
pub use crate::book::stored::moved::Moved;

/// Writes everything gathered.
pub fn flush(moved: &mut Moved, conn: &Connection) -> Result<()> {
    let taken = moved.take()?;
    let mut upsert = conn.prepare_cached(
        "INSERT INTO total (account, currency, month, closing, debit, credit, entries) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (account, currency, month, closing) DO UPDATE
         SET debit = debit + excluded.debit, credit = credit + excluded.credit, entries = entries + excluded.entries",
    )?;
    for ((account, currency, month, closing), (debit, credit, entries)) in taken.totals {
        upsert.execute((
            account.0, currency.0, month.0, closing, debit, credit, entries,
        ))?;
    }
    let mut upsert = conn.prepare_cached(
        "INSERT INTO conversion (currency, month, amount) VALUES (?1, ?2, ?3)
         ON CONFLICT (currency, month) DO UPDATE SET amount = amount + excluded.amount",
    )?;
    for ((currency, month), amount) in taken.conversions {
        upsert.execute((currency.0, month.0, amount))?;
    }
    Ok(())
}
