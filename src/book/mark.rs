//! The mark of a file that is not the home of its book: read here, written elsewhere.

use std::fmt;

/// Why a file takes no changes although it could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// The book went to a server with `push`.
    Moved,
    /// The file was made from a server's book with `clone`.
    Copy,
}

impl MarkKind {
    pub fn word(self) -> &'static str {
        match self {
            MarkKind::Moved => "moved",
            MarkKind::Copy => "copy",
        }
    }

    pub fn from_word(word: &str) -> Option<MarkKind> {
        [MarkKind::Moved, MarkKind::Copy]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// Where the home of a book is. It belongs to the file, not to the book: copies do not have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub kind: MarkKind,
    /// The server's address of the book.
    pub place: String,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            MarkKind::Moved => write!(f, "moved to {}", self.place),
            MarkKind::Copy => write!(f, "a copy of {}", self.place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_others_are_not() {
        for kind in [MarkKind::Moved, MarkKind::Copy] {
            assert_eq!(MarkKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(MarkKind::from_word("clone"), None);
    }
}
