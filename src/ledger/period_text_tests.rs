//! Tests of period expressions. What is marked hledger was compared with hledger 1.25, `--today=2026-07-15`.

use super::*;
use crate::ledger::fiscal::FiscalStart;
use jiff::civil::date;
use proptest::prelude::*;

const CALENDAR: DateContext = DateContext {
    today: date(2026, 7, 15),
    order: DateOrder::Mdy,
    fiscal: FiscalStart::JANUARY,
};
const INDIAN: DateContext = DateContext {
    today: date(2026, 7, 15),
    order: DateOrder::Dmy,
    fiscal: FiscalStart::APRIL,
};

/// `FROM..LAST`, both inclusive, as hledger prints its report period.
fn shown(period: Period) -> String {
    let text = |date: Option<jiff::civil::Date>| date.map(|d| d.to_string()).unwrap_or_default();
    format!("{}..{}", text(period.from), text(period.last_day()))
}

fn read_in(ctx: &DateContext, text: &str) -> PeriodExpression {
    read_expression(text, ctx).unwrap_or_else(|error| panic!("{error}"))
}

fn problem(text: &str) -> DateProblem {
    match crate::ledger::period::period_expression(text, &INDIAN) {
        Ok(read) => panic!("{text:?} was read as {read:?}"),
        Err(error) => {
            assert!(!error.hint().is_empty());
            error.problem
        }
    }
}

#[test]
fn spans_are_hledgers() {
    for (text, want) in [
        ("2026", "2026-01-01..2026-12-31"),
        ("2026-04", "2026-04-01..2026-04-30"),
        ("2026/4", "2026-04-01..2026-04-30"),
        ("2026q2", "2026-04-01..2026-06-30"),
        ("2026Q2", "2026-04-01..2026-06-30"),
        ("Q1", "2026-01-01..2026-03-31"),
        ("in q3", "2026-07-01..2026-09-30"),
        ("from 2026-04 to 2026-06", "2026-04-01..2026-05-31"),
        ("since 2026-04", "2026-04-01.."),
        ("from2026-04", "2026-04-01.."),
        ("until 2026", "..2025-12-31"),
        ("to 2025-02", "..2025-01-31"),
        ("2026-01-05..2026-02", "2026-01-05..2026-01-31"),
        ("..2024-02", "..2024-01-31"),
        ("-2024", "..2023-12-31"),
        ("2026-01-05-", "2026-01-05.."),
        ("2026-01-05 -", "2026-01-05.."),
        ("2027..", "2027-01-01.."),
        ("2025-2026", "2025-01-01..2025-12-31"),
        ("2025-01-2026", "2025-01-01..2025-12-31"),
        ("2025-01-01-2026", "2025-01-01..2025-12-31"),
        ("2026/1/1to2026/4/1", "2026-01-01..2026-03-31"),
        ("2026/1/1 2026/4/1", "2026-01-01..2026-03-31"),
        ("1/1 4/1", "2026-01-01..2026-03-31"),
        ("1/1-4/1", "2026-01-01..2026-03-31"),
        ("jan-apr", "2026-01-01..2026-03-31"),
        ("aug to oct", "2026-08-01..2026-09-30"),
        ("September", "2026-09-01..2026-09-30"),
        ("this month", "2026-07-01..2026-07-31"),
        ("thismonth", "2026-07-01..2026-07-31"),
        ("last month", "2026-06-01..2026-06-30"),
        ("next month", "2026-08-01..2026-08-31"),
        ("this week", "2026-07-13..2026-07-19"),
        ("last week", "2026-07-06..2026-07-12"),
        ("this quarter", "2026-07-01..2026-09-30"),
        ("last quarter", "2026-04-01..2026-06-30"),
        ("this year", "2026-01-01..2026-12-31"),
        ("last year", "2025-01-01..2025-12-31"),
        ("next year", "2027-01-01..2027-12-31"),
        ("today", "2026-07-15..2026-07-15"),
        ("yesterday", "2026-07-14..2026-07-14"),
        ("tomorrow", "2026-07-16..2026-07-16"),
        ("last friday", "2026-07-10..2026-07-10"),
        ("this friday", "2026-07-17..2026-07-17"),
        ("next wednesday", "2026-07-22..2026-07-22"),
        ("last wednesday", "2026-07-08..2026-07-08"),
        ("last july", "2025-07-01..2025-07-31"),
        ("next july", "2027-07-01..2027-07-31"),
        ("last march", "2026-03-01..2026-03-31"),
        ("this march", "2027-03-01..2027-03-31"),
        ("in 5 days", "2026-07-20..2026-07-20"),
        ("in -2 weeks", "2026-06-29..2026-07-05"),
        ("1 quarter ago", "2026-04-01..2026-06-30"),
        ("3 weeks ago", "2026-06-22..2026-06-28"),
        ("2 months ahead", "2026-09-01..2026-09-30"),
        ("7 days", "2026-07-22..2026-07-22"),
        ("21", "2026-07-21..2026-07-21"),
        ("20260405", "2026-04-05..2026-04-05"),
        ("202604", "2026-04-01..2026-04-30"),
        ("in 2026", "2026-01-01..2026-12-31"),
        ("this year to 4/1", "2026-01-01..2026-03-31"),
        ("today to tomorrow", "2026-07-15..2026-07-15"),
        ("from today tomorrow", "2026-07-15..2026-07-15"),
        ("to today", "..2026-07-14"),
    ] {
        let read = read_in(&CALENDAR, text);
        assert_eq!(shown(read.period), want, "{text}");
        assert_eq!(read.interval, None, "{text}");
    }
}

#[test]
fn ours_are_read_too() {
    for (text, want) in [
        ("fy2025-26", "2025-04-01..2026-03-31"),
        ("FY 2025-26", "2025-04-01..2026-03-31"),
        ("FY2025-2026", "2025-04-01..2026-03-31"),
        ("fy25-26", "2025-04-01..2026-03-31"),
        ("q1 fy2026-27", "2026-04-01..2026-06-30"),
        ("q4fy2026-27", "2027-01-01..2027-03-31"),
        ("fy2026-27 q2", "2026-07-01..2026-09-30"),
        ("fy2026-27-q2", "2026-07-01..2026-09-30"),
        ("this fy", "2026-04-01..2027-03-31"),
        ("last fiscal year", "2025-04-01..2026-03-31"),
        ("fy2024-25 to fy2026-27", "2024-04-01..2026-03-31"),
        ("from fy2025-26", "2025-04-01.."),
        ("2026q1", "2026-01-01..2026-03-31"),
        ("2025-W14", "2025-03-31..2025-04-06"),
        ("5/4", "2026-04-05..2026-04-05"),
        ("5/4 to 10/4", "2026-04-05..2026-04-09"),
        ("5/4-10/4", "2026-04-05..2026-04-09"),
        ("05-04-2026", "2026-04-05..2026-04-05"),
        ("5-4-26", "2026-04-05..2026-04-05"),
        ("5-Apr-26", "2026-04-05..2026-04-05"),
        ("5 apr 2026 to 5 may 2026", "2026-04-05..2026-05-04"),
        ("5 apr - 10 may", "2026-04-05..2026-05-09"),
        ("5 apr-10 may", "2026-04-05..2026-05-09"),
        ("5 apr 16 may", "2026-04-05..2026-05-15"),
        ("apr 2026", "2026-04-01..2026-04-30"),
        ("Apr-2026", "2026-04-01..2026-04-30"),
        ("2026 apr", "2026-04-01..2026-04-30"),
        ("2026-Apr-05", "2026-04-05..2026-04-05"),
        ("2026 apr 5", "2026-04-05..2026-04-05"),
        ("apr 5", "2026-04-05..2026-04-05"),
        ("-3d", "2026-07-12..2026-07-12"),
        ("-1m to today", "2026-06-15..2026-07-14"),
        ("2026–2027", "2026-01-01..2026-12-31"),
        ("  From   2026-04\tTO 2026-06 ", "2026-04-01..2026-05-31"),
    ] {
        assert_eq!(shown(read_in(&INDIAN, text).period), want, "{text}");
    }
}

#[test]
fn intervals_are_hledgers() {
    use Weekday::*;
    let days =
        |days: &[Weekday]| Interval::DaysOfWeek(Weekdays::new(days.iter().copied()).unwrap());
    for (text, interval, span) in [
        ("daily", Interval::Days(1), ".."),
        ("weekly", Interval::Weeks(1), ".."),
        (
            "monthly in 2008",
            Interval::Months(1),
            "2008-01-01..2008-12-31",
        ),
        (
            "monthly from 2026-04 to 2026-09",
            Interval::Months(1),
            "2026-04-01..2026-08-31",
        ),
        (
            "monthly 2026",
            Interval::Months(1),
            "2026-01-01..2026-12-31",
        ),
        ("quarterly", Interval::Quarters(1), ".."),
        ("yearly", Interval::Years(1), ".."),
        ("biweekly", Interval::Weeks(2), ".."),
        ("fortnightly", Interval::Weeks(2), ".."),
        ("bimonthly from 2008", Interval::Months(2), "2008-01-01.."),
        ("every day", Interval::Days(1), ".."),
        ("every quarter", Interval::Quarters(1), ".."),
        (
            "every 2 weeks in 2026",
            Interval::Weeks(2),
            "2026-01-01..2026-12-31",
        ),
        (
            "every 3 days in Aug",
            Interval::Days(3),
            "2026-08-01..2026-08-31",
        ),
        (
            "every 5 months from 2009/03",
            Interval::Months(5),
            "2009-03-01..",
        ),
        ("every week to 2009", Interval::Weeks(1), "..2008-12-31"),
        ("every 2nd day of week", days(&[Tuesday]), ".."),
        ("every 2nd day of month", Interval::DayOfMonth(2), ".."),
        ("every 2nd day", Interval::DayOfMonth(2), ".."),
        ("every 15th of month", Interval::DayOfMonth(15), ".."),
        (
            "every 2nd day 2009..",
            Interval::DayOfMonth(2),
            "2009-01-01..",
        ),
        (
            "every 2nd day of month 2009-",
            Interval::DayOfMonth(2),
            "2009-01-01..",
        ),
        (
            "every 2nd Monday",
            Interval::WeekdayOfMonth {
                nth: 2,
                weekday: Monday,
            },
            "..",
        ),
        (
            "every 2nd Thursday of month to 2009",
            Interval::WeekdayOfMonth {
                nth: 2,
                weekday: Thursday,
            },
            "..2008-12-31",
        ),
        (
            "every 29th Nov",
            Interval::DayOfYear { month: 11, day: 29 },
            "..",
        ),
        (
            "every 29th nov ..2009",
            Interval::DayOfYear { month: 11, day: 29 },
            "..2008-12-31",
        ),
        (
            "every nov 29th",
            Interval::DayOfYear { month: 11, day: 29 },
            "..",
        ),
        (
            "every Nov 29th 2009..",
            Interval::DayOfYear { month: 11, day: 29 },
            "2009-01-01..",
        ),
        (
            "every 11/29 from 2009",
            Interval::DayOfYear { month: 11, day: 29 },
            "2009-01-01..",
        ),
        (
            "every 11/05 of year since 2009",
            Interval::DayOfYear { month: 11, day: 5 },
            "2009-01-01..",
        ),
        ("every tue", days(&[Tuesday]), ".."),
        (
            "every mon,wed,fri",
            days(&[Monday, Wednesday, Friday]),
            "..",
        ),
        (
            "every weekday",
            days(&[Monday, Tuesday, Wednesday, Thursday, Friday]),
            "..",
        ),
        ("every weekendday", days(&[Saturday, Sunday]), ".."),
        ("every month from 2026", Interval::Months(1), "2026-01-01.."),
    ] {
        let read = read_in(&CALENDAR, text);
        assert_eq!(
            (read.interval, shown(read.period).as_str()),
            (Some(interval), span),
            "{text}"
        );
    }
    let indian = read_in(&INDIAN, "every 5/11 from 2026");
    assert_eq!(
        indian.interval,
        Some(Interval::DayOfYear { month: 11, day: 5 }),
        "the book's date order"
    );
    let fiscal = read_in(&INDIAN, "monthly in fy2025-26");
    assert_eq!(shown(fiscal.period), "2025-04-01..2026-03-31");
}

#[test]
fn what_could_be_two_things_is_refused() {
    use DateProblem::*;
    assert!(matches!(problem("q1"), AmbiguousQuarter { quarter: 1, .. }));
    assert!(matches!(
        problem("2025-q1"),
        AmbiguousQuarter { quarter: 1, .. }
    ));
    assert!(matches!(problem("fy2025"), AmbiguousFiscalYear { .. }));
    assert_eq!(problem("2025-26"), FiscalYearWithoutFy { first: 2025 });
    assert_eq!(problem("fy2025-27"), YearsApart { first: 2025 });
    assert_eq!(
        problem("apr-26"),
        MonthAndNumber {
            month: "apr".into(),
            number: 26
        }
    );
    assert_eq!(problem("from 2026-04 to 2026-04"), EndsBeforeItBegins);
    assert_eq!(problem("2027 to 2026"), EndsBeforeItBegins);
    let hint = |text: &str| read_expression(text, &INDIAN).unwrap_err().hint();
    assert_eq!(
        hint("q1"),
        "write q1 fy2026-27 (fiscal) or 2026q1 (calendar)"
    );
    assert_eq!(
        hint("2025-q1"),
        "write q1 fy2025-26 (fiscal) or 2025q1 (calendar)"
    );
    assert_eq!(
        hint("2025-26"),
        "write fy2025-26, or 2025 to 2027 for calendar years"
    );
    let calendar = read_expression("fy2025-26", &CALENDAR).unwrap_err();
    assert_eq!(calendar.problem, FiscalYearIsCalendar { first: 2025 });
    assert_eq!(
        shown(read_in(&CALENDAR, "fy2025").period),
        "2025-01-01..2025-12-31"
    );
    assert_eq!(
        shown(read_in(&CALENDAR, "2025-Q1").period),
        "2025-01-01..2025-03-31"
    );
}

#[test]
fn impossible_dates_are_never_read_some_other_way() {
    use DateProblem::*;
    assert_eq!(
        problem("2026-02-30"),
        NoSuchDay {
            year: 2026,
            month: 2,
            day: 30,
            days: 28
        }
    );
    assert_eq!(
        problem("2026-13"),
        NoSuchMonth {
            month: 13,
            swapped: None
        }
    );
    assert_eq!(
        problem("from 2026-04-31 to 2026-06"),
        NoSuchDay {
            year: 2026,
            month: 4,
            day: 31,
            days: 30
        }
    );
    assert_eq!(
        problem("20260231"),
        NoSuchDay {
            year: 2026,
            month: 2,
            day: 31,
            days: 28
        }
    );
    assert_eq!(
        problem("4/13"),
        NoSuchMonth {
            month: 13,
            swapped: Some(date(2026, 4, 13))
        }
    );
    assert_eq!(problem("0000"), OutOfRange);
    assert_eq!(problem("9999"), OutOfRange);
    assert_eq!(problem("99999 years"), OutOfRange);
}

#[test]
fn nonsense_is_named() {
    use DateProblem::*;
    for text in [
        "sometime",
        "monthly sometime",
        "2026 2027 2028",
        "every",
        "every sometime",
        "from",
        "to",
        "..",
        "-",
        "mont",
        "2026/04/05/06",
        "q5",
        "fy",
    ] {
        assert!(
            matches!(problem(text), Unreadable(_)),
            "{text}: {:?}",
            problem(text)
        );
    }
    assert_eq!(problem(""), Empty);
    assert_eq!(problem(" \t "), Empty);
    assert_eq!(problem(&"2026 ".repeat(30)), TooLong);
    assert_eq!(problem("every 0 days"), IntervalNumber(0));
    assert_eq!(problem("every 32nd day"), IntervalNumber(32));
    assert_eq!(problem("every 8th day of week"), IntervalNumber(8));
    assert_eq!(problem("every 6th monday"), IntervalNumber(6));
    assert!(matches!(
        problem("every 31st nov"),
        NoSuchDay { day: 31, .. }
    ));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,40}") {
        let _ = read_expression(&text, &INDIAN);
    }

    #[test]
    fn any_words_of_the_grammar_are_read_or_refused(
        words in proptest::collection::vec(prop_oneof![
            Just("from"), Just("to"), Just(".."), Just("-"), Just("in"), Just("last"), Just("next"), Just("month"), Just("week"),
            Just("99999"), Just("2026"), Just("9998"), Just("31"), Just("/"), Just("apr"), Just("fri"), Just("every"), Just("2nd"),
            Just("day"), Just("of"), Just("q1"), Just("fy"), Just("2025-26"), Just("ago"), Just("year"), Just("weekly"), Just(","),
        ], 0..8),
        joined in any::<bool>(),
    ) {
        let text = words.join(if joined { "" } else { " " });
        if let Ok(read) = crate::ledger::period::period_expression(&text, &INDIAN) {
            prop_assert!(!read.period.is_empty());
        }
        let _ = read_expression(&text, &CALENDAR);
    }

    #[test]
    fn iso_ranges_mean_what_they_say(from in 0i32..20_000, days in 1i32..5_000) {
        use crate::ledger::day::Day;
        let (a, b) = (Day(from).date(), Day(from + days).date());
        for text in [format!("{a} to {b}"), format!("from {a} until {b}"), format!("{a}..{b}"), format!("{a}-{b}"), format!("{a} {b}")] {
            prop_assert_eq!(read_in(&INDIAN, &text).period, Period::between(a, b), "{}", text);
        }
    }
}
