//! Files of XML that are packed by gzip, or endless: unpacked and read within bounds.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::guard::TEXT_BYTES_MAX;
use crate::formats::fault::Fault;

/// The largest file, in bytes of text.
pub const FILE_BYTES_MAX: usize = 192 << 20;

/// A gzip file's content, or the bytes themselves; never more than [`FILE_BYTES_MAX`].
pub fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let mut out = Vec::new();
    let most = FILE_BYTES_MAX as u64 + 1;
    let read = MultiGzDecoder::new(&*bytes)
        .take(most)
        .read_to_end(&mut out);
    if out.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    read.map_err(|_| {
        Fault::file("damaged-file", "the compressed file is damaged")
            .hint("try it with: gunzip -t FILE")
    })?;
    Ok(out)
}

/// The beginning of what a gzip file holds, for telling what it is.
pub fn unpacked_head(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // Bytes that end early, or are damaged, tell as much as could be read.
    let _ = MultiGzDecoder::new(bytes)
        .take(16 << 10)
        .read_to_end(&mut out);
    out
}

fn too_large() -> Fault {
    Fault::file(
        "too-large",
        format!("the file holds more than {} MiB", FILE_BYTES_MAX >> 20),
    )
    .hint("export a shorter period, or the years one by one")
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packing = GzBuilder::new()
            .filename("name")
            .write(Vec::new(), Compression::default());
        packing.write_all(bytes).unwrap();
        packing.finish().unwrap()
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
        // What is packed in pieces is one file.
        let pieces = [packed(b"<a>"), packed(b"</a>")].concat();
        assert_eq!(unpacked(pieces).unwrap(), b"<a></a>");
        let whole = packed(b"<a/>");
        assert_eq!(
            unpacked(whole[..whole.len() - 9].to_vec())
                .unwrap_err()
                .code,
            "damaged-file"
        );
        assert_eq!(unpacked_head(&whole[..whole.len() - 9]), b"<a/>");
        let bomb = packed(&vec![b' '; FILE_BYTES_MAX + 1]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(unpacked(bomb).unwrap_err().code, "too-large");
    }
}
