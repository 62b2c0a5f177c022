//! Dues and ageing on paper.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{currencies, head, title};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::render::{
    Cell, Column, FootLine, FootOf, Json, People, Sheet, SheetColumn, SheetRow, View,
};
use crate::reports::ageing::Aged;
use crate::reports::dues::Due;
use crate::reports::scope::Scope;

/// What the buckets are called in a table.
const BUCKETS: [&str; 4] = ["0–30 days", "31–60", "61–90", "over 90"];

pub struct DuesView<'a> {
    pub chart: &'a Chart,
    pub scope: &'a Scope,
    pub dues: &'a [Due],
    pub totals: bool,
}

impl DuesView<'_> {
    fn sums(&self) -> BTreeMap<CurrencyKey, (i128, i128)> {
        let mut sums: BTreeMap<CurrencyKey, (i128, i128)> = BTreeMap::new();
        for due in self.dues {
            let sum = sums.entry(due.currency).or_default();
            sum.0 += due.balance.max(0);
            sum.1 += due.balance.min(0);
        }
        sums
    }
}

impl View for DuesView<'_> {
    fn schema(&self) -> &'static str {
        "dues/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        head(self.scope)
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            Column::text("party"),
            Column::text("currency"),
            Column::amount("balance"),
            Column::text("oldest"),
            Column::number("days"),
        ]
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        for due in self.dues {
            let currency = self.chart.currency(due.currency);
            push(&[
                Cell::text(&self.chart.account(due.party).path),
                Cell::text(&currency.code),
                Cell::Amount(due.balance, currency),
                Cell::Date(due.oldest),
                Cell::Number(waited(due.days)),
            ])?;
        }
        Ok(())
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        let sums = self.sums().into_iter().map(|(key, (owed, owing))| {
            let currency = self.chart.currency(key);
            Json::object([
                ("currency", Json::text(&*currency.code)),
                ("to_receive", Json::amount(owed, currency)),
                ("to_pay", Json::amount(-owing, currency)),
            ])
        });
        vec![("totals", Json::List(sums.collect()))]
    }

    fn foot(&self) -> Option<Vec<FootLine<'_>>> {
        let sums = self.sums().into_iter().filter(|_| self.totals);
        let lines = sums.flat_map(|(key, (owed, owing))| {
            let sides = [(true, owed), (false, owing)];
            sides.map(|(debit, minor)| FootLine {
                label: side_name(debit).to_owned(),
                currency: self.chart.currency(key),
                amounts: vec![Some(minor)],
                of: FootOf::Side {
                    column: "balance",
                    debit,
                },
            })
        });
        Some(lines.collect())
    }

    fn sheet(&self, people: &People) -> Sheet {
        let sums = self.sums();
        let several = sums.len() > 1;
        let named = |name: String, key: CurrencyKey, rest: Vec<String>| {
            let code = several.then(|| self.chart.currency(key).code.to_string());
            [name]
                .into_iter()
                .chain(code)
                .chain(rest)
                .collect::<Vec<String>>()
        };
        let mut rows: Vec<SheetRow> = self
            .dues
            .iter()
            .map(|due| {
                let currency = self.chart.currency(due.currency);
                SheetRow::Cells(named(
                    self.chart.account(due.party).path.to_string(),
                    due.currency,
                    vec![
                        people.sided(due.balance, currency),
                        people.date(due.oldest),
                        waited(due.days).to_string(),
                    ],
                ))
            })
            .collect();
        for (key, (owed, owing)) in sums.iter().filter(|_| self.totals) {
            let currency = self.chart.currency(*key);
            for (debit, minor) in [(true, *owed), (false, *owing)] {
                if minor != 0 {
                    let amount = vec![people.sided(minor, currency)];
                    let label = side_name(debit).to_owned();
                    rows.push(SheetRow::Strong(named(label, *key, amount)));
                }
            }
        }
        let keys: BTreeSet<CurrencyKey> = sums.keys().copied().collect();
        let mut columns = vec![SheetColumn::left("Party")];
        columns.extend(several.then(|| SheetColumn::left("Currency")));
        columns.extend([
            SheetColumn::right("Balance"),
            SheetColumn::left("Oldest"),
            SheetColumn::right("Days"),
        ]);
        Sheet {
            title: heading("Dues", self.chart, self.scope, &keys, people),
            columns,
            rows,
            notes: none(self.dues.is_empty()),
        }
    }
}

pub struct AgeingView<'a> {
    pub chart: &'a Chart,
    pub scope: &'a Scope,
    pub aged: &'a [Aged],
    pub totals: bool,
}

impl AgeingView<'_> {
    /// Of the parties that owe us, or of those we owe: the two say nothing of each other.
    fn sums_of(&self, debit: bool) -> BTreeMap<CurrencyKey, [i128; 5]> {
        let mut sums: BTreeMap<CurrencyKey, [i128; 5]> = BTreeMap::new();
        let ours = self.aged.iter().filter(|aged| (aged.total() >= 0) == debit);
        for aged in ours {
            let sum = sums.entry(aged.currency).or_default();
            for (sum, minor) in sum.iter_mut().zip(amounts(aged)) {
                *sum += minor;
            }
        }
        sums
    }

    fn sums_json(&self, sums: BTreeMap<CurrencyKey, [i128; 5]>) -> Json {
        const NAMES: [&str; 5] = [
            "days_0_30",
            "days_31_60",
            "days_61_90",
            "days_over_90",
            "total",
        ];
        let sums = sums.into_iter().map(|(key, sums)| {
            let currency = self.chart.currency(key);
            let amounts = NAMES.iter().zip(sums);
            let amounts =
                amounts.map(|(name, minor)| ((*name).into(), Json::amount(minor, currency)));
            let code = ("currency".into(), Json::text(&*currency.code));
            Json::Object([code].into_iter().chain(amounts).collect())
        });
        Json::List(sums.collect())
    }

    fn sums(&self) -> BTreeMap<CurrencyKey, [i128; 5]> {
        let mut sums: BTreeMap<CurrencyKey, [i128; 5]> = BTreeMap::new();
        for aged in self.aged {
            let sum = sums.entry(aged.currency).or_default();
            for (sum, minor) in sum.iter_mut().zip(amounts(aged)) {
                *sum += minor;
            }
        }
        sums
    }
}

impl View for AgeingView<'_> {
    fn schema(&self) -> &'static str {
        "ageing/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        head(self.scope)
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            Column::text("party"),
            Column::text("currency"),
            Column::amount("days_0_30"),
            Column::amount("days_31_60"),
            Column::amount("days_61_90"),
            Column::amount("days_over_90"),
            Column::amount("total"),
        ]
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        for aged in self.aged {
            let currency = self.chart.currency(aged.currency);
            let start = [
                Cell::text(&self.chart.account(aged.party).path),
                Cell::text(&currency.code),
            ];
            let amounts = amounts(aged).map(|minor| Cell::Amount(minor, currency));
            push(&start.into_iter().chain(amounts).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        vec![
            ("totals", self.sums_json(self.sums())),
            ("to_receive", self.sums_json(self.sums_of(true))),
            ("to_pay", self.sums_json(self.sums_of(false))),
        ]
    }

    fn foot(&self) -> Option<Vec<FootLine<'_>>> {
        let sides = [true, false].into_iter().filter(|_| self.totals);
        let lines = sides.flat_map(|debit| {
            self.sums_of(debit)
                .into_iter()
                .map(move |(key, sums)| FootLine {
                    label: side_name(debit).to_owned(),
                    currency: self.chart.currency(key),
                    amounts: sums.map(Some).to_vec(),
                    of: FootOf::Side {
                        column: "total",
                        debit,
                    },
                })
        });
        Some(lines.collect())
    }

    fn sheet(&self, people: &People) -> Sheet {
        let sums = self.sums();
        let several = sums.len() > 1;
        let cells = |name: String, key: CurrencyKey, amounts: [i128; 5]| {
            let currency = self.chart.currency(key);
            let code = several.then(|| currency.code.to_string());
            let shown = amounts.into_iter().enumerate().map(|(index, minor)| {
                if minor == 0 && index < 4 {
                    String::new()
                } else {
                    people.sided(minor, currency)
                }
            });
            [name]
                .into_iter()
                .chain(code)
                .chain(shown)
                .collect::<Vec<String>>()
        };
        let mut rows: Vec<SheetRow> = self
            .aged
            .iter()
            .map(|aged| {
                let name = self.chart.account(aged.party).path.to_string();
                SheetRow::Cells(cells(name, aged.currency, amounts(aged)))
            })
            .collect();
        for debit in [true, false].into_iter().filter(|_| self.totals) {
            for (key, sums) in self.sums_of(debit) {
                rows.push(SheetRow::Strong(cells(
                    side_name(debit).to_owned(),
                    key,
                    sums,
                )));
            }
        }
        let keys: BTreeSet<CurrencyKey> = sums.keys().copied().collect();
        let mut columns = vec![SheetColumn::left("Party")];
        columns.extend(several.then(|| SheetColumn::left("Currency")));
        columns.extend(BUCKETS.map(SheetColumn::right));
        columns.push(SheetColumn::right("Total"));
        Sheet {
            title: heading("Ageing", self.chart, self.scope, &keys, people),
            columns,
            rows,
            notes: none(self.aged.is_empty()),
        }
    }
}

fn side_name(debit: bool) -> &'static str {
    match debit {
        true => "Total to receive",
        false => "Total to pay",
    }
}

fn amounts(aged: &Aged) -> [i128; 5] {
    let [a, b, c, d] = aged.buckets;
    [a, b, c, d, aged.total()]
}

/// Not due yet is waited for no day.
fn waited(days: i32) -> u64 {
    u64::try_from(days).unwrap_or(0)
}

fn heading(
    what: &str,
    chart: &Chart,
    scope: &Scope,
    keys: &BTreeSet<CurrencyKey>,
    people: &People,
) -> String {
    let days = scope
        .to
        .map(|to| format!("as of {}", people.date(to)))
        .unwrap_or_default();
    title(&[what, &scope.book, &days, &currencies(chart, scope, keys)])
}

fn none(empty: bool) -> Vec<String> {
    if empty {
        vec!["Nobody owes or is owed anything.".to_owned()]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, Options, write};
    use crate::reports::ageing::ageing;
    use crate::reports::dues::dues;
    use crate::reports::open_items::OpenItemsBuilder;
    use crate::reports::testing::{chart_of, transaction};
    use insta::assert_snapshot;
    use jiff::civil::date;

    fn shown(format: Format) -> String {
        let chart = chart_of(&[
            "Assets:Receivable:Ramesh",
            "Liabilities:Payable:Gupta",
            "Income:Sales",
        ]);
        let as_of = date(2026, 4, 30);
        let mut open = OpenItemsBuilder::new(&chart, as_of);
        let bills = [
            (
                "Assets:Receivable:Ramesh",
                date(2026, 1, 1),
                "3400",
                "-3400",
            ),
            (
                "Assets:Receivable:Ramesh",
                date(2026, 4, 20),
                "100.50",
                "-100.50",
            ),
            (
                "Liabilities:Payable:Gupta",
                date(2026, 3, 1),
                "-18600",
                "18600",
            ),
        ];
        for (number, (party, on, minor, other)) in bills.into_iter().enumerate() {
            let entries = [(party, minor), ("Income:Sales", other)];
            let made = transaction(&chart, number as u64 + 1, on, "bill", &entries);
            open.add(&made, |_| true);
        }
        let open = open.finish();
        let scope = Scope {
            book: "Shop".to_owned(),
            to: Some(as_of),
            base_currency: "INR".to_owned(),
            ..Scope::default()
        };
        let mut out = Vec::new();
        let (dues, aged) = (dues(&open, as_of), ageing(&open, as_of));
        let options = Options::of(format);
        let (chart, scope) = (&chart, &scope);
        let totals = true;
        write(
            &mut out,
            &options,
            &DuesView {
                chart,
                scope,
                dues: &dues,
                totals,
            },
        )
        .unwrap();
        write(
            &mut out,
            &options,
            &AgeingView {
                chart,
                scope,
                aged: &aged,
                totals,
            },
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn parties_read_with_sides_and_ages() {
        assert_snapshot!(shown(Format::Table), @"
Dues · Shop · as of 30-Apr-2026 · INR
Party                           Balance  Oldest       Days
Assets:Receivable:Ramesh    3,500.50 Dr  01-Jan-2026   119
Liabilities:Payable:Gupta  18,600.00 Cr  01-Mar-2026    60
Total to receive            3,500.50 Dr
Total to pay               18,600.00 Cr
Ageing · Shop · as of 30-Apr-2026 · INR
Party                      0–30 days         31–60  61–90      over 90         Total
Assets:Receivable:Ramesh   100.50 Dr                       3,400.00 Dr   3,500.50 Dr
Liabilities:Payable:Gupta             18,600.00 Cr                      18,600.00 Cr
Total to receive           100.50 Dr                       3,400.00 Dr   3,500.50 Dr
Total to pay                          18,600.00 Cr                      18,600.00 Cr
");
        assert_snapshot!(shown(Format::Csv), @"
party,currency,balance,oldest,days
Assets:Receivable:Ramesh,INR,3500.50,2026-01-01,119
Liabilities:Payable:Gupta,INR,-18600.00,2026-03-01,60
party,currency,days_0_30,days_31_60,days_61_90,days_over_90,total
Assets:Receivable:Ramesh,INR,100.50,0.00,0.00,3400.00,3500.50
Liabilities:Payable:Gupta,INR,0.00,-18600.00,0.00,0.00,-18600.00
");
        assert_snapshot!(shown(Format::Json), @r#"
{
  "schema": "hissab/dues/1",
  "book": "Shop",
  "from": null,
  "to": "2026-04-30",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": false,
  "rows": [
    {"party":"Assets:Receivable:Ramesh","currency":"INR","balance":"3500.50","oldest":"2026-01-01","days":119},
    {"party":"Liabilities:Payable:Gupta","currency":"INR","balance":"-18600.00","oldest":"2026-03-01","days":60}
  ],
  "totals": [{"currency": "INR", "to_receive": "3500.50", "to_pay": "18600.00"}]
}
{
  "schema": "hissab/ageing/1",
  "book": "Shop",
  "from": null,
  "to": "2026-04-30",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": false,
  "rows": [
    {"party":"Assets:Receivable:Ramesh","currency":"INR","days_0_30":"100.50","days_31_60":"0.00","days_61_90":"0.00","days_over_90":"3400.00","total":"3500.50"},
    {"party":"Liabilities:Payable:Gupta","currency":"INR","days_0_30":"0.00","days_31_60":"-18600.00","days_61_90":"0.00","days_over_90":"0.00","total":"-18600.00"}
  ],
  "totals": [{"currency": "INR", "days_0_30": "100.50", "days_31_60": "-18600.00", "days_61_90": "0.00", "days_over_90": "3400.00", "total": "-15099.50"}],
  "to_receive": [{"currency": "INR", "days_0_30": "100.50", "days_31_60": "0.00", "days_61_90": "0.00", "days_over_90": "3400.00", "total": "3500.50"}],
  "to_pay": [{"currency": "INR", "days_0_30": "0.00", "days_31_60": "-18600.00", "days_61_90": "0.00", "days_over_90": "0.00", "total": "-18600.00"}]
}
"#);
    }
}
