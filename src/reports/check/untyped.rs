//! `account-untyped`: accounts that no statement knows where to put.

use super::words::pasted;
use crate::ledger::account::Kind;
use crate::ledger::chart::Chart;
use crate::ledger::finding::{Finding, Severity};

pub const CODE: &str = "account-untyped";

/// A finding for each account that is still unclassified.
pub fn check(chart: &Chart) -> Vec<Finding> {
    chart
        .in_order()
        .into_iter()
        .map(|key| chart.account(key))
        .filter(|account| account.kind == Kind::Unclassified)
        .map(|account| Finding {
            code: CODE,
            severity: Severity::Warning,
            date: None,
            number: None,
            account: Some(account.path.to_string()),
            message: "is no asset, liability, equity, income or expense yet".to_owned(),
            hint: Some(format!(
                "hissab account set {} --kind KIND",
                pasted(&account.path)
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::sample::shop;

    #[test]
    fn unclassified_accounts_are_named() {
        let found = check(&shop());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place(), "Mystery");
    }
}
