//! What stands before the first tag: `OFXHEADER:100 …` of SGML, `<?OFX …?>` of XML. Banks leave it out, write it
//! on one line, or contradict it.

/// Where the tags begin.
pub fn end(text: &str) -> usize {
    memchr::memchr(b'<', text.as_bytes()).unwrap_or(text.len())
}

/// Where the first element begins, behind what XML declares.
pub fn end_of_declarations(text: &str) -> usize {
    memchr::memmem::find(text.as_bytes(), b"<OFX").unwrap_or(text.len())
}

/// `1.02`.
pub fn version(text: &str) -> Option<String> {
    let head = head(text);
    let at = head.find("VERSION:").map(|at| at + 8).or_else(|| {
        let ofx = head.find("<?OFX")?;
        let at = ofx + head[ofx..].find("VERSION=")? + 8;
        Some(at)
    })?;
    let digits: String = head[at..]
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (digits.len() == 3).then(|| format!("{}.{}", &digits[..1], &digits[1..]))
}

/// The encoding the header names, for bytes that are not UTF-8: most files that say 1252 are.
pub fn label(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1_000)]).into_owned();
    let at = head.find("CHARSET:")? + 8;
    let word: String = head[at..]
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
        .collect();
    match word.as_str() {
        "NONE" | "" => None,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => Some(format!("windows-{digits}")),
        word if word.starts_with("8859-") => Some(format!("iso-{word}")),
        word => Some(word.to_owned()),
    }
}

fn head(text: &str) -> &str {
    let mut end = text.len().min(1_000);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_in_every_form() {
        for text in [
            "OFXHEADER:100\r\nVERSION:102\r\n\r\n<OFX>",
            "OFXHEADER:100 VERSION:102 <OFX>",
            "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\" VERSION=\"102\"?><OFX>",
        ] {
            assert_eq!(version(text).as_deref(), Some("1.02"), "{text}");
        }
        assert_eq!(version("<OFX>"), None);
        for (text, name) in [
            ("CHARSET:1252\r\n", Some("windows-1252")),
            ("CHARSET:ISO-8859-1\r\n", Some("ISO-8859-1")),
            ("CHARSET:8859-15\r\n", Some("iso-8859-15")),
            ("CHARSET:NONE\r\n", None),
        ] {
            assert_eq!(label(text.as_bytes()).as_deref(), name);
        }
    }
}
