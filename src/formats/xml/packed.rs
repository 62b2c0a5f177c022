//! Files of XML that are packed by gzip, or endless: unpacked and read within bounds.

use std::io::Read;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
