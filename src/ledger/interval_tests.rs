//! Tests of intervals. The tables were compared with hledger 1.25, which begins spans on whole boundaries.

use super::*;
use crate::ledger::date_text::DateContext;
use crate::ledger::period::period_expression;
use crate::ledger::settings::DateOrder;
use jiff::civil::date;
use proptest::prelude::*;

const YEAR: FiscalStart = FiscalStart::JANUARY;

fn cut(expression: &str, year: FiscalStart, first: FirstSpan) -> Vec<String> {
    let ctx = DateContext {
        today: date(2026, 7, 15),
        order: DateOrder::Mdy,
        fiscal: year,
    };
    let read = period_expression(expression, &ctx).unwrap();
    let interval = read.interval.unwrap();
    let spans = interval
        .spans(
            read.period.from.unwrap(),
            read.period.until.unwrap(),
            year,
            first,
        )
        .unwrap();
    spans
        .iter()
        .map(|span| interval.label(*span, year))
        .collect()
}

#[test]
fn spans_are_whole_and_cover_the_period_as_in_hledger() {
    for (expression, want) in [
        (
            "every 2 weeks from 2026-01-07 to 2026-02-14",
            &[
                "2026-01-05..2026-01-18",
                "2026-01-19..2026-02-01",
                "2026-02-02..2026-02-15",
            ][..],
        ),
        (
            "every 15th day from 2026-01-20 to 2026-04-02",
            &[
                "2026-01-15..2026-02-14",
                "2026-02-15..2026-03-14",
                "2026-03-15..2026-04-14",
            ],
        ),
        (
            "every 31st day from 2026-01-01 to 2026-04-02",
            &[
                "2025-12-31..2026-01-30",
                "2026-01-31..2026-02-27",
                "2026-02-28..2026-03-30",
                "2026-03-31..2026-04-29",
            ],
        ),
        (
            "every 2nd monday of month from 2026-01-20 to 2026-04-02",
            &[
                "2026-01-12..2026-02-08",
                "2026-02-09..2026-03-08",
                "2026-03-09..2026-04-12",
            ],
        ),
        (
            "every 5th tue from 2026-01-20 to 2026-04-22",
            &[
                "2025-12-30..2026-02-02",
                "2026-02-03..2026-03-02",
                "2026-03-03..2026-03-30",
                "2026-03-31..2026-05-04",
            ],
        ),
        (
            "every 3 months from 2026-02-10 to 2026-09-02",
            &[
                "2026-02-01..2026-04-30",
                "2026-05-01..2026-07-31",
                "2026-08-01..2026-10-31",
            ],
        ),
        (
            "every mon,wed from 2026-02-10 to 2026-02-20",
            &[
                "2026-02-09..2026-02-10",
                "2026-02-11..2026-02-15",
                "2026-02-16..2026-02-17",
                "2026-02-18..2026-02-22",
            ],
        ),
        (
            "quarterly from 2026-02-10 to 2026-09-02",
            &["2026-Q1", "2026-Q2", "2026-Q3"],
        ),
        (
            "every 2 years from 2025-03-01 to 2027-02-01",
            &["2025-01-01..2026-12-31", "2027-01-01..2028-12-31"],
        ),
        (
            "every tue from 2026-01-07 to 2026-01-30",
            &[
                "2026-01-06..2026-01-12",
                "2026-01-13..2026-01-19",
                "2026-01-20..2026-01-26",
                "2026-01-27..2026-02-02",
            ],
        ),
        (
            "bimonthly in 2026",
            &[
                "2026-01-01..2026-02-28",
                "2026-03-01..2026-04-30",
                "2026-05-01..2026-06-30",
                "2026-07-01..2026-08-31",
                "2026-09-01..2026-10-31",
                "2026-11-01..2026-12-31",
            ],
        ),
        (
            "every 11/05 from 2025-01-01 to 2027-01-01",
            &[
                "2024-11-05..2025-11-04",
                "2025-11-05..2026-11-04",
                "2026-11-05..2027-11-04",
            ],
        ),
        (
            "daily from 2026-02-27 to 2026-03-02",
            &["2026-02-27", "2026-02-28", "2026-03-01"],
        ),
        (
            "weekly from 2025-12-31 to 2026-01-06",
            &["2026-W01", "2026-W02"],
        ),
        (
            "monthly from 2025-12-31 to 2026-01-02",
            &["2025-12", "2026-01"],
        ),
        ("yearly from 2025-12-31 to 2026-01-02", &["2025", "2026"]),
        (
            "every 3 days from 2026-01-01 to 2026-01-05",
            &["2026-01-01..2026-01-03", "2026-01-04..2026-01-06"],
        ),
        // hledger moves to 1 March instead.
        (
            "every 29th feb from 2025-03-10 to 2027-04-01",
            &[
                "2025-02-28..2026-02-27",
                "2026-02-28..2027-02-27",
                "2027-02-28..2028-02-28",
            ],
        ),
    ] {
        assert_eq!(
            cut(expression, YEAR, FirstSpan::Whole),
            want,
            "{expression}"
        );
    }
}

#[test]
fn spans_can_begin_as_given() {
    assert_eq!(
        cut(
            "monthly from 2026-01-05 to 2026-02-14",
            YEAR,
            FirstSpan::AsGiven
        ),
        ["2026-01-05..2026-02-04", "2026-02-05..2026-03-04"]
    );
    assert_eq!(
        cut(
            "monthly from 2026-01-31 to 2026-04-01",
            YEAR,
            FirstSpan::AsGiven
        ),
        [
            "2026-01-31..2026-02-27",
            "2026-02-28..2026-03-30",
            "2026-03-31..2026-04-29"
        ]
    );
    assert_eq!(
        cut(
            "every tue from 2026-01-07 to 2026-01-08",
            YEAR,
            FirstSpan::AsGiven
        ),
        ["2026-01-06..2026-01-12"]
    );
}

#[test]
fn quarters_and_years_follow_the_fiscal_year() {
    assert_eq!(
        cut(
            "quarterly in fy2025-26",
            FiscalStart::APRIL,
            FirstSpan::Whole
        ),
        ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]
    );
    assert_eq!(
        cut(
            "yearly from 2025-05-01 to 2026-05-01",
            FiscalStart::APRIL,
            FirstSpan::Whole
        ),
        ["FY2025-26", "FY2026-27"]
    );
    let june = FiscalStart::new(6).unwrap();
    let spans = Interval::Quarters(1)
        .spans(date(2026, 1, 1), date(2026, 1, 2), june, FirstSpan::Whole)
        .unwrap();
    assert_eq!(
        spans,
        [PeriodSpan {
            from: date(2025, 12, 1),
            until: date(2026, 3, 1)
        }]
    );
    assert_eq!(Interval::Quarters(1).label(spans[0], june), "2025-Q3");
    // --calendar
    let spans = Interval::Quarters(1)
        .spans(
            date(2026, 2, 1),
            date(2026, 2, 2),
            FiscalStart::JANUARY,
            FirstSpan::Whole,
        )
        .unwrap();
    assert_eq!(
        Interval::Quarters(1).label(spans[0], FiscalStart::JANUARY),
        "2026-Q1"
    );
}

#[test]
fn the_edges_hold() {
    assert_eq!(
        Interval::Days(1).spans(date(2026, 1, 2), date(2026, 1, 2), YEAR, FirstSpan::Whole),
        Ok(vec![])
    );
    assert_eq!(
        Interval::Days(1).spans(Date::MIN, Date::MAX, YEAR, FirstSpan::Whole),
        Err(TooManySpans)
    );
    let last = Interval::Years(1)
        .spans(date(9998, 1, 1), Date::MAX, YEAR, FirstSpan::Whole)
        .unwrap();
    assert_eq!(last.last().map(|s| s.until), Some(Date::MAX));
    assert!(
        Interval::Months(COUNT_MAX)
            .spans(date(9990, 1, 1), Date::MAX, YEAR, FirstSpan::Whole)
            .is_ok()
    );
    assert!(
        Interval::DayOfYear { month: 2, day: 29 }
            .spans(date(9998, 1, 1), Date::MAX, YEAR, FirstSpan::Whole)
            .is_ok()
    );
    assert!(
        Interval::Weeks(1)
            .spans(Date::MIN, date(-9998, 1, 1), YEAR, FirstSpan::Whole)
            .is_ok()
    );
    assert_eq!(Weekdays::new([]), None);
}

fn any_interval() -> impl Strategy<Value = Interval> {
    let weekday = (0i8..7).prop_map(|d| Weekday::from_monday_zero_offset(d).unwrap());
    prop_oneof![
        (1u32..100).prop_map(Interval::Days),
        (1u32..20).prop_map(Interval::Weeks),
        (1u32..20).prop_map(Interval::Months),
        (1u32..6).prop_map(Interval::Quarters),
        (1u32..6).prop_map(Interval::Years),
        proptest::collection::vec(weekday.clone(), 1..7)
            .prop_map(|days| Interval::DaysOfWeek(Weekdays::new(days).unwrap())),
        (1u8..=31).prop_map(Interval::DayOfMonth),
        (1u8..=5, weekday).prop_map(|(nth, weekday)| Interval::WeekdayOfMonth { nth, weekday }),
        (1u8..=12, 1u8..=31).prop_map(|(month, day)| Interval::DayOfYear { month, day }),
    ]
}

proptest! {
    #[test]
    fn spans_cover_the_period_without_gaps(interval in any_interval(), from in 0i32..20_000, days in 1i32..2_000, start in 1u8..=12) {
        use crate::ledger::day::Day;
        let (from, until) = (Day(from).date(), Day(from + days).date());
        let year = FiscalStart::new(start).unwrap();
        for first in [FirstSpan::Whole, FirstSpan::AsGiven] {
            let spans = interval.spans(from, until, year, first).unwrap();
            prop_assert!(spans[0].from <= from);
            prop_assert!(spans[0].until > from);
            let last = spans[spans.len() - 1];
            prop_assert!(last.until >= until && last.from < until);
            for pair in spans.windows(2) {
                prop_assert_eq!(pair[0].until, pair[1].from);
            }
            let labels: std::collections::BTreeSet<String> = spans.iter().map(|s| interval.label(*s, year)).collect();
            prop_assert_eq!(labels.len(), spans.len());
        }
    }
}
