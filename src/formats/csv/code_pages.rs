//! Texts of one byte a letter, told apart by the first megabyte: Western and Central European, of Windows and of DOS.
//!
//! A byte that is a sign in one code page and a letter in another tells where it stands within a word. Where both have
//! a letter, its neighbours do: `e` with a grave stands between consonants, `c` with a caron between vowels. And a
//! file that names Czech crowns is no French one.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1250, WINDOWS_1252};

/// What the upper half of DOS's Latin-2 holds.
const CP852: &str = "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";
/// What the upper half of DOS's Latin-1 holds.
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// A code page of the two families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodePage {
    Windows1250,
    Windows1252,
    Cp850,
    Cp852,
}

impl CodePage {
    /// By the names people type.
    pub fn named(label: &str) -> Option<CodePage> {
        let plain = label.trim().to_ascii_lowercase().replace(['-', '_'], "");
        match plain.as_str() {
            "cp852" | "ibm852" | "852" | "dos852" => Some(CodePage::Cp852),
            "cp850" | "ibm850" | "850" | "dos850" => Some(CodePage::Cp850),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            CodePage::Windows1250 => "windows-1250",
            CodePage::Windows1252 => "windows-1252",
            CodePage::Cp850 => "cp850",
            CodePage::Cp852 => "cp852",
        }
    }

    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        let upper: Vec<char> = match self {
            CodePage::Windows1250 => return windows(WINDOWS_1250, bytes),
            CodePage::Windows1252 => return windows(WINDOWS_1252, bytes),
            CodePage::Cp850 => CP850.chars().collect(),
            CodePage::Cp852 => CP852.chars().collect(),
        };
        let letter = |b: &u8| match b {
            0..=127 => char::from(*b),
            high => upper
                .get(usize::from(high - 128))
                .copied()
                .unwrap_or('\u{fffd}'),
        };
        Cow::Owned(bytes.iter().map(letter).collect())
    }
}

fn windows<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Cow<'a, str> {
    encoding.decode_without_bom_handling(bytes).0
}

/// How much of a file is looked at: a letter that tells comes early, and a large file is not decoded six times.
const LOOKED_AT_MAX: usize = 1 << 20;

/// Which code page a file is in; two where nothing tells them apart and it matters.
pub fn of(bytes: &[u8]) -> Result<CodePage, [CodePage; 2]> {
    let bytes = &bytes[..bytes.len().min(LOOKED_AT_MAX)];
    let broken = |page: CodePage| broken_words(bytes, page);
    let windows = [CodePage::Windows1252, CodePage::Windows1250].map(broken);
    let dos = [CodePage::Cp850, CodePage::Cp852].map(broken);
    // Windows first: DOS is long gone, and has signs where Windows has letters as well.
    if dos.iter().min() < windows.iter().min() {
        return between(bytes, [CodePage::Cp850, CodePage::Cp852], dos);
    }
    let found = between(
        bytes,
        [CodePage::Windows1252, CodePage::Windows1250],
        windows,
    );
    Ok(found.unwrap_or(CodePage::Windows1252))
}

/// Of a Western page and a Central European one, the one that breaks fewer words; then by neighbours; then by what
/// the file speaks of.
fn between(
    bytes: &[u8],
    pages: [CodePage; 2],
    broken: [usize; 2],
) -> Result<CodePage, [CodePage; 2]> {
    let [western, central] = pages;
    if broken[0] != broken[1] {
        return Ok(if broken[0] < broken[1] {
            western
        } else {
            central
        });
    }
    if speaks_of_central_europe(bytes) {
        return Ok(central);
    }
    let texts = pages.map(|page| page.decode(bytes));
    if texts[0] == texts[1] {
        return Ok(western);
    }
    match texts.each_ref().map(|text| misplaced(text)) {
        [west, east] if west < east => Ok(western),
        [west, east] if east < west => Ok(central),
        _ => Err(pages),
    }
}

/// How many letters of a page cannot stand where they do: signs within words, and capitals behind small letters.
///
/// Marks of typographers (`l’été`, `A–Z`) stand within words everywhere.
fn broken_words(bytes: &[u8], page: CodePage) -> usize {
    const MARKS: &[char] = &[
        '’', '‘', '–', '—', '…', '·', '\u{a0}', '\u{ad}', '®', '™', '°', '´',
    ];
    // Alphabetic to Unicode, but no language of ours writes with them.
    const NO_LETTERS: &[char] = &['ƒ', 'ˆ', '˜', 'ª', 'º', 'ˇ'];
    let is_letter = |c: char| c.is_alphabetic() && !NO_LETTERS.contains(&c);
    let text = page.decode(bytes);
    let words = text.split(|c: char| c.is_ascii() && !c.is_ascii_alphabetic());
    let broken = |word: &str| {
        if word.is_ascii() || !word.bytes().any(|b| b.is_ascii_alphabetic()) {
            return 0;
        }
        let letters: Vec<char> = word.chars().collect();
        let within = letters.windows(3).filter(|w| {
            let sign = !w[1].is_ascii() && !is_letter(w[1]) && !MARKS.contains(&w[1]);
            sign && !MARKS.contains(&w[0]) && !MARKS.contains(&w[2])
        });
        let capitals = letters
            .windows(2)
            .filter(|w| w[0].is_lowercase() && !w[1].is_ascii() && w[1].is_uppercase());
        // `ƒ` begins a word where `č` is meant.
        let florin = usize::from(letters.first() == Some(&'ƒ'));
        within.count() + capitals.count() + florin
    };
    words.map(broken).sum()
}

/// How many letters with a mark stand where their kind does not: a vowel between vowels, a consonant between
/// consonants.
fn misplaced(text: &str) -> usize {
    let letters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let kind = |c: char| c.is_alphabetic().then(|| is_vowel(c));
    letters
        .windows(3)
        .filter(|w| {
            let kinds = (kind(w[0]), kind(w[1]), kind(w[2]));
            !w[1].is_ascii() && matches!(kinds, (Some(a), Some(b), Some(c)) if a == b && b == c)
        })
        .count()
}

fn is_vowel(c: char) -> bool {
    use unicode_normalization::UnicodeNormalization;
    let plain = c.nfd().next().unwrap_or(c);
    matches!(plain, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'æ' | 'ø' | 'œ')
}

/// Currencies and countries whose languages have letters that the West has not.
fn speaks_of_central_europe(bytes: &[u8]) -> bool {
    const CURRENCIES: [&[u8]; 7] = [b"CZK", b"PLN", b"HUF", b"RON", b"HRK", b"RSD", b"BAM"];
    const COUNTRIES: [&[u8]; 7] = [b"CZ", b"SK", b"PL", b"HU", b"HR", b"SI", b"RO"];
    let mut words = bytes.split(|b| !b.is_ascii_alphanumeric());
    words.any(|word| {
        let is_iban = word.len() >= 4
            && COUNTRIES.contains(&&word[..2])
            && word[2..].iter().all(u8::is_ascii_digit);
        CURRENCIES.contains(&word) || is_iban
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_page(page: CodePage, text: &str) -> Vec<u8> {
        let place =
            |upper: &str, c: char| upper.chars().position(|u| u == c).map(|at| at as u8 + 128);
        match page {
            CodePage::Windows1250 => WINDOWS_1250.encode(text).0.into_owned(),
            CodePage::Windows1252 => WINDOWS_1252.encode(text).0.into_owned(),
            CodePage::Cp850 | CodePage::Cp852 => {
                let upper = if page == CodePage::Cp850 {
                    CP850
                } else {
                    CP852
                };
                let byte = |c: char| match c.is_ascii() {
                    true => c as u8,
                    false => place(upper, c).expect("a letter of the page"),
                };
                text.chars().map(byte).collect()
            }
        }
    }

    #[test]
    fn letters_of_the_west_and_of_the_middle_are_told_apart() {
        for (text, pages) in [
            (
                "číslo účtu;datum zaúčtování;částka\n1;2;3\n",
                &[CodePage::Windows1250, CodePage::Cp852][..],
            ),
            (
                "Datum;Popis;Iznos\n1;Plaćanje računa;2\n",
                &[CodePage::Windows1250, CodePage::Cp852],
            ),
            (
                "Data;Opis;Kwota\n1;Przelew płatność żółw;2 PLN\n",
                &[CodePage::Windows1250, CodePage::Cp852],
            ),
            (
                "Dátum;Közlemény;Összeg\n1;Előfizetés;2 HUF\n",
                &[CodePage::Windows1250, CodePage::Cp852],
            ),
            (
                "Date;Libellé;Débit\n1;Règlement chèque carte crème;2\n",
                &[CodePage::Windows1252, CodePage::Cp850],
            ),
            (
                "Dato;Tekst;Beløb\n1;Køb på nettet, børnetøj;2\n",
                &[CodePage::Windows1252, CodePage::Cp850],
            ),
            (
                "Data;Descrição;Valor\n1;Transferência de João, São Paulo;2\n",
                &[CodePage::Windows1252],
            ),
            (
                "Buchung;Empfänger;Betrag\n1;Müller & Söhne;2\n",
                &[CodePage::Windows1252, CodePage::Cp850],
            ),
            (
                "Data;Descrizione\n1;Perché è già così in città\n",
                &[CodePage::Windows1252],
            ),
        ] {
            for page in pages {
                let bytes = in_page(*page, text);
                let found = of(&bytes);
                assert_eq!(
                    found.map(|p| p.decode(&bytes).into_owned()).as_deref(),
                    Ok(text),
                    "{page:?} {found:?}"
                );
            }
        }
    }

    #[test]
    fn dos_pages_that_nothing_tells_apart_are_named() {
        // The only letter is one that the two pages read differently, and either would do.
        let bytes = in_page(CodePage::Cp852, "Data;Opis\n1;osőba\n");
        assert_eq!(of(&bytes), Err([CodePage::Cp850, CodePage::Cp852]));
        assert_eq!(CodePage::named("CP-852"), Some(CodePage::Cp852));
        assert_eq!(CodePage::named("utf-8"), None);
    }
}
