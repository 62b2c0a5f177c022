//! Which part of the cash flow statement a counter account belongs to.
//!
//! Trade, parties, taxes and stock are operating, other assets investing, owners and lenders financing;
//! suspense is operating until somebody knows better. Accounts say what they are by kind and type, and
//! where the type is general by name: in journals, and in books whose accounts were opened without one.
//! Source: IAS 7.13 to 7.17; AS 3, 11 to 17.

use crate::ledger::account::{Account, AccountKey, AccountType, Kind};
use crate::ledger::chart::Chart;

/// The section of an account that is neither cash nor bank.
pub fn activity(chart: &Chart, key: AccountKey) -> &'static str {
    let account = chart.account(key);
    let trades = match account.account_type {
        AccountType::Receivable | AccountType::Payable | AccountType::Tax => true,
        _ => named_for_trade(account),
    };
    match account.kind {
        Kind::Unclassified => "unclassified",
        Kind::Income | Kind::Expense => "operating",
        Kind::Asset | Kind::Liability if trades => "operating",
        Kind::Asset => "investing",
        Kind::Liability | Kind::Equity => "financing",
    }
}

/// Goods, and what running the business owes or has paid ahead, by the name of the account or one above it.
fn named_for_trade(account: &Account) -> bool {
    let suspense = account.name().to_lowercase().starts_with("suspense");
    let by_path = AccountType::of_path(&account.path, account.kind);
    suspense
        || matches!(
            by_path,
            AccountType::Receivable | AccountType::Payable | AccountType::Tax
        )
        || account
            .path
            .split(':')
            .skip(1)
            .any(|segment| WORKING.contains(&segment.to_lowercase().as_str()))
}

/// What a business turns over: stock in trade, and short debts and advances of its running.
const WORKING: [&str; 29] = [
    "stock",
    "stock-in-hand",
    "stock in hand",
    "stock-in-trade",
    "stock in trade",
    "closing stock",
    "opening stock",
    "inventory",
    "inventories",
    "merchandise",
    "goods",
    "raw materials",
    "work in progress",
    "work-in-progress",
    "finished goods",
    "prepaid",
    "prepaid expenses",
    "advance to suppliers",
    "advances to suppliers",
    "advance from customers",
    "advances from customers",
    "current liabilities",
    "provisions",
    "accrued expenses",
    "accrued liabilities",
    "outstanding expenses",
    "expenses payable",
    "salaries payable",
    "wages payable",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::template::Template;
    use crate::reports::sample::chart;

    fn sections(paths: &[&str]) -> Vec<&'static str> {
        let mut accounts = chart(paths).accounts().to_vec();
        // As in a book that was made before names told the type.
        for account in &mut accounts {
            account.account_type = AccountType::General;
        }
        let chart = Chart::new(accounts, Vec::new());
        chart
            .accounts()
            .iter()
            .map(|a| activity(&chart, a.key))
            .collect()
    }

    #[test]
    fn taxes_and_goods_are_operating_by_name_alone() {
        let paths = [
            "Assets:GST Input",
            "Assets:GST Input:CGST",
            "Liabilities:GST Output",
            "Liabilities:VAT Payable",
            "Assets:Input VAT",
            "Liabilities:GST Payable",
            "Assets:Stock",
            "Assets:Current Assets:Stock-in-Hand:Rice",
            "Liabilities:Current Liabilities:Provisions",
            "Liabilities:Suspense A/c",
        ];
        assert_eq!(sections(&paths), ["operating"; 10]);
    }

    #[test]
    fn machines_shares_and_loans_are_not() {
        let paths = ["Assets:Equipment", "Assets:Stocks", "Assets:Tax Saver Fund"];
        assert_eq!(sections(&paths), ["investing"; 3]);
        let paths = [
            "Liabilities:Loans:HDFC",
            "Equity:Capital",
            "Liabilities:Stock Loan",
        ];
        assert_eq!(sections(&paths), ["financing"; 3]);
    }

    #[test]
    fn what_the_templates_trade_in_is_operating() {
        for template in Template::ALL {
            for account in template.accounts() {
                let chart = chart(&[account.path]);
                let key = chart.accounts()[0].key;
                let words = ["GST", "Stock", "Duties", "Suspense", "Sundry", "Provisions"];
                if words.iter().any(|word| account.path.contains(word)) {
                    assert_eq!(activity(&chart, key), "operating", "{}", account.path);
                }
            }
        }
    }
}
