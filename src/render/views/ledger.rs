//! Ledgers, cash and bank books on paper: streams.

use std::io::{self, Write};

use super::{days, title};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::transaction::{Entry, Status, Transaction, Voucher};
use crate::render::{
    Cell, Column, Json, Options, People, RenderError, RowWriter, SheetColumn, SheetRow, TableWriter,
};
use crate::reports::ledger::{LedgerEvent, others, particulars};
use crate::reports::scope::Scope;

/// `receipt` → `Receipt`, `credit-note` → `Credit note`.
pub fn voucher_name(voucher: Voucher) -> &'static str {
    match voucher {
        Voucher::Receipt => "Receipt",
        Voucher::Payment => "Payment",
        Voucher::Contra => "Contra",
        Voucher::Journal => "Journal",
        Voucher::Sales => "Sales",
        Voucher::Purchase => "Purchase",
        Voucher::CreditNote => "Credit note",
        Voucher::DebitNote => "Debit note",
        Voucher::Opening => "Opening",
        Voucher::Closing => "Closing",
    }
}

/// What the status column of an entry says: its own mark, else its transaction's; `void` beats both.
pub fn status_word(transaction: &Transaction, entry: &Entry) -> &'static str {
    if transaction.is_void() {
        return "void";
    }
    match entry.status() {
        Status::Unmarked => transaction.status.word(),
        own => own.word(),
    }
}

/// Ledger lines for machines.
pub struct LedgerRows<'w, 'a> {
    chart: &'a Chart,
    writer: RowWriter<'w>,
}

impl<'w, 'a> LedgerRows<'w, 'a> {
    /// `schema` is `ledger/1`, `cashbook/1` or `bankbook/1`.
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        chart: &'a Chart,
        schema: &str,
        head: &[(&'static str, Json)],
    ) -> Result<LedgerRows<'w, 'a>, RenderError> {
        let mut columns = vec![Column::text("row")];
        columns.extend(entry_columns(true));
        let writer = RowWriter::begin(out, options, schema, head, columns)?;
        Ok(LedgerRows { chart, writer })
    }

    /// Writes a line of the ledger of `account`.
    pub fn event(&mut self, account: &str, event: &LedgerEvent<'_>) -> io::Result<()> {
        let chart = self.chart;
        match *event {
            LedgerEvent::Entry {
                transaction,
                entry,
                balance,
            } => self.entry("entry", transaction, entry, Some(balance)),
            LedgerEvent::Void { transaction, entry } => {
                self.entry("void", transaction, entry, None)
            }
            LedgerEvent::Opening {
                date,
                currency,
                balance,
            } => self.sum(
                "opening",
                account,
                date,
                chart.currency(currency),
                None,
                balance,
            ),
            LedgerEvent::Day {
                date,
                currency,
                debit,
                credit,
                balance,
            } => {
                let turnover = Some((debit, credit));
                self.sum(
                    "day",
                    account,
                    Some(date),
                    chart.currency(currency),
                    turnover,
                    balance,
                )
            }
            LedgerEvent::Closing {
                date,
                currency,
                debit,
                credit,
                balance,
            } => {
                let turnover = Some((debit, credit));
                self.sum(
                    "closing",
                    account,
                    date,
                    chart.currency(currency),
                    turnover,
                    balance,
                )
            }
        }
    }

    fn entry(
        &mut self,
        row: &'static str,
        transaction: &Transaction,
        entry: &Entry,
        balance: Option<i128>,
    ) -> io::Result<()> {
        let currency = self.chart.currency(entry.currency);
        let minor = i128::from(entry.minor);
        self.writer.row(&[
            Cell::Word(row),
            Cell::Date(transaction.date),
            Cell::Number(transaction.number.0),
            Cell::Word(transaction.voucher.word()),
            Cell::maybe(transaction.reference.as_deref()),
            Cell::maybe(transaction.payee.as_deref()),
            Cell::Text(particulars(self.chart, transaction, entry)),
            Cell::text(&transaction.description),
            Cell::debit(minor, currency),
            Cell::credit(minor, currency),
            Cell::text(&currency.code),
            balance.map_or(Cell::Empty, |b| Cell::Amount(b, currency)),
            Cell::text(&self.chart.account(entry.account).path),
            Cell::Word(status_word(transaction, entry)),
            Cell::Id(transaction.id.0),
        ])
    }

    fn sum(
        &mut self,
        row: &'static str,
        account: &str,
        date: Option<jiff::civil::Date>,
        currency: &Currency,
        turnover: Option<(i128, i128)>,
        balance: i128,
    ) -> io::Result<()> {
        let (debit, credit) = match turnover {
            Some((debit, credit)) => (
                Cell::Amount(debit, currency),
                Cell::Amount(credit, currency),
            ),
            None => (Cell::Empty, Cell::Empty),
        };
        self.writer.row(&[
            Cell::Word(row),
            date.map_or(Cell::Empty, Cell::Date),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            debit,
            credit,
            Cell::text(&currency.code),
            Cell::Amount(balance, currency),
            Cell::text(account),
            Cell::Empty,
            Cell::Empty,
        ])
    }

    pub fn end(self) -> io::Result<()> {
        self.writer.end(&[])
    }
}

/// The columns of an entry; ledgers have the other accounts in them, the register has not.
pub(super) fn entry_columns(with_particulars: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::text("date"),
        Column::number("number"),
        Column::text("voucher"),
        Column::text("reference"),
        Column::text("payee"),
    ];
    if with_particulars {
        columns.push(Column::text("particulars"));
    }
    columns.extend([
        Column::text("description"),
        Column::amount("debit"),
        Column::amount("credit"),
        Column::text("currency"),
        Column::amount("balance"),
        Column::text("account"),
        Column::text("status"),
        Column::text("id"),
    ]);
    columns
}

/// What a ledger for people is of.
#[derive(Debug, Clone, Default)]
pub struct LedgerHead<'a> {
    /// `Ledger`, `Cash book`, `Bank book`.
    pub report: &'a str,
    pub account: &'a str,
    /// The currencies that will occur.
    pub currencies: &'a [CurrencyKey],
    /// The entries may be in accounts below: say which.
    pub with_accounts: bool,
    /// A line a day instead of one an entry.
    pub by_day: bool,
}

/// One account's ledger for people.
pub struct LedgerTable<'w, 'a> {
    chart: &'a Chart,
    people: People,
    table: TableWriter<'w>,
    account: String,
    with_currency: bool,
    with_accounts: bool,
    by_day: bool,
}

impl<'w, 'a> LedgerTable<'w, 'a> {
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        chart: &'a Chart,
        scope: &Scope,
        head: &LedgerHead<'_>,
    ) -> Result<LedgerTable<'w, 'a>, RenderError> {
        let people = options.people();
        let codes: Vec<&str> = head
            .currencies
            .iter()
            .map(|key| &*chart.currency(*key).code)
            .collect();
        let codes = if codes.is_empty() {
            scope.base_currency.clone()
        } else {
            codes.join(", ")
        };
        let title = title(&[head.report, head.account, &days(scope, &people), &codes]);
        let with_currency = head.currencies.len() > 1;
        let mut columns = vec![SheetColumn::left("Date")];
        if !head.by_day {
            columns.extend(["No.", "Voucher", "Ref.", "Particulars"].map(SheetColumn::left));
            if head.with_accounts {
                columns.push(SheetColumn::left("Account"));
            }
        } else {
            columns.push(SheetColumn::left("Particulars"));
        }
        if with_currency {
            columns.push(SheetColumn::left("Currency"));
        }
        columns.extend(["Debit", "Credit", "Balance"].map(SheetColumn::right));
        Ok(LedgerTable {
            chart,
            people,
            table: TableWriter::stream(out, options, &title, columns)?,
            account: head.account.to_owned(),
            with_currency,
            with_accounts: head.with_accounts && !head.by_day,
            by_day: head.by_day,
        })
    }

    pub fn event(&mut self, event: &LedgerEvent<'_>) -> io::Result<()> {
        let row = match *event {
            LedgerEvent::Opening {
                date: None,
                balance: 0,
                ..
            } => return Ok(()),
            LedgerEvent::Opening {
                date,
                currency,
                balance,
            } => SheetRow::Cells(self.sum("Opening balance", date, currency, None, balance)),
            LedgerEvent::Day {
                date,
                currency,
                debit,
                credit,
                balance,
            } => {
                SheetRow::Cells(self.sum("", Some(date), currency, Some((debit, credit)), balance))
            }
            LedgerEvent::Closing {
                date,
                currency,
                debit,
                credit,
                balance,
            } => {
                let turnover = Some((debit, credit));
                SheetRow::Strong(self.sum("Total, closing", date, currency, turnover, balance))
            }
            LedgerEvent::Entry {
                transaction,
                entry,
                balance,
            } => SheetRow::Cells(self.entry(transaction, entry, balance)),
            LedgerEvent::Void { transaction, entry } => {
                let mut cells = entry_cells(&self.people, transaction);
                cells.push(self.void_text(transaction, entry));
                SheetRow::Spill(cells)
            }
        };
        self.table.row(row)
    }

    /// Ends the ledger; the notes follow it.
    pub fn end(self, notes: &[String]) -> io::Result<()> {
        self.table.end(notes)
    }

    fn sum(
        &self,
        particulars: &str,
        date: Option<jiff::civil::Date>,
        currency: CurrencyKey,
        turnover: Option<(i128, i128)>,
        balance: i128,
    ) -> Vec<String> {
        let currency = self.chart.currency(currency);
        let mut cells = vec![date.map_or(String::new(), |d| self.people.date(d))];
        if !self.by_day {
            cells.extend([String::new(), String::new(), String::new()]);
        }
        cells.push(particulars.to_owned());
        if self.with_accounts {
            cells.push(String::new());
        }
        if self.with_currency {
            cells.push(currency.code.to_string());
        }
        let (debit, credit) = turnover.unwrap_or((0, 0));
        cells.push(self.people.magnitude_or_empty(debit, currency));
        cells.push(self.people.magnitude_or_empty(credit, currency));
        cells.push(self.people.sided(balance, currency));
        cells
    }

    fn entry(&self, transaction: &Transaction, entry: &Entry, balance: i128) -> Vec<String> {
        let currency = self.chart.currency(entry.currency);
        let minor = i128::from(entry.minor);
        let mut cells = entry_cells(&self.people, transaction);
        cells.push(spoken_particulars(self.chart, transaction, entry));
        if self.with_accounts {
            cells.push(self.below(entry));
        }
        if self.with_currency {
            cells.push(currency.code.to_string());
        }
        let amount = self.people.magnitude(minor, currency);
        if minor >= 0 {
            cells.extend([amount, String::new()]);
        } else {
            cells.extend([String::new(), amount]);
        }
        cells.push(self.people.sided(balance, currency));
        cells
    }

    /// The entry's account, without the account the ledger is of.
    fn below(&self, entry: &Entry) -> String {
        let path = &self.chart.account(entry.account).path;
        path.strip_prefix(self.account.as_str())
            .and_then(|rest| rest.strip_prefix(':'))
            .unwrap_or(if **path == *self.account { "" } else { path })
            .to_owned()
    }

    fn void_text(&self, transaction: &Transaction, entry: &Entry) -> String {
        let currency = self.chart.currency(entry.currency);
        let amount = self.people.sided(entry.minor.into(), currency);
        format!("VOID: {}, {}", transaction.description, amount.trim_end())
    }
}

/// Date, number, voucher, reference.
pub(super) fn entry_cells(people: &People, transaction: &Transaction) -> Vec<String> {
    vec![
        people.date(transaction.date),
        transaction.number.to_string(),
        voucher_name(transaction.voucher).to_owned(),
        transaction.reference.clone().unwrap_or_default(),
    ]
}

/// The other account by its last name, and what was said: `Cash, deposited`, `Ramesh, UPI`.
fn spoken_particulars(chart: &Chart, transaction: &Transaction, entry: &Entry) -> String {
    let others = others(transaction, entry);
    let name = match others.as_slice() {
        [] => "",
        [first, ..] => chart.account(first.account).name(),
    };
    let more = match others.len() {
        0 | 1 => String::new(),
        many => format!(" +{}", many - 1),
    };
    let description = without_name(&transaction.description, name);
    match (name.is_empty(), description.is_empty()) {
        (true, _) => description.to_owned(),
        (_, true) => format!("{name}{more}"),
        _ => format!("{name}{more}, {description}"),
    }
}

/// A description without the account's name in front of it.
fn without_name<'a>(description: &'a str, name: &str) -> &'a str {
    let description = description.trim();
    let Some(head) = description.get(..name.len()) else {
        return description;
    };
    let rest = &description[name.len()..];
    let ends_a_word = rest.chars().next().is_none_or(|c| !c.is_alphanumeric());
    if !name.is_empty() && head.eq_ignore_ascii_case(name) && ends_a_word {
        rest.trim_start_matches([' ', ',', ':', '-'])
    } else {
        description
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particulars_do_not_say_the_name_twice() {
        assert_eq!(without_name("Cash deposited", "Cash"), "deposited");
        assert_eq!(without_name("Cashew nuts", "Cash"), "Cashew nuts");
        assert_eq!(without_name("rent, April", "Rent"), "April");
        assert_eq!(without_name("UPI", "Ramesh"), "UPI");
        assert_eq!(without_name("Rent", "Rent"), "");
        assert_eq!(without_name("चाय", "Tea"), "चाय");
    }
}
