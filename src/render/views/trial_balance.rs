//! The trial balance on paper.

use std::collections::BTreeSet;
use std::io;

use super::{currencies, days_and_year, head, title};
use crate::ledger::audit::hex;
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::render::{Cell, Column, Json, People, Sheet, SheetColumn, SheetRow, View};
use crate::reports::trial_balance::{Movement, Proof, SideTotals, TrialBalance};

/// The derived line that priced entries leave in each currency.
const CONVERSION: &str = "(conversion)";

pub struct TrialBalanceView<'a> {
    pub chart: &'a Chart,
    pub report: &'a TrialBalance,
}

impl View for TrialBalanceView<'_> {
    fn schema(&self) -> &'static str {
        "trial-balance/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        head(&self.report.scope)
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            Column::text("account"),
            Column::text("kind"),
            Column::text("currency"),
            Column::amount("opening"),
            Column::amount("debit"),
            Column::amount("credit"),
            Column::amount("closing"),
            Column::text("type"),
        ]
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        for line in &self.report.lines {
            let currency = self.chart.currency(line.currency);
            let kind = Cell::Word(line.kind.word());
            let account_type = Cell::Word(line.account_type.word());
            push(&cells(
                &line.path,
                kind,
                account_type,
                currency,
                &line.value,
            ))?;
        }
        for (key, movement) in &self.report.conversions {
            let currency = self.chart.currency(*key);
            push(&cells(
                CONVERSION,
                Cell::Empty,
                Cell::Empty,
                currency,
                movement,
            ))?;
        }
        Ok(())
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        let totals = self.report.totals.iter();
        vec![
            (
                "totals",
                Json::List(
                    totals
                        .map(|(key, sides)| self.totals_json(*key, sides))
                        .collect(),
                ),
            ),
            ("proof", self.proof_json()),
            (
                "unclosed_year",
                self.report.unclosed.as_ref().map_or(Json::Null, Json::text),
            ),
        ]
    }

    fn sums(&self) -> bool {
        self.report.lines.iter().all(|line| line.level == 0)
    }

    fn sheet(&self, people: &People) -> Sheet {
        let several = self.report.totals.len() > 1;
        let mut columns = vec![SheetColumn::left("Account")];
        if several {
            columns.push(SheetColumn::left("Currency"));
        }
        let amounts: &[&str] = if self.report.movements {
            &["Opening", "Debit", "Credit", "Closing"]
        } else {
            &["Debit", "Credit"]
        };
        columns.extend(amounts.iter().map(|heading| SheetColumn::right(*heading)));
        Sheet {
            title: self.title(people),
            columns,
            rows: self.sheet_rows(people, several),
            notes: self.notes(),
        }
    }
}

fn cells<'a>(
    account: &'a str,
    kind: Cell<'a>,
    account_type: Cell<'a>,
    currency: &'a Currency,
    movement: &Movement,
) -> [Cell<'a>; 8] {
    [
        Cell::text(account),
        kind,
        Cell::text(&currency.code),
        Cell::Amount(movement.opening, currency),
        Cell::Amount(movement.debit, currency),
        Cell::Amount(movement.credit, currency),
        Cell::Amount(movement.closing(), currency),
        account_type,
    ]
}

impl TrialBalanceView<'_> {
    fn title(&self, people: &People) -> String {
        let keys: BTreeSet<CurrencyKey> = self.report.totals.iter().map(|(key, _)| *key).collect();
        title(&[
            "Trial balance",
            &self.report.scope.book,
            &days_and_year(&self.report.scope, people),
            &currencies(self.chart, &self.report.scope, &keys),
        ])
    }

    fn sheet_rows(&self, people: &People, several: bool) -> Vec<SheetRow> {
        let mut rows = Vec::new();
        let line_cells = |name: String, key: CurrencyKey, movement: &Movement| {
            let currency = self.chart.currency(key);
            let mut cells = vec![name];
            if several {
                cells.push(currency.code.to_string());
            }
            cells.extend(self.amounts(people, currency, movement));
            SheetRow::Cells(cells)
        };
        for line in &self.report.lines {
            let name = format!("{}{}", "  ".repeat(line.level), line.label);
            rows.push(line_cells(name, line.currency, &line.value));
        }
        for (key, movement) in &self.report.conversions {
            rows.push(line_cells(CONVERSION.to_owned(), *key, movement));
        }
        for (key, sides) in &self.report.totals {
            rows.extend(self.total_rows(people, several, *key, sides));
        }
        rows
    }

    fn amounts(&self, people: &People, currency: &Currency, m: &Movement) -> Vec<String> {
        if !self.report.movements {
            let closing = m.closing();
            return vec![
                if closing >= 0 {
                    people.magnitude(closing, currency)
                } else {
                    String::new()
                },
                if closing < 0 {
                    people.magnitude(closing, currency)
                } else {
                    String::new()
                },
            ];
        }
        let opening = if m.opening == 0 {
            String::new()
        } else {
            people.sided(m.opening, currency)
        };
        vec![
            opening,
            people.magnitude_or_empty(m.debit, currency),
            people.magnitude_or_empty(m.credit, currency),
            people.sided(m.closing(), currency),
        ]
    }

    fn total_rows(
        &self,
        people: &People,
        several: bool,
        key: CurrencyKey,
        sides: &SideTotals,
    ) -> Vec<SheetRow> {
        let currency = self.chart.currency(key);
        let named = |name: &str, amounts: Vec<String>| {
            let mut cells = vec![name.to_owned()];
            if several {
                cells.push(currency.code.to_string());
            }
            cells.extend(amounts);
            SheetRow::Strong(cells)
        };
        let plain = |minor| people.magnitude(minor, currency);
        if !self.report.movements {
            let both = vec![plain(sides.closing_debit), plain(sides.closing_credit)];
            return vec![named("Total", both)];
        }
        let sided = |minor| people.sided(minor, currency);
        let debits = vec![
            sided(sides.opening_debit),
            plain(sides.debit),
            String::new(),
            sided(sides.closing_debit),
        ];
        let credits = vec![
            sided(-sides.opening_credit),
            String::new(),
            plain(sides.credit),
            sided(-sides.closing_credit),
        ];
        vec![
            named("Total debits", debits),
            named("Total credits", credits),
        ]
    }

    fn notes(&self) -> Vec<String> {
        let head = match self.report.head {
            Some((sequence, hash)) => {
                format!(" Change {sequence}, audit head {}.", &hex(&hash)[..12])
            }
            None => String::new(),
        };
        let proof = match &self.report.proof {
            Proof::Proved if self.report.movements => {
                "Proved: opening, turnover and closing each balance.".to_owned()
            }
            Proof::Proved => "Proved: debits and credits balance.".to_owned(),
            Proof::Failed(keys) => format!(
                "DOES NOT PROVE in {}: find out why with hissab check.",
                self.codes(keys)
            ),
            Proof::Filtered => {
                return self
                    .unclosed()
                    .into_iter()
                    .chain(["Filtered, no proof.".to_owned()])
                    .collect();
            }
        };
        self.unclosed().into_iter().chain([proof + &head]).collect()
    }

    fn unclosed(&self) -> Option<String> {
        let last = self.report.unclosed.as_ref()?;
        let first = self.report.unclosed_first.as_ref().unwrap_or(last);
        let one = first == last;
        let what = match one {
            true => format!("FY {last} is not closed: income and expenses still carry it."),
            false => format!(
                "FY {first} to {last} are not closed: income and expenses still carry them."
            ),
        };
        let (it, locked) = match one {
            true => ("it", "It"),
            false => ("the first", "The first"),
        };
        Some(match self.report.unclosed_locked {
            true => format!("{what} {locked} is locked: take the lock off before you close it"),
            false => format!("{what} To close {it}: hissab close --fy {first}"),
        })
    }

    fn codes(&self, keys: &[CurrencyKey]) -> String {
        let codes: Vec<&str> = keys
            .iter()
            .map(|k| &*self.chart.currency(*k).code)
            .collect();
        codes.join(", ")
    }

    fn totals_json(&self, key: CurrencyKey, sides: &SideTotals) -> Json {
        let currency = self.chart.currency(key);
        let amount = |minor| Json::amount(minor, currency);
        Json::object([
            ("currency", Json::text(&*currency.code)),
            ("opening_debit", amount(sides.opening_debit)),
            ("opening_credit", amount(sides.opening_credit)),
            ("debit", amount(sides.debit)),
            ("credit", amount(sides.credit)),
            ("closing_debit", amount(sides.closing_debit)),
            ("closing_credit", amount(sides.closing_credit)),
        ])
    }

    fn proof_json(&self) -> Json {
        let (result, failed): (&str, &[CurrencyKey]) = match &self.report.proof {
            Proof::Proved => ("proved", &[]),
            Proof::Failed(keys) => ("failed", keys),
            Proof::Filtered => ("filtered", &[]),
        };
        let failed = failed
            .iter()
            .map(|k| Json::text(&*self.chart.currency(*k).code));
        Json::object([
            ("result", Json::text(result)),
            ("failed_currencies", Json::List(failed.collect())),
            (
                "sequence",
                self.report
                    .head
                    .map_or(Json::Null, |(sequence, _)| Json::Number(sequence)),
            ),
            (
                "audit_head",
                self.report
                    .head
                    .map_or(Json::Null, |(_, hash)| Json::text(hex(&hash))),
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::render::{Format, Options, write};
    use crate::reports::scope::Scope;
    use crate::reports::testing::{chart_of, transaction};
    use crate::reports::trial_balance::{Wanted, trial_balance};
    use jiff::civil::date;

    fn shown(options: &Options) -> String {
        let chart = chart_of(&["Assets:Cash", "Income:Sales", "Equity:Capital", "=Odd"]);
        let first = date(2026, 4, 1);
        let mut builder = TotalsBuilder::new(&[first, date(2026, 4, 8)]);
        let entries = [("Assets:Cash", "100000"), ("Equity:Capital", "-100000")];
        builder.add(
            &transaction(&chart, 1, date(2026, 3, 31), "start", &entries),
            |_| true,
        );
        let entries = [
            ("Income:Sales", "-250.5"),
            ("Assets:Cash", "300.5"),
            ("=Odd", "-50"),
        ];
        builder.add(
            &transaction(&chart, 2, date(2026, 4, 2), "sale", &entries),
            |_| true,
        );
        let scope = Scope {
            book: "Shop".to_owned(),
            from: Some(first),
            to: Some(date(2026, 4, 7)),
            fiscal_year: Some("2026-27".to_owned()),
            base_currency: "INR".to_owned(),
            filtered: false,
        };
        let wanted = Wanted {
            movements: true,
            ..Wanted::default()
        };
        let mut report = trial_balance(&chart, &builder.finish(), scope, wanted);
        report.head = Some((7, [0xab; 32]));
        let view = TrialBalanceView {
            chart: &chart,
            report: &report,
        };
        let mut out = Vec::new();
        write(&mut out, options, &view).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_see_sides_and_the_proof() {
        insta::assert_snapshot!(shown(&Options::of(Format::Table)), @r#"
Trial balance · Shop · 01-Apr-2026 to 07-Apr-2026 (FY 2026-27) · INR
Account                Opening   Debit  Credit         Closing
Assets:Cash     1,00,000.00 Dr  300.50          1,00,300.50 Dr
Equity:Capital  1,00,000.00 Cr                  1,00,000.00 Cr
Income:Sales                            250.50       250.50 Cr
=Odd                                     50.00        50.00 Cr
Total debits    1,00,000.00 Dr  300.50          1,00,300.50 Dr
Total credits   1,00,000.00 Cr          300.50  1,00,300.50 Cr
Proved: opening, turnover and closing each balance. Change 7, audit head abababababab.
"#);
        insta::assert_snapshot!(shown(&Options::of(Format::Md)), @r#"
## Trial balance · Shop · 01-Apr-2026 to 07-Apr-2026 (FY 2026-27) · INR

| Account | Opening | Debit | Credit | Closing |
| --- | ---: | ---: | ---: | ---: |
| Assets:Cash | 1,00,000.00 Dr | 300.50 | | 1,00,300.50 Dr |
| Equity:Capital | 1,00,000.00 Cr | | | 1,00,000.00 Cr |
| Income:Sales | | | 250.50 | 250.50 Cr |
| =Odd | | | 50.00 | 50.00 Cr |
| **Total debits** | **1,00,000.00 Dr** | **300.50** | | **1,00,300.50 Dr** |
| **Total credits** | **1,00,000.00 Cr** | | **300.50** | **1,00,300.50 Cr** |

Proved: opening, turnover and closing each balance. Change 7, audit head abababababab.
"#);
    }

    #[test]
    fn machines_see_the_contract() {
        insta::assert_snapshot!(shown(&Options::of(Format::Csv)), @r#"
account,kind,currency,opening,debit,credit,closing,type
Assets:Cash,asset,INR,100000.00,300.50,0.00,100300.50,cash
Equity:Capital,equity,INR,-100000.00,0.00,0.00,-100000.00,general
Income:Sales,income,INR,0.00,0.00,250.50,-250.50,general
'=Odd,unclassified,INR,0.00,0.00,50.00,-50.00,general
"#);
        insta::assert_snapshot!(shown(&Options::of(Format::Ndjson)), @r#"
{"account":"Assets:Cash","kind":"asset","currency":"INR","opening":"100000.00","debit":"300.50","credit":"0.00","closing":"100300.50","type":"cash"}
{"account":"Equity:Capital","kind":"equity","currency":"INR","opening":"-100000.00","debit":"0.00","credit":"0.00","closing":"-100000.00","type":"general"}
{"account":"Income:Sales","kind":"income","currency":"INR","opening":"0.00","debit":"0.00","credit":"250.50","closing":"-250.50","type":"general"}
{"account":"=Odd","kind":"unclassified","currency":"INR","opening":"0.00","debit":"0.00","credit":"50.00","closing":"-50.00","type":"general"}
"#);
        insta::assert_snapshot!(shown(&Options::of(Format::Json)), @r#"
{
  "schema": "hissab/trial-balance/1",
  "book": "Shop",
  "from": "2026-04-01",
  "to": "2026-04-07",
  "fiscal_year": "2026-27",
  "base_currency": "INR",
  "filtered": false,
  "rows": [
    {"account":"Assets:Cash","kind":"asset","currency":"INR","opening":"100000.00","debit":"300.50","credit":"0.00","closing":"100300.50","type":"cash"},
    {"account":"Equity:Capital","kind":"equity","currency":"INR","opening":"-100000.00","debit":"0.00","credit":"0.00","closing":"-100000.00","type":"general"},
    {"account":"Income:Sales","kind":"income","currency":"INR","opening":"0.00","debit":"0.00","credit":"250.50","closing":"-250.50","type":"general"},
    {"account":"=Odd","kind":"unclassified","currency":"INR","opening":"0.00","debit":"0.00","credit":"50.00","closing":"-50.00","type":"general"}
  ],
  "totals": [{"currency": "INR", "opening_debit": "100000.00", "opening_credit": "100000.00", "debit": "300.50", "credit": "300.50", "closing_debit": "100300.50", "closing_credit": "100300.50"}],
  "proof": {"result": "proved", "failed_currencies": [], "sequence": 7, "audit_head": "abababababababababababababababababababababababababababababababab"},
  "unclosed_year": null
}
"#);
    }

    #[test]
    fn fields_pick_columns_in_any_format() {
        let mut options = Options::of(Format::Tsv);
        options.fields = vec!["closing".to_owned(), "account".to_owned()];
        options.raw = true;
        insta::assert_snapshot!(shown(&options), @r#"
closing	account
100300.50	Assets:Cash
-100000.00	Equity:Capital
-250.50	Income:Sales
-50.00	=Odd
"#);
        options.format = Format::Table;
        insta::assert_snapshot!(shown(&options), @r#"
     Closing  Account
 1,00,300.50  Assets:Cash
-1,00,000.00  Equity:Capital
     -250.50  Income:Sales
      -50.00  =Odd
"#);
    }
}
