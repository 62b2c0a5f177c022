//! XML from strangers: [`guard`] is what every reader of it asks; books of other tools are decoded, unpacked, and
//! read record by record here.

use std::borrow::Cow;

use super::csv::encoding;
use super::fault::Fault;

pub mod guard;
mod packed;
mod records;

pub use packed::{FILE_BYTES_MAX, read_bounded, unpacked, unpacked_head};
pub use records::{Node, Records};

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

#[cfg(test)]
mod tests {
    use super::*;

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
