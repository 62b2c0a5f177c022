//! Which of East Asia's encodings a file is in, or of Hebrew, Greek, Arabic and Baltic ones: the one in which it says
//! the words that head such files.
//!
//! Their bytes are also text in Western and Cyrillic pages, so nothing less than such a word is believed.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255,
    WINDOWS_1256, WINDOWS_1257,
};

/// How much of a file is looked at.
const SAMPLE_BYTES: usize = 64 * 1024;

const JAPANESE: &[&str] = &["日付", "取引", "金額", "残高", "摘要", "年月日", "利用"];

const PAGES: [(&Encoding, &[&str]); 10] = [
    (SHIFT_JIS, JAPANESE),
    (EUC_JP, JAPANESE),
    (GB18030, &["日期", "交易", "金额", "余额", "摘要", "时间"]),
    (BIG5, &["日期", "交易", "金額", "餘額", "摘要"]),
    (EUC_KR, &["거래", "금액", "잔액", "적요", "일자"]),
    (WINDOWS_1255, &["תאריך", "יתרה"]),
    (WINDOWS_1253, &["Ημερομηνία", "ΗΜΕΡΟΜΗΝΙΑ", "Αιτιολογία"]),
    (WINDOWS_1254, &["İşlem", "Açıklama"]),
    (WINDOWS_1256, &["تاريخ", "الرصيد"]),
    (
        WINDOWS_1257,
        &["Saņēmējs", "Valūta", "Sąskaitos", "Gavėjas", "Mokėtojas"],
    ),
];

/// The encoding, if the file speaks one of these languages.
pub(super) fn of(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let speaks = |encoding: &'static Encoding, words: &[&str]| {
        let (text, _) = encoding.decode_without_bom_handling(sample);
        words.iter().any(|word| text.contains(word))
    };
    let found = PAGES
        .iter()
        .find(|(encoding, words)| speaks(encoding, words));
    found.map(|(encoding, _)| *encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_known_by_the_words_of_its_headers() {
        for (encoding, text) in [
            (SHIFT_JIS, "日付,摘要,金額\n2026/4/1,給料,1\n"),
            (EUC_JP, "日付,摘要,金額\n2026/4/1,給料,1\n"),
            (GB18030, "交易时间,金额,备注\n2026-04-01,1,茶\n"),
            (BIG5, "日期,金額,餘額\n2026/04/01,1,1\n"),
            (EUC_KR, "거래일자,적요,거래금액\n2026-04-01,차,1\n"),
            (
                WINDOWS_1255,
                "תאריך,תיאור,חובה,זכות,יתרה\n01/04/2026,תה,1,,1\n",
            ),
            (
                WINDOWS_1253,
                "Ημερομηνία;Αιτιολογία;Ποσό\n1/4/2026;Τσάι;1,00\n",
            ),
            (
                WINDOWS_1257,
                "Datums;Saņēmējs;Summa;Valūta\n01.04.2026;Tēja;1,00;EUR\n",
            ),
        ] {
            assert_eq!(of(&encoding.encode(text).0), Some(encoding), "{text}");
        }
        for (encoding, text) in [
            (
                encoding_rs::WINDOWS_1251,
                "Дата;Описание;Сумма\n01.02.2024;Оплата яблок;1\n",
            ),
            (
                encoding_rs::WINDOWS_1252,
                "Buchung;Betrag\nMüller & Söhne Café €;1\n",
            ),
            (
                encoding_rs::WINDOWS_1250,
                "Data;Opis\n2024-02-01;Przelew płatność\n",
            ),
        ] {
            assert_eq!(of(&encoding.encode(text).0), None, "{text}");
        }
    }
}
