//! The columns of reports: one for the period, one an interval, or the period before beside it.

use jiff::civil::Date;

use super::Looking;
use crate::cli::error::{Failure, Result};
use crate::ledger::interval::{FirstSpan, Interval, PeriodSpan};
use crate::ledger::period::Period;
use crate::render::views::PeriodColumn;

/// The columns of a report of several periods, and the cuts that give them.
pub struct Spans {
    pub cuts: Vec<Date>,
    pub columns: Vec<PeriodColumn>,
}

impl Looking {
    /// The cuts of one span over the period.
    pub fn cuts(&self) -> Vec<Date> {
        vec![
            self.period.from.unwrap_or(Date::MIN),
            self.period.until.unwrap_or(Date::MAX),
        ]
    }

    /// The columns of the period: one of its own, one an interval, or with `compare` also the
    /// period before. Where the period has no beginning or end of its own, the first and the last
    /// interval are whole; days that were asked for are kept to.
    ///
    /// `name` is what a single column is called. Errors: `--compare` of an open period (2).
    pub fn spans(&mut self, compare: bool, name: &str) -> Result<Spans> {
        if let Some(interval) = self.interval {
            if compare {
                return Err(Failure::usage(
                    "compare-with-interval",
                    "--compare adds the period before; with an interval give a longer period instead",
                ));
            }
            return self.interval_spans(interval);
        }
        if compare {
            return self.compared_spans();
        }
        let mut heading = name.to_owned();
        if let Some(first) = heading.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let column = PeriodColumn {
            name: name.to_owned(),
            heading,
            from: self.period.from,
            to: self.scope().to,
        };
        Ok(Spans {
            cuts: self.cuts(),
            columns: vec![column],
        })
    }

    fn interval_spans(&mut self, interval: Interval) -> Result<Spans> {
        let first_and_last = self.info.span;
        let from = self.period.from.or(first_and_last.map(|(first, _)| first));
        let after_last = first_and_last.and_then(|(_, last)| last.tomorrow().ok());
        let until = self.period.until.or(after_last);
        let (Some(from), Some(until)) = (from, until) else {
            // An empty book has no periods: one column of nothing.
            self.interval = None;
            return self.spans(false, "balance");
        };
        let until = until.max(from.tomorrow().unwrap_or(from));
        let spans = interval
            .spans(from, until, self.year, FirstSpan::Whole)
            .map_err(|e| {
                Failure::usage("too-many-periods", e.to_string())
                    .hint("give a shorter period with -p, or a longer interval")
            })?;
        let names: Vec<(String, String)> = spans
            .iter()
            .map(|s| {
                (
                    interval.label(*s, self.year),
                    interval.heading(*s, self.year),
                )
            })
            .collect();
        let spans = clipped(spans, self.period);
        let mut cuts: Vec<Date> = spans.iter().map(|span| span.from).collect();
        cuts.extend(spans.last().map(|span| span.until));
        if let (Some(first), Some(last)) = (cuts.first(), cuts.last()) {
            self.period = Period::between(*first, *last);
        }
        let column = |(span, (name, heading)): (&PeriodSpan, _)| PeriodColumn {
            heading,
            name,
            from: Some(span.from),
            to: span.period().last_day(),
        };
        Ok(Spans {
            columns: spans.iter().zip(names).map(column).collect(),
            cuts,
        })
    }

    fn compared_spans(&mut self) -> Result<Spans> {
        let open = || {
            Failure::usage(
                "compare-needs-period",
                "--compare needs a period with a beginning and an end",
            )
            .hint("give one, like -p 2026-04 or --fy 2025-26")
        };
        let previous = self.period.previous().ok_or_else(open)?;
        let (Some(first), Some(from), Some(until)) =
            (previous.from, self.period.from, self.period.until)
        else {
            return Err(open());
        };
        let column = |period: Period| {
            let (name, heading) = self.period_name(period);
            PeriodColumn {
                heading,
                name,
                from: period.from,
                to: period.last_day(),
            }
        };
        let columns = vec![column(previous), column(self.period)];
        Ok(Spans {
            cuts: vec![first, from, until],
            columns,
        })
    }

    /// `2026-04`, `2026-Q1`, `FY2025-26`, else the first and the last day; for machines and for people.
    fn period_name(&self, period: Period) -> (String, String) {
        let (Some(from), Some(until)) = (period.from, period.until) else {
            return ("balance".to_owned(), "balance".to_owned());
        };
        let span = PeriodSpan { from, until };
        let both = |interval: Interval| {
            (
                interval.label(span, self.year),
                interval.heading(span, self.year),
            )
        };
        let days = both(Interval::Days(1));
        if span.from.tomorrow().ok() == Some(until) {
            return days;
        }
        [
            Interval::Years(1),
            Interval::Quarters(1),
            Interval::Months(1),
        ]
        .map(both)
        .into_iter()
        .find(|(name, _)| !name.contains(".."))
        .unwrap_or_else(|| {
            let last = period.last_day().unwrap_or(until);
            let range = format!("{}..{last}", days.0);
            (range.clone(), range)
        })
    }
}

/// Spans of which none goes beyond the days that were asked for.
fn clipped(mut spans: Vec<PeriodSpan>, asked: Period) -> Vec<PeriodSpan> {
    if let (Some(first), Some(from)) = (spans.first_mut(), asked.from) {
        first.from = first.from.max(from);
    }
    if let (Some(last), Some(until)) = (spans.last_mut(), asked.until) {
        last.until = last
            .until
            .min(until)
            .max(last.from.tomorrow().unwrap_or(Date::MAX));
    }
    spans
}
