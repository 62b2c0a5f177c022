//! The lines and words of a mirror's files, with where they stand.

use super::text::strings;
use super::{MAIN, SIGN};
use crate::formats::fault::Fault;

/// The first line in which two texts differ is where somebody edited.
pub fn same(text: &str, again: &str, first: u64) -> Result<(), Fault> {
    if text == again {
        return Ok(());
    }
    let (mut here, mut there) = (text.lines(), again.lines());
    let mut line = first;
    loop {
        match (here.next(), there.next()) {
            (Some(a), Some(b)) if a == b => line += 1,
            (a, b) => {
                let why = match b {
                    Some(b) => format!("the line is not as hissab writes it: {}", b.trim()),
                    None => "hissab writes nothing more here".to_owned(),
                };
                return Err(Line::whole(a.unwrap_or(""), line).fault(&why));
            }
        }
    }
}

pub fn two(line: &Line<'_>, said: &str) -> Result<[String; 2], Fault> {
    let pair = strings(said).and_then(|list| <[String; 2]>::try_from(list).ok());
    line.said(pair, "two texts in quotes")
}

/// Words between spaces; a quoted one may hold spaces.
pub struct Words<'a>(pub &'a str);

impl<'a> Words<'a> {
    pub fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches(' ');
        if text.is_empty() {
            return None;
        }
        let end = match text.strip_prefix('"') {
            Some(inside) => inside.find('"').map_or(text.len(), |at| at + 2),
            None => text.find(' ').unwrap_or(text.len()),
        };
        let (word, rest) = text.split_at(end);
        self.0 = rest.strip_prefix(' ').unwrap_or(rest);
        Some(word)
    }
}

/// A line with where it stands.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub text: &'a str,
    pub number: u64,
    pub at: usize,
    pub end: usize,
}

impl<'a> Line<'a> {
    pub fn whole(text: &'a str, number: u64) -> Line<'a> {
        Line {
            text,
            number,
            at: 0,
            end: text.len(),
        }
    }

    pub fn fault(&self, why: &str) -> Fault {
        Fault::at("mirror-edited", self.number, 1, why).line_text(self.text)
    }

    pub fn said<T>(&self, value: Option<T>, what: &str) -> Result<T, Fault> {
        value.ok_or_else(|| self.fault(&format!("expected {what}")))
    }
}

/// Lines with their numbers and places.
pub struct Lines<'a> {
    text: &'a str,
    at: usize,
    number: u64,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Lines<'a> {
        Lines {
            text,
            at: 0,
            number: 0,
        }
    }

    pub fn sign(&mut self) -> Result<(), Fault> {
        match self.next() {
            Some(line) if line.text == SIGN => Ok(()),
            _ => Err(Fault::at(
                "not-a-mirror",
                1,
                1,
                format!(
                    "the file does not begin with {SIGN:?}, as {MAIN} and the months of a mirror do"
                ),
            )),
        }
    }

    pub fn peek(&self) -> Option<Line<'a>> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        let length = rest.find('\n').unwrap_or(rest.len());
        Some(Line {
            text: &rest[..length],
            number: self.number + 1,
            at: self.at,
            end: self.at + length,
        })
    }

    pub fn next(&mut self) -> Option<Line<'a>> {
        let line = self.peek()?;
        self.at = (line.end + 1).min(self.text.len());
        self.number += 1;
        Some(line)
    }
}
