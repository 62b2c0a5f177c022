//! Bytes → text: which encoding a file is in, and what is no text at all.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1251};

use super::code_pages::{self, CodePage};
use super::east_asian;

use crate::formats::fault::Fault;

/// Text, and the name of the encoding it was in.
#[derive(Debug)]
pub struct Decoded<'a> {
    pub text: Cow<'a, str>,
    pub name: &'static str,
}

/// Decodes a file; `label` names the encoding if somebody does.
///
/// Errors: an unknown label, or bytes that are not text in the encoding.
pub fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Result<Decoded<'a>, Fault> {
    let decoded = match label {
        Some(label) => by_label(bytes, label)?,
        None => guess(bytes)?,
    };
    refuse_nul(&decoded.text)?;
    Ok(decoded)
}

fn by_label<'a>(bytes: &'a [u8], label: &str) -> Result<Decoded<'a>, Fault> {
    if let Some(page) = CodePage::named(label) {
        return Ok(in_page(bytes, page));
    }
    let Some(encoding) = Encoding::for_label(label.trim().as_bytes()) else {
        return Err(Fault::file(
            "unknown-encoding",
            format!("no encoding is called {label:?}"),
        )
        .hint(
            "names are those of the web, and DOS's: utf-8, utf-16le, windows-1252, windows-1250, windows-1251, iso-8859-15, shift_jis, gbk, cp852, cp850",
        ));
    };
    let (text, used, broken) = encoding.decode(bytes);
    if broken {
        return Err(Fault::file(
            "not-text",
            format!("the file is not text in {}", used.name().to_lowercase()),
        )
        .hint("leave the encoding out, or name another one"));
    }
    Ok(Decoded {
        text,
        name: name_of(used),
    })
}

fn guess(bytes: &[u8]) -> Result<Decoded<'_>, Fault> {
    let bytes = match Encoding::for_bom(bytes) {
        Some((encoding, length)) if encoding == encoding_rs::UTF_8 => &bytes[length..],
        Some((encoding, _)) => return by_label(bytes, encoding.name()),
        None => bytes,
    };
    if let Some(encoding) = utf16_without_mark(bytes) {
        return by_label(bytes, encoding.name());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Decoded {
            text: Cow::Borrowed(text),
            name: "utf-8",
        });
    }
    if let Some(encoding) = east_asian::of(bytes) {
        return by_label(bytes, encoding.name());
    }
    if looks_cyrillic(bytes) {
        let (text, _) = WINDOWS_1251.decode_without_bom_handling(bytes);
        return Ok(Decoded {
            text,
            name: name_of(WINDOWS_1251),
        });
    }
    let page = code_pages::of(bytes).map_err(|[one, other]| ambiguous(bytes, one, other))?;
    Ok(in_page(bytes, page))
}

fn in_page(bytes: &[u8], page: CodePage) -> Decoded<'_> {
    Decoded {
        text: page.decode(bytes),
        name: page.name(),
    }
}

/// Two encodings give two texts, and nothing tells which is meant: the first line that shows it, in both.
fn ambiguous(bytes: &[u8], one: CodePage, other: CodePage) -> Fault {
    let (a, b) = (one.decode(bytes), other.decode(bytes));
    let lines = a.lines().zip(b.lines()).zip(1..);
    let (said, line) = lines
        .filter(|((a, b), _)| a != b)
        .map(|((a, b), line)| {
            (
                format!("{a:.60?} in {}, {b:.60?} in {}", one.name(), other.name()),
                line,
            )
        })
        .next()
        .unwrap_or_default();
    let why = format!("the encoding is not certain: the line is {said}");
    Fault::at("ambiguous-encoding", line, 1, why).hint(format!(
        "say which: --encoding {} or --encoding {}",
        one.name(),
        other.name()
    ))
}

/// Every second byte of mostly-Latin UTF-16 is zero; no other text has zeros.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(4096)];
    let zeros = |from: usize| {
        sample
            .iter()
            .skip(from)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let enough = sample.len() / 2 * 7 / 10;
    match () {
        _ if sample.len() < 8 => None,
        _ if odd > enough && even == 0 => Some(UTF_16LE),
        _ if even > enough && odd == 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// Cyrillic words are runs of high bytes; in Western text a high byte stands among Latin letters.
fn looks_cyrillic(bytes: &[u8]) -> bool {
    let letter = |b: u8| b >= 0xc0;
    let high = bytes.iter().filter(|b| letter(**b)).count();
    let paired = bytes
        .windows(2)
        .filter(|pair| letter(pair[0]) && letter(pair[1]))
        .count();
    paired * 10 > high * 6
}

fn name_of(encoding: &'static Encoding) -> &'static str {
    match encoding.name() {
        "UTF-8" => "utf-8",
        "UTF-16LE" => "utf-16le",
        "UTF-16BE" => "utf-16be",
        "windows-1251" => "windows-1251",
        "windows-1252" => "windows-1252",
        "Shift_JIS" => "shift_jis",
        "EUC-JP" => "euc-jp",
        "GBK" | "gb18030" => "gb18030",
        "Big5" => "big5",
        "EUC-KR" => "euc-kr",
        other => other,
    }
}

fn refuse_nul(text: &str) -> Result<(), Fault> {
    let Some(at) = text.bytes().position(|b| b == 0) else {
        return Ok(());
    };
    let line = 1 + text[..at].bytes().filter(|b| *b == b'\n').count() as u64;
    Err(Fault::at(
        "not-text",
        line,
        1,
        "the file holds NUL bytes: it is not a text file",
    )
    .hint("export the statement as CSV and import that"))
}

#[cfg(test)]
mod tests {
    use encoding_rs::{WINDOWS_1250, WINDOWS_1252};

    use super::*;

    fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        let units = mark.encode_utf16().chain(text.encode_utf16());
        units
            .flat_map(|u| {
                if big {
                    u.to_be_bytes()
                } else {
                    u.to_le_bytes()
                }
            })
            .collect()
    }

    fn read(bytes: &[u8]) -> (String, &'static str) {
        let decoded = decode(bytes, None).unwrap();
        (decoded.text.into_owned(), decoded.name)
    }

    #[test]
    fn the_same_text_is_read_from_every_unicode_form() {
        let text = "Date,Narration,Amount\n01/04/2024,Café ₹,5\n";
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        assert_eq!(read(text.as_bytes()), (text.to_owned(), "utf-8"));
        assert_eq!(read(&marked), (text.to_owned(), "utf-8"));
        for mark in [true, false] {
            assert_eq!(
                read(&utf16(text, false, mark)),
                (text.to_owned(), "utf-16le")
            );
            assert_eq!(
                read(&utf16(text, true, mark)),
                (text.to_owned(), "utf-16be")
            );
        }
    }

    #[test]
    fn western_and_cyrillic_single_bytes_are_told_apart() {
        let western = WINDOWS_1252
            .encode("Buchung;Betrag\nMüller & Söhne Café €;1\n")
            .0;
        assert_eq!(read(&western).1, "windows-1252");
        assert!(read(&western).0.contains("Müller & Söhne Café €"));
        let cyrillic = WINDOWS_1251
            .encode("Дата;Описание;Сумма\n01.02.2024;Оплата;1\n")
            .0;
        assert_eq!(read(&cyrillic).1, "windows-1251");
        assert!(read(&cyrillic).0.starts_with("Дата;Описание"));
        let polish = WINDOWS_1250
            .encode("Data;Opis\n2024-02-01;Przelew płatność\n")
            .0;
        assert_eq!(read(&polish).1, "windows-1250");
        let metres = WINDOWS_1252
            .encode("Datum;Text\n2024-02-01;5 m³ Wasser für 3¹ Häuser\n")
            .0;
        assert_eq!(read(&metres).1, "windows-1252");
    }

    #[test]
    fn binary_and_wrong_names_are_refused() {
        assert_eq!(decode(b"a,b\n1,\0\n", None).unwrap_err().code, "not-text");
        assert_eq!(
            decode(b"a", Some("klingon")).unwrap_err().code,
            "unknown-encoding"
        );
        assert_eq!(
            decode(b"\xff\xfe\xfd", Some("utf-8")).unwrap_err().code,
            "not-text"
        );
    }
}
