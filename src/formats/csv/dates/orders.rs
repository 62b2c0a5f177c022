//! Day or month first, over all dates of a file.

use jiff::civil::Date;

use super::Scanned;
use crate::ledger::day::Day;
use crate::ledger::settings::DateOrder;

/// Which orders all dates of a file allow.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// The first date that each order cannot read, and its row: day, month, year first.
    against: [Option<(usize, String)>; 3],
    /// The first date that says anything of the order.
    sample: Option<String>,
    /// First and last day of dates of three short numbers, as each order reads them.
    spans: [Option<(Date, Date)>; 3],
    /// True once a date whose order is open is not written with points.
    pointless: bool,
}

const TRIED: [DateOrder; 3] = [DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd];

/// What the dates of a file come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderVerdict {
    /// No date depends on the order.
    Any,
    One(DateOrder),
    /// More than one fits: a question.
    Ambiguous {
        sample: String,
    },
    /// None fits: the rows that exclude day-first and month-first.
    Contradictory {
        not_day_first: usize,
        not_month_first: usize,
    },
}

impl Orders {
    pub fn add(&mut self, row: usize, cell: &str, scanned: Scanned) {
        if scanned.is_neutral() {
            return;
        }
        if self.sample.is_none() {
            self.sample = Some(cell.to_owned());
        }
        self.pointless |= !has_points(cell);
        let four_digit_year = matches!(scanned, Scanned::Open { .. });
        for ((against, span), order) in self.against.iter_mut().zip(&mut self.spans).zip(TRIED) {
            let date = scanned.date(order);
            if let Some(date) = date.filter(|_| !four_digit_year) {
                let (first, last) = span.unwrap_or((date, date));
                *span = Some((first.min(date), last.max(date)));
            }
            let fits = date.is_some() && !(order == DateOrder::Ymd && four_digit_year);
            if against.is_none() && !fits {
                *against = Some((row, cell.to_owned()));
            }
        }
    }

    /// Whether this order reads every date.
    pub fn allows(&self, order: DateOrder) -> bool {
        let index = TRIED.iter().position(|o| *o == order).unwrap_or(0);
        self.sample.is_none() || self.against[index].is_none()
    }

    /// The first date an order cannot read.
    pub fn against(&self, order: DateOrder) -> Option<&(usize, String)> {
        let index = TRIED.iter().position(|o| *o == order).unwrap_or(0);
        self.against[index].as_ref()
    }

    /// The verdict of the file alone. A year of two digits in front is never taken by itself, since
    /// no bank we know prints it; but where it alone keeps the dates together, nothing is certain.
    pub fn verdict(&self) -> OrderVerdict {
        let Some(sample) = &self.sample else {
            return OrderVerdict::Any;
        };
        let ambiguous = OrderVerdict::Ambiguous {
            sample: sample.clone(),
        };
        match (self.allows(DateOrder::Dmy), self.allows(DateOrder::Mdy)) {
            // `02.03.2018`: of all languages that write points, none writes the month first (CLDR 45).
            (true, true) if !self.pointless && !self.year_may_lead(0) => {
                OrderVerdict::One(DateOrder::Dmy)
            }
            (true, true) => ambiguous,
            (true, false) if self.year_may_lead(0) => ambiguous,
            (false, true) if self.year_may_lead(1) => ambiguous,
            (true, false) => OrderVerdict::One(DateOrder::Dmy),
            (false, true) => OrderVerdict::One(DateOrder::Mdy),
            (false, false) => OrderVerdict::Contradictory {
                not_day_first: self.against[0].as_ref().map_or(0, |(row, _)| *row),
                not_month_first: self.against[1].as_ref().map_or(0, |(row, _)| *row),
            },
        }
    }

    /// True if the order spreads the dates over decades, and the year in front keeps them within three.
    pub fn year_may_lead(&self, order: usize) -> bool {
        let days = |span: Option<(Date, Date)>| {
            span.map_or(0, |(first, last)| Day::of(last).0 - Day::of(first).0)
        };
        self.allows(DateOrder::Ymd)
            && days(self.spans[order]) > 3_650
            && days(self.spans[2]) < 1_100
    }
}

/// True of `02.03.2018`: a point after the first number.
fn has_points(cell: &str) -> bool {
    let rest = cell.trim_start_matches(|c: char| c == '\'' || c.is_whitespace());
    rest.trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with('.')
}

/// `day-first`, as people are told.
pub fn order_name(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Dmy => "day-first",
        DateOrder::Mdy => "month-first",
        DateOrder::Ymd => "year-first",
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan;
    use super::*;

    fn verdict(cells: &[&str]) -> OrderVerdict {
        let mut orders = Orders::default();
        for (row, cell) in cells.iter().enumerate() {
            orders.add(row, cell, scan(cell).unwrap());
        }
        orders.verdict()
    }

    #[test]
    fn the_order_is_decided_over_the_whole_file() {
        assert_eq!(
            verdict(&["01/04/2024", "13/04/2024"]),
            OrderVerdict::One(DateOrder::Dmy)
        );
        assert_eq!(
            verdict(&["01/04/2024", "04/13/2024"]),
            OrderVerdict::One(DateOrder::Mdy)
        );
        assert_eq!(
            verdict(&["2024-01-04", "04/04/2024", "1 Apr 2024"]),
            OrderVerdict::Any
        );
        // One impossible date must not turn the others round.
        assert_eq!(
            verdict(&["02/04/26", "31/02/26"]),
            OrderVerdict::Contradictory {
                not_day_first: 1,
                not_month_first: 1
            }
        );
        assert_eq!(
            verdict(&["24/04/01", "24/04/15", "24/05/28"]),
            OrderVerdict::Ambiguous {
                sample: "24/04/01".to_owned()
            }
        );
        assert_eq!(
            verdict(&["05/04/24", "06/04/24"]),
            OrderVerdict::Ambiguous {
                sample: "05/04/24".to_owned()
            }
        );
        // Points are written by people who put the day first.
        assert_eq!(
            verdict(&["02.03.2018", "05.04.18"]),
            OrderVerdict::One(DateOrder::Dmy)
        );
        assert_eq!(
            verdict(&["02.03.2018", "02.13.2018"]),
            OrderVerdict::One(DateOrder::Mdy)
        );
        assert_eq!(
            verdict(&["02.03.2018", "04/05/2018"]),
            OrderVerdict::Ambiguous {
                sample: "02.03.2018".to_owned()
            }
        );
        assert_eq!(
            verdict(&["13/04/2024", "04/13/2024"]),
            OrderVerdict::Contradictory {
                not_day_first: 1,
                not_month_first: 0
            }
        );
    }
}
