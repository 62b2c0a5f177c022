//! OFX text → tags and values. One walk for SGML, where values have no end tags, and for XML, where they do.
//!
//! Nothing is nested here and nothing expanded, so neither depth nor entities can grow: that is why this walk asks no
//! guard of XML at each step. A document type with entities of its own is refused before it.

use std::borrow::Cow;

/// A tag with what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// `<NAME>` and the text up to the next tag, trimmed.
    Open {
        name: &'a str,
        value: &'a str,
    },
    Close {
        name: &'a str,
    },
}

/// A token and the place of its `<`.
pub struct Placed<'a> {
    pub token: Token<'a>,
    pub at: usize,
    /// Where the text behind it ends.
    pub until: usize,
}

/// Walks the tags of a text.
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

const CDATA: &str = "<![CDATA[";

impl<'a> Tokens<'a> {
    pub fn of(text: &'a str, from: usize) -> Tokens<'a> {
        Tokens { text, at: from }
    }

    /// The end of the text that begins at `from`: the next tag, not just the next `<`.
    fn text_end(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while let Some(found) = memchr::memchr(b'<', &bytes[at..]) {
            at += found;
            if self.text[at..].starts_with(CDATA) {
                match self.text[at..].find("]]>") {
                    Some(end) => {
                        at += end + 3;
                        continue;
                    }
                    None => return bytes.len(),
                }
            }
            // A sign in a text: `A < B`.
            let next = bytes.get(at + 1).copied().unwrap_or(b' ');
            if next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?') {
                return at;
            }
            at += 1;
        }
        bytes.len()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Placed<'a>;

    fn next(&mut self) -> Option<Placed<'a>> {
        loop {
            let at = self.text_end(self.at);
            let rest = self.text.get(at..).filter(|r| !r.is_empty())?;
            let skipped = match () {
                _ if rest.starts_with("<!--") => rest.find("-->").map(|e| e + 3),
                _ if rest.starts_with(['<']) && rest[1..].starts_with(['?', '!']) => {
                    memchr::memchr(b'>', rest.as_bytes()).map(|e| e + 1)
                }
                _ => Some(0),
            };
            match skipped {
                None => return None,
                Some(0) => {}
                Some(length) => {
                    self.at = at + length;
                    continue;
                }
            }
            let Some(end) = memchr::memchr2(b'>', b'\n', rest.as_bytes()) else {
                self.at = self.text.len();
                return None;
            };
            let inner = &rest[1..end];
            self.at = at + end + 1;
            if let Some(name) = inner.strip_prefix('/') {
                return Some(Placed {
                    token: Token::Close {
                        name: name_of(name),
                    },
                    at,
                    until: self.at,
                });
            }
            let until = if inner.ends_with('/') {
                self.at
            } else {
                self.text_end(self.at)
            };
            let value = self.text[self.at..until].trim();
            self.at = until;
            return Some(Placed {
                token: Token::Open {
                    name: name_of(inner),
                    value,
                },
                at,
                until,
            });
        }
    }
}

/// The name without attributes and prefix.
fn name_of(inner: &str) -> &str {
    let end = inner
        .find(|c: char| c.is_whitespace() || c == '/')
        .unwrap_or(inner.len());
    let name = &inner[..end];
    name.rsplit(':').next().unwrap_or(name)
}

/// A value with its character references as characters. Unknown ones stay: `AT&T` is not escaped everywhere.
pub fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains(['&', '<']) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find(['&', '<']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(data) = rest.strip_prefix(CDATA) {
            let end = data.find("]]>").unwrap_or(data.len());
            out.push_str(&data[..end]);
            rest = data.get(end + 3..).unwrap_or("");
            continue;
        }
        let (character, length) = reference(rest).unwrap_or((rest.chars().next(), 1));
        out.extend(character);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `&amp;`, `&#233;`: its character and length.
fn reference(text: &str) -> Option<(Option<char>, usize)> {
    let body = text.strip_prefix('&')?;
    let end = body.bytes().take(10).position(|b| b == b';')?;
    let name = &body[..end];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((Some(character), end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(text: &str) -> Vec<String> {
        Tokens::of(text, 0)
            .map(|p| match p.token {
                Token::Open { name, value } => format!("{name}={}", unescape(value)),
                Token::Close { name } => format!("/{name}"),
            })
            .collect()
    }

    #[test]
    fn values_end_at_the_next_tag_with_or_without_an_end_tag() {
        assert_eq!(
            walk("<A>\n<B>x & y\n<C>1 < 2 &amp; 3</C><!-- <D>no --><E/></A>"),
            ["A=", "B=x & y", "C=1 < 2 & 3", "/C", "E=", "/A"]
        );
        assert_eq!(
            walk("<?xml version='1.0'?><x:A y='1'><![CDATA[<b>&amp;]]></x:A>"),
            ["A=<b>&amp;", "/A"]
        );
    }

    #[test]
    fn odd_ends_end_quietly() {
        for text in [
            "<",
            "<A",
            "<!--",
            "<![CDATA[",
            "&",
            "</",
            "<A>&#99999999;",
            "<A>&#x110000;",
        ] {
            walk(text);
        }
        assert_eq!(unescape("&#233;&#xe9;&bogus;&amp"), "éé&bogus;&amp");
    }
}
