//! Learned from history: which counter account rows like this one went to before.
//!
//! Pure and without chance: the words of a row are compared with those of earlier transactions of the account, rare words
//! weighing more than common ones; what similar transactions agree on is suggested, with a score and the ones it comes
//! from. A suggestion is only that: what becomes of it is the caller's business.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// An earlier transaction of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub number: u64,
    /// Description and payee.
    pub text: String,
    pub payee: Option<String>,
    /// Its only other account, by path.
    pub counter: Arc<str>,
    pub money_in: bool,
}

/// What is suggested for a row, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub account: Arc<str>,
    /// The payee of the most similar transaction.
    pub payee: Option<String>,
    /// 1 to 100: how similar, and how far similar ones agree.
    pub score: u8,
    /// Transactions it comes from, the most similar first.
    pub from: Vec<u64>,
    /// The words they share with the row.
    pub words: Vec<String>,
}

impl Suggestion {
    /// `like 12, 15 (chai, point): 92%`.
    pub fn why(&self) -> String {
        let numbers: Vec<String> = self.from.iter().map(u64::to_string).collect();
        let words = self.words.join(", ");
        format!("like {} ({words}): {}%", numbers.join(", "), self.score)
    }
}

/// Similar enough to have a say.
const SIMILAR_MIN: u64 = 40;
/// The most one earlier transaction alone is worth.
const ALONE_MAX: u64 = 90;
/// How many transactions a suggestion names.
const NAMED_MAX: usize = 3;

/// The scores of an account's transactions, and each with its place.
type Votes = (u64, Vec<(u64, usize)>);

/// Words that banks put beside every name.
const COMMON: &[&str] = &[
    "upi", "neft", "imps", "rtgs", "pos", "atm", "ach", "ecs", "inb", "mb", "ib", "dr", "cr", "to",
    "by", "from", "for", "the", "of", "and", "transfer", "trf", "payment", "paid", "card", "debit",
    "credit", "purchase", "ref", "no", "txn", "ltd", "pvt", "limited", "inc", "llc", "gmbh", "www",
    "com", "in", "on", "at", "via", "sepa", "vir", "cb", "carte", "direct", "bank",
];

/// The words of a text that say who or what it is: without numbers, references and what banks add.
pub fn words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let says = |word: &&str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let letters = word.chars().count() - digits;
        letters >= 2 && digits < 3 && !COMMON.contains(word)
    };
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(says)
        .map(str::to_owned)
        .collect()
}

/// Earlier transactions of one account, by their words.
pub struct History {
    pasts: Vec<(Past, BTreeSet<String>)>,
    by_word: HashMap<String, Vec<usize>>,
}

impl History {
    /// `pasts` are newest first: of equals the newer one counts.
    pub fn new(pasts: Vec<Past>) -> History {
        let mut by_word: HashMap<String, Vec<usize>> = HashMap::new();
        let with_words: Vec<(Past, BTreeSet<String>)> = pasts
            .into_iter()
            .map(|past| {
                let words = words(&past.text);
                (past, words)
            })
            .collect();
        for (index, (_, words)) in with_words.iter().enumerate() {
            for word in words {
                by_word.entry(word.clone()).or_default().push(index);
            }
        }
        History {
            pasts: with_words,
            by_word,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pasts.is_empty()
    }

    /// A word of many transactions says less: 1, and one more for each halving of how many have it.
    fn weight(&self, word: &str) -> u64 {
        let having = self.by_word.get(word).map_or(1, Vec::len);
        1 + u64::from((self.pasts.len() / having + 1).ilog2())
    }

    /// What similar transactions, of money that went the same way, suggest for a row.
    pub fn suggest(&self, text: &str, money_in: bool) -> Option<Suggestion> {
        let wanted = words(text);
        let similar = self.similar(&wanted, money_in);
        let mut votes: BTreeMap<&Arc<str>, Votes> = BTreeMap::new();
        for (score, index) in &similar {
            let vote = votes.entry(&self.pasts[*index].0.counter).or_default();
            vote.0 += score;
            vote.1.push((*score, *index));
        }
        let all: u64 = votes.values().map(|(sum, _)| sum).sum();
        // Most votes; then the more similar and newer one, which stands first.
        let (account, (sum, from)) = votes
            .iter()
            .max_by_key(|(_, (sum, from))| (*sum, from[0].0, usize::MAX - from[0].1))?;
        let agreed = from[0].0 * sum / all;
        let score = if from.len() == 1 {
            agreed.min(ALONE_MAX)
        } else {
            agreed
        };
        let best = &self.pasts[from[0].1];
        Some(Suggestion {
            account: (*account).clone(),
            payee: best.0.payee.clone(),
            score: u8::try_from(score).unwrap_or(100).max(1),
            from: from
                .iter()
                .take(NAMED_MAX)
                .map(|(_, i)| self.pasts[*i].0.number)
                .collect(),
            words: best.1.intersection(&wanted).cloned().collect(),
        })
    }

    /// Transactions that share enough of these words, the most similar and newest first, with how similar they are.
    fn similar(&self, wanted: &BTreeSet<String>, money_in: bool) -> Vec<(u64, usize)> {
        let mut shared: BTreeMap<usize, u64> = BTreeMap::new();
        for word in wanted {
            let weight = self.weight(word);
            for index in self.by_word.get(word).into_iter().flatten() {
                *shared.entry(*index).or_default() += weight;
            }
        }
        let sum = |words: &BTreeSet<String>| words.iter().map(|w| self.weight(w)).sum::<u64>();
        let whole = sum(wanted);
        let mut similar: Vec<(u64, usize)> = shared
            .into_iter()
            .filter(|(index, _)| self.pasts[*index].0.money_in == money_in)
            .map(|(index, common)| (200 * common / (whole + sum(&self.pasts[index].1)), index))
            .filter(|(score, _)| *score >= SIMILAR_MIN)
            .collect();
        similar.sort_by_key(|(score, index)| (u64::MAX - score, *index));
        similar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(number: u64, text: &str, counter: &str) -> Past {
        Past {
            number,
            text: text.to_owned(),
            payee: None,
            counter: Arc::from(counter),
            money_in: false,
        }
    }

    fn history() -> History {
        History::new(vec![
            past(9, "UPI-CHAI POINT-9820@ybl-609400000009", "Expenses:Tea"),
            past(7, "UPI-CHAI POINT-9820@ybl-609400000007", "Expenses:Tea"),
            past(5, "NEFT-SHREE ESTATES RENT MARCH", "Expenses:Rent"),
            past(4, "UPI-CHAI POINT-party order", "Expenses:Marketing"),
            past(3, "Salary Asha", "Expenses:Salaries"),
        ])
    }

    #[test]
    fn what_similar_ones_agree_on_is_suggested() {
        let found = history()
            .suggest("UPI-CHAI POINT-77@okaxis-609411112222", false)
            .unwrap();
        assert_eq!(&*found.account, "Expenses:Tea");
        assert_eq!(found.from, [9, 7]);
        assert_eq!(found.words, ["chai", "point"]);
        let rent = history()
            .suggest("NEFT-SHREE ESTATES RENT APRIL", false)
            .unwrap();
        assert_eq!(
            (&*rent.account, rent.from.as_slice()),
            ("Expenses:Rent", &[5][..])
        );
        assert!(rent.score <= 90 && rent.score >= 60, "{rent:?}");
        assert!(
            rent.why().starts_with("like 5 (estates, rent, shree): "),
            "{}",
            rent.why()
        );
    }

    #[test]
    fn what_is_not_alike_or_went_the_other_way_is_not() {
        assert_eq!(history().suggest("UPI-SWIGGY-1", false), None);
        assert_eq!(history().suggest("UPI/609400000009", false), None);
        assert_eq!(history().suggest("CHAI POINT", true), None);
        assert_eq!(History::new(Vec::new()).suggest("CHAI", false), None);
    }

    #[test]
    fn disagreement_costs() {
        let split = History::new(vec![
            past(2, "AMAZON", "Expenses:Books"),
            past(1, "AMAZON", "Expenses:Tools"),
        ]);
        let found = split.suggest("AMAZON", false).unwrap();
        assert_eq!((&*found.account, found.score), ("Expenses:Books", 50));
    }
}
