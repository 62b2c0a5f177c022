//! All patterns at once: plain words in one Aho–Corasick automaton, the rest in one set of regular
//! expressions. A row costs one pass over its text, however many rules there are.

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::Record;

/// A pattern as written. Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub text: String,
    pub target: Target,
    /// Where it stands in its file.
    pub line: u64,
}

/// What a pattern looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The whole row, cells joined by commas.
    Row,
    Cell(usize),
    /// A cell by a name that is not a column yet.
    Name(String),
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternFault {
    pub line: u64,
    pub why: String,
}

/// The largest compiled set, in bytes: a bound on what a rules file can ask for.
const COMPILED_BYTES_MAX: usize = 64 << 20;

/// Everything compiled.
#[derive(Debug)]
pub struct Automaton {
    patterns: Vec<Pattern>,
    row: Engine,
    /// Patterns on single cells: compiled one a name, since few rows have many.
    cells: Vec<(u32, Regex)>,
}

/// One text, all patterns.
#[derive(Debug, Default)]
struct Engine {
    words: Option<AhoCorasick>,
    /// Pattern of each word.
    word_ids: Vec<u32>,
    set: Option<RegexSet>,
    set_ids: Vec<u32>,
}

impl Automaton {
    pub fn new(patterns: Vec<Pattern>) -> Result<Automaton, PatternFault> {
        let (mut words, mut word_ids) = (Vec::new(), Vec::new());
        let (mut set, mut set_ids, mut cells) = (Vec::new(), Vec::new(), Vec::new());
        for (id, pattern) in patterns.iter().enumerate() {
            let id = u32::try_from(id).unwrap_or(u32::MAX);
            let regex = || {
                compile(&pattern.text).map_err(|why| PatternFault {
                    line: pattern.line,
                    why,
                })
            };
            if pattern.target != Target::Row {
                cells.push((id, regex()?));
            } else if let Some(plain) = plain_words(&pattern.text) {
                word_ids.extend(plain.iter().map(|_| id));
                words.extend(plain);
            } else {
                regex()?;
                set.push(pattern.text.as_str());
                set_ids.push(id);
            }
        }
        let fault = |why: String| PatternFault { line: 0, why };
        let words = if words.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(&words);
            Some(built.map_err(|e| fault(e.to_string()))?)
        };
        let set = if set.is_empty() {
            None
        } else {
            let built = RegexSetBuilder::new(&set)
                .case_insensitive(true)
                .size_limit(COMPILED_BYTES_MAX)
                .dfa_size_limit(COMPILED_BYTES_MAX)
                .build();
            Some(built.map_err(|e| fault(e.to_string()))?)
        };
        let row = Engine {
            words,
            word_ids,
            set,
            set_ids,
        };
        Ok(Automaton {
            patterns,
            row,
            cells,
        })
    }

    /// Turns names into columns.
    pub fn bind(&mut self, column_of: &dyn Fn(&str) -> Option<usize>) {
        for pattern in &mut self.patterns {
            if let Target::Name(name) = &pattern.target
                && let Some(column) = column_of(name)
            {
                pattern.target = Target::Cell(column);
            }
        }
    }

    /// The patterns that match, ascending.
    pub fn hits(&self, record: &dyn Record, hits: &mut Vec<u32>) {
        let text = record.text();
        if let Some(words) = &self.row.words {
            hits.extend(
                words
                    .find_overlapping_iter(text)
                    .map(|m| self.row.word_ids[m.pattern().as_usize()]),
            );
        }
        if let Some(set) = &self.row.set {
            hits.extend(
                set.matches(text)
                    .iter()
                    .map(|index| self.row.set_ids[index]),
            );
        }
        for (id, regex) in &self.cells {
            if let Target::Cell(column) = self.patterns[*id as usize].target
                && regex.is_match(record.cell(column))
            {
                hits.push(*id);
            }
        }
        hits.sort_unstable();
        hits.dedup();
    }

    /// The text of a group where a pattern matches.
    pub fn group(&self, pattern: usize, group: usize, record: &dyn Record) -> Option<String> {
        let pattern = &self.patterns[pattern];
        let text = match pattern.target {
            Target::Row => record.text(),
            Target::Cell(column) => record.cell(column),
            Target::Name(_) => return None,
        };
        // Only rows that a rule with groups matched come here; compiling is kept out of the common path.
        let regex = compile(&pattern.text).ok()?;
        let captures = regex.captures(text)?;
        captures.get(group).map(|m| m.as_str().to_owned())
    }
}

pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text
                .lines()
                .last()
                .unwrap_or("")
                .trim_start_matches("error: ");
            format!("{pattern:?} is not a regular expression: {last}")
        })
}

/// The words of a pattern that is nothing but words with `|` between them.
fn plain_words(pattern: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let word = words.last_mut()?;
        match c {
            '|' => words.push(String::new()),
            '\\' => match chars.next()? {
                // Where a word begins and ends.
                '<' | '>' => return None,
                c if c.is_ascii_punctuation() => word.push(c),
                _ => return None,
            },
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            c if c.is_ascii() => word.push(c),
            _ => return None,
        }
    }
    words.iter().all(|w| !w.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Cells;
    use super::*;

    fn hits(patterns: &[&str], text: &str) -> Vec<u32> {
        let patterns = patterns
            .iter()
            .map(|p| Pattern {
                text: (*p).to_owned(),
                target: Target::Row,
                line: 1,
            })
            .collect();
        let mut hits = Vec::new();
        Automaton::new(patterns)
            .unwrap()
            .hits(&Cells::of(&[text]), &mut hits);
        hits
    }

    #[test]
    fn words_overlap_and_mix_with_expressions() {
        let patterns = ["tea", "steam", "^t", "COFFEE|TEA", "m$", "A\\.B"];
        assert_eq!(hits(&patterns, "STEAM"), [0, 1, 3, 4]);
        assert_eq!(hits(&patterns, "tea a.b"), [0, 2, 3, 5]);
        assert_eq!(hits(&patterns, "none"), [] as [u32; 0]);
        assert_eq!(hits(&["\\<tea\\>"], "black tea"), [0]);
        assert_eq!(hits(&["\\<tea\\>"], "steam"), [] as [u32; 0]);
    }

    #[test]
    fn case_is_folded_beyond_ascii() {
        assert_eq!(hits(&["müller"], "MÜLLER GMBH"), [0]);
    }

    #[test]
    fn a_pattern_that_is_none_names_its_line() {
        let pattern = Pattern {
            text: "(".to_owned(),
            target: Target::Row,
            line: 7,
        };
        let fault = Automaton::new(vec![pattern]).unwrap_err();
        assert_eq!(fault.line, 7);
        assert!(fault.why.contains("\"(\""), "{}", fault.why);
    }
}
