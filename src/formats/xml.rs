//! XML from strangers, record by record: no entities but the five, no document types, bounded depth and sizes.
//!
//! Read through [`Records`]: it walks the file, and hands out each element of a wanted name whole, as a small
//! tree. What stands outside of wanted elements is passed over. Names keep their prefix as written.

use std::borrow::Cow;
use std::io::Read;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::csv::encoding;
use super::fault::Fault;

/// How deep elements nest.
const DEPTH_MAX: usize = 64;
/// The longest text or tag, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// The most elements of one record: a voucher of thousands of entries has some hundred thousand.
const NODES_MAX: usize = 1 << 20;
/// The largest file, in bytes of text.
pub const FILE_BYTES_MAX: usize = 192 << 20;

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

/// Bytes as text: UTF-8, UTF-16 with or without a mark, or what the declaration says.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    let label = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0xef, 0xbb, 0xbf, ..] => None,
        [b'<', 0, ..] => Some("utf-16le"),
        [0, b'<', ..] => Some("utf-16be"),
        _ => None,
    };
    if let Some(label) = label {
        return Ok(encoding::decode(bytes, Some(label))?.text);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text.trim_start_matches('\u{feff}')));
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let declared = head
        .split("encoding=")
        .nth(1)
        .and_then(|rest| rest.get(1..))
        .and_then(|rest| rest.split(['"', '\'']).next());
    Ok(encoding::decode(bytes, declared.filter(|d| !d.eq_ignore_ascii_case("utf-8")))?.text)
}

/// A gzip file's content, or the bytes themselves; never more than [`FILE_BYTES_MAX`].
pub fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let damaged = || {
        Fault::file("damaged-file", "the compressed file is damaged")
            .hint("try it with: gunzip -t FILE")
    };
    let body = deflated(&bytes).ok_or_else(damaged)?;
    let (data, trailer) = body.split_at(body.len().checked_sub(8).ok_or_else(damaged)?);
    let out = match miniz_oxide::inflate::decompress_to_vec_with_limit(data, FILE_BYTES_MAX) {
        Ok(out) => out,
        Err(error) if error.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput => {
            return Err(too_large());
        }
        Err(_) => return Err(damaged()),
    };
    let stated = |at: usize| {
        trailer[at..at + 4]
            .iter()
            .rev()
            .fold(0u32, |n, b| n << 8 | u32::from(*b))
    };
    if stated(0) != crc32(&out) || stated(4) != out.len() as u32 {
        return Err(damaged());
    }
    Ok(out)
}

/// The beginning of what a gzip file holds, for telling what it is.
pub fn unpacked_head(bytes: &[u8]) -> Vec<u8> {
    let Some(data) = deflated(bytes) else {
        return Vec::new();
    };
    match miniz_oxide::inflate::decompress_to_vec_with_limit(data, 16 << 10) {
        Ok(out) => out,
        Err(error) => error.output,
    }
}

fn too_large() -> Fault {
    Fault::file(
        "too-large",
        format!("the file holds more than {} MiB", FILE_BYTES_MAX >> 20),
    )
    .hint("export a shorter period, or the years one by one")
}

/// What follows a gzip header.
fn deflated(bytes: &[u8]) -> Option<&[u8]> {
    let flags = *bytes.get(3)?;
    let mut rest = bytes.get(10..)?;
    if bytes.get(2) != Some(&8) {
        return None;
    }
    if flags & 4 != 0 {
        let length = usize::from(*rest.first()?) | usize::from(*rest.get(1)?) << 8;
        rest = rest.get(2 + length..)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|b| *b == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// The checksum of RFC 1952.
fn crc32(bytes: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|n| {
        (0..8).fold(n as u32, |c, _| {
            if c & 1 == 1 {
                0xedb8_8320 ^ (c >> 1)
            } else {
                c >> 1
            }
        })
    });
    !bytes.iter().fold(!0, |crc, byte| {
        table[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8)
    })
}

/// Reads a whole stream, refusing what is no XML while it is read: a run without a tag longer than any text.
pub fn read_bounded(from: &mut dyn Read) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 256 << 10];
    let mut last_tag = 0;
    loop {
        let count = match from.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Fault::file(
                    "unreadable-file",
                    format!("cannot be read: {error}"),
                ));
            }
        };
        let packed =
            bytes.starts_with(b"\x1f\x8b") || bytes.is_empty() && chunk.starts_with(b"\x1f\x8b");
        if let Some(at) = memchr::memrchr(b'<', &chunk[..count]) {
            last_tag = bytes.len() + at;
        }
        bytes.extend_from_slice(&chunk[..count]);
        if !packed && bytes.len() - last_tag > 4 * TEXT_BYTES_MAX {
            return Err(
                Fault::file("too-long", "a text in the file is longer than 1 MiB")
                    .hint("this is no export of a book"),
            );
        }
        if bytes.len() > FILE_BYTES_MAX {
            return Err(too_large());
        }
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

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03name\0".to_vec();
        out.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
        out.extend(crc32(bytes).to_le_bytes());
        out.extend((bytes.len() as u32).to_le_bytes());
        out
    }

    #[test]
    fn gzip_is_unpacked_within_bounds() {
        assert_eq!(unpacked(packed(b"<a/>")).unwrap(), b"<a/>");
        assert_eq!(unpacked_head(&packed(b"<a/>")), b"<a/>");
        let mut wrong = packed(b"<a/>");
        let last = wrong.len() - 6;
        wrong[last] ^= 1;
        assert_eq!(unpacked(wrong).unwrap_err().code, "damaged-file");
        assert_eq!(
            unpacked(b"\x1f\x8b\x08".to_vec()).unwrap_err().code,
            "damaged-file"
        );
        let bomb = packed(&vec![b' '; FILE_BYTES_MAX + 1]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(unpacked(bomb).unwrap_err().code, "too-large");
    }

    #[test]
    fn every_encoding_that_is_met_is_decoded() {
        let utf16: Vec<u8> = "<a>₹</a>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let mut marked = vec![0xff, 0xfe];
        marked.extend(&utf16);
        assert_eq!(text(&utf16).unwrap(), "<a>₹</a>");
        assert_eq!(
            text(&marked).unwrap().trim_start_matches('\u{feff}'),
            "<a>₹</a>"
        );
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
        assert!(text(latin).unwrap().ends_with("<a>é</a>"));
    }
}
