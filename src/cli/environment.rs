//! What a process is given: terminal, environment variables, clock, ids.
//!
//! `HISSAB_TEST_CLOCK` (an RFC 3339 instant) and `HISSAB_TEST_IDS` (a number) fix the clock and the
//! ids of a run, so that tests can compare bytes; they are for tests only.

use std::env;
use std::io::IsTerminal;

use crate::ledger::period::people_date;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use uuid::{Builder, Uuid};

/// An environment variable that is set and not empty.
pub fn var(name: &str) -> Option<String> {
    env::var(name).ok().filter(|v| !v.is_empty())
}

/// The variables of ours whose value is no text: to pass over one would be to take another book, or another name.
pub fn unreadable() -> Option<String> {
    env::vars_os().find_map(|(name, value)| {
        let name = name.into_string().ok()?;
        (name.starts_with("HISSAB_") && value.to_str().is_none()).then_some(name)
    })
}

/// Which of the three streams are terminals, and how wide and high.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
}

/// Columns where nothing says how many there are.
const WIDTH_DEFAULT: usize = 100;

impl Terminal {
    pub fn here() -> Terminal {
        Terminal {
            stdin: std::io::stdin().is_terminal(),
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
        }
    }

    /// A person sits at the keyboard.
    pub fn can_ask(&self) -> bool {
        self.stdin && self.stderr
    }

    /// Columns to lay tables out for. The same text goes to a pipe and a terminal, so a pipe gets
    /// `COLUMNS`, else a fixed width.
    pub fn width(&self) -> usize {
        let asked = var("COLUMNS").and_then(|c| c.parse().ok());
        let seen = || terminal_size::terminal_size().map(|(w, _)| usize::from(w.0));
        asked
            .or_else(|| self.stdout.then(seen).flatten())
            .filter(|w| *w >= 20)
            .unwrap_or(WIDTH_DEFAULT)
    }

    pub fn height(&self) -> usize {
        terminal_size::terminal_size().map_or(24, |(_, h)| usize::from(h.0))
    }
}

/// Whether to colour a stream. Flag > `NO_COLOR` > `CLICOLOR_FORCE` > configuration > `CLICOLOR` > terminal.
pub fn wants_colour(flag: Option<&str>, configured: Option<&str>, terminal: bool) -> bool {
    match flag {
        Some("always") => return true,
        Some("never") => return false,
        _ => {}
    }
    if var("NO_COLOR").is_some() {
        return false;
    }
    if var("CLICOLOR_FORCE").is_some_and(|v| v != "0") {
        return true;
    }
    match configured {
        Some("always") => return true,
        Some("never") => return false,
        _ => {}
    }
    terminal && var("CLICOLOR").is_none_or(|v| v != "0") && var("TERM").is_none_or(|t| t != "dumb")
}

/// The clock, or a fixed instant.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Option<Timestamp>);

impl Clock {
    pub fn here() -> Clock {
        Clock(var("HISSAB_TEST_CLOCK").and_then(|t| t.parse().ok()))
    }

    /// Now, to the microsecond: what books store.
    pub fn now(&self) -> Timestamp {
        let now = self.0.unwrap_or_else(Timestamp::now);
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Today in a zone by IANA name; an unknown name means the machine's zone.
    pub fn today(&self, zone: &str) -> Date {
        Zoned::new(self.now(), zone_of(zone)).date()
    }
}

fn zone_of(name: &str) -> TimeZone {
    zone(name).unwrap_or_else(TimeZone::system)
}

/// The zone of an IANA name.
///
/// Looks for the one file first: a look-up by name lists every folder of the database, which costs more than a
/// whole report (0.7 ms against 0.02).
pub fn zone(name: &str) -> Option<TimeZone> {
    zone_file(name).or_else(|| TimeZone::get(name).ok())
}

fn zone_file(name: &str) -> Option<TimeZone> {
    let plain = |part: &str| {
        let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+');
        !part.is_empty() && part.bytes().all(letters)
    };
    if !name.split('/').all(plain) || var("TZDIR").is_some() {
        return None;
    }
    let bytes = std::fs::read(format!("/usr/share/zoneinfo/{name}")).ok()?;
    TimeZone::tzif(name, &bytes).ok()
}

/// The machine's zone by IANA name, `UTC` where it has none.
pub fn zone_name() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

/// `TZ`, where it names no zone there is: the days would be UTC's, unseen.
pub fn unknown_zone() -> Option<String> {
    let named = var("TZ")?;
    let name = named.trim_start_matches(':');
    let is_known = name.is_empty()
        || std::path::Path::new(name).is_file()
        || TimeZone::get(name).is_ok()
        || TimeZone::posix(name).is_ok();
    (!is_known).then_some(named)
}

/// Makes UUIDv7: from the clock and the system's randomness, or from a seed.
#[derive(Debug, Clone)]
pub struct Ids {
    seed: Option<u64>,
    made: u64,
    clock: Clock,
}

impl Ids {
    pub fn here(clock: Clock) -> Ids {
        Ids {
            seed: var("HISSAB_TEST_IDS").and_then(|s| s.parse().ok()),
            made: 0,
            clock,
        }
    }

    pub fn make(&mut self) -> Uuid {
        self.made += 1;
        let Some(seed) = self.seed else {
            return Uuid::now_v7();
        };
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        let mut random = [0u8; 10];
        random[..4].copy_from_slice(&(seed as u32).to_be_bytes());
        random[6..].copy_from_slice(&(self.made as u32).to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// The system user's name, for records of who did what.
pub fn system_user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|n| var(n))
        .or_else(passwd_name)
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The name the system's own list gives this user: cron and containers often set no `USER`.
#[cfg(unix)]
fn passwd_name() -> Option<String> {
    let id = rustix::process::getuid().as_raw().to_string();
    let list = std::fs::read_to_string("/etc/passwd").ok()?;
    let name = list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    })?;
    (!name.is_empty() && !name.chars().any(char::is_control)).then_some(name)
}

#[cfg(not(unix))]
fn passwd_name() -> Option<String> {
    None
}

/// A month's name: `April`.
pub fn month_name(month: u8) -> String {
    let month = i8::try_from(month).unwrap_or(1).clamp(1, 12);
    jiff::civil::date(2000, month, 1).strftime("%B").to_string()
}

/// An instant as machines read it: UTC, to the microsecond, always as wide: `2026-04-07T06:30:00.000000Z`.
pub fn machine_time(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// An instant as people of a zone read it: `07-Apr-2026 12:00`.
pub fn local_time(at: Timestamp, zone: &str) -> String {
    let there = Zoned::new(at, zone_of(zone));
    format!(
        "{} {:02}:{:02}",
        people_date(there.date()),
        there.hour(),
        there.minute()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_name_and_nothing_else_is_read() {
        let at = Timestamp::from_second(1_743_465_600).unwrap();
        for name in ["Asia/Kolkata", "Europe/Berlin", "UTC", "asia/kolkata"] {
            let by_name = TimeZone::get(name).unwrap();
            assert_eq!(
                zone(name).unwrap().to_offset(at),
                by_name.to_offset(at),
                "{name}"
            );
        }
        for name in [
            "",
            "/etc/passwd",
            "../zoneinfo/UTC",
            "Asia/Nowhere",
            "Asia//Kolkata",
        ] {
            assert!(zone_file(name).is_none(), "{name:?}");
        }
    }
}
