//! Journal and day book on paper: whole transactions, as streams.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::civil::Date;

use super::ledger::{entry_cells, status_word};
use super::{days, head, title};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::price_text::{price_text, price_words};
use crate::ledger::transaction::{Entry, Transaction};
use crate::render::{
    Cell, Column, Json, Options, People, RenderError, RowWriter, SheetColumn, SheetRow, TableWriter,
};
use crate::reports::day_cash::{DayCash, DayCashBuilder};
use crate::reports::scope::Scope;

/// Who took a transaction out, when and why: the day book says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoidNote {
    pub reason: Option<String>,
    pub who: Option<String>,
    pub on: Option<Date>,
}

/// The columns of a journal: a row an entry.
pub fn journal_columns() -> Vec<Column> {
    vec![
        Column::number("number"),
        Column::text("date"),
        Column::text("voucher"),
        Column::text("status"),
        Column::text("description"),
        Column::text("payee"),
        Column::text("reference"),
        Column::text("account"),
        Column::amount("debit").summed(),
        Column::amount("credit").summed(),
        Column::text("currency"),
        Column::text("memo"),
        Column::text("tags"),
        Column::text("id"),
        Column::text("price"),
    ]
}

/// What a journal is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalKind {
    Journal,
    DayBook,
    Search,
}

impl JournalKind {
    fn title(self) -> &'static str {
        match self {
            JournalKind::Journal => "Journal",
            JournalKind::DayBook => "Day book",
            JournalKind::Search => "Search",
        }
    }

    fn schema(self) -> &'static str {
        match self {
            JournalKind::Journal => "journal/1",
            JournalKind::DayBook => "daybook/1",
            JournalKind::Search => "search/1",
        }
    }
}

/// Writes transactions as they come.
pub struct JournalWriter<'w, 'a> {
    chart: &'a Chart,
    paper: Paper<'w>,
    vouchers: u64,
    voided: u64,
    turnover: BTreeMap<CurrencyKey, (i128, i128)>,
    cash: Option<DayCashBuilder>,
}

enum Paper<'w> {
    Rows(RowWriter<'w>),
    Table {
        table: TableWriter<'w>,
        people: People,
        /// Several currencies may occur: say which.
        with_currency: bool,
    },
}

impl<'w, 'a> JournalWriter<'w, 'a> {
    pub fn begin(
        out: &'w mut dyn Write,
        options: &Options,
        chart: &'a Chart,
        scope: &Scope,
        kind: JournalKind,
    ) -> Result<JournalWriter<'w, 'a>, RenderError> {
        let paper = if options.is_for_people() {
            let people = options.people();
            let with_currency = chart.currencies().len() > 1;
            let code = if with_currency {
                ""
            } else {
                &scope.base_currency
            };
            let title = title(&[kind.title(), &days(scope, &people), code]);
            let mut columns = ["Date", "No.", "Voucher", "Ref.", "Particulars"]
                .map(SheetColumn::left)
                .to_vec();
            if with_currency {
                columns.push(SheetColumn::left("Currency"));
            }
            columns.extend(["Debit", "Credit"].map(SheetColumn::right));
            Paper::Table {
                table: TableWriter::stream(out, options, &title, columns)?,
                people,
                with_currency,
            }
        } else {
            let columns = journal_columns();
            Paper::Rows(RowWriter::begin(
                out,
                options,
                kind.schema(),
                &head(scope),
                columns,
            )?)
        };
        Ok(JournalWriter {
            chart,
            paper,
            vouchers: 0,
            voided: 0,
            turnover: BTreeMap::new(),
            cash: None,
        })
    }

    /// Tells the cash of the days too: those whose vouchers follow.
    pub fn with_cash(&mut self, cash: Option<DayCashBuilder>) {
        self.cash = cash;
    }

    /// Writes the entries of a transaction that `keep` keeps; nothing if it keeps none.
    pub fn transaction(
        &mut self,
        transaction: &Transaction,
        keep: impl Fn(&Entry) -> bool,
        void: Option<&VoidNote>,
    ) -> io::Result<()> {
        if transaction.is_void() {
            self.voided += 1;
        } else {
            self.vouchers += 1;
        }
        if let Some(cash) = &mut self.cash {
            cash.add(transaction);
        }
        let live = |_: &&Entry| !transaction.is_void();
        for entry in transaction.entries.iter().filter(live).filter(|e| keep(e)) {
            let (debit, credit) = self.turnover.entry(entry.currency).or_default();
            let minor = i128::from(entry.minor);
            *debit += minor.max(0);
            *credit += (-minor).max(0);
        }
        let chart = self.chart;
        match &mut self.paper {
            Paper::Rows(writer) => {
                for entry in transaction.entries.iter().filter(|e| keep(e)) {
                    journal_row(writer, chart, transaction, entry)?;
                }
                Ok(())
            }
            Paper::Table {
                table,
                people,
                with_currency,
            } => {
                if transaction.is_void() {
                    let mut cells = entry_cells(people, transaction);
                    cells.push(void_text(chart, people, transaction, void));
                    return table.row(SheetRow::Spill(cells));
                }
                voucher(table, people, *with_currency, chart, transaction, &keep)
            }
        }
    }

    /// Ends it with its totals, and with the cash if that is told.
    pub fn end(self) -> io::Result<()> {
        let chart = self.chart;
        let cash = self.cash.map(DayCashBuilder::finish);
        match self.paper {
            Paper::Rows(writer) => {
                let mut facts = vec![
                    ("transactions", Json::Number(self.vouchers)),
                    ("void", Json::Number(self.voided)),
                    ("totals", turnover_json(chart, &self.turnover)),
                ];
                facts.extend(cash.map(|cash| ("cash", cash_json(chart, &cash))));
                writer.end(&facts)
            }
            Paper::Table {
                mut table,
                people,
                with_currency,
            } => {
                let mut name = totals_name(self.vouchers, self.voided);
                for (key, (debit, credit)) in &self.turnover {
                    let currency = chart.currency(*key);
                    let mut cells = vec![std::mem::take(&mut name)];
                    cells.extend(["", "", "", ""].map(str::to_owned));
                    if with_currency {
                        cells.push(currency.code.to_string());
                    }
                    cells.push(people.magnitude(*debit, currency));
                    cells.push(people.magnitude(*credit, currency));
                    table.row(SheetRow::Spill(cells))?;
                }
                if !name.is_empty() {
                    table.row(SheetRow::Spill(vec![name]))?;
                }
                let lines = cash.map(|cash| cash_lines(chart, &people, &cash));
                table.end(&lines.unwrap_or_default())
            }
        }
    }
}

fn turnover_json(chart: &Chart, turnover: &BTreeMap<CurrencyKey, (i128, i128)>) -> Json {
    let sums = turnover.iter().map(|(key, (debit, credit))| {
        let currency = chart.currency(*key);
        Json::object([
            ("currency", Json::text(&*currency.code)),
            ("debit", Json::amount(*debit, currency)),
            ("credit", Json::amount(*credit, currency)),
        ])
    });
    Json::List(sums.collect())
}

fn cash_json(chart: &Chart, cash: &BTreeMap<CurrencyKey, DayCash>) -> Json {
    let sums = cash.iter().map(|(key, cash)| {
        let currency = chart.currency(*key);
        Json::object([
            ("currency", Json::text(&*currency.code)),
            ("opening", Json::amount(cash.opening, currency)),
            ("receipts", Json::amount(cash.receipts, currency)),
            ("payments", Json::amount(cash.payments, currency)),
            ("closing", Json::amount(cash.closing(), currency)),
        ])
    });
    Json::List(sums.collect())
}

/// `Cash: opening 500.00 Dr, receipts 70.00, payments 20.00, closing 550.00 Dr`, a line a currency.
fn cash_lines(
    chart: &Chart,
    people: &People,
    cash: &BTreeMap<CurrencyKey, DayCash>,
) -> Vec<String> {
    let several = chart.currencies().len() > 1;
    let line = |(key, cash): (&CurrencyKey, &DayCash)| {
        let currency = chart.currency(*key);
        let of = match several {
            true => format!("Cash {}", currency.code),
            false => "Cash".to_owned(),
        };
        format!(
            "{of}: opening {}, receipts {}, payments {}, closing {}",
            people.sided(cash.opening, currency).trim_end(),
            people.magnitude(cash.receipts, currency),
            people.magnitude(cash.payments, currency),
            people.sided(cash.closing(), currency).trim_end(),
        )
    };
    cash.iter().map(line).collect()
}

fn totals_name(vouchers: u64, voided: u64) -> String {
    let s = if vouchers == 1 { "" } else { "s" };
    let void = match voided {
        0 => String::new(),
        n => format!(", {n} void"),
    };
    format!("Total of {vouchers} voucher{s}{void}")
}

/// One entry as a row of the contract: what journals, exports and mirrors share.
pub fn journal_row(
    writer: &mut RowWriter<'_>,
    chart: &Chart,
    transaction: &Transaction,
    entry: &Entry,
) -> io::Result<()> {
    let currency = chart.currency(entry.currency);
    let minor = i128::from(entry.minor);
    writer.row(&[
        Cell::Number(transaction.number.0),
        Cell::Date(transaction.date),
        Cell::Word(transaction.voucher.word()),
        Cell::Word(status_word(transaction, entry)),
        Cell::text(&transaction.description),
        Cell::maybe(transaction.payee.as_deref()),
        Cell::maybe(transaction.reference.as_deref()),
        Cell::text(&chart.account(entry.account).path),
        Cell::debit(minor, currency),
        Cell::credit(minor, currency),
        Cell::text(&currency.code),
        Cell::maybe(entry.memo()),
        Cell::Tags(&transaction.tags, entry.tags()),
        Cell::Id(transaction.id.0),
        price_words(entry, chart).map_or(Cell::Empty, |text| Cell::Text(text.into())),
    ])
}

/// Debits, then credits indented, the description behind the last of them.
fn voucher(
    table: &mut TableWriter<'_>,
    people: &People,
    with_currency: bool,
    chart: &Chart,
    transaction: &Transaction,
    keep: &impl Fn(&Entry) -> bool,
) -> io::Result<()> {
    let kept = || transaction.entries.iter().filter(|e| keep(e));
    let debits = kept().filter(|e| e.minor >= 0);
    let entries: Vec<&Entry> = debits.chain(kept().filter(|e| e.minor < 0)).collect();
    let mut first = entry_cells(people, transaction);
    for (index, entry) in entries.iter().enumerate() {
        let currency = chart.currency(entry.currency);
        let indent = if entry.minor < 0 { "  " } else { "" };
        let said = if index + 1 == entries.len() && !transaction.description.is_empty() {
            format!(" ({})", transaction.description)
        } else {
            String::new()
        };
        let mut cells = if index == 0 {
            std::mem::take(&mut first)
        } else {
            vec![String::new(); 4]
        };
        let price = price_text(entry, chart).map(|text| format!(" {text}"));
        cells.push(format!(
            "{indent}{}{}{said}",
            chart.account(entry.account).path,
            price.unwrap_or_default()
        ));
        if with_currency {
            cells.push(currency.code.to_string());
        }
        let amount = people.magnitude(entry.minor.into(), currency);
        if entry.minor >= 0 {
            cells.extend([amount, String::new()]);
        } else {
            cells.extend([String::new(), amount]);
        }
        table.row(SheetRow::Cells(cells))?;
    }
    Ok(())
}

/// `VOID: Auto, 80.00; "entered twice", suresh, 03-Apr-2026`
fn void_text(
    chart: &Chart,
    people: &People,
    transaction: &Transaction,
    note: Option<&VoidNote>,
) -> String {
    let mut text = format!("VOID: {}", transaction.description);
    let mut debits: BTreeMap<CurrencyKey, i128> = BTreeMap::new();
    for entry in transaction.entries.iter().filter(|e| e.minor > 0) {
        *debits.entry(entry.currency).or_default() += i128::from(entry.minor);
    }
    for (key, sum) in &debits {
        let currency = chart.currency(*key);
        text.push_str(", ");
        text.push_str(&people.magnitude(*sum, currency));
        if debits.len() > 1 {
            text.push(' ');
            text.push_str(&currency.code);
        }
    }
    let Some(note) = note else {
        return text;
    };
    let facts: Vec<String> = [
        note.reason.as_ref().map(|reason| format!("\"{reason}\"")),
        note.who.clone(),
        note.on.map(|on| people.date(on)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !facts.is_empty() {
        text.push_str("; ");
        text.push_str(&facts.join(", "));
    }
    text
}
