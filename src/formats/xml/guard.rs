//! What no reader of XML lets through, in one place: deep nesting, a document type or entities of the file's own,
//! endless texts, tags of very many attributes, files cut short.
//!
//! Readers differ in how they walk (record by record, leaf by leaf, a part of a workbook as a stream) and in how they
//! name a place; each asks a [`Guard`] at every step, and says its [`Harm`] in its own words of where.

use quick_xml::events::BytesStart;

use crate::formats::fault::Fault;

/// How deep elements nest.
pub const DEPTH_MAX: usize = 100;
/// The longest text or tag, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// The most attributes of a tag.
pub const ATTRIBUTES_MAX: usize = 64;

/// What is wrong with XML that must not be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Harm {
    TooDeep,
    TooLong,
    TooManyAttributes,
    /// A document type, which could define anything.
    OwnDocumentType,
    /// An entity that is not one of XML's five, by its name.
    OwnEntity(String),
    /// The text ends while elements are open.
    CutShort,
    /// It is no XML, as the parser says.
    Unsound(String),
}

impl Harm {
    pub fn code(&self) -> &'static str {
        match self {
            Harm::TooDeep => "too-deep",
            Harm::TooLong | Harm::TooManyAttributes => "too-long",
            Harm::OwnDocumentType | Harm::OwnEntity(_) => "xml-entities",
            Harm::CutShort => "cut-short",
            Harm::Unsound(_) => "bad-xml",
        }
    }

    pub fn why(&self) -> String {
        match self {
            Harm::TooDeep => format!("elements nest deeper than {DEPTH_MAX}"),
            Harm::TooLong => "a text is longer than 1 MiB".to_owned(),
            Harm::TooManyAttributes => format!("a tag has more than {ATTRIBUTES_MAX} attributes"),
            Harm::OwnDocumentType => "the file defines its own document type".to_owned(),
            Harm::OwnEntity(name) => {
                format!("the entity &{name:.40}; is not one of XML's own five")
            }
            Harm::CutShort => "the file ends within an element: it is cut short".to_owned(),
            Harm::Unsound(error) => format!("this is not sound XML: {error}"),
        }
    }

    pub fn hint(&self) -> &'static str {
        match self {
            Harm::TooDeep | Harm::TooLong | Harm::TooManyAttributes => {
                "no bank or book writes that: is it the right file?"
            }
            Harm::OwnDocumentType | Harm::OwnEntity(_) => {
                "statements and books have none: a file with entities of its own is not read"
            }
            Harm::CutShort => "it was cut off: download or export it again",
            Harm::Unsound(_) => "download or export it again; it may have been cut off or edited",
        }
    }

    /// The harm at a place: line and column from 1, and the line.
    pub fn at(&self, text: &str, offset: usize) -> Fault {
        at(text, offset, self.code(), self.why()).hint(self.hint())
    }
}

impl From<quick_xml::Error> for Harm {
    fn from(error: quick_xml::Error) -> Harm {
        Harm::Unsound(error.to_string())
    }
}

/// A fault at an offset of a text.
pub fn at(text: &str, offset: usize, code: &'static str, why: impl Into<String>) -> Fault {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    let line_text = text.get(start..).unwrap_or("");
    Fault::at(code, line, column, why).line_text(line_text.trim_start())
}

/// Keeps count of what is open.
#[derive(Debug, Default)]
pub struct Guard {
    depth: usize,
}

impl Guard {
    /// An element opens, with its attributes; one without content closes at once.
    pub fn opens(&mut self, tag: &BytesStart<'_>) -> Result<(), Harm> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Harm::TooDeep);
        }
        if tag.len() > TEXT_BYTES_MAX {
            return Err(Harm::TooLong);
        }
        // Each has a sign of its own, so a short tag needs no closer look.
        let may_be_many = memchr::memchr_iter(b'=', tag.as_bytes()).nth(ATTRIBUTES_MAX);
        match may_be_many {
            Some(_) if attributes(tag) > ATTRIBUTES_MAX => Err(Harm::TooManyAttributes),
            _ => Ok(()),
        }
    }

    pub fn closes(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Text is added to what an element holds already.
    pub fn adds(held: usize, more: usize) -> Result<(), Harm> {
        if held + more > TEXT_BYTES_MAX {
            return Err(Harm::TooLong);
        }
        Ok(())
    }

    /// The text is over.
    pub fn ends(&self) -> Result<(), Harm> {
        if self.depth > 0 {
            return Err(Harm::CutShort);
        }
        Ok(())
    }
}

fn attributes(tag: &BytesStart<'_>) -> usize {
    let mut attributes = tag.html_attributes();
    attributes
        .with_checks(false)
        .take(ATTRIBUTES_MAX + 1)
        .count()
}

/// What stands between `&` and `;`: one of the five entities, or a character by its number. `None` of characters
/// that XML forbids, which Tally writes (`&#4;`).
pub fn reference(name: &str) -> Result<Option<char>, Harm> {
    if let Some(digits) = name.strip_prefix('#') {
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        let is_text = |c: &char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
        return Ok(number.and_then(char::from_u32).filter(is_text));
    }
    Ok(Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return Err(Harm::OwnEntity(name.to_owned())),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_what_is_open() {
        let mut guard = Guard::default();
        let tag = BytesStart::new("a");
        for _ in 0..DEPTH_MAX {
            guard.opens(&tag).unwrap();
        }
        assert_eq!(guard.opens(&tag), Err(Harm::TooDeep));
        (0..=DEPTH_MAX).for_each(|_| guard.closes());
        guard.opens(&tag).unwrap();
        assert_eq!(guard.ends(), Err(Harm::CutShort));
        guard.closes();
        assert_eq!(guard.ends(), Ok(()));
    }

    #[test]
    fn attributes_and_texts_have_an_end() {
        let tag =
            |count: usize| BytesStart::from_content("a".to_owned() + &" b='='".repeat(count), 1);
        assert_eq!(Guard::default().opens(&tag(ATTRIBUTES_MAX)), Ok(()));
        assert_eq!(
            Guard::default().opens(&tag(ATTRIBUTES_MAX + 1)),
            Err(Harm::TooManyAttributes)
        );
        assert_eq!(
            Guard::default().opens(&tag(TEXT_BYTES_MAX)),
            Err(Harm::TooLong)
        );
        assert_eq!(Guard::adds(TEXT_BYTES_MAX, 0), Ok(()));
        assert_eq!(Guard::adds(TEXT_BYTES_MAX, 1), Err(Harm::TooLong));
    }

    #[test]
    fn references_are_the_five_or_numbers() {
        for (name, want) in [
            ("amp", Some('&')),
            ("apos", Some('\'')),
            ("#233", Some('é')),
            ("#xE9", Some('é')),
            ("#4", None),
            ("#99999999", None),
            ("#", None),
        ] {
            assert_eq!(reference(name), Ok(want), "{name}");
        }
        assert_eq!(
            reference("laughs"),
            Err(Harm::OwnEntity("laughs".to_owned()))
        );
    }
}
