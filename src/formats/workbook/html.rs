//! Web pages and "XML spreadsheets" saved as `.xls`, as banks' servers make them: the tables in them.
//!
//! Read as browsers read: unclosed rows and cells end where the next begins, unknown tags are left out.

use super::cells::Cells;
use crate::formats::fault::Fault;

/// The cells of all tables of a page, one below the other; of a table in a table, the inner rows.
pub fn read(text: &str) -> Result<Cells, Fault> {
    let mut reader = Reader::default();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        reader.text(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(end) = end_of_tag(rest) else {
            break;
        };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        let name = name_of(tag);
        if matches!(&*name, "script" | "style" | "head") {
            rest = behind(rest, &name);
            continue;
        }
        reader.tag(&name, tag)?;
    }
    reader.close_cell()?;
    Ok(reader.cells)
}

/// Where a tag ends: at `>` outside of quotes.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.bytes().position(|byte| {
        match quote {
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if byte == b'>' => return true,
            _ => {}
        }
        false
    })
}

/// The name of a tag, small, without prefix: `ss:Row` → `row`, `/TD` → `/td`.
fn name_of(tag: &str) -> String {
    let end = tag[usize::from(tag.starts_with('/'))..]
        .find(|c: char| c.is_whitespace() || c == '/' || c == '>')
        .map_or(tag.len(), |at| at + usize::from(tag.starts_with('/')));
    let name = tag[..end].to_lowercase();
    match name.strip_prefix('/') {
        Some(rest) => format!("/{}", rest.rsplit(':').next().unwrap_or(rest)),
        None => name.rsplit(':').next().unwrap_or(&name).to_owned(),
    }
}

/// What stands behind the closing tag of an element whose text is not shown.
fn behind<'a>(rest: &'a str, name: &str) -> &'a str {
    let closes = |at: &usize| {
        let found = rest.get(at + 2..at + 2 + name.len());
        found.is_some_and(|f| f.eq_ignore_ascii_case(name))
    };
    let at = rest.match_indices("</").map(|(at, _)| at).find(closes);
    let tag = at.map_or("", |at| &rest[at..]);
    tag.find('>').map_or("", |end| &tag[end + 1..])
}

/// The value of an attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.match_indices(name).map(|(at, _)| at).find(|at| {
        let before = lower[..*at].chars().next_back();
        before.is_some_and(|c| c.is_whitespace() || c == ':')
    })?;
    let value = tag[at + name.len()..]
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next(),
        _ => value
            .split(|c: char| c.is_whitespace() || c == '>' || c == '/')
            .next(),
    }
}

#[derive(Default)]
struct Reader {
    cells: Cells,
    /// Rows begun so far; the row is one less.
    rows: u32,
    column: u32,
    /// How many columns the open cell takes.
    span: u32,
    open: bool,
    text: String,
}

impl Reader {
    fn tag(&mut self, name: &str, tag: &str) -> Result<(), Fault> {
        match name {
            "tr" | "row" => {
                self.close_cell()?;
                // `ss:Index` jumps over blank rows.
                let index = attribute(tag, "index").and_then(|i| i.parse().ok());
                self.rows = index.filter(|i| *i > self.rows).unwrap_or(self.rows + 1);
                self.column = 0;
            }
            "td" | "th" | "cell" => {
                self.close_cell()?;
                if self.rows == 0 {
                    self.rows = 1;
                }
                if let Some(index) = attribute(tag, "index").and_then(|i| i.parse::<u32>().ok()) {
                    self.column = index.saturating_sub(1).max(self.column);
                }
                let wide = attribute(tag, "colspan").and_then(|s| s.parse::<u32>().ok());
                let across = attribute(tag, "mergeacross").and_then(|s| s.parse::<u32>().ok());
                self.span = wide
                    .or(across.map(|a| a.saturating_add(1)))
                    .unwrap_or(1)
                    .clamp(1, 1_000);
                self.open = !tag.ends_with('/');
                if !self.open {
                    self.column = self.column.saturating_add(self.span);
                }
            }
            "/td" | "/th" | "/cell" | "/tr" | "/row" | "/table" => self.close_cell()?,
            "br" | "p" | "div" => self.text.push(' '),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.open && !text.is_empty() {
            unescape(text, &mut self.text);
        }
    }

    fn close_cell(&mut self) -> Result<(), Fault> {
        if self.open {
            let words: Vec<&str> = self.text.split_whitespace().collect();
            let text = iso_day(&words.join(" "));
            self.cells
                .put(self.rows.saturating_sub(1), self.column, &text)?;
            self.column = self.column.saturating_add(self.span);
        }
        self.open = false;
        self.text.clear();
        Ok(())
    }
}

/// `2026-04-02T00:00:00.000`, as XML spreadsheets write days.
fn iso_day(text: &str) -> String {
    match text.split_once('T') {
        Some((day, "00:00:00.000" | "00:00:00")) if day.len() == 10 => day.to_owned(),
        _ => text.to_owned(),
    }
}

/// Puts a text with its references resolved behind another; what is no reference stays as it is.
fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|b| b == b';');
        match end.and_then(|end| Some((character(&rest[1..end])?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "pound" => '£',
        "euro" => '€',
        "yen" => '¥',
        "cent" => '¢',
        "ndash" => '–',
        "mdash" => '—',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> String {
        read(text).unwrap().into_csv()
    }

    #[test]
    fn a_page_with_a_table_becomes_rows() {
        let page = "<html><head><style>td {x}</style></head><TABLE border=1><tr><td colspan=2>Mr X<tr><th>Date<th>Text<th>Amount\
            <tr><td>02/04/2026</td><td>A &amp; B&nbsp;&#8377;<br>c</td><td align=\"a>b\">1,200.50</td></tr></TABLE>";
        assert_eq!(
            csv(page),
            "Mr X\nDate,Text,Amount\n02/04/2026,\"A & B ₹ c\",\"1,200.50\"\n"
        );
    }

    #[test]
    fn an_xml_spreadsheet_becomes_rows() {
        let book = "<?xml version=\"1.0\"?><Workbook xmlns:ss=\"x\"><Worksheet ss:Name=\"S\"><Table><Row ss:Index=\"2\">\
            <Cell ss:Index=\"2\"><Data ss:Type=\"DateTime\">2026-04-02T00:00:00.000</Data></Cell><Cell/><Cell><Data ss:Type=\"Number\">5.5</Data></Cell></Row></Table></Worksheet></Workbook>";
        assert_eq!(csv(book), "\n,2026-04-02,,5.5\n");
    }

    #[test]
    fn broken_pages_do_no_harm() {
        for page in [
            "<",
            "<td",
            "<td>&",
            "<td>&#xffffffff;x",
            "<script><td>",
            "</",
            "<!--",
            "<td index=x>a",
            "<é>",
        ] {
            let _ = csv(page);
        }
    }
}
