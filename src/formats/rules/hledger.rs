//! hledger's CSV rules files, as they are.
//!
//! Read: `skip`, `fields`, `date-format`, `decimal-mark`, `separator`, `encoding`, `newest-first`,
//! `intra-day-reversed`, `include`, `end`, field assignments, `if` blocks and `if,` tables, `&&` and `!`.
//! Accepted and not needed: `balance-type` (a statement's balance is one of one currency), `source` and
//! `archive` (the file is named). `timezone`: a moment is of the day it was in the book's zone.
//! Refused: accounts in brackets, balances of other accounts than the first.

use super::matcher::{self, Pattern, Target};
use super::values::{field, part_of, separator, split, template, unquoted, value_of};
use super::{Action, Block, Condition, Directives, Field, Part, Rules, Template};
use crate::formats::csv::rule_dates;
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
    /// Names of directives that were met.
    said: Vec<String>,
    /// How deep the file is included.
    depth: usize,
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
        self.depth = depth + 1;
        let read = self.file(&text, load, depth + 1);
        self.depth = depth;
        read.map_err(|inner| {
            let shown = inner.text.as_deref().unwrap_or("");
            let outer = line.fault(format!("{file}:{}: {shown}: {}", inner.place(), inner.why));
            Fault {
                hint: inner.hint,
                ..outer
            }
        })
    }

    /// A directive or an assignment outside of blocks.
    fn statement(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let (name, value) = split(line.text);
        if name != "fields" && field(name).is_none() && self.said.iter().any(|said| said == name) {
            // hledger keeps to what a directive says first.
            return Ok(());
        }
        self.said.push(name.to_owned());
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
            "fields" => self.fields(value, line)?,
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
            "intra-day-reversed" => directives.intra_day_reversed = true,
            "balance-type" | "source" | "archive" => {}
            "timezone" => {
                let zone = rule_dates::zone(unquoted(value));
                directives.timezone = Some(zone.ok_or_else(|| {
                    line.fault(format!("{value:?} is no time zone here")).hint("timezone is UTC, GMT, EST, EDT, CST, CDT, MST, MDT, PST, PDT, or like +0530")
                })?);
            }
            _ => {
                let field = field(name).ok_or_else(|| {
                    line.fault(format!("no directive or field {name:?}")).hint("fields are date, description, code, comment, status, account1, account2, amount, amount-in, amount-out, currency, balance")
                })?;
                let value = template(value, &self.directives.fields);
                may_be_set(field, &value, line)?;
                self.top.push((field, value));
            }
        }
        Ok(())
    }

    /// A list of names; those of fields are assigned from their columns.
    fn fields(&mut self, list: &str, line: &Line<'_>) -> Result<(), Fault> {
        let names: Vec<String> = list
            .split(',')
            .map(|name| unquoted(name.trim()).to_lowercase())
            .collect();
        for (column, name) in names.iter().enumerate() {
            // Of two columns of one name hledger takes the first.
            let is_first = names.iter().position(|n| n == name) == Some(column);
            if let Some(field) = field(name).filter(|_| is_first) {
                let value = Template::new(vec![Part::Cell(column)]);
                may_be_set(field, &value, line)?;
                self.top.push((field, value));
            }
        }
        self.directives.fields = names;
        Ok(())
    }

    /// `if` with its patterns, then indented assignments. Gives the line after it.
    fn block(&mut self, lines: &[Line<'_>], at: usize) -> Result<usize, Fault> {
        let mut block = Block {
            line: lines[at].number,
            ..Block::default()
        };
        let first = lines[at].text["if".len()..].trim();
        if !first.is_empty() {
            self.conditions(&mut block, first, &lines[at])?;
        }
        let mut at = at + 1;
        while at < lines.len() && !lines[at].is_indented() && !lines[at].is_blank() {
            if !lines[at].is_comment() {
                self.conditions(&mut block, lines[at].text.trim(), &lines[at])?;
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
            self.conditions(&mut block, cells[0].trim(), line)?;
            for (name, value) in fields.iter().zip(&cells[1..]) {
                if !value.trim().is_empty() {
                    self.set(&mut block, &format!("{name} {}", value.trim()), line)?;
                }
            }
            self.blocks.push(block);
        }
        Ok(at)
    }

    /// A pattern, or several joined by `&&`.
    fn conditions(&mut self, block: &mut Block, text: &str, line: &Line<'_>) -> Result<(), Fault> {
        let mut pieces = text.split(" && ");
        self.condition(block, pieces.next().unwrap_or(text).trim(), line)?;
        pieces.try_for_each(|piece| self.condition(block, &format!("& {}", piece.trim()), line))
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
        if self.depth > 0 {
            // Later it would be looked for in the file that includes this one.
            matcher::compile(text).map_err(|why| line.fault(why))?;
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
        let named = text.strip_prefix('%').and_then(|rest| {
            let quoted = rest.strip_prefix('"').and_then(|r| r.split_once("\" "));
            quoted.or_else(|| rest.split_once([' ', '\t']))
        });
        let Some((name, pattern)) = named else {
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
                let value = template(value, &self.directives.fields);
                may_be_set(field, &value, line)?;
                block.sets.push((field, value));
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

/// Refuses what hledger would do with a value and hissab has no place for.
fn may_be_set(field: Field, value: &Template, line: &Line<'_>) -> Result<(), Fault> {
    let constant = value.constant.as_deref();
    let is_bracketed = |text: &str| {
        (text.starts_with('(') && text.ends_with(')'))
            || (text.starts_with('[') && text.ends_with(']'))
    };
    match field {
        Field::Account(_) if constant.is_some_and(is_bracketed) => Err(line
            .fault("entries to an account in brackets need not balance, and are not read from rules")
            .hint("leave the line out, or the brackets")),
        Field::Balance(n @ 2..) => Err(line
            .fault(format!("balance{n} is not read: a statement proves the balance of its own account"))
            .hint("leave the line out; hissab assert ACCOUNT AMOUNT -d DATE keeps the balance of another")),
        _ => Ok(()),
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
            let text = match file {
                "common.rules" => "if TEA\n account2 Expenses:Tea\n",
                "broken.rules" => "skip\n\nwat 5\n",
                "pattern.rules" => "\nif (\n account2 a\n",
                _ => return Err("no such file".to_owned()),
            };
            Ok(text.to_owned())
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
            ("skip\ntimezone Europe/Berlin\n", 2),
            ("account2 (budget)\n", 1),
            ("if TEA\n account2 [budget:tea]\n", 2),
            ("fields date,amount,balance2\n", 1),
            ("account1 a\ninclude broken.rules\n", 2),
            ("account1 a\ninclude pattern.rules\n", 2),
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

    #[test]
    fn what_is_wrong_in_an_included_file_names_both_lines() {
        for (file, place) in [
            ("broken.rules", "broken.rules:3:1: wat 5"),
            ("pattern.rules", "pattern.rules:2:1: if ("),
        ] {
            let fault = parse_one(&format!("account1 a\ninclude {file}\n")).unwrap_err();
            assert!(fault.why.starts_with(place), "{}", fault.why);
        }
    }
}
