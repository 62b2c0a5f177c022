//! What makes a sheet of sections a balance sheet, an income statement or a cash flow: titles, sums, words.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::days_and_year;
use super::sections::{Across, Footer, PeriodColumn, SectionsView};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::period::people_date;
use crate::render::{Layout, People};
use crate::reports::balance_sheet::BalanceSheet;
use crate::reports::cash_flow::CashFlow;
use crate::reports::income_statement::IncomeStatement;
use crate::reports::scope::Scope;
use crate::reports::sections::{Amounts, Side, sum};

impl<'a> SectionsView<'a> {
    /// A statement without anything in it yet, with its sums.
    pub fn empty(
        chart: &'a Chart,
        scope: &'a Scope,
        columns: &'a [PeriodColumn],
    ) -> SectionsView<'a> {
        SectionsView {
            schema: "",
            title: "",
            days: String::new(),
            chart,
            scope,
            sections: &[],
            columns,
            layout: Layout::Wide,
            totals: true,
            row_total: false,
            row_average: false,
            footers: Vec::new(),
            proved: None,
            notes: Vec::new(),
        }
    }

    /// Fills it with a balance sheet; `owing` is [`owing`] of it.
    pub fn balance_sheet(&mut self, report: &'a BalanceSheet, owing: &'a Amounts) {
        self.schema = "balance-sheet/1";
        self.title = "Balance sheet";
        self.days = ends(self.columns);
        self.sections = &report.sections;
        self.proved = report.proved;
        if !self.scope.filtered {
            self.footers = vec![Footer {
                name: "liabilities_and_equity",
                label: "Total liabilities and equity",
                side: Side::Credit,
                amounts: owing,
                across: Across::Sum,
                of: |section| section != "assets",
            }];
        }
        let words = match report.proved {
            Some(true) => "Balances: assets are liabilities and equity.",
            Some(false) => "DOES NOT BALANCE: find out why with hissab check.",
            None => "Filtered, no proof.",
        };
        self.notes = vec![words.to_owned()];
    }

    /// Fills it with an income statement.
    pub fn income_statement(&mut self, report: &'a IncomeStatement) {
        let amounts = || report.net.values().flatten();
        let loss = self.columns.len() == 1
            && amounts().all(|minor| *minor >= 0)
            && amounts().any(|minor| *minor > 0);
        self.schema = "income-statement/1";
        self.title = "Income statement";
        self.days = days_and_year(self.scope, &People::default());
        self.sections = &report.sections;
        self.footers = vec![Footer {
            name: "net",
            label: if loss { "Net loss" } else { "Net profit" },
            side: if loss { Side::Debit } else { Side::Credit },
            amounts: &report.net,
            across: Across::Sum,
            of: |section| section != "unclassified",
        }];
        if self.scope.filtered {
            self.notes = vec!["Filtered: a part of the result.".to_owned()];
        }
    }

    /// Fills it with a cash flow; `whole`: of all of the book, at what was paid.
    pub fn cash_flow(&mut self, report: &'a CashFlow, whole: bool) {
        self.schema = "cash-flow/1";
        self.title = "Cash flow";
        self.days = days_and_year(self.scope, &People::default());
        self.sections = &report.sections;
        let footer = |name, label, amounts, across| Footer {
            name,
            label,
            side: Side::Debit,
            amounts,
            across,
            of: |_| true,
        };
        self.footers = vec![footer("change", "Net change", &report.change, Across::Sum)];
        if whole {
            let (before, after) = ends_of(report);
            let (opening, closing) = (&report.opening, &report.closing);
            self.footers.extend([
                footer("opening", "Cash and bank before", opening, before),
                footer("closing", "Cash and bank after", closing, after),
            ]);
        }
        if self.scope.filtered {
            self.notes = vec!["Filtered: a part of the flows.".to_owned()];
        }
    }
}

/// Cash and bank before and after all the periods: what opening vouchers brought in between was there before.
fn ends_of(report: &CashFlow) -> (Across, Across) {
    let last = |columns: &Vec<i128>| columns.last().copied().unwrap_or(0);
    let after: BTreeMap<CurrencyKey, i128> = report
        .closing
        .iter()
        .map(|(key, columns)| (*key, last(columns)))
        .collect();
    let mut before = after.clone();
    for (key, columns) in &report.change {
        *before.entry(*key).or_default() -= columns.iter().sum::<i128>();
    }
    (Across::Point(before), Across::Point(after))
}

/// What a balance sheet says is owed, and is the owner's.
pub fn owing(report: &BalanceSheet) -> Amounts {
    sum(report.sections.iter().skip(1).map(|s| &s.totals))
}

/// `as of 31-Mar-2026`; of several ends the days they lie in.
fn ends(columns: &[PeriodColumn]) -> String {
    let day = |day: Option<Date>| day.map(people_date).unwrap_or_default();
    match columns {
        [one] => one
            .to
            .map(|to| format!("as of {}", people_date(to)))
            .unwrap_or_default(),
        [first, .., last] if first.from.is_some() => format!(
            "at the end of each period, {} to {}",
            day(first.from),
            day(last.to)
        ),
        many => {
            let days: Vec<String> = many.iter().map(|column| day(column.to)).collect();
            format!("as of {}", days.join(" and "))
        }
    }
}
