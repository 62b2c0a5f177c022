//! A bank's CSV file read as a journal, by hledger's rules beside it: `bank.csv` by `bank.csv.rules`.
//!
//! Rows without an account2 go to `expenses:unknown` and `income:unknown`, as in hledger.

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;

use super::csv::{self, Options};
use super::fault::Fault;
use super::journal::builder::{Builder, Whole, WholeEntry, tag};
use super::rules::{Rules, profile};
use super::statement::{Statement, StatementRow};
use crate::ledger::account::Kind;
use crate::ledger::currency::CurrencyKey;

/// Where the rules of a file are looked for.
pub fn rules_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rules");
    PathBuf::from(name)
}

/// The rules beside a file; what they include is looked for there too.
pub(super) fn rules_beside(file: &Path) -> Result<Rules, Fault> {
    let path = rules_path(file);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "there are no rules beside the file that say what its columns are".to_owned()
            }
            _ => format!("cannot be read: {error}"),
        };
        Fault::file("unreadable-file", why).hint(
            "write hledger's CSV rules into it: skip, fields, account1, currency; or hissab import",
        )
    })?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut include =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|e| e.to_string());
    profile::rules_file(&text, &mut include)
}

/// Reads the rows into what is being built.
///
/// Errors: the first row that cannot be read without a guess; rules that name no account1.
pub(super) fn read(
    bytes: &[u8],
    mut rules: Rules,
    builder: &mut Builder<'_>,
    source: u16,
) -> Result<(), Fault> {
    let account1 = rules.constant(super::rules::Field::Account(1));
    let account1 = account1.filter(|a| !a.is_empty());
    if account1.is_none() && !rules.own_by_row() {
        return Err(Fault::file(
            "account-needed",
            "its rules do not name the account it is a statement of",
        )
        .hint("write account1 into the rules: account1 Assets:Bank"));
    }
    let account1 = account1.unwrap_or_default();
    let options = Options {
        liability: Kind::of_root(account1.split(':').next().unwrap_or("")) == Some(Kind::Liability),
        allow_gap: builder.options().ignore_assertions,
        zone: Some(builder.options().zone.clone()),
        ..Options::default()
    };
    let statement = csv::read(bytes, &options, Some(&mut rules))?;
    post(&statement, &account1, builder, source);
    Ok(())
}

fn post(statement: &Statement, account1: &str, builder: &mut Builder<'_>, source: u16) {
    let home = builder.options().default_commodity.clone();
    for row in &statement.rows {
        let code = row.currency.as_deref().or(home.as_deref());
        let Some(currency) = builder.currency(code.unwrap_or("")) else {
            return;
        };
        let own = row.category.own.as_deref().unwrap_or(account1);
        let whole = transaction(row, own, currency, builder, source);
        builder.transaction(whole);
        if builder.is_full() {
            return;
        }
    }
}

fn transaction(
    row: &StatementRow,
    account1: &str,
    currency: CurrencyKey,
    builder: &mut Builder<'_>,
    source: u16,
) -> Whole {
    let category = &row.category;
    let mut entry = |path: &str, amount: Decimal, memo: &Option<String>| {
        let mut entry = WholeEntry::new(builder.account(path), amount, currency);
        entry.memo = memo.clone().unwrap_or_default();
        entry
    };
    let unknown = match row.amount.is_sign_negative() {
        true => "expenses:unknown",
        false => "income:unknown",
    };
    let mut entries = vec![entry(account1, row.amount, &category.memo)];
    let mut rest = -row.amount;
    for split in &category.splits {
        let path = split.account.as_deref().unwrap_or(unknown);
        entries.push(entry(path, split.amount, &split.memo));
        rest -= split.amount;
    }
    if !rest.is_zero() || category.splits.is_empty() {
        let path = category.account.as_deref().unwrap_or(unknown);
        entries.insert(1, entry(path, rest, &category.counter_memo));
    }
    let mut tags = category.tags.clone();
    tags.extend(row.payee.iter().map(|payee| tag("payee", payee)));
    Whole {
        source,
        line: u32::try_from(row.line).unwrap_or(u32::MAX),
        date: row.date,
        status: category.status,
        description: row.description.clone(),
        reference: row.reference.clone().unwrap_or_default(),
        tags,
        comment: String::new(),
        entries,
    }
}
