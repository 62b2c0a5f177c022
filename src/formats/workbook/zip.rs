//! ZIP archives as spreadsheets use them: found by their central directory, unpacked as a stream with a limit.
//!
//! Sizes an archive claims are not believed: a part is unpacked no further than its limit, and its checksum is compared.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufReader, Read, Write};
use std::rc::Rc;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc, Decompress, FlushDecompress, Status};

use crate::formats::fault::Fault;

/// The most entries of an archive that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// The longest text between two tags.
const UNBROKEN_BYTES_MAX: usize = 8 << 20;

/// An archive in memory.
pub struct Archive<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
    /// What all files together may still unpack to.
    budget: Rc<Cell<u64>>,
}

/// One file of an archive.
struct Entry {
    name: String,
    method: u16,
    encrypted: bool,
    packed: usize,
    crc: u32,
    /// Of the local header.
    offset: usize,
}

const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

impl<'a> Archive<'a> {
    /// Reads the list of an archive's files.
    pub fn open(bytes: &'a [u8]) -> Result<Archive<'a>, Fault> {
        let entries = list(bytes).ok_or_else(|| damaged("its list of files cannot be read"))?;
        let budget = Rc::new(Cell::new(super::ALL_BYTES_MAX));
        Ok(Archive {
            bytes,
            entries,
            budget,
        })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|e| e.name.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|e| e.name.eq_ignore_ascii_case(name))
    }

    /// The content of a file, up to `limit` bytes; `None` if there is no such file.
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<BufReader<Unpacked<'a>>>, Fault> {
        let Some(entry) = self.find(name) else {
            return Ok(None);
        };
        if entry.encrypted {
            return Err(
                Fault::file("not-text", "the workbook is protected by a password")
                    .hint("open it, save it without a password, and import that"),
            );
        }
        let packed = self
            .packed(entry)
            .ok_or_else(|| damaged("a part of it is missing"))?;
        let inflating = match entry.method {
            0 => None,
            8 => Some(Decompress::new(false)),
            other => {
                return Err(damaged(&format!(
                    "a part of it is packed by method {other}"
                )));
            }
        };
        Ok(Some(BufReader::with_capacity(
            64 * 1024,
            Unpacked {
                packed,
                inflating,
                left: limit,
                budget: self.budget.clone(),
                crc: Crc::new(),
                crc_wanted: entry.crc,
                ended: false,
                unbroken: 0,
            },
        )))
    }

    fn packed(&self, entry: &Entry) -> Option<&'a [u8]> {
        let local = self.bytes.get(entry.offset..)?;
        local.starts_with(LOCAL).then_some(())?;
        let name = usize::from(u16_at(local, 26)?);
        let extra = usize::from(u16_at(local, 28)?);
        let from = 30 + name + extra;
        local.get(from..from.checked_add(entry.packed)?)
    }
}

fn list(bytes: &[u8]) -> Option<Vec<Entry>> {
    let tail = bytes.len().saturating_sub(22 + 65_535);
    let end = bytes[tail..].windows(4).rposition(|w| w == END)? + tail;
    let count = usize::from(u16_at(bytes, end + 10)?).min(ENTRIES_MAX);
    let mut at = u32_at(bytes, end + 16)? as usize;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let header = bytes.get(at..)?;
        header.starts_with(CENTRAL).then_some(())?;
        let name = usize::from(u16_at(header, 28)?);
        entries.push(Entry {
            name: String::from_utf8_lossy(header.get(46..46 + name)?).replace('\\', "/"),
            method: u16_at(header, 10)?,
            encrypted: u16_at(header, 8)? & 1 == 1,
            packed: u32_at(header, 20)? as usize,
            crc: u32_at(header, 16)?,
            offset: u32_at(header, 42)? as usize,
        });
        let extra = usize::from(u16_at(header, 30)?) + usize::from(u16_at(header, 32)?);
        at += 46 + name + extra;
    }
    Some(entries)
}

fn damaged(why: &str) -> Fault {
    Fault::file("damaged-workbook", format!("the file is damaged: {why}"))
        .hint("download it again, or open it in a spreadsheet and save it anew")
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes([pair[0], pair[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// A file of an archive as it is unpacked.
///
/// Errors: `FileTooLarge` beyond the limit, `InvalidData` where it is damaged.
pub struct Unpacked<'a> {
    packed: &'a [u8],
    inflating: Option<Decompress>,
    left: u64,
    budget: Rc<Cell<u64>>,
    crc: Crc,
    crc_wanted: u32,
    ended: bool,
    /// Bytes since the last `<`.
    unbroken: usize,
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.fill(buffer)?;
        let spent = |of: u64| {
            let left = of.checked_sub(count as u64);
            left.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))
        };
        self.left = spent(self.left)?;
        self.budget.set(spent(self.budget.get())?);
        self.crc.update(&buffer[..count]);
        // One text or tag without end would be kept whole by the reader of its XML.
        self.unbroken = match memchr::memrchr(b'<', &buffer[..count]) {
            Some(at) => count - at,
            None => self.unbroken + count,
        };
        if self.unbroken > UNBROKEN_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.ended && self.crc.sum() != self.crc_wanted {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(count)
    }
}

impl Unpacked<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(state) = &mut self.inflating else {
            let count = self.packed.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.packed[..count]);
            self.packed = &self.packed[count..];
            self.ended = self.packed.is_empty();
            return Ok(count);
        };
        let mut written = 0;
        while written == 0 && !self.ended {
            let before = (state.total_in(), state.total_out());
            let status = state.decompress(self.packed, buffer, FlushDecompress::None);
            let consumed = (state.total_in() - before.0) as usize;
            self.packed = &self.packed[consumed..];
            written = (state.total_out() - before.1) as usize;
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if consumed + written > 0 => {}
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(written)
    }
}

/// An archive of stored files: what tests and fuzzers make.
pub fn stored(files: &[(&str, &[u8])]) -> Vec<u8> {
    archive(files, 0)
}

/// The same, packed.
pub fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    archive(files, 8)
}

fn archive(files: &[(&str, &[u8])], method: u16) -> Vec<u8> {
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = bytes.len() as u32;
        let mut crc = Crc::new();
        crc.update(content);
        let (crc, size) = (crc.sum(), content.len() as u32);
        let content = match method {
            0 => Cow::Borrowed(*content),
            _ => {
                let mut deflating = DeflateEncoder::new(Vec::new(), Compression::default());
                deflating
                    .write_all(content)
                    .and_then(|()| deflating.finish())
                    .map(Cow::Owned)
                    .expect("memory takes what is written")
            }
        };
        let mut middle = Vec::from([0u8; 4]);
        middle.extend(method.to_le_bytes());
        middle.extend([0u8; 4]);
        for number in [crc, content.len() as u32, size] {
            middle.extend(number.to_le_bytes());
        }
        middle.extend((name.len() as u16).to_le_bytes());
        middle.extend([0u8; 2]);
        bytes.extend(LOCAL);
        bytes.extend(&middle);
        bytes.extend(name.as_bytes());
        bytes.extend(&*content);
        central.extend(CENTRAL);
        central.extend([0u8; 2]);
        central.extend(&middle);
        central.extend([0u8; 10]);
        central.extend(offset.to_le_bytes());
        central.extend(name.as_bytes());
    }
    let (at, count) = (bytes.len() as u32, files.len() as u16);
    bytes.extend(&central);
    bytes.extend(END);
    bytes.extend([0u8; 4]);
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend((central.len() as u32).to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0u8; 2]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_file_is_read_and_its_checksum_compared() {
        let mut bytes = stored(&[("a.xml", b"hello"), ("B/c.xml", b"")]);
        let text = |bytes: &[u8], limit| {
            let archive = Archive::open(bytes).unwrap();
            let mut text = String::new();
            let read = archive
                .read("A.xml", limit)
                .unwrap()
                .unwrap()
                .read_to_string(&mut text);
            read.map(|_| text).map_err(|e| e.kind())
        };
        assert_eq!(text(&bytes, 100).unwrap(), "hello");
        assert_eq!(text(&bytes, 4), Err(io::ErrorKind::FileTooLarge));
        let at = bytes.windows(5).position(|w| w == b"hello").unwrap();
        bytes[at] = b'j';
        assert_eq!(text(&bytes, 100), Err(io::ErrorKind::InvalidData));
        assert!(Archive::open(b"PK\x03\x04....").is_err());
    }
}
