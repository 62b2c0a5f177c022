//! The XML of a part, as a stream: elements, texts, ends. What could harm is refused by [`guard`].

use std::io::{BufRead, ErrorKind};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::formats::fault::Fault;
use crate::formats::xml::guard::{self, Guard, Harm};

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
    let (mut buffer, mut guard) = (Vec::new(), Guard::default());
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(fault)? {
            Event::Start(start) => {
                guard.opens(&start).map_err(harm)?;
                on(Node::Open(&Element(start)))?;
            }
            Event::End(end) => {
                guard.closes();
                on(Node::Close(end.local_name().as_ref()))?;
            }
            Event::Text(text) => on(Node::Text(&text.xml10_content()))?,
            Event::CData(text) => on(Node::Text(&text.xml10_content()))?,
            Event::GeneralRef(name) => {
                if let Some(c) = guard::reference(&name.into_inner()).map_err(harm)? {
                    on(Node::Text(c.encode_utf8(&mut [0; 4])))?;
                }
            }
            Event::DocType(_) => return Err(harm(Harm::OwnDocumentType)),
            // Programs cut the end of a part off and open it still.
            Event::Eof => return Ok(()),
            // Empty elements come as a start and an end.
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// A person sees the workbook, not its parts: the harm is one to the whole.
fn harm(harm: Harm) -> Fault {
    broken(&harm.why())
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
