//! hledger's CSV rules files, as they are.
//!
//! Read: `skip`, `fields`, `date-format`, `decimal-mark`, `separator`, `encoding`, `newest-first`, `include`,
//! `end`, field assignments, `if` blocks and `if,` tables. Accepted and not needed: `intra-day-reversed`
//! (days are put in order by their balances), `balance-type`, `timezone`, `source`, `archive`.

use super::matcher::{Pattern, Target};
use super::values::{field, part_of, separator, split, template, unquoted, value_of};
use super::{Action, Block, Condition, Directives, Field, Part, Rules, Template};
use crate::formats::fault::Fault;

/// How deep files may include each other.
const INCLUDE_DEPTH_MAX: usize = 10;

/// Reads a rules file; `load` gives the text of a file that it includes.
///
/// Errors: the line that is not understood.
pub fn parse(
    text: &str,
    load: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Rules, Fault> {
    let mut parser = Parser::default();
    parser.file(text, load, 0)?;
    parser.finish()
}

#[derive(Default)]
struct Parser {
    directives: Directives,
    top: Vec<(Field, Template)>,
    blocks: Vec<Block>,
    patterns: Vec<Pattern>,
}

/// A line with its number, comments and trailing space gone.
struct Line<'a> {
    number: u64,
    text: &'a str,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn is_comment(&self) -> bool {
        self.text.trim_start().starts_with(['#', ';', '*'])
    }

    fn is_indented(&self) -> bool {
        self.text.starts_with([' ', '\t'])
    }

    fn fault(&self, why: impl Into<String>) -> Fault {
        Fault::at("bad-rules", self.number, 1, why).line_text(self.text)
    }
}

impl Parser {
    fn file(
        &mut self,
        text: &str,
        load: &mut dyn FnMut(&str) -> Result<String, String>,
        depth: usize,
    ) -> Result<(), Fault> {
        let text = text.trim_start_matches('\u{feff}');
        let lines: Vec<Line<'_>> = text
            .lines()
            .enumerate()
            .map(|(index, text)| Line {
                number: index as u64 + 1,
                text: text.trim_end(),
            })
            .collect();
        let mut at = 0;
        while at < lines.len() {
            let line = &lines[at];
            if line.is_blank() || line.is_comment() {
                at += 1;
            } else if line.text == "end" {
                return Ok(());
            } else if let Some(file) = value_of(line.text, "include") {
                self.include(line, file, load, depth)?;
                at += 1;
            } else if is_table(line.text) {
                at = self.table(&lines, at)?;
            } else if line.text == "if"
                || line.text.starts_with("if ")
                || line.text.starts_with("if\t")
            {
                at = self.block(&lines, at)?;
            } else {
                self.statement(line)?;
                at += 1;
            }
        }
        Ok(())
    }

    fn include(
        &mut self,
        line: &Line<'_>,
        file: &str,
        load: &mut dyn FnMut(&str) -> Result<String, String>,
        depth: usize,
    ) -> Result<(), Fault> {
        if depth >= INCLUDE_DEPTH_MAX {
            return Err(line.fault("rules files include each other too deeply"));
        }
        let text = load(file).map_err(|why| line.fault(format!("cannot read {file}: {why}")))?;
        self.file(&text, load, depth + 1).map_err(|mut fault| {
            fault.why = format!("in {file}: {}", fault.why);
            fault
        })
    }

    /// A directive or an assignment outside of blocks.
    fn statement(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let (name, value) = split(line.text);
        let directives = &mut self.directives;
        match name {
            "skip" => {
                directives.skip = if value.is_empty() {
                    1
                } else {
                    value
                        .parse()
                        .map_err(|_| line.fault("skip needs a number"))?
                };
            }
            "fields" => self.fields(value),
            "date-format" => directives.date_formats.push(unquoted(value).to_owned()),
            "decimal-mark" => match unquoted(value) {
                "." => directives.decimal_mark = Some('.'),
                "," => directives.decimal_mark = Some(','),
                _ => return Err(line.fault("decimal-mark is . or ,")),
            },
            "separator" => {
                directives.separator =
                    Some(separator(value).ok_or_else(|| {
                        line.fault("separator is one ASCII character, TAB or SPACE")
                    })?)
            }
            "encoding" => directives.encoding = Some(value.to_owned()),
            "newest-first" => directives.newest_first = true,
            "intra-day-reversed" | "balance-type" | "timezone" | "source" | "archive" => {}
            _ => {
                let field = field(name).ok_or_else(|| {
                    line.fault(format!("no directive or field {name:?}")).hint("fields are date, description, code, comment, status, account1, account2, amount, amount-in, amount-out, currency, balance")
                })?;
                self.top
                    .push((field, template(value, &self.directives.fields)));
            }
        }
        Ok(())
    }

    /// A list of names; those of fields are assigned from their columns.
    fn fields(&mut self, list: &str) {
        let names: Vec<String> = list
            .split(',')
            .map(|name| unquoted(name.trim()).to_lowercase())
            .collect();
        for (column, name) in names.iter().enumerate() {
            if let Some(field) = field(name) {
                self.top
                    .push((field, Template::new(vec![Part::Cell(column)])));
            }
        }
        self.directives.fields = names;
    }

    /// `if` with its patterns, then indented assignments. Gives the line after it.
    fn block(&mut self, lines: &[Line<'_>], at: usize) -> Result<usize, Fault> {
        let mut block = Block {
            line: lines[at].number,
            ..Block::default()
        };
        let first = lines[at].text["if".len()..].trim();
        if !first.is_empty() {
            self.condition(&mut block, first, &lines[at])?;
        }
        let mut at = at + 1;
        while at < lines.len() && !lines[at].is_indented() && !lines[at].is_blank() {
            if !lines[at].is_comment() {
                self.condition(&mut block, lines[at].text.trim(), &lines[at])?;
            }
            at += 1;
        }
        while at < lines.len()
            && (lines[at].is_indented() || lines[at].is_comment())
            && !lines[at].is_blank()
        {
            if !lines[at].is_comment() {
                self.set(&mut block, lines[at].text.trim(), &lines[at])?;
            }
            at += 1;
        }
        if block.groups.is_empty() {
            return Err(lines[at - 1].fault("if without a pattern"));
        }
        if block.sets.is_empty() && block.action == Action::Keep {
            return Err(lines[at - 1].fault("if without an indented assignment below it"));
        }
        self.blocks.push(block);
        Ok(at)
    }

    /// `if,FIELD,FIELD` and a line a pattern, until a blank line. Gives the line after it.
    fn table(&mut self, lines: &[Line<'_>], at: usize) -> Result<usize, Fault> {
        let head = &lines[at];
        let separator = head.text[2..].chars().next().unwrap_or(',');
        let mut fields = Vec::new();
        for name in head.text[2 + separator.len_utf8()..]
            .split(separator)
            .map(str::trim)
        {
            fields.push(name.to_owned());
        }
        let mut at = at + 1;
        while at < lines.len() && !lines[at].is_blank() {
            let line = &lines[at];
            at += 1;
            if line.is_comment() {
                continue;
            }
            let cells: Vec<&str> = line.text.splitn(fields.len() + 1, separator).collect();
            if cells.len() != fields.len() + 1 {
                return Err(line.fault(format!(
                    "the row has {} values, its table {}",
                    cells.len() - 1,
                    fields.len()
                )));
            }
            let mut block = Block {
                line: line.number,
                ..Block::default()
            };
            self.condition(&mut block, cells[0].trim(), line)?;
            for (name, value) in fields.iter().zip(&cells[1..]) {
                if !value.trim().is_empty() {
                    self.set(&mut block, &format!("{name} {}", value.trim()), line)?;
                }
            }
            self.blocks.push(block);
        }
        Ok(at)
    }

    fn condition(&mut self, block: &mut Block, text: &str, line: &Line<'_>) -> Result<(), Fault> {
        let joined = text
            .strip_prefix('&')
            .map(|rest| rest.trim_start_matches('&').trim_start());
        let text = joined.unwrap_or(text);
        let negated = text.strip_prefix('!').map(str::trim_start);
        let text = negated.unwrap_or(text);
        let (target, text) = self.target(text);
        if text.is_empty() {
            return Err(line.fault("an empty pattern"));
        }
        let condition = Condition {
            pattern: self.patterns.len(),
            negated: negated.is_some(),
        };
        self.patterns.push(Pattern {
            text: text.to_owned(),
            target,
            line: line.number,
        });
        match (joined, block.groups.last_mut()) {
            (Some(_), Some(group)) => group.push(condition),
            (Some(_), None) => {
                return Err(line.fault("& joins a pattern to the one above, and there is none"));
            }
            (None, _) => block.groups.push(vec![condition]),
        }
        Ok(())
    }

    /// `%name pattern` looks at one cell, anything else at the row.
    fn target<'a>(&self, text: &'a str) -> (Target, &'a str) {
        let Some((name, pattern)) = text
            .strip_prefix('%')
            .and_then(|rest| rest.split_once([' ', '\t']))
        else {
            return (Target::Row, text);
        };
        let target = match part_of(name, &self.directives.fields) {
            Part::Cell(column) => Target::Cell(column),
            _ => Target::Name(name.to_lowercase()),
        };
        (target, pattern.trim())
    }

    fn set(&mut self, block: &mut Block, text: &str, line: &Line<'_>) -> Result<(), Fault> {
        let (name, value) = split(text);
        match name {
            "skip" => {
                let rows = if value.is_empty() {
                    1
                } else {
                    value
                        .parse()
                        .map_err(|_| line.fault("skip needs a number"))?
                };
                block.action = Action::Skip(rows);
            }
            "end" => block.action = Action::End,
            _ => {
                let field = field(name).ok_or_else(|| line.fault(format!("no field {name:?}")))?;
                block
                    .sets
                    .push((field, template(value, &self.directives.fields)));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Rules, Fault> {
        Rules::new(self.directives, self.top, self.blocks, self.patterns).map_err(|fault| {
            match fault.line {
                0 => Fault::file("bad-rules", fault.why),
                line => Fault::at("bad-rules", line, 1, fault.why)
                    .hint("write \\ before a sign that is meant as it stands: \\( \\. \\*"),
            }
        })
    }
}

fn is_table(text: &str) -> bool {
    text.strip_prefix("if")
        .and_then(|rest| rest.chars().next())
        .is_some_and(|c| !c.is_alphanumeric() && !c.is_whitespace() && c != '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_one(text: &str) -> Result<Rules, Fault> {
        parse(text, &mut |file| {
            if file == "common.rules" {
                Ok("if TEA\n account2 Expenses:Tea\n".to_owned())
            } else {
                Err("no such file".to_owned())
            }
        })
    }

    #[test]
    fn every_kind_of_line_is_read() {
        let rules = parse_one(
            "# comment\n; another\nskip 2\nfields date, description, , amount-out, amount-in, balance\nseparator ;\nencoding windows-1252\ndate-format %d/%m/%Y\ndecimal-mark ,\nnewest-first\nintra-day-reversed\ncurrency INR\naccount1 Assets:Bank\ninclude common.rules\n\nif\nRENT\nHOUSE\n  account2 Expenses:Rent\n  comment  flat:3b, paid\n\nif,account2,comment\nCHAI,Expenses:Tea,\nPAN|GUTKA,Expenses:Bad,habit:yes\n\nif OLD\n skip\nend\nthis is not read\n",
        )
        .unwrap();
        let directives = &rules.directives;
        assert_eq!(
            (
                directives.skip,
                directives.separator,
                directives.decimal_mark
            ),
            (2, Some(b';'), Some(','))
        );
        assert!(directives.newest_first && rules.reads_rows());
        assert_eq!(rules.blocks.len(), 5);
        assert_eq!(rules.blocks[4].action, Action::Skip(1));
        assert_eq!(
            rules.constant(Field::Account(1)).as_deref(),
            Some("Assets:Bank")
        );
        assert_eq!(rules.accounts().len(), 5);
    }

    #[test]
    fn what_is_not_understood_names_its_line() {
        for (text, line) in [
            ("skip 1\nwat 5\n", 2),
            ("if\n account2 A\n", 2),
            ("if TEA\n\naccount2 A\n", 1),
            ("if TEA\n colour red\n", 2),
            ("if (\n account2 A\n", 1),
            ("include nowhere\n", 1),
            ("if,account2,comment\nTEA,A\n", 2),
            ("skip x\n", 1),
            ("separator abc\n", 1),
        ] {
            let fault = parse_one(text).unwrap_err();
            assert_eq!(
                (fault.code, fault.line),
                ("bad-rules", Some(line)),
                "{text:?}: {}",
                fault.why
            );
        }
    }
}
