//! Dates as journals write them: `2026-04-05`, `2026/4/5`, `2026.4.5`, `4/5` with a default year.

use jiff::civil::Date;

use super::error::{Fault, FaultAt};

fn bad(message: &str, at: usize) -> FaultAt {
    Fault::new("bad-date", message)
        .hint("dates are year first, like 2026-04-05; a year left out comes from a Y directive")
        .at(at)
}

/// A date at `at`; returns where it ends. `year` stands in for one left out.
pub(super) fn date(line: &str, at: usize, year: i16) -> Result<(Date, usize), FaultAt> {
    let bytes = line.as_bytes();
    let (first, mut next, width) =
        digits(bytes, at).ok_or_else(|| bad("here a date should stand", at))?;
    let mark = match bytes.get(next) {
        Some(mark @ (b'-' | b'/' | b'.')) => *mark,
        _ => return Err(bad("this is not a date", at)),
    };
    let (second, end, _) =
        digits(bytes, next + 1).ok_or_else(|| bad("the date breaks off", next + 1))?;
    next = end;
    let (year, month, day) = match bytes.get(next) {
        Some(b'-' | b'/' | b'.') if bytes.get(next + 1).is_some_and(u8::is_ascii_digit) => {
            if bytes[next] != mark {
                return Err(bad("the date mixes its separators", next));
            }
            let (third, end, third_width) =
                digits(bytes, next + 1).ok_or_else(|| bad("the date breaks off", next + 1))?;
            if third_width > 2 {
                return Err(bad("the date does not begin with its year", at));
            }
            next = end;
            (full_year(first, width), second, third)
        }
        _ => (i32::from(year), first, second),
    };
    let made = i16::try_from(year)
        .ok()
        .zip(i8::try_from(month).ok())
        .zip(i8::try_from(day).ok())
        .and_then(|((y, m), d)| Date::new(y, m, d).ok());
    match made {
        Some(date) => Ok((date, next)),
        None => Err(bad("there is no such date", at)),
    }
}

/// Ledger takes two digits for a year of 1969 to 2068.
fn full_year(number: i32, width: usize) -> i32 {
    match (width, number) {
        (1 | 2, 69..) => 1900 + number,
        (1 | 2, _) => 2000 + number,
        _ => number,
    }
}

/// A number of at most five digits: value, end, width.
fn digits(bytes: &[u8], at: usize) -> Option<(i32, usize, usize)> {
    let (mut value, mut next) = (0i32, at);
    while let Some(byte) = bytes.get(next).filter(|b| b.is_ascii_digit()) {
        if next - at == 5 {
            return None;
        }
        value = value * 10 + i32::from(byte - b'0');
        next += 1;
    }
    (next > at).then_some((value, next, next - at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_form_are_read_and_impossible_ones_refused() {
        let read = |text: &str| date(text, 0, 2026).map(|(d, end)| format!("{d} {}", &text[end..]));
        assert_eq!(read("2026-04-05 x").unwrap(), "2026-04-05  x");
        assert_eq!(read("2026/4/5=2026/4/6").unwrap(), "2026-04-05 =2026/4/6");
        assert_eq!(read("2026.4.5").unwrap(), "2026-04-05 ");
        assert_eq!(read("4/5 x").unwrap(), "2026-04-05  x");
        assert_eq!(read("04/05/06").unwrap(), "2004-05-06 ");
        for text in [
            "2026-02-30",
            "2026-13-01",
            "2026/4-5",
            "5/4/2026",
            "2026",
            "x",
            "2026-",
            "999999-01-01",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
