//! The short lists: payees, descriptions, codes and tags that transactions use, each with how often and when.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::ledger::transaction::Transaction;

/// How a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    pub count: u64,
    pub first: Date,
    pub last: Date,
}

/// Names in order, each with its use. The second part of a name is a tag's value, empty elsewhere.
pub type Names = BTreeMap<(String, String), Use>;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Payees,
    Descriptions,
    /// The users' own voucher numbers.
    Codes,
    /// Tag names only.
    Tags,
    /// Tag names with their values.
    TagValues,
}

/// Counts the names in a transaction, each once.
pub fn add_names(names: &mut Names, what: What, transaction: &Transaction) {
    if transaction.is_void() {
        return;
    }
    let mut found: Vec<(String, String)> = match what {
        What::Payees => vec![(transaction.payee().to_owned(), String::new())],
        What::Descriptions => vec![(transaction.description.to_string(), String::new())],
        What::Codes => transaction
            .reference
            .iter()
            .map(|r| (r.clone(), String::new()))
            .collect(),
        What::Tags | What::TagValues => transaction
            .tags
            .iter()
            .chain(transaction.entries.iter().flat_map(|e| e.tags()))
            .map(|tag| {
                let value = if what == What::TagValues {
                    tag.value.clone()
                } else {
                    String::new()
                };
                (tag.name.clone(), value)
            })
            .collect(),
    };
    found.retain(|(name, _)| !name.is_empty());
    found.sort();
    found.dedup();
    for name in found {
        let seen = names.entry(name).or_insert(Use {
            count: 0,
            first: transaction.date,
            last: transaction.date,
        });
        seen.count += 1;
        seen.first = seen.first.min(transaction.date);
        seen.last = seen.last.max(transaction.date);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::sample::{shop, tag, tx};
    use jiff::civil::date;

    #[test]
    fn names_are_counted_once_a_transaction() {
        let chart = shop();
        let mut one = tx(&chart, 1, date(2026, 4, 2), &[("Assets:Cash", 0)]);
        one.tags = vec![tag("trip", "goa"), tag("trip", "pune")];
        let mut two = one.clone();
        two.date = date(2026, 4, 9);
        two.tags.truncate(1);
        let mut tags = Names::new();
        let mut values = Names::new();
        for transaction in [&two, &one] {
            add_names(&mut tags, What::Tags, transaction);
            add_names(&mut values, What::TagValues, transaction);
        }
        let seen = tags[&("trip".to_owned(), String::new())];
        assert_eq!(
            (seen.count, seen.first, seen.last),
            (2, date(2026, 4, 2), date(2026, 4, 9))
        );
        assert_eq!(values.len(), 2);
        let mut codes = Names::new();
        add_names(&mut codes, What::Codes, &one);
        assert!(codes.is_empty());
    }
}
