//! Understood columns → rows of a statement, in the account holder's sense.

use std::sync::Arc;

use super::amounts;
use super::body::BodyRow;
use super::columns::{Columns, Role};
use super::layouts::Quirk;
use super::money::{self, Fees, Moved, Reader};
use super::order::date_of;
use super::prove::{self, Raw};
use super::table::Table;
use super::{Options, Understood, dates, fingerprint};
use crate::formats::fault::Fault;
use crate::formats::rules::{Action, Field, Record, Rules, Scratch, Verdict};
use crate::formats::statement::{Category, Note, Statement, StatementRow};
use crate::ledger::settings::DateOrder;
use crate::ledger::transaction::{Status, Tag};

/// A row of a table as rules see it: cells joined by commas, as hledger joins them.
pub struct Cells<'a, 'b> {
    pub table: &'a Table<'b>,
    pub row: usize,
    pub text: String,
}

impl Cells<'_, '_> {
    pub fn at(&mut self, row: usize) {
        self.row = row;
        self.text.clear();
        for (index, cell) in self.table.cells(row).enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.text.push_str(cell);
        }
    }
}

impl Record for Cells<'_, '_> {
    fn text(&self) -> &str {
        &self.text
    }

    fn cell(&self, column: usize) -> &str {
        self.table.cell(self.row, column)
    }
}

/// Builds a statement from its rows.
pub fn statement(
    understood: &Understood<'_, '_>,
    rows: &[BodyRow],
    order: DateOrder,
    mark: char,
    options: &Options,
    fees: Fees,
    rules: Option<&mut Rules>,
) -> Result<Statement, Fault> {
    let table = understood.table;
    let rules = rules.map(|rules| {
        rules.bind(&|name| column_named(understood, name));
        &*rules
    });
    let mut builder = Builder {
        understood,
        order,
        options,
        reader: Reader {
            table,
            columns: &understood.columns,
            model: money::model(table, rows, &understood.columns)?,
            mark,
            fees,
        },
        series: Vec::new(),
        notes: Vec::new(),
        balanced: balanced(table, rows, &understood.columns),
        details: 0,
    };
    let mut cells = Cells {
        table,
        row: 0,
        text: String::new(),
    };
    let mut scratch = Scratch::default();
    let mut raws = Vec::with_capacity(rows.len());
    let mut skip = 0;
    for row in rows {
        cells.at(row.row);
        let verdict = rules.map(|rules| rules.apply(&cells, &mut scratch));
        // What rules leave out need not be read: it may be why they do.
        match verdict.as_ref().map(|verdict| verdict.action) {
            Some(Action::End) => break,
            Some(Action::Skip(more)) => skip = more,
            Some(Action::Keep) | None => {}
        }
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let mut raw = builder.row(row)?;
        if builder.is_detail(&raw) {
            builder.details += 1;
            continue;
        }
        if let Some(verdict) = &verdict {
            categorise(&mut raw.row, verdict, &cells);
        }
        raws.push(raw);
    }
    if builder.details > 0 {
        let text = format!(
            "{} rows left out: no amount and no balance",
            builder.details
        );
        builder.notes.push(Note { line: None, text });
    }
    let mut statement = Statement {
        layout: understood
            .layout
            .map_or("csv".to_owned(), |l| format!("{} csv", l.name)),
        details: order_shown(rows, order),
        rows: Vec::new(),
        series: Vec::new(),
        notes: builder.notes,
        account: rules.and_then(|r| r.constant(Field::Account(1))),
        fingerprint: fingerprint(&understood.columns),
        ..Statement::default()
    };
    prove::finish(
        &mut statement,
        table,
        raws,
        &builder.series,
        &understood.columns,
        options,
    )?;
    Ok(statement)
}

/// The order of the dates, if any of them depends on it.
fn order_shown(rows: &[BodyRow], order: DateOrder) -> Vec<String> {
    let open = rows
        .iter()
        .any(|r| !matches!(r.date, dates::Scanned::Sure(..)));
    open.then(|| dates::order_name(order).to_owned())
        .into_iter()
        .collect()
}

fn column_named(understood: &Understood<'_, '_>, name: &str) -> Option<usize> {
    let plain = super::names::normal(name);
    let by_name = understood.columns.names.iter().position(|n| *n == plain);
    by_name.or_else(|| match name {
        "code" => understood.columns.get(Role::Reference),
        "amount-out" => understood.columns.get(Role::Out),
        "amount-in" => understood.columns.get(Role::In),
        name => understood.columns.get(Role::from_word(name)?),
    })
}

/// Reads rows one by one.
struct Builder<'a, 'b> {
    understood: &'a Understood<'a, 'b>,
    order: DateOrder,
    options: &'a Options,
    reader: Reader<'a, 'b>,
    /// Currency and pocket of each running balance.
    series: Vec<(Option<Arc<str>>, String)>,
    notes: Vec<Note>,
    /// Rows of which one without any money is no movement.
    balanced: (usize, usize),
    /// How many rows told details of others.
    details: usize,
}

/// The rows, first and last, of which one with neither amount nor balance moved nothing: UBS lists what a booking is
/// made of below it, under the same day. All rows, where each with an amount prints the balance after it; else those
/// between two balances, which would not follow if money had moved.
fn balanced(table: &Table<'_>, rows: &[BodyRow], columns: &Columns) -> (usize, usize) {
    const NONE: (usize, usize) = (1, 0);
    let Some(balance) = columns.get(Role::Balance) else {
        return NONE;
    };
    let has = |row: &&BodyRow, column: usize| !amounts::is_blank(table.cell(row.row, column));
    let moved = [Role::Out, Role::In, Role::Amount].map(|role| columns.get(role));
    let open =
        |row: &&BodyRow| !has(row, balance) && moved.into_iter().flatten().any(|c| has(row, c));
    if !rows.iter().any(|row| open(&row)) {
        return (0, usize::MAX);
    }
    let mut printed = rows
        .iter()
        .filter(|row| has(row, balance))
        .map(|row| row.row);
    match (printed.next(), printed.next_back()) {
        (Some(first), Some(last)) => (first, last),
        _ => NONE,
    }
}

impl Builder<'_, '_> {
    fn is_detail(&self, raw: &Raw) -> bool {
        self.proves(raw.table_row) && !raw.counts && raw.row.balance.is_none()
    }

    fn proves(&self, row: usize) -> bool {
        (self.balanced.0..=self.balanced.1).contains(&row)
    }

    fn row(&mut self, body: &BodyRow) -> Result<Raw, Fault> {
        let (table, columns) = (self.understood.table, &self.understood.columns);
        let row = body.row;
        self.refuse_extra_cells(row)?;
        let date = date_of(
            table,
            body,
            columns.get(Role::Date).unwrap_or(0),
            self.order,
        )?;
        let moved = self.reader.read(row)?;
        if moved.silent && moved.balance.is_none() && !self.proves(row) {
            let column = columns.money().next().unwrap_or(0);
            return Err(table
                .fault(row, column, "unreadable-amount", "the row has no amount")
                .hint("correct or remove the line"));
        }
        if moved.amount.is_zero() && !moved.silent {
            let text = "the amount is zero: left out".to_owned();
            self.notes.push(Note {
                line: Some(table.line(row)),
                text,
            });
        }
        let currency = self.currency(row, &moved);
        let series = self.series_of(row, &currency);
        let charges = |l: &super::Layout| l.quirk == Quirk::ChargesPositive;
        let amount = if self.options.invert || self.understood.layout.is_some_and(charges) {
            -moved.amount
        } else {
            moved.amount
        };
        Ok(Raw {
            table_row: row,
            counts: !moved.amount.is_zero(),
            row: StatementRow {
                line: table.line(row),
                date,
                description: self.description(body),
                payee: self.text(row, Role::Payee),
                reference: self
                    .text(row, Role::Reference)
                    .filter(|r| !r.bytes().all(|b| b == b'0')),
                bank_id: self.text(row, Role::Id),
                amount,
                currency,
                balance: moved.balance,
                series,
                raw: raw(table, body),
                category: Box::new(Category {
                    named: self.text(row, Role::Category),
                    ..Category::default()
                }),
            },
        })
    }

    /// Cells beyond the header mean that a delimiter in the text moved the others.
    fn refuse_extra_cells(&self, row: usize) -> Result<(), Fault> {
        let (table, width) = (self.understood.table, self.understood.columns.names.len());
        if width == 0 {
            return Ok(());
        }
        match (width..table.width(row)).find(|c| !table.cell(row, *c).is_empty()) {
            None => Ok(()),
            Some(column) => {
                let why = format!("the row has {} cells, the header {width}", table.width(row));
                Err(table
                    .fault(row, column, "too-many-cells", why)
                    .hint("a text with the delimiter in it needs quotes around it"))
            }
        }
    }

    fn text(&self, row: usize, role: Role) -> Option<String> {
        let cell = self
            .understood
            .table
            .cell(row, self.understood.columns.get(role)?);
        // `'1234`, `'ACME`: the mark that keeps a spreadsheet from reading a number or a formula; NatWest sets it
        // before every text.
        let cell = match cell.strip_prefix('\'') {
            Some(rest) if !rest.contains('\'') => rest,
            _ => cell,
        };
        let words = words(cell);
        // What programs write where they have nothing.
        let nothing = matches!(&*words, "NOTPROVIDED" | "{}" | "[]");
        let said = !super::amounts::is_blank(&words) && !nothing;
        said.then_some(words)
    }

    /// The description, else the payee, the category, or the reference: something to know the row by.
    fn description(&self, body: &BodyRow) -> String {
        let mut text = self.text(body.row, Role::Description).unwrap_or_default();
        if let Some(column) = self.understood.columns.get(Role::Description) {
            for more in self.unnamed_behind(body.row, column) {
                text.push(' ');
                text.push_str(&more);
            }
            for row in &body.continued {
                text.push(' ');
                text.push_str(&words(self.understood.table.cell(*row, column)));
            }
        }
        if text.is_empty() {
            let others = [Role::Payee, Role::Category, Role::Side, Role::Reference];
            text = others
                .into_iter()
                .find_map(|role| self.text(body.row, role))
                .or_else(|| self.kind(body.row))
                .or_else(|| Some(self.understood.layout?.name.to_owned()))
                .unwrap_or_default();
        }
        text
    }

    /// What stands in columns without a name right behind the description: it goes on there (PKO).
    fn unnamed_behind(&self, row: usize, column: usize) -> impl Iterator<Item = String> {
        let names = self
            .understood
            .columns
            .names
            .iter()
            .enumerate()
            .skip(column + 1);
        let table = self.understood.table;
        names
            .take_while(|(_, name)| name.is_empty())
            .map(move |(at, _)| words(table.cell(row, at)))
            .filter(|text| text.chars().any(char::is_alphabetic))
    }

    /// What kind of movement the row is, in a column that says no side.
    fn kind(&self, row: usize) -> Option<String> {
        const KINDS: &[&str] = &["type", "transaction type", "event type", "typ", "tipo"];
        let names = &self.understood.columns.names;
        let column = names.iter().position(|n| KINDS.contains(&n.as_str()))?;
        Some(words(self.understood.table.cell(row, column)))
    }

    fn currency(&self, row: usize, moved: &Moved<'_>) -> Option<Arc<str>> {
        let columns = &self.understood.columns;
        let cell = columns
            .get(Role::Currency)
            .map_or("", |c| self.understood.table.cell(row, c));
        let found = if cell.is_empty() {
            moved.currency
        } else {
            Some(cell)
        };
        found
            .map(Arc::from)
            .or_else(|| columns.currency.as_deref().map(Arc::from))
    }

    fn series_of(&mut self, row: usize, currency: &Option<Arc<str>>) -> u16 {
        let product = self
            .understood
            .columns
            .get(Role::Product)
            .map_or("", |c| self.understood.table.cell(row, c));
        let found = self
            .series
            .iter()
            .position(|(c, p)| c == currency && p == product);
        let index = found.unwrap_or_else(|| {
            self.series.push((currency.clone(), product.to_owned()));
            self.series.len() - 1
        });
        u16::try_from(index).unwrap_or(u16::MAX)
    }
}

fn raw(table: &Table<'_>, body: &BodyRow) -> String {
    let mut raw = table.raw(body.row).to_owned();
    for row in &body.continued {
        raw.push('\n');
        raw.push_str(table.raw(*row));
    }
    raw
}

/// Runs of white space as one space, control characters gone.
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// What rules say of a row besides its date and amount.
pub fn categorise(row: &mut StatementRow, verdict: &Verdict<'_>, cells: &dyn Record) {
    let text = |field: Field| {
        verdict
            .get(field, cells)
            .map(|t| words(&t))
            .filter(|t| !t.is_empty())
    };
    row.category.account = verdict
        .get_shared(Field::Account(2), cells)
        .filter(|a| !a.is_empty());
    row.category.rule = verdict
        .line_of(Field::Account(2))
        .filter(|_| row.category.account.is_some());
    if let Some(description) = text(Field::Description) {
        row.description = description;
    }
    if let Some(payee) = text(Field::Payee) {
        row.payee = Some(payee);
    }
    if let Some(code) = text(Field::Code) {
        row.reference = Some(code);
    }
    row.category.status = text(Field::Status)
        .and_then(|s| Status::from_word(&s))
        .unwrap_or_default();
    let comments = [0, 1].map(|n| comment(n, verdict, cells));
    let comments: Vec<String> = comments.into_iter().flatten().collect();
    for line in comments.iter().flat_map(|c| c.lines()) {
        row.category.tags.extend(tags_in(line));
    }
    row.category.memo = Some(comments.join("\n")).filter(|m| !m.is_empty());
    row.category.counter_memo = comment(2, verdict, cells);
    if let Some(date) = text(Field::Date2) {
        row.category.tags.push(Tag {
            name: "date2".to_owned(),
            value: date,
        });
    }
    if let Some(tags) = text(Field::Tags) {
        row.category.tags.extend(
            tags.split(',')
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(|tag| {
                    let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
                    Tag {
                        name: name.trim().to_owned(),
                        value: value.trim().to_owned(),
                    }
                }),
        );
    }
}

/// A comment, whose rule can hold `\n` for a new line.
fn comment(n: u8, verdict: &Verdict<'_>, cells: &dyn Record) -> Option<String> {
    let text = verdict.get(Field::Comment(n), cells)?;
    let lines = text.split("\\n").map(words).filter(|l| !l.is_empty());
    Some(lines.collect::<Vec<_>>().join("\n")).filter(|t| !t.is_empty())
}

/// hledger's tags in a comment: a word, a colon at once, a value up to a comma.
fn tags_in(comment: &str) -> Vec<Tag> {
    comment
        .split(',')
        .filter_map(|piece| {
            let (head, value) = piece.split_once(':')?;
            let name = head
                .rsplit(char::is_whitespace)
                .next()
                .filter(|n| !n.is_empty())?;
            Some(Tag {
                name: name.to_owned(),
                value: value.trim().to_owned(),
            })
        })
        .collect()
}
