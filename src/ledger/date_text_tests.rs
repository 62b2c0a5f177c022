//! Tests of typed dates.

use super::*;
use jiff::civil::date;
use proptest::prelude::*;

/// A Sunday early in a year, so that "not after today" and "this year" differ.
const BOOK: DateContext = DateContext {
    today: date(2026, 2, 15),
    order: DateOrder::Dmy,
    fiscal: FiscalStart::APRIL,
};

fn written(text: &str) -> String {
    parse_date(text, &BOOK, YearRule::NotAfterToday)
        .unwrap_or_else(|error| panic!("{error}"))
        .to_string()
}

fn read(text: &str) -> String {
    parse_date(text, &BOOK, YearRule::ThisYear)
        .unwrap_or_else(|error| panic!("{error}"))
        .to_string()
}

fn problem(text: &str) -> DateProblem {
    match parse_date(text, &BOOK, YearRule::NotAfterToday) {
        Ok(date) => panic!("{text:?} was read as {date}"),
        Err(error) => error.problem,
    }
}

#[test]
fn full_dates_are_read_in_every_usual_form() {
    for text in [
        "2026-04-05",
        "2026/4/5",
        "2026.4.5",
        "2026-4-05",
        "20260405",
        "2026-apr-05",
        "2026 april 5",
        "5/4/2026",
        "05-04-2026",
        "5.4.2026",
        "5/4/26",
        "5-Apr-26",
        "05-Apr-2026",
        "5 apr 2026",
        "5 April, 2026",
        "5th april 2026",
        "5th of April 2026",
        "5apr2026",
        "apr 5 2026",
        "April 5th, 2026",
        " 2026-04-05 ",
        "5‑4‑2026",
    ] {
        assert_eq!(written(text), "2026-04-05", "{text}");
        assert_eq!(read(text), "2026-04-05", "{text}");
    }
}

#[test]
fn relative_dates_count_from_today() {
    for (text, want) in [
        ("today", "2026-02-15"),
        ("Yesterday", "2026-02-14"),
        ("tomorrow", "2026-02-16"),
        ("-3d", "2026-02-12"),
        ("+2w", "2026-03-01"),
        ("-1m", "2026-01-15"),
        ("+1y", "2027-02-15"),
        ("3 days ago", "2026-02-12"),
        ("in 2 days", "2026-02-17"),
        ("sunday", "2026-02-15"),
        ("friday", "2026-02-13"),
        ("mon", "2026-02-09"),
        ("last friday", "2026-02-13"),
        ("last sunday", "2026-02-08"),
        ("next sunday", "2026-02-22"),
        ("this monday", "2026-02-16"),
    ] {
        assert_eq!(written(text), want, "{text}");
    }
}

#[test]
fn a_year_left_out_is_the_latest_not_after_today_for_writers_and_this_year_for_readers() {
    for (text, writers, readers) in [
        ("15/2", "2026-02-15", "2026-02-15"),
        ("16/2", "2025-02-16", "2026-02-16"),
        ("5-12", "2025-12-05", "2026-12-05"),
        ("5 dec", "2025-12-05", "2026-12-05"),
        ("dec 5", "2025-12-05", "2026-12-05"),
        ("dec-5", "2025-12-05", "2026-12-05"),
        ("14", "2026-02-14", "2026-02-14"),
        ("20", "2026-01-20", "2026-02-20"),
        ("20th", "2026-01-20", "2026-02-20"),
    ] {
        assert_eq!(
            (written(text).as_str(), read(text).as_str()),
            (writers, readers),
            "{text}"
        );
    }
    assert_eq!(written("29/2"), "2024-02-29", "the latest there was");
    assert!(parse_date("29/2", &BOOK, YearRule::ThisYear).is_err());
    assert_eq!(written("31"), "2026-01-31");
    let march = DateContext {
        today: date(2026, 3, 30),
        ..BOOK
    };
    assert_eq!(
        parse_date("31", &march, YearRule::NotAfterToday),
        Ok(date(2026, 1, 31)),
        "February has none"
    );
}

#[test]
fn short_numbers_follow_the_date_order_and_a_year_first_never_does() {
    for (order, text, want) in [
        (DateOrder::Dmy, "5/1", "2026-01-05"),
        (DateOrder::Mdy, "5/1", "2025-05-01"),
        (DateOrder::Ymd, "1/5", "2026-01-05"),
        (DateOrder::Mdy, "5/1/2026", "2026-05-01"),
        (DateOrder::Ymd, "26-04-05", "2026-04-05"),
        (DateOrder::Dmy, "26-04-05", "2005-04-26"),
        (DateOrder::Mdy, "2026-04-05", "2026-04-05"),
        (DateOrder::Dmy, "2026/4/5", "2026-04-05"),
    ] {
        let ctx = DateContext { order, ..BOOK };
        assert_eq!(
            parse_date(text, &ctx, YearRule::NotAfterToday)
                .unwrap()
                .to_string(),
            want,
            "{order:?} {text}"
        );
    }
}

#[test]
fn two_digit_years_are_near_today() {
    assert_eq!(written("5/4/46"), "2046-04-05");
    assert_eq!(written("5/4/47"), "1947-04-05");
    assert_eq!(written("5/4/99"), "1999-04-05");
}

#[test]
fn impossible_dates_are_errors_with_the_likely_date() {
    use DateProblem::*;
    assert_eq!(
        problem("31/4"),
        NoSuchDay {
            year: 2026,
            month: 4,
            day: 31,
            days: 30
        }
    );
    assert_eq!(
        problem("2026-02-29"),
        NoSuchDay {
            year: 2026,
            month: 2,
            day: 29,
            days: 28
        }
    );
    assert_eq!(
        problem("30 feb"),
        NoSuchDay {
            year: 2026,
            month: 2,
            day: 30,
            days: 28
        }
    );
    assert_eq!(
        problem("0/4"),
        NoSuchDay {
            year: 2026,
            month: 4,
            day: 0,
            days: 30
        }
    );
    assert_eq!(
        problem("2026-00-05"),
        NoSuchMonth {
            month: 0,
            swapped: None
        }
    );
    assert_eq!(
        problem("32"),
        NoSuchDay {
            year: 2026,
            month: 2,
            day: 32,
            days: 28
        }
    );
    let error = parse_date("4/13/2026", &BOOK, YearRule::ThisYear).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read \"4/13/2026\" as a date or period: there is no month 13"
    );
    assert_eq!(error.hint(), "for 13-Apr-2026 write 2026-04-13");
}

#[test]
fn what_is_longer_than_a_day_is_no_date() {
    for text in [
        "2026-04",
        "2026",
        "april",
        "apr 2026",
        "last month",
        "this week",
        "fy2025-26",
        "2 weeks ago",
        "2026q1",
    ] {
        assert!(matches!(problem(text), DateProblem::NotADay(_)), "{text}");
    }
    let error = parse_date("2026-04", &BOOK, YearRule::ThisYear).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read \"2026-04\" as a date or period: it is no single day but 01-Apr-2026 to 30-Apr-2026"
    );
    assert_eq!(error.hint(), "name a day, for example 2026-04-01");
}

#[test]
fn nonsense_is_refused() {
    use DateProblem::*;
    assert_eq!(problem("sometime"), Unreadable("sometime".into()));
    assert_eq!(problem("2026-04-05 x"), Unreadable("x".into()));
    assert_eq!(problem(""), Empty);
    for text in [
        "5/4/3",
        "2026/4-5",
        "12345",
        "1/2/3/4",
        "-",
        "+3",
        "-3x",
        "5//4",
        "2026-04-05T10:00",
        "99999/1/1",
        "٥/٤",
    ] {
        assert!(
            parse_date(text, &BOOK, YearRule::NotAfterToday).is_err(),
            "{text}"
        );
    }
}

#[test]
fn iso_dates_are_told_from_words() {
    assert!(is_iso_date("2026-04-05") && is_iso_date("2026-02-30"));
    assert!(!is_iso_date("2026-4-5") && !is_iso_date("2026/04/05") && !is_iso_date("2026-04-0५"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,30}") {
        let _ = parse_date(&text, &BOOK, YearRule::NotAfterToday);
    }

    #[test]
    fn any_date_like_text_is_read_or_refused(text in "[-0-9/. dwmyqfapr]{0,14}") {
        for today in [Date::MIN, Date::MAX, date(2026, 2, 15)] {
            for rule in [YearRule::NotAfterToday, YearRule::ThisYear] {
                let _ = parse_date(&text, &DateContext { today, ..BOOK }, rule);
            }
        }
    }

    #[test]
    fn every_day_is_read_back_in_every_form(number in -18_000i32..20_000) {
        let on = crate::ledger::day::Day(number).date();
        let people = crate::ledger::period::people_date(on);
        for text in [on.to_string(), people, format!("{}/{}/{}", on.day(), on.month(), on.year()), on.strftime("%Y%m%d").to_string()] {
            prop_assert_eq!(parse_date(&text, &BOOK, YearRule::ThisYear), Ok(on), "{}", text);
        }
    }

    #[test]
    fn writers_never_get_a_future_date_from_a_short_one(day in 1u32..=28, month in 1u32..=12) {
        let on = parse_date(&format!("{day}/{month}"), &BOOK, YearRule::NotAfterToday).unwrap();
        prop_assert!(on <= BOOK.today && on > date(2025, 2, 15));
    }
}
