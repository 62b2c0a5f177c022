//! Currencies and other commodities: a code, a scale, perhaps a symbol.

use std::sync::Arc;

/// A currency's place in its book: dense from 1, never reused. The base currency is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CurrencyKey(pub u16);

/// One currency of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Currency {
    pub key: CurrencyKey,
    /// As written: `INR`, `AAPL`, `$`, or empty for amounts without a commodity.
    pub code: Arc<str>,
    /// Decimal places of a minor unit, at most [`super::money::SCALE_MAX`].
    pub scale: u8,
    /// A sign people type for it: `₹`.
    pub symbol: Option<Arc<str>>,
    /// A longer name, for people.
    pub name: Option<Arc<str>>,
}

/// The decimal places ISO 4217 gives a currency; `None` for codes that are not in it.
pub fn iso_scale(code: &str) -> Option<u8> {
    let code: [u8; 3] = code.as_bytes().try_into().ok()?;
    // The lists are codes of three letters with a space between, so that each stands at a multiple of four.
    let found = |list: &str| list.as_bytes().chunks(4).any(|c| c.starts_with(&code));
    if found(ISO_0) {
        Some(0)
    } else if found(ISO_2) {
        Some(2)
    } else if found(ISO_3) {
        Some(3)
    } else if found(ISO_4) {
        Some(4)
    } else {
        None
    }
}

/// The decimal places of a currency that is written by its code or by its sign (`$`, `€`, `₹`).
pub fn iso_scale_of_sign(text: &str) -> Option<u8> {
    let code = SYMBOLS.iter().find(|(_, sign)| *sign == text);
    iso_scale(code.map_or(text, |(code, _)| code))
}

/// The sign most people type for a currency.
pub fn iso_symbol(code: &str) -> Option<&'static str> {
    SYMBOLS.iter().find(|(c, _)| *c == code).map(|(_, s)| *s)
}

/// The currency most people mean by a sign: `$` is USD, `Rs` INR.
pub fn iso_of_symbol(symbol: &str) -> Option<&'static str> {
    if matches!(symbol, "Rs" | "Rs." | "rs" | "rs.") {
        return Some("INR");
    }
    SYMBOLS
        .iter()
        .find(|(_, s)| *s == symbol)
        .map(|(code, _)| *code)
}

const SYMBOLS: &[(&str, &str)] = &[
    ("INR", "₹"),
    ("USD", "$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("JPY", "¥"),
    ("KRW", "₩"),
    ("ILS", "₪"),
    ("NGN", "₦"),
    ("PHP", "₱"),
    ("RUB", "₽"),
    ("THB", "฿"),
    ("TRY", "₺"),
    ("UAH", "₴"),
    ("VND", "₫"),
    ("BDT", "৳"),
];

// ISO 4217 by number of minor-unit digits (list one, funds codes left out).
const ISO_0: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const ISO_2: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES VED WST XCD XCG YER ZAR ZMW ZWG";
const ISO_3: &str = "BHD IQD JOD KWD LYD OMR TND";
const ISO_4: &str = "CLF UYW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_scales_are_the_standards() {
        assert_eq!(iso_scale("INR"), Some(2));
        assert_eq!(iso_scale("JPY"), Some(0));
        assert_eq!(iso_scale("KWD"), Some(3));
        assert_eq!(iso_scale("CLF"), Some(4));
        assert_eq!(iso_scale("AAPL"), None);
        assert_eq!(iso_scale(""), None);
        assert_eq!(iso_scale("IF "), None, "no part of two");
        for list in [ISO_0, ISO_2, ISO_3, ISO_4] {
            assert!(list.split(' ').all(|code| iso_scale(code).is_some()));
        }
        assert_eq!(iso_symbol("INR"), Some("₹"));
        assert_eq!(iso_of_symbol("₹"), Some("INR"));
        assert_eq!(iso_of_symbol("Rs"), Some("INR"));
        assert_eq!(iso_of_symbol("INR"), None);
    }
}
