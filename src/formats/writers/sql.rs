//! A book as a plain SQL script: tables, then rows, in one transaction. `sqlite3 x.db < book.sql`
//! loads it, and so does Postgres.
//!
//! Amounts are exact: an integer of minor units, and the scale beside it; never a float. A view
//! sums them to balances.

use std::io::{self, Write};

use super::{BookWriter, Facts};
use crate::ledger::amount_format::machine;
use crate::ledger::transaction::{Tag, Transaction};

/// Every table and view, in the order in which they refer to each other.
const SCHEMA: &str = "\
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE currency (code TEXT PRIMARY KEY, scale INTEGER NOT NULL, symbol TEXT, name TEXT);
CREATE TABLE account (path TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, type TEXT NOT NULL, code TEXT, currency TEXT REFERENCES currency (code), opened DATE, closed DATE, phone TEXT, email TEXT, tax_id TEXT, address TEXT, credit_limit TEXT, note TEXT);
CREATE TABLE account_alias (account TEXT NOT NULL REFERENCES account (path), alias TEXT NOT NULL, PRIMARY KEY (account, alias));
CREATE TABLE price (day DATE NOT NULL, commodity TEXT NOT NULL, currency TEXT NOT NULL, rate TEXT NOT NULL, PRIMARY KEY (day, commodity, currency));
CREATE TABLE assertion (id TEXT PRIMARY KEY, day DATE NOT NULL, account TEXT NOT NULL REFERENCES account (path), currency TEXT NOT NULL REFERENCES currency (code), amount TEXT NOT NULL, subaccounts INTEGER NOT NULL, source TEXT NOT NULL);
CREATE TABLE txn (number BIGINT PRIMARY KEY, id TEXT NOT NULL UNIQUE, day DATE NOT NULL, voucher TEXT NOT NULL, status TEXT NOT NULL, description TEXT NOT NULL, payee TEXT, reference TEXT, due DATE, reverses BIGINT);
CREATE TABLE txn_tag (number BIGINT NOT NULL REFERENCES txn (number), place INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (number, place));
CREATE TABLE txn_metadata (number BIGINT NOT NULL REFERENCES txn (number), place INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (number, place));
-- amount_minor and weight_minor are whole minor units, debit positive: 12.50 INR is 1250 at scale 2.
-- The weights of a transaction sum to zero in each currency.
CREATE TABLE entry (number BIGINT NOT NULL REFERENCES txn (number), place INTEGER NOT NULL, account TEXT NOT NULL REFERENCES account (path), currency TEXT NOT NULL REFERENCES currency (code), amount_minor BIGINT NOT NULL, scale INTEGER NOT NULL, amount TEXT NOT NULL, price TEXT, price_currency TEXT, price_basis TEXT, weight_minor BIGINT NOT NULL, weight_currency TEXT NOT NULL, weight_scale INTEGER NOT NULL, status TEXT NOT NULL, memo TEXT, PRIMARY KEY (number, place));
CREATE TABLE entry_tag (number BIGINT NOT NULL, entry INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (number, entry, place));
CREATE VIEW balance AS SELECT account, currency, SUM(amount_minor) AS balance_minor, MAX(scale) AS scale FROM entry GROUP BY account, currency;
";

pub(super) struct Sql<'w> {
    out: &'w mut dyn Write,
    facts: Facts,
}

/// A value of a row.
enum Value<'a> {
    Null,
    Text(&'a str),
    Owned(String),
    Number(i128),
}

use Value::{Null, Number, Owned, Text};

impl<'a> Value<'a> {
    fn maybe(text: Option<&'a str>) -> Value<'a> {
        text.map_or(Null, Text)
    }

    fn shown(value: Option<impl ToString>) -> Value<'a> {
        value.map_or(Null, |v| Owned(v.to_string()))
    }
}

impl<'w> Sql<'w> {
    pub fn new(out: &'w mut dyn Write, facts: Facts) -> Sql<'w> {
        Sql { out, facts }
    }

    fn insert(&mut self, table: &str, values: &[Value<'_>]) -> io::Result<()> {
        write!(self.out, "INSERT INTO {table} VALUES (")?;
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                self.out.write_all(b", ")?;
            }
            match value {
                Null => self.out.write_all(b"NULL")?,
                Number(number) => write!(self.out, "{number}")?,
                Text(text) => self.literal(text)?,
                Owned(text) => self.literal(text)?,
            }
        }
        self.out.write_all(b");\n")
    }

    fn literal(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "'{}'", text.replace('\'', "''"))
    }

    fn tags(&mut self, table: &str, keys: &[u64], tags: &[Tag]) -> io::Result<()> {
        for (place, tag) in tags.iter().enumerate() {
            let mut values: Vec<Value<'_>> = keys.iter().map(|k| Number(i128::from(*k))).collect();
            values.push(Number(place as i128 + 1));
            values.extend([Text(&tag.name), Text(&tag.value)]);
            self.insert(table, &values)?;
        }
        Ok(())
    }

    fn chart(&mut self) -> io::Result<()> {
        let chart = self.facts.chart.clone();
        for currency in chart.currencies() {
            let values = [
                Text(&currency.code),
                Number(i128::from(currency.scale)),
                Value::maybe(currency.symbol.as_deref()),
                Value::maybe(currency.name.as_deref()),
            ];
            self.insert("currency", &values)?;
        }
        for key in chart.in_order() {
            let account = chart.account(key);
            let contact = &account.contact;
            let values = [
                Text(&account.path),
                Owned(account.id.to_string()),
                Text(account.kind.word()),
                Text(account.account_type.word()),
                Value::maybe(account.code.as_deref()),
                Value::maybe(account.currency.as_deref()),
                Value::shown(account.opened_on),
                Value::shown(account.closed_on),
                Value::maybe(contact.phone.as_deref()),
                Value::maybe(contact.email.as_deref()),
                Value::maybe(contact.tax_id.as_deref()),
                Value::maybe(contact.address.as_deref()),
                Value::shown(contact.credit_limit),
                Value::maybe(account.note.as_deref()),
            ];
            self.insert("account", &values)?;
            for alias in &account.aliases {
                self.insert("account_alias", &[Text(&account.path), Text(alias)])?;
            }
        }
        Ok(())
    }

    fn entries(&mut self, transaction: &Transaction) -> io::Result<()> {
        let chart = self.facts.chart.clone();
        for (place, entry) in transaction.entries.iter().enumerate() {
            let place = place as u64 + 1;
            let currency = chart.currency(entry.currency);
            let (weight, key) = entry.weight();
            let weighed = chart.currency(key);
            let price = entry.price();
            let values = [
                Number(i128::from(transaction.number.0)),
                Number(i128::from(place)),
                Text(&chart.account(entry.account).path),
                Text(&currency.code),
                Number(i128::from(entry.minor)),
                Number(i128::from(currency.scale)),
                Owned(machine(i128::from(entry.minor), currency.scale)),
                Value::shown(price.map(|p| p.amount)),
                Value::maybe(price.map(|p| &*chart.currency(p.currency).code)),
                Value::maybe(price.map(|p| match p.basis {
                    crate::ledger::transaction::PriceBasis::Unit => "unit",
                    crate::ledger::transaction::PriceBasis::Total => "total",
                })),
                Number(i128::from(weight)),
                Text(&weighed.code),
                Number(i128::from(weighed.scale)),
                Text(entry.status().word()),
                Value::maybe(entry.memo()),
            ];
            self.insert("entry", &values)?;
            self.tags("entry_tag", &[transaction.number.0, place], entry.tags())?;
        }
        Ok(())
    }
}

impl BookWriter for Sql<'_> {
    fn head(&mut self) -> io::Result<()> {
        writeln!(
            self.out,
            "-- A book written by hissab. Load it: sqlite3 book.db < FILE\nBEGIN;"
        )?;
        self.out.write_all(SCHEMA.as_bytes())?;
        for (name, value) in self.facts.settings.pairs() {
            self.insert("setting", &[Text(&name), Text(&value)])?;
        }
        self.chart()?;
        for price in std::mem::take(&mut self.facts.prices) {
            if let Some(rate) = price.rate {
                let values = [
                    Owned(price.on.to_string()),
                    Text(&price.commodity),
                    Text(&price.currency),
                    Owned(rate.to_string()),
                ];
                self.insert("price", &values)?;
            }
        }
        for assertion in std::mem::take(&mut self.facts.assertions) {
            let values = [
                Owned(assertion.id.to_string()),
                Owned(assertion.on.to_string()),
                Text(&assertion.account),
                Text(&assertion.currency),
                Owned(assertion.amount.to_string()),
                Number(i128::from(assertion.subaccounts)),
                Text(&assertion.source),
            ];
            self.insert("assertion", &values)?;
        }
        Ok(())
    }

    fn transaction(&mut self, transaction: &Transaction) -> io::Result<()> {
        let values = [
            Number(i128::from(transaction.number.0)),
            Owned(transaction.id.to_string()),
            Owned(transaction.date.to_string()),
            Text(transaction.voucher.word()),
            Text(transaction.status.word()),
            Text(&transaction.description),
            Value::maybe(transaction.payee.as_deref()),
            Value::maybe(transaction.reference.as_deref()),
            Value::shown(transaction.due),
            Value::shown(transaction.reverses),
        ];
        self.insert("txn", &values)?;
        self.tags("txn_tag", &[transaction.number.0], &transaction.tags)?;
        let metadata: Vec<Tag> = transaction
            .metadata
            .iter()
            .map(|(name, value)| Tag {
                name: name.clone(),
                value: value.clone(),
            })
            .collect();
        self.tags("txn_metadata", &[transaction.number.0], &metadata)?;
        self.entries(transaction)
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"COMMIT;\n")?;
        self.out.flush()
    }
}
