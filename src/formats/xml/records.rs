//! XML record by record: no entities but the five, no document types, bounded depth and sizes.
//!
//! Read through [`Records`]: it walks the file, and hands out each element of a wanted name whole, as a small
//! tree. What stands outside of wanted elements is passed over. Names keep their prefix as written.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::formats::fault::Fault;

/// How deep elements nest.
const DEPTH_MAX: usize = 64;
/// The longest text or tag, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
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
    open: usize,
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
            open: 0,
            counted: (0, 1),
        }
    }

    /// The next element whose name `wants`, whole. An element that `skips` names is passed over with all below it.
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
                    if skips(&name) {
                        self.reader.read_to_end(start.name()).map_err(|e| self.broken(&e))?;
                    } else {
                        self.enter()?;
                    }
                }
                Event::Empty(start) if wants(start.name().as_ref()) => return self.head(&start).map(Some),
                Event::End(_) => self.open = self.open.saturating_sub(1),
                Event::DocType(_) => return Err(self.fault("xml-entities", "the file defines its own document type").hint("exports of this kind have none: a file with entities of its own is not read")),
                Event::Eof if self.open > 0 => return Err(self.fault("damaged-file", "the file ends within an element").hint("it was cut off: export or copy it again")),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    fn enter(&mut self) -> Result<(), Fault> {
        self.open += 1;
        if self.open > DEPTH_MAX {
            return Err(self.fault("too-deep", format!("elements nest deeper than {DEPTH_MAX}")));
        }
        Ok(())
    }

    /// An element and everything in it, its start tag read.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<Node, Fault> {
        let mut stack = vec![self.head(start)?];
        let mut nodes = 1;
        loop {
            match self.event()? {
                Event::Start(start) => {
                    stack.push(self.head(&start)?);
                    nodes += 1;
                }
                Event::Empty(start) => {
                    let node = self.head(&start)?;
                    nodes += 1;
                    if let Some(top) = stack.last_mut() {
                        top.children.push(node);
                    }
                }
                Event::Text(text) => self.add(&mut stack, &text.into_inner())?,
                Event::CData(text) => self.add(&mut stack, &text.into_inner())?,
                Event::GeneralRef(name) => {
                    let text = self.reference(&name.into_inner())?;
                    self.add(&mut stack, &text)?;
                }
                Event::End(_) => {
                    let mut done = stack.pop().unwrap_or_default();
                    done.text = done.text.trim().to_owned();
                    match stack.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Ok(done),
                    }
                }
                Event::DocType(_) | Event::Eof => {
                    return Err(self
                        .fault("damaged-file", "the file ends within an element")
                        .hint("it was cut off: export or copy it again"));
                }
                _ => {}
            }
            if stack.len() + self.open > DEPTH_MAX {
                return Err(
                    self.fault("too-deep", format!("elements nest deeper than {DEPTH_MAX}"))
                );
            }
            if nodes > NODES_MAX {
                return Err(self.fault(
                    "too-large",
                    format!("one record has more than {NODES_MAX} elements"),
                ));
            }
        }
    }

    fn add(&self, stack: &mut [Node], text: &str) -> Result<(), Fault> {
        if let Some(top) = stack.last_mut() {
            top.text.push_str(text);
            if top.text.len() > TEXT_BYTES_MAX {
                return Err(self.fault("too-long", "a text is longer than 1 MiB"));
            }
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
        for attribute in start.html_attributes().with_checks(false).take(64) {
            let Ok(attribute) = attribute else {
                return Err(self.fault("bad-xml", "an attribute cannot be read"));
            };
            let mut value = String::new();
            let mut rest: &str = &attribute.value;
            while let Some(at) = rest.find('&') {
                value.push_str(&rest[..at]);
                let behind = &rest[at + 1..];
                match behind.find(';').filter(|end| *end <= 10) {
                    Some(end) => {
                        value.push_str(&self.reference(&behind[..end])?);
                        rest = &behind[end + 1..];
                    }
                    None => {
                        value.push('&');
                        rest = behind;
                    }
                }
            }
            value.push_str(rest);
            node.attributes
                .push((attribute.key.as_ref().to_owned(), value));
        }
        Ok(node)
    }

    /// One of the five entities, or a character by number. Control characters, which XML forbids and Tally
    /// writes (`&#4;`), are left out.
    fn reference(&self, name: &str) -> Result<String, Fault> {
        let numbered = match name.strip_prefix('#') {
            Some(hex) if hex.starts_with(['x', 'X']) => Some(u32::from_str_radix(&hex[1..], 16)),
            Some(digits) => Some(digits.parse::<u32>()),
            None => None,
        };
        if let Some(number) = numbered {
            let c = number.ok().and_then(char::from_u32);
            return Ok(c
                .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
                .map(String::from)
                .unwrap_or_default());
        }
        let c = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                return Err(self
                    .fault(
                        "xml-entities",
                        format!("the entity &{name}; is not one of XML's own five"),
                    )
                    .hint("a file with entities of its own is not read"));
            }
        };
        Ok(c.to_string())
    }

    fn event(&mut self) -> Result<Event<'t>, Fault> {
        self.reader.read_event().map_err(|e| self.broken(&e))
    }

    fn broken(&self, error: &quick_xml::Error) -> Fault {
        self.fault("bad-xml", format!("this is not sound XML: {error}"))
            .hint("export the file again; it may have been cut off or edited")
    }

    /// The line reached, from 1.
    fn line(&mut self) -> u32 {
        let at = usize::try_from(self.reader.buffer_position())
            .unwrap_or(usize::MAX)
            .min(self.text.len());
        let (from, lines) = self.counted;
        let more = memchr::memchr_iter(b'\n', &self.text.as_bytes()[from.min(at)..at]).count();
        self.counted = (at, lines.saturating_add(more as u32));
        self.counted.1
    }

    /// A fault where the reader stands.
    fn fault(&self, code: &'static str, why: impl Into<String>) -> Fault {
        let at = usize::try_from(self.reader.buffer_position())
            .unwrap_or(usize::MAX)
            .min(self.text.len());
        let before = &self.text.as_bytes()[..at];
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        Fault::at(code, line, column, why).line_text(self.text.get(start..).unwrap_or(""))
    }
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
        let long = format!("<r>{}</r>", "x".repeat(TEXT_BYTES_MAX + 1));
        for (text, code) in [
            (
                "<!DOCTYPE a [<!ENTITY x \"y\">]><a><r/></a>",
                "xml-entities",
            ),
            ("<a><r>&x;</r></a>", "xml-entities"),
            ("<a><r k='&x;'/></a>", "xml-entities"),
            ("<a><r><b></r></a>", "bad-xml"),
            ("<a><r>", "damaged-file"),
            ("<a><b>", "damaged-file"),
            (&deep, "too-deep"),
            (&deep.replace('r', "q"), "too-deep"),
            (&long, "too-long"),
        ] {
            assert_eq!(all(text).err(), Some(code), "{text:.60}");
        }
    }
}
