//! Bytes to lines: in chunks, as UTF-8, each line below a stated length.

use std::io::Read;

use super::digest::FileDigest;
use super::error::{Fault, FaultAt};

/// The longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

const CHUNK_BYTES: usize = 256 * 1024;

/// Why reading a source stopped, and on which line (0: before the first).
pub(in crate::formats) struct Stopped {
    pub line: u64,
    pub text: String,
    pub found: FaultAt,
}

/// Hands every line to `take`, with its number from 1, without its line end; stops early when `take` says so.
///
/// Shape: returns how many bytes were read. Memory: one chunk, or one line if that is longer.
/// Errors: unreadable, binary, not UTF-8, a line beyond [`LINE_BYTES_MAX`].
pub(in crate::formats) fn each_line(
    reader: &mut dyn Read,
    hash: &mut Option<FileDigest>,
    mut take: impl FnMut(&str, u64) -> bool,
) -> Result<u64, Stopped> {
    let mut buffer = vec![0u8; CHUNK_BYTES];
    let (mut filled, mut line, mut total) = (0usize, 0u64, 0u64);
    loop {
        if filled == buffer.len() {
            if buffer.len() > LINE_BYTES_MAX {
                return Err(too_long(line + 1));
            }
            buffer.resize(buffer.len() * 2, 0);
        }
        let count = match reader.read(&mut buffer[filled..]) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(line, &error)),
        };
        if let Some(hasher) = hash {
            hasher.update(&buffer[filled..filled + count]);
        }
        total += count as u64;
        let fresh = filled;
        filled += count;
        let end = if count == 0 {
            filled
        } else {
            match memchr::memrchr(b'\n', &buffer[fresh..filled]) {
                Some(at) => fresh + at + 1,
                None => continue,
            }
        };
        let start = usize::from(line == 0 && buffer[..end].starts_with(b"\xef\xbb\xbf")) * 3;
        let text = readable(&buffer[start..end], line)?;
        if !lines_of(text, &mut line, &mut take)? || count == 0 {
            return Ok(total);
        }
        buffer.copy_within(end..filled, 0);
        filled -= end;
    }
}

fn lines_of(
    text: &str,
    line: &mut u64,
    take: &mut impl FnMut(&str, u64) -> bool,
) -> Result<bool, Stopped> {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        *line += 1;
        if end - start > LINE_BYTES_MAX {
            return Err(too_long(*line));
        }
        let cut = usize::from(end > start && bytes[end - 1] == b'\r');
        if !take(&text[start..end - cut], *line) {
            return Ok(false);
        }
        start = end + 1;
    }
    Ok(true)
}

/// The chunk as text, or where it stops being text.
fn readable(bytes: &[u8], line: u64) -> Result<&str, Stopped> {
    let place = |at: usize| {
        let before = &bytes[..at];
        let number = line + 1 + memchr::memchr_iter(b'\n', before).count() as u64;
        let start = memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
        let text = String::from_utf8_lossy(&before[start..]).into_owned();
        (number, text)
    };
    if let Some(at) = memchr::memchr(0, bytes) {
        let (line, text) = place(at);
        let fault = Fault::new("binary-file", "this is a binary file, not a journal")
            .hint("journals are plain text in UTF-8");
        return Err(Stopped {
            line,
            found: fault.at(text.len()),
            text,
        });
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let (line, text) = place(at);
        let fault = Fault::new(
            "invalid-utf8",
            format!("byte 0x{:02x} is not UTF-8 text", bytes[at]),
        )
        .hint("save the file as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8 FILE)");
        Stopped {
            line,
            found: fault.at(text.len()),
            text,
        }
    })
}

fn too_long(line: u64) -> Stopped {
    let fault = Fault::new(
        "line-too-long",
        format!("the line is longer than {LINE_BYTES_MAX} bytes"),
    )
    .hint("is this a journal?");
    Stopped {
        line,
        text: String::new(),
        found: fault.at(0),
    }
}

fn unreadable(line: u64, error: &std::io::Error) -> Stopped {
    let fault = Fault::new("unreadable-file", format!("cannot be read: {error}"));
    Stopped {
        line,
        text: String::new(),
        found: fault.at(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Result<Vec<String>, (u64, &'static str)> {
        let mut out = Vec::new();
        let mut reader = bytes;
        match each_line(&mut reader, &mut None, |line, number| {
            out.push(format!("{number}:{line}"));
            true
        }) {
            Ok(_) => Ok(out),
            Err(stopped) => Err((stopped.line, stopped.found.fault.code)),
        }
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_taken_off() {
        assert_eq!(
            lines(b"\xef\xbb\xbfa\r\n\nb").unwrap(),
            ["1:a", "2:", "3:b"]
        );
        assert_eq!(lines(b"").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_text_is_named_by_line() {
        assert_eq!(lines(b"a\nb\xff\n"), Err((2, "invalid-utf8")));
        assert_eq!(lines(b"a\nb\n\0"), Err((3, "binary-file")));
        assert_eq!(
            lines(&vec![b'x'; 3 * LINE_BYTES_MAX]),
            Err((1, "line-too-long"))
        );
    }

    #[test]
    fn lines_across_chunks_are_whole() {
        let mut text = Vec::new();
        for i in 0..60_000 {
            text.extend_from_slice(format!("line number {i}\n").as_bytes());
        }
        let got = lines(&text).unwrap();
        assert_eq!(got.len(), 60_000);
        assert_eq!(got[59_999], "60000:line number 59999");
    }
}
