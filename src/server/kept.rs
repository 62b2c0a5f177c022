//! Answers that are kept for as long as their book stands where it stood: a report asked for again and again is
//! made once.
//!
//! All of them are of one state of the book, the newest that was asked about; the first answer from another state
//! sends the old ones away. What is kept of one book is bounded.

use std::collections::HashMap;

use bytes::Bytes;

/// The largest answer that is kept.
const ANSWER_MAX: usize = 256 * 1024;
/// All that is kept of one book.
const KEPT_MAX: usize = 1024 * 1024;
/// What a kept answer costs beside its bytes.
const OVERHEAD: usize = 256;

/// An answer, and the state of the book that it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub sequence: u64,
    pub body: Bytes,
}

/// What was answered from one state of a book.
#[derive(Debug, Default)]
pub struct Kept {
    sequence: u64,
    answers: HashMap<String, Bytes>,
    bytes: usize,
}

impl Kept {
    pub fn find(&self, question: &str) -> Option<Answered> {
        self.answers.get(question).map(|body| Answered {
            sequence: self.sequence,
            body: body.clone(),
        })
    }

    /// Keeps an answer. One from an older state than the others is let go, and so are all when they grow too many.
    pub fn keep(&mut self, question: String, answer: &Answered) {
        let cost = question.len() + answer.body.len() + OVERHEAD;
        if answer.sequence < self.sequence || answer.body.len() > ANSWER_MAX {
            return;
        }
        if answer.sequence > self.sequence || self.bytes + cost > KEPT_MAX {
            *self = Kept {
                sequence: answer.sequence,
                ..Kept::default()
            };
        }
        if self.answers.insert(question, answer.body.clone()).is_none() {
            self.bytes += cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(sequence: u64, size: usize) -> Answered {
        Answered {
            sequence,
            body: Bytes::from(vec![b'x'; size]),
        }
    }

    #[test]
    fn an_answer_goes_with_its_state() {
        let mut kept = Kept::default();
        kept.keep("tb".to_owned(), &answer(3, 10));
        assert_eq!(kept.find("tb"), Some(answer(3, 10)));
        kept.keep("is".to_owned(), &answer(2, 10));
        assert_eq!(kept.find("is"), None, "of an older state");
        kept.keep("is".to_owned(), &answer(4, 10));
        assert_eq!(
            (kept.find("tb"), kept.find("is")),
            (None, Some(answer(4, 10)))
        );
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut kept = Kept::default();
        kept.keep("huge".to_owned(), &answer(1, ANSWER_MAX + 1));
        assert_eq!(kept.find("huge"), None);
        for n in 0..100_000 {
            kept.keep(n.to_string(), &answer(1, 100));
            assert!(kept.bytes <= KEPT_MAX && kept.answers.len() * OVERHEAD <= KEPT_MAX);
        }
        assert!(kept.find("99999").is_some(), "the newest is there");
    }
}
