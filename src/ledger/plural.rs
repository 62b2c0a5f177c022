//! A number with its word.

/// `1 transaction`, `2 transactions`: of words whose plural takes an s.
pub fn counted(count: u64, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}
