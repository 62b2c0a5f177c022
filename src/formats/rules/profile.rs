//! Profiles: what somebody once said of a bank's files, kept as TOML so that the next file needs no flags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hledger;
use super::matcher::{Pattern, Target};
use super::{Block, Condition, Directives, Field, Rules, Template};
use crate::formats::fault::Fault;

/// A saved profile. Every key may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Profile {
    /// The bank account its files belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Of the header of its files: how it is chosen by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// `dmy`, `mdy`, `ymd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_order: Option<String>,
    /// `.` or `,`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal_mark: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// What each column holds: `date,description,,amount,balance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<String>,
    /// Positive amounts are money out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub invert: bool,
    /// A file of rules, ours or hledger's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// The bank's numbers of accounts, and what they are called in the book.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<String, String>,
    #[serde(rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub inline: Vec<Rule>,
}

/// One rule: patterns, any of which matches, and what follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Rule {
    /// Regular expressions over the whole row; case does not matter.
    #[serde(rename = "match")]
    pub patterns: OneOrMany,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// `"a"` or `["a", "b"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> OneOrMany {
        OneOrMany::Many(Vec::new())
    }
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        }
    }
}

/// An account's number as it is compared: banks group its digits differently from file to file.
pub fn plain_number(number: &str) -> String {
    let kept = number.chars().filter(|c| !c.is_whitespace());
    kept.flat_map(char::to_uppercase).collect()
}

/// Reads a profile.
pub fn parse(text: &str) -> Result<Profile, Fault> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |s| s.start).min(text.len());
        let line = 1 + text[..at].matches('\n').count() as u64;
        let column = text[..at]
            .rsplit('\n')
            .next()
            .map_or(0, |l| l.chars().count())
            + 1;
        Fault::at("bad-profile", line, column, error.message().to_owned())
            .line_text(text.lines().nth(line as usize - 1).unwrap_or(""))
    })
}

/// A profile as TOML.
pub fn write(profile: &Profile) -> Result<String, Fault> {
    toml::to_string(profile).map_err(|error| Fault::file("bad-profile", error.to_string()))
}

/// The rules of a profile's `[[rule]]` tables.
pub fn inline_rules(rules: &[Rule]) -> Result<Rules, Fault> {
    rules_at(rules, &[])
}

/// The same; `lines` says where each stands in its file, else it is known by its place among them.
fn rules_at(rules: &[Rule], lines: &[u64]) -> Result<Rules, Fault> {
    let (mut blocks, mut patterns) = (Vec::new(), Vec::new());
    for (index, rule) in rules.iter().enumerate() {
        let number = lines.get(index).copied().unwrap_or(index as u64 + 1);
        let mut block = Block {
            line: number,
            ..Block::default()
        };
        for pattern in rule.patterns.as_slice().iter().filter(|p| !p.is_empty()) {
            block.groups.push(vec![Condition {
                pattern: patterns.len(),
                negated: false,
            }]);
            patterns.push(Pattern {
                text: pattern.clone(),
                target: Target::Row,
                line: number,
            });
        }
        if block.groups.is_empty() {
            return Err(Fault::file(
                "bad-profile",
                format!("rule {number} has no pattern to match"),
            )
            .hint("write match = \"WORD\""));
        }
        let mut set = |field: Field, value: &Option<String>| {
            if let Some(value) = value {
                block.sets.push((field, Template::text(value)));
            }
        };
        set(Field::Account(2), &rule.account);
        set(Field::Payee, &rule.payee);
        set(Field::Description, &rule.description);
        set(Field::Comment(0), &rule.memo);
        if !rule.tags.is_empty() {
            set(Field::Tags, &Some(rule.tags.join(",")));
        }
        blocks.push(block);
    }
    Rules::new(Directives::default(), Vec::new(), blocks, patterns)
        .map_err(|fault| Fault::file("bad-profile", format!("rule {}: {}", fault.line, fault.why)))
}

/// Rules from a file: TOML with `[[rule]]` tables, or hledger's, by what it holds.
pub fn rules_file(
    text: &str,
    load: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Rules, Fault> {
    let is_toml = text.lines().any(|line| line.trim() == "[[rule]]");
    if is_toml {
        let starts = text
            .lines()
            .zip(1..)
            .filter(|(line, _)| line.trim_start().starts_with("[[rule]]"));
        let lines: Vec<u64> = starts.map(|(_, number)| number).collect();
        rules_at(&parse(text)?.inline, &lines)
    } else {
        hledger::parse(text, load)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Cells;
    use super::super::{Record, Scratch};
    use super::*;

    const TOML: &str = "account = \"Assets:Bank:HDFC\"\ndate-order = \"dmy\"\n\n[[rule]]\nmatch = [\"SWIGGY\", \"ZOMATO\"]\naccount = \"Expenses:Food\"\npayee = \"Delivery\"\ntags = [\"food\"]\n\n[[rule]]\nmatch = \"RENT\"\naccount = \"Expenses:Rent\"\n";

    #[test]
    fn a_profile_is_read_written_and_applied() {
        let profile = parse(TOML).unwrap();
        assert_eq!(parse(&write(&profile).unwrap()).unwrap(), profile);
        let rules = inline_rules(&profile.inline).unwrap();
        let record = Cells::of(&["x", "upi zomato"]);
        let verdict = rules.apply(&record, &mut Scratch::default());
        let get = |field| {
            verdict
                .get(field, &record as &dyn Record)
                .map(|v| v.into_owned())
        };
        assert_eq!(get(Field::Account(2)).as_deref(), Some("Expenses:Food"));
        assert_eq!(get(Field::Payee).as_deref(), Some("Delivery"));
        assert_eq!(get(Field::Tags).as_deref(), Some("food"));
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let fault = parse("acount = \"x\"\n").unwrap_err();
        assert_eq!((fault.code, fault.line), ("bad-profile", Some(1)));
        assert!(fault.why.contains("acount"), "{}", fault.why);
        assert_eq!(
            inline_rules(&[Rule::default()]).unwrap_err().code,
            "bad-profile"
        );
    }
}
