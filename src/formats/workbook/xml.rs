//! The XML of a part, as a stream: elements, texts, ends. No entities beyond the five, no deep nesting.

use std::io::{BufRead, ErrorKind};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::formats::fault::Fault;

const DEPTH_MAX: usize = 100;

/// What a part holds, in order.
pub enum Node<'a> {
    Open(&'a Element<'a>),
    Close(&'a str),
    Text(&'a str),
}

/// An element that opens; names are without prefix.
pub struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    pub fn is(&self, name: &str) -> bool {
        self.0.local_name().as_ref() == name
    }

    /// An attribute by its name without prefix, its references resolved.
    pub fn get(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes
            .with_checks(false)
            .flatten()
            .find(|a| a.key.local_name().as_ref() == name)?;
        let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(value.into_owned())
    }

    pub fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.trim().parse().ok()
    }
}

/// Calls `on` for everything a part holds.
///
/// Errors: what is no XML, what nests too deep, what is damaged or larger than its limit; and those of `on`.
pub fn walk(
    from: impl BufRead,
    on: &mut dyn FnMut(Node<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = Reader::from_reader(from);
    reader.config_mut().expand_empty_elements = true;
    let (mut buffer, mut depth) = (Vec::new(), 0usize);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(fault)? {
            Event::Start(start) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(broken("its XML nests too deep"));
                }
                on(Node::Open(&Element(start)))?;
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                on(Node::Close(end.local_name().as_ref()))?;
            }
            Event::Text(text) => on(Node::Text(&text.xml10_content()))?,
            Event::CData(text) => on(Node::Text(&text.xml10_content()))?,
            Event::GeneralRef(reference) => {
                let c = match reference.resolve_char_ref() {
                    Ok(Some(c)) => c,
                    _ => named(&reference)
                        .ok_or_else(|| broken("its XML refers to what is not there"))?,
                };
                on(Node::Text(c.encode_utf8(&mut [0; 4])))?;
            }
            Event::DocType(_) => return Err(broken("its XML declares a document type")),
            Event::Eof => return Ok(()),
            // Empty elements come as a start and an end.
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// The five entities of XML.
fn named(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

fn fault(error: quick_xml::Error) -> Fault {
    match error {
        quick_xml::Error::Io(error) if error.kind() == ErrorKind::FileTooLarge => Fault::file(
            "too-large",
            "a part of the workbook is larger than any statement's when it is unpacked",
        )
        .hint("this is no bank statement; save the sheet that counts as CSV"),
        quick_xml::Error::Io(_) => broken("a part of it cannot be unpacked"),
        _ => broken("its XML cannot be read"),
    }
}

/// A workbook whose parts say what they must not.
pub fn broken(why: &str) -> Fault {
    Fault::file(
        "damaged-workbook",
        format!("the workbook cannot be read: {why}"),
    )
    .hint("open it in a spreadsheet and save it anew, or as CSV")
}
