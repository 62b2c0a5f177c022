//! What every command is handed: flags, output, clock, ids, configuration, and the way to the book.

use std::cell::{Cell, OnceCell, RefCell};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::asking::answered;
use super::config::Config;
use super::environment::{self, Clock, Ids, Terminal};
use super::error::{Failure, Result};
use super::globals::Globals;
use super::hints;
use super::locate::{self, At, Located};
use super::output::Out;
use super::prompts;
use super::recorded::Recorded;
use crate::book::{self, Book};
use crate::client::Place;
use crate::render::{Format, sanitize};

const AWAITED_AFTER: Duration = Duration::from_millis(500);

/// What every command is handed.
pub struct Context {
    pub globals: Globals,
    pub terminal: Terminal,
    /// Data, and only data.
    pub out: Out,
    clock: Clock,
    ids: Ids,
    config: OnceCell<Config>,
    err_colour: bool,
    /// What is in the book already, whatever becomes of the rest of the command.
    pub recorded: Recorded,
    /// When the command began: what -v counts from.
    begun: Instant,
    /// With JSON: what is told beside the data, kept until it is known whether stderr gets an error object.
    held: RefCell<Vec<Aside>>,
    /// An error object was printed already: what else goes to stderr is an object too.
    complained: Cell<bool>,
    /// The command opened its book to read it: where it fails nobody fears for what was recorded.
    only_reads: Cell<bool>,
}

/// What is told beside the data.
enum Aside {
    Note(String),
    Warning(String),
}

impl Context {
    /// Errors: a malformed `--color`, an `-o` that cannot be written, `-f` with `-B`.
    pub fn new(globals: Globals) -> Result<Context> {
        let terminal = Terminal::here();
        let flag = globals.color.as_deref();
        if flag.is_some_and(|f| !["auto", "always", "never"].contains(&f)) {
            let given = flag.unwrap_or_default();
            return Err(Failure::usage(
                "bad-color",
                format!("--color takes auto, always or never, not {given:?}"),
            ));
        }
        if globals.book.is_some() && !globals.files.is_empty() {
            return Err(Failure::usage(
                "book-and-file",
                "-f reads journals instead of a book: give -f or -B, not both",
            ));
        }
        if let Some(name) = environment::unreadable() {
            return Err(Failure::usage(
                "bad-variable",
                format!("{name} is not UTF-8 text, so it cannot be followed"),
            )
            .hint(format!("unset {name}, or set it again")));
        }
        let clock = Clock::here();
        let config = OnceCell::new();
        // Only a terminal needs to know the configured colour: a pipe's start stays free of file reads.
        let configured = match (flag, terminal.stdout || terminal.stderr) {
            (None | Some("auto"), true) => {
                let loaded = Config::load()?;
                let configured = loaded.text("color");
                let _ = config.set(loaded);
                configured
            }
            _ => environment::var("HISSAB_COLOR"),
        };
        if let (None | Some("auto"), Some(word)) = (flag, configured.as_deref())
            && !["auto", "always", "never"].contains(&word)
        {
            return Err(Failure::usage(
                "bad-color",
                format!("the setting color is auto, always or never, not {word:?}"),
            )
            .hint(
                "it comes from HISSAB_COLOR or a configuration file: hissab config list --origin",
            ));
        }
        let colour = |stream| environment::wants_colour(flag, configured.as_deref(), stream);
        let out = match &globals.output {
            Some(path) if path.as_os_str() != "-" => Out::file(path)?,
            _ => Out::stdout(terminal.stdout, colour(terminal.stdout)),
        };
        let err_colour = colour(terminal.stderr);
        let ctx = Context {
            out,
            clock,
            ids: Ids::here(clock),
            config,
            err_colour,
            recorded: Recorded::default(),
            globals,
            terminal,
            begun: Instant::now(),
            held: RefCell::new(Vec::new()),
            complained: Cell::new(false),
            only_reads: Cell::new(false),
        };
        ctx.spare_book()?;
        Ok(ctx)
    }

    /// Sends the data to a file instead, which is neither a book nor what the command reads.
    ///
    /// Errors: exit 7 for such a file; one that cannot be written.
    pub fn write_to(&mut self, path: &Path) -> Result<()> {
        self.out = Out::file(path)?;
        self.spare_book()
    }

    /// Refuses an output that would replace what the command reads.
    pub fn spare(&self, input: &Path) -> Result<()> {
        self.out.spare(input, "read by this command")
    }

    /// Refuses an output that would replace the book at hand, or its token, in whatever state they are.
    fn spare_book(&self) -> Result<()> {
        if let Some(token) = &self.globals.token_file {
            self.spare(token)?;
        }
        if !self.out.is_file() {
            return Ok(());
        }
        // Where no book is found the command says so, if it needs one.
        match self.located().map(|located| located.at) {
            Ok(At::File(book)) => self.out.spare(&book, "the book itself"),
            _ => Ok(()),
        }
    }

    /// The configuration, read when first asked for.
    pub fn config(&self) -> Result<&Config> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let loaded = Config::load()?;
        self.step(&format!("configuration: {}", loaded.layers()));
        Ok(self.config.get_or_init(|| loaded))
    }

    // ---- output ----

    /// The format asked for: `-O`, `--format`, `--json`, the name of `-o`, else a table.
    pub fn format(&self) -> Result<Format> {
        let format = self.format_said()?;
        if format == Format::Xlsx && self.out.is_terminal() {
            let words = "a workbook is for a file or a pipe, not for a terminal";
            return Err(Failure::usage("binary-output", words).hint("add -o FILE.xlsx"));
        }
        Ok(format)
    }

    fn format_said(&self) -> Result<Format> {
        let word = self
            .globals
            .output_format
            .as_deref()
            .or(self.globals.format.as_deref());
        if let Some(word) = word {
            return Format::from_word(word).ok_or_else(|| {
                let known = Format::ALL.map(Format::word).join(", ");
                Failure::usage("unknown-format", format!("there is no format {word:?}"))
                    .hint(format!("formats: {known}"))
            });
        }
        if self.globals.json {
            return Ok(Format::Json);
        }
        let Some(path) = &self.globals.output else {
            return Ok(Format::default());
        };
        let Some(extension) = path.extension() else {
            return Ok(Format::default());
        };
        Format::of_extension(&extension.to_string_lossy()).ok_or_else(|| {
            let words = format!("{} does not say its format", path.display());
            let known = Format::ALL.map(Format::word).join(", ");
            Failure::usage("unknown-format", words).hint(format!("say it with -O FORMAT: {known}"))
        })
    }

    /// True if answers are JSON objects.
    pub fn wants_json(&self) -> bool {
        matches!(self.format(), Ok(Format::Json | Format::Ndjson))
    }

    /// Refuses the formats that a command without rows has not: it prints words for people, or JSON.
    ///
    /// Errors: exit 2, before anything is written.
    pub fn words_or_json(&self) -> Result<()> {
        match self.format()? {
            Format::Table | Format::Json | Format::Ndjson => Ok(()),
            other => Err(Failure::usage(
                "format-not-available",
                format!("this cannot be printed as {}", other.word()),
            )
            .hint("use -O json, or leave the format out")),
        }
    }

    /// Prints data through a pager, if a person reads it and it is longer than the terminal.
    pub fn page(&mut self) -> Result<()> {
        if !self.terminal.stdout || self.globals.no_pager || self.globals.output.is_some() {
            return Ok(());
        }
        let Some(pager) = self.config()?.text("pager") else {
            return Ok(());
        };
        let words: Vec<String> = pager.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() || words[0] == "cat" {
            return Ok(());
        }
        self.out = Out::paged(words, self.terminal.height(), self.out.colour());
        Ok(())
    }

    /// Columns to lay tables out for.
    pub fn width(&self) -> usize {
        self.terminal.width()
    }

    /// A line on stderr, sanitised; nothing with `-q`. With JSON it waits for the end of the command.
    pub fn note(&self, text: &str) {
        match self.wants_json() {
            true => self.held.borrow_mut().push(Aside::Note(text.to_owned())),
            false => self.note_now(text),
        }
    }

    /// A line on stderr before the command goes on, JSON or not: of commands that go on for long.
    pub fn note_now(&self, text: &str) {
        if !self.globals.quiet {
            // Nobody can be told that stderr is gone.
            let _ = writeln!(io::stderr(), "{}", sanitize::block(&self.named(text)));
        }
    }

    /// A text whose commands name the book that the line named.
    fn named(&self, text: &str) -> String {
        match &self.globals.book {
            Some(book) => hints::naming(text, book),
            None => text.to_owned(),
        }
    }

    /// With -v a line on stderr: a step is done, and when.
    pub fn step(&self, done: &str) {
        if self.globals.verbose > 0 {
            let at = self.begun.elapsed().as_secs_f64() * 1_000.0;
            let _ = writeln!(io::stderr(), "{at:>9.1} ms  {}", sanitize::line(done));
        }
    }

    /// A warning on stderr, `-q` or not. With JSON it waits for the end of the command.
    pub fn warn(&self, text: &str) {
        match self.wants_json() {
            true => self.held.borrow_mut().push(Aside::Warning(text.to_owned())),
            false => self.warn_now(text),
        }
    }

    /// Says what waited for the end of a command that did its work; beside error objects as objects.
    pub fn say_held(&self) {
        let objects = self.complained.get();
        for aside in self.held.take() {
            match aside {
                Aside::Note(_) if objects && self.globals.quiet => {}
                Aside::Note(text) if objects => say_object("note", &self.named(&text)),
                Aside::Warning(text) if objects => say_object("warning", &self.named(&text)),
                Aside::Note(text) => self.note_now(&text),
                Aside::Warning(text) => self.warn_now(&text),
            }
        }
    }

    /// Puts the warnings that waited into the error object, so that stderr holds nothing else; notes are about
    /// what did not happen.
    pub fn held_in(&self, mut failure: Failure) -> Failure {
        if failure.code == "unreachable" && self.only_reads.get() {
            failure.message = failure.cause().to_owned();
        }
        for aside in self.held.take() {
            if let Aside::Warning(text) = aside {
                failure.at.push(format!("warning: {}", self.named(&text)));
            }
        }
        failure
    }

    fn warn_now(&self, text: &str) {
        let (on, off) = if self.err_colour {
            ("\u{1b}[1;33m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        let _ = writeln!(
            io::stderr(),
            "{on}warning:{off} {}",
            sanitize::block(&self.named(text))
        );
    }

    /// A failure that does not end the command.
    pub fn complain(&self, failure: &Failure) {
        let failure = &match &self.globals.book {
            Some(book) => hints::in_failure(failure.clone(), book),
            None => failure.clone(),
        };
        let text = if self.wants_json() {
            self.complained.set(true);
            failure.json()
        } else {
            failure.text(self.err_colour)
        };
        // If stderr is gone too, the exit code still tells.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    pub fn err_colour(&self) -> bool {
        self.err_colour
    }

    // ---- clock, ids, who ----

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Today in a book's zone, or what `--today` or `HISSAB_TODAY` says.
    pub fn today(&self, zone: &str) -> Result<Date> {
        let flag = self.globals.today.clone().map(|text| (text, "--today"));
        let given = flag.or_else(|| Some((environment::var("HISSAB_TODAY")?, "HISSAB_TODAY")));
        match given {
            None => Ok(self.clock.today(zone)),
            Some((text, name)) => text.parse().map_err(|_| {
                Failure::usage(
                    "bad-date",
                    format!("{name} takes a date like 2026-04-07, not {text:?}"),
                )
            }),
        }
    }

    /// A new UUIDv7.
    pub fn make_id(&mut self) -> Uuid {
        self.ids.make()
    }

    /// Who is named in the audit log.
    pub fn who(&self) -> Result<String> {
        Ok(self
            .config()?
            .text("user.name")
            .unwrap_or_else(environment::system_user))
    }

    // ---- asking ----

    /// Whether a question may be put to a person.
    pub fn can_ask(&self) -> bool {
        self.terminal.can_ask() && !self.globals.no_input
    }

    /// A yes-or-no question. `--yes` answers it; off a terminal it is exit 2 naming the flag.
    pub fn confirm(&self, question: &str) -> Result<bool> {
        if self.globals.yes {
            return Ok(true);
        }
        if !self.can_ask() {
            return Err(Failure::usage(
                "needs-answer",
                format!("{question} Nobody can be asked here"),
            )
            .hint("answer with --yes"));
        }
        answered(|| prompts::yes_no(&sanitize::line(question), false))
    }

    // ---- the book ----

    /// Which book the command is about.
    pub fn located(&self) -> Result<Located> {
        locate::locate(&self.globals, self.config()?)
    }

    /// The command records nothing in a book, so that nothing need be said of that where a server is not reached.
    pub fn only_looks(&self) {
        self.only_reads.set(true);
    }

    /// The book for reading: a file, or the journals of `-f`.
    pub fn open_read(&self) -> Result<Box<dyn Book>> {
        self.only_reads.set(true);
        if !self.globals.files.is_empty() {
            let book = super::journals::open(self)?;
            self.step(&format!("read {}", self.globals.files.join(", ")));
            return Ok(book);
        }
        let located = self.located()?;
        let book = match &located.at {
            At::File(path) if path.exists() => book::open::read(path)?,
            At::File(_) => return Err(locate::missing(&located, self.config()?)),
            At::Remote(place) => book::open::remote_read(self.session(&place.server)?, &place.org),
        };
        self.step(&format!("opened to read: {}", located.words()));
        Ok(book)
    }

    /// The book for writing.
    ///
    /// Errors: exit 2 with `-f`, and off a terminal where nobody chose the book for this line or place.
    pub fn open_write(&self) -> Result<Box<dyn Book>> {
        self.only_reads.set(false);
        let located = self.located_for_writing()?;
        let book = match &located.at {
            At::File(path) if path.exists() => book::open::write(path, self.wait()?)?,
            At::File(_) => return Err(locate::missing(&located, self.config()?)),
            At::Remote(place) => self.open_remote(place)?,
        };
        self.step(&format!("opened to write: {}", located.words()));
        Ok(book)
    }

    /// A remote book for writing: its place is told, and what waits for it.
    fn open_remote(&self, place: &Place) -> Result<Box<dyn Book>> {
        let desk = self.desk(place)?;
        self.note(&format!("on {place}"));
        let waiting = desk.outbox.waiting();
        if waiting > 0 {
            self.warn(&format!(
                "{waiting} waiting to be settled: hissab -B {place} sync"
            ));
        }
        Ok(book::open::remote_write(desk))
    }

    /// Which book a writer changes.
    pub fn located_for_writing(&self) -> Result<Located> {
        if !self.globals.files.is_empty() {
            return Err(Failure::usage(
                "journals-are-read-only",
                "-f reads journals; this command needs a book",
            )
            .hint("hissab init BOOK.hissab, then hissab -B BOOK.hissab import FILE"));
        }
        let located = self.located()?;
        if !self.terminal.stdin && !located.source.is_chosen_here() {
            return Err(Failure::usage(
                "book-not-chosen",
                "off a terminal, a command that writes needs to be told the book",
            )
            .hint(format!(
                "hissab -B {} …, or set HISSAB_BOOK",
                super::error::shell_word(&located.shown())
            )));
        }
        Ok(located)
    }

    /// How long to wait for a busy book.
    pub fn wait(&self) -> Result<Duration> {
        if let Some(seconds) = self.globals.wait {
            return Ok(Duration::from_secs(seconds.into()));
        }
        let words = self.config()?.text("wait").unwrap_or_default();
        let seconds: u32 = words.parse().map_err(|_| {
            Failure::usage(
                "bad-wait",
                format!("the setting wait is a number of seconds, not {words:?}"),
            )
        })?;
        Ok(Duration::from_secs(seconds.into()))
    }

    /// Runs `work`; where it takes longer than half a second, stderr says what is awaited.
    pub fn while_waiting<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.globals.quiet || self.wants_json() {
            return work();
        }
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        let place = self.located().map(|l| l.shown()).unwrap_or_default();
        let watch = std::thread::spawn(move || {
            if waiting.recv_timeout(AWAITED_AFTER)
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                let place = sanitize::line(&place).into_owned();
                let _ = writeln!(
                    io::stderr(),
                    "waiting for {place}: another program is writing to it, or the disk or the line is slow …"
                );
            }
        });
        let result = work();
        drop(done);
        // The watch only sleeps and prints; it cannot fail in a way that matters here.
        let _ = watch.join();
        result
    }

    /// The journals of `-f`, in order.
    pub fn journal_files(&self) -> Vec<PathBuf> {
        self.globals.files.iter().map(PathBuf::from).collect()
    }
}

/// What is told beside the data, as one object on a line of stderr.
fn say_object(level: &str, message: &str) {
    let object = serde_json::json!({
        "schema": "hissab/note/1", "level": level, "message": message,
    });
    let _ = writeln!(io::stderr(), "{object}");
}
