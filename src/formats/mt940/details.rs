//! The text of a row, `:86:`: free, in numbered subfields (`?20…?32…`), or in named ones (`/NAME/…/REMI/…`).

use std::borrow::Cow;

use crate::formats::plain::{push_words, some_words};

/// What a row's text says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    pub purpose: String,
    /// What the bank calls the kind of booking.
    pub kind: Option<String>,
    pub name: Option<String>,
    /// The other side's account.
    pub account: Option<String>,
    pub reference: Option<String>,
}

/// Lines this long were cut, not ended: the next one goes on in the middle of a word.
const WIDTH_MIN: usize = 65;

impl Details {
    pub fn of(text: &str) -> Details {
        if text.trim().is_empty() {
            return Details::default();
        }
        if let Some(mark) = numbered(text) {
            return of_numbered(text, mark);
        }
        if is_named(text) {
            return of_named(text);
        }
        Details {
            purpose: free(text),
            ..Details::default()
        }
    }
}

fn without_line_ends(text: &str) -> Cow<'_, str> {
    match memchr::memchr2(b'\n', b'\r', text.as_bytes()) {
        Some(_) => Cow::Owned(text.split(['\n', '\r']).collect()),
        None => Cow::Borrowed(text),
    }
}

fn free(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut cut = true;
    for line in text.lines() {
        if !cut {
            joined.push(' ');
        }
        joined.push_str(line);
        cut = line.chars().count() >= WIDTH_MIN;
    }
    let mut purpose = String::with_capacity(joined.len());
    push_words(&mut purpose, &joined);
    purpose
}

/// A subfield that is full was cut, so the next one goes on in the middle of a word.
fn push_piece(into: &mut String, piece: &str) {
    const PIECE_CHARS: usize = 27;
    into.push_str(piece);
    if piece.chars().count() < PIECE_CHARS {
        into.push(' ');
    }
}

/// The sign before the numbers of subfields: behind three digits, before two.
fn numbered(text: &str) -> Option<char> {
    let text = text.trim_start();
    let code = text.bytes().take_while(u8::is_ascii_digit).count();
    if code > 3 {
        return None;
    }
    let mut rest = text[code..].chars();
    let mark = rest.next()?;
    let two = [rest.next()?, rest.next()?];
    let fits = !mark.is_alphanumeric()
        && !mark.is_whitespace()
        && !matches!(mark, '/' | ',' | '.' | '-' | ':');
    (fits && two.iter().all(char::is_ascii_digit)).then_some(mark)
}

/// Source: the German banks' agreement on data formats, appendix 3, "Belegung des Feldes 86".
fn of_numbered(text: &str, mark: char) -> Details {
    let joined = without_line_ends(text);
    let mut details = Details::default();
    let (mut purpose, mut name, mut account) = (String::new(), String::new(), String::new());
    // A mark without two digits behind it is text.
    let mut pieces: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(16);
    for piece in joined.split(mark).skip(1) {
        match piece.split_at_checked(2) {
            Some((number, body)) if number.bytes().all(|b| b.is_ascii_digit()) => {
                pieces.push((number, Cow::Borrowed(body)));
            }
            _ => {
                if let Some((_, body)) = pieces.last_mut() {
                    let body = body.to_mut();
                    body.push(mark);
                    body.push_str(piece);
                }
            }
        }
    }
    for (number, body) in &pieces {
        match number.as_bytes() {
            b"00" => details.kind = some_words(body),
            [b'2', _] | b"60" | b"61" | b"62" | b"63" => {
                if keyword(body).is_some() {
                    purpose.push(' ');
                }
                push_piece(&mut purpose, body);
            }
            b"31" | b"38" if account.is_empty() || *number == "38" => {
                account = body.split_whitespace().collect();
            }
            b"32" | b"33" => push_piece(&mut name, body),
            _ => {}
        }
    }
    sepa(&purpose, &mut details);
    details.name = some_words(&name);
    details.account = Some(account).filter(|a| a.bytes().any(|b| b.is_ascii_digit()));
    details
}

const KEYWORDS: &[&str] = &[
    "EREF", "KREF", "MREF", "BREF", "RREF", "CRED", "DEBT", "COAM", "OAMT", "SVWZ", "ABWA", "ABWE",
    "IBAN", "BIC", "PURP",
];

/// `EREF+…`: the keyword a piece of purpose begins with.
fn keyword(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    let plus = text.bytes().take(5).position(|b| b == b'+')?;
    KEYWORDS.iter().copied().find(|k| *k == &text[..plus])
}

/// Takes the keywords of a SEPA purpose apart; a purpose without any is the purpose.
fn sepa(purpose: &str, details: &mut Details) {
    let mut marks: Vec<(usize, &str)> = Vec::new();
    for plus in memchr::memchr_iter(b'+', purpose.as_bytes()) {
        let before = &purpose[..plus];
        let ends = |key: &&&str| {
            let word = before.strip_suffix(**key);
            word.is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
        };
        if let Some(key) = KEYWORDS.iter().find(ends) {
            marks.push((plus - key.len(), key));
        }
    }
    let Some((first, _)) = marks.first() else {
        push_words(&mut details.purpose, purpose);
        return;
    };
    push_words(&mut details.purpose, &purpose[..*first]);
    for (nth, (at, key)) in marks.iter().enumerate() {
        let end = marks.get(nth + 1).map_or(purpose.len(), |(next, _)| *next);
        let value = purpose[at + key.len() + 1..end].trim();
        match *key {
            "SVWZ" => push_words(&mut details.purpose, value),
            "EREF" if value != "NOTPROVIDED" => details.reference = some_words(value),
            _ => {}
        }
    }
}

const NAMES: &[&str] = &[
    "TRTP", "IBAN", "BIC", "NAME", "REMI", "EREF", "CNTP", "BENM", "ORDP", "MARF", "CSID", "PREF",
    "TRCD", "ISDT", "CSD", "PURP", "ULTC", "ULTD", "RTRN", "ACCW", "ADDR", "SVCL", "KREF", "OCMT",
    "CHGS", "EXCH", "NRTX", "CREF", "DISC",
];

/// True of `/NAME/…`.
fn is_named(text: &str) -> bool {
    text.trim_start().strip_prefix('/').is_some_and(|rest| {
        let name = rest.split('/').next().unwrap_or("");
        NAMES.contains(&name)
    })
}

/// Source: the formats of the Dutch banks; a field's own slashes belong to it.
fn of_named(text: &str) -> Details {
    let joined = without_line_ends(text);
    let mut fields: Vec<(&str, String)> = Vec::new();
    for piece in joined.trim_start().trim_start_matches('/').split('/') {
        match fields.last_mut() {
            // A name has a value behind it: `/NAME//REMI/x` has an empty one.
            _ if NAMES.contains(&piece) => fields.push((piece, String::new())),
            Some((_, value)) => {
                if !value.is_empty() {
                    value.push('/');
                }
                value.push_str(piece);
            }
            None => {}
        }
    }
    let mut details = Details::default();
    for (name, value) in &fields {
        let value = value.trim_matches('/');
        match *name {
            "REMI" => {
                let value = value
                    .strip_prefix("USTD//")
                    .or_else(|| value.strip_prefix("STRD/CUR/"))
                    .unwrap_or(value);
                push_words(
                    &mut details.purpose,
                    value.strip_prefix("USTD/").unwrap_or(value),
                );
            }
            "NAME" => details.name = some_words(value),
            "IBAN" => details.account = some_words(value),
            "CNTP" => {
                // Account, bank, name, city.
                let mut parts = value.split('/');
                details.account = parts.next().and_then(some_words);
                details.name = parts.nth(1).and_then(some_words);
            }
            "EREF" if value != "NOTPROVIDED" => details.reference = some_words(value),
            "TRTP" => details.kind = some_words(value),
            _ => {}
        }
    }
    if details.purpose.is_empty() && details.name.is_none() && details.kind.is_none() {
        details.purpose = free(text);
    }
    details
}
