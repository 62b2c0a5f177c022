//! Words of a command line before clap sees them.
//!
//! A word of `-` and a digit or symbol is a value, never a flag (`-500`, `-₹500`, `-3d`). Its dash is
//! replaced by a private character, which the value parsers put back.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Command;
use clap::builder::ValueParser;

/// Stands for the dash of a value. A private-use character: no keyboard types it.
const DASH: char = '\u{f8d0}';

/// Hides the dash of words that are values; true if there was one.
pub fn hide_dashes(words: &mut [OsString]) -> bool {
    let mut any = false;
    for word in words.iter_mut().skip(1) {
        if word == "--" {
            break;
        }
        let Some(rest) = word.to_str().and_then(|w| w.strip_prefix('-')) else {
            continue;
        };
        if rest
            .chars()
            .next()
            .is_some_and(|c| c != '-' && !c.is_ascii_alphabetic())
        {
            *word = format!("{DASH}{rest}").into();
            any = true;
        }
    }
    any
}

/// Puts hidden dashes back into a text.
pub fn show_dashes(text: &str) -> String {
    text.replace(DASH, "-")
}

/// Makes every text argument of a command and its subcommands put the dashes back.
pub fn restoring(mut command: Command) -> Command {
    command.build();
    restore_in(command)
}

fn restore_in(command: Command) -> Command {
    let mut command = command.mut_args(|arg| {
        let id = arg.get_value_parser().type_id();
        if id == TypeId::of::<String>() {
            arg.value_parser(ValueParser::new(|t: &str| {
                Ok::<_, std::convert::Infallible>(show_dashes(t))
            }))
        } else if id == TypeId::of::<PathBuf>() {
            arg.value_parser(ValueParser::new(|t: &str| {
                Ok::<_, std::convert::Infallible>(PathBuf::from(show_dashes(t)))
            }))
        } else {
            arg
        }
    });
    let names: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, restore_in);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(words: &[&str]) -> Vec<String> {
        let mut words: Vec<OsString> = words.iter().map(Into::into).collect();
        hide_dashes(&mut words);
        words
            .iter()
            .map(|w| w.to_str().unwrap().replace(DASH, "~"))
            .collect()
    }

    #[test]
    fn only_values_lose_their_dash() {
        assert_eq!(
            hidden(&["h", "-500", "-₹5", "-3d", "-(5)", "-.5"]),
            ["h", "~500", "~₹5", "~3d", "~(5)", "~.5"]
        );
        assert_eq!(
            hidden(&["h", "-d", "--dr", "-", "-B=x"]),
            ["h", "-d", "--dr", "-", "-B=x"]
        );
        assert_eq!(hidden(&["h", "--", "-5"]), ["h", "--", "-5"]);
    }
}
