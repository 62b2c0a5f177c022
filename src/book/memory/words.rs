//! Search in a transaction's text: case and accents folded, each word the beginning of a word.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::ledger::transaction::Transaction;

/// Lower case, without accents.
pub(super) fn folded(text: &str) -> String {
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether every folded word begins a word of description, payee, reference, memos or tags.
pub(super) fn all_begin_a_word(words: &[String], transaction: &Transaction) -> bool {
    let mut text = folded(&transaction.description);
    let mut add = |more: &str| {
        text.push('\n');
        text.push_str(&folded(more));
    };
    add(transaction.payee.as_deref().unwrap_or(""));
    add(transaction.reference.as_deref().unwrap_or(""));
    for tag in &transaction.tags {
        add(&tag.name);
        add(&tag.value);
    }
    for entry in &transaction.entries {
        add(entry.memo().unwrap_or(""));
        for tag in entry.tags() {
            add(&tag.name);
            add(&tag.value);
        }
    }
    words.iter().all(|word| begins_a_word(&text, word))
}

fn begins_a_word(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            !text[..at]
                .chars()
                .next_back()
                .is_some_and(char::is_alphanumeric)
        })
}
