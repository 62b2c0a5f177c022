//! The chart: every account and currency of one book, and how names find them.

use std::collections::HashMap;
use std::sync::Arc;

use super::account::{Account, AccountKey, cmp_paths, is_within};
use super::currency::{Currency, CurrencyKey};

/// Accounts and currencies of one book at one moment.
///
/// Keys are dense from 1, so a look-up by key is an index. Clones share the names.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    accounts: Vec<Account>,
    currencies: Vec<Currency>,
    by_path: HashMap<Arc<str>, AccountKey>,
    by_code: HashMap<Arc<str>, CurrencyKey>,
}

/// What a typed account name led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    One(AccountKey),
    /// Several accounts fit; all of them, in chart order.
    Ambiguous(Vec<AccountKey>),
    /// None fits; the nearest paths, best first, at most five.
    Unknown(Vec<Arc<str>>),
}

impl Chart {
    /// A chart of these accounts and currencies.
    ///
    /// Keys must be dense from 1 in order; adapters assign them so.
    pub fn new(accounts: Vec<Account>, currencies: Vec<Currency>) -> Chart {
        let by_path = accounts.iter().map(|a| (a.path.clone(), a.key)).collect();
        let by_code = currencies.iter().map(|c| (c.code.clone(), c.key)).collect();
        Chart {
            accounts,
            currencies,
            by_path,
            by_code,
        }
    }

    /// All accounts, by key.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// All currencies, by key; the base currency first.
    pub fn currencies(&self) -> &[Currency] {
        &self.currencies
    }

    /// The account of a key this book gave out.
    pub fn account(&self, key: AccountKey) -> &Account {
        &self.accounts[key.0 as usize - 1]
    }

    /// The currency of a key this book gave out.
    pub fn currency(&self, key: CurrencyKey) -> &Currency {
        &self.currencies[usize::from(key.0) - 1]
    }

    /// The account of exactly this path.
    pub fn find(&self, path: &str) -> Option<&Account> {
        self.by_path.get(path).map(|k| self.account(*k))
    }

    /// The currency of exactly this code.
    pub fn find_currency(&self, code: &str) -> Option<&Currency> {
        self.by_code.get(code).map(|k| self.currency(*k))
    }

    /// The currencies that names find, by key.
    pub fn open_currencies(&self) -> impl Iterator<Item = &Currency> {
        self.currencies
            .iter()
            .filter(|c| self.by_code.contains_key(&c.code))
    }

    /// A currency by code, by code in any case, or by symbol.
    pub fn resolve_currency(&self, text: &str) -> Option<&Currency> {
        self.find_currency(text)
            .or_else(|| {
                self.open_currencies()
                    .find(|c| c.symbol.as_deref() == Some(text))
            })
            .or_else(|| {
                self.open_currencies()
                    .find(|c| c.code.eq_ignore_ascii_case(text))
            })
    }

    /// No name finds the currency any more; its key still does.
    pub fn hide_currency(&mut self, code: &str) {
        self.by_code.remove(code);
    }

    /// Adds or replaces an account; a new one must carry the next key.
    pub fn put_account(&mut self, account: Account) {
        let index = account.key.0 as usize - 1;
        if let Some(old) = self.accounts.get(index) {
            self.by_path.remove(&old.path);
        }
        self.by_path.insert(account.path.clone(), account.key);
        if index < self.accounts.len() {
            self.accounts[index] = account;
        } else {
            self.accounts.push(account);
        }
    }

    /// Adds or replaces a currency; a new one must carry the next key.
    pub fn put_currency(&mut self, currency: Currency) {
        let index = usize::from(currency.key.0) - 1;
        self.by_code.insert(currency.code.clone(), currency.key);
        if index < self.currencies.len() {
            self.currencies[index] = currency;
        } else {
            self.currencies.push(currency);
        }
    }

    /// The key the next account gets.
    pub fn next_account_key(&self) -> AccountKey {
        AccountKey(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX - 1) + 1)
    }

    /// The key the next currency gets.
    pub fn next_currency_key(&self) -> CurrencyKey {
        CurrencyKey(u16::try_from(self.currencies.len()).unwrap_or(u16::MAX - 1) + 1)
    }

    /// Keys in the order of every report: kind, then path by segment (rulings).
    pub fn in_order(&self) -> Vec<AccountKey> {
        let mut keys: Vec<AccountKey> = self.accounts.iter().map(|a| a.key).collect();
        keys.sort_by(|a, b| {
            let (a, b) = (self.account(*a), self.account(*b));
            a.kind
                .cmp(&b.kind)
                .then_with(|| cmp_paths(&a.path, &b.path))
        });
        keys
    }

    /// The account a person means: exact path, else a unique case-insensitive tail or segment, else an alias.
    ///
    /// Closed accounts give way to open ones. Source: cli.md, "Accounts resolve".
    pub fn resolve(&self, text: &str) -> Resolved {
        if let Some(account) = self.find(text) {
            return Resolved::One(account.key);
        }
        let wanted = text.to_lowercase();
        let whole: Vec<AccountKey> = self.matching(|path| path == wanted);
        let tails: Vec<AccountKey> = self.matching(|path| {
            path.strip_suffix(wanted.as_str())
                .is_some_and(|head| head.ends_with(':'))
        });
        let aliases: Vec<AccountKey> = self
            .accounts
            .iter()
            .filter(|a| a.aliases.iter().any(|x| x.to_lowercase() == wanted))
            .map(|a| a.key)
            .collect();
        let segments: Vec<AccountKey> = self.matching(|path| path.split(':').any(|s| s == wanted));
        for found in [whole, tails, segments, aliases] {
            match found.as_slice() {
                [] => continue,
                [one] => return Resolved::One(*one),
                many => {
                    let open: Vec<AccountKey> = many
                        .iter()
                        .copied()
                        .filter(|k| self.account(*k).closed_on.is_none())
                        .collect();
                    return match open.as_slice() {
                        [one] => Resolved::One(*one),
                        [] => Resolved::Ambiguous(many.to_vec()),
                        _ => Resolved::Ambiguous(open),
                    };
                }
            }
        }
        Resolved::Unknown(self.near(text))
    }

    /// An account and all below it, by path; empty if there is none.
    pub fn subtree(&self, path: &str) -> Vec<AccountKey> {
        self.accounts
            .iter()
            .filter(|a| is_within(&a.path, path))
            .map(|a| a.key)
            .collect()
    }

    /// Paths like `text`, best first, at most five: for hints.
    pub fn near(&self, text: &str) -> Vec<Arc<str>> {
        let wanted = text.to_lowercase();
        let mut scored: Vec<(usize, &Arc<str>)> = self
            .accounts
            .iter()
            .filter_map(|a| {
                near_score(&wanted, &a.path.to_lowercase()).map(|score| (score, &a.path))
            })
            .collect();
        scored.sort();
        scored
            .into_iter()
            .take(5)
            .map(|(_, path)| path.clone())
            .collect()
    }

    fn matching(&self, fits: impl Fn(&str) -> bool) -> Vec<AccountKey> {
        self.accounts
            .iter()
            .filter(|a| fits(&a.path.to_lowercase()))
            .map(|a| a.key)
            .collect()
    }
}

/// How far `path` is from what was typed: 0 is nearest; `None` is too far to name.
///
/// A typed path is compared with paths, a single word with their parts.
fn near_score(wanted: &str, path: &str) -> Option<usize> {
    let last = path.rsplit(':').next().unwrap_or(path);
    if wanted.chars().count() >= 3 && path.contains(wanted) {
        return Some(0);
    }
    let (name, best) = match wanted.rsplit_once(':') {
        Some((_, name)) => (name, distance(wanted, path).min(distance(name, last))),
        None if wanted.len() >= 3 && last.len() >= 3 && wanted.contains(last) => return Some(0),
        None => (
            wanted,
            path.split(':')
                .map(|part| distance(wanted, part))
                .min()
                .unwrap_or(usize::MAX),
        ),
    };
    (best <= 1 + name.chars().count() / 4).then_some(best)
}

/// Edit distance with swaps of neighbours, over characters.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
