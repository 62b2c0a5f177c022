//! Where Tally's groups stand in a chart: its twenty-eight own ones by name, others by what they hang under.

use std::collections::BTreeMap;

use super::model::Group;
use crate::formats::gnucash::build::segment;
use crate::ledger::account::{AccountType, Kind};

/// How deep groups nest, and against loops.
const DEPTH_MAX: usize = 32;

/// A group of Tally's own: where it stands, as `init --template tally` has it.
struct Own {
    name: &'static str,
    path: &'static str,
    kind: Kind,
    of_type: Option<AccountType>,
}

const fn own(
    name: &'static str,
    path: &'static str,
    kind: Kind,
    of_type: Option<AccountType>,
) -> Own {
    Own {
        name,
        path,
        kind,
        of_type,
    }
}

const OWN: &[Own] = &[
    own(
        "bank accounts",
        "Assets:Current Assets:Bank Accounts",
        Kind::Asset,
        Some(AccountType::Bank),
    ),
    own(
        "bank od a/c",
        "Liabilities:Loans:Bank OD A/c",
        Kind::Liability,
        Some(AccountType::Bank),
    ),
    own(
        "bank occ a/c",
        "Liabilities:Loans:Bank OD A/c",
        Kind::Liability,
        Some(AccountType::Bank),
    ),
    own(
        "branch / divisions",
        "Liabilities:Branch / Divisions",
        Kind::Liability,
        None,
    ),
    own(
        "capital account",
        "Equity:Capital Account",
        Kind::Equity,
        None,
    ),
    own(
        "cash-in-hand",
        "Assets:Current Assets:Cash-in-Hand",
        Kind::Asset,
        Some(AccountType::Cash),
    ),
    own("current assets", "Assets:Current Assets", Kind::Asset, None),
    own(
        "current liabilities",
        "Liabilities:Current Liabilities",
        Kind::Liability,
        None,
    ),
    own(
        "deposits (asset)",
        "Assets:Current Assets:Deposits",
        Kind::Asset,
        None,
    ),
    own(
        "direct expenses",
        "Expenses:Direct Expenses",
        Kind::Expense,
        None,
    ),
    own(
        "expenses (direct)",
        "Expenses:Direct Expenses",
        Kind::Expense,
        None,
    ),
    own(
        "direct incomes",
        "Income:Direct Incomes",
        Kind::Income,
        None,
    ),
    own(
        "income (direct)",
        "Income:Direct Incomes",
        Kind::Income,
        None,
    ),
    own(
        "duties & taxes",
        "Liabilities:Current Liabilities:Duties & Taxes",
        Kind::Liability,
        Some(AccountType::Tax),
    ),
    own("fixed assets", "Assets:Fixed Assets", Kind::Asset, None),
    own(
        "indirect expenses",
        "Expenses:Indirect Expenses",
        Kind::Expense,
        None,
    ),
    own(
        "expenses (indirect)",
        "Expenses:Indirect Expenses",
        Kind::Expense,
        None,
    ),
    own(
        "indirect incomes",
        "Income:Indirect Incomes",
        Kind::Income,
        None,
    ),
    own(
        "income (indirect)",
        "Income:Indirect Incomes",
        Kind::Income,
        None,
    ),
    own("investments", "Assets:Investments", Kind::Asset, None),
    own(
        "loans & advances (asset)",
        "Assets:Current Assets:Loans & Advances",
        Kind::Asset,
        None,
    ),
    own(
        "loans (liability)",
        "Liabilities:Loans",
        Kind::Liability,
        None,
    ),
    own(
        "misc. expenses (asset)",
        "Assets:Misc. Expenses",
        Kind::Asset,
        None,
    ),
    own(
        "provisions",
        "Liabilities:Current Liabilities:Provisions",
        Kind::Liability,
        None,
    ),
    own(
        "purchase accounts",
        "Expenses:Purchase Accounts",
        Kind::Expense,
        None,
    ),
    own(
        "reserves & surplus",
        "Equity:Reserves & Surplus",
        Kind::Equity,
        None,
    ),
    own(
        "retained earnings",
        "Equity:Reserves & Surplus",
        Kind::Equity,
        None,
    ),
    own(
        "sales accounts",
        "Income:Sales Accounts",
        Kind::Income,
        None,
    ),
    own(
        "secured loans",
        "Liabilities:Loans:Secured Loans",
        Kind::Liability,
        None,
    ),
    own(
        "stock-in-hand",
        "Assets:Current Assets:Stock-in-Hand",
        Kind::Asset,
        None,
    ),
    own(
        "sundry creditors",
        "Liabilities:Current Liabilities:Sundry Creditors",
        Kind::Liability,
        Some(AccountType::Payable),
    ),
    own(
        "sundry debtors",
        "Assets:Current Assets:Sundry Debtors",
        Kind::Asset,
        Some(AccountType::Receivable),
    ),
    own(
        "suspense a/c",
        "Liabilities:Suspense A/c",
        Kind::Liability,
        None,
    ),
    own(
        "unsecured loans",
        "Liabilities:Loans:Unsecured Loans",
        Kind::Liability,
        None,
    ),
];

/// Where a ledger stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub path: String,
    pub kind: Kind,
    pub of_type: Option<AccountType>,
}

/// Of a ledger below a group; `None` where the group leads nowhere that is known.
pub(super) fn place(ledger: &str, parent: &str, groups: &BTreeMap<String, Group>) -> Option<Place> {
    let name = segment(ledger);
    let mut below = vec![name];
    let mut at = parent.trim().to_owned();
    for _ in 0..DEPTH_MAX {
        let lower = at.to_lowercase();
        if let Some(own) = OWN.iter().find(|own| own.name == lower) {
            below.push(own.path.to_owned());
            below.reverse();
            return Some(Place {
                path: below.join(":"),
                kind: own.kind,
                of_type: own.of_type,
            });
        }
        // The root of all groups, and Tally's own ledger of results.
        if lower.is_empty() || lower.ends_with("primary") {
            break;
        }
        below.push(segment(&at));
        let group = groups.get(&lower)?;
        let top = group.parent.trim().to_lowercase();
        if top.is_empty() || top.ends_with("primary") {
            return Some(primary(group, below));
        }
        at = group.parent.clone();
    }
    let results = ledger.trim().eq_ignore_ascii_case("profit & loss a/c");
    results.then(|| Place {
        path: "Equity:Profit & Loss A/c".to_owned(),
        kind: Kind::Equity,
        of_type: None,
    })
}

/// Below a primary group of the company's own: its nature says which side it is of.
fn primary(group: &Group, mut below: Vec<String>) -> Place {
    let (root, kind) = match (group.is_revenue, group.is_debit) {
        (true, true) => ("Expenses", Kind::Expense),
        (true, false) => ("Income", Kind::Income),
        (false, true) => ("Assets", Kind::Asset),
        (false, false) => ("Liabilities", Kind::Liability),
    };
    below.push(root.to_owned());
    below.reverse();
    Place {
        path: below.join(":"),
        kind,
        of_type: None,
    }
}
