//! XML as a walk over leaves: names without prefix, texts as slices; what could harm is refused by [`guard`].

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::tag::Tag;
use crate::formats::fault::Fault;
use crate::formats::xml::guard::{self, Guard, Harm};

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
    guard: Guard,
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
            path: Vec::with_capacity(guard::DEPTH_MAX),
            guard: Guard::default(),
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
            match event.map_err(|e| self.harm(&e.into()))? {
                Event::Start(start) => return self.open(&start).map(Some),
                Event::Empty(start) => {
                    self.empty = true;
                    return self.open(&start).map(Some);
                }
                Event::End(_) => return Ok(self.close()),
                Event::Text(text) => self.add(text.into_inner())?,
                Event::CData(text) => self.add(text.into_inner())?,
                Event::GeneralRef(name) => {
                    let c = guard::reference(&name.into_inner()).map_err(|h| self.harm(&h))?;
                    self.add(c.map(String::from).unwrap_or_default().into())?;
                }
                Event::DocType(_) => return Err(self.harm(&Harm::OwnDocumentType)),
                Event::Eof => {
                    return self.guard.ends().map(|()| None).map_err(|h| self.harm(&h));
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'t>) -> Result<Step<'t>, Fault> {
        self.guard.opens(start).map_err(|h| self.harm(&h))?;
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
        self.guard.closes();
        let leaf = std::mem::replace(&mut self.leaf, Cow::Borrowed(""));
        Some(Step::Close(tag, leaf, self.currency.take()))
    }

    fn add(&mut self, text: Cow<'t, str>) -> Result<(), Fault> {
        Guard::adds(self.leaf.len(), text.len()).map_err(|h| self.harm(&h))?;
        if self.leaf.is_empty() {
            self.leaf = text;
        } else {
            self.leaf.to_mut().push_str(&text);
        }
        Ok(())
    }

    fn place(&self) -> usize {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        at.min(self.text.len())
    }

    /// What must not be read on, where the tag at hand begins.
    fn harm(&self, harm: &Harm) -> Fault {
        harm.at(self.text, self.from)
    }

    /// A fault where the tag at hand begins.
    pub fn fault(&self, code: &'static str, why: impl Into<String>) -> Fault {
        guard::at(self.text, self.from, code, why)
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
        let long = format!("<a>{}</a>", "x".repeat(guard::TEXT_BYTES_MAX + 1));
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
