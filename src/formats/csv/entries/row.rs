//! A row in hand: its cells as somebody wrote them, of our own rows as they were before.

use std::borrow::Cow;

use csv::ByteRecord;

use crate::ledger::cell_text::unguarded;

/// A row in hand.
pub(super) struct Row<'r> {
    pub record: &'r ByteRecord,
    pub line: u64,
    pub raw: (usize, usize),
}

impl Row<'_> {
    pub fn cell(&self, column: usize) -> &str {
        // The text is UTF-8 and cells are cut at ASCII bytes.
        self.record
            .get(column)
            .and_then(|c| std::str::from_utf8(c).ok())
            .map_or("", str::trim)
    }

    /// Somebody's text; of our own rows exactly as it was before it was written.
    pub fn said(&self, column: Option<usize>, own: bool) -> Option<Cow<'_, str>> {
        let column = column?;
        let text = match own {
            true => unguarded(std::str::from_utf8(self.record.get(column)?).ok()?),
            false => Cow::Borrowed(self.cell(column)),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    pub fn at(&self, column: Option<usize>) -> Option<&str> {
        column.map(|c| self.cell(c)).filter(|c| !c.is_empty())
    }
}
