//! What to say of an account that is not there: near names, and the command that makes it, ready to paste.

use std::sync::Arc;

use crate::cli::error::{Failure, shell_word};
use crate::ledger::account::{Account, AccountType, Kind, check_path, is_within};
use crate::ledger::chart::{Chart, distance};

/// What an account would be used for, as far as the place it was typed at tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Any,
    /// Cash, a bank: what money moves through.
    Money,
    Income,
    Expense,
    /// What a balance is brought forward of: owned or owed.
    Balance,
}

/// What to say of an account that is not there.
pub fn unknown_account(chart: &Chart, text: &str, near: &[Arc<str>], wanted: Wanted) -> Failure {
    if text.trim().is_empty() {
        return Failure::usage("empty-account", "the account's name is empty");
    }
    let mut failure =
        Failure::not_found("unknown-account", format!("there is no account {text:?}"));
    if !near.is_empty() {
        failure = failure.hint(format!("did you mean {}?", near.join(", ")));
    }
    failure.hints.extend(creating_hints(chart, text, wanted));
    failure
}

/// The command that creates an account, as hints: one, or one for each kind it may be of.
///
/// Empty if no account can be called so.
pub fn creating_hints(chart: &Chart, text: &str, wanted: Wanted) -> Vec<String> {
    let command = |path: &str| format!("hissab account add {}", shell_word(path));
    if let Some(path) = with_root(chart, text) {
        return match check_path(&path) {
            Ok(()) => vec![format!("to create it: {}", command(&path))],
            Err(_) => Vec::new(),
        };
    }
    if check_path(text).is_err() {
        return Vec::new();
    }
    let of = |wanted| command(&format!("{}:{text}", usual_parent(chart, wanted)));
    match wanted {
        Wanted::Any => vec![
            format!("to create it, for an expense: {}", of(Wanted::Expense)),
            format!("for an income: {}", of(Wanted::Income)),
            format!("for a bank account: {}", of(Wanted::Money)),
        ],
        Wanted::Balance => vec![
            format!(
                "to create it, for what is owned: {}",
                command(&format!("Assets:{text}"))
            ),
            format!("for a bank account: {}", of(Wanted::Money)),
            format!(
                "for what is owed: {}",
                command(&format!("Liabilities:{text}"))
            ),
        ],
        one => vec![format!("to create it: {}", of(one))],
    }
}

/// The path that was meant, if its first part says a kind or nearly so: `Expnses:Tea` is Expenses:Tea.
fn with_root(chart: &Chart, text: &str) -> Option<String> {
    let path = in_known_case(chart, text);
    let (root, rest) = match path.split_once(':') {
        Some((root, rest)) => (root, rest),
        None => return Kind::of_root(&path).map(|_| path),
    };
    if Kind::of_root(root).is_some() {
        return Some(path);
    }
    let roots = ["Assets", "Liabilities", "Equity", "Income", "Expenses"];
    let slips = |r: &&str| distance(&root.to_lowercase(), &r.to_lowercase()) <= 2;
    let meant = roots.into_iter().find(slips)?;
    Some(format!("{meant}:{rest}"))
}

/// Where the book keeps accounts of a use: beside its own, else at the usual place.
fn usual_parent(chart: &Chart, wanted: Wanted) -> String {
    let (kind, usual) = match wanted {
        Wanted::Income => (Kind::Income, "Income"),
        Wanted::Expense | Wanted::Any | Wanted::Balance => (Kind::Expense, "Expenses"),
        Wanted::Money => return bank_parent(chart),
    };
    let roots = chart.accounts().iter().filter(|a| a.kind == kind);
    roots
        .filter_map(|a| a.path.split(':').next())
        .find(|root| Kind::of_root(root) == Some(kind))
        .unwrap_or(usual)
        .to_owned()
}

fn bank_parent(chart: &Chart) -> String {
    let banks = || {
        let accounts = chart.accounts().iter();
        accounts.filter(|a| a.account_type == AccountType::Bank && a.kind == Kind::Asset)
    };
    let is_group = |a: &&Account| {
        matches!(
            a.name().to_lowercase().as_str(),
            "bank" | "banks" | "bank accounts"
        )
    };
    if let Some(group) = banks().find(is_group) {
        return group.path.to_string();
    }
    let beside = banks().find_map(|a| a.path.rsplit_once(':'));
    match beside {
        Some((parent, _)) if AccountType::of_path(parent, Kind::Asset) == AccountType::Bank => {
            parent.to_owned()
        }
        _ => "Assets:Bank".to_owned(),
    }
}

/// A new path whose leading parts are written as the chart writes them: `expenses:Snacks` goes under
/// Expenses.
pub fn in_known_case(chart: &Chart, text: &str) -> String {
    let parts: Vec<&str> = text.split(':').collect();
    for count in (1..parts.len()).rev() {
        let head = parts[..count].join(":");
        // An imported journal may have both `expenses` and `Expenses`: what was typed exactly is meant.
        if chart.accounts().iter().any(|a| is_within(&a.path, &head)) {
            return text.to_owned();
        }
        let head = head.to_lowercase();
        let same = |a: &&Account| is_within(&a.path.to_lowercase(), &head);
        if let Some(account) = chart.accounts().iter().find(same) {
            let known: Vec<&str> = account.path.split(':').take(count).collect();
            return [known.as_slice(), &parts[count..]].concat().join(":");
        }
    }
    text.to_owned()
}

/// Refuses a new path that differs from an account's only in case: nobody could tell the two apart by typing.
pub fn refuse_twin(chart: &Chart, path: &str) -> Result<(), Failure> {
    let lower = path.to_lowercase();
    let twin = |a: &&Account| *a.path != *path && a.path.to_lowercase() == lower;
    match chart.accounts().iter().find(twin) {
        None => Ok(()),
        Some(twin) => Err(Failure::conflict(
            "account-exists",
            format!("{path} differs from {} only in case", twin.path),
        )
        .hint(format!(
            "use it: hissab account show {}",
            shell_word(&twin.path)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::change::NewAccount;
    use uuid::Uuid;

    fn chart(paths: &[&str]) -> Chart {
        let mut chart = Chart::default();
        for path in paths {
            let account = NewAccount::at(Uuid::nil(), *path).into_account(chart.next_account_key());
            chart.put_account(account);
        }
        chart
    }

    #[test]
    fn a_bare_name_is_created_where_its_use_belongs() {
        let shop = chart(&["Assets:Cash", "Assets:Bank:HDFC", "revenues:sales"]);
        let hints = |text: &str, wanted| creating_hints(&shop, text, wanted);
        let add = "to create it: hissab account add";
        assert_eq!(
            hints("sbi", Wanted::Money),
            [format!("{add} Assets:Bank:sbi")]
        );
        assert_eq!(
            hints("tips", Wanted::Income),
            [format!("{add} revenues:tips")]
        );
        assert_eq!(
            hints("tips", Wanted::Expense),
            [format!("{add} Expenses:tips")]
        );
        assert_eq!(
            hints("assets:bank:sbi", Wanted::Any),
            [format!("{add} Assets:Bank:sbi")]
        );
        assert_eq!(
            hints("Expnses:Tea", Wanted::Any),
            [format!("{add} Expenses:Tea")]
        );
        assert_eq!(
            hints("stock", Wanted::Balance)[0],
            "to create it, for what is owned: hissab account add Assets:stock"
        );
        assert_eq!(hints("sbi", Wanted::Any).len(), 3);
        assert!(hints("a::b", Wanted::Any).is_empty());
        let empty = unknown_account(&shop, " ", &[], Wanted::Any);
        assert_eq!((&*empty.code, empty.hints.len()), ("empty-account", 0));
    }

    #[test]
    fn the_group_of_banks_takes_a_new_bank() {
        let of = |paths: &[&str]| bank_parent(&chart(paths));
        assert_eq!(
            of(&["Assets:Current Assets:Bank Accounts"]),
            "Assets:Current Assets:Bank Accounts"
        );
        assert_eq!(of(&["Assets:Bank:Savings"]), "Assets:Bank");
        assert_eq!(of(&["Assets:Savings"]), "Assets:Bank");
        assert_eq!(of(&[]), "Assets:Bank");
    }

    #[test]
    fn a_path_that_differs_only_in_case_is_refused() {
        let shop = chart(&["Assets:Cash"]);
        assert_eq!(
            refuse_twin(&shop, "assets:cash").unwrap_err().code,
            "account-exists"
        );
        assert!(refuse_twin(&shop, "Assets:Cash").is_ok());
        assert!(refuse_twin(&shop, "Assets:Till").is_ok());
        assert_eq!(in_known_case(&shop, "assets:Till"), "Assets:Till");
        let both = chart(&["Assets:Cash", "assets:bank"]);
        assert_eq!(in_known_case(&both, "assets:Till"), "assets:Till");
    }
}
