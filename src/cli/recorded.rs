//! What a command has put into the book, whatever becomes of the rest of it.

use std::cell::RefCell;

use super::error::{Exit, Failure};
use super::record::recorder::Written;
use crate::ledger::change::{Done, Repeat};

/// What a command has put into the book for good.
#[derive(Debug, Default)]
pub struct Recorded {
    said: RefCell<Option<String>>,
    /// Of a command that writes once: what it did, if it cannot be looked at any more.
    answer: RefCell<Option<Answer>>,
}

/// What a write did, without a look at the book since.
#[derive(Debug, Clone)]
pub struct Answer {
    pub book: String,
    pub written: Written,
}

impl Recorded {
    /// From here on an error says first what is in the book: whoever tried again would do it twice. The first
    /// note stays.
    pub fn note(&self, done: &Done) {
        if done.repeat == Repeat::New {
            let mut said = self.said.borrow_mut();
            said.get_or_insert_with(|| recorded_as(done));
        }
    }

    /// All that the command had to write was answered: from here on only the look at it can fail.
    pub fn answered(&self, book: &str, written: &Written) {
        *self.answer.borrow_mut() = Some(Answer {
            book: book.to_owned(),
            written: written.clone(),
        });
    }

    /// The command writes more than once: what an error has to say first is this.
    pub fn sum_up(&self, said: String) {
        *self.said.borrow_mut() = Some(said);
        self.answer.take();
    }

    /// What to answer although the look at it failed: the line to the server broke after it had answered, or
    /// the server went.
    pub fn despite(&self, failure: &Failure) -> Option<Answer> {
        match failure.is_silence() {
            true => self.answer.take(),
            false => None,
        }
    }

    /// An error, after what is in the book all the same.
    pub fn then(&self, failure: Failure) -> Failure {
        match &*self.said.borrow() {
            // Nobody knows; or nobody listens.
            _ if failure.exit == Exit::Unconfirmed || failure.quiet => failure,
            Some(said) => failure.while_doing(&format!("{said}, and then")),
            None => failure,
        }
    }
}

/// `recorded as 28`
pub fn recorded_as(done: &Done) -> String {
    match numbers(done) {
        numbers if numbers.is_empty() => format!("recorded as change {}", done.sequence),
        numbers => format!("recorded as {numbers}"),
    }
}

/// `28`, `3 to 5, 9`: the transactions of a write.
fn numbers(done: &Done) -> String {
    let range = |(first, last): &(u64, u64)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    };
    let ranges: Vec<String> = done.numbers.iter().map(range).collect();
    ranges.join(", ")
}
