//! Rows of imported files as they stood: deflated by the chunk, and one digest over a file's rows.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::damaged;
use crate::book::Result;
use crate::ledger::audit::{Canon, Hash, put_source_row};

/// Rows of text in one chunk of `source_text`.
pub const CHUNK_ROWS: u64 = 256;

/// Stands between the rows of a chunk.
const BETWEEN_ROWS: char = '\u{1e}';

/// How hard the deflating tries: 3 makes these texts 6 in 100 smaller, 1 byte a row, and takes a quarter longer.
const LEVEL: Compression = Compression::new(2);

/// The largest chunk that is inflated: what no hissab wrote must not fill the memory.
const CHUNK_BYTES_MAX: usize = 512 << 20;

/// A row's text as it is kept: the sign between rows becomes a space.
pub fn kept(raw: String) -> String {
    match raw.contains(BETWEEN_ROWS) {
        true => raw.replace(BETWEEN_ROWS, " "),
        false => raw,
    }
}

/// Up to [`CHUNK_ROWS`] rows as one deflated text; no row holds what separates them: [`kept`].
pub fn deflate(rows: &[String]) -> Vec<u8> {
    let text = rows.join(BETWEEN_ROWS.encode_utf8(&mut [0; 4]));
    let mut deflating = DeflateEncoder::new(Vec::with_capacity(text.len() / 2), LEVEL);
    deflating
        .write_all(text.as_bytes())
        .and_then(|()| deflating.finish())
        .expect("memory takes what is written")
}

/// The reverse of [`deflate`].
pub fn inflate(data: &[u8]) -> Result<Vec<String>> {
    let bytes =
        inflated(data).ok_or_else(|| damaged("the text of source rows cannot be inflated"))?;
    let text =
        String::from_utf8(bytes).map_err(|_| damaged("the text of source rows is not text"))?;
    Ok(text.split(BETWEEN_ROWS).map(str::to_owned).collect())
}

/// What was deflated, if it is whole and no more than a chunk can be.
fn inflated(data: &[u8]) -> Option<Vec<u8>> {
    let mut inflating = Decompress::new(false);
    let mut bytes = Vec::new();
    while bytes.len() <= CHUNK_BYTES_MAX {
        bytes.reserve(64 << 10);
        let (read, made) = (inflating.total_in(), bytes.len());
        let rest = &data[read as usize..];
        match inflating.decompress_vec(rest, &mut bytes, FlushDecompress::None) {
            Ok(Status::StreamEnd) => return Some(bytes),
            Ok(_) if inflating.total_in() > read || bytes.len() > made => {}
            _ => return None,
        }
    }
    None
}

/// The digest of a batch's rows, fed in order of (identity, line).
pub struct RowsDigest(Canon);

impl RowsDigest {
    pub fn new() -> RowsDigest {
        RowsDigest(Canon::new("hissab/rows/1"))
    }

    pub fn add(&mut self, identity: i64, line: u64, number: u64, raw: Option<&str>) {
        put_source_row(&mut self.0, identity, line, number, raw);
    }

    pub fn finish(self) -> Hash {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_whole_or_not_at_all() {
        let rows: Vec<String> = (0..300).map(|n| format!("{n},चाय ☕,{}", n * 7)).collect();
        let data = deflate(&rows);
        assert_eq!(inflate(&data).unwrap(), rows);
        assert_eq!(inflate(&deflate(&[String::new()])).unwrap(), [""]);
        for cut in 0..data.len() {
            assert!(inflate(&data[..cut]).is_err(), "{cut} bytes of it");
        }
    }
}
