//! Rules: what a row's text says of its account, payee and tags.
//!
//! Two ways to write them, one engine: hledger's CSV rules files as they are ([`hledger`]), and the
//! rules in our TOML profiles ([`profile`]). All blocks that match apply, in order; the last one to
//! set a field wins. All patterns are matched at once ([`matcher`]), not rule by rule.

use std::borrow::Cow;
use std::sync::Arc;

pub mod hledger;
pub mod matcher;
pub mod over_statement;
pub mod profile;
mod values;

use matcher::{Automaton, Pattern, PatternFault};

/// What a rule can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    Date,
    Date2,
    Status,
    Code,
    Description,
    Payee,
    /// A transaction's comment, or that of entry `n`.
    Comment(u8),
    /// `name`, `name:value`, separated by commas.
    Tags,
    Account(u8),
    /// 0: the whole row's.
    Amount(u8),
    AmountIn(u8),
    AmountOut(u8),
    Currency(u8),
    Balance(u8),
}

/// One piece of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// A cell, by its column from 0.
    Cell(usize),
    /// A cell by a name that is not a column yet: [`Rules::bind`].
    Name(String),
    /// A group of the pattern that matched.
    Group(usize),
}

/// A value with cells and groups in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub parts: Vec<Part>,
    /// The value, if it is the same for every row.
    constant: Option<Arc<str>>,
}

impl Template {
    pub fn new(parts: Vec<Part>) -> Template {
        let constant = match parts.as_slice() {
            [] => Some(Arc::from("")),
            [Part::Text(text)] => Some(Arc::from(text.as_str())),
            _ => None,
        };
        Template { parts, constant }
    }

    pub fn text(text: &str) -> Template {
        Template::new(vec![Part::Text(text.to_owned())])
    }
}

/// What a block does besides setting fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Action {
    #[default]
    Keep,
    /// Leaves the row out, and some after it.
    Skip(usize),
    /// Leaves this row and all after it out.
    End,
}

/// One condition: a pattern, and whether it must not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    pub pattern: usize,
    pub negated: bool,
}

/// Conditions and what follows from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// Any of these groups; of each group, all.
    pub groups: Vec<Vec<Condition>>,
    pub sets: Vec<(Field, Template)>,
    pub action: Action,
    /// Where it stands in its file.
    pub line: u64,
}

/// What a rules file says of the whole CSV file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    pub skip: usize,
    pub fields: Vec<String>,
    pub date_formats: Vec<String>,
    /// Of moments that say no zone themselves.
    pub timezone: Option<jiff::tz::Offset>,
    pub decimal_mark: Option<char>,
    pub separator: Option<u8>,
    pub encoding: Option<String>,
    pub newest_first: bool,
    /// Rows of one day stand the other way round than the days do.
    pub intra_day_reversed: bool,
}

/// Rules ready to run.
#[derive(Debug)]
pub struct Rules {
    pub directives: Directives,
    /// Set for every row, before any block.
    top: Vec<(Field, Template)>,
    blocks: Vec<Block>,
    automaton: Automaton,
    /// The block each pattern alone decides, if it does.
    alone: Vec<Option<u32>>,
    /// Blocks with several conditions to weigh.
    weighed: Vec<u32>,
    /// Every field that anything sets: the slots of a verdict.
    fields: Vec<Field>,
}

/// A row as rules see it.
pub trait Record {
    /// All cells, joined by commas, as hledger matches them.
    fn text(&self) -> &str;
    /// A cell; empty beyond the last.
    fn cell(&self, column: usize) -> &str;
}

/// What the rules made of one row.
pub struct Verdict<'r> {
    rules: &'r Rules,
    /// For each of `fields`: the value, and the block it came from.
    slots: Vec<Option<(&'r Template, Option<u32>)>>,
    pub action: Action,
}

/// Buffers that live from row to row.
#[derive(Default)]
pub struct Scratch {
    hits: Vec<u32>,
    matched: Vec<u32>,
}

impl Rules {
    /// Compiles rules.
    ///
    /// Errors: a pattern that is not a regular expression, and its line.
    pub fn new(
        directives: Directives,
        top: Vec<(Field, Template)>,
        blocks: Vec<Block>,
        patterns: Vec<Pattern>,
    ) -> Result<Rules, PatternFault> {
        let mut fields: Vec<Field> = top.iter().map(|(f, _)| *f).collect();
        fields.extend(blocks.iter().flat_map(|b| b.sets.iter().map(|(f, _)| *f)));
        fields.sort_unstable();
        fields.dedup();
        let (mut alone, mut weighed) = (vec![None; patterns.len()], Vec::new());
        for (index, block) in blocks.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let plain = block
                .groups
                .iter()
                .all(|g| matches!(g.as_slice(), [c] if !c.negated));
            if !plain {
                weighed.push(index);
                continue;
            }
            for group in &block.groups {
                alone[group[0].pattern] = Some(index);
            }
        }
        Ok(Rules {
            directives,
            top,
            blocks,
            automaton: Automaton::new(patterns)?,
            alone,
            weighed,
            fields,
        })
    }

    /// Turns the names that values and patterns use into columns.
    ///
    /// A name that is no column stays as it is written, with its per cent sign, as in hledger.
    pub fn bind(&mut self, column_of: &dyn Fn(&str) -> Option<usize>) {
        let sets = self
            .top
            .iter_mut()
            .chain(self.blocks.iter_mut().flat_map(|b| b.sets.iter_mut()));
        for (_, template) in sets {
            for part in &mut template.parts {
                if let Part::Name(name) = part
                    && let Some(column) = column_of(name)
                {
                    *part = Part::Cell(column);
                }
            }
        }
        self.automaton.bind(column_of);
    }

    /// True if the rules say which cells hold date and amount: then the file is read by them alone.
    pub fn reads_rows(&self) -> bool {
        let sets = |wanted: fn(&Field) -> bool| self.fields.iter().any(wanted);
        sets(|f| *f == Field::Date)
            && sets(|f| {
                matches!(
                    f,
                    Field::Amount(_) | Field::AmountIn(_) | Field::AmountOut(_)
                )
            })
    }

    /// A value set for every row that no row changes: `account1`.
    pub fn constant(&self, field: Field) -> Option<Arc<str>> {
        let found = self.top.iter().rev().find(|(f, _)| *f == field)?;
        found.1.constant.clone()
    }

    /// Whether account1 is not the same for every row.
    pub fn own_by_row(&self) -> bool {
        let own = Field::Account(1);
        let mut sets = self.blocks.iter().flat_map(|block| &block.sets);
        let said = self.top.iter().any(|(field, _)| *field == own);
        sets.any(|(field, _)| *field == own) || said && self.constant(own).is_none()
    }

    /// What is set and means nothing unless the rules read the rows too: the first such field's name.
    pub fn left_without_rows(&self) -> Option<String> {
        if self.own_by_row() {
            return Some("account1 of a row".to_owned());
        }
        if self.directives.timezone.is_some() {
            return Some("timezone".to_owned());
        }
        self.fields.iter().find_map(|field| match field {
            Field::Account(n @ 3..) => Some(format!("account{n}")),
            Field::Amount(n @ 1..) | Field::AmountIn(n @ 1..) | Field::AmountOut(n @ 1..) => {
                Some(format!("amount{n}"))
            }
            Field::Amount(0) | Field::AmountIn(0) | Field::AmountOut(0) => {
                Some("amount".to_owned())
            }
            Field::Currency(_) => Some("currency".to_owned()),
            _ => None,
        })
    }

    /// True if anything sets the account or the amount of entry `n`.
    pub fn reaches_entry(&self, n: u8) -> bool {
        let fields = [
            Field::Account(n),
            Field::Amount(n),
            Field::AmountIn(n),
            Field::AmountOut(n),
        ];
        fields.iter().any(|f| self.fields.contains(f))
    }

    /// Columns whose cells become part of these fields.
    pub fn columns_of(&self, wanted: fn(&Field) -> bool) -> Vec<usize> {
        let sets = self
            .top
            .iter()
            .chain(self.blocks.iter().flat_map(|b| &b.sets));
        let parts = sets.filter(|(f, _)| wanted(f)).flat_map(|(_, t)| &t.parts);
        let mut columns: Vec<usize> = parts
            .filter_map(|p| {
                if let Part::Cell(c) = p {
                    Some(*c)
                } else {
                    None
                }
            })
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Every account the rules can name outright.
    pub fn accounts(&self) -> Vec<Arc<str>> {
        let sets = self
            .top
            .iter()
            .chain(self.blocks.iter().flat_map(|b| &b.sets));
        sets.filter(|(f, _)| matches!(f, Field::Account(_)))
            .filter_map(|(_, t)| t.constant.clone())
            .collect()
    }

    /// Runs the rules over one row.
    pub fn apply<'r>(&'r self, record: &dyn Record, scratch: &mut Scratch) -> Verdict<'r> {
        let mut verdict = Verdict {
            rules: self,
            slots: vec![None; self.fields.len()],
            action: Action::Keep,
        };
        for (field, template) in &self.top {
            verdict.set(*field, template, None);
        }
        scratch.hits.clear();
        scratch.matched.clear();
        self.automaton.hits(record, &mut scratch.hits);
        scratch
            .matched
            .extend(scratch.hits.iter().filter_map(|p| self.alone[*p as usize]));
        let hit =
            |c: &Condition| scratch.hits.binary_search(&(c.pattern as u32)).is_ok() != c.negated;
        for index in &self.weighed {
            let groups = &self.blocks[*index as usize].groups;
            if groups.iter().any(|group| group.iter().all(hit)) {
                scratch.matched.push(*index);
            }
        }
        scratch.matched.sort_unstable();
        scratch.matched.dedup();
        for index in &scratch.matched {
            let block = &self.blocks[*index as usize];
            for (field, template) in &block.sets {
                verdict.set(*field, template, Some(*index));
            }
            if block.action != Action::Keep {
                verdict.action = block.action;
            }
        }
        verdict
    }
}

impl<'r> Verdict<'r> {
    fn set(&mut self, field: Field, template: &'r Template, block: Option<u32>) {
        if let Ok(slot) = self.rules.fields.binary_search(&field) {
            self.slots[slot] = Some((template, block));
        }
    }

    fn slot(&self, field: Field) -> Option<(&'r Template, Option<u32>)> {
        self.slots[self.rules.fields.binary_search(&field).ok()?]
    }

    /// True if a rule of a block, not only one for every row, set the field.
    pub fn is_by_block(&self, field: Field) -> bool {
        self.slot(field).is_some_and(|(_, block)| block.is_some())
    }

    /// The line of the block that set the field; `None` where nothing did, or a value for every row.
    pub fn line_of(&self, field: Field) -> Option<u64> {
        let block = self.slot(field)?.1?;
        Some(self.rules.blocks.get(block as usize)?.line)
    }

    /// The value of a field, with the row's cells in it; `None` if nothing set it.
    pub fn get<'a>(&self, field: Field, record: &'a dyn Record) -> Option<Cow<'a, str>>
    where
        'r: 'a,
    {
        let (template, block) = self.slot(field)?;
        match template.parts.as_slice() {
            [] => return Some(Cow::Borrowed("")),
            [Part::Text(text)] => return Some(Cow::Borrowed(text)),
            [Part::Cell(column)] => return Some(Cow::Borrowed(record.cell(*column))),
            _ => {}
        }
        let mut value = String::new();
        for part in &template.parts {
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Cell(column) => value.push_str(record.cell(*column)),
                Part::Name(name) => {
                    value.push('%');
                    value.push_str(name);
                }
                Part::Group(group) => value.push_str(&self.group(block, *group, record)),
            }
        }
        Some(Cow::Owned(value))
    }

    /// As [`Verdict::get`], shared: values that no row changes are not copied.
    pub fn get_shared(&self, field: Field, record: &dyn Record) -> Option<Arc<str>> {
        if let Some(constant) = self.slot(field).and_then(|(t, _)| t.constant.clone()) {
            return Some(constant);
        }
        self.get(field, record)
            .map(|value| Arc::from(value.as_ref()))
    }

    fn group(&self, block: Option<u32>, group: usize, record: &dyn Record) -> String {
        let Some(block) = block.map(|b| &self.rules.blocks[b as usize]) else {
            return String::new();
        };
        let conditions = block.groups.iter().flatten().filter(|c| !c.negated);
        conditions
            .filter_map(|c| self.rules.automaton.group(c.pattern, group, record))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A row of plain cells.
    pub struct Cells {
        text: String,
        cells: Vec<String>,
    }

    impl Cells {
        pub fn of(cells: &[&str]) -> Cells {
            Cells {
                text: cells.join(","),
                cells: cells.iter().map(|c| (*c).to_owned()).collect(),
            }
        }
    }

    impl Record for Cells {
        fn text(&self) -> &str {
            &self.text
        }
        fn cell(&self, column: usize) -> &str {
            self.cells.get(column).map_or("", String::as_str)
        }
    }

    pub fn read(rules: &str) -> Rules {
        hledger::parse(rules, &mut |_| Err("no includes".to_owned())).unwrap()
    }

    fn account2(rules: &Rules, cells: &[&str]) -> String {
        let record = Cells::of(cells);
        let verdict = rules.apply(&record, &mut Scratch::default());
        verdict
            .get(Field::Account(2), &record)
            .unwrap_or_default()
            .into_owned()
    }

    #[test]
    fn the_last_matching_block_wins_and_case_does_not_matter() {
        let rules = read(
            "account2 Expenses:Unknown\nif swiggy\n account2 Expenses:Food\nif SWIGGY.*ONE\n account2 Expenses:Club\n",
        );
        assert_eq!(account2(&rules, &["x", "UPI/SWIGGY/1"]), "Expenses:Food");
        assert_eq!(account2(&rules, &["x", "Swiggy One"]), "Expenses:Club");
        assert_eq!(account2(&rules, &["x", "Rent"]), "Expenses:Unknown");
    }

    #[test]
    fn conditions_can_be_joined_negated_and_tied_to_a_field() {
        let rules = read(
            "fields date,description,amount\nif\nATM\n& %amount ^-\n account2 Assets:Cash\nif %description ^ATM$\n account2 Exact\nif\nUPI\n& ! SALARY\n account2 Upi\n",
        );
        assert_eq!(account2(&rules, &["d", "ATM 1", "-5"]), "Assets:Cash");
        assert_eq!(account2(&rules, &["d", "ATM 1", "5"]), "");
        assert_eq!(account2(&rules, &["d", "atm", "5"]), "Exact");
        assert_eq!(account2(&rules, &["d", "UPI x", "5"]), "Upi");
        assert_eq!(account2(&rules, &["d", "UPI SALARY", "5"]), "");
    }

    #[test]
    fn patterns_of_one_line_are_joined_and_names_can_be_quoted() {
        let rules = read(
            "fields date,\"Who is it\",amount\ndescription for %\"who is it\"\nif %\"Who is it\" ^TEA && ! STEAM && -5\n account2 Tea\n",
        );
        assert_eq!(account2(&rules, &["d", "TEA", "-5"]), "Tea");
        assert_eq!(account2(&rules, &["d", "TEA", "5"]), "");
        assert_eq!(account2(&rules, &["d", "TEA STEAM", "-5"]), "");
        let record = Cells::of(&["d", "Ramesh", "-5"]);
        let verdict = rules.apply(&record, &mut Scratch::default());
        assert_eq!(
            verdict.get(Field::Description, &record).unwrap(),
            "for Ramesh"
        );
    }

    #[test]
    fn values_hold_cells_and_groups() {
        let rules = read(
            "fields date,who,amount\ndescription %who (%3)\nif UPI/([A-Z]+)/\n account2 Expenses:\\1\n",
        );
        let record = Cells::of(&["d", "UPI/TEA/1", "-5"]);
        let verdict = rules.apply(&record, &mut Scratch::default());
        assert_eq!(
            verdict.get(Field::Description, &record).unwrap(),
            "UPI/TEA/1 (-5)"
        );
        assert_eq!(
            verdict.get(Field::Account(2), &record).unwrap(),
            "Expenses:TEA"
        );
        assert_eq!(verdict.get(Field::Status, &record), None);
    }
}
