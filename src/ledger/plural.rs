//! A number with its word.

/// `1 transaction`, `2 transactions`, `3 entries`: of words whose plural takes an s, or ies after a consonant.
pub fn counted(count: u64, word: &str) -> String {
    if count == 1 {
        return format!("{count} {word}");
    }
    let stem = word.strip_suffix('y');
    match stem.filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        Some(stem) => format!("{count} {stem}ies"),
        None => format!("{count} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn words_take_their_plural() {
        assert_eq!(counted(1, "entry"), "1 entry");
        assert_eq!(counted(8, "entry"), "8 entries");
        assert_eq!(counted(2, "day"), "2 days");
        assert_eq!(counted(0, "row"), "0 rows");
    }
}
