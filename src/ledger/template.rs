//! Charts to start from. Parties and banks get their accounts when they come; parents need no row.

use super::account::{AccountType, Kind};

/// A chart to start from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Template {
    /// Cash, suspense and opening balances: for those who bring their own chart.
    #[default]
    Plain,
    Shop,
    Personal,
    /// The groups every Tally company has, under its Indian names.
    Tally,
}

/// One account of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateAccount {
    pub path: &'static str,
    pub kind: Kind,
    pub account_type: AccountType,
}

impl Template {
    pub const ALL: [Template; 4] = [
        Template::Plain,
        Template::Shop,
        Template::Personal,
        Template::Tally,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Template::Plain => "plain",
            Template::Shop => "shop",
            Template::Personal => "personal",
            Template::Tally => "tally",
        }
    }

    pub fn from_word(word: &str) -> Option<Template> {
        Template::ALL.into_iter().find(|t| t.word() == word)
    }

    /// The accounts, in the order of the chart.
    pub fn accounts(self) -> Vec<TemplateAccount> {
        let paths = match self {
            Template::Plain => PLAIN,
            Template::Shop => SHOP,
            Template::Personal => PERSONAL,
            Template::Tally => TALLY,
        };
        paths.iter().map(|path| account(path)).collect()
    }

    /// Settings that name accounts: `cash`, `sales`, `purchases`.
    pub fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Template::Plain | Template::Personal => &[("cash", "Assets:Cash")],
            Template::Shop => &[
                ("cash", "Assets:Cash"),
                ("sales", "Income:Sales"),
                ("purchases", "Expenses:Purchases"),
            ],
            Template::Tally => &[
                ("cash", "Assets:Current Assets:Cash-in-Hand"),
                ("sales", "Income:Sales Accounts"),
                ("purchases", "Expenses:Purchase Accounts"),
            ],
        }
    }
}

fn account(path: &'static str) -> TemplateAccount {
    let kind = Kind::of_root(path.split(':').next().unwrap_or("")).unwrap_or(Kind::Unclassified);
    TemplateAccount {
        path,
        kind,
        account_type: AccountType::of_path(path, kind),
    }
}

const PLAIN: &[&str] = &[
    "Assets:Cash",
    "Liabilities:Suspense",
    "Equity:Opening Balances",
];

const SHOP: &[&str] = &[
    "Assets:Cash",
    "Assets:Equipment",
    "Assets:GST Input",
    "Assets:Stock",
    "Liabilities:GST Output",
    "Liabilities:Loans",
    "Liabilities:Suspense",
    "Equity:Capital",
    "Equity:Drawings",
    "Equity:Opening Balances",
    "Equity:Retained Earnings",
    "Income:Commission",
    "Income:Discount Received",
    "Income:Interest",
    "Income:Sales",
    "Expenses:Bank Charges",
    "Expenses:Cash Over/Short",
    "Expenses:Discount Allowed",
    "Expenses:Electricity",
    "Expenses:Freight",
    "Expenses:Insurance",
    "Expenses:Interest",
    "Expenses:Miscellaneous",
    "Expenses:Purchases",
    "Expenses:Rent",
    "Expenses:Repairs",
    "Expenses:Stationery",
    "Expenses:Tea",
    "Expenses:Telephone",
    "Expenses:Transport",
    "Expenses:Wages",
];

const PERSONAL: &[&str] = &[
    "Assets:Bank:Savings",
    "Assets:Cash",
    "Assets:Investments",
    "Liabilities:Credit Card",
    "Liabilities:Loans",
    "Liabilities:Suspense",
    "Equity:Opening Balances",
    "Income:Gifts",
    "Income:Interest",
    "Income:Other",
    "Income:Salary",
    "Expenses:Charity",
    "Expenses:Clothes",
    "Expenses:Eating Out",
    "Expenses:Education",
    "Expenses:Entertainment",
    "Expenses:Groceries",
    "Expenses:Health",
    "Expenses:Household",
    "Expenses:Insurance",
    "Expenses:Interest",
    "Expenses:Miscellaneous",
    "Expenses:Rent",
    "Expenses:Taxes",
    "Expenses:Telephone",
    "Expenses:Transport",
    "Expenses:Utilities",
];

const TALLY: &[&str] = &[
    "Assets:Current Assets:Bank Accounts",
    "Assets:Current Assets:Cash-in-Hand",
    "Assets:Current Assets:Deposits",
    "Assets:Current Assets:Loans & Advances",
    "Assets:Current Assets:Stock-in-Hand",
    "Assets:Current Assets:Sundry Debtors",
    "Assets:Fixed Assets",
    "Assets:Investments",
    "Assets:Misc. Expenses",
    "Liabilities:Branch / Divisions",
    "Liabilities:Current Liabilities:Duties & Taxes",
    "Liabilities:Current Liabilities:Provisions",
    "Liabilities:Current Liabilities:Sundry Creditors",
    "Liabilities:Loans:Bank OD A/c",
    "Liabilities:Loans:Secured Loans",
    "Liabilities:Loans:Unsecured Loans",
    "Liabilities:Suspense A/c",
    "Equity:Capital Account",
    "Equity:Opening Balances",
    "Equity:Reserves & Surplus",
    "Equity:Retained Earnings",
    "Income:Direct Incomes",
    "Income:Indirect Incomes",
    "Income:Sales Accounts",
    "Expenses:Direct Expenses",
    "Expenses:Indirect Expenses",
    "Expenses:Purchase Accounts",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::account::check_path;

    #[test]
    fn every_template_is_a_sound_chart_with_one_cash_account() {
        for template in Template::ALL {
            let accounts = template.accounts();
            for account in &accounts {
                assert_eq!(check_path(account.path), Ok(()), "{}", account.path);
                assert_ne!(account.kind, Kind::Unclassified, "{}", account.path);
            }
            let cash = accounts
                .iter()
                .filter(|a| a.account_type == AccountType::Cash)
                .count();
            assert_eq!(cash, 1, "{}", template.word());
            for (_, path) in template.settings() {
                assert!(accounts.iter().any(|a| a.path == *path), "{path}");
            }
            assert!(accounts.iter().any(|a| a.path.contains(":Suspense")));
        }
    }

    #[test]
    fn tallys_groups_have_their_types() {
        let find = |name: &str| {
            Template::Tally
                .accounts()
                .into_iter()
                .find(|a| a.path.ends_with(name))
                .unwrap()
        };
        assert_eq!(find("Sundry Debtors").account_type, AccountType::Receivable);
        assert_eq!(find("Sundry Creditors").account_type, AccountType::Payable);
        assert_eq!(find("Bank Accounts").account_type, AccountType::Bank);
        assert_eq!(find("Duties & Taxes").account_type, AccountType::Tax);
    }
}
