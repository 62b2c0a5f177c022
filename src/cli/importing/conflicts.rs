//! Transactions of a file whose id is in the book, but not what they say: the file is refused, with what differs.
//!
//! The same id with the same content is the same transaction; with other content it is an error of the file
//! or news that an import does not bring: the book's owner amends. What the file says may also be what the book
//! said before it was amended or voided: then the file is old, and nothing is done and said so.

use super::Session;
use crate::cli::error::{Failure, Result, shell_word};
use crate::formats::journal::ReadJournal;
use crate::formats::journal::sameness::{Beside, Comparison, Part};
use crate::ledger::change::Target;
use crate::ledger::transaction::{Number, State, Transaction};

/// Conflicts told in full; the rest is counted.
const TOLD_MAX: usize = 5;
/// Numbers listed in a note.
const LISTED_MAX: usize = 8;

/// What was found of the transactions whose id is in the book.
#[derive(Default)]
pub struct Conflicts {
    told: Vec<Conflict>,
    count: usize,
    /// What the file holds is what they were before.
    amended: Vec<u64>,
    voided: Vec<u64>,
    /// They agree in what is compared, and the file says more.
    beside: Vec<(u64, Vec<&'static str>)>,
}

struct Conflict {
    place: usize,
    now: Option<Transaction>,
    why: Vec<String>,
}

impl Conflicts {
    /// Looks at the transaction of the book that has the id of the one at a place; keeps what is to be said.
    pub fn settle(
        &mut self,
        session: &mut Session,
        beside: &Beside<'_>,
        place: usize,
        now: Transaction,
    ) -> Result<()> {
        let of_now = beside.compare(place, &now);
        if of_now.differences.is_empty() {
            self.agrees(&now, of_now);
            return Ok(());
        }
        // What it says may be what the book said once.
        let target = Target::Number(now.number);
        if now.version > 1 {
            let earlier = session.book.history(target)?.into_iter();
            let mut same = earlier.map(|v| beside.compare(place, &v.transaction));
            if same.any(|c| c.differences.is_empty()) {
                match now.state {
                    State::Live => self.amended.push(now.number.0),
                    State::Void { .. } => self.voided.push(now.number.0),
                }
                return Ok(());
            }
        }
        self.add(place, Some(now), told(&of_now));
        Ok(())
    }

    fn agrees(&mut self, now: &Transaction, comparison: Comparison) {
        if matches!(now.state, State::Void { .. }) {
            self.voided.push(now.number.0);
        } else if !comparison.beside.is_empty() {
            self.beside.push((now.number.0, comparison.beside));
        }
    }

    /// The transaction at a place has the id of one that an earlier file of this run brings.
    pub fn of_this_run(&mut self, place: usize) {
        self.add(
            place,
            None,
            vec!["a file before it has this id with other content".to_owned()],
        );
    }

    fn add(&mut self, place: usize, now: Option<Transaction>, why: Vec<String>) {
        self.count += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(Conflict { place, now, why });
        }
    }

    /// The file may be brought in, or why not.
    pub fn refuse(&self, read: &ReadJournal, file: &str) -> Result<()> {
        let Some(first) = self.told.first() else {
            return Ok(());
        };
        let of = match &first.now {
            Some(now) => format!("is in the book as transaction {}", now.number),
            None => "comes twice".to_owned(),
        };
        let more = match self.count {
            1 => String::new(),
            2 => ", and one more is so".to_owned(),
            many => format!(", and {} more are so", many - 1),
        };
        let mut failure = Failure::conflict(
            "id-conflict",
            format!("{file} not imported: an id of it {of}, with other content{more}"),
        );
        for conflict in &self.told {
            let row = read.book.store.row(conflict.place);
            let source = read.sources.get(usize::from(row.source));
            let name = source.map_or(file, |s| &*s.name);
            let number = conflict.now.as_ref().map(|t| t.number);
            let of = number.map_or(String::new(), |n| format!("transaction {n}: "));
            let why = conflict.why.join("; ");
            failure = failure.at(format!("{name}:{}: {of}{why}", row.line));
        }
        if let Some(hint) = self.told.iter().find_map(|c| amendment(read, c)) {
            failure = failure.hint(format!("if the file is right: {hint}"));
        }
        Err(failure.hint("if it is another transaction: take its id out of the file"))
    }

    /// Words for what is known and not quite what the file says.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (numbers, what) in [(&self.amended, "amended"), (&self.voided, "voided")] {
            if !numbers.is_empty() {
                notes.push(format!(
                    "{} of the book: {what} there since, and left as {}; the file holds what was before",
                    list(numbers),
                    if numbers.len() == 1 { "it is" } else { "they are" },
                ));
            }
        }
        let mut words: Vec<&str> = self.beside.iter().flat_map(|(_, w)| w).copied().collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            let with = self.beside.iter().filter(|(_, w)| w.contains(&word));
            let numbers: Vec<u64> = with.map(|(number, _)| *number).collect();
            notes.push(format!(
                "{} of the book: the file says another {word}; an import changes none, hissab amend does",
                list(&numbers)
            ));
        }
        notes
    }
}

fn list(numbers: &[u64]) -> String {
    let shown: Vec<String> = numbers
        .iter()
        .take(LISTED_MAX)
        .map(u64::to_string)
        .collect();
    let more = numbers.len().saturating_sub(LISTED_MAX);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn told(comparison: &Comparison) -> Vec<String> {
    let said = |text: &str| match text {
        "" => "nothing".to_owned(),
        text => text.to_owned(),
    };
    let differences = comparison.differences.iter().take(TOLD_MAX);
    differences
        .map(|d| {
            let (file, book) = (said(&d.file), said(&d.book));
            format!("{}: {file} in the file, {book} in the book", d.what.word())
        })
        .collect()
}

/// The command that makes the book say what the file does, where flags can.
fn amendment(read: &ReadJournal, conflict: &Conflict) -> Option<String> {
    let now = conflict.now.as_ref()?;
    if matches!(now.state, State::Void { .. }) {
        return None;
    }
    let (store, chart) = (&read.book.store, &read.book.chart);
    let place = conflict.place;
    let mut words = amend(now.number);
    let of = |part: Part| conflict.why.iter().any(|w| w.starts_with(part.word()));
    if of(Part::Date) {
        words.push_str(&format!(" -d {}", store.row(place).day.date()));
    }
    let texts = [
        (Part::Description, "--description", store.description(place)),
        (Part::Reference, "--reference", store.reference(place)),
    ];
    for (part, flag, text) in texts {
        if of(part) {
            words.push_str(&format!(" {flag} {}", shell_word(text)));
        }
    }
    if of(Part::Memo) || of(Part::Tags) || of(Part::Comment) {
        return Some(format!("{} --edit", amend(now.number)));
    }
    if of(Part::Entry) {
        let entries = store.entries(place);
        if entries.len() > 4 || entries.iter().any(|e| store.weight(e).2) {
            return Some(format!("{words} --edit"));
        }
        for entry in entries {
            let currency = chart.currency(entry.currency);
            let amount = crate::ledger::money::from_minor(entry.minor.into(), currency.scale)?;
            let flag = if amount.is_sign_negative() {
                "--cr"
            } else {
                "--dr"
            };
            let path = &chart.account(entry.account).path;
            let said = format!("{path}={} {}", amount.abs(), currency.code);
            words.push_str(&format!(" {flag} {}", shell_word(&said)));
        }
    }
    Some(words)
}

fn amend(number: Number) -> String {
    format!("hissab amend {number}")
}
