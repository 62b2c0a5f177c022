//! XML record by record: no entities but the five, no document types, bounded depth and sizes.
//!
//! Read through [`Records`]: it walks the file, and hands out each element of a wanted name whole, as a small
//! tree. What stands outside of wanted elements is passed over. Names keep their prefix as written.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::guard::{self, Guard, Harm};
use crate::formats::fault::Fault;

/// The most elements of one record: a voucher of thousands of entries has some hundred thousand.
const NODES_MAX: usize = 1 << 20;

/// An element with all below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// The text directly in it, white space around it taken off.
    pub text: String,
    pub children: Vec<Node>,
    /// From 1.
    pub line: u32,
}

impl Node {
    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name == name)
    }

    pub fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The text of the first child of a name; empty if there is none.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| c.text.as_str())
    }

    pub fn attribute(&self, name: &str) -> &str {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, v)| v.as_str())
    }
}

/// Walks a file and hands out the elements somebody wants.
pub struct Records<'t> {
    reader: Reader<&'t [u8]>,
    text: &'t str,
    guard: Guard,
    /// Up to where line ends are counted, and how many there were.
    counted: (usize, u32),
}

impl<'t> Records<'t> {
    pub fn new(text: &'t str) -> Records<'t> {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        // Tally and old exporters write a stray & into names.
        config.allow_dangling_amp = true;
        config.check_end_names = true;
        Records {
            reader,
            text,
            guard: Guard::default(),
            counted: (0, 1),
        }
    }

    /// The next element whose name `wants`, whole. An element that `skips` names is passed over with all below it.
    ///
    /// Errors: [`Harm`], and a record of very many elements.
    pub fn next(
        &mut self,
        wants: impl Fn(&str) -> bool,
        skips: impl Fn(&str) -> bool,
    ) -> Result<Option<Node>, Fault> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    let name = start.name().as_ref().to_owned();
                    if wants(&name) {
                        return self.element(&start).map(Some);
                    }
                    self.opens(&start)?;
                    if skips(&name) {
                        self.skip()?;
                    }
                }
                Event::Empty(start) if wants(start.name().as_ref()) => {
                    self.opens(&start)?;
                    self.guard.closes();
                    return self.head(&start).map(Some);
                }
                Event::End(_) => self.guard.closes(),
                Event::Eof => return self.guard.ends().map(|()| None).map_err(|h| self.harm(&h)),
                _ => {}
            }
        }
    }

    /// Passes over what is below the element that was opened last.
    fn skip(&mut self) -> Result<(), Fault> {
        let mut below = 1;
        while below > 0 {
            match self.event()? {
                Event::Start(start) => {
                    self.opens(&start)?;
                    below += 1;
                }
                Event::End(_) => {
                    self.guard.closes();
                    below -= 1;
                }
                Event::Eof => return Err(self.harm(&Harm::CutShort)),
                _ => {}
            }
        }
        Ok(())
    }

    /// An element and everything in it, its start tag read.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<Node, Fault> {
        self.opens(start)?;
        let mut stack = vec![self.head(start)?];
        let mut nodes = 1;
        loop {
            match self.event()? {
                Event::Start(start) => {
                    self.opens(&start)?;
                    stack.push(self.head(&start)?);
                    nodes += 1;
                }
                Event::Empty(start) => {
                    self.opens(&start)?;
                    self.guard.closes();
                    let node = self.head(&start)?;
                    nodes += 1;
                    if let Some(top) = stack.last_mut() {
                        top.children.push(node);
                    }
                }
                Event::Text(text) => self.add(&mut stack, &text.into_inner())?,
                Event::CData(text) => self.add(&mut stack, &text.into_inner())?,
                Event::GeneralRef(name) => {
                    let c = guard::reference(&name.into_inner()).map_err(|h| self.harm(&h))?;
                    if let Some(c) = c {
                        self.add(&mut stack, c.encode_utf8(&mut [0; 4]))?;
                    }
                }
                Event::End(_) => {
                    self.guard.closes();
                    let mut done = stack.pop().unwrap_or_default();
                    done.text = done.text.trim().to_owned();
                    match stack.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Ok(done),
                    }
                }
                Event::Eof => return Err(self.harm(&Harm::CutShort)),
                _ => {}
            }
            if nodes > NODES_MAX {
                let why = format!("one record has more than {NODES_MAX} elements");
                return Err(guard::at(self.text, self.place(), "too-large", why));
            }
        }
    }

    fn opens(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        self.guard.opens(start).map_err(|h| self.harm(&h))
    }

    fn add(&self, stack: &mut [Node], text: &str) -> Result<(), Fault> {
        if let Some(top) = stack.last_mut() {
            Guard::adds(top.text.len(), text.len()).map_err(|h| self.harm(&h))?;
            top.text.push_str(text);
        }
        Ok(())
    }

    fn head(&mut self, start: &BytesStart<'_>) -> Result<Node, Fault> {
        let line = self.line();
        let mut node = Node {
            name: start.name().as_ref().to_owned(),
            line,
            ..Node::default()
        };
        for attribute in start.html_attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                let harm = Harm::Unsound("an attribute cannot be read".to_owned());
                return Err(self.harm(&harm));
            };
            let value = resolved(&attribute.value).map_err(|h| self.harm(&h))?;
            node.attributes
                .push((attribute.key.as_ref().to_owned(), value));
        }
        Ok(node)
    }

    /// The next event; no document type gets past here.
    fn event(&mut self) -> Result<Event<'t>, Fault> {
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(self.harm(&Harm::OwnDocumentType)),
            Ok(event) => Ok(event),
            Err(error) => Err(self.harm(&error.into())),
        }
    }

    fn place(&self) -> usize {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        at.min(self.text.len())
    }

    /// The line reached, from 1.
    fn line(&mut self) -> u32 {
        let at = self.place();
        let (from, lines) = self.counted;
        let more = memchr::memchr_iter(b'\n', &self.text.as_bytes()[from.min(at)..at]).count();
        self.counted = (at, lines.saturating_add(more as u32));
        self.counted.1
    }

    /// What must not be read on, where the reader stands.
    fn harm(&self, harm: &Harm) -> Fault {
        harm.at(self.text, self.place())
    }
}

/// The value of an attribute; a stray `&` stays.
fn resolved(value: &str) -> Result<String, Harm> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        match behind.find(';').filter(|end| *end <= 10) {
            Some(end) => {
                out.extend(guard::reference(&behind[..end])?);
                rest = &behind[end + 1..];
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Node>, &'static str> {
        let mut records = Records::new(text);
        let mut out = Vec::new();
        while let Some(node) = records
            .next(|n| n == "r", |n| n == "skip")
            .map_err(|f| f.code)?
        {
            out.push(node);
        }
        Ok(out)
    }

    #[test]
    fn records_come_out_whole_with_their_lines() {
        let found = all("<?xml version=\"1.0\"?>\n<a>\n<skip><r/></skip><r k='v&amp;w'><b>x &lt; <![CDATA[<y>]]>&#x20B9;&#4;</b>\n<b/></r><r/></a>").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].line, 3);
        assert_eq!(found[0].attribute("k"), "v&w");
        assert_eq!(found[0].text_of("b"), "x < <y>₹");
        assert_eq!(found[0].children.len(), 2);
    }

    #[test]
    fn what_could_harm_is_refused() {
        let deep = format!("<r>{}{}</r>", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let long = format!("<r>{}</r>", "x".repeat(guard::TEXT_BYTES_MAX + 1));
        for (text, code) in [
            (
                "<!DOCTYPE a [<!ENTITY x \"y\">]><a><r/></a>",
                "xml-entities",
            ),
            ("<a><r>&x;</r></a>", "xml-entities"),
            ("<a><r k='&x;'/></a>", "xml-entities"),
            ("<a><r><b></r></a>", "bad-xml"),
            ("<a><r>", "cut-short"),
            ("<a><b>", "cut-short"),
            ("<a><skip><b></b>", "cut-short"),
            (&deep, "too-deep"),
            (&deep.replace('r', "q"), "too-deep"),
            (&long, "too-long"),
        ] {
            assert_eq!(all(text).err(), Some(code), "{text:.60}");
        }
    }
}
