//! Rows of imported files as they stood: deflated by the chunk, and one digest over a file's rows.

use super::damaged;
use crate::book::Result;
use crate::ledger::audit::{Canon, Hash, put_source_row};

/// Rows of text in one chunk of `source_text`.
pub const CHUNK_ROWS: u64 = 256;

/// Stands between the rows of a chunk.
const BETWEEN_ROWS: char = '\u{1e}';

/// How hard the deflating tries: 4 makes these texts 9 in 100 smaller, 2 bytes a row, and takes twice the time.
const LEVEL: u8 = 2;

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
    miniz_oxide::deflate::compress_to_vec(
        rows.join(BETWEEN_ROWS.encode_utf8(&mut [0; 4])).as_bytes(),
        LEVEL,
    )
}

/// The reverse of [`deflate`].
pub fn inflate(data: &[u8]) -> Result<Vec<String>> {
    let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(data, CHUNK_BYTES_MAX)
        .map_err(|_| damaged("the text of source rows cannot be inflated"))?;
    let text =
        String::from_utf8(bytes).map_err(|_| damaged("the text of source rows is not text"))?;
    Ok(text.split(BETWEEN_ROWS).map(str::to_owned).collect())
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
