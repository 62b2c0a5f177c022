//! Files that hold the rows of several accounts of one holder: read as one, they would all go into one account.

use super::Options;
use super::amounts;
use super::body::BodyRow;
use super::columns::{Columns, Role};
use super::layouts::Layout;
use super::table::Table;
use crate::formats::fault::Fault;
use crate::formats::rules::profile::plain_number;

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

/// The rows of the account that is wanted; all of them, where nothing is said and they are of one.
///
/// Errors: rows of several accounts in one currency, and of one that nothing is said of.
pub fn rows(
    table: &Table<'_>,
    mut rows: Vec<BodyRow>,
    columns: &Columns,
    layout: Option<&Layout>,
    options: &Options,
) -> Result<Vec<BodyRow>, Fault> {
    // A column that is empty on some rows is the other side's: money was paid out in cash.
    let own = column(columns).filter(|own| {
        let mut cells = rows.iter().map(|r| table.cell(r.row, *own));
        cells.all(|cell| !amounts::is_blank(cell))
    });
    let Some(wanted) = &options.own_account else {
        // N26 and Revolut print the spaces and pockets of one account so.
        let pockets = layout.is_some_and(|l| matches!(l.name, "N26" | "Revolut" | "PayPal"));
        return match own.filter(|_| !pockets && options.columns.is_none()) {
            Some(own) => refuse_several(table, &rows, columns, own).map(|()| rows),
            None => Ok(rows),
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
    Ok(rows)
}

fn refuse_several(
    table: &Table<'_>,
    rows: &[BodyRow],
    columns: &Columns,
    own: usize,
) -> Result<(), Fault> {
    let currency = |row: usize| {
        let column = columns.get(Role::Currency);
        column.map_or("", |c| table.cell(row, c))
    };
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        let (account, currency) = (table.cell(row.row, own), currency(row.row));
        if account.is_empty() || seen.contains(&(account, currency)) {
            continue;
        }
        // An account in each currency: Revolut Business.
        if let Some((other, _)) = seen.iter().find(|(_, c)| *c == currency) {
            let why = format!("the file holds rows of several accounts: {other:?} and {account:?}");
            return Err(table
                .fault(row.row, own, "several-accounts", why)
                .hint(format!(
                    "--account '{other}=ACCOUNT' --account '{account}=ACCOUNT' (NUMBER=- leaves one out); if all of it is one account's: --columns {}",
                    columns.to_list()
                )));
        }
        seen.push((account, currency));
    }
    Ok(())
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
    use super::OwnAccount;

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

    #[test]
    fn an_account_on_the_other_side_is_none_of_ours() {
        let text = "Date,Payee,Account number,Transaction type,Payment reference,Amount (EUR)\n2026-04-02,a,DE1,x,y,5.00\n2026-04-13,b,DE2,x,y,-7.00\n";
        assert!(read(text.as_bytes(), &Options::default(), None).is_ok());
    }
}
