//! Compound files (OLE2), in which old Office documents keep their streams: sectors in chains, like a small disk.

use crate::formats::fault::Fault;

use super::xml::broken;

/// What such a file begins with.
pub const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const CHAIN_END: u32 = 0xffff_fff0;

/// A compound file with its directory.
pub struct Compound<'a> {
    bytes: &'a [u8],
    sector_shift: u32,
    table: Vec<u32>,
    mini_table: Vec<u32>,
    /// The stream that small streams lie in.
    mini: Vec<u8>,
    mini_below: u32,
    streams: Vec<Stream>,
}

struct Stream {
    name: String,
    start: u32,
    size: u32,
}

impl<'a> Compound<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Compound<'a>, Fault> {
        parse(bytes).ok_or_else(|| broken("its directory cannot be read"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.streams.iter().any(|s| s.name == name)
    }

    /// The bytes of a stream.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let stream = self.streams.iter().find(|s| s.name == name)?;
        let size = stream.size as usize;
        let mut content = if stream.size < self.mini_below {
            let at = |sector: u32| {
                let from = (sector as usize).checked_mul(64)?;
                self.mini.get(from..(from + 64).min(self.mini.len()))
            };
            chain(&self.mini_table, stream.start, size, at)?
        } else {
            chain(&self.table, stream.start, size, |s| self.sector(s))?
        };
        content.truncate(size);
        Some(content)
    }

    fn sector(&self, sector: u32) -> Option<&'a [u8]> {
        sector_of(self.bytes, self.sector_shift, sector)
    }
}

fn sector_of(bytes: &[u8], shift: u32, sector: u32) -> Option<&[u8]> {
    let from = (sector as usize).checked_add(1)?.checked_shl(shift)?;
    // The last sector may be cut.
    bytes
        .get(from..)
        .map(|rest| &rest[..rest.len().min(1 << shift)])
        .filter(|s| !s.is_empty())
}

/// The sectors of a chain, one behind the other, until `size` bytes are there. A ring ends with its first sector.
fn chain<'b>(
    table: &[u32],
    start: u32,
    size: usize,
    at: impl Fn(u32) -> Option<&'b [u8]>,
) -> Option<Vec<u8>> {
    let (mut out, mut sector) = (Vec::new(), start);
    for _ in 0..=table.len() {
        if sector >= CHAIN_END || out.len() >= size {
            return Some(out);
        }
        out.extend_from_slice(at(sector)?);
        sector = *table.get(sector as usize)?;
    }
    None
}

fn parse(bytes: &[u8]) -> Option<Compound<'_>> {
    let sector_shift = u32::from(u16_at(bytes, 30)?);
    if !matches!(sector_shift, 9 | 12) {
        return None;
    }
    let table = table(bytes, sector_shift)?;
    let directory = chain(&table, u32_at(bytes, 48)?, usize::MAX, |s| {
        sector_of(bytes, sector_shift, s)
    })?;
    let streams: Vec<Stream> = directory.chunks_exact(128).filter_map(stream).collect();
    let mini_chain = chain(&table, u32_at(bytes, 60)?, usize::MAX, |s| {
        sector_of(bytes, sector_shift, s)
    })?;
    let root = streams.first()?;
    let mini = chain(&table, root.start, root.size as usize, |s| {
        sector_of(bytes, sector_shift, s)
    })?;
    Some(Compound {
        bytes,
        sector_shift,
        mini_table: numbers(&mini_chain),
        mini,
        mini_below: u32_at(bytes, 56)?,
        streams,
        table,
    })
}

fn stream(entry: &[u8]) -> Option<Stream> {
    let length = usize::from(u16_at(entry, 64)?).min(64);
    let units: Vec<u16> = entry[..length.saturating_sub(2)]
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    Some(Stream {
        name: String::from_utf16_lossy(&units),
        start: u32_at(entry, 116)?,
        size: u32_at(entry, 120)?,
    })
}

/// Which sector follows which.
fn table(bytes: &[u8], shift: u32) -> Option<Vec<u32>> {
    let mut places: Vec<u32> = numbers(bytes.get(76..512)?);
    let mut more = u32_at(bytes, 68)?;
    let sectors = (bytes.len() >> shift) + 1;
    for _ in 0..sectors {
        if more >= CHAIN_END {
            break;
        }
        let mut further = numbers(sector_of(bytes, shift, more)?);
        more = further.pop()?;
        places.extend(further);
    }
    let mut table = Vec::new();
    for place in places.into_iter().filter(|p| *p < CHAIN_END) {
        // As many as the file has sectors: what a damaged file says beyond is not followed.
        if table.len() > sectors {
            break;
        }
        table.extend(numbers(sector_of(bytes, shift, place)?));
    }
    Some(table)
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    let number = |four: &[u8]| u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    bytes.chunks_exact(4).map(number).collect()
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes([pair[0], pair[1]]))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// A compound file with one stream: what tests and fuzzers make.
pub fn compound_of(name: &str, content: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    let end = 0xffff_fffe_u32;
    // Large enough to lie outside of the mini stream.
    let sectors = content.len().max(4096).div_ceil(SECTOR) as u32;
    let tables = (sectors + 1).div_ceil(127);
    let mut header = vec![0u8; SECTOR];
    header[..8].copy_from_slice(MAGIC);
    let mut put = |at: usize, value: u32| header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    put(24, 0x0003_003e);
    put(28, 0x0009_fffe);
    put(32, 6);
    put(44, tables);
    put(48, tables);
    put(56, 4096);
    put(60, end);
    put(68, end);
    for index in 0..109 {
        put(
            76 + 4 * index as usize,
            if index < tables { index } else { u32::MAX },
        );
    }
    let mut chains: Vec<u32> = vec![0xffff_fffd; tables as usize];
    chains.push(end);
    chains.extend((0..sectors).map(|i| if i + 1 < sectors { tables + 2 + i } else { end }));
    chains.resize(tables as usize * 128, u32::MAX);
    let entry = |name: &str, kind: u8, start: u32, size: u32| {
        let mut entry = vec![0u8; 128];
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64] = units.len() as u8 + 2;
        entry[66] = kind;
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&size.to_le_bytes());
        entry
    };
    let mut bytes = header;
    bytes.extend(chains.iter().flat_map(|n| n.to_le_bytes()));
    bytes.extend(entry("Root Entry", 5, end, 0));
    bytes.extend(entry(name, 2, tables + 1, content.len().max(4096) as u32));
    bytes.resize(SECTOR * (2 + tables as usize), 0);
    bytes.extend(content);
    bytes.resize(SECTOR * (2 + tables as usize + sectors as usize), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_found_and_read() {
        let content: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
        let bytes = compound_of("Workbook", &content);
        let file = Compound::open(&bytes).unwrap();
        assert_eq!(file.read("Workbook").unwrap(), content);
        assert!(file.read("Book").is_none());
        assert!(Compound::open(&bytes[..600]).is_err());
    }
}
