//! Markdown: a heading, a pipe table, and the notes as paragraphs.

use std::io::{self, Write};

use super::text::for_table;
use super::{Align, SheetColumn, SheetRow};

pub(super) struct MarkdownTable<'w> {
    out: &'w mut dyn Write,
    columns: usize,
}

impl<'w> MarkdownTable<'w> {
    pub fn begin(
        out: &'w mut dyn Write,
        title: &str,
        columns: &[SheetColumn],
    ) -> io::Result<MarkdownTable<'w>> {
        if !title.is_empty() {
            writeln!(out, "## {}\n", escape(title))?;
        }
        let mut table = MarkdownTable {
            out,
            columns: columns.len(),
        };
        table.line(columns.iter().map(|c| escape(&c.heading)))?;
        let rules = columns.iter().map(|c| match c.align {
            Align::Left => "---".to_owned(),
            Align::Right => "---:".to_owned(),
        });
        table.line(rules)?;
        Ok(table)
    }

    pub fn row(&mut self, row: &SheetRow) -> io::Result<()> {
        let cells = row.cells();
        let strong = matches!(row, SheetRow::Strong(_));
        let columns = self.columns;
        self.line((0..columns).map(|index| {
            let text = escape(cells.get(index).map_or("", String::as_str).trim_end());
            if strong && !text.is_empty() {
                format!("**{text}**")
            } else {
                text
            }
        }))
    }

    pub fn end(&mut self, notes: &[String]) -> io::Result<()> {
        for note in notes {
            writeln!(self.out, "\n{}", escape(note))?;
        }
        Ok(())
    }

    fn line(&mut self, cells: impl Iterator<Item = String>) -> io::Result<()> {
        let mut line = String::from("|");
        for cell in cells {
            line.push(' ');
            line.push_str(&cell);
            line.push_str(if cell.is_empty() { "|" } else { " |" });
        }
        writeln!(self.out, "{line}")
    }
}

/// Text that Markdown shows as it is. Leading spaces, which indent tree levels, are kept visible.
fn escape(text: &str) -> String {
    let safe = for_table(text);
    let indent = safe.len() - safe.trim_start_matches(' ').len();
    let mut escaped = "&nbsp;".repeat(indent);
    for c in safe[indent..].chars() {
        if matches!(c, '\\' | '|' | '<' | '*' | '_' | '`' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_shows_what_was_written() {
        let mut out = Vec::new();
        let columns = [SheetColumn::left("Account"), SheetColumn::right("Balance")];
        let mut table = MarkdownTable::begin(&mut out, "Balance · a|b", &columns).unwrap();
        table
            .row(&SheetRow::Cells(vec!["  x_y|<b>".into(), "1.00   ".into()]))
            .unwrap();
        table.row(&SheetRow::Strong(vec!["Total".into()])).unwrap();
        table.end(&["Proved.".into()]).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "## Balance · a\\|b\n\n| Account | Balance |\n| --- | ---: |\n| &nbsp;&nbsp;x\\_y\\|\\<b> | 1.00 |\n| **Total** | |\n\nProved.\n"
        );
    }
}
