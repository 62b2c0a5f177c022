//! A line typed at a terminal, and yes or no. Ctrl-C ends the command; Ctrl-D on an empty line ends the input.

use std::io::{self, Write};

use console::{Key, Term, measure_text_width};
use dialoguer::Completion;

/// What Ctrl-D sends; and what the system makes of it where it was typed before the question came.
const END: char = '\u{4}';
const END_AHEAD: char = '\0';
/// What Ctrl-U sends: all of the line goes.
const KILL: char = '\u{15}';

/// What takes a bar of progress off the row that a question begins on.
const WIPED: &str = "\r\x1b[J";

/// A line that is being typed.
struct Line<'a> {
    term: Term,
    prompt: &'a str,
    text: Vec<char>,
    /// Where the next letter goes.
    at: usize,
    /// Rows between the prompt's and the cursor's: a long line goes on below.
    row: usize,
}

/// Asks for a line; Tab completes. An empty one is the default, or what it is where it may be.
///
/// Errors: `Interrupted` for Ctrl-C, `UnexpectedEof` for Ctrl-D.
pub fn line(
    prompt: &str,
    default: Option<&str>,
    words: &dyn Completion,
    may_be_empty: bool,
) -> io::Result<String> {
    let shown = match default {
        Some(default) => format!("{prompt} [{default}]: "),
        None => format!("{prompt}: "),
    };
    let mut line = Line {
        term: Term::stderr(),
        prompt: &shown,
        text: Vec::new(),
        at: 0,
        row: 0,
    };
    loop {
        line.draw()?;
        match line.term.read_key()? {
            Key::Enter => {
                let text: String = line.text.iter().collect();
                match default {
                    _ if !text.is_empty() || may_be_empty && default.is_none() => {
                        line.leave()?;
                        return Ok(text);
                    }
                    Some(default) => {
                        line.text = default.chars().collect();
                        line.draw()?;
                        line.leave()?;
                        return Ok(default.to_owned());
                    }
                    None => {}
                }
            }
            Key::Tab => line.complete(words),
            Key::ArrowRight if line.at == line.text.len() => line.complete(words),
            Key::Char(END | END_AHEAD) if line.text.is_empty() => {
                line.leave()?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Key::CtrlC => return Err(io::ErrorKind::Interrupted.into()),
            key => line.edit(&key),
        }
    }
}

impl Line<'_> {
    fn edit(&mut self, key: &Key) {
        match key {
            Key::Char(KILL) => (self.text, self.at) = (Vec::new(), 0),
            Key::Char(letter) if !letter.is_control() => {
                self.text.insert(self.at, *letter);
                self.at += 1;
            }
            Key::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            Key::Del if self.at < self.text.len() => drop(self.text.remove(self.at)),
            Key::ArrowLeft => self.at = self.at.saturating_sub(1),
            Key::ArrowRight => self.at = (self.at + 1).min(self.text.len()),
            Key::Home => self.at = 0,
            Key::End => self.at = self.text.len(),
            _ => {}
        }
    }

    fn complete(&mut self, words: &dyn Completion) {
        let typed: String = self.text.iter().collect();
        if let Some(more) = words.get(&typed) {
            self.text = more.chars().collect();
            self.at = self.text.len();
        }
    }

    /// Writes prompt and text anew, and puts the cursor where the next letter goes.
    fn draw(&mut self) -> io::Result<()> {
        let width = usize::from(self.term.size().1).max(1);
        let text: String = self.text.iter().collect();
        let before: String = self.text[..self.at].iter().collect();
        let prompt = measure_text_width(self.prompt);
        let (end, cursor) = (
            prompt + measure_text_width(&text),
            prompt + measure_text_width(&before),
        );
        let mut out = String::from("\r");
        out += &up(self.row);
        out += "\x1b[J";
        out += self.prompt;
        out += &text;
        if end % width == 0 {
            // A full row keeps the cursor on it until something more is written.
            out += " \r";
        }
        out += &up(end / width - cursor / width);
        out += "\r";
        if cursor % width > 0 {
            out += &format!("\x1b[{}C", cursor % width);
        }
        self.row = cursor / width;
        self.term.write_all(out.as_bytes())?;
        self.term.flush()
    }

    /// Ends the line below all of it.
    fn leave(&mut self) -> io::Result<()> {
        self.at = self.text.len();
        self.draw()?;
        self.term.write_line("")
    }
}

fn up(rows: usize) -> String {
    match rows {
        0 => String::new(),
        rows => format!("\x1b[{rows}A"),
    }
}

/// Asks a question that one key answers; Enter is the default.
///
/// Errors: as [`line`].
pub fn yes_no(prompt: &str, default: bool) -> io::Result<bool> {
    let mut term = Term::stderr();
    let keys = if default { "[Y/n]" } else { "[y/N]" };
    write!(term, "{WIPED}{prompt} {keys} ")?;
    term.flush()?;
    let answer = loop {
        match term.read_key()? {
            Key::Char('y' | 'Y') => break true,
            Key::Char('n' | 'N') => break false,
            Key::Enter => break default,
            Key::Char(END | END_AHEAD) => {
                term.write_line("")?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Key::CtrlC => return Err(io::ErrorKind::Interrupted.into()),
            _ => {}
        }
    };
    term.write_line(if answer { "yes" } else { "no" })?;
    Ok(answer)
}

/// Asks for one of a few: arrows or j and k move, a space or Enter takes, letters do nothing. `at` is offered first.
/// More than the terminal has rows for are shown a part at a time.
///
/// Errors: as [`line`]; Escape ends the input too.
pub fn choose(prompt: &str, items: &[String], at: usize) -> io::Result<usize> {
    let last = items
        .len()
        .checked_sub(1)
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut list = Choice {
        term: Term::stderr(),
        prompt,
        items,
        at: at.min(last),
        drawn: 0,
    };
    loop {
        list.draw()?;
        match list.term.read_key()? {
            Key::ArrowUp | Key::BackTab | Key::Char('k') => {
                list.at = list.at.checked_sub(1).unwrap_or(last);
            }
            Key::ArrowDown | Key::Tab | Key::Char('j') => {
                list.at = if list.at == last { 0 } else { list.at + 1 };
            }
            Key::Home => list.at = 0,
            Key::End => list.at = last,
            Key::Enter | Key::Char(' ') => {
                list.leave(Some(&items[list.at]))?;
                return Ok(list.at);
            }
            Key::Escape | Key::Char(END | END_AHEAD) => {
                list.leave(None)?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Key::CtrlC => {
                list.leave(None)?;
                return Err(io::ErrorKind::Interrupted.into());
            }
            _ => {}
        }
    }
}

/// A list that is being chosen from.
struct Choice<'a> {
    term: Term,
    prompt: &'a str,
    items: &'a [String],
    at: usize,
    /// Rows below the prompt's first, to go up again.
    drawn: usize,
}

impl Choice<'_> {
    /// Writes prompt and items anew, each in one row.
    fn draw(&mut self) -> io::Result<()> {
        let (rows, width) = self.term.size();
        let (rows, width) = (usize::from(rows), usize::from(width).max(2) - 1);
        let room = rows.saturating_sub(2).clamp(1, self.items.len());
        let first = (self.at + 1).saturating_sub(room);
        let cut = |text: &str| console::truncate_str(text, width, "…").into_owned();
        let mut out = format!("\r{}\x1b[J{}", up(self.drawn), cut(self.prompt));
        for (place, item) in self.items.iter().enumerate().skip(first).take(room) {
            let mark = if place == self.at { "> " } else { "  " };
            out += "\r\n";
            out += &cut(&format!("{mark}{item}"));
        }
        self.drawn = room;
        self.term.write_all(out.as_bytes())?;
        self.term.flush()
    }

    /// Leaves the prompt and what was taken.
    fn leave(&mut self, taken: Option<&str>) -> io::Result<()> {
        let (before, joint) = (up(self.drawn), if taken.is_some() { ": " } else { "" });
        let text = format!(
            "\r{before}\x1b[J{}{joint}{}\r\n",
            self.prompt,
            taken.unwrap_or_default()
        );
        self.term.write_all(text.as_bytes())?;
        self.term.flush()
    }
}

/// Asks for what nobody may see. An empty line is no answer.
///
/// Errors: as [`line`].
pub fn secret(prompt: &str) -> io::Result<String> {
    let mut term = Term::stderr();
    write!(term, "{WIPED}{prompt}: ")?;
    term.flush()?;
    let typed = term.read_secure_line()?;
    match typed.is_empty() {
        true => Err(io::ErrorKind::UnexpectedEof.into()),
        false => Ok(typed),
    }
}
