//! The accounts that short commands leave unsaid: cash, sales, purchases, suspense.

use std::sync::Arc;

use super::Recorder;
use super::creating::Wanted;
use crate::cli::error::{Failure, Result, shell_word};
use crate::ledger::account::{Account, AccountType, Kind};

/// Where amounts wait until someone says what they were.
pub const SUSPENSE: &str = "Liabilities:Suspense";

impl Recorder<'_> {
    /// The account money moves through: `--mode`, else the book's cash account.
    pub fn mode(&mut self, given: Option<&str>) -> Result<Arc<str>> {
        match given {
            Some(text) => {
                let path = self.account_for(text, Wanted::Money)?;
                self.holds_money(&path)?;
                Ok(path)
            }
            None => self.usual("cash", "--mode", &|a| a.account_type == AccountType::Cash),
        }
    }

    /// Money moves through what is owned and owed; income and expenses say what it was for.
    fn holds_money(&self, path: &Arc<str>) -> Result<()> {
        match self.chart.find(path).map(|a| a.kind) {
            Some(kind @ (Kind::Income | Kind::Expense)) => Err(Failure::usage(
                "not-a-mode",
                format!("--mode names where the money is, and {path} is {kind}"),
            )
            .hint(format!("what it was for: --category {}", shell_word(path)))),
            _ => Ok(()),
        }
    }

    /// The account goods are sold through.
    pub fn sales(&mut self, given: Option<&str>) -> Result<Arc<str>> {
        match given {
            Some(text) => self.account_for(text, Wanted::Income),
            None => self.usual("sales", "--category", &|a| {
                a.kind == Kind::Income && a.name().eq_ignore_ascii_case("sales")
            }),
        }
    }

    /// The account goods are bought through.
    pub fn purchases(&mut self, given: Option<&str>) -> Result<Arc<str>> {
        match given {
            Some(text) => self.account_for(text, Wanted::Expense),
            None => self.usual("purchases", "--category", &|a| {
                a.kind == Kind::Expense && a.name().eq_ignore_ascii_case("purchases")
            }),
        }
    }

    /// The book's setting of this name, else the only open account that fits.
    fn usual(
        &mut self,
        setting: &str,
        flag: &str,
        fits: &dyn Fn(&Account) -> bool,
    ) -> Result<Arc<str>> {
        if let Some(path) = self.info.settings.other.get(setting) {
            return self
                .chart
                .find(path)
                .map(|a| a.path.clone())
                .ok_or_else(|| {
                    Failure::not_found(
                        "unknown-account",
                        format!("the book's {setting} account is {path}, which does not exist"),
                    )
                    .hint(format!("hissab config set book.{setting} ACCOUNT"))
                });
        }
        let open: Vec<&Account> = self
            .chart
            .accounts()
            .iter()
            .filter(|a| a.closed_on.is_none() && fits(a))
            .collect();
        match open.as_slice() {
            [one] => Ok(one.path.clone()),
            [] => Err(Failure::usage("no-usual-account", format!("the book has no {setting} account"))
                .hint(format!("name one with {flag} ACCOUNT, or once for all: hissab config set book.{setting} ACCOUNT"))),
            several => {
                let paths: Vec<&str> = several.iter().map(|a| &*a.path).collect();
                Err(Failure::usage("several-usual-accounts", format!("the book has {} {setting} accounts: {}", paths.len(), paths.join(", ")))
                    .hint(format!("name one with {flag} ACCOUNT, or once for all: hissab config set book.{setting} ACCOUNT")))
            }
        }
    }

    /// The suspense account, planned if the book has none.
    pub fn suspense(&mut self) -> Arc<str> {
        let existing = self
            .chart
            .accounts()
            .iter()
            .find(|a| a.name().eq_ignore_ascii_case("suspense") && a.closed_on.is_none());
        match existing.map(|a| a.path.clone()) {
            Some(path) => path,
            None => self.ensure_account(SUSPENSE),
        }
    }

    /// The income or expense account whose last segment is exactly what was typed.
    ///
    /// `None` if no account is called so, or several are: then the words are a description.
    pub fn category_named(&self, what: &str, kind: Kind) -> Option<Arc<str>> {
        let mut named = self.chart.accounts().iter().filter(|a| {
            a.kind == kind
                && a.closed_on.is_none()
                && a.name().to_lowercase() == what.to_lowercase()
        });
        let first = named.next()?;
        named.next().is_none().then(|| first.path.clone())
    }
}

/// `Suspense`, or Tally's `Suspense A/c`.
pub fn is_suspense(account: &Account) -> bool {
    matches!(
        account.name().to_lowercase().as_str(),
        "suspense" | "suspense a/c" | "suspense account"
    )
}
