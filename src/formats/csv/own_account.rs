//! Files that hold the rows of several accounts of one holder: read as one, they would all go into one account.

use super::Options;
use super::amounts;
use super::body::BodyRow;
use super::columns::{Columns, Role};
use super::layouts::Layout;
use super::table::Table;
use crate::formats::fault::Fault;
use crate::formats::rules::profile::plain_number;
use crate::formats::statement::{Proof, Statement};

/// The account whose rows are wanted, of a file of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccount {
    /// As [`plain_number`] has it.
    pub number: String,
    /// All that something is said of: a row of any other refuses the file.
    pub said: Vec<String>,
}

/// What banks call the account that a row belongs to, and never the one on the other side.
const OWN: &[&str] = &[
    "account",
    "account name",
    "auftraggeberkonto",
    "auftragskonto",
    "bank account",
    "client account",
    "conto o carta",
    "customer account no",
    "iban auftraggeberkonto",
    "iban bban",
    "klienta konts",
    "kliendi konto",
    "rekeningnummer",
    "saskaitos nr",
    "source account",
    "номер счета",
];

/// What else it is called where a row begins with it; elsewhere it is the other side's.
const OWN_FIRST: &[&str] = &["account number", "iban", "konto", "kontonummer"];

/// What may be either: the holder's where the file has a column for the other side's too.
const EITHER: &[&str] = &["rekening", "conto", "compte"];

/// What the other side's is called.
const OTHERS: &[&str] = &[
    "counter account",
    "counterparty",
    "counterparty account",
    "rekening tegenpartij",
    "rekeningnummer tegenpartij",
    "tegenrekening",
    "to account",
];

/// Where these stand before it, it is not the other side's either.
const BEFORE: &[&str] = &["account type", "sort code"];

/// The rows of the account that is wanted; all of them, where nothing is said and they are of one, or may be.
///
/// Errors: rows of several accounts in one currency, and of one that nothing is said of.
pub fn rows(
    table: &Table<'_>,
    mut rows: Vec<BodyRow>,
    columns: &Columns,
    layout: Option<&Layout>,
    options: &Options,
) -> Result<Taken, Fault> {
    // A column that is empty on some rows is the other side's: money was paid out in cash.
    let own = column(columns).filter(|own| {
        let mut cells = rows.iter().map(|r| table.cell(r.row, *own));
        cells.all(|cell| !amounts::is_blank(cell))
    });
    let Some(wanted) = &options.own_account else {
        // N26 and Revolut print the spaces and pockets of one account so.
        let pockets = layout.is_some_and(|l| matches!(l.name, "N26" | "Revolut" | "PayPal"));
        return match own.filter(|_| !pockets && options.columns.is_none()) {
            Some(own) => several(table, &rows, columns, own).map(|doubt| Taken { rows, doubt }),
            None => Ok(Taken { rows, doubt: None }),
        };
    };
    let Some(own) = own else {
        let why = "no column says which account a row belongs to";
        return Err(Fault::file("several-accounts", why)
            .hint("name one account for all of it: --account ACCOUNT"));
    };
    let number = |row: &BodyRow| plain_number(table.cell(row.row, own));
    if let Some(other) = rows.iter().find(|row| !wanted.said.contains(&number(row))) {
        let cell = table.cell(other.row, own);
        let why = format!("nothing says which account of the book {cell:?} is");
        return Err(table
            .fault(other.row, own, "several-accounts", why)
            .hint(format!(
                "--account '{cell}=ACCOUNT', or '{cell}=-' to leave its rows out"
            )));
    }
    rows.retain(|row| number(row) == wanted.number);
    Ok(Taken { rows, doubt: None })
}

/// The rows of a table that are read, and how sure it is that they are one account's.
pub struct Taken {
    pub rows: Vec<BodyRow>,
    /// Why they may be of several after all, unless the running balance says that they are of one.
    pub doubt: Option<Doubt>,
}

/// A column that would name the accounts of several, and holds what looks like categories.
pub struct Doubt {
    pub column: usize,
    fault: Fault,
    count: usize,
}

impl Doubt {
    /// What is said of a statement whose balance runs on over all rows.
    ///
    /// Errors: the refusal of several accounts, where it does not.
    pub fn settle(self, built: Result<Statement, Fault>, name: &str) -> Result<Statement, Fault> {
        let Ok(mut statement) = built else {
            return Err(self.fault);
        };
        let [series] = &statement.series[..] else {
            return Err(self.fault);
        };
        // Every row but the first follows from the one before it.
        let proven = matches!(series.proof, Proof::Running(checked) if checked + 1 >= series.rows);
        if !proven || statement.gap.is_some() {
            return Err(self.fault);
        }
        let text = format!(
            "the column {name:?} holds {} categories, not accounts: the balance runs on from each to the next",
            self.count
        );
        statement.note(None, text);
        Ok(statement)
    }
}

/// The least number of names that are categories rather than somebody's accounts.
const CATEGORIES_MIN: usize = 5;
/// So many names are, in however many rows.
const CATEGORIES_MANY: usize = 8;

/// Rows that say two accounts or more in one currency.
///
/// Errors: so many are no categories, or nothing could show that they are.
fn several(
    table: &Table<'_>,
    rows: &[BodyRow],
    columns: &Columns,
    own: usize,
) -> Result<Option<Doubt>, Fault> {
    let currency = |row: usize| {
        let column = columns.get(Role::Currency);
        column.map_or("", |c| table.cell(row, c))
    };
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut second = None;
    for row in rows {
        let pair = (table.cell(row.row, own), currency(row.row));
        if pair.0.is_empty() || seen.contains(&pair) {
            continue;
        }
        // An account in each currency: Revolut Business.
        let other = seen.iter().find(|(_, c)| *c == pair.1);
        second = second.or(other.map(|(other, _)| (row.row, *other, pair.0)));
        seen.push(pair);
        if seen.len() > NAMES_MAX {
            break;
        }
    }
    let Some((row, other, account)) = second else {
        return Ok(None);
    };
    let mut names: Vec<&str> = seen.into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let why = format!("the file holds rows of several accounts: {other:?} and {account:?}");
    let fault = table
        .fault(row, own, "several-accounts", why)
        .hint(both_ways(&names, columns, own));
    let plain = |name: &&str| !name.contains(|c: char| c.is_numeric());
    let many = names.len() >= CATEGORIES_MANY || names.len() * 4 >= rows.len();
    let like_categories = names.len() >= CATEGORIES_MIN
        && names.len() <= NAMES_MAX
        && names.iter().all(plain)
        && many;
    if !like_categories || columns.get(Role::Balance).is_none() {
        return Err(fault);
    }
    Ok(Some(Doubt {
        column: own,
        fault,
        count: names.len(),
    }))
}

/// More names than anybody has categories; what is beyond is not looked at.
const NAMES_MAX: usize = 500;
/// Accounts that a hint lists.
const LISTED_MAX: usize = 4;

/// The flags for rows of several accounts, and those for rows of one whose column holds categories.
fn both_ways(names: &[&str], columns: &Columns, own: usize) -> String {
    let mut flags: Vec<String> = names
        .iter()
        .take(LISTED_MAX)
        .map(|name| format!("--account '{}=ACCOUNT'", name.replace('\'', r"'\''")))
        .collect();
    if names.len() > LISTED_MAX {
        flags.push(format!("and {} more", names.len() - LISTED_MAX));
    }
    format!(
        "{} (NUMBER=- leaves one out); if all of it is one account's: --columns {}",
        flags.join(" "),
        with_category(columns, own).to_list()
    )
}

/// The columns where this one holds categories, if it can.
pub fn with_category(columns: &Columns, column: usize) -> Columns {
    let mut columns = columns.clone();
    let role = columns.pairs().iter().find(|(_, c)| *c == column);
    let free = role.is_none_or(|(role, _)| *role == Role::Account);
    if free && columns.get(Role::Category).is_none() {
        columns.drop_role(Role::Account);
        columns.set(Role::Category, column);
    }
    columns
}

fn column(columns: &Columns) -> Option<usize> {
    // Cash App calls so what was paid from or to.
    if columns.has(&["account", "asset type"]) {
        return None;
    }
    let named = |list: &[&str]| {
        let mut names = columns.names.iter();
        names.position(|n| list.contains(&n.as_str()))
    };
    let first =
        named(OWN_FIRST).filter(|c| *c == 0 || BEFORE.contains(&columns.names[c - 1].as_str()));
    named(OWN)
        .or(first)
        .or_else(|| named(OTHERS).and_then(|_| named(EITHER)))
}

#[cfg(test)]
mod tests {
    use super::super::{Options, read};
    use super::{Columns, OwnAccount};

    const TWO: &str = "Datum;Naam / Omschrijving;Rekening;Tegenrekening;Code;Af Bij;Bedrag (EUR);MutatieSoort;Mededelingen\n20260402;ACME;NL01 INGB 1;NL9;OV;Bij;1500,00;x;y\n20260413;Huur;NL02 INGB 2;NL8;OV;Af;700,00;x;y\n";

    #[test]
    fn rows_of_two_accounts_are_no_statement_of_one() {
        let fault = read(TWO.as_bytes(), &Options::default(), None).unwrap_err();
        assert_eq!((fault.code, fault.line), ("several-accounts", Some(3)));
        let of = |number: &str, said: &[&str]| {
            let said = said.iter().map(|s| (*s).to_owned()).collect();
            let options = Options {
                own_account: Some(OwnAccount {
                    number: number.to_owned(),
                    said,
                }),
                ..Options::default()
            };
            read(TWO.as_bytes(), &options, None)
        };
        let both = ["NL01INGB1", "NL02INGB2"];
        let amounts = |number| {
            let statement = of(number, &both).unwrap();
            statement
                .rows
                .iter()
                .map(|r| r.amount.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(amounts("NL01INGB1"), ["1500.00"]);
        assert_eq!(amounts("NL02INGB2"), ["-700.00"]);
        assert_eq!(
            of("NL01INGB1", &both[..1]).unwrap_err().code,
            "several-accounts"
        );
    }

    /// A statement whose column `Account` says what each row was for; `balance` of a row's number.
    fn categorised(names: &[&str], balance: impl Fn(i64) -> i64) -> String {
        let rows = names.iter().zip(1..).map(|(name, n)| {
            let balance = balance(n);
            format!("2026-04-{n:02},{name},Shop {n},-1.00,{balance}.00\n")
        });
        let head = "Date,Account,Description,Amount,Balance\n";
        rows.fold(head.to_owned(), |text, row| text + &row)
    }

    const CATEGORIES: [&str; 6] = ["Food", "Rent", "Food", "Travel", "Fees", "Gifts"];

    #[test]
    fn categories_under_the_name_of_an_account_are_told_by_the_balance() {
        let text = categorised(&CATEGORIES, |n| 100 - n);
        let statement = read(text.as_bytes(), &Options::default(), None).unwrap();
        assert_eq!(statement.rows.len(), 6);
        let said = |note: &crate::formats::statement::Note| note.text.contains("5 categories");
        assert!(statement.notes.iter().any(said), "{:?}", statement.notes);
        let category = statement.rows[1].category.named.clone();
        assert_eq!(category.as_deref(), Some("Rent"));
    }

    #[test]
    fn names_that_may_be_accounts_are_asked_about_with_both_flags() {
        // A balance of each, one that does not run on, few names, and names with digits.
        let each = |n: i64| 100 - (n % 2);
        let numbers = ["A 1", "B 2", "A 1", "C 3", "D 4", "E 5"];
        let few = ["Till", "Safe", "Till", "Safe", "Till", "Safe"];
        let fine = |n: i64| 100 - n;
        for text in [
            categorised(&CATEGORIES, each),
            categorised(&numbers, fine),
            categorised(&few, fine),
            categorised(&CATEGORIES, fine).replace("Balance", "Points"),
        ] {
            let fault = read(text.as_bytes(), &Options::default(), None).unwrap_err();
            assert_eq!((fault.code, fault.line), ("several-accounts", Some(3)));
            let hint = fault.hint.unwrap();
            assert!(hint.starts_with("--account '"), "{hint}");
            let columns = "--columns date,category,description,amount";
            assert!(hint.contains(columns), "{hint}");
            // Both can be pasted.
            let said = hint.rsplit("--columns ").next().unwrap();
            let options = Options {
                columns: Columns::from_list(said).ok(),
                allow_gap: true,
                ..Options::default()
            };
            assert!(read(text.as_bytes(), &options, None).is_ok(), "{said}");
        }
    }

    #[test]
    fn an_account_on_the_other_side_is_none_of_ours() {
        let text = "Date,Payee,Account number,Transaction type,Payment reference,Amount (EUR)\n2026-04-02,a,DE1,x,y,5.00\n2026-04-13,b,DE2,x,y,-7.00\n";
        assert!(read(text.as_bytes(), &Options::default(), None).is_ok());
    }
}
