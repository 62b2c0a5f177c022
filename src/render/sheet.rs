//! A sheet: a report laid out for reading, before it is a terminal's table or Markdown.

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A column with its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetColumn {
    pub heading: String,
    pub align: Align,
}

impl SheetColumn {
    pub fn left(heading: impl Into<String>) -> SheetColumn {
        SheetColumn {
            heading: heading.into(),
            align: Align::Left,
        }
    }

    pub fn right(heading: impl Into<String>) -> SheetColumn {
        SheetColumn {
            heading: heading.into(),
            align: Align::Right,
        }
    }
}

/// A line of a sheet. Fewer cells than columns leave the rest empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SheetRow {
    Cells(Vec<String>),
    /// Cells that stand out: totals.
    Strong(Vec<String>),
    /// Cells that run over the empty columns after them, and widen none.
    Spill(Vec<String>),
}

impl SheetRow {
    pub fn cells(&self) -> &[String] {
        match self {
            SheetRow::Cells(cells) | SheetRow::Strong(cells) | SheetRow::Spill(cells) => cells,
        }
    }
}

/// A whole report for people. Empty title: no heading line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Parts joined by ` · `: what, of whom, when, in what.
    pub title: String,
    pub columns: Vec<SheetColumn>,
    pub rows: Vec<SheetRow>,
    /// Lines after the table.
    pub notes: Vec<String>,
}
