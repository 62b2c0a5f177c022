//! What accounts and commodities are called in beancount: legal there, and no two alike.

use regex::Regex;

use crate::formats::writers::names;
use crate::ledger::account::{Account, Kind};
use crate::ledger::currency::{Currency, iso_of_symbol};

/// The longest commodity that every version of beancount reads.
const CURRENCY_MAX: usize = 24;
/// Words its lexer takes for values.
const WORDS: &[&str] = &["TRUE", "FALSE", "NULL"];

pub fn account_names(accounts: &[Account]) -> Vec<String> {
    let upper = Regex::new(r"^[\p{Lu}\p{Nd}]").expect("our own pattern compiles");
    let inner = Regex::new(r"[^\p{L}\p{Nd}-]+").expect("our own pattern compiles");
    let paths: Vec<&str> = accounts.iter().map(|a| &*a.path).collect();
    names::unique(
        &paths,
        |place| account_name(&accounts[place], &upper, &inner),
        |name, count| format!("{name}-{count}"),
        str::to_owned,
    )
}

/// The path under the root of its kind, at least one part below it.
fn account_name(account: &Account, upper: &Regex, inner: &Regex) -> String {
    let root = match account.kind {
        Kind::Asset => "Assets",
        Kind::Liability => "Liabilities",
        Kind::Equity | Kind::Unclassified => "Equity",
        Kind::Income => "Income",
        Kind::Expense => "Expenses",
    };
    let mut parts: Vec<&str> = account.path.split(':').collect();
    if Kind::of_root(parts[0]) == Some(account.kind) && parts.len() > 1 {
        parts.remove(0);
    } else if account.kind == Kind::Unclassified {
        parts.insert(0, "Unclassified");
    }
    let mut name = root.to_owned();
    for part in parts {
        name.push(':');
        let legal = inner.replace_all(part.trim_start_matches('-'), "-");
        let legal = legal.trim_matches('-');
        let mut chars = legal.chars();
        match chars.next() {
            Some(first) if !upper.is_match(legal) => {
                let raised: String = first.to_uppercase().collect();
                if raised.chars().count() == 1 && upper.is_match(&raised) {
                    name.push_str(&raised);
                    name.push_str(chars.as_str());
                } else {
                    name.push_str("X-");
                    name.push_str(legal);
                }
            }
            Some(_) => name.push_str(legal),
            None => name.push('X'),
        }
    }
    name
}

pub fn currency_names(currencies: &[Currency]) -> Vec<String> {
    let codes: Vec<&str> = currencies.iter().map(|c| &*c.code).collect();
    names::unique(
        &codes,
        |place| currency_name(codes[place]),
        |name, count| {
            let end = format!("-{count}");
            let kept = name.len().min(CURRENCY_MAX - end.len());
            format!("{}{end}", &name[..kept])
        },
        str::to_owned,
    )
}

/// Capitals, digits and `'._-`, two to 24 of them; it begins with a letter and ends with one or a digit.
fn currency_name(code: &str) -> String {
    if let Some(iso) = iso_of_symbol(code) {
        return iso.to_owned();
    }
    let mut name: String = code
        .chars()
        .map(|c| match c.to_ascii_uppercase() {
            c if c.is_ascii_alphanumeric() || matches!(c, '\'' | '.' | '_' | '-') => c,
            _ => '-',
        })
        .collect();
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        name.insert(0, 'X');
    }
    name.truncate(CURRENCY_MAX);
    let kept = name.trim_end_matches(['\'', '.', '_', '-']).len();
    name.truncate(kept);
    if name.len() < 2 || WORDS.contains(&name.as_str()) {
        name.push('X');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::account::AccountKey;
    use crate::ledger::change::NewAccount;
    use uuid::Uuid;

    fn accounts(paths: &[&str]) -> Vec<Account> {
        let account = |(place, path): (usize, &&str)| {
            let new = NewAccount::at(Uuid::nil(), *path);
            new.into_account(AccountKey(place as u32 + 1))
        };
        paths.iter().enumerate().map(account).collect()
    }

    #[test]
    fn accounts_are_legal_under_the_five_roots_and_never_alike() {
        let names = account_names(&accounts(&[
            "Assets:Bank of India",
            "assets:bank-of-india",
            "Assets:Bank-of-India",
            "Assets",
            "Revenue:sales",
            "Assets:चाय",
            "Kasse:Bar",
            "Expenses:-:50% off",
            "Expenses:ßa",
        ]));
        assert_eq!(
            names,
            [
                "Assets:Bank-of-India-2",
                "Assets:Bank-of-india",
                "Assets:Bank-of-India",
                "Assets:Assets",
                "Income:Sales",
                "Assets:X-च-य",
                "Equity:Unclassified:Kasse:Bar",
                "Expenses:X:50-off",
                "Expenses:X-ßa",
            ]
        );
    }

    #[test]
    fn commodities_are_legal_and_never_alike() {
        let currency = |(place, code): (usize, &&str)| Currency {
            key: crate::ledger::currency::CurrencyKey(place as u16 + 1),
            code: (*code).into(),
            scale: 2,
            symbol: None,
            name: None,
        };
        let codes = ["$", "USD", "x", "", "NULL", "FUND 2030", "fund_2030.", "₹"];
        let currencies: Vec<Currency> = codes.iter().enumerate().map(currency).collect();
        assert_eq!(
            currency_names(&currencies),
            [
                "USD-2",
                "USD",
                "XX",
                "XX-2",
                "NULLX",
                "FUND-2030",
                "FUND_2030",
                "INR"
            ]
        );
        let long = "A".repeat(40);
        assert_eq!(currency_name(&long).len(), CURRENCY_MAX);
    }
}
