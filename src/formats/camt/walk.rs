//! XML as a walk over leaves: names without prefix, texts as slices, no entities but the five, bounded depth.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::tag::Tag;
use crate::formats::fault::Fault;

/// How deep elements nest.
const DEPTH_MAX: usize = 64;
/// The longest text, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What the walk comes by.
pub enum Step<'t> {
    Open(Tag),
    /// An element that ends, with the text directly in it, and its `Ccy`.
    Close(Tag, Cow<'t, str>, Option<&'t str>),
}

/// Walks a text.
pub struct Walk<'t> {
    reader: Reader<&'t [u8]>,
    text: &'t str,
    path: Vec<Tag>,
    leaf: Cow<'t, str>,
    currency: Option<&'t str>,
    /// An element without content, whose end comes next.
    empty: bool,
    /// Where the tag at hand begins, and ends.
    pub from: usize,
    pub until: usize,
    counted: (usize, u64),
}

impl<'t> Walk<'t> {
    pub fn of(text: &'t str) -> Walk<'t> {
        Walk {
            reader: Reader::from_str(text),
            text,
            path: Vec::with_capacity(DEPTH_MAX),
            leaf: Cow::Borrowed(""),
            currency: None,
            empty: false,
            from: 0,
            until: 0,
            counted: (0, 1),
        }
    }

    /// The open elements, outermost first.
    pub fn path(&self) -> &[Tag] {
        &self.path
    }

    /// The line of the tag at hand; asked for in order.
    pub fn line(&mut self) -> u64 {
        let (from, line) = self.counted;
        if let Some(passed) = self.text.as_bytes().get(from..self.from) {
            let passed = memchr::memchr_iter(b'\n', passed).count();
            self.counted = (self.from, line + passed as u64);
        }
        self.counted.1
    }

    /// The next step; `None` at the end.
    ///
    /// Errors: what is no XML, ends too early, nests too deep, or defines entities.
    pub fn step(&mut self) -> Result<Option<Step<'t>>, Fault> {
        if std::mem::take(&mut self.empty) {
            return Ok(self.close());
        }
        loop {
            self.from = self.until;
            let event = self.reader.read_event();
            self.until = self.place();
            match event.map_err(|e| self.broken(&e))? {
                Event::Start(start) => return self.open(&start).map(Some),
                Event::Empty(start) => {
                    self.empty = true;
                    return self.open(&start).map(Some);
                }
                Event::End(_) => return Ok(self.close()),
                Event::Text(text) => self.add(text.into_inner())?,
                Event::CData(text) => self.add(text.into_inner())?,
                Event::GeneralRef(name) => {
                    let text = self.reference(&name.into_inner())?;
                    self.add(Cow::Owned(text))?;
                }
                Event::DocType(_) => {
                    return Err(self
                        .fault("xml-entities", "the file defines its own document type")
                        .hint(
                            "statements have none: a file with entities of its own is not read",
                        ));
                }
                Event::Eof if !self.path.is_empty() => {
                    return Err(self
                        .fault(
                            "cut-short",
                            "the file ends within an element: it is cut short",
                        )
                        .hint("download it again"));
                }
                Event::Eof => return Ok(None),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'t>) -> Result<Step<'t>, Fault> {
        if self.path.len() == DEPTH_MAX {
            return Err(self.fault("too-deep", format!("elements nest deeper than {DEPTH_MAX}")));
        }
        let tag = Tag::of(start.local_name().into_inner());
        self.path.push(tag);
        self.leaf = Cow::Borrowed("");
        self.currency = if tag == Tag::Amt {
            currency(self.text.get(self.from..self.until).unwrap_or(""))
        } else {
            None
        };
        Ok(Step::Open(tag))
    }

    fn close(&mut self) -> Option<Step<'t>> {
        let tag = self.path.pop()?;
        let leaf = std::mem::replace(&mut self.leaf, Cow::Borrowed(""));
        Some(Step::Close(tag, leaf, self.currency.take()))
    }

    fn add(&mut self, text: Cow<'t, str>) -> Result<(), Fault> {
        if self.leaf.len() + text.len() > TEXT_BYTES_MAX {
            return Err(self.fault("too-long", "a text is longer than 1 MiB"));
        }
        if self.leaf.is_empty() {
            self.leaf = text;
        } else {
            self.leaf.to_mut().push_str(&text);
        }
        Ok(())
    }

    /// One of the five entities, or a character by its number.
    fn reference(&self, name: &str) -> Result<String, Fault> {
        let number = name
            .strip_prefix('#')
            .map(|digits| match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => digits.parse().ok(),
            });
        let character = match (number, name) {
            (Some(number), _) => number.and_then(char::from_u32),
            (None, "amp") => Some('&'),
            (None, "lt") => Some('<'),
            (None, "gt") => Some('>'),
            (None, "quot") => Some('"'),
            (None, "apos") => Some('\''),
            _ => {
                return Err(self
                    .fault(
                        "xml-entities",
                        format!("the entity &{name}; is not one of XML's own five"),
                    )
                    .hint("a file with entities of its own is not read"));
            }
        };
        Ok(character.map(String::from).unwrap_or_default())
    }

    fn place(&self) -> usize {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        at.min(self.text.len())
    }

    fn broken(&self, error: &quick_xml::Error) -> Fault {
        self.fault("bad-xml", format!("this is not sound XML: {error}"))
            .hint("download the file again; it may have been cut off or edited")
    }

    /// A fault where the tag at hand begins.
    pub fn fault(&self, code: &'static str, why: impl Into<String>) -> Fault {
        let before = &self.text.as_bytes()[..self.from.min(self.text.len())];
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        let text = self.text.get(start..).unwrap_or("");
        Fault::at(code, line, column, why).line_text(text.trim_start())
    }
}

/// The `Ccy` of a tag: three capitals.
fn currency(tag: &str) -> Option<&str> {
    let at = tag.find("Ccy")? + 3;
    let value = tag[at..].trim_start().strip_prefix('=')?.trim_start();
    let value = value.strip_prefix(['"', '\''])?;
    let code = value.split(['"', '\'']).next()?.trim();
    (code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(text: &str) -> Result<Vec<String>, &'static str> {
        let mut walk = Walk::of(text);
        let mut found = Vec::new();
        while let Some(step) = walk.step().map_err(|f| f.code)? {
            if let Step::Close(tag, leaf, currency) = step {
                found.push(format!("{tag:?}={}{}", leaf.trim(), currency.unwrap_or("")));
            }
        }
        Ok(found)
    }

    #[test]
    fn names_lose_their_prefix_and_texts_their_references() {
        let text = "<?xml version='1.0'?><n:Ntry xmlns:n='x'><n:Amt Ccy = \"EUR\">1</n:Amt><Nm>A &amp; <![CDATA[<B>]]>&#233;</Nm><Id/></n:Ntry>";
        assert_eq!(
            leaves(text).unwrap(),
            ["Amt=1EUR", "Nm=A & <B>é", "Id=", "Ntry="]
        );
    }

    #[test]
    fn what_could_harm_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let long = format!("<a>{}</a>", "x".repeat(TEXT_BYTES_MAX + 1));
        for (text, code) in [
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><a/>", "xml-entities"),
            ("<a>&x;</a>", "xml-entities"),
            ("<a></b>", "bad-xml"),
            ("<a><b></b>", "cut-short"),
            (&deep, "too-deep"),
            (&long, "too-long"),
        ] {
            assert_eq!(leaves(text).err(), Some(code), "{text:.60}");
        }
    }
}
