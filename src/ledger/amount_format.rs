//! Amounts as people and machines read them: `1,23,456.50`, `500.00 Dr`, `-123456.50`.
//!
//! Everything starts from minor units and a scale, so nothing is rounded here.

/// How the digits before the point are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Grouping {
    /// `1,234,567`
    #[default]
    Thousands,
    /// `12,34,567`: lakhs and crores.
    Lakhs,
    /// `1234567`
    None,
}

/// Codes and signs of the currencies written in lakhs and crores.
const LAKH_CURRENCIES: [&str; 14] = [
    "INR", "₹", "Rs", "Rs.", "₨", "BDT", "৳", "NPR", "PKR", "BTN", "LKR", "रू", "रु", "Nu.",
];

impl Grouping {
    /// The grouping usual for a currency, by its code or sign.
    pub fn of_currency(code: &str) -> Grouping {
        if LAKH_CURRENCIES.contains(&code) {
            Grouping::Lakhs
        } else {
            Grouping::Thousands
        }
    }

    /// Whether a comma stands where `right` digits remain before the point.
    fn comma_after(self, right: usize) -> bool {
        match self {
            Grouping::Thousands => right > 0 && right.is_multiple_of(3),
            Grouping::Lakhs => right >= 3 && !right.is_multiple_of(2),
            Grouping::None => false,
        }
    }
}

/// Signed and grouped: `-1,23,456.50`. `scale` is the number of places; minor units of 10^-scale.
pub fn grouped(minor: i128, scale: u8, grouping: Grouping) -> String {
    let text = magnitude(minor, scale, grouping);
    if minor < 0 { format!("-{text}") } else { text }
}

/// With the side instead of a sign: `500.00 Dr`, `500.00 Cr`; zero has no side.
pub fn sided(minor: i128, scale: u8, grouping: Grouping) -> String {
    let text = magnitude(minor, scale, grouping);
    match minor {
        0 => text,
        1.. => text + " Dr",
        _ => text + " Cr",
    }
}

/// Without sign or side: for a debit or a credit column.
pub fn magnitude(minor: i128, scale: u8, grouping: Grouping) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0width$}", minor.unsigned_abs(), width = scale + 1);
    let (whole, places) = digits.split_at(digits.len() - scale);
    let mut text = String::with_capacity(digits.len() + digits.len() / 2 + 1);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && grouping.comma_after(whole.len() - at) {
            text.push(',');
        }
        text.push(digit);
    }
    if scale > 0 {
        text.push('.');
        text.push_str(places);
    }
    text
}

/// For machines: `-123456.50`, ungrouped, always `scale` places.
pub fn machine(minor: i128, scale: u8) -> String {
    grouped(minor, scale, Grouping::None)
}

/// Appends the machine form without an allocation: for exports of many rows.
pub fn push_machine(out: &mut Vec<u8>, minor: i128, scale: u8) {
    let scale = usize::from(scale);
    let mut digits = [0u8; 40];
    let mut at = digits.len();
    let mut rest = minor.unsigned_abs();
    while rest > 0 {
        at -= 1;
        // The remainder is one digit.
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    let significant = &digits[at..];
    if minor < 0 {
        out.push(b'-');
    }
    let whole = significant.len().saturating_sub(scale);
    if whole == 0 {
        out.push(b'0');
    }
    out.extend_from_slice(&significant[..whole]);
    if scale > 0 {
        out.push(b'.');
        out.extend(std::iter::repeat_n(
            b'0',
            scale.saturating_sub(significant.len()),
        ));
        out.extend_from_slice(&significant[whole..]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::amount_text::parse_amount_or_zero;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rupees_are_grouped_in_lakhs_and_dollars_in_thousands() {
        assert_eq!(
            grouped(12_345_650, 2, Grouping::of_currency("INR")),
            "1,23,456.50"
        );
        assert_eq!(
            grouped(12_345_650, 2, Grouping::of_currency("USD")),
            "123,456.50"
        );
        assert_eq!(
            grouped(-123_456_789_012, 2, Grouping::Lakhs),
            "-1,23,45,67,890.12"
        );
        assert_eq!(grouped(99_999, 2, Grouping::Lakhs), "999.99");
        assert_eq!(grouped(100_000, 2, Grouping::Lakhs), "1,000.00");
        assert_eq!(grouped(1_234_567, 0, Grouping::Lakhs), "12,34,567");
        assert_eq!(grouped(1_234_567, 0, Grouping::Thousands), "1,234,567");
        assert_eq!(grouped(5, 3, Grouping::Thousands), "0.005");
    }

    #[test]
    fn sides_replace_signs() {
        assert_eq!(sided(50_000, 2, Grouping::Lakhs), "500.00 Dr");
        assert_eq!(sided(-50_000, 2, Grouping::Lakhs), "500.00 Cr");
        assert_eq!(sided(0, 2, Grouping::Lakhs), "0.00");
        assert_eq!(magnitude(-50_000, 2, Grouping::Lakhs), "500.00");
    }

    #[test]
    fn machines_get_plain_digits() {
        assert_eq!(machine(12_345_650, 2), "123456.50");
        assert_eq!(machine(-5, 2), "-0.05");
        assert_eq!(machine(0, 0), "0");
        assert_eq!(
            machine(i128::MIN, 2),
            "-1701411834604692317316873037158841057.28"
        );
    }

    proptest! {
        #[test]
        fn grouped_amounts_are_read_back(minor in -10i128.pow(17)..10i128.pow(17), scale in 0u8..=12) {
            for grouping in [Grouping::Thousands, Grouping::Lakhs, Grouping::None] {
                let typed = parse_amount_or_zero(&grouped(minor, scale, grouping)).unwrap();
                prop_assert_eq!(typed.amount.mantissa(), minor);
                prop_assert_eq!(typed.amount.scale(), u32::from(scale));
                let sided = parse_amount_or_zero(&sided(minor, scale, grouping)).unwrap();
                prop_assert_eq!(sided.amount.mantissa(), minor);
            }
        }

        #[test]
        fn both_machine_forms_agree(minor in any::<i128>(), scale in 0u8..=12) {
            let mut bytes = Vec::new();
            push_machine(&mut bytes, minor, scale);
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), machine(minor, scale));
        }
    }
}
