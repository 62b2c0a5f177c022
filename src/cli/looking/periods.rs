//! The flags that choose days: the right-most wins, as in hledger.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::cli::error::{Failure, Result};
use crate::ledger::date_text::{DateContext, DateTextError};
use crate::ledger::interval::Interval;
use crate::ledger::period::{self, Period, PeriodExpression};

/// What a flag chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Begin,
    End,
    From,
    To,
    AsOf,
    Period,
    FiscalYear,
    Every(Interval),
}

/// Id, short and long names, value name, help.
type Spec = (Flag, Option<char>, &'static str, &'static str, &'static str);

const DAYS: [Spec; 7] = [
    (Flag::Begin, Some('b'), "begin", "DATE", "From this day on"),
    (
        Flag::End,
        Some('e'),
        "end",
        "DATE",
        "Up to the day before this one, as in hledger",
    ),
    (
        Flag::From,
        None,
        "from",
        "DATE",
        "From this day on, or the first of a month or year",
    ),
    (
        Flag::To,
        None,
        "to",
        "DATE",
        "Up to this day, or all of a month or year, inclusive",
    ),
    (
        Flag::AsOf,
        None,
        "as-of",
        "DATE",
        "Everything up to this day, inclusive",
    ),
    (
        Flag::Period,
        Some('p'),
        "period",
        "PERIOD",
        "A period: 2026-04, last month, fy2025-26, \"from 2026-04 to 2026-07\"",
    ),
    (
        Flag::FiscalYear,
        None,
        "fy",
        "YEAR",
        "A fiscal year: 2025-26",
    ),
];

const INTERVALS: [(Interval, char, &str, &str); 5] = [
    (Interval::Days(1), 'D', "daily", "One column a day"),
    (Interval::Weeks(1), 'W', "weekly", "One column a week"),
    (Interval::Months(1), 'M', "monthly", "One column a month"),
    (
        Interval::Quarters(1),
        'Q',
        "quarterly",
        "One column a quarter of the fiscal year",
    ),
    (
        Interval::Years(1),
        'Y',
        "yearly",
        "One column a fiscal year",
    ),
];

/// The chosen flags in the order they were typed.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    flags: Vec<(Flag, String)>,
    calendar: bool,
    /// The command has no columns: an interval in `-p` is refused.
    without_intervals: bool,
}

/// Flags that choose days; with `COLUMNS` also the intervals.
#[derive(Debug, Clone, Default)]
pub struct Periods<const COLUMNS: bool>(pub Chosen);

impl<const COLUMNS: bool> Args for Periods<COLUMNS> {
    fn augment_args(mut command: Command) -> Command {
        let heading = "Days";
        for (_, short, long, value, help) in DAYS {
            let mut arg = Arg::new(long)
                .long(long)
                .value_name(value)
                .action(ArgAction::Append)
                .value_parser(clap::value_parser!(String))
                .help_heading(heading)
                .help(help);
            if let Some(short) = short {
                arg = arg.short(short);
            }
            command = command.arg(arg);
        }
        if !COLUMNS {
            return command;
        }
        for (_, short, long, help) in INTERVALS {
            command = command.arg(
                Arg::new(long)
                    .short(short)
                    .long(long)
                    .action(ArgAction::Count)
                    .help_heading(heading)
                    .help(help),
            );
        }
        command.arg(
            Arg::new("calendar")
                .long("calendar")
                .action(ArgAction::SetTrue)
                .help_heading(heading)
                .help("Quarters and years of the calendar, not of the fiscal year"),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const COLUMNS: bool> FromArgMatches for Periods<COLUMNS> {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let mut found: Vec<(usize, Flag, String)> = Vec::new();
        for (flag, _, long, ..) in DAYS {
            let indices = matches.indices_of(long).into_iter().flatten();
            let values = matches.get_many::<String>(long).into_iter().flatten();
            found.extend(
                indices
                    .zip(values)
                    .map(|(at, text)| (at, flag, text.clone())),
            );
        }
        if COLUMNS {
            for (interval, _, long, _) in INTERVALS {
                if matches.get_count(long) > 0 {
                    let last = matches.indices_of(long).into_iter().flatten().max();
                    let at = last.unwrap_or(0);
                    found.push((at, Flag::Every(interval), String::new()));
                }
            }
        }
        found.sort_by_key(|(at, ..)| *at);
        Ok(Periods(Chosen {
            flags: found
                .into_iter()
                .map(|(_, flag, text)| (flag, text))
                .collect(),
            calendar: COLUMNS && matches.get_flag("calendar"),
            without_intervals: !COLUMNS,
        }))
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Chosen {
    pub fn calendar(&self) -> bool {
        self.calendar
    }

    /// No flag chooses days.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// The period as if these words had been given to `-p`.
    pub fn of_period(text: String) -> Chosen {
        Chosen {
            flags: vec![(Flag::Period, text)],
            calendar: false,
            without_intervals: true,
        }
    }

    /// The period and interval the flags add up to.
    ///
    /// Errors, all exit 2: what cannot be read, `-e` with `--to`, an interval where there are no
    /// columns, an end before the beginning.
    pub fn resolve(&self, dates: &DateContext) -> Result<PeriodExpression> {
        let has = |wanted: Flag| self.flags.iter().any(|(flag, _)| *flag == wanted);
        if has(Flag::End) && has(Flag::To) {
            return Err(Failure::usage(
                "two-ends",
                "-e is exclusive and --to inclusive: give one of them",
            ));
        }
        let mut asked = PeriodExpression::default();
        for (flag, text) in &self.flags {
            self.apply(*flag, text, dates, &mut asked)?;
        }
        if asked.period.is_empty() {
            return Err(Failure::usage(
                "empty-period",
                format!(
                    "the period ends before it begins: {}",
                    backwards(asked.period)
                ),
            ));
        }
        Ok(asked)
    }

    fn apply(
        &self,
        flag: Flag,
        text: &str,
        dates: &DateContext,
        asked: &mut PeriodExpression,
    ) -> Result<()> {
        match flag {
            Flag::Begin => asked.period.from = Some(period::begin(text, dates).map_err(bad_date)?),
            Flag::From => asked.period.from = Some(period::begin(text, dates).map_err(bad_date)?),
            Flag::End => asked.period.until = Some(period::end(text, dates).map_err(bad_date)?),
            Flag::To => asked.period.until = Some(period::to(text, dates).map_err(bad_date)?),
            Flag::AsOf => {
                let day = period::as_of(text, dates).map_err(bad_date)?;
                asked.period = Period {
                    from: None,
                    until: Period::day(day).until,
                };
            }
            Flag::FiscalYear => {
                asked.period = period::fiscal_year(text, dates).map_err(bad_date)?.period();
            }
            Flag::Period => {
                let said = period::period_expression(text, dates).map_err(bad_date)?;
                if said.interval.is_some() && self.without_intervals {
                    return Err(Failure::usage(
                        "no-columns",
                        format!("this report has no columns by period: {text:?} asks for them"),
                    )
                    .hint("hissab balance has: give it -M, -Q, -Y or -p"));
                }
                if said.period != Period::ALL || said.interval.is_none() {
                    asked.period = said.period;
                }
                asked.interval = said.interval.or(asked.interval);
            }
            Flag::Every(interval) => asked.interval = Some(interval),
        }
        Ok(())
    }
}

fn bad_date(error: DateTextError) -> Failure {
    let hint = error.hint();
    Failure::usage("bad-date", error.to_string()).hint(hint)
}

fn backwards(period: Period) -> String {
    let day = |date: Option<jiff::civil::Date>| date.map_or(String::new(), |d| d.to_string());
    format!("{} to {}", day(period.from), day(period.last_day()))
}
