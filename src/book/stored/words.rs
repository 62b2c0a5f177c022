//! What of a transaction can be found by words.

use crate::ledger::transaction::Transaction;

/// Every text of a transaction that `search` looks into.
pub fn words(t: &Transaction) -> String {
    let mut text = String::new();
    put_words(&mut text, t);
    text
}

/// Appends [`words`] to a buffer.
pub fn put_words(text: &mut String, t: &Transaction) {
    text.push_str(&t.description);
    let mut add = |part: &str| {
        if !part.is_empty() {
            text.push(' ');
            text.push_str(part);
        }
    };
    add(t.payee.as_deref().unwrap_or(""));
    add(t.reference.as_deref().unwrap_or(""));
    for tag in t.tags.iter().chain(t.entries.iter().flat_map(|e| e.tags())) {
        add(&tag.name);
        add(&tag.value);
    }
    for entry in &t.entries {
        add(entry.memo().unwrap_or(""));
    }
}
