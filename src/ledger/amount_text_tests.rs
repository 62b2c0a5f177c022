//! Tests of typed amounts: what is read, and what is refused and why.

use super::*;
use proptest::prelude::*;

fn amount(text: &str) -> String {
    match parse_amount(text) {
        Ok(typed) => {
            let commodity = typed.commodity.map(|c| format!(" {c}")).unwrap_or_default();
            let side = typed
                .side
                .map(|s| format!(" {}", s.abbreviation()))
                .unwrap_or_default();
            format!("{}{commodity}{side}", typed.amount)
        }
        Err(error) => panic!("{error}"),
    }
}

fn problem(text: &str) -> AmountProblem {
    match parse_amount(text) {
        Ok(typed) => panic!("{text:?} was read as {typed:?}"),
        Err(error) => {
            assert_eq!(error.text, text);
            assert!(!error.hint().is_empty());
            error.problem
        }
    }
}

#[test]
fn plain_and_grouped_numbers_are_read_as_typed() {
    for (text, want) in [
        ("1250", "1250"),
        ("1,250.50", "1250.50"),
        ("1,00,000.50", "100000.50"),
        ("12,34,56,789", "123456789"),
        ("1,234,567.8", "1234567.8"),
        ("5.000", "5.000"),
        (".50", "0.50"),
        ("0.05", "0.05"),
        (" 500 ", "500"),
        ("+500", "500"),
        ("-500", "-500"),
        ("\u{2212}500", "-500"),
        ("(500)", "-500"),
        (
            "9999999999999999999999999999",
            "9999999999999999999999999999",
        ),
    ] {
        assert_eq!(amount(text), want, "{text}");
    }
}

#[test]
fn currencies_stand_before_or_after() {
    for (text, want) in [
        ("₹500", "500 ₹"),
        ("₹ 1,00,000", "100000 ₹"),
        ("Rs. 500/-", "500 Rs"),
        ("Rs.500", "500 Rs"),
        ("Rs 500", "500 Rs"),
        ("500/-", "500"),
        ("500/- Rs.", "500 Rs"),
        ("500USD", "500 USD"),
        ("500 USD", "500 USD"),
        ("USD 500", "500 USD"),
        ("USD.50", "0.50 USD"),
        ("$5", "5 $"),
        ("€5.25", "5.25 €"),
        ("5€", "5 €"),
        ("US$5", "5 US$"),
        ("-$5", "-5 $"),
        ("$-5", "-5 $"),
        ("$(5)", "-5 $"),
        ("($5)", "-5 $"),
        ("(5 USD)", "-5 USD"),
        ("(5) USD", "-5 USD"),
        ("3 \"green apples\"", "3 green apples"),
        ("\"M2\" 3", "3 M2"),
        ("500\u{a0}€", "500 €"),
        ("5 kg", "5 kg"),
        ("USD 120+30", "150 USD"),
    ] {
        assert_eq!(amount(text), want, "{text}");
    }
}

#[test]
fn lakh_crore_and_thousand_are_units() {
    for (text, want) in [
        ("1.5 lakh", "150000"),
        ("1.5lakh", "150000"),
        ("2 crore", "20000000"),
        ("2 Crores", "20000000"),
        ("3 lacs", "300000"),
        ("12k", "12000"),
        ("12.345K", "12345"),
        ("1.23456789k", "1234.56789"),
        ("₹1.5 lakh", "150000 ₹"),
        ("1.5 lakh USD", "150000 USD"),
        ("2 crore Cr", "-20000000 Cr"),
        ("-1 lakh", "-100000"),
        ("1 lakh + 500", "100500"),
    ] {
        assert_eq!(amount(text), want, "{text}");
    }
}

#[test]
fn sums_are_exact() {
    for (text, want) in [
        ("120+30*2", "180"),
        ("(120+30)*2", "300"),
        ("120 + 30.50", "150.5"),
        ("-(120+30)", "-150"),
        ("1,200/4", "300"),
        ("10 / 8", "1.25"),
        ("100/5/2", "10"),
        ("12.50*1.18", "14.75"),
        ("10 - 5 - 2", "3"),
        ("2*-3", "-6"),
        ("2*(500)", "1000"),
        ("0.1+0.2", "0.3"),
        ("120+30 Cr", "-150 Cr"),
    ] {
        assert_eq!(amount(text), want, "{text}");
    }
}

#[test]
fn sums_never_lose_a_digit_in_silence() {
    // rust_decimal's own checked_add answers 79228162514264337593543950335 here.
    assert_eq!(
        problem("7922816251426433759354395033 + 0.0000000001"),
        AmountProblem::TooManyDigits
    );
    assert_eq!(
        problem("9999999999999999999999999999*10000"),
        AmountProblem::TooManyDigits
    );
    assert_eq!(
        problem("99999999999999999999999999999"),
        AmountProblem::TooManyDigits
    );
    assert_eq!(
        problem("0.00000000000001*0.000000000000001"),
        AmountProblem::TooManyDigits
    );
    assert_eq!(
        problem("9999999999999999999999999999 crore"),
        AmountProblem::TooManyDigits
    );
}

#[test]
fn sides_make_the_sign() {
    assert_eq!(amount("500 Dr"), "500 Dr");
    assert_eq!(amount("500 dr."), "500 Dr");
    assert_eq!(amount("500Dr"), "500 Dr");
    assert_eq!(amount("500 Cr"), "-500 Cr");
    assert_eq!(amount("500 CR"), "-500 Cr");
    assert_eq!(amount("₹500.00 Cr."), "-500.00 ₹ Cr");
    assert_eq!(amount("500 USD Cr"), "-500 USD Cr");
    for text in ["-500 Cr", "(500) Dr", "+500 Dr", "2-5 Cr"] {
        assert_eq!(problem(text), AmountProblem::SignAndSide, "{text}");
    }
    for text in ["5cr", "5Cr", "5 cr", "₹5cr"] {
        assert!(
            matches!(problem(text), AmountProblem::CroreOrCredit(_)),
            "{text}"
        );
    }
    let error = parse_amount("5cr").unwrap_err();
    assert_eq!(error.hint(), "write \"5 crore\", or \"5 Cr\" for credit");
    assert_eq!(problem("Dr"), AmountProblem::NumberMissing);
    assert_eq!(problem("Dr 500"), AmountProblem::Unexpected("Dr".into()));
}

#[test]
fn malformed_groups_say_what_could_be_meant() {
    for (text, hint) in [
        ("1,00", "decimals follow a point: write 1.00"),
        ("12,50", "decimals follow a point: write 12.50"),
        ("1.250,50", "decimals follow a point: write 1250.50"),
        ("1,2345", "decimals follow a point: write 1.2345"),
        ("1,23,4567", "decimals follow a point: write 123.4567"),
        ("1234,567", "write 1234567"),
        ("1,23,456,789", "write 123456789"),
        ("1,,000", "write 1000"),
        (",500", "write 500"),
        ("1'250", "write 1250"),
        ("1_250", "write 1250"),
        ("500.", "write 500"),
        (
            "1.2.3.4",
            "decimals follow one point, and groups are 1,234,567 or 12,34,567",
        ),
    ] {
        assert!(matches!(problem(text), AmountProblem::Groups(_)), "{text}");
        assert_eq!(parse_amount(text).unwrap_err().hint(), hint, "{text}");
    }
}

#[test]
fn zero_is_refused_with_the_dollar_hint_unless_it_is_an_answer() {
    for text in ["0", "0.00", "5-5", "$0", "0 Cr", "00"] {
        assert_eq!(problem(text), AmountProblem::Zero, "{text}");
    }
    assert!(parse_amount("00").unwrap_err().hint().contains("'$500'"));
    assert_eq!(problem("007"), AmountProblem::LeadingZero);
    assert_eq!(problem("01,000"), AmountProblem::LeadingZero);
    assert_eq!(
        parse_amount_or_zero("0.00").unwrap().amount.to_string(),
        "0.00"
    );
    assert!(
        parse_amount_or_zero("00").is_err(),
        "what the shell leaves of $500 is no zero"
    );
}

#[test]
fn whatever_looks_like_a_date_is_no_sum() {
    for text in [
        "2026-04-05",
        "2026/4/5",
        "05-04-2026",
        "5-4-26",
        "5/4",
        "5.4.2026",
        "2026-04",
        "2026-12",
        "5-04",
        "10-5-2",
    ] {
        assert_eq!(problem(text), AmountProblem::DateLike, "{text}");
    }
    assert_eq!(amount("1000-12"), "988");
    assert_eq!(amount("2026 - 12"), "2014");
    assert_eq!(amount("500-20"), "480");
}

#[test]
fn what_does_not_belong_is_named() {
    use AmountProblem::*;
    for (text, want) in [
        ("", Empty),
        ("   ", Empty),
        ("1e5", Exponent),
        ("1.5E3", Exponent),
        ("5L", Unit("L".into())),
        ("5m", Unit("m".into())),
        ("5%", Unexpected("%".into())),
        ("1 000", Unexpected("000".into())),
        ("abc", NumberMissing),
        ("$", NumberMissing),
        ("+", NumberMissing),
        ("5+", NumberMissing),
        ("5 6 USD", Unexpected("6".into())),
        ("500 USD tea", Unexpected("USD".into())),
        ("(5", Unexpected("(".into())),
        ("5)", Unexpected(")".into())),
        ("--5", DoubleSign),
        ("5--5", DoubleSign),
        ("-(500)", DoubleSign),
        ("(-500)", DoubleSign),
        ("-$-5", DoubleSign),
        ("-$(5)", DoubleSign),
        ("(120+30)", Brackets),
        ("-$120+30", Brackets),
        ("100/3", Inexact),
        ("5 / 0", DivideByZero),
        ("$5 USD", TwoCommodities("$".into(), "USD".into())),
        ("$(5 USD)", TwoCommodities("$".into(), "USD".into())),
        ("lakh 5", Unexpected("lakh".into())),
        ("5 \"x", Unexpected("\"".into())),
    ] {
        assert_eq!(problem(text), want, "{text}");
    }
    assert_eq!(problem(&"9".repeat(AMOUNT_CHARS_MAX + 1)), TooLong);
    assert_eq!(
        problem(&format!("1+{}5{}", "(1+".repeat(40), ")".repeat(40))),
        TooLong
    );
}

#[test]
fn places_beyond_the_currency_are_an_error() {
    assert!(parse_amount("5.25").unwrap().check_scale(2).is_ok());
    let error = parse_amount("5.000").unwrap().check_scale(2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"5.000\" is not an amount: its currency has 2 decimal places"
    );
    assert!(
        parse_amount("12.50*1.18").unwrap().check_scale(2).is_ok(),
        "14.7500 is 14.75"
    );
    assert!(parse_amount("0.5").unwrap().check_scale(0).is_err());
}

#[test]
fn errors_name_the_text_and_the_reason() {
    assert_eq!(
        parse_amount("1,00").unwrap_err().to_string(),
        "\"1,00\" is not an amount: the digits of \"1,00\" are not grouped in a known way"
    );
    assert_eq!(parse_amount("5\u{1b}[2J").unwrap_err().text, "5\u{1b}[2J");
    assert!(
        !parse_amount("5\u{1b}[2J")
            .unwrap_err()
            .to_string()
            .contains('\u{1b}'),
        "no control characters in messages"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,40}") {
        let _ = parse_amount(&text);
    }

    #[test]
    fn any_text_of_amount_characters_is_read_or_refused(text in "[-+*/()0-9.,$ rsDCklahUk\"]{0,30}") {
        if let Ok(typed) = parse_amount(&text) {
            prop_assert!(!typed.amount.is_zero());
        }
    }

    #[test]
    fn a_printed_decimal_is_read_back(minor in 1i64..i64::MAX, scale in 0u32..12) {
        let amount = Decimal::new(minor, scale);
        prop_assert_eq!(parse_amount(&amount.to_string()).unwrap().amount, amount);
        prop_assert_eq!(parse_amount(&format!("-{amount}")).unwrap().amount, -amount);
        prop_assert_eq!(parse_amount(&format!("{amount} Cr")).unwrap().amount, -amount);
    }

    #[test]
    fn sums_agree_with_integers(a in 1i64..1_000_000_000, b in 1i64..1_000_000_000, c in 1i64..1000) {
        let want = i128::from(a) + i128::from(b) * i128::from(c);
        let got = parse_amount(&format!("{a} + {b}*{c}")).unwrap().amount;
        prop_assert_eq!(got, Decimal::from_i128_with_scale(want, 0));
    }
}
