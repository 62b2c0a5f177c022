//! The balance sheet, the income statement and the cash flow on paper: headings with accounts under
//! them, one amount column a period, sums at the end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::civil::Date;

use super::{currencies, head, title};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::render::{
    Cell, Column, FootLine, FootOf, Json, Layout, People, Sheet, SheetColumn, SheetRow, View,
};
use crate::reports::scope::Scope;
use crate::reports::sections::{Amounts, Section, Side};

/// One amount column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodColumn {
    /// `2025-04`, `FY2025-26`; `amount` where there is only one.
    pub name: String,
    /// What people read above it.
    pub heading: String,
    pub from: Option<Date>,
    /// Inclusive.
    pub to: Option<Date>,
}

/// A sum below the sections.
pub struct Footer<'a> {
    /// Its name in JSON: `net_profit`.
    pub name: &'static str,
    pub label: &'a str,
    pub side: Side,
    pub amounts: &'a Amounts,
    pub across: Across,
    /// Whether a section is part of it.
    pub of: fn(&str) -> bool,
}

/// What a footer has in the column that adds the periods up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Across {
    /// Amounts of periods: their sum, and an average.
    #[default]
    Sum,
    /// Balances at points of time: one for all the periods, and no average.
    Point(BTreeMap<CurrencyKey, i128>),
}

/// Any statement of sections.
pub struct SectionsView<'a> {
    pub schema: &'static str,
    pub title: &'a str,
    /// The days as the heading says them.
    pub days: String,
    pub chart: &'a Chart,
    pub scope: &'a Scope,
    pub sections: &'a [Section],
    pub columns: &'a [PeriodColumn],
    pub layout: Layout,
    /// Sums under each section and below all.
    pub totals: bool,
    /// A column that adds the periods up, and one that averages them.
    pub row_total: bool,
    pub row_average: bool,
    pub footers: Vec<Footer<'a>>,
    /// `Some` where the statement proves or does not.
    pub proved: Option<bool>,
    pub notes: Vec<String>,
}

impl SectionsView<'_> {
    /// No line and no sum has an amount.
    pub fn is_empty(&self) -> bool {
        self.keys().is_empty()
    }

    fn keys(&self) -> BTreeSet<CurrencyKey> {
        let sums = self.sections.iter().map(|s| &s.totals);
        let footers = self.footers.iter().map(|f| f.amounts);
        sums.chain(footers)
            .flat_map(|amounts| amounts.keys().copied())
            .collect()
    }

    /// A line's amounts with the total and the average that were asked for.
    fn widened(&self, amounts: &[i128]) -> Vec<i128> {
        let mut all = amounts.to_vec();
        let sum: i128 = amounts.iter().sum();
        if self.row_total {
            all.push(sum);
        }
        if self.row_average {
            all.push(average(sum, amounts.len()));
        }
        all
    }

    fn machine_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        names.extend(self.row_total.then(|| "total".to_owned()));
        names.extend(self.row_average.then(|| "average".to_owned()));
        names
    }

    fn people_row(
        &self,
        people: &People,
        several: bool,
        label: String,
        side: Side,
        key: CurrencyKey,
        amounts: &[i128],
    ) -> Vec<String> {
        let currency = self.chart.currency(key);
        let mut cells = vec![label];
        if several {
            cells.push(currency.code.to_string());
        }
        let shown = self.widened(amounts).into_iter();
        cells.extend(shown.map(|minor| people.signed(side.shown(minor), currency)));
        cells
    }

    fn footer_row(
        &self,
        people: &People,
        several: bool,
        footer: &Footer<'_>,
        key: CurrencyKey,
        amounts: &[i128],
    ) -> Vec<String> {
        let currency = self.chart.currency(key);
        let mut cells = vec![footer.label.to_owned()];
        cells.extend(several.then(|| currency.code.to_string()));
        let amounts = self.footer_amounts(footer, key, amounts).into_iter();
        let text = |minor: Option<i128>| minor.map(|minor| people.signed(minor, currency));
        cells.extend(amounts.map(|minor| text(minor).unwrap_or_default()));
        cells
    }

    fn section_rows(&self, people: &People, several: bool, section: &Section) -> Vec<SheetRow> {
        let mut rows = Vec::new();
        if section.lines.is_empty() {
            return rows;
        }
        // A section of computed lines alone is its own heading and its own sum.
        let computed = section.lines.iter().all(|line| line.computed);
        if !computed {
            rows.push(SheetRow::Strong(vec![capital(section.name)]));
        }
        for line in &section.lines {
            let indent = line.level + usize::from(!computed);
            let label = format!("{}{}", "  ".repeat(indent), line.label);
            rows.push(SheetRow::Cells(self.people_row(
                people,
                several,
                label,
                section.side,
                line.currency,
                &line.amounts,
            )));
        }
        if self.totals && !computed {
            for (key, amounts) in &section.totals {
                let label = format!("Total {}", section.name);
                rows.push(SheetRow::Strong(self.people_row(
                    people,
                    several,
                    label,
                    section.side,
                    *key,
                    amounts,
                )));
            }
        }
        rows
    }

    /// Every row, its amounts as `shown` turns them.
    fn rows_as(
        &self,
        shown: impl Fn(Side, i128) -> i128,
        push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>,
    ) -> io::Result<()> {
        for section in self.sections {
            for line in &section.lines {
                let currency: &Currency = self.chart.currency(line.currency);
                let start = [
                    Cell::Word(section.name),
                    Cell::text(&line.path),
                    Cell::text(&currency.code),
                ];
                if self.layout == Layout::Wide {
                    let amounts = self.widened(&line.amounts).into_iter();
                    let amounts =
                        amounts.map(|minor| Cell::Amount(shown(section.side, minor), currency));
                    push(&start.into_iter().chain(amounts).collect::<Vec<_>>())?;
                    continue;
                }
                for (column, minor) in self.columns.iter().zip(&line.amounts) {
                    let mut cells = start.to_vec();
                    cells.push(column.from.map_or(Cell::Empty, Cell::Date));
                    cells.push(column.to.map_or(Cell::Empty, Cell::Date));
                    cells.push(Cell::Amount(shown(section.side, *minor), currency));
                    push(&cells)?;
                }
            }
        }
        Ok(())
    }

    /// The sums of the sections, then the footers of them.
    fn foot_lines(&self) -> Vec<FootLine<'_>> {
        let mut lines = Vec::new();
        // Where the sum of each section in each currency stands.
        let mut places: Vec<(&Section, CurrencyKey, usize)> = Vec::new();
        let tree = self
            .sections
            .iter()
            .any(|s| s.lines.iter().any(|l| l.level > 0));
        for section in self.sections {
            for (key, amounts) in &section.totals {
                places.push((section, *key, lines.len()));
                let shown = self.widened(amounts).into_iter();
                lines.push(FootLine {
                    label: format!("Total {}", section.name),
                    currency: self.chart.currency(*key),
                    amounts: shown.map(|minor| Some(section.side.shown(minor))).collect(),
                    of: match tree {
                        true => FootOf::Value,
                        false => FootOf::Rows {
                            section: section.name,
                        },
                    },
                });
            }
        }
        for footer in &self.footers {
            for (key, amounts) in footer.amounts {
                let parts = places
                    .iter()
                    .filter(|(s, k, _)| k == key && (footer.of)(s.name));
                let parts = parts.map(|(s, _, at)| (s.side != footer.side, *at));
                lines.push(FootLine {
                    label: footer.label.to_owned(),
                    currency: self.chart.currency(*key),
                    amounts: self.footer_amounts(footer, *key, amounts),
                    of: match footer.across {
                        Across::Sum => FootOf::Lines(parts.collect()),
                        Across::Point(_) => FootOf::Value,
                    },
                });
            }
        }
        lines
    }

    /// A footer's amounts on its side; nothing where an average would mean nothing.
    fn footer_amounts(
        &self,
        footer: &Footer<'_>,
        key: CurrencyKey,
        amounts: &[i128],
    ) -> Vec<Option<i128>> {
        let shown = |minor| Some(footer.side.shown(minor));
        match &footer.across {
            Across::Sum => self.widened(amounts).into_iter().map(shown).collect(),
            Across::Point(balances) => {
                let mut all: Vec<Option<i128>> = amounts.iter().copied().map(shown).collect();
                let balance = balances.get(&key).copied().unwrap_or(0);
                all.extend(self.row_total.then(|| shown(balance)));
                all.extend(self.row_average.then_some(None));
                all
            }
        }
    }

    fn amounts_json(&self, amounts: &Amounts) -> Json {
        let per_currency = amounts.iter().map(|(key, columns)| {
            let currency = self.chart.currency(*key);
            let values = columns.iter().map(|minor| Json::amount(*minor, currency));
            Json::object([
                ("currency", Json::text(&*currency.code)),
                ("amounts", Json::List(values.collect())),
            ])
        });
        Json::List(per_currency.collect())
    }
}

impl View for SectionsView<'_> {
    fn schema(&self) -> &'static str {
        self.schema
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        let periods = self.columns.iter().map(|column| {
            Json::object([
                ("column", Json::text(&*column.name)),
                ("from", Json::date(column.from)),
                ("to", Json::date(column.to)),
            ])
        });
        let mut facts = head(self.scope);
        facts.push(("periods", Json::List(periods.collect())));
        facts
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![
            Column::text("section"),
            Column::text("account"),
            Column::text("currency"),
        ];
        match self.layout {
            Layout::Wide => {
                columns.extend(self.machine_names().into_iter().map(Column::amount_of));
            }
            Layout::Tidy => columns.extend([
                Column::text("from"),
                Column::text("to"),
                Column::amount("balance"),
            ]),
        }
        columns
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        self.rows_as(|_, minor| minor, push)
    }

    fn paper_rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        self.rows_as(Side::shown, push)
    }

    fn foot(&self) -> Option<Vec<FootLine<'_>>> {
        // Trees hold sums of their own, tidy rows several periods in one column.
        Some(match self.totals && self.layout == Layout::Wide {
            true => self.foot_lines(),
            false => Vec::new(),
        })
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        let sections = self
            .sections
            .iter()
            .map(|s| (Cow::Borrowed(s.name), self.amounts_json(&s.totals)));
        let mut facts = vec![("totals", Json::Object(sections.collect()))];
        for footer in &self.footers {
            facts.push((footer.name, self.amounts_json(footer.amounts)));
        }
        if let Some(proved) = self.proved {
            facts.push(("proved", Json::Bool(proved)));
        }
        facts
    }

    fn sums(&self) -> bool {
        self.layout == Layout::Wide
            && self
                .sections
                .iter()
                .all(|s| s.lines.iter().all(|line| line.level == 0))
    }

    fn sheet(&self, people: &People) -> Sheet {
        let keys = self.keys();
        let several = keys.len() > 1;
        let mut columns = vec![SheetColumn::left("Account")];
        if several {
            columns.push(SheetColumn::left("Currency"));
        }
        columns.extend(
            self.columns
                .iter()
                .map(|column| SheetColumn::right(&*column.heading)),
        );
        columns.extend(self.row_total.then(|| SheetColumn::right("Total")));
        columns.extend(self.row_average.then(|| SheetColumn::right("Average")));
        let mut rows: Vec<SheetRow> = self
            .sections
            .iter()
            .flat_map(|section| self.section_rows(people, several, section))
            .collect();
        if self.totals {
            for footer in &self.footers {
                for (key, amounts) in footer.amounts {
                    let cells = self.footer_row(people, several, footer, *key, amounts);
                    rows.push(SheetRow::Strong(cells));
                }
            }
        }
        Sheet {
            title: title(&[
                self.title,
                &self.scope.book,
                &self.days,
                &currencies(self.chart, self.scope, &keys),
            ]),
            columns,
            rows,
            notes: self.notes.clone(),
        }
    }
}

/// Half away from zero: people average to compare, books never do.
pub(super) fn average(sum: i128, count: usize) -> i128 {
    let count = i128::try_from(count.max(1)).unwrap_or(1);
    let half = count / 2 * sum.signum();
    (sum + half) / count
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::render::{Format, Options, write};
    use crate::reports::income_statement::{income_statement, movements};
    use crate::reports::sections::Layout as Lines;
    use crate::reports::testing::{chart_of, transaction};
    use insta::assert_snapshot;
    use jiff::civil::date;

    fn shown(options: &Options) -> String {
        let chart = chart_of(&["Assets:Cash", "Income:Sales", "Expenses:Rent"]);
        let cuts = [date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)];
        let mut totals = TotalsBuilder::new(&cuts);
        let sale = [("Assets:Cash", "120000.50"), ("Income:Sales", "-120000.50")];
        totals.add(
            &transaction(&chart, 1, date(2026, 4, 2), "sale", &sale),
            |_| true,
        );
        let rent = [("Expenses:Rent", "12000"), ("Assets:Cash", "-12000")];
        totals.add(
            &transaction(&chart, 2, date(2026, 5, 2), "rent", &rent),
            |_| true,
        );
        let report = income_statement(&chart, &movements(&totals.finish()), Lines::default());
        let column = |month: i8| PeriodColumn {
            name: format!("2026-0{month}"),
            heading: format!("2026-0{month}"),
            from: Some(date(2026, month, 1)),
            to: Some(date(2026, month, 30)),
        };
        let view = SectionsView {
            schema: "income-statement/1",
            title: "Income statement",
            days: "01-Apr-2026 to 31-May-2026".to_owned(),
            chart: &chart,
            scope: &Scope {
                book: "Shop".to_owned(),
                base_currency: "INR".to_owned(),
                ..Scope::default()
            },
            sections: &report.sections,
            columns: &[column(4), column(5)],
            layout: options.layout,
            totals: true,
            row_total: true,
            row_average: false,
            footers: vec![Footer {
                name: "net_profit",
                label: "Net profit",
                side: Side::Credit,
                amounts: &report.net,
                across: Across::Sum,
                of: |_| true,
            }],
            proved: None,
            notes: Vec::new(),
        };
        let mut out = Vec::new();
        write(&mut out, options, &view).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_read_each_section_on_its_own_side() {
        assert_snapshot!(shown(&Options::of(Format::Table)), @"
Income statement · Shop · 01-Apr-2026 to 31-May-2026 · INR
Account              2026-04     2026-05        Total
Income
  Income:Sales   1,20,000.50        0.00  1,20,000.50
Total income     1,20,000.50        0.00  1,20,000.50
Expenses
  Expenses:Rent         0.00   12,000.00    12,000.00
Total expenses          0.00   12,000.00    12,000.00
Net profit       1,20,000.50  -12,000.00  1,08,000.50
");
    }

    #[test]
    fn machines_read_debit_positive_amounts_a_column_or_a_row_a_period() {
        assert_snapshot!(shown(&Options::of(Format::Csv)), @"
section,account,currency,2026-04,2026-05,total
income,Income:Sales,INR,-120000.50,0.00,-120000.50
expenses,Expenses:Rent,INR,0.00,12000.00,12000.00
");
        let tidy = Options {
            layout: Layout::Tidy,
            ..Options::of(Format::Csv)
        };
        assert_snapshot!(shown(&tidy), @"
section,account,currency,from,to,balance
income,Income:Sales,INR,2026-04-01,2026-04-30,-120000.50
income,Income:Sales,INR,2026-05-01,2026-05-30,0.00
expenses,Expenses:Rent,INR,2026-04-01,2026-04-30,0.00
expenses,Expenses:Rent,INR,2026-05-01,2026-05-30,12000.00
");
        assert_snapshot!(shown(&Options::of(Format::Json)), @r#"
{
  "schema": "hissab/income-statement/1",
  "book": "Shop",
  "from": null,
  "to": null,
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": false,
  "periods": [{"column": "2026-04", "from": "2026-04-01", "to": "2026-04-30"}, {"column": "2026-05", "from": "2026-05-01", "to": "2026-05-30"}],
  "rows": [
    {"section":"income","account":"Income:Sales","currency":"INR","2026-04":"-120000.50","2026-05":"0.00","total":"-120000.50"},
    {"section":"expenses","account":"Expenses:Rent","currency":"INR","2026-04":"0.00","2026-05":"12000.00","total":"12000.00"}
  ],
  "totals": {"income": [{"currency": "INR", "amounts": ["-120000.50", "0.00"]}], "expenses": [{"currency": "INR", "amounts": ["0.00", "12000.00"]}]},
  "net_profit": [{"currency": "INR", "amounts": ["-120000.50", "12000.00"]}]
}
"#);
    }

    #[test]
    fn averages_round_half_away_from_zero() {
        assert_eq!([average(5, 2), average(-5, 2), average(4, 3)], [3, -3, 1]);
        assert_eq!(average(7, 0), 7);
    }
}
