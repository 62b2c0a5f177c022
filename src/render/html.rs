//! One self-contained page: a heading, a table, the notes; styled for the screen and for paper, without scripts.
//!
//! Spreadsheets open such pages and compute what looks like a formula: text that does gets a quote in
//! front, as in csv, unless `--raw`. Amounts, which stand on the right, are ours.

use std::borrow::Cow;
use std::io::{self, Write};

use super::text::{for_table, without_formula};
use super::{Align, SheetColumn, SheetRow};

const STYLE: &str = "\
body{font:15px/1.4 system-ui,sans-serif;margin:2em;color:#111;background:#fff}
h1{font-size:1.25em;margin:0 0 1em}
table{border-collapse:collapse}
th,td{padding:.2em .8em .2em 0;text-align:left;vertical-align:top;white-space:pre-wrap}
th{border-bottom:1px solid #111;position:sticky;top:0;background:#fff}
.r{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tr.s td{font-weight:600}
tr.o td{white-space:nowrap}
p{margin:.6em 0}
@media print{@page{margin:15mm}body{margin:0;font-size:10pt}th{position:static}thead{display:table-header-group}tr{break-inside:avoid}}
";

pub(super) struct HtmlTable<'w> {
    out: &'w mut dyn Write,
    aligns: Vec<Align>,
    raw: bool,
}

impl<'w> HtmlTable<'w> {
    pub fn begin(
        out: &'w mut dyn Write,
        title: &str,
        columns: &[SheetColumn],
        raw: bool,
    ) -> io::Result<HtmlTable<'w>> {
        let name = escape(if title.is_empty() { "hissab" } else { title });
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>{name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        )?;
        if !title.is_empty() {
            writeln!(out, "<h1>{name}</h1>")?;
        }
        writeln!(out, "<table>")?;
        let table = HtmlTable {
            out,
            aligns: columns.iter().map(|c| c.align).collect(),
            raw,
        };
        if columns.iter().any(|c| !c.heading.is_empty()) {
            table.out.write_all(b"<thead><tr>")?;
            for column in columns {
                let class = class_of(column.align);
                write!(table.out, "<th{class}>{}</th>", escape(&column.heading))?;
            }
            writeln!(table.out, "</tr></thead>")?;
        }
        writeln!(table.out, "<tbody>")?;
        Ok(table)
    }

    pub fn row(&mut self, row: &SheetRow) -> io::Result<()> {
        let begin = match row {
            SheetRow::Cells(_) => "<tr>",
            SheetRow::Strong(_) => "<tr class=\"s\">",
            SheetRow::Spill(_) => "<tr class=\"o\">",
        };
        self.out.write_all(begin.as_bytes())?;
        let cells = row.cells();
        let mut place = 0;
        while place < self.aligns.len() {
            let text = cells.get(place).map_or("", String::as_str);
            let mut span = 1;
            if matches!(row, SheetRow::Spill(_)) && !text.is_empty() {
                // It runs over the empty cells after it.
                while place + span < self.aligns.len()
                    && cells.get(place + span).is_none_or(String::is_empty)
                {
                    span += 1;
                }
            }
            self.cell(place, span, text)?;
            place += span;
        }
        writeln!(self.out, "</tr>")
    }

    fn cell(&mut self, place: usize, span: usize, text: &str) -> io::Result<()> {
        let align = self.aligns[place];
        let class = class_of(align);
        let span = match span {
            1 => String::new(),
            many => format!(" colspan=\"{many}\""),
        };
        let safe = for_table(text.trim_end());
        let safe = match align {
            Align::Left if !self.raw => without_formula(&safe),
            _ => safe,
        };
        write!(self.out, "<td{class}{span}>{}</td>", escape(&safe))
    }

    pub fn end(&mut self, notes: &[String]) -> io::Result<()> {
        writeln!(self.out, "</tbody>\n</table>")?;
        for note in notes {
            writeln!(self.out, "<p>{}</p>", escape(&for_table(note)))?;
        }
        writeln!(self.out, "</body>\n</html>")
    }
}

fn class_of(align: Align) -> &'static str {
    match align {
        Align::Left => "",
        Align::Right => " class=\"r\"",
    }
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    Cow::Owned(text.replace('>', "&gt;").replace('"', "&quot;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(raw: bool) -> String {
        let mut out = Vec::new();
        let columns = [SheetColumn::left("Account"), SheetColumn::right("Balance")];
        let mut table = HtmlTable::begin(&mut out, "A & <b>", &columns, raw).unwrap();
        let cells = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        table
            .row(&SheetRow::Cells(cells("  =1+1", "-5.00")))
            .unwrap();
        table
            .row(&SheetRow::Strong(cells("<script>x</script>", "")))
            .unwrap();
        table
            .row(&SheetRow::Spill(cells("\u{1b}VOID", "")))
            .unwrap();
        table.end(&["Proved.".to_owned()]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_in_a_page_is_run_by_browser_or_spreadsheet() {
        let page = page(false);
        assert!(page.contains("<h1>A &amp; &lt;b&gt;</h1>"));
        assert!(page.contains("<tr><td>'  =1+1</td><td class=\"r\">-5.00</td></tr>"));
        assert!(page.contains("<tr class=\"s\"><td>&lt;script&gt;x&lt;/script&gt;</td>"));
        assert!(page.contains("<tr class=\"o\"><td colspan=\"2\">␛VOID</td></tr>"));
        assert!(page.ends_with("<p>Proved.</p>\n</body>\n</html>\n"));
        assert!(!page.contains("<script"));
        assert!(!page.contains("http"));
    }

    #[test]
    fn raw_text_is_left_as_it_is() {
        assert!(page(true).contains("<td>  =1+1</td>"));
    }
}
