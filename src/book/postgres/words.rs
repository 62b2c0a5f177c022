//! Words of transactions as the index holds them: lower case, without accents, each behind the organisation's mark.

use std::collections::BTreeSet;
use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use uuid::Uuid;

use crate::book::stored::words::put_words;
use crate::ledger::transaction::Transaction;

/// Letters of a word that are indexed: the index takes no longer ones.
const LETTERS_MAX: usize = 200;

/// What an organisation's words begin with: one index holds everyone's words, each organisation's together.
fn mark(org: Uuid) -> String {
    let simple = org.simple().to_string();
    simple[simple.len() - 8..].to_owned()
}

fn folded(text: &str) -> String {
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

fn parts(folded: &str) -> impl Iterator<Item = String> {
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| part.chars().take(LETTERS_MAX).collect())
}

/// What a transaction can be found by, as the database takes a `tsvector`.
#[derive(Debug, PartialEq)]
pub struct Words(Vec<u8>);

/// The words of a transaction, each once.
pub fn of(org: Uuid, transaction: &Transaction) -> Words {
    let mut text = String::new();
    put_words(&mut text, transaction);
    let words: BTreeSet<String> = parts(&folded(&text)).collect();
    let (mark, count) = (mark(org), i32::try_from(words.len()).unwrap_or(i32::MAX));
    let mut bytes = count.to_be_bytes().to_vec();
    for word in words {
        bytes.extend_from_slice(mark.as_bytes());
        bytes.extend_from_slice(word.as_bytes());
        // The end of the word, and that no place is kept of it.
        bytes.extend_from_slice(&[0, 0, 0]);
    }
    Words(bytes)
}

impl ToSql for Words {
    fn to_sql(&self, _: &Type, to: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        to.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(asked: &Type) -> bool {
        *asked == Type::TS_VECTOR
    }

    to_sql_checked!();
}

/// The question for transactions in whose text each of these begins a word; `None` if they hold no word.
pub fn question(org: Uuid, words: &[String]) -> Option<String> {
    let mark = mark(org);
    let terms: Vec<String> = words
        .iter()
        .flat_map(|word| parts(&folded(word)).collect::<Vec<_>>())
        .map(|part| format!("'{mark}{part}':*"))
        .collect();
    (!terms.is_empty()).then(|| terms.join(" & "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_marked() {
        let org = Uuid::from_u128(0xabcd);
        assert_eq!(
            question(org, &["Café-au".to_owned()]).as_deref(),
            Some("'0000abcdcafe':* & '0000abcdau':*")
        );
        assert_eq!(question(org, &["--'".to_owned()]), None);
    }
}
