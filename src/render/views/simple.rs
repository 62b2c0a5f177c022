//! Short lists on paper: rows whose columns people and machines share.

use std::io;

use super::title;
use crate::render::cell::ColumnKind;
use crate::render::{Cell, Column, Json, People, Sheet, SheetColumn, SheetRow, View};

/// A list whose table is its columns and nothing more.
pub struct ListView<'a> {
    pub schema: &'static str,
    /// Parts of the heading.
    pub title: Vec<String>,
    pub columns: Vec<Column>,
    /// Headings for people, one a column.
    pub headings: Vec<&'static str>,
    pub rows: Vec<Vec<Cell<'a>>>,
    pub head: Vec<(&'static str, Json)>,
    pub notes: Vec<String>,
}

impl View for ListView<'_> {
    fn schema(&self) -> &'static str {
        self.schema
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        self.head.clone()
    }

    fn columns(&self) -> Vec<Column> {
        self.columns.clone()
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        self.rows.iter().try_for_each(|row| push(row))
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    fn sheet(&self, people: &People) -> Sheet {
        let parts: Vec<&str> = self.title.iter().map(String::as_str).collect();
        let columns = self.columns.iter().zip(&self.headings);
        Sheet {
            title: title(&parts),
            columns: columns
                .map(|(column, heading)| match column.kind {
                    ColumnKind::Text => SheetColumn::left(*heading),
                    ColumnKind::Number | ColumnKind::Amount => SheetColumn::right(*heading),
                })
                .collect(),
            rows: self
                .rows
                .iter()
                .map(|row| SheetRow::Cells(row.iter().map(|cell| words(cell, people)).collect()))
                .collect(),
            notes: self.notes.clone(),
        }
    }
}

/// A cell as people read it.
pub fn words(cell: &Cell<'_>, people: &People) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.to_string(),
        Cell::Word(word) => (*word).to_owned(),
        Cell::Date(date) => people.date(*date),
        Cell::Number(number) => number.to_string(),
        Cell::Amount(minor, currency) => people.signed(*minor, currency),
        Cell::Id(id) => id.to_string(),
        Cell::Tags(shared, own) => shared
            .iter()
            .chain(*own)
            .map(|tag| {
                if tag.value.is_empty() {
                    tag.name.clone()
                } else {
                    format!("{}:{}", tag.name, tag.value)
                }
            })
            .collect::<Vec<_>>()
            .join(", "),
    }
}
